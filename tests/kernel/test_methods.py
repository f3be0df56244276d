"""The registry of methods: what is there, what is missing, and what is not loaded without need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from generator.kernel.verification import methods
from generator.kernel.verification.verdict import LABELS, Passage
from generator.manifest import cards
from generator.manifest.problems import UsageError

HEAVY = ("sklearn", "scipy", "numpy", "httpx", "tenacity", "onnxruntime", "tokenizers")
PASSAGE = Passage(("Street trees cool the air.", "Roofs do not."), "Trees", ((0, 26), (27, 40)))


def test_the_default_comes_first_and_is_the_one_of_the_cards():
    assert methods.names()[0] == methods.DEFAULT == cards.default_method()
    assert set(methods.names()) == {"lexical-v1", "cross-encoder", "llm-judge", "tfidf-bigram-v1"}


@pytest.mark.parametrize("name", [name for name in methods.names() if name != "llm-judge"])
def test_each_method_says_its_own_name(name):
    missing = methods.missing_packages(name)
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; it is an optional part")
    judge = methods.verifier(name)
    verdict = judge.verify("Street trees cool the air.", PASSAGE)
    assert (judge.method, verdict.method, verdict.version) == (name, name, judge.version)
    assert verdict.label in LABELS
    assert [verdict] == list(judge.verify_many([("Street trees cool the air.", PASSAGE)]))
    for text in ("", "\u2028", "\ud800", "1" * 5000):
        assert judge.verify(text, Passage((text,))).label in LABELS
        assert judge.verify(text, Passage(())).label == "NEI"


def test_the_judge_needs_its_settings(monkeypatch):
    for variable in ("SRCH_MODEL_URL", "SRCH_MODEL_NAME", "SRCH_MODEL_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UsageError, match=r"^method llm-judge needs the variable SRCH_MODEL_URL, "):
        methods.verifier("llm-judge")
    monkeypatch.setenv("SRCH_MODEL_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("SRCH_MODEL_NAME", "m")
    assert methods.verifier("llm-judge").method == "llm-judge"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("lexical", "lexical-v1"), ("crossencoder", "cross-encoder"), ("LLM", "llm-judge"), ("tf-idf", "tfidf-bigram-v1")],
)
def test_an_unknown_name_lists_the_known_ones_nearest_first(name, nearest):
    for asked in (methods.verifier, methods.checked, methods.missing_packages):
        with pytest.raises(UsageError) as refused:
            asked(name)
        first, _, listed = str(refused.value).partition("; there are: ")
        assert first == f'no method "{name}"'
        assert listed.split(", ")[0] == nearest
        assert set(listed.split(", ")) == set(methods.names())


@pytest.mark.parametrize("name", ["", "\x1b[2J", "a" * 500, "../lexical-v1"])
def test_a_name_that_is_none_is_shown_safely(name):
    with pytest.raises(UsageError) as refused:
        methods.verifier(name)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 200


WITHOUT = """
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {names} else real(name, package)
from generator.kernel.verification import methods
from generator.manifest.problems import UsageError
try:
    methods.verifier({method!r})
except UsageError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("method", "names", "line"),
    [
        (
            "cross-encoder",
            ("onnxruntime", "tokenizers"),
            'method cross-encoder needs the optional packages: pip install "srch-registry[models]"',
        ),
        (
            "cross-encoder",
            ("tokenizers",),
            'method cross-encoder needs the optional packages: pip install "srch-registry[models]"',
        ),
        (
            "llm-judge",
            ("httpx", "tenacity"),
            "method llm-judge needs httpx and tenacity, which the installation lacks; install it again",
        ),
    ],
)
def test_missing_packages_are_named(method, names, line):
    script = WITHOUT.format(names=set(names), method=method)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{line}\n" or missing_others(method, names)


def missing_others(method: str, names: tuple[str, ...]) -> bool:
    """Whether this environment lacks packages of the method that the test does not take away."""
    return bool(set(methods.missing_packages(method)) - set(names))


@pytest.mark.parametrize(
    "script",
    [
        "from generator.kernel.verification import methods; methods.names()",
        "from generator.kernel.verification import methods; from generator.kernel.verification.verdict import Passage; "
        "methods.verifier().verify('Trees cool the air by 1.2 °C.', Passage(('Trees cool the air.', 'By 2 °C.')))",
        "import generator.cli",
    ],
    ids=["names", "default", "command"],
)
def test_nothing_heavy_is_loaded_without_need(script):
    told = f"{script}\nimport sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"

"""The methods by their names. Each is imported when it is asked for, so that one needs only its own packages."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from generator.kernel.verification.verdict import Verifier
from generator.manifest.problems import UsageError, shown

DEFAULT = "lexical-v1"


@dataclass(frozen=True)
class Method:
    """Where a method is made (``module``, ``maker``), what it needs beyond the standard library, and how to say what it
    does in one line. ``extra`` is the optional part of the package that brings ``packages``."""

    title: str
    module: str
    maker: str
    packages: tuple[str, ...] = ()
    extra: str = ""


_PACKAGE = "generator.kernel.verification"
METHODS: dict[str, Method] = {
    DEFAULT: Method(
        "compares numbers, directions, negations and names, sentence by sentence",
        f"{_PACKAGE}.lexical",
        "LexicalVerifier",
    ),
    "cross-encoder": Method(
        "a small language model on this machine, averaged with lexical-v1",
        f"{_PACKAGE}.blended",
        "BlendedVerifier",
        ("onnxruntime", "tokenizers"),
        "models",
    ),
    "llm-judge": Method(
        "asks the chat model that SRCH_MODEL_URL and SRCH_MODEL_NAME name",
        f"{_PACKAGE}.llm_judge",
        "LlmJudge",
        ("httpx", "tenacity"),
    ),
    "tfidf-bigram-v1": Method(
        "similarity of wording, as the drafts have it; cannot tell support from contradiction",
        f"{_PACKAGE}.tfidf",
        "TfidfVerifier",
        ("sklearn",),
    ),
}


def names() -> tuple[str, ...]:
    """The names of all methods, the default first."""
    return tuple(METHODS)


def checked(name: str) -> str:
    """The name, if a method has it; else ``UsageError`` with the known names, the nearest first."""
    if name in METHODS:
        return name
    near = difflib.get_close_matches(name.lower(), METHODS, n=len(METHODS), cutoff=0.0)
    raise UsageError(f"no method {shown(name)}; there are: {', '.join(near)}")


def missing_packages(name: str) -> tuple[str, ...]:
    """The packages that the method needs and that are not installed."""
    return tuple(package for package in METHODS[checked(name)].packages if find_spec(package) is None)


def verifier(name: str = DEFAULT) -> Verifier:
    """The method, ready to judge.

    Raises ``UsageError`` for an unknown name, for packages that are not installed, and for what the method itself
    needs and does not find (the judge: its settings in the environment).
    """
    method = METHODS[checked(name)]
    missing = missing_packages(name)
    if missing and method.extra:
        raise UsageError(f'method {name} needs the optional packages: pip install "srch-registry[{method.extra}]"')
    if missing:
        raise UsageError(f"method {name} needs {' and '.join(missing)}, which the installation lacks; install it again")
    made: Verifier = getattr(import_module(method.module), method.maker)()
    return made

"""The environment over the file, one strict door for both, all that is wrong in one go, and no value in a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.kernel.models.settings import Limits, ModelSettings, read_settings
from generator.manifest.problems import Problem, Problems, UsageError

KEY = "sk-test-0123456789abcdef"
URL = "https://models.example.org/v1"
ENVIRONMENT = {"SRCH_MODEL_URL": URL, "SRCH_MODEL_NAME": "a", "SRCH_MODEL_KEY": KEY}


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "srch.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def flat(settings: ModelSettings) -> dict[str, Any]:
    return {
        part: model and (str(model.url), model.name, model.key.in_text(KEY), model.places.key)
        for part, model in (("chat", settings.chat), ("embedding", settings.embedding))
    }


def problems(environment: dict[str, str], file: Path | None = None) -> list[Problem]:
    with pytest.raises(Problems) as raised:
        read_settings(environment, file)
    assert KEY not in repr(raised.value.problems)
    return list(raised.value.problems)


def test_nothing_is_set(tmp_path):
    for file in (None, tmp_path / "srch.toml", written(tmp_path, ""), written(tmp_path, "[model]\n[embedding]\n")):
        settings = read_settings({}, file)
        assert settings == ModelSettings(None, None, Limits(120.0, 4096, 4))
    with pytest.raises(UsageError) as missing:
        settings.needed_chat()
    assert str(missing.value) == (
        "no chat model is set: give SRCH_MODEL_URL and SRCH_MODEL_NAME, or url and name under [model] in srch.toml"
    )
    with pytest.raises(UsageError, match=r"^no embedding model is set: give SRCH_EMBEDDING_URL"):
        settings.needed_embedding()


def test_a_key_alone_sets_no_model():
    assert read_settings({"SRCH_MODEL_KEY": KEY, "SRCH_EMBEDDING_KEY": KEY}).chat is None


def test_the_environment():
    settings = read_settings({**ENVIRONMENT, "SRCH_EMBEDDING_NAME": " b\n"})
    assert flat(settings) == {
        "chat": (URL, "a", True, "SRCH_MODEL_KEY"),
        "embedding": (URL, "b", True, "SRCH_MODEL_KEY"),
    }
    assert (settings.needed_chat(), settings.needed_embedding()) == (settings.chat, settings.embedding)


def test_embeddings_of_another_service_do_not_get_the_key():
    other = "https://other.example.org/v1"
    given = {**ENVIRONMENT, "SRCH_EMBEDDING_NAME": "b", "SRCH_EMBEDDING_URL": other}
    assert flat(read_settings(given))["embedding"] == (other, "b", False, "SRCH_EMBEDDING_KEY")
    given["SRCH_EMBEDDING_KEY"] = KEY
    assert flat(read_settings(given))["embedding"] == (other, "b", True, "SRCH_EMBEDDING_KEY")
    given = {**ENVIRONMENT, "SRCH_EMBEDDING_NAME": "b", "SRCH_EMBEDDING_URL": "https://models.example.org/other"}
    assert flat(read_settings(given))["embedding"] == (
        "https://models.example.org/other",
        "b",
        True,
        "SRCH_MODEL_KEY",
    )


def test_embeddings_alone():
    given = {"SRCH_EMBEDDING_URL": f"{URL}/embeddings", "SRCH_EMBEDDING_NAME": "b"}
    assert flat(read_settings(given)) == {"chat": None, "embedding": (URL, "b", False, "SRCH_EMBEDDING_KEY")}


FILE = f"""\
[model]
url = "{URL}/chat/completions"
name = "from file"
key_env = "MODELS_KEY"
timeout_s = 30.5
max_tokens = 1000
parallel = 2

[embedding]
name = "wide"
"""


def test_the_file(tmp_path):
    settings = read_settings({"MODELS_KEY": KEY}, written(tmp_path, FILE))
    assert flat(settings) == {
        "chat": (URL, "from file", True, "MODELS_KEY"),
        "embedding": (URL, "wide", True, "MODELS_KEY"),
    }
    assert settings.limits == Limits(30.5, 1000, 2)


def test_a_key_in_the_file(tmp_path):
    text = FILE.replace('key_env = "MODELS_KEY"', f'key = "{KEY}"')
    assert flat(read_settings({}, written(tmp_path, text)))["chat"] == (URL, "from file", True, "SRCH_MODEL_KEY")


def test_the_environment_is_over_the_file(tmp_path):
    given = {"SRCH_MODEL_NAME": "b", "SRCH_MODEL_KEY": KEY, "MODELS_KEY": "other-key-00000000"}
    settings = read_settings(given, written(tmp_path, FILE))
    assert flat(settings)["chat"] == (URL, "b", True, "SRCH_MODEL_KEY")
    # a variable that is not needed may be missing
    assert read_settings({"SRCH_MODEL_KEY": KEY}, written(tmp_path, FILE)).chat is not None


def test_tables_of_others_are_theirs(tmp_path):
    file = written(tmp_path, FILE + "[sources]\nanything = 1\n")
    assert read_settings({"MODELS_KEY": KEY}, file, other_tables=["sources"]).chat is not None
    assert problems({"MODELS_KEY": KEY}, file) == [
        Problem(str(file), "/sources", "REG010", 'a key "sources"', "the tables [model] and [embedding]", "Remove it.")
    ]


def test_all_that_is_wrong_comes_in_one_go(tmp_path):
    file = written(
        tmp_path,
        f"""\
topic = 1
embedding = "b"
[model]
url = "https://user:{KEY}@a/v1"
name = 5
key = 7
wrong = 1
timeout_s = "30"
max_tokens = 1e9
parallel = 0
""",
    )
    address = "an address such as https://models.example.org/v1"
    rename = "Remove it, or correct its name."
    known = "only url, name, key, key_env, timeout_s, max_tokens, parallel"
    at = str(file)
    expected = [
        ("/embedding", "a text", "a table [embedding]", "Write it as a table."),
        ("/model/key", "a whole number", "a key", "Correct the value."),
        ("/model/max_tokens", "1000000000.0", "a whole number from 256 to 32768", "Correct the value."),
        ("/model/name", "5", "the name of a model", "Correct the value."),
        ("/model/parallel", "0", "a whole number from 1 to 16", "Correct the value."),
        ("/model/timeout_s", "a text", "a number from 1 to 600", "Correct the value."),
        ("/model/url", "a name or password in the address", address, "Give the key on its own."),
        ("/model/wrong", 'a key "wrong"', known, rename),
        ("/topic", 'a key "topic"', "the tables [model] and [embedding]", "Remove it."),
    ]
    found = problems({"SRCH_EMBEDDING_NAME": "x\ny"}, file)
    name = "the name of a model: at most 200 characters on one line"
    assert found.pop() == Problem(
        "environment", "SRCH_EMBEDDING_NAME", "REG010", "a control character", name, "Correct it."
    )
    assert [(one.place, one.found, one.expected, one.mend) for one in found if one.file == at] == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("text", "place", "code", "found"),
    [
        (f'[model]\nkey = "{KEY}', "", "REG003", "Unterminated string"),
        (f'[model]\nkey = "{KEY}"\nkey = "b"\n', "line 3, column 10", "REG004", "a key or table twice"),
        (f'[model]\nkey = "{KEY}"\n[model]\n', "line 3, column 7", "REG004", "a key or table twice"),
        (f"[model]\nkey = {KEY}\n", "line 2, column 7", "REG003", "Invalid value"),
        ("a = " + "[" * 5000, "", "REG005", "too many levels"),
        ("a = " + "1" * 5000, "", "REG003", "a value that cannot be read"),
        (f'[model]\nkey = "{KEY}\xff"\n'.encode("latin-1"), "line 2", "REG002", "byte 0xff at offset 39"),
        (b"\xef\xbb\xbf[model]\n", "line 1", "REG002", "a byte order mark"),
        (f'# {KEY}\n"' + "a" * 70000, "", "REG001", "70028 bytes"),
    ],
    ids=range(9),
)
def test_a_file_that_cannot_be_read(text, place, code, found, tmp_path):
    (problem,) = problems({}, written(tmp_path, text))
    assert (problem.place, problem.code, problem.found) == (place, code, found)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UsageError, match=r": not a regular file$"):
        read_settings({}, tmp_path)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f'key_env = "{KEY}"', "a text"),
        ('key_env = "sk_test_0123456789abcdef"', "a variable that is not set"),
        (f'key = "{KEY}"\nkey_env = "MODELS_KEY"', "key and key_env"),
        (f'key = "{KEY} {KEY}"', "a character that no key has"),
        ('key = ""', "an empty text"),
        ("key = 2026-01-01", "a date or time"),
        ("key = true", "true or false"),
    ],
)
def test_a_key_in_the_wrong_place_is_not_told(line, found, tmp_path):
    file = written(tmp_path, FILE.replace('key_env = "MODELS_KEY"', line))
    (problem,) = problems({"MODELS_KEY": KEY}, file)
    assert problem.found == found
    assert "sk_test" not in repr(problem)


@pytest.mark.parametrize(
    ("environment", "place", "found"),
    [
        ({"SRCH_MODEL_URL": "models.example.org"}, "SRCH_MODEL_URL", "a text that is no address of a service"),
        ({"SRCH_MODEL_URL": f"http://{KEY}@a/v1"}, "SRCH_MODEL_URL", "a name or password in the address"),
        ({"SRCH_MODEL_URL": f"http://a/v1?key={KEY}"}, "SRCH_MODEL_URL", "a text that is no address of a service"),
        ({"SRCH_MODEL_URL": "http://a\x00/v1"}, "SRCH_MODEL_URL", "a text that is no address"),
        ({"SRCH_MODEL_URL": f"http://a/{KEY}/v1"}, "SRCH_MODEL_URL", "the key in the address"),
        ({"SRCH_MODEL_NAME": "a" * 201}, "SRCH_MODEL_NAME", "201 characters"),
        ({"SRCH_MODEL_KEY": f"{KEY} {KEY}"}, "SRCH_MODEL_KEY", "a character that no key has"),
    ],
)
def test_variables_that_cannot_be_used(environment, place, found):
    (problem,) = problems({**ENVIRONMENT, **environment})
    assert (problem.file, problem.place, problem.found) == ("environment", place, found)


@pytest.mark.parametrize(
    ("environment", "mend"),
    [
        ({"SRCH_MODEL_URL": URL}, "Set SRCH_MODEL_NAME (or name under [model] in srch.toml)."),
        ({"SRCH_MODEL_NAME": "a"}, "Set SRCH_MODEL_URL (or url under [model] in srch.toml)."),
        ({"SRCH_EMBEDDING_NAME": "a"}, "Set SRCH_EMBEDDING_URL (or url under [embedding] in srch.toml)."),
        ({"SRCH_EMBEDDING_URL": URL}, "Set SRCH_EMBEDDING_NAME (or name under [embedding] in srch.toml)."),
    ],
)
def test_a_part_alone_says_what_is_missing(environment, mend):
    (problem,) = problems(environment)
    assert (problem.found, problem.mend) == ("a part of a model's settings", mend)

"""Which models are asked, and how: the environment's variables over the file ``srch.toml``.

``srch.toml`` has up to two tables::

    [model]                                   # the chat model
    url = "https://models.example.org/v1"     # ends before /chat/completions
    name = "maker/model"
    key_env = "MODELS_KEY"                    # the variable that holds the key; or key = "..." in a file of your own
    timeout_s = 120                           # for one answer
    max_tokens = 4096                         # of one answer
    parallel = 4                              # requests at the same time

    [embedding]                               # url and key are those of [model] where they are not given
    name = "maker/embedding-model"

A key goes to the service it was given for: the chat model's key is used for embeddings only at the same address.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from generator.kernel.models.secret import Secret
from generator.manifest.problems import Problem, Problems, UsageError, pointer, shown
from generator.manifest.strict import decode_text, read_bytes

FILE = "srch.toml"
ENVIRONMENT = "environment"
LARGEST_FILE = 64 * 1024
EXAMPLE = "https://models.example.org/v1"


@dataclass(frozen=True)
class Places:
    """Where a user sets a model's address, name and key: words for messages."""

    url: str
    name: str
    key: str


CHAT = Places("SRCH_MODEL_URL", "SRCH_MODEL_NAME", "SRCH_MODEL_KEY")
EMBEDDING = Places("SRCH_EMBEDDING_URL", "SRCH_EMBEDDING_NAME", "SRCH_EMBEDDING_KEY")


@dataclass(frozen=True)
class Model:
    """One model of one service. ``url`` ends before ``/chat/completions`` and ``/embeddings``."""

    url: httpx.URL = field(repr=False)  # a key may stand in it
    name: str
    key: Secret
    places: Places = CHAT


@dataclass(frozen=True)
class Limits:
    """Seconds for one answer, tokens of one answer, requests to one service at the same time."""

    timeout_s: float = 120.0
    max_tokens: int = 4096
    parallel: int = 4


@dataclass(frozen=True)
class ModelSettings:
    """The models that are set; ``None`` where one is not."""

    chat: Model | None
    embedding: Model | None
    limits: Limits

    def needed_chat(self) -> Model:
        """The chat model. Raises ``UsageError`` that says what to set."""
        return _needed(self.chat, "chat model", CHAT, "model")

    def needed_embedding(self) -> Model:
        """The embedding model. Raises ``UsageError`` that says what to set."""
        return _needed(self.embedding, "embedding model", EMBEDDING, "embedding")


def _needed(model: Model | None, what: str, places: Places, table: str) -> Model:
    if model is None:
        raise UsageError(
            f"no {what} is set: give {places.url} and {places.name}, or url and name under [{table}] in {FILE}"
        )
    return model


class Unusable(Exception):
    """What is wrong with one setting: found (without the value, which may hold a key), expected, mend."""

    def __init__(self, found: str, expected: str, mend: str, *, holds_key: bool = False) -> None:
        super().__init__(found)
        self.words = (found, expected, mend)
        self.holds_key = holds_key


def address(text: str) -> httpx.URL:
    """The service's address, without what stands behind it in the addresses of its parts. Raises ``Unusable``."""
    expected, mend = f"an address such as {EXAMPLE}", "Give the address that ends before /chat/completions."
    try:
        url = httpx.URL(re.sub(r"/(chat/completions|embeddings)$", "", text.rstrip("/")))
    except httpx.InvalidURL:
        raise Unusable("a text that is no address", expected, mend) from None
    if url.userinfo:
        raise Unusable("a name or password in the address", expected, "Give the key on its own.", holds_key=True)
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or (url.port or 0) > 65535:
        raise Unusable("a text that is no address of a service", expected, mend)
    return url


def model_name(text: str) -> str:
    """Raises ``Unusable``."""
    if re.fullmatch(r"[^\x00-\x1f\x7f]{1,200}", text) is None:
        expected = "the name of a model: at most 200 characters on one line"
        raise Unusable(f"{len(text)} characters" if len(text) > 200 else "a control character", expected, "Correct it.")
    return text


def secret(text: str) -> Secret:
    """Raises ``Unusable``, which does not hold the text."""
    if re.fullmatch(r"[\x21-\x7e]*", text) is None:
        expected = "a key: printable ASCII characters without spaces"
        raise Unusable("a character that no key has", expected, "Copy the key again, without quotes or line breaks.")
    return Secret(text)


def read_settings(
    environment: Mapping[str, str] = os.environ, file: Path | None = None, *, other_tables: Collection[str] = ()
) -> ModelSettings:
    """The settings of the environment over those of the file, which may be missing; ``other_tables`` are not ours.

    Raises ``Problems`` with all that is wrong in both, and ``UsageError`` when the file cannot be read.
    """
    gathered = _Gathered(environment)
    # a traceback that shows variables is not to show these
    del environment
    if file is not None and file.exists():
        gathered.read(file, other_tables)
    settings = gathered.settings()
    if gathered.problems:
        raise Problems(gathered.problems)
    return settings


class _Gathered:
    """What was given for each table, and what is wrong with it; shows no value to who prints it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._tables: dict[str, dict[str, Any]] = {"model": {}, "embedding": {}}
        self._places = {"model": CHAT, "embedding": EMBEDDING}
        self._file = FILE
        self._environment = {name: value.strip() for name, value in environment.items()}
        for table, places in self._places.items():
            for name, variable in (("url", places.url), ("name", places.name), ("key", places.key)):
                if self._environment.get(variable):
                    self._take(table, name, self._environment[variable], ENVIRONMENT, variable)

    def __repr__(self) -> str:
        return "(settings)"

    def read(self, file: Path, other_tables: Collection[str]) -> None:
        self._file = str(file)
        content, problem = _toml(file)
        self.problems += [problem] if problem else []
        for table, values in content.items():
            if table in other_tables:
                continue
            if table not in self._tables:
                self._wrong(pointer(table), f"a key {shown(table)}", "the tables [model] and [embedding]", "Remove it.")
            elif not isinstance(values, dict):
                self._wrong(pointer(table), _kind(values), f"a table [{table}]", "Write it as a table.")
            else:
                self._read_table(table, values)

    def _read_table(self, table: str, values: dict[str, Any]) -> None:
        known = _VALUES if table == "model" else {name: _VALUES[name] for name in _OF_EMBEDDING}
        for name, value in values.items():
            place = pointer(table, name)
            if name not in known:
                expected = f"only {', '.join(known)}"
                self._wrong(place, f"a key {shown(name)}", expected, "Remove it, or correct its name.")
            elif not known[name].fits(value):
                found = _kind(value) if name in _HIDDEN or not isinstance(value, int | float) else shown(value)
                self._wrong(place, found, known[name].expected, "Correct the value.")
                self._tables[table].setdefault(name, False)
            elif name == "key_env":
                self._read_key_of(table, str(value), place, values)
            elif self._tables[table].get(name) is None:
                self._take(table, name, value, self._file, place)

    def _read_key_of(self, table: str, variable: str, place: str, values: dict[str, Any]) -> None:
        if "key" in values:
            self._wrong(place, "key and key_env", "one of both", "Remove key.")
        elif self._tables[table].get("key") is None:
            value = self._environment.get(variable, "")
            if not value:
                # not told by name: it may be the key itself, in the wrong place
                expected = _VALUES["key_env"].expected
                self._wrong(place, "a variable that is not set", expected, "Set it, or correct its name.")
            else:
                self._take(table, "key", value, ENVIRONMENT, variable)
                own = self._places[table]
                self._places[table] = Places(own.url, own.name, variable)

    def _take(self, table: str, name: str, value: Any, file: str, place: str) -> None:
        """Keep a value in its final form; what it was given as is not kept."""
        try:
            self._tables[table][name] = _VALUES[name].read(value)
        except Unusable as unusable:
            self._tables[table][name] = False  # given, if wrongly: it is not missing, and none stands in for it
            self.problems.append(Problem(file, place, "REG010", *unusable.words))

    def _wrong(self, place: str, found: str, expected: str, mend: str) -> None:
        self.problems.append(Problem(self._file, place, "REG010", found, expected, mend))

    def settings(self) -> ModelSettings:
        chat = self._model("model", self._tables["model"])
        given = self._tables["embedding"]
        embedding = None
        if given.get("url") is not None or given.get("name") is not None:
            own = {"url": self._tables["model"].get("url"), **given}
            if chat and "key" not in given and isinstance(own["url"], httpx.URL) and _one_service(own["url"], chat.url):
                own["key"] = chat.key
                places = self._places["embedding"]
                self._places["embedding"] = Places(places.url, places.name, self._places["model"].key)
            embedding = self._model("embedding", own)
        limits = {name: self._tables["model"][name] for name in _LIMITS if self._tables["model"].get(name)}
        return ModelSettings(chat, embedding, Limits(**limits))

    def _model(self, table: str, given: Mapping[str, Any]) -> Model | None:
        url, name, key = given.get("url"), given.get("name"), given.get("key")
        places = self._places[table]
        missing = [
            f"{variable} (or {field} under [{table}] in {FILE})"
            for value, variable, field in ((url, places.url, "url"), (name, places.name, "name"))
            if value is None
        ]
        if missing and (url or name):
            found = "a part of a model's settings"
            expected = "an address and the name of a model"
            self.problems.append(Problem(ENVIRONMENT, "", "REG010", found, expected, f"Set {' and '.join(missing)}."))
        if missing or not url or not name:
            return None
        if key and key.in_text(str(url)):
            words = ("the key in the address", "an address without it", "Give the key on its own.")
            self.problems.append(Problem(ENVIRONMENT, places.url, "REG010", *words))
            return None
        return Model(url, name, key or Secret(""), places)


@dataclass(frozen=True)
class _Value:
    """One setting: what the file may hold for it, in words too, and what becomes of it."""

    fits: Callable[[Any], bool]
    expected: str
    read: Callable[[Any], Any]


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _variable(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,99}", value) is not None


def _number(least: int, most: int, *, whole: bool) -> _Value:
    def fits(value: Any) -> bool:
        right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        return right and least <= value <= most

    return _Value(fits, f"a {'whole ' if whole else ''}number from {least} to {most}", int if whole else float)


_VALUES = {
    "url": _Value(_text, f"an address such as {EXAMPLE}", lambda value: address(value.strip())),
    "name": _Value(_text, "the name of a model", lambda value: model_name(value.strip())),
    "key": _Value(_text, "a key", lambda value: secret(value.strip())),
    "key_env": _Value(_variable, "the name of the variable that holds the key", str),
    "timeout_s": _number(1, 600, whole=False),
    "max_tokens": _number(256, 32768, whole=True),
    "parallel": _number(1, 16, whole=True),
}
_LIMITS = ("timeout_s", "max_tokens", "parallel")
_OF_EMBEDDING = ("url", "name", "key", "key_env")
_HIDDEN = ("url", "key", "key_env")


def _kind(value: Any) -> str:
    """What a value is, without the value."""
    kinds: Iterable[tuple[type, str]] = (
        (bool, "true or false"),
        (str, "a text" if value else "an empty text"),
        (int, "a whole number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "a date or time")


def _one_service(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _toml(file: Path) -> tuple[dict[str, Any], Problem | None]:
    """The file's content, or what keeps it from being read. The text stays in here: it may hold a key."""
    name = str(file)
    data = read_bytes(file, limit=LARGEST_FILE)
    try:
        return tomllib.loads(decode_text(data, name)), None
    except Problems as problems:
        return {}, problems.problems[0]
    except RecursionError:
        return {}, Problem(name, "", "REG005", "too many levels", "two levels", "Flatten the file.")
    except ValueError as error:
        told = re.fullmatch(r"(.*) \(at (line \d+, column \d+|end of document)\)", str(error), re.DOTALL)
        place = told[2] if told and told[2].startswith("line") else ""
        if "twice" in str(error) or "overwrite" in str(error):
            return {}, Problem(name, place, "REG004", "a key or table twice", "each once", "Keep one of them.")
        words = " ".join(told[1].split()) if told else "a value that cannot be read"
        return {}, Problem(name, place, "REG003", words, "TOML 1.0", "Mend the TOML at this place.")

"""The strict doors: the only ways by which bytes from outside become values.

JSON (RFC 8259 narrowed to I-JSON, RFC 7493): UTF-8 without a byte order mark, no duplicate keys, no NaN or Infinity,
no integer beyond 2**53 - 1, no lone surrogate, bounded size and depth. YAML 1.1 narrowed to the same data model: no
anchors, tags, merge keys or several documents; every plain scalar that YAML would turn into a date stays a string.
A failure is a ``Problem`` with file, place, found, expected and how to mend.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any

import orjson
import yaml

from generator.manifest.problems import Problem, Problems, UsageError, pointer, printable, shown

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_INTEGER = 2**53 - 1

_SURROGATE = re.compile("[\ud800-\udfff]")
# A string without an end counts as one up to the end of the data: looking for the end of each quote anew is quadratic.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """The file's bytes.

    Raises ``UsageError`` when it cannot be read (missing, a folder, no right) and ``Problems`` when it is larger than
    ``limit`` bytes. Only regular files are read, so a pipe or a device can not make a command wait or fill memory.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as handle:
            status = os.fstat(handle.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path}: not a regular file")
            if status.st_size > limit:
                raise Problems(
                    [
                        Problem(
                            str(path),
                            "",
                            "REG001",
                            f"{status.st_size} bytes",
                            f"at most {limit} bytes",
                            "Split or shorten the file.",
                        )
                    ]
                )
            return handle.read()
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: not a regular file") from None
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error


def _without_waiting(name: str, flags: int) -> int:
    """Open a pipe or device without waiting for its other end; it is refused a line later."""
    return os.open(name, flags | os.O_NONBLOCK)


def decode_text(data: bytes, file: str, *, allow_bom: bool = False) -> str:
    """UTF-8 text; a byte order mark is a problem unless ``allow_bom``, which drops it."""
    if data.startswith(b"\xef\xbb\xbf"):
        if not allow_bom:
            raise Problems(
                [Problem(file, "line 1", "REG002", "a byte order mark", "plain UTF-8", "Save the file without a BOM.")]
            )
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        raise Problems(
            [Problem(file, f"line {line}", "REG002", found, "UTF-8 text", "Save the file in the UTF-8 encoding.")]
        ) from None


def load_text(path: Path, *, limit: int = MAX_BYTES) -> str:
    """A text file in UTF-8, with or without a byte order mark, with line ends folded to ``\\n``."""
    text = decode_text(read_bytes(path, limit=limit), str(path), allow_bom=True)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def load_json(path: Path, *, limit: int = MAX_BYTES) -> Any:
    """The JSON value in the file; see the module's text for what is refused."""
    return loads_json(read_bytes(path, limit=limit), file=str(path))


def loads_json(data: bytes, *, file: str) -> Any:
    """The JSON value in ``data``; ``file`` names it in problems.

    Depth is measured before parsing, so a hostile file cannot exhaust the stack. All duplicate keys, numbers and
    surrogates that are refused come in one ``Problems``.
    """
    text = decode_text(data, file)
    plain = _plain(data)
    if plain is not None:
        return plain
    depth = _depth(data)
    if depth > MAX_DEPTH:
        raise Problems(
            [Problem(file, "", "REG005", f"{depth} levels", f"at most {MAX_DEPTH} levels", "Flatten the document.")]
        )
    notes: list[tuple[object, str, str, str, str, str]] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    place = pointer(key.encode("ascii", "backslashreplace").decode() if _SURROGATE.search(key) else key)
                    found = f"key {shown(key)} twice"
                    notes.append((value, place, "REG004", found, "each key once in an object", "Keep one of them."))
                seen.add(key)
        return value

    def refused(found: str, expected: str, mend: str) -> float:
        number = _Refused()
        notes.append((number, "", "REG006", found, expected, mend))
        return number

    def constant(name: str) -> float:
        return refused(name, "a finite number or null", "Write null where a value is not known.")

    def integer(digits: str) -> float:
        if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
            return refused(shown(digits), "an integer within ±(2^53 - 1)", "Write large numbers as strings.")
        return int(digits)

    def floating(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            return refused(shown(digits), "a number that a double can hold", "Write large numbers as strings.")
        return value

    try:
        value = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_int=integer, parse_float=floating
        )
    except json.JSONDecodeError as error:
        found = "the end of the file" if error.pos >= len(text) else shown(text[error.pos : error.pos + 20])
        raise Problems(
            [
                Problem(
                    file,
                    f"line {error.lineno}, column {error.colno}",
                    "REG003",
                    found,
                    f"JSON ({error.msg[0].lower()}{error.msg[1:]})",
                    "Mend the JSON syntax at this place.",
                )
            ]
        ) from None
    places = _places(value) if notes else {}
    problems = [Problem(file, places.get(id(owner), "") + place, *words) for owner, place, *words in notes]
    if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        problems.extend(_surrogates(value, file))
    if problems:
        raise Problems(problems)
    return value


def load_yaml(path: Path, *, limit: int = 256 * 1024) -> Any:
    """The YAML value in the file, narrowed to JSON's data model; dates stay strings."""
    return loads_yaml(read_bytes(path, limit=limit), file=str(path))


def loads_yaml(data: bytes, *, file: str) -> Any:
    """The YAML value in ``data``; anchors, tags, merge keys, further documents and duplicate keys are refused."""
    text = decode_text(data, file)
    loader = _quick(text, file)
    if loader is not None and not loader.problems:
        return loader.value
    loader = None
    try:
        loader = _StrictLoader(text, file)
        value = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "line 1"
        found = printable(" ".join((error.problem or "text that is not YAML").split()))
        found = found.removeprefix("but ").removeprefix("found ")
        raise Problems(
            [Problem(file, place, "REG003", found, "one plain YAML document", "Mend the YAML at this place.")]
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        found = f"the character U+{ord(text[int(error.position)]):04X}"
        raise Problems(
            [Problem(file, f"line {line}", "REG003", found, "printable characters", "Remove the character.")]
        ) from None
    except (ValueError, OverflowError):
        # an escape such as "\UFFFFFFFF" names no character
        raise Problems(
            [Problem(file, "", "REG003", "an escape that names no character", "one plain YAML document", "Correct it.")]
        ) from None
    except RecursionError:
        raise Problems(
            [Problem(file, "", "REG005", "too many levels", f"at most {MAX_DEPTH} levels", "Flatten the document.")]
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    problems = loader.problems + _surrogates(value, file)
    if problems:
        raise Problems(problems)
    return value


_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_AS_STORED = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | orjson.OPT_STRICT_INTEGER


def _plain(data: bytes) -> Any:
    """The value of a document that holds nothing to refuse, or ``None`` to look at it closely.

    Nearly every file is as the tools wrote it, and a close look costs many times as much. A document that is not deep
    and that comes out of a second, fast parser and serialiser byte for byte has no key twice, no number beyond a
    double or 2**53 - 1, no escape and no half character, so both ways give the same value.
    """
    if _bracket_depth(data) > MAX_DEPTH:
        return None
    try:
        value = orjson.loads(data)
        return value if orjson.dumps(value, option=_AS_STORED) == data else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _bracket_depth(data: bytes) -> int:
    """An upper bound of the nesting: brackets inside strings count too, and pairs are taken away from within."""
    brackets = data.translate(None, _NO_BRACKETS)
    depth = 0
    while brackets and depth <= MAX_DEPTH:
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(shorter) == len(brackets):
            return MAX_DEPTH + 1
        brackets = shorter
        depth += 1
    return depth


def _depth(data: bytes) -> int:
    """Deepest nesting of brackets outside strings; counts to the end even where the JSON is broken."""
    depth = deepest = 0
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return 0
    for match in _BRACKETS.finditer(data):
        mark = match.group()
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


class _Refused(float):
    """Stands for a number that is not taken, so that its place can be told once all is parsed."""


def _places(value: Any) -> dict[int, str]:
    """Identity of each object and refused number in ``value`` -> its JSON Pointer."""
    places: dict[int, str] = {}
    left = [("", value)]
    while left:
        place, item = left.pop()
        if isinstance(item, dict | _Refused):
            places[id(item)] = place
        if isinstance(item, dict):
            left.extend((place + pointer(key), inner) for key, inner in item.items())
        elif isinstance(item, list):
            left.extend((place + pointer(index), inner) for index, inner in enumerate(item))
    return places


def _surrogates(value: Any, file: str, *path: str | int) -> list[Problem]:
    """A problem for each string, key or value, that holds half of a surrogate pair."""
    if isinstance(value, str):
        if _SURROGATE.search(value):
            return [
                Problem(
                    file,
                    pointer(*path),
                    "REG007",
                    shown(value.encode("ascii", "backslashreplace").decode()),
                    "whole Unicode characters",
                    "Write the character itself, or both halves of its surrogate pair.",
                )
            ]
        return []
    found: list[Problem] = []
    if isinstance(value, dict):
        for key, item in value.items():
            safe = key.encode("ascii", "backslashreplace").decode() if _SURROGATE.search(key) else key
            if safe != key:
                found.extend(_surrogates(key, file, *path))
            found.extend(_surrogates(item, file, *path, safe))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found.extend(_surrogates(item, file, *path, index))
    return found


class _Constructor(yaml.constructor.SafeConstructor):
    """Builds JSON's data model, and gathers what it refuses with line numbers."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.problems: list[Problem] = []
        self.value: Any = None

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = f"line {key_node.start_mark.line + 1}"
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                self.problems.append(
                    Problem(self.file, line, "REG003", f"the key {shown(key)}", "a text key", "Put the key in quotes.")
                )
                continue
            if key in result:
                self.problems.append(
                    Problem(self.file, line, "REG004", f"key {shown(key)} twice", "each key once", "Keep one of them.")
                )
            result[key] = self.construct_object(value_node, deep=True)
        return result

    def construct_number(self, node: Any) -> Any:
        """Numbers as JSON has them; YAML's octal, sexagesimal, infinite and not-a-number forms stay text."""
        text = str(node.value)
        if re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            if len(text) <= 17 and abs(int(text)) <= MAX_INTEGER:
                return int(text)
            line = f"line {node.start_mark.line + 1}"
            expected, mend = "an integer within ±(2^53 - 1)", "Put it in quotes, if it is meant as text."
            self.problems.append(Problem(self.file, line, "REG006", shown(text), expected, mend))
            return text
        if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", text) and math.isfinite(float(text)):
            return float(text)
        return text


class _StrictLoader(
    yaml.reader.Reader,
    yaml.scanner.Scanner,
    yaml.parser.Parser,
    yaml.composer.Composer,
    _Constructor,
    yaml.resolver.Resolver,
):
    """SafeLoader without what JSON does not have, and with line numbers for what it refuses."""

    def __init__(self, stream: str, file: str) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        _Constructor.__init__(self, file)
        yaml.resolver.Resolver.__init__(self)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, "an anchor or alias", event.start_mark)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            raise yaml.composer.ComposerError(None, None, f"the tag {tag}", event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            line = f"line {event.start_mark.line + 1}"
            most = f"at most {MAX_DEPTH} levels"
            raise Problems([Problem(self.file, line, "REG005", "a deeper level", most, "Flatten the document.")])
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _yaml_map(loader: _Constructor, node: Any) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


def _yaml_text(loader: _Constructor, node: Any) -> str:
    return str(node.value)


_register: Any = _Constructor.add_constructor  # its stub asks for a whole loader
_register("tag:yaml.org,2002:map", _yaml_map)
_register("tag:yaml.org,2002:int", _Constructor.construct_number)
_register("tag:yaml.org,2002:float", _Constructor.construct_number)
for _tag in ("timestamp", "binary", "merge", "value"):
    _register(f"tag:yaml.org,2002:{_tag}", _yaml_text)


# What keeps a document from the quick way: all but printable ASCII, flow collections, escapes, anchors, tags and
# directives, and lines that could nest deeply. The rest both parsers read alike.
_ODD = re.compile(r"[^\n -~]|[\[\]{}\\]|(?:^|\s)[&*!%]| {40}|(?:- ){3}", re.MULTILINE)


def _quick(text: str, file: str) -> _Constructor | None:
    """A loader that holds the value of a plain document, some ten times faster; ``None`` to look at it closely."""
    if _QuickLoader is None or _ODD.search(text):
        return None
    loader: _Constructor = _QuickLoader(text, file)
    try:
        loader.value = loader.get_single_data()
    except (yaml.YAMLError, ValueError):
        return None
    return loader


def _quick_loader() -> Any:
    """The same constructors over the parser in C, where PyYAML was built with it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None

    class QuickLoader(CParser, _Constructor, yaml.resolver.Resolver):
        def __init__(self, stream: str, file: str) -> None:
            CParser.__init__(self, stream)
            _Constructor.__init__(self, file)
            yaml.resolver.Resolver.__init__(self)

    return QuickLoader


_QuickLoader = _quick_loader()

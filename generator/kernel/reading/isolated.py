"""Strangers' files are parsed in a process of their own, with little memory, little time and no secrets.

The child gets the file on its standard input and an environment without anything of the parent's; it limits itself
before it loads a parser, and writes JSON, whose size the system limits too. The parent waits for a while, kills, and
reads what came back through the strict door. Where the ``resource`` module is missing only the clock limits the child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import generator
from generator.kernel.reading.sections import Section, read_sections
from generator.manifest.problems import Problems, printable
from generator.manifest.strict import loads_json

Form = Literal["html", "pdf"]

_ANSWER_BYTES: Final = 16 * 1024 * 1024  # as many as the strict door takes
_LONGEST_REASON: Final = 200
_PARSERS: Final = {"html": "generator.kernel.reading.latexml", "pdf": "generator.kernel.reading.pdf"}
# what a Python of an unusual build may need to start; nothing else of the environment is given
_PASSED_ON: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Limits:
    """What one file may take: ``memory`` in bytes of address space, ``cpu`` in seconds of processor, ``wall`` in
    seconds until the parent gives up."""

    memory: int = 1536 * 1024 * 1024
    cpu: int = 60
    wall: float = 120.0


@dataclass(frozen=True)
class Parsed:
    """What a child made of a file: ``sections`` and the ``extractor`` that made them, or the ``reason`` why not."""

    sections: tuple[Section, ...] = ()
    extractor: str = ""
    reason: str | None = None


def parse(form: Form, body: bytes, limits: Limits | None = None) -> Parsed:
    """The sections of a file, or why there are none; whatever the file holds, nothing is raised for it."""
    limits = limits or Limits()
    source = str(Path(generator.__file__).resolve().parents[1])
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"PYTHONPATH": source}
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                # -P: a file in the working folder must not be taken for a module
                [sys.executable, "-P", "-s", "-m", __name__, form, str(limits.memory), str(limits.cpu)],
                input=body,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=limits.wall,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Parsed(reason=f"reading it took longer than {limits.wall:g} seconds")
        except OSError as error:
            return Parsed(reason=f"the process that reads it could not be started: {error.strerror or 'unknown'}")
        if done.returncode != 0:
            return Parsed(reason="reading it took too much memory or time, or failed")
        answer.seek(0)
        return _checked(answer.read(_ANSWER_BYTES + 1))


def _checked(data: bytes) -> Parsed:
    """The child's answer. The child read a stranger's file, so its answer is a stranger's too."""
    try:
        if len(data) > _ANSWER_BYTES:
            raise ValueError("too long")
        found = loads_json(data, file="the text")
        if isinstance(found, dict) and set(found) == {"reason"} and isinstance(found["reason"], str):
            return Parsed(reason=printable(found["reason"][:_LONGEST_REASON]))
        if not isinstance(found, dict) or set(found) != {"extractor", "sections"}:
            raise ValueError("another form")
        return Parsed(read_sections(found["sections"]), str(found["extractor"]))
    except (Problems, ValueError):
        return Parsed(reason="reading it gave no usable text")


def _limit(memory: int, cpu: int) -> None:
    try:
        import resource
    except ImportError:
        return
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: _ANSWER_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for name, most in limits.items():
        _, hard = resource.getrlimit(name)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(name, (most, most))
        except (ValueError, OSError):
            continue  # macOS refuses some of them; the clock still limits


def main(form: str, memory: str, cpu: str) -> None:
    """The child: standard input to standard output."""
    _limit(int(memory), int(cpu))
    import importlib

    parser = importlib.import_module(_PARSERS[form])
    try:
        sections = parser.sections_of(sys.stdin.buffer.read())
        found = {"extractor": parser.NAME, "sections": [dict(vars(section)) for section in sections]}
    except parser.Unreadable as error:
        found = {"reason": str(error)}
    except MemoryError:
        found = {"reason": "reading it took too much memory"}
    except Exception as error:  # a fault of a parser costs one text, never the run; the kind of fault is told
        found = {"reason": f"its reader failed ({type(error).__name__})"}
    sys.stdout.buffer.write(json.dumps(found).encode("ascii"))
    sys.stdout.buffer.flush()
    os._exit(0)  # a parser's own clean-up has nothing left to say, and may crash


if __name__ == "__main__":
    main(*sys.argv[1:])

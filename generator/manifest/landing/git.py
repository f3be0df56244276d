"""A Git repository as its objects alone tell it.

A judged repository is in the hands of whoever sends the request: its configuration, hooks, attributes, replace refs
and grafts can all make ``git`` show something else than what was committed, or run a program. So names are resolved in
the repository with all of that off, and everything else is asked of an empty bare repository of our own that borrows
the other one's objects (gitrepository-layout: ``objects/info/alternates``) and has nothing else of it.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from generator.manifest.problems import Problem, Problems, UsageError, printable, shown

OLDEST = (2, 38)
"""The first version of ``git`` that merges without a working tree, ``git merge-tree --write-tree``."""
HISTORY = "REG087"

FOLDER_MODE, FILE_MODE, PROGRAM_MODE, LINK_MODE, MODULE_MODE = "040000", "100644", "100755", "120000", "160000"

# In force over any configuration file. Nothing here is fetched, no commit graph is believed, no file but a folder of
# the system's own is asked for attributes or hooks, and a repository that another user owns may be read.
_SETTINGS = (
    "protocol.allow=never",
    "core.commitGraph=false",
    "core.attributesFile=/dev/null",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "safe.directory=*",
    "gc.auto=0",
    "maintenance.auto=false",
)
_VARIABLES = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
_AT_ONCE = 256
"""Files asked for in one call: at most so many are in memory together."""
_VERSION = re.compile(rb"git version (\d+)\.(\d+)")


def history_problem(file: str, found: str, expected: str, mend: str, place: str = "") -> Problem:
    """What keeps a history from being judged."""
    return Problem(file, place, HISTORY, found, expected, mend)


class Repository:
    """The repository that holds ``path``, for the length of a ``with`` block.

    Entering raises ``UsageError`` when ``git`` is missing or too old or no repository is there, and ``Problems``
    (REG087) for a shallow one, of which no answer could be trusted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = os.fspath(path)
        self._prefix = ""
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._reader: subprocess.Popen[bytes] | None = None
        self._id_bytes = 20

    def __enter__(self) -> Repository:
        self._temporary = tempfile.TemporaryDirectory(prefix="srch-gate-")
        try:
            self._open(Path(self._temporary.name))
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def scratch(self) -> Path:
        """A folder that is removed when the block ends."""
        return self._folder / "scratch"

    def below_top(self, folder: Path) -> str:
        """A folder, given as seen from ``path``, as seen from the top of the repository: with a slash at its end, and
        empty for the top itself. Raises ``UsageError`` for a folder outside."""
        given = os.path.relpath(folder, self.path) if folder.is_absolute() else os.fspath(folder)
        inside = os.path.normpath(os.path.join(self._prefix, given))  # noqa: PTH118 (a name, not a file)
        if inside.split("/")[0] == "..":
            raise UsageError(f"{folder}: outside the repository {self.name}")
        return "" if inside == "." else f"{inside}/"

    def resolve(self, name: str, option: str) -> str:
        """The id of the commit that ``name`` means in the judged repository; ``option`` is where it was given."""
        done = self._ask_judged("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        oid = done.stdout.decode("ascii", "replace").strip()
        if done.returncode or not re.fullmatch("[0-9a-f]{40,64}", oid):
            raise UsageError(f"{option} {shown(name)}: no such commit in {self.name}; fetch it first")
        return oid

    def git(self, *arguments: str, given: bytes = b"", codes: Iterable[int] = (0,)) -> tuple[int, bytes]:
        """Exit code and output of ``git`` in our own repository.

        Raises ``Problems`` (REG087) for any other exit code than ``codes``: then objects are missing or damaged.
        """
        done = subprocess.run(
            self._command("--git-dir", os.fspath(self._folder / "bare"), *arguments),
            cwd=self._folder,
            env=self._environment(),
            input=given,
            capture_output=True,
            check=False,
        )
        if done.returncode not in codes:
            raise Problems([self._unreadable(done.stderr)])
        return done.returncode, done.stdout

    def object(self, oid: str) -> tuple[str, bytes]:
        """Kind and bytes of an object; raises ``Problems`` (REG087) when it is missing or damaged."""
        reader = self._objects()
        assert reader.stdin is not None
        assert reader.stdout is not None
        try:
            reader.stdin.write(f"{oid}\n".encode())
            reader.stdin.flush()
        except BrokenPipeError:
            raise Problems([self._unreadable(f"object {oid} is damaged".encode())]) from None
        return self._read(reader.stdout, oid)

    def blob(self, oid: str) -> bytes:
        """The bytes of a file."""
        return self.object(oid)[1]

    def blobs(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(id, bytes) of each file, in order: asked for many at a time, which takes a tenth of the time."""
        waiting = list(oids)
        while waiting:
            asked, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            stream = io.BytesIO(self.git("cat-file", "--batch", given="\n".join([*asked, ""]).encode())[1])
            for oid in asked:
                yield oid, self._read(stream, oid)[1]

    def folder(self, oid: str) -> list[tuple[str, str, str]]:
        """(name, mode, id) of each entry of a tree as it is stored: unsorted, and twice where it stands twice."""
        data = self.object(oid)[1]
        entries = []
        at = 0
        while at < len(data):
            space, end = data.index(b" ", at), data.index(b"\0", at)
            mode = data[at:space].decode("ascii").zfill(6)
            name = data[space + 1 : end].decode("utf-8", "surrogateescape")
            entries.append((name, mode, data[end + 1 : end + 1 + self._id_bytes].hex()))
            at = end + 1 + self._id_bytes
        return entries

    def _read(self, stream: IO[bytes], oid: str) -> tuple[str, bytes]:
        """Kind and bytes of the object that comes next in the output of ``git cat-file --batch``."""
        head = stream.readline().decode("ascii", "replace").split()
        if len(head) != 3:
            raise Problems([self._unreadable(f"object {oid} is missing".encode())])
        size = int(head[2])
        data = stream.read(size + 1)
        if len(data) != size + 1:
            raise Problems([self._unreadable(f"object {oid} is damaged".encode())])
        return head[1], data[:-1]

    @property
    def _folder(self) -> Path:
        assert self._temporary is not None, "used outside its with block"
        return Path(self._temporary.name)

    def _open(self, folder: Path) -> None:
        for name in ("home", "scratch", "bare/refs", "bare/objects/info"):
            (folder / name).mkdir(parents=True)
        self._refuse_old_git()
        if not self.path.is_dir():
            raise UsageError(f"{self.name}: no such folder")
        facts = self._ask_judged("rev-parse", "--is-shallow-repository", "--show-object-format")
        if facts.returncode:
            reason = facts.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ").partition("\n")[0]
            raise UsageError(f"{self.name}: {reason or 'not a git repository'}")
        shallow, form = facts.stdout.decode("ascii", "replace").split()
        if shallow != "false":
            mend = "Fetch the whole history: 'git fetch --unshallow', or 'fetch-depth: 0' in a workflow."
            found = "a shallow clone, whose history was cut off"
            raise Problems([history_problem(self.name, found, "the whole history", mend)])
        self._id_bytes = {"sha1": 20, "sha256": 32}[form]
        self._prefix = os.fsdecode(self._ask_judged("rev-parse", "--show-prefix").stdout.removesuffix(b"\n"))
        store = self._ask_judged("rev-parse", "--git-path", "objects").stdout.removesuffix(b"\n")
        bare = folder / "bare"
        absolute = os.path.abspath(os.path.join(os.fsencode(self.path), store))  # noqa: PTH100, PTH118 (bytes)
        quoted = absolute.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        (bare / "objects" / "info" / "alternates").write_bytes(b'"' + quoted + b'"\n')
        (bare / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        settings = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = " + form + "\n"
        (bare / "config").write_text(settings, encoding="ascii")

    def _refuse_old_git(self) -> None:
        try:
            done = subprocess.run(["git", "version"], env=self._environment(), capture_output=True, check=False)
        except OSError as error:
            raise UsageError(f"git cannot be run: {(error.strerror or str(error)).lower()}") from error
        found = _VERSION.match(done.stdout)
        if found is None or (int(found[1]), int(found[2])) < OLDEST:
            version = shown(done.stdout.decode("utf-8", "replace").strip())
            raise UsageError(f"git {OLDEST[0]}.{OLDEST[1]} or newer is needed to judge a request; this is {version}")

    def _ask_judged(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self._command(*arguments), cwd=self.path, env=self._environment(), capture_output=True, check=False
        )

    def _command(self, *arguments: str) -> list[str]:
        return ["git", *(part for setting in _SETTINGS for part in ("-c", setting)), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        home = os.fspath(self._folder / "home")
        return {**kept, **_VARIABLES, "HOME": home, "XDG_CONFIG_HOME": home}

    def _objects(self) -> subprocess.Popen[bytes]:
        if self._reader is None:
            self._reader = subprocess.Popen(
                self._command("--git-dir", os.fspath(self._folder / "bare"), "cat-file", "--batch"),
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.kill()
            self._reader.communicate()
            self._reader = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _unreadable(self, message: bytes) -> Problem:
        lines = [line for line in message.decode("utf-8", "replace").splitlines() if line]
        last = printable(lines[-1].removeprefix("fatal: ").removeprefix("error: ")) if lines else "git failed"
        mend = "Fetch the whole history and every object of base and head ('git fetch', not a partial clone)."
        return history_problem(self.name, last, "a history whose every object is there", mend)

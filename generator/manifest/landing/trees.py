"""What a request would change, path by path: additions at the places for them, and a problem for anything else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from generator.manifest.corrections import LONGEST_NAME
from generator.manifest.identity import SHORT_ID
from generator.manifest.landing.git import FILE_MODE, LINK_MODE, MODULE_MODE, PROGRAM_MODE
from generator.manifest.landing.history import Difference, Tree
from generator.manifest.log import entries
from generator.manifest.problems import Problem, printable, shown

MANIFEST = "manifest.json"

_DATED = r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(?:-[a-z0-9]+)*"
EVENT = re.compile(rf"{_DATED}\.yml")
_OBSERVATION = re.compile(rf"{_DATED}\.json")
_PLAIN = re.compile(r"[!-~]+")
# Files by which Git changes the bytes that it checks out, or what stands in a folder.
_STEERING = frozenset({".gitattributes", ".gitmodules"})

_PUT_BACK = "Take the file from the base branch again; what is wrong with a record is told by a correction."
_PLACES = (
    "a new record's manifest.json and the files that it lists, corrections/<date>-<slug>.yml in a record's folder, or "
    "observations/<date>-<slug>.json"
)
_PLACE_MEND = "Take the file out of the request, or give it the name and place that it should have."


@dataclass
class Additions:
    """New files by what they are: paths as the repository has them -> id of the blob. ``files`` stand by manifests."""

    manifests: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    observations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """Where the records lie in the repository: ``top`` is the folder with a slash at its end, empty for all of it."""

    top: str

    def holds(self, path: str) -> bool:
        """Whether a path is the registry's folder or lies below it."""
        return path.startswith(self.top) or path == self.top.rstrip("/")

    def inside(self, path: str) -> tuple[str, ...]:
        """The parts of a path below the registry's folder."""
        return tuple(path.removeprefix(self.top).split("/")) if path.startswith(self.top) else ()

    def is_log(self, path: str) -> bool:
        return self.inside(path)[:1] == (entries.FOLDER,)

    def is_kept(self, path: str) -> bool:
        """Whether a file is part of the record that nobody rewrites: anything in a folder of the registry."""
        return len(self.inside(path)) > 1


def sort_out(
    differs: Sequence[Difference], registry: Registry, base: Tree, result: Tree
) -> tuple[Additions, list[Problem]]:
    """The allowed additions of a request, and a problem for everything else that it would change in the registry.

    ``differs`` is what the merged ``result`` has otherwise than the tip of the ``base``.
    """
    problems: list[Problem] = []
    added: dict[str, Difference] = {}
    moved = {item.new: item.path for item in differs if item.added}
    for item in differs:
        if is_steering(item.path) or registry.is_log(item.path):
            problems.append(_steering(item))
        elif not registry.holds(item.path):
            continue
        elif item.removed:
            problems.append(removed(item.path, moved.get(item.old)))
        elif not item.added:
            problems.extend(changed(item))
        elif wrong := _unfit_mode(item):
            problems.append(wrong)
        else:
            added[item.path] = item
    collisions = list(_colliding(differs, registry, base, result))
    problems.extend(collisions)
    misnamed = {problem.file for problem in collisions}
    additions = Additions()
    for path, item in added.items():
        if path not in misnamed and (wrong := _place(item, registry, base, result, additions)):
            problems.append(wrong)
    return additions, problems


def removed(path: str, new_place: str | None = None, where: str = "") -> Problem:
    found = f"the file moved to {printable(new_place)}" if new_place else "the file removed"
    return Problem(path, where, "REG081", found, "the file where it landed", _PUT_BACK)


def changed(item: Difference, where: str = "") -> list[Problem]:
    """What is wrong with a landed file that is still there, but not as it was."""
    if item.new_mode in (LINK_MODE, MODULE_MODE):
        found = "a symbolic link in its place" if item.new_mode == LINK_MODE else "a submodule in its place"
        return [Problem(item.path, where, "REG083", found, "the file as it landed", _PUT_BACK)]
    problems = []
    if item.new_mode != item.old_mode:
        found, expected = f"mode {item.new_mode}", f"mode {item.old_mode}, as it landed"
        problems.append(Problem(item.path, where, "REG082", found, expected, _PUT_BACK))
    if item.new != item.old:
        problems.append(Problem(item.path, where, "REG080", "other bytes", "the file as it landed", _PUT_BACK))
    return problems


def touched(item: Difference, registry: Registry, where: str) -> list[Problem]:
    """What a single commit did to a landed file, though the end of the request may not show it."""
    if registry.is_log(item.path):
        return [_steering(item, where)]
    return [removed(item.path, where=where)] if item.removed else changed(item, where)


def is_steering(path: str) -> bool:
    """Whether a path is one of the files by which Git changes what it checks out; case does not matter."""
    return path.rpartition("/")[2].casefold() in _STEERING


def _steering(item: Difference, where: str = "") -> Problem:
    what = "added" if item.added else "removed" if item.removed else "changed"
    if is_steering(item.path):
        mend = "Leave it out of the request: the owner changes it on the base branch."
        return Problem(item.path, where, "REG089", what, "attributes and modules as on the base branch", mend)
    mend = "Leave the log out of the request: 'srch log append' writes it on the base branch."
    return Problem(item.path, where, "REG089", what, "the log as on the base branch", mend)


def _unfit_mode(item: Difference) -> Problem | None:
    if item.new_mode in (LINK_MODE, MODULE_MODE):
        found = "a symbolic link" if item.new_mode == LINK_MODE else "a submodule"
        return Problem(item.path, "", "REG083", found, "a regular file", "Put the file itself in its place.")
    if item.new_mode != FILE_MODE:
        found = "an executable file" if item.new_mode == PROGRAM_MODE else f"mode {item.new_mode}"
        return Problem(item.path, "", "REG082", found, f"mode {FILE_MODE}", f"chmod 644 {printable(item.path)}")
    return None


def _place(item: Difference, registry: Registry, base: Tree, result: Tree, additions: Additions) -> Problem | None:
    """Files an added file under what it is; the problem, when it may not be added where it lies."""
    path = item.path
    if not all(_PLAIN.fullmatch(part) for part in registry.inside(path)):
        expected = "a name of plain ASCII characters without spaces"
        return Problem(path, "", "REG085", shown(path.rpartition("/")[2]), expected, "Rename the file.")
    longest = max(len(part) for part in registry.inside(path))
    if longest > LONGEST_NAME:
        found, expected = f"a name of {longest} characters", f"names of at most {LONGEST_NAME} characters"
        return Problem(path, "", "REG085", found, expected, "Shorten the name.")
    match registry.inside(path):
        case ("observations", name) if _OBSERVATION.fullmatch(name):
            additions.observations[path] = item.new
            return None
        case (group, short, *rest) if SHORT_ID.fullmatch(short) and short.startswith(group) and len(group) == 2:
            return _in_record(item, f"{registry.top}{group}/{short}", rest, base, result, additions)
    return Problem(path, "", "REG084", "a new file", _PLACES, _PLACE_MEND)


def _in_record(
    item: Difference, folder: str, rest: list[str], base: Tree, result: Tree, additions: Additions
) -> Problem | None:
    manifest = f"{folder}/{MANIFEST}"
    landed = base.entry(manifest) is not None
    expected, mend = _PLACES, _PLACE_MEND
    match rest:
        case ["manifest.json"]:
            additions.manifests[item.path] = item.new
            return None
        case ["corrections", name] if EVENT.fullmatch(name):
            if landed or result.entry(manifest) is not None:
                additions.events[item.path] = item.new
                return None
            expected, mend = f"{manifest}, the record that it corrects", "Put it into the folder of a record."
        case ["corrections", _]:
            expected = "a name such as corrections/2026-11-30-claim-3-source.yml"
        case [_] if landed:
            expected = "nothing new beside a manifest that has landed"
        case [_] if result.entry(manifest) is not None:
            # whether the new manifest lists it is seen when the manifest is read
            additions.files[item.path] = item.new
            return None
    return Problem(item.path, "", "REG084", "a new file", expected, mend)


def unlisted(path: str, manifest: str) -> Problem:
    """A file beside a new manifest that the manifest does not list."""
    return Problem(path, "", "REG084", "a new file", f"a file that {printable(manifest)} lists", _PLACE_MEND)


def _colliding(differs: Iterable[Difference], registry: Registry, base: Tree, result: Tree) -> Iterator[Problem]:
    """New names that some file systems do not keep apart from another: by case, by how an accent is written, or
    because a tree holds one name twice. Looked for beside every new path, and where the registry's own folder lies."""
    folders = {_above(registry.top.rstrip("/"), depth) for depth in range(registry.top.count("/"))}
    for item in differs:
        if item.added and registry.holds(item.path):
            folders.update(_above(item.path, depth) for depth in range(item.path.count("/") + 1))
    for folder in sorted(folders):
        alike: dict[str, list[str]] = {}
        for name, _, _ in result.folder(folder):
            alike.setdefault(_folded(name), []).append(name)
        old = {name for name, _, _ in base.folder(folder)}
        for names in alike.values():
            for name in sorted({name for name in names if len(names) > 1}):
                others = [other for other in names if other != name] or [name]
                if name not in old or others == [name]:
                    path = f"{folder}/{name}" if folder else name
                    found = f"a name that some systems do not tell from {', '.join(map(shown, others))}"
                    expected = "names that differ in more than case and accents"
                    yield Problem(path, "", "REG085", found, expected, "Use the name that is there already.")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _above(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])

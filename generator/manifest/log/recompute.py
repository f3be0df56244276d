"""``srch verify``: a published record computed again from what anyone can fetch, with no trust in who built the site.

From version 1 and the event files the fold gives every version anew; each must be, byte for byte, what is published.
Every leaf's proof must lead to the root of the log, the log's entries must give this root, and an older checkpoint
that somebody kept must be one that the log goes on from.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from generator.manifest.canonical import sha256_bytes
from generator.manifest.corrections import FILE_NAME
from generator.manifest.corrections import FOLDER as CORRECTIONS
from generator.manifest.corrections import MAX_BYTES as MAX_EVENT
from generator.manifest.fold import Version
from generator.manifest.log import checkpoint, entries, note, tiles, tlog_proof
from generator.manifest.log.entries import CHECKPOINT_FILE, ENTRIES_FILE, FOLDER, KEY_FILE, Leaf, version_path
from generator.manifest.log.fetch import Source
from generator.manifest.log.note import NoteError, Verifier, encode
from generator.manifest.log.state import Log, continues, parse_key
from generator.manifest.log.tlog_proof import SUFFIX, Proof
from generator.manifest.log.verify import Check, Result
from generator.manifest.problems import Problem, Problems
from generator.manifest.rules import check_manifest
from generator.manifest.store import MANIFEST_FILE, load_record
from generator.manifest.strict import MAX_BYTES, loads_json

NOT_PROVED = (
    "What this does not prove: whoever holds the log's key can show a different log to someone who kept no older "
    "checkpoint. Keep this log's checkpoint, and give it with --checkpoint next time."
)
NOT_PROVED_UNSIGNED = (
    "What this does not prove: the log is unsigned, so whoever serves it can replace the whole of it, and show "
    "different logs to different people. Only a checkpoint that you kept, given with --checkpoint, shows that."
)
_SHOWN = 20
_CODED = re.compile(r" \(REG[0-9]{3}\)$")
_NAMES = ("manifest", "versions", "rules", "proofs")
_CODES = {
    "checkpoint": "REG092",
    "tiles": "REG092",
    "signature": "REG093",
    "consistency": "REG095",
    "manifest": "REG091",
    "versions": "REG091",
    "rules": "REG010",
    "proofs": "REG094",
    "proof": "REG094",
}


@dataclass
class Tally:
    """What came of one check over all records."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Published:
    """The log of a site: its leaves up to the checkpoint, and the key that its proofs are judged by."""

    log: Log
    verifier: Verifier | None

    @property
    def index(self) -> dict[str, Leaf]:
        return {leaf.path: leaf for leaf in self.log.leaves}


@dataclass
class Verified:
    """The checks in order; ``signed``: whether a signature held."""

    checks: list[Check] = field(default_factory=list)
    signed: bool = False

    @property
    def failed(self) -> bool:
        return any(check.result == "FAILED" for check in self.checks)

    @property
    def not_proved(self) -> str:
        """A plain sentence of what none of this shows."""
        return NOT_PROVED if self.signed else NOT_PROVED_UNSIGNED

    def add(self, name: str, result: Result, detail: str) -> None:
        """Note what came of a check; what failed carries the code of the rule that it broke."""
        coded = result != "FAILED" or _CODED.search(detail) is not None
        self.checks.append(Check(name, result, detail if coded else f"{detail} ({_CODES[name]})"))


def verify_site(
    source: Source, *, short: str | None = None, older: bytes | None = None, verifier: Verifier | None = None
) -> Verified:
    """Check the record ``short``, or every record, of a published site. ``older``: the file of a kept checkpoint.

    ``verifier`` is a key that came from elsewhere; without it the site's own is taken, and the report says so. What is
    wrong is in the report; ``UsageError`` is raised only for what cannot be fetched.
    """
    done = Verified()
    published = _log(source, done, older, verifier, whole=short is None)
    logged = {} if published is None else published.index
    if short is None:
        ids = {entries.record_of(path).split("/")[1] for path in logged} | set(source.shorts())
    else:
        ids = {short}
    tallies = {name: Tally() for name in _NAMES}
    with tempfile.TemporaryDirectory() as folder:
        mirror = Path(folder)
        if published is not None:
            (mirror / FOLDER).mkdir()
            lines = b"".join(leaf.data + b"\n" for leaf in published.log.leaves)
            (mirror / FOLDER / ENTRIES_FILE).write_bytes(lines)
        for item in sorted(ids):
            _Record(source, mirror, item, published, logged, tallies).check()
    for name in _NAMES:
        _tell(done, name, tallies[name])
    if not ids:
        done.add("records", "not done", "the site has no record")
    return done


def verify_proof(
    data: bytes, proof_file: bytes, *, older: bytes | None = None, verifier: Verifier | None = None
) -> Verified:
    """Check a proof file and the file that it stands beside, with nothing else at hand."""
    done = Verified()
    try:
        proof = tlog_proof.parse(proof_file)
    except (NoteError, Problems) as error:
        done.add("proof", "FAILED", str(error))
        return done
    point = proof.opened.checkpoint
    sha256 = sha256_bytes(data)
    try:
        proof.verify(sha256)
        words = (
            f"{proof.path} with the SHA-256 {sha256} is leaf {proof.index} of {point.size} of the log {point.origin}"
        )
        done.add("proof", "ok", words)
    except NoteError as error:
        done.add("proof", "FAILED", str(error))
    _signed(done, proof.opened, verifier, "")
    if entries.is_event(proof.path):
        done.add("rules", "not done", "a correction event; the record's own address has what it corrects")
    else:
        problems = _rules(data, proof.path, entries.version_of(proof.path) != 1)
        done.add("rules", "FAILED" if problems else "ok", problems[0] if problems else "the manifest keeps every rule")
    if older is None:
        done.add("consistency", "not done", "no older checkpoint was given (--checkpoint)")
    else:
        _same_log(done, proof, older, verifier)
    return done


def _same_log(done: Verified, proof: Proof, older: bytes, verifier: Verifier | None) -> None:
    """A proof file has one checkpoint: it can be the same as the older one, or contradict it, but not go on from it."""
    point = proof.opened.checkpoint
    try:
        before = checkpoint.read(older)
        if before.signed and verifier is not None:
            before.note.verify(verifier)
    except NoteError as error:
        done.add("consistency", "FAILED", f"the older checkpoint: {error}")
        return
    held = before.checkpoint
    if held.origin != point.origin:
        words = f"the older checkpoint is of the log {held.origin}, this proof of {point.origin}"
        done.add("consistency", "FAILED", words)
    elif held.size != point.size:
        words = f"the older checkpoint counts {held.size} leaves, this proof {point.size}: verify the site's address"
        done.add("consistency", "not done", words)
    else:
        same = held.root == point.root
        words = "both checkpoints are the same" if same else f"two different roots for {point.size} leaves"
        done.add("consistency", "ok" if same else "FAILED", words)


def _log(
    source: Source, done: Verified, older: bytes | None, verifier: Verifier | None, *, whole: bool
) -> Published | None:
    """Read and check the site's log; ``None`` where nothing can be judged by it."""
    data = source.get(f"{FOLDER}/{CHECKPOINT_FILE}", limit=note.MAX_BYTES)
    lines = source.get(f"{FOLDER}/{ENTRIES_FILE}", limit=entries.MAX_BYTES)
    if data is None or lines is None:
        done.add(
            "checkpoint", "FAILED", f"the site has no {FOLDER}/{CHECKPOINT_FILE if data is None else ENTRIES_FILE}"
        )
        return None
    try:
        opened = checkpoint.read(data)
        leaves = entries.parse(lines, f"{FOLDER}/{ENTRIES_FILE}")
        own = source.get(f"{FOLDER}/{KEY_FILE}", limit=note.MAX_BYTES)
        key = None if own is None else parse_key(own, f"{FOLDER}/{KEY_FILE}")
    except (NoteError, Problems) as error:
        done.add("checkpoint", "FAILED", _words(error))
        return None
    log = Log(Path(), tuple(leaves), opened, key)
    point = opened.checkpoint
    problems = log.wrong_checkpoint()
    if problems or len(leaves) != point.size:
        words = problems[0].found if problems else f"{point.size} leaves, and {len(leaves)} entries"
        done.add("checkpoint", "FAILED", f"{words}: not that of the published entries")
        return None
    words = f"{point.size} leaves of the log {point.origin} have the root {encode(point.root)}"
    done.add("checkpoint", "ok", words)
    if verifier is None and key is not None:
        _signed(done, opened, key, "; this key came from the same place, so compare it with one you had (--key)")
    else:
        _signed(done, opened, verifier, "")
    if verifier is not None and key is not None and key != verifier:
        done.add("signature", "FAILED", f"the site gives another key, {key.text}")
    if older is None:
        done.add("consistency", "not done", "no older checkpoint was given (--checkpoint)")
    else:
        try:
            before = continues(log.tree, opened, older, verifier or key).checkpoint
            words = f"the {before.size} leaves of the older checkpoint are the first of these {point.size}"
            done.add("consistency", "ok", words)
        except NoteError as error:
            done.add("consistency", "FAILED", str(error))
    if whole:
        _tiles(source, done, log)
    return Published(log, verifier or key)


def _signed(done: Verified, opened: checkpoint.Opened, verifier: Verifier | None, remark: str) -> None:
    if verifier is None and not opened.signed:
        done.add("signature", "not done", "unsigned: the log has no key")
    elif verifier is None:
        done.add("signature", "not done", "no key to judge it by was given (--key)")
    else:
        try:
            opened.note.verify(verifier)
        except NoteError as error:
            done.add("signature", "FAILED", str(error))
            return
        done.signed = True
        done.add("signature", "ok", f"signed by {verifier.text}{remark}")


def _tiles(source: Source, done: Verified, log: Log) -> None:
    lines = [leaf.data for leaf in log.leaves]
    wrong = []
    count = 0
    for level, number, width in tiles.needed(len(lines)):
        path = f"{FOLDER}/{tiles.tile_path(level, number, width)}"
        cut = slice(number * tiles.WIDTH, number * tiles.WIDTH + width)
        hashes = () if level is None else log.tree.level(level * tiles.HEIGHT)[cut]
        expected = tiles.bundle(lines[cut]) if level is None else b"".join(hashes)
        count += 1
        if source.get(path, limit=MAX_BYTES) != expected:
            wrong.append(path)
    if wrong:
        done.add("tiles", "FAILED", f"{len(wrong)} of {count} are missing or other than the entries give: {wrong[0]}")
    else:
        done.add("tiles", "ok", f"{count} tiles are those of the entries")


class _Record:
    """One record's check: what is published of it goes into a registry of one record, and is computed again there."""

    def __init__(
        self,
        source: Source,
        mirror: Path,
        short: str,
        published: Published | None,
        logged: dict[str, Leaf],
        tallies: dict[str, Tally],
    ) -> None:
        self._source, self._mirror, self._short = source, mirror, short
        self._published, self._logged, self._tallies = published, logged, tallies
        self._record = f"{short[:2]}/{short}"
        self._home = f"paper/{short}/"

    def check(self) -> None:
        stated = self._stated()
        names = self._events(stated)
        if names is None:
            return
        address = self._home + (f"v1/{MANIFEST_FILE}" if names else MANIFEST_FILE)
        data = self._source.get(address, limit=MAX_BYTES)
        if data is None:
            if stated.get("notice") == "removal":
                self._left("manifest", f"{self._home}: the site calls the record removed and has none of its files")
            else:
                self._failed("manifest", f"{address} is not there")
            return
        files = {}
        for name in names:
            event = self._source.get(f"{self._home}{CORRECTIONS}/{name}", limit=MAX_EVENT)
            if event is None:
                self._failed("versions", f"{self._home}{CORRECTIONS}/{name} is not there")
                return
            files[name] = event
        self._leaf("manifest", version_path(self._record, 1), sha256_bytes(data), address)
        versions = self._folded(data, files)
        if versions is None:
            return
        for version in versions:
            self._version(version, len(versions), has_events=bool(files))
        for name, event in files.items():
            path = f"{self._record}/{CORRECTIONS}/{name}"
            self._leaf("versions", path, sha256_bytes(event), f"{self._home}{CORRECTIONS}/{name}")
            self._proof(f"{self._home}{CORRECTIONS}/{name}", path, sha256_bytes(event))

    def _stated(self) -> dict[str, Any]:
        """What the site says of the record's corrections: used to find the files, never to judge them."""
        file = f"{self._home}corrections.json"
        data = self._source.get(file, limit=MAX_BYTES)
        try:
            value = {} if data is None else loads_json(data, file=file)
        except Problems as error:
            self._failed("versions", _words(error))
            return {}
        return value if isinstance(value, dict) else {}

    def _events(self, stated: dict[str, Any]) -> list[str] | None:
        """The names of the event files: those in the log, and those that the site says are there too."""
        before = f"{self._record}/{CORRECTIONS}/"
        names = [path.removeprefix(before) for path in self._logged if path.startswith(before)]
        listed = stated.get("correction_events")
        for event in listed if isinstance(listed, list) else []:
            name = f"{event.get('event_id') if isinstance(event, dict) else None}.yml"
            if FILE_NAME.fullmatch(name) is None:
                self._failed("versions", f"{self._home}corrections.json names an event that no file can be of")
                return None
            if name not in names:
                names.append(name)
        return names

    def _folded(self, data: bytes, files: dict[str, bytes]) -> Sequence[Version] | None:
        folder = self._mirror / self._record
        (folder / CORRECTIONS).mkdir(parents=True)
        (folder / MANIFEST_FILE).write_bytes(data)
        for name, event in files.items():
            (folder / CORRECTIONS / name).write_bytes(event)
        try:
            wrong = _rules(data, self._home + (f"v1/{MANIFEST_FILE}" if files else MANIFEST_FILE), False)
            for words in wrong:
                self._failed("rules", words)
            if wrong:
                return None
            record = load_record(folder / MANIFEST_FILE)
            if record.manifest["work"]["short_id"] != self._short:
                self._failed("manifest", f"{self._home}: the manifest of {record.manifest['work']['short_id']}")
                return None
            return record.versions
        except Problems as error:
            for problem in error.problems:
                file = problem.file.replace(f"{folder}/", self._home)
                name = "rules" if problem.code == "REG066" else "versions"
                self._failed(name, _line(replace(problem, file=file)))
            return None
        finally:
            shutil.rmtree(folder)

    def _version(self, version: Version, count: int, *, has_events: bool) -> None:
        path = version_path(self._record, version.number)
        addresses = [f"{self._home}{MANIFEST_FILE}"] if version.number == count else []
        if has_events:
            addresses.append(f"{self._home}v{version.number}/{MANIFEST_FILE}")
        for address in addresses:
            published = self._source.get(address, limit=MAX_BYTES)
            if published == version.data:
                self._tallies["versions"].done += 1
            else:
                words = "is not there" if published is None else "is not what the manifest and its events give"
                self._failed("versions", f"{address} {words}")
            self._proof(address, path, version.sha256)
        if version.number > 1:
            self._leaf("versions", path, version.sha256, f"version {version.number} of {self._short}")
        self._tallies["rules"].done += 1  # version 1 was checked before the fold, and the fold checks the others

    def _leaf(self, name: str, path: str, sha256: str, shown_as: str) -> None:
        """Compare a hash with its leaf."""
        if self._published is None:
            return
        leaf = self._logged.get(path)
        if leaf is None:
            self._left(name, f"{shown_as}: not in the log yet")
        elif leaf.sha256 != sha256:
            self._failed(name, f"{shown_as} has the SHA-256 {sha256}, its leaf {leaf.sha256}")
        elif name == "manifest":
            self._tallies[name].done += 1

    def _proof(self, address: str, path: str, sha256: str) -> None:
        """Check the proof file beside a published file."""
        if self._published is None:
            return
        data = self._source.get(address + SUFFIX, limit=tlog_proof.MAX_BYTES)
        if data is None:
            if path in self._logged:
                self._failed("proofs", f"{address}{SUFFIX} is not there")
            else:
                self._left("proofs", f"{address}: not in the log yet")
            return
        try:
            proof = tlog_proof.parse(data)
            if proof.path != path:
                raise NoteError(f"a proof of {proof.path}, not of {path}")
            proof.verify(sha256)
            now = self._published.log.opened
            # the site may keep a proof from an earlier build, when the log was shorter
            if now is not None and proof.opened.data != now.data:
                continues(self._published.log.tree, now, proof.opened.data, self._published.verifier)
        except (NoteError, Problems) as error:
            self._failed("proofs", f"{address}{SUFFIX}: {_words(error)}")
            return
        self._tallies["proofs"].done += 1

    def _failed(self, name: str, words: str) -> None:
        self._tallies[name].failed.append(words)

    def _left(self, name: str, words: str) -> None:
        self._tallies[name].left.append(words)


_DONE = {
    "manifest": "{} as published first: the SHA-256 is that of the leaf",
    "versions": "{} computed again from the first version and the events: byte for byte as published",
    "rules": "{} checked against every rule",
    "proofs": "{} lead from the file to the log's root",
}
_UNIT = {"manifest": "manifest", "versions": "published manifest", "rules": "version", "proofs": "proof file"}


def _tell(done: Verified, name: str, tally: Tally) -> None:
    for words in tally.failed[:_SHOWN]:
        done.add(name, "FAILED", words)
    if len(tally.failed) > _SHOWN:
        done.add(name, "FAILED", f"and {len(tally.failed) - _SHOWN} more")
    if tally.left:
        more = f", and {len(tally.left) - 1} more" if len(tally.left) > 1 else ""
        done.add(name, "not done", f"{tally.left[0]}{more}")
    if tally.done and not tally.failed:
        counted = f"{tally.done} {_UNIT[name]}{'' if tally.done == 1 else 's'}"
        done.add(name, "ok", _DONE[name].format(counted))
    if not (tally.done or tally.failed or tally.left):
        done.add(name, "not done", "nothing that could be checked")


def _rules(data: bytes, file: str, view: bool) -> list[str]:
    try:
        return [_line(problem) for problem in check_manifest(loads_json(data, file=file), file=file, view=view)]
    except Problems as error:
        return [_line(problem) for problem in error.problems]


def _words(error: Exception) -> str:
    return _line(error.problems[0]) if isinstance(error, Problems) else str(error)


def _line(problem: Problem) -> str:
    where = f"{problem.file}: {problem.place}" if problem.place else problem.file
    return f"{where}: found {problem.found}, expected {problem.expected} ({problem.code})"

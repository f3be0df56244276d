"""The watch over all records: it takes in each one once, and then tells what has changed for any of them."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.manifest import rereview
from generator.manifest.claims import rules_version
from generator.manifest.corrections import Event
from generator.manifest.identity import PREFIX
from generator.manifest.monitor.entry import Active, Entry, Reference, Watched, label_of, most_references, triggers
from generator.manifest.monitor.facts import (
    ACTIVE,
    WITHDRAWN,
    ClaimFact,
    Facts,
    Gone,
    PaperFact,
    claims_of,
    facts_of,
    gone_of,
    observed_papers,
    verdicts,
)
from generator.manifest.monitor.keys import names_of, paper_key, relied_on, shown
from generator.manifest.monitor.multimap import Multimap
from generator.manifest.monitor.report import monitor_of

if TYPE_CHECKING:
    from generator.manifest.observations import Observation
    from generator.manifest.store import Record

Manifest = Mapping[str, Any]
_LATE = "9999-99-99"  # sorts after every day


class _Witness(NamedTuple):
    """Who says something of papers or claims: a record, or an observation; ``day`` is empty where it states none."""

    id: str
    day: str
    observation: bool


class _Seen(NamedTuple):
    """What one witness says of a paper."""

    version: int
    state: int
    witness: _Witness

    @property
    def order(self) -> tuple[str, str]:
        """The earliest first; what states no day comes last."""
        return self.witness.day or _LATE, self.witness.id


class _Cited(NamedTuple):
    """A paper that a record cites, as it stands first in its list. ``used`` is the latest version that the record
    lists, 0 where it states none; ``active``: it says of that version that it stands."""

    source: Mapping[str, Any]
    names: tuple[str, ...]
    used: int
    active: bool
    withdrawn: bool


class Watch:
    """An index over records and observations, a hundred bytes or so for each paper or claim that they name.

    ``manifest`` is everywhere a record's current view and ``events`` its events in order. A record may be asked about
    before or after it was added, and adding in another order gives the same answers. Add each record once.
    """

    def __init__(self) -> None:
        self.records = 0
        self.observations = 0
        self.latest_submitted: str | None = None
        self.latest_corrected: str | None = None
        self.latest_observed: str | None = None
        self._witnesses: list[_Witness] = []
        self._papers = Multimap()
        self._paper_version = array("Q")
        self._paper_state = bytearray()
        self._paper_witness = array("I")
        self._claims = Multimap()
        self._claim_id: list[str] = []
        self._claim_verdict = bytearray()
        self._claim_paper = array("Q")
        self._claim_witness = array("I")
        self._corrected: dict[str, tuple[tuple[tuple[str, str], ...], Gone | None]] = {}

    def add(self, manifest: Manifest, events: Sequence[Event]) -> None:
        """Take in a record."""
        self.add_facts(facts_of(manifest, events))

    def add_facts(self, facts: Facts) -> None:
        """Take in a record by its facts, which another process may have read."""
        self.records += 1
        self.latest_submitted = _later(self.latest_submitted, facts.submitted)
        self.latest_corrected = _later(self.latest_corrected, facts.corrected_at)
        witness = self._witness(_Witness(facts.public_id, sys.intern(facts.submitted or ""), False))
        for paper in facts.papers:
            self._add_paper(paper, witness)
        for claim in facts.claims:
            self._add_claim(claim, witness)
        if facts.events:
            self._corrected[facts.public_id] = (facts.events, facts.gone)

    def add_observation(self, observation: Observation) -> None:
        """Take in an observation of sources."""
        self.observations += 1
        at = observation.data["observed_at"]
        self.latest_observed = _later(self.latest_observed, at)
        witness = self._witness(_Witness(observation.name, at[:10], True))
        for paper in observed_papers(observation.data["papers"]):
            self._add_paper(paper, witness)

    def entry(self, manifest: Manifest, events: Sequence[Event]) -> Entry:
        """What the monitor says of a record, without what it says of all."""
        work = {name: manifest["work"][name] for name in ("id", "short_id", "public_id", "version", "title")}
        gone = gone_of(events)
        if gone is not None:
            basis = f"The record was {gone.words} on {gone.day}; it is not looked at again."
            watched = tuple(Watched(row["trigger"], False, basis) for row in triggers())
            return Entry(manifest["publisher"], work, "NOT_MONITORED", basis, (), watched)
        cited = _cited(manifest)
        relied = relied_on(manifest)
        claims = list(claims_of(manifest))
        active = tuple(self._active(manifest, cited, relied, claims))
        if not active:
            return Entry(
                manifest["publisher"], work, "CLEAR", "No trigger is active.", (), _watched(manifest, relied, claims)
            )
        labels = dict.fromkeys(label_of(item.trigger) for item in active)
        basis = f"Active: {'; '.join(labels)}."
        return Entry(manifest["publisher"], work, "DUE", basis, active, _watched(manifest, relied, claims))

    def monitor(self, manifest: Manifest, events: Sequence[Event]) -> dict[str, Any]:
        """The record's ``review-monitor-v1`` object."""
        return monitor_of(self.entry(manifest, events), self)

    def _active(
        self, manifest: Manifest, cited: Sequence[_Cited], relied: Mapping[str, str], claims: Sequence[ClaimFact]
    ) -> Iterator[Active]:
        """The active triggers in the order of ``x-triggers``, and within each in that of the record."""
        gone = [self._withdrawal(paper, manifest) for paper in cited]
        found = {
            "SOURCE_WITHDRAWN": (item for item in gone if item),
            "RELIED_RECORD_CORRECTED": self._corrections(manifest, relied),
            "CLAIM_CONFLICT": self._conflicts(manifest, claims),
            "SOURCE_NEW_VERSION": (
                item
                for paper, withdrawn in zip(cited, gone, strict=True)
                if not withdrawn and (item := self._new_version(paper, manifest))
            ),
            "RULES_CHANGED": _changed_rules(manifest),
        }
        for row in triggers():
            yield from found[row["trigger"]]

    # --- papers -------------------------------------------------------------------------------------------------------

    def _withdrawal(self, paper: _Cited, manifest: Manifest) -> Active | None:
        if paper.withdrawn:
            return None
        own = manifest["work"]["public_id"]
        looked = manifest["work"]["submitted"] or ""
        standing = []
        for name in paper.names:
            seen = self._seen(name, own)
            live = [(item.version, item.witness.day) for item in seen if item.state == ACTIVE]
            if paper.active:
                live.append((paper.used, looked))
            standing += [item for item in seen if item.state == WITHDRAWN and not _taken_back(item, live)]
        if not standing:
            return None
        first = min(standing, key=lambda item: item.order)
        source = paper.source
        return Active(
            "SOURCE_WITHDRAWN",
            first.witness.day or None,
            f"{source['id']} ({shown(source)}) has been withdrawn, according to {_said_by(first.witness)}.",
            (_source(source), _witness_reference(first.witness, manifest)),
        )

    def _new_version(self, paper: _Cited, manifest: Manifest) -> Active | None:
        if not paper.used:
            return None
        seen = self._seen(paper.names[0], manifest["work"]["public_id"])
        later = [item for item in seen if item.version > paper.used and item.state != WITHDRAWN]
        if not later:
            return None
        latest = max(item.version for item in later)
        first = min((item for item in later if item.version == latest), key=lambda item: item.order)
        source = paper.source
        return Active(
            "SOURCE_NEW_VERSION",
            min(item.order for item in later)[0].replace(_LATE, "") or None,
            f"{source['id']} ({shown(source)}) was used in version {paper.used}; version {latest} is known from "
            f"{_said_by(first.witness)}.",
            (_source(source), _witness_reference(first.witness, manifest)),
        )

    def _seen(self, name: str, own: str) -> list[_Seen]:
        """What others than the record ``own`` say of a paper."""
        rows, start, end = self._papers.find(paper_key(name), self._few_papers)
        return [item for row in rows[start:end] if (item := self._seen_in(row)).witness.id != own]

    def _seen_in(self, row: int) -> _Seen:
        return _Seen(
            self._paper_version[row], self._paper_state[row], self._witnesses[self._paper_witness[row]]
        )

    def _few_papers(self, rows: list[int]) -> list[int]:
        """Of those who say the same of a paper only as many as an answer can need. Whoever asks is left out of the
        answer, so two are kept where one is needed: the earliest, or the latest look that found a paper without
        versions standing."""
        groups: dict[tuple[int, int], dict[_Witness, int]] = {}
        for row in sorted(rows, key=lambda row: self._seen_in(row).order):
            seen = self._seen_in(row)
            groups.setdefault((seen.version, seen.state), {}).setdefault(seen.witness, row)
        kept = []
        for (version, state), group in sorted(groups.items()):
            same = list(group.values())
            kept += same[:2] if version else same if state == WITHDRAWN else same[-2:]
        return kept

    # --- claims -------------------------------------------------------------------------------------------------------

    def _conflicts(self, manifest: Manifest, claims: Sequence[ClaimFact]) -> Iterator[Active]:
        day = manifest["work"]["submitted"]
        if day is None:
            return
        own = manifest["work"]["public_id"]
        for claim in claims:
            # own claim and one for each other; one more tells that there are more
            found = self._opposites(claim, day, most_references())
            if not found:
                continue
            named = found[: most_references() - 1]
            other, where = named[0]
            there = verdicts()[self._claim_verdict[other]][1]
            basis = (
                f"Claim {claim.id} is {verdicts()[claim.verdict][1]} here; claim {self._claim_id[other]} of the newer "
                f"record {self._witness_of(other).id}, {where}, is {there}."
            )
            if len(named) > 1:
                basis += _as_well(len(named) - 1, exact=named == found)
            home = _site(manifest)
            refers = [_claim_reference(home, own, claim.id)]
            refers += [_claim_reference(home, self._witness_of(row).id, self._claim_id[row]) for row, _ in named]
            yield Active("CLAIM_CONFLICT", self._witness_of(other).day, basis, tuple(refers))

    def _opposites(self, claim: ClaimFact, day: str, most: int) -> list[tuple[int, str]]:
        """At most ``most`` claims of records after ``day`` with the opposite outcome, the earliest first, each with
        what makes it the same claim."""
        passed = verdicts()[claim.verdict][0]
        found: dict[int, str] = {}
        for key, where in ((claim.passage, "on the same passage"), (claim.words, "in the same words")):
            if key is None:
                continue
            rows, start, end = self._claims.find(key, self._by_outcome)
            if start == end:
                continue
            first = bisect_right(rows, (not passed, day), start, end, key=self._outcome)
            last = bisect_right(rows, (not passed, _LATE), first, end, key=self._outcome)
            taken = 0
            for index in range(first, last):
                row = rows[index]
                if key is claim.words and claim.paper and self._claim_paper[row] not in (0, claim.paper):
                    continue
                found.setdefault(row, where)
                taken += 1
                if taken == most:
                    break
        return sorted(found.items(), key=lambda item: self._claim_order(item[0]))[:most]

    def _by_outcome(self, rows: list[int]) -> list[int]:
        return sorted(rows, key=lambda row: (self._outcome(row), self._claim_order(row)))

    def _outcome(self, row: int) -> tuple[bool, str]:
        return verdicts()[self._claim_verdict[row]][0], self._witness_of(row).day

    def _claim_order(self, row: int) -> tuple[str, str, int, str]:
        witness, name = self._witness_of(row), self._claim_id[row]
        return witness.day, witness.id, len(name), name

    def _witness_of(self, row: int) -> _Witness:
        return self._witnesses[self._claim_witness[row]]

    # --- records ------------------------------------------------------------------------------------------------------

    def _corrections(self, manifest: Manifest, relied: Mapping[str, str]) -> Iterator[Active]:
        day, home = manifest["work"]["submitted"], _site(manifest)
        for short, source_id in relied.items():
            name = PREFIX + short
            events, gone = self._corrected.get(name, ((), None))
            after = [event for event in events if day is not None and event[0] > day]
            if gone is not None and gone.strikes:
                since, event_id = gone.day, gone.event_id
                told = f"was {gone.words} on {since} ({event_id})"
            elif after:
                since, event_id = min(after)
                times = "" if len(after) == 1 else f"{len(after)} times since, first "
                told = f"was corrected {times}on {since} ({event_id})"
            else:
                continue
            page = f"{home}paper/{short}/"
            yield Active(
                "RELIED_RECORD_CORRECTED",
                since,
                f"{source_id} is the record {name}, which {told}.",
                (Reference("record", name, page), Reference("event", event_id, f"{page}notices/{event_id}/")),
            )

    # --- taking in ----------------------------------------------------------------------------------------------------

    def _witness(self, witness: _Witness) -> int:
        self._witnesses.append(witness)
        return len(self._witnesses) - 1

    def _add_paper(self, paper: PaperFact, witness: int) -> None:
        self._papers.add(paper.key, len(self._paper_version))
        self._paper_version.append(paper.version)
        self._paper_state.append(paper.state)
        self._paper_witness.append(witness)

    def _add_claim(self, claim: ClaimFact, witness: int) -> None:
        for key in (claim.passage, claim.words):
            if key is not None:
                self._claims.add(key, len(self._claim_id))
        self._claim_id.append(sys.intern(claim.id))
        self._claim_verdict.append(claim.verdict)
        self._claim_paper.append(claim.paper)
        self._claim_witness.append(witness)


def watch(records: Iterable[tuple[Manifest, Sequence[Event]]], observations: Iterable[Observation]) -> Watch:
    """A watch over (current manifest, events) of all records, and over observations, in whatever order."""
    made = Watch()
    for manifest, events in records:
        made.add(manifest, events)
    for observation in observations:
        made.add_observation(observation)
    return made


def watch_records(records: Iterable[Record], observations: Iterable[Observation]) -> Watch:
    """A watch over the current views of records; none of them is kept."""
    return watch(((record.current.manifest, record.events) for record in records), observations)


def _cited(manifest: Manifest) -> list[_Cited]:
    """The papers that a record cites, each once, in the order of its list."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for source in manifest["provenance"]["sources"]:
        names = names_of(source)
        if names:
            grouped.setdefault(names[0], []).append(source)
    found = []
    for same in grouped.values():
        latest = max(same, key=lambda source: source["version"] or 0)
        found.append(
            _Cited(
                source=same[0],
                names=tuple(dict.fromkeys(name for source in same for name in names_of(source))),
                used=latest["version"] or 0,
                active=latest["status"] == "active",
                withdrawn=any(source["status"] == "withdrawn" for source in same),
            )
        )
    return found


def _watched(manifest: Manifest, relied: Mapping[str, str], claims: Sequence[ClaimFact]) -> tuple[Watched, ...]:
    """For each trigger whether it is watched, and what of it."""
    sources = manifest["provenance"]["sources"]
    named = sum(bool(names_of(source)) for source in sources)
    versions = sum(bool(names_of(source)) and source["version"] is not None for source in sources)
    said = {
        "SOURCE_WITHDRAWN": _part(named, len(sources), "source", "has an id or a DOI", "have an id or a DOI"),
        "RELIED_RECORD_CORRECTED": _part(
            len(relied), len(sources), "source", "is a record of this registry", "are records of this registry"
        ),
        "CLAIM_CONFLICT": _part(
            len(claims), len(manifest["claims"]["records"]), "claim", "has an outcome", "have an outcome"
        ),
        "SOURCE_NEW_VERSION": _part(versions, len(sources), "source", "states its version", "state their version"),
        "RULES_CHANGED": _made_by(manifest),
    }
    if manifest["work"]["submitted"] is None:
        said["CLAIM_CONFLICT"] = (False, "The record does not state its day, so none is known to be newer.")
    return tuple(Watched(row["trigger"], *said[row["trigger"]]) for row in triggers())


def _part(number: int, of: int, noun: str, one: str, many: str) -> tuple[bool, str]:
    if not number:
        return False, f"No {noun} {one}."
    return True, f"{number} of {of} {noun}{'' if of == 1 else 's'} {one if number == 1 else many}."


def _made_by(manifest: Manifest) -> tuple[bool, str]:
    if manifest["provenance"]["kernel"]["mode"] == "imported":
        return False, "The texts that an imported draft rests on are not at hand: its claims cannot be verified again."
    quality = manifest["quality_assessment"]
    verifier = quality["rules"]["verifier"] if "rules" in quality else {"method": None}
    by = f", with {verifier['method']} {verifier['version']}" if verifier["method"] else ""
    return True, f"Made by rules {rules_version(quality)}{by}."


def _changed_rules(manifest: Manifest) -> Iterator[Active]:
    why = rereview.due(dict(manifest))
    if why is not None:
        yield Active("RULES_CHANGED", None, why, ())


def _as_well(number: int, *, exact: bool) -> str:
    least = "" if exact else "At least "
    claims = "claim of a newer record says" if number == 1 else "claims of newer records say"
    return f" {least}{number} more {claims} so too."


def _taken_back(withdrawn: _Seen, live: Iterable[tuple[int, str]]) -> bool:
    """Whether the word that a paper is withdrawn no longer stands: a later version, or where it names no version a
    later look, is known without it. ``live`` are (version, day)."""
    if withdrawn.version:
        return any(version > withdrawn.version for version, _ in live)
    return bool(withdrawn.witness.day) and any(day > withdrawn.witness.day for _, day in live)


def _said_by(witness: _Witness) -> str:
    return f"the {'observation' if witness.observation else 'record'} {witness.id}"


def _witness_reference(witness: _Witness, manifest: Manifest) -> Reference:
    if witness.observation:
        return Reference("observation", witness.id, None)
    return Reference("record", witness.id, f"{_site(manifest)}paper/{witness.id.removeprefix(PREFIX)}/")


def _claim_reference(home: str, public_id: str, claim_id: str) -> Reference:
    page = f"{home}paper/{public_id.removeprefix(PREFIX)}/"
    return Reference("claim", f"{public_id}#{claim_id}", f"{page}#claim-{claim_id}")


def _source(source: Mapping[str, Any]) -> Reference:
    return Reference("source", source["id"], source["url"])


def _site(manifest: Manifest) -> str:
    """The address of the publisher's site, which holds the pages of all records."""
    return str(manifest["publisher"]["url"]).rstrip("/") + "/"


def _later(one: str | None, other: str | None) -> str | None:
    return max((item for item in (one, other) if item), default=None)

"""The re-review monitor: when each trigger is active and when it is not, in which words, and what never changes it."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import cards, contracts
from generator.manifest.canonical import sha256_text
from generator.manifest.corrections import Event
from generator.manifest.monitor import Entry, Watch, facts_of, register_bytes, urgency, watch, watch_records
from generator.manifest.monitor.keys import key, names_of, relied_on, same_words, shown
from generator.manifest.monitor.multimap import Multimap
from generator.manifest.observations import Observation
from generator.manifest.rereview import due
from generator.manifest.store import Store

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples" / "paper-manifest-v1.1" / "valid"
EXECUTED = json.loads((EXAMPLES / "executed.json").read_bytes())
IMPORTED = json.loads((EXAMPLES / "imported.json").read_bytes())
OLD, MIDDLE, NEW = "2026-11-01", "2026-11-15", "2026-12-01"
TRIGGERS = contracts.table("review-monitor", "x-triggers")
WITHDRAWN, RELIED, CONFLICT, VERSION, RULES = (row["trigger"] for row in TRIGGERS)
AGREED = {True: "single-source", False: "refuted"}


@pytest.fixture(autouse=True)
def _rules_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """No record of these tests is due for its rules unless a test says so."""
    monkeypatch.setattr(cards, "newest_version", lambda _: "1.0.0")


def source(number: int = 1, **more: Any) -> dict[str, Any]:
    known = copy.deepcopy(EXECUTED["provenance"]["sources"][0])
    known.update(id=f"S{number}", paper_id=f"2505.0000{number}", version=1, doi=None, status="active", url=None)
    known.update(more)
    return known


def claim(number: int = 1, passed: bool | None = True, text: str = "Trees cool.", **more: Any) -> dict[str, Any]:
    """A claim that stands in the first source, unless ``paper`` names another (``None``: it names none)."""
    known = copy.deepcopy(EXECUTED["claims"]["records"][0])
    known.update(id=f"C{number}", text=text, truncated_at_source=False)
    paper = more.pop("paper", "S1")
    if paper is None:
        known["grounding"] = {"state": "declared", "source_id": None, "locator": None}
    else:
        known["grounding"]["source_id"] = paper
        known["grounding"]["locator"].update(quote=text, sha256=sha256_text(more.pop("passage", text)))
    known["verification"].update(verified=passed)
    agreement = more.pop("agreement", AGREED.get(passed) if passed is not None else None)
    if agreement is None:
        known["verification"].pop("agreement")
    else:
        known["verification"]["agreement"] = agreement
    known.update(more)
    return known


def record(
    number: int,
    day: str | None = OLD,
    *,
    sources: list[dict[str, Any]] | None = None,
    claims: list[dict[str, Any]] | None = None,
    excluded: list[dict[str, Any]] | None = None,
    base: dict[str, Any] = EXECUTED,
) -> dict[str, Any]:
    """A manifest whose id is made of ``number``: ``SRCH:00000001``."""
    made = copy.deepcopy(base)
    short = f"{number:08d}"
    made["work"].update(short_id=short, public_id=f"SRCH:{short}", submitted=day, title=f"Record {number}")
    made["provenance"]["sources"] = sources if sources is not None else [source()]
    made["provenance"]["retrieval"]["excluded"] = excluded or []
    made["claims"]["records"] = claims or []
    return made


def event(day: str, slug: str = "note", **more: Any) -> Event:
    name = f"{day}-{slug}"
    return Event(Path(f"{name}.yml"), "0" * 64, {"event_id": name, "corrected_at": f"{day}T09:00:00Z", **more})


def observed(day: str, *papers: dict[str, Any], name: str = "arxiv") -> Observation:
    rows = [
        {"paper_id": None, "doi": None, "latest_version": None, "withdrawn": False, "url": None, "title": None, **paper}
        for paper in papers
    ]
    return Observation(f"{day}-{name}", {"observed_at": f"{day}T09:00:00Z", "papers": rows})


def told(
    manifest: dict[str, Any], *others: Any, own_events: tuple[Event, ...] = ()
) -> list[tuple[str, str | None, str]]:
    """(trigger, since, basis) of a record beside other records, pairs of (record, events), and observations."""
    return [item[:3] for item in entry(manifest, *others, own_events=own_events).active]


def entry(manifest: dict[str, Any], *others: Any, own_events: tuple[Event, ...] = ()) -> Entry:
    observations = [other for other in others if isinstance(other, Observation)]
    records = [other for other in others if not isinstance(other, Observation)]
    pairs = [other if isinstance(other, tuple) else (other, ()) for other in records]
    return watch([(manifest, own_events), *pairs], observations).entry(manifest, own_events)


# --- withdrawn sources ------------------------------------------------------------------------------------------------


def test_an_observation_tells_of_a_withdrawn_source() -> None:
    seen = observed("2026-12-03", {"paper_id": "2505.00001", "latest_version": 2, "withdrawn": True})
    found = entry(record(1), seen)
    assert found.active[0][:3] == (
        WITHDRAWN,
        "2026-12-03",
        "S1 (arXiv:2505.00001) has been withdrawn, according to the observation 2026-12-03-arxiv.",
    )
    assert [item[:2] for item in found.active[0].refers_to] == [("source", "S1"), ("observation", "2026-12-03-arxiv")]
    assert (found.state, found.state_basis) == ("DUE", "Active: A source was withdrawn.")


def test_another_record_tells_of_a_withdrawn_source() -> None:
    words = "S1 (arXiv:2505.00001) has been withdrawn, according to the record SRCH:00000002."
    listed = record(2, NEW, sources=[source(version=2, status="withdrawn")])
    set_aside = {"paper_id": "2505.00001", "version": 2, "reason_code": "WITHDRAWN"}
    for other in (listed, record(2, NEW, sources=[], excluded=[set_aside])):
        found = entry(record(1), other)
        assert [item[:3] for item in found.active] == [(WITHDRAWN, NEW, words)]
        assert found.active[0].refers_to[1] == ("record", "SRCH:00000002", "https://assignee.net/paper/00000002/")
    assert told(record(1), record(2, None, sources=[], excluded=[set_aside])) == [(WITHDRAWN, None, words)]


def test_what_a_record_says_itself_is_no_news() -> None:
    seen = observed("2026-12-03", {"paper_id": "2505.00001", "latest_version": 2, "withdrawn": True})
    assert told(record(1, sources=[source(status="withdrawn")]), seen) == []
    own = {"paper_id": "2505.00001", "version": 2, "reason_code": "WITHDRAWN"}
    assert told(record(1, excluded=[own])) == []


def test_a_later_version_takes_a_withdrawal_back() -> None:
    gone = {"paper_id": "2505.00001", "latest_version": 2, "withdrawn": True}
    back = {"paper_id": "2505.00001", "latest_version": 3, "withdrawn": False}
    early, late = observed("2026-11-20", gone), observed("2026-12-03", back, name="again")
    assert told(record(1), early, late) == [
        (
            VERSION,
            "2026-12-03",
            "S1 (arXiv:2505.00001) was used in version 1; version 3 is known from the observation 2026-12-03-again.",
        )
    ]
    assert told(record(1, sources=[source(version=3)]), early) == []
    # an older version seen later says nothing of the newer one
    assert told(record(1), early, observed("2026-12-03", {**back, "latest_version": 1}))[0][0] == WITHDRAWN


def test_a_later_look_takes_the_withdrawal_of_a_doi_back() -> None:
    cited = record(1, sources=[source(paper_id=None, version=None, doi="10.5555/ABC", status="not checked")])
    gone, stands = {"doi": "10.5555/abc", "withdrawn": True}, {"doi": "10.5555/abc"}
    words = "S1 (doi:10.5555/ABC) has been withdrawn, according to the observation 2026-11-20-arxiv."
    assert told(cited, observed("2026-11-20", gone)) == [(WITHDRAWN, "2026-11-20", words)]
    assert told(cited, observed("2026-11-20", gone), observed("2026-11-19", stands)) == [
        (WITHDRAWN, "2026-11-20", words)
    ]
    assert told(cited, observed("2026-11-20", gone), observed("2026-11-20", stands, name="b"))[0][0] == WITHDRAWN
    assert told(cited, observed("2026-11-20", gone), observed("2026-11-21", stands)) == []
    again = observed("2026-11-22", gone)
    assert told(cited, observed("2026-11-20", gone), observed("2026-11-21", stands), again)[0][1] == "2026-11-22"


def test_a_retracted_article_concerns_who_cites_it_beside_its_preprint_and_no_one_else() -> None:
    article = observed("2026-12-03", {"doi": "10.5555/x", "withdrawn": True})
    both = record(1, sources=[source(doi="10.5555/X")])
    assert told(both, article)[0][2].startswith("S1 (arXiv:2505.00001) has been withdrawn")
    assert told(record(1), article) == []
    preprint = observed("2026-12-03", {"paper_id": "2505.00001", "latest_version": 2, "withdrawn": True})
    assert told(record(1, sources=[source(paper_id=None, version=None, doi="10.5555/x")]), preprint) == []


# --- newer versions ---------------------------------------------------------------------------------------------------


def test_a_newer_version_is_told_by_whoever_knew_it_first() -> None:
    later = record(2, NEW, sources=[source(version=3)])
    seen = observed("2026-11-20", {"paper_id": "2505.00001", "latest_version": 2})
    words = "S1 (arXiv:2505.00001) was used in version 1; version 3 is known from the record SRCH:00000002."
    assert told(record(1), later, seen, record(3, NEW, sources=[source(version=3)])) == [(VERSION, "2026-11-20", words)]


@pytest.mark.parametrize(
    ("own", "seen"),
    [
        ([source(version=None)], 9),
        ([source(version=3)], 3),
        ([source(version=3)], 2),
        ([source(), source(2, paper_id="2505.00001", version=4)], 4),
        ([source()], None),
        ([source(paper_id="2505.99999")], 9),
    ],
)
def test_no_newer_version(own: list[dict[str, Any]], seen: int | None) -> None:
    observation = observed("2026-12-03", {"paper_id": "2505.00001", "latest_version": seen})
    assert told(record(1, sources=own), observation) == []


def test_a_version_that_withdraws_the_paper_is_told_once() -> None:
    seen = observed("2026-12-03", {"paper_id": "2505.00001", "latest_version": 5, "withdrawn": True})
    assert [item[0] for item in told(record(1), seen, record(2, sources=[source(version=3)]))] == [WITHDRAWN]


# --- conflicting claims -----------------------------------------------------------------------------------------------


def test_a_newer_record_says_otherwise_of_a_passage() -> None:
    other = record(2, NEW, claims=[claim(7, False, "Trees do cool!", passage="Trees cool.")])
    found = entry(record(1, claims=[claim(1), claim(2, text="Roofs cool.")]), other)
    assert [item[:3] for item in found.active] == [
        (
            CONFLICT,
            NEW,
            "Claim C1 is supported by one source here; claim C7 of the newer record SRCH:00000002, on the same "
            "passage, is refuted.",
        )
    ]
    assert found.active[0].refers_to == (
        ("claim", "SRCH:00000001#C1", "https://assignee.net/paper/00000001/#claim-C1"),
        ("claim", "SRCH:00000002#C7", "https://assignee.net/paper/00000002/#claim-C7"),
    )


def test_a_newer_record_says_otherwise_in_the_same_words() -> None:
    here = claim(text="Trees  cool", paper=None)
    there = claim(3, False, text="Trees cool.", agreement="none")
    for one, other in ((here, there), ({**there}, {**here})):
        one["verification"]["verified"], other["verification"]["verified"] = True, False
        one["verification"]["agreement"], other["verification"]["agreement"] = "corroborated", "none"
        words = (
            f"Claim {one['id']} is corroborated here; claim {other['id']} of the newer record SRCH:00000002, in the "
            "same words, is not supported."
        )
        assert told(record(1, claims=[one]), record(2, NEW, claims=[other])) == [(CONFLICT, NEW, words)]


def test_a_claim_that_failed_here_may_pass_in_a_newer_record() -> None:
    here, there = claim(1, False, agreement="contested"), claim(2, True, agreement=None)
    assert told(record(1, claims=[here]), record(2, NEW, claims=[there])) == [
        (
            CONFLICT,
            NEW,
            "Claim C1 is contested here; claim C2 of the newer record SRCH:00000002, on the same passage, is "
            "supported.",
        )
    ]


OPPOSITE = claim(2, False)


@pytest.mark.parametrize(
    ("here", "day", "there", "later"),
    [
        pytest.param(claim(), OLD, OPPOSITE, OLD, id="the same day"),
        pytest.param(claim(), NEW, OPPOSITE, OLD, id="an older record"),
        pytest.param(claim(), None, OPPOSITE, NEW, id="no day here"),
        pytest.param(claim(), OLD, OPPOSITE, None, id="no day there"),
        pytest.param(claim(), OLD, claim(2, True), NEW, id="the same outcome"),
        pytest.param(claim(), OLD, claim(2, None), NEW, id="not checked there"),
        pytest.param(claim(1, None), OLD, OPPOSITE, NEW, id="not checked here"),
        pytest.param(claim(1, False), OLD, claim(2, False, agreement="contested"), NEW, id="both failed"),
        pytest.param(claim(text="5 MW"), OLD, claim(2, False, text="5 mW"), NEW, id="case counts"),
        pytest.param(claim(text="10²"), OLD, claim(2, False, text="102"), NEW, id="superscripts count"),
        pytest.param(
            claim(paper=None, truncated_at_source=True), OLD, claim(2, False, paper=None), NEW, id="cut short here"
        ),
        pytest.param(
            claim(paper=None), OLD, claim(2, False, paper=None, truncated_at_source=True), NEW, id="cut short there"
        ),
        pytest.param(claim(), OLD, claim(2, False, paper="S2"), NEW, id="the words of another paper"),
    ],
)
def test_no_conflict(here: dict[str, Any], day: str | None, there: dict[str, Any], later: str | None) -> None:
    sources = [source(), source(2)]
    assert told(record(1, day, claims=[here], sources=sources), record(2, later, claims=[there], sources=sources)) == []


def test_a_record_never_conflicts_with_itself() -> None:
    assert told(record(1, claims=[claim(), claim(2, False)])) == []


def test_more_newer_records_are_counted_and_the_earliest_is_named() -> None:
    others = [record(number, NEW, claims=[OPPOSITE]) for number in range(3, 6)]
    early = record(9, MIDDLE, claims=[OPPOSITE])
    first = (
        "Claim C1 is supported by one source here; claim C2 of the newer record SRCH:00000009, on the same passage, "
        "is refuted."
    )
    here = record(1, claims=[claim()])
    one, two, many = "1 more claim of a newer record says so too.", "2 more claims", "At least 10 more claims"
    assert told(here, early, others[0]) == [(CONFLICT, MIDDLE, f"{first} {one}")]
    assert told(here, *others[:2], early) == [(CONFLICT, MIDDLE, f"{first} {two} of newer records say so too.")]
    crowd = [record(number, NEW, claims=[OPPOSITE]) for number in range(10, 40)]
    found = entry(here, *crowd, early)
    assert found.active[0].basis == f"{first} {many} of newer records say so too."
    assert len(found.active[0].refers_to) == 12
    assert [item.id for item in found.active[0].refers_to[:3]] == [
        "SRCH:00000001#C1",
        "SRCH:00000009#C2",
        "SRCH:00000010#C2",
    ]


def test_a_record_that_is_gone_says_nothing_of_others() -> None:
    other = record(2, NEW, claims=[OPPOSITE], sources=[source(version=9, status="withdrawn")])
    assert len(told(record(1, claims=[claim()]), other)) == 2
    assert told(record(1, claims=[claim()]), (other, (event("2026-12-02", notice="retraction"),))) == []


# --- rules, and records relied on -------------------------------------------------------------------------------------


def test_rules_that_have_changed_are_told_in_the_words_of_the_re_review(monkeypatch: pytest.MonkeyPatch) -> None:
    made = record(1)
    made["quality_assessment"]["rules"]["verifier"].update(method=cards.default_method(), version="1.0.0")
    assert told(made) == []
    monkeypatch.setattr(cards, "newest_version", lambda _: "1.0.1")
    why = "Verified by lexical-v1 1.0.0; lexical-v1 1.0.1 has been measured since."
    assert due(made) == why
    assert told(made) == [(RULES, None, why)]
    assert told(record(2, base=IMPORTED)) == []


RELYING = source(4, paper_id=None, version=None, url="https://assignee.net/paper/00000002/")


@pytest.mark.parametrize(
    "named",
    [
        {"url": "https://assignee.net/paper/00000002/"},
        {"url": "https://assignee.net/paper/00000002"},
        {"url": "https://assignee.net/paper/00000002/v2/manifest.json"},
        {"url": "https://assignee.net/paper/00000002/#claim-C1"},
        {"paper_id": "SRCH:00000002"},
        {"paper_id": "srch:00000002"},
    ],
)
def test_a_record_among_the_sources_is_relied_on(named: dict[str, Any]) -> None:
    own = record(1, sources=[source(3, **{"paper_id": None, "version": None, **named})])
    assert relied_on(own) == {"00000002": "S3"}


@pytest.mark.parametrize(
    "named",
    [
        {"url": "https://example.org/paper/00000002/"},
        {"url": "https://assignee.net.example.org/paper/00000002/"},
        {"url": "https://assignee.net/paper/00000001/"},
        {"url": "https://assignee.net/paper/0000000/"},
        {"url": "https://assignee.net/data/paper/00000002/"},
        {"paper_id": "00000002"},
        {"paper_id": "SRCH:2"},
    ],
)
def test_other_addresses_name_no_record(named: dict[str, Any]) -> None:
    assert relied_on(record(1, sources=[source(3, **{"paper_id": None, "version": None, **named})])) == {}


def test_a_correction_of_a_record_relied_on_is_told() -> None:
    here = record(1, MIDDLE, sources=[RELYING])
    words = "S4 is the record SRCH:00000002, which was corrected on 2026-11-20 (2026-11-20-note)."
    found = entry(here, (record(2), (event("2026-11-20"),)))
    assert [item[:3] for item in found.active] == [(RELIED, "2026-11-20", words)]
    assert found.active[0].refers_to == (
        ("record", "SRCH:00000002", "https://assignee.net/paper/00000002/"),
        ("event", "2026-11-20-note", "https://assignee.net/paper/00000002/notices/2026-11-20-note/"),
    )
    # events stand in the order in which they landed, which need not be that of their days
    events = (event("2026-11-30"), event("2026-11-20"), event("2026-11-10"))
    many = "S4 is the record SRCH:00000002, which was corrected 2 times since, first on 2026-11-20 (2026-11-20-note)."
    assert told(here, (record(2), events)) == [(RELIED, "2026-11-20", many)]


@pytest.mark.parametrize("day", ["2026-11-10", MIDDLE])
def test_a_correction_that_was_there_before_is_no_news(day: str) -> None:
    assert told(record(1, MIDDLE, sources=[RELYING]), (record(2), (event(day),))) == []
    assert told(record(1, MIDDLE, sources=[RELYING]), (record(2), (event(day, notice="new_version"),))) == []


def test_a_retracted_record_is_told_whenever_it_was() -> None:
    for notice, word in (("retraction", "retracted"), ("withdrawal", "withdrawn"), ("removal", "removed")):
        struck = (record(2), (event("2026-11-02", notice=notice), event("2026-11-30")))
        words = f"S4 is the record SRCH:00000002, which was {word} on 2026-11-02 (2026-11-02-note)."
        assert told(record(1, MIDDLE, sources=[RELYING]), struck) == [(RELIED, "2026-11-02", words)]
        assert told(record(1, None, sources=[RELYING]), struck) == [(RELIED, "2026-11-02", words)]
    lifted = (event("2026-11-02", notice="retraction"), event("2026-11-03", "back", lifts="2026-11-02-note"))
    assert told(record(1, MIDDLE, sources=[RELYING]), (record(2), lifted)) == []


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notice", "word"),
    [
        ("removal", "removed"),
        ("withdrawal", "withdrawn"),
        ("retraction", "retracted"),
        ("new_version", "superseded"),
        ("new_edition", "superseded"),
    ],
)
def test_a_record_that_is_gone_is_not_monitored(notice: str, word: str) -> None:
    made = record(1, claims=[claim()])
    other = record(2, NEW, claims=[OPPOSITE])
    gone = (event("2026-11-20", notice=notice), event("2026-11-21", notice="expression_of_concern"))
    found = entry(made, other, own_events=gone)
    basis = f"The record was {word} on 2026-11-20; it is not looked at again."
    assert (found.state, found.state_basis, found.active) == ("NOT_MONITORED", basis, ())
    assert [item[1:] for item in found.watched] == [(False, basis)] * 5
    lifted = (gone[0], event("2026-11-22", lifts="2026-11-20-note"))
    assert entry(made, other, own_events=lifted).state == "DUE"


@pytest.mark.parametrize("notice", ["expression_of_concern", "partial_retraction", "correction", None])
def test_a_record_with_another_notice_is_monitored(notice: str | None) -> None:
    found = entry(record(1), own_events=(event("2026-11-20", notice=notice),))
    assert (found.state, found.state_basis) == ("CLEAR", "No trigger is active.")


def watched(manifest: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    return {item.trigger: item[1:] for item in entry(manifest).watched}


def test_what_is_watched_is_said_for_each_trigger() -> None:
    made = record(1, sources=[source(), source(2, version=None), RELYING], claims=[claim(), claim(2, None)])
    assert watched(made) == {
        WITHDRAWN: (True, "2 of 3 sources have an id or a DOI."),
        RELIED: (True, "1 of 3 sources is a record of this registry."),
        CONFLICT: (True, "1 of 2 claims has an outcome."),
        VERSION: (True, "1 of 3 sources states its version."),
        RULES: (True, "Made by rules 1.1, with lexical-v1 1.0.0."),
    }
    bare = record(2, None, sources=[], claims=[claim()], base=IMPORTED)
    assert watched(bare) == {
        WITHDRAWN: (False, "No source has an id or a DOI."),
        RELIED: (False, "No source is a record of this registry."),
        CONFLICT: (False, "The record does not state its day, so none is known to be newer."),
        VERSION: (False, "No source states its version."),
        RULES: (
            False,
            "The texts that an imported draft rests on are not at hand: its claims cannot be verified again.",
        ),
    }
    assert watched(record(3))[CONFLICT] == (False, "No claim has an outcome.")
    first = record(4)
    del first["quality_assessment"]["rules"]
    assert watched(first)[RULES] == (True, "Made by rules 1.0.")


def test_the_most_urgent_stand_first() -> None:
    later = [source(version=2), source(2, version=1)]
    seen = observed("2026-12-03", {"paper_id": "2505.00002", "latest_version": 2, "withdrawn": True})
    early = observed("2026-11-02", {"paper_id": "2505.00001", "latest_version": 2})
    rows = {
        1: (record(1, sources=[source(2, version=None)]), ()),
        2: (record(2, sources=[source()]), ()),
        3: (record(3, sources=[source(5), RELYING]), ()),
        4: (record(4, sources=[source(5)]), (event("2026-11-20", notice="retraction"),)),
        6: (record(6, sources=[source(), source(2, version=None)], claims=[claim()]), ()),
        7: (record(7, NEW, sources=later[:1], claims=[OPPOSITE]), ()),
    }
    made = watch(rows.values(), [seen, early])
    ordered = sorted((made.entry(*row) for row in rows.values()), key=urgency)
    assert [(item.work["short_id"][-1], item.state, [one.trigger for one in item.active]) for item in ordered] == [
        ("1", "DUE", [WITHDRAWN]),
        ("6", "DUE", [WITHDRAWN, CONFLICT, VERSION]),
        ("2", "DUE", [VERSION]),
        ("3", "CLEAR", []),
        ("7", "CLEAR", []),
        ("4", "NOT_MONITORED", []),
    ]


# --- the contract -----------------------------------------------------------------------------------------------------


def test_monitor_and_register_keep_their_contract() -> None:
    rows = [
        (record(1, sources=[source(), RELYING], claims=[claim()]), ()),
        (record(2, NEW, claims=[OPPOSITE], sources=[source(version=2)]), (event("2026-12-02"),)),
        (record(3), (event("2026-11-20", notice="removal"),)),
    ]
    made = watch(rows, [observed("2026-12-03", {"paper_id": "2505.00009"})])
    monitors = [made.monitor(*row) for row in rows]
    assert [contracts.validate(item, "review-monitor", file="m") for item in monitors] == [[], [], []]
    assert [item["state"] for item in monitors] == ["DUE", "CLEAR", "NOT_MONITORED"]
    assert monitors[0]["last_evaluated_basis"] == {
        "records": 3,
        "observations": 1,
        "latest_submitted": NEW,
        "latest_corrected": "2026-12-02T09:00:00Z",
        "latest_observed": "2026-12-03T09:00:00Z",
        "rules": "1.1",
        "verifier": "lexical-v1 1.0.0",
        "statement": "Computed from 3 records (the latest of 2026-12-01), 1 observation of sources (the latest of "
        "2026-12-03), rules 1.1 and lexical-v1 1.0.0; the latest correction is of 2026-12-02.",
    }
    data = register_bytes((made.entry(*row) for row in rows), made)
    register = json.loads(data)
    assert contracts.validate(register, "review-monitor", file="r", definition="register") == []
    assert register["counts"] == {"DUE": 1, "CLEAR": 1, "NOT_MONITORED": 1}
    assert [row["work"]["short_id"] for row in register["records"]] == ["00000001", "00000002", "00000003"]
    assert register["records"][0]["active_triggers"] == monitors[0]["active_triggers"]
    assert register["records"][0]["monitored"] == [
        item["trigger"] for item in monitors[0]["monitored_triggers"] if item["monitored"]
    ]
    assert len(data.splitlines()) == len(rows) + 1


def test_an_empty_registry_has_an_empty_register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "newest_version", lambda _: None)
    register = json.loads(register_bytes([], Watch()))
    assert contracts.validate(register, "review-monitor", file="r", definition="register") == []
    assert register["records"] == []
    assert register["last_evaluated_basis"]["statement"] == (
        "Computed from no records, no observations of sources, rules 1.1 and no measured verifier; the latest "
        "correction is none."
    )


def test_the_tables_name_what_other_contracts_know() -> None:
    definitions = contracts.schema("review-monitor")["$defs"]
    rows = contracts.table("review-monitor", "x-triggers")
    assert sorted(row["trigger"] for row in rows) == sorted(definitions["trigger"]["enum"])
    states = [row["state"] for row in contracts.table("review-monitor", "x-states")]
    assert sorted(states) == definitions["state"]["enum"]
    notices = {row["notice"] for row in contracts.table("correction-record", "x-notices")}
    assert {row["notice"] for row in contracts.table("review-monitor", "x-not-monitored")} <= notices
    agreements = {row["agreement"]: row["verified"] for row in contracts.table("verifier-card", "x-agreements")}
    verdicts = contracts.table("review-monitor", "x-verdicts")
    assert all(agreements[row["agreement"]] is row["passed"] for row in verdicts if row["agreement"])
    assert [row["passed"] for row in verdicts if row["agreement"] is None] == [True, False]


# --- laws -------------------------------------------------------------------------------------------------------------

DAYS = st.sampled_from([OLD, MIDDLE, NEW, None])
PAPERS = st.builds(
    lambda number, paper, version, status: source(number, paper_id=f"2505.0000{paper}", version=version, status=status),
    st.integers(2, 4),
    st.integers(1, 3),
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from(["active", "withdrawn", "not checked"]),
)
CLAIMS = st.builds(
    lambda number, passed, text, paper: claim(number, passed, text, paper=paper),
    st.integers(1, 9),
    st.sampled_from([True, False, None]),
    st.sampled_from(["Trees cool.", "Roofs cool."]),
    st.sampled_from(["S1", "S2", None]),
)
EVENTS = st.lists(
    st.builds(event, st.sampled_from([OLD, MIDDLE, NEW]), notice=st.sampled_from([None, "retraction", "new_version"])),
    max_size=2,
    unique_by=lambda item: item.id,
).map(tuple)


def _id(item: dict[str, Any]) -> str:
    return str(item["id"])


@st.composite
def registries(draw: st.DrawFn) -> list[tuple[dict[str, Any], tuple[Event, ...]]]:
    rows = []
    for number in range(1, draw(st.integers(2, 5)) + 1):
        relied = source(9, paper_id=f"SRCH:{draw(st.integers(1, 5)):08d}")
        sources = [source(), *draw(st.lists(PAPERS, max_size=2, unique_by=_id)), relied]
        made = record(number, draw(DAYS), sources=sources, claims=draw(st.lists(CLAIMS, max_size=3, unique_by=_id)))
        rows.append((made, draw(EVENTS)))
    return rows


OBSERVED = st.lists(
    st.builds(
        lambda day, paper, version, withdrawn: observed(
            day, {"paper_id": f"2505.0000{paper}", "latest_version": version, "withdrawn": withdrawn}, name=f"p{paper}"
        ),
        st.sampled_from([OLD, MIDDLE, NEW]),
        st.integers(1, 3),
        st.sampled_from([None, 1, 2, 3]),
        st.booleans(),
    ),
    max_size=4,
    unique_by=lambda item: item.name,
)


@given(registries(), OBSERVED, st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(rows: Any, seen: list[Observation], random: Any) -> None:
    made = watch(rows, seen)
    expected = [made.entry(*row) for row in rows]
    mixed = [*rows, *seen]
    random.shuffle(mixed)
    again = Watch()
    for item in mixed:
        if isinstance(item, Observation):
            again.add_observation(item)
        else:
            again.add_facts(facts_of(*item))
            again.entry(*rows[0])  # asking in between does not change what is answered later
    assert [again.entry(*row) for row in rows] == expected


@given(registries(), OBSERVED)
def test_an_unrelated_record_changes_no_trigger(rows: Any, seen: list[Observation]) -> None:
    unrelated = record(
        77,
        NEW,
        sources=[source(1, paper_id="2612.00001", version=5, status="withdrawn")],
        claims=[claim(1, False, "Something else."), claim(2, True, "Something else yet.")],
    )
    before, after = watch(rows, seen), watch([*rows, (unrelated, (event("2026-12-09", notice="removal"),))], seen)
    assert [after.entry(*row) for row in rows] == [before.entry(*row) for row in rows]


@given(registries())
def test_conflicts_come_only_from_newer_records_and_both_ways_never(rows: Any) -> None:
    made = watch(rows, [])
    days = {manifest["work"]["public_id"]: manifest["work"]["submitted"] for manifest, _ in rows}
    blamed = set()
    for manifest, events in rows:
        own = manifest["work"]["public_id"]
        for item in made.entry(manifest, events).active:
            if item.trigger == CONFLICT:
                others = {reference.id.partition("#")[0] for reference in item.refers_to[1:]}
                assert all(days[other] > days[own] for other in others)
                blamed |= {(own, other) for other in others}
    assert not any((other, own) in blamed for own, other in blamed)


@given(registries(), OBSERVED)
def test_conflicts_are_those_of_a_plain_comparison(rows: Any, seen: list[Observation]) -> None:
    made = watch(rows, seen)
    for manifest, events in rows:
        found = made.entry(manifest, events)
        if found.state == "NOT_MONITORED":
            continue
        expected = {
            claim_id
            for claim_id, keys, passed in outcomes(manifest)
            for other, other_events in rows
            if made.entry(other, other_events).state != "NOT_MONITORED"
            and manifest["work"]["submitted"]
            and (other["work"]["submitted"] or "") > manifest["work"]["submitted"]
            for _, other_keys, other_passed in outcomes(other)
            if passed is not other_passed and same(keys, other_keys)
        }
        told_of = {item.basis.split()[1] for item in found.active if item.trigger == CONFLICT}
        assert told_of == expected


def outcomes(manifest: dict[str, Any]) -> list[tuple[str, tuple[str | None, str], bool]]:
    papers = {item["id"]: item["paper_id"] for item in manifest["provenance"]["sources"]}
    return [
        (item["id"], (papers.get(item["grounding"]["source_id"]), item["text"]), item["verification"]["verified"])
        for item in manifest["claims"]["records"]
        if item["verification"]["verified"] is not None
    ]


def same(one: tuple[str | None, str], other: tuple[str | None, str]) -> bool:
    return one[1] == other[1] and (None in (one[0], other[0]) or one[0] == other[0])


# --- the current view -------------------------------------------------------------------------------------------------


def test_a_correction_that_takes_up_what_has_changed_ends_the_trigger(registry: Path) -> None:
    store = Store(registry.parents[1])
    (published,) = store.records()
    first = published.manifest["provenance"]["sources"][0]
    seen = observed("2026-12-03", {"paper_id": first["paper_id"], "latest_version": 7})
    known = "version 7 is known from the observation 2026-12-03-arxiv"
    expected = f"S1 ({first['paper_id']}) was used in version 1; {known}."

    def active() -> list[str]:
        (current,) = store.records()
        made = watch_records([current], [seen])
        return [item.basis for item in made.entry(current.current.manifest, current.events).active]

    assert active() == [expected]
    (registry / "corrections").mkdir()
    event_file = registry / "corrections" / "2026-12-04-version.yml"
    change = {"op": "replace", "path": "/provenance/sources/0/version", "before": 1, "value": 7}
    event_file.write_text(
        yaml.safe_dump(
            {
                **{"schema": contracts.schema_id("correction-event"), "event_id": event_file.stem},
                **{"record": published.manifest["work"]["public_id"], "corrected_at": "2026-12-04T09:00:00Z"},
                **{"correction_type": "PROVENANCE", "issued_by": "A. Reader", "reason": "Read the newer version."},
                **{"public_note": "Version 7 says the same.", "changes": [change]},
            }
        ),
        encoding="utf-8",
    )
    assert active() == []


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"paper_id": "2505.20225"}, {"doi": "10.48550/arXiv.2505.20225"}),
        ({"paper_id": "2505.20225"}, {"doi": "10.48550/ARXIV.2505.20225"}),
        ({"paper_id": "math/0309136"}, {"paper_id": "math.GT/0309136"}),
        ({"paper_id": "math.GT/0309136"}, {"doi": "10.48550/arxiv.math/0309136"}),
        ({"doi": "10.5555/AbC"}, {"doi": "10.5555/aBc"}),
    ],
)
def test_one_paper_under_several_names(one: dict[str, str], other: dict[str, str]) -> None:
    assert names_of(one) == names_of(other)
    assert len(names_of({**one, **other})) == 1


def test_different_papers_have_different_names() -> None:
    papers = [
        *({"paper_id": name} for name in ("2505.20225", "2505.20226", "x", "X", "doi:10.5555/x", "10.5555/x")),
        *({"doi": name} for name in ("10.5555/x", "10.5555/y", "10.48550/arxiv.x")),
    ]
    assert len({names_of(paper) for paper in papers}) == len(papers)
    assert names_of({}) == names_of({"paper_id": None, "doi": None}) == ()
    assert names_of({"paper_id": "a", "doi": "10.5555/x"}) == ("id:a", "doi:10.5555/x")


def test_papers_are_shown_by_the_name_that_readers_know() -> None:
    assert shown({"paper_id": "math.GT/0309136"}) == "arXiv:math.GT/0309136"
    assert shown({"paper_id": "SAMPLE-D01", "doi": "10.5555/x"}) == "SAMPLE-D01"
    assert shown({"paper_id": None, "doi": "10.5555/X"}) == "doi:10.5555/X"


def test_words_are_compared_as_written() -> None:
    assert same_words(" Cafe\u0301s\n cool. ") == same_words("Caf\u00e9s cool")
    assert same_words("A..") != same_words("A")
    assert same_words("Trees cool") != same_words("trees cool")


def test_keys_keep_their_parts_apart() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc"), ("\ud800",)]
    assert len({key(*item) for item in parts}) == len(parts)
    assert {len(key(*item)) for item in parts} == {16}


KEYS = st.one_of(st.binary(min_size=16, max_size=16), st.sampled_from([b"a" * 16, b"a" * 8 + b"b" * 8, b"b" * 16]))
ROWS = st.integers(0, 2**32 - 1)


@given(st.lists(st.tuples(KEYS, ROWS), max_size=60), st.lists(KEYS, max_size=5), st.integers(0, 60))
def test_a_multimap_gives_what_a_dict_of_lists_gives(
    entries: list[tuple[bytes, int]], asked: list[bytes], pause: int
) -> None:
    made = Multimap()
    expected = defaultdict(list)
    for index, (name, row) in enumerate(entries):
        made.add(name, row)
        expected[name].append(row)
        if index == pause:
            made.find(name, sorted)
    assert len(made) == len(entries)
    for name in [*expected, *asked]:
        rows, start, end = made.find(name, sorted)
        assert list(rows[start:end]) == sorted(expected[name])


def test_a_multimap_forgets_what_is_left_out() -> None:
    made = Multimap()
    for row in range(9):
        made.add(b"k" * 16, row)
    rows, start, end = made.find(b"k" * 16, lambda rows: sorted(rows)[:2])
    assert (list(rows[start:end]), len(made)) == ([0, 1], 2)

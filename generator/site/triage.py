"""The home page's triage table: what each record comes to, in one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from generator.manifest.contracts import table
from generator.manifest.corrections import NAME, correction_state, notice_row
from generator.manifest.store import Record
from generator.site import text
from generator.site.records import environment
from generator.site.view import SCORE_KINDS, standing

_TEMPLATE = "triage.html.j2"
PLACE = "<!-- registry:triage -->"


class Summary(NamedTuple):
    """What the home page and the sitemap keep of one record; ``passed`` says what the ``number`` of claims that passed
    are called: verified, echoed or, as its draft counts, draft. ``notice`` is the label of the gravest notice in force
    and ``treatment`` what it asks for; ``notices`` has id and last change, a day, of each event's own page."""

    short_id: str
    public_id: str
    title: str
    rule: str
    tier: str
    level: str
    level_label: str
    score: float | None
    kind: str | None
    passed: str
    number: int
    extracted: int
    date: str | None
    changed: str | None
    state: str
    notice: str | None
    treatment: str | None
    prefix: str
    notices: tuple[tuple[str, str], ...]
    sample: bool

    @property
    def removed(self) -> bool:
        """Whether only a tombstone is left."""
        return self.treatment == "remove"

    @property
    def warned(self) -> bool:
        """Whether the notice marks or removes the record."""
        return self.treatment in ("mark", "remove")


def summary_of(record: Record) -> Summary:
    """The row of one record, as its current version has it."""
    manifest, events = record.current.manifest, record.events
    notice = notice_row(events)
    lifted = {event.data["lifts"]: event.at for event in events if "lifts" in event.data}
    work, quality, stands = manifest["work"], manifest["quality_assessment"], standing(manifest)
    return Summary(
        short_id=work["short_id"],
        public_id=work["public_id"],
        title=text.one_line(work["title"]),
        rule=quality["tier"]["rule"],
        tier=quality["tier"]["label"],
        level=quality["verification"]["paper_level_key"],
        level_label=quality["verification"]["paper_level_label"],
        score=quality["review"]["score"],
        kind=quality["review"]["kind"],
        passed=stands.kind,
        number=stands.number,
        extracted=stands.extracted,
        date=work["submitted"],
        changed=max((event.at[:10] for event in events), default=work["submitted"]),
        state=correction_state(events),
        notice=notice["label"] if notice else None,
        treatment=notice["treatment"] if notice else None,
        prefix=(notice["title_prefix"] or "") if notice else "",
        notices=tuple((event.id, lifted.get(event.id, event.at)[:10]) for event in events),
        sample=work["sample"],
    )


def render(summaries: Sequence[Summary], *, script: str) -> str:
    """The counters and the table; ``script`` is the address of ``triage.js`` seen from the page.

    A removed record keeps its row, without numbers, and counts in none of them.
    """
    template = environment().get_template(_TEMPLATE)
    counted = [item for item in summaries if not item.removed]
    tiers = {item.rule: item.tier for item in sorted(counted, key=lambda item: item.rule)}
    present = {item.state for item in summaries}
    states = [row["state"] for row in reversed(table(NAME, "x-states")) if row["state"] in present]
    counts = Counter(item.rule for item in counted)
    return text.clean(
        template.render(
            rows=summaries,
            kinds=SCORE_KINDS,
            tiers=tiers,
            states=states,
            any_notice=any(item.notice for item in summaries),
            tier_counts=[(rule, label, counts[rule]) for rule, label in tiers.items()],
            corrected=_corrected(summaries),
            claims=sum(item.extracted for item in counted),
            passed={
                kind: sum(item.number for item in counted if item.passed == kind)
                for kind in ("verified", "echoed", "draft")
            },
            samples=sum(item.sample for item in summaries),
            script=script,
        )
    )


def _corrected(summaries: Sequence[Summary]) -> list[tuple[str, str, int]]:
    """Label, kind of mark and number of the records under each notice that marks or removes them, the gravest first,
    then of all others in each state but CURRENT. No record is counted twice."""
    warned = Counter(item.notice for item in summaries if item.warned)
    states = Counter(item.state for item in summaries if not item.warned)
    found = [
        (str(row["label"]), "notice", warned[row["label"]])
        for row in table(NAME, "x-notices")
        if row["label"] in warned
    ]
    return found + [
        (str(row["label"]), f"state-{row['state'].lower()}", states[row["state"]])
        for row in table(NAME, "x-states")
        if row["state"] in states and row["min_events"]
    ]


def put(page: str, summaries: Sequence[Summary]) -> str:
    """The home page with the table in the place that ``docs/index.md`` marks for it."""
    return page.replace(PLACE, render(summaries, script="assets/triage.js"))


def newest(summaries: Iterable[Summary]) -> list[Summary]:
    """Newest first, then by id: the order of the home page without JavaScript."""
    rows = sorted(summaries, key=lambda item: item.short_id)
    return sorted(rows, key=lambda item: item.date or "", reverse=True)

"""The home page's triage table: what each record comes to, in one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from generator.manifest.corrections import correction_state
from generator.site import text
from generator.site.records import environment
from generator.site.view import SCORE_KINDS, notice_of, standing

_TEMPLATE = "triage.html.j2"
PLACE = "<!-- registry:triage -->"


class Summary(NamedTuple):
    """What the home page and the sitemap keep of one record; ``passed`` says what the ``number`` of claims that passed
    are called: verified, echoed or, as its draft counts, draft."""

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
    sample: bool


def summary_of(manifest: dict[str, Any], events: list[dict[str, Any]]) -> Summary:
    """The row of one record."""
    notice = notice_of(events)
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
        changed=max((event["corrected_at"][:10] for event in events), default=work["submitted"]),
        state=correction_state(events),
        notice=notice["label"] if notice else None,
        sample=work["sample"],
    )


def render(summaries: Sequence[Summary], *, script: str) -> str:
    """The counters and the table; ``script`` is the address of ``triage.js`` seen from the page."""
    template = environment().get_template(_TEMPLATE)
    tiers = {item.rule: item.tier for item in sorted(summaries, key=lambda item: item.rule)}
    states = [state for state in ("CURRENT", "CORRECTED", "SUPERSEDED") if any(s.state == state for s in summaries)]
    counts = Counter(item.rule for item in summaries)
    return text.clean(
        template.render(
            rows=summaries,
            kinds=SCORE_KINDS,
            tiers=tiers,
            states=states,
            tier_counts=[(rule, label, counts[rule]) for rule, label in tiers.items()],
            claims=sum(item.extracted for item in summaries),
            passed={
                kind: sum(item.number for item in summaries if item.passed == kind)
                for kind in ("verified", "echoed", "draft")
            },
            samples=sum(item.sample for item in summaries),
            script=script,
        )
    )


def put(page: str, summaries: Sequence[Summary]) -> str:
    """The home page with the table in the place that ``docs/index.md`` marks for it."""
    return page.replace(PLACE, render(summaries, script="assets/triage.js"))

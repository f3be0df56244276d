"""Correction events beside a manifest, and the current view that they add up to.

An event is a YAML file ``corrections/<date>-<slug>.yml`` in the record's folder. Events only add: none changes the
manifest's file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from generator.manifest import contracts
from generator.manifest.problems import Problem, Problems, shown
from generator.manifest.strict import load_yaml

NAME = "correction-record"


def load_events(folder: Path) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The valid events of a record's folder in order of date and id, and the problems of the others."""
    events: list[dict[str, Any]] = []
    problems: list[Problem] = []
    where = folder / "corrections"
    if not where.is_dir():
        return events, problems
    seen: dict[str, Path] = {}
    for path in sorted(where.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix != ".yml" or not path.is_file():
            problems.append(
                Problem(
                    str(path),
                    "",
                    "REG060",
                    path.name,
                    "only .yml files",
                    "Name the event <date>-<slug>.yml, or remove it.",
                )
            )
            continue
        try:
            event = load_yaml(path)
        except Problems as refused:
            problems.extend(refused.problems)
            continue
        wrong = contracts.validate(event, NAME, file=str(path), definition="event")
        if wrong:
            problems.extend(wrong)
            continue
        if event["event_id"] in seen:
            problems.append(
                Problem(
                    str(path),
                    "/event_id",
                    "REG061",
                    shown(event["event_id"]),
                    f"an id that {seen[event['event_id']].name} does not have",
                    "Give each event its own id.",
                )
            )
            continue
        seen[event["event_id"]] = path
        events.append(event)
    events.sort(key=lambda event: (event["corrected_at"], event["event_id"]))
    return events, problems


def correction_state(events: list[dict[str, Any]]) -> str:
    """The first row of ``x-states`` that applies: enough events, and one of its notices where it names any."""
    notices = {event.get("notice") for event in events}
    for row in contracts.table(NAME, "x-states"):
        if len(events) >= row["min_events"] and (row["notices"] is None or notices & set(row["notices"])):
            return str(row["state"])
    raise AssertionError("the last row of x-states must always apply")


def notice(events: list[dict[str, Any]]) -> str | None:
    """The gravest notice among the events, in the order of ``x-notices``; ``None`` without one."""
    present = {event.get("notice") for event in events}
    return next((row["notice"] for row in contracts.table(NAME, "x-notices") if row["notice"] in present), None)


def correction_record(manifest: dict[str, Any], events: list[dict[str, Any]], site_url: str) -> dict[str, Any]:
    """The ``correction-record-v1`` object that is published beside the page; ``site_url`` ends in a slash."""
    texts = contracts.table(NAME, "x-texts")
    work = manifest["work"]
    home = f"{site_url}paper/{work['short_id']}/"
    return {
        **contracts.envelope(NAME),
        "contract_updated": contracts.schema(NAME)["x-introduced"],
        "generated_from": texts["generated_from"],
        "publisher": manifest["publisher"],
        "work": {key: work[key] for key in ("id", "short_id", "public_id", "title", "version")},
        "manifest": {
            "schema": manifest["schema"],
            "contract_version": manifest["contract_version"],
            "contract_updated": contracts.schema("paper-manifest")["x-introduced"],
            "current_manifest_url": home + "manifest.json",
            "correction_record_url": home + "corrections.json",
        },
        "correction_state": correction_state(events),
        "notice": notice(events),
        "correction_count": len(events),
        "last_corrected_at": events[-1]["corrected_at"] if events else None,
        "correction_events": events,
        "known_superseded_manifest_urls": [],
        "policy": {
            "corrections_are_additive": True,
            "no_silent_public_rewrites": True,
            "private_operational_logs_public": False,
            "basis": texts["policy_basis"],
        },
        "interpretation": texts["interpretation"],
        "limitations": texts["limitations"],
    }

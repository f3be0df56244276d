"""A small registry with corrections, and the files that a site publishes of one, for the tests of the log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from generator.manifest.corrections import correction_record
from generator.manifest.log.published import LogView
from generator.manifest.store import Store

MANIFESTS = Path(__file__).resolve().parents[3] / "manifests"
RECORDS = ("030CEF82", "32FAE0B9", "AB5F292B", "E3495244")


def registry(root: Path, records: tuple[str, ...] = RECORDS) -> Path:
    """Copies of published manifests, without the files beside them."""
    for short in records:
        folder = root / short[:2] / short
        folder.mkdir(parents=True)
        shutil.copy(MANIFESTS / short[:2] / short / "manifest.json", folder)
    return root


def correct(root: Path, short: str, event_id: str, *, title: str | None = None, **more: Any) -> Path:
    """Write an event, which changes the record's title as it is then to ``title``."""
    folder = root / short[:2] / short
    event: dict[str, Any] = {
        "schema": "https://assignee.net/schemas/correction-event/1.0.0.json",
        "event_id": event_id,
        "record": f"SRCH:{short}",
        "corrected_at": f"{event_id[:10]}T09:00:00Z",
        "correction_type": "METADATA",
        "issued_by": "A. Reader",
        "reason": "The title named the wrong thing.",
        "public_note": "The title was corrected.",
        **more,
    }
    if title is not None:
        before = next(record for record in Store(root).records() if record.short_id == short).current
        old = before.manifest["work"]["title"]
        event["changes"] = [{"op": "replace", "path": "/work/title", "before": old, "value": title}]
    path = folder / "corrections" / f"{event_id}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(event, sort_keys=False), encoding="utf-8")
    return path


def publish(root: Path, site: Path) -> Path:
    """The files that a site has of each record and of the log, at their public addresses."""
    log = LogView(root)
    for name, data in log.files():
        write(site / "log" / name, data)
    for record in Store(root).records():
        home = site / "paper" / record.short_id
        place = f"{record.short_id[:2]}/{record.short_id}"
        write(home / "corrections.json", json.dumps(correction_record(record, "https://example.org/")).encode())
        files = {"manifest.json": (f"{place}/v{record.current.number}/manifest.json", record.current.data)}
        if not record.events:
            files = {"manifest.json": (f"{place}/manifest.json", record.data)}
        else:
            for version in record.versions:
                leaf = f"{place}/manifest.json" if version.number == 1 else f"{place}/v{version.number}/manifest.json"
                files[f"v{version.number}/manifest.json"] = (leaf, version.data)
            for event in record.events:
                name = f"corrections/{event.file}"
                files[name] = (f"{place}/{name}", event.path.read_bytes())
        for name, (leaf, data) in files.items():
            write(home / name, data)
            proof = log.proof(leaf)
            if proof is not None:
                write(home / f"{name}.tlog-proof", proof)
    return site


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

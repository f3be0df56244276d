"""Bring the valid examples of runs and manifests up to date with the verifier card that they name, and with the rules.

Run it from the repository's root after a card that an example names was measured again (before it is published), or
after a rule has changed, and review the diff; then make the invalid examples anew:

    python -m tests.tools.make_valid_examples

Written anew are only the parts that are computed: the card's hash, ids, what ``derive`` makes of the facts, and the
correction records, which are those of the imported manifest with the events of ``correction-event-v1``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from generator.manifest import cards, runs
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.corrections import correction_record
from generator.manifest.derive import derived, put
from generator.manifest.identity import run_id
from generator.manifest.rules import check_manifest
from generator.manifest.store import load_record

EXAMPLES = Path("schemas/examples")


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def bring_up_to_date(run: dict[str, Any], manifest: dict[str, Any]) -> None:
    """Change both in place: the manifest is that of the run."""
    verifier = run["rules"]["verifier"]
    run["rules"] = cards.rules_for(verifier["method"], verifier["version"])
    manifest["quality_assessment"]["rules"] = run["rules"]
    manifest["claims"]["records"] = run["claims"]
    work = manifest["work"]
    work["id"] = run_id(run)
    if work["id_basis"] == "derived":
        work["short_id"] = work["id"][:8].upper()
        work["public_id"] = f"SRCH:{work['short_id']}"
    data = stored_bytes(run)
    for item in manifest["artifacts"]:
        if item["type"] == "run":
            item.update(size=len(data), sha256=sha256_bytes(data))
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)


# correction record -> the events, in their order, that give it
CORRECTED = {
    "current": (),
    "corrected": ("correction", "concern"),
    "lifted": ("correction", "concern", "lifted"),
    "superseded": ("superseded",),
    "removed": ("correction", "removed"),
}


def corrected(names: tuple[str, ...]) -> dict[str, Any]:
    """The correction record of the imported manifest with these events beside it."""
    data = (EXAMPLES / "paper-manifest-v1.1/valid/imported.json").read_bytes()
    short = json.loads(data)["work"]["short_id"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / short[:2] / short
        (folder / "corrections").mkdir(parents=True)
        (folder / "manifest.json").write_bytes(data)
        for name in names:
            event = load(EXAMPLES / "correction-event-v1" / "valid" / f"{name}.json")
            (folder / "corrections" / f"{event['event_id']}.yml").write_text(yaml.safe_dump(event), encoding="utf-8")
        return correction_record(load_record(folder / "manifest.json"), "https://assignee.net/")


def main() -> int:
    failed = 0
    for name, events in CORRECTED.items():
        record = EXAMPLES / "correction-record-v1" / "valid" / f"{name}.json"
        record.write_bytes(stored_bytes(corrected(events)))
        print(f"{name}: {len(events)} events")
    for run_file in sorted(EXAMPLES.glob("synthesis-run-v1/valid/*.json")):
        manifest_file = EXAMPLES / "paper-manifest-v1.1" / "valid" / run_file.name
        run, manifest = load(run_file), load(manifest_file)
        bring_up_to_date(run, manifest)
        found = [*runs.check_run(run, file=str(run_file)), *check_manifest(manifest, file=str(manifest_file))]
        for problem in found:
            print(problem.text(), file=sys.stderr)
        failed += bool(found)
        run_file.write_bytes(stored_bytes(run))
        manifest_file.write_bytes(stored_bytes(manifest))
        print(f"{run_file.name}: {manifest['work']['public_id']}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

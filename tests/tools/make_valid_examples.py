"""Bring the valid examples of runs and manifests up to date with the verifier card that they name, and with the rules.

Run it from the repository's root after a card that an example names was measured again (before it is published), or
after a rule has changed, and review the diff; then make the invalid examples anew:

    python -m tests.tools.make_valid_examples

Written anew are only the parts that are computed: the card's hash, ids, and what ``derive`` makes of the facts.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from generator.manifest import cards, runs
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.derive import derived, put
from generator.manifest.identity import run_id
from generator.manifest.rules import check_manifest

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


def main() -> int:
    failed = 0
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

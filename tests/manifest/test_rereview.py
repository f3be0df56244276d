"""Re-review: why a record is due, and what another verifier says of its claims, without a byte being written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import cards, rereview
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import Problems, UsageError
from generator.manifest.rereview import due
from generator.manifest.strict import load_json

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted(
    path for path in ROOT.glob("manifests/*/*/manifest.json") if "rules" not in load_json(path)["quality_assessment"]
)
"""The records that were published before rules had a version."""


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def as_before(claims: list[dict[str, Any]], sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    assert all(source["text"]["content"] for source in sources)
    return [dict(claim) for claim in claims]


def test_the_kernel_is_not_known_here() -> None:
    for path in (ROOT / "generator" / "manifest").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import generator.kernel" not in text, path
        assert "from generator.kernel" not in text, path


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_records_of_the_first_rules_are_due(path: Path) -> None:
    manifest = load_json(path)
    assert due(manifest) == "Made by rules 1.0, which let every method's verdict count as verified."
    manifest["provenance"]["kernel"]["mode"] = "imported"
    assert due(manifest) is None


def test_a_record_is_due_once_its_method_has_a_newer_card(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = made.manifest()
    monkeypatch.setattr(cards, "newest_version", lambda method: {"same-words-v1": "1.0.10"}.get(method))
    assert due(manifest) is None
    monkeypatch.setattr(cards, "default_method", lambda: "same-words-v1")
    assert due(manifest) == "Verified by same-words-v1 1.0.0; same-words-v1 1.0.10 has been measured since."
    monkeypatch.setattr(cards, "newest_version", lambda _: "1.0.0")
    assert due(manifest) is None
    monkeypatch.setattr(cards, "newest_version", lambda _: None)
    assert due(manifest) is None
    manifest["quality_assessment"]["rules"]["verifier"]["version"] = "odd"
    monkeypatch.setattr(cards, "newest_version", lambda _: "1.0.0")
    assert due(manifest) is not None


def test_each_claim_is_held_against_the_sources_again(made: Any, registry: Path) -> None:
    before = contents(registry)

    def denied(claims: list[dict[str, Any]], sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        new = {"verified": False, "method": "x", "reasons": ["S1: No."]}
        return [{**claim, "verification": new if claim["id"] == "C2" else claim["verification"]} for claim in claims]

    found = rereview.rereview(registry, denied)
    run = made.run.run
    assert found.public_id == made.manifest()["work"]["public_id"]
    assert found.due is None
    assert [(item.id, item.text, item.old) for item in found.claims] == [
        (claim["id"], claim["text"], claim["verification"]) for claim in run["claims"]
    ]
    assert [item.id for item in found.claims if item.changed] == ["C2"]
    assert found.claims[1].reasons == ["S1: No."]
    assert found.claims[0].reasons == run["claims"][0]["verification"]["reasons"]
    assert rereview.rereview(registry / "manifest.json", denied) == found
    assert contents(registry) == before


def test_a_published_record_of_the_first_rules_can_be_seen_again(same_words: Any) -> None:
    from generator.kernel.verification.several import verify_claims

    found = rereview.rereview(PUBLISHED[0].parent, lambda claims, sources: verify_claims(claims, sources, same_words))
    assert found.due is not None
    assert {item.old["method"] for item in found.claims} == {"tfidf-bigram-v1"}
    assert {item.new["method"] for item in found.claims} == {"same-words-v1"}
    assert all(item.new["agreement"] == "single-source" for item in found.claims)
    assert not any(item.changed for item in found.claims)


def test_without_record_or_run_there_is_nothing_to_see_again(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        rereview.rereview(tmp_path / "nothing", as_before)
    assert str(refused.value) == f"{tmp_path / 'nothing'}: no manifest.json in it"
    (registry / "run.json").unlink()
    with pytest.raises(UsageError) as refused:
        rereview.rereview(registry, as_before)
    assert str(refused.value) == f"{registry}: no public run.json; its claims cannot be verified again"


def test_a_run_of_another_record_is_refused(registry: Path) -> None:
    run = load_json(registry / "run.json")
    run["origin"]["seed"] = 99
    (registry / "run.json").write_bytes(stored_bytes(run))
    with pytest.raises(UsageError) as refused:
        rereview.rereview(registry, as_before)
    expected = f"{registry / 'run.json'}: not the run of the record beside it (see 'srch check {registry}')"
    assert str(refused.value) == expected


@pytest.mark.parametrize("name", ["manifest.json", "run.json"])
def test_a_record_that_is_not_sound_is_refused(registry: Path, tmp_path: Path, name: str) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(registry, copied)
    value = load_json(copied / name)
    value["unexpected"] = 1
    (copied / name).write_bytes(stored_bytes(value))
    with pytest.raises(Problems) as refused:
        rereview.rereview(copied, as_before)
    assert [(item.file, item.code) for item in refused.value.problems] == [(str(copied / name), "REG010")]

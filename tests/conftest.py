"""How properties are tried: the same examples every time by default, many new ones with ``--hypothesis-profile=deep``.
No property has a deadline: a slow machine must not fail a test.

And a small verifier, with a card that meets the bar, for tests of what is done with verdicts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from generator.kernel.verification.verdict import Passage, Verdict, evidence_at
from generator.manifest import cards, contracts
from generator.manifest.canonical import stored_bytes

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


class SameWords:
    """SUPPORT where a sentence is the claim, REFUTE where it is the claim after "It is not so that", else NEI."""

    method, version = "same-words-v1", "1.0.0"

    def verify(self, claim: str, passage: Passage) -> Verdict:
        said = [" ".join(sentence.split()) for sentence in passage.sentences]
        wanted = " ".join(claim.split())
        denied = f"It is not so that {wanted[:1].lower()}{wanted[1:]}"
        for label, words, sure, p_support in (("SUPPORT", wanted, 0.97, 0.97), ("REFUTE", denied, 0.95, 0.01)):
            if words in said:
                reason = f"The source says “{words[:40]}”."
                found = evidence_at(passage, [said.index(words)])
                return Verdict(label, sure, p_support, found, (reason,), self.method, self.version)  # type: ignore[arg-type]
        return Verdict("NEI", 0.9, 0.04, (), ("No sentence is the claim or its denial.",), self.method, self.version)

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        return (self.verify(claim, passage) for claim, passage in pairs)


@pytest.fixture(scope="session")
def same_words() -> SameWords:
    return SameWords()


@pytest.fixture(scope="session")
def cards_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published cards, and one of ``SameWords`` with figures that meet the bar."""
    root = tmp_path_factory.mktemp("schemas") / "cards"
    shutil.copytree(cards.folder(), root)
    example = contracts.folder() / "examples" / "verifier-card-v1" / "valid" / "meets-bar.json"
    card = json.loads(example.read_text(encoding="utf-8"))
    card.update(method=SameWords.method, version=SameWords.version)
    (root / SameWords.method).mkdir()
    (root / SameWords.method / f"{SameWords.version}.json").write_bytes(stored_bytes(card))
    return root


@pytest.fixture
def measured(cards_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of cards as the code sees it in this test."""
    monkeypatch.setattr(cards, "folder", lambda: cards_folder)
    return cards_folder

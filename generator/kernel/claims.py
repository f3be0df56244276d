"""Claims: whole sentences of the texts read that bear on the question, with the place where they stand."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kernel import planted
from generator.kernel.labels import extractive
from generator.kernel.reading.attribution import is_own
from generator.kernel.text import stems
from generator.manifest.claims import locator
from generator.manifest.semantic.words import stem

METHOD = "question-sentences-v1"
LONGEST = 4000  # characters of a claim, as the contract has it

# A sentence that says what a paper is about to do, what others say, or where its code lies, is no finding.
_NO_FINDING = re.compile(
    r"^(?:in|with) this (?:paper|work|study|article|survey|note)\b"
    r"|^(?:this|the present|our) (?:paper|work|article|survey|study|note) (?:presents?|proposes?|introduces?|reviews?|"
    r"surveys?|describes?|studies|asks|aims|examines|investigates|considers|addresses)\b"
    r"|^(?:to|in order to) (?:address|test|study|answer|investigate|examine)\b"
    r"|^(?:several|many|some|most|recent|previous|prior|earlier) (?:\w+ )?(?:reports|studies|works?|papers|authors)\b"
    r"|^it (?:is|has been) (?:often |widely |commonly )?(?:said|claimed|assumed|believed|argued|known)\b"
    r"|\b(?:is|are) (?:\w+ )?(?:said|thought|believed|known|assumed) to\b"
    r"|\b(?:code|data|materials)\b.{0,40}\b(?:available|released)\b"
    r"|\?$",
    re.IGNORECASE,
)
# "We train ..." and "models were trained" tell a method, unless the sentence goes on to what came out.
_WE = re.compile(r"^(?:[^,;]{1,80},\s+)?(?:\w+ )?we\b", re.IGNORECASE)
_WE_FOUND = re.compile(
    r"\bwe (?:\w+ )?(?:find|found|show|observ|conclud|demonstrat|obtain|achiev|detect|confirm|attribut|advis|recommend|"
    r"prove|reveal|see|saw|suspect|suggest|caution)\w*\b|\band (?:find|found|show|observe|report)\w*\b",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"\b(?:was|were) (?:trained|recorded|drawn|randomi[sz]ed|recruited|controlled|labelled|collected|sampled|set|"
    r"tested|simulated|assigned|asked|evaluated|measured|aged|followed)\b|\brandomi[sz]ed \d"
    r"|^in an? (?:[\w-]+ )?(?:study|trial|experiment|survey)\b",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"\b(?:find|finds|found|show|shows|showed|shown|observe[ds]?|report(?:s|ed)?|results?|outperform\w*|improv\w+|"
    r"reduc\w+|increas\w+|decreas\w+|lower\w*|rais\w+|higher|better|worse|fewer|less|more|faster|slower|compared with|"
    r"no (?:difference|effect|benefit|evidence|gain|improvement)|did not|do not|does not|significant\w*|remain\w*|"
    r"associated|correlat\w+|limit\w*|fail\w*|suggest\w*|predict\w*|reached|only)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ClaimSettings:
    """``min_coverage`` is the share, by inverse document frequency, of the question's terms that a sentence holds;
    ``min_shared`` the least number of them in the sentence and its paper's title together, one at least in the sentence
    itself. A question of more than ``most_terms`` terms is weighed as if it had that many, because no sentence
    covers it all. The last two are caps per paper and per run."""

    min_coverage: float = 0.22
    min_shared: int = 2
    most_terms: int = 8
    per_paper: int = 3
    most: int = 12


def extract_claims(
    question: str, sources: Sequence[dict[str, Any]], settings: ClaimSettings
) -> list[dict[str, Any]]:
    """Claim records in the order of their sources; each claim's text is its quote, never cut, never twice.

    ``sources`` are run sources with text. A sentence is tied to the question by the terms it holds itself; terms that
    only the paper's title holds count half, because abstracts name their subject once and then say "it". Sentences that
    address their reader are passed over.
    """
    wanted = question_terms(question)
    if not wanted:
        return []
    spans = [(source, planted.telling(source)) for source in sources if source["text"]]
    weights = term_weights(wanted, spans)
    total = sum(weights.values()) * min(1.0, settings.most_terms / len(wanted))
    chosen: list[tuple[int, float, int, int, dict[str, Any], tuple[int, int]]] = []
    seen: set[str] = set()
    for order, (source, places) in enumerate(spans):
        text = source["text"]["content"]
        in_title = set(stems(source["title"] or "")) & wanted
        candidates = []
        for start, end in places:
            sentence = text[start:end]
            own = set(stems(sentence)) & wanted
            coverage = sum(weights[item] for item in own) + sum(weights[item] for item in in_title - own) / 2
            share = min(coverage / total, 1.0)
            tied = len(own | in_title) >= min(settings.min_shared, len(wanted)) and bool(own)
            opening = start == places[0][0] and opens_abstract(source["text"], places)
            passage = passage_at(source["text"], start, end)
            if (
                tied
                and share >= settings.min_coverage
                and is_finding(sentence, opening=opening)
                and (passage is None or is_own(sentence, passage["name"]))
            ):
                candidates.append((round(share, 4), start, end))
        candidates.sort(key=lambda item: (-item[0], item[1]))
        for rank, (share, start, end) in enumerate(candidates[: settings.per_paper]):
            key = " ".join(stems(text[start:end]))
            if key not in seen:
                seen.add(key)
                chosen.append((rank, share, order, start, source, (start, end)))
    # every paper's best sentence before any paper's second: what one paper says at length must not hide an objection
    chosen.sort(key=lambda item: (item[0], -item[1], item[2], item[3]))
    kept = sorted(chosen[: settings.most], key=lambda item: (item[2], item[3]))
    return [
        claim_record(number, source, span, share, settings)
        for number, (_, share, _, _, source, span) in enumerate(kept, start=1)
    ]


def question_terms(question: str) -> set[str]:
    """Stems of the question's content words; a compound counts by its parts, so that it does not weigh three times."""
    found = set(stems(question))
    return {item for item in found if "-" not in item or not {stem(part) for part in item.split("-")} & found}


def _section(text: Mapping[str, Any], start: int, end: int) -> Mapping[str, Any] | None:
    """The part of a source's text that holds a span; ``None`` where the text is one part."""
    return next((part for part in text.get("sections", ()) if part["start"] <= start and end <= part["end"]), None)


def passage_at(text: Mapping[str, Any], start: int, end: int) -> Mapping[str, Any] | None:
    """The passage of the full text that holds a span; ``None`` in an abstract."""
    part = _section(text, start, end)
    return part if part and part["at"] is not None else None


def opens_abstract(text: Mapping[str, Any], places: Sequence[tuple[int, int]]) -> bool:
    """Whether the text's first sentence opens an abstract of more than two; one of a passage is no background."""
    abstract = [place for place in places if passage_at(text, *place) is None]
    return len(abstract) > 2 and abstract[0] == places[0]


def is_finding(sentence: str, *, opening: bool) -> bool:
    """Whether a sentence tells a result: an outcome or a number, and neither plan, setting nor method. A first sentence
    is background unless it holds a number."""
    if len(sentence) > LONGEST or _NO_FINDING.search(sentence):
        return False
    if _WE.search(sentence) and not _WE_FOUND.search(sentence):
        return False
    number, outcome = bool(re.search(r"\d", sentence)), bool(_OUTCOME.search(sentence))
    if opening and not number:
        return False
    return outcome or (number and not _SETTING.search(sentence))


def claim_record(
    number: int, source: dict[str, Any], span: tuple[int, int], share: float, settings: ClaimSettings
) -> dict[str, Any]:
    """The claim that stands at ``span`` of a source's text, not yet verified; ``share`` is its relevance 0..1."""
    text = source["text"]
    part = _section(text, *span)
    where = locator(part["name"] if part else text["section"], text["content"], *span)
    return {
        "id": f"C{number}",
        "text": where["quote"],
        "truncated_at_source": False,
        "grounding": {"state": "located", "source_id": source["id"], "locator": where},
        "relevance": share,
        "theme": None,
        "verification": {
            "verified": None,
            "confidence": None,
            "threshold": None,
            "method": None,
            "supporting_source_ids": [],
        },
        "produced_by": extractive(
            METHOD,
            min_coverage=settings.min_coverage,
            min_shared=settings.min_shared,
            most_terms=settings.most_terms,
        ),
    }


def term_weights(
    wanted: set[str], spans: Sequence[tuple[dict[str, Any], Sequence[tuple[int, int]]]]
) -> dict[str, float]:
    """Smoothed inverse document frequency of each question term over the sentences at hand."""
    counts: Counter[str] = Counter()
    number = 0
    for source, places in spans:
        for start, end in places:
            number += 1
            counts.update(set(stems(source["text"]["content"][start:end])) & wanted)
    weights = {term: math.log((1 + number) / (1 + counts[term])) + 1.0 for term in wanted if counts[term]}
    # A term that no retrieved sentence holds weighs as much as the others do on average: it must lower a claim's share,
    # but a question's plain verb must not drown its subject. What is taken up by no claim is named in the record.
    average = sum(weights.values()) / len(weights) if weights else 1.0
    return {term: weights.get(term, average) for term in wanted}

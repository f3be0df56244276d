"""The tribunal without a model: three blind rubric checks in parallel, a consensus, at most one revision round.

Each check sees a frozen copy of the draft and none of the others' scores. Points, roles and limits stand in
``schemas/synthesis-run-v1.json`` (``x-rubric``, ``x-tribunal``). These are checks by rule; no page calls them
reviewers.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from generator.kernel.labels import extractive
from generator.kernel.synthesis import as_quoted, outside_quotes, quotations, unanswered_terms
from generator.kernel.text import content_words, longest_shared_run, words
from generator.manifest.claims import Counts, bar_of, count, passed
from generator.manifest.contracts import table

METHOD = "rubric-checks-v1"
LONGEST_RUN = 11

Found = tuple[float, str]


@dataclass(frozen=True)
class Draft:
    """What a check may look at: the question and the stages' results, in the shapes of the run record."""

    question: str
    sources: list[dict[str, Any]]
    excluded: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    disagreements: list[dict[str, Any]]
    abstract: dict[str, Any]
    uncertainties: list[dict[str, Any]]
    rules: dict[str, Any]

    @property
    def counts(self) -> Counts:
        """Counters over the claims by the rules of the run."""
        return count(self.claims, bar=bar_of({"rules": self.rules}, "executed"))


def review(draft: Draft) -> tuple[list[dict[str, Any]], float]:
    """(the three checks, their consensus 0..10 with one decimal): the mean of the three scores, capped."""
    rubric = table("synthesis-run", "x-rubric")
    rules = table("synthesis-run", "x-tribunal")
    with ThreadPoolExecutor(max_workers=len(rules["roles"])) as pool:
        pending = [pool.submit(_check, role, rubric[role], copy.deepcopy(draft)) for role in rules["roles"]]
        checks = [item.result() for item in pending]
    return checks, capped(draft, sum(check["score"] for check in checks) / len(checks))


def capped(draft: Draft, score: float) -> float:
    """The consensus of a review, with one decimal, and a low one whoever reviewed where there is nothing to compare (no
    claim, or claims of one source only) or where the claims take up too few of the question's terms: a tidy record of
    nothing, or of something else, must not pass."""
    rules = table("synthesis-run", "x-tribunal")
    papers = {claim["grounding"]["source_id"] for claim in draft.claims}
    if len(papers) < 2 or _taken_up(draft)[0] < rules["min_terms_taken_up"]:
        score = min(score, float(rules["weak_base_max_score"]))
    return round(score, 1)


def produced_by() -> dict[str, Any]:
    """The label of the review."""
    return extractive(METHOD, longest_run=LONGEST_RUN)


def _check(role: str, rubric: dict[str, Any], draft: Draft) -> dict[str, Any]:
    items = []
    for row in rubric["items"]:
        share, finding = _ITEMS[row["id"]](draft) if draft.claims else (0.0, "There is no claim to look at.")
        points = round(row["of"] * min(max(share, 0.0), 1.0), 2)
        items.append({"id": row["id"], "label": row["label"], "points": points, "of": row["of"], "finding": finding})
    total = sum(row["of"] for row in rubric["items"])
    score = round(10 * sum(item["points"] for item in items) / total, 1)
    return {"role": role, "label": rubric["label"], "score": score, "items": items}


def _located(draft: Draft) -> Found:
    texts = {source["id"]: source["text"]["content"] for source in draft.sources if source["text"]}
    good = 0
    for claim in draft.claims:
        where, content = claim["grounding"]["locator"], texts.get(claim["grounding"]["source_id"], "")
        good += bool(where) and content[where["start"] : where["end"]] == claim["text"]
    return good / len(draft.claims), f"{good} of {len(draft.claims)} claims stand at their place in a source."


def _passed(draft: Draft) -> Found:
    number = passed(draft.claims)
    return number / len(draft.claims), f"{number} of {len(draft.claims)} claims passed."


def _taken_up(draft: Draft) -> Found:
    asked = content_words(draft.question)
    missing = unanswered_terms(draft.question, draft.claims)
    share = 1 - len(missing) / len(asked) if asked else 0.0
    return share, f"Not taken up: {', '.join(missing)}." if missing else "Every term of the question is taken up."


def _named(draft: Draft) -> Found:
    if not draft.disagreements:
        return 1.0, "By their direction words no pair of claims disagrees."
    told = [item for item in draft.uncertainties if all(name in item["text"] for name in ("may contradict",))]
    share = min(len(told) / len(draft.disagreements), 1.0)
    return share, f"{len(draft.disagreements)} possible disagreements, {len(told)} of them named."


def _meaning(draft: Draft) -> Found:
    """A method earns points here only when its measured figures meet the bar."""
    good = draft.counts.verified
    return good / len(draft.claims), f"{good} of {len(draft.claims)} claims were confirmed by such a method."


def _corroborated(draft: Draft) -> Found:
    number = draft.counts.corroborated
    return number / len(draft.claims), f"{number} of {len(draft.claims)} claims are corroborated."


def _read_further(draft: Draft) -> Found:
    further = sum(bool(source["text"]) and source["text"]["section"] != "abstract" for source in draft.sources)
    number = len(draft.sources)
    return further / max(number, 1), f"{further} of {number} sources were read beyond the abstract."


def _papers(draft: Draft) -> Found:
    papers = {claim["grounding"]["source_id"] for claim in draft.claims}
    return len(papers) / 6, f"{len(papers)} papers carry a claim; six give full points."


def _balance(draft: Draft) -> Found:
    counts = Counter(claim["grounding"]["source_id"] for claim in draft.claims)
    most = counts.most_common(1)[0][1] / len(draft.claims)
    return (1.0 if most <= 0.5 else 2 * (1 - most)), f"The most cited paper carries {most:.0%} of the claims."


def _enough(draft: Draft) -> Found:
    wanted = int(table("synthesis-run", "x-tribunal")["approve_min_verified_claims"])
    verified = draft.counts.verified
    return verified / wanted, f"{verified} verified claims; policy asks for {wanted}."


def _clean(draft: Draft) -> Found:
    withdrawn = [source["id"] for source in draft.sources if source["status"] == "withdrawn"]
    aside = sum(item["reason_code"] != "BELOW_RELEVANCE" for item in draft.excluded)
    return (0.0 if withdrawn else 1.0), f"{aside} withdrawn papers, older versions and copies set aside."


def _spoken_of(draft: Draft) -> Found:
    by_id = {claim["id"]: claim["grounding"]["source_id"] for claim in draft.claims}
    papers = {by_id[name] for name in draft.abstract["claim_ids"]}
    return len(papers) / 4, f"The abstract quotes {len(papers)} papers; four give full points."


def _word_for_word(draft: Draft) -> Found:
    known = {as_quoted(claim["text"]) for claim in draft.claims}
    quoted = quotations(draft.abstract["text"])
    good = sum(item in known for item in quoted)
    # a text by rule quotes what it tells; one that a model wrote cites its claims and may quote none
    by_model = draft.abstract.get("produced_by", {}).get("mode") == "model"
    share = good / len(quoted) if quoted else float(by_model)
    return share, f"{good} of {len(quoted)} quotations are claims, word for word."


def _own_words(draft: Draft) -> Found:
    """No run of twelve words of any source outside quotation marks: an abstract is not to be taken over."""
    own = outside_quotes(draft.abstract["text"])
    longest = 0
    for source in draft.sources:
        if source["text"]:
            text = words(source["text"]["content"])
            longest = max([longest, *(longest_shared_run(part, text) for part in own)])
    return (1.0 if longest <= LONGEST_RUN else 0.0), f"The longest shared run outside quotations is {longest} words."


def _compared(draft: Draft) -> Found:
    papers: dict[str, set[str]] = {}
    for claim in draft.claims:
        papers.setdefault(claim["theme"], set()).add(claim["grounding"]["source_id"])
    beside = sum(len(papers[claim["theme"]]) >= 2 for claim in draft.claims)
    return beside / len(draft.claims), f"{beside} of {len(draft.claims)} claims stand beside claims of other papers."


def _uncertain(draft: Draft) -> Found:
    method = sum(item["kind"] == "method" for item in draft.uncertainties)
    finding = sum(item["kind"] == "finding" for item in draft.uncertainties)
    share = 0.5 * (method > 0) + 0.5 * (finding > 0)
    return share, f"{method} uncertainties about the method and {finding} about the findings are stated."


_ITEMS: dict[str, Callable[[Draft], Found]] = {
    "SK1": _located,
    "SK2": _passed,
    "SK3": _taken_up,
    "SK4": _named,
    "SK5": _meaning,
    "VA1": _papers,
    "VA2": _balance,
    "VA3": _enough,
    "VA4": _clean,
    "VA5": _corroborated,
    "VA6": _read_further,
    "SY1": _spoken_of,
    "SY2": _word_for_word,
    "SY3": _own_words,
    "SY4": _uncertain,
    "SY5": _compared,
}

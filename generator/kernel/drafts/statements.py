"""What Introduction, Methodology and Results of a draft state, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.kernel.drafts.layout import DraftText, Reader, Section, check_limit
from generator.kernel.drafts.wording import as_said, ends_open, produced_by, split_sentences
from generator.manifest.problems import shown

VERDICTS = ("APPROVE", "REVISE", "REJECT")
OUTCOMES = ("AUTO_APPROVE", "ESCALATE_TO_OWNER")
_COUNT = r"(?P<n>\d{1,3}(?:,\d{3})+|\d+)"
_STATEMENTS = {
    "papers_retrieved": re.compile(rf"\b{_COUNT}\s+papers?\s+(?:were\s+|was\s+)?retrieved\b", re.I | re.ASCII),
    "claims_extracted": re.compile(rf"\b{_COUNT}\s+claims?\s+(?:were\s+|was\s+)?extracted\b", re.I | re.ASCII),
    "claims_verified": re.compile(rf"\b{_COUNT}\s+(?:claims?\s+)?(?:were\s+|was\s+)?verified\b", re.I | re.ASCII),
}
_TRIBUNAL = re.compile(r"\bTribunal\s*:\s*(?P<body>(?:(?!\bPolicy\s*:|\n\s*\n).)*)", re.IGNORECASE | re.DOTALL)
_POLICY = re.compile(r"\bPolicy\s*:\s*(?P<outcome>[^\s.]*)\.?", re.IGNORECASE)
_SCORED = re.compile(
    r"(?:(?P<score>\d+(?:\.\d+)?)\s*/\s*10(?:\.0+)?(?![\d.]*\d))?"
    r"(?:\s*(?:→|⟶|⇒|->|-->|=>)?\s*\b(?P<verdict>[A-Za-z_]+)\b)?"
    r"(?:\s*\(\s*revision[_ ]rounds?\s*[=:]\s*(?P<round>\d+)\s*\))?",
    re.ASCII,
)


def line_of(draft: DraftText, name: str) -> int:
    """The number of a section's heading line; 1 when the draft has no such section."""
    section = draft.sections.get(name)
    return section.line if section else 1


def read_introduction(draft: DraftText, reader: Reader) -> tuple[str | None, str | None]:
    """Title of the analysed paper, and the question without the full stop that the template put behind it."""
    text = draft.text("Introduction") or ""
    check_limit(text, "text", line_of(draft, "Introduction"), reader)
    parts = re.split(r"\b(Analysis of|Research goal)\s*:", text, flags=re.IGNORECASE)
    said = {label.lower(): " ".join(part.split()) for label, part in zip(parts[1::2], parts[2::2], strict=True)}
    analysed = said.get("analysis of", "")
    question = re.sub(r"(?<=[?!？！.])(?<!\.\.)\s*\.$", "", said.get("research goal", ""))
    check_limit(question, "question", line_of(draft, "Introduction"), reader)
    return analysed.removesuffix(".").strip() or None, question or None


def introduction_record(draft: DraftText) -> dict[str, Any] | None:
    """The introduction as a field of the run, or ``None``."""
    text = draft.text("Introduction")
    return None if text is None else as_said(text, ends_open(text))


@dataclass(frozen=True)
class Method:
    """What the methodology says, part by part."""

    query_count: int | None = None
    retrieval: str | None = None
    verification: str | None = None
    threshold: float | None = None
    semantic_index: dict[str, Any] | None = None
    tribunal: str | None = None
    tribunal_params: Mapping[str, Any] = field(default_factory=dict)


def read_method(draft: DraftText, reader: Reader) -> Method:
    """What the Methodology says, and ``None`` for all that it does not."""
    text = draft.text("Methodology")
    if text is None:
        return Method()
    line = line_of(draft, "Methodology")
    check_limit(text, "text", line, reader)
    sentences = split_sentences(text)
    search = _first(sentences, r"\bsearch\b|\bretriev|\bquer(?:y|ies)\b")
    checked = _first(sentences, r"\bTF-?IDF\b") or _first(sentences, r"\bverif")
    tribunal = _first(sentences, r"\btribunal\b")
    threshold = _number(checked, r"\bthreshold\s*(?:=|:|of)?\s*(\d+(?:\.\d+)?)")
    if threshold is not None and threshold > 1:
        found = f"the threshold {threshold:g}"
        reader.wrong(line, "IMP014", found, "a cosine threshold from 0 to 1", "Correct the number.")
    queries = _number(search, r"\b(\d{1,6})\s+(?:\w+\s+)?quer(?:y|ies)\b")
    return Method(
        query_count=int(queries) if queries is not None else None,
        retrieval=search.removesuffix(".") if search else None,
        verification=_verification_method(checked),
        threshold=threshold,
        semantic_index=_semantic_index(_first(sentences, r"\bsemantic index|\bembed"), reader, line),
        tribunal=_match(tribunal, r"\btribunal\s+(v\d[\w.]*\w|v\d)"),
        tribunal_params=_tribunal_params(tribunal),
    )


def _first(sentences: Sequence[str], pattern: str) -> str | None:
    return next((sentence for sentence in sentences if re.search(pattern, sentence, re.IGNORECASE)), None)


def _match(text: str | None, pattern: str) -> str | None:
    found = re.search(pattern, text, re.IGNORECASE) if text else None
    return found[1] if found else None


def _number(text: str | None, pattern: str) -> float | None:
    found = _match(text, pattern)
    return float(found) if found is not None else None


def _verification_method(sentence: str | None) -> str | None:
    """``tfidf-bigram-v1`` when the draft says TF-IDF with bigrams, else nothing."""
    said = sentence is not None and re.search(r"TF-?IDF", sentence, re.I) and re.search(r"bigram", sentence, re.I)
    return "tfidf-bigram-v1" if said else None


def _semantic_index(sentence: str | None, reader: Reader, line: int) -> dict[str, Any] | None:
    """``NIM nv-embedqa-e5-v5 (dim=1024) for semantic indexing``: the model's name and dimensions."""
    if sentence is None:
        return None
    model = _match(sentence, r"([A-Za-z][\w./:+-]*)\s*\(\s*dim") or _match(
        sentence, r"([A-Za-z][\w./:+-]*)\s+for\s+semantic index"
    )
    dimensions = _number(sentence, r"\(\s*dim(?:ension)?s?\s*[=:]\s*(\d{1,6})\b")
    if model is None and dimensions is None:
        return None
    if dimensions == 0:
        reader.wrong(line, "IMP014", "dim=0", "an embedding of one dimension or more", "Correct the number.")
    return {
        "method": None,
        "model": model,
        "dimensions": int(dimensions) if dimensions is not None else None,
        "items": None,
        "sha256": None,
        "produced_by": produced_by(model=model),
    }


def _tribunal_params(sentence: str | None) -> dict[str, Any]:
    """Number of reviewers, their roles and the score below which a revision follows, as far as they are said."""
    reviewers = _number(sentence, r"\b(\d{1,3})-role\b")
    below = _number(sentence, r"\bscore\s*<\s*(\d+(?:\.\d+)?)")
    params = {
        "reviewers": int(reviewers) if reviewers is not None else None,
        "roles": _match(sentence, r"\(([A-Z_]+(?:/[A-Z_]+)+)\)"),
        "revision_below": below,
    }
    return {key: value for key, value in params.items() if value is not None}


def read_results(section: Section | None, reader: Reader) -> dict[str, Any]:
    """The numbers, verdict and policy of the Results line, as declared; what else it says becomes a note."""
    declared: dict[str, Any] = dict.fromkeys(
        ("papers_retrieved", "claims_extracted", "claims_verified", "score", "verdict", "revision_round", "policy")
    )
    if section is None:
        return declared
    rest = section.text
    check_limit(rest, "text", section.line, reader)
    for key, pattern in _STATEMENTS.items():
        match = pattern.search(rest)
        if match:
            declared[key] = _count(match["n"], section.line_with(match[0]), reader)
            rest = rest.replace(match[0], "", 1)
    for pattern, read in ((_TRIBUNAL, _read_tribunal), (_POLICY, _read_policy)):
        match = pattern.search(rest)
        if match:
            left = read(match, section.line_with(match[0]), declared, reader)
            rest = rest[: match.start()] + left + rest[match.end() :]
    for sentence in split_sentences(rest):
        words = sentence.strip(" .,;")
        if words and re.search(r"\w", words):
            reader.notes.append(f"The Results section also says, outside the record's fields: “{words}”.")
    return declared


def _count(digits: str, line: int, reader: Reader) -> int | None:
    number = int(digits.replace(",", "")[:16])
    if number > 1_000_000:
        reader.wrong(line, "IMP005", f"the count {shown(digits)}", "a count up to 1000000", "Correct the number.")
        return None
    return number


def _read_tribunal(match: re.Match[str], line: int, declared: dict[str, Any], reader: Reader) -> str:
    """Fill in score, verdict and round; gives back the text that follows them."""
    body = match["body"].strip()
    said = _SCORED.match(body)
    if said is None or not (said["score"] or said["verdict"]):
        expected = "a score out of 10 and a verdict, e.g. '5.0/10 → REVISE (revision_round=1)'"
        reader.wrong(line, "IMP005", shown(body), expected, "Correct the Tribunal line.")
        return ""
    if said["score"]:
        declared["score"] = float(said["score"])
        if declared["score"] > 10:
            reader.wrong(line, "IMP005", f"the score {said['score']}/10", "0 to 10", "Correct the score.")
    if said["verdict"]:
        declared["verdict"] = said["verdict"].upper()
        if declared["verdict"] not in VERDICTS:
            found = f"the verdict {shown(said['verdict'])}"
            reader.wrong(line, "IMP005", found, "one of " + ", ".join(VERDICTS), "Correct the verdict.")
    if said["round"]:
        declared["revision_round"] = _count(said["round"], line, reader)
    return body[said.end() :]


def _read_policy(match: re.Match[str], line: int, declared: dict[str, Any], reader: Reader) -> str:
    declared["policy"] = match["outcome"].upper()
    if declared["policy"] not in OUTCOMES:
        found = f"the policy {shown(match['outcome'])}"
        reader.wrong(line, "IMP005", found, "one of " + ", ".join(OUTCOMES), "Correct the policy.")
    return ""

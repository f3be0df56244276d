"""Drafts of the earlier research kernel, read into run records.

A draft is plain text: title, kernel, notice and date, then the sections Abstract, 1 Introduction, 2 Methodology,
3 Results, 4 Uncertainties, 5 Extracted Claims (a tab-separated table) and References. What a draft does not say stays
null; what it says twice and differently is kept twice and named in ``origin.draft.discrepancies``.

Cut texts. The kernel that wrote the known drafts cut a title at 80 characters when it was the analysed paper's title
and at 110 when it was the question (a space left at the end was dropped), a claim at 120 and an abstract at 600, in
mid-word. Such a text is kept as found and marked. A text counts as cut when it does not end like a sentence: in
sentence punctuation or a closing quote or bracket. Titles end without punctuation when they are whole, so a title
counts as cut when the analysed title or the question goes on where it stops, or, if it belongs to neither, when it
ends open at exactly one of the two lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from generator.kernel.facts import Facts
from generator.manifest.canonical import sha256_bytes
from generator.manifest.contracts import envelope, validate
from generator.manifest.gate import policy_outcome, verdict
from generator.manifest.problems import Problem, Problems, shown
from generator.manifest.strict import decode_text, read_bytes

Run = dict[str, Any]

TITLE_CUTS = (80, 110)
VERDICTS = ("APPROVE", "REVISE", "REJECT")
OUTCOMES = ("AUTO_APPROVE", "ESCALATE_TO_OWNER")
VERIFIED_MARKS, REFUTED_MARKS = "✓✔", "×✗✘"
LIMITS = {"title": 1000, "question": 4000, "abstract": 20000, "claim": 4000, "text": 4000}
DEFAULT_PREFIX = "SOVEREIGN"
ROUNDING = 0.005  # the drafts print confidences with two digits

_SECTIONS = {
    "abstract": "Abstract",
    "introduction": "Introduction",
    "methodology": "Methodology",
    "methods": "Methodology",
    "results": "Results",
    "uncertainties": "Uncertainties",
    "extracted claims": "Extracted Claims",
    "claims": "Extracted Claims",
    "references": "References",
    "bibliography": "References",
}
_FOREIGN_SECTION = re.compile(
    r"discussion|conclusions?|background|acknowledge?ments?|appendix|limitations|funding|keywords|evaluation|experiments"
    r"|(?:related|future) work"
)
_NUMBER = r"(?:(?:\d+|[IVX]+)(?:\.\d+)*[.)]?[ \t]+)"
_HEADING = re.compile(rf"(?:#+[ \t]*)?{_NUMBER}?(?P<name>[A-Za-z]+(?:[ \t]+[A-Za-z]+)?)[ \t]*:?", re.ASCII)
_OTHER_HEADING = re.compile(r"(?:#+[ \t]*)?\d+(?:\.\d+)*[.)]?[ \t]+[A-Z][A-Za-z -]{2,50}", re.ASCII)
_NOTICE = re.compile(
    r"\b(?:draft|preprint|publication|unpublished|not (?:peer[- ])?reviewed|review (?:required|needed|pending))\b",
    re.IGNORECASE,
)
_KERNEL_WORD = re.compile(r"\bkernel\b", re.IGNORECASE)
_VERSION = re.compile(r"(?P<name>.*\S)\s+v?(?P<version>\d+(?:\.\d+)+)", re.ASCII)
_NOTHING = re.compile(r"(?:none(?: known| stated| reported)?|n/a|[-–—])\.?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = tuple(
    re.compile(rf"(?:dated?:?\s+)?{form}\.?", re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        rf"{_MONTH_NAMES}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH_NAMES},?\s+(?P<year>\d{{4}})",
    )
)
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
_DECIMAL = re.compile(r"\d*\.?\d+", re.ASCII)
_BRACKETED = re.compile(r"(?:[-*•]|\[\d+\]|\d+[.)])?\s*(?P<title>[^<>]*?)\s*<(?P<url>[^<>]*)>\.?")
_BARE = re.compile(r"(?:[-*•]|\[\d+\]|\d+[.)])?\s*(?P<url>[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]+)")
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_ARXIV = re.compile(
    r"/(?:abs|pdf)/(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>[1-9]\d{0,3}))?(?:\.pdf)?/?",
    re.ASCII,
)
_DOI = re.compile(r"/(10\.\d{4,9}/\S+)", re.ASCII)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|et al|etc|Fig|Figs|Eq|Sec|Tab|No|Dr|approx)|\b[A-Z])\.$")
_SENTENCE_END = re.compile(r"[.!?。！？]+[\"'”’)\]]*(?=\s+\S)|(?<=[。！？])(?=\S)")
_ENDS_WELL = frozenset(".!?。！？؟۔।॥)]}»›”’\"'」』）】")
_LOOKALIKES = str.maketrans(
    {**dict.fromkeys("’‘ʼ`´′", "'"), **dict.fromkeys("“”„″", '"'), **dict.fromkeys("‐‑–—", "-")}
)


# --- the draft ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImportedRun:
    """A draft as a run record, and the owner's decision that the facts tell of (its ``run_id`` is still ``None``)."""

    run: Run
    decision: dict[str, Any] | None


def read_draft(path: Path, facts: Mapping[str, Facts] | None = None) -> ImportedRun:
    """Read one draft file; ``facts`` is what ``load_facts`` gave, the entry is found by the draft's file name.

    Raises ``UsageError`` when the file cannot be read and ``Problems``, with everything that is wrong, when it is not
    a draft that can be understood whole.
    """
    data = read_bytes(path)
    entry = facts.get(path.name) if facts else None
    text = decode_text(data, str(path), allow_bom=True)
    run = parse_draft(text, file_name=path.name, sha256=sha256_bytes(data), facts=entry, file=str(path))
    problems = validate(run, "synthesis-run", file=str(path))
    if problems:
        raise Problems(problems)
    return ImportedRun(run, _decision(entry))


def parse_draft(text: str, *, file_name: str, sha256: str, facts: Facts | None = None, file: str | None = None) -> Run:
    """The run record of a draft's text; ``file`` names it in problems (default: ``file_name``)."""
    reader = _Reader(file or file_name)
    draft = _split(text, reader)
    if draft is None:
        raise Problems(reader.problems)
    run = _record(draft, reader, file_name=file_name, sha256=sha256, facts=facts)
    if reader.problems:
        raise Problems(reader.problems)
    return run


def _decision(facts: Facts | None) -> dict[str, Any] | None:
    if facts is None or facts.owner_decision is None:
        return None
    return {
        "run_id": None,
        "decision": facts.owner_decision,
        "by": None,
        "reason": None,
        "decided_at": None,
        "recorded_from": "import facts",
    }


@dataclass
class _Reader:
    """Collects what is wrong in one file, and what the draft says in two ways."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, line: int, code: str, found: str, expected: str, mend: str) -> None:
        self.problems.append(Problem(self.file, f"line {line}", code, found, expected, mend))


@dataclass(frozen=True)
class _Section:
    """The lines under one heading, with their numbers in the file; blank lines are kept as empty texts."""

    line: int
    lines: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The section's paragraphs, as found; an empty line between two of them."""
        body = "\n".join(text.strip() for _, text in self.lines).strip("\n")
        return re.sub(r"\n{2,}", "\n\n", body)

    def filled(self) -> list[tuple[int, str]]:
        return [(number, text) for number, text in self.lines if text.strip()]

    def line_with(self, part: str) -> int:
        """The number of the first line that holds the start of ``part``; the heading's when none does."""
        start = part.split("\n")[0].strip()
        return next((number for number, text in self.lines if start and start in text), self.line)


@dataclass(frozen=True)
class _Header:
    title: str
    title_line: int
    kernel: str
    notice: str | None
    dated: str | None


@dataclass(frozen=True)
class _Draft:
    header: _Header
    sections: Mapping[str, _Section]

    def text(self, name: str) -> str | None:
        """The section's text; ``None`` when the draft has no such section or nothing in it."""
        section = self.sections.get(name)
        return (section.text or None) if section else None


def _split(text: str, reader: _Reader) -> _Draft | None:
    """Header and sections; ``None``, with one problem, for a text that is no draft."""
    lines = list(enumerate(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").split("\n"), start=1))
    for number, line in lines:
        control = next((char for char in line if (char < " " and char != "\t") or "\x7f" <= char <= "\x9f"), None)
        if control is not None:
            found = f"the control character U+{ord(control):04X}"
            reader.wrong(number, "IMP010", found, "plain text", "Remove the character.")
    marks = list(_headings(lines, reader))
    header_lines = lines[: marks[0][0]] if marks else lines
    if not any(name in _SECTIONS.values() for _, name in marks):
        first = next((line.strip() for _, line in lines if line.strip()), None)
        found = "an empty file" if first is None else f"no section heading; the text begins {shown(first, 60)}"
        expected = "a draft: title, kernel, notice, date, then sections such as Abstract and Extracted Claims"
        reader.problems[:] = [
            Problem(reader.file, "line 1", "IMP001", found, expected, "Give the plain text of a draft.")
        ]
        return None
    sections: dict[str, _Section] = {}
    for (start, name), (end, _) in zip(marks, [*marks[1:], (len(lines), "")], strict=True):
        number = lines[start][0]
        if name in sections:
            found = f"a second section {name}; the first is at line {sections[name].line}"
            reader.wrong(number, "IMP004", found, "each section once", "Join the two sections.")
        sections.setdefault(name, _Section(number, tuple(lines[start + 1 : end])))
    header = _header(header_lines, lines[marks[0][0]][0], reader)
    return _Draft(header, sections)


def _headings(lines: Sequence[tuple[int, str]], reader: _Reader) -> Iterator[tuple[int, str]]:
    """Index and section name of each heading line; names of unknown sections begin with ``?``."""
    for index, (number, line) in enumerate(lines):
        text = line.strip()
        match = _HEADING.fullmatch(text)
        name = " ".join(match["name"].split()).lower() if match else ""
        if name in _SECTIONS:
            yield index, _SECTIONS[name]
            continue
        alone = all(not lines[near][1].strip() for near in (index - 1, index + 1) if 0 <= near < len(lines))
        title = not any(earlier.strip() for _, earlier in lines[:index])
        if alone and not title and (_FOREIGN_SECTION.fullmatch(name) or _OTHER_HEADING.fullmatch(text)):
            expected = "one of " + ", ".join(dict.fromkeys(_SECTIONS.values()))
            mend = "Move its text into a known section, or remove it."
            reader.wrong(number, "IMP004", f"the section {shown(text)}", expected, mend)
            yield index, f"?{number}"


def _header(lines: Sequence[tuple[int, str]], end: int, reader: _Reader) -> _Header:
    filled = _joined_title([(number, line.strip()) for number, line in lines], reader)
    dated = notice = kernel = None
    extra: list[tuple[int, str]] = []
    title_line, raw_title = end, ""
    if filled and not _is_title_missing(filled):
        title_line, raw_title = filled.pop(0)
    for number, text in filled:
        parsed = _date(text)
        if parsed is not None and dated is None:
            dated = parsed
        elif _NOTICE.search(text) and notice is None and parsed is None:
            notice = text
        elif kernel is None and parsed is None and not re.search(r"\d{4}", text):
            kernel = text
        else:
            extra.append((number, text))
    for number, text in extra[:1]:
        more = f" and {len(extra) - 1} more such lines" if len(extra) > 1 else ""
        expected = "after the title: the kernel's name, a notice, and a date such as May 28, 2026 or 2026-05-28"
        reader.wrong(number, "IMP003", shown(text) + more, expected, "Correct or remove the line.")
    title = _without_prefix(raw_title, kernel)
    if not title:
        mend = "Put the title in the first line, e.g. 'SOVEREIGN: How robust is ...'."
        reader.wrong(title_line, "IMP002", "no title", "a title before the first section", mend)
    _limit(title, "title", title_line, reader)
    return _Header(title, title_line, kernel or "", notice, dated)


def _joined_title(lines: Sequence[tuple[int, str]], reader: _Reader) -> list[tuple[int, str]]:
    """The header's filled lines; a title that was wrapped (its first paragraph has several lines) is one line again."""
    filled = [item for item in lines if item[1]]
    first = next((index for index, item in enumerate(lines) if item[1]), 0)
    paragraph: list[tuple[int, str]] = []
    for item in lines[first:]:
        if not item[1]:
            break
        paragraph.append(item)
    rest = filled[len(paragraph) :]
    special = any(_date(text) or _NOTICE.search(text) or _KERNEL_WORD.search(text) for _, text in paragraph[1:])
    if len(paragraph) < 2 or special or not rest:
        return filled
    return [(paragraph[0][0], " ".join(text for _, text in paragraph)), *rest]


def _is_title_missing(filled: Sequence[tuple[int, str]]) -> bool:
    """Whether the header begins with another of its lines: a date, the notice, or the only kernel line."""
    first = filled[0][1]
    others = [text for _, text in filled[1:] if _date(text) is None and not _NOTICE.search(text)]
    if _date(first) is not None or first.startswith("Autonomous draft"):
        return True
    return not others and first.endswith("Research Kernel")


def _without_prefix(title: str, kernel: str | None) -> str:
    """The title without the kernel's name before it (``SOVEREIGN: ``, or the first word of the kernel line)."""
    names = {DEFAULT_PREFIX, *((kernel or "").split()[:1])}
    for name in names:
        if title.startswith(name + ":"):
            return title[len(name) + 1 :].strip()
    return title


def _date(text: str) -> str | None:
    """ISO date of ``May 28, 2026``, ``28 May 2026`` or ``2026-05-28``; ``None`` for anything else."""
    for form in _DATES:
        match = form.fullmatch(text)
        if match:
            month = match["month"].lower()[:3]
            number = _MONTHS.index(month) + 1 if month in _MONTHS else int(match["month"])
            try:
                return date(int(match["year"]), number, int(match["day"])).isoformat()
            except ValueError:
                return None
    return None


# --- the record -----------------------------------------------------------------------------------------------------


def _record(draft: _Draft, reader: _Reader, *, file_name: str, sha256: str, facts: Facts | None) -> Run:
    analysed, question = _introduction(draft, reader)
    method = _method(draft, reader)
    claims = _claims(draft.sections.get("Extracted Claims"), method, reader)
    declared = _results(draft.sections.get("Results"), reader)
    uncertainties = _uncertainties(draft.sections.get("Uncertainties"), reader)
    _compare_counts(declared, claims, "Extracted Claims" in draft.sections, reader)
    _compare_marks(claims, reader)
    policy = _policy(declared, claims, reader)
    kernel = _VERSION.fullmatch(draft.header.kernel)
    abstract = draft.text("Abstract") or ""
    _limit(abstract, "abstract", _line(draft, "Abstract"), reader)
    methodology = draft.text("Methodology")
    return {
        **envelope("synthesis-run"),
        "origin": {
            "mode": "imported",
            "kernel": {
                "name": kernel["name"] if kernel else draft.header.kernel or None,
                "version": kernel["version"] if kernel else None,
            },
            "dated": draft.header.dated,
            "started_at": None,
            "seed": None,
            "corpus": None,
            "draft": {
                "file_name": file_name,
                "sha256": sha256,
                "published_id": facts.id if facts else None,
                "claim_record_source": facts.claim_record_source if facts else None,
                "report_artifact": facts.report_artifact if facts else None,
                "external_record": facts.external_record if facts else None,
                "declared": declared,
                "discrepancies": reader.notes,
                "notice": draft.header.notice,
                "methodology": methodology,
            },
        },
        "title": _said(draft.header.title, _title_cut(draft.header.title, analysed, question)),
        "question": {"text": question, "language": None},
        "introduction": _introduction_record(draft),
        "abstract": {**_said(abstract, bool(abstract) and _ends_open(abstract)), "claim_ids": []},
        "queries": [],
        "query_count": method.query_count,
        "retrieval": {
            "method": method.retrieval,
            "papers_retrieved": declared["papers_retrieved"],
            "papers_used": None,
            "excluded": [],
            "produced_by": _produced_by(),
        },
        "sources": _sources(draft.sections.get("References"), reader),
        "claims": claims,
        "themes": [],
        "disagreements": [],
        "semantic_index": method.semantic_index,
        "tribunal": _tribunal(declared, method, uncertainties),
        "policy": policy,
        "uncertainties": uncertainties,
        "methodology": methodology,
    }


def _produced_by(**known: Any) -> dict[str, Any]:
    """How a field was made, as far as the draft says."""
    unknown: dict[str, Any] = {
        "mode": None,
        "method": None,
        "version": None,
        "model": None,
        "prompt_sha256": None,
        "params": {},
        "fallback_reason": None,
    }
    return {**unknown, **known}


def _said(text: str, cut: bool) -> dict[str, Any]:
    return {"text": text, "truncated_at_source": cut, "produced_by": _produced_by()}


def _line(draft: _Draft, name: str) -> int:
    section = draft.sections.get(name)
    return section.line if section else 1


def _limit(text: str, kind: str, line: int, reader: _Reader) -> None:
    if len(text) > LIMITS[kind]:
        expected = f"at most {LIMITS[kind]} characters for one {kind}"
        reader.wrong(line, "IMP011", f"{len(text)} characters", expected, "Shorten it.")


def _ends_open(text: str) -> bool:
    """Whether a text stops without the end of a sentence."""
    text = text.rstrip()
    return text.endswith(("...", "…")) or text[-1:] not in _ENDS_WELL


def _comparable(text: str) -> str:
    return " ".join(text.translate(_LOOKALIKES).split()).rstrip(" .?!")


def _title_cut(title: str, analysed: str | None, question: str | None) -> bool:
    """Whether the title was cut where it was made; see the module's text."""
    own = _comparable(title)
    wholes = [_comparable(whole) for whole in (analysed, question) if whole]
    if own in wholes:
        return False
    if own and any(whole.startswith(own) for whole in wholes):
        return True
    return title.endswith(("...", "…")) or (len(title) in TITLE_CUTS and _ends_open(title))


def _sentences(text: str) -> list[str]:
    """The sentences of a text as found; a paragraph ends a sentence, an abbreviation such as ``e.g.`` does not."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        start = 0
        for match in _SENTENCE_END.finditer(paragraph):
            if _ABBREVIATION.search(paragraph[start : match.end()]):
                continue
            if match[0].startswith("..") and paragraph[match.end() :].lstrip()[:1].islower():
                continue
            found.append(" ".join(paragraph[start : match.end()].split()))
            start = match.end()
        found.append(" ".join(paragraph[start:].split()))
    return [sentence for sentence in found if sentence]


# --- introduction, methodology, results -----------------------------------------------------------------------------


def _introduction(draft: _Draft, reader: _Reader) -> tuple[str | None, str | None]:
    """Title of the analysed paper, and the question without the full stop that the template put behind it."""
    text = draft.text("Introduction") or ""
    _limit(text, "text", _line(draft, "Introduction"), reader)
    parts = re.split(r"\b(Analysis of|Research goal)\s*:", text, flags=re.IGNORECASE)
    said = {label.lower(): " ".join(part.split()) for label, part in zip(parts[1::2], parts[2::2], strict=True)}
    analysed = said.get("analysis of", "")
    question = re.sub(r"(?<=[?!？！.])(?<!\.\.)\s*\.$", "", said.get("research goal", ""))
    _limit(question, "question", _line(draft, "Introduction"), reader)
    return analysed.removesuffix(".").strip() or None, question or None


def _introduction_record(draft: _Draft) -> dict[str, Any] | None:
    text = draft.text("Introduction")
    return None if text is None else _said(text, _ends_open(text))


@dataclass(frozen=True)
class _Method:
    """What the methodology says, part by part."""

    query_count: int | None = None
    retrieval: str | None = None
    verification: str | None = None
    threshold: float | None = None
    semantic_index: dict[str, Any] | None = None
    tribunal: str | None = None
    tribunal_params: Mapping[str, Any] = field(default_factory=dict)


def _method(draft: _Draft, reader: _Reader) -> _Method:
    text = draft.text("Methodology")
    if text is None:
        return _Method()
    line = _line(draft, "Methodology")
    _limit(text, "text", line, reader)
    sentences = _sentences(text)
    search = _first(sentences, r"\bsearch\b|\bretriev|\bquer(?:y|ies)\b")
    checked = _first(sentences, r"\bTF-?IDF\b") or _first(sentences, r"\bverif")
    tribunal = _first(sentences, r"\btribunal\b")
    threshold = _number(checked, r"\bthreshold\s*(?:=|:|of)?\s*(\d+(?:\.\d+)?)")
    if threshold is not None and threshold > 1:
        found = f"the threshold {threshold:g}"
        reader.wrong(line, "IMP014", found, "a cosine threshold from 0 to 1", "Correct the number.")
    queries = _number(search, r"\b(\d{1,6})\s+(?:\w+\s+)?quer(?:y|ies)\b")
    return _Method(
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


def _semantic_index(sentence: str | None, reader: _Reader, line: int) -> dict[str, Any] | None:
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
        "produced_by": _produced_by(model=model),
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


def _results(section: _Section | None, reader: _Reader) -> dict[str, Any]:
    """The numbers, verdict and policy of the Results line, as declared; what else it says becomes a note."""
    declared: dict[str, Any] = dict.fromkeys(
        ("papers_retrieved", "claims_extracted", "claims_verified", "score", "verdict", "revision_round", "policy")
    )
    if section is None:
        return declared
    rest = section.text
    _limit(rest, "text", section.line, reader)
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
    for sentence in _sentences(rest):
        words = sentence.strip(" .,;")
        if words and re.search(r"\w", words):
            reader.notes.append(f"The Results section also says, outside the record's fields: “{words}”.")
    return declared


def _count(digits: str, line: int, reader: _Reader) -> int | None:
    number = int(digits.replace(",", "")[:16])
    if number > 1_000_000:
        reader.wrong(line, "IMP005", f"the count {shown(digits)}", "a count up to 1000000", "Correct the number.")
        return None
    return number


def _read_tribunal(match: re.Match[str], line: int, declared: dict[str, Any], reader: _Reader) -> str:
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


def _read_policy(match: re.Match[str], line: int, declared: dict[str, Any], reader: _Reader) -> str:
    declared["policy"] = match["outcome"].upper()
    if declared["policy"] not in OUTCOMES:
        found = f"the policy {shown(match['outcome'])}"
        reader.wrong(line, "IMP005", found, "one of " + ", ".join(OUTCOMES), "Correct the policy.")
    return ""


# --- claims, references, uncertainties ------------------------------------------------------------------------------


def _claims(section: _Section | None, method: _Method, reader: _Reader) -> list[dict[str, Any]]:
    rows = section.filled() if section else []
    if not rows or (len(rows) == 1 and _NOTHING.fullmatch(rows[0][1].strip())):
        return []
    number, head = rows[0]
    if [cell.strip().lower() for cell in head.rstrip(" ").split("\t")] != ["claim", "verified", "confidence"]:
        expected = "the table's head: Claim, Verified, Confidence, separated by tabs"
        reader.wrong(number, "IMP006", shown(head), expected, "Put the head above the first claim.")
        if _DECIMAL.fullmatch(head.split("\t")[-1].strip()):
            rows = [(number, ""), *rows]  # a claim stands where the head should
    claims = [_claim(number, line, method, reader) for number, line in rows[1:]]
    return [{"id": f"C{index}", **claim} for index, claim in enumerate(claims, start=1)]


def _claim(number: int, line: str, method: _Method, reader: _Reader) -> dict[str, Any]:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != 3:
        found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} in {shown(line.strip(), 60)}"
        mend = "Write claim, mark and confidence, separated by one tab each."
        reader.wrong(number, "IMP006", found, "3 cells: claim, verified, confidence", mend)
        return {}
    text, mark, confidence = cells
    if not text:
        reader.wrong(number, "IMP006", "an empty claim", "the claim's text", "Write the claim, or remove the row.")
    _limit(text, "claim", number, reader)
    return {
        "text": text,
        "truncated_at_source": _ends_open(text),
        "grounding": {"state": "declared", "source_id": None, "locator": None},
        "relevance": None,
        "theme": None,
        "verification": {
            "verified": _mark(mark, number, reader),
            "confidence": _confidence(confidence, number, reader),
            "threshold": method.threshold,
            "method": method.verification,
            "supporting_source_ids": [],
        },
        "produced_by": _produced_by(),
    }


def _mark(mark: str, line: int, reader: _Reader) -> bool | None:
    """✓ is verified, × is not, an empty cell says nothing."""
    plain = mark.rstrip("\ufe0e\ufe0f")
    if not plain:
        return None
    if len(plain) == 1 and plain in VERIFIED_MARKS + REFUTED_MARKS:
        return plain in VERIFIED_MARKS
    reader.wrong(line, "IMP007", f"the mark {shown(mark)}", "✓ (verified) or × (not verified)", "Correct the mark.")
    return None


def _confidence(cell: str, line: int, reader: _Reader) -> float | None:
    if not cell:
        return None
    value = float(cell) if _DECIMAL.fullmatch(cell) else None
    if value is None or value > 1:
        found = f"the confidence {shown(cell)}"
        reader.wrong(line, "IMP008", found, "a decimal number from 0 to 1, such as 0.15", "Correct the number.")
        return None
    return value


def _sources(section: _Section | None, reader: _Reader) -> list[dict[str, Any]]:
    rows = section.filled() if section else []
    if len(rows) == 1 and _NOTHING.fullmatch(rows[0][1].strip()):
        return []
    found: dict[str, dict[str, Any]] = {}
    for number, line in rows:
        match = _BRACKETED.fullmatch(line.strip()) or _BARE.fullmatch(line.strip())
        if match is None or not _is_web_address(match["url"]):
            expected = "a reference such as '- <http://arxiv.org/abs/2505.20225v1>'"
            reader.wrong(number, "IMP009", shown(line.strip()), expected, "Write one http or https address a line.")
        elif match["url"] in found:
            reader.notes.append(f"The references list {match['url']} more than once; it is kept once.")
        else:
            found[match["url"]] = _source(len(found) + 1, match["url"], match.groupdict().get("title") or None)
    return list(found.values())


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = _URI.fullmatch(url) is not None and len(url) <= 2000
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _source(number: int, url: str, title: str | None) -> dict[str, Any]:
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("export.")
    arxiv = _ARXIV.fullmatch(parts.path) if host == "arxiv.org" else None
    doi = _DOI.fullmatch(parts.path) if host in ("doi.org", "dx.doi.org") else None
    return {
        "id": f"S{number}",
        "paper_id": arxiv["id"] if arxiv else None,
        "version": int(arxiv["version"]) if arxiv and arxiv["version"] else None,
        "url": url,
        "title": title,
        "authors": [],
        "published": None,
        "doi": doi[1] if doi else None,
        "origin": "draft reference",
        "invented": False,
        "status": "not checked",
        "rank": None,
        "relevance": None,
        "queries": [],
        "text": None,
    }


def _uncertainties(section: _Section | None, reader: _Reader) -> list[dict[str, Any]]:
    if section is None or _NOTHING.fullmatch(section.text):
        return []
    text = re.sub(r"(?m)^\s*[-*•]\s+", "\n\n", section.text)
    found = _sentences(text)
    for sentence in found:
        _limit(sentence, "text", section.line, reader)
    return [{"kind": None, "text": sentence} for sentence in found]


# --- review and policy ----------------------------------------------------------------------------------------------


def _tribunal(declared: Mapping[str, Any], method: _Method, uncertainties: Sequence[Mapping[str, Any]]) -> Run:
    """The review as declared. It is a model's only if the draft says so of its own tribunal."""
    by_model = any(
        re.search(r"\btribunal\b", item["text"], re.I)
        and re.search(r"\bLLM\b|\blanguage[- ]model", item["text"], re.I)
        and not re.search(r"\b(not|no|without)\b", item["text"], re.I)
        for item in uncertainties
    )
    kind = "model" if by_model else None
    return {
        "version": method.tribunal,
        "kind": kind,
        "rounds": [],
        "score": declared["score"],
        "verdict": declared["verdict"],
        "revision_round": declared["revision_round"],
        "produced_by": _produced_by(mode=kind, params=dict(method.tribunal_params)),
    }


def _verified(claims: Sequence[Mapping[str, Any]]) -> int:
    return sum(bool(claim) and claim.get("verification", {}).get("verified") is True for claim in claims)


def _compare_counts(
    declared: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], has_table: bool, reader: _Reader
) -> None:
    counted = {"claims_extracted": len(claims), "claims_verified": _verified(claims)}
    words = {"claims_extracted": "extracted", "claims_verified": "verified"}
    for key, number in counted.items():
        if declared[key] is not None and declared[key] != number:
            shows = f"its claim table shows {number}" if has_table else "it has no claim table"
            reader.notes.append(f"The draft declares {declared[key]} claims {words[key]}; {shows}.")


def _compare_marks(claims: Sequence[Mapping[str, Any]], reader: _Reader) -> None:
    for claim in claims:
        checked = claim.get("verification") or {}
        confidence, threshold = checked.get("confidence"), checked.get("threshold")
        if confidence is None or threshold is None or checked["verified"] in (None, confidence >= threshold):
            continue
        if abs(confidence - threshold) <= ROUNDING:
            continue
        mark = "verified" if checked["verified"] else "not verified"
        side = "below" if confidence < threshold else "not below"
        reader.notes.append(
            f"Claim {claim['id']} is marked {mark}, but its confidence {confidence:g} is {side} the threshold "
            f"{threshold:g}."
        )


def _policy(declared: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], reader: _Reader) -> dict[str, Any]:
    """The declared outcome; a draft cannot approve itself against the tribunal's rules, so that one is escalated."""
    said, outcome = declared["verdict"], declared["policy"]
    count = _verified(claims)
    ruled = verdict(declared["score"], count, last_round=True)
    basis = "As the draft's Results section states." if outcome else "The draft states no policy."
    if reader.problems:
        return {"outcome": outcome, "basis": basis, "rule": None}
    if said is not None and declared["score"] is not None and said != ruled:
        claims_word = "claim" if count == 1 else "claims"
        reader.notes.append(
            f"The draft's verdict is {said}; the rules give {ruled} for a score of {declared['score']:.1f} "
            f"with {count} verified {claims_word}."
        )
    if outcome is not None and said is not None and outcome != policy_outcome(said):
        reader.notes.append(f"The draft's policy is {outcome}; the rules give {policy_outcome(said)} for {said}.")
    if outcome == "AUTO_APPROVE" and (ruled != "APPROVE" or policy_outcome(said) != "AUTO_APPROVE"):
        basis = "The draft states AUTO_APPROVE; its own score, verdict and claims do not reach that: its owner decides."
        return {"outcome": "ESCALATE_TO_OWNER", "basis": basis, "rule": "*"}
    return {"outcome": outcome, "basis": basis, "rule": None}

"""The report of a run, as one HTML file and as one PDF, with the sections of the known drafts.

Both are made from one *view*: the run's facts as plain strings, in the order in which they are read. The HTML template
escapes every string; the Typst template gets the view as JSON and sets every string as text, so nothing in a run is
ever read as markup. Neither asks for anything outside: no request, no script, no package, no font but Typst's own.

The PDF is tagged (PDF/UA-1) and archival (PDF/A-2a), and a function of the run alone: its dates are the run's. A
character that Typst's fonts do not have is printed as ``□`` and counted in a note; the HTML file has the character.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.manifest.cards import sureness
from generator.manifest.claims import bar_of, count
from generator.manifest.rounds import kept_round, shown_reviews

Run = Mapping[str, Any]
View = dict[str, Any]

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: list[Any] = ["ua-1", "a-2a"]
BOX = "□"
NOT_STATED = "not stated"
MACHINE_MADE = "Made by software. Not peer reviewed."
MACHINE_MADE_MORE = "No check of its claims by a person is on record."
POINTS = "Points of the review"
BESIDE = "Rubric checks by rule, beside the reviews; they do not make the score"
INVENTED = "Demonstration on invented papers."
INVENTED_MORE = "The papers behind this report do not exist. It shows how a report is made and says nothing true."

_ROUNDS = 12
_MODES = {"extractive": "by fixed rules", "model": "by a language model", None: NOT_STATED}
_REVIEWS = {"rubric": "Rubric checks", "model": "Automated review", None: "Review, kind not stated"}
_AGREED = {
    "corroborated": "corroborated",
    "single-source": "single source",
    "contested": "! contested: sources disagree",
    "refuted": "× refuted",
    "none": "× not supported",
}
_STATES = {"located": "", "declared": "declared, no passage", "none": "no source"}
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_UNSHOWN = re.compile(r'(?:the text|contains the codepoint) `"(?P<text>(?:[^"\\]|\\.)*)"`')
_ESCAPE = re.compile(r"\\(?:u\{(?P<hex>[0-9a-f]{1,6})\}|(?P<plain>.))")


def render_html(run: Run) -> str:
    """The report as one HTML document that needs nothing else."""
    return _environment().get_template("report.html.j2").render(view(run))


def render_pdf(run: Run) -> bytes:
    """The report as a PDF; the same run gives the same bytes."""
    shown = view(run)
    boxed = frozenset(char for text in _strings(shown) for char in text if char in _DIRECTION or _PRIVATE.match(char))
    for _ in range(_ROUNDS):
        try:
            return _compile(_boxed_view(shown, boxed), STANDARDS)
        except typst.TypstError as error:
            found = _unshown(error.diagnostic) - boxed
            if not found:
                break  # something else that the two standards forbid: the report matters more
            boxed |= found
    return _compile(_boxed_view(shown, boxed), None)


# --- the view -------------------------------------------------------------------------------------------------------


def view(run: Run) -> View:
    """What a report shows, as strings, flags and lists of them, without characters that no document may hold."""
    origin = run["origin"]
    draft = origin["draft"]
    shown: View = {
        "title": run["title"]["text"],
        "title_cut": run["title"]["truncated_at_source"],
        "language": _language(run),
        "kernel": _kernel(origin),
        "notice": draft["notice"] if draft else None,
        "dated": origin["dated"],
        "moment": origin["started_at"] or (f"{origin['dated']}T00:00:00Z" if origin["dated"] else None),
        "labels": _labels(run),
        "question": run["question"]["text"],
        "abstract": run["abstract"]["text"] or None,
        "abstract_cut": run["abstract"]["truncated_at_source"],
        "introduction": run["introduction"]["text"] if run["introduction"] else None,
        "methodology": run["methodology"],
        "queries": [query["text"] for query in run["queries"]],
        "results": _results(run),
        "checks": _checks(run),
        "checks_title": BESIDE if run["tribunal"]["kind"] == "model" and shown_reviews(dict(run)) else POINTS,
        "reviews": _reviews(run),
        "paired": _paired(run),
        "agreements": _pairs(run.get("agreements", ())),
        "unanswered": list(run.get("unanswered", ())),
        "searches": [_search(item) for item in run["retrieval"].get("searches", ())],
        "costs": _costs(run),
        "discrepancies": draft["discrepancies"] if draft else [],
        "themes": [{"label": theme["label"], "claims": ", ".join(theme["claim_ids"])} for theme in run["themes"]],
        "disagreements": _pairs(run["disagreements"]),
        "uncertainties": [item["text"] for item in run["uncertainties"]],
        "claims": [_claim(claim, run) for claim in run["claims"]],
        "references": [_reference(source) for source in run["sources"]],
        "excluded": [
            f"{item['title']} ({item['paper_id']}): {item['reason']}" for item in run["retrieval"]["excluded"]
        ],
        "making": list(_making(run)),
    }
    return dict(_clean(shown))


def _language(run: Run) -> str:
    language = run["question"]["language"]
    return language if language and re.fullmatch(r"[a-z]{2,3}", language) else "en"


def _kernel(origin: Mapping[str, Any]) -> str:
    kernel = origin["kernel"]
    return " ".join(part for part in (kernel["name"], kernel["version"]) if part) or NOT_STATED


def _labels(run: Run) -> list[dict[str, Any]]:
    """What a reader must know before the first sentence."""
    labels = [{"kind": "machine", "head": MACHINE_MADE, "text": MACHINE_MADE_MORE}]
    corpus = run["origin"]["corpus"]
    if (corpus and corpus["invented"]) or any(source["invented"] for source in run["sources"]):
        labels.append({"kind": "invented", "head": INVENTED, "text": INVENTED_MORE})
    if not run["claims"]:
        labels.append({"kind": "thin", "head": "No claim.", "text": "No relevant claim was found."})
    elif len(run["sources"]) == 1:
        labels.append({"kind": "thin", "head": "One source only.", "text": "Everything here rests on a single paper."})
    if run["origin"]["mode"] == "imported":
        text = "The text was read from a finished draft; what the draft does not say is not stated here either."
        labels.append({"kind": "imported", "head": "Imported draft.", "text": text})
    return labels


def _results(run: Run) -> list[dict[str, str]]:
    retrieval, tribunal, policy = run["retrieval"], run["tribunal"], run["policy"]
    checked = [claim["verification"]["verified"] for claim in run["claims"]]
    agreed = [claim["verification"].get("agreement") for claim in run["claims"]]
    score = None if tribunal["score"] is None else f"{tribunal['score']:.1f} of 10"
    rows = (
        ("Search queries", run["query_count"]),
        ("Papers retrieved", retrieval["papers_retrieved"]),
        ("Papers used", retrieval["papers_used"]),
        ("Papers set aside", len(retrieval["excluded"]) or None),
        ("Claims extracted", len(checked)),
        _passed(run),
        ("Claims contested or refuted", sum(item in ("contested", "refuted") for item in agreed) or None),
        ("Claims not checked", sum(mark is None for mark in checked) or None),
        (_REVIEWS[tribunal["kind"]], score),
        ("Verdict", tribunal["verdict"]),
        ("Revision round", tribunal["revision_round"]),
        ("Policy", policy["outcome"]),
    )
    optional = ("Papers set aside", "Claims not checked", "Claims contested or refuted")
    return [
        {"label": label, "value": NOT_STATED if value is None else str(value)}
        for label, value in rows
        if value is not None or label not in optional
    ]


def _passed(run: Run) -> tuple[str, str]:
    """The claims that passed, by the word that they are worth (see ``generator.manifest.claims``)."""
    counts = count(run["claims"], bar=bar_of(run, run["origin"]["mode"]))
    methods = sorted({claim["verification"]["method"] for claim in run["claims"]} - {None})
    by = f", by {' and '.join(methods)}" if methods else ""
    if run["origin"]["mode"] == "imported":
        return "Claims verified", f"{counts.verified}, as the draft counts{by}"
    if "rules" in run and run["rules"]["verifier"]["meets_bar"]:
        return "Claims verified", f"{counts.verified}{by}"
    below = f"{by}, which does not meet the bar for verified" if methods else ""
    return "Claims echoed in source", f"{counts.verified + counts.echoed}{below}"


def _pairs(items: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"claims": " and ".join(item["claim_ids"]), "basis": item["basis"]} for item in items]


def _reviews(run: Run) -> list[dict[str, str]]:
    """The reviews by a model, row by row."""
    return [
        {
            "role": item["role"],
            "score": "none" if item["score"] is None else f"{item['score']:.1f}",
            "verdict": item["verdict"] or "none",
            "finding": f"Does not count: {item['void']}" if item["void"] else " ".join(item["findings"]) or "none",
        }
        for item in shown_reviews(dict(run)) or ()
    ]


def _paired(run: Run) -> str | None:
    check = run["tribunal"].get("paired_check")
    return str(check["finding"]) if check else None


def _search(item: Mapping[str, Any]) -> str:
    """One search of a service."""
    place = f"{item['source']}, {item['query_id']}, {item['retrieved_on']}"
    if item["failure"]:
        return f"{place}: no answer ({item['failure']})"
    return f"{place}: {item['returned']} of {NOT_STATED if item['total'] is None else item['total']} papers"


def _costs(run: Run) -> list[dict[str, str]]:
    """The stages that asked a service or a model for something, and what it took."""
    return [
        {
            "stage": row["stage"],
            "calls": f"{row['calls']} sent, {row['cache_hits']} from the day's cache",
            "tokens": f"{row['prompt_tokens']} in, {row['completion_tokens']} out",
            "seconds": "not measured" if row["seconds"] is None else f"{row['seconds']:.1f}",
        }
        for row in run.get("costs", {}).get("stages", ())
        if row["calls"] or row["cache_hits"]
    ]


def _checks(run: Run) -> list[dict[str, str]]:
    """The points of the rubric checks of the round that stands, row by row."""
    return [
        {
            "check": check["label"],
            "score": f"{check['score']:.1f}",
            "item": item["label"],
            "points": f"{item['points']:g} of {item['of']:g}",
            "finding": item["finding"],
        }
        for check in (kept_round(dict(run)) or {"checks": []})["checks"]
        for item in check["items"]
    ]


def _claim(claim: Mapping[str, Any], run: Run) -> dict[str, Any]:
    verification = claim["verification"]
    meets_bar = bar_of(run, run["origin"]["mode"])
    confidence = verification["confidence"]
    shown = "–" if confidence is None else f"{confidence:.2f}"
    if "label" in verification:
        shown += f", {sureness(confidence)}" if meets_bar else ", not calibrated"
    return {
        "id": claim["id"],
        "text": claim["text"],
        "cut": claim["truncated_at_source"],
        "mark": _mark(verification, run["origin"]["mode"], meets_bar),
        "confidence": shown,
        "source": _passage(claim["grounding"]),
        "notes": [*verification.get("reasons", ()), *_evidence(claim)],
    }


def _mark(verification: Mapping[str, Any], mode: str, meets_bar: bool | None) -> str:
    """*Verified* for a method that meets the bar, *echoed* for any other; a draft's own marks are called its own."""
    passes = verification["verified"]
    if passes is None:
        return "not checked"
    if mode == "imported":
        return "✓ yes, by the draft" if passes else "× no, by the draft"
    agreed = _AGREED[verification["agreement"]] if "label" in verification else ""
    if not passes:
        return agreed or "× no"
    return ", ".join(part for part in ("✓ verified" if meets_bar else "≈ echoed in source", agreed) if part)


def _evidence(claim: Mapping[str, Any]) -> Iterator[str]:
    """Where the evidence stands; what is the claim itself is not printed twice."""
    for item in claim["verification"].get("evidence", ()):
        place = f"Evidence: {item['source_id']}, characters {item['start']} to {item['end']}"
        yield f"{place}: “{item['quote']}”" if item["quote"] != claim["text"] else f"{place}, the claim itself"


def _passage(grounding: Mapping[str, Any]) -> str:
    where = grounding["locator"]
    if where is None:
        named = [grounding["source_id"], _STATES[grounding["state"]]]
        return ", ".join(part for part in named if part)
    return f"{grounding['source_id']}, {where['section']}, characters {where['start']} to {where['end']}"


def _reference(source: Mapping[str, Any]) -> dict[str, Any]:
    number = source["paper_id"]
    if number and source["version"]:
        number = f"{number}, version {source['version']}"
    notes = ["invented paper"] if source["invented"] else []
    notes += ["withdrawn"] if source["status"] == "withdrawn" else []
    url = source["url"]
    return {
        "id": source["id"],
        "title": source["title"],
        "authors": ", ".join(source["authors"]),
        "published": source["published"],
        "number": number,
        "doi": source["doi"],
        "url": url if url and re.match(r"https?://", url) else None,
        "notes": [*notes, *_read_further(source)],
    }


def _read_further(source: Mapping[str, Any]) -> list[str]:
    full = source.get("full_text")
    return [f"full text read, {full['characters']} characters"] if full else []


def _making(run: Run) -> Iterator[dict[str, str]]:
    """How each part was made, as the run labels it."""
    parts = [("Title", run["title"]), ("Introduction", run["introduction"]), ("Abstract", run["abstract"])]
    parts += [("Queries", run["queries"][0] if run["queries"] else None), ("Retrieval", run["retrieval"])]
    # the claims of one run may come from a model and, where it gave nothing, from rules
    ways = {(claim["produced_by"]["method"], claim["produced_by"]["fallback_reason"]): claim for claim in run["claims"]}
    parts += [("Claims", claim) for claim in ways.values()]
    for name, part in [*parts, ("Semantic index", run["semantic_index"]), ("Review", run["tribunal"])]:
        if part is not None:
            made = part["produced_by"]
            how = [made["method"], made["version"], made["model"]]
            instead = f"; in place of a model: {made['fallback_reason']}" if made["fallback_reason"] else ""
            yield {
                "part": name,
                "mode": _MODES[made["mode"]],
                "how": (", ".join(str(item) for item in how if item) or NOT_STATED) + instead,
            }
    if "rules" in run and run["rules"]["verifier"]["method"]:
        verifier = run["rules"]["verifier"]
        how = [verifier["method"], verifier["version"], None if verifier["card"] else "without measured figures"]
        yield {
            "part": "Verification",
            "mode": "by a verifier",
            "how": ", ".join(item for item in how if item),
        }


def _clean(value: Any) -> Any:
    """The value with U+FFFD in place of every control character and other code that no document may hold."""
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value.replace("\r\n", "\n"))
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return value


# --- HTML and PDF ---------------------------------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _compile(shown: View, standards: list[Any] | None) -> bytes:
    moment = datetime.strptime(shown["moment"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return typst.compile(
        TEMPLATES / "report.typ",
        root=TEMPLATES,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"view": json.dumps(shown)},
        pdf_standards=standards or [],
        timestamp=int(moment.timestamp()),
    )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _boxed_view(shown: View, boxed: frozenset[str]) -> View:
    """The view with ``□`` in place of what the fonts lack, and the list of it for the note."""
    table = str.maketrans(dict.fromkeys(boxed, BOX))
    names = [f"U+{ord(char):04X}" for char in sorted(boxed)]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    note = ", ".join(names[:12]) + more
    return {**_translated(shown, table), "boxed": note}


def _translated(value: Any, table: Mapping[int, Any]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, list):
        return [_translated(item, table) for item in value]
    if isinstance(value, dict):
        return {key: _translated(item, table) for key, item in value.items()}
    return value


def _unshown(diagnostic: str) -> frozenset[str]:
    """The characters that Typst reports as missing from its fonts."""
    found: set[str] = set()
    for match in _UNSHOWN.finditer(diagnostic):
        text = _ESCAPE.sub(_unescaped, match["text"])
        found.update(char for char in text if not " " <= char <= "~")
    return frozenset(found)


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape["hex"], 16)) if escape["hex"] else escape["plain"]

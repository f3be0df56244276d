"""How to cite a record: one sentence, BibTeX, RIS and CSL-JSON, each escaped for its own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from generator.manifest.contracts import table
from generator.manifest.corrections import NAME as CORRECTION_RECORD
from generator.site.text import one_line

if TYPE_CHECKING:
    from generator.manifest.corrections import Event

GENRE = "Machine-generated literature synthesis"
NOTE = "Machine-generated synthesis of existing literature; not primary research, not peer reviewed"

# BibTeX counts braces even where a backslash stands before them, so braces in a value are written as commands whose
# own braces balance; everything else is what TeX would otherwise take for markup.
_BIBTEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "$": r"\$",
        "&": r"\&",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
    }
)


def facts(
    manifest: dict[str, Any],
    page_url: str,
    state: str,
    notice_row: dict[str, Any] | None = None,
    notice_event: Event | None = None,
) -> dict[str, str]:
    """The words that all four forms are made of, each on one line.

    ``manifest`` is the version that is cited and ``page_url`` its page, with a slash at its end; ``notice_row`` and
    ``notice_event`` are those of the gravest notice in force (``corrections.notice_row`` and ``notice_event``).
    """
    work = manifest["work"]
    note = NOTE if state == "CURRENT" else f"{NOTE}. Correction state: {state}"
    if notice_row is not None:
        note += f". Notice: {notice_row['notice_title']}"
        if notice_event is not None:
            note += f" of {notice_event.at[:10]}, {page_url}notices/{notice_event.id}/"
    if work["sample"]:
        note += ". Sample record: the papers behind it are invented"
    return {
        "key": f"srch-{work['short_id'].lower()}",
        "id": work["short_id"],
        "number": work["public_id"],
        "title": one_line(((notice_row or {}).get("title_prefix") or "") + work["title"]),
        "publisher": one_line(manifest["publisher"]["name"]),
        "date": work["submitted"] or "",
        "year": (work["submitted"] or "n.d.")[:4],
        "version": str(work["version"]),
        "language": one_line(work["language"] or ""),
        "url": page_url,
        "status": _status(state, notice_row),
        "note": note,
        "sample": " (sample record over invented papers)" if work["sample"] else "",
    }


def _status(state: str, notice_row: dict[str, Any] | None) -> str:
    """The notice in a word or two, else the state; nothing for a record that nobody corrected."""
    if notice_row is not None:
        return str(notice_row["label"])
    if state == "CURRENT":
        return ""
    return next(str(row["label"]) for row in table(CORRECTION_RECORD, "x-states") if row["state"] == state)


def sentence(cite: dict[str, str]) -> str:
    """A citation ready to paste."""
    end = "" if cite["title"].endswith((".", "?", "!")) else "."
    return (
        f"{cite['publisher']} ({cite['year']}). {cite['title']}{end} {GENRE}, {cite['number']}, "
        f"version {cite['version']}{cite['sample']}. {cite['url']}"
    )


def bibtex(cite: dict[str, str]) -> str:
    """One ``@techreport`` entry."""

    def braced(text: str) -> str:
        return "{" + text.translate(_BIBTEX) + "}"

    fields = {
        "author": "{" + braced(cite["publisher"]) + "}",
        "title": "{" + braced(cite["title"]) + "}",
        "institution": braced(cite["publisher"]),
        "type": braced(GENRE),
        "number": braced(cite["number"]),
        "year": braced(cite["year"]),
        "date": braced(cite["date"]),
        "version": braced(cite["version"]),
        # Read verbatim by every style, so it is not escaped; an address made here holds no brace and no percent sign.
        "url": "{" + cite["url"] + "}",
        "note": braced(cite["note"]),
    }
    if not cite["date"]:
        del fields["year"], fields["date"]
    lines = ",\n".join(f"  {name:<11} = {value}" for name, value in fields.items())
    return f"@techreport{{{cite['key']},\n{lines},\n}}\n"


def ris(cite: dict[str, str]) -> str:
    """One ``RPRT`` record; RIS knows no escaping, so a value may only never hold a line end."""
    fields = [
        ("TY", "RPRT"),
        ("ID", cite["key"]),
        ("AU", cite["publisher"]),
        ("TI", cite["title"]),
        ("PB", cite["publisher"]),
        ("M3", GENRE),
        ("SN", cite["number"]),
        ("ET", cite["version"]),
        ("PY", cite["date"][:4]),
        ("DA", cite["date"].replace("-", "/")),
        ("LA", cite["language"]),
        ("N1", cite["note"]),
        ("UR", cite["url"]),
    ]
    return "".join(f"{tag}  - {value}\n" for tag, value in fields if value) + "ER  - \n"


def csl(cite: dict[str, str]) -> str:
    """A CSL-JSON list of one item."""
    item: dict[str, Any] = {
        "id": cite["key"],
        "type": "report",
        "title": cite["title"],
        "author": [{"literal": cite["publisher"]}],
        "publisher": cite["publisher"],
        "number": cite["number"],
        "genre": GENRE,
        "version": cite["version"],
        "URL": cite["url"],
        "note": cite["note"],
    }
    if cite["date"]:
        item["issued"] = {"date-parts": [[int(part) for part in cite["date"].split("-")]]}
    if cite["language"]:
        item["language"] = cite["language"]
    if cite["status"]:
        item["status"] = cite["status"]
    return orjson.dumps([item], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()

"""Citations carry the state of the record: in the title's prefix, in a note, and as a field where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import bibtexparser
import pytest
import rispy

from generator.manifest.corrections import correction_state, notice_event, notice_row
from generator.manifest.store import Record, Store
from generator.site import cite

PAGE = "https://assignee.net/paper/D4735E3A/"
NOTE = "Machine-generated synthesis of existing literature; not primary research, not peer reviewed"
SAMPLE = ". Sample record: the papers behind it are invented"


def stored(root: Path, maker: ModuleType, *events: dict[str, Any]) -> Record:
    maker.store(root, maker.numbered(maker.example(), 2), list(events))
    return next(Store(root).records())


def facts(record: Record) -> dict[str, str]:
    events = record.events
    return cite.facts(
        record.current.manifest, PAGE, correction_state(events), notice_row(events), notice_event(events)
    )


def read_back(citation: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """BibTeX, RIS and CSL-JSON as their readers see them."""
    text = cite.bibtex(citation)
    if hasattr(bibtexparser, "parse_string"):  # version 2
        library = bibtexparser.parse_string(text)
        assert not library.failed_blocks
        (bibtex,) = ({field.key: field.value for field in entry.fields} for entry in library.entries)
    else:
        (bibtex,) = bibtexparser.loads(text).entries
    (ris,) = rispy.loads(cite.ris(citation))
    (csl,) = json.loads(cite.csl(citation))
    return bibtex, ris, csl


def test_a_current_record_is_cited_as_before(tmp_path: Path, maker: ModuleType) -> None:
    citation = facts(stored(tmp_path, maker))
    assert cite.bibtex(citation) == (
        "@techreport{srch-d4735e3a,\n"
        "  author      = {{Assignee Research}},\n"
        "  title       = {{Does blue light make ferns grow shorter?}},\n"
        "  institution = {Assignee Research},\n"
        "  type        = {Machine-generated literature synthesis},\n"
        "  number      = {SRCH:D4735E3A},\n"
        "  year        = {2026},\n"
        "  date        = {2026-11-22},\n"
        "  version     = {1},\n"
        f"  url         = {{{PAGE}}},\n"
        f"  note        = {{{NOTE}{SAMPLE}}},\n"
        "}\n"
    )
    assert cite.ris(citation) == (
        "TY  - RPRT\nID  - srch-d4735e3a\nAU  - Assignee Research\nTI  - Does blue light make ferns grow shorter?\n"
        "PB  - Assignee Research\nM3  - Machine-generated literature synthesis\nSN  - SRCH:D4735E3A\nET  - 1\n"
        f"PY  - 2026\nDA  - 2026/11/22\nLA  - en\nN1  - {NOTE}{SAMPLE}\nUR  - {PAGE}\nER  - \n"
    )
    assert json.loads(cite.csl(citation)) == [
        {
            "id": "srch-d4735e3a",
            "type": "report",
            "title": "Does blue light make ferns grow shorter?",
            "author": [{"literal": "Assignee Research"}],
            "publisher": "Assignee Research",
            "number": "SRCH:D4735E3A",
            "genre": "Machine-generated literature synthesis",
            "version": "1",
            "URL": PAGE,
            "note": NOTE + SAMPLE,
            "issued": {"date-parts": [[2026, 11, 22]]},
            "language": "en",
        }
    ]


@pytest.mark.parametrize(
    ("events", "prefix", "status", "said", "version"),
    [
        ([{}], "", "Corrected", ". Correction state: CORRECTED", "2"),
        (
            [{}, {"day": "2026-11-25", "slug": "gone", "notice": "retraction"}],
            "RETRACTED: ",
            "Retracted",
            f". Correction state: CORRECTED. Notice: Retraction of 2026-11-25, {PAGE}notices/2026-11-25-gone/",
            "3",
        ),
        (
            [{"notice": "expression_of_concern"}, {"day": "2026-11-25", "slug": "ok", "lifts": "2026-11-23-note"}],
            "",
            "Corrected",
            ". Correction state: CORRECTED",
            "3",
        ),
        (
            [{"notice": "removal"}],
            "REMOVED: ",
            "Removed",
            f". Correction state: CORRECTED. Notice: Removal of 2026-11-23, {PAGE}notices/2026-11-23-note/",
            "2",
        ),
        (
            [{"notice": "new_version", "replaced_by": "SRCH:E50A8461"}],
            "",
            "New version",
            f". Correction state: SUPERSEDED. Notice: New version of 2026-11-23, {PAGE}notices/2026-11-23-note/",
            "2",
        ),
    ],
)
def test_the_state_is_in_every_export(
    tmp_path: Path,
    maker: ModuleType,
    events: list[dict[str, Any]],
    prefix: str,
    status: str,
    said: str,
    version: str,
) -> None:
    record = stored(tmp_path, maker, *(maker.event(**each) for each in events))
    bibtex, ris, csl = read_back(facts(record))
    title = f"{prefix}{record.manifest['work']['title']}"
    assert [bibtex["title"], ris["title"], csl["title"]] == [f"{{{title}}}", title, title]
    assert [bibtex["version"], ris["edition"], csl["version"]] == [version] * 3
    note = NOTE + said + SAMPLE
    assert bibtex["note"].replace("\\", "") == note
    assert ris["notes"] == [note]
    assert (csl["note"], csl["status"]) == (note, status)
    assert cite.sentence(facts(record)) == (
        f"Assignee Research (2026). {title} Machine-generated literature synthesis, SRCH:D4735E3A, "
        f"version {version} (sample record over invented papers). {PAGE}"
    )


def test_exports_of_the_site_say_what_the_record_is(site: Path, registry: Path) -> None:
    for record in Store(registry).records():
        row, home = notice_row(record.events), f"https://assignee.net/paper/{record.short_id}/"
        folder = site / "paper" / record.short_id
        (csl,) = json.loads((folder / "cite.csl.json").read_bytes())
        event = notice_event(record.events)
        for name in ("cite.bib", "cite.ris", "cite.csl.json"):
            text = (folder / name).read_text(encoding="utf-8")
            assert ((row or {}).get("title_prefix") or "") in text
            assert ("Correction state" in text) == bool(record.events)
            assert event is None or f"of {event.at[:10]}, {home}notices/{event.id}/" in text
        assert csl.get("status") == (row["label"] if row else "Corrected" if record.events else None)

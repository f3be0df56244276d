"""What of a record is compared: its question, its synthesis, the papers behind it, and its claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from generator.manifest.monitor.keys import names_of

Kind = Literal["question", "synthesis", "paper", "claim"]
KINDS: tuple[Kind, ...] = get_args(Kind)
QUESTION, TITLE = "question", "title"
"""The id of the one item of kind ``question``: the research question, or the title of a record that states none."""

_VERSION = re.compile(r"(?<=[0-9])v[0-9]+$")


class Item(NamedTuple):
    """One text of a record. ``id`` is that of the claim or source, or the field's name; ``origins`` are names of the
    papers that the text is from, and of the passage where there is one: see ``origins_of``."""

    kind: Kind
    id: str
    text: str
    origins: tuple[str, ...]


def items_of(manifest: Mapping[str, Any]) -> list[Item]:
    """The texts of a record's current view; those that are empty are left out."""
    work, sources = manifest["work"], manifest["provenance"]["sources"]
    name, subject = subject_of(manifest)
    found = [
        Item("question", name, subject, ()),
        Item("synthesis", "abstract", "\n".join(filter(None, (work["title"], work["abstract"]))), ()),
    ]
    found += [Item("paper", source["id"], source["title"] or "", origins_of(source)) for source in sources]
    named = {source["id"]: origins_of(source) for source in sources}
    for claim in manifest["claims"]["records"]:
        found.append(Item("claim", claim["id"], claim["text"], claim_origins(claim, named)))
    return [item for item in found if item.text.strip()]


def subject_of(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """(``question`` or ``title``, text) of what a record is about."""
    question = manifest["work"]["research_question"]
    return (QUESTION, question) if question else (TITLE, manifest["work"]["title"] or "")


def origins_of(source: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a paper: its id and DOI, and its address without scheme and version."""
    address = source.get("url")
    names = names_of(source)
    if not address:
        return names
    plain = address.partition("://")[2].removeprefix("www.").partition("#")[0].rstrip("/").removesuffix(".pdf")
    return (*names, "url:" + _VERSION.sub("", plain.replace("arxiv.org/pdf/", "arxiv.org/abs/")))


def claim_origins(claim: Mapping[str, Any], named: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names of the paper that a claim stands in, by the ids of ``named``, and the hash of its passage: two copies
    of one paper can have different names."""
    grounding = claim["grounding"]
    locator = grounding["locator"]
    passage = (f"sha256:{locator['sha256']}",) if locator else ()
    return (*named.get(grounding["source_id"], ()), *passage)

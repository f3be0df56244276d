"""Rankings of several sources become one: the same paper once, by reciprocal rank fusion.

Fusion: Cormack, Clarke, Buettcher (2009): a paper scores the sum of 1 / (k + rank) over the rankings that hold it.

Two records are the same paper where they share an arXiv identifier (without version; arXiv's own DOI counts as one) or
a DOI. Sameness is carried on: two that share nothing are one paper if a third shares something with both. A DOI that
papers with different arXiv identifiers bear, such as that of a whole volume, counts only among those with one title.
What that has put together is the same paper as another where both have a title that is long enough to be one paper's,
an author's surname in common, and at most ``YEARS_APART`` years between them; where both have a journal's DOI, two
surnames, or all of the shorter list. A title is no reason where papers with different arXiv identifiers bear it.

Of one paper's records the first is that of arXiv itself, newest version first; then those with an arXiv identifier,
then those with a DOI, then Semantic Scholar's before OpenAlex's. The first gives identifier, version, address, title
and, if it is arXiv's, the abstract; else the longest abstract is taken. What it lacks comes from the next that has it.
One that is withdrawn in any record is withdrawn.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final

from generator.kernel.sources.papers import Paper, all_dois, arxiv_id_of, bare_arxiv_id, bare_doi, without_notice
from generator.kernel.sources.search import Ranking, is_of_word

RRF_K: Final = 60
YEARS_APART: Final = 3
FEWEST_WORDS: Final = 4
FEWEST_LETTERS: Final = 20
_ORIGINS: Final = ("arxiv", "semantic-scholar", "openalex")
_NO_WORD: Final = re.compile(r"[\W_]+")
_LATEX: Final = re.compile(r"[$^{}_]")  # so that $W^+$ and CO$_2$ read as others write them
_SIGN: Final = re.compile(r"(?<=\w)[+±-]+(?!\w)")  # W+ and W- are two


@dataclass(frozen=True)
class Merged:
    """``papers`` best first. By index: ``fused`` the score, ``found_by`` the ids of the queries that found it, ``also``
    the names that sources other than arXiv have for it."""

    papers: tuple[Paper, ...]
    fused: dict[int, float]
    found_by: dict[int, tuple[str, ...]]
    also: dict[int, tuple[str, ...]]


def merge(rankings: Sequence[Ranking], k: int = RRF_K) -> Merged:
    """The papers of all rankings, each once; the order of ``rankings`` does not matter. Ties are broken by paper id."""
    groups = _groups({paper for ranking in rankings for paper in ranking.papers})
    group_of = {paper: number for number, group in enumerate(groups) for paper in group}
    shares: defaultdict[int, list[float]] = defaultdict(list)
    queries: defaultdict[int, set[str]] = defaultdict(set)
    for ranking in rankings:
        best: dict[int, int] = {}
        for rank, paper in enumerate(ranking.papers, start=1):
            best.setdefault(group_of[paper], rank)
        for number, rank in best.items():
            shares[number].append(1.0 / (k + rank))
            queries[number].add(ranking.query_id)
    # fsum is exact, so the order of the rankings cannot move a score
    scores = {number: math.fsum(parts) for number, parts in shares.items()}
    papers = [_combined(group) for group in groups]
    order = sorted(range(len(groups)), key=lambda number: (-scores[number], papers[number].id, _text(papers[number])))
    return Merged(
        papers=tuple(papers[number] for number in order),
        fused={index: scores[number] for index, number in enumerate(order)},
        found_by={
            index: tuple(sorted(queries[number], key=lambda name: (len(name), name)))
            for index, number in enumerate(order)
        },
        also={
            index: tuple(sorted({paper.record for paper in groups[number] if paper.record}))
            for index, number in enumerate(order)
        },
    )


def _groups(papers: Iterable[Paper]) -> list[list[Paper]]:
    """The records of each paper. Titles may put together what identifiers then show to be more, so: until it rests."""
    groups = [[paper] for paper in sorted(papers, key=_text)]
    while True:
        known = [set().union(*map(_identifiers, group)) for group in groups]
        groups = _joined(groups, [pair for numbers in _bearers(known) for pair in pairwise(numbers)])
        groups = _joined_by_doi(groups)
        pairs = _of_one_title([_combined(group) for group in groups])
        if not pairs:
            return groups
        groups = _joined(groups, pairs)


def _joined_by_doi(groups: list[list[Paper]]) -> list[list[Paper]]:
    """The groups, with those put together that share a DOI; one DOI after another, as each may bring another arXiv
    identifier to a group."""
    known = [set().union(*map(_journal_dois, group)) for group in groups]
    for doi in sorted({doi for dois in known for doi in dois}):
        numbers = [number for number, dois in enumerate(known) if doi in dois]
        pairs = _of_one_doi(numbers, [_combined(groups[number]) for number in numbers]) if len(numbers) > 1 else []
        if pairs:
            groups = _joined(groups, pairs)
            known = [set().union(*map(_journal_dois, group)) for group in groups]
    return groups


def _of_one_doi(numbers: Sequence[int], papers: Sequence[Paper]) -> list[tuple[int, int]]:
    titles = [_plain_title(paper) for paper in papers]
    on_arxiv = {title for title, paper in zip(titles, papers, strict=True) if _arxiv_ids(paper)}
    if len(on_arxiv) <= 1:
        return list(pairwise(numbers))
    bearers: defaultdict[str, list[int]] = defaultdict(list)
    for number, title in zip(numbers, titles, strict=True):
        bearers[title].append(number)
    return [pair for same in bearers.values() for pair in pairwise(same)]


def _joined(groups: Sequence[list[Paper]], pairs: Iterable[tuple[int, int]]) -> list[list[Paper]]:
    """The groups, with those put together that pairs of their indices connect (union-find)."""
    parent = list(range(len(groups)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs:
        parent[root(other)] = root(one)
    joined: defaultdict[int, list[Paper]] = defaultdict(list)
    for number, group in enumerate(groups):
        joined[root(number)] += group
    return list(joined.values())


def _of_one_title(papers: Sequence[Paper]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for numbers in _bearers([_title_key(paper) for paper in papers]):
        identifiers = set().union(*(_identifiers(papers[number]) for number in numbers))
        if sum(kind == "arxiv" for kind, _ in identifiers) <= 1:
            pairs += [pair for pair in combinations(numbers, 2) if _alike(papers[pair[0]], papers[pair[1]])]
    return pairs


def _bearers(keys: Sequence[set[tuple[str, str]]]) -> list[list[int]]:
    """For each key, the indices that have it."""
    bearers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, own in enumerate(keys):
        for key in own:
            bearers[key].append(number)
    return [numbers for _, numbers in sorted(bearers.items()) if len(numbers) > 1]


def _identifiers(paper: Paper) -> set[tuple[str, str]]:
    """What two papers never share, other than DOIs of journals."""
    keys = {("id", paper.id)} | {("arxiv", arxiv_id) for arxiv_id in _arxiv_ids(paper)}
    return keys | {("record", paper.record)} if paper.record else keys


def _arxiv_ids(paper: Paper) -> set[str]:
    own = map(arxiv_id_of, all_dois(paper.doi))
    return {arxiv_id for arxiv_id in (bare_arxiv_id(paper.id), *own) if arxiv_id}


def _journal_dois(paper: Paper) -> set[str]:
    return {doi.lower() for doi in all_dois(paper.doi) if arxiv_id_of(doi) is None}


def _plain_title(paper: Paper) -> str:
    """The title in plain letters, without a publisher's notice."""
    text = unicodedata.normalize("NFKC", without_notice(paper.title)).casefold().replace("−", "-")
    text = _LATEX.sub("", text)
    signs = {at for found in _SIGN.finditer(text) for at in range(*found.span())}
    return " ".join("".join(char if is_of_word(char) or at in signs else " " for at, char in enumerate(text)).split())


def _title_key(paper: Paper) -> set[tuple[str, str]]:
    """The plain title; none for one so short or general that many papers could bear it."""
    title = _plain_title(paper)
    long_enough = len(title.split()) >= FEWEST_WORDS and len(title) >= FEWEST_LETTERS
    return {("title", title)} if long_enough else set()


def _alike(paper: Paper, other: Paper) -> bool:
    """Whether authors and years let two papers of one title be the same."""
    years = [paper_year for item in (paper, other) if (paper_year := _year(item)) is not None]
    near = max(years) - min(years) <= YEARS_APART if len(years) == 2 else None
    names, others = _surnames(paper), _surnames(other)
    if names and others:
        # two articles of a journal may well have one title and authors of one name
        two_articles = _journal_dois(paper) and _journal_dois(other)
        fewest = min(2, len(names), len(others)) if two_articles else 1
        return len(names & others) >= fewest and near is not False
    return near is True


def _year(paper: Paper) -> int | None:
    given = (paper.published or "")[:4]
    return int(given) if re.fullmatch("[0-9]{4}", given) else paper.year


def _surnames(paper: Paper) -> set[str]:
    """Last words of the names, without accents: sources differ in given names and initials."""
    found = set()
    for name in paper.authors:
        letters = unicodedata.normalize("NFKD", name.partition(",")[0] if "," in name else name).casefold()
        words = _NO_WORD.sub(" ", "".join(char for char in letters if not unicodedata.combining(char))).split()
        found |= set(words[-1:])
    return found


def _combined(group: Sequence[Paper]) -> Paper:
    """One paper from its records, by the preferences that the module's text gives."""
    ordered = sorted(group, key=_preference)
    first = ordered[0]
    dois: dict[str, str] = {}
    for doi in (doi for paper in ordered for doi in all_dois(paper.doi)):
        dois.setdefault(doi.lower(), doi)
    abstract = first.abstract if first.origin == "arxiv" else ""
    dated = [paper.published for paper in ordered if paper.published]
    return replace(
        first,
        abstract=abstract or max((paper.abstract for paper in ordered), key=len),
        authors=first.authors or max((paper.authors for paper in ordered), key=len),
        published=first.published or min(dated, default=None),
        updated=first.updated or next((paper.updated for paper in ordered if paper.updated), None),
        categories=first.categories or next((paper.categories for paper in ordered if paper.categories), ()),
        comment=first.comment or next((paper.comment for paper in ordered if paper.comment), None),
        doi=_best(dois.values(), identified=bare_arxiv_id(first.id) is not None),
        journal_ref=first.journal_ref or next((paper.journal_ref for paper in ordered if paper.journal_ref), None),
        withdrawn=any(paper.withdrawn for paper in group),
        year=None if dated else next((paper.year for paper in ordered if paper.year), None),
    )


def _best(dois: Iterable[str], *, identified: bool) -> str | None:
    """All DOIs of journals, those that can be cited first. arXiv's own, which follows from its identifier, is there
    only where one of both is lacking."""
    ordered = sorted(dois, key=lambda doi: (arxiv_id_of(doi) is not None, bare_doi(doi) is None))
    journals = [doi for doi in ordered if arxiv_id_of(doi) is None]
    return " ".join(journals if journals and identified else ordered) or None


def _preference(paper: Paper) -> tuple[bool, bool, bool, int, int, str]:
    place = _ORIGINS.index(paper.origin) if paper.origin in _ORIGINS else len(_ORIGINS)
    identified = bare_arxiv_id(paper.id) is not None
    own = identified and paper.origin == "arxiv"
    return (not own, not identified, not paper.doi, place, -(paper.version or 0), _text(paper))


def _text(paper: Paper) -> str:
    """All of a record, to put records into one order whatever came first."""
    return repr(sorted(paper.to_json().items()))

"""Themes: groups of claims that speak of one thing, named by a term of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from generator.kernel.findings import DOWN, UP
from generator.kernel.text import is_content, stems
from generator.manifest.semantic.words import stem

THEMES = "tfidf-clusters-v1"
UNNAMED = "further findings"
_DISTANCE = 0.86
_LONGEST_WORD = 30
# Words that count, qualify or compare: they stand in many claims and name no subject.
_VAGUE = frozenset(
    stem(word)
    for word in (
        "mean average show find report predict point study group model participant aged billion million thousand "
        "result value level rate percent percentage significant strong stronger weak weaker large larger small smaller "
        "relative additional elevated moderate low high year hour day week month minute time light overnight"
    ).split()
)
_NUMBER = re.compile(r"[^\w\s’'-]+|(?<!\w)\d\S*|\s[-–]\s")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def group_themes(
    claims: Sequence[dict[str, Any]], question: str, sources: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(themes, claims with their theme's id): average-linkage clusters of claims by TF-IDF cosine distance.

    A theme is named after the words that most of its claims share and that the sources use as a term.
    """
    if not claims:
        return [], []
    known = _known_terms(sources)
    asked = set(stems(question))
    groups = _joined(_clusters(claims), claims, known, asked)
    themes, theme_of = [], {}
    used: set[str] = set()
    for number, rows in enumerate(groups, start=1):
        label = _label([claims[row]["text"] for row in rows], known, asked, used)
        themes.append({"id": f"T{number}", "label": label, "claim_ids": [claims[row]["id"] for row in rows]})
        theme_of.update(dict.fromkeys(rows, f"T{number}"))
    return themes, [{**claim, "theme": theme_of[row]} for row, claim in enumerate(claims)]


def _clusters(claims: Sequence[dict[str, Any]]) -> list[list[int]]:
    if len(claims) == 1 or not any(stems(claim["text"]) for claim in claims):
        return [list(range(len(claims)))]
    matrix = TfidfVectorizer(analyzer=stems, sublinear_tf=True).fit_transform([claim["text"] for claim in claims])
    clustering = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=_DISTANCE
    )
    # a claim of stop words alone has a zero vector, which has no cosine: a tiny constant gives it a place
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clustering.fit_predict(matrix.toarray() + 1e-9).tolist()):
        members.setdefault(cluster, []).append(row)
    return list(members.values())


def _joined(
    groups: Sequence[list[int]], claims: Sequence[dict[str, Any]], known: Counter[str], asked: set[str]
) -> list[list[int]]:
    """The clusters by falling number of papers, pairs without a common term taken apart.

    A claim that stands alone joins the first larger cluster most of whose claims share a term of two words, or a name,
    with it that is not the question's own.
    """

    def papers(rows: Sequence[int]) -> int:
        return len({claims[row]["grounding"]["source_id"] for row in rows})

    terms = [
        {
            key
            for key, form in _terms(claim["text"])
            if known[key] >= 2 and (" " in key or _is_name(form)) and not set(key.split()) <= asked
        }
        for claim in claims
    ]
    named = [{key for key, _ in _terms(claim["text"]) if known[key] >= 2} for claim in claims]
    whole: list[list[int]] = []
    for rows in groups:
        # two claims that share no term make no theme, whatever other words they share
        apart = len(rows) == 2 and not named[rows[0]] & named[rows[1]]
        whole.extend([[row] for row in rows] if apart else [[*rows]])
    ordered = sorted(whole, key=lambda rows: (-papers(rows), rows[0]))
    kept: list[list[int]] = [rows for rows in ordered if len(rows) > 1]
    for row in sorted(rows[0] for rows in ordered if len(rows) == 1):
        for rows in kept:
            shared = Counter(key for member in rows for key in terms[member] & terms[row])
            if shared and 2 * max(shared.values()) > len(rows):
                rows.append(row)
                break
        else:
            kept.append([row])
    return sorted((sorted(rows) for rows in kept), key=lambda rows: (-papers(rows), rows[0]))


def _label(texts: Sequence[str], known: Counter[str], asked: set[str], used: set[str]) -> str:
    """What the claims of a theme have in common: the known term that most of them hold, longer ones first; terms that
    only one of them holds, terms of the question and names already given to another theme come last."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text in texts:
        here = {key: form for key, form in _terms(text) if known[key] >= 2}
        counts.update(here.keys())
        written = {**here, **written}
    if not counts:
        return UNNAMED
    size = {key: counts[key] * (1.0, 2.2, 3.0)[key.count(" ")] for key in counts}
    alone = min(2, len(texts))

    def rank(key: str) -> tuple[Any, ...]:
        own = set(key.split()) <= asked
        return key in used, counts[key] < alone, -size[key], own, -known[key], written[key]

    best = min(counts, key=rank)
    if best in used:
        return UNNAMED
    used.add(best)
    return written[best]


def _known_terms(sources: Sequence[dict[str, Any]]) -> Counter[str]:
    """How many sources use each term of two or three words; a title, which names what a paper is about, counts twice,
    and a single word counts in titles only, unless it is a name such as T80."""
    found: Counter[str] = Counter()
    for source in sources:
        in_text = _terms(source["text"]["content"] if source["text"] else "")
        found.update({key for key, form in in_text if " " in key or _is_name(form)})
        found.update(2 * list({key for key, _ in _terms(source["title"] or "")}))
    return found


def _terms(text: str) -> list[tuple[str, str]]:
    """(stems, written form) of each word, pair and triple of neighbouring content words with nothing but a space in
    between. Direction words, numbers and words such as ``mean`` are part of no term, and a lone participle is none."""
    found = []
    for run in _NUMBER.split(text):
        tokens = run.split()
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + 3, len(tokens)) + 1):
                parts = [token.strip("-'’") for token in tokens[start:end]]
                if not all(_names_something(part) for part in parts):
                    break
                if parts[0].endswith(("ing", "ly")) or (len(parts) == 1 and parts[0].endswith("ed")):
                    continue
                found.append((" ".join(stem(part) for part in parts), " ".join(_plain_case(part) for part in parts)))
    return found


def _names_something(word: str) -> bool:
    parts = word.split("-")
    plain = "".join(parts)
    return (
        len(parts) <= 3
        and len(word) <= _LONGEST_WORD
        and bool(_NAME.fullmatch(plain))
        and is_content(word)
        and stem(word) not in UP | DOWN | _VAGUE
    )


def _is_name(word: str) -> bool:
    return " " not in word and any(letter.isdigit() for letter in word)


def _plain_case(word: str) -> str:
    """Sentence-initial capitals go, names and abbreviations stay."""
    return word if word[1:] != word[1:].lower() or _is_name(word) else word.lower()

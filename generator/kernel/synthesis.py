"""The synthesis: themes over several papers, an abstract written from claims, uncertainties.

Everything is deterministic. The abstract is this kernel's own sentences around marked quotations; a quotation is
always a whole claim. No source's abstract is taken over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

from generator.kernel.disagreements import DOWN, UP
from generator.kernel.labels import extractive
from generator.kernel.stemming import stem
from generator.kernel.text import is_content, stems, words
from generator.manifest.claims import passed

THEMES = "tfidf-clusters-v1"
ABSTRACT = "claims-template-v1"
MOST_THEMES = 3
QUOTES_PER_THEME = 2
_VAGUE = frozenset(
    stem(word) for word in ["mean", "average", "show", "find", "report", "predict", "point", "study", "group", "model"]
)


def group_themes(
    claims: Sequence[dict[str, Any]], question: str, sources: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(themes, claims with their theme's id): average-linkage clusters of claims by TF-IDF cosine distance.

    A theme is named after the words that most of its claims share and that the sources use as a term.
    """
    if not claims:
        return [], []
    if len(claims) == 1 or not any(stems(claim["text"]) for claim in claims):
        clusters = [0] * len(claims)
    else:
        matrix = TfidfVectorizer(analyzer=stems, sublinear_tf=True).fit_transform([claim["text"] for claim in claims])
        clustering = AgglomerativeClustering(
            n_clusters=None, metric="cosine", linkage="average", distance_threshold=0.86
        )
        # a claim of stop words alone has a zero vector, which has no cosine: a tiny constant gives it a place
        clusters = clustering.fit_predict(matrix.toarray() + 1e-9).tolist()
    members: dict[int, list[int]] = {}
    for row, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(row)
    groups = sorted(
        members.values(), key=lambda rows: (-len({claims[row]["grounding"]["source_id"] for row in rows}), rows[0])
    )
    known = _known_terms(sources)
    asked = set(stems(question))
    themes, theme_of = [], {}
    used: set[str] = set()
    for number, rows in enumerate(groups, start=1):
        label = _label([claims[row]["text"] for row in rows], known, asked, used)
        themes.append({"id": f"T{number}", "label": label, "claim_ids": [claims[row]["id"] for row in rows]})
        theme_of.update(dict.fromkeys(rows, f"T{number}"))
    return themes, [{**claim, "theme": theme_of[row]} for row, claim in enumerate(claims)]


def write_abstract(
    question: str,
    claims: Sequence[dict[str, Any]],
    themes: Sequence[dict[str, Any]],
    disagreements: Sequence[dict[str, Any]],
    verifier: Mapping[str, Any],
    *,
    invented: bool,
) -> dict[str, Any]:
    """The abstract field of the run: text, the claims it quotes, and how it was made. ``verifier`` is that of the run's
    ``rules``."""
    by_id = {claim["id"]: claim for claim in claims}
    papers = list(dict.fromkeys(claim["grounding"]["source_id"] for claim in claims))
    kind = "invented papers of the bundled sample corpus" if invented else "retrieved papers"
    if not claims:
        text = (
            f"No sentence of the {kind} bears closely enough on this question to be called a claim. The record stops "
            f"here: nothing was concluded."
        )
        return _made(text, [])
    if len(papers) == 1:
        quoted = claims[0]
        text = (
            f"{'The only claim' if len(claims) == 1 else f'All {len(claims)} claims'} on this question "
            f"{'comes' if len(claims) == 1 else 'come'} from one of the {kind}, {papers[0]}, which says: "
            f"{_quote(quoted)}. One source gives nothing to compare, so the record stops here."
        )
        return _made(text, [quoted["id"]])
    found = f"{_number(len(claims), 'claim')} were found in {_number(len(papers), 'paper')}"
    parts = [f"On this question {found} ({kind})."]
    closest = _spread(list(claims))[:QUOTES_PER_THEME]
    quoted_ids = [claim["id"] for claim in closest]
    said = " ".join(f"{claim['grounding']['source_id']} reports: {_quote(claim)}." for claim in closest)
    parts.append(f"Closest to it: {said}")
    for theme in _leading(themes, by_id):
        members = _spread([by_id[name] for name in theme["claim_ids"]])
        sources = list(dict.fromkeys(claim["grounding"]["source_id"] for claim in members))
        chosen = [claim for claim in members if claim["id"] not in quoted_ids][:QUOTES_PER_THEME]
        if not chosen:
            continue
        opening = f"{_number(len(sources), 'paper').capitalize()} {'speaks' if len(sources) == 1 else 'speak'} of"
        said = " ".join(f"{claim['grounding']['source_id']} reports: {_quote(claim)}." for claim in chosen)
        quoted_ids.extend(claim["id"] for claim in chosen)
        parts.append(f"{opening} {theme['label']} ({_join(sources)}). {said}")
    if disagreements:
        pairs = _join([" against ".join(item["claim_ids"]) for item in disagreements[:3]])
        more = f" and {len(disagreements) - 3} more" if len(disagreements) > 3 else ""
        parts.append(f"Some claims may contradict each other: {pairs}{more}.")
    else:
        parts.append("By its direction words no pair of claims was found to disagree; others may.")
    missing = unanswered_terms(question, claims)
    if missing:
        parts.append(f"No claim takes up: {', '.join(missing)}.")
    parts.append(_verified(claims, verifier))
    return _made(" ".join(parts), quoted_ids)


def _verified(claims: Sequence[dict[str, Any]], verifier: Mapping[str, Any]) -> str:
    """How many claims passed, in the word that the verifier's figures allow."""
    share = f"{passed(claims)} of {len(claims)}"
    if not verifier["meets_bar"]:
        return f"{share} are echoed in a source by {verifier['method']}; none counts as verified."
    agreed = Counter(claim["verification"].get("agreement") for claim in claims)
    parts = [f"{share} are verified by {verifier['method']}"]
    parts += [f"{agreed['corroborated']} of them by more than one source"] if agreed["corroborated"] else []
    parts += [f"{agreed['contested']} {'is' if agreed['contested'] == 1 else 'are'} contested"] * bool(
        agreed["contested"]
    )
    return f"{_join(parts)}."


def list_uncertainties(
    question: str,
    claims: Sequence[dict[str, Any]],
    disagreements: Sequence[dict[str, Any]],
    excluded: Sequence[dict[str, Any]],
    verifier: Mapping[str, Any],
    *,
    invented: bool,
) -> list[dict[str, Any]]:
    """What a reader should doubt: about the method (``method``) and about these findings (``finding``). ``verifier`` is
    that of the run's ``rules``."""
    items = [
        ("method", _doubt(verifier)),
        ("method", "Only titles and abstracts were read; what a paper says further on is unknown here."),
        ("method", "The review consists of rubric checks by rule; nobody judged the content."),
    ]
    if invented:
        items.append(("method", "The corpus is invented, so nothing in this record is evidence about the world."))
    items.extend(
        ("finding", f"{' and '.join(item['claim_ids'])} may contradict each other. {item['basis']}")
        for item in disagreements
    )
    missing = unanswered_terms(question, claims)
    if claims and missing:
        items.append(("finding", f"No claim takes up: {', '.join(missing)}."))
    papers = {claim["grounding"]["source_id"] for claim in claims}
    if not claims:
        items.append(("finding", "No claim was found, so the question stays open."))
    elif len(papers) == 1:
        items.append(("finding", "All claims come from one paper; nothing confirms or contradicts it here."))
    items.extend(("finding", _contested(claim)) for claim in claims if claim["verification"].get("refuting_source_ids"))
    failed = [
        claim["id"]
        for claim in claims
        if claim["verification"]["verified"] is False and not claim["verification"].get("refuting_source_ids")
    ]
    if failed:
        items.append(("finding", f"{verifier['method']} found no support in any source for {', '.join(failed)}."))
    withdrawn = [item["paper_id"] for item in excluded if item["reason_code"] == "WITHDRAWN"]
    if withdrawn:
        items.append(("finding", f"Withdrawn and not used: {', '.join(sorted(set(withdrawn)))}."))
    return [{"kind": kind, "text": text} for kind, text in items]


def _doubt(verifier: Mapping[str, Any]) -> str:
    """What to doubt of the verifier: even one that meets the bar errs, and any other says little."""
    name = f"{verifier['method']} {verifier['version']}"
    if verifier["meets_bar"]:
        return f"Verdicts are those of a program, {name}, which errs; its card gives the shares in which it does."
    if verifier["method"] == "tfidf-bigram-v1":
        return "The similarity check is weak: a sentence and its contradiction share most of their words."
    return f"The verifier, {name}, does not meet the bar for verified: its verdicts are weak."


def _contested(claim: dict[str, Any]) -> str:
    """Both sides of a claim that a source refutes, with their sources."""
    check = claim["verification"]
    by = f"by the verdicts of {check['method']}"
    against = f"{_join(check['refuting_source_ids'])} {_verb(check['refuting_source_ids'], 'refute')} it"
    if not check["supporting_source_ids"]:
        return f"{claim['id']} is refuted: {against}, and no source supports it, {by}."
    supporting = f"{_join(check['supporting_source_ids'])} {_verb(check['supporting_source_ids'], 'support')} it"
    return f"{claim['id']} is contested: {supporting}, and {against}, {by}."


def _verb(names: Sequence[str], verb: str) -> str:
    return f"{verb}s" if len(names) == 1 else verb


def unanswered_terms(question: str, claims: Sequence[dict[str, Any]]) -> list[str]:
    """Content words of the question that no claim holds in any form, as the question writes them."""
    present = {item for claim in claims for item in stems(claim["text"])}
    return list(dict.fromkeys(word for word in words(question) if is_content(word) and not set(stems(word)) & present))


def outside_quotes(text: str) -> list[str]:
    """The stretches of a text that stand outside “quotation marks”."""
    return [part for part in re.split(r"“[^”]*”", text) if part.strip()]


def quotations(text: str) -> list[str]:
    """The marked quotations of a text, without their marks; marks inside a quotation were turned into single ones."""
    return re.findall(r"“([^”]*)”", text)


def as_quoted(text: str) -> str:
    """A claim's text as it stands between quotation marks: inner double marks become single ones."""
    return text.replace("“", "‘").replace("”", "’")


def _made(text: str, claim_ids: list[str]) -> dict[str, Any]:
    return {
        "text": text,
        "truncated_at_source": False,
        "claim_ids": claim_ids,
        "produced_by": extractive(ABSTRACT, most_themes=MOST_THEMES, quotes_per_theme=QUOTES_PER_THEME),
    }


def _quote(claim: dict[str, Any]) -> str:
    return f"“{as_quoted(claim['text'])}” [{claim['id']}]"


def _leading(themes: Sequence[dict[str, Any]], by_id: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Themes that several papers share, or the first ones where no theme is shared; three at most."""
    shared = [
        theme for theme in themes if len({by_id[name]["grounding"]["source_id"] for name in theme["claim_ids"]}) >= 2
    ]
    return (shared or list(themes))[:MOST_THEMES]


def _spread(claims: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims by relevance, with each paper's best one before any paper's second."""
    ordered = sorted(claims, key=lambda claim: (-(claim["relevance"] or 0.0), claim["id"]))
    seen: Counter[str] = Counter()
    ranked = []
    for position, claim in enumerate(ordered):
        source = claim["grounding"]["source_id"]
        ranked.append((seen[source], position, claim))
        seen[source] += 1
    return [claim for _, _, claim in sorted(ranked, key=lambda item: item[:2])]


def _label(texts: Sequence[str], known: Counter[str], asked: set[str], used: set[str]) -> str:
    """What the claims of a theme have in common: the known term that most of them hold, longer ones first; terms of the
    question and names already given to another theme come last."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text in texts:
        here = {key: form for key, form in _terms(text) if known[key] >= 2}
        counts.update(here.keys())
        written = {**here, **written}
    if not counts:
        return "further findings"
    size = {key: counts[key] * (1.0, 2.2, 3.0)[key.count(" ")] for key in counts}
    best = min(counts, key=lambda key: (key in used, -size[key], set(key.split()) <= asked, -known[key], written[key]))
    used.add(best)
    return written[best]


def _known_terms(sources: Sequence[dict[str, Any]]) -> Counter[str]:
    """How many sources use each term of two or three words; a title, which names what a paper is about, counts twice,
    and a single word counts in titles only."""
    found: Counter[str] = Counter()
    for source in sources:
        found.update({key for key, _ in _terms(source["text"]["content"] if source["text"] else "") if " " in key})
        found.update(2 * list({key for key, _ in _terms(source["title"] or "")}))
    return found


def _terms(text: str) -> list[tuple[str, str]]:
    """(stems, written form) of each word, pair and triple of neighbouring content words with nothing but a space in
    between. Direction words, numbers and words such as ``mean`` are part of no term, and a lone participle is none."""
    found = []
    for run in re.split(r"[^\w\s’'-]+|\d\S*|\s[-–]\s", text):
        tokens = run.split()
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + 3, len(tokens)) + 1):
                parts = [token.strip("-'’") for token in tokens[start:end]]
                if not all(_names_something(part) for part in parts):
                    break
                if len(parts) == 1 and parts[0].endswith("ed"):
                    continue
                found.append((" ".join(stem(part) for part in parts), " ".join(_plain_case(part) for part in parts)))
    return found


def _names_something(word: str) -> bool:
    plain = word.replace("-", "")
    return plain.isascii() and plain.isalpha() and is_content(word) and stem(word) not in UP | DOWN | _VAGUE


def _plain_case(word: str) -> str:
    """Sentence-initial capitals go, names and abbreviations stay."""
    return word if word[1:] != word[1:].lower() else word.lower()


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

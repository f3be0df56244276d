"""Why a verdict is what it is, in sentences that name the words compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from generator.kernel.verification.lexical.compare import Mismatch
from generator.kernel.verification.lexical.features import CHOSEN, OPPOSED, QUANTITY, Source, source, statistics
from generator.kernel.verification.lexical.model import Model
from generator.kernel.verification.lexical.parse import OPPOSITE, Parsed, denies, parse
from generator.kernel.verification.verdict import MOST_EVIDENCE, Label, Passage

if TYPE_CHECKING:
    from generator.kernel.verification.lexical import Judgement

# "(Smith et al., 2020)", "[12, 13]" and the marks of citation data sets say where a claim comes from, not what it says
NUMBERED = re.compile(r"\[\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){0,20}\]")
CITATIONS = re.compile(
    r"\[?<\|[a-z_]{1,20}\|>\]?"
    r"|\((?:[A-Z][\w'’-]{1,30},? (?:et al\.?,? |(?:and|&) [A-Z][\w'’-]{1,30},? )?"
    r"\(?(?:19|20)\d\d[a-z]?\)?(?:; ?)?){1,8}\)"
)
_LONGEST = 60
_MOST = 3
_AS_CLOSE = 0.75
"""Likeness, as a share of the closest sentence's, from which another sentence is shown too."""
_HEAVIEST = 12
"""Features that may be named as reasons, if they weigh at least ``_LEAST_WEIGHT``."""
_LEAST_WEIGHT = 0.05
_LEAST_RARE = 0.3
"""IDF from which a word that is missing is named."""
_STANDS_FOR = 0.7
"""Likeness from which a related word stands for one that is missing."""

_AGREES = "Claim and source agree on what goes up, what goes down and what stays the same."
_OPPOSES = "What goes up in the claim goes down in the source, or the other way round."
_STAYS = "Either the claim or the source says that something goes up or down; the other says that it does not."
_BY_DIRECTION = {1.0: _AGREES, -1.0: _OPPOSES, -0.5: _STAYS}
_DIRECTION_FEATURES = frozenset(["direction_said", "direction_net", "direction_heaviest"])
_PHRASES: dict[str, str] = {
    "negation_differs": "Either the claim or the closest sentence has a negation; the other has none.",
    "null_differs": "Either the claim or the closest sentence speaks of no effect; the other does not.",
    "numbers_conflicting": "The source has other numbers beside the same words.",
    "ratio_opposed": "The effect sizes in the source (odds, hazard or risk ratios) point the other way.",
    "ratio_agrees": "The effect sizes in the source (odds, hazard or risk ratios) point the same way.",
    "title_opposed": "The title of the source points the other way.",
    "title_agrees": "The title of the source points the same way.",
}


def evidence(label: Label, found: Judgement) -> list[int]:
    """Indices of the sentences that the verdict rests on; where the source does not say there are none."""
    if found.unjudged:
        return []
    if found.copied is not None:
        return [found.copied]
    if label == "NEI":
        return []
    least = _AS_CLOSE * found.features["like_1"]
    return [
        index
        for rank, index in enumerate(found.order[:MOST_EVIDENCE], start=1)
        if rank == 1 or found.features[f"like_{rank}"] >= least
    ]


def explain(label: Label, claim: str, passage: Passage, found: Judgement, weights: Model) -> tuple[str, ...]:
    """One to four reasons, the weightiest first. ``claim`` is without citation marks."""
    if found.unjudged:
        return (found.unjudged,)
    parsed, ready = parse(claim), source(passage.sentences, passage.title)
    if found.copied is None or found.comparison is None:
        return _of_reworded(label, parsed, ready, found, weights)
    # the difference that decides comes first; a negation is told as such, not as a word added too
    mismatches = sorted(found.comparison.mismatches, key=lambda mismatch: mismatch.kind != found.differs)
    told = (item for item in mismatches if item.kind != "added" or not denies(item.claim.lower()))
    said = list(dict.fromkeys(map(_difference, told)))
    place = f"sentence {found.copied + 1}"
    if said:
        return (*said[:_MOST], f"Most of the claim follows {place}.")
    if label != "SUPPORT":
        return (f"Only part of the claim is in {place}.",)
    if found.comparison.overlap == 1 and parsed.stem_set <= ready.stems[found.copied]:
        return (f"All words of the claim are in {place}, in the same order.",)
    return (f"The claim says what {place} says, in nearly the same words.",)


def _difference(mismatch: Mismatch) -> str:
    if mismatch.kind == "negation":
        return _negation(mismatch)
    ours, theirs = _shown(mismatch.claim), _shown(mismatch.source)
    match mismatch.kind:
        case "number":
            if not theirs:
                return f"The closest sentence does not give the number {ours}."
            return f"The source says {theirs}, the claim says {ours}."
        case "direction":
            return f"The source says {theirs}, the claim says the opposite: {ours}."
        case "order":
            if not ours:
                return "The claim puts things in another order than the source."
            return f"The claim has {ours} in another place than the source, which changes what is said."
        case "name":
            if not theirs:
                return f"The closest sentence does not name {ours}."
            return f"The source names {theirs}, the claim names {ours}."
        case "hedge":
            return f"The source says {theirs}, the claim leaves it out."
        case "word":
            if not theirs:
                return f"The claim adds {ours}, which may change its meaning."
            return f"The source says {theirs}, the claim says {ours}, which may mean something else."
        case "added":
            return f"The claim adds {ours}."


def _negation(mismatch: Mismatch) -> str:
    """Which of the two denies, with the words around the negation."""
    ours, theirs = _denial(mismatch.claim), _denial(mismatch.source)
    if ours:
        return f"The claim has a negation that the source does not have: {_shown(ours)}."
    return f"The claim leaves out a negation of the source: {_shown(theirs or mismatch.source)}."


def _denial(text: str) -> str:
    """The negation in a text with two words on each side; empty where there is none."""
    words = text.split()
    denying = ("fail", "fails", "failed", "failing")
    at = next((at for at, word in enumerate(words) if denies(word.lower()) or word.lower() in denying), None)
    return "" if at is None else " ".join(words[max(0, at - 2) : at + 3])


def _of_reworded(label: Label, claim: Parsed, ready: Source, found: Judgement, weights: Model) -> tuple[str, ...]:
    said = list(dict.fromkeys(_features_said(label, claim, ready, found, weights)))
    missing = _missing(claim, ready)
    absent = [f"The source does not have the word{'s' * (len(missing) > 1)} {_listed(missing)}."] if missing else []
    close = [_closeness(found)]
    if label == "NEI":
        number = ["The claim has a number that stands nowhere in the source."] if found.features[QUANTITY] else []
        parts = [*number, *absent, *close]
    elif label == "SUPPORT":
        parts = [*close, *said, *absent]
    elif said:
        parts = [*said, *close]
    else:
        parts = [*close, "No single word decides: the wording as a whole speaks against the claim."]
    return tuple(parts[:_MOST])


def _closeness(found: Judgement) -> str:
    share = found.features["like_1"]
    if not share:
        return "No sentence shares a word with the claim."
    return (
        f"Sentence {found.order[0] + 1} comes closest, with {share:.0%} of the claim's words or related ones"
        " (rare words count more)."
    )


def _features_said(label: Label, claim: Parsed, ready: Source, found: Judgement, weights: Model) -> Iterator[str]:
    """The heaviest features that speak for the label, each in a sentence."""
    f = found.features
    if f[OPPOSED]:
        yield _OPPOSES
    for weight, name in weights.contributions(f, label)[:_HEAVIEST]:
        if weight < _LEAST_WEIGHT:
            break
        if name in _DIRECTION_FEATURES:
            if f["direction_said"]:
                yield _BY_DIRECTION[f["direction_said"]]
        elif name == "words_opposed":
            yield from _opposed_words(claim, ready, found.order)
        elif f[name] and name in _PHRASES:
            yield _PHRASES[name]


def _opposed_words(claim: Parsed, ready: Source, order: Sequence[int]) -> Iterator[str]:
    """The first word of the claim that has an antonym, and not itself, in the closest sentence that has one."""
    for index in order[:CHOSEN]:
        sentence = parse(ready.sentences[index])
        there = {*sentence.tokens, *sentence.stems}
        for raw, token, key in zip(claim.raw, claim.tokens, claim.stems, strict=True):
            antonyms = OPPOSITE.get(token, frozenset()) | OPPOSITE.get(key, frozenset())
            if token in there or key in there or antonyms.isdisjoint(there):
                continue
            at = next(
                at
                for at, pair in enumerate(zip(sentence.tokens, sentence.stems, strict=True))
                if not antonyms.isdisjoint(pair)
            )
            yield f"The source has {_shown(sentence.raw[at])}, the opposite of {_shown(raw)} in the claim."
            return


def _missing(claim: Parsed, ready: Source) -> list[str]:
    """The claim's rarest words that the source has in no form, as written, at most three."""
    known = statistics()
    rare: dict[str, float] = {}
    for index in claim.content:
        key = claim.stems[index]
        rarity = known.idf(key)
        if rarity <= _LEAST_RARE or key in ready.everything:
            continue
        if not any(likeness > _STANDS_FOR and other in ready.everything for other, likeness in known.near(key)):
            rare.setdefault(_shown(claim.raw[index]), rarity)
    return sorted(rare, key=lambda word: -rare[word])[:_MOST]


def _listed(words: Sequence[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _shown(text: str) -> str:
    """A quotation of bounded length, without marks at its ends; empty where nothing but marks is left."""
    words = text.split()
    while words and not any(map(str.isalnum, words[0])):
        del words[0]
    while words and not any(map(str.isalnum, words[-1])):
        del words[-1]
    text = " ".join(words)
    return f"“{text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + '…'}”" if text else ""

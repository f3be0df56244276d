"""What the statistical part of the method sees of a claim and a source: sixty numbers with names.

Sentences are chosen by the share of the claim's words, weighted by rarity (IDF), that they hold; words of like use
count in part. The rest looks at meaning where that is cheap: which way things go, negation, results of no effect,
removals that turn a sentence round, numbers, names, hedging, order.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from generator.kernel.verification.lexical import words as w
from generator.kernel.verification.lexical.parse import OPPOSITE, SAME, SIGN, Parsed, parse, stem_set
from generator.kernel.verification.lexical.sides import held_against
from generator.manifest.semantic.words import stem

STATISTICS = Path(__file__).parent / "statistics.json"
CHOSEN = 3
"""Sentences that are looked at closely."""
OPPOSED = "clearly_opposed"
QUANTITY = "quantity_missing"
RULES = (OPPOSED, QUANTITY)
"""Features that decide alone, in this order, by the shares observed where they hold."""
LONGEST = 4000
"""Characters of a claim, a sentence or a title that are read. What follows is left out: no sentence of prose is as
long, and the work on one grows faster than its length."""
_LARGEST_KEPT = 40_000
"""Characters up to which a source made ready is remembered."""
_MOST_EVENTS = 40
_MOST_ABBREVIATIONS = 100
_CLOSE = 0.7
# Likeness of a listed synonym, and what the likeness of a word found by counting is multiplied by.
_SYNONYM = 0.8
_RELATED = 0.9
_RARE = 0.3
"""IDF above which a word is missed."""
_ABBREVIATION = re.compile(r"\(([A-Za-z][A-Za-z0-9-]{1,9})\)")
_WORD = re.compile(r"[^\W_]+")
_DECIMALS = re.compile(r"\d(?:[.·]|,(?!\d{3}))(\d+)$")
_EMPTY: frozenset[str] = frozenset()
# "odds ratio 0.73 (95% CI 0.54 to 0.98)": below one is less, above one is more, an interval around one is neither
_RATIO = re.compile(
    r"\b(?:odds ratios?|hazard ratios?|relative risks?|risk ratios?|rate ratios?|a?OR|a?HR|a?RR|IRR|SMR)\b"
    r"[^0-9;.]{0,24}(\d+[.·]\d+)(?:[^0-9]{0,6}95%[^0-9]{0,40}(\d+[.·]\d+)\s?(?:-|–|to|,|—)\s?(\d+[.·]\d+))?"
)
# "no ..." and "little ..." before one of these is a result of no effect
_EFFECT = frozenset(
    """effect effects difference differences association associations impact influence change changes correlation
    evidence benefit benefits role relationship differ differed increase decrease reduction improvement significant
    significantly associated affect affected affects alter altered advantage""".split()
)
# what is taken away from or done against a thing: "X deficiency raises Y" says that X lowers Y
REMOVAL = frozenset(
    """loss lack deficiency deficient knockdown knockout deletion depletion inhibition inhibitor inhibitors blockade
    absence silencing ablation antagonist antagonists without null reduced decreased lacking deleting inhibiting
    blocking disruption eliminating removal depleted deleted inhibited suppression""".split()
)


class Statistics:
    """Document frequencies and words of like use, counted over abstracts; ``statistics.json`` holds them."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.documents = int(content["documents"])
        self._frequency: dict[str, int] = content["frequency"]
        self._related: dict[str, dict[str, int]] = content["related"]
        self._scale = math.log(self.documents + 1)
        self._idf: dict[str, float] = {}
        self._never = self._rarity(1)
        self._near: dict[str, tuple[tuple[str, float], ...]] = {}
        self._members: dict[int, set[str]] = {}
        for word, groups in SAME.items():
            for group in groups:
                self._members.setdefault(group, set()).add(stem(word))

    def _rarity(self, frequency: int) -> float:
        return math.log((self.documents + 1) / (frequency + 0.5)) / self._scale

    def idf(self, key: str) -> float:
        """Rarity of a stem, 0 (everywhere) to about 1 (never seen)."""
        found = self._idf.get(key)
        if found is not None:
            return found
        frequency = self._frequency.get(key)
        if frequency is None:  # not remembered: there is no end of such words
            return self._never
        return self._idf.setdefault(key, self._rarity(frequency))

    def near(self, key: str) -> tuple[tuple[str, float], ...]:
        """Stems of like use with their likeness 0..1, the likest first."""
        found = self._near.get(key)
        if found is not None:
            return found
        if key not in self._related and key not in SAME:
            return ()
        likeness = {other: _RELATED * value / 100 for other, value in self._related.get(key, {}).items()}
        for group in SAME.get(key, ()):
            for other in self._members[group]:
                if other != key:
                    likeness[other] = max(_SYNONYM, likeness.get(other, 0.0))
        return self._near.setdefault(key, tuple(sorted(likeness.items(), key=lambda item: (-item[1], item[0]))))


@cache
def statistics() -> Statistics:
    """The shipped statistics, read once."""
    return Statistics(json.loads(STATISTICS.read_text(encoding="utf-8")))


def abbreviations(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Short forms in brackets with the stems of their long forms, after Schwartz and Hearst (2003)."""
    found = []
    for match in _ABBREVIATION.finditer(text):
        short = match.group(1)
        core = short.rstrip("s")
        if sum(map(str.isupper, short)) < 2:
            continue
        letters = [char.lower() for char in core if char.isalnum()]
        before = " ".join(_WORD.findall(text[max(0, match.start() - 120) : match.start()])[-(len(core) + 3) :]).lower()
        at, left = len(before) - 1, len(letters) - 1
        while left >= 0 and at >= 0:
            if before[at] == letters[left] and (left > 0 or at == 0 or before[at - 1] == " "):
                left -= 1
            at -= 1
        if left < 0:
            long = before[at + 1 :].split()
            if len(long) <= len(letters) + 2:
                found.append((stem(short), tuple(stem(word) for word in long if word not in w.STOP)))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A source made ready: the stems of each sentence and of the title, abbreviations followed both ways.

    ``sentences`` are at most ``LONGEST`` characters each; ``everything``: all stems, those of the title among them;
    ``short``: stem of an abbreviation -> stems of its long form.
    """

    sentences: tuple[str, ...]
    title: str
    stems: tuple[frozenset[str], ...]
    title_stems: frozenset[str]
    everything: frozenset[str]
    short: dict[str, tuple[str, ...]]


def source(sentences: tuple[str, ...], title: str) -> Source:
    """The source made ready; claims on one source of ordinary length share it."""
    size = sum(map(len, sentences)) + len(title)
    return _remembered_source(sentences, title) if size <= _LARGEST_KEPT else _source(sentences, title)


def _source(sentences: tuple[str, ...], title: str) -> Source:
    sentences, title = tuple(text[:LONGEST] for text in sentences), title[:LONGEST]
    short: dict[str, tuple[str, ...]] = {}
    for text in (title, *sentences):
        if "(" in text and len(short) < _MOST_ABBREVIATIONS:
            short.update(abbreviations(text))

    def expanded(text: str) -> frozenset[str]:
        keys = stem_set(text)
        extra: set[str] = set()
        for name, long in short.items():
            if name in keys:
                extra.update(long)
            elif long and keys.issuperset(long):
                extra.add(name)
        return keys | extra if extra else keys

    stems = tuple(expanded(text) for text in sentences)
    title_stems = expanded(title) if title else _EMPTY
    return Source(sentences, title, stems, title_stems, frozenset().union(title_stems, *stems), short)


_remembered_source = lru_cache(maxsize=128)(_source)


Event = tuple[int, frozenset[str], frozenset[str], int]
"""(sign, stems before, stems after, 1 where an odd number of removals stands before, else 0); the sign is 1 up, -1
down, 0 no effect ("did not increase", "no association")."""


@lru_cache(maxsize=512)
def events(parsed: Parsed) -> tuple[Event, ...]:
    """What goes which way in a sentence, at most ``_MOST_EVENTS`` of it."""
    tokens = parsed.tokens
    turning = dict(parsed.turns)
    found: dict[int, int] = {}
    for at in parsed.negations:
        for index in range(at + 1, min(at + 7, len(tokens))):
            token = tokens[index]
            if token in (",", ";", ".", ":"):
                break
            if token in _EFFECT or index in turning:
                found[index] = 0
                break
    for at, sign in parsed.turns:
        found.setdefault(at, sign)
    for index, token in enumerate(tokens):
        if (
            token in ("unchanged", "unaffected", "similar", "comparable")
            or (token == "little" and index + 1 < len(tokens) and tokens[index + 1] in _EFFECT)
        ):  # fmt: skip
            found[index] = 0
    stems = parsed.stems
    return tuple(
        (
            sign,
            frozenset(stems[index] for index in parsed.content if at - 7 <= index < at),
            frozenset(stems[index] for index in parsed.content if at < index <= at + 7),
            sum(token in REMOVAL for token in tokens[max(0, at - 8) : at]) % 2,
        )
        for at, sign in islice(found.items(), _MOST_EVENTS)
    )


class _Coverage:
    """How much of a claim a set of stems holds: its words weighted by IDF, listed and related words in part."""

    def __init__(self, claim: Parsed, short: dict[str, tuple[str, ...]]) -> None:
        known = statistics()
        self.keys = list(dict.fromkeys(claim.stems[index] for index in claim.content))
        self.weight = [known.idf(key) for key in self.keys]
        self.total = sum(self.weight) or 1.0
        self._near = [known.near(key) for key in self.keys]
        self._long = {at: short[key] for at, key in enumerate(self.keys) if key in short}
        self._places: dict[str, list[int]] = {}  # stem -> the claim's words that it may stand for
        for at, (key, others) in enumerate(zip(self.keys, self._near, strict=True)):
            for stems in ((key,), (other for other, _ in others), self._long.get(at, ())):
                for name in stems:
                    self._places.setdefault(name, []).append(at)
        self._all = frozenset(self._places)

    def _held(self, there: frozenset[str]) -> Iterator[tuple[int, float]]:
        """(word of the claim, how much of it is there, 0..1), in the order of the claim."""
        for at in sorted({at for name in self._all & there for at in self._places[name]}):
            long = self._long.get(at)
            if self.keys[at] in there or (long and there.issuperset(long)):
                yield at, 1.0
            else:
                yield at, next((likeness for other, likeness in self._near[at] if other in there), 0.0)

    def shares(self, there: frozenset[str]) -> tuple[float, float]:
        """Shares 0..1 of the claim that is there in its own words, and in like words too."""
        hard = soft = 0.0
        for at, part in self._held(there):
            if part == 1.0:
                hard += self.weight[at]
            soft += self.weight[at] * part
        return hard / self.total, soft / self.total

    def missing(self, there: frozenset[str]) -> list[float]:
        """What is left of each word's weight."""
        left = self.weight.copy()
        for at, part in self._held(there):
            left[at] = self.weight[at] * (1 - part)
        return left


def choose(claim: Parsed, ready: Source) -> tuple[list[int], dict[str, float]]:
    """(indices of the chosen sentences, best first; coverage features)."""
    coverage = _Coverage(claim, ready.short)
    each = [coverage.shares(there) for there in ready.stems]
    scores = [hard + 0.5 * soft for hard, soft in each]
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))[:CHOSEN]
    f: dict[str, float] = {}
    best = [each[index] for index in order] + [(0.0, 0.0)] * (CHOSEN - len(order))
    for rank, (hard, soft) in enumerate(best, start=1):
        f[f"cover_{rank}"], f[f"like_{rank}"] = hard, soft
    two = frozenset().union(*(ready.stems[index] for index in order[:2]))
    three = frozenset().union(*(ready.stems[index] for index in order))
    f["cover_two"], _ = coverage.shares(two)
    f["cover_three"], f["like_three"] = coverage.shares(three)
    missing = coverage.missing(three)
    f["missing_three_rarest"] = max(missing, default=0.0)
    f["missing_three_rare"] = float(sum(value > _RARE for value in missing))
    f["cover_all"], f["like_all"] = coverage.shares(ready.everything)
    missing = coverage.missing(ready.everything)
    f["missing_rarest"] = max(missing, default=0.0)
    f["missing_sum"] = sum(missing)
    f["cover_title"], f["like_title"] = coverage.shares(ready.title_stems)
    f["lead"] = best[0][1] - best[1][1]
    count = max(1, len(each))
    f["cover_mean"] = sum(hard for hard, _ in each) / count
    mean = sum(soft for _, soft in each) / count
    f["like_spread"] = math.sqrt(sum((soft - mean) ** 2 for _, soft in each) / count)
    f["sentences"] = float(min(len(each), 40))
    last = max(1, len(each) - 1)
    f["place_1"] = order[0] / last if order else 0.0
    f["place_2"] = order[1] / last if len(order) > 1 else 0.0
    f["claim_words"] = float(min(len(claim.tokens), 60))
    f["claim_content"] = float(min(len(coverage.keys), 40))
    f["claim_idf"] = coverage.total / max(1, len(coverage.keys))
    f["claim_rarest"] = max(coverage.weight, default=0.0)
    f["names_missing"] = float(sum(name not in ready.everything for name in claim.names))
    f["names_missing_three"] = float(sum(name not in three for name in claim.names))
    return order, f


def features(claim: Parsed, ready: Source) -> tuple[list[int], dict[str, float]]:
    """(indices of the chosen sentences, best first; all features by name)."""
    order, f = choose(claim, ready)
    chosen = [parse(ready.sentences[index]) for index in order]
    ours = events(claim)
    _claim(claim, ours, f)
    _numbers(claim, chosen, f)
    best = chosen[0] if chosen else parse("")
    _best(claim, best, f)
    _differences(claim, best, f)
    _order(claim, best, f)
    _words_opposed(claim, chosen, f)
    _directions(ours, chosen, f)
    _ratios(f, (ready.sentences[index] for index in order))
    _title(claim, ours, ready, f)
    # taken out of the weighing: where all signs agree that the source says the opposite, that is the verdict
    sides = {held_against(claim, sentence, statistics().idf) for sentence in [*chosen, parse(ready.title)]}
    f[OPPOSED] = float(
        -1 in sides
        or (
            1 not in sides
            and f["direction_said"] == -1.0
            and f["direction_agrees"] == f["direction_null"] == f["direction_removed"] == 0
            and f["words_opposed"] > 0
            and f["like_1"] >= _CLOSE
        )
    )
    # and a quantity that the source does not have cannot be supported by it
    f[QUANTITY] = float(_quantity_missing(claim, ready))
    return order, f


def _quantity_missing(claim: Parsed, ready: Source) -> bool:
    """Whether the claim has a decimal, a percentage, a multiple or a number above twenty (years apart) that stands
    nowhere in the source, not even less rounded."""
    wanted = []
    for number in claim.numbers:
        decimals = _DECIMALS.search(number.text)
        exact = decimals is not None or number.unit in ("%", "fold", "percent") or number.value > 20
        if number.text[0].isdigit() and exact and not 1900 <= number.value <= 2030:
            # the source may be more exact than the claim
            wanted.append((number.value, 0.5 * 10.0 ** -(len(decimals[1]) if decimals else 0) + 1e-9))
    if not wanted:
        return False
    there = {number.value for text in (*ready.sentences, ready.title) for number in parse(text).numbers}
    return any(all(abs(other - value) > margin for other in there) for value, margin in wanted)


def _claim(claim: Parsed, ours: Sequence[Event], f: dict[str, float]) -> None:
    """What the claim alone says."""
    f["claim_negations"] = float(len(claim.negations))
    f["claim_lacks"] = float(len(claim.lacks))
    f["claim_hedges"] = float(claim.hedges)
    f["claim_causal"] = float(claim.causal)
    f["claim_associative"] = float(claim.associative)
    f["claim_comparing"] = float(claim.comparing)
    f["claim_numbers"] = float(min(len(claim.numbers), 5))
    f["claim_names"] = float(min(len(claim.names), 5))
    f["claim_removals"] = float(sum(token in REMOVAL for token in claim.tokens))
    f["claim_up"] = float(sum(sign > 0 for sign, *_ in ours))
    f["claim_down"] = float(sum(sign < 0 for sign, *_ in ours))
    f["claim_null"] = float(sum(sign == 0 for sign, *_ in ours))


def _ratio(text: str) -> tuple[int, int, int]:
    """Effect sizes in a sentence: how many say more, less, and neither."""
    up = down = none = 0
    for match in _RATIO.finditer(text):
        value, *interval = (float(part.replace("·", ".")) for part in match.groups() if part)
        if len(interval) == 2 and interval[0] <= 1 <= interval[1]:
            none += 1
        elif value > 1:
            up += 1
        else:
            down += 1
    return up, down, none


def _ratios(f: dict[str, float], texts: Iterable[str]) -> None:
    """Whether the effect sizes of the chosen sentences go the claim's way."""
    up = down = none = 0
    for text in texts:
        if "R" in text or "ratio" in text or "risk" in text:
            more, less, neither = _ratio(text)
            up, down, none = up + more, down + less, none + neither
    sign = f["claim_up"] - f["claim_down"]
    said = (up > down) - (up < down)
    f["ratio_agrees"] = float(said != 0 and sign * said > 0)
    f["ratio_opposed"] = float(said != 0 and sign * said < 0)
    f["ratio_null"] = float(none > up + down)


def _numbers(claim: Parsed, chosen: Sequence[Parsed], f: dict[str, float]) -> None:
    """The claim's numbers found, not found, and with another number beside the same words instead."""
    values = [{number.value for number in sentence.numbers} for sentence in chosen]
    there = set().union(*values)
    f["numbers_found"] = float(sum(number.value in there for number in claim.numbers))
    f["numbers_missing"] = float(sum(number.value not in there for number in claim.numbers))
    conflicts = 0
    if claim.numbers:
        beside = [_beside(sentence, [number.at for number in sentence.numbers]) for sentence in chosen]
        for number in claim.numbers:
            around = _beside(claim, [number.at])
            conflicts += sum(
                number.value not in has and not around.isdisjoint(stems)
                for has, stems in zip(values, beside, strict=True)
            )
    f["numbers_conflicting"] = float(conflicts)


def _beside(parsed: Parsed, places: Iterable[int]) -> set[str]:
    """Content stems at most three tokens from one of the places."""
    near = {at + step for at in places for step in (-3, -2, -1, 1, 2, 3)}
    return {parsed.stems[index] for index in parsed.content if index in near} if near else set()


def _best(claim: Parsed, best: Parsed, f: dict[str, float]) -> None:
    """What the best sentence alone says, and what it shares with the claim."""
    signs = [sign for sign, *_ in events(best)]
    f["best_negations"] = float(len(best.negations))
    f["best_lacks"] = float(len(best.lacks))
    f["best_hedges"] = float(best.hedges)
    f["best_causal"] = float(best.causal)
    f["best_associative"] = float(best.associative)
    f["best_up"] = float(sum(sign > 0 for sign in signs))
    f["best_down"] = float(sum(sign < 0 for sign in signs))
    f["best_null"] = float(sum(sign == 0 for sign in signs))
    f["best_finding"] = float(sum(token in w.FINDING for token in best.tokens))
    f["best_aim"] = float(sum(token in w.AIM for token in best.tokens))
    f["best_words"] = float(min(len(best.tokens), 80))
    f["best_removals"] = float(sum(token in REMOVAL for token in best.tokens))
    f["best_pairs"] = len(claim.bigrams & best.bigrams) / max(1, len(claim.bigrams))
    f["best_overlap"] = len(claim.stem_set & best.stem_set) / max(1, len(claim.stem_set | best.stem_set))


def _differences(claim: Parsed, best: Parsed, f: dict[str, float]) -> None:
    """Negation and its kin in one of the two only; in the best sentence only around the words that both have."""
    matched = [index for index in best.content if best.stems[index] in claim.stem_set]
    low, high = (min(matched) - 4, max(matched) + 4) if matched else (0, len(best.tokens))
    within = sum(low <= index <= high for index in best.negations)
    f["negation_differs"] = float((within > 0) != (len(claim.negations) > 0))
    lacking = within + sum(low <= index <= high for index in best.lacks)
    f["lack_differs"] = float((lacking > 0) != (len(claim.lacks) + len(claim.negations) > 0))
    f["null_differs"] = float((f["best_null"] > 0) != (f["claim_null"] > 0))
    f["removal_differs"] = float((f["best_removals"] > 0) != (f["claim_removals"] > 0))
    mine = (len(claim.negations) + sum(sign < 0 for _, sign in claim.turns)) % 2
    theirs = (within + sum(sign < 0 for at, sign in best.turns if low <= at <= high)) % 2
    f["parity_differs"] = float(mine != theirs)


def _order(claim: Parsed, best: Parsed, f: dict[str, float]) -> None:
    """Share of pairs of words that stand the other way round, and how far the words are spread."""
    place: dict[str, int] = {}
    for index in best.content:
        place.setdefault(best.stems[index], index)
    sequence = [place[claim.stems[index]] for index in claim.content if claim.stems[index] in place]
    pairs = len(sequence) * (len(sequence) - 1) / 2
    turned = sum(a > b for at, a in enumerate(sequence) for b in sequence[at + 1 :])
    f["order_turned"] = turned / pairs if pairs else 0.0
    f["best_span"] = (max(sequence) - min(sequence) + 1) / len(best.tokens) if sequence else 0.0


def _words_opposed(claim: Parsed, chosen: Sequence[Parsed], f: dict[str, float]) -> None:
    """Words of the claim that have antonyms: how often they, or else an antonym, are in a chosen sentence."""
    opposed = same = 0.0
    turning = [
        (token, key, OPPOSITE.get(token, _EMPTY) | OPPOSITE.get(key, _EMPTY))
        for token, key in zip(claim.tokens, claim.stems, strict=True)
        if token in SIGN or token in OPPOSITE or key in OPPOSITE
    ]
    if turning:
        for sentence in chosen:
            words = {*sentence.tokens, *sentence.stems}
            for token, key, antonyms in turning:
                if token in words or key in words:
                    same += 1
                elif not antonyms.isdisjoint(words):
                    opposed += 1
    f["words_opposed"], f["words_same"] = opposed, same


def _directions(ours: Iterable[Event], chosen: Sequence[Parsed], f: dict[str, float]) -> None:
    """Each event of the claim beside the event of the source that shares most of its words."""
    agree = against = none = heaviest = said = 0.0
    for sign, before, after, removal in ours:
        most, theirs, turned = 0.0, 0, 0
        for rank, sentence in enumerate(chosen):
            for other, there_before, there_after, there_removal in events(sentence):
                shared = (1.0, 0.85, 0.7)[rank] * (
                    _shared(after, there_after)
                    + 0.5 * _shared(before, there_before)
                    + 0.4 * _shared(after, there_before)
                    + 0.3 * _shared(before, there_after)
                )
                if shared > most:
                    most, theirs, turned = shared, other, there_removal ^ removal
        if most <= 0.25:
            continue
        if sign == theirs:
            verdict = 1.0
            agree += most
        elif sign == 0 or theirs == 0:
            verdict = -0.5
            none += most
        else:
            verdict = -1.0
            against += most
        if most > heaviest:
            heaviest, said = most, verdict
            f["direction_removed"] = float(turned)
    f.setdefault("direction_removed", 0.0)
    f["direction_agrees"], f["direction_opposed"], f["direction_null"] = agree, against, none
    f["direction_net"] = agree - against - none
    f["direction_heaviest"] = said * heaviest
    f["direction_said"] = said


def _title(claim: Parsed, ours: Iterable[Event], ready: Source, f: dict[str, float]) -> None:
    """The claim's events beside those of the title."""
    agree = against = 0.0
    f["title_negation"] = 0.0
    if ready.title:
        title = parse(ready.title)
        theirs = events(title)
        for sign, before, after, _ in ours:
            for other, there_before, there_after, _ in theirs:
                shared = _shared(before | after, there_before | there_after)
                if sign == other:
                    agree = max(agree, shared)
                else:
                    against = max(against, shared)
        f["title_negation"] = float(bool(title.negations) != bool(claim.negations))
    f["title_agrees"], f["title_opposed"] = agree, against


def _shared(ours: frozenset[str], theirs: frozenset[str]) -> float:
    """Rarity of the words in both, words of like use in part."""
    if not ours or not theirs:
        return 0.0
    known = statistics()
    total = 0.0
    for key in sorted(ours):
        if key in theirs:
            total += known.idf(key)
            continue
        for other, likeness in known.near(key):
            if likeness <= 0.5:
                break
            if other in theirs:
                total += 0.7 * likeness * known.idf(key)
                break
    return total

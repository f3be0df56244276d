"""A claim that is nearly a copy of a sentence, compared with it word by word.

Where nearly every word agrees, the few that do not decide: another number, the opposite direction, a negation too many
or too few, another name, two things that changed places. Words of one meaning, spellings, dropped asides do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from generator.kernel.verification.lexical import words as w
from generator.kernel.verification.lexical.parse import OPPOSITE, SAME, SIGN, Number, Parsed, denies, is_name

Kind = Literal["number", "direction", "negation", "name", "order", "word", "added", "hedge"]
Short = Mapping[str, Sequence[str]]
"""Stem of an abbreviation -> the stems of its long form."""

# before a word they may make its opposite: "un" + "stable"
_PREFIXES = tuple(
    """un ab in im ir il non dis de mis anti counter a hypo hyper under over down up pre post intra extra inter sub
    super pro mono multi macro micro""".split()
)
# before the same rest they make a pair: "hyper" and "hypo"
_PREFIX_PAIRS = (
    *(("hyper", "hypo"), ("over", "under"), ("up", "down"), ("pre", "post"), ("intra", "extra"), ("intra", "inter")),
    *(("in", "ex"), ("en", "de"), ("pro", "anti"), ("ac", "de"), ("as", "de"), ("mono", "poly"), ("uni", "multi")),
    *(("macro", "micro"), ("endo", "exo"), ("homo", "hetero"), ("max", "min"), ("maxim", "minim"), ("super", "sub")),
)
_PAIRED = tuple({prefix: None for pair in _PREFIX_PAIRS for prefix in pair})
# what an author may add or drop without saying anything else
_LIGHT = frozenset(
    """we found find show showed shows that results result our study here indeed notably importantly interestingly
    specifically particular overall additionally furthermore moreover conclusion conclusions finally together taken data
    findings suggest suggests demonstrate it present in by also et al respectively namely well work paper experiments
    experimental evidence significantly significant thus therefore however consequently recently currently generally
    e.g i.e eg ie etc fact""".split()
)
_DOES = frozenset("does do did is are was were has have had will can could be been".split())
_FAILS = frozenset("fail fails failed failing".split())
# where a subordinate clause or an aside may begin
_BREAKS = frozenset(", ; ( but although while whereas though suggesting indicating and".split())
# between two things, these tell which is which: "A beats B"
_ORDERING = frozenset(
    """than compared relative versus vs over against instead rather to from before after followed follows following
    precedes preceded outperforms outperform outperformed exceeds exceed exceeded beats beat surpasses surpass by causes
    caused into""".split()
)
_VERBAL = frozenset("is are was were be been has have had can could may might will would should does do did".split())
_MODAL = frozenset("may might could can possibly potentially perhaps probably likely would".split())
_COUNTING_LITTLE = frozenset("one single both once half third".split())
"""Number words that an author may add without counting."""

_NO_COPY = 0.5
"""Share of the claim's words below which it is no copy, and nothing is compared."""
# Bounds on work, far above what prose needs: steps of the matcher, pairs of words in one stretch, stretches.
_MOST_STEPS = 3_000_000
_MOST_PAIRS = 20_000
_MOST_STRETCHES = 60

_NONE: Short = {}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference that matters: what the claim says and what the sentence says there (empty: nothing)."""

    kind: Kind
    claim: str
    source: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``overlap``: share (0..1) of the claim's words that stand in the sentence in the same order."""

    overlap: float
    mismatches: tuple[Mismatch, ...]


def opposite(a: str, b: str, stem_a: str, stem_b: str) -> bool:
    """Whether two words are antonyms by list, by prefix or by ending."""
    if b in OPPOSITE.get(a, ()) or stem_b in OPPOSITE.get(stem_a, ()):
        return True
    if SIGN.get(a, 0) * SIGN.get(b, 0) < 0:
        return True
    if len(a) > len(b):
        a, b, stem_a, stem_b = b, a, stem_b, stem_a
    if len(a) > 3 and b.startswith(_PREFIXES):
        for prefix in _PREFIXES:
            if b.startswith(prefix):
                at = len(prefix)
                if b[at:].lstrip("-") == a or stem_b[at:].lstrip("-") == stem_a:
                    return True
    if a.startswith(_PAIRED) and b.startswith(_PAIRED):
        for left, right in _PREFIX_PAIRS:
            for one, other in ((left, right), (right, left)):
                if a.startswith(one) and b.startswith(other):
                    x, y = a[len(one) :], b[len(other) :]
                    if len(x) > 3 and (x == y or x[:-1] == y[:-1]):
                        return True
    if a.endswith("less") and b.endswith("ful") and a[:-4] == b[:-3]:
        return True
    return b.endswith("less") and a.endswith("ful") and b[:-4] == a[:-3]


def alike(a: str, b: str, stem_a: str, stem_b: str) -> bool:
    """Whether two words may stand for one another: one stem, one listed meaning, or two spellings."""
    if stem_a == stem_b:
        return True
    same_a, same_b = SAME.get(a) or SAME.get(stem_a), SAME.get(b) or SAME.get(stem_b)
    if same_a and same_b and not same_a.isdisjoint(same_b):
        return True
    if SIGN.get(a, 0) * SIGN.get(b, 0) > 0:
        return True
    if len(a) > 4 and len(b) > 4:
        plain_a, plain_b = _spelling(a), _spelling(b)
        if plain_a == plain_b:
            return True
        # "inhibitor" beside "inhibition": one root, another ending
        short = min(len(plain_a), len(plain_b))
        if short >= 6 and plain_a[: max(5, short - 3)] == plain_b[: max(5, short - 3)]:
            return True
    return False


def _spelling(word: str) -> str:
    """British and American spellings made one."""
    return (
        word.replace("-", "").replace("ae", "e").replace("oe", "e").replace("our", "or").replace("ise", "ize")
        .replace("isa", "iza").replace("ysed", "yzed").replace("yse", "yze").replace("ll", "l")
        .replace("centre", "center")
    )  # fmt: skip


Code = tuple[str, int, int, int, int]
"""An edit as ``difflib`` gives it: (tag, start and end in the claim, start and end in the sentence)."""


def compare(claim: Parsed, sentence: Parsed, short: Short = _NONE) -> Comparison:
    """Word-by-word comparison; ``short`` are the source's abbreviations."""
    codes = _edits(claim.stems, sentence.stems)
    if codes is None:
        return Comparison(0.0, ())
    # "we found that" and "it is not the case that" say how, not what: they take no part in the share
    start = next((i2 for tag, i1, i2, _, _ in codes[:1] if tag != "equal" and _leads_in(claim, i1, i2)), 0)
    words = sum(token[0].isalnum() for token in claim.tokens[start:])
    kept = sum(claim.tokens[i][0].isalnum() for tag, i1, i2, _, _ in codes if tag == "equal" for i in range(i1, i2))
    overlap = kept / words if words else 0.0
    if overlap < _NO_COPY:
        return Comparison(overlap, ())
    changes = [code for code in codes if code[0] != "equal"]
    both = _Both(claim, sentence, short)
    found = [mismatch for _, *place in changes for mismatch in both.stretch(*place)]
    found.extend(_swaps(claim, sentence, changes))
    return Comparison(overlap, tuple(dict.fromkeys(found)))


def _edits(ours: Sequence[str], theirs: Sequence[str]) -> Sequence[Code] | None:
    """The edits between two sequences of stems; None where finding them would take long and they are not equal.

    The matcher looks at every pair of equal words once for each block that it finds; prose has few of both.
    """
    if ours == theirs:
        return [("equal", 0, len(ours), 0, len(theirs))]
    there = Counter(theirs)
    steps = sum(there[stem] for stem in ours) * min(len(ours), len(theirs))
    return None if steps > _MOST_STEPS else SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()


def _leads_in(claim: Parsed, i1: int, i2: int) -> bool:
    """Whether the stretch opens the claim and ends before what it says."""
    return i1 == 0 < i2 and (claim.tokens[i2 - 1] in ("that", ",") or claim.tokens[i2 : i2 + 1] == ("that",))


def _outside_brackets(tokens: Sequence[str]) -> list[bool]:
    """Of each token, whether it stands outside brackets; the brackets themselves stand inside."""
    outside, level = [], 0
    for token in tokens:
        if token in "([":
            level += 1
        outside.append(level == 0)
        if token in ")]" and level:
            level -= 1
    return outside


def _denials(tokens: Sequence[str], after: Sequence[str]) -> int:
    """How many words deny; "fails to" is one. ``after``: what follows the tokens."""
    following = (*tokens[1:], *after[:1], "")
    return sum(denies(token) or (token in _FAILS and following[at] == "to") for at, token in enumerate(tokens))


class _Both:
    """A claim beside a sentence, and what any stretch of both may be asked.

    A stretch is tokens ``i1:i2`` of the claim that stand where the sentence has its tokens ``j1:j2``.
    """

    def __init__(self, claim: Parsed, sentence: Parsed, short: Short) -> None:
        self.claim, self.sentence, self.short = claim, sentence, short
        self.here, self.there = Counter(claim.stems), Counter(sentence.stems)
        self.outside = _outside_brackets(sentence.tokens)
        self.our_numbers: dict[int, Number] = {number.at: number for number in claim.numbers}
        self.their_numbers: dict[int, Number] = {number.at: number for number in sentence.numbers}

    def stretch(self, i1: int, i2: int, j1: int, j2: int) -> Iterator[Mismatch]:
        """The mismatches of one stretch."""
        yield from self._negation(i1, i2, j1, j2)
        yield from self._numbers(range(i1, i2), range(j1, j2))
        if (i2 - i1) * (j2 - j1) > _MOST_PAIRS:
            yield Mismatch("word", _text(self.claim, i1, i2), _text(self.sentence, j1, j2))
        else:
            yield from self._words(i1, i2, range(j1, j2))
        yield from self._hedge(range(i1, i2), range(j1, j2))

    def _negation(self, i1: int, i2: int, j1: int, j2: int) -> Iterator[Mismatch]:
        ours, theirs = self.claim.tokens[i1:i2], self.sentence.tokens[j1:j2]
        mine = _denials(ours, self.claim.tokens[i2 : i2 + 1])
        said: Sequence[str] = theirs
        if not ours:
            # an aside in brackets or a clause that was dropped cannot turn the rest
            aside = len(theirs) > 3 and theirs[0] in _BREAKS
            said = [] if aside else [self.sentence.tokens[j] for j in range(j1, j2) if self.outside[j]]
        other = _denials(said, self.sentence.tokens[j2 : j2 + 1])
        if bool(mine) == bool(other):
            return
        # "does not have" and "lacks" deny alike
        lacking = theirs if mine else ours
        if not any(token in w.LACK for token in lacking):
            yield Mismatch("negation", _text(self.claim, i1, i2), _text(self.sentence, j1, j2))

    def _numbers(self, ours: range, theirs: range) -> Iterator[Mismatch]:
        mine = [self.our_numbers[i] for i in ours if i in self.our_numbers]
        if not mine:
            return
        other = [self.their_numbers[j] for j in theirs if j in self.their_numbers]
        our_values, their_values = {number.value for number in mine}, {number.value for number in other}
        instead = next((number for number in other if number.value not in our_values), None)
        for number in mine:
            if number.value in their_values:
                continue
            if instead is not None:
                yield Mismatch("number", number.text, instead.text)
            elif self.claim.tokens[number.at] not in _COUNTING_LITTLE:
                yield Mismatch("number", number.text, "")

    def _words(self, i1: int, i2: int, theirs: range) -> Iterator[Mismatch]:
        """Each word of the claim beside its antonym, its synonym, or else what stands there instead."""
        claim, sentence = self.claim, self.sentence
        lead_in = _leads_in(claim, i1, i2)
        free = list(theirs)  # words of the sentence that no word of the claim has taken yet
        for i in range(i1, i2):
            token, stem, raw = claim.tokens[i], claim.stems[i], claim.raw[i]
            if not token[0].isalnum() or i in self.our_numbers or token in w.NEGATIONS:
                continue
            against = next((j for j in free if opposite(token, sentence.tokens[j], stem, sentence.stems[j])), None)
            if against is not None and not (stem in self.there and sentence.stems[against] in self.here):
                free.remove(against)
                yield Mismatch("direction", raw, sentence.raw[against])
                continue
            twin = next((j for j in free if alike(token, sentence.tokens[j], stem, sentence.stems[j])), None)
            if twin is not None:
                free.remove(twin)
                continue
            name = _named(raw)
            if not name and (token in _MODAL or token in w.STOP or token in _LIGHT or token in _DOES):
                continue
            instead = next((j for j in free if self._says_something(j)), None)
            # a word that the sentence has elsewhere is no news, unless it stands here once more in another's place
            again = (
                instead is not None and self.here[stem] > self.there[stem] and not self.here[sentence.stems[instead]]
            )
            if (stem in self.there and not again) or self._written_out(stem, theirs):
                continue
            if instead is not None:
                free.remove(instead)
                yield Mismatch("name" if name or _named(sentence.raw[instead]) else "word", raw, sentence.raw[instead])
            elif not lead_in:
                # "was hardly excluded": an unknown word inside the verb may turn it
                inside = i > 0 and claim.tokens[i - 1] in _VERBAL
                yield Mismatch("name" if name else "word" if inside else "added", raw, "")

    def _hedge(self, ours: range, theirs: range) -> Iterator[Mismatch]:
        """A "may" of the sentence that the claim dropped."""
        if any(self.claim.tokens[i] in _MODAL for i in ours):
            return
        dropped = next((j for j in theirs if self.outside[j] and self.sentence.tokens[j] in _MODAL), None)
        # "can" put in other words is no dropped hedge
        if dropped is not None and (self.sentence.tokens[dropped] not in ("can", "could") or not ours):
            yield Mismatch("hedge", "", self.sentence.raw[dropped])

    def _says_something(self, j: int) -> bool:
        token = self.sentence.tokens[j]
        return token[0].isalnum() and token not in w.STOP and (token not in _LIGHT or _named(self.sentence.raw[j]))

    def _written_out(self, stem: str, theirs: range) -> bool:
        """Whether a word is the short form of what the sentence writes out, or part of what it shortens."""
        long = self.short.get(stem)
        if long and all(part in self.there for part in long):
            return True
        return any(stem in self.short.get(self.sentence.stems[j], ()) for j in theirs)


def _named(raw: str) -> bool:
    """Whether a word is a name, a single capital letter among them."""
    return is_name(raw) or (len(raw) == 1 and raw.isupper())


def _swaps(claim: Parsed, sentence: Parsed, changes: Sequence[Code]) -> list[Mismatch]:
    """Two things that changed places around words that stayed: "A beats B" against "B beats A"."""
    if len(changes) > _MOST_STRETCHES:
        return []
    moved = [place for _, *place in changes]
    passive = any("by" in claim.tokens[i1:i2] for i1, i2, _, _ in moved)
    if passive != any("by" in sentence.tokens[j1:j2] for _, _, j1, j2 in moved):
        return []  # active and passive: the parts change places and nothing else
    ours = [_weighty(claim, i1, i2) for i1, i2, _, _ in moved]
    theirs = [_weighty(sentence, j1, j2) for _, _, j1, j2 in moved]
    paired = "respectively" in sentence.tokens
    for x, mine in enumerate(ours):
        for y, other in enumerate(theirs):
            if x == y or mine.isdisjoint(other):
                continue
            back = not ours[y].isdisjoint(theirs[x])
            # the words that stayed between the two places, and those at their edges, tell whether order matters
            low, high = (moved[x], moved[y]) if x < y else (moved[y], moved[x])
            between = {*claim.tokens[low[1] : high[0]], *sentence.tokens[low[3] : high[2]]}
            between.update(claim.tokens[moved[x][0] : moved[x][1]], sentence.tokens[moved[y][2] : moved[y][3]])
            turns = any(low[1] <= at < high[0] for at, _ in claim.turns)
            if back or paired or turns or not between.isdisjoint(_ORDERING):
                return [Mismatch("order", _text(claim, moved[x][0], moved[x][1]), "")]
    return []


def _weighty(parsed: Parsed, start: int, end: int) -> frozenset[str]:
    """The stems of the words in a stretch that say something."""
    return frozenset(
        parsed.stems[index]
        for index in range(start, end)
        if (token := parsed.tokens[index])[0].isalnum() and token not in w.STOP and token not in _LIGHT
    )


def _text(parsed: Parsed, start: int, end: int) -> str:
    return " ".join(parsed.raw[start:end])

"""What the question asks that no claim answers: terms that none takes up, and sides of the question left open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.kernel.findings import DOWN, UP
from generator.kernel.text import is_content, stems, words
from generator.kernel.verification.lexical import words as lexicon

Claims = Sequence[Mapping[str, Any]]

_LONGEST_QUESTION = 1000
_SHOWN = 60
_MOST_WORDS = 6
_SIDE_END = r"(?:\s+(?:in|for|on|at|when|during|under|as|with respect|regarding|among|by|of|over)\b|[?.,;:]|$)"
_COMPARED = (
    re.compile(rf"\bhow (?:do|does|did) (?P<one>.+?) compare (?:with|to|against) (?P<other>.+?){_SIDE_END}", re.I),
    re.compile(rf"\b(?P<one>[^?.,;]+?) compared (?:with|to) (?P<other>.+?){_SIDE_END}", re.I),
    re.compile(rf"\b(?P<one>[^?.,;]+?) (?:versus|vs\.?) (?P<other>.+?){_SIDE_END}", re.I),
    re.compile(
        r"\b(?:are|is|do|does|did) (?P<one>[^?.,;]+?) (?:better|worse|more|less|\w+er) (?:[^?.,;]{0,40}? )?"
        rf"than (?P<other>.+?){_SIDE_END}",
        re.I,
    ),
    re.compile(rf"\bdifferences? between (?P<one>.+?) and (?P<other>.+?){_SIDE_END}", re.I),
)
_OPENING = re.compile(
    r"^(?:how|what|which|why|do|does|did|is|are|can|will|should|the|effects? of|effective|well|,|\s)+\b", re.I
)
_PEOPLE = re.compile(
    r"\b(?:in|among|for|of) ((?:[a-z-]+ )?(?:adolescents?|teenagers?|children|infants?|adults|men|women|mice|rats|dogs|"
    r"patients|students|older people|the elderly|smokers|athletes|workers|farmers|pupils|teachers))\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|across|within) ((?:the )?(?:[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}))\b")
_NAMED_PLACE = re.compile(r"\b(?:in|at|across|near|of) (?:the )?(?:[a-z-]+ ){0,3}[A-Z][a-z]+")
_MECHANISM = re.compile(
    r"\b(?:because|owing to|due to|caused? by|since|as a result|through|via|mechanisms?|explain\w*|mediat\w+|"
    r"driven by|thereby|which (?:acts?|traps?|blocks?|stores?|leads?)|attribut\w+)\b",
    re.IGNORECASE,
)
_OVER_TIME = re.compile(
    r"\b(?:after|over|within|for|during|per|in the first) (?:\w+ ){0,3}"
    r"(?:days?|weeks?|months?|years?|decades?|nights?)\b"
    r"|\b(?:long[- ]term|follow-up|trend|decades?|since (?:19|20)\d\d|until)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")

# Verbs that ask which way a thing goes, which many words answer, and the word for a comparison
_OF_DIRECTION = frozenset(
    [
        *(form for pair in lexicon.VERB_PAIRS for verb in pair for form in lexicon.forms(verb)),
        *("difference", "differences", "differ"),
    ]
)
# What a question may ask beyond its terms: the words that ask, what a claim holds that answers, what to say otherwise
_ASPECTS: tuple[tuple[re.Pattern[str], Callable[[str], bool], str], ...] = (
    (
        re.compile(
            r"\bhow (?:much|many|large|big|strong|often|long|far|fast|high|likely|common)\b"
            r"|\b(?:what|which) (?:share|fraction|percentage|proportion|number|amount|rate)\b",
            re.IGNORECASE,
        ),
        lambda text: bool(re.search(r"\d", text)),
        "The question asks for a number; no claim gives one.",
    ),
    (
        re.compile(
            r"^\s*why\b|\bwhy (?:do|does|did|is|are)\b|\bmechanisms?\b|\bhow come\b|\bhow (?:do|does) [^?]{1,80} work\b"
            r"|\bhow (?:do|does) [^?]{1,80} (?:cause|prevent|lead to)\b",
            re.IGNORECASE,
        ),
        lambda text: bool(_MECHANISM.search(text)),
        "The question asks how it comes about; no claim states a cause or a mechanism.",
    ),
    (
        re.compile(r"\b(?:over time|in the long run|long[- ]term|over the years|persist|last)\b", re.IGNORECASE),
        lambda text: bool(_OVER_TIME.search(text)),
        "The question asks how it goes over time; no claim speaks of that.",
    ),
    (
        re.compile(r"^\s*where\b|\b(?:in )?(?:which|what) (?:cit|countr|region|place|area)", re.IGNORECASE),
        lambda text: bool(_NAMED_PLACE.search(text)),
        "The question asks for a place; no claim names one.",
    ),
    (
        re.compile(r"^\s*when\b|\b(?:in )?(?:which|what) year\b|\bsince when\b", re.IGNORECASE),
        lambda text: bool(_YEAR.search(text)),
        "The question asks for a time; no claim names a year.",
    ),
)


def unanswered_terms(question: str, claims: Claims) -> list[str]:
    """Content words of the question that no claim holds in any form, as the question writes them."""
    present = {item for claim in claims for item in stems(claim["text"])}
    return list(dict.fromkeys(word for word in words(question) if is_content(word) and not set(stems(word)) & present))


def list_unanswered(question: str, claims: Claims, sources: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """What the question asks that no claim answers, as whole sentences; without claims there is
    nothing to hold the question against, and the list is empty.

    A comparison that no claim makes, people and places that no claim is about, a number, a cause, a course over time
    that none gives, then the terms that none takes up and that no sentence before has named. A term in the title of a
    paper that carries a claim (``sources``) is taken up.
    """
    if not claims:
        return []
    asked = question[:_LONGEST_QUESTION]
    texts = [claim["text"] for claim in claims]
    found, named = _comparison(asked, texts)
    carrying = {claim["grounding"]["source_id"] for claim in claims}
    titles = [source["title"] or "" for source in sources if source["id"] in carrying]
    present = {item for text in [*texts, *titles] for item in stems(text)}
    for pattern, sentence in ((_PEOPLE, "No claim says that it was found in {}."), (_PLACE, "No claim is about {}.")):
        for match in pattern.finditer(asked):
            key = set(stems(match[1]))
            if key and not key & present:
                found.append(sentence.format(_shown(match[1])))
                named |= key
    for asks, answers, sentence in _ASPECTS:
        asking = asks.search(asked)
        if asking:
            named |= set(stems(asking.group()))
            found.extend([] if any(map(answers, texts)) else [sentence])
    missing = [
        word
        for word in unanswered_terms(question, claims)
        if not set(stems(word)) <= named and not set(stems(word)) & present and word.lower() not in _OF_DIRECTION
    ]
    if missing:
        found.append(f"No claim takes up: {', '.join(missing)}.")
    return list(dict.fromkeys(found))


def _comparison(question: str, texts: Sequence[str]) -> tuple[list[str], set[str]]:
    """(sentences on a comparison that is asked for and not made, the stems that they name)."""
    for pattern in _COMPARED:
        match = pattern.search(question)
        if not match:
            continue
        one, other = (_side(match[name]) for name in ("one", "other"))
        left, right = set(stems(one)) - UP - DOWN, set(stems(other)) - UP - DOWN
        left, right = left - right, right - left
        if not left or not right:
            continue
        held = [set(stems(text)) for text in texts]
        if any(left <= text and right <= text for text in held):
            return [], set()
        open_sides = [
            (side, key) for side, key in ((one, left), (other, right)) if not any(key <= text for text in held)
        ]
        if not open_sides:
            return [f"No claim compares {_shown(one)} with {_shown(other)} directly."], left | right
        told = [f"No claim speaks of {_shown(side)}." for side, _ in open_sides]
        return told, set().union(*(key for _, key in open_sides))
    return [], set()


def _side(text: str) -> str:
    return _OPENING.sub("", text.strip()).strip()


def _shown(text: str) -> str:
    """Words of the question in a sentence of ours, without marks of quotation and cut where they are many."""
    plain = words(text.replace("“", " ").replace("”", " "))[:_MOST_WORDS]
    return " ".join(plain)[:_SHOWN]

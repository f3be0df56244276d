"""Whose finding a sentence in the body of a paper tells: this paper's, or that of the work it cites.

An abstract speaks of its own paper; a body also reports others' results, in the same words. Leaving out a finding of
the paper's own costs little, taking another's for it is an error, so doubt counts as the others'.
"""

from __future__ import annotations

import re
from typing import Final

from generator.kernel.reading.sections import OMITTED, bare

_REPORT: Final = (
    r"(?:(?:show|find|report|observe|demonstrate|propose|argue|suggest|conclude|note|introduce|present|describe|prove|use"
    r"|develop|establish|reveal|confirm|investigate|examine|estimate|obtain|achieve|claim|measure|indicate|analy[sz]e"
    r"|compare|document|attribute|provide)[ds]?|(?:show|report|suggest|argu|develop|present|reveal|confirm|obtain|claim"
    r"|document|establish)ed|found|shown|stud(?:y|ies|ied)|identif(?:y|ies|ied)|used)\b"
)
_HELPERS: Final = r"(?:(?:has|have|had|also|first|further|later|then|who|which|\w+ly) ){0,3}"
_NUMBERED: Final = r"\[(?:[0-9]{1,3}(?: ?[,;–-] ?[0-9]{1,3})*|[A-Z][A-Za-z+]{1,12}[0-9]{2,4}[a-z]?)(?:, [^\]]{0,40})?\]"
_YEAR: Final = r"(?:1[89]|20)[0-9]{2}[a-z]?"
_NAME: Final = r"[A-Z][\w’'-]+"
_MONTH: Final = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_NAMES_AND_YEAR: Final = rf"(?!{_MONTH})(?:{_NAME},? (?:and|&) )?{_NAME},? (?:{_YEAR}|\({_YEAR}\))"
_CITES: Final = re.compile(
    # the last: a raised number after a word, as a PDF gives it; an exponent follows a short unit
    rf"{_NUMBERED}|\bet al\b|\([^()]{{0,200}}{_NAMES_AND_YEAR}|{_NAME} \({_YEAR}\)"
    r"|[^\W\d_]{4,}[.,]?\^[0-9]{1,3}(?:[,–-][0-9]{1,3})*(?![0-9])"
)
_CITED_REPORT: Final = re.compile(
    rf"(?:\bet al\.?|\b[Aa]nd (?:colleagues|co-?workers)|{_NUMBERED}|{_NAME} \({_YEAR}\))"
    rf",?(?: \(?{_YEAR}\)?,?)?(?: {_NUMBERED})? {_HELPERS}{_REPORT}"
    rf"|\b(?:[Aa]ccording to|(?:shown|reported|found|observed|demonstrated|described|noted) (?:by|in))"
    rf" (?:{_NUMBERED}|{_NAME} (?:et al|and [A-Z]|\()|(?:the )?(?:prior|previous|earlier|other|several|many)\b)"
    rf"|^(?:In|By) {_NUMBERED}"
)
_WORKS: Final = (
    r"(?:works?|stud(?:y|ies)|research|researchers|reports?|papers?|authors?|literature|experiments?|evidence|findings"
    r"|results|analyses|meta-analys[ei]s|reviews?|surveys?|trials?)"
)
_PRIOR_REPORT: Final = re.compile(
    rf"\b(?:prior|previous|earlier|past|existing|recent|other|several|many|numerous) (?:\w+ ){{0,2}}?{_WORKS} "
    rf"(?:[\w-]+ ){{0,4}}?{_HELPERS}{_REPORT}"
    rf"|\b(?:others|researchers|the literature) {_HELPERS}{_REPORT}"
    r"|\b(?:has|have) (?:\w+ )?been (?:\w+ly )?"
    r"(?:shown|reported|found|observed|demonstrated|suggested|documented|argued)\b",
    re.IGNORECASE,
)
# "In line with earlier studies" compares; what is found stays the paper's own.
_COMPARES: Final = re.compile(
    r"\b(?:in (?:line|agreement|accordance|contrast) (?:with|to)|consistent with|contrary to|unlike"
    rf"|compared (?:with|to)|than|as opposed to|confirm(?:s|ing)?|extend(?:s|ing)?|contradict(?:s|ing)?)"
    rf" (?:\w+ ){{0,4}}?{_WORKS}\b[^,.;]*",
    re.IGNORECASE,
)
_OWN: Final = re.compile(
    r"\b(?:we|our|ours|us)\b|\b(?:this|the (?:present|current)) (?:paper|study|work|trial|analysis|survey)\b"
    r"|\b(?:table|figure|fig\.|section|appendix) ?[0-9A-Z]",
    re.IGNORECASE,
)
_WE_FOUND: Final = re.compile(
    r"\b(?:we|our (?:\w+ ){0,2}(?:results?|findings|data|experiments?|models?|methods?|analysis))"
    rf" (?:\w+ )?{_REPORT}",
    re.IGNORECASE,
)
# A sentence that leads the reader through the paper, or asks for more of it.
_TOUR: Final = re.compile(
    r"^in (?:this|the (?:next|following)) (?:sub)?(?:section|appendix|chapter)\b"
    r"|^(?:section|appendix|table|figure|fig\.) ?[0-9A-Z][\w.-]* (?:describes|presents|introduces|reviews|discusses"
    r"|lists|summari[sz]es|gives|provides|contains|details|outlines|illustrates|depicts)\b"
    r"|\b(?:future|further) (?:work|research|studies)\b|^(?:recall|note|suppose|assume|let|consider)\b",
    re.IGNORECASE,
)
_OTHERS_SECTION: Final = re.compile(
    r"\b(?:related|prior|previous) (?:works?|research|studies|literature)\b|\bbackground\b|\bliterature review\b"
)


def is_own(sentence: str, section: str) -> bool:
    """Whether a whole sentence in the section of that name tells this paper's own matter: not what cited or earlier
    work found, no way through the paper, and no sentence that a left-out formula was part of."""
    if OMITTED in sentence or _TOUR.search(sentence):
        return False
    rest = _COMPARES.sub(" ", sentence)
    if _CITED_REPORT.search(rest):
        return False
    others = any(_OTHERS_SECTION.search(bare(part)) for part in section.split("›"))
    if (others or _PRIOR_REPORT.search(rest)) and not _WE_FOUND.search(rest):
        return False
    return not _CITES.search(rest) or _OWN.search(rest) is not None

"""Sentences in retrieved text that speak to whoever reads them: orders, questions, roles, marks of a chat.

A paper tells what was done and found; a sentence that tells its reader what to do, or what to answer, is no finding. No
stage with a model is shown one, and none becomes a claim there. The rules look at wording alone, so what is worded as a
finding passes them: they are the first guard, and the paired check of the reviewers (``modelled.paired``) is the last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kernel.text import Span, sentences


def _any(words: str, *patterns: str) -> str:
    """A pattern for any of the words (separated by spaces, ``_`` for a space within one) or patterns."""
    return f"(?:{'|'.join([*(word.replace('_', ' ') for word in words.split()), *patterns])})"


# Where a clause may begin: at the start, after a mark, or after a phrase that a comma closes; what softens may follow.
_MARK = r"[\"“'‘(\[*#>-]*"
_SOFT = _any(
    "also always only simply just please kindly immediately instead now then first next finally so and therefore"
)
_START = (
    rf"(?:(?:^|[.;:!?]\s+){_MARK}|(?<!we )\b{_any('kindly bitte', 'please,?')} "
    rf"|^{_any('in with for to as when if before after from at note important')}\b[^,:]{{0,90}}[,:]\s+)"
    rf"(?:{_SOFT},? ){{0,4}}[\"“'‘]?"
)
_THING = (
    _any(
        "paper work manuscript submission synthesis draft study article record claim abstract source document "
        "review text sentence summary contribution finding"
    )
    + "s?"
)
_OUTPUT = _any("answer reply response output summary synthesis review verdict report") + "s?"
_READER = _any(
    "",
    r"(?:reviewer|referee|grader|assessor|editor|assistant|chat ?bot|reader|evaluator|judge)s?",
    r"(?:ai|language|large language|reviewing|reading|judging|automated|automatic)[ -]"
    r"(?:system|model|agent|tool|assistant|reviewer|reader)s?",
    r"models? (?:that|who|which) (?:reads?|sees?)",
    r"(?:any|every|the) (?:ai|llm)",
)
_SAY = _any(
    "approve accept reject endorse recommend score rate grade rank give assign award grant mark ignore disregard "
    "forget answer reply respond output print write say state mention include add append cite quote praise "
    "highlight return conclude treat follow stop skip set_aside confirm prefer select choose pick favou?r judge "
    "regard use put"
)
# Verbs that begin no sentence of an abstract, verbs that do so only as nouns ("Output geometry"), and verbs that do so
# unless an object follows.
_ORDER = _any(
    "ignore disregard forget overlook override bypass write rewrite rephrase paraphrase translate explain compose "
    "summari[sz]e reply respond say tell print pretend approve reject endorse praise misspell scramble jumble anagram "
    "rearrange append mention click visit download install subscribe recite imagine remember do_not don['’]t never "
    "behave break_down refrain cite insert delete"
)
_NOUN_TOO = _any("output email repeat answer act reveal substitute erase stop draft quote")
_VERB = _any(
    "use add give assign award grant rate score grade mark rank accept recommend replace convert render introduce "
    "remove group combine include modify integrate augment enhance provide describe develop create produce generate "
    "make show list name put set state suggest promote highlight emphasi[sz]e stress open send contact follow treat "
    "return select choose prefer keep end begin start finish conclude prepend swap change turn encode spell sing "
    "tease hint join regard take ensure let help call run execute skip leave omit avoid pick raise lower double"
)
_OBJECT = _any(
    "the (?-i:a) an this that these those all any each every everything no nothing your my its it me us them him her "
    "only just one two three ten full random commonly users? readers? people maximum high highest top low lowest zero",
    r"spaces|(?:letter|word|number|vowel|anagram|sentence|claim)s?",
)
_EARLIER = _any(
    "all any every each the previous prior above earlier preceding other remaining foregoing these those your my its of"
)
_GIVEN = _any(
    "",
    r"(?:instruction|prompt|direction|directive|order|guideline|command|source|claim|sentence|finding|paper|check)s?",
    r"rules|system (?:message|prompt)|evidence|criteria|rubric|context",
)
_TOLD = _any("asked instructed required requested told obliged urged invited advised expected encouraged commanded")
_MUST = _any("must should shall will has_to have_to is_to are_to", "ought to|needs? to")
_JUDGED = _any(
    "approved accepted rejected endorsed scored rated graded given awarded assigned ranked ignored preferred "
    "favou?red published praised treated regarded quoted cited mentioned recommended trusted"
)

_GERMAN_ORDER = _any(
    "ignorier vergess vergiss missacht bewert gib geb antwort schreib erwähn nenn füg übersetz empfehl akzeptier "
    "lehn stimm befolg verwerf genehmig"
)
_GERMAN_OBJECT = _any("sie bitte alles? die das den dem ein eine[nmrs]? in mir nur nun jetzt diese[nrs]?")
_FRENCH_ORDER = _any(
    "ignorez? oubliez? veuillez répondez réponds écrivez écris donnez attribuez approuvez? acceptez rejetez notez "
    "traduisez ajoutez mentionnez recommandez évaluez concluez affichez incluez"
)
_FRENCH_OBJECT = _any(
    "toutes? tous les? la un une ce cet cette ces à de des votre que en dans uniquement", "l['’]", "[a-zé]+er"
)
_SPANISH_ORDER = _any("ignor[ae]n? olvid[ae] aprueb[ae] escrib[ae] respond[ae] rechaz[ae] rechace")
_SPANISH_OBJECT = _any("tod[ao]s? l[ao]s? el est[ae] en con")

QUESTION = "is a question"
"""The reason of a sentence that asks its reader something, as papers do too."""

_RULES: dict[str, tuple[str, ...]] = {
    "holds marks of a chat": (
        r"<\|[^|>]{1,40}\|>|\[/?INST\]|<</?SYS>>",
        r"</?(?:s|system|user|assistant|human|data|instructions?|prompt|im_start|im_end|untrusted|tool)\b[^>]{0,80}>",
        r"#{2,}\s*(?:instructions?|system|user|response|task|human|assistant)",
        r"(?:^\W{0,3}|[.!?]\s+)(?:system|assistant|human|user|developer)\s*(?:message|prompt|note|override)?\s*:",
        r"\b(?:begin|end) of (?:data|prompt|context|input|document)\b",
        r"(?-i:\b(?:BEGIN|END)[ _-]{1,3}(?:DATA|SYSTEM|INSTRUCTIONS?|PROMPT|CONTEXT)\b)",
        r"-{4}|={4}|```|~{4}",
        r"[{,]\s*[\"“']?(?:score|verdict|label|role|findings|sentences|queries|claim_ids|content)[\"”']?\s*:",
    ),
    "speaks of instructions": (
        rf"\b{_any('ignor disregard forget overrid bypass discard neglect supersed setting_aside set_aside')}\w*\s+"
        rf"(?:{_EARLIER}\s+){{1,4}}(?:\w+ )?{_GIVEN}\b",
        r"\b(?:ignore|disregard|forget) (?:everything|anything|whatever|what)\b",
        r"\b(?:previous|prior|earlier|preceding|above|foregoing|original|new|updated|following|hidden|system) "
        r"(?:instruction|prompt|directive)s?\b.{0,60}\b(?:void|obsolete|invalid|no longer|ignored?|appl\w+|cancel\w*"
        r"|revoked|supersed\w+|overrid\w+)",
        r"\bnew (?:instructions?|task|orders?|system prompt)\s*:|\b(?:jailbreak|developer|dan) mode\b",
        r"\bsystem prompt\b.{0,40}\b(?:reveal|print|repeat|show)",
        r"\b(?:reveal|print|repeat|show|leak)\b.{0,40}\bsystem prompt\b",
    ),
    "speaks to you": (
        r"(?-i:(?<![-\w])(?:you|your|yours|yourself)(?![-\w]))",
        rf"{_START}(?:you|your)(?-i: [a-z])",
    ),
    "speaks to its reader": (
        rf"^(?:as|being) (?:a|an|the) (?:\w+ ){{0,2}}{_READER}\b(?!-)|\bdear (?:\w+ )?{_READER}\b",
        rf"\b(?:note|message|instructions?|attention|reminder|request|advice|notice|hint) (?:to|for) (?:\w+ ){{0,3}}"
        rf"{_READER}\b",
        rf"\battention[,:]\s+(?:\w+ ){{0,2}}{_READER}\b|^(?:hey|hello|hi)[ ,!]",
        rf"\b(?:we|i|the authors?)\s+(?:\w+\s+)?(?:ask|request|urge|invite|beg|instruct|require|order|expect|would like"
        rf"|encourage)s?\s+(?:\w+ ){{0,4}}{_READER}\s+(?:\w+ ){{0,8}}?to\b",
        rf"\b{_READER}\s+(?:\w+ ){{0,6}}?(?:{_MUST}|(?:is|are)(?: \w+)? {_TOLD} to)\s+(?:\w+ )?(?:not )?{_SAY}\b",
        rf"\b{_READER}\s+(?:is|are)(?: \w+)? {_TOLD.replace('|expected', '')} to\b",
    ),
    "orders a verdict": (
        rf"\b(?:approve|accept|reject|endorse|score|rate|grade)\s+(?:this|the present|our|my|that|it)\b(?:\s+\w+)?"
        rf"(?:\s+{_THING})?\s*(?:\b(?:as|at|with|now|highly|without|unconditionally|immediately|10|ten|to|very)\b|[.!,;]|$)",
        rf"\b(?:this|the present|our|my|the) {_THING}\s+(?:\w+ )?(?:{_MUST}|deserves? to)\s+(?:\w+ )?"
        rf"be\s+(?:\w+ )?{_JUDGED}\b",
        rf"\b(?:this|our|my|the present|the) {_THING}\s+(?:\w+ )?(?:deserves?|merits?|earns|warrants|is worthy of)\s+"
        rf"(?:\w+ ){{0,6}}(?:approval|acceptance|score|marks?|rating|grade|rejection|verdict|10)\b",
        r"\b(?:scor\w+|rat\w+|grad\w+|mark\w*|giv\w+|assign\w*|award\w*|grant\w*)\s+(?:\w+ ){0,5}"
        r"(?:10|ten|zero|0|nine|9)\s?(?:/|out of|of)\s?(?:10|ten)\b",
        rf"\b(?:assign|award|grant|give)s?\s+(?:this|our|the present) {_THING}\s+(?:\w+ ){{0,4}}"
        r"(?:score|grade|marks?|rating|points)\b",
        r"\b(?:score|rating|grade|mark) (?:must|should|shall|has to|is to) be\b",
        r"\bhighest (?:possible |available )?(?:score|mark|grade|rating) (?:is|be|must|should|and approv|for this)",
        r"\b(?:correct|right|only|expected|proper|required|appropriate|acceptable) "
        r"(?:verdict|label|score|answer|decision|response) (?:here |for this (?:\w+ )?)?(?:is|must|should|would be)\b"
        r".{0,30}\b(?:approv|reject|support|refute|accept|revise|10|ten)",
        rf"\b(?:in|within) (?:the|any|every|each) {_OUTPUT}\b.{{0,30}}\b(?:must|should|shall|has to)\b",
        rf"\b(?:the|any|every|each|all) {_OUTPUT}\b(?:\s+\w+){{0,8}}?\s+"
        rf"(?:must|shall|has to|have to|needs? to|is required to)\s+(?:\w+ )?"
        rf"(?:{_SAY}|end|begin|start|contain|close|be (?:approve|reject|positive|negative))\b",
        r"\brecommend(?:s|ed)? (?:immediate |strong |its |unconditional )?(?:acceptance|approval|rejection)\b",
        r"(?-i:\b(?:APPROVED?|REJECT(?:ED)?|REVISE|AUTO_APPROVE)\b)",
    ),
    "is an order": (
        rf"{_START}{_ORDER}\s+(?!(?:of|is|are|was|were|has|have|by|and|or)\b)[\w\"“'‘]",
        rf"{_START}{_NOUN_TOO}\s+(?:{_OBJECT}\b(?!-)|(?:in|with|as|like|for)\b|[\"“'‘])",
        rf"{_START}{_VERB}\s+(?:\w+ly\s+)?(?:{_OBJECT}\b(?!-)|[\"“'‘])|{_START}consider (?:this|these)\b",
        rf"(?:^|[.;:!?]\s+|, )(?:and |so |therefore )?please\b(?! (?:see|refer)\b)|\bkindly {_SAY}\b",
        rf"{_START}(?:visit|click|download|install|buy|order|subscribe|go to|open)\b.{{0,60}}"
        r"(?:https?:|www\.|\w\.(?:com|org|net|xyz|io)\b)",
        r"^(?:when|while|if|before|after|in|upon) (?:\w+ )?(?:summari[sz]ing|reviewing|evaluating|judging|scoring"
        r"|grading|answering|assessing|reading|citing|quoting)\s+(?:this|the present|these|that)\b.{0,60},",
    ),
    "is an order in German": (
        rf"\b{_GERMAN_ORDER}(?:e|en|et|t)? {_GERMAN_OBJECT}\b|\bbitte\b",
        r"\b(?:du bist|sie sind|ihr seid) (?:nun|jetzt|ein|eine|der|die|das)\b",
        r"\bals (?:gutachter|prüfer|rezensent|assistent)(?:in)?\b",
        r"\b(?:deine|ihre)[rnms]? (?:antwort|aufgabe|bewertung)\b",
        r"\b(?:vorherig|bisherig|obig|früher|vorig)en? (?:anweisungen|befehle|regeln|vorgaben)\b",
        r"\bgutachter(?:innen)?\b.{0,60}\b(?:geben|müssen|sollen)\b",
    ),
    "is an order in French or Spanish": (
        rf"\b{_FRENCH_ORDER} {_FRENCH_OBJECT}\b|\bs['’]il vous plaît\b",
        r"\b(?:vous êtes|tu es) (?:un|une|désormais|maintenant|le|la)\b",
        r"\b(?:votre|ta|vos) (?:réponses?|évaluation|note|avis|tâche)\b",
        r"\ben tant que (?:relecteur|évaluateur|assistant|réviseur)",
        r"\b(?:instructions|consignes|directives) (?:précédentes|antérieures|ci-dessus)\b",
        r"\b(?:évaluateur|relecteur)s? .{0,60}\b(?:doivent|doit|priés)\b",
        rf"\b{_SPANISH_ORDER} {_SPANISH_OBJECT}\b|\b(?:instrucciones|istruzioni) (?:anteriores|previas|precedenti)\b",
    ),
    QUESTION: (
        rf"^[\"“'‘]?{_any('what who whom whose which why when where how can could would will do does is are')}\b"
        rf"(?!.*\b{_any('we our they their its? these this such llms? models?')}\b).*\?[\"”'’)]*(?:\s|$)",
    ),
}
_COMPILED = {
    reason: re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
    for reason, patterns in _RULES.items()
}
_HIDDEN = re.compile("[\U000e0000-\U000e007f\u202a-\u202e\u2066-\u2069]")
_TWO_ALPHABETS = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_SPACED = re.compile(r"\b(?:[A-Za-z][ ._-]){4,}[A-Za-z]\b")


@dataclass(frozen=True)
class SetAside:
    """A sentence that no model is shown: where it stands in its source's text (half-open code points), and why."""

    source_id: str
    start: int
    end: int
    reason: str


def addressed(sentence: str) -> str | None:
    """Why a sentence counts as speaking to its reader ("is an order"), or ``None`` where it does not."""
    if _HIDDEN.search(sentence):
        return "hides characters"
    plain = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFKC", sentence)
        if char.isspace() or unicodedata.category(char) not in ("Cf", "Cc")
    )
    plain = " ".join(plain.split())
    if _TWO_ALPHABETS.search(plain):
        return "mixes alphabets within a word"
    # "i g n o r e" is read as the word it spells
    joined = _SPACED.sub(lambda found: re.sub(r"[ ._-]", "", found.group()), plain)
    for reason, rule in _COMPILED.items():
        if rule.search(plain) or (joined != plain and rule.search(joined)):
            return reason
    return None


def readable(source: dict[str, Any]) -> list[Span]:
    """The whole sentences of a run source's text that speak to nobody, as spans of it."""
    text = source["text"]["content"] if source["text"] else ""
    return [(start, end) for start, end in sentences(text) if addressed(text[start:end]) is None]


def telling(source: dict[str, Any]) -> list[Span]:
    """``readable``, with the questions that papers ask their readers."""
    text = source["text"]["content"] if source["text"] else ""
    return [span for span in sentences(text) if addressed(text[slice(*span)]) in (None, QUESTION)]


def set_aside(sources: Sequence[dict[str, Any]]) -> list[SetAside]:
    """Every sentence of the sources that is set aside, in reading order."""
    return list(_set_aside(sources))


def _set_aside(sources: Sequence[dict[str, Any]]) -> Iterator[SetAside]:
    for source in sources:
        text = source["text"]["content"] if source["text"] else ""
        for start, end in sentences(text):
            reason = addressed(text[start:end])
            if reason is not None:
                yield SetAside(source["id"], start, end, reason)

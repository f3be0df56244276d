"""The words by which texts are compared: which of them say something of a topic, and their stems.

Loads in no time: a site build compares every record by these words, and scikit-learn alone would take a second.
"""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*", re.UNICODE)
_QUESTION_WORDS = """
    affect affects compare compared do does did effect effects impact influence help helps relative under versus vs
    whether what which how why when across different various between good bad best better worse really
"""
# scikit-learn's ENGLISH_STOP_WORDS (BSD-3-Clause), the list of the Glasgow Information Retrieval Group
_ENGLISH = """
    a about above across after afterwards again against all almost alone along already also although always am among
    amongst amoungst amount an and another any anyhow anyone anything anyway anywhere are around as at back be
    became because become becomes becoming been before beforehand behind being below beside besides between beyond
    bill both bottom but by call can cannot cant co con could couldnt cry de describe detail do done down due during
    each eg eight either eleven else elsewhere empty enough etc even ever every everyone everything everywhere
    except few fifteen fifty fill find fire first five for former formerly forty found four from front full further
    get give go had has hasnt have he hence her here hereafter hereby herein hereupon hers herself him himself his
    how however hundred i ie if in inc indeed interest into is it its itself keep last latter latterly least less
    ltd made many may me meanwhile might mill mine more moreover most mostly move much must my myself name namely
    neither never nevertheless next nine no nobody none noone nor not nothing now nowhere of off often on once one
    only onto or other others otherwise our ours ourselves out over own part per perhaps please put rather re same
    see seem seemed seeming seems serious several she should show side since sincere six sixty so some somehow
    someone something sometime sometimes somewhere still such system take ten than that the their them themselves
    then thence there thereafter thereby therefore therein thereupon these they thick thin third this those though
    three through throughout thru thus to together too top toward towards twelve twenty two un under until up upon
    us very via was we well were what whatever when whence whenever where whereafter whereas whereby wherein
    whereupon wherever whether which while whither who whoever whole whom whose why will with within without would
    yet you your yours yourself yourselves
"""
STOP_WORDS = frozenset((_QUESTION_WORDS + _ENGLISH).split())
_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball stem of a word, in lower case."""
    return str(_stemmer.stemWord(word.lower().replace("’", "'")))


def words(text: str) -> list[str]:
    """The words of a text in order, as written."""
    return _WORD.findall(text)


@lru_cache(maxsize=65536)
def is_content(word: str) -> bool:
    """Whether a word says something about a topic: no stop word, no question word, no single Latin letter."""
    lower = word.lower()
    return lower not in STOP_WORDS and (len(lower) > 1 or not lower.isascii())


def stems(text: str) -> list[str]:
    """Stems of the content words of a text, in order; compounds give their parts too (``loss-free``)."""
    found: list[str] = []
    for word in words(text):
        if "-" in word:
            parts = [part for part in re.split(r"[-'’]", word) if part]
            found.extend(stem(item) for item in [word, *parts] if is_content(item))
        elif is_content(word):
            found.append(stem(word))
    return found

"""Numbers in a sentence, with their units and stated ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.manifest.semantic.words import stem

LONGEST_TEXT = 1500
"""Characters of a claim that are read: no sentence of prose is as long, and work on a pair grows with its length."""
FIGURE = r"[-−+]?\d+(?:,\d{3})*(?:[.·]\d+)?"
_UNIT = r"(?:\s?(?:%|‰|°\s?[CFK]|(?:percentage\s)?points?\b|[A-Za-zµμΩ€$]{1,12}(?:/[A-Za-z]{1,6}[²³]?)?\b))?"
_VALUE = re.compile(
    rf"(?<![\w.,^{{-])(?P<first>{FIGURE})(?:\s?(?P<join>±|–|-|to|and)\s?(?P<second>{FIGURE}))?(?P<unit>{_UNIT})"
    rf"(?:\s?\([^()]{{0,20}}?95\s?%\s?(?:CI|confidence interval)\b[^()\d−+-]{{0,4}}"
    rf"(?P<low>{FIGURE})\s?(?:–|-|to|,)\s?(?P<high>{FIGURE}))?",
)
# Spelling, as the SI has it -> (kind of unit, factor to the kind's base). Only units of one kind are compared; degrees
# and kelvin are two kinds, since a level in one is no level in the other.
_UNITS: dict[str, tuple[str, float]] = {
    **{"%": ("percent", 1), "percent": ("percent", 1), "‰": ("percent", 0.1)},
    **dict.fromkeys(["point", "points", "percentage point", "percentage points"], ("points", 1.0)),
    **{"°C": ("degrees Celsius", 1), "K": ("kelvin", 1), "°F": ("degrees Fahrenheit", 1)},
    **{"ms": ("time", 0.001), "s": ("time", 1), "sec": ("time", 1), "second": ("time", 1), "seconds": ("time", 1)},
    **{"min": ("time", 60), "minute": ("time", 60), "minutes": ("time", 60), "h": ("time", 3600)},
    **{"hour": ("time", 3600), "hours": ("time", 3600), "day": ("time", 86400), "days": ("time", 86400)},
    **{"week": ("time", 604800), "weeks": ("time", 604800), "month": ("time", 2629800), "months": ("time", 2629800)},
    **{"year": ("time", 31557600), "years": ("time", 31557600)},
    **{"nm": ("length", 1e-9), "µm": ("length", 1e-6), "mm": ("length", 0.001), "cm": ("length", 0.01)},
    **{"m": ("length", 1), "km": ("length", 1000), "ng": ("mass", 1e-12), "µg": ("mass", 1e-9), "mg": ("mass", 1e-6)},
    **{"g": ("mass", 0.001), "kg": ("mass", 1), "mW": ("power", 0.001), "W": ("power", 1), "kW": ("power", 1000)},
    **{"MW": ("power", 1e6), "J": ("energy", 1), "kJ": ("energy", 1000), "kWh": ("energy", 3.6e6)},
    **{"Hz": ("frequency", 1), "kHz": ("frequency", 1000), "MHz": ("frequency", 1e6), "GHz": ("frequency", 1e9)},
}
_NO_UNIT = frozenset(
    "and or to in on of at by for with from than per vs versus the a an was were is are as but after before during "
    "over under when while whereas relative compared respectively out among across between within".split()
)


@dataclass(frozen=True)
class Value:
    """A stated number: ``low`` to ``high`` is its stated range (equal where there is none), in the base unit of its
    ``kind``; ``written`` is number and unit as the sentence has them."""

    at: float
    low: float
    high: float
    kind: str
    written: str
    start: int
    end: int

    @property
    def ranged(self) -> bool:
        return self.low < self.high


def values(text: str) -> list[Value]:
    """The numbers of a text with their units and stated ranges (±, "a–b", a 95% confidence interval)."""
    return [value for match in _VALUE.finditer(text[:LONGEST_TEXT]) if (value := _value(match))]


def _value(match: re.Match[str]) -> Value | None:
    unit = " ".join(match["unit"].split()).replace("° ", "°").replace("μ", "µ")
    kind, factor = _UNITS.get(unit, ("", 0.0))
    end = match.end()
    if not kind:
        word = "" if unit.lower() in _NO_UNIT else unit
        kind, factor = (f"unit {stem(word)}" if word else "number"), 1.0
        if not word and unit:
            end = match.end("second") if match["second"] else match.end("first")
    first = _number(match["first"])
    low = high = at = first
    if match["second"]:
        second = _number(match["second"])
        if match["join"] == "±":
            low, high = first - abs(second), first + abs(second)
        elif match["join"] == "and" or second < first:
            end = match.end("first")
            if match["join"] == "and" and kind == "number":
                return None
        else:
            low, high, at = first, second, (first + second) / 2
    if match["low"]:
        low, high = sorted((_number(match["low"]), _number(match["high"])))
    written = match.string[match.start() : min(end, match.end("unit"))].strip()
    return Value(at * factor, low * factor, high * factor, kind, written[:40], match.start(), match.end())


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("·", ".").replace("−", "-")[:30])

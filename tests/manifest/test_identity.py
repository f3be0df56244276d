"""Ids: the digest of a run, its short form, and what people write."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.identity import parse_public_id, public_id, run_id, short_id

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


def test_the_run_id_is_the_hash_of_the_canonical_bytes() -> None:
    wanted = hashlib.sha256(b'{"a":1,"b":["\xc3\xa9",null]}').hexdigest()
    assert run_id({"b": ["é", None], "a": 1.0}) == wanted
    assert run_id({"a": 1, "b": ["é", None]}) == wanted


@given(HEX, st.sets(st.integers(8, 63)))
def test_the_short_id_is_the_shortest_free_prefix(canonical: str, taken: set[int]) -> None:
    upper = canonical.upper()
    short = short_id(canonical, lambda candidate: len(candidate) in taken)
    assert upper.startswith(short)
    assert len(short) == min(length for length in range(8, 65) if length not in taken)


def test_an_id_that_is_taken_at_full_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^ab+ is taken at full length$"):
        short_id("a" + "b" * 63, lambda _: True)


@given(HEX, st.integers(8, 64))
def test_public_ids_are_read_back(canonical: str, length: int) -> None:
    short = canonical.upper()[:length]
    assert public_id(short) == f"SRCH:{short}"
    for written in (public_id(short), public_id(short).lower(), short, short.lower(), f"  {short}\n"):
        assert parse_public_id(written) == short


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SRCH:",
        "SRCH:E50A846",
        "E50A846G",
        "SRCH:SRCH:E50A8461",
        "E50A 8461",
        "A" * 65,
        "../E50A8461",
        "E50A8461/",
        "E50A8461\nE50A8461",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert parse_public_id(text) is None

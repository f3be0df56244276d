"""No writing of a key is seen, and what is no key is left alone."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import re
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.models.secret import Secret

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)


def writings(key: str, before: bytes = b"", after: bytes = b"") -> list[bytes]:
    around = before + key.encode() + after
    written = [around, base64.b64encode(around), base64.urlsafe_b64encode(around)]
    return [*written, before + quote(key, safe="").encode() + after, before + json.dumps(key).encode() + after]


@given(KEYS, st.binary(max_size=5), st.binary(max_size=5))
def test_every_writing_is_known_and_hidden(key, before, after):
    secret = Secret(key)
    for written in writings(key, before, after):
        assert secret.in_text(written.decode("latin-1"))
        hidden = secret.hidden(written)
        assert len(hidden) == len(written)
        assert not secret.in_text(hidden.decode("latin-1"))


@given(KEYS)
def test_a_key_shows_itself_to_nobody(key):
    secret = Secret(key)
    assert repr(secret) == str(secret) == f"{secret}" == "(secret)"
    with pytest.raises(TypeError, match=r"^a key is not stored$"):
        pickle.dumps(secret)
    with pytest.raises(TypeError, match=r"^a key is not stored$"):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_other_texts_are_left_alone():
    secret = Secret("sk-test-0123456789abcdef")
    text = b"The sky is clear, and so is 012345 and the rest."
    assert (secret.in_text(text.decode()), secret.hidden(text)) == (False, text)


def test_a_few_letters_are_no_key_to_hide():
    assert Secret("abc").hidden(b"an abc") == b"an abc"
    assert not Secret("").in_text("anything")
    assert (bool(Secret("")), bool(Secret("a"))) == (False, True)


def test_it_signs_a_request():
    request = httpx.Request("GET", "http://127.0.0.1/")
    assert Secret("k-1").sign(request).headers["Authorization"] == "Bearer k-1"
    assert "Authorization" not in Secret("").sign(httpx.Request("GET", "http://127.0.0.1/")).headers
    assert re.search("k-1", repr(request)) is None

"""Signed notes: one writing, one signature, and a private key that never shows."""

from __future__ import annotations

import base64
import copy
import logging
import pickle
import traceback
from urllib.parse import quote

import pytest

from generator.manifest.log import note
from generator.manifest.log.note import Note, NoteError, Signer, Verifier, open_note, parse, sign

TEXT = "example.org/x\n5\nhello\n"
# RFC 8032, section 7.1, test 1
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY = "PRIVATE+KEY+example.org/x+{}+" + base64.b64encode(b"\x01" + SEED).decode()


@pytest.fixture
def fixed() -> Signer:
    public = Verifier("example.org/x", PUBLIC)
    return Signer.parse(KEY.format(public.key_hash.hex()))


def wrong(data: bytes) -> str:
    with pytest.raises(NoteError) as error:
        parse(data)
    return str(error.value)


def test_a_key_has_the_public_half_that_the_standard_gives(fixed: Signer) -> None:
    assert fixed.verifier.key == PUBLIC
    assert fixed.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert Verifier.parse(fixed.verifier.text) == fixed.verifier
    assert Signer.parse(fixed.secret_text()).verifier == fixed.verifier


def test_a_known_key_of_the_go_checksum_database_is_read() -> None:
    known = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert Verifier.parse(known).text == known


def test_what_is_signed_opens_and_nothing_else(fixed: Signer, signer: Signer) -> None:
    data = sign(TEXT, fixed)
    assert open_note(data, fixed.verifier) == TEXT
    assert sign(TEXT, fixed) == data
    named = f"{signer.name}+{signer.verifier.key_hash.hex()}"
    with pytest.raises(NoteError) as error:
        open_note(data, signer.verifier)
    assert str(error.value) == f"no signature of the key {named}"
    line = sign("other\n", signer).split(b"\n\n")[1]
    with pytest.raises(NoteError) as error:
        open_note(data + line, signer.verifier)
    assert str(error.value) == f"the signature of the key {named} does not hold"
    assert open_note(data + line, fixed.verifier) == TEXT, "a signature of an unknown key is not looked at"
    with pytest.raises(NoteError, match=r"^2 signatures of the key example\.org/x\+[0-9a-f]{8}$"):
        open_note(data + data.split(b"\n\n")[1], fixed.verifier)


def test_a_text_may_hold_empty_lines(fixed: Signer) -> None:
    assert open_note(sign("a\n\nb\n", fixed), fixed.verifier) == "a\n\nb\n"
    assert parse(b"a\n") == Note("a\n", ())


def test_what_is_no_note_is_refused(fixed: Signer) -> None:
    line = sign(TEXT, fixed).decode().split("\n\n")[1]
    assert wrong(b"") == wrong(b"\n") == "no text"
    assert wrong(b"a") == "no newline at the end"
    assert wrong(b"a\r\n") == wrong(b"a\tb\n") == wrong(b"a\x00\n") == "a control character"
    assert wrong(b"\xff\n") == "bytes that are not UTF-8"
    assert wrong(b"a\n" * 40000) == "80000 bytes, more than 65536"
    assert wrong(b"a\n\n") == "0 signature lines, not 1 to 64"
    assert wrong(f"a\n\n{line * 65}".encode()) == "65 signature lines, not 1 to 64"
    assert wrong(b"a\n\nx\n") == '"x" is no signature line'
    for changed in (
        line.replace("\u2014", "-"),
        line.replace("\u2014 ", "\u2014"),
        line.replace(" ", "  ", 1),
        line.replace("\n", " \n"),
        line.replace("example.org", "exam+ple.org"),
        line.replace("==\n", "=\n").replace("=\n", "\n"),
        line.replace("\n", "!\n"),
        "\u2014 name AAAA\n",
    ):
        assert changed != line
        assert wrong(f"a\n\n{changed}".encode()).endswith(" is no signature line")


def test_base64_has_one_writing() -> None:
    assert note.decode("AQ==") == b"\x01"
    for text in ("AR==", "AQ", "AQ=", "AQ===", "A Q==", "AQ==\n", "AQ-_", "\u00e9"):
        assert note.decode(text) is None


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "x" * 256, "a\x7f"])
def test_a_key_has_a_plain_name(name: str) -> None:
    with pytest.raises(NoteError, match=r"is empty, too long, or holds a space, a plus or a control character$"):
        Signer.generate(name)


def test_a_public_key_that_is_none_is_refused(fixed: Signer) -> None:
    text = fixed.verifier.text
    name, key_hash, coded = text.split("+", 2)
    form = "a public key is written name+hash+base64"
    for changed, words in [
        ("", form),
        (name, form),
        (f"{name}+{key_hash.upper()}X+{coded}", form),
        (f"{name}+{key_hash}+{coded[:-1]}", form),
        (f"+{key_hash}+{coded}", form),
        (f"{name}+00000000+{coded}", "the hash in the public key is not that of its name and key"),
        (f"{name}x+{key_hash}+{coded}", "the hash in the public key is not that of its name and key"),
        (f"{name}+{key_hash}+{note.encode(b'x' * 33)}", "the key is not an Ed25519 key of 32 bytes"),
        (f"{name}+{key_hash}+{note.encode(b'short')}", "the key is not an Ed25519 key of 32 bytes"),
    ]:
        with pytest.raises(NoteError) as error:
            Verifier.parse(changed)
        assert str(error.value) == words


def test_the_private_key_shows_nowhere(fixed: Signer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    coded = base64.b64encode(b"\x01" + SEED).decode()
    secrets = [SEED.hex(), coded, base64.b64encode(SEED).decode(), quote(coded, safe=""), repr(SEED)[2:-1], coded[4:40]]
    said = [repr(fixed), str(fixed), f"{fixed!r:>200}", repr([fixed]), repr(vars), str(Note(TEXT, ())), fixed.name]
    said.append(sign(TEXT, fixed).decode())
    good = fixed.secret_text()
    for text in (
        good[:-1], good + "A", good.replace("PRIVATE", "private"), good.replace("example.org/x", "example.org/y"),
        good.replace("+KEY+", "+KEY+ "), good[12:], good.replace("+AZ", "+AA"), f" {good}", "PRIVATE+KEY+" + coded,
    ):  # fmt: skip
        with pytest.raises(NoteError) as error:
            Signer.parse(text)
        assert error.value.__cause__ is None
        said.append("".join(traceback.format_exception(error.value)))
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"^a private key is not copied or written out$") as refused:
            attempt(fixed)
        said.append("".join(traceback.format_exception(refused.value)))
    said.append(caplog.text)
    for text in said:
        for secret in secrets:
            assert secret not in text
    assert repr(fixed) == f"Signer(example.org/x+{fixed.verifier.key_hash.hex()})"

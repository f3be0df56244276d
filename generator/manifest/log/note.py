"""Signed notes (c2sp.org/signed-note) with Ed25519: a text, an empty line, and signature lines.

A key has a name and four bytes that tell it apart: the first ones of SHA-256 over the name, a newline, the byte 0x01
that stands for Ed25519, and the 32 bytes of the public key. A public key is written ``name+hash+base64``, a private
one ``PRIVATE+KEY+name+hash+base64``, with the hash as eight hex digits and the byte 0x01 before the key's bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from generator.manifest.problems import shown

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
MAX_BYTES = 64 * 1024
MAX_SIGNATURES = 64
_PRIVATE = "PRIVATE+KEY+"
_HASH = re.compile("[0-9a-f]{8}")
_DASH = "\u2014"


class NoteError(ValueError):
    """A note, a key or a signature that is not as it must be; ``str()`` is one clause, without any private key."""


def is_name(text: str) -> bool:
    """Whether a key or a log may have this name: not empty, at most 255 characters, no space, plus sign or control."""
    return 0 < len(text) <= 255 and text.isprintable() and not any(char.isspace() or char == "+" for char in text)


def encode(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes | None:
    """The bytes of standard base64 in its one canonical writing, or ``None``."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    return data if encode(data) == text else None


@dataclass(frozen=True)
class Verifier:
    """A public key with its name; made by :meth:`parse`."""

    name: str
    key: bytes

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """The key in ``name+hash+base64``; raises ``NoteError``."""
        name, key_hash, data = _parts(vkey, "a public key is written name+hash+base64")
        verifier = cls(name, data)
        if verifier.key_hash.hex() != key_hash:
            raise NoteError("the hash in the public key is not that of its name and key")
        return verifier

    @property
    def key_hash(self) -> bytes:
        """Four bytes that name the key beside its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:4]

    @property
    def text(self) -> str:
        """The key as :meth:`parse` reads it."""
        return f"{self.name}+{self.key_hash.hex()}+{encode(ED25519 + self.key)}"

    def holds(self, text: bytes, signature: bytes) -> bool:
        """Whether the signature over the note's text is this key's."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key with its name. What is printed of it, and what its errors say, never holds the key."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.verifier = Verifier(name, key.public_key().public_bytes_raw())
        self._key = key

    @classmethod
    def parse(cls, text: str) -> Signer:
        """The key in ``PRIVATE+KEY+name+hash+base64``; raises ``NoteError``."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        form = "a private key is written PRIVATE+KEY+name+hash+base64"
        if not text.startswith(_PRIVATE):
            raise NoteError(form)
        name, key_hash, seed = _parts(text.removeprefix(_PRIVATE), form)
        signer = cls(name, Ed25519PrivateKey.from_private_bytes(seed))
        if signer.verifier.key_hash.hex() != key_hash:
            raise NoteError("the hash in the private key is not that of its name and key")
        return signer

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key from the system's randomness; raises ``NoteError`` for a name that no key may have."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if not is_name(name):
            raise NoteError(
                f"the name {shown(name)} is empty, too long, or holds a space, a plus or a control character"
            )
        return cls(name, Ed25519PrivateKey.generate())

    @property
    def name(self) -> str:
        return self.verifier.name

    def secret_text(self) -> str:
        """The private key as :meth:`parse` reads it: for its owner's eyes only."""
        seed = self._key.private_bytes_raw()
        return f"{_PRIVATE}{self.name}+{self.verifier.key_hash.hex()}+{encode(ED25519 + seed)}"

    def sign(self, text: bytes) -> bytes:
        """The 64 bytes of the signature over a note's text; the same text gives the same bytes."""
        return self._key.sign(text)

    def __repr__(self) -> str:
        return f"Signer({self.verifier.name}+{self.verifier.key_hash.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not copied or written out")


@dataclass(frozen=True)
class Signature:
    """One signature line: the key's name, its four bytes, and the signature."""

    name: str
    key_hash: bytes
    data: bytes


@dataclass(frozen=True)
class Note:
    """A note as parsed: its text, which ends in a newline, and its signatures, none of them verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def verify(self, verifier: Verifier) -> None:
        """Raise ``NoteError`` unless the note has exactly one signature of this key, and it holds.

        Signatures of other keys are not looked at: a witness may have added them.
        """
        own = [item for item in self.signatures if (item.name, item.key_hash) == (verifier.name, verifier.key_hash)]
        named = f"{verifier.name}+{verifier.key_hash.hex()}"
        if not own:
            raise NoteError(f"no signature of the key {named}")
        if len(own) > 1:
            raise NoteError(f"{len(own)} signatures of the key {named}")
        if not verifier.holds(self.text.encode(), own[0].data):
            raise NoteError(f"the signature of the key {named} does not hold")


def sign(text: str, signer: Signer) -> bytes:
    """The note with this text, which must end in a newline, signed by one key."""
    data = text.encode()
    line = encode(signer.verifier.key_hash + signer.sign(data))
    return data + f"\n{_DASH} {signer.name} {line}\n".encode()


def parse(data: bytes) -> Note:
    """A note, signed or (text only) not; raises ``NoteError``. No signature is verified: see :meth:`Note.verify`."""
    if len(data) > MAX_BYTES:
        raise NoteError(f"{len(data)} bytes, more than {MAX_BYTES}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("bytes that are not UTF-8") from None
    if any(char < " " and char != "\n" for char in whole):
        raise NoteError("a control character")
    if not whole.endswith("\n") or whole == "\n":
        raise NoteError("no newline at the end" if whole.strip("\n") else "no text")
    head, parted, tail = whole.rpartition("\n\n")
    if not parted:
        return Note(whole, ())
    lines = tail.split("\n")[:-1]
    if not lines or len(lines) > MAX_SIGNATURES:
        raise NoteError(f"{len(lines)} signature lines, not 1 to {MAX_SIGNATURES}")
    return Note(head + "\n", tuple(_signature(line) for line in lines))


def open_note(data: bytes, verifier: Verifier) -> str:
    """The text of a note that this key signed; raises ``NoteError`` for every other."""
    note = parse(data)
    note.verify(verifier)
    return note.text


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    data = decode(parts[2]) if len(parts) == 3 else None
    if data is None or parts[0] != _DASH or not is_name(parts[1]) or len(data) < 5:
        raise NoteError(f"{shown(line)} is no signature line")
    return Signature(parts[1], data[:4], data[4:])


def _parts(text: str, form: str) -> tuple[str, str, bytes]:
    """Name, hash and the key's 32 bytes; what is wrong is told without a word of the text."""
    parts = text.split("+", 2)
    data = decode(parts[2]) if len(parts) == 3 else None
    if data is None or not is_name(parts[0]) or _HASH.fullmatch(parts[1]) is None:
        raise NoteError(form)
    if data[:1] != ED25519 or len(data) != 33:
        raise NoteError("the key is not an Ed25519 key of 32 bytes")
    return parts[0], parts[1], data[1:]

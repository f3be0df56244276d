"""Checkpoints, proof files and tiles: one writing each, and nothing else is taken."""

from __future__ import annotations

import base64
import random

import pytest

from generator.manifest.log import checkpoint, tiles, tlog_proof
from generator.manifest.log.checkpoint import Checkpoint
from generator.manifest.log.entries import leaf
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.note import NoteError, Signer, Verifier

ROOT = base64.b64encode(b"r" * 32).decode()
TEXT = f"assignee.net/log\n5\n{ROOT}\n"
LEAVES = [leaf(f"E5/E5{number:06X}/manifest.json", f"{number:064x}") for number in range(700)]
TREE = Tree(map(leaf_hash, LEAVES))


def test_a_checkpoint_is_three_lines() -> None:
    point = Checkpoint("assignee.net/log", 5, b"r" * 32)
    assert point.text == TEXT
    assert Checkpoint.parse(TEXT) == point
    assert point.written(None) == TEXT.encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 lines, not origin, size and root"),
        (TEXT[:-1], "2 lines, not origin, size and root"),
        (TEXT + "more\n", "4 lines, not origin, size and root"),
        (TEXT.replace("assignee.net/log", ""), 'the origin "" is empty, too long, or holds a space or a plus'),
        (TEXT.replace("/log", " log"), 'the origin "assignee.net log" is empty, too long, or holds a space or a plus'),
        *(
            (TEXT.replace("\n5\n", f"\n{size}\n"), f'the size "{size}" is no number of leaves')
            for size in ("", "05", "+5", "-5", "5 ", "5.0", "0x5", "٥", "9223372036854775808", "9" * 30)
        ),
        (TEXT.replace(ROOT, ROOT[:-1]), f'the root "{ROOT[:-1]}" is not the base64 of 32 bytes'),
        (TEXT.replace(ROOT, "AAAA"), 'the root "AAAA" is not the base64 of 32 bytes'),
    ],
)
def test_another_text_is_no_checkpoint(text: str, words: str) -> None:
    with pytest.raises(NoteError) as error:
        Checkpoint.parse(text)
    assert str(error.value) == words


def made(index: int, size: int, signer: Signer | None) -> bytes:
    point = Checkpoint("assignee.net/log", size, TREE.root(size)).written(signer)
    return tlog_proof.write(f"E5/E5{index:06X}/manifest.json", index, TREE.inclusion(index, size), point)


@pytest.mark.parametrize("signed", [False, True])
def test_a_proof_file_is_read_as_it_was_written(signed: bool, signer: Signer) -> None:
    for index, size in [(0, 1), (0, 2), (6, 7), (511, 700), (699, 700)]:
        data = made(index, size, signer if signed else None)
        proof = tlog_proof.parse(data)
        proof.verify(f"{index:064x}", signer.verifier if signed else None)
        assert tlog_proof.write(proof.path, proof.index, list(proof.hashes), proof.opened.data) == data
        with pytest.raises(NoteError, match=r"^the proof does not lead from .* to the root$"):
            proof.verify("0" * 63 + "f", signer.verifier if signed else None)


def test_a_proof_file_looks_like_this() -> None:
    assert made(1, 2, None).decode().split("\n") == [
        "c2sp.org/tlog-proof@v1",
        "extra " + base64.b64encode(b"E5/E5000001/manifest.json").decode(),
        "index 1",
        base64.b64encode(leaf_hash(LEAVES[0])).decode(),
        "",
        "assignee.net/log",
        "2",
        base64.b64encode(TREE.root(2)).decode(),
        "",
    ]


def test_what_is_no_proof_file_is_refused() -> None:
    good = made(2, 7, None).decode()
    extra = good.split("\n")[1]
    no_index = "no line 'index' with a number below the leaf's path"
    no_path = "no line 'extra' with the leaf's path; a proof of this registry's log has one"
    other_path = "the line 'extra' does not hold the path of a leaf of this registry's log"
    hashes = "hashes that are not the base64 of 32 bytes each, at most 63 of them"
    cases = [
        ("", "no empty line before the checkpoint"),
        (good.replace("\n\n", "\n"), "no empty line before the checkpoint"),
        (good.replace("@v1", "@v2"), 'the first line "c2sp.org/tlog-proof@v2", not c2sp.org/tlog-proof@v1'),
        (good.replace("@v1", "@v1é"), "lines above the checkpoint that are not ASCII"),
        (good.replace(extra + "\n", ""), no_path),
        (good.replace(extra, "extra "), no_path),
        (good.replace(extra, extra + "="), no_path),
        (good.replace(extra, "extra " + base64.b64encode(b"x").decode()), other_path),
        (good.replace(extra, "extra " + base64.b64encode(b"\xff").decode()), other_path),
        (good.replace("index 2", "index 02"), no_index),
        (good.replace("index 2", "index  2"), no_index),
        (good.replace("index 2", "index"), no_index),
        (good.replace("index 2", "index 9223372036854775807"), no_index),
        (good.replace("index 2\n", "index 2\nAAAA\n"), hashes),
        (good.replace("index 2\n", "index 2\n" + (ROOT + "\n") * 64), hashes),
        (good + "x" * 200_000, f"{len(good) + 200_000} bytes, more than 131072"),
        (good[:-1], "no newline at the end"),
    ]
    for text, words in cases:
        with pytest.raises(NoteError) as error:
            tlog_proof.parse(text.encode())
        assert str(error.value) == words


def test_tiles_lie_where_the_specification_puts_them() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(None, 0, 5) == "tile/entries/000.p/5"
    assert tiles.tile_path(1, 999) == "tile/1/999"
    assert tiles.tile_path(2, 1000, 255) == "tile/2/x001/000.p/255"
    # the specification's example of a log of 70,000 entries
    found = list(tiles.needed(70_000))
    assert [
        sum(1 for level, _, width in found if (level, width == 256) == key)
        for key in [(0, True), (0, False), (1, True), (1, False), (2, True), (2, False), (3, False)]
    ] == [273, 1, 1, 1, 0, 1, 0]
    assert [item[2] for item in found if item[2] != 256] == [112, 112, 17, 1]
    assert list(tiles.needed(256)) == [(None, 0, 256), (0, 0, 256), (1, 0, 1)]
    assert list(tiles.needed(0)) == []


def test_every_size_that_the_log_ever_had_is_served() -> None:
    served = dict(tiles.tiles(LEAVES, TREE))
    for size in range(len(LEAVES) + 1):
        for level, number, width in tiles.needed(size):
            whole = tiles.tile_path(level, number)
            assert tiles.tile_path(level, number, width) in served or whole in served
    assert served["tile/entries/002.p/188"] == tiles.bundle(LEAVES[512:])
    assert served["tile/entries/002.p/1"] == len(LEAVES[512]).to_bytes(2, "big") + LEAVES[512]
    assert served["tile/0/001"] == b"".join(map(leaf_hash, LEAVES[256:512]))
    assert (
        served["tile/1/000.p/2"]
        == Tree(map(leaf_hash, LEAVES[:256])).root() + Tree(map(leaf_hash, LEAVES[256:512])).root()
    )
    assert "tile/2/000.p/1" not in served
    assert list(tiles.tiles([], Tree([]))) == []


def accepted(data: bytes, sha256: str, verifier: Verifier | None, known: bytes) -> bool:
    """Whether a reader takes the proof, as ``srch verify`` does: by the key, or by the checkpoint that is known."""
    try:
        proof = tlog_proof.parse(data)
        proof.verify(sha256, verifier)
    except (NoteError, ValueError):
        return False
    return verifier is not None or proof.opened.data == known


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to three random changes: a bit, a byte, a piece cut out, doubled, moved, or two lines exchanged."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at = chance.randrange(len(changed))
        to = min(len(changed), at + chance.randrange(1, 40))
        kind = chance.randrange(7)
        if kind == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at] = chance.randrange(256)
        elif kind == 2:
            changed[at:at] = bytes([chance.choice(b"\n =A+/09-\r")])
        elif kind == 3:
            del changed[at:to]
        elif kind == 4:
            changed[at:at] = changed[at:to]
        elif kind == 5:
            piece = changed[at:to]
            del changed[at:to]
            other = chance.randrange(len(changed) + 1)
            changed[other:other] = piece
        else:
            lines = bytes(changed).split(b"\n")
            one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[two] = lines[two], lines[one]
            changed = bytearray(b"\n".join(lines))
        if not changed:
            break
    return bytes(changed)


@pytest.mark.parametrize("signed", [False, True])
def test_no_mutation_of_a_proof_file_is_accepted(signed: bool, signer: Signer) -> None:
    """Not one: a proof file has one writing, and each part of it is either under a hash or under the signature."""
    chance = random.Random(20261122)
    verifier = signer.verifier if signed else None
    taken = tried = 0
    while tried < 3000:
        index = chance.randrange(700)
        size = chance.randrange(index + 1, 701)
        data = made(index, size, signer if signed else None)
        known = Checkpoint("assignee.net/log", size, TREE.root(size)).written(None)
        sha256 = f"{index:064x}"
        assert accepted(data, sha256, verifier, known)
        for _ in range(20):
            changed = mutated(data, chance)
            if changed != data:
                tried += 1
                taken += accepted(changed, sha256, verifier, known)
    assert taken == 0


def test_no_other_file_is_accepted_for_a_proof(signer: Signer) -> None:
    chance = random.Random(20261123)
    taken = 0
    for _ in range(1000):
        index = chance.randrange(700)
        sha256 = bytearray.fromhex(f"{index:064x}")
        sha256[chance.randrange(32)] ^= 1 << chance.randrange(8)
        taken += accepted(made(index, 700, signer), sha256.hex(), signer.verifier, b"")
    assert taken == 0


def test_no_mutation_of_a_signed_checkpoint_is_accepted(signer: Signer) -> None:
    chance = random.Random(20261124)
    taken = tried = 0
    while tried < 2000:
        size = chance.randrange(1, 701)
        data = Checkpoint("assignee.net/log", size, TREE.root(size)).written(signer)
        changed = mutated(data, chance)
        if changed == data:
            continue
        tried += 1
        try:
            opened = checkpoint.read(changed)
            opened.note.verify(signer.verifier)
            taken += 1
        except NoteError:
            pass
    assert taken == 0


def test_no_mutation_of_an_entry_keeps_the_root() -> None:
    """A changed line of the entries is either no leaf, or gives another root than the checkpoint's."""
    from generator.manifest.log.entries import parse_leaf

    chance = random.Random(20261125)
    root = TREE.root(64)
    taken = leaves = 0
    for _ in range(2000):
        at = chance.randrange(64)
        changed = mutated(LEAVES[at], chance)
        if changed == LEAVES[at] or parse_leaf(changed) is None:
            continue
        leaves += 1
        taken += Tree(map(leaf_hash, [*LEAVES[:at], changed, *LEAVES[at + 1 : 64]])).root() == root
    assert (taken, leaves > 50) == (0, True)

"""The page's own check against the log, in Chromium: what Python's side of the log writes is accepted, nothing else is.

The log's files come from ``generator.manifest.log``; what is refused is made here, by changing them.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import random
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generator.manifest.log import entries, tiles, tlog_proof
from generator.manifest.log.checkpoint import Checkpoint
from generator.manifest.log.merkle import Tree, leaf_hash, node_hash
from generator.manifest.log.note import Signer, sign

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "docs" / "assets"
VECTORS = (ROOT / "../shared/data/merkle").resolve()
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ORIGIN = "assignee.net/log"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
VKEY = SIGNER.verifier.text.encode()

Case = dict[str, bytes | None]

CHECK = """async cases => {
  const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const answers = [];
  for (const one of cases) {
    const given = {};
    for (const name of Object.keys(one)) given[name] = one[name] === null ? null : bytes(one[name]);
    given.path = new TextDecoder().decode(given.path);
    answers.push(await srchVerify.proof(given));
  }
  return answers;
}"""

CHECK_GROWTH = """async cases => {
  const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const answers = [];
  for (const one of cases) {
    const vkey = one.vkey === null ? null : bytes(one.vkey);
    const given = { old: bytes(one.old), now: bytes(one.now), vkey: vkey, proof: one.proof };
    answers.push(await srchVerify.consistency(given));
  }
  return answers;
}"""

VECTOR = """async texts => {
  const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const answers = [];
  for (const text of texts) {
    const one = JSON.parse(text);
    const proof = (one.proof || []).map(bytes);
    answers.push("leafIdx" in one
      ? await srchVerify.verifyInclusion(one.leafIdx, one.treeSize, bytes(one.leafHash), proof, bytes(one.root))
      : await srchVerify.verifyConsistency(one.size1, one.size2, bytes(one.root1), bytes(one.root2), proof));
  }
  return answers;
}"""


def encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


@dataclass
class Log:
    """A log of ``size`` files that are made up; file ``n`` is ``data(n)`` at ``path(n)``."""

    size: int
    signer: Signer | None = SIGNER
    salt: str = ""
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = Tree(leaf_hash(entry) for entry in self.entries())

    def path(self, index: int) -> str:
        return f"E5/E5{index:06X}/manifest.json"

    def data(self, index: int) -> bytes:
        return f"{self.salt}file {index} of the log\n".encode()

    def entries(self) -> list[bytes]:
        return [
            entries.leaf(self.path(index), hashlib.sha256(self.data(index)).hexdigest()) for index in range(self.size)
        ]

    def checkpoint(self, size: int | None = None) -> bytes:
        size = self.size if size is None else size
        return Checkpoint(ORIGIN, size, self.tree.root(size)).written(self.signer)

    def proof(self, index: int, size: int | None = None) -> bytes:
        return tlog_proof.write(self.path(index), index, self.tree.inclusion(index, size), self.checkpoint(size))

    def case(self, index: int) -> Case:
        """What the browser is asked; nothing but the published checkpoint binds what is unsigned."""
        return {
            "path": self.path(index).encode(),
            "data": self.data(index),
            "proof": self.proof(index),
            "vkey": VKEY if self.signer else None,
            "checkpoint": None if self.signer else self.checkpoint(),
        }

    def growth(self, old: int, now: int) -> dict[str, Any]:
        return {
            "old": self.checkpoint(old),
            "now": self.checkpoint(now),
            "proof": [encoded(item) for item in self.tree.consistency(old, now)],
            "vkey": VKEY if self.signer else None,
        }


def ask(page: Any, cases: list[Case]) -> list[dict[str, Any]]:
    """The browser's answers, in batches."""
    answers: list[dict[str, Any]] = []
    for at in range(0, len(cases), 500):
        batch = [{name: encoded(value) for name, value in case.items()} for case in cases[at : at + 500]]
        answers += page.evaluate(CHECK, batch)
    return answers


def ask_growth(page: Any, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for at in range(0, len(cases), 500):
        batch = [
            {name: encoded(value) if isinstance(value, bytes) else value for name, value in case.items()}
            for case in cases[at : at + 500]
        ]
        answers += page.evaluate(CHECK_GROWTH, batch)
    return answers


# The served folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Files under a strict content security policy; ``broken`` names addresses that are answered with an error."""

    broken: frozenset[str] = frozenset()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        if self.path.endswith("/"):
            # A page rewritten within the second looks the same to a cache. The files it checks it asks for uncached.
            self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def do_GET(self) -> None:
        if self.path in self.broken:
            self.send_error(503)
        else:
            super().do_GET()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page hangs up on what it was loading; that is no fault."""


@dataclass
class Site:
    """A small site in ``folder``, served at ``address``: a page two levels down, its files, and a log."""

    folder: Path
    address: str
    handler: type[_Handler] = _Handler

    def page(self, items: list[dict[str, str | None]], extra: str = "") -> str:
        """Write a page with these items; its address."""
        text = json.dumps(items).replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")
        scripts = '<script src="../../assets/verify.js" defer></script>' * 2
        self.write(
            "paper/E5000003/index.html",
            f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A record</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="../../assets/registry.css">{scripts}</head>
<body class="md-typeset"><main class="record"><h1>A record</h1>
<div class="verify" data-log="../../log/" {extra} data-items='{text}'><p class="verify-result" role="status"
aria-live="polite">Checking needs JavaScript; <code>srch verify</code> does the same offline.</p>
<ul class="verify-items"></ul></div></main></body></html>""".encode(),
        )
        return self.address + "paper/E5000003/"

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def publish(self, log: Log) -> None:
        shutil.rmtree(self.folder / "log", ignore_errors=True)
        self.write("log/checkpoint", log.checkpoint())
        if log.signer:
            self.write("log/key", VKEY + b"\n")
        for name, data in tiles.tiles(log.entries(), log.tree):
            self.write(f"log/{name}", data)

    def record(self, log: Log, numbers: tuple[int, ...] = (3, 4, 5), size: int | None = None) -> str:
        """Write files and proofs of some leaves and the page that checks them; its address."""
        items: list[dict[str, str | None]] = []
        for number in numbers:
            self.write(f"paper/E5000003/{number}.json", log.data(number))
            self.write(f"paper/E5000003/{number}.json.tlog-proof", log.proof(number, size))
            items.append(
                {
                    "label": f"File {number}",
                    "path": log.path(number),
                    "file": f"{number}.json",
                    "proof": f"{number}.json.tlog-proof",
                }
            )
        return self.page(items)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    shutil.copytree(ASSETS, folder / "assets")

    class Handler(_Handler):
        """One of its own for each test, because a test may break addresses."""

    server = _Server(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site = Site(folder, f"http://127.0.0.1:{server.server_port}/", Handler)
    site.write(
        "blank.html",
        b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Blank</title><link rel="icon" href="data:,">'
        b'<script src="assets/verify.js"></script></html>',
    )
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(browser: Any, served: Site) -> Iterator[Any]:
    """A page that may fetch from the served site only, and runs no script that the policy forbids."""
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("request", lambda it: None if it.url.startswith((served.address, "data:")) else faults.append(it.url))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("console", lambda it: faults.append(it.text) if "Content Security Policy" in it.text else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def blank(page: Any, served: Site) -> Any:
    page.goto(served.address + "blank.html")
    return page


# The functions


@pytest.mark.parametrize("signer", [SIGNER, None], ids=["signed", "unsigned"])
def test_proofs_for_every_size_are_accepted(blank: Any, signer: Signer | None) -> None:
    draw = random.Random(20261)
    cases: list[Case] = []
    expected = []
    for size in range(1, 71):
        log = Log(size, signer)
        for index in sorted({0, size - 1, size // 2, draw.randrange(size), draw.randrange(size)}):
            cases.append(log.case(index))
            expected.append((True, signer is not None, index, size, ORIGIN))
    answers = ask(blank, cases)
    assert [(it["ok"], it["signed"], it["index"], it["size"], it["origin"]) for it in answers] == expected
    words = f"the checkpoint is signed by {ORIGIN}" if signer else "the log is unsigned"
    assert {it["reason"] for it in answers} == {words}
    print(f"{len(cases)} proofs accepted in the browser, sizes 1 to 70")


def test_growth_between_all_sizes_is_accepted(blank: Any) -> None:
    log = Log(70)
    pairs = [(old, now) for now in range(1, 71) for old in range(1, now + 1)]
    answers = ask_growth(blank, [log.growth(old, now) for old, now in pairs])
    said = [(it["ok"], it["signed"], it["oldSize"], it["size"]) for it in answers]
    assert said == [(True, True, *pair) for pair in pairs]


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_vectors(blank: Any, kind: str) -> None:
    if not VECTORS.is_dir():
        print("Merkle vectors skipped: ../shared/data/merkle is absent")
        pytest.skip("../shared/data/merkle is absent")
    files = sorted((VECTORS / kind).rglob("*.json"))
    answers = blank.evaluate(VECTOR, [path.read_text("utf-8") for path in files])
    wanted = [not json.loads(path.read_bytes())["wantErr"] for path in files]
    wrong = [str(path) for path, said, want in zip(files, answers, wanted, strict=True) if said != want]
    assert wrong == []
    assert len(files) == 98
    print(f"{kind}: {len(files)} vectors decided right in the browser, {sum(wanted)} of them valid")


def test_consistency_proofs_from_tiles(blank: Any) -> None:
    """Made in the browser from tiles, they are the proofs that Python makes; sizes with one, two and three levels."""
    log = Log(66_000)
    served = {name: encoded(data) for name, data in tiles.tiles([b""] * log.size, log.tree) if "entries" not in name}
    rows = log.tree.level(0), log.tree.level(8), log.tree.level(16)
    sizes = [1, 2, 3, 5, 70, 255, 256, 257, 300, 511, 512, 513, 4096, 65_535, 65_536, 65_537, 65_999, 66_000]
    pairs = [(old, now) for now in sizes for old in sizes if old <= now]
    for now in sizes:
        for level, number, width in tiles.needed(now):
            if level is not None:
                hashes = rows[level][number * 256 : number * 256 + width]
                served[tiles.tile_path(level, number, width)] = encoded(b"".join(hashes))
    made = blank.evaluate(
        """async given => {
          const bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
          const tiles = size => (level, number) => {
            const place = srchVerify.tileAddress(level, number, size);
            const tile = bytes(given.tiles[place.address]);
            if (tile.length !== 32 * place.width) throw new Error(place.address);
            return Promise.resolve(tile);
          };
          const made = [];
          for (const [old, now] of given.pairs) {
            const proof = await srchVerify.consistencyProof(old, now, tiles(now));
            made.push(proof.map(hash => btoa(String.fromCharCode.apply(null, hash))));
          }
          return made;
        }""",
        {"tiles": served, "pairs": pairs},
    )
    assert made == [[encoded(item) for item in log.tree.consistency(old, now)] for old, now in pairs]


def test_tile_addresses(blank: Any) -> None:
    places = [it for it in tiles.needed(300_000_000) if it[0] is not None][-6000:]
    size_of = {(0, 1234067, 5): 1234067 * 256 + 5, (2, 3, 255): (3 * 256 + 255) * 65536 + 9, (1, 999, 256): 2**40}
    for (level, number, width), size in size_of.items():
        said = blank.evaluate("it => srchVerify.tileAddress(...it)", [level, number, size])
        assert said == {"address": tiles.tile_path(level, number, width), "width": width}
    given = [[level, number, 300_000_000] for level, number, _ in places]
    said = blank.evaluate("list => list.map(it => srchVerify.tileAddress(...it))", given)
    assert [it["address"] for it in said] == [tiles.tile_path(*it) for it in places]


def walk(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """The root that RFC 9162's steps (2.1.3.2) lead to; the proof must have the right length."""
    at, last, hash_ = index, size - 1, leaf
    for item in proof:
        if at % 2 or at == last:
            hash_ = node_hash(item, hash_)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, item)
        at, last = at >> 1, last >> 1
    assert last == 0
    return hash_


def path_length(index: int, size: int) -> int:
    at, last, length = index, size - 1, 0
    while last:
        length += at % 2 or at < last
        at, last = at >> 1, last >> 1
    return length


def test_sizes_beyond_32_bits(blank: Any) -> None:
    """Trees larger than any that could be built: the root follows from a leaf and a path of made-up hashes."""
    draw = random.Random(7)
    top = 2**53 - 1
    pairs = [(0, 2**31), (2**31, 2**31 + 1), (2**32 + 5, 2**40 + 3), (top - 1, top), (2**52, top), (2**33, 3 * 2**33)]
    vectors = []
    for index, size in pairs:
        proof = [draw.randbytes(32) for _ in range(path_length(index, size))]
        leaf = draw.randbytes(32)
        root = encoded(walk(index, size, leaf, proof))
        good = {"treeSize": size, "root": root, "leafHash": encoded(leaf), "proof": [encoded(it) for it in proof]}
        vectors.append({**good, "leafIdx": index})
        vectors += [{**good, "leafIdx": other} for other in (index ^ 2**32, index ^ 2**31, index ^ 1, index + size)]
    answers = blank.evaluate(VECTOR, [json.dumps(vector) for vector in vectors])
    assert answers == [True, False, False, False, False] * len(pairs)


# What is refused


def lines_of(text: bytes) -> list[bytes]:
    return text.splitlines(keepends=True)


def _bit(draw: random.Random, text: bytes) -> bytes:
    at = draw.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << draw.randrange(8)]) + text[at + 1 :]


def _byte(draw: random.Random, text: bytes) -> bytes:
    at = draw.randrange(len(text))
    return text[:at] + draw.randbytes(1) + text[at + 1 :]


def _cut(draw: random.Random, text: bytes) -> bytes:
    return text[: draw.randrange(len(text))] if draw.random() < 0.5 else text[draw.randrange(1, len(text) + 1) :]


def _drop_byte(draw: random.Random, text: bytes) -> bytes:
    at = draw.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _add_byte(draw: random.Random, text: bytes) -> bytes:
    at = draw.randrange(len(text) + 1)
    return text[:at] + draw.choice([draw.randbytes(1), b"\0", b"=", b"A", b"0", b"\xef\xbb\xbf"]) + text[at:]


def _space(draw: random.Random, text: bytes) -> bytes:
    ends = [at for at, byte in enumerate(text) if byte in b"\n +"] + [0, len(text)]
    at = draw.choice(ends)
    return text[:at] + draw.choice([" ", "\t", "\n", "\r", "\x0b", "\u00a0", "\u2028"]).encode() + text[at:]


def _crlf(draw: random.Random, text: bytes) -> bytes:
    if draw.random() < 0.3:
        return text.replace(b"\n", b"\r\n")
    at = draw.choice([at for at, byte in enumerate(text) if byte == 10] or [len(text)])
    return text[:at] + b"\r" + text[at:]


def _swap_lines(draw: random.Random, text: bytes) -> bytes:
    rows = lines_of(text)
    one, two = draw.randrange(len(rows)), draw.randrange(len(rows))
    rows[one], rows[two] = rows[two], rows[one]
    return b"".join(rows)


def _double_line(draw: random.Random, text: bytes) -> bytes:
    rows = lines_of(text)
    rows.insert(draw.randrange(len(rows) + 1), draw.choice(rows))
    return b"".join(rows)


def _drop_line(draw: random.Random, text: bytes) -> bytes:
    rows = lines_of(text)
    del rows[draw.randrange(len(rows))]
    return b"".join(rows)


def _number(draw: random.Random, text: bytes) -> bytes:
    """Another number, or the same written otherwise, in the index or the size."""
    rows = lines_of(text)
    at = draw.choice([at for at, row in enumerate(rows) if row.split()[-1:] and row.split()[-1].isdigit()] or [-1])
    if at < 0:
        return text
    head, _, digits = rows[at].rstrip(b"\n").rpartition(b" ")
    value = int(digits)
    other = str(abs(value + draw.choice([-1, 1, 2, 2**31, 2**32, 2**53, 2**64])))
    arabic = "".join(chr(0x660 + int(digit)) for digit in str(value))
    spellings = ["0{}", "+{}", "-{}", "{}.0", "{}e0", "0x{:x}", "{} ", " {}", "{}n", ""]
    new = draw.choice([other, other, arabic, *(form.format(value) for form in spellings)])
    rows[at] = (head + b" " if head else b"") + new.encode() + b"\n"
    return b"".join(rows)


def _coded(text: bytes) -> list[tuple[int, bytes]]:
    """Line number and base64 word at the end of lines that have one."""
    rows = lines_of(text)
    words = ((at, row.rstrip(b"\n").split(b" ")[-1].split(b"+", 2)[-1]) for at, row in enumerate(rows))
    return [(at, word) for at, word in words if len(word) > 20 and len(word) % 4 == 0]


def _recoded(draw: random.Random, text: bytes) -> bytes:
    """The same bytes in another base64: open bits set, padding dropped or added, the other alphabet, a gap."""
    words = _coded(text)
    if not words:
        return text
    at, word = draw.choice(words)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = word.rstrip(b"=")
    forms = [bare + b"=" * 4, word + b"=", bare[:4] + b" " + bare[4:], bare.replace(b"+", b"-").replace(b"/", b"_")]
    if bare != word:
        last = alphabet.index(bare[-1:])
        forms += [bare[:-1] + alphabet[last ^ 1 : (last ^ 1) + 1] + word[len(bare) :]] * 3 + [bare]
    rows = lines_of(text)
    rows[at] = rows[at].replace(word, draw.choice(forms))
    return b"".join(rows)


def _rebytes(draw: random.Random, text: bytes) -> bytes:
    """Other bytes in good base64: a hash, a root, a key hash, a signature, a key."""
    words = _coded(text)
    if not words:
        return text
    at, word = draw.choice(words)
    data = bytearray(base64.b64decode(word))
    spot = draw.choice([draw.randrange(len(data)), draw.randrange(4), len(data) - 1])
    data[spot] ^= 1 << draw.randrange(8)
    if draw.random() < 0.2:
        data = data[:-1] if draw.random() < 0.5 else data + b"\0"
    rows = lines_of(text)
    rows[at] = rows[at].replace(word, base64.b64encode(bytes(data)))
    return b"".join(rows)


TEXT_CHANGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bit flipped": _bit,
    "byte changed": _byte,
    "cut": _cut,
    "byte dropped": _drop_byte,
    "byte added": _add_byte,
    "space added": _space,
    "CR LF": _crlf,
    "lines swapped": _swap_lines,
    "line doubled": _double_line,
    "line dropped": _drop_line,
    "number": _number,
    "base64 otherwise": _recoded,
    "other bytes in base64": _rebytes,
}
DATA_CHANGES = ("bit flipped", "byte changed", "cut", "byte dropped", "byte added", "CR LF")


def changed(draw: random.Random, log: Log, index: int) -> tuple[str, Case]:
    """A good case with one thing changed, and what was done."""
    case = log.case(index)
    fields = {"proof": 8, "data": 2, "path": 1, "part": 3, "vkey" if log.signer else "checkpoint": 3}
    target = draw.choices(list(fields), list(fields.values()))[0]
    if target == "path":
        path = log.path(index)
        other = draw.choice([log.path(index + 1), path.lower(), path + "/", "/" + path, "./" + path])
        return "path: other", {**case, "path": other.encode()}
    if target == "part":
        return _exchanged(draw, log, index, case)
    text = case[target]
    assert text is not None
    name = draw.choice(DATA_CHANGES if target == "data" else list(TEXT_CHANGES))
    return f"{target}: {name}", {**case, target: TEXT_CHANGES[name](draw, text)}


def _exchanged(draw: random.Random, log: Log, index: int, case: Case) -> tuple[str, Case]:
    """A good part of something else put in."""
    other = Log(log.size + draw.randrange(3), log.signer, "other ")
    stray = draw.randrange(other.size)
    head, _, note = log.proof(index).partition(b"\n\n")
    text = Checkpoint(ORIGIN, log.size, log.tree.root()).text.encode()
    parts: dict[str, Case] = {
        "data of another file": {"data": log.data(index + 1)},
        "proof of another log": {"proof": other.proof(min(index, other.size - 1))},
        "checkpoint of another log": {"proof": head + b"\n\n" + other.checkpoint()},
        "hashes of another log": {"proof": other.proof(stray).partition(b"\n\n")[0] + b"\n\n" + note},
        "nothing": {"proof": b""},
    }
    if log.signer:
        signed_by_other = Checkpoint(ORIGIN, log.size, log.tree.root()).written(OTHER_SIGNER)
        elsewhere = Checkpoint("other.example/log", log.size, log.tree.root()).written(SIGNER)
        parts |= {
            "key withheld": {"vkey": None},
            "key of another": {"vkey": OTHER_SIGNER.verifier.text.encode()},
            "key's hash in capitals": {"vkey": VKEY.replace(VKEY.split(b"+")[1], VKEY.split(b"+")[1].upper())},
            "signature dropped": {"proof": head + b"\n\n" + text},
            "signature of another": {"proof": head + b"\n\n" + signed_by_other},
            "name of another log": {"proof": head + b"\n\n" + elsewhere},
            "other dash": {"proof": log.proof(index).replace("\u2014".encode(), "\u2013".encode())},
            "line after the root": {"proof": head + b"\n\n" + text + b"more\n" + log.checkpoint()[len(text) :]},
        }
    else:
        parts["signature added"] = {"proof": head + b"\n\n" + Log(log.size).checkpoint()}
        parts["key added"] = {"vkey": VKEY}
    name = draw.choice(list(parts))
    return name, {**case, **parts[name]}


@pytest.mark.parametrize(("signer", "wanted"), [(SIGNER, 6000), (None, 2000)], ids=["signed", "unsigned"])
def test_no_changed_proof_is_accepted(blank: Any, signer: Signer | None, wanted: int) -> None:
    draw = random.Random(614)
    logs = [Log(size, signer) for size in (1, 2, 3, 5, 8, 13, 33, 64, 70)]
    good = [log.case(index) for log in logs for index in (0, log.size - 1)]
    assert all(it["ok"] for it in ask(blank, good))
    names: list[str] = []
    cases: list[Case] = []
    while len(cases) < wanted:
        log = draw.choice(logs)
        index = draw.randrange(log.size)
        name, case = changed(draw, log, index)
        if case != log.case(index):
            names.append(name)
            cases.append(case)
    answers = ask(blank, cases)
    accepted = [(name, case) for name, case, it in zip(names, cases, answers, strict=True) if it["ok"] is not False]
    assert accepted == []
    assert all(it["reason"] and it["signed"] is None for it in answers)
    assert [it["reason"] for it in answers if it["reason"].startswith("it cannot be checked")] == []
    kinds = Counter(names)
    print(f"{len(cases)} changed proofs of {len(kinds)} kinds: {len(accepted)} accepted in the browser")


def test_no_changed_growth_is_accepted(blank: Any) -> None:
    draw = random.Random(615)
    logs = [Log(70), Log(70, salt="other ")]
    cases = []
    while len(cases) < 2000:
        now = draw.randrange(2, 71)
        old = draw.randrange(1, now)
        good = logs[0].growth(old, now)
        case = dict(good)
        kind = draw.choice(["old", "now", "vkey", "proof", "proof", "other"])
        if kind == "proof":
            case["proof"] = _changed_list(draw, good["proof"], logs[1].growth(old, now)["proof"])
        elif kind == "other":
            swap = draw.choice(["old", "now", "turned", "unsigned"])
            other: dict[str, dict[str, Any]] = {
                "old": {"old": logs[1].checkpoint(old)},
                "now": {"now": logs[1].checkpoint(now)},
                "turned": {"old": good["now"], "now": good["old"]},
                "unsigned": {"now": Log(now, None).checkpoint()},
            }
            case |= other[swap]
        else:
            case[kind] = TEXT_CHANGES[draw.choice(list(TEXT_CHANGES))](draw, good[kind])
        if case != good:
            cases.append(case)
    answers = ask_growth(blank, cases)
    accepted = [case for case, it in zip(cases, answers, strict=True) if it["ok"] is not False]
    assert accepted == []
    print(f"{len(cases)} changed consistency proofs: {len(accepted)} accepted in the browser")


def _changed_list(draw: random.Random, proof: list[str], other: list[str]) -> list[str]:
    new = list(proof)
    kind = draw.choice(["drop", "double", "swap", "add", "replace", "flip", "recode", "empty"])
    at = draw.randrange(len(new)) if new else 0
    if kind == "add" or not new:
        new.insert(at, draw.choice(other) if other else str(encoded(draw.randbytes(32))))
    elif kind == "drop":
        del new[at]
    elif kind == "double":
        new.insert(at, new[at])
    elif kind == "swap":
        new[at], new[0] = new[0], new[at]
    elif kind == "replace":
        new[at] = other[at]
    elif kind == "flip":
        new[at] = str(encoded(_bit(draw, base64.b64decode(new[at]))))
    elif kind == "recode":
        new[at] = _recoded(draw, new[at].encode()).decode()
    else:
        new = []
    return new


def test_signatures_of_unknown_keys_are_ignored(blank: Any) -> None:
    """signed-note asks for it, so that witnesses can add theirs; a second one of the log's own key is refused."""
    log = Log(9)
    case = log.case(4)
    witness = Signer("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    text = log.checkpoint().partition(b"\n\n")[0] + b"\n"
    line = Checkpoint.parse(text.decode()).written(witness)[len(text) + 1 :]
    own = log.checkpoint()[len(text) + 1 :]
    proof = log.proof(4)
    answers = ask(blank, [{**case, "proof": proof + line}, {**case, "proof": proof + own}])
    assert [(it["ok"], it["reason"]) for it in answers] == [
        (True, f"the checkpoint is signed by {ORIGIN}"),
        (False, "the checkpoint is signed twice with the log's key"),
    ]


def vkey_of(key: bytes) -> bytes:
    """A verifier key with any bytes for the key, and the right hash."""
    key_hash = hashlib.sha256(ORIGIN.encode() + b"\n" + key).hexdigest()[:8]
    return f"{ORIGIN}+{key_hash}+{encoded(key)}".encode()


def own_signature(log: Log, missing: int) -> tuple[bytes, bytes]:
    """The base64 of the checkpoint's signature, and the same without its last bytes."""
    word = log.checkpoint().split()[-1]
    return word, base64.b64encode(base64.b64decode(word)[:-missing])


REASONS: dict[str, tuple[Callable[[Log, Case], Mapping[str, bytes | None]], str]] = {
    "other data": (
        lambda log, case: {"data": b"other"},
        "the file is not the one that the log's entry 4 is about",
    ),
    "other path": (lambda log, case: {"path": log.path(5).encode()}, "its proof is for another file"),
    "not UTF-8": (lambda log, case: {"proof": b"\xff"}, "the proof is not UTF-8"),
    "CR": (
        lambda log, case: {"proof": log.proof(4).replace(b"\n", b"\r\n")},
        "the proof has a character that is not allowed",
    ),
    "header": (lambda log, case: {"proof": log.proof(4).replace(b"@v1", b"@v2")}, "the proof does not begin as one"),
    "byte order mark": (
        lambda log, case: {"proof": b"\xef\xbb\xbf" + log.proof(4)},
        "the proof does not begin as one",
    ),
    "byte order mark of the key": (
        lambda log, case: {"vkey": b"\xef\xbb\xbf" + VKEY},
        "the log's key is not written as name, hash and key",
    ),
    "no path": (
        lambda log, case: {"proof": b"".join(row for row in lines_of(log.proof(4)) if not row.startswith(b"extra"))},
        "the proof does not name a path",
    ),
    "zeros": (
        lambda log, case: {"proof": log.proof(4).replace(b"index 4", b"index 04")},
        "the proof's index is not a plain number",
    ),
    "too large": (
        lambda log, case: {"proof": log.proof(4).replace(b"index 4", b"index 9007199254740992")},
        "the proof's index is larger than a browser can count",
    ),
    "hash too short": (
        lambda log, case: {"proof": log.proof(4).replace(b"index 4\n", b"index 4\nAAAA\n")},
        "a hash of the proof is not 32 bytes long",
    ),
    "beyond": (
        lambda log, case: {"proof": log.proof(4).replace(b"index 4", b"index 9")},
        "the proof's index is not below the log's size",
    ),
    "unsigned": (
        lambda log, case: {"proof": Log(9, None).proof(4)},
        "the checkpoint is unsigned, but the log has a key",
    ),
    "no key": (
        lambda log, case: {"vkey": None},
        "the checkpoint has a signature, but the log shows no key to check it",
    ),
    "other key": (
        lambda log, case: {"vkey": OTHER_SIGNER.verifier.text.encode()},
        "the checkpoint is not signed with the log's key",
    ),
    "key's hash": (
        lambda log, case: {"vkey": VKEY.replace(VKEY.split(b"+")[1], b"00000000")},
        "the log's key does not have the hash it states",
    ),
    "key's type": (
        lambda log, case: {"vkey": vkey_of(b"\x02" + bytes(32))},
        "the log's key is not an Ed25519 key",
    ),
    "key's length": (
        lambda log, case: {"vkey": vkey_of(b"\x01" + bytes(33))},
        "the log's key is not an Ed25519 key",
    ),
    "a further line, signed too": (
        lambda log, case: {
            "proof": log.proof(4).replace(log.checkpoint(), sign(Log(9, None).checkpoint().decode() + "more\n", SIGNER))
        },
        "the checkpoint is not three lines of origin, size and root",
    ),
    "signature's length": (
        lambda log, case: {"proof": log.proof(4).replace(*own_signature(log, 1))},
        "the checkpoint's signature is not 64 bytes long",
    ),
    "signature without a byte": (
        lambda log, case: {"proof": log.proof(4).replace(*own_signature(log, 64))},
        "a signature is too short",
    ),
    "end of line": (
        lambda log, case: {"proof": log.proof(4)[:-1]},
        "the checkpoint does not end with a signature line",
    ),
    "something for the end of line": (
        lambda log, case: {"proof": log.proof(4)[:-1] + b"*"},
        "the checkpoint does not end with a signature line",
    ),
    "key's newline": (
        lambda log, case: {"vkey": VKEY + b"\n"},
        "the log's key is not written as name, hash and key",
    ),
    "signature": (
        lambda log, case: {"proof": log.proof(4).replace(b"\n9\n", b"\n10\n")},
        "the checkpoint's signature is wrong",
    ),
    "other state": (
        lambda log, case: {"checkpoint": Log(10).checkpoint()},
        "its proof is for another state of the log than the log's checkpoint",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_reasons(blank: Any, name: str) -> None:
    log = Log(9)
    case = log.case(4)
    change, reason = REASONS[name]
    said = ask(blank, [case, {**case, **change(log, case)}])
    assert said[0]["ok"] is True
    assert (said[1]["ok"], said[1]["reason"]) == (False, reason)


# The page


def state(page: Any, wanted: str) -> str:
    """The sentence once the block has this state."""
    page.wait_for_selector(f'.verify[data-state="{wanted}"]', timeout=10_000)
    text: str = page.locator(".verify-result").text_content()
    return text


def items(page: Any) -> list[str]:
    found: list[str] = page.locator(".verify-items li").all_text_contents()
    return found


LIMITS = (
    "What this does not prove: the key came from the same server, and whoever holds it can show another log to a "
    "reader who kept no old checkpoint."
)


def test_page_turns_from_green_to_red_when_one_byte_changes(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    address = served.record(log)
    page.goto(address)
    assert state(page, "ok") == f"All 3 files match the log at size 24; the checkpoint is signed by {ORIGIN}."
    assert items(page) == [f"✓ File {number}: matches the log" for number in (3, 4, 5)]
    assert page.locator(".verify-limits").text_content() == LIMITS
    served.write("paper/E5000003/4.json", log.data(4).replace(b"file", b"filf"))
    page.reload()
    assert state(page, "failed") == "1 of 3 files does not match the log."
    assert items(page)[1] == "✗ File 4: DOES NOT MATCH: the file is not the one that the log's entry 4 is about"
    served.write("paper/E5000003/4.json", log.data(4))
    page.click("text=Check again")
    state(page, "ok")
    served.remove("paper/E5000003/4.json")
    page.click("text=Check again")
    state(page, "failed")
    assert items(page)[1] == "✗ File 4: DOES NOT MATCH: the server does not have the file"


def test_every_changed_byte_of_a_file_shows(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    page.goto(served.record(log, (3,)))
    assert state(page, "ok") == f"The file matches the log at size 24; the checkpoint is signed by {ORIGIN}."
    for at in range(len(log.data(3))):
        data = bytearray(log.data(3))
        data[at] ^= 1
        served.write("paper/E5000003/3.json", bytes(data))
        page.reload()
        assert state(page, "failed") == "The file does not match the log."


def test_page_with_an_unsigned_log(page: Any, served: Site) -> None:
    log = Log(24, None)
    served.publish(log)
    page.goto(served.record(log))
    assert state(page, "ok-unsigned") == "All 3 files match the log at size 24; the log is unsigned."
    assert page.locator(".verify-limits").text_content() == (
        "What this does not prove: nobody signs the log, and whoever publishes it can show another log to a reader who "
        "kept no old checkpoint."
    )


def test_a_page_that_says_there_is_no_key_does_not_ask_for_one(page: Any, served: Site) -> None:
    log = Log(24, None)
    served.publish(log)
    served.record(log)
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url))
    name = "paper/E5000003/index.html"
    text = (served.folder / name).read_bytes().replace(b'class="verify"', b'class="verify" data-key="none"')
    served.write(name, text)
    page.goto(served.address + "paper/E5000003/")
    state(page, "ok-unsigned")
    assert not any(url.endswith("log/key") for url in asked)
    served.publish(Log(24))
    page.reload()
    assert state(page, "failed") == (
        "No file could be matched, because the log itself DOES NOT HOLD: the checkpoint has a signature, but the log "
        "shows no key to check it."
    )


def test_page_with_files_that_are_not_in_the_log_yet(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    address = served.record(log)
    served.remove("paper/E5000003/5.json.tlog-proof")
    page.goto(address)
    assert state(page, "unlogged") == (
        f"1 of 3 files is not in the log yet; 2 files match the log at size 24; the checkpoint is signed by {ORIGIN}."
    )
    assert items(page)[2] == "– File 5: not in the log yet"
    served.write("x.json", b"{}")
    page.goto(served.page([{"label": "New", "path": log.path(30), "file": "../../x.json", "proof": None}]))
    assert state(page, "unlogged") == "The file is not in the log yet."


def test_page_with_a_log_that_does_not_hold(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    address = served.record(log)
    start = "No file could be matched, because the log itself DOES NOT HOLD: "
    served.write("log/checkpoint", Log(24, None).checkpoint())
    page.goto(address)
    assert state(page, "failed") == start + "the checkpoint is unsigned, but the log has a key."
    served.write("log/checkpoint", Checkpoint(ORIGIN, 24, log.tree.root()).written(OTHER_SIGNER))
    page.reload()
    assert state(page, "failed") == start + "the checkpoint is not signed with the log's key."
    served.remove("log/checkpoint")
    page.reload()
    assert state(page, "failed") == start + "it has no checkpoint."
    served.remove("log/key")
    page.reload()
    assert state(page, "unavailable") == "The files were not checked: this site publishes no log."


def test_proofs_of_an_earlier_state_are_linked_to_the_log(page: Any, served: Site) -> None:
    log = Log(300)
    served.publish(log)
    page.goto(served.record(log, size=24))
    assert state(page, "ok") == f"All 3 files match the log at size 300; the checkpoint is signed by {ORIGIN}."
    other = Log(300, salt="other ")
    served.record(other, size=24)
    page.reload()
    assert state(page, "failed") == "3 of 3 files do not match the log."
    assert items(page)[0] == ("✗ File 3: DOES NOT MATCH: the log of 300 entries is no continuation of the one of 24")


def test_a_checkpoint_that_the_reader_kept(page: Any, served: Site, tmp_path: Path) -> None:
    log = Log(700)
    served.publish(log)
    page.goto(served.record(log))
    state(page, "ok")

    def choose(data: bytes, wanted: str) -> str:
        # A browser tells of no change when the same name is chosen again.
        kept = tmp_path / f"checkpoint-{len(list(tmp_path.iterdir()))}"
        kept.write_bytes(data)
        page.set_input_files(".verify input[type=file]", str(kept))
        page.wait_for_selector(f'.verify-kept[data-state="{wanted}"]')
        text: str = page.locator(".verify-kept").text_content()
        return text

    fetched = 32 * (2 + 256 + (700 - 512))  # the only tile of level 1, the second and the third of level 0
    assert choose(log.checkpoint(300), "ok") == (
        "The checkpoint you kept, of size 300, is an earlier state of this log: nothing in it was changed or removed "
        f"({fetched} bytes of tiles fetched)."
    )
    state(page, "ok")
    assert choose(Log(300, salt="other ").checkpoint(), "failed") == (
        "The checkpoint you kept DOES NOT MATCH this log: the log of 700 entries is no continuation of the one of 300 "
        f"({fetched} bytes of tiles fetched)."
    )
    assert state(page, "failed").startswith("The log is not the one whose checkpoint you kept. All 3 files match")
    page.reload()
    state(page, "ok")
    assert choose(log.checkpoint(), "ok").startswith("The checkpoint you kept, of size 700, is the log's present state")
    page.reload()
    state(page, "ok")
    assert choose(Log(701).checkpoint(), "failed") == (
        "The checkpoint you kept DOES NOT MATCH this log: the log has 700 entries, fewer than the 701 it had "
        "(0 bytes of tiles fetched)."
    )
    page.reload()
    state(page, "ok")
    assert choose(b"\0" * 9, "failed") == (
        "The checkpoint you kept DOES NOT MATCH this log: the checkpoint has a character that is not allowed "
        "(0 bytes of tiles fetched)."
    )
    page.reload()
    state(page, "ok")
    assert choose(log.checkpoint(0), "unavailable") == (
        "The checkpoint you kept could not be checked: an empty log is the start of every log and shows nothing."
    )


def test_a_tile_that_was_changed_proves_nothing(page: Any, served: Site, tmp_path: Path) -> None:
    log = Log(300)
    served.publish(log)
    page.goto(served.record(log))
    state(page, "ok")
    name = "log/tile/0/001.p/44"
    served.write(name, bytes(32 * 44))
    kept = tmp_path / "checkpoint"
    kept.write_bytes(log.checkpoint(270))
    page.set_input_files(".verify input[type=file]", str(kept))
    state(page, "failed")
    served.write(name, b"short")
    page.reload()
    state(page, "ok")
    page.set_input_files(".verify input[type=file]", str(kept))
    page.wait_for_selector('.verify-kept[data-state="failed"]')
    reason = "a tile of the log has another length than the log's size says"
    assert reason in page.locator(".verify-kept").text_content()


def test_a_server_that_fails(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    address = served.record(log)
    served.handler.broken = frozenset({"/paper/E5000003/4.json"})
    page.goto(address)
    assert state(page, "unavailable") == "1 of 3 files could not be checked; 2 matched the log."
    assert items(page)[1] == "? File 4: not checked: the server answered with status 503"
    served.handler.broken = frozenset({"/log/checkpoint"})
    page.reload()
    assert state(page, "unavailable") == "The files were not checked: the server answered with status 503."


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("https://other.example/x", "the page names an address that is not relative"),
        ("//other.example/x", "the page names an address that is not relative"),
        ("/x", "the page names an address that is not relative"),
        ("\\\\other.example\\x", "the page names an address that is not relative"),
        ("data:,x", "the page names an address that is not relative"),
        ("3.json?x", "the page names an address that is not relative"),
        ("../../../x", "the page names an address outside this site"),
        ("../../../", "the page names an address outside this site"),
    ],
)
def test_addresses_outside_the_site_are_not_fetched(page: Any, served: Site, address: str, reason: str) -> None:
    """The site lies in a folder of its server; what is beside it is none of its business."""
    log = Log(24)
    inner = Site(served.folder / "inner", served.address + "inner/")
    shutil.copytree(ASSETS, inner.folder / "assets")
    inner.publish(log)
    inner.record(log, (3,))
    served.write("x", b"x")
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url))
    page.goto(inner.page([{"label": "Stray", "path": log.path(3), "file": address, "proof": "3.json.tlog-proof"}]))
    assert state(page, "unavailable") == "1 of 1 file could not be checked; 0 matched the log."
    assert items(page) == [f"? Stray: not checked: {reason}"]
    assert [url for url in asked if not url.startswith((inner.address, "data:"))] == []


def test_labels_are_text(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    served.record(log, (3,))
    label = "<img src=x onerror=window.ran=1>'\"&amp;"
    page.goto(served.page([{"label": label, "path": log.path(3), "file": "3.json", "proof": "3.json.tlog-proof"}]))
    state(page, "ok")
    assert page.locator(".verify-label").text_content() == label
    assert page.locator(".verify img").count() == 0
    assert page.evaluate("window.ran") is None


@pytest.mark.parametrize("given", ["", "[]", "{}", "[1", "null"])
def test_a_page_without_a_list_of_files(page: Any, served: Site, given: str) -> None:
    served.publish(Log(24))
    address = served.page([])
    name = "paper/E5000003/index.html"
    served.write(name, (served.folder / name).read_bytes().replace(b"'[]'", f"'{given}'".encode()))
    page.goto(address)
    assert state(page, "unavailable") == "The files were not checked: the page has no list of files."


def test_the_script_runs_once(page: Any, served: Site) -> None:
    """The test's page loads it twice."""
    log = Log(24)
    served.publish(log)
    page.goto(served.record(log))
    state(page, "ok")
    assert page.locator(".verify button").count() == 1
    assert page.locator(".verify-items li").count() == 3


def test_a_browser_without_ed25519_says_so_and_is_not_green(page: Any, served: Site) -> None:
    log = Log(24)
    served.publish(log)
    page.add_init_script(
        """const known = SubtleCrypto.prototype.importKey;
        SubtleCrypto.prototype.importKey = function (format, key, algorithm) {
          return algorithm.name === "Ed25519"
            ? Promise.reject(new DOMException("Algorithm: Unrecognized name", "NotSupportedError"))
            : known.apply(this, arguments);
        };"""
    )
    page.goto(served.record(log))
    assert state(page, "ok-unsigned") == (
        "All 3 files match the log at size 24; the signature was not checked: this browser cannot."
    )
    assert [(it["ok"], it["signed"], it["reason"]) for it in ask(page, [log.case(3)])] == [
        (True, None, "the signature was not checked: this browser cannot")
    ]


def test_a_page_that_is_not_served_securely_says_so(browser: Any, served: Site) -> None:
    """A name that is not this computer's, over http: the browser gives no cryptography there. Nothing leaves it."""
    log = Log(24)
    served.publish(log)
    served.record(log)
    context = browser.new_context()
    page = context.new_page()

    def give(route: Any) -> None:
        name = route.request.url.removeprefix("http://registry.test/")
        route.fulfill(path=served.folder / (f"{name}index.html" if name.endswith("/") else name))

    page.route("http://registry.test/**", give)
    page.goto("http://registry.test/paper/E5000003/")
    assert page.evaluate("window.isSecureContext") is False
    reason = "browsers offer cryptography only to pages that come over https or from this computer itself"
    assert state(page, "unavailable") == f"The files were not checked: {reason}."
    said = ask(page, [log.case(3)])[0]
    assert (said["ok"], said["signed"], said["reason"]) == (False, None, f"not checked: {reason}")
    context.close()


def test_the_text_stands_without_javascript(browser: Any, served: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log = Log(24)
    served.publish(log)
    page.goto(served.record(log))
    assert page.locator(".verify").inner_text().strip() == (
        "Checking needs JavaScript; srch verify does the same offline."
    )
    context.close()


@pytest.mark.parametrize("look", [(1280, "light"), (390, "dark")], ids=["wide-light", "narrow-dark"])
@pytest.mark.parametrize("kind", ["ok", "ok-unsigned", "failed", "unlogged", "unavailable"])
def test_axe_finds_nothing(browser: Any, served: Site, kind: str, look: tuple[int, str]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    log = Log(24, None if kind == "ok-unsigned" else SIGNER)
    served.publish(log)
    address = served.record(log)
    if kind == "failed":
        served.write("paper/E5000003/4.json", b"other")
    if kind == "unlogged":
        served.remove("paper/E5000003/4.json.tlog-proof")
    if kind == "unavailable":
        served.handler.broken = frozenset({"/paper/E5000003/4.json"})
    name = "paper/E5000003/index.html"
    scheme = "slate" if look[1] == "dark" else "default"
    body = f'<body data-md-color-scheme="{scheme}" data-md-color-primary="indigo"'.encode()
    served.write(name, (served.folder / name).read_bytes().replace(b"<body", body))
    context = browser.new_context(viewport={"width": look[0], "height": 900}, color_scheme=look[1])
    page = context.new_page()
    page.goto(address)
    state(page, kind)
    found = axe.Axe().run(page, options={"runOnly": AXE_TAGS}).response
    assert [(item["id"], [node["target"] for node in item["nodes"]]) for item in found["violations"]] == []
    assert len(found["passes"]) > 10
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
    context.close()

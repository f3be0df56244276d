"""``srch log`` and ``srch verify``, called as people call them: what they print, and their exit codes."""

from __future__ import annotations

import base64
import http.server
import json
import shlex
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import click
import pytest

from generator import cli
from generator.commands.log import log
from generator.manifest.log.note import Signer
from generator.manifest.log.published import LogView

RECORDS = ("030CEF82", "32FAE0B9")
UNSIGNED = "unsigned: the log has no key, so nothing says whose it is; 'srch log keygen --help' tells how to sign it"
OPEN = (
    "What this does not prove: the log is unsigned, so whoever serves it can replace the whole of it, and show "
    "different logs to different people. Only a checkpoint that you kept, given with --checkpoint, shows that."
)
CLOSED = (
    "What this does not prove: whoever holds the log's key can show a different log to someone who kept no older "
    "checkpoint. Keep this log's checkpoint, and give it with --checkpoint next time."
)


@pytest.fixture
def here(tmp_path: Path, root: Path) -> Path:
    """``manifests`` with two records and no log, in the folder that ``srch`` is called in."""
    for short in RECORDS:
        folder = tmp_path / "manifests" / short[:2] / short
        folder.mkdir(parents=True)
        shutil.copy(root / "manifests" / short[:2] / short / "manifest.json", folder)
    return tmp_path


@pytest.fixture
def signer() -> Signer:
    return Signer.generate("assignee.net/log")


def publish(here: Path) -> Path:
    """The files that a site has of two records without corrections, and of the log."""
    view = LogView(here / "manifests")
    files = {f"log/{name}": data for name, data in view.files()}
    for short in RECORDS:
        path = f"{short[:2]}/{short}/manifest.json"
        files[f"paper/{short}/manifest.json"] = (here / "manifests" / path).read_bytes()
        files[f"paper/{short}/manifest.json.tlog-proof"] = view.proof(path) or b""
    for name, data in files.items():
        (here / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "site" / name).write_bytes(data)
    return here / "site"


def root_of(here: Path) -> str:
    return (here / "manifests" / "log" / "checkpoint").read_text(encoding="utf-8").split("\n")[2]


@pytest.mark.parametrize("name", [f"log {name}" for name in sorted(log.commands)])
def test_help_shows_examples_that_parse(name, srch):
    command = log.commands[name.split()[1]]
    shown = srch(*name.split(), "--help")
    assert (shown.code, shown.out.startswith(f"Usage: srch {name} ")) == (0, True)
    lines = [line.strip() for line in (command.help or "").partition("Examples:")[2].splitlines() if line.strip()]
    assert lines
    for line in lines:
        _, *arguments = shlex.split(line)
        assert " ".join(arguments[:2]) == name
        command.make_context(name, arguments[2:], parent=click.Context(cli.cli))


def test_an_unsigned_log_from_its_first_leaf_on(here, srch):
    first = srch("log", "append")
    root = root_of(here)
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        "added 03/030CEF82/manifest.json",
        "added 32/32FAE0B9/manifest.json",
        f"assignee.net/log: 2 leaves, 2 new, root {root}",
        UNSIGNED,
    ]
    assert srch("log", "append").out.splitlines() == [
        f"assignee.net/log: 2 leaves, none new, root {root}",
        UNSIGNED,
    ]
    assert json.loads(srch("log", "append", "--json").out) == {
        "origin": "assignee.net/log",
        "size": 2,
        "root": root,
        "signed": False,
        "key": None,
        "added": [],
        "completed": False,
    }
    verified = srch("log", "verify")
    assert (verified.code, verified.err) == (0, "")
    assert verified.out.splitlines() == [
        "log assignee.net/log: 2 leaves",
        "ok        entries      2 leaves: 2 manifests, 0 events, 0 versions made by them",
        f"ok        checkpoint   size and root are those of the entries: {root}",
        "not done  signature    unsigned: the log has no key",
        "ok        files        every leaf is the hash of its file, or of the version its events make",
        "not done  consistency  no older checkpoint was given",
    ]


def test_a_registry_without_records(tmp_path, srch, fails):
    (tmp_path / "manifests").mkdir()
    assert srch("log", "append").out == "nothing to log: the registry has no record\n"
    fails(["log", "verify"], "manifests/log: no log here; 'srch log append' begins one")
    fails(["log", "append", "--manifests", "nowhere"], "nowhere: no such folder")


def test_a_logged_manifest_that_was_edited(here, srch):
    assert srch("log", "append").code == 0
    path = here / "manifests" / "32" / "32FAE0B9" / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    for call in (["append"], ["verify"]):
        refused = srch("log", *call)
        assert refused.code == 1
        assert refused.messages[0] == "REG091 manifests/32/32FAE0B9/manifest.json"
        assert refused.messages[1].startswith("  found:    a file with the SHA-256 ")
        assert refused.messages[2].endswith(", as line 2 of log/entries.jsonl has it")
        assert refused.messages[3:] == [
            "  to mend:  Restore the file as it was; what is wrong in a record is corrected by an event beside it.",
            "1 problem",
        ]
    assert "FAILED    files        1 problem" in srch("log", "verify").out
    told = json.loads(srch("log", "verify", "--json").out)
    assert (told["ok"], told["size"], told["not_logged"]) == (False, 2, 0)


def test_a_new_key_signs_and_never_shows(here, srch):
    """The private key is on standard output of ``keygen`` and nowhere else, however the calls go."""
    made = srch("log", "keygen", "assignee.net/log")
    assert made.code == 0
    private, public = made.out.splitlines()
    assert made.err.splitlines() == [
        "The first line is the private key. Show it to nobody; set it as SRCH_LOG_KEY where 'srch log append' runs.",
        "The second line is the public key. 'srch log append' writes it to log/key; publish it elsewhere as well.",
    ]
    coded = private.split("+", 4)[4]
    raw = base64.b64decode(coded)[1:]
    secrets = [coded, quote(coded, safe=""), raw.hex(), base64.b64encode(raw).decode(), coded[6:30]]
    said = [made.err]
    done = srch("log", "append", env={"SRCH_LOG_KEY": private})
    assert done.out.splitlines()[-1] == f"signed by {public}"
    said += [done.out, done.err]
    for wrong in (private[:-2], private + "x", private.replace("+KEY+", "+key+"), coded, f"{private} {private}"):
        refused = srch("log", "append", env={"SRCH_LOG_KEY": wrong})
        form = "SRCH_LOG_KEY: a private key is written PRIVATE+KEY+name+hash+base64"
        assert (refused.code, refused.out, refused.messages) == (2, "", [f"srch: {form}"])
        said += [refused.err]
    misplaced = srch("log", "verify", "--key", private)
    assert misplaced.messages == ["srch: --key: this is a private key; give the public one, and make a new pair"]
    said += [misplaced.out, misplaced.err, srch("log", "verify", env={"SRCH_LOG_KEY": private}).out]
    said += [srch("log", "append", "--json", env={"SRCH_LOG_KEY": private}).out, srch("log", "proof", "030CEF82").out]
    for path in here.rglob("*"):
        if path.is_file():
            said.append(path.read_bytes().decode("utf-8", "replace"))
    for text in said:
        for secret in secrets:
            assert secret not in text


def test_a_signed_log_asks_for_its_key(here, srch, fails, signer):
    env = {"SRCH_LOG_KEY": signer.secret_text() + "\n"}
    assert srch("log", "append", env=env).code == 0
    fails(["log", "append"], "manifests/log: this log is signed; set SRCH_LOG_KEY to its private key")
    other = Signer.generate("assignee.net/log")
    words = f"SRCH_LOG_KEY holds another key than that of this log, {signer.verifier.text}"
    fails(["log", "append"], words, env={"SRCH_LOG_KEY": other.secret_text()})
    assert srch("log", "verify", "--key", signer.verifier.text).code == 0
    assert srch("log", "verify", "--key", other.verifier.text).code == 1
    fails(["log", "verify", "--key", "x"], "--key: a public key is written name+hash+base64")
    fails(
        ["log", "keygen", "a b"], 'the name "a b" is empty, too long, or holds a space, a plus or a control character'
    )
    fails(["log", "verify", "--checkpoint", "nowhere"], "nowhere: no such file")


def test_a_proof_goes_from_hand_to_hand(here, srch, fails, signer):
    fails(
        ["log", "proof", "030CEF82"],
        f"030CEF82: version 1 is not in the log of {here / 'manifests'}; run 'srch log append'",
    )
    assert srch("log", "append", env={"SRCH_LOG_KEY": signer.secret_text()}).code == 0
    proof = srch("log", "proof", "SRCH:030CEF82")
    assert proof.out == srch("log", "proof", "manifests/03/030CEF82").out
    (here / "given").mkdir()
    shutil.copy(here / "manifests" / "03" / "030CEF82" / "manifest.json", here / "given")
    (here / "given" / "manifest.json.tlog-proof").write_text(proof.out, encoding="utf-8")
    call = ["verify", "given/manifest.json.tlog-proof", "--key", signer.verifier.text]
    done = srch(*call)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("ok        proof        03/030CEF82/manifest.json with the SHA-256 ")
    assert lines[0].endswith(" is leaf 0 of 2 of the log assignee.net/log")
    assert lines[1:] == [
        f"ok        signature    signed by {signer.verifier.text}",
        "ok        rules        the manifest keeps every rule",
        "not done  consistency  no older checkpoint was given (--checkpoint)",
        CLOSED,
    ]
    path = here / "given" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    failed = srch(*call)
    assert failed.code == 1
    assert failed.out.startswith("FAILED    proof        the proof does not lead from 03/030CEF82/manifest.json with ")
    fails(
        ["verify", "given/manifest.json"],
        "given/manifest.json: not a .tlog-proof file; name the file that it proves with --file",
    )
    fails(["verify", "nothing"], "nothing: neither an address nor a folder or a file")
    fails(["verify", "given", "--file", "x"], "--file goes with a .tlog-proof file only")
    path.unlink()
    fails(["verify", "given/manifest.json.tlog-proof"], "given/manifest.json: no such file")
    original = "manifests/03/030CEF82/manifest.json"
    assert srch("verify", "given/manifest.json.tlog-proof", "--file", original).code == 0


@pytest.fixture
def address(here: Path, srch) -> Iterator[str]:
    """The built site, served on this machine."""
    assert srch("log", "append").code == 0
    publish(here)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, directory=here / "site", **options)  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_site_and_its_address_give_the_same_answer(here, address, srch):
    root = root_of(here)
    expected = [
        f"ok        checkpoint   2 leaves of the log assignee.net/log have the root {root}",
        "not done  signature    unsigned: the log has no key",
        "ok        consistency  the 2 leaves of the older checkpoint are the first of these 2",
        "ok        tiles        2 tiles are those of the entries",
        "ok        manifest     2 manifests as published first: the SHA-256 is that of the leaf",
        "ok        versions     2 published manifests computed again from the first version and the events: "
        "byte for byte as published",
        "ok        rules        2 versions checked against every rule",
        "ok        proofs       2 proof files lead from the file to the log's root",
        OPEN,
    ]
    shutil.copy(here / "manifests" / "log" / "checkpoint", here / "kept")
    for target in ("site", address):
        done = srch("verify", target, "--checkpoint", "kept")
        assert (done.code, done.err, done.out.splitlines()) == (0, "", expected)
    for target in ("site/paper/030CEF82", f"{address}paper/030CEF82/"):
        told = json.loads(srch("verify", target, "--checkpoint", "kept", "--json").out)
        assert (told["target"], told["ok"], told["not_proved"]) == (target, True, OPEN)
        assert [check["check"] for check in told["checks"]] == [
            "checkpoint", "signature", "consistency", "manifest", "versions", "rules", "proofs",
        ]  # fmt: skip


def test_one_changed_byte_on_the_server_is_found(here, address, srch):
    path = here / "site" / "paper" / "030CEF82" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"temperature", b"temperaturf", 1))
    done = srch("verify", f"{address}paper/030CEF82/")
    assert done.code == 1
    failed = [line for line in done.out.splitlines() if line.startswith("FAILED")]
    assert failed[0].startswith("FAILED    manifest     paper/030CEF82/manifest.json has the SHA-256 ")
    assert done.out.splitlines()[-1] == OPEN


def test_an_address_that_does_not_answer(srch, fails):
    refused = srch("verify", "http://127.0.0.1:9/")
    assert (refused.code, refused.out) == (2, "")
    assert refused.messages[0].startswith("srch: http://127.0.0.1:9/log/checkpoint: cannot be fetched: ")
    named = "an address with a user name or a query is not a published page's"
    fails(["verify", "https://a:secret@example.org/"], named)

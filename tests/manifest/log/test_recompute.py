"""``srch verify``: what is published is computed again, and whatever was changed on the way is found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from generator.manifest.log.append import append
from generator.manifest.log.fetch import FolderSource, HttpSource, site_around, site_of
from generator.manifest.log.note import Signer
from generator.manifest.log.recompute import NOT_PROVED, NOT_PROVED_UNSIGNED, Verified, verify_proof, verify_site
from generator.manifest.problems import Problems, UsageError

LOG = "assignee.net/log"


@pytest.fixture
def site(root: Path, signer: Signer, maker: ModuleType, tmp_path: Path) -> Path:
    append(root, signer)
    site: Path = maker.publish(root, tmp_path / "site")
    return site


def words_of(detail: str) -> str:
    """The detail without the code at its end."""
    return re.sub(r" \(REG\d{3}\)$", "", detail)


def told(done: Verified) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for check in done.checks:
        found.setdefault(check.check, []).append((check.result, words_of(check.detail)))
    return found


def failures(done: Verified) -> list[tuple[str, str]]:
    return [(check.check, words_of(check.detail)) for check in done.checks if check.result == "FAILED"]


def test_a_whole_site(site: Path, root: Path, signer: Signer) -> None:
    old = (root / "log" / "checkpoint").read_bytes()
    done = verify_site(FolderSource(site), older=old, verifier=signer.verifier)
    assert not done.failed
    top = told(done)
    assert {name: [result for result, _ in found] for name, found in top.items()} == {
        name: ["ok"]
        for name in ("checkpoint", "signature", "consistency", "tiles", "manifest", "versions", "rules", "proofs")
    }
    assert top["signature"][0][1] == f"signed by {signer.verifier.text}"
    assert top["consistency"][0][1] == "the 10 leaves of the older checkpoint are the first of these 10"
    assert top["tiles"][0][1] == "2 tiles are those of the entries"
    assert top["manifest"][0][1] == "4 manifests as published first: the SHA-256 is that of the leaf"
    again = "computed again from the first version and the events: byte for byte as published"
    assert top["versions"][0][1] == f"9 published manifests {again}"
    assert top["rules"][0][1] == "7 versions checked against every rule"
    assert top["proofs"][0][1] == "12 proof files lead from the file to the log's root"
    assert done.not_proved == NOT_PROVED


def test_one_record_and_a_key_from_the_same_place(site: Path, signer: Signer) -> None:
    home, short = site_around(site / "paper" / "AB5F292B")
    assert (home, short) == (site, "AB5F292B")
    top = told(verify_site(FolderSource(home), short=short))
    remark = "this key came from the same place, so compare it with one you had (--key)"
    assert top["signature"] == [("ok", f"signed by {signer.verifier.text}; {remark}")]
    assert top["consistency"] == [("not done", "no older checkpoint was given (--checkpoint)")]
    assert top["rules"] == [("ok", "3 versions checked against every rule")]
    assert "tiles" not in top


def test_an_unsigned_site_and_what_is_not_logged_yet(root: Path, maker: ModuleType, tmp_path: Path) -> None:
    append(root)
    maker.registry(root, ("BA6679DC",))
    maker.correct(root, "E3495244", "2026-11-26-title", title="Trees")
    site = maker.publish(root, tmp_path / "site")
    done = verify_site(FolderSource(site))
    assert failures(done) == []
    top = told(done)
    assert top["signature"] == [("not done", "unsigned: the log has no key")]
    assert top["manifest"][0] == ("not done", "paper/BA6679DC/manifest.json: not in the log yet")
    assert top["proofs"][0] == ("not done", "paper/BA6679DC/manifest.json: not in the log yet, and 3 more")
    assert done.not_proved == NOT_PROVED_UNSIGNED


def test_a_proof_of_an_earlier_build_is_as_good(site: Path, root: Path, signer: Signer, maker: ModuleType) -> None:
    old = (site / "paper" / "32FAE0B9" / "manifest.json.tlog-proof").read_bytes()
    maker.correct(root, "E3495244", "2026-11-26-note")
    append(root, signer)
    maker.publish(root, site)
    (site / "paper" / "32FAE0B9" / "manifest.json.tlog-proof").write_bytes(old)
    assert not verify_site(FolderSource(site)).failed


FOLD = "is not what the manifest and its events give"
Change = Callable[[Path], None]


def swap(name: str, old: bytes, new: bytes) -> Change:
    def change(site: Path) -> None:
        data = (site / name).read_bytes()
        assert old in data
        (site / name).write_bytes(data.replace(old, new, 1))

    return change


def gone(name: str) -> Change:
    return lambda site: (site / name).unlink()


AB = "paper/AB5F292B"


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (swap(f"{AB}/manifest.json", b"Coffee", b"Toffee"), [("versions", f"{AB}/manifest.json {FOLD}")]),
        (swap(f"{AB}/v2/manifest.json", b"\n}", b"\n }"), [("versions", f"{AB}/v2/manifest.json {FOLD}")]),
        (gone(f"{AB}/v2/manifest.json"), [("versions", f"{AB}/v2/manifest.json is not there")]),
        (gone(f"{AB}/v1/manifest.json"), [("manifest", f"{AB}/v1/manifest.json is not there")]),
        (
            gone(f"{AB}/corrections/2026-11-24-title.yml"),
            [("versions", f"{AB}/corrections/2026-11-24-title.yml is not there")],
        ),
        (gone(f"{AB}/manifest.json.tlog-proof"), [("proofs", f"{AB}/manifest.json.tlog-proof is not there")]),
        (gone("log/checkpoint"), [("checkpoint", "the site has no log/checkpoint")]),
        (gone("log/entries.jsonl"), [("checkpoint", "the site has no log/entries.jsonl")]),
        (
            gone("log/tile/0/000.p/10"),
            [("tiles", "1 of 2 are missing or other than the entries give: log/tile/0/000.p/10")],
        ),
        (
            swap(f"{AB}/v1/manifest.json.tlog-proof", b"index 2", b"index 3"),
            [
                (
                    "proofs",
                    f"{AB}/v1/manifest.json.tlog-proof: the proof does not lead from AB/AB5F292B/manifest.json "
                    "with the SHA-256 {v1} to the root",
                )
            ],
        ),
        (
            swap(f"{AB}/corrections.json", b"2026-11-24-title", b"../../../../etc"),
            [("versions", f"{AB}/corrections.json names an event that no file can be of")],
        ),
    ],
)
def test_a_change_is_found_and_named(site: Path, root: Path, change: Change, failed: list[tuple[str, str]]) -> None:
    from generator.manifest.canonical import sha256_bytes

    change(site)
    codes = {
        "checkpoint": "REG092", "tiles": "REG092", "manifest": "REG091", "versions": "REG091", "proofs": "REG094",
    }  # fmt: skip
    done = verify_site(FolderSource(site))
    for check in done.checks:
        assert (check.result == "FAILED") == check.detail.endswith(f" ({codes.get(check.check)})")
    v1 = sha256_bytes((root / "AB" / "AB5F292B" / "manifest.json").read_bytes())
    assert failures(done) == [(name, words.replace("{v1}", v1)) for name, words in failed]


def test_a_record_rewritten_in_every_place_but_the_log(site: Path, root: Path, maker: ModuleType) -> None:
    """Whoever builds the site changes the first version and an event, and publishes all that follows from it."""
    other = maker.registry(site.parent / "other", ("AB5F292B",))
    path = other / "AB" / "AB5F292B" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"Does coffee improve memory in mice?", b"Does tea improve it?"))
    maker.correct(other, "AB5F292B", "2026-11-24-title", title="Coffee and memory in mice")
    maker.correct(other, "AB5F292B", "2026-11-25-concern", notice="expression_of_concern")
    maker.publish(other, site)
    found = failures(verify_site(FolderSource(site), short="AB5F292B"))
    assert {name for name, _ in found} == {"manifest", "versions", "proofs"}
    assert [words.split(" has")[0] for name, words in found if name == "manifest"] == [f"{AB}/v1/manifest.json"]


def test_any_byte_changed_anywhere_is_found(site: Path, signer: Signer) -> None:
    """Every file of a record and of the log, 100 seeded changes of one byte: each makes a check fail."""
    chance = random.Random(20261126)
    files = [
        path
        for path in sorted(site.rglob("*"))
        if path.is_file() and path.name != "corrections.json" and (path.parent.name != "000.p" or path.name == "10")
    ]
    missed = []
    for _ in range(100):
        path = chance.choice(files)
        data = path.read_bytes()
        at = chance.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
        if not verify_site(FolderSource(site), verifier=signer.verifier).failed:
            missed.append((str(path.relative_to(site)), at))
        path.write_bytes(data)
    assert missed == []


def test_a_proof_file_alone(site: Path, root: Path, signer: Signer) -> None:
    home = site / "paper" / "AB5F292B" / "v2"
    data, proof = (home / "manifest.json").read_bytes(), (home / "manifest.json.tlog-proof").read_bytes()
    old = (root / "log" / "checkpoint").read_bytes()
    done = verify_proof(data, proof, older=old, verifier=signer.verifier)
    assert [(check.check, check.result) for check in done.checks] == [
        ("proof", "ok"), ("signature", "ok"), ("rules", "ok"), ("consistency", "ok"),
    ]  # fmt: skip
    assert done.checks[0].detail.startswith("AB/AB5F292B/v2/manifest.json with the SHA-256 ")
    assert done.checks[0].detail.endswith(" is leaf 7 of 10 of the log assignee.net/log")
    done = verify_proof(data + b" ", proof)
    assert [(check.check, check.result, check.detail) for check in done.checks[1:2]] == [
        ("signature", "not done", "no key to judge it by was given (--key)")
    ]
    assert [name for name, _ in failures(done)] == ["proof"]
    other = Signer.generate(LOG).verifier
    assert [name for name, _ in failures(verify_proof(data, proof, verifier=other))] == ["signature"]
    assert failures(verify_proof(data, b"x")) == [("proof", "no empty line before the checkpoint")]
    event = site / "paper" / "AB5F292B" / "corrections" / "2026-11-24-title.yml"
    done = verify_proof(event.read_bytes(), event.with_name(event.name + ".tlog-proof").read_bytes())
    assert told(done)["rules"] == [("not done", "a correction event; the record's own address has what it corrects")]


def test_a_proof_file_and_an_older_checkpoint(site: Path, signer: Signer) -> None:
    from generator.manifest.log.checkpoint import Checkpoint

    home = site / "paper" / "32FAE0B9"
    data, proof = (home / "manifest.json").read_bytes(), (home / "manifest.json.tlog-proof").read_bytes()
    cases = [
        (Checkpoint(LOG, 10, b"x" * 32), "FAILED", "two different roots for 10 leaves"),
        (
            Checkpoint(LOG, 4, b"x" * 32),
            "not done",
            "the older checkpoint counts 4 leaves, this proof 10: verify the site's address",
        ),
        (
            Checkpoint("other", 10, b"x" * 32),
            "FAILED",
            "the older checkpoint is of the log other, this proof of assignee.net/log",
        ),
    ]
    for point, result, words in cases:
        done = verify_proof(data, proof, older=point.written(None))
        assert told(done)["consistency"] == [(result, words)]
    done = verify_proof(data, proof, older=b"x")
    assert told(done)["consistency"] == [("FAILED", "the older checkpoint: no newline at the end")]


def test_a_removed_record_cannot_be_computed_again(
    root: Path, signer: Signer, maker: ModuleType, tmp_path: Path
) -> None:
    maker.correct(root, "E3495244", "2026-11-26-gone", notice="removal")
    append(root, signer)
    site = maker.publish(root, tmp_path / "site")
    for path in sorted((site / "paper" / "E3495244").rglob("*"), reverse=True):
        if path.name != "corrections.json":
            path.unlink() if path.is_file() else path.rmdir()
    done = verify_site(FolderSource(site), short="E3495244")
    assert not done.failed
    assert told(done)["manifest"] == [
        ("not done", "paper/E3495244/: the site calls the record removed and has none of its files")
    ]


def served(site: Path, **answers: httpx.Response) -> tuple[httpx.Client, list[str]]:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        path = request.url.path.removeprefix("/x/")
        if path in answers:
            return answers[path]
        file = site / path
        return httpx.Response(200, content=file.read_bytes()) if file.is_file() else httpx.Response(404)

    return httpx.Client(transport=httpx.MockTransport(handle), follow_redirects=True), asked


def test_an_address(site: Path, signer: Signer) -> None:
    home, short = site_of("https://example.org/x/paper/AB5F292B/v2/index.html#claims")
    assert (home, short) == ("https://example.org/x/", "AB5F292B")
    client, asked = served(site)
    done = verify_site(HttpSource(client, home), short=short, verifier=signer.verifier)
    assert not done.failed
    assert told(done)["proofs"] == [("ok", "6 proof files lead from the file to the log's root")]
    assert all(address.startswith("https://example.org/x/") for address in asked)
    home, short = site_of("http://127.0.0.1:8000")
    assert (home, short) == ("http://127.0.0.1:8000/", None)


def test_a_redirect_is_followed_on_the_same_site_only(site: Path) -> None:
    data = (site / "log" / "checkpoint").read_bytes()
    there = httpx.Response(302, headers={"Location": "/x/moved"})
    client, _ = served(site, **{"log/checkpoint": there, "moved": httpx.Response(200, content=data)})
    assert HttpSource(client, "https://example.org/x/").get("log/checkpoint", limit=1000) == data
    for target in ("https://other.org/log/checkpoint", "http://example.org/x/moved", "https://example.org:444/"):
        client, asked = served(site, **{"log/checkpoint": httpx.Response(302, headers={"Location": target})})
        with pytest.raises(UsageError) as error:
            HttpSource(client, "https://example.org/x/").get("log/checkpoint", limit=1000)
        url = "https://example.org/x/log/checkpoint"
        assert str(error.value) == f"{url}: leads to another site, {target}, which is not asked"
        assert asked == [url]
    loop = httpx.Response(302, headers={"Location": "/x/log/checkpoint"})
    client, asked = served(site, **{"log/checkpoint": loop})
    with pytest.raises(UsageError, match=r"^https://example\.org/x/log/checkpoint: more than 3 redirects$"):
        HttpSource(client, "https://example.org/x/").get("log/checkpoint", limit=1000)
    assert len(asked) == 4


def test_an_answer_that_cannot_be_used(site: Path) -> None:
    url = "https://example.org/x/log/checkpoint"

    def get(client: httpx.Client) -> bytes | None:
        return HttpSource(client, "https://example.org/x/").get("log/checkpoint", limit=10)

    client, _ = served(site, **{"log/checkpoint": httpx.Response(500)})
    with pytest.raises(UsageError) as error:
        get(client)
    assert str(error.value) == f"{url}: answered 500"
    client, _ = served(site, **{"log/checkpoint": httpx.Response(200, content=b"x" * 11)})
    with pytest.raises(Problems) as refused:
        get(client)
    assert [(item.file, item.code, item.found) for item in refused.value.problems] == [
        (url, "REG001", "more than 10 bytes")
    ]
    for failure, words in [
        (httpx.ReadTimeout("slow"), "no answer in time"),
        (httpx.ConnectError("refused"), "cannot be fetched: refused"),
    ]:

        def broken(request: httpx.Request, failure: Exception = failure) -> httpx.Response:
            raise failure

        with pytest.raises(UsageError) as error:
            get(httpx.Client(transport=httpx.MockTransport(broken)))
        assert str(error.value) == f"{url}: {words}"


def test_what_is_no_address_or_folder_of_a_site(tmp_path: Path, site: Path) -> None:
    named = "an address with a user name or a query is not a published page's"
    for address, words in [
        ("https://a:b@example.org/", named),
        ("https://example.org/?x=1", named),
        ("ftp://example.org/", '"ftp://example.org/" is not an http or https address'),
        ("https://", '"https://" is not an http or https address'),
        ("https://example.org:x/", '"https://example.org:x/" is not an address'),
    ]:
        with pytest.raises(UsageError) as error:
            site_of(address)
        assert str(error.value) == words
    with pytest.raises(UsageError) as error:
        site_around(tmp_path / "site" / "log")
    folder = tmp_path / "site" / "log"
    assert str(error.value) == f"{folder}: neither a built site nor a record's folder in one (paper/<ID>)"
    with pytest.raises(UsageError) as error:
        site_around(tmp_path / "manifests")
    words = "not a built site; for a registry's own log call 'srch log verify'"
    assert str(error.value) == f"{tmp_path / 'manifests'}: {words}"
    (site / "paper" / "AB5F292B" / "manifest.json").unlink()
    (site / "paper" / "AB5F292B" / "manifest.json").symlink_to(tmp_path / "manifests" / "AB/AB5F292B/manifest.json")
    with pytest.raises(UsageError) as error:
        verify_site(FolderSource(site), short="AB5F292B")
    assert str(error.value) == f"{site / 'paper/AB5F292B/manifest.json'}: leads out of {site}"

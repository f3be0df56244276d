"""The transparency log: ``srch log`` and ``srch verify``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.commands.common import (
    CONTEXT,
    PATH,
    Group,
    cli,
    json_option,
    manifests_option,
    note,
    print_json,
    print_problems,
    record_path,
)
from generator.manifest.problems import UsageError, printable

if TYPE_CHECKING:
    from generator.manifest.log.note import Signer, Verifier
    from generator.manifest.log.recompute import Verified

SHOWN = 20
UNSIGNED = "unsigned: the log has no key, so nothing says whose it is; 'srch log keygen --help' tells how to sign it"

older_option = click.option(
    "--checkpoint", "older", type=PATH, metavar="FILE", help="A checkpoint of this log that you kept from before."
)
key_option = click.option(
    "--key", "vkey", metavar="VKEY", help="The log's public key, name+hash+base64, as you know it from elsewhere."
)


@cli.group(cls=Group, context_settings=CONTEXT)
def log() -> None:
    """The transparency log: every manifest version and every correction, in a list that is only added to.

    \b
    Examples:
      srch log append
      srch log verify --checkpoint kept-last-year
    """


@log.command("append", context_settings=CONTEXT)
@manifests_option
@click.option("--origin", metavar="NAME", help="The name of a log that is begun, e.g. assignee.net/log (the default).")
@json_option
def append_command(manifests: Path, origin: str | None, as_json: bool) -> None:
    """Add what is in the registry and not in its log, and write the log's checkpoint.

    Runs on the main branch only. Nothing is added while a logged file differs from its leaf. With the log's private
    key in the environment variable SRCH_LOG_KEY the checkpoint is signed; without one the log is unsigned. A call that
    was cut off is completed by the next one.

    \b
    Examples:
      srch log append
      srch log append --manifests manifests --origin example.org/log
    """
    from generator.manifest.log.append import append
    from generator.manifest.log.note import encode

    done = append(manifests, _signer(), origin=origin)
    key = None if done.key is None else done.key.text
    point = done.checkpoint
    if as_json:
        print_json(
            {
                "origin": None if point is None else point.origin,
                "size": 0 if point is None else point.size,
                "root": None if point is None else encode(point.root),
                "signed": key is not None and point is not None,
                "key": key,
                "added": [leaf.path for leaf in done.added],
                "completed": done.completed,
            }
        )
        return
    if point is None:
        click.echo("nothing to log: the registry has no record")
        return
    for leaf in done.added[:SHOWN]:
        click.echo(f"added {leaf.path}")
    if len(done.added) > SHOWN:
        click.echo(f"and {len(done.added) - SHOWN} more")
    if done.completed:
        click.echo("completed what an append that was cut off had left")
    count = f"{len(done.added)} new" if done.added else "none new"
    click.echo(f"{point.origin}: {_leaves(point.size)}, {count}, root {encode(point.root)}")
    click.echo(UNSIGNED if key is None else f"signed by {key}")


@log.command("verify", context_settings=CONTEXT)
@click.argument("manifests", type=PATH, default=Path("manifests"))
@older_option
@key_option
@json_option
def verify_command(manifests: Path, older: Path | None, vkey: str | None, as_json: bool) -> None:
    """Check the whole log of the registry in MANIFESTS.

    Its entries, its checkpoint and signature, that every leaf is the hash of its file, and, with a checkpoint kept
    from before, that the log was only added to since.

    \b
    Examples:
      srch log verify
      srch log verify manifests --checkpoint kept-last-year --json
    """
    from generator.manifest.log.verify import verify

    report = verify(manifests, older=_read(older), older_name=str(older), verifier=_verifier(vkey))
    if as_json:
        print_json(
            {
                "origin": report.origin,
                "size": report.size,
                "root": report.root,
                "signed": report.signed,
                "key": report.key,
                "manifests": report.manifests,
                "events": report.events,
                "not_logged": report.not_logged,
                "ok": not report.problems,
                "checks": [check.as_dict() for check in report.checks],
            }
        )
    else:
        click.echo(f"log {report.origin or 'without a checkpoint'}: {_leaves(report.size)}")
        for check in report.checks:
            click.echo(f"{check.result:<8}  {check.check:<11}  {printable(check.detail)}")
        if report.not_logged:
            verb = "is" if report.not_logged == 1 else "are"
            things = "manifest or event" if report.not_logged == 1 else "manifests and events"
            click.echo(f"{report.not_logged} {things} of the registry {verb} not in the log yet")
    if report.problems:
        print_problems(report.problems, "text")
        raise SystemExit(1)


@log.command("keygen", context_settings=CONTEXT)
@click.argument("name")
def keygen_command(name: str) -> None:
    """Make a key pair for the log called NAME, and print it: first the private key, then the public one.

    The private key is printed on standard output only, and kept nowhere. Put it where 'srch log append' runs, as the
    environment variable SRCH_LOG_KEY, e.g. as a secret of the CI service. The public key goes into log/key by itself;
    publish it in a second place too, so that people can compare.

    \b
    Examples:
      srch log keygen assignee.net/log
    """
    from generator.manifest.log.note import NoteError, Signer

    try:
        signer = Signer.generate(name)
    except NoteError as error:
        raise UsageError(str(error)) from None
    click.echo(signer.secret_text())
    click.echo(signer.verifier.text)
    note("The first line is the private key. Show it to nobody; set it as SRCH_LOG_KEY where 'srch log append' runs.")
    note("The second line is the public key. 'srch log append' writes it to log/key; publish it elsewhere as well.")


@log.command("proof", context_settings=CONTEXT)
@click.argument("record")
@manifests_option
def proof_command(record: str, manifests: Path) -> None:
    """Print the offline proof (C2SP tlog-proof) that the current version of RECORD is in the log.

    RECORD is an id, a record's folder, or its manifest. Save the output beside the manifest, as
    manifest.json.tlog-proof, for 'srch verify'.

    \b
    Examples:
      srch log proof SRCH:E50A8461
    """
    from generator.manifest.log.entries import version_path
    from generator.manifest.log.published import LogView
    from generator.manifest.store import Store, load_record

    path = record_path(record, Store(manifests)).absolute()
    whole = load_record(path)
    short = path.parent.name
    root = path.parents[2] if len(path.parents) > 2 else path.parent
    data = LogView(root).proof(version_path(f"{short[:2]}/{short}", whole.current.number))
    if data is None:
        raise UsageError(f"{record}: version {whole.current.number} is not in the log of {root}; run 'srch log append'")
    click.echo(data.decode(), nl=False)


@cli.command("verify", context_settings=CONTEXT)
@click.argument("target", metavar="URL|DIR|PROOF")
@click.option("--file", "file", type=PATH, help="The file that PROOF proves, where it does not lie beside it.")
@older_option
@key_option
@json_option
def verify_published(target: str, file: Path | None, older: Path | None, vkey: str | None, as_json: bool) -> None:
    """Compute a published record, or all of a site, again, without trust in who built the site.

    URL is the address of a record's page or of a site; DIR a built site or a record's folder in it (paper/<ID>); PROOF
    a .tlog-proof file with the file that it proves beside it. From the first version and the corrections every version
    is computed again and compared, byte for byte; every proof must lead to the log's root; and the log must go on from
    the checkpoint that you kept. Exit code 1 when a check failed.

    \b
    Examples:
      srch verify https://assignee.net/paper/E50A8461/ --checkpoint kept-last-year
      srch verify site
      srch verify manifest.json.tlog-proof --key assignee.net/log+00000000+AQ...
    """
    done = _verified(target, file, _read(older), _verifier(vkey))
    if as_json:
        print_json(
            {
                "target": target,
                "ok": not done.failed,
                "checks": [check.as_dict() for check in done.checks],
                "not_proved": done.not_proved,
            }
        )
    else:
        for check in done.checks:
            click.echo(f"{check.result:<8}  {check.check:<11}  {printable(check.detail)}")
        click.echo(done.not_proved)
    if done.failed:
        raise SystemExit(1)


def _verified(target: str, file: Path | None, older: bytes | None, verifier: Verifier | None) -> Verified:
    from generator.manifest.log import fetch, recompute
    from generator.manifest.log.tlog_proof import MAX_BYTES, SUFFIX
    from generator.manifest.strict import read_bytes

    path = Path(target)
    address = target.startswith(("http://", "https://"))
    if file is not None and (address or path.is_dir()):
        raise UsageError("--file goes with a .tlog-proof file only")
    if address:
        import httpx

        home, short = fetch.site_of(target)
        # a proxy of the environment could not reach a site on this machine
        own = httpx.URL(home).host in ("localhost", "127.0.0.1", "::1")
        with httpx.Client(timeout=httpx.Timeout(20.0), trust_env=not own, headers={"User-Agent": "srch"}) as client:
            source = fetch.HttpSource(client, home)
            return recompute.verify_site(source, short=short, older=older, verifier=verifier)
    if path.is_dir():
        folder, short = fetch.site_around(path)
        return recompute.verify_site(fetch.FolderSource(folder), short=short, older=older, verifier=verifier)
    if not path.exists():
        raise UsageError(f"{target}: neither an address nor a folder or a file")
    if file is None and path.suffix != SUFFIX:
        raise UsageError(f"{target}: not a {SUFFIX} file; name the file that it proves with --file")
    proved = file or path.with_name(path.name.removesuffix(SUFFIX))
    return recompute.verify_proof(read_bytes(proved), read_bytes(path, limit=MAX_BYTES), older=older, verifier=verifier)


def _leaves(count: int) -> str:
    return f"{count} leaf" if count == 1 else f"{count} leaves"


def _signer() -> Signer | None:
    from generator.manifest.log.append import KEY_VARIABLE
    from generator.manifest.log.note import NoteError, Signer

    text = os.environ.get(KEY_VARIABLE, "").strip()
    if not text:
        return None
    try:
        return Signer.parse(text)
    except NoteError as error:
        raise UsageError(f"{KEY_VARIABLE}: {error}") from None


def _verifier(vkey: str | None) -> Verifier | None:
    from generator.manifest.log.note import NoteError, Verifier

    if vkey is None:
        return None
    try:
        return Verifier.parse(vkey)
    except NoteError as error:
        if vkey.startswith("PRIVATE"):
            raise UsageError("--key: this is a private key; give the public one, and make a new pair") from None
        # what was given may be a piece of a private key, so it is not printed
        raise UsageError(f"--key: {error}") from None


def _read(older: Path | None) -> bytes | None:
    from generator.manifest.log.note import MAX_BYTES
    from generator.manifest.strict import read_bytes

    return None if older is None else read_bytes(older, limit=MAX_BYTES)

"""The same questions on an existing Dask cluster.

What travels is the request, the folder and the plan, and none of them holds a key: each worker reads its own
environment. All runs lie in one folder that every worker must reach, so a question whose worker dies goes on elsewhere
from what was there. Whoever takes up a question holds the lock of its folder, and the record is written once.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import secrets
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generator import __version__
from generator.kernel.equipment import Plan, begun, check_models, equipped
from generator.kernel.many import Outcome, Task, carry_out, failed, reason_of
from generator.kernel.models.settings import FILE as CONFIG_FILE
from generator.kernel.sources.cache import default_folder
from generator.kernel.sources.pacing import arxiv_folder
from generator.kernel.verification import methods
from generator.manifest.atomic import make_folder, write_new_file
from generator.manifest.problems import Problems, UsageError, shown
from generator.manifest.strict import read_bytes

MARK = ".reach"
WAIT_S = 15.0  # for the scheduler, and for its first worker
PATIENCE_S = 120.0  # without any worker, before what is left is given up
LOOK_S = 2.0
_ADDRESS = re.compile(r"(?:tcp|tls|ucx|ws|wss)://[^\s/@]+:[0-9]{1,5}")


@dataclass(frozen=True)
class Cluster:
    """What a worker is told beside a question. ``out`` and ``pace`` are folders that it must share with all others,
    known by their marks; ``pace`` is empty where arXiv is not asked."""

    version: str
    plan: Plan
    out: Path
    out_mark: str
    pace_mark: str


def checked_address(address: str) -> str:
    """Raises ``UsageError`` where it is no address of a scheduler, or where the package for it is missing."""
    if _ADDRESS.fullmatch(address) is None:
        raise UsageError(f"--scheduler {shown(address)} is not an address such as tcp://127.0.0.1:8786")
    if find_spec("distributed") is None:
        raise UsageError("--scheduler needs the package distributed; install it: pip install 'srch-registry[dask]'")
    return address


def on_cluster(
    tasks: Sequence[Task], plan: Plan, address: str, *, wait_s: float = WAIT_S
) -> Generator[Outcome, None, None]:
    """The outcomes as they come. Those that wait are cancelled when the iterator is closed; those at work go on to
    their end on the workers, and are found done by the next call.

    Raises ``UsageError`` before anything is begun: no scheduler, no worker, a worker with another version of this
    package, other models or no way to the folders.
    """
    with _connected(checked_address(address), wait_s) as client:
        out = tasks[0].folder.parent.resolve()
        cluster = Cluster(
            version=__version__,
            plan=_to_travel(plan),
            out=out,
            out_mark=_marked(out),
            pace_mark=_marked(arxiv_folder()) if plan.full_text or "arxiv" in plan.sources else "",
        )
        _check_workers(client, cluster, tasks)
        yield from _outcomes(client, cluster, tasks)


def _to_travel(plan: Plan) -> Plan:
    """The plan with whole paths: a worker lives in a folder of its own."""

    def whole(path: Path | None) -> Path | None:
        return path.resolve() if path else None

    return replace(
        plan,
        config=whole(plan.config),
        manifests=whole(plan.manifests),
        index=plan.index.resolve(),
        budget_folder=whole(plan.budget_folder),
    )


@contextmanager
def _connected(address: str, wait_s: float) -> Iterator[Any]:
    from distributed import Client

    # what it tells of lost connections and versions is told here in our own words
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            connect: Any = Client  # has no types
            client = connect(address, timeout=wait_s, set_as_default=False, name="srch")
        except (OSError, TimeoutError, ValueError, RuntimeError):
            raise UsageError(f"no Dask scheduler answers at {address} within {wait_s:g} s") from None
        try:
            try:
                client.wait_for_workers(1, timeout=wait_s)
            except (OSError, TimeoutError):
                start = f"start one: dask worker {address}"
                raise UsageError(f"the scheduler at {address} has no worker; {start}") from None
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=5)


def _marked(folder: Path) -> str:
    """What the folder's mark holds, by which a worker knows that it is the same folder."""
    make_folder(folder)
    with suppress(FileExistsError):
        write_new_file(folder / MARK, f"{secrets.token_hex(16)}\n".encode())
    return read_bytes(folder / MARK, limit=1000).decode("ascii", "replace")


def _is_marked(folder: Path, mark: str) -> bool:
    try:
        found = read_bytes(folder / MARK, limit=1000).decode("ascii", "replace")
    except (UsageError, Problems):
        return False
    return found == mark and os.access(folder, os.W_OK)


def _check_workers(client: Any, cluster: Cluster, tasks: Sequence[Task]) -> None:
    """Every worker that is there is asked; raises ``UsageError`` for the first that cannot take part."""
    # asked by itself: another version may not even be able to read the rest
    _check_answers(client.run(_version, on_error="return"), {__version__}, "has another version of this package")
    preflight = not all(begun(task.folder) for task in tasks)
    _check_answers(client.run(_look, cluster, tasks[0], preflight, on_error="return"), {None}, "cannot take part")


def _check_answers(answers: Mapping[str, Any], wanted: set[str | None], words: str) -> None:
    for worker, answer in sorted(answers.items()):
        if isinstance(answer, BaseException) or answer not in wanted:
            told = reason_of(answer) if isinstance(answer, BaseException) else str(answer)
            here = f"; here is {__version__}" if None not in wanted else ""
            raise UsageError(f"the worker {worker} {words}: {told}{here}")


def _version() -> str:
    return __version__


def _look(cluster: Cluster, task: Task, preflight: bool) -> str | None:
    """What keeps this worker from taking part, in one line; asked of each before anything is begun."""
    try:
        plan = _own_plan(cluster)
        methods.verifier(task.request.verifier)
        check_models(task.request, plan)
        with equipped(plan, preflight=preflight):
            return None
    except (UsageError, Problems) as error:
        return reason_of(error)


def _own_plan(cluster: Cluster) -> Plan:
    """The plan with the worker's own settings and cache. Raises ``UsageError`` where it does not share the folders."""
    if cluster.version != __version__:
        raise UsageError(f"this worker has version {__version__} of this package, and {cluster.version} is asked for")
    if not _is_marked(cluster.out, cluster.out_mark):
        raise UsageError(f"{cluster.out} is not the same folder here, or cannot be written; --out must be a shared one")
    if cluster.pace_mark and not _is_marked(arxiv_folder(), cluster.pace_mark):
        raise UsageError(
            f"{arxiv_folder()} is not the folder that keeps arXiv's pace for all machines; set XDG_CACHE_HOME to one "
            f"that all share"
        )
    plan = cluster.plan
    for path in (plan.config, plan.manifests):
        if path is not None and not path.exists():
            raise UsageError(f"{path} is not there")
    own = Path(CONFIG_FILE)
    return replace(
        plan,
        config=plan.config or (own if own.is_file() else None),
        cache=default_folder() if plan.cache else None,
    )


def _answer(task: Task, cluster: Cluster) -> Outcome:
    """One question on a worker; one that joined later is looked at here."""
    try:
        plan = _own_plan(cluster)
    except UsageError as error:
        return failed(task, error)
    return carry_out(task, plan)


def _outcomes(client: Any, cluster: Cluster, tasks: Sequence[Task]) -> Iterator[Outcome]:
    batch = secrets.token_hex(8)
    whole = [replace(task, folder=cluster.out / task.folder.name) for task in tasks]
    futures: dict[Any, Task] = {}
    ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
    try:
        for task, sent in zip(tasks, whole, strict=True):
            future = client.submit(_answer, sent, cluster, key=f"srch-{batch}-{task.number}", pure=False)
            futures[future] = task
            future.add_done_callback(ended.put)
        alone_s = 0.0
        while futures:
            try:
                future = ended.get(timeout=LOOK_S)
            except queue.Empty:
                alone_s = 0.0 if _is_at_work(client) else alone_s + LOOK_S
                if alone_s >= PATIENCE_S or client.status == "closed":
                    for task in futures.values():
                        yield failed(task, "the cluster has no worker left; the same call goes on with it")
                    return
                continue
            yield _ended(future, futures.pop(future))
    finally:
        if futures:
            with suppress(Exception):
                client.cancel(list(futures), force=True)


def _is_at_work(client: Any) -> bool:
    try:
        return bool(client.nthreads())
    except Exception:
        return False


def _ended(future: Any, task: Task) -> Outcome:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        outcome: Outcome = future.result(timeout=30)
    except KilledWorker:
        return failed(task, "each worker that took it up died; the same call goes on with it")
    except CancelledError:
        return failed(task, "the scheduler was lost; the same call goes on with it")
    except Exception as error:
        return failed(task, error)
    return replace(outcome, folder=task.folder)

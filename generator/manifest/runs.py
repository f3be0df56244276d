"""A run's folder: the run record, the owner's decision and the report, read through the strict doors.

``RUN_DIR/run.json`` is written once; ``request.json`` beside it is what an executed run was asked to do.
``RUN_DIR/decision.json`` holds what the owner decided about publication; it names the run by its canonical id, so that
a decision cannot drift to another run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from generator.manifest import contracts, verdicts
from generator.manifest.atomic import locked, remove_leftovers, write_file
from generator.manifest.canonical import sha256_text, stored_bytes
from generator.manifest.claims import bar_of, count
from generator.manifest.gate import holds, policy_outcome, verdict
from generator.manifest.identity import parse_public_id, run_id
from generator.manifest.problems import Problem, Problems, UsageError, pointer, shown
from generator.manifest.strict import load_json

RUN_FILE = "run.json"
REQUEST_FILE = "request.json"
DECISION_FILE = "decision.json"
REPORT_FILES = {"report.html": "text/html", "report.pdf": "application/pdf"}

State = Literal["approved", "waits", "to publish", "rejected"]


@dataclass(frozen=True)
class RunFolder:
    """A finished run on disk: ``run`` is a valid ``synthesis-run-v1`` record, ``id`` its canonical id."""

    path: Path
    run: dict[str, Any]
    id: str
    decision: dict[str, Any] | None = field(default=None)

    @property
    def published_id(self) -> str | None:
        """The short id under which an imported run was published before it came here."""
        draft = self.run["origin"]["draft"]
        return draft["published_id"] if draft else None

    @property
    def state(self) -> State:
        """What policy and owner say: ``approved`` by policy, ``to publish`` or ``rejected`` by the owner, ``waits``."""
        if self.decision is not None:
            return "to publish" if self.decision["decision"] == "publish" else "rejected"
        return "approved" if self.run["policy"]["outcome"] == "AUTO_APPROVE" else "waits"


def load(path: Path) -> RunFolder:
    """The run in the folder ``path`` (or in the folder of ``path`` if that is a ``run.json``).

    Raises ``UsageError`` when there is none, and ``Problems`` when the run or its decision is not valid.
    """
    folder = path.parent if path.name == RUN_FILE else path
    if not folder.is_dir():
        raise UsageError(f"{path}: no such run folder")
    file = folder / RUN_FILE
    if not file.is_file():
        unfinished = (folder / "stages").is_dir()
        hint = "an unfinished run; go on with 'srch run --resume'" if unfinished else f"no {RUN_FILE} in it"
        raise UsageError(f"{folder}: {hint}")
    run = load_json(file)
    problems = check_run(run, file=str(file))
    if problems:
        raise Problems(problems)
    identity = run_id(run)
    decision = None
    if (folder / DECISION_FILE).exists():
        decision = load_json(folder / DECISION_FILE)
        problems = check_decision(decision, identity, file=str(folder / DECISION_FILE))
        if problems:
            raise Problems(problems)
    return RunFolder(folder, run, identity, decision)


def find(folder: Path) -> list[Path]:
    """Folders with a finished run, in the order of their names; ``folder`` itself when it is one."""
    if (folder / RUN_FILE).is_file():
        return [folder]
    if not folder.is_dir():
        return []
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in visible if (path / RUN_FILE).is_file())


def locate(name: str, folder: Path) -> Path:
    """A run by its folder, or by its id (eight digits of it or more) among ``folder``'s runs."""
    path = Path(name)
    if path.exists():
        return path
    wanted = parse_public_id(name)
    if wanted is None:
        raise UsageError(f"{name}: neither a run folder nor an id such as SRCH:E50A8461")
    hits = []
    unreadable: list[Problem] = []
    for candidate in find(folder):
        try:
            loaded = load(candidate)
        except Problems as refused:
            unreadable.extend(refused.problems)
            continue
        draft = loaded.run["origin"]["draft"]
        if loaded.id.upper().startswith(wanted) or (draft and draft["published_id"] == wanted):
            hits.append(candidate)
    if not hits and unreadable:
        raise Problems(unreadable)
    if not hits:
        raise UsageError(f"{name}: no run with this id in {folder}")
    if len(hits) > 1:
        raise UsageError(f"{name}: {len(hits)} runs in {folder} have this id; name the folder")
    return hits[0]


def decide(
    folder: RunFolder, *, decision: Literal["publish", "reject"], by: str, reason: str, decided_at: str
) -> dict[str, Any]:
    """Record the owner's decision beside the run, once; a second, different one is refused."""
    record = {
        "run_id": folder.id,
        "decision": decision,
        "by": by,
        "reason": reason,
        "decided_at": decided_at,
        "recorded_from": "srch decide",
    }
    file = folder.path / DECISION_FILE
    problems = check_decision(record, folder.id, file="the decision")
    if problems:
        raise Problems(problems)
    with locked(folder.path):
        remove_leftovers(folder.path)
        if file.exists():
            known = load_json(file)
            same = all(known.get(key) == record[key] for key in ("decision", "by", "reason"))
            if same:
                return dict(known)
            raise UsageError(
                f"{folder.path}: already decided ({known.get('decision')}, by "
                f"{known.get('by') or 'an unnamed owner'}); a decision is recorded once"
            )
        write_file(file, stored_bytes(record))
    return record


def check_decision(decision: Any, identity: str, *, file: str) -> list[Problem]:
    """Problems of a decision record: its shape, and whether it is about this run."""
    problems = contracts.validate(decision, "synthesis-run", file=file, definition="decision")
    if not problems and decision["run_id"] != identity:
        problems.append(
            Problem(
                file,
                "/run_id",
                "REG053",
                shown(decision["run_id"]),
                f"the id of the run beside it, {identity}",
                "Decide again with 'srch decide'; the run is not the one that was decided about.",
            )
        )
    return problems


def check_run(run: Any, *, file: str) -> list[Problem]:
    """Problems of a run record: its contract, its locators and evidence against its sources' text, its verdicts and
    policy."""
    problems = contracts.validate(run, "synthesis-run", file=file)
    if problems:
        return problems
    problems.extend(_duplicate_ids(run, file))
    texts = {source["id"]: source["text"] for source in run["sources"]}
    for source_index, source in enumerate(run["sources"]):
        text = source["text"]
        if text and sha256_text(text["content"]) != text["sha256"]:
            problems.append(
                Problem(
                    file,
                    pointer("sources", source_index, "text", "sha256"),
                    "REG035",
                    shown(text["sha256"]),
                    sha256_text(text["content"]),
                    "The text was changed after it was hashed: take it from the source again.",
                )
            )
        problems.extend(_sections(text, pointer("sources", source_index, "text"), file))
    places = {pointer("claims", index): claim for index, claim in enumerate(run["claims"])}
    problems.extend(verdicts.rules_problems(run, places, "synthesis-run", run["schema"], "", file))
    bar = bar_of(run, run["origin"]["mode"])
    for index, (place, claim) in enumerate(places.items()):
        problems.extend(_claim_in_source(claim, index, texts, file))
        problems.extend(verdicts.claim_problems(claim, place, texts, file, labelled=bar is not None, texts=True))
    tribunal, policy = run["tribunal"], run["policy"]
    verified = count(run["claims"], bar=bar).verified
    held = holds(run) if run["origin"]["mode"] == "executed" else []
    if policy["outcome"] == "AUTO_APPROVE" and held:
        problems.append(
            Problem(
                file,
                "/policy/outcome",
                "REG099",
                "AUTO_APPROVE",
                f"ESCALATE_TO_OWNER, because of {' and '.join(held)} (x-holds)",
                "Escalate the run to its owner.",
            )
        )
    if policy["outcome"] == "AUTO_APPROVE" and (
        verdict(tribunal["score"], verified, last_round=True) != "APPROVE"
        or policy_outcome(tribunal["verdict"]) != "AUTO_APPROVE"
    ):
        rules = contracts.table("synthesis-run", "x-tribunal")
        problems.append(
            Problem(
                file,
                "/policy/outcome",
                "REG050",
                f"AUTO_APPROVE at score {shown(tribunal['score'])} with {verified} verified claims",
                f"a score of {rules['approve_min_score']} and {rules['approve_min_verified_claims']} verified claims",
                "Escalate the run to its owner.",
            )
        )
    return problems


def _sections(text: dict[str, Any] | None, place: str, file: str) -> Iterator[Problem]:
    """The parts of a source's text lie in it, one after the other, and so do the sentences that were set aside."""
    for name in ("sections", "set_aside"):
        at = 0
        for index, part in enumerate(text.get(name, ()) if text else ()):
            if not at <= part["start"] < part["end"] <= len(text["content"] if text else ""):
                yield Problem(
                    file,
                    f"{place}/{name}/{index}",
                    "REG100",
                    f"{part['start']} to {part['end']}",
                    f"a span from {at} on within the text's {len(text['content'] if text else '')} characters",
                    "Give the parts in the order of the text, with their offsets in code points.",
                )
            at = max(at, part["end"])


def _duplicate_ids(run: dict[str, Any], file: str) -> list[Problem]:
    problems = []
    for name in ("queries", "sources", "claims", "themes"):
        seen: set[str] = set()
        for index, item in enumerate(run[name]):
            if item["id"] in seen:
                problems.append(
                    Problem(
                        file,
                        pointer(name, index, "id"),
                        "REG021",
                        f"{item['id']} a second time",
                        "each id once",
                        f"Number the {name} in order.",
                    )
                )
            seen.add(item["id"])
    return problems


def _claim_in_source(
    claim: dict[str, Any], index: int, texts: dict[str, dict[str, Any] | None], file: str
) -> list[Problem]:
    """``text[start:end] == quote`` for every located claim of a run whose source text is at hand."""
    grounding = claim["grounding"]
    place = pointer("claims", index, "grounding")
    if grounding["source_id"] is not None and grounding["source_id"] not in texts:
        return [
            Problem(
                file,
                place + "/source_id",
                "REG037",
                shown(grounding["source_id"]),
                "the id of a listed source",
                "List the source, or correct the id.",
            )
        ]
    where = grounding["locator"]
    if grounding["state"] != "located" or where is None:
        return []
    text = texts.get(grounding["source_id"] or "")
    content = text["content"] if text else None
    if content is None or content[where["start"] : where["end"]] != where["quote"]:
        found = shown(content[where["start"] : where["end"]]) if content is not None else "no text of that source"
        return [
            Problem(
                file,
                place + "/locator",
                "REG036",
                found,
                f"the quote {shown(where['quote'])}",
                "Locate the quote in the source's text again.",
            )
        ]
    return []

"""The semantic rules of a manifest, each with a stable code. The schema says what a manifest looks like; these say
that it agrees with itself.

| code | rule |
| --- | --- |
| REG001 | a file is of a bounded size |
| REG002 | text is UTF-8 without a byte order mark |
| REG003 | a file parses |
| REG004 | no key stands twice in one object |
| REG005 | nesting is bounded |
| REG006 | numbers are finite and portable |
| REG007 | strings are whole Unicode characters |
| REG008 | a file under manifests/ has the bytes that the tools write |
| REG009 | a file says which contract it follows |
| REG010 | the contract's schema holds |
| REG020 | a record lies in the folder of its id |
| REG021 | ids are unique |
| REG022 | a published manifest is never rewritten |
| REG023 | a derived id begins the canonical id |
| REG024 | a manifest lands as the first version, without corrections |
| REG030 | counts equal the claim records |
| REG031 | the tier is what the rules give |
| REG032 | the verification level is what the rules give |
| REG033 | the dimensions are what the rules give |
| REG034 | public provenance is what the rules give |
| REG035 | a quote or text has the hash beside it |
| REG036 | a quote stands where its locator says |
| REG037 | a claim, theme or disagreement names something that is listed |
| REG038 | a verdict agrees with its confidence and threshold |
| REG039 | the limitations are what the rules give |
| REG040 | an address is well-formed |
| REG041 | a file beside a manifest has a plain name and the listed size and hash |
| REG042 | a report holds text, tables and links only |
| REG050 | the declared publication gate was kept |
| REG051 | an escalated record carries its owner's decision |
| REG052 | the disclosure says what the decision says |
| REG053 | a decision names the run beside it |
| REG060 | only events lie among the corrections |
| REG062 | an event's name, date and record agree with where it lies |
| REG063 | a change carries the value that stood there before |
| REG064 | a change names a place that is there |
| REG065 | a change concerns a fact, never what is derived |
| REG066 | a corrected record keeps every rule |
| REG067 | an event lifts or names what there is |
| REG070 | a record says by which rules its claims are counted |
| REG071 | the verifier that a record names is the one of its claims' verdicts |
| REG072 | the card of the verifier lies in the registry and has the hash beside it |
| REG073 | a verifier meets the bar only by the figures of its card |
| REG074 | a verdict's label, agreement and sources agree |
| REG075 | a card meets the bar only by its figures |
| REG076 | a card lies under its method and version |
| REG080 | a landed file is never edited |
| REG081 | a landed file is never removed or renamed |
| REG082 | a file that lands keeps its plain mode |
| REG083 | no link and no submodule lands |
| REG084 | only records, events and observations land |
| REG085 | names are plain and never collide |
| REG086 | an event is dated after its record and not in the future |
| REG087 | the history of a request can be judged |
| REG088 | a request merges without conflict |
| REG089 | a request leaves the log and the attributes alone |
| REG090 | the log's entries are well-formed and unique |
| REG091 | a logged file has the logged hash |
| REG092 | the checkpoint is that of the entries |
| REG093 | a checkpoint is signed by the log's key |
| REG094 | a proof leads to the checkpoint |
| REG095 | a later checkpoint continues an earlier one |
| REG096 | an observation lies under its date and a name |
| REG097 | an observation keeps its contract |
| REG098 | an observation names each paper once |
| REG099 | policy approves no run that a hold of ``x-holds`` puts before its owner |
| REG100 | the parts of a source's text, and the sentences set aside, lie in it in order |
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from generator.manifest import contracts, verdicts
from generator.manifest.canonical import sha256_text
from generator.manifest.claims import bar_of
from generator.manifest.derive import derived, get
from generator.manifest.gate import holds, policy_outcome, verdict
from generator.manifest.identity import public_id
from generator.manifest.problems import Problem, pointer, shown

_DERIVED_CODES = {
    "/claims/": "REG030",
    "/quality_assessment/verification": "REG032",
    "/quality_assessment/dimensions": "REG033",
    "/quality_assessment/tier": "REG031",
    "/provenance/": "REG034",
    "/limitations": "REG039",
}
ARXIV = re.compile(
    r"^https?://(?:www\.|export\.)?arxiv\.org/abs/(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v[1-9]\d*)?$"
)


def titles() -> dict[str, str]:
    """Code -> rule, as the table above has them."""
    rows = (line.split("|") for line in (__doc__ or "").splitlines() if line.startswith("| REG"))
    return {row[1].strip(): row[2].strip() for row in rows}


def check_manifest(manifest: Any, *, file: str, view: bool = False) -> list[Problem]:
    """All problems of one manifest: its schema first and, where that holds, every semantic rule.

    ``view``: it is what events made of a published one. Whether it might be published by policy was decided before
    them, and is not asked again.
    """
    if not contracts.is_valid(manifest, "paper-manifest"):
        return contracts.validate(manifest, "paper-manifest", file=file)
    rest = _later(manifest, file) if view else [*_first(manifest, file), *_gate(manifest, file)]
    return [*_facts(manifest, file=file), *_derived(manifest, file), *rest]


def check_view(manifest: dict[str, Any], *, file: str) -> list[Problem]:
    """All problems of a view that was just made: its schema holds, and its derived parts are new."""
    return [*_facts(manifest, file=file), *_later(manifest, file)]


def _later(manifest: dict[str, Any], file: str) -> list[Problem]:
    return [problem for problem in _gate(manifest, file) if problem.code not in ("REG050", "REG099")]


def _first(manifest: dict[str, Any], file: str) -> list[Problem]:
    """A manifest lands as the first version: later ones are made by events, and never stored."""
    at_first = {"/work/version": 1, "/correction_record/state": "CURRENT", "/correction_record/count": 0}
    mend = "Publish the run again with 'srch publish'; a later version is made by an event."
    return [
        Problem(file, place, "REG024", shown(get(manifest, place)), shown(value), mend)
        for place, value in at_first.items()
        if get(manifest, place) != value
    ]


def _facts(manifest: dict[str, Any], *, file: str) -> list[Problem]:
    """The semantic rules over what a manifest states: identity, claims and sources."""
    return [*_identity(manifest, file), *_claims(manifest, file), *_sources(manifest, file)]


def _identity(manifest: dict[str, Any], file: str) -> list[Problem]:
    work = manifest["work"]
    problems = []
    if work["public_id"] != public_id(work["short_id"]):
        problems.append(
            Problem(
                file,
                "/work/public_id",
                "REG023",
                shown(work["public_id"]),
                shown(public_id(work["short_id"])),
                "Write the public id as SRCH: and the short id.",
            )
        )
    if work["id_basis"] == "derived" and not work["id"].upper().startswith(work["short_id"]):
        problems.append(
            Problem(
                file,
                "/work/short_id",
                "REG023",
                shown(work["short_id"]),
                f"the first digits of {work['id'].upper()}",
                "Publish the run again with 'srch publish'.",
            )
        )
    return problems


def _claims(manifest: dict[str, Any], file: str) -> list[Problem]:
    problems: list[Problem] = []
    section = manifest["claims"]
    assessment, mode = manifest["quality_assessment"], manifest["provenance"]["kernel"]["mode"]
    places = {pointer("claims", "records", index): claim for index, claim in enumerate(section["records"])}
    problems.extend(
        verdicts.rules_problems(assessment, places, "paper-manifest", manifest["schema"], "/quality_assessment", file)
    )
    labelled = bar_of(assessment, mode) is not None
    known_sources = {source["id"]: None for source in manifest["provenance"]["sources"]}
    known_themes = {theme["id"] for theme in section["themes"]}
    ids: set[str] = set()
    for place, claim in places.items():
        if claim["id"] in ids:
            problems.append(
                Problem(
                    file,
                    place + "/id",
                    "REG021",
                    f"{claim['id']} a second time",
                    "each id once",
                    "Number the claims in order.",
                )
            )
        ids.add(claim["id"])
        problems.extend(_locator(claim, place + "/grounding", file))
        names: list[tuple[str, Any, Any, str]] = [
            (place + "/grounding/source_id", claim["grounding"]["source_id"], known_sources, "source")
        ]
        names.append((place + "/theme", claim["theme"], known_themes, "theme"))
        problems.extend(
            Problem(
                file, where, "REG037", shown(name), f"the id of a listed {kind}", f"List the {kind}, or correct the id."
            )
            for where, name, known, kind in names
            if name is not None and name not in known
        )
        problems.extend(verdicts.claim_problems(claim, place, known_sources, file, labelled=labelled, texts=False))
    for name in ("themes", "disagreements"):
        for index, item in enumerate(section[name]):
            problems.extend(
                Problem(
                    file,
                    pointer("claims", name, index, "claim_ids", position),
                    "REG037",
                    shown(claim_id),
                    "the id of a listed claim",
                    "List the claim, or correct the id.",
                )
                for position, claim_id in enumerate(item["claim_ids"])
                if claim_id not in ids
            )
    if section["mode"] == "aggregate" and section["records"]:
        problems.append(
            Problem(
                file,
                "/claims/mode",
                "REG030",
                "aggregate, with claim records",
                "per_claim where records are public",
                "Say per_claim, or leave the records out.",
            )
        )
    return problems


def _locator(claim: dict[str, Any], place: str, file: str) -> list[Problem]:
    grounding = claim["grounding"]
    where = grounding["locator"]
    if where is None:
        return []
    problems = []
    if sha256_text(where["quote"]) != where["sha256"]:
        problems.append(
            Problem(
                file,
                place + "/locator/sha256",
                "REG035",
                shown(where["sha256"]),
                sha256_text(where["quote"]),
                "The quote was changed after it was hashed: take it from the source again.",
            )
        )
    if where["end"] - where["start"] != len(where["quote"]):
        problems.append(
            Problem(
                file,
                place + "/locator/end",
                "REG036",
                f"{where['end'] - where['start']} characters",
                f"{len(where['quote'])} characters, the length of the quote",
                "Locate the quote in the source again.",
            )
        )
    if where["quote"] != claim["text"] and claim["produced_by"]["mode"] == "extractive":
        first = next(
            (at for at, (a, b) in enumerate(zip(where["quote"], claim["text"], strict=False)) if a != b),
            min(len(where["quote"]), len(claim["text"])),
        )
        # both are long and alike: what is shown begins a little before they part
        start = max(0, first - 20)
        problems.append(
            Problem(
                file,
                place + "/locator/quote",
                "REG036",
                f"{shown(where['quote'][start:])} from character {start} on",
                f"the claim's text, {shown(claim['text'][start:])}",
                "An extracted claim is its quote, word for word.",
            )
        )
    return problems


def _sources(manifest: dict[str, Any], file: str) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    cited = Counter(claim["grounding"]["source_id"] for claim in manifest["claims"]["records"])
    for index, source in enumerate(manifest["provenance"]["sources"]):
        place = pointer("provenance", "sources", index)
        if source["id"] in seen:
            problems.append(
                Problem(
                    file,
                    place + "/id",
                    "REG021",
                    f"{source['id']} a second time",
                    "each id once",
                    "Number the sources in order.",
                )
            )
        seen.add(source["id"])
        if manifest["claims"]["mode"] == "per_claim" and source["claims"] != cited[source["id"]]:
            problems.append(
                Problem(
                    file,
                    place + "/claims",
                    "REG030",
                    shown(source["claims"]),
                    f"{cited[source['id']]}, the number of claims that name it",
                    "Publish the run again; this part is computed, never typed in.",
                )
            )
        problems.extend(_address(source, place, file))
    return problems


def _address(source: dict[str, Any], place: str, file: str) -> list[Problem]:
    problems = []
    url = source["url"]
    if url is not None and re.match(r"^https?://(?:www\.|export\.)?arxiv\.org/", url) and not ARXIV.match(url):
        problems.append(
            Problem(
                file,
                place + "/url",
                "REG040",
                shown(url),
                "an arXiv address such as https://arxiv.org/abs/2505.20225v1",
                "Give the address of the paper's abstract page.",
            )
        )
    match = ARXIV.match(url or "")
    if match and source["paper_id"] is not None and source["paper_id"] != match[1]:
        problems.append(
            Problem(
                file,
                place + "/paper_id",
                "REG040",
                shown(source["paper_id"]),
                f"{shown(match[1])}, as in its address",
                "Make id and address name one paper.",
            )
        )
    return problems


def _derived(manifest: dict[str, Any], file: str) -> list[Problem]:
    problems = []
    for where, expected in derived(manifest).items():
        stated = get(manifest, where)
        if stated == expected:
            continue
        code = next(code for prefix, code in _DERIVED_CODES.items() if where.startswith(prefix))
        for place, found, wanted in _differences(stated, expected, where):
            problems.append(
                Problem(
                    file, place, code, found, wanted, "Publish the run again; this part is computed, never typed in."
                )
            )
    return problems


def _differences(stated: Any, expected: Any, place: str) -> list[tuple[str, str, str]]:
    """The smallest parts in which two values differ, as (pointer, found, expected)."""
    if isinstance(stated, dict) and isinstance(expected, dict) and stated.keys() == expected.keys():
        return [
            row
            for key in expected
            if stated[key] != expected[key]
            for row in _differences(stated[key], expected[key], place + pointer(key))
        ]
    if isinstance(stated, list) and isinstance(expected, list) and len(stated) == len(expected):
        return [
            row
            for index, (left, right) in enumerate(zip(stated, expected, strict=True))
            if left != right
            for row in _differences(left, right, place + pointer(index))
        ]
    return [(place, shown(stated), shown(expected))]


def _gate(manifest: dict[str, Any], file: str) -> list[Problem]:
    """Publication by policy needs the declared score and count; everything else the owner's word."""
    assessment = manifest["quality_assessment"]
    review, policy, decision = assessment["review"], assessment["policy"], assessment["owner_decision"]
    verified = manifest["claims"]["aggregate"]["verified"]
    problems = []
    # the run's check sees the sources' texts too; what a manifest tells is checked here again
    executed = manifest["provenance"]["kernel"]["mode"] == "executed"
    held = holds({"tribunal": review, "sources": []}) if executed else []
    if policy["outcome"] == "AUTO_APPROVE" and held:
        problems.append(
            Problem(
                file,
                "/quality_assessment/policy/outcome",
                "REG099",
                "AUTO_APPROVE",
                f"ESCALATE_TO_OWNER, because of {' and '.join(held)} (x-holds)",
                "Escalate the run and record its owner's decision with 'srch decide'.",
            )
        )
    if policy["outcome"] == "AUTO_APPROVE":
        rules = contracts.table("synthesis-run", "x-tribunal")
        approved = verdict(review["score"], verified, last_round=True) == "APPROVE"
        if not approved or policy_outcome(review["verdict"]) != "AUTO_APPROVE":
            problems.append(
                Problem(
                    file,
                    "/quality_assessment/policy/outcome",
                    "REG050",
                    f"AUTO_APPROVE at score {shown(review['score'])}, {verified} verified claims, "
                    f"verdict {shown(review['verdict'])}",
                    f"a score of {rules['approve_min_score']} or more, {rules['approve_min_verified_claims']} or more "
                    f"verified claims and the verdict APPROVE",
                    "Escalate the run and record its owner's decision with 'srch decide'.",
                )
            )
    elif decision is None:
        problems.append(
            Problem(
                file,
                "/quality_assessment/owner_decision",
                "REG051",
                f"no decision on a record whose policy outcome is {shown(policy['outcome'])}",
                "the owner's recorded decision to publish",
                "Record it with 'srch decide RUN --publish' and publish the run again.",
            )
        )
    disclosure = manifest["disclosure"]
    said = (disclosure["human_review"], disclosure["editorially_responsible"])
    true = ("owner decision", decision["by"]) if decision is not None else ("none", None)
    problems.extend(
        Problem(file, f"/disclosure/{name}", "REG052", shown(found), shown(expected), "Publish the run again.")
        for name, found, expected in zip(("human_review", "editorially_responsible"), said, true, strict=True)
        if found != expected
    )
    if decision is not None and decision["decision"] != "publish":
        problems.append(
            Problem(
                file,
                "/quality_assessment/owner_decision/decision",
                "REG051",
                shown(decision["decision"]),
                '"publish"',
                "A rejected run has no public record: remove the folder in the same pull request that added it.",
            )
        )
    return problems

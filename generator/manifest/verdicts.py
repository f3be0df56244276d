"""The rules about verdicts that manifests and runs share: each agrees with itself and with its evidence, and all are
of the verifier that the record names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.manifest import cards, contracts
from generator.manifest.canonical import sha256_text
from generator.manifest.claims import agreement
from generator.manifest.problems import Problem, pointer, shown

Record = Mapping[str, Any]
VERIFY = "Verify the claim again."
_LABELS = {"corroborated": ("SUPPORT",), "single-source": ("SUPPORT",), "refuted": ("REFUTE",), "none": ("NEI",)}


def rules_problems(holder: Record, claims: Record, contract: str, schema: str, place: str, file: str) -> list[Problem]:
    """What is wrong with the ``rules`` of a run, or of a manifest's ``quality_assessment``; ``place`` is the holder's.

    ``claims`` maps each claim's place to the claim, ``schema`` is the version of ``contract`` that the record names.
    """
    if "rules" not in holder:
        if schema == contracts.schema_ids(contract)[-1]:
            return []
        mend = "Make it again with 'srch run' or 'srch import'; only records of the first version go without."
        return [Problem(file, place, "REG070", "no rules", "the rules that the claims are counted by", mend)]
    verifier = holder["rules"]["verifier"]
    return [
        *_same_verifier(verifier, claims, file),
        *_card(verifier, place + pointer("rules", "verifier"), file),
    ]


def _same_verifier(verifier: Record, claims: Record, file: str) -> Iterator[Problem]:
    named = (verifier["method"], verifier["version"])
    for place, claim in claims.items():
        check = claim["verification"]
        used = (check["method"], check.get("version"))
        if check["verified"] is not None and used != named:
            yield Problem(
                file,
                place + "/verification/method",
                "REG071",
                _named(*used),
                f"{_named(*named)}, the verifier of the record",
                "Verify all claims of a record with one verifier.",
            )


def _named(method: str | None, version: str | None) -> str:
    return f"{method or 'no method'} {version or 'without a version'}"


def _card(verifier: Record, place: str, file: str) -> Iterator[Problem]:
    if verifier["card"] is None:
        return
    method, version = str(verifier["method"]), str(verifier["version"])
    expected = cards.path_of(method, version)
    mend = "Name the card that lies in the registry; a published card is never changed."
    if verifier["card"] != expected:
        yield Problem(file, place + "/card", "REG072", shown(verifier["card"]), shown(expected), mend)
        return
    found, digest = cards.card(method, version), cards.card_sha256(method, version)
    if found is None:
        absent = f"{expected}, which is not there"
        yield Problem(file, place + "/card", "REG072", absent, "a card of the registry", mend)
    elif verifier["card_sha256"] != digest:
        yield Problem(file, place + "/card_sha256", "REG072", shown(verifier["card_sha256"]), shown(digest), mend)
    elif verifier["meets_bar"] != cards.meets_bar(found):
        stated, true = shown(verifier["meets_bar"]), shown(cards.meets_bar(found))
        mend = "Publish the run again; this part is computed, never typed in."
        yield Problem(file, place + "/meets_bar", "REG073", stated, f"{true}, by the figures of its card", mend)


def claim_problems(
    claim: Record,
    place: str,
    sources: Mapping[str, Record | None],
    file: str,
    *,
    labelled: bool,
    texts: bool,
) -> list[Problem]:
    """What is wrong with one claim's verdict; ``place`` is the claim's.

    ``sources`` maps the ids of the listed sources to their ``text`` (read only where ``texts`` says that they are at
    hand); ``labelled`` says that a verdict must have a label, as all of executed runs under rules 1.1 have.
    """
    check = claim["verification"]
    place += "/verification"
    problems = list(_threshold(check, place, file))
    if "label" in check:
        problems.extend(_agreement(check, place, file))
        problems.extend(_evidence(check["evidence"], place, sources, file, texts=texts))
        problems.extend(_listed(check["refuting_source_ids"], f"{place}/refuting_source_ids", sources, file))
    elif labelled and check["verified"] is not None:
        found, expected = "a verdict without a label", "label, agreement, evidence and reasons"
        problems.append(Problem(file, place, "REG074", found, expected, VERIFY))
    problems.extend(_listed(check["supporting_source_ids"], f"{place}/supporting_source_ids", sources, file))
    return problems


def _threshold(check: Record, place: str, file: str) -> Iterator[Problem]:
    """For the threshold method a verdict is a comparison, so it can be made again."""
    verified, confidence, threshold = (check[key] for key in ("verified", "confidence", "threshold"))
    if check["method"] != "tfidf-bigram-v1" or None in (verified, confidence, threshold):
        return
    if verified != (confidence >= threshold):
        yield Problem(
            file,
            place + "/verified",
            "REG038",
            f"{shown(verified)} at confidence {confidence}",
            f"{shown(confidence >= threshold)} against the threshold {threshold}",
            VERIFY,
        )


def _agreement(check: Record, place: str, file: str) -> Iterator[Problem]:
    """Agreement, verified and label follow from the two lists of sources."""
    supporting, refuting = check["supporting_source_ids"], check["refuting_source_ids"]
    both = sorted(set(supporting) & set(refuting))
    if both:
        where, mend = place + "/refuting_source_ids", "Leave each source on one side."
        yield Problem(file, where, "REG074", f"{', '.join(both)} on both sides", "each source on one side", mend)
        return
    right = agreement(len(supporting), len(refuting))
    rows = {row["agreement"]: row["verified"] for row in contracts.table(cards.NAME, "x-agreements")}
    basis = f"by {len(supporting)} supporting and {len(refuting)} refuting sources"
    labels = _LABELS.get(right, ("SUPPORT", "REFUTE"))
    for key, allowed in (("agreement", (right,)), ("verified", (rows[right],)), ("label", labels)):
        if check[key] not in allowed:
            expected = " or ".join(shown(item) for item in allowed)
            yield Problem(file, f"{place}/{key}", "REG074", shown(check[key]), f"{expected}, {basis}", VERIFY)
    least = cards.min_agreement("min_p_support")
    if supporting and check["p_support"] < least:
        found, expected = f"{check['p_support']} with a supporting source", f"{least} or more"
        yield Problem(file, place + "/p_support", "REG074", found, expected, VERIFY)


def _evidence(
    evidence: list[Record], place: str, sources: Mapping[str, Record | None], file: str, *, texts: bool
) -> Iterator[Problem]:
    again = "Take the passage from the source again."
    for index, item in enumerate(evidence):
        where = f"{place}/evidence/{index}"
        quote, start, end = item["quote"], item["start"], item["end"]
        if sha256_text(quote) != item["sha256"]:
            yield Problem(file, where + "/sha256", "REG035", shown(item["sha256"]), sha256_text(quote), again)
        if end - start != len(quote):
            found, expected = f"{end - start} characters", f"{len(quote)} characters, the length of the quote"
            yield Problem(file, where + "/end", "REG036", found, expected, again)
        if item["source_id"] not in sources:
            yield from _listed([item["source_id"]], where + "/source_id", sources, file)
        elif texts:
            text = sources[item["source_id"]]
            content = text["content"] if text else None
            if content is None or content[start:end] != quote:
                found = "no text of that source" if content is None else shown(content[start:end])
                yield Problem(file, where, "REG036", found, f"the quote {shown(quote)}", again)


def _listed(names: list[str], place: str, sources: Mapping[str, Record | None], file: str) -> Iterator[Problem]:
    for position, name in enumerate(names):
        if name not in sources:
            where = place if place.endswith("/source_id") else f"{place}/{position}"
            expected, mend = "the id of a listed source", "List the source, or correct the id."
            yield Problem(file, where, "REG037", shown(name), expected, mend)

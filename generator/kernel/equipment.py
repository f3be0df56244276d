"""From what an operator asked for to the tools of a run: services, models, cache, budget and earlier records.

A ``Plan`` says what to use and holds no key, so it can be sent to another process; keys are read from the environment
or from ``srch.toml`` where the tools are made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator.kernel.budget import BUDGETS, Budget
from generator.kernel.earlier import related_to
from generator.kernel.ledger import Ledger
from generator.kernel.models.chat import Chat
from generator.kernel.models.embeddings import Embeddings
from generator.kernel.models.errors import ModelError
from generator.kernel.models.preflight import look_at_chat, look_at_embeddings
from generator.kernel.models.settings import ModelSettings, read_settings
from generator.kernel.request import Request
from generator.kernel.sources import cache as caching
from generator.kernel.sources import search
from generator.kernel.sources.sample import ORIGIN
from generator.kernel.tools import Tools
from generator.manifest.atomic import locked, write_file
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import Problems, UsageError, shown
from generator.manifest.runs import REQUEST_FILE
from generator.manifest.strict import load_json

LIVE = search.NAMES
OPTIONS_FILE = "options.json"
_BUDGET = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class Plan:
    """What runs may use. ``sources`` are names; without ``chat`` or ``embeddings`` no model takes part there.

    ``config`` is the settings' file, ``manifests`` the registry to compare with through its ``index``, ``cache`` the
    folder of the day's answers. ``most_calls`` and ``most_tokens`` are the budget of all runs below ``budget_folder``
    together.
    """

    sources: tuple[str, ...] = (ORIGIN,)
    full_text: bool = False
    chat: bool = False
    embeddings: bool = False
    config: Path | None = None
    manifests: Path | None = None
    index: Path = Path("build/index")
    cache: Path | None = None
    most_calls: int | None = None
    most_tokens: int | None = None
    budget_folder: Path | None = None

    @property
    def live(self) -> bool:
        return self.sources != (ORIGIN,)

    @property
    def uses_models(self) -> bool:
        return self.chat or self.embeddings


def checked_sources(names: tuple[str, ...]) -> tuple[str, ...]:
    """The sources by their names, each once; ``live`` means all services. Raises ``UsageError``."""
    given = [name for each in names for name in (LIVE if each == "live" else (each,))]
    for name in given:
        if name not in (*LIVE, ORIGIN):
            raise UsageError(f"no source {name!r}; there are: {', '.join((*LIVE, 'live', ORIGIN))}")
    if ORIGIN in given and len(set(given)) > 1:
        raise UsageError(f"{ORIGIN} holds invented papers and is not searched together with live services")
    return tuple(dict.fromkeys(given)) or (ORIGIN,)


def model_settings(plan: Plan, environment: Mapping[str, str] = os.environ) -> ModelSettings:
    """The models that the plan uses; raises ``UsageError`` or ``Problems`` where one is not set, or wrongly."""
    settings = read_settings(environment, plan.config)
    if plan.chat:
        settings.needed_chat()
    if plan.embeddings:
        settings.needed_embedding()
    return settings


def request_for(request: Request, plan: Plan, environment: Mapping[str, str] = os.environ) -> Request:
    """The request with what the plan says of sources and models."""
    settings = model_settings(plan, environment) if plan.uses_models else None
    return replace(
        request,
        sources=plan.sources,
        full_text=plan.full_text,
        chat_model=settings.needed_chat().name if settings and plan.chat else None,
        embedding_model=settings.needed_embedding().name if settings and plan.embeddings else None,
    )


def check_models(request: Request, plan: Plan, environment: Mapping[str, str] = os.environ) -> None:
    """Raises ``UsageError`` where the settings name other models than the run was begun with."""
    now = request_for(request, plan, environment)
    for begun, named in ((request.chat_model, now.chat_model), (request.embedding_model, now.embedding_model)):
        if begun != named:
            raise UsageError(f"the run was begun with the model {shown(begun)}, and {shown(named)} is set now")


def begun(folder: Path) -> bool:
    """Whether a run was begun in the folder. One that goes on needs no look at the models first: all that it asks them
    may have been answered."""
    return (folder / REQUEST_FILE).is_file()


def remember(plan: Plan, folder: Path) -> None:
    """Keep beside the run's request what its result may depend on and its request does not hold, for ``remembered``:
    ``{max_calls, max_tokens, no_cache, budget}``, where ``budget`` names the budget's folder. Without a limit and with
    the cache nothing is kept."""
    file = folder / OPTIONS_FILE
    options = {
        "max_calls": plan.most_calls,
        "max_tokens": plan.most_tokens,
        "no_cache": plan.cache is None,
        "budget": plan.budget_folder.name if plan.budget_folder else None,
    }
    if any(value not in (None, False) for value in options.values()):
        with locked(folder, busy="is being written by another run"):
            write_file(file, stored_bytes(options))
    elif file.is_file():
        with locked(folder, busy="is being written by another run"):
            file.unlink(missing_ok=True)


def remembered(plan: Plan, folder: Path) -> Plan:
    """The plan with the limits, the budget and the cache that the run in ``folder`` had; a limit of the plan's own
    counts in place of that one. Raises ``UsageError`` where they cannot be read."""
    file = folder / OPTIONS_FILE
    if not file.is_file():
        return plan
    options = _options(file)
    return replace(
        plan,
        most_calls=options["max_calls"] if plan.most_calls is None else plan.most_calls,
        most_tokens=options["max_tokens"] if plan.most_tokens is None else plan.most_tokens,
        cache=None if options["no_cache"] else plan.cache,
        budget_folder=folder.parent / BUDGETS / options["budget"] if options["budget"] else None,
    )


def _options(file: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = load_json(file)
        limits, name = (stored["max_calls"], stored["max_tokens"]), stored["budget"]
        sound = (
            set(stored) == {"max_calls", "max_tokens", "no_cache", "budget"}
            and all(limit is None or (type(limit) is int and limit >= 0) for limit in limits)
            and type(stored["no_cache"]) is bool
            and (name is None or _BUDGET.fullmatch(name) is not None)
        )
    except (Problems, KeyError, TypeError):
        sound = False
    if not sound:
        raise UsageError(f"{file}: not the options of a run; remove it to go on without a limit")
    return stored


@contextmanager
def equipped(
    plan: Plan,
    *,
    tell: Callable[[str], None] = lambda text: None,
    environment: Mapping[str, str] = os.environ,
    preflight: bool = True,
) -> Iterator[Tools]:
    """The tools of the plan for the block.

    With ``preflight`` the models are looked at first: raises ``UsageError`` where a service is not there, does not let
    us in or does not know the model, before anything is begun.
    """
    with ExitStack() as closing:
        tools = Tools(
            budget=Budget(plan.most_calls, plan.most_tokens, plan.budget_folder),
            cache=caching.Cache(plan.cache) if plan.cache else None,
            related=related_to(plan.manifests, plan.index) if plan.manifests else None,
            tell=tell,
        )
        if plan.live:
            settings = search.Settings.from_environment(environment)
            way = search.fetcher(settings)
            closing.callback(way.close)
            tools = replace(
                tools, sources=search.sources(plan.sources, settings, way), read=way.get if plan.full_text else None
            )
        if plan.uses_models:
            models = model_settings(plan, environment)
            try:
                tools = _with_models(tools, plan, models, closing, preflight=preflight)
            except ModelError as error:
                raise UsageError(error.told) from None
        yield tools


def _with_models(
    tools: Tools, plan: Plan, settings: ModelSettings, closing: ExitStack, *, preflight: bool
) -> Tools:
    if plan.chat:
        chat = Chat(settings.needed_chat(), settings.limits)
        closing.callback(chat.close)
        if preflight:
            seen = look_at_chat(chat)
            tools.tell(seen.text)
        tools = replace(tools, asker=chat.asker)
    if plan.embeddings:
        embeddings = Embeddings(settings.needed_embedding(), settings.limits)
        closing.callback(embeddings.close)
        if preflight:
            asked = Ledger(cache=tools.cache, budget=tools.budget).stage("preflight")
            tools.tell(look_at_embeddings(embeddings, asked).text)
        tools = replace(tools, embedder=embeddings.embedder)
    return tools

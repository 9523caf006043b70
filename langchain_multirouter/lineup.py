"""Lineup: from what the user gave as `models` to deployments that can be called."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from .attempt import Attempts, Served
from .catalogue import unset_variables
from .connections import Connections
from .deployment import Deployment
from .errors import ConfigurationError
from .naming import named
from .providers import provider_named, provider_of
from .providers.provider import Parameters
from .sources import Attempts as AnyAttempts

#: One attempt's limit where nobody set one: long answers of reasoning models take their time.
DEFAULT_TIMEOUT_SECONDS = 120.0

#: What a health check sends, and how much of an answer it pays for.
PING = HumanMessage("ping")
PING_TOKENS = 1


class Kind(NamedTuple):
    """What a router is over: chat models, or embeddings; all else is the same for both."""

    of: type  # LangChain's class
    words: str
    named: Callable[[str], Any]  # a provider's name → its row
    owner: Callable[[Any], Any]  # an object → the row that owns it
    ping: Callable[[Sequence[Served]], AnyAttempts]  # what a health check sends
    notes: tuple[str, ...] = ()  # what has to be known of its statistics


CHAT = Kind(
    BaseChatModel,
    "a LangChain chat model",
    provider_named,
    provider_of,
    lambda served: Attempts(served, [PING], Parameters(max_tokens=PING_TOKENS), False),
)


def assemble(models: Sequence[Any], timeout: float | None, kind: Kind = CHAT) -> tuple[Served, ...]:
    """Build, adopt and name every deployment.

    Raises:
        ConfigurationError: no models, a duplicate name; or what is wrong with entries, of all at
            once: what is none, a missing extra, missing credentials.
    """
    if isinstance(models, str | Mapping) or not isinstance(models, Sequence) or not models:
        raise ConfigurationError("models: must be a list with at least one model")
    served: list[Served] = []
    wrong: dict[str, list[str]] = {}  # why → where
    for number, entry in enumerate(models):
        place = f"models[{number}]"
        try:
            served.append(_serve(entry, place, timeout, kind))
        except ConfigurationError as error:
            why = f"{error}{_asked_next(entry, str(error), kind)}"
            wrong.setdefault(why, []).append(place)
    if wrong:
        told = [
            why if why.startswith(places[0]) else f"{', '.join(places)}: {why}"
            for why, places in wrong.items()
        ]
        raise ConfigurationError("\n".join(told))
    return named(served)


def _asked_next(entry: Any, why: str, kind: Kind) -> str:
    """What else is missing that the class would not have said yet."""
    model, given = entry, {}
    if isinstance(entry, Deployment):
        model, given = entry.provider or entry.model, dict(entry.params)
    if not isinstance(model, str):
        return ""
    try:
        provider = kind.named(model.partition(":")[0]).name
    except ConfigurationError:  # it is what is wrong
        return ""
    more = [name for name in unset_variables(provider, given, os.environ) if name not in why]
    return f" (not set either: {', '.join(more)})" if more else ""


def _serve(entry: Any, place: str, timeout: float | None, kind: Kind) -> Served:
    if isinstance(entry, str | kind.of):
        entry = Deployment(model=entry)
    if not isinstance(entry, Deployment):
        raise ConfigurationError(
            f'{place}: must be a "provider:model" string, {kind.words} or a Deployment, '
            f"not {type(entry).__name__}"
        )
    seconds = entry.timeout_seconds or timeout or DEFAULT_TIMEOUT_SECONDS
    if isinstance(entry.model, str):
        prefix, _, name = entry.model.partition(":")
        classes = kind.named(entry.provider or prefix)
        model = classes.build(name, timeout_seconds=seconds, settings=entry.params)
    elif isinstance(entry.model, kind.of):
        classes = kind.owner(entry.model)
        model = classes.adopt(
            entry.model,
            timeout_seconds=seconds,
            keep_retries=entry.keep_retries,
            settings=entry.params,
        )
    else:
        raise ConfigurationError(
            f"{place}.model: must be a string or {kind.words}, not {type(entry.model).__name__}"
        )
    known = {
        "provider": entry.provider or classes.name,
        "model_name": entry.model_name or classes.model_name(model),
    }
    if entry.timeout_seconds is None:
        seconds = classes.timeout_seconds(model) or seconds
    return Served(entry.model_copy(update=known), model, classes, seconds, Connections(model))

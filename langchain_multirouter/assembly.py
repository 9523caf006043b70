"""Assembly: from what the user gave as `models` to deployments that can be called."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel

from .attempt import Served
from .candidate import Candidate
from .deployment import LONGEST_NAME, Deployment
from .errors import ConfigurationError
from .fleet import Fleet
from .options import Options
from .providers import provider_named, provider_of
from .providers.provider import Parameters, ProviderClasses
from .resilience.policy import Policy

#: One attempt's limit where nobody set one: long answers of reasoning models take their time.
DEFAULT_TIMEOUT_SECONDS = 120.0


class Assembled:
    """A router's deployments and what it has learned of them; shared by all of its copies."""

    def __init__(
        self, models: Sequence[Any], *, timeout: float | None, policy: Policy, seed: int | None
    ) -> None:
        self.models = tuple(models)
        self.served = assemble(models, timeout)
        self.timeouts = tuple(served.timeout_seconds for served in self.served)
        candidates = (
            Candidate(i, served.deployment, window_tokens(served.model))
            for i, served in enumerate(self.served)
        )
        self.fleet = Fleet(candidates, policy, seed)
        self.digest = _digest(self.served)

    def __deepcopy__(self, memo: dict[int, Any]) -> Assembled:
        """Copies of a router share what it has learned."""
        return self

    def __repr__(self) -> str:
        return f"Assembled({len(self.served)} deployments)"


class Compiled(NamedTuple):
    """A router's settings, read once, so that a call need not."""

    options: Options
    parameters: Parameters
    permitted: frozenset[str]
    identity: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        options: Options,
        parameters: Parameters,
        permitted: frozenset[str],
        assembled: Assembled,
    ) -> Compiled:
        """With what tells this router's answers from another's, in traces and in a shared cache."""
        names = {served.deployment.model_name for served in assembled.served}
        identity = {
            "model_name": names.pop() if len(names) == 1 else "multirouter",
            "deployments": assembled.digest,
            "options": repr(options),
            "parameters": repr(parameters),
        }
        return cls(options, parameters, permitted, identity)


def assemble(models: Sequence[Any], timeout: float | None) -> tuple[Served, ...]:
    """Build, adopt and name every deployment.

    Raises:
        ConfigurationError: no models, an entry that is none, a duplicate name, a missing extra.
    """
    if isinstance(models, str | Mapping) or not isinstance(models, Sequence) or not models:
        raise ConfigurationError("models: must be a list with at least one model")
    served = [_serve(entry, f"models[{i}]", timeout) for i, entry in enumerate(models)]
    return _named(served)


def _serve(entry: Any, place: str, timeout: float | None) -> Served:
    if isinstance(entry, str | BaseChatModel):
        entry = Deployment(model=entry)
    if not isinstance(entry, Deployment):
        raise ConfigurationError(
            f'{place}: must be a "provider:model" string, a LangChain chat model or a Deployment, '
            f"not {type(entry).__name__}"
        )
    seconds = entry.timeout_seconds or timeout or DEFAULT_TIMEOUT_SECONDS
    if isinstance(entry.model, str):
        prefix, _, name = entry.model.partition(":")
        classes: ProviderClasses = provider_named(entry.provider or prefix)
        model = classes.build(name, timeout_seconds=seconds, settings=entry.params)
    elif isinstance(entry.model, BaseChatModel):
        classes = provider_of(entry.model)
        model = classes.adopt(
            entry.model,
            timeout_seconds=seconds,
            keep_retries=entry.keep_retries,
            settings=entry.params,
        )
    else:
        raise ConfigurationError(
            f"{place}.model: must be a string or a LangChain chat model, "
            f"not {type(entry.model).__name__}"
        )
    known = {
        "provider": entry.provider or classes.name,
        "model_name": entry.model_name or classes.model_name(model),
    }
    if entry.timeout_seconds is None:
        read = getattr(classes, "timeout_seconds", None)
        seconds = (read(model) if read else None) or seconds
    return Served(entry.model_copy(update=known), model, classes, seconds)


def _named(served: Sequence[Served]) -> tuple[Served, ...]:
    """Give a name to whoever has none, and refuse names that are given twice."""
    given = Counter(s.deployment.name for s in served if s.deployment.name)
    twice = sorted(name for name, count in given.items() if count > 1)
    if twice:
        raise ConfigurationError(f"models: the deployment name {twice[0]!r} is given twice")
    taken = set(given)
    named = []
    for one in served:
        deployment = one.deployment
        if not deployment.name:
            name = _free_name(f"{deployment.provider}:{deployment.model_name}", taken)
            deployment = deployment.model_copy(update={"name": name})
        taken.add(deployment.name)
        named.append(one._replace(deployment=deployment))
    return tuple(named)


def _free_name(wanted: str, taken: set[str]) -> str:
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in wanted)
    name, number = printable[:LONGEST_NAME], 1
    while name in taken:
        number += 1
        ending = f"#{number}"
        name = printable[: LONGEST_NAME - len(ending)] + ending
    return name


def window_tokens(model: BaseChatModel) -> int | None:
    """The most input tokens the model takes, where LangChain's profile knows it."""
    profile = model.profile or {}
    tokens = profile.get("max_input_tokens")
    return tokens if isinstance(tokens, int) and tokens > 0 else None


def _digest(served: Sequence[Served]) -> str:
    """What tells two routers' deployments apart, without telling what they are."""
    text = repr([(s.deployment.name, s.deployment.provider, s.deployment.model_name,
                  s.deployment.tags, s.deployment.fallback_level) for s in served])  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""Assembly: from what the user gave as `models` to deployments that can be called."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_core.language_models import BaseChatModel

from .agenda import most_attempts
from .attempt import Served
from .candidate import Candidate, Facts
from .deployment import LONGEST_NAME, Deployment
from .economics.capabilities import DEFAULT_STRENGTHS, capabilities_of, check_profile
from .economics.price import Price
from .economics.resolve import resolve_price
from .errors import ConfigurationError
from .fleet import Fleet
from .options import Options
from .providers import provider_named, provider_of
from .providers.provider import ProviderClasses
from .resilience.bounds import Bound, Site, worst_case
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
        at = datetime.now(UTC)
        candidates = (
            Candidate(number, served.deployment, facts_of(served, at))
            for number, served in enumerate(self.served)
        )
        self.fleet = Fleet(candidates, policy, seed)
        self._unpriced = {
            number
            for number, candidate in enumerate(self.fleet.snapshot())
            if candidate.facts.price is None
        }
        self._learned: dict[int, str] = {}  # deployment's number → the model its answers named
        self.checked: dict[str, datetime] = {}  # deployment → when its health was last checked
        self._check_began: float | None = None
        self._lock = threading.Lock()
        self.prices_until = self._prices_until()
        self.digest = _digest(self.served)

    def _prices_until(self) -> float:
        """The wall time, in seconds, of the next dated change of a price."""
        prices = [candidate.facts.price for candidate in self.fleet.snapshot()]
        dates = [p.valid_until for p in prices if p is not None and p.valid_until is not None]
        return min((date.timestamp() for date in dates), default=math.inf)

    def renew_prices(self) -> None:
        """Look the prices up again: a dated change has come."""
        at = datetime.now(UTC)
        for number in range(len(self.served)):
            self.fleet.reprice(number, self._price(number, at))
        self.prices_until = self._prices_until()

    def bound(
        self,
        options: Options,
        timeout_seconds: float | None = None,
        numbers: Sequence[int] | None = None,
    ) -> Bound:
        """What a call with these options may cost at worst, whoever of `numbers` (of all where
        there are none) it goes to."""
        sites = [
            Site(served.timeout_seconds, served.classes.hidden_attempts(served.model))
            for number, served in enumerate(self.served)
            if numbers is None or number in numbers
        ]
        asked = len(sites) if options.fallback_enabled else min(1, len(sites))
        return worst_case(
            self.fleet.policy,
            sites,
            most_attempts=most_attempts(options.max_attempts, asked),
            max_retries=options.max_retries,
            fallbacks=max(0, asked - 1),
            timeout_seconds=timeout_seconds,
            deadline_seconds=options.deadline_seconds,
        )

    @property
    def learner(self) -> Callable[[int, Mapping[str, Any]], None] | None:
        """Learns prices from answers, as long as one is unknown that an answer could tell."""
        return self._learn if self._unpriced else None

    def _learn(self, number: int, metadata: Mapping[str, Any]) -> None:
        """An Azure deployment's own name says nothing; its answers name the model."""
        name = metadata.get("model_name")
        if number not in self._unpriced or not isinstance(name, str) or not name:
            return
        self._unpriced.discard(number)
        self._learned[number] = name
        self.fleet.reprice(number, self._price(number, datetime.now(UTC)))
        self.prices_until = self._prices_until()

    def _price(self, number: int, at: datetime) -> Price | None:
        served, name = self.served[number], self._learned.get(number)
        if name is not None:
            told = served.deployment.model_copy(update={"model_name": name})
            served = served._replace(deployment=told)
        return price_of(served, at)

    def take_turn_to_check(self, now: float, interval_seconds: float) -> bool:
        """Whether a health check is due; true to one caller alone."""
        with self._lock:
            due = self._check_began is None or now - self._check_began >= interval_seconds
            if due:
                self._check_began = now
            return due

    def checks_begin(self, now: float) -> None:
        """All deployments' health is being checked: the next is due an interval from now."""
        with self._lock:
            self._check_began = now

    def __deepcopy__(self, memo: dict[int, Any]) -> Assembled:
        """Copies of a router share what it has learned."""
        return self

    def __repr__(self) -> str:
        return f"Assembled({len(self.served)} deployments)"


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
        seconds = classes.timeout_seconds(model) or seconds
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


def facts_of(served: Served, at: datetime) -> Facts:
    """Price and capabilities: what the user says, above what maintained data know.

    Raises:
        ConfigurationError: a price that is none.
    """
    deployment = served.deployment
    price = price_of(served, at)
    if price is None and deployment.price_as is not None:
        raise ConfigurationError(
            f"{deployment.name}: price_as: no price of {deployment.price_as[:80]!r} is known"
        )
    strengths = deployment.strengths
    if strengths is None:
        strengths = DEFAULT_STRENGTHS.get(deployment.provider, ())
    check_profile(deployment.profile)
    profile = {**(served.model.profile or {}), **deployment.profile}
    return Facts(price, capabilities_of(profile, strengths=strengths))


def price_of(served: Served, at: datetime) -> Price | None:
    """The deployment's price at a time, None where it is not known."""
    deployment = served.deployment
    return resolve_price(
        deployment.model_name,
        deployment.provider,
        at=at,
        price=deployment.price,
        price_as=deployment.price_as,
        price_multiplier=deployment.price_multiplier,
    )


def _digest(served: Sequence[Served]) -> str:
    """What tells two routers' deployments apart, without telling what they are."""
    text = repr([(s.deployment.name, s.deployment.provider, s.deployment.model_name,
                  s.deployment.tags, s.deployment.fallback_level) for s in served])  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()[:16]

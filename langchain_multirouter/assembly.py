"""Assembly: a router's deployments and what it has learned of them, shared by all its copies."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .agenda import most_attempts
from .attempt import Served
from .caching.shelf import Shelves
from .candidate import Candidate, Facts
from .economics.budgets import Budget, read_budgets
from .economics.capabilities import DEFAULT_STRENGTHS, capabilities_of, check_profile
from .economics.price import Price
from .economics.promise import one_profile, promised
from .economics.resolve import resolve_price
from .errors import ConfigurationError
from .fitness import Fitness
from .fleet import Fleet
from .forks import tell_when_forked
from .identity import deployments_fingerprint
from .lineup import CHAT, Kind, assemble
from .options import Options
from .request import Request
from .resilience.bounds import Bound, Site, worst_case
from .resilience.policy import Policy
from .routing.filters import of_preferred_provider, tagged
from .telemetry.audience import audience_of
from .telemetry.stats import LARGEST_INPUT_RATIO

#: So many sets of deployments are remembered with their profiles.
REMEMBERED = 64


class Assembled:
    """A router's deployments and what it has learned of them; shared by all of its copies."""

    def __init__(
        self,
        models: Sequence[Any],
        served: Sequence[Served],
        *,
        kind: Kind = CHAT,
        timeout: float | None,
        policy: Policy,
        seed: int | None,
        sinks: Sequence[Any] = (),
        budgets: Sequence[Budget] = (),
    ) -> None:
        self.models = tuple(models)
        self.budgets = tuple(budgets)
        self.timeout, self.policy, self.seed = timeout, policy, seed
        self.served = tuple(served)
        self.kind = kind
        operation = "chat" if kind is CHAT else "embeddings"
        self.audience = audience_of(operation, [one.deployment for one in self.served], sinks)
        self.timeouts = tuple(served.timeout_seconds for served in self.served)
        at = datetime.now(UTC)
        candidates = (
            Candidate(number, served.deployment, facts_of(served, at))
            for number, served in enumerate(self.served)
        )
        self.fleet = Fleet(candidates, policy, seed, self.budgets)
        self._unpriced = {
            number
            for number, candidate in enumerate(self.fleet.snapshot())
            if candidate.facts.price is None
        }
        self._learned: dict[int, str] = {}  # deployment's number → the model its answers named
        self.checked: dict[str, datetime] = {}  # deployment → when its health was last checked
        self._check_began: float | None = None
        self._profiles: dict[tuple[int, ...], dict[str, Any] | None] = {}
        self.forked()
        tell_when_forked(self)
        self.prices_until = self._prices_until()
        self.fingerprint = deployments_fingerprint(self.served)
        self.digest = self.fingerprint[:16]
        self.shelves = Shelves(self.audience, self.fleet.history)  # what came of caches
        self.fitness = Fitness(self.served)
        able = [candidate.facts.capabilities for candidate in self.fleet.snapshot()]
        windows = [a.max_input_tokens for a in able if a.max_input_tokens is not None]
        longest = [a.max_output_tokens for a in able if a.max_output_tokens is not None]
        #: Requests of no more estimated input, and of no more output asked for, fit everywhere.
        self.roomy_input_tokens = min(windows, default=math.inf) / LARGEST_INPUT_RATIO
        self.roomy_output_tokens = min(longest, default=math.inf)

    def profile(self, options: Options) -> dict[str, Any] | None:
        """What every deployment can do that these options let a call go to; None if unknown."""
        request = Request(options)
        standing = tuple(
            candidate.number
            for candidate in self.fleet.snapshot()
            if not tagged(candidate, request) and not of_preferred_provider(candidate, request)
        )
        if standing not in self._profiles:
            found = promised([_profile_of(self.served[number]) for number in standing])
            if len(self._profiles) >= REMEMBERED:
                self._profiles.clear()
            self._profiles[standing] = found or None
        known = self._profiles[standing]
        return known and dict(known)

    def _prices_until(self) -> float:
        """The wall time, in seconds, of the next dated change of a price."""
        prices = [candidate.facts.price for candidate in self.fleet.snapshot()]
        dates = [p.valid_until for p in prices if p is not None and p.valid_until is not None]
        return min((date.timestamp() for date in dates), default=math.inf)

    def renew_prices(self) -> None:
        """Look the prices up again: a dated change has come."""
        at = datetime.now(UTC)
        for number in range(len(self.served)):
            self.fleet.reprice(number, self.price_at(number, at))
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
        bound = worst_case(
            self.fleet.policy,
            sites,
            most_attempts=most_attempts(options.max_attempts, asked),
            max_retries=options.max_retries,
            fallbacks=max(0, asked - 1),
            timeout_seconds=timeout_seconds,
            deadline_seconds=options.deadline_seconds,
        )
        return bound._replace(wrappings=tuple(self.fleet.repeats.wrappings.values()))

    @property
    def learner(self) -> Callable[[int, Mapping[str, Any]], None] | None:
        """Learns prices from answers, as long as one is unknown that an answer could tell."""
        return self._learn if self._unpriced else None

    def _learn(self, number: int, metadata: Mapping[str, Any]) -> None:
        """An Azure deployment's own name says nothing; its answers name the model."""
        name = metadata.get("model_name")
        if number not in self._unpriced or not isinstance(name, str) or not name:
            return
        self._learned[number] = name
        self.fleet.reprice(number, self.price_at(number, datetime.now(UTC)))
        self._unpriced.discard(number)  # only now: an answer that comes meanwhile learns it too
        self.prices_until = self._prices_until()

    def price_at(self, number: int, at: datetime) -> Price | None:
        """A deployment's price at a time, by all that is known of its model."""
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

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    def __deepcopy__(self, memo: dict[int, Any]) -> Assembled:
        """Copies of a router share what it has learned."""
        return self

    def __repr__(self) -> str:
        return f"Assembled({len(self.served)} deployments)"


def assembled_for(router: Any) -> Assembled:
    """A router's deployments and their state: those it has already, where the models are the same.

    Raises:
        ConfigurationError: as `assemble`; or a copy's setting that is of the shared state.
    """
    known, budgets = router.assembled, read_budgets(router.budgets)
    if not isinstance(known, Assembled) or known.models != tuple(router.models):
        served = assemble(router.models, router.timeout)
        policy, seed = router.policy, router.random_seed
        shared = {"policy": policy, "seed": seed, "sinks": router.sinks, "budgets": budgets}
        return Assembled(router.models, served, timeout=router.timeout, **shared)
    own = {"policy": router.policy, "random_seed": router.random_seed, "budgets": budgets}
    shared = {"policy": known.policy, "random_seed": known.seed, "budgets": known.budgets}
    own["sinks"], shared["sinks"] = tuple(router.sinks), known.audience.given
    for name in own:
        if own[name] != shared[name]:
            raise ConfigurationError(
                f"{name}: cannot be changed in a copy, which shares its deployments' health; "
                "make another router"
            )
    return known


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
    profile = {**(getattr(served.model, "profile", None) or {}), **deployment.profile}
    able = capabilities_of(profile, strengths=strengths)
    return Facts(price, able, served.classes.hidden_attempts(served.model), own_limit(served.model))


def own_limit(model: Any) -> int | None:
    """The longest answer that the user's own object asks for, in tokens."""
    for name in ("max_tokens", "max_output_tokens"):
        limit = getattr(model, name, None)
        if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0:
            return limit
    return None


def _profile_of(served: Served) -> dict[str, Any]:
    deployment = served.deployment
    return one_profile(served.model.profile, deployment.profile, deployment.model_name)


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

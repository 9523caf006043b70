"""Recording: which events are which metrics; off the calls' path, one batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..options import Strategy
from ..routing.decision import Decision
from .audience import Router, Told
from .events import (
    AttemptEnded,
    BudgetReached,
    CacheFailed,
    CacheHit,
    CacheMissed,
    CallEnded,
    FellBack,
    HealthChanged,
    Hedged,
    Interrupted,
    Paused,
    QuotaReached,
    QuotaWaited,
    Ranked,
    Resumed,
    Retried,
)
from .instruments import (
    DEPLOYMENT,
    ERROR,
    MODEL,
    OPERATION,
    OWN,
    PROVIDER,
    PROVIDER_NAMES,
    STRATEGY,
    TASK,
    TOKEN_TYPE,
    Labels,
    made,
)

_STRATEGIES: Final = frozenset(strategy.value for strategy in Strategy)
#: Of a router's decisions after the first ones, one in so many is measured: a record costs the
#: SDK as much as the decision itself.
FIRST_DECISIONS, MEASURED_EVERY = 100, 10


class Recorder:
    """Makes instruments of a meter, and records on them what is told."""

    def __init__(self, meter: Any) -> None:
        self.on: Mapping[str, Any] = made(meter)
        self.labels = Labels()
        self._sites: dict[tuple[str, str, tuple[str, str]], dict[str, str]] = {}
        self._shown: set[tuple[str, str]] = set()  # whose states are there
        self._sums: dict[tuple[str, ...], tuple[float, dict[str, str]]] = {}

    def record(self, told: Told, context: Any) -> None:
        """Record what was told; `context` is that of the span that measurements belong to."""
        self._show_states(told.router)
        for one in told.happened:
            recorded = RECORDED.get(type(one))
            if recorded is not None:
                recorded(self, one, told.router, context)

    def add(self, counter: str, amount: float, labels: dict[str, str]) -> None:
        """Count this with what else a batch brings: a counter need not hear of each."""
        key = (counter, *labels.values())
        before, labels = self._sums.get(key, (0, labels))
        self._sums[key] = (before + amount, labels)

    def settle(self) -> None:
        """Tell the counters what was added since the last time."""
        sums, self._sums = self._sums, {}
        for (counter, *_), (amount, labels) in sums.items():
            self.on[counter].add(amount, labels)

    def site(self, router: Router, name: str) -> dict[str, str]:
        """A deployment as labels."""
        whose = router.deployments.get(name, ("", ""))
        key = (router.operation, name, whose)
        known = self._sites.get(key)
        if known is None:
            known = self._labelled(*key)
            if len(self._sites) < Labels.MOST:
                self._sites[key] = known
        return known

    def _labelled(self, operation: str, name: str, whose: tuple[str, str]) -> dict[str, str]:
        of, (provider, model) = self.labels.of, whose
        return {
            OPERATION: operation,
            PROVIDER: of(PROVIDER, PROVIDER_NAMES.get(provider, provider or "unknown")),
            MODEL: of(MODEL, model),
            DEPLOYMENT: of(DEPLOYMENT, name),
        }

    def strategy(self, name: str) -> str:
        """A strategy as a label; the user's own functions are one."""
        return name if name in _STRATEGIES else "custom"

    def set_state(self, gauge: str, value: int, router: Router, name: str) -> None:
        """A deployment's breaker is open, or it is paused: 1; or not: 0."""
        self.on[gauge].set(value, self.site(router, name))

    def _show_states(self, router: Router) -> None:
        """A breaker is closed, and nobody paused, until something else is told."""
        for name in router.deployments:
            known = (router.operation, name)
            if known not in self._shown and len(self._shown) < Labels.MOST:
                self._shown.add(known)
                self.set_state("breaker", 0, router, name)
                self.set_state("paused", 0, router, name)


def _ranked(to: Recorder, one: Decision | Ranked, router: Router, context: Any) -> None:
    call, seconds = one.call, one.decision_seconds
    if seconds is not None and (call < FIRST_DECISIONS or call % MEASURED_EVERY == 0):
        name = one.strategy if isinstance(one, Ranked) else one.options.strategy_name
        labels = {OPERATION: router.operation, STRATEGY: to.strategy(name)}
        to.on["decision"].record(seconds, labels, context)


def _attempt_ended(to: Recorder, one: AttemptEnded, router: Router, context: Any) -> None:
    attempt = one.attempt
    site = to.site(router, attempt.deployment)
    ended = site
    if attempt.outcome != "success":
        ended = {**site, ERROR: to.labels.of(ERROR, attempt.cause or attempt.outcome)}
    to.on["duration"].record(attempt.seconds, ended, context)
    if attempt.first_token_seconds is not None:
        to.on["first_chunk"].record(attempt.first_token_seconds, site, context)
    if attempt.usage is not None:
        kinds = ("input", "output") if router.operation == "chat" else ("input",)
        for kind, tokens in zip(kinds, attempt.usage, strict=False):
            to.on["tokens"].record(tokens, {**site, TOKEN_TYPE: kind}, context)
    if attempt.cost_usd:
        to.add("cost", attempt.cost_usd, site)
    if attempt.estimated_usd:
        to.add("estimated_cost", attempt.estimated_usd, site)


def _call_ended(to: Recorder, one: CallEnded, router: Router, context: Any) -> None:
    record = one.record
    if one.is_check:
        return  # nobody's call; its attempt counts
    labels = {OPERATION: router.operation, STRATEGY: to.strategy(record.strategy)}
    if record.task_type is not None:
        labels[TASK] = to.labels.of(TASK, record.task_type)
    if record.cause is not None:
        labels[ERROR] = to.labels.of(ERROR, record.cause)
    to.on["call"].record(record.seconds, labels, context)


def _health(to: Recorder, one: HealthChanged, router: Router, context: Any) -> None:
    to.set_state("breaker", 0 if one.healthy else 1, router, one.deployment)
    if not one.healthy:
        site = to.site(router, one.deployment)
        to.add("opened", 1, {**site, ERROR: to.labels.of(ERROR, one.cause or "unknown")})


def _interrupted(to: Recorder, one: Interrupted, router: Router, context: Any) -> None:
    site = to.site(router, one.deployment)
    to.add("interruptions", 1, {**site, ERROR: to.labels.of(ERROR, one.cause)})


def _budget(to: Recorder, one: BudgetReached, router: Router, context: Any) -> None:
    of = to.labels.of
    budget, action = of(f"{OWN}.budget", one.budget), of(f"{OWN}.action", one.action)
    to.add("budget", 1, {f"{OWN}.budget": budget, f"{OWN}.action": action})


def _quota_labels(to: Recorder, one: QuotaWaited | QuotaReached, router: Router) -> dict[str, str]:
    return {**to.site(router, one.deployment), f"{OWN}.quota": to.labels.of("quota", one.quota)}


def _quota_waited(to: Recorder, one: QuotaWaited, router: Router, context: Any) -> None:
    to.on["quota_wait"].record(one.seconds, _quota_labels(to, one, router), context)


def _quota_reached(to: Recorder, one: QuotaReached, router: Router, context: Any) -> None:
    to.add("quota", 1, _quota_labels(to, one, router))


def _cache_hit(to: Recorder, one: CacheHit, router: Router, context: Any) -> None:
    labels = {f"{OWN}.cache": to.labels.of("cache", one.kind)}
    to.add("cache_hits", 1, labels)
    if one.saved_usd:
        to.add("saved", one.saved_usd, labels)


def _cache_failed(to: Recorder, one: CacheFailed, router: Router, context: Any) -> None:
    to.add("cache_failures", 1, {ERROR: to.labels.of(ERROR, one.cause)})


Recorded = Callable[[Recorder, Any, Router, Any], None]

#: An event → the metrics that it is.
RECORDED: Mapping[type, Recorded] = {
    Decision: _ranked,
    Ranked: _ranked,
    AttemptEnded: _attempt_ended,
    CallEnded: _call_ended,
    Retried: lambda to, one, router, context: to.add("retries", 1, to.site(router, one.deployment)),
    FellBack: lambda to, one, router, context: to.add("fallbacks", 1, to.site(router, one.failed)),
    Hedged: lambda to, one, router, context: to.add("hedges", 1, to.site(router, one.slow)),
    Interrupted: _interrupted,
    HealthChanged: _health,
    Paused: lambda to, one, router, context: to.set_state("paused", 1, router, one.deployment),
    Resumed: lambda to, one, router, context: to.set_state("paused", 0, router, one.deployment),
    BudgetReached: _budget,
    QuotaWaited: _quota_waited,
    QuotaReached: _quota_reached,
    CacheHit: _cache_hit,
    CacheMissed: lambda to, one, router, context: to.add("cache_misses", 1, {}),
    CacheFailed: _cache_failed,
}

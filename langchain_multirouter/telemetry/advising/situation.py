"""Situation: what advice goes by: the calls, the deployments, the settings, the prices to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from ...candidate import Candidate
from ...economics.price import Price
from ...options import Options
from .. import aggregate
from ..aggregate import Group
from ..certainty import Estimate, mean, rate
from ..record import CallRecord
from ..savings import Charges
from .advice import Effect

#: Prices that change within so many days are told.
AHEAD_DAYS: Final = 45
#: A share of calls below this, or fewer calls than that, is not worth a word.
LEAST_SHARE: Final = 0.01
LEAST_CALLS: Final = 3
#: Nothing is said of traffic of fewer calls.
LEAST_TRAFFIC: Final = 10


class PriceChange(NamedTuple):
    """A dated change of one deployment's price."""

    deployment: str
    at: datetime
    now: Price
    then: Price


class Settings(NamedTuple):
    """What is set in the router, beside its deployments.

    Args:
        options: Its routing options.
        hidden_attempts: Deployment → the requests its SDK makes of one attempt.
        attempts: The most attempts of one call.
        requests: The most requests of one call.
        changes: The dated changes of prices that are near.
        wrappings: Layers around the router that were seen to repeat its calls, with the `layer`,
            the `calls` that were repetitions, and the most `times` that one call was made.
    """

    options: Options = Options()
    hidden_attempts: Mapping[str, int] = {}
    attempts: int = 0
    requests: int = 0
    changes: tuple[PriceChange, ...] = ()
    wrappings: tuple[Any, ...] = ()


class Situation:
    """Calls, deployments and settings, with what several rules ask of them, reckoned once."""

    def __init__(
        self,
        records: Sequence[CallRecord],
        candidates: Sequence[Candidate],
        settings: Settings | None,
        *,
        groups: Mapping[str, Group] | None = None,
        charges: Charges | None = None,
    ) -> None:
        self.records = records
        self.candidates = {c.deployment.name: c for c in candidates}
        self.settings = settings or Settings()
        self.calls = len(records)
        self.groups = aggregate.by_deployment(records) if groups is None else groups
        self.charges = Charges(records, candidates) if charges is None else charges
        self.alternatives, self.priced = self.charges.alternatives, self.charges.priced
        self._seconds: dict[str, Estimate | None] = {}

    @cached_property
    def times(self) -> dict[str, list[float]]:
        """Every deployment's response times, in the order of the calls."""
        found: dict[str, list[float]] = {}
        for record in self.records:
            for attempt in record.attempts:
                if attempt.outcome == "success":
                    found.setdefault(attempt.deployment, []).append(attempt.seconds)
        return found

    @cached_property
    def mix(self) -> tuple[int, int]:
        """All input and all output tokens of the calls whose cost is known."""
        usages = [call.usage for call in self.priced]
        return sum(u.input_tokens for u in usages), sum(u.output_tokens for u in usages)

    def usd_per_1k(self, price: Price) -> float:
        """USD per 1,000 tokens of the mix that the calls had, as one call would have it."""
        into, out = self.mix
        count = max(1, len(self.priced))
        return price.usd_per_1k(into // count, out // count)

    def seconds(self, name: str) -> Estimate | None:
        """A deployment's mean response time."""
        if name not in self._seconds:
            self._seconds[name] = mean(self.times.get(name, ()))
        return self._seconds[name]

    def success(self, name: str) -> Estimate:
        """The share of a deployment's attempts that succeeded."""
        group = self.groups.get(name)
        return rate(0, 0) if group is None else rate(group.good, group.ended)

    def per_1k_calls(self, usd: float) -> float:
        """Of a sum over all recorded calls, the part of a thousand."""
        return 1_000.0 * usd / self.calls if self.calls else 0.0

    def failing_seconds(self, *, of: str | None = None, but: str | None = None) -> Estimate | None:
        """What a failed attempt took: of one deployment, or of all but one."""
        return mean(
            [
                attempt.seconds
                for record in self.records
                for attempt in record.attempts
                if attempt.outcome == "failure"
                and attempt.deployment != but
                and of in (None, attempt.deployment)
            ]
        )

    def moved(self, name: str, other: str) -> Effect:
        """What changes if another deployment answers what this one was asked."""
        mine, theirs = self.charges.total(name, of=name), self.charges.total(other, of=name)
        usd = None if mine is None or theirs is None else self.per_1k_calls(theirs - mine)
        slow, quick, group = self.seconds(name), self.seconds(other), self.groups.get(name)
        if slow is None or quick is None or group is None:
            return Effect(usd)
        more = self.success(other).value - self.success(name).value
        return Effect(
            usd,
            group.answered * (quick.value - slow.value) / self.calls,
            more * group.ended / self.calls,
            at_most=more > 0,  # most of what fails here is answered elsewhere
        )


def price_changes(
    candidates: Sequence[Candidate],
    price_at: Callable[[int, datetime], Price | None],
    at: datetime,
) -> tuple[PriceChange, ...]:
    """The dated changes of the next weeks; not those of the hours of a day.

    Args:
        candidates: The deployments, with the prices of now.
        price_at: A deployment's number and a time → its price then.
        at: Now.
    """
    found = []
    for candidate in candidates:
        price = candidate.facts.price
        if price is None or price.valid_until is None:
            continue
        if price.valid_until - at > timedelta(days=AHEAD_DAYS):
            continue
        then = price_at(candidate.number, price.valid_until)
        if then is None or then.rates == price.rates:
            continue
        until = then.valid_until
        if until is None or until - price.valid_until > timedelta(days=1):
            name = candidate.deployment.name
            found.append(PriceChange(name, price.valid_until, price, then))
    return tuple(found)

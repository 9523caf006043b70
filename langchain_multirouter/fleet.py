"""Fleet: the latest values of every deployment, behind the one lock; and the permits to use them.

The lock is held for bookkeeping only: no I/O, no callback, no await happens under it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from .candidate import Candidate, Readiness
from .economics.budgets import Allowance, Books, Budget, Need
from .economics.lengths import ANY, Length, lengthened
from .economics.spent import NOTHING_SPENT, Spent
from .forks import tell_when_forked
from .memory import Memory
from .outcome import Failure
from .repeats import Repeat, Repeats
from .request import Request
from .resilience import breaker, budget, cooldown
from .resilience.policy import Policy
from .resilience.quota import taken
from .settlement import (
    Permit,
    affected,
    change_of,
    limited,
    probe_returned,
    used_by,
)
from .shortage import Shortage
from .switches import Switches
from .telemetry import stats
from .telemetry.events import HealthChanged
from .telemetry.history import History
from .telemetry.stats import Sample

NO_SAMPLE = Sample(0.0)


class Fleet(Switches):
    """All deployments of one router: shared by its copies, its threads and its event loops."""

    def __init__(
        self,
        candidates: Iterable[Candidate],
        policy: Policy,
        seed: int | None,
        budgets: Sequence[Budget] = (),
    ) -> None:
        self.policy = policy
        self.books = Books(budgets) if budgets else None
        self._seed = seed
        self.forked()
        tell_when_forked(self)
        self._candidates = [limited(candidate) for candidate in candidates]
        self.memory = Memory([candidate.deployment for candidate in self._candidates])
        self._numbers = {c.deployment.name: i for i, c in enumerate(self._candidates)}
        self._turn = -1
        self._calls = 0
        self._failed_calls = 0
        self.repeats = Repeats()
        self.lengths: dict[str, Length] = {}  # task → answers' mean length, whoever gave them
        self.history = History()

    def forked(self) -> None:
        """A lock and dice of this process' own; the values are whole ones, whoever changed them."""
        self.rng = Random(self._seed)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Fleet({len(self._candidates)} deployments)"

    def __deepcopy__(self, memo: dict[int, Any]) -> Fleet:
        """Copies of a router share what it has learned."""
        return self

    def candidates(self) -> tuple[tuple[Candidate, ...], int]:
        """Every candidate as it is now, and this call's turn."""
        with self._lock:
            self._turn += 1
            return tuple(self._candidates), self._turn

    def snapshot(self) -> tuple[Candidate, ...]:
        """Every candidate as it is now, for looking only."""
        with self._lock:
            return tuple(self._candidates)

    def permit(
        self,
        number: int,
        now: float,
        *,
        longest_seconds: float,
        last_resort: bool = False,
        first: bool = True,
        tokens: int = 0,
    ) -> Permit | None:
        """Leave to begin an attempt now, or None where the deployment is out.

        Args:
            number: The deployment's number in the fleet.
            now: The monotonic clock's seconds.
            longest_seconds: How long the attempt can last; a probe's permit expires then.
            last_resort: Let a trickle through an open breaker: everybody is out.
            first: It is its call's first, and so the call is counted.
            tokens: What it is expected to take of the deployment's quota.
        """
        with self._lock:
            candidate = self._candidates[number]
            switch = candidate.breaker
            probe = switch.open_until is not None
            if candidate.paused:
                return None
            if last_resort and probe:
                trickle = breaker.trickled(switch, self.policy, now)
                if trickle is None or now < candidate.cooldown.until:
                    return None
                switch, probe = trickle, not switch.probing(now)
            elif (probe or now < candidate.cooldown.until) and (
                candidate.readiness(now) is not Readiness.READY
            ):
                return None
            quota = candidate.quota
            if quota is not None and (quota := taken(quota, tokens, now)) is None:
                return None
            until = now + longest_seconds if probe else None
            if until is not None:
                switch = breaker.begin_probe(switch, until=until)
            begun = stats.begun(candidate.stats, now)
            values = (begun, switch, candidate.cooldown, quota)
            self._candidates[number] = candidate.with_values(*values)
            self._calls += first
            permit = Permit(number, switch.generation, until, now)
            permit.tokens = tokens
            return permit

    def reserve(self, need: Need, payers: Sequence[str], now: float) -> Allowance | Shortage:
        """Reserve what an attempt can cost in all budgets, or say which does not cover it."""
        assert self.books is not None  # noqa: S101  # asked for only where there are budgets
        with self._lock:
            return self.books.reserve(need, payers, now)

    def release(self, allowance: Allowance) -> None:
        """The attempt was not begun."""
        with self._lock:
            self._charge(allowance, 0.0)

    def _charge(self, allowance: Allowance, usd: float | None) -> None:
        """The attempt is over and cost so much, or nobody knows how much; the lock is held."""
        if self.books is not None:
            self.books.settle(allowance, usd)

    def spending(self, now: float, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Every budget: what is spent, reserved and left, by account, or in these alone."""
        with self._lock:
            return [] if self.books is None else self.books.public(now, only)

    def lacking(self, need: Need, payers: Sequence[str], now: float) -> Shortage | None:
        """Which budget would not cover an attempt, if one would not; nothing is reserved."""
        assert self.books is not None  # noqa: S101  # asked for only where there are budgets
        with self._lock:
            return self.books.lacking(need, payers, now)

    def withdraw(self, number: int, now: float) -> bool:
        """Whether this deployment's budget pays for one more retry or hedge; it has paid then."""
        with self._lock:
            candidate = self._candidates[number]
            started = candidate.stats.started
            left = budget.withdraw(candidate.budget, self.policy, now, started=started)
            if left is not None:
                self._candidates[number] = candidate._replace(budget=left)
            return left is not None

    def settle_success(
        self, permit: Permit, now: float, sample: Sample = NO_SAMPLE
    ) -> HealthChanged | None:
        """The attempt succeeded; says whether that closed the breaker."""
        with self._lock:
            if permit.settled:
                return None
            permit.settled = True
            if permit.allowance is not None:
                self._charge(permit.allowance, sample.cost_usd)
            candidate = self._candidates[permit.number]
            was, cooled, generation = candidate.breaker, candidate.cooldown, permit.generation
            switch = breaker.settle_success(was, self.policy, now, generation=generation)
            settled = candidate.with_values(
                stats.success(candidate.stats, sample, now, began=permit.began),
                switch,
                cooldown.forgiven(cooled) if cooled.strikes else cooled,
                candidate.quota if not permit.tokens else used_by(candidate, permit, sample.tokens),
            )
            self._candidates[permit.number] = settled
            task, made = sample.task, sample.output_tokens
            if task is not None and made is not None:
                lengths = self.lengths
                lengths[task] = lengthened(lengths.get(task), made)
                lengths[ANY] = lengthened(lengths.get(ANY), made)
            return None if was.open_until is None else change_of(candidate, settled)

    def settle_failure(
        self, permit: Permit, failure: Failure, now: float, spent: Spent = NOTHING_SPENT
    ) -> HealthChanged | None:
        """The attempt failed: its switches are set; says whether the breaker opened."""
        with self._lock:
            if permit.settled:
                return None
            permit.settled = True
            if permit.allowance is not None:
                self._charge(permit.allowance, spent.usd)
            candidate = self._candidates[permit.number]
            why = (failure.cause.value, failure.code)
            counted = stats.failure(candidate.stats, *why, now, began=permit.began, spent=spent)
            settled = affected(
                candidate._replace(stats=counted), permit, failure, self.policy, now, rng=self.rng
            )
            if permit.tokens:
                settled = settled._replace(quota=used_by(settled, permit, spent.tokens))
            self._candidates[permit.number] = settled
            return change_of(candidate, settled)

    def settle_cancelled(self, permit: Permit, now: float, spent: Spent = NOTHING_SPENT) -> None:
        """The attempt was left; nothing is said about health, and a probe's permit comes back."""
        with self._lock:
            if permit.settled:
                return
            permit.settled = True
            if permit.allowance is not None:
                self._charge(permit.allowance, spent.usd)
            candidate = self._candidates[permit.number]
            counted = stats.cancellation(candidate.stats, now, began=permit.began, spent=spent)
            settled = candidate._replace(stats=counted)
            self._candidates[permit.number] = probe_returned(settled, permit)

    @property
    def calls(self) -> int:
        """Calls that made at least one attempt."""
        return self._calls

    @property
    def next_turn(self) -> int:
        """The turn of the next call, for looking ahead."""
        return self._turn + 1

    @property
    def failed_calls(self) -> int:
        """Calls that made an attempt and ended without an answer."""
        return self._failed_calls

    def call_failed(self, request: Request | None = None, now: float = 0.0) -> None:
        """A call that made an attempt ended without an answer."""
        identity = None if request is None or request.is_check else request.prompt.identity
        with self._lock:
            self._failed_calls += 1
            if request is not None and identity is not None:
                times = max((repeat.times for repeat in request.repeats), default=1)
                self.repeats.remember(identity, times, now)

    def repeated(
        self, signs: Sequence[Repeat], identity: int | None, now: float
    ) -> tuple[tuple[Repeat, ...], list[str]]:
        """Who repeats a call, by its signs or since it failed; and who is new among them."""
        with self._lock:
            repeats = self.repeats.recognised(signs, identity, now)
            return repeats, self.repeats.count(repeats)

    def rng_copy(self) -> Random:
        """As seeded as the router's own, for looking ahead without drawing from it."""
        copy = Random()
        with self._lock:
            copy.setstate(self.rng.getstate())
        return copy

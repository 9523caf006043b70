"""Fleet: the latest values of every deployment, behind the one lock; and the permits to use them.

The lock is held for bookkeeping only: no I/O, no callback, no await happens under it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from random import Random
from typing import Any

from .candidate import Candidate, Readiness
from .errors import unknown_name
from .outcome import Failure
from .resilience import breaker, cooldown
from .resilience.policy import Policy
from .resilience.verdict import VERDICTS, Effect
from .telemetry import stats


class Permit:
    """Leave to make one attempt; settled exactly once, whatever happens."""

    __slots__ = ("generation", "number", "probe_until", "settled")

    def __init__(self, number: int, generation: int, probe_until: float | None) -> None:
        self.number = number
        self.generation = generation
        self.probe_until = probe_until  # where it is the probe's: how long it holds
        self.settled = False


class Fleet:
    """All deployments of one router: shared by its copies, its threads and its event loops."""

    def __init__(self, candidates: Iterable[Candidate], policy: Policy, seed: int | None) -> None:
        self.policy = policy
        self.rng = Random(seed)
        self._lock = threading.Lock()
        self._candidates = list(candidates)
        self._numbers = {c.deployment.name: i for i, c in enumerate(self._candidates)}
        self._turn = -1

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
        self, number: int, now: float, *, longest_seconds: float, last_resort: bool = False
    ) -> Permit | None:
        """Leave to begin an attempt now, or None where the deployment is out.

        Args:
            number: The deployment's number in the fleet.
            now: The monotonic clock's seconds.
            longest_seconds: How long the attempt can last; a probe's permit expires then.
            last_resort: Let one attempt at a time through an open breaker: everybody is out.
        """
        with self._lock:
            candidate = self._candidates[number]
            switch = candidate.breaker
            probe = switch.open_until is not None
            if candidate.paused:
                return None
            if last_resort and probe:
                probing = switch.probe_until is not None and now < switch.probe_until
                if probing or now < candidate.cooldown.until:
                    return None
            elif candidate.readiness(now) is not Readiness.READY:
                return None
            until = now + longest_seconds if probe else None
            if until is not None:
                switch = breaker.begin_probe(switch, until=until)
            begun = stats.begun(candidate.stats)
            self._candidates[number] = candidate.with_values(begun, switch, candidate.cooldown)
            return Permit(number, switch.generation, until)

    def settle_success(self, permit: Permit, now: float) -> None:
        """The attempt succeeded."""
        with self._lock:
            if permit.settled:
                return
            permit.settled = True
            candidate = self._candidates[permit.number]
            generation = permit.generation
            self._candidates[permit.number] = candidate.with_values(
                stats.success(candidate.stats),
                breaker.settle_success(candidate.breaker, self.policy, now, generation=generation),
                cooldown.forgiven(candidate.cooldown),
            )

    def settle_failure(self, permit: Permit, failure: Failure, now: float) -> None:
        """The attempt failed: counted, and the deployment's switches are set."""
        with self._lock:
            if permit.settled:
                return
            permit.settled = True
            candidate = self._candidates[permit.number]
            settled = candidate._replace(stats=stats.failure(candidate.stats, failure.cause))
            self._candidates[permit.number] = self._affected(settled, permit, failure, now)

    def settle_cancelled(self, permit: Permit) -> None:
        """The attempt was left; nothing is said about health, and a probe's permit comes back."""
        with self._lock:
            if permit.settled:
                return
            permit.settled = True
            candidate = self._candidates[permit.number]
            settled = candidate._replace(stats=stats.cancellation(candidate.stats))
            self._candidates[permit.number] = _probe_returned(settled, permit)

    def _affected(
        self, candidate: Candidate, permit: Permit, failure: Failure, now: float
    ) -> Candidate:
        verdict = VERDICTS[failure.cause]
        cause, generation = failure.cause.value, permit.generation
        match verdict.effect:
            case Effect.FAILURE:
                switch = breaker.settle_failure(
                    candidate.breaker,
                    self.policy,
                    now,
                    generation=generation,
                    cause=cause,
                    rng=self.rng,
                )
                return candidate._replace(breaker=switch)
            case Effect.DISABLE:
                switch = breaker.disable(
                    candidate.breaker,
                    self.policy,
                    now,
                    generation=generation,
                    seconds=verdict.out_seconds,
                    cause=cause,
                    rng=self.rng,
                )
                return candidate._replace(breaker=switch)
            case Effect.COOLDOWN:
                cooled = cooldown.throttled(
                    candidate.cooldown,
                    self.policy,
                    now,
                    hint_seconds=failure.retry_after_seconds,
                    first_seconds=verdict.out_seconds,
                    cause=cause,
                    rng=self.rng,
                )
                return _probe_returned(candidate._replace(cooldown=cooled), permit)
            case Effect.NONE:
                return _probe_returned(candidate, permit)

    def pause(self, name: str) -> None:
        """Send nothing to this deployment until `resume`; what is under way goes on."""
        self._set_paused(name, paused=True)

    def resume(self, name: str) -> None:
        """Undo `pause`."""
        self._set_paused(name, paused=False)

    def _set_paused(self, name: str, *, paused: bool) -> None:
        if name not in self._numbers:
            raise unknown_name("Deployment", name, self._numbers)
        with self._lock:
            number = self._numbers[name]
            self._candidates[number] = self._candidates[number]._replace(paused=paused)


def _probe_returned(candidate: Candidate, permit: Permit) -> Candidate:
    until = permit.probe_until
    if until is None:
        return candidate
    switch = breaker.release_probe(candidate.breaker, generation=permit.generation, until=until)
    return candidate._replace(breaker=switch)

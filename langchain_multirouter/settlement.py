"""Settlement: what an attempt's end means for its deployment's switches; and the permit it had."""

from __future__ import annotations

from random import Random

from .candidate import Candidate
from .economics.budgets import Allowance
from .outcome import Failure
from .resilience import breaker, cooldown, quota
from .resilience.policy import Policy
from .resilience.quota import Quota
from .resilience.verdict import VERDICTS, Effect
from .telemetry.events import HealthChanged


class Permit:
    """Leave to make one attempt, from when it `began`; settled exactly once, whatever happens."""

    __slots__ = ("allowance", "began", "generation", "number", "probe_until", "settled", "tokens")

    def __init__(
        self, number: int, generation: int, probe_until: float | None, began: float
    ) -> None:
        self.began = began
        self.number = number
        self.generation = generation
        self.probe_until = probe_until  # where it is the probe's: how long it holds
        self.settled = False
        self.tokens = 0  # that it took of its deployment's quota
        self.allowance: Allowance | None = None  # what it may spend, where there are budgets


def affected(
    candidate: Candidate,
    permit: Permit,
    failure: Failure,
    policy: Policy,
    now: float,
    *,
    rng: Random,
) -> Candidate:
    """The deployment after a failure: its breaker or its cooldown set, or a probe given back."""
    verdict = VERDICTS[failure.cause]
    cause, generation = failure.cause.value, permit.generation
    match verdict.effect:
        case Effect.FAILURE:
            switch = breaker.settle_failure(
                candidate.breaker, policy, now, generation=generation, cause=cause, rng=rng
            )
            return candidate._replace(breaker=switch)
        case Effect.DISABLE:
            switch = breaker.disable(
                candidate.breaker,
                policy,
                now,
                generation=generation,
                seconds=verdict.out_seconds,
                cause=cause,
                rng=rng,
            )
            return candidate._replace(breaker=switch)
        case Effect.COOLDOWN:
            cooled = cooldown.throttled(
                candidate.cooldown,
                policy,
                now,
                hint_seconds=failure.retry_after_seconds,
                first_seconds=verdict.out_seconds,
                cause=cause,
                rng=rng,
            )
            return probe_returned(candidate._replace(cooldown=cooled), permit)
        case Effect.NONE:
            return probe_returned(candidate, permit)


def change_of(before: Candidate, after: Candidate) -> HealthChanged | None:
    """Whether the breaker opened or closed."""
    was, is_now = before.breaker.open_until is None, after.breaker.open_until is None
    if was == is_now:
        return None
    return HealthChanged(after.deployment.name, is_now, after.breaker.cause)


def judged_by_check(
    candidate: Candidate, cause: str | None, policy: Policy, now: float, *, rng: Random
) -> Candidate:
    """The deployment after a health check: a cause opens the breaker, none closes it."""
    switch = candidate.breaker
    if cause is None:
        switch = breaker.healed(switch, policy, now)
    elif switch.open_until is None:
        switch = breaker.disable(
            switch,
            policy,
            now,
            generation=switch.generation,
            seconds=policy.open_seconds,
            cause=cause,
            rng=rng,
        )
    return candidate._replace(breaker=switch)


def limited(candidate: Candidate) -> Candidate:
    """With the quota that its deployment's settings give it, if they do."""
    told = candidate.deployment
    found = quota.full(told.requests_per_minute, told.tokens_per_minute)
    return candidate if found is None else candidate._replace(quota=found)


def used_by(candidate: Candidate, permit: Permit, used: int | None) -> Quota | None:
    """Its quota by what the attempt really used; as it is where nobody counted that."""
    found = candidate.quota
    if found is None or used is None:
        return found
    return quota.corrected(found, permit.tokens, used)


def probe_returned(candidate: Candidate, permit: Permit) -> Candidate:
    """The next caller may probe, if this attempt was the probe."""
    until = permit.probe_until
    if until is None:
        return candidate
    switch = breaker.release_probe(candidate.breaker, generation=permit.generation, until=until)
    return candidate._replace(breaker=switch)

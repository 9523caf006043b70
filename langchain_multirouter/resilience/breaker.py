"""Breaker: one deployment's switch; closed, open, half-open, with one probe at a time.

Closed: attempts pass, failures are counted. Open: nothing passes until a time. Half-open (open,
and that time has come): one probe passes; its success closes the breaker, its failure opens it for
twice as long. While everybody is out, a trickle passes an open breaker too. One that closes lets
its share of calls back over some seconds: no herd hits what has just healed. Every opening and
closing begins a new generation, and an attempt speaks only for the generation it began in: a call
begun before the breaker opened cannot close it.
"""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

from ..values import new
from .policy import Policy

#: What a deployment gets of its calls right after its breaker closed.
FIRST_SHARE = 0.1


class Breaker(NamedTuple):
    """The switch's state; times are the monotonic clock's."""

    generation: int = 0
    consecutive: int = 0  # failures in a row
    total: float = 0.0  # attempts in the decayed window
    failed: float = 0.0  # failures in it
    at: float = 0.0  # when the window was last decayed
    opened: int = 0  # openings in a row without a success
    open_until: float | None = None  # None: closed
    cause: str | None = None  # why it is open
    probe_until: float | None = None  # a probe holds the permit until then
    trickle_from: float = 0.0  # no last resort before then
    ramp_from: float = 0.0  # when it closed
    ramp_until: float = 0.0  # when it has its whole share again

    def admits(self, now: float) -> bool:
        """Whether an attempt may begin now."""
        if self.open_until is None:
            return True
        return now >= self.open_until and (self.probe_until is None or now >= self.probe_until)

    def state(self, now: float) -> str:
        """ "closed", "open" or "half-open"."""
        if self.open_until is None:
            return "closed"
        return "open" if now < self.open_until else "half-open"

    def probing(self, now: float) -> bool:
        """Whether a probe is under way."""
        return self.probe_until is not None and now < self.probe_until

    def share(self, now: float) -> float:
        """The part of its calls that it gets: a tenth when it closed, and linearly to all."""
        if now >= self.ramp_until or self.ramp_until <= self.ramp_from:
            return 1.0  # a call that began before it closed may see a ramp of no seconds
        since = max(0.0, now - self.ramp_from) / (self.ramp_until - self.ramp_from)
        return FIRST_SHARE + (1.0 - FIRST_SHARE) * since


def trickled(breaker: Breaker, policy: Policy, now: float) -> Breaker | None:
    """A last resort passes, and the next one not before its time; None if this one is too early."""
    if policy.trickle_per_second <= 0.0 or now < breaker.trickle_from:
        return None
    return breaker._replace(trickle_from=now + 1.0 / policy.trickle_per_second)


def begin_probe(breaker: Breaker, *, until: float) -> Breaker:
    """The probe takes the one permit, for no longer than its attempt can last."""
    return breaker._replace(probe_until=until)


def settle_success(breaker: Breaker, policy: Policy, now: float, *, generation: int) -> Breaker:
    """An attempt succeeded: a probe closes the breaker, others are counted."""
    if generation != breaker.generation:
        return breaker
    if breaker.open_until is not None:
        return Breaker(
            generation=breaker.generation + 1,
            at=now,
            trickle_from=breaker.trickle_from,
            ramp_from=now,
            ramp_until=now + policy.ramp_seconds,
        )
    total, failed = _decayed(breaker, policy, now)
    counts = (breaker.generation, 0, total + 1.0, failed, now, 0, None, None, None)
    return new(Breaker, counts + breaker[9:])  # trickle and ramp stay as they are


def healed(breaker: Breaker, policy: Policy, now: float) -> Breaker:
    """A health check's good word: closed, and with its whole share at once, as was asked for."""
    if breaker.open_until is not None:
        breaker = settle_success(breaker, policy, now, generation=breaker.generation)
    return breaker._replace(ramp_until=0.0)


def settle_failure(
    breaker: Breaker, policy: Policy, now: float, *, generation: int, cause: str, rng: Random
) -> Breaker:
    """An attempt failed: counted; opens the breaker when it is one too many, or a probe."""
    if generation != breaker.generation:
        return breaker
    total, failed = _decayed(breaker, policy, now)
    counted = breaker._replace(
        consecutive=breaker.consecutive + 1, total=total + 1.0, failed=failed + 1.0, at=now
    )
    often = counted.total >= policy.breaker_least
    if (
        breaker.open_until is not None
        or counted.consecutive >= policy.breaker_failures
        or (often and counted.failed >= policy.breaker_rate * counted.total)
    ):
        longest = policy.longest_open_seconds
        return _open(counted, now, policy.open_seconds, longest, cause=cause, rng=rng)
    return counted


def disable(
    breaker: Breaker,
    policy: Policy,
    now: float,
    *,
    generation: int,
    seconds: float,
    cause: str,
    rng: Random,
) -> Breaker:
    """Open at once and for long: credentials or a missing model do not mend in seconds."""
    if generation != breaker.generation:
        return breaker
    longest = policy.longest_disabled_seconds
    return _open(breaker, now, seconds, longest, cause=cause, rng=rng)


def release_probe(breaker: Breaker, *, generation: int, until: float) -> Breaker:
    """A probe ended without a word on health (cancelled): the next caller may probe.

    One that outlived its permit gives nothing back: another probe holds it now.
    """
    mine = generation == breaker.generation and until == breaker.probe_until
    return breaker._replace(probe_until=None) if mine else breaker


def _open(
    breaker: Breaker, now: float, seconds: float, longest: float, *, cause: str, rng: Random
) -> Breaker:
    """Equal jitter (half fixed, half random) keeps many routers from probing in step."""
    span = min(seconds * 2.0 ** min(breaker.opened, 30), longest)
    return Breaker(
        generation=breaker.generation + 1,
        consecutive=breaker.consecutive,
        at=now,
        opened=breaker.opened + 1,
        open_until=now + span * (0.5 + 0.5 * rng.random()),
        cause=cause,
        trickle_from=breaker.trickle_from,
    )


def _decayed(breaker: Breaker, policy: Policy, now: float) -> tuple[float, float]:
    """The window's two counts, older attempts weighing e^(−age/window)."""
    if breaker.total == 0.0:
        return 0.0, 0.0
    keep = math.exp(-max(0.0, now - breaker.at) / max(policy.breaker_window_seconds, 1e-9))
    return breaker.total * keep, breaker.failed * keep

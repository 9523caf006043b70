"""Candidate: a deployment with what is known of it now."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .deployment import Deployment
from .resilience.breaker import Breaker
from .resilience.cooldown import Cooldown
from .telemetry.stats import Stats


class Readiness(Enum):
    """Whether a candidate may be tried now."""

    READY = "closed, or due for its probe"
    COOLING = "out until the provider's time; a call may wait for it"
    OUT = "its breaker is open, or its probe is under way; only a last resort"


class Candidate(NamedTuple):
    """A deployment, its number in the caller's order, and its latest values."""

    number: int
    deployment: Deployment
    window_tokens: int | None = None  # the most input tokens its model takes, where it is known
    stats: Stats = Stats()
    breaker: Breaker = Breaker()
    cooldown: Cooldown = Cooldown()
    paused: bool = False

    def readiness(self, now: float) -> Readiness:
        """Whether it may be tried now, all switches considered."""
        if self.breaker.open_until is not None and not self.breaker.admits(now):
            return Readiness.OUT
        return Readiness.COOLING if now < self.cooldown.until else Readiness.READY

    def with_values(self, stats: Stats, breaker: Breaker, cooldown: Cooldown) -> Candidate:
        """The same deployment with its next values; `_replace` costs three times as much."""
        number, deployment, window_tokens, _, _, _, paused = self
        return Candidate(number, deployment, window_tokens, stats, breaker, cooldown, paused)

    def why_out(self, now: float) -> str:
        """For people: what keeps it out, and for how much longer."""
        if self.paused:
            return "paused until resume() is called"
        if not self.breaker.admits(now):
            until = self.breaker.open_until or now
            if now < until:
                return f"breaker open for {until - now:.1f} s more ({self.breaker.cause})"
            return f"its probe is under way ({self.breaker.cause})"
        if now >= self.cooldown.until:
            return "its permits went to other calls"
        return f"cooldown for {self.cooldown.until - now:.1f} s more ({self.cooldown.cause})"

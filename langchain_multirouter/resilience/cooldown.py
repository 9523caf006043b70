"""Cooldown: out until a time that the provider named, or that repeated throttling suggests."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from .policy import Policy


class Cooldown(NamedTuple):
    """When the deployment may be tried again, and why not before."""

    until: float = 0.0
    strikes: int = 0  # throttled in a row without a success
    cause: str | None = None


def throttled(
    cooldown: Cooldown,
    policy: Policy,
    now: float,
    *,
    hint_seconds: float | None,
    first_seconds: float,
    cause: str,
    rng: Random,
) -> Cooldown:
    """The provider's hint as it is; without one, `first × 2^strikes`, equally jittered and bounded.

    An earlier, longer cooldown stays: answers to calls sent together arrive in any order.
    """
    if hint_seconds is None:
        longest = max(policy.longest_cooldown_seconds, first_seconds)
        span = min(first_seconds * 2.0 ** min(cooldown.strikes, 30), longest)
        hint_seconds = span * (0.5 + 0.5 * rng.random())
    return Cooldown(max(cooldown.until, now + hint_seconds), cooldown.strikes + 1, cause)


def forgiven(cooldown: Cooldown) -> Cooldown:
    """An attempt succeeded: the next throttling is a first one again."""
    return cooldown._replace(strikes=0) if cooldown.strikes else cooldown

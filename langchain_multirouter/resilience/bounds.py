"""Bounds: what a call may cost at worst, in attempts and in seconds, said before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..repeats import Wrapping
from .policy import Policy


class Site(NamedTuple):
    """What one deployment can cost: an attempt's limit, and the requests its SDK makes of one."""

    timeout_seconds: float
    hidden_attempts: int = 1


class Bound(NamedTuple):
    """A call's worst case.

    Args:
        attempts: The most attempts, ours.
        requests: The most requests on the wire: SDKs whose retries were kept multiply attempts.
        seconds: The longest that a whole answer can take; a stream may take longer, as long as it
            is not silent.
        wrappings: The layers around the router that were seen to multiply all of it.
    """

    attempts: int
    requests: int
    seconds: float
    wrappings: tuple[Wrapping, ...] = ()

    def __str__(self) -> str:
        told = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        if self.requests != self.attempts:
            told += f" ({self.requests} requests, since SDKs keep their own retries)"
        return ", ".join([told, f"{self.seconds:.6g} s", *map(str, self.wrappings)])

    def public(self) -> dict[str, float]:
        """For programs."""
        return {
            "attempts": self.attempts,
            "requests": self.requests,
            "seconds": self.seconds,
        }


def worst_case(
    policy: Policy,
    sites: Sequence[Site],
    *,
    most_attempts: int,
    max_retries: int,
    fallbacks: int,
    timeout_seconds: float | None = None,
    deadline_seconds: float | None = None,
) -> Bound:
    """The bound of a call that may go to these deployments.

    Every attempt may take its whole limit, and be preceded by the longest wait that the policy
    allows; who is dearest is tried first and as often as it may be. Attempts that failed for our
    own transport's sake, which reach no wire, are not counted.

    Args:
        policy: The waits.
        sites: The deployments that may be tried.
        most_attempts: The call's own bound.
        max_retries: Retries on one deployment.
        timeout_seconds: The call's own limit for one attempt, where it has one.
        fallbacks: How many deployments may be tried after the first.
        deadline_seconds: The call's own limit for everything.
    """
    attempts = min(most_attempts, min(len(sites), 1 + fallbacks) * (1 + max_retries))
    limits = [
        site.timeout_seconds if timeout_seconds is None else timeout_seconds for site in sites
    ]
    seconds = sum(dearest(limits, 1 + max_retries, attempts))
    waits = max(policy.longest_wait_seconds, policy.longest_backoff_seconds)
    seconds += attempts * waits
    if deadline_seconds is not None:
        seconds = min(seconds, deadline_seconds)
    hidden = [float(site.hidden_attempts) for site in sites]
    return Bound(attempts, round(sum(dearest(hidden, 1 + max_retries, attempts))), seconds)


def dearest(costs: Sequence[float], each: int, most: int) -> list[float]:
    """The costs of the `most` dearest attempts, with `each` for one deployment."""
    return sorted((cost for cost in costs for _ in range(each)), reverse=True)[:most]

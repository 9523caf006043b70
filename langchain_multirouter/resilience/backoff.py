"""Backoff: how long to wait before a retry, and whether to retry at all."""

from __future__ import annotations

from random import Random

from tenacity import RetryCallState

from ..deployment import finite
from ..errors import ConfigurationError
from .policy import Policy


def backoff_seconds(policy: Policy, *, retry: int, elapsed_seconds: float, rng: Random) -> float:
    """Seconds before retry number `retry` (0 for the first) on the same deployment.

    The default is `0.5 × 2^retry` plus a uniform 0 to 0.5 s; tenacity's `wait_*` object otherwise.
    """
    if policy.wait is None:
        seconds = 0.5 * 2.0 ** min(retry, 30) + 0.5 * rng.random()
    else:
        try:
            seconds = float(policy.wait(_state(retry, elapsed_seconds)))
        except (TypeError, ValueError) as error:
            raise ConfigurationError("policy.wait: did not return seconds") from error
        finite("policy.wait", seconds)
    return min(seconds, policy.longest_backoff_seconds)


def may_retry(policy: Policy, *, attempts: int, elapsed_seconds: float) -> bool:
    """Whether tenacity's `stop_*` object, if there is one, lets the call go on."""
    return policy.stop is None or not policy.stop(_state(attempts - 1, elapsed_seconds))


def _state(retry: int, elapsed_seconds: float) -> RetryCallState:
    """tenacity's view of a call, outside its own loop, so that its policies can be asked."""
    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # no loop, no function
    state.attempt_number = retry + 1
    state.start_time = 0.0
    state.outcome_timestamp = elapsed_seconds
    return state

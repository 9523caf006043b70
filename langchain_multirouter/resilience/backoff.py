"""Backoff: how long to wait before a retry, and whether to retry at all."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from ..deployment import finite
from ..errors import ConfigurationError
from .policy import Policy

if TYPE_CHECKING:
    from tenacity import RetryCallState


def backoff_seconds(policy: Policy, *, retry: int, elapsed_seconds: float, rng: Random) -> float:
    """Seconds before retry number `retry` (0 for the first) on the same deployment.

    The default is `0.5 × 2^retry` plus a uniform 0 to 0.5 s; tenacity's `wait_*` object otherwise.

    Raises:
        ConfigurationError: the object raised, or gave no seconds.
    """
    if policy.wait is None:
        seconds = 0.5 * 2.0 ** min(retry, 30) + 0.5 * rng.random()
    else:
        try:
            seconds = float(policy.wait(_state(retry, elapsed_seconds)))
        except (TypeError, ValueError) as error:
            raise ConfigurationError("policy.wait: did not return seconds") from error
        except Exception as error:
            raise ConfigurationError(f"policy.wait: raised {type(error).__name__}") from error
        finite("policy.wait", seconds)
    return min(seconds, policy.longest_backoff_seconds)


def may_retry(policy: Policy, *, attempts: int, elapsed_seconds: float) -> bool:
    """Whether tenacity's `stop_*` object, if there is one, lets the call go on.

    Raises:
        ConfigurationError: the object raised.
    """
    if policy.stop is None:
        return True
    try:
        return not policy.stop(_state(attempts - 1, elapsed_seconds))
    except Exception as error:
        raise ConfigurationError(f"policy.stop: raised {type(error).__name__}") from error


def _state(retry: int, elapsed_seconds: float) -> RetryCallState:
    """tenacity's view of a call, outside its own loop, so that its policies can be asked."""
    from tenacity import RetryCallState  # takes a while to import, and few policies are its own

    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # no loop, no function
    state.attempt_number = retry + 1
    state.start_time = 0.0
    state.outcome_timestamp = elapsed_seconds
    return state


def longest_wait_seconds(policy: Policy, asked_seconds: float | None) -> float:
    """How long a call waits for a cooldown, for headroom, or for a provider's hint."""
    allowed = policy.longest_wait_seconds
    return allowed if asked_seconds is None else min(asked_seconds, allowed)

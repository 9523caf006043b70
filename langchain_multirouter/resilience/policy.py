"""Policy: the numbers that govern resilience, in one frozen, validated value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..deployment import finite, refuse_asynchronous
from ..errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Numbers for retries, waits, breakers and cooldowns; the defaults suit most fleets.

    Args:
        wait: How long before a retry: one of tenacity's `wait_*` objects, or None for the default,
            `0.5 × 2^retry` plus up to 0.5 s of the router's own seeded jitter.
        stop: When a call makes no more retries, beside `max_retries` and `max_attempts`: one of
            tenacity's `stop_*` objects.
        longest_backoff_seconds: No retry waits longer than this, unless the provider asked for it.
        longest_wait_seconds: The longest a call waits for a deployment that is in cooldown, or for
            a hint of the provider, before it gives up on it.
        after_finish_seconds: How long a stream may stay silent after its finish reason came, for
            the usage that follows it, before it counts as complete.
        breaker_failures: Consecutive failures that open a deployment's breaker.
        breaker_rate: Failure rate that opens it, once `breaker_least` attempts lie in the window.
        breaker_least: See `breaker_rate`.
        breaker_window_seconds: Time constant of the window: older attempts count 1/e.
        open_seconds: How long the breaker stays open at first; doubles with every failed probe.
        longest_open_seconds: The longest it stays open after failures.
        longest_disabled_seconds: The longest it stays open after authentication or missing models.
        longest_cooldown_seconds: The longest cooldown without a provider's hint.
        retry_ratio: Retries and hedges that each call of a deployment earns it (see `budget`).
        retry_burst: The most of them that can be saved up.
        retries_per_second: So many a deployment may have whatever its traffic.
        trickle_per_second: While all are out, so many attempts pass at each deployment all the
            same; 0 for none.
        most_orphans: No hedge goes to a deployment with so many attempts that were left and whose
            threads still run: some SDKs cannot be interrupted.
        ramp_seconds: A deployment whose breaker closes gets its share back over so many seconds.

    The breaker's defaults are those of Finagle's failure accrual (5 consecutive failures) and
    Envoy's outlier detection, scaled to calls that take seconds.
    """

    wait: Any = None
    stop: Any = None
    longest_backoff_seconds: float = 8.0
    longest_wait_seconds: float = 30.0
    after_finish_seconds: float = 2.0
    breaker_failures: int = 5
    breaker_rate: float = 0.5
    breaker_least: int = 10
    breaker_window_seconds: float = 30.0
    open_seconds: float = 5.0
    longest_open_seconds: float = 30.0
    longest_disabled_seconds: float = 900.0
    longest_cooldown_seconds: float = 60.0
    retry_ratio: float = 0.1
    retry_burst: float = 10.0
    retries_per_second: float = 0.5
    trickle_per_second: float = 2.0
    ramp_seconds: float = 10.0
    most_orphans: int = 16

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in {"wait", "stop"}:
                _refuse_asynchronous(field.name, value)
                continue
            if value is None:
                raise ConfigurationError(f"policy.{field.name}: must be a number")
            finite(f"policy.{field.name}", value)
        if self.breaker_failures < 1 or self.breaker_least < 1:
            raise ConfigurationError("policy: breaker_failures and breaker_least must be 1 or more")


def _refuse_asynchronous(name: str, value: Any) -> None:
    if value is None:
        return
    if not callable(value):
        raise ConfigurationError(f"policy.{name}: must be one of tenacity's {name}_* objects")
    refuse_asynchronous(f"policy.{name}", value)

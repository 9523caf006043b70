"""Budget: what retries and hedges may add to a deployment's calls, in tokens.

A token bucket as gRPC's retry throttling (proposal A6: `maxTokens`, `tokenRatio`) with Finagle's
floor (`RetryBudget.minRetriesPerSec`): every attempt that is neither deposits `retry_ratio`, a
retry or hedge withdraws 1, and `retries_per_second` drip in, so that low traffic can always retry.
Deposits are read off the deployment's count of attempts when somebody asks: a call that needs no
retry pays nothing for them. A first attempt at another deployment spends none: it is no
amplification there, and every deployment is asked for the first time once in a call.
"""

from __future__ import annotations

from typing import NamedTuple

from .policy import Policy


class Budget(NamedTuple):
    """Tokens, when they were counted, and how many attempts had been started by then."""

    tokens: float | None = None  # None: never used, and full
    at: float = 0.0
    started: int = 0


def available(budget: Budget, policy: Policy, now: float, *, started: int) -> float:
    """The tokens there are now; `started` are the deployment's attempts so far."""
    if budget.tokens is None:
        return policy.retry_burst
    earned = policy.retry_ratio * max(0, started - budget.started)
    dripped = policy.retries_per_second * max(0.0, now - budget.at)
    return min(policy.retry_burst, budget.tokens + earned + dripped)


def withdraw(budget: Budget, policy: Policy, now: float, *, started: int) -> Budget | None:
    """One token less, or None where there is none; the attempt it pays for deposits nothing."""
    tokens = available(budget, policy, now, started=started)
    if tokens < 1.0:
        return None
    # Callers at the same time come in any order, and before what others paid for has begun.
    return Budget(tokens - 1.0, max(now, budget.at), max(started, budget.started) + 1)

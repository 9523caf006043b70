"""Events: what happened, as frozen values; names, numbers and causes, no text of anybody's.

A call's story: `Ranked`, then for each attempt `AttemptStarted` (before it `Retried`, `FellBack` or
`Hedged`, where it is not the first) and `AttemptEnded`, then `CallEnded`. Between them, and between
calls: what happened to a deployment, a budget, a quota or a cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..outcome import AttemptRecord
from .record import CallRecord


class Considered(NamedTuple):
    """One candidate as a decision saw it; with all others, enough to make the decision again.

    Args:
        deployment: Its name.
        parts: Its score's parts, in the order of `Ranked.parts`.
        usd: What the request was expected to cost there; None where the price is unknown.
        seconds: What an answer usually took there; None before there was one.
        readiness: 0 ready, 2 in cooldown, 3 out.
        share: Of a deployment that has just healed, its part of the calls; else None.
        other_provider: Whether another provider was preferred.
        level: Its fallback level.
        started: The attempts ever begun there.
        pending: Those that were under way.
        heard_at: When one last ended, by the process' monotonic clock.
    """

    deployment: str
    parts: tuple[float, ...]
    usd: float | None
    seconds: float | None
    readiness: int
    share: float | None
    other_provider: bool
    level: int
    started: int
    pending: int
    heard_at: float


class Ranked(NamedTuple):
    """A call's candidates were ordered.

    Args:
        call: The call's number in its router.
        strategy: Who ordered them.
        task_type: What was asked for.
        order: Their names, the first to be asked first.
        scores: Name → score, the higher the better.
        removed: Name → what kept it out, and why.
        picker: How the order was made of the scores (`routing.pickers`).
        parts: The names of a score's parts.
        weights: What each part counts; a score is the weighted sum.
        considered: Those that nothing kept out, in the caller's order.
        draws: The random numbers, in 0 to 1, that were drawn for it.
        decision_seconds: From the ranking's beginning until the first attempt was to begin.
    """

    call: int
    strategy: str
    task_type: str | None
    order: tuple[str, ...]
    scores: Mapping[str, float]
    removed: Mapping[str, str]
    picker: str = ""
    parts: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    considered: tuple[Considered, ...] = ()
    draws: tuple[float, ...] = ()
    decision_seconds: float | None = None


class AttemptStarted(NamedTuple):
    """An attempt begins; `number` is 1 for the call's first."""

    call: int
    number: int
    deployment: str
    provider: str
    model: str


class AttemptEnded(NamedTuple):
    """An attempt ended: "success", "failure" or "cancelled"."""

    call: int
    number: int
    attempt: AttemptRecord


class Retried(NamedTuple):
    """The same deployment is tried again."""

    call: int
    deployment: str
    number: int


class FellBack(NamedTuple):
    """Another deployment is tried."""

    call: int
    failed: str
    deployment: str
    number: int


class Hedged(NamedTuple):
    """A second copy goes to another deployment, since the first is slow."""

    call: int
    slow: str
    deployment: str
    number: int


class Interrupted(NamedTuple):
    """A stream broke off after a part of the answer had reached the caller."""

    call: int
    deployment: str
    number: int
    cause: str


class CallEnded(NamedTuple):
    """A call ended, answered or not; `is_check` where it was a health check's own."""

    record: CallRecord
    is_check: bool = False


class HealthChanged(NamedTuple):
    """A deployment's breaker opened or closed."""

    deployment: str
    healthy: bool
    cause: str | None


class Paused(NamedTuple):
    """Nothing more is sent to a deployment."""

    deployment: str


class Resumed(NamedTuple):
    """A pause was undone."""

    deployment: str


class BudgetReached(NamedTuple):
    """A budget would not pay for a call.

    Args:
        call: The call's number; None where it was refused before it had one.
        budget: The budget's name.
        key_digest: A digest of whose it is, where it is one of a key's; never the key.
        left_usd: What was left.
        wanted_usd: What the call would have reserved.
        action: What was done: "refused", "cheaper".
    """

    call: int | None
    budget: str
    key_digest: str | None
    left_usd: float
    wanted_usd: float | None
    action: str


class QuotaWaited(NamedTuple):
    """A call waited for a deployment's quota: "requests" or "tokens"."""

    call: int
    deployment: str
    quota: str
    seconds: float


class QuotaReached(NamedTuple):
    """A deployment's quota has nothing left for a call, for so many seconds."""

    call: int
    deployment: str
    quota: str
    seconds: float


class CacheHit(NamedTuple):
    """A cache answered: "exact", "semantic" or "last_resort"; `deployment` had, when it was new."""

    call: int
    kind: str
    deployment: str | None
    saved_usd: float | None


class CacheMissed(NamedTuple):
    """No cache had an answer."""

    call: int


class CacheFailed(NamedTuple):
    """A cache could not be asked, or not be told; the call went on without it."""

    call: int
    cause: str


Happening = (
    Ranked
    | AttemptStarted
    | AttemptEnded
    | Retried
    | FellBack
    | Hedged
    | Interrupted
    | CallEnded
    | HealthChanged
    | Paused
    | Resumed
    | BudgetReached
    | QuotaWaited
    | QuotaReached
    | CacheHit
    | CacheMissed
    | CacheFailed
)

"""Events: what happened, as frozen values; names, numbers and causes, no text of anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Ranked(NamedTuple):
    """A call's candidates were ordered."""

    call: int
    strategy: str
    task_type: str | None
    order: tuple[str, ...]
    scores: Mapping[str, float]
    removed: Mapping[str, str]


class AttemptFailed(NamedTuple):
    """An attempt failed."""

    call: int
    deployment: str
    number: int
    cause: str
    code: str | None
    seconds: float


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


class Succeeded(NamedTuple):
    """The call was answered."""

    call: int
    deployment: str
    attempts: int
    seconds: float
    cost_usd: float | None


class GaveUp(NamedTuple):
    """The call ended without an answer, or in the middle of one."""

    call: int
    cause: str
    attempts: int
    seconds: float


class HealthChanged(NamedTuple):
    """A deployment's breaker opened or closed."""

    deployment: str
    healthy: bool
    cause: str | None


Happening = (
    Ranked | AttemptFailed | Retried | FellBack | Hedged | Succeeded | GaveUp | HealthChanged
)

"""Record: one call that has ended, as a value: what analytics, sinks and the journal go by."""

from __future__ import annotations

from typing import NamedTuple

from ..outcome import AttemptRecord


class CallRecord(NamedTuple):
    """One call that has ended; names and numbers, no text of anybody's.

    Args:
        call: Its number in the router.
        at: When it ended: the monotonic clock's seconds, or, read from a journal, the epoch's.
        strategy: Who ordered the candidates.
        task_type: What was asked for.
        deployment: Who answered; None where nobody did.
        cause: Why nobody did.
        attempts: What was tried, in order.
        seconds: What the whole call took.
        candidates: How many deployments could have served it.
        streamed: Whether the answer was handed over in chunks.
        cached: Which cache answered ("exact", "semantic", "last_resort"); nobody was asked then.
        saved_usd: What the answer from the cache would have cost.
        removed_by: The filters that left nobody to ask ("max_cost"), where that is why.
    """

    call: int
    at: float
    strategy: str
    task_type: str | None
    deployment: str | None
    cause: str | None
    attempts: tuple[AttemptRecord, ...]
    seconds: float
    candidates: int
    streamed: bool
    cached: str | None = None
    saved_usd: float | None = None
    removed_by: tuple[str, ...] = ()

    @property
    def cost_usd(self) -> float | None:
        """What all of its attempts cost, as far as it is known; None where nothing is."""
        known = [attempt.cost_usd for attempt in self.attempts if attempt.cost_usd is not None]
        return sum(known) if known else None

    @property
    def estimated_usd(self) -> float:
        """What those of its attempts that were not counted may be billed, as it is guessed."""
        return sum(attempt.estimated_usd or 0.0 for attempt in self.attempts)

"""In flight: the attempts of one call that are under way at the same time, where it may hedge.

A hedge is an early second copy (Dean and Barroso, The tail at scale, 2013): when the first has
taken longer than most of its kind, another deployment is asked as well, and the first answer wins.
"""

from __future__ import annotations

from .candidate import Candidate
from .progress import Progress, sooner
from .request import Request
from .steps import Chunk, Ended, Event
from .telemetry.stats import percentile

#: The part of a deployment's own times that a hedge waits for where no seconds are given, and how
#: many of them have to be known.
USUAL_SHARE, LEAST_TIMES = 0.95, 20


class Flight:
    """The attempts under way, the first one first; known to their own call alone."""

    __slots__ = ("attempts", "hedge_at")

    def __init__(self, first: Progress, hedge_at: float | None) -> None:
        self.attempts = [first]
        self.hedge_at = hedge_at

    def until(self, after_finish_seconds: float) -> float | None:
        """When the next limit runs out, or a hedge is due."""
        until = self.hedge_at
        for attempt in self.attempts:
            until = sooner(until, attempt.until(after_finish_seconds))
        return until

    def due(self, event: Event) -> bool:
        """Whether it is time for a hedge: nothing else happened until then."""
        if self.hedge_at is None or isinstance(event, Chunk | Ended):
            return False
        return event.now >= self.hedge_at

    def concerned(self, event: Event, after_finish_seconds: float) -> Progress:
        """Whom the event is about; where time ran out, whose limit it was."""
        if isinstance(event, Chunk | Ended):
            return next(attempt for attempt in self.attempts if attempt.id == event.id)
        return min(self.attempts, key=lambda a: a.until(after_finish_seconds) or float("inf"))

    def goes_on_without(self, attempt: Progress) -> bool:
        """It has ended; whether others are still under way. No further hedge is made."""
        self.attempts.remove(attempt)
        self.hedge_at = None
        return bool(self.attempts)

    def others(self, winner: Progress) -> list[Progress]:
        """Everybody but the winner, who flies alone from now on."""
        losers = [attempt for attempt in self.attempts if attempt is not winner]
        self.attempts = [winner]
        self.hedge_at = None
        return losers


def hedge_time(request: Request, latest: Candidate, now: float) -> float | None:
    """When a second copy of an attempt that begins now is due; None for never.

    Who has too few times to tell what is usual is not hedged.
    """
    if not request.hedge:
        return None
    if request.hedge is not True:
        return now + request.hedge
    measured = latest.stats.measured
    times = measured.first_token_times if request.streamed else measured.times
    usual = percentile(times, USUAL_SHARE) if len(times) >= LEAST_TIMES else None
    return None if usual is None else now + usual

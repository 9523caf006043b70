"""Ending: how a call ends, as the one error of it or as the truth about its answer."""

from __future__ import annotations

from collections.abc import Sequence

from .candidate import Candidate
from .errors import RouterError, StreamInterruptedError, all_failed, no_candidate
from .outcome import AttemptRecord, Cause, Failure, dominant
from .routing.strategy import Ranking


def nobody_asked(ranking: Ranking, latest: Sequence[Candidate], now: float) -> RouterError:
    """Nothing was sent: everybody was removed, or is out just now."""
    standing = [latest[candidate.number] for candidate in ranking.order]
    out = {candidate.deployment.name: candidate.why_out(now) for candidate in standing}
    back = min((candidate.back_at for candidate in standing if not candidate.paused), default=None)
    again = None if back is None else max(0.0, back - now)
    removed = {**ranking.removed, **out}
    return no_candidate(removed, note=" just now", retry_after_seconds=again)


def broken_off(
    name: str, failure: Failure, tried: Sequence[AttemptRecord]
) -> StreamInterruptedError:
    """The stream ended after a part of it was delivered; the part is the driver's to add."""
    return StreamInterruptedError(
        f"The stream from {name} broke off after part of the answer was delivered "
        f"({failure.described()}).",
        None,
        tried,
        failure.cause,
    )


def nobody_answered(
    tried: Sequence[AttemptRecord],
    failures: Sequence[Failure],
    *,
    cause: Cause | None,
    deadline_seconds: float | None,
) -> RouterError:
    """Everything failed; of the dominant cause if none is given.

    Args:
        tried: The attempts.
        failures: What came of them.
        cause: Why, where one failure decided it.
        deadline_seconds: The call's deadline, where it has passed.
    """
    head = "All attempts failed"
    if deadline_seconds is not None:
        cause = cause or Cause.TIMEOUT
        head = f"The deadline of {deadline_seconds:g} s passed"
    return all_failed(head, tried, failures, cause or dominant(failures))

"""History: the last calls of a router, kept as they ended and made into records when looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from .record import CallRecord

#: So many calls are kept, whatever the traffic; about 1 KB each.
KEPT_CALLS: Final = 10_000

#: The fields of an `Answered` without its ranking, which holds everybody's statistics.
Told = tuple[Any, ...]
#: A call that was answered and whether it streamed, or any other end of one.
Ending = tuple[Told, bool] | CallRecord


class History:
    """The latest calls; no text of anybody's.

    Adding one is a `deque.append`, which needs no lock and costs a tenth of a microsecond.

    Args:
        most: How many are kept; older ones are forgotten.
    """

    __slots__ = ("_kept", "keep")

    def __init__(self, most: int = KEPT_CALLS) -> None:
        self._kept: deque[Ending] = deque(maxlen=most)
        #: Keeps one call more.
        self.keep: Callable[[Ending], None] = self._kept.append

    def __len__(self) -> int:
        return len(self._kept)

    def records(self, *, ahead_seconds: float = 0.0) -> tuple[CallRecord, ...]:
        """The calls in the order in which they ended.

        Args:
            ahead_seconds: What is added to the monotonic clock's seconds: to get the epoch's, how
                far those are ahead.
        """
        kept = self._copied()
        records = [one if isinstance(one, CallRecord) else record_of(*one) for one in kept]
        return tuple(record._replace(at=record.at + ahead_seconds) for record in records)

    def _copied(self) -> list[Ending]:
        """All of them, while other threads go on adding."""
        while True:
            try:
                return list(self._kept)
            except RuntimeError:  # one was added while the copy was made
                continue


def record_of(answered: Told, streamed: bool, call: int = -1) -> CallRecord:
    """A call that was answered, as a record; -1 for a number that was not kept."""
    deployment, strategy, task, candidates, started, ended, attempts = answered[1:8]
    told = (call, ended, strategy, task, deployment.name, None, attempts, ended - started)
    return CallRecord(*told, candidates, streamed)

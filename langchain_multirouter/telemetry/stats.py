"""Stats: one deployment's counts, as a value; `started` is always the sum of the other four."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Stats(NamedTuple):
    """Attempts at one deployment since the router was made."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    pending: int = 0
    causes: Mapping[str, int] = {}  # cause → failures; replaced, never changed

    @property
    def started(self) -> int:
        """All attempts ever begun."""
        return self.succeeded + self.failed + self.cancelled + self.pending

    def public(self) -> dict[str, Any]:
        """For people and programs."""
        return {
            "started": self.started,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "pending": self.pending,
            "causes": dict(self.causes),
        }


def begun(stats: Stats) -> Stats:
    """An attempt began."""
    succeeded, failed, cancelled, pending, causes = stats
    return Stats(succeeded, failed, cancelled, pending + 1, causes)


def success(stats: Stats) -> Stats:
    """A pending attempt succeeded."""
    succeeded, failed, cancelled, pending, causes = stats
    return Stats(succeeded + 1, failed, cancelled, pending - 1, causes)


def failure(stats: Stats, cause: str) -> Stats:
    """A pending attempt failed."""
    causes = {**stats.causes, cause: stats.causes.get(cause, 0) + 1}
    return stats._replace(pending=stats.pending - 1, failed=stats.failed + 1, causes=causes)


def cancellation(stats: Stats) -> Stats:
    """A pending attempt was left without an outcome of its own."""
    return stats._replace(pending=stats.pending - 1, cancelled=stats.cancelled + 1)

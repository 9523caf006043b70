"""Repeats: calls that layers around the router make once more, each of which may cost all again.

with_retry()   LangChain tags the runs that it repeats, with their number
RetryPolicy    LangGraph counts the attempts of a node
the caller     a request is made again soon after it failed; whoever does it leaves no other sign
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WITH_RETRY = "LangChain's with_retry()"
RETRY_POLICY = "LangGraph's RetryPolicy"
CALLER = "a caller who asks again after a failure"

#: A request that failed is known again for so long, and so many of them are.
REMEMBERED_SECONDS = 120.0
REMEMBERED = 64


class Repeat(NamedTuple):
    """One call that is made again.

    Args:
        layer: By whom.
        times: How often it has been made by now: 2 for the first repetition.
    """

    layer: str
    times: int

    @property
    def note(self) -> str:
        """For the answer's metadata."""
        return f"repeated by {self.layer}: time {self.times}"


class Wrapping(NamedTuple):
    """A layer that has repeated calls of a router.

    Args:
        layer: Who.
        calls: How many of its calls were repetitions.
        times: The most times that it made one call.
    """

    layer: str
    calls: int
    times: int

    def __str__(self) -> str:
        return f"times {self.times} by {self.layer}"


class Repeats:
    """What a router knows of those who repeat its calls; guarded by its fleet's lock."""

    __slots__ = ("failed", "wrappings")

    def __init__(self) -> None:
        self.failed: dict[int, tuple[float, int]] = {}  # identity → when, and how often by then
        self.wrappings: dict[str, Wrapping] = {}

    def remember(self, identity: int, times: int, now: float) -> None:
        """A call failed."""
        self.failed.pop(identity, None)
        while len(self.failed) >= REMEMBERED:
            del self.failed[next(iter(self.failed))]
        self.failed[identity] = (now, times)

    def recognised(
        self, signs: Sequence[Repeat], identity: int | None, now: float
    ) -> tuple[Repeat, ...]:
        """Who repeats this call: those whose signs it bears, else the caller, where it failed."""
        while self.failed:  # the oldest comes first
            oldest = next(iter(self.failed))
            if now - self.failed[oldest][0] <= REMEMBERED_SECONDS:
                break
            del self.failed[oldest]
        known = None if identity is None else self.failed.pop(identity, None)
        if signs or known is None:
            return tuple(signs)
        return (Repeat(CALLER, known[1] + 1),)

    def count(self, repeats: Sequence[Repeat]) -> list[str]:
        """Count them; names the layers that had not been seen before."""
        new = []
        for layer, times in repeats:
            known = self.wrappings.get(layer)
            if known is None:
                new.append(layer)
                known = Wrapping(layer, 0, 0)
            self.wrappings[layer] = Wrapping(layer, known.calls + 1, max(known.times, times))
        return new

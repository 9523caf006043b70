"""Progress: one attempt under way, as the flow sees it: its permit, its limits, what came of it."""

from __future__ import annotations

from .agenda import Choice
from .economics.price import Usage
from .fleet import Permit
from .request import Limits
from .telemetry.stats import Sample


class Progress:
    """One attempt under way; mutable, and known to its own call alone."""

    __slots__ = (
        "content", "deployment", "finished", "first_token_seconds", "id", "last", "limits",
        "permit", "price", "started", "usage",
    )  # fmt: skip

    def __init__(self, id: int, choice: Choice, permit: Permit, limits: Limits, now: float) -> None:
        self.id = id
        self.deployment = choice.candidate.deployment
        self.price = choice.candidate.facts.price
        self.usage: Usage | None = None
        self.first_token_seconds: float | None = None
        self.permit = permit
        self.limits = limits
        self.started = now
        self.last = now
        self.content = False
        self.finished = False

    def sample(self, now: float) -> Sample:
        """What its success adds to the statistics."""
        usage, price = self.usage, self.price
        return Sample(
            max(0.0, now - self.started),
            self.first_token_seconds,
            None if usage is None else usage.input_tokens,
            None if usage is None else usage.output_tokens,
            None if usage is None or price is None else price.cost_usd(usage),
        )

    def until(self, after_finish_seconds: float) -> float | None:
        """When the next of its limits runs out."""
        limits = self.limits
        if self.finished:
            return self.last + after_finish_seconds
        silence = limits.idle if self.content else limits.first_token
        since = self.last if self.content else self.started
        return sooner(
            None if silence is None else since + silence,
            None if limits.whole is None else self.started + limits.whole,
        )


def sooner(one: float | None, other: float | None) -> float | None:
    """The earlier of two times, either of which may be none."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)

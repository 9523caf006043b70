"""Story: one call's events, gathered as they happen and handed over at the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..outcome import AttemptRecord
from ..values import new
from .events import (
    AttemptEnded,
    AttemptStarted,
    FellBack,
    Happening,
    HealthChanged,
    Hedged,
    Interrupted,
    Retried,
)


class Untold(Protocol):
    """What becomes an event when somebody asks for it."""

    def event(self) -> Happening:
        """The event."""


#: What happened: events, and such as are yet to be made.
Happened = tuple[Happening | Untold, ...]


def event_of(one: Happening | Untold) -> Happening:
    """The event, which is made now where it was not."""
    make = getattr(one, "event", None)
    return one if make is None else make()  # type: ignore[return-value]


class Listening(Protocol):
    """Whoever is told what happens in a call; never raises, never waits."""

    def tell(self, happened: Happened) -> None:
        """So much has happened since the last time."""

    def clock(self) -> float:
        """The monotonic clock's seconds."""


class Story:
    """What happened in one call; it costs nothing in a call that nobody listens to."""

    __slots__ = ("call", "happened", "listening", "told")

    def __init__(self, call: int, listening: Listening | None) -> None:
        self.call = call
        self.listening = listening
        self.told = listening is not None
        self.happened: list[Happening | Untold] = []

    @classmethod
    def of(cls, call: int, listening: Listening | None) -> Story:
        """The call's own, or the one that stays empty."""
        return SILENT if listening is None else cls(call, listening)

    def add(self, happening: Happening | Untold) -> None:
        """Something happened that is told at the next step."""
        if self.told:
            self.happened.append(happening)

    def begins(self, deployment: Any, number: int, tried: Sequence[AttemptRecord]) -> None:
        """An attempt at this deployment begins: the first, one more, or one elsewhere."""
        name = deployment.name
        if tried:
            last = tried[-1].deployment
            if last == name:
                self.happened.append(Retried(self.call, name, number))
            else:
                self.happened.append(FellBack(self.call, last, name, number))
        self._started(deployment, number)

    def hedged(self, slow: str, deployment: Any, number: int) -> None:
        """A second copy begins elsewhere."""
        if self.told:
            self.happened.append(Hedged(self.call, slow, deployment.name, number))
            self._started(deployment, number)

    def _started(self, deployment: Any, number: int) -> None:
        whose = (deployment.name, deployment.provider, deployment.model_name)
        self.happened.append(new(AttemptStarted, (self.call, number, *whose)))

    def attempt_ended(self, number: int, attempt: AttemptRecord) -> None:
        """An attempt ended, however it did."""
        if self.told:
            self.happened.append(new(AttemptEnded, (self.call, number, attempt)))

    def health(self, changed: HealthChanged | None) -> None:
        """A breaker opened or closed, or did not."""
        if self.told and changed is not None:
            self.happened.append(changed)

    def interrupted(self, deployment: str, number: int, cause: str) -> None:
        """A stream broke off after a part was delivered."""
        if self.told:
            self.happened.append(Interrupted(self.call, deployment, number, cause))

    def handed_over(self) -> Happened:
        """What was not told yet."""
        happened = tuple(self.happened)
        self.happened.clear()
        return happened

    def told_at_once(self) -> None:
        """Tell what was not told yet without a step: the call takes none any more."""
        if self.listening is not None and self.happened:
            self.listening.tell(self.handed_over())


#: Of all calls that nobody listens to.
SILENT = Story(0, None)

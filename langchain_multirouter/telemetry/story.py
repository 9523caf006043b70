"""Story: one call's events, gathered as they happen and handed over at the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..outcome import AttemptRecord
from .events import (
    AttemptFailed,
    FellBack,
    GaveUp,
    Happening,
    HealthChanged,
    Hedged,
    Ranked,
    Retried,
    Succeeded,
)


class Story:
    """What happened in one call; it costs nothing in a call that nobody listens to."""

    __slots__ = ("call", "happened", "told")

    def __init__(self, call: int, *, told: bool) -> None:
        self.call = call
        self.told = told
        self.happened: list[Happening] = []

    @classmethod
    def of(cls, call: int, *, told: bool) -> Story:
        """The call's own, or the one that stays empty."""
        return cls(call, told=True) if told else SILENT

    def begins(self, name: str, tried: Sequence[AttemptRecord], ranked: Ranked | None) -> None:
        """An attempt at this deployment begins: the first, one more, or one elsewhere."""
        number = len(tried) + 1
        if ranked is not None:
            self.happened.append(ranked)
        elif tried[-1].deployment == name:
            self.happened.append(Retried(self.call, name, number))
        else:
            self.happened.append(FellBack(self.call, tried[-1].deployment, name, number))

    def hedged(self, slow: str, name: str, number: int) -> None:
        """A second copy begins elsewhere."""
        if self.told:
            self.happened.append(Hedged(self.call, slow, name, number))

    def failed(self, tried: Sequence[AttemptRecord], changed: HealthChanged | None) -> None:
        """The latest attempt failed, and perhaps opened the breaker."""
        if self.told:
            name, _, cause, code, seconds = tried[-1][:5]
            failed = AttemptFailed(self.call, name, len(tried), cause or "", code, seconds)
            self.happened.append(failed)
            self.health(changed)

    def health(self, changed: HealthChanged | None) -> None:
        """A breaker opened or closed, or did not."""
        if self.told and changed is not None:
            self.happened.append(changed)

    def succeeded(
        self, name: str, tried: Sequence[AttemptRecord], seconds: float, cost_usd: float | None
    ) -> None:
        """The call was answered."""
        if self.told:
            self.happened.append(Succeeded(self.call, name, len(tried), seconds, cost_usd))

    def gave_up(self, cause: str, tried: Sequence[AttemptRecord], seconds: float) -> None:
        """The call ended without an answer, or in the middle of one."""
        if self.told:
            self.happened.append(GaveUp(self.call, cause, len(tried), seconds))

    def handed_over(self) -> Iterator[Happening]:
        """What was not told yet."""
        while self.happened:
            yield self.happened.pop(0)


#: Of all calls that nobody listens to.
SILENT = Story(0, told=False)

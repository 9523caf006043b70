"""A sink that keeps what it is told, and small ways to look at it."""

from __future__ import annotations

from typing import Any

from langchain_multirouter.telemetry.audience import Told
from langchain_multirouter.telemetry.events import Happening


class Heard:
    """Keeps all events, in the call."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def take(self, told: Told) -> None:
        self.told.append(told)

    @property
    def events(self) -> list[Happening]:
        return [event for told in self.told for event in told.events()]

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

"""The wire log: what really arrived and what was really sent, whatever a client makes of it."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_multirouter.emulator.ask import Operation
from langchain_multirouter.emulator.faults import FaultKind


@dataclass(frozen=True, slots=True)
class WireEntry:
    """One request. Times are of `time.monotonic`; `ended` is None while it is under way.

    `completed`: all of a model's answer was written, which is when a cloud would charge for the
    tokens. Of the input, `cached_tokens` were read from the service's prompt cache, and
    `written_tokens` written to it. `status` is None if no header was sent.
    """

    number: int
    provider: str
    model: str
    operation: Operation
    started: float
    ended: float | None = None
    status: int | None = None
    fault: FaultKind | None = None
    completed: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    client_closed: bool = False
    cached_tokens: int = 0
    written_tokens: int = 0
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


class WireLog:
    """The latest entries, in order of arrival; safe to read from any thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._entries: OrderedDict[int, WireEntry] = OrderedDict()

    def add(self, entry: WireEntry) -> None:
        with self._lock:
            self._entries[entry.number] = entry
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)

    def settle(self, number: int, **changes: Any) -> None:
        """Changes an entry, unless it has been cleared or crowded out."""
        with self._lock:
            if (entry := self._entries.get(number)) is not None:
                self._entries[number] = replace(entry, **changes)

    def entries(self) -> tuple[WireEntry, ...]:
        with self._lock:
            return tuple(self._entries.values())

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

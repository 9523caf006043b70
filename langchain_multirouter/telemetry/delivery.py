"""Delivery: a bounded queue and a daemon thread, between the calls and a sink that takes its time.

The calls' side appends to a deque and wakes the thread if it sleeps: less than a microsecond. The
thread lets some time pass before it looks, so that it works in batches, and between batches it
gives the interpreter back. What finds the queue full is dropped and counted. A thread with nothing
to do for a while ends, and the next event starts another one.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

from ..forks import tell_when_forked
from .sinks import remark

#: Entries that may wait; a call makes two, of a few kilobytes.
MOST_WAITING = 4096
#: How long events gather before they are delivered, and how many are delivered at once.
GATHERING_SECONDS, BATCH = 0.05, 64
#: A thread with nothing to do ends after so long.
IDLE_SECONDS = 30.0
#: All deliveries together may keep a process that ends for so long.
FAREWELL_SECONDS = 2.0

_KNOWN: WeakSet[Delivery] = WeakSet()


class Delivery:
    """What goes to one sink, in order, one batch at a time.

    Args:
        name: The thread's.
        deliver: Takes a batch, in the thread; what it raises is counted, and remarked upon once.
        most_waiting: Entries that may wait; what comes when there are so many is dropped.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[Sequence[Any]], None],
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._name = f"langchain_multirouter {name}"
        self._deliver = deliver
        self._most = most_waiting
        self.closed = False
        self.dropped = 0  # entries that found the queue full, or closed
        self.failed = 0  # times that the sink raised
        self.forked()
        tell_when_forked(self)
        _KNOWN.add(self)
        # Once more, and so before whatever was registered until now: a sink's own goes after it.
        atexit.unregister(_farewell)
        atexit.register(_farewell)

    def forked(self) -> None:
        """A queue and a thread of this process' own: what waited is the parent's to deliver."""
        self._waiting: deque[Any] = deque()
        self._lock = threading.Lock()
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._asleep = True

    def take(self, entry: Any) -> None:
        """Deliver this later; drop it if too much waits."""
        waiting = self._waiting
        if len(waiting) >= self._most or self.closed:
            self.dropped += 1
            return
        waiting.append(entry)
        if self._asleep:
            self._rouse()

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was taken is delivered; whether it was, in time."""
        if threading.current_thread() is self._thread or not (self._waiting or self._thread):
            return True
        mark = _Mark()
        self._waiting.append(mark)
        try:
            self._rouse()
        except RuntimeError:  # no thread can be started: the process ends
            return False
        self._hurry.set()
        return mark.passed.wait(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Deliver what waits, and take no more; whether all was delivered in time."""
        self.closed = True
        return self.flush(timeout_seconds)

    def trouble(self, error: Exception) -> None:
        """The sink raised: it is counted, and remarked upon the first time."""
        self.failed += 1
        if self.failed == 1:
            remark("A sink failed (%s); its events may be lost.", type(error).__name__)

    def _rouse(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._asleep = False
            self._wake.set()

    def _run(self) -> None:
        waiting = self._waiting
        while True:
            self._asleep = True
            if not waiting and not self._wake.wait(self._patience) and self._ends():
                return
            self._asleep = False
            self._wake.clear()
            self._hurry.wait(GATHERING_SECONDS)
            self._hurry.clear()
            while waiting:
                self._deliver_some(waiting)
                time.sleep(0)  # the interpreter is the calls' first

    @property
    def _patience(self) -> float:
        return 0.0 if self.closed else IDLE_SECONDS

    def _ends(self) -> bool:
        """Whether nothing came in the last moment either."""
        with self._lock:
            if self._waiting or self._wake.is_set():
                return False
            self._thread = None
            return True

    def _deliver_some(self, waiting: deque[Any]) -> None:
        batch: list[Any] = []
        while waiting and len(batch) < BATCH:
            entry = waiting.popleft()
            if isinstance(entry, _Mark):
                self._try(batch)
                batch = []
                entry.passed.set()
            else:
                batch.append(entry)
        self._try(batch)

    def _try(self, batch: Sequence[Any]) -> None:
        if not batch:
            return
        try:
            self._deliver(batch)
        except Exception as error:
            self.trouble(error)


class _Mark:
    """Put behind what waits, to learn when that is delivered."""

    def __init__(self) -> None:
        self.passed = threading.Event()


def _farewell() -> None:
    """Deliver what waits when the process ends, as far as that does not take long."""
    until = time.monotonic() + FAREWELL_SECONDS
    for delivery in list(_KNOWN):
        delivery.flush(max(0.0, until - time.monotonic()))

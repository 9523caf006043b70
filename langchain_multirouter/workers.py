"""Workers: daemon threads that are kept for a while, since starting one costs more than routing.

Daemon threads, and no `ThreadPoolExecutor`, whose threads the interpreter waits for at its end: an
attempt that was left must not keep the process alive.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

Task = Callable[[], object]

#: So many may stand idle, each for so long.
MOST_IDLE, IDLE_SECONDS = 32, 2.0


class Workers:
    """Threads that run one task after the other; as many as there are tasks under way."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        """As new; in a forked child too, where no thread but the forking one lives on."""
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[Task]] = []

    @property
    def idle(self) -> int:
        """How many wait for a task."""
        return len(self._idle)

    def run(self, task: Task) -> None:
        """Begin the task in a thread that is idle, or in a new one; it must not raise."""
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is not None:
            inbox.put(task)
            return
        threading.Thread(
            target=self._work, args=(task,), name="multirouter-worker", daemon=True
        ).start()

    def _work(self, task: Task | None) -> None:
        inbox: queue.SimpleQueue[Task] = queue.SimpleQueue()
        while task is not None:
            task()
            task = None  # what it holds is not kept while nobody needs the thread
            with self._lock:
                if len(self._idle) >= MOST_IDLE:
                    return
                self._idle.append(inbox)
            task = self._next(inbox)

    def _next(self, inbox: queue.SimpleQueue[Task]) -> Task | None:
        """The next task, or None when it is time to end."""
        try:
            return inbox.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    return None
        return inbox.get()  # somebody took this thread at the last moment


WORKERS = Workers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKERS._reset)

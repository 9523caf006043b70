"""Patience: how long, and how often, one waits for somebody whose help is welcome and not needed.

Whatever he does, fail, hang or be slow, costs a bounded wait and is counted; after some failures in
a row he is left alone for a while, and so he is while too many threads hang in him.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Generic, TypeVar

from ..forks import tell_when_forked
from ..workers import WORKERS

Found = TypeVar("Found")

#: After so many failures in a row he is left alone, at first and at most for so many seconds.
MOST_FAILURES: Final = 3
FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 5.0, 60.0
#: So many threads may hang in him.
MOST_HANGING: Final = 4


class NoAnswerError(Exception):
    """He did not answer: he failed, took too long, or was left alone (then `asked` is false)."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__()
        self.asked = asked


class _Job(Generic[Found]):
    """A question in a thread: what came of it, and whether anybody waits for it."""

    def __init__(self, ask: Callable[[], Found]) -> None:
        self.found: list[Found] = []
        self.ended = False
        self.left = False
        self._ask = ask

    def do(self) -> None:
        try:
            self.found.append(self._ask())
        except Exception:  # noqa: S110  # whatever it is, nothing was found, and that is counted
            pass


class Patience:
    """Asks, and waits for so many seconds.

    Args:
        seconds: How long one question may take.
        clock: Monotonic, in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._rest_until = float("-inf")
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own; no thread of the parent's hangs here."""
        self._lock = threading.Lock()
        self._hanging = 0

    def ask(self, ask: Callable[[], Found]) -> Found:
        """What it returns, from a worker thread.

        Raises:
            NoAnswerError: It failed, it took too long, or nobody was asked.
        """
        self._admit()
        done = threading.Event()
        job = self._begin(ask, done.set)
        done.wait(self._seconds)
        return self._settled(job)

    async def ask_in_thread(self, ask: Callable[[], Found]) -> Found:
        """As `ask`, the loop going on meanwhile; no thread of the loop's own is used, since it
        would be waited for at the loop's end, however long it hangs."""
        self._admit()
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:  # the loop is closed: nobody waits any more
                pass

        job = self._begin(ask, tell)
        try:
            async with asyncio.timeout(self._seconds):
                await done.wait()
        except TimeoutError:
            pass
        except BaseException:
            self._leave(job)
            raise
        return self._settled(job)

    async def ask_async(self, ask: Callable[[], Awaitable[Found]]) -> Found:
        """What it returns, awaited here."""
        self._admit()
        try:
            async with asyncio.timeout(self._seconds):
                found = await ask()
        except Exception:
            self._failed()
            raise NoAnswerError(asked=True) from None
        self._succeeded()
        return found

    def _begin(self, ask: Callable[[], Found], tell: Callable[[], object]) -> _Job[Found]:
        job = _Job(ask)

        def task() -> None:
            job.do()
            with self._lock:
                job.ended = True
                self._hanging -= job.left
            tell()

        try:
            WORKERS.run(partial(contextvars.copy_context().run, task))
        except RuntimeError:  # the machine has no more threads: this is no reason to fail a call
            job.ended = True
            tell()
        return job

    def _settled(self, job: _Job[Found]) -> Found:
        self._leave(job)
        if not job.found:
            self._failed()
            raise NoAnswerError(asked=True)
        self._succeeded()
        return job.found[0]

    def _leave(self, job: _Job[Found]) -> None:
        with self._lock:
            job.left = not job.ended
            self._hanging += job.left

    def _admit(self) -> None:
        with self._lock:
            now = self._clock()
            if self._hanging >= MOST_HANGING or now < self._rest_until:
                raise NoAnswerError(asked=False)
            if self._failures >= MOST_FAILURES:
                self._rest(now)  # this one tries; the others wait for what comes of it

    def _succeeded(self) -> None:
        if self._failures:
            with self._lock:
                self._failures, self._rest_until = 0, float("-inf")

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._rest(self._clock())

    def _rest(self, now: float) -> None:
        doublings = min(self._failures - MOST_FAILURES, 10)
        self._rest_until = now + min(FIRST_REST_SECONDS * 2**doublings, LONGEST_REST_SECONDS)

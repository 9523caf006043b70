"""Sources: where attempts run, and how their next event is waited for.

InlineSource   sync, in the caller's thread; the SDK's own read timeout bounds a silence
AsyncSource    async, in the caller's task

Those of `races` run several attempts at once, in threads or tasks of their own.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from langchain_core.messages import BaseMessage

from .steps import Elapsed, Ended, Event, Start

Clock = Callable[[], float]


class Running(Protocol):
    """One attempt under way: what a source makes of it, and a driver takes from it."""

    id: int
    number: int
    call: Any
    result: Any
    chunks: deque[Any]
    left: bool
    lost: tuple[str, ...]

    @property
    def model(self) -> Any:
        """LangChain's object that is asked."""

    def events(self, clock: Clock) -> Iterator[Event]:
        """Make the attempt, in the thread that iterates."""

    def aevents(self, clock: Clock) -> AsyncIterator[Event]:
        """Make the attempt for a stream, in the task that iterates."""

    def answer(self, clock: Clock) -> Ended:
        """Make the attempt for a whole answer."""

    async def aanswer(self, clock: Clock) -> Ended:
        """Make the attempt for a whole answer."""

    def leave(self) -> None:
        """Nobody waits for it any more; said from another thread than the attempt's own."""

    def close(self) -> None:
        """Give the connection back."""

    async def aclose(self) -> None:
        """Give the connection back."""


class Attempts(Protocol):
    """What one call sends, whoever it is sent to: messages, or texts to embed."""

    @property
    def streamed(self) -> bool:
        """Whether the caller takes the answer in chunks."""

    @property
    def orphaned(self) -> Callable[[int, int], None] | None:
        """Told a deployment's number and one more, or one less, attempt that nobody waits for."""

    def begin(self, step: Start, said: Sequence[BaseMessage] = ()) -> Running:
        """Prepare an attempt, to go on from what was said; nothing is sent before its events."""


class Source(Protocol):
    """What the sync loops need of a source."""

    def start(self, step: Start, said: Sequence[BaseMessage] = ()) -> None:
        """Begin an attempt, which goes on from what was said, if anything was."""

    def cancel(self, id: int) -> None:
        """Leave an attempt."""

    def event(self, until: float | None) -> Event:
        """Wait for what happens next, at most until then."""

    def running(self, id: int) -> Running:
        """The attempt, with its chunks or its result."""

    def close(self) -> None:
        """Leave everything."""


class InlineSource:
    """Attempts run in the caller's thread, while it waits for their events."""

    def __init__(self, attempts: Attempts, clock: Clock = time.monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._running: Running | None = None
        self._following: Callable[[], Event] | None = None

    def start(self, step: Start, said: Sequence[BaseMessage] = ()) -> None:
        self._running = running = self._attempts.begin(step, said)
        if running.call.streamed:
            self._following = running.events(self._clock).__next__
        else:
            self._following = partial(running.answer, self._clock)

    def cancel(self, id: int) -> None:
        self.close()

    def event(self, until: float | None) -> Event:
        following = self._following
        if following is not None:
            event = following()
            if isinstance(event, Ended):
                self._following = None
            return event
        if until is not None:
            time.sleep(max(0.0, until - self._clock()))
        return Elapsed(self._clock())

    def running(self, id: int) -> Running:
        assert self._running is not None  # noqa: S101  # asked for only after its start
        return self._running

    def close(self) -> None:
        self._following = None
        if self._running is not None:
            self._running.close()


class AsyncSource:
    """Attempts run in the caller's task, one at a time; a limit cancels what is awaited.

    No timeout scope is open while a chunk is handed over. One timer serves a whole stream: it is
    armed once, and finds out when it rings whether the limit has moved on meanwhile
    (`asyncio.timeout` around every chunk costs more than the chunk).
    """

    def __init__(self, attempts: Attempts, clock: Clock = time.monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._running: Running | None = None
        self._events: AsyncIterator[Event] | None = None
        self._following: Callable[[], Awaitable[Event]] | None = None
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._waiting: asyncio.Task[Any] | None = None
        self._rang = False

    def start(self, step: Start, said: Sequence[BaseMessage] = ()) -> None:
        self._running = running = self._attempts.begin(step, said)
        if running.call.streamed:
            self._events = events = running.aevents(self._clock)
            self._following = events.__anext__
        else:
            self._following = partial(running.aanswer, self._clock)

    async def cancel(self, id: int) -> None:
        await self.close()

    async def event(self, until: float | None) -> Event:
        following = self._following
        if following is not None:
            event = await self._next(following, until)
            if isinstance(event, Ended):
                self._following = None
            return event
        if until is not None:
            await asyncio.sleep(max(0.0, until - self._clock()))
        return Elapsed(self._clock())

    async def _next(self, following: Callable[[], Awaitable[Event]], until: float | None) -> Event:
        """The attempt's next event, or `Elapsed` at `until`."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine runs in a task
        others = task.cancelling()
        self._waiting, self._until, self._rang = task, until, False
        if until is not None and (self._timer is None or until < self._timer_at):
            self._arm(until)
        try:
            event = await following()
        except asyncio.CancelledError:
            if self._rang:
                self._rang = False
                if task.uncancel() <= others:
                    return Elapsed(self._clock())
            raise
        finally:
            self._waiting = None
            if self._rang:  # and the attempt made something else of it
                task.uncancel()
        if task.cancelling() > others and not (isinstance(event, Ended) and event.failure):
            # An SDK lost it, as OpenAI's does in Python 3.11 where it meets a chunk. Of a failure
            # it may be the cause instead: some libraries' timeouts never take theirs back.
            raise asyncio.CancelledError
        return event

    def _arm(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = until
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, until - self._clock()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None or self._until is None:
            return
        if self._clock() < self._until:
            self._arm(self._until)
            return
        self._rang = True
        self._waiting.cancel()

    def running(self, id: int) -> Running:
        assert self._running is not None  # noqa: S101  # asked for only after its start
        return self._running

    async def close(self) -> None:
        self._following = None
        events, self._events = self._events, None
        if events is not None:
            await events.aclose()  # type: ignore[attr-defined]  # a generator
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._running is not None:
            await self._running.aclose()

"""Races: sources whose attempts run beside each other, and beside the caller who waits for them.

ThreadSource   sync, attempts in worker threads; every limit of the flow holds to the moment
TaskSource     async, attempts in tasks; those that no cancellation would end, in worker threads

An attempt that was left and whose thread still runs is an orphan: its deployment is told.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

from .sources import Attempts, Clock, Running
from .steps import Elapsed, Ended, Event, Start
from .workers import WORKERS

#: How long a cancelled attempt's farewell is waited for, in seconds.
FAREWELL_SECONDS = 1.0

Report = Callable[[int, "Event | BaseException"], object]


class Threads:
    """Attempts in worker threads, and the orphans among them."""

    def __init__(self, attempts: Attempts, clock: Clock, report: Report) -> None:
        self._clock = clock
        self._report = report
        self._orphaned = attempts.orphaned
        self._lock = threading.Lock()
        self._live: set[int] = set()

    def start(self, running: Running) -> None:
        """Make the attempt in a thread, with the context of its call."""
        self._live.add(running.id)
        WORKERS.run(partial(contextvars.copy_context().run, self._pump, running))

    def leave(self, running: Running) -> None:
        """Its later events are of no interest; it ends when it notices, or when its SDK does."""
        with self._lock:
            goes_on = not running.left and running.id in self._live
            running.left = True
            if goes_on and self._orphaned is not None:
                self._orphaned(running.number, 1)
        running.leave()

    def _pump(self, running: Running) -> None:
        try:
            for event in running.events(self._clock):
                if isinstance(event, Ended):
                    self._ended(running)
                self._report(running.id, event)
                if running.left:
                    break
        except BaseException as error:  # handed to the caller's thread, which raises it
            self._report(running.id, error)
        finally:
            self._ended(running)
            if running.left:
                running.close()

    def _ended(self, running: Running) -> None:
        with self._lock:
            if running.id not in self._live:
                return
            self._live.discard(running.id)
            if running.left and self._orphaned is not None:
                self._orphaned(running.number, -1)


class ThreadSource:
    """Attempts run in worker threads and report through a queue, so that a wait can end on time.

    One that was left goes on until the SDK's read timeout ends it.
    """

    def __init__(self, attempts: Attempts, clock: Clock = time.monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._queue: queue.SimpleQueue[tuple[int, Event | BaseException]] = queue.SimpleQueue()
        self._begun: dict[int, Running] = {}
        self._threads = Threads(attempts, clock, lambda *reported: self._queue.put(reported))

    def start(self, step: Start, said: Sequence[BaseMessage] = ()) -> None:
        self._begun[step.id] = running = self._attempts.begin(step, said)
        self._threads.start(running)

    def cancel(self, id: int) -> None:
        self._threads.leave(self._begun[id])

    def event(self, until: float | None) -> Event:
        while True:
            seconds = None if until is None else max(0.0, until - self._clock())
            try:
                id, event = self._queue.get(timeout=seconds)
            except queue.Empty:
                return Elapsed(self._clock())
            if self._begun[id].left:
                continue
            if isinstance(event, BaseException):
                raise event
            return event

    def running(self, id: int) -> Running:
        return self._begun[id]

    def close(self) -> None:
        for running in self._begun.values():
            self._threads.leave(running)


class TaskSource:
    """Attempts run in tasks of the caller's loop, so that one can overtake another."""

    def __init__(self, attempts: Attempts, clock: Clock = time.monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._queue: asyncio.Queue[tuple[int, Event | BaseException]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._begun: dict[int, Running] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._threads = Threads(attempts, clock, self._from_thread)

    def start(self, step: Start, said: Sequence[BaseMessage] = ()) -> None:
        self._begun[step.id] = running = self._attempts.begin(step, said)
        if interruptible(running):
            self._tasks[step.id] = self._loop.create_task(self._pump(running))
        else:
            self._threads.start(running)

    def _from_thread(self, id: int, event: Event | BaseException) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, (id, event))
        except RuntimeError:  # the loop has closed: nobody waits for an orphan
            pass

    async def _pump(self, running: Running) -> None:
        try:
            if not running.call.streamed:
                self._queue.put_nowait((running.id, await running.aanswer(self._clock)))
                return
            async for event in running.aevents(self._clock):
                self._queue.put_nowait((running.id, event))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # handed to the caller's task, which raises it
            self._queue.put_nowait((running.id, error))
        finally:
            await running.aclose()

    async def cancel(self, id: int) -> None:
        await self._farewell([id])

    async def _farewell(self, ids: list[int]) -> None:
        """Cancel these, and wait for them, but not for long."""
        tasks = []
        for id in ids:
            task = self._tasks.pop(id, None)
            if task is None:
                self._threads.leave(self._begun[id])
                continue
            self._begun[id].left = True
            if not task.done():
                task.cancel()
                tasks.append(task)
        if tasks:
            await asyncio.wait(tasks, timeout=FAREWELL_SECONDS)

    async def event(self, until: float | None) -> Event:
        while True:
            seconds = None if until is None else max(0.0, until - self._clock())
            try:
                if self._queue.empty():
                    # Not `wait_for`: in Python 3.11 that loses a cancellation which an event meets.
                    async with asyncio.timeout(seconds):
                        id, event = await self._queue.get()
                else:
                    id, event = self._queue.get_nowait()
            except TimeoutError:
                return Elapsed(self._clock())
            if self._begun[id].left:
                continue
            if isinstance(event, BaseException):
                raise event
            return event

    def running(self, id: int) -> Running:
        return self._begun[id]

    async def close(self) -> None:
        await self._farewell(list(self._begun))


def interruptible(running: Running) -> bool:
    """Whether cancelling its coroutine ends the attempt: the class has one of its own.

    LangChain's default for the others is a thread of the loop's executor, which goes on to the end.
    """
    cls = type(running.model)
    if running.call.streamed and cls._astream is not BaseChatModel._astream:
        return True
    return cls._agenerate is not BaseChatModel._agenerate and not (
        running.call.streamed and cls._stream is not BaseChatModel._stream
    )

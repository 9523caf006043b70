"""Guard: one cache, which may be down, slow or full of garbage; it costs a call a bounded wait.

A cache in memory is asked at once. Any other is asked in a worker thread, or awaited, for a limited
time, and after some failures it is left alone for some seconds by a breaker like a deployment's. A
thread that a hanging cache keeps is counted: with too many of them nobody is asked.

A `SemanticCache` bounds its waits itself, and has no limit here but a call's deadline.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from ..forks import tell_when_forked
from ..resilience import breaker
from ..resilience.policy import Policy
from ..workers import WORKERS
from .exact import AnswerCache, ExactCache
from .query import Query

Found = TypeVar("Found")

#: A cache that failed so often in a row is left alone for 5 s, doubling to 30. No rate opens it,
#: since successes are not counted.
POLICY: Final = Policy(breaker_failures=3, breaker_rate=2.0)
#: So many threads may hang in one cache.
MOST_HANGING: Final = 4


#: A probe without a limit of its own holds its permit so long.
LONGEST_PROBE_SECONDS: Final = 60.0


class Failed(NamedTuple):
    """A cache gave no answer, for this cause; `asked` is false where it was left alone."""

    cause: str
    asked: bool = True


class _Job:
    """A question in a thread: what was found, and whether anybody waits for it."""

    __slots__ = ("found", "left")

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.left = False


class Guard:
    """One cache behind its breaker and its time limit; never raises."""

    def __init__(
        self, cache: AnswerCache, *, kind: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.kind = kind
        self._cache = cache
        self._clock = clock
        self._at_hand = isinstance(cache, ExactCache) and cache.is_at_hand
        self._awaits = not isinstance(cache, ExactCache) or cache.awaits
        self._breaker = breaker.Breaker()
        self._rng = Random()
        self._hanging = 0
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own; no thread of the parent's hangs here."""
        self._lock = threading.Lock()
        self._hanging = 0

    def limit(self, seconds: float, share_seconds: float | None) -> float | None:
        """How long one question may take; None where the cache itself sees to that.

        Args:
            seconds: For a cache that does not.
            share_seconds: What a call with a deadline can spare.
        """
        if not isinstance(self._cache, ExactCache):
            return share_seconds
        return seconds if share_seconds is None else min(seconds, share_seconds)

    def lookup(self, query: Query, seconds: float | None) -> str | Failed | None:
        """What the cache has, within the time."""
        return self._asked(lambda: self._cache.lookup(query), seconds)

    def store(self, query: Query, answer: str, seconds: float | None) -> Failed | None:
        """Let the cache keep the text, within the time."""
        return self._asked(lambda: self._cache.store(query, answer), seconds)

    async def alookup(self, query: Query, seconds: float | None) -> str | Failed | None:
        """What the cache has, within the time."""
        if self._at_hand:
            return self.lookup(query, seconds)
        if self._awaits:
            return await self._awaited(lambda: self._cache.alookup(query), seconds)
        return await self._from_thread(lambda: self._cache.lookup(query), seconds)

    async def astore(self, query: Query, answer: str, seconds: float | None) -> Failed | None:
        """Let the cache keep the text, within the time."""
        if self._at_hand:
            return self.store(query, answer, seconds)
        if self._awaits:
            return await self._awaited(lambda: self._cache.astore(query, answer), seconds)
        return await self._from_thread(lambda: self._cache.store(query, answer), seconds)

    def _asked(self, ask: Callable[[], Found], seconds: float | None) -> Found | Failed:
        generation = self._admitted(seconds)
        if generation is None:
            return Failed("left alone", asked=False)
        found: Found | Failed
        if self._at_hand or seconds is None:
            found = _tried(ask)
        else:
            done = threading.Event()
            job = self._in_thread(ask, done.set)
            found = job.found[0] if done.wait(seconds) else self._left(job)
        settled: Found | Failed = self._settled(found, generation)
        return settled

    async def _awaited(
        self, ask: Callable[[], Awaitable[Found]], seconds: float | None
    ) -> Found | Failed:
        generation = self._admitted(seconds)
        if generation is None:
            return Failed("left alone", asked=False)
        found: Found | Failed
        try:
            async with asyncio.timeout(seconds):
                found = await ask()
        except TimeoutError:
            found = Failed("timeout")
        except Exception as error:
            found = Failed(type(error).__name__)
        except BaseException:
            self._released(generation)
            raise
        settled: Found | Failed = self._settled(found, generation)
        return settled

    async def _from_thread(self, ask: Callable[[], Found], seconds: float | None) -> Found | Failed:
        """As `_awaited`, in a thread of ours: one of the loop's own would be waited for at its
        end, however long it hangs."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()

        def tell() -> None:
            try:
                loop.call_soon_threadsafe(done.set)
            except RuntimeError:  # the loop is closed: nobody waits any more
                pass

        async def wait() -> Found | Failed:
            job = self._in_thread(ask, tell)
            try:
                await done.wait()
            except BaseException:
                self._left(job)
                raise
            answer: Found | Failed = job.found[0]
            return answer

        return await self._awaited(wait, seconds)

    def _in_thread(self, ask: Callable[[], Found], tell: Callable[[], object]) -> _Job:
        """Begin to ask; the job has the answer when `tell` is called."""
        job = _Job()

        def task() -> None:
            job.found.append(_tried(ask))
            with self._lock:
                if job.left:
                    self._hanging = max(0, self._hanging - 1)
            tell()

        WORKERS.run(task)
        return job

    def _left(self, job: _Job) -> Any:
        """Nobody waits for it any more; the failure that this is, or what came just then."""
        with self._lock:
            if job.found:
                return job.found[0]
            job.left = True
            self._hanging += 1
        return Failed("timeout")

    def _admitted(self, seconds: float | None) -> int | None:
        """The breaker's generation that the answer will speak for; None: ask nobody."""
        switch = self._breaker
        if switch.open_until is None and self._hanging < MOST_HANGING:
            return switch.generation
        with self._lock:
            now = self._clock()
            if self._hanging >= MOST_HANGING or not self._breaker.admits(now):
                return None
            if self._breaker.open_until is not None:
                until = now + (LONGEST_PROBE_SECONDS if seconds is None else seconds)
                self._breaker = breaker.begin_probe(self._breaker, until=until)
            return self._breaker.generation

    def _settled(self, found: Any, generation: int) -> Any:
        failed = isinstance(found, Failed)
        if not failed and self._breaker.open_until is None and not self._breaker.consecutive:
            return found
        with self._lock:
            now = self._clock()
            if failed:
                self._breaker = breaker.settle_failure(
                    self._breaker,
                    POLICY,
                    now,
                    generation=generation,
                    cause=found.cause,
                    rng=self._rng,
                )
            else:
                self._breaker = breaker.settle_success(
                    self._breaker, POLICY, now, generation=generation
                )
        return found

    def _released(self, generation: int) -> None:
        """The call was cancelled, and says nothing of the cache."""
        with self._lock:
            until = self._breaker.probe_until
            if until is not None:
                self._breaker = breaker.release_probe(
                    self._breaker, generation=generation, until=until
                )


def _tried(ask: Callable[[], Found]) -> Found | Failed:
    try:
        return ask()
    except Exception as error:
        return Failed(type(error).__name__)

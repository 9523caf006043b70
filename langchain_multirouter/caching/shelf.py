"""Shelf: the caches of one router in the order in which they are asked, and what came of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from langchain_core.caches import BaseCache

from ..forks import tell_when_forked
from ..telemetry.audience import Audience
from ..telemetry.events import CacheFailed, CacheHit, CallEnded
from ..telemetry.history import History
from ..telemetry.record import CallRecord
from .exact import AnswerCache, ExactCache
from .guard import Failed, Guard
from .query import Query
from .stored import Stored, read

#: So many global caches, set one after the other, are remembered with their breakers.
REMEMBERED: Final = 16


class CacheCounts(NamedTuple):
    """What a router's caches have done so far, by all of its copies.

    Args:
        hits: Answers served instead of a call.
        misses: Requests that no cache had an answer for.
        last_resorts: Older answers served since every deployment was out.
        stored: Answers kept.
        failures: Questions to a cache that failed or took too long, and answers it did not take.
        refused: Entries that are none of ours, are another request's, or are broken.
        left_alone: Questions that were not asked, since the cache had failed before.
        not_kept: Requests and answers that have no form that could be kept.
        saved_usd: What the answers that were served had cost.
    """

    hits: int = 0
    misses: int = 0
    last_resorts: int = 0
    stored: int = 0
    failures: int = 0
    refused: int = 0
    left_alone: int = 0
    not_kept: int = 0
    saved_usd: float = 0.0


class Found(NamedTuple):
    """An answer in a cache."""

    stored: Stored
    kind: str  # "exact" or "semantic"
    age_seconds: float


class Shelves:
    """The counts of a router and all its copies, and the guards of the caches they use."""

    def __init__(self, audience: Audience, history: History) -> None:
        self._counts = CacheCounts()
        self._guards: dict[int, tuple[Any, Guard]] = {}
        self._history = history
        #: For what happens to a cache: whoever listens to the router.
        self.tell = audience.announce
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    @property
    def counts(self) -> CacheCounts:
        """What came of all questions so far."""
        return self._counts

    def count(self, **changes: float) -> None:
        """So many more of each."""
        with self._lock:
            counts = self._counts
            more: Any = {name: getattr(counts, name) + n for name, n in changes.items()}
            self._counts = counts._replace(**more)

    def served(self, record: CallRecord) -> None:
        """A call was answered from a cache."""
        self._history.keep(record)
        kind, name = record.cached or "", record.deployment
        self.tell(CacheHit(record.call, kind, name, record.saved_usd))
        self.tell(CallEnded(record))

    def guard(self, cache: Any) -> Guard:
        """The cache behind its breaker, the same for all copies."""
        with self._lock:
            known = self._guards.get(id(cache))
            if known is None:
                if len(self._guards) >= REMEMBERED:
                    self._guards.clear()
                known = self._guards[id(cache)] = (cache, _guarded(cache))
            return known[1]


def _guarded(cache: Any) -> Guard:
    if isinstance(cache, BaseCache):
        return Guard(ExactCache(cache), kind="exact")
    answers: AnswerCache = cache
    return Guard(answers, kind="semantic")


class Shelf:
    """One call's way along the caches: looks its request up in one after the other, and has its
    answer kept in all."""

    def __init__(
        self,
        guards: Sequence[Guard],
        shelves: Shelves,
        *,
        seconds: float,
        share_seconds: float | None,
        key: bytes,
        call: int,
    ) -> None:
        self._guards = [(guard, guard.limit(seconds, share_seconds)) for guard in guards]
        self._shelves = shelves
        self._key = key
        self._call = call

    def lookup(self, query: Query, fresh_seconds: float | None) -> list[Found]:
        """What the caches have, up to the first that is fresh."""
        every: list[Found] = []
        for guard, seconds in self._guards:
            found = self._read(guard, query, guard.lookup(query, seconds))
            if found is not None:
                every.append(found)
                if is_fresh(found, fresh_seconds):
                    break
        return every

    async def alookup(self, query: Query, fresh_seconds: float | None) -> list[Found]:
        """As `lookup`."""
        every: list[Found] = []
        for guard, seconds in self._guards:
            found = self._read(guard, query, await guard.alookup(query, seconds))
            if found is not None:
                every.append(found)
                if is_fresh(found, fresh_seconds):
                    break
        return every

    def store(self, query: Query, answer: str) -> None:
        """Have the answer kept."""
        self._count_stored([g.store(query, answer, limit) for g, limit in self._guards])

    async def astore(self, query: Query, answer: str) -> None:
        """Have the answer kept."""
        self._count_stored([await g.astore(query, answer, limit) for g, limit in self._guards])

    def _count_stored(self, outcomes: Sequence[Failed | None]) -> None:
        for outcome in outcomes:
            self._failed(outcome)
        if None in outcomes:
            self._shelves.count(stored=1)

    def _failed(self, outcome: Failed | None) -> None:
        if outcome is None:
            return
        self._shelves.count(**{"failures" if outcome.asked else "left_alone": 1})
        if outcome.asked:
            self._shelves.tell(CacheFailed(self._call, outcome.cause))

    def _read(self, guard: Guard, query: Query, text: str | Failed | None) -> Found | None:
        """The answer in a text, if it is ours and this request's."""
        if text is None:
            return None
        if isinstance(text, Failed):
            self._failed(text)
            return None
        now = time.time()
        stored = read(text, self._key, now=now)
        if stored is None or not _belongs(stored, query, guard.kind):
            self._shelves.count(refused=1)
            self._shelves.tell(CacheFailed(self._call, "not ours"))
            return None
        return Found(stored, guard.kind, max(0.0, now - stored.at))


def is_fresh(found: Found, fresh_seconds: float | None) -> bool:
    """Whether it may be served as it is."""
    return fresh_seconds is None or found.age_seconds <= fresh_seconds


def _belongs(stored: Stored, query: Query, kind: str) -> bool:
    """By the keys in the entry: whatever the cache did, another request's answer is none."""
    if kind == "exact":
        return stored.exact == query.exact
    return stored.around == query.around

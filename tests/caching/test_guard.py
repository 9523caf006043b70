"""Guard: a cache that is down or slow costs a call a bounded wait, a count, and nothing else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache

from langchain_multirouter.caching.exact import ExactCache
from langchain_multirouter.caching.guard import MOST_HANGING, POLICY, Failed, Guard
from langchain_multirouter.caching.query import Query
from langchain_multirouter.testing import FakeClock, ScriptedModel
from tests.reference.known import listening, scripted, told
from tests.wire.conftest import MODES, RUNNER, ask

from .stores import Down, Hanging, Likeness, Recording

ALL_MODES = pytest.mark.parametrize("mode", MODES)
QUERY = Query("e" * 64, "a" * 64, "text")
PATIENT = 30.0


@ALL_MODES
def test_a_cache_that_is_down_costs_misses_and_counts_and_no_call(mode: str) -> None:
    router = scripted(["good"], cache=Down(), cache_timeout_seconds=PATIENT)
    with listening() as listener:
        assert ask(router, mode).text == "good"
    counts = router.cache_counts()
    assert (counts.failures, counts.misses, counts.stored) == (2, 1, 0)
    assert [said["cause"] for said in listener.of("CacheFailed")] == ["ConnectionError"] * 2
    assert "no route" not in listener.text()


@ALL_MODES
def test_a_cache_that_hangs_costs_a_bounded_wait(mode: str) -> None:
    cache = Hanging()
    router = scripted(["good"], cache=cache, cache_timeout_seconds=0.05)
    began = time.monotonic()
    try:
        assert ask(router, mode).text == "good"
        assert time.monotonic() - began < 5.0
        assert router.cache_counts().failures == 1
    finally:
        cache.free.set()


@ALL_MODES
def test_a_cache_that_hangs_does_not_cost_the_call_its_deadline(mode: str) -> None:
    caches = [Hanging(), Hanging()]
    router = scripted(["good"], cache=caches, cache_timeout_seconds=PATIENT, deadline_seconds=2.0)
    try:
        assert ask(router, mode).text == "good"
    finally:
        for cache in caches:
            cache.free.set()


@ALL_MODES
def test_after_failures_in_a_row_a_cache_is_left_alone(mode: str) -> None:
    cache = Down()
    router = scripted(["good"], cache=cache, cache_timeout_seconds=PATIENT)
    for _ in range(5):
        ask(router, mode)
    counts = router.cache_counts()
    assert len(cache.lookups) == 2  # and one question to keep an answer between the two
    assert counts.failures == POLICY.breaker_failures
    assert counts.left_alone == 10 - counts.failures


def guard(cache: Any, clock: FakeClock | None = None) -> Guard:
    return Guard(ExactCache(cache), kind="exact", clock=clock or FakeClock())


def test_a_cache_that_is_back_is_asked_again_after_its_time() -> None:
    clock, cache = FakeClock(), Down()
    mine = guard(cache, clock)
    while not isinstance(found := mine.lookup(QUERY, PATIENT), Failed) or found.asked:
        pass
    cache.fault = None
    clock.advance(POLICY.open_seconds)
    assert mine.lookup(QUERY, PATIENT) is None
    assert mine.store(QUERY, "text", PATIENT) is None
    assert mine.lookup(QUERY, PATIENT) == "text"


def test_one_question_alone_finds_out_whether_it_is_back() -> None:
    clock, cache = FakeClock(), Down()
    mine = guard(cache, clock)
    for _ in range(POLICY.breaker_failures):
        mine.lookup(QUERY, PATIENT)
    clock.advance(POLICY.open_seconds)
    asked = len(cache.lookups)
    mine.lookup(QUERY, PATIENT)
    assert mine.lookup(QUERY, PATIENT) == Failed("left alone", asked=False)
    assert len(cache.lookups) == asked + 1


def test_failures_between_successes_leave_it_asked() -> None:
    cache = Down()
    mine = guard(cache)
    for number in range(60):
        cache.fault = ConnectionError() if number % 2 else None
        found = mine.lookup(QUERY, PATIENT)
        assert not isinstance(found, Failed) or found.asked


def test_with_too_many_hanging_threads_nobody_is_asked_and_threads_stay_few() -> None:
    clock, cache = FakeClock(), Hanging()
    mine = guard(cache, clock)
    try:
        for _ in range(20):
            assert isinstance(mine.lookup(QUERY, 0.2), Failed)
            clock.advance(POLICY.longest_open_seconds)
        assert len(cache.lookups) == MOST_HANGING
    finally:
        cache.free.set()
    deadline = time.monotonic() + 10.0
    while mine._hanging and time.monotonic() < deadline:
        time.sleep(0.01)
    assert mine.lookup(QUERY, PATIENT) is None


async def test_threads_that_hang_in_the_loops_stead_are_few_too() -> None:
    clock, cache = FakeClock(), Hanging()
    mine = guard(cache, clock)
    try:
        for _ in range(10):
            assert isinstance(await mine.alookup(QUERY, 0.2), Failed)
            clock.advance(POLICY.longest_open_seconds)
        assert len(cache.lookups) == MOST_HANGING
    finally:
        cache.free.set()


def test_a_cache_that_hangs_now_and_then_has_few_threads_though_it_is_not_left_alone() -> None:
    class NowAndThen(Hanging):
        def lookup(self, prompt: str, llm_string: str) -> Any:
            if len(self.lookups) % 2:
                return Recording.lookup(self, prompt, llm_string)
            return super().lookup(prompt, llm_string)

    cache = NowAndThen()
    mine = guard(cache)
    try:
        found = [mine.lookup(QUERY, 0.05) for _ in range(20)]
        assert found.count(Failed("left alone", asked=False)) >= 20 - 4 * MOST_HANGING
        assert mine._hanging == MOST_HANGING
    finally:
        cache.free.set()


def test_while_one_question_finds_out_the_others_do_not_wait_for_it() -> None:
    clock, cache = FakeClock(), Down()
    mine = guard(cache, clock)
    for _ in range(POLICY.breaker_failures):
        mine.lookup(QUERY, PATIENT)
    clock.advance(POLICY.open_seconds)
    hanging = Hanging()
    mine._cache = ExactCache(hanging)
    probe = threading.Thread(target=lambda: mine.lookup(QUERY, PATIENT))
    probe.start()
    try:
        while not hanging.lookups:
            time.sleep(0.001)
        assert mine.lookup(QUERY, PATIENT) == Failed("left alone", asked=False)
    finally:
        hanging.free.set()
        probe.join()
    assert mine.lookup(QUERY, PATIENT) is None


def test_many_at_once_are_all_asked() -> None:
    barrier = threading.Barrier(12)

    class Meeting(Recording):
        def lookup(self, prompt: str, llm_string: str) -> Any:
            barrier.wait(PATIENT)
            return super().lookup(prompt, llm_string)

    mine = guard(Meeting())
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(mine.lookup(QUERY, PATIENT)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [None] * 12


class Entries(dict[Any, Any]):
    """A dictionary that knows from which threads it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def get(self, *key: Any) -> Any:
        self.threads.append(threading.get_ident())
        return super().get(*key)


def test_langchains_cache_in_memory_is_asked_in_the_callers_own_thread() -> None:
    cache = InMemoryCache()
    cache._cache = entries = Entries()
    guard(cache).lookup(QUERY, PATIENT)
    assert entries.threads == [threading.get_ident()]


def test_a_class_of_the_users_own_may_do_anything_and_is_asked_in_another() -> None:
    cache = type("Mine", (InMemoryCache,), {})()
    cache._cache = entries = Entries()
    guard(cache).lookup(QUERY, PATIENT)
    assert entries.threads != [threading.get_ident()]


def test_a_call_that_is_cancelled_at_the_cache_says_nothing_of_it() -> None:
    class Slow(Likeness):
        async def alookup(self, query: Query) -> str | None:
            begun.set()
            await asyncio.sleep(PATIENT)
            return None

    begun = asyncio.Event()
    model = ScriptedModel()
    router = scripted(model, cache=Slow(), cache_timeout_seconds=PATIENT)

    async def cancelled() -> None:
        call = asyncio.create_task(router.ainvoke("x"))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    RUNNER.run(cancelled())
    assert model.calls == 0
    assert router.cache_counts().failures == 0


@ALL_MODES
def test_a_cache_of_the_other_kind_is_guarded_too(mode: str) -> None:
    class Broken(Likeness):
        def lookup(self, query: Query) -> str | None:
            raise RuntimeError("its embeddings are down")

        def store(self, query: Query, answer: str) -> None:
            raise RuntimeError("its embeddings are down")

    router = scripted(["good"], cache=[InMemoryCache(), Broken()], cache_timeout_seconds=PATIENT)
    assert ask(router, mode).text == "good"
    assert router.cache_counts().failures == 2
    assert told(ask(router, mode))["cache"] == "hit"


PROGRAM = """
import asyncio, time
from langchain_core.caches import BaseCache
from langchain_multirouter import RoutedChatModel
from langchain_multirouter.testing import ScriptedModel

class Hanging(BaseCache):
    def lookup(self, prompt, llm_string): time.sleep(600)
    def update(self, prompt, llm_string, return_val): pass
    def clear(self, **_): pass

router = RoutedChatModel([ScriptedModel()], cache=Hanging(), cache_timeout_seconds=0.01)
print(router.invoke("x").text, asyncio.run(router.ainvoke("x")).text)
"""


def test_a_hanging_cache_does_not_keep_the_process_from_ending() -> None:
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.split() == ["ok", "ok"]

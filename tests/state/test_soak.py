"""Soak: a minute of faults that come and go; afterwards all is as it was after the first rounds."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.telemetry.history import History
from langchain_multirouter.telemetry.sinks import LOGGER
from tests.wire.conftest import hang_up
from tests.wire.schedule import FAULTS, POLICY, POOL

ROUNDS, ROUND_SECONDS, QUIET_SECONDS = 10, 4.5, 15.0
#: Rounds in which pools, caches and the interpreter's own memory fill.
WARM = 4
THREADS, TASKS = 3, 3


class Kept(NamedTuple):
    """What a process holds on to while nothing is under way."""

    calls: int
    threads: int
    descriptors: int
    blocks: int  # of Python's own memory
    memory_bytes: int  # of the process


def kept(calls: int) -> Kept:
    gc.collect()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Kept(
        calls,
        threading.active_count(),
        len(os.listdir("/proc/self/fd")),
        sys.getallocatedblocks(),
        pages * os.sysconf("SC_PAGE_SIZE"),
    )


class Soak:
    """Callers of every kind, on one router."""

    def __init__(self, cloud: Emulator) -> None:
        self.cloud = cloud
        self.model = RoutedChatModel(
            [
                Deployment(cloud.chat_model(wire, model), name=name)
                for name, (wire, model) in POOL.items()
            ],
            policy=POLICY,
            timeout=1.0,
            strategy="adaptive",
            hedge=0.02,
            classifier=lambda _: "chat",  # the usual one remembers a thousand prompts
        )
        self.model.assembled.fleet.history = History(100)  # ten thousand calls take a while to fill
        self.calls = 0
        self.failures: list[BaseException] = []
        self.until = 0.0

    def options(self, rng: Random) -> dict[str, Any]:
        return {"deadline_seconds": 2.0} if rng.random() < 0.3 else {}

    def thread(self, seed: int) -> None:
        rng = Random(seed)
        try:
            while time.monotonic() < self.until:
                self.calls += 1
                try:
                    self.one(rng)
                except ModelError:
                    continue
        except BaseException as error:
            self.failures.append(error)

    def one(self, rng: Random) -> None:
        prompt, options = f"Question {rng.random()}", self.options(rng)
        if rng.random() < 0.4:
            self.model.invoke(prompt, **options)
            return
        left_after = rng.choice([0, 1, 2, 10**6])
        for number, _ in enumerate(self.model.stream(prompt, **options)):
            if number == left_after:
                break

    async def tasks(self, seed: int) -> None:
        await asyncio.gather(*(self.task(Random(seed + i)) for i in range(TASKS)))

    async def task(self, rng: Random) -> None:
        while time.monotonic() < self.until:
            self.calls += 1
            patience = 0.005 if rng.random() < 0.1 else 10.0  # some are cancelled on their way
            try:
                async with asyncio.timeout(patience):
                    await self.aone(rng)
            except (ModelError, TimeoutError):
                continue

    async def aone(self, rng: Random) -> None:
        prompt, options = f"Question {rng.random()}", self.options(rng)
        if rng.random() < 0.4:
            await self.model.ainvoke(prompt, **options)
            return
        left_after = rng.choice([0, 1, 2, 10**6])
        chunks = self.model.astream(prompt, **options)
        try:
            number = 0
            async for _ in chunks:
                if number == left_after:
                    break
                number += 1
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]

    def round(self, number: int, loop: asyncio.AbstractEventLoop) -> Kept:
        """So many seconds of calls and faults, and quiet until nothing is under way."""
        self.until = time.monotonic() + ROUND_SECONDS
        seeds = [100 * number + i for i in range(THREADS)]
        threads = [threading.Thread(target=self.thread, args=(s,), daemon=True) for s in seeds]
        for thread in threads:
            thread.start()
        tasks = asyncio.run_coroutine_threadsafe(self.tasks(1000 * number), loop)
        self.weather(Random(number))
        for thread in threads:
            thread.join(30.0)
            assert not thread.is_alive(), "a caller hangs"
        tasks.result(30.0)
        assert not self.failures, self.failures
        asyncio.run_coroutine_threadsafe(self.quiet(), loop).result(QUIET_SECONDS + 5.0)
        self.cloud.clear_log()
        return kept(self.calls)

    def weather(self, rng: Random) -> None:
        """Faults come, and go again."""
        while time.monotonic() < self.until:
            wire, model = rng.choice(list(POOL.values()))
            fault, _ = FAULTS[rng.choice(sorted(FAULTS))]
            self.cloud.break_(wire, fault, model=model, probability=rng.choice([0.3, 1.0]))
            time.sleep(rng.uniform(0.02, 0.3))
            if rng.random() < 0.5:
                self.cloud.heal()
        self.cloud.heal()

    async def quiet(self) -> None:
        """Until every attempt that was left has ended, and idle threads and sockets with it."""
        for _ in range(round(QUIET_SECONDS / 0.05)):
            if self.under_way():
                await asyncio.sleep(0.05)
        assert not self.under_way()
        await hang_up()
        await asyncio.sleep(2.5)  # idle workers end after two

    def under_way(self) -> int:
        fleet = self.model.assembled.fleet.snapshot()
        return sum(one.stats.pending + one.orphans for one in fleet)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One that runs in a thread of its own until the test is over."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10.0)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_a_minute_of_faults_threads_descriptors_and_memory_are_as_they_were(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOGGER, "disabled", True)  # pytest keeps every record
    with Emulator(seed=0) as cloud:
        soak = Soak(cloud)
        rounds = [soak.round(number, loop) for number in range(ROUNDS)]
    warm, later = rounds[:WARM], rounds[WARM:]

    def grown(name: str) -> int:
        """How much more the least of the last three rounds kept than the most of the first."""
        least = min(getattr(one, name) for one in later[-3:])
        return int(least - max(getattr(one, name) for one in warm))

    assert grown("threads") <= 1, rounds
    assert grown("descriptors") <= 2, rounds
    calls = rounds[-1].calls - rounds[WARM].calls
    assert calls > 1_000
    assert grown("blocks") <= 2 * calls, rounds  # an attempt that is kept has hundreds
    assert grown("memory_bytes") <= 16 * 2**20, rounds
    counts = soak.model.counts().values()
    assert sum(one["succeeded"] for one in counts) > soak.calls / 3

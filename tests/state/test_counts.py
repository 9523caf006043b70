"""Counts: exact, whatever number of threads and event loops change them at the same time."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

import pytest

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.settlement import Permit
from langchain_multirouter.telemetry.stats import Sample
from tests.routing.candidates import candidate

THREADS, LOOPS, TASKS, DEPLOYMENTS = 6, 2, 5, 4
CAUSES = list(Cause)
ENDS = ("succeeded", "failed", "cancelled")
#: Each worker holds so many permits at the same time.
HELD = 3


@pytest.fixture(autouse=True)
def hurried() -> Iterator[None]:
    """Threads take turns as often as the interpreter can make them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Worker:
    """One caller among many: begins and ends attempts, and keeps books of its own."""

    def __init__(self, fleet: Fleet, ticks: Iterator[int], seed: int) -> None:
        self.fleet = fleet
        self.ticks = ticks
        self.rng = Random(seed)
        self.done: Counter[tuple[int, str]] = Counter()
        self.turns: list[int] = []
        self.held: list[Permit] = []
        self.seen = [0] * DEPLOYMENTS

    def work(self, updates: int) -> Iterator[None]:
        """So many changes of the fleet's values."""
        for number in range(updates):
            now = next(self.ticks) * 50.0  # by the time it is used, others may be ahead
            if len(self.held) < HELD and self.rng.random() < 0.6:
                self.begin(now)
            elif self.held:
                self.end(self.held.pop(self.rng.randrange(len(self.held))), now)
            if number % 50 == 0:
                self.look()
            yield
        while self.held:
            self.end(self.held.pop(), next(self.ticks) * 50.0)

    def begin(self, now: float) -> None:
        number = self.rng.randrange(DEPLOYMENTS)
        permit = self.fleet.permit(
            number, now, longest_seconds=10.0, last_resort=self.rng.random() < 0.2
        )
        self.done[number, "refused" if permit is None else "begun"] += 1
        if permit is not None:
            self.held.append(permit)
            self.fleet.orphaned(number, 1)

    def end(self, permit: Permit, now: float) -> None:
        """Settled twice, of which once counts."""
        outcome = self.rng.choice(ENDS)
        failure = Failure(self.rng.choice(CAUSES), "503")
        for _ in range(2):
            if outcome == "succeeded":
                self.fleet.settle_success(permit, now, Sample(0.5, None, 10, 3, 0.25))
            elif outcome == "failed":
                self.fleet.settle_failure(permit, failure, now)
            self.fleet.settle_cancelled(permit, now)
        self.done[permit.number, outcome] += 1
        if outcome == "failed":
            self.done[permit.number, failure.cause] += 1
        self.fleet.orphaned(permit.number, -1)

    def look(self) -> None:
        """What anybody sees at any time is whole."""
        candidates, turn = self.fleet.candidates()
        self.turns.append(turn)
        for one in candidates:
            whole(one)
            assert one.stats.started >= self.seen[one.number], "a count went back"
            self.seen[one.number] = one.stats.started


def whole(one: Candidate) -> None:
    stats, measured = one.stats, one.stats.measured
    assert min(stats[:4]) >= 0
    assert stats.pending <= (THREADS + LOOPS * TASKS) * HELD
    assert stats.failed == sum(stats.causes.values())
    assert measured.output_tokens == 3 * stats.succeeded
    assert measured.input_tokens == 10 * stats.succeeded
    assert measured.cost_usd == 0.25 * stats.succeeded
    assert len(measured.times) == min(100, stats.succeeded)
    assert len(measured.errors) == min(10, stats.failed)


def in_threads(*works: Callable[[], object]) -> None:
    """All of them at the same time; their errors are raised."""
    barrier, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait(30)
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


async def side_by_side(workers: list[Worker], updates: int) -> None:
    async def task(worker: Worker) -> None:
        for number, _ in enumerate(worker.work(updates)):
            if number % 7 == 0:
                await asyncio.sleep(0)

    await asyncio.gather(*map(task, workers))


@pytest.mark.parametrize("updates", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_so_many_updates_from_threads_and_event_loops_are_counted_exactly(updates: int) -> None:
    fleet = Fleet((candidate(i) for i in range(DEPLOYMENTS)), Policy(), 0)
    ticks, each = count(), updates // (THREADS + LOOPS * TASKS)
    threaded = [Worker(fleet, ticks, seed) for seed in range(THREADS)]
    looped = [
        [Worker(fleet, ticks, 100 * i + seed) for seed in range(TASKS)] for i in range(1, LOOPS + 1)
    ]
    in_threads(
        *(lambda worker=worker: list(worker.work(each)) for worker in threaded),  # type: ignore[misc]
        *(lambda some=some: asyncio.run(side_by_side(some, each)) for some in looped),  # type: ignore[misc]
    )
    workers = [*threaded, *(worker for some in looped for worker in some)]
    done: Counter[tuple[int, str]] = sum((worker.done for worker in workers), Counter())
    for one in fleet.snapshot():
        whole(one)
        assert (one.stats.pending, one.orphans, one.stats.begun_at) == (0, 0, 0.0)
        assert one.stats.started == done[one.number, "begun"]
        for outcome in ENDS:
            assert getattr(one.stats, outcome) == done[one.number, outcome]
        assert one.stats.causes == {
            cause.value: times for cause in CAUSES if (times := done[one.number, cause])
        }
    begun = sum(done[number, "begun"] for number in range(DEPLOYMENTS))
    assert fleet.calls == begun > updates // 3
    turns = sorted(turn for worker in workers for turn in worker.turns)
    assert turns == list(range(len(turns))), "every call has a turn of its own"
    assert min(done[number, "refused"] for number in range(DEPLOYMENTS)) > 0, "breakers opened"


def test_no_token_of_a_budget_is_spent_twice() -> None:
    policy = Policy(retry_burst=500.0, retry_ratio=0.0, retries_per_second=0.0)
    fleet = Fleet([candidate(0)], policy, 0)
    paid: list[int] = []

    def spend() -> None:
        paid.append(sum(fleet.withdraw(0, 1.0) for _ in range(200)))

    in_threads(*[spend] * THREADS)
    assert sum(paid) == 500


def test_pauses_and_prices_lose_no_count() -> None:
    fleet = Fleet([candidate(0)], Policy(), 0)
    begun: list[int] = []

    def call() -> None:
        permits = [fleet.permit(0, 1.0, longest_seconds=10.0) for _ in range(500)]
        held = [permit for permit in permits if permit is not None]
        for permit in held:
            fleet.settle_success(permit, 2.0)
        begun.append(len(held))

    def operate() -> None:
        for _ in range(300):
            fleet.pause("d0")
            fleet.reprice(0, None)
            fleet.resume("d0")
            fleet.judge("d0", 1.0, cause=None)
            fleet.call_failed()

    in_threads(call, call, operate, operate, call)
    assert fleet.snapshot()[0].stats[:4] == (sum(begun), 0, 0, 0)
    assert fleet.failed_calls == 600

"""Fleet: exact counts whatever the number of threads and loops; pauses; permits."""

from __future__ import annotations

import asyncio
import copy
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest

from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry.stats import Measured, Stats
from tests.routing.candidates import candidate

THREADS, ATTEMPTS = 8, 1500
CALM = Policy(breaker_failures=10**9, breaker_least=10**9)
HARMLESS = [Cause.SERVER, Cause.TIMEOUT, Cause.CONTEXT_OVERFLOW, Cause.BAD_REQUEST]


def fleet(deployments: int = 3, policy: Policy = CALM) -> Fleet:
    return Fleet((candidate(i) for i in range(deployments)), policy, 0)


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as the interpreter can make them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None], threads: int = THREADS) -> None:
    """The same work in many threads that begin together; their errors are raised."""
    barrier, errors = threading.Barrier(threads), []

    def run(number: int) -> None:
        try:
            barrier.wait(10)
            work(number)
        except BaseException as error:
            errors.append(error)

    started = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(60)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors[0]


def attempt(one: Fleet, rng: Random, done: Counter[tuple[int, str]]) -> None:
    """One attempt at a random deployment, settled at random and then once more, in vain."""
    number = rng.randrange(3)
    permit = one.permit(number, 1.0, longest_seconds=10.0)
    if permit is None:
        done[number, "refused"] += 1
        return
    outcome = rng.choice(["succeeded", "failed", "cancelled"])
    for _ in range(2):
        if outcome == "succeeded":
            one.settle_success(permit, 2.0)
        elif outcome == "failed":
            one.settle_failure(permit, Failure(rng.choice(HARMLESS)), 2.0)
        one.settle_cancelled(permit, 2.0)
    done[number, outcome] += 1


def check(one: Fleet, done: Counter[tuple[int, str]], attempts: int) -> None:
    assert sum(done.values()) == attempts
    for known in one.snapshot():
        counts = known.stats
        assert counts.pending == 0
        for outcome in ("succeeded", "failed", "cancelled"):
            assert getattr(counts, outcome) == done[known.number, outcome]
        assert sum(counts.causes.values()) == counts.failed


@pytest.mark.usefixtures("hurried")
def test_counts_are_exact_under_eight_threads() -> None:
    one, every = fleet(), [Counter[tuple[int, str]]() for _ in range(THREADS)]

    def work(number: int) -> None:
        rng = Random(number)
        for _ in range(ATTEMPTS):
            attempt(one, rng, every[number])
            for known in one.snapshot():
                assert min(known.stats[:4]) >= 0
                assert known.stats.started == sum(known.stats[:4])

    in_threads(work)
    check(one, sum(every, Counter()), THREADS * ATTEMPTS)


@pytest.mark.usefixtures("hurried")
def test_counts_are_exact_under_event_loops_in_threads() -> None:
    one, every = fleet(), [Counter[tuple[int, str]]() for _ in range(4)]

    async def task(number: int, seed: int) -> None:
        rng = Random(seed)
        for _ in range(40):
            attempt(one, rng, every[number])
            await asyncio.sleep(0)

    async def tasks(number: int) -> None:
        await asyncio.gather(*(task(number, number * 100 + i) for i in range(20)))

    in_threads(lambda number: asyncio.run(tasks(number)), threads=4)
    check(one, sum(every, Counter()), 4 * 20 * 40)


@pytest.mark.usefixtures("hurried")
def test_of_many_threads_exactly_one_gets_the_probe() -> None:
    one = fleet(1, Policy(breaker_failures=1))
    for round_ in range(50):
        permit = one.permit(0, float(round_) * 1000, longest_seconds=10.0)
        assert permit is not None
        one.settle_failure(permit, Failure(Cause.SERVER), round_ * 1000.0)
        when, permits = round_ * 1000.0 + 900.0, []

        def ask(_: int, when: float = when, permits: list[object] = permits) -> None:
            permits.append(one.permit(0, when, longest_seconds=10.0))

        in_threads(ask)
        got = [permit for permit in permits if permit is not None]
        assert len(got) == 1
        one.settle_success(got[0], when)  # type: ignore[arg-type]


@pytest.mark.usefixtures("hurried")
def test_every_call_has_its_own_turn() -> None:
    one, turns = fleet(), [[] for _ in range(THREADS)]  # type: ignore[var-annotated]

    def work(number: int) -> None:
        turns[number] = [one.candidates()[1] for _ in range(500)]

    in_threads(work)
    assert sorted(turn for some in turns for turn in some) == list(range(THREADS * 500))


def test_a_permit_is_settled_once_whatever_comes_after() -> None:
    one = fleet()
    permit = one.permit(0, 1.0, longest_seconds=10.0)
    assert permit is not None
    one.settle_cancelled(permit, 2.0)
    one.settle_success(permit, 2.0)
    one.settle_failure(permit, Failure(Cause.SERVER), 2.0)
    assert one.snapshot()[0].stats._replace(measured=Measured()) == Stats(cancelled=1)


def test_a_paused_deployment_gets_no_permit_until_it_is_resumed() -> None:
    one = fleet()
    under_way = one.permit(0, 1.0, longest_seconds=10.0)
    assert under_way is not None
    one.pause("d0")
    assert one.permit(0, 1.0, longest_seconds=10.0) is None
    assert one.permit(0, 1.0, longest_seconds=10.0, last_resort=True) is None
    assert one.permit(1, 1.0, longest_seconds=10.0) is not None
    one.settle_success(under_way, 2.0)
    assert one.snapshot()[0].stats.succeeded == 1
    one.resume("d0")
    assert one.permit(0, 1.0, longest_seconds=10.0) is not None


def test_pausing_and_resuming_twice_is_as_once() -> None:
    one = fleet()
    one.pause("d0")
    one.pause("d0")
    one.resume("d0")
    assert one.snapshot()[0].paused is False
    one.resume("d0")


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_only_a_known_deployment_can_be_paused_or_resumed(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"'d9' is not known.*'d0'"):
        getattr(fleet(), name)("d9")


def test_a_snapshot_does_not_change_with_the_fleet() -> None:
    one = fleet()
    before = one.snapshot()
    one.permit(0, 1.0, longest_seconds=10.0)
    assert before[0].stats.pending == 0


def test_copies_of_a_router_share_what_it_has_learned() -> None:
    one = fleet()
    assert copy.deepcopy(one) is one


def test_a_closed_deployments_permit_is_no_probe() -> None:
    permit = fleet().permit(0, 1.0, longest_seconds=10.0)
    assert permit is not None
    assert permit.probe_until is None

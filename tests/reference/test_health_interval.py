"""§6, §10 Health on the interval: off by default, in the background, when due, and no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter import health as health_module
from langchain_multirouter.assembly import Assembled
from tests.reference.known import scripted

BOUND = 20.0  # seconds that nothing here comes near; a test that hangs fails then


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a check that hangs waits for; let go in the end."""
    event = threading.Event()
    yield event
    event.set()


class Checks:
    """A check of the user's own that counts, and tells when it was run."""

    def __init__(self) -> None:
        self.run = threading.Semaphore(0)
        self.count = 0

    def __call__(self) -> bool:
        self.count += 1
        self.run.release()
        return True

    def awaited(self) -> bool:
        return self.run.acquire(timeout=BOUND)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The background check's clock: its only element is now."""
    now = [1000.0]

    class Time:
        monotonic = staticmethod(lambda: now[0])

    monkeypatch.setattr(health_module, "time", Time)
    return now


def test_the_interval_is_off_by_default_since_checks_cost_money() -> None:
    assert RoutedChatModel.model_fields["health_check_interval_seconds"].default is None
    checks = Checks()
    router = scripted(["x"], deployments=[{"health_check": checks}])
    for _ in range(3):
        router.invoke("hi")
    assert checks.count == 0


def test_where_it_is_switched_on_all_are_checked_in_the_background_when_due(
    clock: list[float],
) -> None:
    checks = Checks()
    router = scripted(
        ["x"], deployments=[{"health_check": checks}], health_check_interval_seconds=300
    )
    for passes, due in [(0, True), (1, False), (298, False), (2, True), (299, False), (2, True)]:
        clock[0] += passes
        before = router.assembled._check_began
        router.invoke("hi")
        assert (router.assembled._check_began != before) == due
        assert not due or checks.awaited()
    assert checks.count == 3


def test_a_check_that_was_asked_for_counts_for_the_interval(clock: list[float]) -> None:
    checks = Checks()
    router = scripted(
        ["x"], deployments=[{"health_check": checks}], health_check_interval_seconds=300
    )
    router.check_health()
    assert not router.assembled.take_turn_to_check(clock[0] + 299.0, 300.0)
    assert router.assembled.take_turn_to_check(clock[0] + 301.0, 300.0)


def test_calls_at_once_begin_one_check(clock: list[float], gate: threading.Event) -> None:
    known: Assembled = scripted(["x"]).assembled
    turns: list[bool] = []
    barrier = threading.Barrier(8, timeout=BOUND)

    def ask() -> None:
        barrier.wait()
        turns.append(known.take_turn_to_check(clock[0], 300.0))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND)
    assert sorted(turns) == [False] * 7 + [True]


def test_a_call_does_not_wait_for_its_background_check(
    clock: list[float], gate: threading.Event
) -> None:
    router = scripted(
        ["x"],
        deployments=[{"health_check": lambda: gate.wait(BOUND)}],
        health_check_interval_seconds=300,
    )
    assert router.invoke("hi").text == "x"
    assert not gate.is_set()


@pytest.mark.parametrize("seconds", [0, 0.5, -300, float("nan"), float("inf"), "often", True])
def test_a_wrong_interval_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="health_check_interval_seconds"):
        scripted(["x"], health_check_interval_seconds=seconds)

"""Delivery: what is told to a slow, broken or stuck sink never waits in a call."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from langchain_multirouter.telemetry import delivery
from langchain_multirouter.telemetry.delivery import Delivery
from langchain_multirouter.telemetry.events import CallEnded
from tests.reference.known import listening, scripted
from tests.wire.conftest import MODES, ask


@pytest.fixture(autouse=True)
def prompt_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GATHERING_SECONDS", 0.001)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


def test_everything_arrives_in_order_and_in_batches() -> None:
    batches: list[Sequence[int]] = []
    sent = Delivery("test", batches.append)
    for number in range(500):
        sent.take(number)
    assert sent.flush()
    assert [number for batch in batches for number in batch] == list(range(500))
    assert max(map(len, batches)) <= delivery.BATCH


def test_many_threads_lose_and_double_nothing() -> None:
    seen: list[int] = []
    sent = Delivery("test", seen.extend, most_waiting=100_000)

    def take(first: int) -> None:
        for number in range(first, first + 1000):
            sent.take(number)

    threads = [threading.Thread(target=take, args=(i * 1000,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sent.flush()
    assert sorted(seen) == list(range(8000))
    assert sent.dropped == 0


def test_what_finds_the_queue_full_is_dropped_and_counted(gate: threading.Event) -> None:
    seen: list[int] = []
    entered = threading.Event()

    def stuck(batch: Sequence[int]) -> None:
        entered.set()
        gate.wait(20.0)
        seen.extend(batch)

    sent = Delivery("test", stuck, most_waiting=10)
    sent.take(-1)
    assert entered.wait(5.0)
    for number in range(25):
        sent.take(number)
    assert sent.dropped == 15
    assert not sent.flush(0.01)
    gate.set()
    assert sent.flush()
    assert seen == [-1, *range(10)]


def test_what_a_sink_raises_is_counted_and_said_once() -> None:
    def broken(batch: Sequence[int]) -> None:
        raise OSError("CANARY /secret/path")

    sent = Delivery("test", broken)
    with listening() as listener:
        for number in range(3):
            sent.take(number)
            assert sent.flush()
    assert sent.failed == 3
    assert len(listener.records) == 1
    assert "OSError" in listener.text()
    assert "CANARY" not in listener.text()


def test_nothing_is_taken_after_the_end_and_all_before_it_is_delivered() -> None:
    seen: list[int] = []
    sent = Delivery("test", seen.extend)
    sent.take(1)
    assert sent.close()
    sent.take(2)
    assert (seen, sent.dropped) == ([1], 1)
    assert sent.close()


def test_a_thread_with_nothing_to_do_ends_and_another_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.01)
    seen: list[int] = []
    sent = Delivery("test", seen.extend)
    sent.take(1)
    sent.flush()
    first = sent._thread
    if first is not None:
        first.join(5.0)
    assert sent._thread is None
    sent.take(2)
    assert sent.flush()
    assert seen == [1, 2]


def test_what_nobody_uses_any_more_is_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "IDLE_SECONDS", 0.01)
    sent = Delivery("test", list)
    sent.take(1)
    sent.flush()
    thread = sent._thread
    if thread is not None:
        thread.join(5.0)
    gone = weakref.ref(sent)
    del sent
    gc.collect()
    assert gone() is None


def test_a_forked_child_has_a_queue_of_its_own() -> None:
    seen: list[int] = []
    sent = Delivery("test", seen.extend)
    sent.take(1)
    sent.forked()  # as in the child: the parent's thread delivers the one
    sent.take(2)
    assert sent.flush()
    assert 2 in seen


def test_a_process_that_ends_delivers_what_waits_and_waits_for_nobody_long() -> None:
    program = (
        "import sys, time\n"
        "from langchain_multirouter.telemetry import delivery\n"
        "delivery.FAREWELL_SECONDS = 0.2\n"
        "one = delivery.Delivery('t', lambda batch: print(*batch, flush=True))\n"
        "two = delivery.Delivery('t', lambda batch: time.sleep(60))\n"
        "two.take(0); one.take('farewell')\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert ran.stderr == ""
    assert ran.stdout in ("farewell\n", "")


# --- the user's own function ------------------------------------------------------------------


def of(function: Callable[[Any], Any], *scripts: Any) -> Any:
    return scripted(*(scripts or (["fine"],)), sinks=[function])


@pytest.mark.parametrize("mode", MODES)
def test_a_function_is_given_every_event_off_the_calls_path(mode: str) -> None:
    seen: list[Any] = []
    threads = set()

    def mine(event: Any) -> None:
        threads.add(threading.current_thread())
        seen.append(event)

    router = of(mine)
    ask(router, mode)
    assert router.assembled.audience.flush()
    assert [type(event).__name__ for event in seen] == [
        "Ranked",
        "AttemptStarted",
        "AttemptEnded",
        "CallEnded",
    ]
    assert threading.current_thread() not in threads


@pytest.mark.parametrize("mode", MODES)
def test_a_function_that_blocks_delays_no_call(mode: str, gate: threading.Event) -> None:
    router = of(lambda event: gate.wait(20.0))
    for _ in range(3):
        assert ask(router, mode).text == "fine"
    assert not router.assembled.audience.flush(0.01)


def test_a_function_that_raises_gets_the_next_event_all_the_same() -> None:
    seen = []

    def mine(event: Any) -> None:
        seen.append(event)
        raise RuntimeError("no")

    router = of(mine)
    router.invoke("hi")
    router.assembled.audience.flush()
    assert isinstance(seen[-1], CallEnded)
    assert len(seen) == 4

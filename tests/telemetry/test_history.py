"""History: the last calls, as they ended; bounded, shared by copies, without anybody's text."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.outcome import Cause
from langchain_multirouter.telemetry.history import KEPT_CALLS, History
from langchain_multirouter.telemetry.record import CallRecord
from langchain_multirouter.testing import Breaks
from tests.reference.known import scripted
from tests.simulation.simulated import World, answer, fail, site, stream


def kept(router: RoutedChatModel) -> tuple[CallRecord, ...]:
    return router.assembled.fleet.history.records()


def test_an_answered_call_is_kept_with_all_its_attempts() -> None:
    world = World(site("a", fail(Cause.SERVER), fail(Cause.SERVER)), site("b", answer(2.0)))
    world.call()
    (record,) = world.fleet.history.records()
    assert (record.deployment, record.cause, record.strategy) == ("b", None, "ordered")
    assert [(a.deployment, a.outcome) for a in record.attempts] == [
        ("a", "failure"), ("a", "failure"), ("b", "success"),
    ]  # fmt: skip
    assert record.candidates == 2
    assert record.at == world.now
    assert record.seconds == pytest.approx(world.now - 1000.0)
    assert not record.streamed


def test_a_call_that_nobody_answered_is_kept_with_its_cause() -> None:
    world = World(site("a", fail(Cause.AUTHENTICATION, 3.0)))
    world.call()
    (record,) = world.fleet.history.records()
    assert (record.deployment, record.cause, record.seconds) == (None, "authentication", 3.0)
    assert [a.cause for a in record.attempts] == ["authentication"]


def test_a_call_that_nobody_may_serve_is_kept_with_what_removed_them() -> None:
    router = scripted(["x"], ["y"], deployments=[{"tags": ["eu"]}])
    with pytest.raises(ModelError):
        router.invoke("hi", max_cost=0.1, require_tags=["eu"])
    (record,) = kept(router)
    assert record.removed_by == ("max_cost", "require_tags")
    assert (record.deployment, record.attempts, record.candidates) == (None, (), 0)


def test_a_stream_that_broke_off_is_kept_as_one_that_was_not_answered() -> None:
    router = scripted([Breaks("one two three", ConnectionError("no"), 2)])
    with pytest.raises(ModelError):
        list(router.stream("hi"))
    (record,) = kept(router)
    assert record.deployment is None
    assert record.streamed
    assert record.cause == "connection"


def test_a_stream_tells_when_its_first_token_came() -> None:
    world = World(site("a", stream("empty", "content", "finish", "end")))
    world.call(streamed=True)
    (record,) = world.fleet.history.records()
    assert record.streamed
    assert record.attempts[-1].first_token_seconds == 2.0


def test_health_checks_are_no_calls() -> None:
    router = scripted(["x"], [ConnectionError("no")])
    router.check_health()
    assert kept(router) == ()


def test_copies_of_a_router_share_it() -> None:
    router = scripted(["x"])
    router.with_routing(strategy="round_robin").invoke("hi")
    assert [record.strategy for record in kept(router)] == ["round_robin"]


def test_no_text_of_a_prompt_or_an_answer_is_kept() -> None:
    router = scripted(["the answer CANARY-1"], [ConnectionError("CANARY-2")])
    router.invoke("CANARY-3")
    with pytest.raises(ModelError):
        router.invoke("CANARY-4", model="b")
    assert len(kept(router)) == 2
    assert "CANARY" not in repr(kept(router))


def test_it_keeps_the_last_ten_thousand_calls_and_no_more() -> None:
    history = History()
    for number in range(KEPT_CALLS + 5):
        history.keep(record(number))
    assert len(history) == KEPT_CALLS == 10_000
    assert [one.call for one in history.records()[:1]] == [5]


def record(number: int, **more: Any) -> CallRecord:
    return CallRecord(number, float(number), "ordered", None, "a", None, (), 1.0, 1, False, **more)


def test_looking_at_it_while_others_add_to_it_harms_nobody() -> None:
    history = History(2_000)
    over = threading.Event()

    def add() -> None:
        while not over.is_set():
            history.keep(record(1))

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert all(len(history.records()) <= 2_000 for _ in range(30))
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_times_are_told_on_the_clock_that_is_asked_for() -> None:
    router = scripted(["x"])
    router.invoke("hi")
    ahead = time.time() - time.monotonic()
    (told,) = router.assembled.fleet.history.records(ahead_seconds=ahead)
    assert abs(told.at - time.time()) < 60.0


def test_a_call_that_its_caller_left_is_kept_as_one_that_was_left() -> None:
    world = World(site("a", stream("content", (50.0, "finish"))))
    left = world.begin(streamed=True)
    left.fire()
    left.close()
    (record,) = world.fleet.history.records()
    assert (record.deployment, record.cause) == (None, "cancelled")
    assert [attempt.outcome for attempt in record.attempts] == ["cancelled"]


def test_a_call_while_everybody_is_out_is_kept() -> None:
    router = scripted(["x"])
    router.pause("a")
    with pytest.raises(ModelError):
        router.invoke("hi")
    (record_,) = kept(router)
    assert (record_.cause, record_.removed_by) == ("NoCandidateError", ("paused",))

"""Continued streams: another deployment carries on from what was delivered."""

import pytest

from langchain_multirouter.errors import StreamInterruptedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.steps import Deliver, Start
from tests.simulation.simulated import GOOD_STREAM, HANG, Call, World, fail, site, stream

BROKEN = stream("content", "content", *fail(Cause.STREAM_BROKEN))
GOING_ON = {"streamed": True, "on_interrupted": "continue"}


def resumed(call: Call) -> list[bool]:
    return [step.resume for _, step in call.trace if isinstance(step, Start)]


def test_another_deployment_goes_on_at_once_and_both_parts_are_delivered() -> None:
    world = World(site("a", BROKEN), site("b", GOOD_STREAM))
    call = world.call(**GOING_ON)
    assert call.names == ["a", "b"]
    assert call.pauses == []
    assert resumed(call) == [False, True]
    assert [step.id for _, step in call.trace if isinstance(step, Deliver)] == [0, 1]
    assert call.answered is not None
    metadata = call.answered.metadata()
    assert metadata["deployment"] == "b"
    assert metadata["notes"] == ["continued by b where the stream from a broke off"]


def test_a_silence_is_an_interruption_too() -> None:
    call = World(site("a", stream("content")), site("b", GOOD_STREAM)).call(
        **GOING_ON, idle_seconds=2.0
    )
    assert call.names == ["a", "b"]
    assert call.answered is not None


def test_the_same_one_goes_on_where_there_is_no_other() -> None:
    call = World(site("a", BROKEN, GOOD_STREAM)).call(**GOING_ON)
    assert call.names == ["a", "a"]
    assert call.answered is not None


def test_never_from_inside_a_tool_call() -> None:
    calling = stream("content", "call", *fail(Cause.STREAM_BROKEN))
    call = World(site("a", calling), site("b", GOOD_STREAM)).call(**GOING_ON)
    assert call.names == ["a"]
    assert isinstance(call.error, StreamInterruptedError)


def test_before_anything_was_delivered_it_is_a_fallback_as_ever() -> None:
    call = World(site("a", fail(Cause.UNKNOWN)), site("b", GOOD_STREAM)).call(**GOING_ON)
    assert resumed(call) == [False, False]
    assert call.answered is not None
    assert "notes" not in call.answered.metadata()


@pytest.mark.parametrize("second", [fail(Cause.UNKNOWN), BROKEN, HANG])
def test_when_nobody_can_go_on_it_is_an_interruption_with_everything_tried(second: object) -> None:
    world = World(site("a", BROKEN, timeout=9.0), site("b", second, timeout=9.0))  # type: ignore[arg-type]
    call = world.call(**GOING_ON, max_attempts=2)
    assert isinstance(call.error, StreamInterruptedError)
    assert [one.deployment for one in call.error.attempts] == ["a", "b"]
    assert all(c.stats.pending == 0 for c in world.fleet.snapshot())


def test_a_refusal_or_the_deadline_ends_it() -> None:
    refused = stream("content", *fail(Cause.CONTENT_POLICY))
    call = World(site("a", refused), site("b", GOOD_STREAM)).call(**GOING_ON)
    assert isinstance(call.error, StreamInterruptedError)
    late = World(site("a", stream("content")), site("b")).call(**GOING_ON, deadline_seconds=3.0)
    assert isinstance(late.error, StreamInterruptedError)


def test_it_is_an_error_unless_asked_for() -> None:
    call = World(site("a", BROKEN), site("b", GOOD_STREAM)).call(streamed=True)
    assert isinstance(call.error, StreamInterruptedError)

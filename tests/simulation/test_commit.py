"""Commit: when a stream belongs to the caller, and what happens when it breaks off after that."""

import pytest

from langchain_multirouter.errors import AllAttemptsFailedError, StreamInterruptedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.steps import Deliver
from tests.simulation.simulated import GOOD_STREAM, World, fail, site, stream


def test_a_stream_is_committed_to_on_its_first_content() -> None:
    call = World(site("a", GOOD_STREAM)).begin(streamed=True)
    call.fire()
    assert call.delivered == []
    call.fire()
    assert call.delivered == ["empty", "content"]
    call.world.finish(call)
    assert call.delivered == ["empty", "content", "content", "finish"]


def test_empty_chunks_are_held_back_and_forgotten_when_the_stream_fails_before_content() -> None:
    hollow = stream("empty", "empty", *fail(Cause.CONNECTION))
    call = World(site("a", hollow), site("b", GOOD_STREAM)).call(streamed=True)
    assert call.names == ["a", "a", "b"]
    assert call.delivered == ["empty", "content", "content", "finish"]


def test_a_single_chunk_that_is_content_and_finish_is_an_answer() -> None:
    call = World(site("a", stream("last", "end"))).call(streamed=True)
    assert call.delivered == ["last"]
    assert call.answered is not None


def test_an_answer_without_content_is_delivered_when_its_provider_says_it_is_one() -> None:
    """Such as one that was cut by max_tokens before its first word."""
    call = World(site("a", stream("empty", "finish", "end"))).call(streamed=True)
    assert call.delivered == ["empty", "finish"]
    assert call.answered is not None


@pytest.mark.parametrize("cause", Cause)
def test_after_a_part_was_delivered_any_failure_interrupts_and_nothing_else_is_tried(
    cause: Cause,
) -> None:
    theirs = RuntimeError("gone")
    broken = stream("empty", "content", *fail(cause, error=theirs))
    world = World(site("a", broken), site("b", GOOD_STREAM))
    call = world.call(streamed=True)
    assert call.names == ["a"]
    assert call.delivered == ["empty", "content"]
    assert isinstance(call.error, StreamInterruptedError)
    assert call.error.cause is cause
    assert call.error.__cause__ is theirs
    assert [a.deployment for a in call.error.attempts] == ["a"]
    assert world.counts("a") == (0, 1, 0, 0)


def test_a_deadline_that_passes_in_the_middle_of_a_stream_interrupts_it() -> None:
    endless = stream(*["content"] * 100)
    call = World(site("a", endless), site("b", GOOD_STREAM)).call(
        streamed=True, deadline_seconds=9.5
    )
    assert call.names == ["a"]
    assert isinstance(call.error, StreamInterruptedError)
    assert call.error.cause is Cause.TIMEOUT
    assert len(call.delivered) == 9


def test_a_whole_answer_that_breaks_off_is_tried_elsewhere() -> None:
    """Nothing of it has reached the caller."""
    call = World(site("a", fail(Cause.STREAM_BROKEN)), site("b")).call()
    assert call.names == ["a", "a", "b"]
    assert not any(isinstance(step, Deliver) for _, step in call.trace)


def test_a_stream_that_fails_before_content_everywhere_is_not_an_interruption() -> None:
    hollow = stream("empty", *fail(Cause.SERVER))
    call = World(site("a", hollow), site("b", hollow)).call(streamed=True)
    assert isinstance(call.error, AllAttemptsFailedError)
    assert call.delivered == []


def test_events_of_an_attempt_come_to_their_caller_though_another_call_is_committed() -> None:
    world = World(site("a", GOOD_STREAM))
    one, other = world.begin(streamed=True), world.begin(streamed=True)
    world.finish(one, other)
    assert one.delivered == other.delivered == ["empty", "content", "content", "finish"]
    assert world.counts("a") == (2, 0, 0, 0)

"""Buffered streams: nothing is delivered until all of it is there, and so they fail over whole."""

import pytest

from langchain_multirouter.errors import AllAttemptsFailedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.steps import Deliver
from tests.simulation.simulated import GOOD_STREAM, World, fail, site, stream

BROKEN = stream("content", "content", *fail(Cause.STREAM_BROKEN))


def test_a_stream_that_breaks_off_is_answered_by_the_next() -> None:
    world = World(site("a", BROKEN), site("b", GOOD_STREAM))
    call = world.call(streamed=True, on_interrupted="buffer", max_retries=0)
    assert call.names == ["a", "b"]
    assert call.delivered == ["empty", "content", "content", "finish"]
    assert call.answered is not None


def test_it_is_delivered_once_and_at_its_end() -> None:
    world = World(site("a", GOOD_STREAM))
    call = world.call(streamed=True, on_interrupted="buffer")
    delivers = [at for at, step in call.trace if isinstance(step, Deliver)]
    assert delivers == [world.now]


def test_when_all_break_off_the_error_is_that_of_a_whole_answer() -> None:
    call = World(site("a", BROKEN)).call(streamed=True, on_interrupted="buffer", max_retries=0)
    assert isinstance(call.error, AllAttemptsFailedError)
    assert call.delivered == []


@pytest.mark.parametrize("hedge", [0.5, 5.0])
def test_hedged_the_first_that_is_whole_wins(hedge: float) -> None:
    slow = stream("content", (60.0, "content"), "finish", "end")
    world = World(site("a", slow), site("b", GOOD_STREAM))
    call = world.call(streamed=True, on_interrupted="buffer", hedge=hedge)
    assert call.names == ["a", "b"]
    assert call.delivered == ["empty", "content", "content", "finish"]

"""Limits: of an attempt, of a stream's silences, of the whole call."""

import pytest

from langchain_multirouter.errors import (
    AllAttemptsFailedError,
    NoCandidateError,
    StreamInterruptedError,
    TimedOutError,
)
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import (
    GOOD,
    GOOD_STREAM,
    HANG,
    Call,
    World,
    answer,
    fail,
    site,
    stream,
)

PATIENT = Policy(breaker_failures=99, breaker_least=99)


def began(call: Call) -> float:
    return call.started[0].at


class TestAttempt:
    """One attempt's limits."""

    def test_an_attempt_is_given_up_at_its_deployments_limit(self) -> None:
        world = World(site("a", HANG, timeout=7.0), site("b"))
        call = world.call()
        assert call.names == ["a", "b"]
        assert call.started[1].at - began(call) == 7.0
        assert world.candidate("a").stats.causes == {"timeout": 1}

    def test_the_calls_own_limit_goes_before_the_deployments(self) -> None:
        call = World(site("a", HANG, timeout=7.0), site("b")).call(timeout=3.0)
        assert call.started[1].at - began(call) == 3.0

    def test_a_limit_holds_for_each_attempt_anew(self) -> None:
        call = World(site("a", HANG, timeout=7.0), site("b", answer(6.5))).call()
        assert call.answered is not None

    def test_an_attempt_may_last_no_longer_than_the_call(self) -> None:
        call = World(site("a", HANG, timeout=7.0)).call(deadline_seconds=4.0)
        assert call.started[0].limits.whole == 4.0

    def test_a_timeout_is_not_retried_at_the_same_deployment(self) -> None:
        call = World(site("a", HANG, timeout=7.0), site("b", HANG, timeout=7.0)).call()
        assert call.names == ["a", "b"]
        assert isinstance(call.error, TimedOutError)


class TestStream:
    """A stream's limits."""

    def test_a_stream_without_a_first_token_in_time_fails_over(self) -> None:
        world = World(site("a", stream("empty"), timeout=10.0), site("b", GOOD_STREAM))
        call = world.call(streamed=True)
        assert call.names == ["a", "b"]
        assert call.started[1].at - began(call) == 10.0

    def test_empty_chunks_do_not_count_as_a_first_token(self) -> None:
        dripping = stream(*["empty"] * 50)
        call = World(site("a", dripping, timeout=10.0), site("b", GOOD_STREAM)).call(streamed=True)
        assert call.started[1].at - began(call) == 10.0

    def test_a_stream_may_last_longer_than_its_limit_when_no_silence_does(self) -> None:
        long = stream(*[(9.0, "content")] * 20, "finish", "end")
        call = World(site("a", long, timeout=10.0)).call(streamed=True)
        assert call.answered is not None
        assert world_seconds(call) > 180

    def test_a_silence_between_two_chunks_longer_than_the_limit_breaks_the_stream(self) -> None:
        world = World(site("a", stream("content", (11.0, "content")), timeout=10.0))
        call = world.call(streamed=True)
        assert world.candidate("a").stats.causes == {"timeout": 1}
        assert call.error is not None
        assert world.now - began(call) == 11.0

    def test_a_stream_silent_after_its_finish_reason_is_complete_after_two_seconds(self) -> None:
        world = World(site("a", stream("content", "finish")))
        call = world.call(streamed=True)
        assert call.answered is not None
        assert world.now - began(call) == 4.0
        assert world.counts("a") == (1, 0, 0, 0)

    def test_usage_that_follows_the_finish_reason_in_time_is_still_delivered(self) -> None:
        call = World(site("a", stream("content", "finish", "empty", "end"))).call(streamed=True)
        assert call.delivered == ["content", "finish", "empty"]

    def test_a_failure_after_the_finish_reason_does_not_undo_the_answer(self) -> None:
        broken = stream("content", "finish", *fail(Cause.CONNECTION))
        call = World(site("a", broken)).call(streamed=True)
        assert call.answered is not None

    def test_a_finish_reason_without_content_is_no_answer_when_silence_follows(self) -> None:
        world = World(site("a", stream("empty", "finish")), site("b", GOOD_STREAM))
        call = world.call(streamed=True)
        assert call.names == ["a", "b"]
        assert call.delivered == ["empty", "content", "content", "finish"]


def world_seconds(call: Call) -> float:
    return call.world.now - began(call)


class TestDeadline:
    """The whole call: all attempts, all waits."""

    def test_the_error_is_a_timeout(self) -> None:
        world = World(site("a", fail(Cause.SERVER, 3.0)), site("b", HANG), policy=PATIENT)
        call = world.call(deadline_seconds=10.0)
        assert isinstance(call.error, TimedOutError)
        assert "deadline of 10 s" in str(call.error)
        assert world_seconds(call) == 10.0

    @pytest.mark.parametrize("deadline", [0.5, 1.0, 1.7, 2.5, 4.0, 6.5, 13.0, 40.0])
    def test_no_attempt_and_no_wait_goes_beyond_it(self, deadline: float) -> None:
        sites = [site(n, fail(Cause.SERVER), fail(Cause.THROTTLED)) for n in "ab"]
        world = World(*sites, policy=PATIENT)
        call = world.call(deadline_seconds=deadline, max_attempts=64, max_retries=20)
        latest = began(call) + deadline
        assert all(one.at < latest for one in call.started)
        assert all(until <= latest for _, until in call.pauses)
        assert world.now <= latest

    def test_no_attempt_begins_after_it_when_a_wait_ends_late(self) -> None:
        world = World(site("a", fail(Cause.SERVER)), policy=PATIENT)
        call = world.begin(deadline_seconds=2.2)
        call.fire()
        world.lateness = 5.0
        world.finish(call)
        assert call.names == ["a"]
        assert isinstance(call.error, TimedOutError)

    def test_it_blames_only_who_had_most_of_the_time(self) -> None:
        world = World(site("a", fail(Cause.UNKNOWN, 8.0)), site("b", HANG))
        call = world.call(deadline_seconds=10.0)
        assert world.counts("b") == (0, 0, 1, 0)
        assert isinstance(call.error, AllAttemptsFailedError)
        assert [a.outcome for a in call.error.attempts] == ["failure", "cancelled"]

    def test_it_blames_who_had_half_of_it(self) -> None:
        world = World(site("a", fail(Cause.UNKNOWN, 5.0)), site("b", HANG))
        call = world.call(deadline_seconds=10.0)
        assert world.counts("b") == (0, 1, 0, 0)
        assert isinstance(call.error, TimedOutError)

    def test_an_answer_that_comes_in_time_is_an_answer(self) -> None:
        world = World(site("a", fail(Cause.UNKNOWN, 8.0)), site("b", answer(1.9)))
        assert world.call(deadline_seconds=10.0).answered is not None

    def test_a_failure_that_comes_too_late_ends_the_call_with_a_timeout(self) -> None:
        """An inline attempt cannot be interrupted: its SDK ends it later."""
        world = World(site("a", GOOD), site("b"))
        call = world.begin(deadline_seconds=3.0)
        world.lateness = 20.0
        call.expect(9.0, fail(Cause.SERVER)[0][1])
        world.finish(call)
        assert call.names == ["a"]
        assert isinstance(call.error, TimedOutError)

    def test_a_deadline_that_passes_before_anything_was_sent_says_who_was_waited_for(self) -> None:
        world = World(site("a", fail(Cause.THROTTLED, hint=20.0)))
        world.call(max_attempts=1)
        call = world.call(deadline_seconds=5.0)
        assert isinstance(call.error, NoCandidateError)
        assert "cooldown for 20.0 s" in call.error.removed["a"]


class TestOwnLimits:
    """A stream's limits beside the attempt's own."""

    def test_the_first_token_has_a_limit_of_its_own(self) -> None:
        slow = stream("empty", (20.0, "content"), "finish", "end")
        call = World(site("a", slow), site("b", GOOD_STREAM)).call(
            streamed=True, first_token_seconds=5.0
        )
        assert call.names == ["a", "b"]
        assert call.started[1].at - began(call) == 5.0

    def test_a_silence_between_chunks_has_a_limit_of_its_own(self) -> None:
        stalls = stream((8.0, "content"), (30.0, "content"))
        world = World(site("a", stalls))
        call = world.call(streamed=True, first_token_seconds=9.0, idle_seconds=3.0)
        assert isinstance(call.error, StreamInterruptedError)
        assert world.now - began(call) == 11.0

    def test_the_attempts_own_limit_may_be_shorter(self) -> None:
        world = World(site("a", stream("empty"), timeout=4.0), site("b", GOOD_STREAM))
        call = world.call(streamed=True, first_token_seconds=50.0)
        assert call.started[1].at - began(call) == 4.0

    def test_whole_answers_have_neither(self) -> None:
        call = World(site("a", answer(60.0))).call(first_token_seconds=1.0, idle_seconds=1.0)
        assert call.answered is not None

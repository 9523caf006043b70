"""Out: breakers over many calls; one probe at a time, one last resort at a time."""

import pytest

from langchain_multirouter.errors import AllAttemptsFailedError, NoCandidateError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import (
    GOOD,
    HANG,
    Call,
    Script,
    World,
    answer,
    fail,
    site,
    stream,
)

BUSY = fail(Cause.SERVER)
OPENS_AT_TWO = Policy(breaker_failures=2)


def opened(*scripts: Script, others: int = 0) -> World:
    """A world whose first deployment's breaker has just opened."""
    healthy = (site(f"b{i}") for i in range(others))
    world = World(site("a", *[BUSY] * 5, *scripts), *healthy)
    while world.candidate("a").breaker.open_until is None:
        world.call(max_retries=0)
    return world


def probe(world: World) -> Call:
    """A call that begins when the breaker is due for its probe."""
    until = world.candidate("a").breaker.open_until
    assert until is not None
    world.now = max(world.now, until)
    return world.begin()


def test_five_failures_in_a_row_keep_further_calls_away() -> None:
    world = opened(others=1)
    assert world.call().names == ["b0"]
    assert world.counts("a") == (0, 5, 0, 0)


def test_when_its_time_has_come_one_call_probes_and_closes_it_again() -> None:
    world = opened(GOOD, others=1)
    call = probe(world)
    world.finish(call)
    assert call.names == ["a"]
    assert world.candidate("a").breaker.open_until is None
    world.now += Policy().ramp_seconds
    assert world.call().names == ["a"]


def test_right_after_its_probe_it_stands_back_in_most_calls() -> None:
    world = opened(GOOD, others=1)
    world.finish(probe(world))
    calls = [world.begin() for _ in range(200)]
    first = sum(call.names == ["a"] for call in calls)
    assert 5 <= first <= 40
    world.finish(*calls)


def test_who_stands_back_is_still_asked_when_the_others_fail() -> None:
    world = World(site("a", *[BUSY] * 5, GOOD), site("b", GOOD, BUSY))
    while world.candidate("a").breaker.open_until is None:
        world.call(max_retries=0, fallback_enabled=False)
    world.finish(probe(world))
    world.call()
    calls = [world.call() for _ in range(20)]
    assert all(call.answered is not None for call in calls)


def test_while_a_probe_is_under_way_everybody_else_goes_elsewhere() -> None:
    world = opened(answer(50.0), others=1)
    first = probe(world)
    others = [world.begin() for _ in range(5)]
    assert first.names == ["a"]
    assert [call.names for call in others] == [["b0"]] * 5
    world.finish(first, *others)
    assert world.candidate("a").breaker.open_until is None


def test_a_probe_that_was_left_makes_room_for_the_next() -> None:
    world = opened(HANG, GOOD, others=1)
    probe(world).close()
    assert world.call().names == ["a"]


def test_a_probe_that_was_bad_luck_of_the_request_makes_room_for_the_next() -> None:
    world = opened(fail(Cause.BAD_REQUEST), GOOD, others=1)
    world.finish(probe(world))
    assert world.call().names == ["a"]


def test_a_probe_that_never_ends_makes_room_when_its_limit_has_passed() -> None:
    world = opened(HANG, GOOD, others=1)
    stuck = probe(world)
    world.now += 101.0
    assert world.call().names == ["a"]
    stuck.close()


def test_a_probe_that_outlived_its_permit_does_not_take_the_next_ones_away() -> None:
    long = stream(*[(90.0, "content")] * 9)
    world = opened(long, HANG, GOOD, others=1)
    until = world.candidate("a").breaker.open_until
    assert until is not None
    world.now = until
    kept = world.begin(streamed=True)
    kept.fire()
    kept.fire()
    second = world.begin()
    assert second.names == ["a"]
    kept.close()
    assert world.begin().names == ["b0"]


def test_a_failure_that_opens_the_breaker_is_not_waited_after_for_a_retry_it_cannot_have() -> None:
    world = opened(BUSY, others=1)
    call = probe(world)
    world.finish(call)
    assert call.names == ["a", "b0"]
    assert call.pauses == []


def test_a_failed_probe_opens_it_for_twice_as_long() -> None:
    world = opened(BUSY, others=1)
    for exponent in (1, 2):
        world.finish(probe(world))
        breaker = world.candidate("a").breaker
        assert breaker.open_until is not None
        assert breaker.opened == exponent + 1
        longest = 5.0 * 2**exponent
        assert longest / 2 - 1 <= breaker.open_until - world.now <= longest


def test_a_call_begun_before_it_opened_cannot_close_it() -> None:
    world = World(site("a", answer(60.0), BUSY), site("b"))
    early = world.begin()
    while world.candidate("a").breaker.open_until is None:
        world.call(max_retries=0)
    before = world.candidate("a").breaker
    world.finish(early)
    assert early.answered is not None
    assert world.candidate("a").breaker == before


def test_when_all_are_out_one_attempt_is_made_all_the_same() -> None:
    world = opened(GOOD)
    call = world.call()
    assert call.names == ["a"]
    assert call.answered is not None
    assert world.candidate("a").breaker.open_until is None


def test_when_all_are_out_two_attempts_a_second_are_made() -> None:
    world = opened(*[BUSY] * 99)
    began = world.now
    calls = []
    while world.now < began + 10.0:
        calls.append(world.begin())
        world.now += 0.05
    assert 18 <= sum(len(call.names) for call in calls) <= 20
    for call in calls:
        call.close()


def test_the_trickle_does_not_wait_for_attempts_that_hang() -> None:
    world = opened(HANG, GOOD)
    stuck = world.begin()
    world.now += 0.5
    second = world.call()
    assert (stuck.names, second.names) == (["a"], ["a"])
    assert second.answered is not None
    assert world.candidate("a").breaker.open_until is None
    stuck.close()


def test_a_call_tries_each_that_is_out_once_as_far_as_the_trickle_goes() -> None:
    world = World(site("a", BUSY), site("b", BUSY, BUSY, GOOD), policy=OPENS_AT_TWO)
    world.call()
    call = world.call()
    assert call.names == ["a", "b"]
    assert call.answered is not None


def test_the_last_resort_is_first_who_failed_longest_ago() -> None:
    world = World(site("a", BUSY), site("b", BUSY), policy=OPENS_AT_TWO)
    world.call()
    assert world.call(max_attempts=1).names == ["a"]
    world.now += 1.0
    assert world.call(max_attempts=1).names == ["b"]


def test_whose_keys_are_refused_is_the_last_of_the_last_resorts() -> None:
    refused = fail(Cause.AUTHENTICATION)
    world = World(site("a", refused), site("b", BUSY), policy=OPENS_AT_TWO)
    world.call()
    assert world.call(max_attempts=1).names == ["b"]


def test_when_all_are_out_a_second_call_at_once_is_not_made() -> None:
    world = opened(answer(20.0))
    first = world.begin()
    others = [world.begin() for _ in range(5)]
    assert first.names == ["a"]
    for call in others:
        assert call.names == []
        assert isinstance(call.error, NoCandidateError)
        assert set(call.error.removed) == {"a"}
    world.finish(first)
    assert first.answered is not None


def test_a_last_resort_is_not_repeated() -> None:
    world = opened(BUSY)
    call = world.call()
    assert call.names == ["a"]
    assert isinstance(call.error, AllAttemptsFailedError)


def test_the_last_resort_of_a_call_is_the_first_that_nobody_else_is_trying() -> None:
    world = World(site("a", BUSY, BUSY, HANG), site("b", BUSY, BUSY, GOOD), policy=OPENS_AT_TWO)
    world.call()
    first, second = world.begin(), world.begin()
    assert (first.names, second.names) == (["a"], ["b"])
    first.close()


def test_the_last_resort_does_not_ask_before_a_time_that_the_provider_named() -> None:
    policy = Policy(open_seconds=100.0, longest_open_seconds=100.0)
    limited = fail(Cause.THROTTLED, 20.0, hint=500.0)
    world = World(site("a", limited, *[BUSY] * 5, GOOD), policy=policy)
    early = world.begin(max_attempts=1)
    while world.candidate("a").breaker.open_until is None:
        world.call(max_retries=0)
    world.finish(early)
    late = world.begin()
    assert late.names == []
    assert isinstance(late.error, NoCandidateError)
    again = late.error.retry_after_seconds  # who is refused is told when to come back
    assert again is not None
    assert 0.0 < again <= 500.0


def test_a_paused_deployment_is_no_last_resort() -> None:
    world = opened()
    world.fleet.pause("a")
    call = world.begin()
    assert call.names == []
    assert isinstance(call.error, NoCandidateError)
    assert call.error.retry_after_seconds is None  # no waiting helps


@pytest.mark.parametrize("required", [["eu"], ["eu", "zero-retention"]])
def test_required_tags_hold_for_the_last_resort_too(required: list[str]) -> None:
    world = World(site("a", *[BUSY] * 5, tags=["eu"]), site("b", tags=["us"]))
    for _ in range(9):
        assert "b" not in world.call(require_tags=required).names

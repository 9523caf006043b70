"""Hedges: an early second copy elsewhere; the first answer wins, the other is left."""

from random import Random

import pytest

from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry.stats import percentile
from tests.simulation.simulated import (
    GOOD,
    GOOD_STREAM,
    HANG,
    Call,
    Kept,
    Script,
    World,
    answer,
    fail,
    site,
    stream,
)
from tests.simulation.traffic import Changing, attempts_per_call, lost

SLOW = answer(30.0)


def outcomes(call: Call) -> list[tuple[str, str]]:
    known = getattr(call.answered or call.error, "attempts", ())
    return [(one.deployment, one.outcome) for one in known]


def test_a_second_copy_goes_elsewhere_after_the_time_and_the_first_answer_wins() -> None:
    world = World(site("a", SLOW), site("b"))
    call = world.call(hedge=2.0)
    assert call.names == ["a", "b"]
    assert call.started[1].at - call.began == 2.0
    assert world.now - call.began == 3.0
    assert outcomes(call) == [("a", "cancelled"), ("b", "success")]
    assert (world.counts("a"), world.counts("b")) == ((0, 0, 1, 0), (1, 0, 0, 0))
    assert call.answered is not None
    assert call.answered.metadata()["deployment"] == "b"


def test_the_first_may_win_after_all() -> None:
    world = World(site("a", answer(4.0)), site("b", SLOW))
    call = world.call(hedge=2.0)
    assert outcomes(call) == [("b", "cancelled"), ("a", "success")]
    assert world.counts("b") == (0, 0, 1, 0)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("first_wins", [False, True])
@pytest.mark.parametrize("step", range(1, 12))
def test_a_call_that_is_stopped_at_any_step_leaves_nothing_pending(
    step: int, first_wins: bool, streamed: bool
) -> None:
    """As an asynchronous call is whose task is cancelled while the loser says farewell."""
    quick, slow = stream((3.0, "content"), "finish", "end"), stream((30.0, "content"), "end")
    if not streamed:
        quick, slow = answer(3.0), SLOW
    world = World(
        site("a", quick if first_wins else slow), site("b", slow if first_wins else quick)
    )
    world.most_steps = step
    world.told = Kept()
    world.call(hedge=2.0, streamed=streamed)
    assert (world.counts("a")[3], world.counts("b")[3]) == (0, 0)


def test_who_answers_in_time_is_not_hedged() -> None:
    assert World(site("a"), site("b")).call(hedge=2.0).names == ["a"]


@pytest.mark.parametrize("hedge", [None, False])
def test_it_is_off_where_nobody_asks_or_somebody_forbids_it(hedge: bool | None) -> None:
    assert World(site("a", SLOW), site("b")).call(hedge=hedge).names == ["a"]


def test_after_its_own_95_percent_where_no_time_is_given() -> None:
    world = World(site("a", *[answer(0.1 * n) for n in range(1, 41)], SLOW), site("b"))
    for _ in range(40):
        assert world.call(hedge=True).names in (["a"], ["a", "b"])
    times = world.candidate("a").stats.measured.times
    call = world.call(hedge=True)
    assert call.started[1].at - call.began == pytest.approx(percentile(times, 0.95))


def test_who_has_too_few_times_to_tell_is_not_hedged() -> None:
    world = World(site("a", *[GOOD] * 19, SLOW), site("b"))
    for _ in range(19):
        world.call(hedge=True)
    assert world.call(hedge=True).names == ["a"]


def test_streams_are_hedged_until_their_first_token_and_by_times_to_it() -> None:
    quick = stream((0.5, "content"), (60.0, "finish"), "end")
    world = World(site("a", *[quick] * 20, stream((20.0, "content"))), site("b", GOOD_STREAM))
    for _ in range(20):
        assert world.call(hedge=True, streamed=True).names == ["a"]
    call = world.call(hedge=True, streamed=True)
    assert call.started[1].at - call.began == pytest.approx(0.5)
    assert call.delivered == ["empty", "content", "content", "finish"]
    assert outcomes(call) == [("a", "cancelled"), ("b", "success")]


def test_a_stream_that_was_committed_to_is_not_hedged() -> None:
    slow = stream("content", (50.0, "content"), "finish", "end")
    assert World(site("a", slow), site("b")).call(hedge=2.0, streamed=True).names == ["a"]


def test_when_the_first_fails_the_second_goes_on() -> None:
    world = World(site("a", fail(Cause.SERVER, 3.0)), site("b", answer(5.0)))
    call = world.call(hedge=2.0)
    assert call.names == ["a", "b"]
    assert outcomes(call) == [("a", "failure"), ("b", "success")]


def test_when_the_second_fails_the_first_goes_on() -> None:
    world = World(site("a", answer(9.0)), site("b", fail(Cause.SERVER)))
    assert outcomes(world.call(hedge=2.0)) == [("b", "failure"), ("a", "success")]


def test_when_both_fail_the_call_goes_on_as_ever() -> None:
    busy = fail(Cause.UNKNOWN, 3.0)
    world = World(site("a", busy), site("b", busy), site("c"))
    call = world.call(hedge=2.0)
    assert call.names == ["a", "b", "c"]
    assert call.answered is not None


def test_a_failure_that_ends_the_call_leaves_the_other() -> None:
    world = World(site("a", HANG), site("b", fail(Cause.BAD_REQUEST)))
    call = world.call(hedge=2.0)
    assert call.error is not None
    assert (world.counts("a"), world.counts("b")) == ((0, 0, 1, 0), (0, 1, 0, 0))


def test_the_deadline_ends_both() -> None:
    world = World(site("a", HANG), site("b", HANG))
    call = world.call(hedge=2.0, deadline_seconds=10.0)
    assert call.error is not None
    assert world.now - call.began == 10.0
    assert {name for name, _ in outcomes(call)} == {"a", "b"}
    assert world.counts("a")[3] == world.counts("b")[3] == 0


def test_a_hedge_is_paid_for_by_the_slow_ones_budget() -> None:
    policy = Policy(retry_burst=2.0, retry_ratio=0.0, retries_per_second=0.0)
    world = World(site("a", answer(5.0)), site("b", answer(9.0)), policy=policy)
    assert [len(world.call(hedge=1.0).started) for _ in range(4)] == [2, 2, 1, 1]


@pytest.mark.parametrize(
    "options", [{"fallback_enabled": False}, {"max_attempts": 1}, {"model": "a"}]
)
def test_a_call_that_may_not_go_elsewhere_is_not_hedged(options: dict[str, object]) -> None:
    world = World(site("a", SLOW), site("b"))
    assert world.call(hedge=2.0, **options).names == ["a"]


def test_a_hedge_does_not_change_the_model_where_that_is_not_allowed() -> None:
    world = World(site("a", SLOW), site("b", model_name="other"), site("c"))
    assert world.call(hedge=2.0, allow_model_change=False).names == ["a", "c"]


def test_a_hedge_goes_to_nobody_who_is_out_or_has_too_many_orphans() -> None:
    world = World(site("a", SLOW), site("b"), site("c"), policy=Policy(most_orphans=2))
    world.fleet.orphaned(1, 2)
    assert world.call(hedge=2.0).names == ["a", "c"]
    world.fleet.orphaned(1, -1)
    assert world.call(hedge=2.0).names == ["a", "b"]


def test_a_caller_who_leaves_leaves_both() -> None:
    world = World(site("a", HANG), site("b", HANG))
    call = world.begin(hedge=2.0)
    call.fire()
    call.close()
    assert (world.counts("a"), world.counts("b")) == ((0, 0, 1, 0), (0, 0, 1, 0))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_five_percent_budget_cuts_the_99th_percentile_of_a_five_percent_hang_five_times(
    streamed: bool,
) -> None:
    def hanging(_since: float, rng: Random) -> Script:
        seconds = 30.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.5)
        return stream((seconds, "last"), (0.0, "end")) if streamed else answer(seconds)

    policy = Policy(retry_ratio=0.05, retries_per_second=0.0)
    p99 = {}
    for hedge in (None, 2.0):
        world = Changing({"a": hanging, "b": hanging}, policy=policy, seed=1)
        calls = world.traffic(10.0, 300.0, hedge=hedge, streamed=streamed)
        assert lost(calls) == []
        taken = [call.answered.ended - call.answered.started for call in calls if call.answered]
        p99[hedge] = percentile(taken, 0.99) or 0.0
        assert attempts_per_call(calls) <= 1.055
    assert p99[2.0] * 5 <= p99[None]

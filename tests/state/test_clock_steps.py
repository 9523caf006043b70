"""Clock steps: a clock that stands still, goes back or leaps changes no state and harms nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.options import read_options
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.request import Request
from langchain_multirouter.resilience.budget import available
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.routing.strategy import rank
from langchain_multirouter.settlement import Permit
from langchain_multirouter.telemetry.stats import Sample
from langchain_multirouter.testing import ScriptedModel
from tests.routing.candidates import candidate

TIMES = st.sampled_from([0.0, 1.0, 5.0, 999.0, 1000.0, 1001.0, 4600.0, 1e9, -3600.0]) | st.floats(
    -1e12, 1e12
)
POLICIES = st.sampled_from(
    [
        Policy(),
        Policy(breaker_failures=1, ramp_seconds=0.0),
        Policy(breaker_window_seconds=0.0, breaker_least=1, open_seconds=0.0),
        Policy(trickle_per_second=0.0, retries_per_second=0.0, breaker_failures=2),
    ]
)
SAMPLES = st.builds(
    Sample, st.none() | st.floats(0.0, 1e6), st.none() | st.floats(0.0, 1e6), st.integers(0, 99)
)
FAILURES = st.builds(
    Failure,
    st.sampled_from(list(Cause)),
    retry_after_seconds=st.none() | st.sampled_from([0.0, 1.0, 86_400.0]),
)
STRATEGIES = [
    "ordered", "round_robin", "performance_based", "cost_optimized", "availability_based",
    "weighted_random", "intelligent", "adaptive",
]  # fmt: skip


class Story:
    """One fleet of two, and the permits that its callers hold."""

    def __init__(self, policy: Policy) -> None:
        self.fleet = Fleet([candidate(0), candidate(1)], policy, 0)
        self.held: list[Permit] = []

    def permit(self, now: float, draw: Callable[[Any], Any]) -> None:
        permit = self.fleet.permit(
            draw(st.integers(0, 1)), now, longest_seconds=20.0, last_resort=draw(st.booleans())
        )
        if permit is not None:
            self.held.append(permit)

    def end(self, now: float, draw: Callable[[Any], Any]) -> None:
        if not self.held:
            return
        permit = self.held.pop(draw(st.integers(0, len(self.held) - 1)))
        match draw(st.sampled_from(["success", "failure", "cancelled"])):
            case "success":
                self.fleet.settle_success(permit, now, draw(SAMPLES))
            case "failure":
                self.fleet.settle_failure(permit, draw(FAILURES), now)
            case _:
                self.fleet.settle_cancelled(permit, now)

    def judge(self, now: float, draw: Callable[[Any], Any]) -> None:
        self.fleet.judge("d1", now, cause=draw(st.sampled_from([None, "health_check"])))

    def withdraw(self, now: float, draw: Callable[[Any], Any]) -> None:
        self.fleet.withdraw(draw(st.integers(0, 1)), now)


def switches(fleet: Fleet) -> list[Any]:
    """What only an attempt's end or a check may change."""
    return [
        (one.breaker.generation, one.breaker.open_until, one.breaker.opened, one.cooldown)
        for one in fleet.snapshot()
    ]


def look(one: Candidate, policy: Policy, now: float) -> None:
    """All that is asked of a candidate at a time, and what it may answer."""
    assert min(one.stats[:4]) >= 0
    assert one.stats.failed == sum(one.stats.causes.values())
    assert 0.0 <= one.breaker.failed <= one.breaker.total + 1e-9
    assert 0.0 <= one.breaker.share(now) <= 1.0
    assert one.breaker.state(now) in ("closed", "open", "half-open")
    assert one.readiness(now) is not None
    assert one.why_out(now)
    assert one.healthy(now) in (True, False)
    assert 0.0 < one.stats.recent_success_rate(now) <= 1.0
    tokens = available(one.budget, policy, now, started=one.stats.started)
    assert 0.0 <= tokens <= policy.retry_burst
    for streamed in (True, False):
        seconds = one.stats.expected_seconds(now, streamed=streamed)
        assert seconds is None or seconds >= 0.0


@settings(max_examples=150)
@given(POLICIES, st.data())
def test_whatever_the_clock_says_nothing_raises_and_only_ends_and_checks_turn_a_switch(
    policy: Policy, data: st.DataObject
) -> None:
    story = Story(policy)
    for _ in range(data.draw(st.integers(1, 25))):
        now = data.draw(TIMES)
        act = data.draw(st.sampled_from([story.permit, story.permit, story.end, story.end,
                                         story.judge, story.withdraw]))  # fmt: skip
        before = switches(story.fleet)
        act(now, data.draw)
        if act not in (story.end, story.judge):
            assert switches(story.fleet) == before
        for one in story.fleet.snapshot():
            look(one, policy, data.draw(TIMES))
    for permit in story.held:
        story.fleet.settle_cancelled(permit, data.draw(TIMES))
    assert [one.stats.pending for one in story.fleet.snapshot()] == [0, 0]


@settings(max_examples=50)
@given(st.sampled_from(STRATEGIES), st.lists(TIMES, min_size=4, max_size=12))
def test_every_strategy_ranks_whatever_the_clock_says(strategy: str, times: list[float]) -> None:
    fleet = Fleet([candidate(0), candidate(1)], Policy(ramp_seconds=0.0, breaker_failures=1), 0)
    request = Request(read_options({"strategy": strategy}))
    for number, now in enumerate(times):
        permit = fleet.permit(number % 2, now, longest_seconds=20.0, last_resort=True)
        if permit is not None and number % 3:
            fleet.settle_success(permit, times[number // 2], Sample(1.0))
        elif permit is not None:
            fleet.settle_failure(permit, Failure(Cause.SERVER), times[number // 2])
        candidates, turn = fleet.candidates()
        ranking = rank(candidates, request, turn=turn, rng=fleet.rng, now=now)
        names = [one.deployment.name for one in ranking.order]
        assert sorted(names) == ["d0", "d1"]


def test_an_open_breaker_waits_while_the_clock_stands_and_longer_if_it_goes_back() -> None:
    fleet = Fleet([candidate(0)], Policy(breaker_failures=1), 0)
    permit = fleet.permit(0, 1000.0, longest_seconds=10.0)
    assert permit is not None
    fleet.settle_failure(permit, Failure(Cause.SERVER), 1000.0)
    for now in (1000.0, 1000.0, -2600.0, 0.0, 1002.0):
        assert fleet.permit(0, now, longest_seconds=10.0) is None
    assert fleet.permit(0, 1005.0, longest_seconds=10.0) is not None


def test_a_closed_breaker_does_not_open_however_the_clock_leaps() -> None:
    fleet = Fleet([candidate(0)], Policy(), 0)
    for now in (1000.0, 1e9, 2.0, 1000.0, 1000.0, 0.0, 5.0, 5.0, 1e9, 1e9):
        permit = fleet.permit(0, now, longest_seconds=10.0)
        assert permit is not None
        fleet.settle_failure(permit, Failure(Cause.SERVER), now)
        for ended in (-now, now):
            permit = fleet.permit(0, now, longest_seconds=10.0)
            assert permit is not None
            fleet.settle_success(permit, ended)
        assert fleet.snapshot()[0].breaker.open_until is None


@pytest.mark.parametrize("step_seconds", [-3600.0, 3600.0, -1e9])
def test_a_step_of_the_wall_clock_changes_no_switch_no_wait_and_no_statistic(
    step_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = ScriptedModel(script=[ConnectionError("gone")])
    model = RoutedChatModel(
        [Deployment(failing, name="a"), Deployment(ScriptedModel(script=["fine"]), name="b")],
        strategy="ordered",
        policy=Policy(breaker_failures=1, wait=lambda _: 0.0),
        health_check_interval_seconds=3600.0,
    )
    model.invoke("Hello")  # the interval's first check is due now
    model.check_health(timeout_seconds=5.0)
    before = switches(model.assembled.fleet)
    assert before[0][1] is not None, "its breaker is open"
    wall, asked = time.time, failing.calls
    monkeypatch.setattr(time, "time", lambda: wall() + step_seconds)
    for _ in range(20):
        told = model.invoke("Hello").response_metadata["router"]
        assert told["deployment"] == "b"
        assert 0.0 <= told["response_time_seconds"] < 5.0
    assert switches(model.assembled.fleet) == before
    assert failing.calls == asked

"""Quotas in virtual time: who has no headroom is asked after the others, or waited for."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter.errors import NoCandidateError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.request import Prompt
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.resilience.quota import headroom
from langchain_multirouter.telemetry.events import QuotaReached, QuotaWaited
from tests.simulation.simulated import Call, Kept, World, answer, counted, fail, site

QUICK = answer(seconds=0.01)


def paced(*scripts: Any, name: str = "a", **limits: Any) -> Any:
    return site(name, *scripts or (QUICK,), **limits)


def left(world: World, name: str = "a") -> float:
    quota = world.candidate(name).quota
    assert quota is not None
    return headroom(quota, world.now)


def starts(*calls: Call) -> list[float]:
    return sorted(one.at for call in calls for one in call.started)


def test_who_has_no_headroom_is_asked_after_the_others() -> None:
    world = World(paced(requests_per_minute=2), site("b", QUICK))
    assert [world.call().names for _ in range(4)] == [["a"], ["a"], ["b"], ["b"]]
    world.now += 30.0
    assert [world.call().names for _ in range(2)] == [["a"], ["b"]]


def test_a_call_waits_for_the_soonest_headroom_instead_of_failing() -> None:
    world = World(paced(requests_per_minute=4), paced(name="b", requests_per_minute=6))
    for _ in range(10):
        world.call()
    call = world.call()
    assert call.answered is not None
    assert call.names == ["b"]
    assert call.started[0].at - call.began == pytest.approx(10.0, abs=0.2)


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({"policy": Policy(longest_wait_seconds=5.0)}, {}),
        ({}, {"max_wait_seconds": 5.0}),
        ({"policy": Policy(longest_wait_seconds=5.0)}, {"max_wait_seconds": 500.0}),
        ({}, {"max_wait_seconds": 0.0}),
    ],
)
def test_it_waits_no_longer_than_it_may_and_says_when_to_come_again(
    settings: dict[str, Any], options: dict[str, Any]
) -> None:
    world = World(paced(requests_per_minute=2), **settings)
    world.call()
    world.call()
    call = world.call(**options)
    assert isinstance(call.error, NoCandidateError)
    assert call.error.retry_after_seconds == pytest.approx(30.0, abs=0.1)
    assert "no headroom for 30.0 s more (2 requests a minute)" in call.error.removed["a"]
    assert call.names == []
    assert world.now - call.began == 0.0


def test_a_deadline_is_kept_too() -> None:
    world = World(paced(requests_per_minute=3))
    for _ in range(3):
        world.call()
    call = world.call(deadline_seconds=4.0)
    assert call.names == []
    assert world.now - call.began <= 4.0


def test_many_callers_at_once_never_exceed_the_limit_and_all_are_answered_that_can_be() -> None:
    world = World(paced(requests_per_minute=60))
    calls = [world.begin() for _ in range(85)]
    world.finish(*calls)
    made = starts(*calls)
    assert len(made) == 85
    assert sum(at < 1000.5 for at in made) == 60
    for number, at in enumerate(made[60:], 1):
        assert at == pytest.approx(1000.0 + number, abs=0.1)


def test_nobody_waits_longer_in_all_than_it_may_however_many_overtake_it() -> None:
    world = World(paced(requests_per_minute=60))
    calls = [world.begin(max_wait_seconds=10.0) for _ in range(100)]
    world.finish(*calls)
    answered = [call for call in calls if call.answered is not None]
    assert len(answered) == 70
    assert all(call.started[0].at <= 1010.1 for call in answered)
    assert all(isinstance(c.error, NoCandidateError) for c in calls if c.answered is None)


def test_tokens_are_taken_before_and_put_right_after() -> None:
    asked = {"prompt": Prompt(input_tokens=400), "max_tokens": 100}
    world = World(paced(counted(400, 20), tokens_per_minute=1_000))
    call = world.begin(**asked)
    assert left(world) == pytest.approx(0.5)
    world.finish(call)
    assert left(world) == pytest.approx(0.58 + 1 / 60, abs=0.01)
    assert len(world.begin(**asked).started) == 1
    waiting = world.begin(**asked)
    assert waiting.started == []
    world.finish(waiting)
    assert waiting.answered is not None


def test_a_smaller_request_may_go_where_a_larger_one_has_to_wait() -> None:
    world = World(paced(tokens_per_minute=1_000), site("b", QUICK))
    world.call(prompt=Prompt(input_tokens=700), max_tokens=100)
    assert world.call(prompt=Prompt(input_tokens=500), max_tokens=100).names == ["b"]
    assert world.call(prompt=Prompt(input_tokens=50), max_tokens=50).names == ["a"]


def test_what_a_service_refused_has_used_no_tokens() -> None:
    refused = fail(Cause.THROTTLED, seconds=0.0, hint=600.0)
    world = World(paced(refused, tokens_per_minute=1_000), site("b", QUICK))
    world.call(prompt=Prompt(input_tokens=700), max_tokens=100)
    assert left(world) == 1.0
    assert world.candidate("a").cooldown.until == pytest.approx(world.now + 600.0, abs=0.1)


def test_waiting_for_headroom_is_no_illness() -> None:
    world = World(paced(requests_per_minute=1))
    world.call()
    assert world.candidate("a").healthy(world.now)
    assert world.candidate("a").stats.failed == 0


def test_a_hedge_goes_to_nobody_without_headroom() -> None:
    world = World(
        site("a", answer(seconds=9.0)), paced(name="b", requests_per_minute=1), site("c", QUICK)
    )
    world.call(hedge=1.0)
    assert world.call(hedge=1.0).names == ["a", "c"]


def test_without_limits_there_is_nothing_to_keep() -> None:
    world = World(site("a", QUICK))
    world.call()
    assert world.candidate("a").quota is None


def test_what_a_quota_does_to_a_call_is_told() -> None:
    world = World(paced(requests_per_minute=2), paced(name="b", tokens_per_minute=1_000))
    world.told = heard = Kept()
    asked = {"prompt": Prompt(input_tokens=600), "max_tokens": 100}
    for _ in range(3):
        world.call(**asked)
    world.call(**asked)
    waited = [one for one in heard.events if isinstance(one, QuotaWaited)]
    assert [(one.deployment, one.quota) for one in waited] == [("b", "tokens")]
    assert waited[0].seconds == pytest.approx(24.0, abs=0.5)
    reached = [one for one in heard.events if isinstance(one, QuotaReached)]
    assert ("b", "tokens") in {(one.deployment, one.quota) for one in reached}

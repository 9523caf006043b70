"""Bounds: what a call may cost at worst is said before, and no call costs more."""

from typing import Any

import pytest
from hypothesis import given

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.agenda import most_attempts
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.bounds import Site, worst_case
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel
from tests.laws.scenes import scenes
from tests.simulation.simulated import World

THREE = [Site(60.0), Site(60.0), Site(60.0)]


def bound(sites: list[Site], **limits: Any) -> Any:
    known = {"most_attempts": 8, "max_retries": 3, "fallbacks": len(sites) - 1, **limits}
    return worst_case(Policy(longest_wait_seconds=10.0), sites, **known)


def test_attempts_are_the_least_of_all_their_bounds() -> None:
    assert bound(THREE).attempts == 8
    assert bound(THREE, max_retries=0).attempts == 3
    assert bound(THREE, most_attempts=2).attempts == 2
    assert bound(THREE, fallbacks=0).attempts == 4


def test_every_attempt_may_take_its_limit_and_the_longest_wait() -> None:
    assert bound(THREE).seconds == 8 * (60.0 + 10.0)
    assert bound(THREE, timeout_seconds=5.0).seconds == 8 * 15.0
    assert bound([Site(60.0), Site(5.0)], most_attempts=5).seconds == 4 * 70.0 + 15.0


def test_no_call_takes_longer_than_its_deadline() -> None:
    assert bound(THREE, deadline_seconds=30.0).seconds == 30.0
    assert bound(THREE, deadline_seconds=9_999.0).seconds == 560.0


def test_retries_that_sdks_keep_multiply_requests() -> None:
    kept = bound([Site(60.0, 3), Site(60.0)], most_attempts=5, max_retries=1)
    assert (kept.attempts, kept.requests) == (4, 8)
    assert str(kept) == "4 attempts (8 requests, since SDKs keep their own retries), 280 s"
    assert str(bound(THREE, most_attempts=1)) == "1 attempt, 70 s"


@given(scenes())
def test_no_call_costs_more_than_was_said(scene: tuple[World, list[dict[str, Any]]]) -> None:
    world, requests = scene
    for request in requests:
        asked = len(world.sites) if request.get("fallback_enabled", True) else 1
        most = worst_case(
            world.fleet.policy,
            [Site(site.timeout_seconds) for site in world.sites],
            most_attempts=most_attempts(request.get("max_attempts"), asked),
            max_retries=request.get("max_retries", 3),
            fallbacks=asked - 1,
            deadline_seconds=request.get("deadline_seconds"),
        )
        call = world.call(**request)
        known = getattr(call.answered or call.error, "attempts", ())
        unsent = sum(one.cause == Cause.LOCAL_ENVIRONMENT for one in known)
        assert len(call.started) - unsent <= most.attempts
        if not request["streamed"]:
            assert world.now - call.began <= most.seconds + 12.0 * unsent + 1e-9


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"max_attempts": 2, "timeout": 10}, "2 attempts, 80 s"),
        ({"deadline_seconds": 60}, "2 attempts, 60 s"),
        ({"fallback_enabled": False, "max_retries": 0}, "1 attempt, 150 s"),
    ],
)
def test_the_router_and_its_explanation_say_it(settings: dict[str, Any], told: str) -> None:
    one = Deployment(ScriptedModel(script=["x"]), name="a")
    router = RoutedChatModel([one], **settings)
    assert f"at_most='{told}'" in repr(router)
    shown = router.explain("hello")
    assert f"at most {told}" in repr(shown)
    assert shown.to_dict()["at_most"]["attempts"] == int(told.split()[0])

"""§7 Analytics: every key by name, with the right value after scripted traffic."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.outcome import Cause
from langchain_multirouter.telemetry.report import Analytics, Moment
from langchain_multirouter.telemetry.stats import ErrorNote, Measured, Stats, packed_times
from tests.reference.known import NOW, OUT, known, scripted, usd
from tests.simulation.simulated import World, answer, fail, site, stream

WALL = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
CHECKED = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)

TRAFFIC = Stats(
    succeeded=18,
    failed=2,
    cancelled=3,
    pending=1,
    causes={"server": 2},
    measured=Measured(
        average_seconds=2.0,
        first_token_seconds=0.5,
        packed_times=packed_times([float(i) for i in range(1, 21)]),
        errors=tuple(ErrorNote("server", f"E{i}", NOW - 60 * (8 - i)) for i in range(8)),
        input_tokens=3000,
        output_tokens=1000,
        cost_usd=0.125,
        unpriced=1,
    ),
)
BUSY = known(0, price=usd(0.002, 0.006), capabilities=Capabilities(8000, images=True))._replace(
    stats=TRAFFIC
)
IDLE = known(1, provider="aws_bedrock")


MOMENT = Moment(NOW, WALL)


def report(*fleet: Any, calls: int = 20, checked: Any = None) -> dict[str, Any]:
    return Analytics(fleet, calls=calls, checked=checked or {}, moment=Moment(NOW, WALL)).to_dict()


DEPLOYMENT = {
    "provider": "azure_openai",
    "model_name": "m",
    "total_requests": 24,
    "successful_requests": 18,
    "failed_requests": 2,
    "cancelled_requests": 3,
    "pending_requests": 1,
    "success_rate": 0.9,
    "avg_response_time": 2.0,
    "p95_response_time": 19.0,
    "avg_time_to_first_token": 0.5,
    "is_healthy": True,
    "last_health_check": "2026-11-23T11:00:00+00:00",
    "recent_errors": [
        {"cause": "server", "code": f"E{i}", "at": f"2026-11-23T11:5{2 + i}:00+00:00"}
        for i in range(3, 8)
    ],
    "capabilities": {"max_input_tokens": 8000, "images": True, "strengths": ()},
    "estimated_cost_per_1k_tokens": pytest.approx(0.003),
    "total_cost_usd": 0.125,
    "causes": {"server": 2},
    "input_tokens": 3000,
    "output_tokens": 1000,
    "estimated_usd": 0.0,
    "unpriced_answers": 1,
}


@pytest.mark.parametrize("key", DEPLOYMENT)
def test_a_deployments_key_has_its_value(key: str) -> None:
    shown = report(BUSY, IDLE, checked={"a": CHECKED})["deployments"]["a"]
    assert shown[key] == DEPLOYMENT[key]
    assert set(shown) == set(DEPLOYMENT)


NEVER_ASKED = {
    "total_requests": 0,
    "successful_requests": 0,
    "failed_requests": 0,
    "cancelled_requests": 0,
    "pending_requests": 0,
    "success_rate": 1.0,
    "avg_response_time": None,
    "p95_response_time": None,
    "avg_time_to_first_token": None,
    "is_healthy": True,
    "last_health_check": None,
    "recent_errors": [],
    "estimated_cost_per_1k_tokens": None,
    "total_cost_usd": 0.0,
}


@pytest.mark.parametrize("key", NEVER_ASKED)
def test_before_any_traffic_what_is_not_known_is_none(key: str) -> None:
    shown = report(IDLE)
    assert shown["deployments"]["b"][key] == NEVER_ASKED[key]
    assert shown["providers"]["aws_bedrock"][key] == NEVER_ASKED[key]


ROLLED_UP = {
    "total_requests": 24 + 12,
    "successful_requests": 18 + 6,
    "failed_requests": 2 + 6,
    "cancelled_requests": 3,
    "pending_requests": 1,
    "success_rate": 24 / 32,
    "avg_response_time": (18 * 2.0 + 6 * 10.0) / 24,
    "p95_response_time": 40.0,
    "avg_time_to_first_token": 0.5,
    "is_healthy": True,
    "last_health_check": "2026-11-23T11:00:00+00:00",
    "capabilities": {"strengths": ("coding", "fast")},
    "total_cost_usd": 0.125,
    "estimated_cost_per_1k_tokens": pytest.approx(0.003),
}


@pytest.mark.parametrize("key", ROLLED_UP)
def test_a_providers_key_rolls_its_deployments_up(key: str) -> None:
    able = Capabilities(strengths=("coding", "fast"))
    second = known(2, breaker=OUT, capabilities=able)._replace(
        stats=Stats(
            6,
            6,
            measured=Measured(
                10.0,
                packed_times=packed_times((40.0,) * 3),
                unpriced=6,
                errors=TRAFFIC.measured.errors,
            ),
        )
    )
    shown = report(BUSY, IDLE, second, checked={"a": CHECKED})["providers"]
    assert list(shown) == ["azure_openai", "aws_bedrock"]
    assert shown["azure_openai"][key] == ROLLED_UP[key]
    assert len(shown["azure_openai"]["recent_errors"]) == 5


def test_a_provider_with_nobody_healthy_is_not_healthy() -> None:
    shown = report(known(0, breaker=OUT), known(1, paused=True), known(2, provider="x"))
    assert shown["providers"]["azure_openai"]["is_healthy"] is False
    assert shown["providers"]["x"]["is_healthy"] is True
    assert shown["deployments"]["a"]["is_healthy"] is False
    assert shown["deployments"]["b"]["is_healthy"] is False


def test_answers_of_whom_none_could_be_priced_cost_an_unknown_amount() -> None:
    unpriced = known(0)._replace(stats=Stats(2, measured=Measured(1.0, unpriced=2)))
    shown = report(unpriced)
    assert shown["deployments"]["a"]["total_cost_usd"] is None
    assert shown["overall"]["total_cost_usd"] is None
    beside_an_idle_one = report(unpriced, known(1), known(2, provider="x"))
    assert beside_an_idle_one["overall"]["total_cost_usd"] is None
    assert beside_an_idle_one["providers"]["azure_openai"]["total_cost_usd"] is None
    assert beside_an_idle_one["providers"]["x"]["total_cost_usd"] == 0.0
    assert report(unpriced, BUSY)["overall"]["total_cost_usd"] == 0.125


def test_overall_counts_calls_and_attempts() -> None:
    """Of four calls three were answered, over three good and four bad attempts."""
    world = World(
        site("a", fail(Cause.SERVER), fail(Cause.SERVER), answer(2.0)), site("b", answer(4.0))
    )
    world.call()  # a, a, b
    world.call()  # a
    world.call()  # a
    bad = world.begin()
    bad.close()
    fleet = world.fleet
    shown = Analytics(
        fleet.snapshot(), calls=fleet.calls, checked={}, moment=Moment(world.now, WALL)
    ).to_dict()["overall"]
    assert shown["total_calls"] == 4
    assert shown["total_requests"] == 6
    assert shown["attempt_success_rate"] == 3 / 5
    assert shown["avg_response_time"] == pytest.approx((2 * 2.0 + 1 * 4.0) / 3)


def test_nearly_all_calls_can_succeed_over_fewer_attempts() -> None:
    world = World(site("a", fail(Cause.AUTHENTICATION), answer()), site("b"))
    for _ in range(4):
        world.call()
    shown = overall(world)
    assert (shown["success_rate"], shown["attempt_success_rate"]) == (1.0, 4 / 5)


def overall(world: World) -> dict[str, Any]:
    told: dict[str, Any] = Analytics(
        world.fleet.snapshot(),
        calls=world.fleet.calls,
        failed_calls=world.fleet.failed_calls,
        checked={},
        moment=Moment(world.now, WALL),
    ).to_dict()["overall"]
    return told


def test_a_call_that_failed_is_a_call_and_one_that_nobody_may_serve_is_none() -> None:
    world = World(site("a", fail(Cause.AUTHENTICATION), answer()))
    world.call()
    world.call(require_tags=["eu"])
    shown = overall(world)
    assert (shown["total_calls"], shown["success_rate"]) == (1, 0.0)


def test_a_call_under_way_or_left_by_its_caller_is_no_failure() -> None:
    good = stream("content", "finish", "end")
    world = World(site("a", good, stream("content", (50.0, "finish"))))
    world.call(streamed=True)
    left = world.begin(streamed=True)
    assert overall(world)["success_rate"] == 1.0
    left.fire()
    left.close()
    assert overall(world)["total_calls"] == 2
    assert overall(world)["success_rate"] == 1.0


def test_before_any_call_the_overall_rates_are_one_and_the_rest_is_unknown() -> None:
    assert report(IDLE, calls=0)["overall"] == {
        "total_calls": 0,
        "total_requests": 0,
        "success_rate": 1.0,
        "attempt_success_rate": 1.0,
        "avg_response_time": None,
        "total_cost_usd": 0.0,
        "estimated_usd": 0.0,
    }


# --- for people -------------------------------------------------------------------------------


def test_text_shows_every_deployment_and_the_sum() -> None:
    router: RoutedChatModel = scripted([ConnectionError("no"), "x"], ["y"])
    router.invoke("hi")
    lines = repr(router.analytics()).splitlines()
    assert lines[0] == "1 calls, 100.00% answered; 2 attempts, cost unknown"
    assert [line.split()[0] for line in lines[1:]] == ["deployment", "a", "b"]


def test_html_is_escaped() -> None:
    name = "<script>alert('x')</script>&\""
    html = scripted(["x"], deployments=[{"name": name}]).analytics()._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;" in html


def test_a_report_is_a_snapshot() -> None:
    router = scripted(["x"])
    before = router.analytics()
    router.invoke("hi")
    assert before.to_dict()["overall"]["total_calls"] == 0
    assert router.analytics().to_dict()["overall"]["total_calls"] == 1

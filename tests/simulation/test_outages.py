"""Outages: what they cost, and how soon they are over, in minutes of virtual time."""

import pytest

from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import HANG, Script, answer, fail
from tests.simulation.traffic import (
    Changing,
    Weather,
    arrived,
    attempts_per_call,
    lost,
    share,
)

SEEDS = pytest.mark.parametrize("seed", range(2))
BREAKS, HEALS, ENDS = 10.0, 100.0, 120.0


def healthy(_since: float, _rng: object) -> Script:
    return answer(0.3)


def down(script: Script) -> Weather:
    """Like this for two minutes, and well before and after."""
    return lambda since, _rng: script if BREAKS <= since < HEALS else answer(0.3)


BUSY = down(fail(Cause.SERVER, 0.2))
HUNG = down(HANG)


@SEEDS
@pytest.mark.parametrize(("per_second", "most"), [(1.0, 1.15), (10.0, 1.05)])
def test_one_deployment_down_loses_no_call_and_costs_few_attempts(
    per_second: float, most: float, seed: int
) -> None:
    world = Changing({"a": BUSY, "b": healthy, "c": healthy}, seed=seed)
    calls = world.traffic(per_second, HEALS)
    assert lost(calls) == []
    assert attempts_per_call(arrived(calls, BREAKS, HEALS)) <= most


@SEEDS
def test_one_deployment_that_hangs_loses_no_call_and_costs_few_attempts(seed: int) -> None:
    world = Changing({"a": HUNG, "b": healthy, "c": healthy}, seed=seed, timeout=2.0)
    calls = world.traffic(10.0, HEALS)
    assert lost(calls) == []
    assert attempts_per_call(arrived(calls, BREAKS, HEALS)) <= 1.05


@SEEDS
@pytest.mark.parametrize("per_second", [10.0, 50.0])
def test_all_down_costs_little_more_than_an_attempt_per_call(per_second: float, seed: int) -> None:
    world = Changing({"a": BUSY, "b": BUSY, "c": BUSY}, seed=seed)
    calls = world.traffic(per_second, HEALS)
    assert attempts_per_call(arrived(calls, BREAKS, HEALS)) <= 1.2


@SEEDS
@pytest.mark.parametrize(("per_second", "seconds"), [(10.0, 4.0), (50.0, 2.0)])
@pytest.mark.parametrize("weather", [BUSY, HUNG])
def test_after_a_total_outage_the_last_call_is_soon_lost(
    weather: Weather, per_second: float, seconds: float, seed: int
) -> None:
    world = Changing({"a": weather, "b": weather, "c": weather}, seed=seed, timeout=20.0)
    calls = world.traffic(per_second, ENDS)
    assert lost(arrived(calls, BREAKS, HEALS))
    assert lost(arrived(calls, HEALS + seconds, ENDS)) == []


@SEEDS
@pytest.mark.parametrize("healed", ["a", "b", "c"])
def test_whoever_heals_first_serves_within_seconds_while_the_others_are_still_down(
    healed: str, seed: int
) -> None:
    def still_down(since: float, _rng: object) -> Script:
        return answer(0.3) if since < BREAKS else fail(Cause.SERVER, 0.2)

    world = Changing({n: BUSY if n == healed else still_down for n in "abc"}, seed=seed)
    calls = world.traffic(10.0, ENDS)
    assert lost(arrived(calls, HEALS + 4.0, ENDS)) == []


@SEEDS
def test_a_healed_deployment_has_its_share_within_45_seconds_and_is_hit_by_no_herd(
    seed: int,
) -> None:
    world = Changing({"a": BUSY, "b": healthy, "c": healthy}, seed=seed)
    calls = world.traffic(10.0, HEALS + 65.0, strategy="round_robin")
    assert share(arrived(calls, HEALS + 45.0, HEALS + 65.0), "a") >= 0.9 / 3
    answered = [c for c in arrived(calls, HEALS, ENDS) if c.answered and c.names == ["a"]]
    closed = answered[0].began + 0.3
    first = [c for c in calls if closed <= c.began < closed + 1.0]
    assert share(first, "a") <= 0.25


def test_without_a_ramp_a_healed_deployment_has_its_share_at_once() -> None:
    world = Changing({"a": BUSY, "b": healthy}, policy=Policy(ramp_seconds=0.0))
    calls = world.traffic(10.0, ENDS)
    back = next(c for c in arrived(calls, HEALS, ENDS) if c.names == ["a"])
    assert {c.names[0] for c in calls if c.began > back.began + 0.3} == {"a"}


def test_without_a_trickle_calls_fail_fast_until_the_breaker_lets_a_probe_pass() -> None:
    world = Changing({"a": BUSY}, policy=Policy(trickle_per_second=0.0))
    calls = arrived(world.traffic(10.0, HEALS), BREAKS, HEALS)
    assert sum(len(call.started) for call in calls) < 30
    assert len(lost(calls)) == len(calls)

"""The adaptive strategy: where calls go when deployments are slow, stall, or fail fast."""

from random import Random

import pytest

from langchain_multirouter.outcome import Cause
from tests.simulation.simulated import HANG, Call, Script, World, answer, fail, site
from tests.simulation.traffic import Changing, Weather, arrived, lost, share

SEEDS = pytest.mark.parametrize("seed", range(3))


def steady(seconds: float) -> Weather:
    """About so long, give or take a fifth."""
    return lambda _since, rng: answer(seconds * rng.uniform(0.8, 1.2))


def slower(seconds: float, factor: float, since: float, until: float) -> Weather:
    """So many times as slow for a while."""

    def script(now: float, rng: Random) -> Script:
        return answer(seconds * (factor if since <= now < until else 1.0) * rng.uniform(0.8, 1.2))

    return script


def adaptive(world: Changing, per_second: float, seconds: float) -> list[Call]:
    return world.traffic(per_second, seconds, strategy="adaptive")


@SEEDS
def test_deployments_that_are_alike_share(seed: int) -> None:
    world = Changing({name: steady(0.3) for name in "abc"}, seed=seed)
    calls = adaptive(world, 10.0, 60.0)
    assert all(share(calls, name) > 0.2 for name in "abc")


@SEEDS
@pytest.mark.parametrize("per_second", [0.02, 1.0, 20.0])
def test_a_slow_one_gets_few_calls_whatever_the_traffic(per_second: float, seed: int) -> None:
    world = Changing({"slow": steady(8.0), "fast": steady(1.0)}, seed=seed)
    calls = adaptive(world, per_second, 400.0 / per_second)
    assert share(calls, "slow") <= 0.1


@SEEDS
def test_a_brownout_is_left_within_a_second_and_come_back_from(seed: int) -> None:
    weather = {"a": slower(0.3, 10.0, 20.0, 40.0), "b": steady(0.4), "c": steady(0.4)}
    calls = adaptive(Changing(weather, seed=seed), 50.0, 90.0)
    assert share(arrived(calls, 5.0, 20.0), "a") > 0.4
    assert share(arrived(calls, 21.0, 40.0), "a") <= 0.05
    assert share(arrived(calls, 85.0, 90.0), "a") >= 0.9 * 0.4


@SEEDS
def test_a_stall_is_seen_before_any_attempt_has_ended(seed: int) -> None:
    def stalls(now: float, rng: Random) -> Script:
        return HANG if 20.0 <= now < 25.0 else answer(0.3 * rng.uniform(0.8, 1.2))

    weather = {"a": stalls, "b": steady(0.35), "c": steady(0.35)}
    calls = adaptive(Changing(weather, seed=seed, timeout=60.0), 50.0, 26.0)
    stuck = [call for call in calls if call.names[0] == "a" and 20.0 <= call.began - 1000.0 < 25.0]
    late = [call for call in stuck if call.began - 1000.0 >= 21.5]
    assert len(late) <= 0.05 * 3.5 * 50.0


@SEEDS
def test_failing_fast_does_not_look_fast(seed: int) -> None:
    def broken(_now: float, _rng: object) -> Script:
        return fail(Cause.SERVER, 0.001)

    world = Changing({"a": broken, "b": steady(1.0)}, seed=seed)
    calls = adaptive(world, 10.0, 60.0)
    assert lost(calls) == []
    assert sum(call.names[0] == "a" for call in calls) <= 25


def test_who_was_never_asked_is_asked_by_one_call_alone() -> None:
    world = World(site("a"), site("b", HANG))
    world.call()
    while world.candidate("b").stats.started == 0:
        world.call(strategy="adaptive")
        calls = [world.begin(strategy="adaptive") for _ in range(20)]
    assert sum(call.names == ["b"] for call in calls) <= 1
    for call in calls:
        call.close()


def test_pending_attempts_make_a_deployment_less_wanted() -> None:
    world = World(site("a", answer(1.0)), site("b", answer(1.5)))
    world.call(model="a")
    world.call(model="b")
    calls = [world.begin(strategy="adaptive") for _ in range(30)]
    asked = [call.names[0] for call in calls]
    assert 15 <= asked.count("a") <= 21
    world.finish(*calls)

"""Budget: what retries and hedges may add to a deployment's calls."""

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.budget import Budget, available, withdraw
from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import GOOD, World, fail, site

DRY = Policy(retry_burst=2.0, retry_ratio=0.1, retries_per_second=0.0)
BUSY = fail(Cause.OVERLOADED, 0.1)
PATIENT = {"breaker_failures": 999, "breaker_least": 999}


def spent(policy: Policy, times: int, now: float = 0.0, started: int = 0) -> Budget:
    budget = Budget()
    for _ in range(times):
        left = withdraw(budget, policy, now, started=started)
        assert left is not None
        budget = left
    return budget


def test_it_begins_full_and_is_empty_after_so_many() -> None:
    budget = spent(DRY, 2)
    assert withdraw(budget, DRY, 0.0, started=0) is None


def test_every_call_earns_a_part_of_a_retry() -> None:
    budget = spent(DRY, 2)
    assert available(budget, DRY, 0.0, started=12) == pytest.approx(1.0)  # 2 are the retries
    assert withdraw(budget, DRY, 0.0, started=12) is not None


def test_retries_paid_for_at_the_same_time_earn_nothing_when_they_begin() -> None:
    policy = Policy(retry_burst=4.0, retry_ratio=1.0, retries_per_second=0.0)
    budget = spent(policy, 3)
    assert available(budget, policy, 0.0, started=3) == 1.0


def test_a_late_caller_makes_nothing_drip_in_twice() -> None:
    policy = Policy(retry_burst=3.0, retry_ratio=0.0, retries_per_second=1.0)
    late = withdraw(spent(policy, 2, now=100.0), policy, 50.0, started=0)
    assert late is not None
    assert available(late, policy, 100.0, started=0) == 0.0


def test_some_drip_in_whatever_the_traffic() -> None:
    policy = Policy(retry_burst=2.0, retry_ratio=0.0, retries_per_second=0.5)
    budget = spent(policy, 2)
    assert withdraw(budget, policy, 1.9, started=0) is None
    assert withdraw(budget, policy, 2.0, started=0) is not None


def test_no_more_than_the_burst_is_saved_up() -> None:
    assert available(spent(DRY, 1), DRY, 1e9, started=10**9) == 2.0


def test_a_clock_that_steps_back_takes_nothing_away() -> None:
    budget = spent(DRY, 1, now=100.0, started=50)
    assert available(budget, DRY, 0.0, started=0) == 1.0


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 20)), max_size=200))
def test_retries_never_exceed_burst_drip_and_ratio(calls: list[tuple[float, int]]) -> None:
    policy, budget = Policy(), Budget()
    now, started, retries, firsts = 0.0, 0, 0, 0
    for seconds, more in calls:
        now += seconds
        started += more
        firsts += more
        left = withdraw(budget, policy, now, started=started)
        if left is not None:
            budget = left
            started += 1
            retries += 1
        assert left is None or 0.0 <= (left.tokens or 0.0) <= policy.retry_burst
    most = policy.retry_burst + policy.retries_per_second * now + policy.retry_ratio * firsts
    assert retries <= most + 1e-6


def test_a_call_whose_deployment_has_no_budget_left_goes_elsewhere_at_once() -> None:
    policy = Policy(retry_burst=1.0, retry_ratio=0.0, retries_per_second=0.0, **PATIENT)
    world = World(site("a", BUSY), site("b"), policy=policy)
    assert world.call().names == ["a", "a", "b"]
    call = world.call()
    assert call.names == ["a", "b"]
    assert call.pauses == []


def test_fallbacks_to_other_deployments_need_no_budget() -> None:
    policy = Policy(retry_burst=0.0, retry_ratio=0.0, retries_per_second=0.0, **PATIENT)
    world = World(site("a", BUSY), site("b", BUSY), site("c"), policy=policy)
    for _ in range(50):
        assert world.call().names == ["a", "b", "c"]


def test_many_calls_that_fail_make_few_retries_whatever_each_may() -> None:
    world = World(site("a", BUSY), policy=Policy(wait=tenacity.wait_none(), **PATIENT))
    calls = [world.call(max_retries=20, max_attempts=20) for _ in range(200)]
    retries = sum(len(call.started) - 1 for call in calls)
    seconds = world.now - calls[0].began
    assert 10 <= retries <= 10 + 0.1 * len(calls) + 0.5 * seconds
    assert retries < 2 * len(calls)


def test_a_free_retry_for_our_own_transports_sake_costs_nothing() -> None:
    policy = Policy(retry_burst=0.0, retry_ratio=0.0, retries_per_second=0.0, **PATIENT)
    world = World(site("a", fail(Cause.LOCAL_ENVIRONMENT), GOOD), policy=policy)
    assert world.call().names == ["a", "a"]


def test_calls_at_once_cannot_spend_a_token_twice() -> None:
    policy = Policy(retry_burst=1.0, retry_ratio=0.0, retries_per_second=0.0, **PATIENT)
    world = World(site("a", BUSY), policy=policy)
    calls = [world.begin() for _ in range(5)]
    world.finish(*calls)
    assert sum(len(call.started) for call in calls) == 6

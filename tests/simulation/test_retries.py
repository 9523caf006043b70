"""Retries: when the same deployment is asked again, and how long before."""

import pytest
import tenacity

from langchain_multirouter.errors import AllAttemptsFailedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import GOOD, World, answer, fail, site

BUSY = fail(Cause.OVERLOADED)
PASSING = [
    Cause.OVERLOADED,
    Cause.SERVER,
    Cause.CONNECTION,
    Cause.STREAM_BROKEN,
    Cause.INVALID_RESPONSE,
]


def test_a_success_is_one_attempt_at_the_first() -> None:
    world = World(site("a"), site("b"))
    call = world.call()
    assert call.names == ["a"]
    assert call.answered is not None
    assert call.answered.metadata()["fallback_used"] is False
    assert world.counts("a") == (1, 0, 0, 0)
    assert world.counts("b") == (0, 0, 0, 0)


@pytest.mark.parametrize("cause", PASSING)
def test_a_passing_failure_is_retried_once_at_the_same_deployment(cause: Cause) -> None:
    call = World(site("a", fail(cause), GOOD), site("b")).call()
    assert call.names == ["a", "a"]
    assert call.answered is not None


def test_after_one_quick_retry_comes_the_next_and_then_further_laps() -> None:
    call = World(site("a", BUSY, BUSY, GOOD), site("b", BUSY)).call(max_attempts=5)
    assert call.names == ["a", "a", "b", "b", "a"]


def test_a_retry_waits_half_a_second_doubled_each_time_plus_up_to_half_a_second() -> None:
    policy = Policy(breaker_failures=99, breaker_least=99)
    call = World(site("a", BUSY), policy=policy).call(max_retries=4, max_attempts=5)
    waits = [until - since for since, until in call.pauses]
    assert len(waits) == 4
    for retry, seconds in enumerate(waits):
        assert 0.5 * 2**retry <= seconds <= 0.5 * 2**retry + 0.5


def test_no_backoff_is_longer_than_the_policys_longest() -> None:
    policy = Policy(longest_backoff_seconds=0.6, breaker_failures=99, breaker_least=99)
    call = World(site("a", BUSY), policy=policy).call(max_retries=6, max_attempts=7)
    assert all(until - since <= 0.6 + 1e-9 for since, until in call.pauses)


def test_jitter_differs_between_seeds_and_not_within_one() -> None:
    def waits(seed: int) -> list[tuple[float, float]]:
        return World(site("a", BUSY, GOOD), seed=seed).call().pauses

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_a_wait_object_of_tenacity_says_how_long() -> None:
    policy = Policy(wait=tenacity.wait_incrementing(start=1, increment=2), breaker_failures=99)
    call = World(site("a", BUSY), policy=policy).call(max_attempts=4)
    assert [until - since for since, until in call.pauses] == pytest.approx([1, 3, 5])


def test_a_stop_object_of_tenacity_ends_the_retries_of_the_call() -> None:
    policy = Policy(stop=tenacity.stop_after_attempt(2))
    call = World(site("a", BUSY), site("b", BUSY), policy=policy).call()
    assert call.names == ["a", "a", "b"]
    assert isinstance(call.error, AllAttemptsFailedError)


def test_a_stop_object_can_go_by_the_time_since_the_call_began() -> None:
    policy = Policy(stop=tenacity.stop_after_delay(5), breaker_failures=99)
    call = World(site("a", fail(Cause.SERVER, 3.0)), policy=policy).call(max_attempts=9)
    assert call.names == ["a", "a"]


def test_max_retries_counts_retries_of_each_deployment() -> None:
    call = World(site("a", BUSY), site("b", BUSY)).call(max_retries=1, max_attempts=20)
    assert sorted(call.names) == ["a", "a", "b", "b"]


def test_without_retries_each_deployment_is_asked_once() -> None:
    call = World(site("a", BUSY), site("b", BUSY)).call(max_retries=0)
    assert call.names == ["a", "b"]


@pytest.mark.parametrize(("deployments", "attempts"), [(1, 2), (2, 4), (3, 6), (4, 8), (7, 8)])
def test_attempts_are_by_default_twice_the_candidates_and_at_most_eight(
    deployments: int, attempts: int
) -> None:
    call = World(*(site(f"d{i}", BUSY) for i in range(deployments))).call()
    assert len(call.started) == attempts


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_max_attempts_bounds_the_call_over_all_deployments(most: int) -> None:
    call = World(*(site(f"d{i}", BUSY) for i in range(3))).call(max_attempts=most)
    assert len(call.started) == most


def test_our_own_transports_failure_is_retried_at_once_and_free_once() -> None:
    closed = fail(Cause.LOCAL_ENVIRONMENT)
    call = World(site("a", closed, GOOD)).call(max_attempts=1)
    assert call.names == ["a", "a"]
    assert call.pauses == []
    again = World(site("a", closed), site("b")).call()
    assert again.names == ["a", "a", "b"]


def test_a_quick_retry_is_not_made_where_the_provider_named_a_time() -> None:
    """A 503 with Retry-After: 20 goes to the next at once, and does not hold the call up."""
    call = World(site("a", fail(Cause.OVERLOADED, hint=20.0)), site("b")).call()
    assert call.names == ["a", "b"]
    assert call.pauses == []


def test_a_slow_deployment_is_not_waited_for_when_nothing_failed() -> None:
    call = World(site("a", answer(90.0))).call()
    assert call.names == ["a"]
    assert call.pauses == []

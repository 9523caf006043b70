"""Waits: cooldowns and backoffs, as functions of values."""

from random import Random

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.resilience.backoff import backoff_seconds, may_retry
from langchain_multirouter.resilience.cooldown import Cooldown, forgiven, throttled
from langchain_multirouter.resilience.policy import Policy

NOW = 100.0


def cooled(before: Cooldown = Cooldown(), hint: float | None = None, seed: int = 0) -> Cooldown:  # noqa: B008
    return throttled(
        before,
        Policy(),
        NOW,
        hint_seconds=hint,
        first_seconds=1.0,
        cause="throttled",
        rng=Random(seed),
    )


class TestCooldown:
    """Out until a time."""

    @given(st.floats(0, 86_400))
    def test_a_providers_hint_is_taken_as_it_is(self, hint: float) -> None:
        assert cooled(hint=hint).until == NOW + hint

    @given(st.integers(0, 1000), st.integers(0, 99))
    def test_without_a_hint_it_doubles_with_equal_jitter_up_to_a_minute(
        self, strikes: int, seed: int
    ) -> None:
        after = cooled(Cooldown(strikes=strikes), seed=seed)
        span = min(2.0 ** min(strikes, 30), 60.0)
        assert NOW + span / 2 <= after.until <= NOW + span
        assert after.strikes == strikes + 1

    def test_an_earlier_longer_cooldown_stays(self) -> None:
        assert cooled(Cooldown(NOW + 50, 1, "throttled"), hint=2.0).until == NOW + 50

    def test_a_success_makes_the_next_throttling_a_first_one(self) -> None:
        assert forgiven(Cooldown(NOW + 50, 7, "throttled")) == Cooldown(NOW + 50, 0, "throttled")
        fresh = Cooldown()
        assert forgiven(fresh) is fresh


class TestBackoff:
    """How long to wait before a retry."""

    @given(st.integers(0, 5000), st.integers(0, 99))
    def test_it_is_half_a_second_doubled_plus_up_to_half_a_second(
        self, retry: int, seed: int
    ) -> None:
        policy = Policy(longest_backoff_seconds=1e12)
        seconds = backoff_seconds(policy, retry=retry, elapsed_seconds=0.0, rng=Random(seed))
        least = 0.5 * 2.0 ** min(retry, 30)
        assert least <= seconds <= least + 0.5

    def test_tenacity_is_told_the_attempt_and_the_time(self) -> None:
        seen = []

        def wait(state: tenacity.RetryCallState) -> float:
            seen.append((state.attempt_number, state.seconds_since_start))
            return 0.25

        policy = Policy(wait=wait)
        assert backoff_seconds(policy, retry=2, elapsed_seconds=7.5, rng=Random(0)) == 0.25
        assert seen == [(3, 7.5)]

    @pytest.mark.parametrize(
        "wait",
        [
            tenacity.wait_none(),
            tenacity.wait_fixed(3),
            tenacity.wait_random(1, 2),
            tenacity.wait_exponential(max=6),
            tenacity.wait_exponential_jitter(max=6),
            tenacity.wait_random_exponential(max=6),
            tenacity.wait_fixed(1) + tenacity.wait_random(0, 1),
            tenacity.wait_chain(tenacity.wait_fixed(1), tenacity.wait_fixed(2)),
        ],
        ids=lambda wait: type(wait).__name__,
    )
    def test_all_of_tenacitys_waits_can_be_used(self, wait: object) -> None:
        for retry in range(40):
            seconds = backoff_seconds(
                Policy(wait=wait), retry=retry, elapsed_seconds=1.0, rng=Random(0)
            )
            assert 0 <= seconds <= 8.0

    @pytest.mark.parametrize("answer", [-1.0, float("nan"), float("inf"), None, "soon"])
    def test_a_wait_that_is_no_time_is_refused_by_name(self, answer: object) -> None:
        with pytest.raises(ConfigurationError, match=r"policy\.wait"):
            backoff_seconds(
                Policy(wait=lambda state: answer), retry=0, elapsed_seconds=0.0, rng=Random(0)
            )

    def test_stop_objects_can_be_joined(self) -> None:
        policy = Policy(stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(10))
        assert may_retry(policy, attempts=2, elapsed_seconds=9.0)
        assert not may_retry(policy, attempts=3, elapsed_seconds=0.0)
        assert not may_retry(policy, attempts=1, elapsed_seconds=10.0)

    def test_without_a_stop_object_nothing_stops(self) -> None:
        assert may_retry(Policy(), attempts=10**6, elapsed_seconds=1e9)

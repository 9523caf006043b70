"""Quotas as values: two buckets that fill continuously, taken before and put right after."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter import ConfigurationError, Deployment
from langchain_multirouter.resilience.quota import (
    Quota,
    corrected,
    full,
    headroom,
    headroom_at,
    taken,
)

NOW = 1000.0


def quota(requests: float | None = None, tokens: float | None = None) -> Quota:
    found = full(requests, tokens)
    assert found is not None
    return found


def spent(kept: Quota, times: int, tokens: int = 0, now: float = NOW) -> Quota:
    for _ in range(times):
        after = taken(kept, tokens, now)
        assert after is not None
        kept = after
    return kept


def test_where_nothing_is_limited_there_is_no_quota() -> None:
    assert full(None, None) is None


def test_a_minutes_worth_may_go_at_once_and_then_one_every_so_often() -> None:
    kept = spent(quota(requests=6), 6)
    assert taken(kept, 0, NOW) is None
    assert headroom_at(kept, 0, NOW) == pytest.approx(NOW + 10.0)
    assert kept.until == pytest.approx(NOW + 10.0)
    assert taken(kept, 0, NOW + 9.9) is None
    again = taken(kept, 0, NOW + 10.0)
    assert again is not None
    assert headroom_at(again, 0, NOW + 10.0) == pytest.approx(NOW + 20.0)


def test_tokens_are_taken_as_they_are_expected() -> None:
    kept = spent(quota(tokens=600), 1, tokens=500)
    assert headroom_at(kept, 100, NOW) == NOW
    assert headroom_at(kept, 160, NOW) == pytest.approx(NOW + 6.0)
    assert kept.until <= NOW  # for smaller ones there is headroom


def test_and_put_right_by_what_was_used() -> None:
    kept = spent(quota(tokens=600), 1, tokens=500)
    assert headroom_at(corrected(kept, 500, 50), 500, NOW) == NOW
    over = corrected(kept, 500, 1_200)
    assert headroom_at(over, 1, NOW) == pytest.approx(NOW + 60.1)
    assert over.until == pytest.approx(NOW + 60.1)


def test_putting_right_never_makes_more_than_a_minutes_worth() -> None:
    kept = corrected(spent(quota(tokens=600), 1, tokens=500), 500, 0)
    assert kept.tokens == 600.0
    assert corrected(kept, 500, 0).tokens == 600.0


def test_an_attempt_of_more_than_a_minutes_tokens_begins_when_the_bucket_is_full() -> None:
    kept = spent(quota(tokens=600), 1, tokens=9_000)
    assert headroom_at(kept, 9_000, NOW) == pytest.approx(NOW + 900.0)


def test_headroom_is_the_scarcer_share() -> None:
    kept = quota(requests=10, tokens=1_000)
    assert headroom(kept, NOW) == 1.0
    assert headroom(spent(kept, 1, tokens=700), NOW) == pytest.approx(0.3)
    assert headroom(spent(kept, 5, tokens=10), NOW) == pytest.approx(0.5)
    assert headroom(spent(kept, 1, tokens=700), NOW + 6.0) == pytest.approx(0.4)


def test_a_clock_that_was_read_late_fills_nothing() -> None:
    kept = spent(quota(requests=2), 2)
    assert taken(kept, 0, NOW - 500.0) is None
    later = taken(kept, 0, NOW + 60.0)
    assert later is not None
    assert later.at == NOW + 60.0


STEPS = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 500), st.integers(0, 900)), max_size=60)


@given(
    st.one_of(st.none(), st.sampled_from([0.5, 3.0, 60.0])),
    st.sampled_from([100.0, 1_000.0]),
    STEPS,
)
def test_no_more_than_a_minutes_worth_and_what_fills_in_the_time_is_ever_given(
    requests: float | None, tokens: float, steps: list[tuple[float, int, int]]
) -> None:
    kept, now = quota(requests, tokens), NOW
    made, used = 0, 0
    for seconds, expected, actual in steps:
        now += seconds
        soonest = headroom_at(kept, expected, now)
        after = taken(kept, expected, now)
        assert (after is None) is (soonest > now + 1e-6)
        if after is None:
            late = taken(kept, expected, soonest + 1e-3)
            assert late is not None  # it is enough to wait until then
            continue
        kept = corrected(after, expected, actual)
        made, used = made + 1, used + actual
        minutes = (now - NOW) / 60.0
        if requests is not None:
            assert made <= max(1.0, requests) + requests * minutes + 1e-3
        assert used <= tokens * (1.0 + minutes) + 900 + 1e-3  # the last may use more than it said
        assert 0.0 <= headroom(kept, now) <= 1.0


@pytest.mark.parametrize("field", ["requests_per_minute", "tokens_per_minute"])
@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), True, "many"])
def test_a_limit_that_is_none_is_refused(field: str, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=field):
        Deployment("azure_openai:gpt-4o", **{field: wrong})

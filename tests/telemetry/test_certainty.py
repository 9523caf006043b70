"""Certainty: intervals that are right, and words that follow from sample sizes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.telemetry.certainty import Estimate, by_samples, certainty, mean, rate


@pytest.mark.parametrize(
    ("good", "all_", "low", "high"),
    [
        # Newcombe, Interval estimation for the difference between independent proportions,
        # Statistics in Medicine 17 (1998), table I, Wilson's score method without correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_rates_interval_is_wilsons(good: int, all_: int, low: float, high: float) -> None:
    found = rate(good, all_)
    assert found.value == good / all_
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(st.integers(0, 2_000), st.integers(0, 2_000))
def test_an_interval_contains_its_rate_and_stays_in_zero_to_one(good: int, bad: int) -> None:
    found = rate(good, good + bad)
    assert 0.0 <= found.low <= found.high <= 1.0
    if good + bad:
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12


def test_without_samples_nothing_is_known() -> None:
    assert rate(0, 0) == (1.0, 0.0, 1.0, 0)
    assert mean([]) is None
    assert mean([2.0]) == (2.0, 0.0, math.inf, 1)


def test_a_means_interval_is_the_normal_one() -> None:
    found = mean([1.0, 2.0, 3.0, 4.0])
    assert found is not None
    half = 1.96 * math.sqrt(5 / 3) / 2
    assert found == (2.5, pytest.approx(2.5 - half), pytest.approx(2.5 + half), 4)


@pytest.mark.parametrize(
    ("one", "other", "sure"),
    [
        (Estimate(0.9, 0.8, 0.95, 100), Estimate(0.5, 0.4, 0.6, 100), "high"),
        (Estimate(0.9, 0.8, 0.95, 99), Estimate(0.5, 0.4, 0.6, 1_000), "medium"),
        (Estimate(0.9, 0.8, 0.95, 500), Estimate(0.75, 0.6, 0.85, 500), "medium"),
        (Estimate(0.9, 0.8, 0.95, 500), Estimate(0.85, 0.7, 0.92, 500), "low"),
        (Estimate(0.9, 0.8, 0.95, 29), Estimate(0.5, 0.4, 0.6, 1_000), "low"),
    ],
)
def test_how_sure_a_difference_is_follows_from_samples_and_intervals(
    one: Estimate, other: Estimate, sure: str
) -> None:
    assert certainty(one, other) == certainty(other, one) == sure


def test_how_sure_a_share_is_follows_from_its_samples() -> None:
    assert [by_samples(n) for n in (0, 29, 30, 99, 100)] == ["low"] * 2 + ["medium"] * 2 + ["high"]

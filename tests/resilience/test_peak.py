"""Peak: an average that goes up at once and comes down slowly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.telemetry import stats
from langchain_multirouter.telemetry.peak import expected, heard
from langchain_multirouter.telemetry.stats import Sample, Stats

TIMES = st.floats(0.0, 1e4)


def after(*events: tuple[float, float], streamed: bool = False) -> Stats:
    """Attempts that began when and took so long, one after the other."""
    kept = Stats()
    for began, seconds in events:
        sample = Sample(seconds, seconds if streamed else None)
        kept = stats.success(stats.begun(kept, began), sample, began + seconds, began=began)
    return kept


def test_a_slower_time_is_the_estimate_at_once() -> None:
    assert heard(1.0, 60.0, 1.0) == 60.0


def test_a_faster_one_counts_by_the_time_since_the_last() -> None:
    assert heard(10.0, 1.0, math.exp(-1.0)) == pytest.approx(1.0 + 9.0 * math.exp(-1.0))
    assert heard(10.0, 1.0, 1.0) == 10.0


@given(TIMES, TIMES, st.floats(0.0, 1.0))
def test_it_stays_between_what_was_and_what_is_heard(
    peak: float, sample: float, fading: float
) -> None:
    low, high = min(peak, sample), max(peak, sample)
    assert low - 1e-9 <= heard(peak, sample, fading) <= high + 1e-9


def test_a_stall_is_forgotten_in_seconds_and_what_is_usual_is_not() -> None:
    assert expected(1.0, 60.0, 0.0) == 60.0
    assert expected(1.0, 60.0, 41.0) < 2.0
    assert expected(8.0, 8.0, 1e6) == 8.0


def test_attempts_that_wait_show_a_stall_before_anything_has_ended() -> None:
    kept = stats.begun(stats.begun(after((0.0, 1.0)), 1.0), 1.0)
    assert kept.expected_seconds(1.0, streamed=False) == 1.0
    assert kept.expected_seconds(31.0, streamed=False) == 30.0


def test_the_beginnings_of_pending_attempts_add_up_to_nothing_when_none_is_left() -> None:
    kept = stats.begun(stats.begun(after((0.0, 1.0)), 10.1), 20.7)
    kept = stats.cancellation(kept, 21.0, began=10.1)
    assert kept.begun_at == pytest.approx(20.7)
    kept = stats.failure(kept, "server", None, 22.0, began=20.7)
    assert (kept.pending, kept.begun_at) == (0, 0.0)


def test_a_failure_never_looks_fast() -> None:
    kept = after((0.0, 4.0))
    failed = stats.failure(stats.begun(kept, 4.0), "server", None, 4.001, began=4.0)
    assert (failed.expected_seconds(4.001, streamed=False) or 0.0) >= 4.0
    hung = stats.failure(stats.begun(kept, 4.0), "timeout", None, 64.0, began=4.0)
    assert hung.expected_seconds(64.0, streamed=False) == 60.0


def test_an_attempt_that_was_left_would_have_taken_longer() -> None:
    left = stats.cancellation(stats.begun(after((0.0, 1.0)), 1.0), 21.0, began=1.0)
    assert left.expected_seconds(21.0, streamed=False) == 20.0


def test_streams_go_by_their_first_token_and_whole_answers_by_their_last() -> None:
    kept = stats.success(stats.begun(Stats(), 0.0), Sample(30.0, 0.5), 30.0, began=0.0)
    assert kept.expected_seconds(30.0, streamed=True) == 0.5
    assert kept.expected_seconds(30.0, streamed=False) == 30.0


def test_nothing_is_expected_of_who_never_answered() -> None:
    assert Stats().expected_seconds(0.0, streamed=True) is None

"""§5 Statistics per deployment: counts, averages, windows, errors, tokens and money."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.outcome import Cause
from langchain_multirouter.telemetry import stats
from langchain_multirouter.telemetry.stats import Sample, Stats, percentile
from tests.reference.known import scripted
from tests.simulation.simulated import World, answer, fail, site, stream
from tests.wire.conftest import MODES, WIRES, ask


def after(*samples: Sample, now: float = 0.0) -> Stats:
    """The statistics after these successes, at the same time."""
    kept = Stats()
    for sample in samples:
        kept = stats.success(stats.begun(kept, now), sample, now, began=now)
    return kept


def test_before_any_request_the_success_rate_is_one_and_nothing_else_is_known() -> None:
    kept = Stats()
    assert (kept.started, kept.success_rate, kept.recent_success_rate(5.0)) == (0, 1.0, 1.0)
    assert kept.measured.average_seconds is None
    assert kept.measured.first_token_seconds is None
    assert percentile(kept.measured.times, 0.95) is None


@pytest.mark.parametrize(
    ("seconds", "average"),
    [
        ([4.0], 4.0),
        ([4.0, 2.0], 0.9 * 4.0 + 0.1 * 2.0),
        ([4.0, 2.0, 10.0], 0.9 * (0.9 * 4.0 + 0.1 * 2.0) + 0.1 * 10.0),
        ([0.0, 1.0], 0.1),  # a first sample of 0 is a sample
        ([1.0] * 50, 1.0),
    ],
)
def test_the_average_is_nine_tenths_old_and_one_tenth_new_the_first_as_it_is(
    seconds: list[float], average: float
) -> None:
    assert after(*map(Sample, seconds)).measured.average_seconds == pytest.approx(average)


def test_the_last_hundred_response_times_are_kept() -> None:
    kept = after(*(Sample(float(i)) for i in range(250))).measured.times
    assert kept == tuple(float(i) for i in range(150, 250))


@pytest.mark.parametrize(
    ("samples", "p95"),
    [
        ([7.0], 7.0),
        ([1.0, 2.0], 2.0),
        ([float(i) for i in range(1, 21)], 19.0),  # the 19th of 20
        ([float(i) for i in range(1, 101)], 95.0),
        ([float(i) for i in range(100, 0, -1)], 95.0),
        ([1.0] * 94 + [9.0] * 6, 9.0),
        ([1.0] * 95 + [9.0] * 5, 1.0),
    ],
)
def test_the_95th_percentile_is_the_nearest_rank(samples: list[float], p95: float) -> None:
    assert percentile(samples, 0.95) == p95


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=120))
def test_95_of_100_response_times_are_not_above_the_95th_percentile(samples: list[float]) -> None:
    found = percentile(samples, 0.95)
    assert found in samples
    assert sum(s <= found for s in samples) >= 0.95 * len(samples)
    assert sum(s < found for s in samples) < 0.95 * len(samples)


def test_ten_errors_are_kept_the_newest_last_and_all_are_counted() -> None:
    kept = Stats()
    for i in range(25):
        kept = stats.failure(stats.begun(kept, i), "server", str(i), float(i), began=i)
    assert [e.code for e in kept.measured.errors] == [str(i) for i in range(15, 25)]
    assert kept.failed == 25
    assert kept.causes == {"server": 25}


def test_five_errors_are_shown() -> None:
    router = scripted([ConnectionError(str(i)) for i in range(8)] + ["x"], max_attempts=9)
    router.with_routing(max_retries=8, max_attempts=9)
    for _ in range(9):
        try:
            router.invoke("hi", max_retries=0)
        except Exception:  # noqa: S112  # eight of them fail
            continue
    shown = router.analytics().to_dict()["deployments"]["a"]
    assert shown["failed_requests"] == 8
    assert len(shown["recent_errors"]) == 5
    assert {frozenset(e) for e in shown["recent_errors"]} == {frozenset({"cause", "code", "at"})}


def test_started_is_the_sum_of_succeeded_failed_cancelled_and_pending() -> None:
    world = World(site("a", answer(), fail(Cause.SERVER), ()))
    world.call()
    world.call(max_attempts=1)
    left = world.begin()
    assert world.counts("a") == (1, 1, 0, 1)
    left.close()
    assert world.counts("a") == (1, 1, 1, 0)
    assert world.candidate("a").stats.started == 3


def test_the_lifetime_rate_is_shown_and_the_windows_rate_is_used() -> None:
    kept = Stats(succeeded=100_000)
    for _ in range(10):
        kept = stats.failure(stats.begun(kept, 1000.0), "server", None, 1000.0, began=1000.0)
    assert kept.success_rate == 100_000 / 100_010
    assert kept.recent_success_rate(1000.0) == pytest.approx(1 / 11)


@pytest.mark.parametrize("age", [0.0, 60.0, 120.0, 600.0, 1e6])
def test_the_window_decays_so_that_who_is_not_asked_drifts_back_to_one(age: float) -> None:
    kept = stats.failure(stats.begun(Stats(), 999.0), "server", None, 1000.0, began=999.0)
    weight = math.exp(-age / 120.0)
    assert kept.recent_success_rate(1000.0 + age) == pytest.approx(1 / (weight + 1))


def test_failing_fast_does_not_look_fast() -> None:
    world = World(site("a", fail(Cause.SERVER, 0.01), answer(5.0)))
    world.call()
    assert world.candidate("a").average_seconds == pytest.approx(5.0)


def test_time_to_the_first_token_is_that_of_streams_with_content() -> None:
    world = World(
        site("a", answer(9.0), stream((2.0, "empty"), (1.0, "content"), (4.0, "finish"), "end"))
    )
    world.call()
    assert world.candidate("a").stats.measured.first_token_seconds is None
    world.call(streamed=True)
    assert world.candidate("a").stats.measured.first_token_seconds == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("first", "average"), [([1.0, 3.0], 1.2), ([2.0, None, 4.0], 2.2), ([None], None)]
)
def test_time_to_the_first_token_is_averaged_over_streams_alone(
    first: list[float | None], average: float | None
) -> None:
    found = after(*(Sample(9.0, f) for f in first)).measured.first_token_seconds
    assert found == (None if average is None else pytest.approx(average))


def test_tokens_and_money_are_summed_and_what_cannot_be_priced_is_counted() -> None:
    kept = after(
        Sample(1.0, None, 10, 20, 0.5), Sample(1.0, None, 1, 2, None), Sample(1.0)
    ).measured
    assert (kept.input_tokens, kept.output_tokens) == (11, 22)
    assert (kept.cost_usd, kept.unpriced) == (0.5, 2)


def test_a_free_answer_is_priced() -> None:
    assert after(Sample(1.0, None, 5, 5, 0.0)).measured.unpriced == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_the_tokens_are_those_of_the_wire(
    wire: str, mode: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    model = router(wire)
    for prompt in ("Hello", "What is the capital of France?"):
        ask(model, mode, prompt)
    shown = model.analytics().to_dict()["deployments"][wire]
    sent = cloud.log_of(wire)
    assert shown["input_tokens"] == sum(entry.input_tokens for entry in sent)
    assert shown["output_tokens"] == sum(entry.output_tokens for entry in sent)
    assert shown["unpriced_answers"] == 0
    streams = mode in {"stream", "astream"}
    assert (shown["avg_time_to_first_token"] is not None) == streams


def test_cost_per_token_is_the_price_of_the_mix_it_has_had() -> None:
    price = {"input": 2.0, "output": 8.0}  # per million
    router = scripted(["one two three"], deployments=[{"price": price}])

    def shown() -> Any:
        return router.analytics().to_dict()["deployments"]["a"]["estimated_cost_per_1k_tokens"]

    assert shown() == pytest.approx(0.005)  # of equal parts before any
    router.invoke("hi")  # one word in, three out
    assert shown() == pytest.approx((1 * 0.002 + 3 * 0.008) / 4)

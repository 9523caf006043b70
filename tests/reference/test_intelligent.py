"""§3 Strategies, `intelligent`: its parts, its weights, and the bounded exploration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.routing.strategy import STRATEGIES
from tests.reference.known import NOW, OUT, asking, known, order, ranked, scripted, told, usd
from tests.routing.candidates import fleets

PREFER = {"chat": tuple("abcdefghij")}


def parts(fleet: list[Candidate], **asked: object) -> list[tuple[float, ...]]:
    scorer = STRATEGIES["intelligent"].scorer
    assert (scorer.parts, scorer.weights) == (("task", "performance", "cost"), (0.4, 0.4, 0.2))
    return [tuple(row) for row in scorer.measure(fleet, asking(**asked), NOW)]


def test_the_score_is_four_tenths_task_four_tenths_performance_two_tenths_cost() -> None:
    fleet = [known(0, seconds=2.0, price=usd(0.004)), known(1, seconds=4.0, price=usd(0.02))]
    found = ranked(fleet, preferences=PREFER).scores
    median = 3.0
    first = 0.4 * 1.0 + 0.4 * (1 - 0.5 * 2 / (2 + median)) + 0.2 * (1 - 0.4)
    second = 0.4 * (0.8 + 0.27) / 1.1 + 0.4 * (1 - 0.5 * 4 / (4 + median)) + 0.2 * 0.0
    assert list(found.values()) == pytest.approx([first, second])


@pytest.mark.parametrize("rank", range(10))
def test_the_task_part_of_a_listed_one_is_divided_by_its_largest_value(rank: int) -> None:
    fleet = [known(i) for i in range(10)]
    task = parts(fleet, preferences=PREFER)[rank][0]
    assert task == pytest.approx((0.8 + 0.3 * (1 - rank / 10)) / 1.1)


def test_the_task_part_of_one_that_is_not_listed_stays_in_zero_to_one() -> None:
    fleet = [known(0), known(1, provider="x")]
    assert [p[0] for p in parts(fleet)] == pytest.approx([1.0, 0.4 / 1.1])


@pytest.mark.parametrize(
    ("good", "bad", "rate"), [(0, 0, 1.0), (9, 0, 1.0), (8, 1, 0.9), (0, 9, 0.1)]
)
def test_the_performance_part_is_the_windows_success_rate_times_speed(
    good: float, bad: float, rate: float
) -> None:
    fleet = [known(0, seconds=3.0, good=good, bad=bad)]
    assert parts(fleet)[0][1] == pytest.approx(rate * 0.75)  # at the median: a half of the half


def test_time_is_relative_to_the_fleets_median_so_that_8_and_40_seconds_differ() -> None:
    slow = [known(0, seconds=8.0), known(1, seconds=40.0)]
    performance = [p[1] for p in parts(slow)]
    assert performance == pytest.approx([1 - 0.5 * 8 / 32, 1 - 0.5 * 40 / 64])
    scaled = [known(0, seconds=0.8), known(1, seconds=4.0)]
    assert [p[1] for p in parts(scaled)] == pytest.approx(performance)


def test_an_unknown_time_scores_as_the_fleets_median() -> None:
    fleet = [known(0, seconds=1.0), known(1, seconds=5.0), known(2, seconds=3.0), known(3)]
    found = [p[1] for p in parts(fleet)]
    assert found[3] == pytest.approx(found[2])


def test_times_of_nothing_divide_by_nothing() -> None:
    fleet = [known(i, seconds=0.0) for i in range(2)]
    assert [p[1] for p in parts(fleet)] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("price", "part"),
    [(0.0, 1.0), (0.0025, 0.75), (0.005, 0.5), (0.0099, 0.01), (0.01, 0.0), (0.5, 0.0)],
)
def test_the_cost_part_reaches_nothing_at_a_cent_per_thousand_tokens(
    price: float, part: float
) -> None:
    assert parts([known(price=usd(price))])[0][2] == pytest.approx(part)


@pytest.mark.parametrize(("tokens", "blended"), [(500, 0.005), (1500, 0.0035), (4500, 0.0026)])
def test_the_cost_part_is_about_this_requests_own_mix(tokens: int, blended: float) -> None:
    fleet = [known(price=usd(0.002, 0.008))]  # an answer is expected to have 500
    assert parts(fleet, tokens=tokens)[0][2] == pytest.approx(1 - blended / 0.01)


def test_the_mix_knows_the_calls_max_tokens() -> None:
    fleet = [known(price=usd(0.002, 0.008))]
    assert parts(fleet, tokens=500, max_tokens=100)[0][2] == pytest.approx(1 - 0.003 / 0.01)


def test_an_unknown_price_scores_as_the_fleets_median_and_half_where_none_is_known() -> None:
    fleet = [known(i, price=p) for i, p in enumerate([usd(0.001), usd(0.004), usd(0.009), None])]
    assert [p[2] for p in parts(fleet)] == pytest.approx([0.9, 0.6, 0.1, 0.6])
    assert parts([known(0), known(1)])[0][2] == 0.5


def test_a_free_model_is_known_to_be_free() -> None:
    assert parts([known(0, price=usd(0.0)), known(1)])[0][2] == 1.0


@settings(max_examples=100)
@given(fleets(), st.integers(0, 10**6))
def test_every_part_stays_in_zero_to_one(fleet: list[Candidate], tokens: int) -> None:
    for values in parts(fleet, tokens=tokens) if fleet else []:
        assert all(0.0 <= value <= 1.0 for value in values)


def test_it_weighs_healthy_ones_only_and_keeps_those_that_are_out_for_last() -> None:
    fleet = [known(0, breaker=OUT), known(1, seconds=90.0, price=usd(0.1))]
    assert order(fleet) == "ba"


EXPERIENCED = [known(i, seconds=1.0, started=5) for i in range(3)]


@pytest.mark.parametrize("turn", range(30))
def test_only_every_tenth_call_first_asks_somebody_who_was_never_asked(turn: int) -> None:
    fleet = [*EXPERIENCED, known(3, provider="x"), known(4, provider="x")]
    first = ranked(fleet, turn=turn).order[0].deployment.name
    assert first == ("d" if turn % 10 == 9 else "a")


def test_exploring_keeps_the_others_in_their_order_and_asks_nobody_twice() -> None:
    fleet = [*EXPERIENCED, known(3, provider="x"), known(4, provider="x", started=1)]
    assert order(fleet, turn=9) == "dabce"
    assert order([*EXPERIENCED, fleet[4]], turn=9) == "abce"


def test_exploring_respects_levels_and_those_that_are_out() -> None:
    fleet = [
        *EXPERIENCED,
        known(3, provider="x", breaker=OUT),
        known(4, provider="x", fallback_level=1),
    ]
    assert order(fleet, turn=9) == "abced"


def test_over_the_calls_of_a_router_each_newcomer_is_explored_once() -> None:
    router = scripted(["x"], ["y"], ["z"], strategy="intelligent", task_preferences={"chat": ["a"]})
    answered = [told(router.invoke("hi"))["deployment"] for _ in range(40)]
    explored = [i for i, name in enumerate(answered) if name != "a"]
    assert explored == [9, 19]
    assert {answered[i] for i in explored} == {"b", "c"}


@pytest.mark.parametrize("strategy", sorted({*STRATEGIES} - {"intelligent", "round_robin"}))
def test_no_other_strategy_explores(strategy: str) -> None:
    fleet = [*EXPERIENCED, known(3, provider="x")]
    orders = {order(fleet, turn=turn, strategy=strategy) for turn in (8, 9)}
    assert len(orders) == 1

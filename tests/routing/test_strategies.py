"""Strategies: what each promises beyond the laws that all keep."""

from collections import Counter
from random import Random

import pytest

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.options import Options, Strategy
from langchain_multirouter.request import Prompt, Request
from langchain_multirouter.routing.filters import FILTERS, needed
from langchain_multirouter.routing.strategy import rank
from tests.routing.candidates import BREAKERS, NOW, candidate


def order(fleet: list[Candidate], turn: int = 0, **options: object) -> list[str]:
    request = Request(Options(**{"strategy": "ordered", **options}))  # type: ignore[arg-type]
    ranking = rank(fleet, request, turn=turn, rng=Random(0), now=NOW)
    return [c.deployment.name for c in ranking.order]


def firsts(fleet: list[Candidate], turns: int, **options: object) -> Counter[str]:
    return Counter(order(fleet, turn, **options)[0] for turn in range(turns))


def test_ordered_is_the_callers_order_the_first_healthy_one_first() -> None:
    fleet = [candidate(i) for i in range(4)]
    assert order(fleet) == ["d0", "d1", "d2", "d3"]
    fleet[0] = fleet[0]._replace(breaker=BREAKERS[1])
    assert order(fleet) == ["d1", "d2", "d3", "d0"]


def test_ordered_does_not_depend_on_the_turn() -> None:
    fleet = [candidate(i) for i in range(4)]
    assert order(fleet, 1) == order(fleet, 2)


def test_round_robin_begins_one_further_on_with_every_call_and_goes_round_once() -> None:
    fleet = [candidate(i) for i in range(3)]
    orders = [order(fleet, turn, strategy=Strategy.ROUND_ROBIN) for turn in range(4)]
    assert orders[:3] == [["d0", "d1", "d2"], ["d1", "d2", "d0"], ["d2", "d0", "d1"]]
    assert orders[3] == orders[0]


def test_round_robin_shares_evenly() -> None:
    fleet = [candidate(i) for i in range(5)]
    assert set(firsts(fleet, 100, strategy="round_robin").values()) == {20}


def test_round_robin_shares_evenly_among_those_that_are_not_out() -> None:
    fleet = [candidate(i) for i in range(4)]
    fleet[1] = fleet[1]._replace(breaker=BREAKERS[1])
    shares = firsts(fleet, 120, strategy="round_robin")
    assert shares == {"d0": 40, "d2": 40, "d3": 40}


def test_round_robin_shares_evenly_within_the_lowest_level() -> None:
    fleet = [candidate(i, fallback_level=int(i > 1)) for i in range(4)]
    assert firsts(fleet, 100, strategy="round_robin") == {"d0": 50, "d1": 50}


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (Request(Options()), ()),
        (Request(Options(), model="x"), ("model",)),
        (Request(Options(require_tags=frozenset({"eu"}))), ("require_tags",)),
        (Request(Options(preferred_provider="azure")), ()),
        (
            Request(Options(preferred_provider="azure", fallback_enabled=False)),
            ("preferred_provider",),
        ),
    ],
)
def test_only_filters_that_can_remove_somebody_are_asked(
    request_: Request, asked: tuple[str, ...]
) -> None:
    assert needed(request_._replace(roomy=True)) == asked


def test_every_filter_that_is_asked_is_in_the_table() -> None:
    options = Options(
        require_tags=frozenset({"eu"}),
        preferred_provider="azure",
        fallback_enabled=False,
        max_cost=1.0,
        max_response_time=1.0,
    )
    request = Request(
        options,
        model="x",
        prompt=Prompt(kinds=frozenset({"image"})),
        unable={0: "x"},
        max_tokens=1,
        needs=frozenset({"tools"}),
    )
    assert {"paused", *needed(request)} == set(FILTERS)


def test_the_reasons_length_is_bounded_whatever_the_caller_asks_for() -> None:
    fleet = [candidate(0)]
    for request in (
        Request(Options(model_preference=("x" * 10_000, "d0"))),
        Request(Options(), model="y" * 10_000),
    ):
        removed = rank(fleet, request, turn=0, rng=Random(0), now=NOW).removed
        assert all(len(reason) < 300 for reason in removed.values())

"""Savings: what always using one deployment would have cost, reckoned by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.telemetry.savings import (
    ASSUMPTION,
    Alternative,
    Charges,
    alternatives,
    flat_price,
    inferred,
    savings,
)
from tests.reference.known import known, usd
from tests.telemetry.made import call, failure, success


def compared(records: Any, others: Any, ratios: Any = None) -> dict[str, Any]:
    """Savings against these."""
    fleet = []
    for number, one in enumerate(others):
        candidate = known(number, price=one.price, name=one.name,
                          capabilities=Capabilities(one.max_input_tokens))  # fmt: skip
        fleet.append(_counting(candidate, one.input_ratio))
    for name, ratio in (ratios or {}).items():
        fleet.append(_counting(known(9, name=name), ratio))
    return savings(records, Charges(records, fleet))


def _counting(candidate: Candidate, ratio: float | None) -> Candidate:
    measured = candidate.stats.measured._replace(input_ratio=ratio)
    return candidate._replace(stats=candidate.stats._replace(measured=measured))


CHEAP = Alternative("cheap", flat_price(1e-6, 2e-6))
DEAR = Alternative("dear", flat_price(1e-5, 2e-5))


def test_what_one_alone_would_have_cost_is_reckoned_from_the_same_tokens() -> None:
    records = [
        call(success("cheap", tokens=(1_000, 500), price=CHEAP.price)),
        call(failure("cheap"), success("dear", tokens=(100, 50), price=DEAR.price)),
    ]
    told = compared(records, [CHEAP, DEAR])
    assert told["assumption"] == ASSUMPTION
    assert told["calls"] == 2
    assert told["actual_usd"] == pytest.approx(0.002 + 0.002)
    assert told["always"]["cheap"]["usd"] == pytest.approx(0.002 + 0.0002)
    assert told["always"]["cheap"]["saved_usd"] == pytest.approx(-0.0018)
    assert told["always"]["dear"]["saved_usd"] == pytest.approx(0.022 - 0.004)


def test_input_is_corrected_by_how_each_one_counts_it() -> None:
    """Who counts half as many tokens again is sent 1,500 where the other was sent 1,000."""
    other = CHEAP._replace(input_ratio=1.5)
    told = compared(
        [call(success("dear", tokens=(1_000, 0), price=DEAR.price))], [other], {"dear": 1.0}
    )
    assert told["always"]["cheap"]["usd"] == pytest.approx(1_500e-6)


def test_the_parts_of_the_input_are_corrected_along_with_it() -> None:
    usage = Usage(1_000, 10, 400, 200, 100, 50, 30, 4, 5)
    mine = CHEAP._replace(input_ratio=2.0).usage(usage, 1.0)
    assert mine == Usage(2_000, 10, 800, 400, 200, 100, 60, 4, 5)


def test_a_call_that_would_not_have_fitted_is_left_out_on_both_sides() -> None:
    small = CHEAP._replace(max_input_tokens=500)
    records = [
        call(success("dear", tokens=(1_000, 0), price=DEAR.price)),
        call(success("dear", tokens=(100, 0), price=DEAR.price)),
    ]
    told = compared(records, [small])["always"]["cheap"]
    assert (told["calls"], told["too_long"]) == (1, 1)
    assert told["actual_usd"] == pytest.approx(1e-3)
    assert told["usd"] == pytest.approx(1e-4)


def test_calls_whose_tokens_or_cost_are_not_known_are_left_out() -> None:
    records = [call(success(usd=None)), call(success(tokens=None, usd=None)), call(failure())]
    told = compared(records, [CHEAP])
    assert (told["calls"], told["actual_usd"], told["always"]) == (0, None, {})


def test_what_caches_saved_is_told_apart() -> None:
    records = [call(cached="exact", saved_usd=0.01), call(cached="semantic", saved_usd=0.02)]
    assert compared(records, [])["cache_saved_usd"] == pytest.approx(0.03)
    assert compared([], [])["cache_saved_usd"] is None


def test_only_who_has_a_price_is_compared_with() -> None:
    fleet = [known(0, price=usd(0.001), capabilities=Capabilities(8_000)), known(1)]
    (only,) = alternatives(fleet)
    assert (only.name, only.max_input_tokens) == ("a", 8_000)


@given(
    st.floats(1e-8, 1e-4),
    st.floats(1e-8, 1e-4),
    st.lists(
        st.tuples(st.integers(1, 100_000), st.integers(1, 8_000)), min_size=2, max_size=9
    ).filter(lambda rows: max(i / o for i, o in rows) > 1.5 * min(i / o for i, o in rows)),
)
def test_a_journals_own_costs_tell_its_prices(
    into: float, out: float, tokens: list[tuple[int, int]]
) -> None:
    price = flat_price(into, out)
    records = [call(success("a", tokens=pair, price=price)) for pair in tokens]
    (told,) = inferred(records)
    for pair in tokens:
        assert told.usd(Usage(*pair)) == pytest.approx(price.cost_usd(Usage(*pair)), rel=2e-3)


@pytest.mark.parametrize(
    "tokens",
    [[(100, 10)], [(100, 10), (200, 20)], [(100, 10), (250, 40), (90, 70)]],
    ids=["one", "all of one mix", "costs that no two prices explain"],
)
def test_prices_that_costs_do_not_tell_exactly_are_not_told(tokens: list[tuple[int, int]]) -> None:
    records = [call(success("a", tokens=p, usd=1e-3 * (i + 1))) for i, p in enumerate(tokens)]
    assert inferred(records) == []

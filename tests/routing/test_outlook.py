"""Outlook: when a conversation leaves a warm deployment, and when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.conversation import Cached, Conversation
from langchain_multirouter.economics.price import Price, Rates
from langchain_multirouter.options import Options
from langchain_multirouter.request import Prompt, Request
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.resilience.cooldown import Cooldown
from langchain_multirouter.routing.outlook import usd_per_call
from langchain_multirouter.telemetry.stats import Measured, Stats
from tests.routing.candidates import NOW, candidate

TOKENS = 10_000
WARM = Cached(9_500, 500, 0, 10_000, 9_500)
COLD = Cached(0, 10_000, 0, 10_000, 0)


def priced(number: int, usd: float, *, written: float = 1.0, **state: Any) -> Candidate:
    """USD per million input tokens; what is read costs a tenth, and answers cost nothing."""
    into = usd * 1e-6
    rates = Rates(into, 0.0, 0.1 * into, *[written * into] * 3, into, 0.0, 0.0, into)
    return candidate(number)._replace(facts=Facts(Price(rates)), **state)


def asked(ahead: float, *cached: Cached | None) -> Request:
    known = {i: one for i, one in enumerate(cached) if one is not None}
    conversation = Conversation(cached=known, calls_ahead=ahead)
    return Request(Options(), prompt=Prompt(input_tokens=TOKENS), conversation=conversation)


def best(fleet: list[Candidate], request: Request) -> int:
    costs = usd_per_call(fleet, request, NOW)
    return min(range(len(fleet)), key=lambda i: costs[i] or 0.0)


def test_without_calls_ahead_it_is_this_calls_cost() -> None:
    fleet, request = [priced(0, 2.0), priced(1, 1.0)], asked(0, WARM, COLD)
    assert usd_per_call(fleet, request, NOW) == [c.expected_usd(request) for c in fleet]


def test_who_is_warm_is_left_for_nobody_of_the_same_price() -> None:
    for ahead in (0, 1, 8):
        assert best([priced(0, 1.0), priced(1, 1.0)], asked(ahead, COLD, WARM)) == 1


@pytest.mark.parametrize(("ahead", "expected"), [(0, 0), (1, 0), (4, 1), (8, 1)])
def test_a_warm_one_is_left_for_a_cheaper_one_once_enough_calls_are_ahead(
    ahead: int, expected: int
) -> None:
    assert best([priced(0, 4.0), priced(1, 1.0)], asked(ahead, WARM, COLD)) == expected


@pytest.mark.parametrize(("ahead", "expected"), [(0, 1), (1, 0), (8, 0)])
def test_a_lower_price_without_a_cache_is_dearer_where_a_conversation_goes_on(
    ahead: int, expected: int
) -> None:
    assert best([priced(0, 1.0), priced(1, 0.9)], asked(ahead, COLD, None)) == expected


def test_while_the_warm_one_is_out_for_seconds_nobody_else_is_paid_to_take_the_prompt_in() -> None:
    away = priced(0, 1.0, cooldown=Cooldown(NOW + 5, 1, "throttled"))
    caches, does_not = priced(1, 1.0, written=1.25), priced(2, 1.1)
    assert best([caches, does_not], asked(8, COLD, None)) == 0
    request = asked(8, WARM, COLD, None)
    costs = usd_per_call([away, caches, does_not], request, NOW)
    assert costs[2] < costs[1]  # type: ignore[operator]  # their prices are known


def test_who_is_out_for_longer_is_not_waited_for() -> None:
    away = priced(0, 1.0, breaker=Breaker(opened=1, open_until=NOW + 60, cause="server"))
    fleet = [away, priced(1, 1.0, written=1.25), priced(2, 1.1)]
    costs = usd_per_call(fleet, asked(8, WARM, COLD, None), NOW)
    assert costs[1] < costs[2]  # type: ignore[operator]  # their prices are known


def test_what_deployments_of_one_model_learned_of_tokens_moves_no_conversation() -> None:
    """Each has its own ratio of counted to estimated tokens, from whatever it was sent."""
    learned = Stats(measured=Measured(input_ratio=2.0))
    fleet = [priced(0, 1.0, stats=learned), priced(1, 1.0)]
    assert best(fleet, asked(8, WARM, COLD)) == 0
    other = fleet[1]._replace(deployment=candidate(1, model_name="gpt-4o-mini").deployment)
    assert best([fleet[0], other], asked(8, WARM, COLD)) == 1


def test_a_price_that_is_not_known_stays_unknown() -> None:
    assert usd_per_call([candidate(0), priced(1, 1.0)], asked(3, WARM, WARM), NOW)[0] is None


@given(
    st.lists(
        st.tuples(st.floats(0.0, 100.0), st.sampled_from([None, WARM, COLD])),
        min_size=1,
        max_size=5,
    ),
    st.floats(0.0, 8.0),
)
def test_it_is_never_more_than_the_dearest_way_and_never_negative(
    told: list[tuple[float, Any]], ahead: float
) -> None:
    fleet = [priced(i, usd) for i, (usd, _) in enumerate(told)]
    request = asked(ahead, *(cached for _, cached in told))
    for one, usd in zip(fleet, usd_per_call(fleet, request, NOW), strict=True):
        now, later = one.expected_usd(request), one.expected_usd_later(request)
        assert usd is not None
        assert now is not None
        assert later is not None
        assert 0.0 <= usd <= max(now, later) * (1.0 + 1e-9)

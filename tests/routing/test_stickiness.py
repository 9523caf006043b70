"""Stickiness: where conversations belong, and how few move."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.conversation import Conversation, Session
from langchain_multirouter.options import Strategy, read_options
from langchain_multirouter.request import Request
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.resilience.cooldown import Cooldown
from langchain_multirouter.routing.stickiness import rendezvous
from langchain_multirouter.routing.strategy import rank
from tests.routing.candidates import NOW, candidate, fleets

KEYS = [f"conversation {i}".encode() for i in range(4000)]
FIVE = [(f"d{i}", 1.0) for i in range(5)]
ROWS = pytest.mark.parametrize("strategy", list(Strategy))


def home(key: bytes, deployments: list[tuple[str, float]]) -> str:
    return deployments[rendezvous(key, deployments)[0]][0]


def test_the_order_has_everybody_once_and_is_the_same_every_time() -> None:
    for key in KEYS[:100]:
        order = rendezvous(key, FIVE)
        assert sorted(order) == [0, 1, 2, 3, 4]
        assert order == rendezvous(key, FIVE)


def test_conversations_are_spread_evenly() -> None:
    shares = Counter(home(key, FIVE) for key in KEYS)
    assert all(abs(count / len(KEYS) - 0.2) < 0.025 for count in shares.values())


def test_shares_are_as_the_weights() -> None:
    weighted = [("a", 1.0), ("b", 3.0), ("c", 0.5), ("none", 0.0)]
    shares = Counter(home(key, weighted) for key in KEYS)
    for name, weight in weighted:
        assert shares[name] / len(KEYS) == pytest.approx(weight / 4.5, abs=0.025)
    assert all(rendezvous(key, weighted)[-1] == 3 for key in KEYS[:50])


def test_who_leaves_gives_only_its_own_conversations_away() -> None:
    without = [one for one in FIVE if one[0] != "d2"]
    for key in KEYS:
        before, after = home(key, FIVE), home(key, without)
        assert before in (after, "d2")


def test_who_joins_takes_only_its_share() -> None:
    with_sixth = [*FIVE[:2], ("new", 1.0), *FIVE[2:]]
    moved = [key for key in KEYS if home(key, FIVE) != home(key, with_sixth)]
    assert all(home(key, with_sixth) == "new" for key in moved)
    assert len(moved) / len(KEYS) == pytest.approx(1 / 6, abs=0.025)


def test_who_grows_heavier_takes_and_nobody_else_moves() -> None:
    heavier = [("d0", 2.0), *FIVE[1:]]
    for key in KEYS:
        assert home(key, heavier) in (home(key, FIVE), "d0")


@given(st.binary(max_size=200), st.permutations(FIVE))
def test_the_order_of_the_list_decides_nothing(key: bytes, others: list[tuple[str, float]]) -> None:
    assert home(key, FIVE) == home(key, others)


# --- in the ranking ----------------------------------------------------------------------------


def ranked(fleet: list[Candidate], order: tuple[int, ...], turn: int = 0, **options: Any) -> Any:
    request = Request(
        read_options({"strategy": "ordered", **options}),
        conversation=Conversation(session=Session(b"key", order)),
    )
    return rank(fleet, request, turn=turn, rng=Random(turn), now=NOW)


def names(fleet: list[Candidate], order: tuple[int, ...], turn: int = 0, **options: Any) -> Any:
    return [c.deployment.name for c in ranked(fleet, order, turn, **options).order]


@ROWS
def test_every_strategy_keeps_a_conversation_where_it_is(strategy: Strategy) -> None:
    fleet = [candidate(i) for i in range(4)]
    for turn in range(12):
        assert names(fleet, (2, 0, 1, 3), turn, strategy=strategy)[0] == "d2"


@ROWS
def test_behind_it_the_strategy_orders_as_ever(strategy: Strategy) -> None:
    fleet = [candidate(i) for i in range(4)]
    for turn in range(6):
        request = Request(read_options({"strategy": strategy}))
        free = rank(fleet, request, turn=turn, rng=Random(turn), now=NOW).order
        expected = [c.deployment.name for c in free if c.number != 2]
        assert names(fleet, (2, 0, 1, 3), turn, strategy=strategy)[1:] == expected


def test_who_is_out_comes_after_the_next_that_the_conversation_wants() -> None:
    fleet = [candidate(i) for i in range(3)]
    fleet[1] = fleet[1]._replace(breaker=Breaker(opened=1, open_until=NOW + 5, cause="server"))
    assert names(fleet, (1, 2, 0)) == ["d2", "d0", "d1"]
    fleet[1] = fleet[1]._replace(breaker=Breaker(), cooldown=Cooldown(NOW + 9, 1, "throttled"))
    assert names(fleet, (1, 2, 0)) == ["d2", "d0", "d1"]


def test_constraints_levels_and_a_preferred_provider_come_before_it() -> None:
    fleet = [
        candidate(0, tags=("eu",)),
        candidate(1),
        candidate(2, tags=("eu",), fallback_level=1),
        candidate(3, tags=("eu",), provider="gcp_vertex"),
    ]
    assert names(fleet, (1, 2, 3, 0), require_tags=["eu"]) == ["d3", "d0", "d2"]
    assert names(fleet, (2, 1, 0, 3))[:2] == ["d1", "d0"]
    assert names(fleet, (1, 2, 0, 3), preferred_provider="vertex")[0] == "d3"


@given(fleets(), st.sampled_from(list(Strategy)), st.randoms())
def test_nobody_is_lost_or_added_and_places_are_kept(
    fleet: list[Candidate], strategy: Strategy, random: Any
) -> None:
    order = list(range(len(fleet)))
    random.shuffle(order)
    kept = ranked(fleet, tuple(order), strategy=strategy)
    free = rank(
        fleet, Request(read_options({"strategy": strategy})), turn=0, rng=Random(0), now=NOW
    )
    assert sorted(c.number for c in kept.order) == sorted(c.number for c in free.order)
    if kept.order:
        places = [c.readiness(NOW).name for c in kept.order]
        assert places == [c.readiness(NOW).name for c in free.order]

"""Rebuilding: every decision, made again from nothing but its event, comes to the same order."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.options import read_options
from langchain_multirouter.request import Prompt, Request
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.routing.decision import Decision, Draws
from langchain_multirouter.routing.rebuilding import rebuilt_order, rebuilt_scores
from langchain_multirouter.routing.strategy import STRATEGIES, rank
from langchain_multirouter.telemetry.events import Ranked
from langchain_multirouter.telemetry.journal_lines import read, written
from tests.laws.scenes import OPTIONS
from tests.routing.candidates import NOW, fleets

HEALING = [
    Breaker(opened=1, ramp_from=NOW - 1, ramp_until=NOW + share) for share in (0.1, 1.0, 100.0)
]


@st.composite
def wild_fleets(draw: st.DrawFn) -> list[Candidate]:
    """Fleets some of which heal, wait, or were heard of at other times."""
    found = []
    for one in draw(fleets()):
        breaker = draw(st.sampled_from([one.breaker, *HEALING]))
        at = draw(st.floats(0.0, NOW))
        stats = one.stats._replace(
            measured=one.stats.measured._replace(at=at), pending=draw(st.integers(0, 2))
        )
        found.append(one._replace(breaker=breaker, stats=stats))
    return found


def by_level(candidates: Any, request: Any) -> list[float]:
    return [float(c.number % 3) for c in candidates]


def told(fleet: list[Candidate], options: dict[str, Any], turn: int, seed: int) -> Ranked:
    """The decision, as it comes out of a journal."""
    request = Request(read_options(options), prompt=Prompt("CANARY", frozenset(), 100))
    draws = Draws(Random(seed))
    ranking = rank(fleet, request, turn=turn, rng=draws.as_rng(), now=NOW)
    ranked = Decision.of(turn, ranking, request, draws, NOW).event()
    entry = read(written(1.0, "r", ranked))
    assert entry is not None
    assert entry.event == ranked
    assert isinstance(entry.event, Ranked)
    assert "CANARY" not in repr(Decision.of(turn, ranking, request, draws, NOW))
    assert ranked.order == tuple(c.deployment.name for c in ranking.order)
    return entry.event


@pytest.mark.parametrize("strategy", [*STRATEGIES, by_level])
@settings(max_examples=25)
@given(wild_fleets(), OPTIONS, st.integers(0, 10**6), st.integers(0, 2**32))
def test_the_order_rebuilt_from_the_parts_is_the_order_that_was_taken(
    strategy: Any, fleet: list[Candidate], options: dict[str, Any], turn: int, seed: int
) -> None:
    ranked = told(fleet, {**options, "strategy": strategy}, turn, seed)
    assert rebuilt_order(ranked) == ranked.order
    assert rebuilt_scores(ranked) == ranked.scores


def test_a_rebuilt_order_really_depends_on_the_parts() -> None:
    fleet = [
        c._replace(breaker=Breaker(), paused=False)
        for c in (Candidate(i, d.deployment) for i, d in enumerate(_two()))
    ]
    ranked = told(fleet, {"strategy": "ordered"}, 0, 0)
    assert rebuilt_order(ranked) == ("d0", "d1")
    turned = tuple(one._replace(parts=(-one.parts[0],)) for one in ranked.considered)
    assert rebuilt_order(ranked._replace(considered=turned)) == ("d1", "d0")


def _two() -> list[Candidate]:
    from tests.routing.candidates import candidate

    return [candidate(0), candidate(1)]


@pytest.mark.parametrize("wrong", [{"picker": "eval"}, {"picker": ""}])
def test_an_event_of_another_version_is_refused_and_nothing_is_looked_up_by_name(
    wrong: dict[str, Any],
) -> None:
    ranked = told([Candidate(0, _two()[0].deployment)], {"strategy": "ordered"}, 0, 0)
    with pytest.raises(ValueError, match="picker"):
        rebuilt_order(ranked._replace(**wrong))


def test_an_event_without_its_draws_is_refused() -> None:
    fleet = [Candidate(i, one.deployment) for i, one in enumerate(_two())]
    ranked = told(fleet, {"strategy": "weighted_random"}, 0, 0)
    assert len(ranked.draws) == 2
    with pytest.raises(ValueError, match="draws"):
        rebuilt_order(ranked._replace(draws=()))


def test_nothing_is_drawn_where_nothing_is_to_be_drawn() -> None:
    fleet = [Candidate(i, one.deployment) for i, one in enumerate(_two())]
    assert told(fleet, {"strategy": "intelligent"}, 0, 0).draws == ()
    assert json.dumps(told(fleet, {"strategy": "round_robin"}, 1, 0).order) == '["d1", "d0"]'

"""Laws of all strategies: what holds for every row of the table, whatever its scorer and picker."""

from __future__ import annotations

import copy
import math
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from langchain_multirouter.candidate import Candidate, Readiness
from langchain_multirouter.options import Strategy, read_options
from langchain_multirouter.request import Request
from langchain_multirouter.routing.filters import FILTERS, prefers
from langchain_multirouter.routing.strategy import READY_FIRST, STRATEGIES, Ranking, rank
from tests.laws.scenes import OPTIONS
from tests.routing.candidates import NOW, fleets

ROWS = pytest.mark.parametrize("strategy", STRATEGIES)
FEW = settings(max_examples=25)  # of each strategy
SEEDS = st.integers(0, 2**32)
TURNS = st.integers(0, 10**9)
ASKED = st.builds(
    lambda options, cost: options if cost is None else {**options, "max_cost": cost},
    OPTIONS,
    st.sampled_from([None, 0.0, 0.001, 1.0]),
)
MODEL = st.sampled_from([None, "d0", "gpt-4o", "nobody"])


def asked(strategy: Strategy, options: dict[str, Any], model: str | None = None) -> Request:
    return Request(read_options({**options, "strategy": strategy}), model=model)


def ranked(fleet: list[Candidate], request: Request, turn: int = 0, seed: int = 0) -> Ranking:
    return rank(fleet, request, turn=turn, rng=Random(seed), now=NOW)


def test_every_strategy_has_a_row() -> None:
    assert set(STRATEGIES) == set(Strategy)


@ROWS
@FEW
@given(fleets(), ASKED, MODEL, TURNS, SEEDS)
def test_no_candidate_is_lost_or_doubled(
    strategy: Strategy,
    fleet: list[Candidate],
    options: dict[str, Any],
    model: str | None,
    turn: int,
    seed: int,
) -> None:
    ranking = ranked(fleet, asked(strategy, options, model), turn, seed)
    names = [c.deployment.name for c in ranking.order]
    assert Counter([*names, *ranking.removed]) == Counter(c.deployment.name for c in fleet)
    assert all(candidate in fleet for candidate in ranking.order)


@ROWS
@FEW
@given(fleets(), ASKED, MODEL, TURNS, SEEDS)
def test_nobody_serves_whom_a_filter_keeps_out_and_every_reason_names_its_filter(
    strategy: Strategy,
    fleet: list[Candidate],
    options: dict[str, Any],
    model: str | None,
    turn: int,
    seed: int,
) -> None:
    request = asked(strategy, options, model)
    ranking = ranked(fleet, request, turn, seed)
    for candidate in ranking.order:
        assert all(keeps_out(candidate, request) is None for keeps_out in FILTERS.values())
    for reason in ranking.removed.values():
        assert reason.partition(":")[0] in {*FILTERS, "model_preference"}


@ROWS
@FEW
@given(fleets(), TURNS, SEEDS)
def test_the_ready_come_first_and_lower_levels_before_higher_ones(
    strategy: Strategy, fleet: list[Candidate], turn: int, seed: int
) -> None:
    order = ranked(fleet, asked(strategy, {}), turn, seed).order
    places = [(READY_FIRST[c.readiness(NOW)], c.deployment.fallback_level) for c in order]
    assert places == sorted(places)


@ROWS
@FEW
@given(fleets(), TURNS, SEEDS)
def test_a_preferred_providers_ready_deployments_go_first(
    strategy: Strategy, fleet: list[Candidate], turn: int, seed: int
) -> None:
    request = asked(strategy, {"preferred_provider": "aws_bedrock"})
    order = ranked(fleet, request, turn, seed).order
    ready = [c for c in order if c.readiness(NOW) is Readiness.READY]
    mine = [c.deployment.provider == "aws_bedrock" for c in ready]
    assert list(order[: len(ready)]) == ready
    assert mine == sorted(mine, reverse=True)


@ROWS
@FEW
@given(fleets(), OPTIONS)
def test_a_model_preference_filters_only_where_somebody_has_it(
    strategy: Strategy, fleet: list[Candidate], options: dict[str, Any]
) -> None:
    options = {**options, "model_preference": ["gpt-4o"]}
    ranking = ranked(fleet, asked(strategy, options))
    having = [prefers(c, ("gpt-4o",)) for c in ranking.order]
    assert all(having) or not any(having)
    ignored = any(note.startswith("model_preference") for note in ranking.notes)
    assert ignored == (bool(having) and not any(having))


@ROWS
@FEW
@given(fleets())
def test_a_preferred_provider_that_nobody_is_of_is_noted(
    strategy: Strategy, fleet: list[Candidate]
) -> None:
    ranking = ranked(fleet, asked(strategy, {"preferred_provider": "nobody"}))
    ignored = any(note.startswith("preferred_provider") for note in ranking.notes)
    assert ignored == bool(ranking.order)


@ROWS
@FEW
@given(fleets(), OPTIONS, TURNS, SEEDS)
def test_the_same_seed_gives_the_same_order(
    strategy: Strategy, fleet: list[Candidate], options: dict[str, Any], turn: int, seed: int
) -> None:
    request = asked(strategy, options)
    assert ranked(fleet, request, turn, seed) == ranked(fleet, request, turn, seed)


@ROWS
@FEW
@given(fleets(), OPTIONS, TURNS, SEEDS)
def test_ranking_changes_nothing_that_it_was_given(
    strategy: Strategy, fleet: list[Candidate], options: dict[str, Any], turn: int, seed: int
) -> None:
    request = asked(strategy, options)
    before = copy.deepcopy((fleet, request))
    ranked(fleet, request, turn, seed)
    assert (fleet, request) == before


@ROWS
@FEW
@given(fleets())
def test_scores_are_finite_and_one_each(strategy: Strategy, fleet: list[Candidate]) -> None:
    assume(fleet)
    scores = STRATEGIES[strategy].scorer.scores(fleet, asked(strategy, {}), NOW)
    assert len(scores) == len(fleet)
    assert all(math.isfinite(score) for score in scores)


@ROWS
@FEW
@given(fleets(), st.randoms(use_true_random=False), TURNS, SEEDS)
def test_a_picker_loses_nobody_and_mutates_nothing(
    strategy: Strategy, fleet: list[Candidate], draw: Random, turn: int, seed: int
) -> None:
    scores = [draw.choice([0.0, 0.5, 1.0]) for _ in fleet]
    given_to = (list(fleet), list(scores))
    picked = STRATEGIES[strategy].picker(fleet, scores, turn, Random(seed))
    assert (fleet, scores) == given_to
    assert sorted(c.number for c in picked) == [c.number for c in fleet]

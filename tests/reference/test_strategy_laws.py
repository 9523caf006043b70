"""§3 Laws of every strategy, a user's own among them, on fleets with the wildest values."""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter import Strategy
from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.request import Request
from langchain_multirouter.routing.filters import FILTERS, prefers
from langchain_multirouter.routing.strategy import Ranking, place, rank
from langchain_multirouter.telemetry.stats import Measured
from tests.reference.known import NOW, asking, usd
from tests.routing.candidates import fleets


def by_name(candidates: Any, request: Any) -> list[float]:
    """A strategy of the user's own."""
    return [float(len(c.deployment.name) - c.number) for c in candidates]


ALL = pytest.mark.parametrize("strategy", [*Strategy, by_name])
FEW = settings(max_examples=15)
EXTREMES = st.sampled_from([0.0, 5e-324, 1e-9, 1.0, 1e9, 1.7e308])
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "max_cost": st.sampled_from([0, 1e-6, 0.01, 1e6]),
        "max_response_time": st.sampled_from([0.01, 5.0]),
        "require_tags": st.sampled_from([[], ["eu"], ["eu", "us"]]),
        "kinds": st.sampled_from([[], ["image"]]),
        "preferred_provider": st.sampled_from(["bedrock", "vertex"]),
        "fallback_enabled": st.booleans(),
        "model_preference": st.sampled_from([[], ["gpt-4o"]]),
        "task_type": st.sampled_from(["chat", "embeddings", "multimodal"]),
        "tokens": st.sampled_from([0, 1, 10**7]),
        "max_tokens": st.sampled_from([1, 10**6]),
    },
)


@st.composite
def wild(draw: st.DrawFn) -> list[Candidate]:
    """Any fleet, some of whose numbers are at the edge of what a float can hold."""
    fleet = draw(fleets())
    for i, candidate in enumerate(fleet):
        if draw(st.booleans()):
            measured = Measured(draw(EXTREMES), total=draw(EXTREMES), at=NOW)
            facts = Facts(usd(min(draw(EXTREMES), 1e6)), Capabilities(images=draw(st.booleans())))
            fleet[i] = candidate._replace(
                stats=candidate.stats._replace(measured=measured), facts=facts
            )
    return fleet


def ranked(fleet: list[Candidate], request: Request, turn: int, seed: int) -> Ranking:
    return rank(fleet, request, turn=turn, rng=Random(seed), now=NOW)


@ALL
@FEW
@given(wild(), ASKED, st.integers(0, 10**6), st.integers(0, 99))
def test_nobody_is_lost_or_doubled_and_scores_are_finite(
    strategy: Any, fleet: list[Candidate], asked: dict[str, Any], turn: int, seed: int
) -> None:
    ranking = ranked(fleet, asking(strategy=strategy, **asked), turn, seed)
    names = Counter([*(c.deployment.name for c in ranking.order), *ranking.removed])
    assert names == Counter(c.deployment.name for c in fleet)
    assert set(ranking.scores) == {c.deployment.name for c in ranking.order}
    assert all(math.isfinite(score) for score in ranking.scores.values())


@ALL
@FEW
@given(wild(), ASKED, st.integers(0, 10**6), st.integers(0, 99))
def test_the_same_seed_and_turn_give_the_same_ranking(
    strategy: Any, fleet: list[Candidate], asked: dict[str, Any], turn: int, seed: int
) -> None:
    request = asking(strategy=strategy, **asked)
    assert ranked(fleet, request, turn, seed) == ranked(list(fleet), request, turn, seed)


@ALL
@FEW
@given(wild(), ASKED, st.integers(0, 99))
def test_constraints_are_kept_and_a_reason_names_the_one_that_removed(
    strategy: Any, fleet: list[Candidate], asked: dict[str, Any], turn: int
) -> None:
    request = asking(strategy=strategy, **asked)
    ranking = ranked(fleet, request, turn, 0)
    for candidate in ranking.order:
        assert [name for name, out in FILTERS.items() if out(candidate, request)] == []
        if request.options.model_preference and not ranking.notes:
            assert prefers(candidate, request.options.model_preference)
    for candidate in fleet:
        reason = ranking.removed.get(candidate.deployment.name)
        if reason is not None:
            name = reason.partition(":")[0]
            assert name == "model_preference" or FILTERS[name](candidate, request)


@ALL
@FEW
@given(wild(), ASKED, st.integers(0, 99))
def test_health_preference_and_level_come_before_every_score(
    strategy: Any, fleet: list[Candidate], asked: dict[str, Any], turn: int
) -> None:
    request = asking(strategy=strategy, **asked)
    places = [place(c, request, NOW) for c in ranked(fleet, request, turn, 0).order]
    assert places == sorted(places)

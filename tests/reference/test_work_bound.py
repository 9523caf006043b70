"""§10 Deciding among 300 deployments is bounded work: counted, not timed."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any, ClassVar

import pytest

from langchain_multirouter import Strategy
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.routing.strategy import rank
from langchain_multirouter.telemetry.stats import Stats
from tests.reference.known import NOW, asking, known

FLEET = 300
ROWS = pytest.mark.parametrize("strategy", Strategy)


class Counting:
    """A price that counts how often it is asked, by whom."""

    asked: ClassVar[Counter[int]] = Counter()
    valid_until = None

    def __init__(self, number: int) -> None:
        self.number = number

    def cost_usd(self, usage: Usage) -> float:
        Counting.asked[self.number] += 1
        return 0.001 * (1 + self.number % 7)

    def plain_usd(self, input_tokens: int, output_tokens: int) -> float:
        Counting.asked[self.number] += 1
        return 0.001 * (1 + self.number % 7)

    def usd_per_1k(self, input_tokens: int, output_tokens: int) -> float:
        Counting.asked[self.number] += 1
        return 0.001 * (1 + self.number % 7)


class CountingStats(Stats):
    """Statistics that count how often their window is looked at."""

    looked: ClassVar[Counter[str]] = Counter()

    def recent_success_rate(self, now: float) -> float:
        CountingStats.looked["rate"] += 1
        return super().recent_success_rate(now)


@pytest.fixture
def fleet() -> list[Candidate]:
    Counting.asked = Counter()
    CountingStats.looked = Counter()
    return [
        known(
            0,
            name=f"d{i}",
            seconds=float(1 + i % 5),
            price=Counting(i),  # type: ignore[arg-type]  # what of a price a ranking asks
            fallback_level=i % 3,
            tags=["eu"] if i % 2 else [],
        )._replace(number=i, stats=CountingStats(succeeded=i))
        for i in range(FLEET)
    ]


@ROWS
@pytest.mark.parametrize(
    "asked",
    [{}, {"max_cost": 1.0}, {"max_cost": 1.0, "max_response_time": 9.0, "require_tags": ["eu"]}],
)
def test_a_ranking_asks_each_price_at_most_twice_and_each_window_once(
    strategy: Strategy, asked: dict[str, Any], fleet: list[Candidate]
) -> None:
    request = asking(strategy=strategy, preferred_provider="azure", **asked)
    ranking = rank(fleet, request, turn=9, rng=Random(0), now=NOW)
    assert len(ranking.order) + len(ranking.removed) == FLEET
    assert max(Counting.asked.values(), default=0) <= 2
    assert CountingStats.looked["rate"] <= FLEET


@ROWS
def test_the_work_grows_no_faster_than_the_fleet(strategy: Strategy) -> None:
    """Comparisons of the sort apart: every value of every candidate is read a fixed number of
    times."""
    reads: list[int] = []
    for size in (50, 400):
        count = 0

        class Watched(Candidate):
            __slots__ = ()

            def readiness(self, now: float) -> Any:
                nonlocal count
                count += 1
                return super().readiness(now)

            def healthy(self, now: float) -> bool:
                nonlocal count
                count += 1
                return super().healthy(now)

        watched = [
            Watched(*known(0, name=f"d{i}", price=None, fallback_level=i % 9)._replace(number=i))
            for i in range(size)
        ]
        rank(watched, asking(strategy=strategy), turn=0, rng=Random(0), now=NOW)
        reads.append(count)
    assert reads[1] <= 8 * reads[0]
    assert reads[0] <= 3 * 50


@ROWS
def test_a_ranking_of_many_levels_loses_nobody(strategy: Strategy, fleet: list[Candidate]) -> None:
    order = rank(fleet, asking(strategy=strategy), turn=3, rng=Random(1), now=NOW).order
    levels = [c.deployment.fallback_level for c in order]
    assert levels == sorted(levels)
    assert {c.number for c in order} == set(range(FLEET))

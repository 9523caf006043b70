"""§3 Strategies that draw lots or take turns, and a strategy of the user's own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from langchain_multirouter import ConfigurationError
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.routing.strategy import rank
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import NOW, asking, known, order, scripted, told

DRAWS = 4000
#: Half-open: not healthy, and ready for its probe.
HALF_OPEN = Breaker(opened=1, open_until=NOW - 1, cause="server")


def drawn(fleet: Sequence[Candidate], seed: int = 7) -> list[str]:
    request, rng = asking(strategy="weighted_random"), Random(seed)
    return [
        "".join(c.deployment.name for c in rank(fleet, request, turn=t, rng=rng, now=NOW).order)
        for t in range(DRAWS)
    ]


def chi_square(found: Counter[str], expected: dict[str, float]) -> float:
    return sum((found[k] - DRAWS * p) ** 2 / (DRAWS * p) for k, p in expected.items())


@pytest.mark.parametrize(
    ("fleet", "shares"),
    [
        ([known(0), known(1), known(2)], (1, 1, 1)),
        ([known(0, weight=1), known(1, weight=2), known(2, weight=5)], (1, 2, 5)),
        ([known(0), known(1, good=4, bad=5)], (1, 0.5)),
        ([known(0), known(1, breaker=HALF_OPEN)], (1, 0.1)),
        ([known(0, weight=3, good=0, bad=1), known(1, breaker=HALF_OPEN, weight=5)], (1.5, 0.5)),
    ],
)
def test_weighted_random_draws_by_weight_and_health_and_success(
    fleet: list[Candidate], shares: tuple[float, ...]
) -> None:
    total = sum(shares)
    expected = {c.deployment.name: s / total for c, s in zip(fleet, shares, strict=True)}
    firsts = Counter(names[0] for names in drawn(fleet))
    assert chi_square(firsts, expected) < 13.8  # p = 0.001 for two degrees of freedom


def test_weighted_random_draws_the_second_as_if_the_first_were_not_there() -> None:
    fleet = [known(0, weight=1), known(1, weight=2), known(2, weight=5)]
    after_c = Counter(names[1] for names in drawn(fleet) if names[0] == "c")
    share = after_c["b"] / after_c.total()
    assert abs(share - 2 / 3) < 3.3 * math.sqrt(2 / 9 / after_c.total())


def test_a_weight_is_one_by_default_and_settable() -> None:
    router = scripted(["x"], ["y"], deployments=[{}, {"weight": 0}], strategy="weighted_random")
    weights = [served.deployment.weight for served in router.assembled.served]
    assert weights == [1.0, 0.0]
    assert {told(router.invoke("hi"))["deployment"] for _ in range(20)} == {"a"}


def test_a_weight_of_nothing_is_never_drawn_before_one_of_something() -> None:
    fleet = [known(0, weight=0.0), known(1, weight=1e-9), known(2, weight=0.0), known(3)]
    assert {names[2:] for names in drawn(fleet)} == {"ac"}


def test_one_that_always_fails_is_still_drawn_now_and_then() -> None:
    fleet = [known(0), known(1, bad=9)]
    firsts = Counter(names[0] for names in drawn(fleet))
    assert 0 < firsts["b"] < DRAWS / 5


def test_weighted_random_is_the_same_under_the_same_seed_and_not_under_another() -> None:
    fleet = [known(i) for i in range(5)]
    assert drawn(fleet, 1) == drawn(fleet, 1)
    assert drawn(fleet, 1) != drawn(fleet, 2)


def test_round_robin_rotates_the_full_order() -> None:
    fleet = [known(i) for i in range(3)]
    orders = [order(fleet, strategy="round_robin", turn=turn) for turn in range(4)]
    assert orders == ["abc", "bca", "cab", "abc"]


def test_round_robin_and_weighted_random_fall_back() -> None:
    for strategy in ("round_robin", "weighted_random"):
        router = scripted([OSError("no")], ["fine"], strategy=strategy)
        assert {told(router.invoke("hi"))["deployment"] for _ in range(6)} == {"b"}


# --- a strategy of the user's own -------------------------------------------------------------


def shortest_name_first(candidates: Sequence[Any], request: Any) -> list[float]:
    return [-len(c.deployment.name) for c in candidates]


def test_a_users_function_scores_and_the_highest_goes_first() -> None:
    router = scripted(
        ["x"], ["y"], deployments=[{"name": "long"}, {"name": "b"}], strategy=shortest_name_first
    )
    answer = told(router.invoke("hi"))
    assert (answer["deployment"], answer["strategy"]) == ("b", "shortest_name_first")
    assert (
        told(scripted(["x"], ["y"]).invoke("hi", strategy=lambda c, r: [0, 1]))["deployment"] == "b"
    )


def test_a_users_function_comes_after_levels_health_and_filters() -> None:
    seen: list[list[str]] = []

    def last_first(candidates: Sequence[Any], request: Any) -> list[float]:
        seen.append([c.deployment.name for c in candidates])
        return [float(c.number) for c in candidates]

    fleet = [known(0), known(1), known(2, fallback_level=1), known(3, paused=True)]
    assert order(fleet, strategy=last_first) == "bac"
    assert seen == [["a", "b", "c"]]


def raising(candidates: Sequence[Any], request: Any) -> list[float]:
    raise LookupError("a secret: sk-123")


WRONG: dict[str, Callable[..., Any]] = {
    "too few": lambda c, r: [1.0],
    "too many": lambda c, r: [1.0, 2.0, 3.0],
    "none": lambda c, r: [],
    "NaN": lambda c, r: [1.0, math.nan],
    "infinity": lambda c, r: [math.inf, 1.0],
    "None": lambda c, r: None,
    "words": lambda c, r: ["good", "better"],
    "a number": lambda c, r: 3.0,
    "no arguments": lambda: [1.0, 2.0],
    "raises": raising,
}


@pytest.mark.parametrize("function", WRONG.values(), ids=WRONG)
def test_a_users_function_that_is_wrong_is_a_configuration_error_and_nothing_is_sent(
    function: Callable[..., Any],
) -> None:
    models = [ScriptedModel(), ScriptedModel()]
    router = scripted(*models, strategy=function)
    with pytest.raises(ConfigurationError, match=r"^strategy: ") as caught:
        router.invoke("hi")
    assert "sk-123" not in str(caught.value)
    assert [model.calls for model in models] == [0, 0]
    assert all(counts["started"] == 0 for counts in router.counts().values())


@pytest.mark.parametrize(
    "spoil",
    [lambda c: c.clear(), lambda c: c.reverse(), lambda c: c.append(c[0])],
    ids=["clear", "reverse", "append"],
)
def test_a_users_function_cannot_lose_double_or_reorder_candidates(
    spoil: Callable[[Any], None],
) -> None:
    def spoiling(candidates: Any, request: Any) -> list[float]:
        try:
            spoil(candidates)
        except AttributeError:  # what it was given cannot be changed
            pass
        return [0.0] * len(candidates)

    assert order([known(0), known(1)], strategy=spoiling) == "ab"


@pytest.mark.parametrize("strategy", ["fastest", "", None, 3, ["ordered"]])
def test_a_strategy_that_is_none_is_refused_with_the_fields_name(strategy: Any) -> None:
    with pytest.raises(ConfigurationError, match="strategy"):
        scripted(["x"], strategy=strategy)
    with pytest.raises(ConfigurationError, match="strategy"):
        scripted(["x"]).invoke("hi", strategy=strategy)

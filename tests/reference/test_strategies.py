"""§3 Strategies: what each of them orders by, with the formulas' own numbers."""

from __future__ import annotations

import pytest

from langchain_multirouter import RoutedChatModel, Strategy
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.capabilities import DEFAULT_STRENGTHS
from langchain_multirouter.resilience.cooldown import Cooldown
from tests.reference.known import LETTERS, NOW, OUT, known, order, ranked, scripted, told, usd

CLOUDS = [
    known(0, provider="aws_bedrock"),
    known(1, provider="azure_openai"),
    known(2, provider="gcp_vertex"),
]


def scores(fleet: list[Candidate], **asked: object) -> list[float]:
    found = ranked(fleet, **asked).scores
    return [found[c.deployment.name] for c in fleet]


def test_the_seven_ordered_and_adaptive_are_selectable_by_name_or_enum() -> None:
    assert {s.value for s in Strategy} == {
        "adaptive",
        "ordered",
        "round_robin",
        "performance_based",
        "cost_optimized",
        "availability_based",
        "model_specific",
        "weighted_random",
        "intelligent",
    }


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_is_selectable_per_router_and_per_call(strategy: Strategy) -> None:
    router = scripted(["x"], ["y"], strategy=strategy)
    assert told(router.invoke("hi"))["strategy"] == strategy.value
    other = scripted(["x"], ["y"])
    assert told(other.invoke("hi", strategy=strategy.value))["strategy"] == strategy.value
    narrowed = other.with_routing(strategy=strategy)
    assert isinstance(narrowed, RoutedChatModel)
    assert told(narrowed.invoke("hi"))["strategy"] == strategy.value


def test_intelligent_is_the_default() -> None:
    assert RoutedChatModel.model_fields["strategy"].default == "intelligent"


@pytest.mark.parametrize(
    ("seconds", "good", "bad", "score"),
    [
        (2.0, 0, 0, -2.0),
        (2.0, 9, 0, -2.0),  # (9 + 1) / (9 + 1)
        (2.0, 8, 1, -2.0 - 100 * (1 - 0.9)),  # (8 + 1) / (9 + 1)
        (0.5, 0, 9, -0.5 - 100 * (1 - 0.1)),
        (30.0, 4, 5, -30.0 - 100 * 0.5),
        (0.0, 0, 0, 0.0),
    ],
)
def test_performance_based_is_the_average_plus_a_hundred_times_the_failure_rate(
    seconds: float, good: float, bad: float, score: float
) -> None:
    fleet = [known(seconds=seconds, good=good, bad=bad)]
    assert scores(fleet, strategy="performance_based") == pytest.approx([score])


def test_performance_based_is_ascending() -> None:
    fleet = [known(0, seconds=3.0), known(1, seconds=1.0, good=9, bad=10), known(2, seconds=2.0)]
    assert order(fleet, strategy="performance_based") == "cab"


def test_performance_based_takes_unknown_times_as_the_fleets_median() -> None:
    fleet = [known(i, seconds=s) for i, s in enumerate([1.0, 8.0, 3.0, None])]
    assert scores(fleet, strategy="performance_based") == pytest.approx([-1.0, -8.0, -3.0, -3.0])


def test_performance_based_takes_ten_seconds_where_nothing_is_known_of_anybody() -> None:
    assert scores([known(0), known(1)], strategy="performance_based") == [-10.0, -10.0]


def test_success_counts_over_the_decayed_window_and_not_over_a_lifetime() -> None:
    long_good = known(0, seconds=1.0, good=0, bad=4, started=100_000)
    fresh = known(1, seconds=1.0, good=4, bad=0)
    assert long_good.stats.success_rate > 0.9999
    assert long_good.stats.recent_success_rate(NOW) == pytest.approx(1 / 5)
    assert order([long_good, fresh], strategy="performance_based") == "ba"


def test_cost_optimized_is_this_requests_cost_ascending() -> None:
    dear_input = known(0, price=usd(0.010, 0.001))
    dear_output = known(1, price=usd(0.001, 0.010))
    fleet = [dear_input, dear_output]
    expected = [1.0 * 0.010 + 0.5 * 0.001, 1.0 * 0.001 + 0.5 * 0.010]
    asked = {"strategy": "cost_optimized", "tokens": 1000}
    assert scores(fleet, **asked) == pytest.approx([-cost for cost in expected])
    assert order(fleet, **asked) == "ba"
    assert order(fleet, strategy="cost_optimized", tokens=100) == "ab"


def test_cost_optimized_takes_unknown_prices_as_the_fleets_median() -> None:
    fleet = [known(i, price=p) for i, p in enumerate([usd(0.001), usd(0.003), usd(0.008), None])]
    found = scores(fleet, strategy="cost_optimized")
    assert found[3] == pytest.approx(found[1])


def test_cost_optimized_keeps_a_free_model_first_and_does_not_take_unknown_for_free() -> None:
    fleet = [known(0, price=usd(0.002)), known(1), known(2, price=usd(0.0))]
    assert order(fleet, strategy="cost_optimized") == "cba"


@pytest.mark.parametrize(
    ("good", "bad", "started", "out", "score"),
    [
        (0, 0, 0, False, 1.0 + 0.2),
        (0, 0, 10, False, 1.0 + 0.2),
        (0, 0, 11, False, 1.0 + 0.2 + 0.1),
        (8, 1, 8, False, 0.9 + 0.2),
        (8, 1, 20, False, 0.9 + 0.2 + 0.1),
        (8, 1, 20, True, 0.9 - 0.5 + 0.1),
        (0, 0, 0, True, 1.0 - 0.5),
    ],
)
def test_availability_based_is_success_and_health_and_experience(
    good: float, bad: float, started: int, out: bool, score: float
) -> None:
    settings = {"breaker": OUT} if out else {}
    fleet = [known(good=good, bad=bad, started=started, **settings)]
    assert scores(fleet, strategy="availability_based") == pytest.approx([score])


def test_availability_based_is_descending() -> None:
    fleet = [known(0, good=1, bad=4), known(1, good=4, bad=1), known(2, good=20)]
    assert order(fleet, strategy="availability_based") == "cba"


TASK_LISTS = {
    "chat": ("azure_openai", "gcp_vertex", "aws_bedrock"),
    "code_generation": ("aws_bedrock", "gcp_vertex", "azure_openai"),
    "analysis": ("aws_bedrock", "azure_openai", "gcp_vertex"),
    "creative_writing": ("azure_openai", "aws_bedrock", "gcp_vertex"),
    "multimodal": ("gcp_vertex", "azure_openai"),
    "embeddings": ("gcp_vertex", "azure_openai"),
    "summarization": ("aws_bedrock", "azure_openai", "gcp_vertex"),
}


@pytest.mark.parametrize(("task", "listed"), TASK_LISTS.items())
def test_model_specific_is_the_tasks_list_and_then_the_rest(
    task: str, listed: tuple[str, ...]
) -> None:
    ranking = ranked(CLOUDS, strategy="model_specific", task_type=task)
    providers = [c.deployment.provider for c in ranking.order]
    assert providers[: len(listed)] == list(listed)
    assert len(providers) == 3


@pytest.mark.parametrize(("task", "listed"), TASK_LISTS.items())
def test_a_tasks_default_list_is_the_references(task: str, listed: tuple[str, ...]) -> None:
    asked = {"strategy": "model_specific", "task_type": task}
    expected = [
        -float(listed.index(c.deployment.provider)) if c.deployment.provider in listed else -10.0
        for c in CLOUDS
    ]
    assert scores(CLOUDS, **asked) == expected


def test_preferences_are_settable_by_deployment_or_provider_name() -> None:
    fleet = [known(i, provider=p) for i, p in enumerate(["aws_bedrock", "x", "x", "gcp_vertex"])]
    by_name = {"chat": ("c", "gcp_vertex", "a")}
    assert order(fleet, strategy="model_specific", preferences=by_name) == "cdab"


def test_a_routers_task_preferences_take_aliases_and_leave_other_tasks_as_they_are() -> None:
    router = scripted(
        ["x"], ["y"], ["z"], strategy="model_specific", task_preferences={"chat": ["vertex", "b"]}
    )
    assert told(router.invoke("hi", task_type="chat"))["deployment"] == "c"
    router.pause("c")
    assert told(router.invoke("hi", task_type="chat"))["deployment"] == "b"
    assert told(router.invoke("hi", task_type="creative_writing"))["deployment"] == "a"


def test_default_strengths_are_the_references_and_settable() -> None:
    assert DEFAULT_STRENGTHS == {
        "aws_bedrock": ("reasoning", "analysis", "coding", "rag"),
        "azure_openai": ("creativity", "function_calling", "multimodal", "enterprise"),
        "gcp_vertex": ("cost_effective", "multimodal", "coding", "fast"),
    }
    router = scripted(["x"], ["y"], deployments=[{"strengths": ["poems"]}])
    shown = router.analytics().to_dict()["deployments"]
    assert shown["a"]["capabilities"]["strengths"] == ("poems",)
    assert shown["b"]["capabilities"]["strengths"] == DEFAULT_STRENGTHS["aws_bedrock"]


def test_ordered_is_the_callers_order_with_the_first_healthy_one_first() -> None:
    fleet = [known(0, breaker=OUT), known(1), known(2)]
    assert order(fleet, strategy="ordered") == "bca"


@pytest.mark.parametrize("strategy", Strategy)
def test_no_strategy_puts_one_that_is_out_before_one_that_is_not(strategy: Strategy) -> None:
    best = {"seconds": 0.1, "price": usd(0.0), "good": 20}
    worst = {"seconds": 60.0, "price": usd(0.1), "bad": 20}
    fleet = [known(0, breaker=OUT, **best), known(1, **worst)]
    assert order(fleet, strategy=strategy) == "ba"
    cooling = Cooldown(NOW + 3, 1, "throttled")
    fleet = [known(0, cooldown=cooling, **best), known(1, **worst)]
    assert order(fleet, strategy=strategy) == "ba"


@pytest.mark.parametrize("strategy", Strategy)
def test_every_strategy_gives_the_full_order_so_that_it_can_fall_back(strategy: Strategy) -> None:
    fleet = [known(i) for i in range(6)]
    assert sorted(order(fleet, strategy=strategy)) == list(LETTERS[:6])

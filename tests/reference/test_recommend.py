"""§8 Recommendation for a prompt: the reference's score, reasons in words, the router's choice."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from langchain_multirouter import ConfigurationError
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.routing.strategy import rank
from langchain_multirouter.telemetry.recommendation import Recommendation, points
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import LETTERS, NOW, OUT, asking, known, scripted, told, usd

NOTHING = {"budget_constraint": None, "speed_priority": False, "reliability_priority": False}
PREFER = {"chat": tuple(LETTERS)}


def score(candidate: Candidate, **requirements: Any) -> float:
    asked = {k: requirements.pop(k) for k in ("tokens",) if k in requirements}
    request = asking(preferences=PREFER, **asked)
    return points(candidate, request, {**NOTHING, **requirements})[0]


def recommended(
    fleet: list[Candidate], requirements: dict[str, Any] | None = None, **asked: Any
) -> dict[str, Any]:
    request = asking(**{"preferences": PREFER, **asked})
    ranking = rank(fleet, request, turn=0, rng=Random(0), now=NOW)
    return Recommendation(
        fleet, request, ranking, requirements={**NOTHING, **(requirements or {})}, now=NOW
    ).to_dict()


@pytest.mark.parametrize(
    ("rank", "fit"), [(0, 10), (1, 8), (2, 6), (3, 4), (4, 2), (5, 0), (6, 0), (9, 0)]
)
def test_task_fit_is_ten_less_two_for_every_rank(rank: int, fit: float) -> None:
    assert score(known(rank)) == fit


def test_one_that_is_not_listed_gets_nothing_for_its_task() -> None:
    assert score(known(0, name="elsewhere", provider="x")) == 0


@pytest.mark.parametrize(
    ("seconds", "earned"), [(0.0, 10), (0.5, 9), (2.5, 5), (5.0, 0), (40.0, 0), (None, 0)]
)
def test_speed_priority_adds_ten_less_two_for_every_second(
    seconds: float | None, earned: float
) -> None:
    candidate = known(seconds=seconds)
    assert score(candidate, speed_priority=True) - score(candidate) == pytest.approx(earned)


@pytest.mark.parametrize(("good", "bad", "earned"), [(0, 0, 10), (9, 1, 9), (1, 1, 5), (0, 3, 0)])
def test_reliability_priority_adds_ten_times_the_success_rate(
    good: int, bad: int, earned: float
) -> None:
    candidate = known(good=good, bad=bad)
    assert score(candidate, reliability_priority=True) - score(candidate) == pytest.approx(earned)


@pytest.mark.parametrize(
    ("budget", "earned"), [(0.0031, 5), (0.003, 5), (0.0029, -10), (0.0, -10), (9.0, 5)]
)
def test_a_budget_adds_five_within_and_takes_ten_over(budget: float, earned: float) -> None:
    priced = known(price=usd(0.003))  # a request of 1,000 tokens
    assert score(priced, budget_constraint=budget) == pytest.approx(10 + earned)


@pytest.mark.parametrize(
    ("price", "earned"), [(0.0, 5), (0.001, 4), (0.0045, 0.5), (0.005, 0), (0.06, 0), (None, 0)]
)
def test_without_a_budget_cheapness_adds_five_less_a_thousand_times_the_price(
    price: float | None, earned: float
) -> None:
    candidate = known(price=None if price is None else usd(price))
    assert score(candidate) - 10 == pytest.approx(earned)


def test_an_unknown_price_is_neither_within_a_budget_nor_over_it() -> None:
    assert score(known(), budget_constraint=0.001) == 10


def test_all_together_is_their_sum() -> None:
    candidate = known(1, seconds=1.0, good=3, bad=1, price=usd(0.002))
    everything = {
        "speed_priority": True,
        "reliability_priority": True,
        "budget_constraint": 0.01,
    }
    assert score(candidate, **everything) == pytest.approx(8 + 8 + 7.5 + 5)


def test_reasons_are_in_words_and_their_points_add_up_to_the_score() -> None:
    candidate = known(1, seconds=1.0, good=3, bad=1, price=usd(0.002))
    required = {"speed_priority": True, "reliability_priority": True, "budget_constraint": 0.001}
    total, reasons = points(candidate, asking(preferences=PREFER), {**NOTHING, **required})
    assert reasons == (
        "number 2 for chat (+8)",
        "1.00 s on average (+8.00)",
        "75.0% of attempts succeeded (+7.50)",
        "0.002000 USD expected, over 0.001 (-10.00)",
    )
    assert total == pytest.approx(8 + 8 + 7.5 - 10)


def test_the_top_three_healthy_ones_are_recommended_best_first() -> None:
    fleet = [known(i) for i in range(5)]
    fleet[1] = known(1, breaker=OUT)
    told = recommended(fleet)["recommendations"]
    assert [r["deployment"] for r in told] == ["a", "c", "d"]
    assert [r["score"] for r in told] == [10, 6, 4]


def test_a_recommendation_has_score_reasons_stats_and_capabilities() -> None:
    able = Capabilities(8000, images=True, strengths=("coding",))
    fleet = [known(0, seconds=2.0, good=3, bad=1, price=usd(0.001), capabilities=able)]
    assert recommended(fleet)["recommendations"] == [
        {
            "deployment": "a",
            "provider": "azure_openai",
            "score": 14.0,
            "reasons": ["number 1 for chat (+10)", "0.001000 USD per 1K tokens (+4.00)"],
            "stats": {"success_rate": 0.75, "avg_response_time": 2.0, "total_requests": 4},
            "expected_cost_usd": pytest.approx(0.001),
            "capabilities": {"max_input_tokens": 8000, "images": True, "strengths": ("coding",)},
        }
    ]


def test_the_answer_names_the_task_and_the_requirements() -> None:
    told = scripted(["x"]).recommend(
        "Write a Python function", budget_constraint=0.5, speed_priority=True
    )
    shown = told.to_dict()
    assert shown["task_type"] == "code_generation"
    assert shown["requirements"] == {
        "budget_constraint": 0.5,
        "speed_priority": True,
        "reliability_priority": False,
    }
    named = scripted(["x"]).recommend("Write a Python function", task_type="analysis")
    assert named.to_dict()["task_type"] == "analysis"


@pytest.mark.parametrize("length", [0, 5, 70_000, 200_000])
def test_the_prompts_analysis_has_its_length_and_what_else_was_looked_at(length: int) -> None:
    block = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    text = [{"type": "text", "text": "x" * length}]
    asked = [{"role": "user", "content": [*text, block]}]
    analysis = scripted(["x"]).recommend(asked).to_dict()["prompt_analysis"]
    assert analysis["kinds"] == ["image"]
    assert analysis["estimated_input_tokens"] >= length / 4 + 765
    assert analysis["length"] == length


# --- beside it: what the router itself would choose -------------------------------------------


def own(fleet: list[Candidate], requirements: dict[str, Any] | None = None, **asked: Any) -> Any:
    return recommended(fleet, requirements, **asked)["router"]


def test_where_they_agree_nothing_is_explained() -> None:
    assert own([known(0), known(1)]) == {
        "strategy": "intelligent",
        "would_choose": "a",
        "why_different": None,
    }


def test_where_the_score_decides_both_scores_are_told() -> None:
    fleet = [known(0, seconds=4.0), known(1, seconds=0.5)]
    told = own(fleet, {"speed_priority": True}, strategy="ordered")
    assert told["would_choose"] == "a"
    assert told["why_different"].startswith("ordered ")


def test_where_the_best_is_removed_the_filters_reason_is_told() -> None:
    fleet = [known(0, price=usd(0.5)), known(1, price=usd(0.004))]
    told = own(fleet, max_cost=0.01)
    assert told["would_choose"] == "b"
    assert told["why_different"].startswith("the router leaves a out: max_cost: ")


def test_where_a_level_decides_the_level_is_the_reason() -> None:
    told = own([known(0, fallback_level=1), known(1)])
    assert told["would_choose"] == "b"
    assert "level" in told["why_different"]


def test_where_the_preferred_provider_decides_it_is_the_reason() -> None:
    told = own([known(0), known(1, provider="aws_bedrock")], preferred_provider="bedrock")
    assert told["would_choose"] == "b"
    assert "aws_bedrock is preferred" in told["why_different"]


@pytest.mark.parametrize(
    ("strategy", "word"), [("round_robin", "turn"), ("weighted_random", "lot")]
)
def test_where_a_turn_or_a_lot_decides_that_is_the_reason(strategy: str, word: str) -> None:
    fleet = [known(0), known(1, weight=99.0)]
    request = asking(strategy=strategy, preferences=PREFER)
    ranking = rank(fleet, request, turn=1, rng=Random(3), now=NOW)
    told = Recommendation(fleet, request, ranking, requirements=NOTHING, now=NOW).to_dict()
    assert told["router"]["would_choose"] == "b"
    assert word in told["router"]["why_different"]


def test_where_nobody_is_healthy_or_may_serve_it_says_so() -> None:
    assert own([known(0, breaker=OUT)])["why_different"] == "nobody is healthy"
    told = own([known(0)], max_cost=0.1)
    assert told["would_choose"] is None
    assert "price unknown" in told["why_different"]
    assert recommended([known(0, breaker=OUT)])["recommendations"] == []


def test_what_the_router_would_choose_is_what_it_chooses() -> None:
    router = scripted(["x"], ["y"], ["z"], strategy="weighted_random")
    for _ in range(20):
        would = router.recommend("hi").to_dict()["router"]["would_choose"]
        assert told(router.invoke("hi"))["deployment"] == would


# --- arguments and views ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"budget_constraint": float("nan")}, "budget_constraint"),
        ({"budget_constraint": float("inf")}, "budget_constraint"),
        ({"budget_constraint": -0.01}, "budget_constraint"),
        ({"budget_constraint": "cheap"}, "budget_constraint"),
        ({"budget_constraint": True}, "budget_constraint"),
        ({"task_type": "poetry"}, "task_type"),
        ({"task_type": 3}, "task_type"),
    ],
)
def test_a_wrong_argument_is_refused_with_its_name(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        scripted(["x"]).recommend("hi", **wrong)


def test_text_and_html_say_the_same_as_the_dictionary_and_html_is_escaped() -> None:
    router = scripted(["x"], ["y"], deployments=[{"name": "<b>"}])
    advice = router.recommend("hi")
    assert "the router (ordered) would choose <b>" in repr(advice)
    html = advice._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b></b>" not in html
    assert "<b> " not in html


def test_nothing_is_sent_and_no_turn_is_used() -> None:
    model = ScriptedModel()
    router = scripted(model, ["y"], strategy="round_robin")
    for _ in range(3):
        router.recommend("hi")
    assert model.calls == 0
    assert told(router.invoke("hi"))["deployment"] == "a"

"""§3, §7 What a call is expected to cost before it is made: by deployment and task, never above
its `max_tokens`."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from langchain_multirouter import RoutedChatModel, Strategy
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.lengths import ANY, Length
from langchain_multirouter.economics.tokens import USUAL_OUTPUT_TOKENS
from langchain_multirouter.routing.scorers import COST, INTELLIGENT
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import NOW, asking, known, order, scripted, usd

PRICE = {"input": 1.0, "output": 10.0}


def answering(candidate: Candidate, answers: float, tokens: float, task: str = "chat") -> Candidate:
    """The candidate after so many answers to a task, of so many tokens on average."""
    lengths = {**candidate.stats.measured.lengths, task: Length(answers, tokens)}
    measured = candidate.stats.measured._replace(lengths=lengths)
    return candidate._replace(stats=candidate.stats._replace(measured=measured))


def said(tokens: int) -> AIMessage:
    usage = {"input_tokens": 10, "output_tokens": tokens, "total_tokens": 10 + tokens}
    return AIMessage("fine", usage_metadata=usage)


def expected(router: RoutedChatModel, **keywords: Any) -> list[int]:
    rows = router.explain("hello", **keywords).to_dict()["candidates"]
    return [r["expected_output_tokens"] for r in sorted(rows, key=lambda r: r["deployment"])]


@pytest.mark.parametrize("strategy", ["cost_optimized", "intelligent"])
def test_one_short_answer_never_makes_a_dear_deployment_look_cheap(strategy: str) -> None:
    dear = answering(known(0, price=usd(0.001, 0.0015)), 1, 1)
    fleet = [dear, known(1, price=usd(0.001, 0.001))]
    assert order(fleet, strategy=strategy, tokens=10) == "ba"


def test_many_short_answers_do() -> None:
    terse = answering(known(0, price=usd(0.001, 0.002)), 50, 10)
    wordy = answering(known(1, price=usd(0.001, 0.001)), 50, 900)
    assert order([terse, wordy], strategy="cost_optimized", tokens=10) == "ab"
    assert order([terse, wordy], tokens=10) == "ab"


def test_what_is_usual_for_one_task_says_nothing_of_another() -> None:
    one = answering(known(0), 50, 20, task="summarization")
    assert one.expected_output(asking(task_type="summarization")) == 100
    assert one.expected_output(asking(task_type="analysis")) == USUAL_OUTPUT_TOKENS


def test_an_expected_answer_is_never_longer_than_max_tokens() -> None:
    wordy = answering(known(0), 50, 9_000)
    assert wordy.expected_output(asking(max_tokens=120)) == 120
    assert wordy.expected_output(asking()) > 7_000


def test_max_cost_goes_by_what_this_deployment_answers_to_this_task() -> None:
    wordy = answering(known(0, price=usd(0.0, 0.01)), 50, 3_000)
    fleet = [wordy, known(1, price=usd(0.0, 0.01))]
    assert order(fleet, strategy="ordered", max_cost=0.01) == "b"
    assert order(fleet, strategy="ordered", max_cost=0.01, task_type="analysis") == "ab"
    assert order(fleet, strategy="ordered", max_cost=0.01, max_tokens=900) == "ab"


@pytest.mark.parametrize("tokens", [0, 500])
@pytest.mark.parametrize("max_tokens", [None, 0, 90])
def test_the_intelligent_strategys_cost_is_the_expected_one(
    tokens: int, max_tokens: int | None
) -> None:
    fleet = [
        answering(known(0, price=usd(0.002, 0.004)), 9, 70),
        known(1, price=usd(0.001, 0.003)),
        answering(known(2, price=usd(0.0001)), 50, 2_000),
    ]
    request = asking(tokens=tokens, max_tokens=max_tokens)
    parts = INTELLIGENT.measure(fleet, request, NOW)
    per_1k = [c.expected_usd_per_1k(request) for c in fleet]
    assert [cost for _, _, cost in parts] == pytest.approx(
        [max(0.0, 1.0 - (usd_ or 0.0) / 0.01) for usd_ in per_1k]
    )
    costs = [cost for (cost,) in COST.measure(fleet, request, NOW)]
    assert costs == pytest.approx([c.expected_usd(request) for c in fleet])


def test_a_router_learns_what_each_deployment_answers() -> None:
    deployments = [{"price": PRICE}, {"price": PRICE}]
    router = scripted([said(100)] * 40, [said(900)] * 40, deployments=deployments)
    assert expected(router) == [USUAL_OUTPUT_TOKENS] * 2
    for name in "ab" * 40:
        router.invoke("hello", model=name)
    short, long = expected(router)
    assert short < 300 < 700 < long
    assert expected(router, max_tokens=50) == [50, 50]
    shown = router.explain("hello").to_dict()["candidates"]
    for row in shown:
        tokens = row["expected_input_tokens"] + 10 * row["expected_output_tokens"]
        assert row["expected_cost_usd"] == pytest.approx(tokens / 1e6)


def test_an_answer_that_its_limit_cut_says_nothing_of_others() -> None:
    router = scripted([said(8)] * 40)
    for _ in range(40):
        router.invoke("hello", max_tokens=8)
    assert expected(router) == [USUAL_OUTPUT_TOKENS]
    router.invoke("hello", max_tokens=9)
    assert expected(router) != [USUAL_OUTPUT_TOKENS]


def test_a_health_check_says_nothing_of_answers() -> None:
    router = scripted([said(1)])
    router.check_health()
    assert expected(router) == [USUAL_OUTPUT_TOKENS]
    assert router.assembled.fleet.lengths == {}


def test_what_is_kept_of_lengths_is_bounded_by_the_tasks() -> None:
    router = scripted([said(5)] * 300)
    for number in range(300):
        task = ("chat", "analysis", "summarization")[number % 3]
        router.invoke("hello", task_type=task)
    assert set(router.assembled.fleet.lengths) == {ANY, "chat", "analysis", "summarization"}


@pytest.mark.parametrize("strategy", Strategy)
def test_copies_share_what_was_learned(strategy: Strategy) -> None:
    router = RoutedChatModel([ScriptedModel(script=[said(9)] * 60)], strategy=strategy)
    for _ in range(30):
        router.invoke("hello")
    assert expected(router.with_routing(max_cost=5.0)) == expected(router)

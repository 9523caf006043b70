"""§9, architecture 7: explain: every candidate, what removed it, or every part of its score."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter import ConfigurationError, Strategy
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.resilience.breaker import Breaker
from langchain_multirouter.routing.strategy import STRATEGIES, rank
from langchain_multirouter.telemetry.explanation import Explanation
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import NOW, OUT, asking, known, listening, scripted, told, usd
from tests.routing.candidates import fleets

ROWS = pytest.mark.parametrize("strategy", Strategy)


def explained(fleet: list[Candidate], *, turn: int = 0, **asked: Any) -> Explanation:
    request = asking(**asked)
    ranking = rank(fleet, request, turn=turn, rng=Random(0), now=NOW)
    return Explanation(fleet, request, ranking, evidence=(), now=NOW)


def rows(fleet: list[Candidate], **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = explained(fleet, **asked).to_dict()["candidates"]
    return found


@ROWS
@settings(max_examples=15)
@given(fleets(), st.integers(0, 50), st.sampled_from([None, 0.0, 0.002]))
def test_a_score_is_the_sum_of_its_weighted_parts(
    strategy: Strategy, fleet: list[Candidate], turn: int, max_cost: float | None
) -> None:
    asked = {"strategy": strategy, "max_cost": max_cost}
    found = rows(fleet, turn=turn, **asked)
    assert sorted(r["deployment"] for r in found) == sorted(c.deployment.name for c in fleet)
    for row in found:
        if row["removed_by"]:
            assert (row["score"], row["parts"]) == (None, [])
            continue
        total = sum(p["weight"] * p["value"] for p in row["parts"])
        assert math.isclose(row["score"], total, rel_tol=1e-9, abs_tol=1e-12)
        assert [p["part"] for p in row["parts"]] == list(STRATEGIES[strategy].scorer.parts)


@ROWS
def test_candidates_are_told_in_the_order_in_which_they_would_be_tried(strategy: Strategy) -> None:
    fleet = [known(i, seconds=float(9 - i), price=usd(0.001 * (9 - i))) for i in range(4)]
    order = rank(fleet, asking(strategy=strategy), turn=2, rng=Random(0), now=NOW).order
    found = rows(fleet, turn=2, strategy=strategy)
    assert [r["deployment"] for r in found] == [c.deployment.name for c in order]


def test_whoever_is_removed_comes_last_with_what_removed_it() -> None:
    fleet = [known(0, paused=True), known(1, price=usd(0.5)), known(2, price=usd(0.001)), known(3)]
    found = {r["deployment"]: r["removed_by"] for r in rows(fleet, max_cost=0.01)}
    assert list(found) == ["c", "a", "b", "d"]
    assert found == {
        "a": "paused: until resume() is called",
        "b": "max_cost: 0.500000 USD expected, 0.010000 allowed",
        "c": None,
        "d": "max_cost: price unknown: give model_name= or price=",
    }


def test_a_candidates_row_has_everything_that_was_known() -> None:
    fleet = [known(0, seconds=2.0, price=usd(0.002), breaker=OUT, fallback_level=1)]
    (row,) = rows(fleet, strategy="cost_optimized")
    assert row == {
        "deployment": "a",
        "provider": "azure_openai",
        "model_name": "m",
        "removed_by": None,
        "score": pytest.approx(-0.002),
        "parts": [{"part": "cost_usd", "value": pytest.approx(0.002), "weight": -1.0}],
        "first_because": None,
        "fallback_level": 1,
        "is_healthy": False,
        "out": "breaker open for 5.0 s more (server)",
        "unpaid": None,
        "headroom": None,
        "expected_input_tokens": 500,
        "expected_output_tokens": 500,
        "expected_cached_tokens": 0,
        "expected_cost_usd": pytest.approx(0.002),
        "expected_seconds": 2.0,
    }


def test_a_preferred_providers_deployments_say_why_they_come_first() -> None:
    fleet = [
        known(0, price=usd(0.001), provider="gcp_vertex"),
        known(1, price=usd(0.002)),
        known(2, price=usd(0.003), breaker=OUT),
    ]
    asked: dict[str, Any] = {"strategy": "cost_optimized", "preferred_provider": "azure"}
    found = {r["deployment"]: r["first_because"] for r in rows(fleet, **asked)}
    assert found == {"b": "preferred_provider: azure_openai", "a": None, "c": None}
    assert list(found) == ["b", "a", "c"]
    text = repr(explained(fleet, **asked))
    assert text.count("preferred_provider: azure_openai; -1 × cost_usd") == 1
    assert "preferred_provider: " not in repr(explained(fleet, strategy="cost_optimized"))


@pytest.mark.parametrize(
    ("until", "probe_until", "words"),
    [
        (NOW + 5, None, "breaker open for 5.0 s more"),
        (NOW - 5, NOW + 5, "its probe is under way"),
        (NOW - 5, None, "due for its probe"),
    ],
)
def test_why_one_is_out_is_told_in_words(
    until: float, probe_until: float | None, words: str
) -> None:
    breaker = Breaker(opened=1, open_until=until, cause="server", probe_until=probe_until)
    (row,) = rows([known(0, breaker=breaker)])
    assert words in row["out"]


def test_the_whole_has_task_evidence_strategy_tokens_and_notes() -> None:
    router = scripted(["x"], strategy="intelligent")
    shown = router.explain("Write a poem", model_preference="gpt-9").to_dict()
    assert shown["task_type"] == "creative_writing"
    assert shown["task_evidence"][0]["task_type"] == "creative_writing"
    assert "poem" in shown["task_evidence"][0]["words"]
    assert shown["strategy"] == "intelligent"
    assert shown["estimated_input_tokens"] == 7
    assert shown["notes"] == ["model_preference: no candidate has it; ignored"]


def test_the_evidence_repeats_nothing_of_the_prompt_but_our_tables_words() -> None:
    shown = repr(scripted(["x"]).explain("Write a poem about CANARY-42 and sk-live-1").to_dict())
    assert "CANARY-42" not in shown
    assert "sk-live-1" not in shown


def test_options_and_call_keywords_are_those_of_a_call() -> None:
    router = scripted(["x"], ["y"])
    shown = router.explain("hi", strategy="round_robin", require_tags=["eu"], max_tokens=5)
    assert shown.to_dict()["strategy"] == "round_robin"
    assert {r["removed_by"] for r in shown.to_dict()["candidates"]} == {"require_tags: lacks eu"}
    with pytest.raises(ConfigurationError, match="max_costs"):
        router.explain("hi", max_costs=3)
    with pytest.raises(ConfigurationError, match="strategy: raised ZeroDivisionError"):
        router.explain("hi", strategy=lambda c, r: 1 / 0)


def test_text_and_html_say_the_same_and_html_is_escaped() -> None:
    router = scripted(["x"], ["y"], deployments=[{"name": "<i>"}, {"tags": ["eu"]}])
    shown = router.explain("hi", require_tags=["eu"])
    text, html = repr(shown), shown._repr_html_()
    assert text.splitlines()[0] == "chat, by ordered: b; at most 2 attempts, 300 s"
    assert "removed  <i>" in text
    assert "require_tags: lacks eu" in text
    assert "&lt;i&gt;" in html
    assert "<i>" not in html
    assert "require_tags: lacks eu" in html
    nobody = router.explain("hi", require_tags=["us"])
    assert repr(nobody).splitlines()[0] == "chat, by ordered: nobody"


# --- it looks and does nothing ----------------------------------------------------------------


@ROWS
def test_explain_sends_nothing_and_uses_up_no_turn_and_no_randomness(strategy: Strategy) -> None:
    models = [ScriptedModel(), ScriptedModel(), ScriptedModel()]
    router = scripted(*models, strategy=strategy)
    fleet = router.assembled.fleet
    before = (fleet.rng.getstate(), fleet.candidates()[1], router.counts())
    with listening() as listener:
        for _ in range(5):
            router.explain("hi")
    assert (fleet.rng.getstate(), fleet.candidates()[1] - 1, router.counts()) == before
    assert [model.calls for model in models] == [0, 0, 0]
    assert listener.records == []


@ROWS
def test_the_first_that_is_explained_is_the_first_that_is_asked(strategy: Strategy) -> None:
    router = scripted(["x"], ["y"], ["z"], strategy=strategy)
    for _ in range(25):
        would = router.explain("hi").to_dict()["candidates"][0]["deployment"]
        assert told(router.invoke("hi"))["attempts"][0]["deployment"] == would


def test_calls_that_nobody_may_serve_do_not_put_the_explanation_out_of_step() -> None:
    router = scripted(["x"], ["y"], ["z"], strategy="round_robin")
    for _ in range(2):
        with pytest.raises(Exception, match="No deployment can serve"):
            router.invoke("hi", require_tags=["eu"])
        would = router.explain("hi").to_dict()["candidates"][0]["deployment"]
        assert told(router.invoke("hi"))["deployment"] == would


# --- an answered message ----------------------------------------------------------------------


def test_an_answered_message_tells_what_happened_to_its_call() -> None:
    router = scripted([ConnectionError("no")], ["fine"], strategy="ordered")
    answer = router.invoke("Write a poem", max_retries=0)
    shown = router.explain(answer)
    assert shown.to_dict() == told(answer)
    title, _, first, second = repr(shown).splitlines()
    assert title.startswith("creative_writing, by ordered: b answered as attempt 2 after ")
    assert first.split()[:4] == ["1", "a", "failure", "connection"]
    assert second.split()[:3] == ["2", "b", "success"]
    assert "<td" in shown._repr_html_()


def test_a_streamed_answer_is_explained_alike() -> None:
    router = scripted(["one two"])
    total = sum(list(router.stream("hi"))[1:], next(iter(router.stream("hi"))))
    assert router.explain(total).to_dict()["deployment"] == "a"


def test_another_router_explains_the_message_too_and_html_is_escaped() -> None:
    answer = scripted(["x"], deployments=[{"name": "<u>"}]).invoke("hi")
    html = scripted(["y"]).explain(answer)._repr_html_()
    assert "&lt;u&gt;" in html
    assert "<u>" not in html


def test_a_message_that_is_no_answer_of_a_router_is_explained_as_a_prompt() -> None:
    router = scripted(["x"])
    asked = [*router._convert_input("hi").to_messages()]
    assert router.explain(asked).to_dict()["task_type"] == "chat"


def test_a_paused_deployment_says_so_once() -> None:
    assert repr(explained([known(0, paused=True), known(1)])).count("until resume() is called") == 1

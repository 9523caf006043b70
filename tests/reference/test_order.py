"""§3, §10 What comes before any score: health, a preferred provider, levels, the same model."""

from __future__ import annotations

import pytest
from langchain_core.exceptions import ModelNotFoundError

from langchain_multirouter import NoCandidateError, Strategy
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import OUT, known, order, scripted, told
from tests.simulation.simulated import World, fail, site

STRATEGIES = pytest.mark.parametrize("strategy", Strategy)
#: 404: out for the call, no second try on the same deployment.
MISSING = fail(Cause.MODEL_NOT_FOUND)


@STRATEGIES
def test_levels_come_before_any_score(strategy: Strategy) -> None:
    best, worst = {"seconds": 0.1, "good": 50}, {"seconds": 90.0, "bad": 50, "weight": 0.0}
    fleet = [known(0, fallback_level=1, **best), known(1, **worst), known(2, fallback_level=2)]
    assert order(fleet, strategy=strategy) == "bac"


def test_levels_come_before_the_score_of_a_users_own_function() -> None:
    fleet = [known(0, fallback_level=1), known(1)]
    assert order(fleet, strategy=lambda c, r: [9.0, 1.0]) == "ba"


@STRATEGIES
def test_a_healthy_one_of_a_later_level_comes_before_one_that_is_out(strategy: Strategy) -> None:
    fleet = [known(0, breaker=OUT), known(1, fallback_level=3)]
    assert order(fleet, strategy=strategy) == "ba"


@STRATEGIES
def test_a_preferred_provider_that_is_healthy_goes_first(strategy: Strategy) -> None:
    fleet = [known(0), known(1, provider="aws_bedrock", seconds=50.0, bad=9), known(2)]
    for alias in ("aws_bedrock", "bedrock", "bedrock_converse", "amazon_bedrock"):
        assert order(fleet, strategy=strategy, preferred_provider=alias)[0] == "b"


def test_a_preferred_provider_that_is_out_does_not_go_first() -> None:
    fleet = [known(0), known(1, provider="aws_bedrock", breaker=OUT)]
    assert order(fleet, preferred_provider="bedrock") == "ab"


def test_a_preferred_provider_that_fails_is_followed_by_the_others() -> None:
    router = scripted(["x"], [OSError("no")], ["z"])
    answer = told(router.invoke("hi", preferred_provider="bedrock", max_retries=0))
    assert [a["deployment"] for a in answer["attempts"]] == ["b", "a"]
    assert answer["fallback_used"]


def test_without_fallback_the_preferred_provider_alone_is_asked() -> None:
    models = [ScriptedModel(), ScriptedModel(script=[OSError("no")]), ScriptedModel()]
    router = scripted(*models)
    with pytest.raises(Exception, match="All attempts failed"):
        router.invoke("hi", preferred_provider="bedrock", fallback_enabled=False)
    assert [model.calls > 0 for model in models] == [False, True, False]


def test_a_preferred_provider_that_is_out_without_fallback_is_an_error_and_nothing_is_sent() -> (
    None
):
    gone = ScriptedModel(script=[ModelNotFoundError("no such model")])
    other = ScriptedModel()
    router = scripted(other, gone)
    router.invoke("hi", preferred_provider="bedrock")  # its breaker opens; "a" answers
    asked = (gone.calls, other.calls)
    with pytest.raises(NoCandidateError, match="breaker open") as caught:
        router.invoke("hi", preferred_provider="bedrock", fallback_enabled=False)
    assert (gone.calls, other.calls) == asked
    assert caught.value.removed["a"] == (
        "preferred_provider: fallback is off, and aws_bedrock is preferred"
    )


def test_a_preferred_provider_that_is_filtered_without_fallback_is_an_error() -> None:
    model = ScriptedModel()
    router = scripted(["x"], model, deployments=[{"tags": ["eu"]}])
    asked = {"preferred_provider": "bedrock", "require_tags": ["eu"]}
    assert told(router.invoke("hi", **asked))["deployment"] == "a"  # filters win
    with pytest.raises(NoCandidateError, match="lacks eu"):
        router.invoke("hi", fallback_enabled=False, **asked)
    assert model.calls == 0


def test_without_fallback_and_preference_only_the_first_is_asked() -> None:
    models = [ScriptedModel(script=[OSError("no")]), ScriptedModel()]
    with pytest.raises(Exception, match="All attempts failed"):
        scripted(*models).invoke("hi", fallback_enabled=False)
    assert models[1].calls == 0


SAME = {"provider": "aws_bedrock", "model_name": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}
SAME_ELSEWHERE = {"provider": "gcp_vertex", "model_name": "claude-sonnet-4-5@20250929"}


def tried(strategy: str, **options: object) -> list[str]:
    world = World(
        site("a", MISSING, **SAME), site("b", MISSING), site("c", MISSING, **SAME_ELSEWHERE)
    )
    return world.call(strategy=strategy, task_type="analysis", **options).names


@pytest.mark.parametrize(
    "strategy", ["round_robin", "performance_based", "availability_based", "cost_optimized"]
)
def test_after_a_failure_the_same_model_elsewhere_comes_before_others(strategy: str) -> None:
    assert tried(strategy) == ["a", "c", "b"]


def test_ordered_keeps_its_order_after_a_failure() -> None:
    assert tried("ordered") == ["a", "b", "c"]


def test_the_same_model_does_not_overtake_a_lower_level() -> None:
    world = World(
        site("a", MISSING, **SAME),
        site("b", MISSING),
        site("c", MISSING, fallback_level=1, **SAME_ELSEWHERE),
    )
    assert world.call(strategy="round_robin").names == ["a", "b", "c"]


@pytest.mark.parametrize("strategy", ["ordered", "round_robin"])
def test_no_model_change_ends_with_the_same_model(strategy: str) -> None:
    assert tried(strategy, allow_model_change=False) == ["a", "c"]


def test_a_failure_of_nobodys_fault_is_not_tried_elsewhere() -> None:
    world = World(site("a", ((1.0, Failure(Cause.BAD_REQUEST)),)), site("b"))
    call = world.call()
    assert call.names == ["a"]
    assert call.error is not None


def test_an_order_without_anybody_is_no_hidden_default() -> None:
    assert order([known(0, paused=True)]) == ""
    world = World(site("a"))
    world.fleet.pause("a")
    error = world.call().error
    assert isinstance(error, NoCandidateError)
    assert error.removed == {"a": "paused: until resume() is called"}

"""§4, §10 Constraints are hard: cost, response time, tags, capabilities, models; and say why."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from langchain_multirouter import ConfigurationError, NoCandidateError, Strategy
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import OUT, known, order, ranked, scripted, told, usd
from tests.simulation.simulated import World, answer, site

PICTURE = [
    HumanMessage(
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        ]
    )
]
FREE, CHEAP, DEAR = usd(0.0), usd(0.001), usd(0.010)  # this request has 1,000 tokens
STRATEGIES = pytest.mark.parametrize("strategy", Strategy)


@STRATEGIES
def test_max_cost_is_what_this_request_is_expected_to_cost(strategy: Strategy) -> None:
    fleet = [known(0, price=DEAR), known(1, price=CHEAP)]
    ranking = ranked(fleet, strategy=strategy, max_cost=0.002)
    assert [c.deployment.name for c in ranking.order] == ["b"]
    assert ranking.removed == {"a": "max_cost: 0.010000 USD expected, 0.002000 allowed"}
    assert sorted(order(fleet, strategy=strategy, max_cost=0.002, tokens=1500)) == ["b"]
    assert order(fleet, strategy=strategy, max_cost=0.002, tokens=1501) == ""


def test_max_cost_is_inclusive() -> None:
    assert order([known(0, price=CHEAP)], max_cost=CHEAP.usd_per_1k(1, 1)) == "a"


@STRATEGIES
def test_under_max_cost_an_unknown_price_is_excluded_with_its_reason(strategy: Strategy) -> None:
    fleet = [known(0), known(1, price=CHEAP)]
    ranking = ranked(fleet, strategy=strategy, max_cost=1.0)
    assert ranking.removed == {"a": "max_cost: price unknown: give model_name= or price="}
    assert sorted(order(fleet, strategy=strategy)) == ["a", "b"]


def test_a_max_cost_of_nothing_leaves_what_is_free() -> None:
    fleet = [known(0, price=CHEAP), known(1, price=FREE), known(2)]
    assert order(fleet, max_cost=0) == "b"


def test_max_cost_knows_the_calls_max_tokens() -> None:
    fleet = [known(0, price=usd(0.0, 0.01))]
    assert order(fleet, max_cost=0.001, max_tokens=100) == "a"
    assert order(fleet, max_cost=0.001) == ""


def test_a_wrong_max_cost_is_refused() -> None:
    for value in (-1, float("nan"), float("inf"), "cheap", True):
        with pytest.raises(ConfigurationError, match="max_cost"):
            scripted(["x"]).invoke("hi", max_cost=value)


@STRATEGIES
def test_max_response_time_filters_what_is_known(strategy: Strategy) -> None:
    fleet = [known(0, seconds=3.0), known(1, seconds=2.0), known(2)]
    ranking = ranked(fleet, strategy=strategy, max_response_time=2.0)
    assert sorted(c.deployment.name for c in ranking.order) == ["b", "c"]
    assert ranking.removed == {"a": "max_response_time: 3.00 s on average, 2.00 allowed"}


def test_max_response_time_is_no_time_limit() -> None:
    world = World(site("a", answer(30.0)))
    assert world.call(max_response_time=0.5).answered is not None
    assert world.counts("a")[0] == 1
    error = world.call(max_response_time=0.5).error
    assert isinstance(error, NoCandidateError)
    assert error.removed == {"a": "max_response_time: 30.00 s on average, 0.50 allowed"}


@STRATEGIES
def test_an_image_does_not_go_to_a_model_that_is_known_to_take_none(strategy: Strategy) -> None:
    fleet = [
        known(0, capabilities=Capabilities(images=False)),
        known(1, capabilities=Capabilities(images=True)),
        known(2),
    ]
    ranking = ranked(fleet, strategy=strategy, kinds=["image"])
    assert ranking.removed == {"a": "capabilities: takes no image input"}
    assert len(ranking.order) == 2


@pytest.mark.parametrize(
    ("kind", "field"),
    [("image", "images"), ("audio", "audio"), ("video", "video"), ("file", "pdf")],
)
def test_every_kind_of_input_has_its_capability(kind: str, field: str) -> None:
    fleet = [known(0, capabilities=Capabilities(**{field: False}))]
    assert order(fleet, kinds=[kind]) == ""
    others = {"image", "audio", "video", "file"} - {kind}
    assert order(fleet, kinds=sorted(others)) == "a"


def test_an_image_to_text_only_deployments_is_an_error_that_says_so() -> None:
    model = ScriptedModel()
    router = scripted(model, deployments=[{"profile": {"image_inputs": False}}])
    with pytest.raises(NoCandidateError, match="a: capabilities: takes no image input"):
        router.invoke(PICTURE)
    assert model.calls == 0
    assert told(router.invoke("no picture"))["deployment"] == "a"


def test_a_profile_given_by_the_user_decides_who_gets_an_image() -> None:
    router = scripted(
        ["x"],
        ["y"],
        deployments=[{"profile": {"image_inputs": False}}, {"profile": {"image_inputs": True}}],
    )
    assert told(router.invoke(PICTURE))["deployment"] == "b"


@STRATEGIES
def test_required_tags_are_never_broken(strategy: Strategy) -> None:
    fleet = [known(0, tags=["eu"]), known(1, tags=["eu", "zero"], breaker=OUT), known(2)]
    ranking = ranked(fleet, strategy=strategy, require_tags=["eu", "zero"])
    assert [c.deployment.name for c in ranking.order] == ["b"]
    assert ranking.removed == {
        "a": "require_tags: lacks zero",
        "c": "require_tags: lacks eu, zero",
    }


@pytest.mark.parametrize(
    ("out", "asked"),
    [
        ({"price": DEAR}, {"max_cost": 0.002}),
        ({"price": None}, {"max_cost": 0.002}),
        ({"price": CHEAP, "seconds": 9.0}, {"max_response_time": 1.0}),
        ({"price": CHEAP, "capabilities": Capabilities(images=False)}, {"kinds": ["image"]}),
        ({"price": CHEAP, "paused": True}, {}),
    ],
)
def test_filters_win_over_the_preferred_provider(
    out: dict[str, Any], asked: dict[str, Any]
) -> None:
    fleet = [known(0, provider="aws_bedrock", **out), known(1, price=CHEAP)]
    assert order(fleet, preferred_provider="bedrock", **asked) == "b"


@STRATEGIES
def test_a_model_preference_is_a_filter_on_those_that_have_the_model(strategy: Strategy) -> None:
    fleet = [known(0), known(1, model_name="gpt-4o"), known(2, model_name="claude")]
    ranking = ranked(fleet, strategy=strategy, model_preference=["gpt-4o", "claude"])
    assert sorted(c.deployment.name for c in ranking.order) == ["b", "c"]
    assert ranking.removed == {"a": "model_preference: is none of gpt-4o, claude"}


def test_a_model_preference_that_nobody_has_is_ignored_with_a_note_in_the_metadata() -> None:
    router = scripted(["x"], ["y"])
    answer = told(router.invoke("hi", model_preference="gpt-9"))
    assert answer["notes"] == ["model_preference: no candidate has it; ignored"]
    assert answer["total_candidates"] == 2
    assert "notes" not in told(router.invoke("hi"))


def test_a_model_preference_counts_only_those_that_may_serve() -> None:
    fleet = [known(0, model_name="gpt-4o"), known(1, tags=["eu"])]
    ranking = ranked(fleet, model_preference=["gpt-4o"], require_tags=["eu"])
    assert [c.deployment.name for c in ranking.order] == ["b"]
    assert ranking.notes


def test_an_empty_list_of_candidates_is_an_error_that_says_which_constraint_removed_whom() -> None:
    router = scripted(
        ["x"],
        ["y"],
        ["z"],
        deployments=[{"tags": ["eu"]}, {"tags": ["eu"], "price": {"input": 900, "output": 900}}],
    )
    with pytest.raises(NoCandidateError) as caught:
        router.invoke("hi", require_tags=["eu"], max_cost=0.001)
    removed = caught.value.removed
    assert removed["a"] == "max_cost: price unknown: give model_name= or price="
    assert removed["b"].startswith("max_cost: 0.4")
    assert removed["c"] == "require_tags: lacks eu"
    assert all(f"{name}: {why}" in str(caught.value) for name, why in removed.items())


def test_a_constraint_of_the_router_cannot_be_widened_by_a_call() -> None:
    router = scripted(["x"], deployments=[{"price": {"input": 900, "output": 900}}], max_cost=0.001)
    with pytest.raises(NoCandidateError, match="max_cost"):
        router.invoke("hi", max_cost=5.0)
    with pytest.raises(NoCandidateError, match="max_cost"):
        router.with_routing(max_cost=5.0).invoke("hi")

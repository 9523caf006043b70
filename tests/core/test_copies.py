"""Copies: state is shared by all copies of a router and by nobody else; settings are each one's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from langchain_core.load import dumpd
from langchain_core.runnables import ConfigurableField

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told
from tests.wire.conftest import MODES, ask

Copy = Callable[[RoutedChatModel], Any]

COPIES: dict[str, Copy] = {
    "with_routing": lambda m: m.with_routing(max_retries=1),
    "with_routing twice": lambda m: m.with_routing(max_retries=1).with_routing(max_retries=0),
    "model_copy": lambda m: m.model_copy(),
    "model_copy with settings": lambda m: m.model_copy(update={"temperature": 0.5}),
    "a deep model_copy": lambda m: m.model_copy(deep=True),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of what holds it": lambda m: copy.deepcopy({"x": [m]})["x"][0],
    "with_config": lambda m: m.with_config(tags=["x"]),
    "bind": lambda m: m.bind(temperature=0.5),
    "bind_tools": lambda m: m.bind_tools([]),
    "a deepcopy of what is bound": lambda m: copy.deepcopy(m.bind_tools([])),
    "with_retry": lambda m: m.with_retry(),
    "configurable_fields": lambda m: m.configurable_fields(
        temperature=ConfigurableField(id="t"), strategy=ConfigurableField(id="s")
    ).with_config(configurable={"t": 0.5, "s": "round_robin"}),
    "with_routing of what is configurable": lambda m: (
        m.configurable_fields(max_cost=ConfigurableField(id="c"))
        .with_config(configurable={"c": 9.0})
        .with_routing(max_retries=1)
    ),
    "a chain": lambda m: m | (lambda message: message),
}


def two(**settings: Any) -> RoutedChatModel:
    settings = {"deployments": [{"price": {"input": 1, "output": 1}}] * 2, **settings}
    return scripted(["from a"], ["from b"], **settings)


def succeeded(model: RoutedChatModel) -> int:
    return sum(counts["succeeded"] for counts in model.counts().values())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", COPIES)
def test_what_a_copys_calls_show_is_known_to_all_of_its_router(kind: str, mode: str) -> None:
    model = two()
    made = COPIES[kind](model)
    ask(made, mode)
    ask(made, mode)
    ask(model, mode)
    assert succeeded(model) == 3


@pytest.mark.parametrize("kind", COPIES)
def test_a_pause_reaches_every_copy(kind: str) -> None:
    model = two()
    made = COPIES[kind](model)
    model.pause("a")
    assert told(made.invoke("Hi"))["deployment"] == "b"


def test_two_routers_over_the_same_models_share_nothing() -> None:
    models = [ScriptedModel(), ScriptedModel()]
    one, other = RoutedChatModel(models), RoutedChatModel(models)
    one.invoke("Hi")
    assert (succeeded(one), succeeded(other)) == (1, 0)


CONFIGURED: list[tuple[str, Any, Callable[[dict[str, Any]], Any], Any]] = [
    ("strategy", "round_robin", lambda t: t["strategy"], "round_robin"),
    ("preferred_provider", "bedrock", lambda t: t["deployment"], "b"),
    ("require_tags", ["eu"], lambda t: t["deployment"], "b"),
    ("max_cost", 1e-9, lambda t: t["deployment"], "c"),
    ("task_type", "analysis", lambda t: t["task_type"], "analysis"),
    ("classifier", lambda _: "summarization", lambda t: t["task_type"], "summarization"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("field", "value", "shown", "expected"), CONFIGURED)
def test_a_configurable_field_holds_for_its_call_and_the_statistics_go_on(
    field: str, value: Any, shown: Callable[[dict[str, Any]], Any], expected: Any, mode: str
) -> None:
    model = scripted(
        ["a"],
        ["b"],
        ["c"],
        deployments=[
            {"price": {"input": 1, "output": 1}},
            {"price": {"input": 1, "output": 1}, "tags": ["eu"]},
            {"price": {"input": 0, "output": 0}},
        ],
    )
    configurable = model.configurable_fields(**{field: ConfigurableField(id="it")})
    config: Any = {"configurable": {"it": value}}
    before = told(ask(configurable, mode))
    during = told(ask(configurable, mode, config=config))
    after = told(ask(configurable, mode))
    assert shown(during) == expected
    assert shown(before) == shown(after) != expected
    assert succeeded(model) == 3


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_value_of_a_configurable_field_is_refused_by_name(mode: str) -> None:
    model = two()
    configurable = model.configurable_fields(strategy=ConfigurableField(id="it"))
    config: Any = {"configurable": {"it": "fastest"}}
    with pytest.raises(ConfigurationError, match="strategy"):
        ask(configurable, mode, config=config)
    assert succeeded(model) == 0


def test_a_copys_own_time_limit_is_each_of_its_calls_limit() -> None:
    model = two(timeout=30.0)
    assert model.compiled.parameters.timeout_seconds is None
    other = model.model_copy(update={"timeout": 5.0})
    assert other.compiled.parameters.timeout_seconds == 5.0
    assert other.model_copy(update={"timeout": None}).compiled.parameters.timeout_seconds == 120.0
    assert other.model_copy(update={"timeout": 30.0}).compiled.parameters.timeout_seconds is None
    assert other.assembled is model.assembled


@pytest.mark.parametrize(
    ("update", "named"),
    [
        ({"stragety": "ordered"}, "'strategy'"),
        ({"strategy": "fastest"}, "strategy"),
        ({"temperature": -1}, "temperature"),
        ({"max_retries": True}, "max_retries"),
        ({"policy": Policy(wait=tenacity.wait_none())}, "policy"),
        ({"random_seed": 7}, "random_seed"),
        ({"task_preferences": {"chatting": ["x"]}}, "chatting"),
    ],
)
def test_a_copy_with_a_wrong_setting_is_refused_by_name(update: dict[str, Any], named: str) -> None:
    model = two()
    with pytest.raises(ConfigurationError, match=named):
        model.model_copy(update=update)
    model.invoke("Hi")


def test_a_setting_that_is_changed_in_place_holds_from_then_on() -> None:
    model = two()
    model.preferred_provider = "bedrock"
    assert told(model.invoke("Hi"))["deployment"] == "b"
    model.preferred_provider = None
    assert told(model.invoke("Hi"))["deployment"] == "a"
    assert succeeded(model) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("strategy", "fastest"), ("temperature", -1), ("max_retries", True), ("models", [])],
)
def test_a_wrong_setting_in_place_is_refused_and_the_old_one_stays(field: str, value: Any) -> None:
    model = two(temperature=0.5)
    before, compiled = getattr(model, field), model.compiled
    with pytest.raises(ConfigurationError, match=field):
        setattr(model, field, value)
    assert getattr(model, field) == before
    assert model.compiled is compiled
    model.invoke("Hi")


def test_a_copy_is_traced_as_itself_and_not_as_what_it_was_copied_from() -> None:
    model = two()
    model.invoke("Hi")
    assert "ordered" in str(model._serialized)
    other = model.with_routing(strategy="round_robin")
    assert other._serialized == dumpd(other)
    assert "round_robin" in str(other._serialized)
    model.strategy = "weighted_random"
    assert "weighted_random" in str(model._serialized)


def test_a_router_with_other_models_has_a_state_of_its_own() -> None:
    model = two()
    model.invoke("Hi")
    other = model.model_copy(update={"models": [Deployment(ScriptedModel(), name="new")]})
    assert succeeded(other) == 0
    assert list(other.counts()) == ["new"]
    assert list(model.counts()) == ["a", "b"]


# --- the profile -----------------------------------------------------------------------------

ABLE = {"image_inputs": True, "max_input_tokens": 100_000, "max_output_tokens": 8_000}
LESS = {"image_inputs": False, "max_input_tokens": 50_000}


def profiled(*profiles: dict[str, Any] | None, **settings: Any) -> RoutedChatModel:
    """The second is in Europe."""
    deployments = [{"profile": p or {}, "tags": ["eu"] * (i == 1)} for i, p in enumerate(profiles)]
    return scripted(*[["x"]] * len(profiles), deployments=deployments, **settings)


def test_the_profile_is_what_every_deployment_can_do() -> None:
    assert profiled(ABLE, LESS).profile == {"image_inputs": False, "max_input_tokens": 50_000}
    assert profiled(ABLE, ABLE).profile == ABLE
    assert profiled(ABLE, None).profile is None
    assert profiled(ABLE).profile == ABLE


def test_a_deployments_profile_stands_above_its_classs() -> None:
    model = ScriptedModel(profile=ABLE)
    assert RoutedChatModel([model]).profile == ABLE
    narrower = Deployment(model, profile={"max_input_tokens": 10})
    assert RoutedChatModel([narrower]).profile == {**ABLE, "max_input_tokens": 10}


def test_a_profile_of_the_users_own_wins_and_is_kept_by_every_copy() -> None:
    mine: Any = {"max_input_tokens": 7}
    model = profiled(ABLE, LESS, profile=mine)
    for one in (model, model.with_routing(require_tags=["eu"]), copy.deepcopy(model)):
        assert one.profile == mine
    configurable = model.configurable_fields(require_tags=ConfigurableField(id="it"))
    prepared, _ = configurable.prepare({"configurable": {"it": ["eu"]}})
    assert prepared.profile == mine


def test_a_narrowed_router_has_the_profile_of_those_that_are_left() -> None:
    model = profiled(LESS, ABLE)
    assert model.with_routing(require_tags=["eu"]).profile == ABLE
    assert model.with_routing(require_tags=["mars"]).profile is None
    assert model.with_routing(preferred_provider="bedrock").profile == model.profile
    only = model.with_routing(preferred_provider="bedrock", fallback_enabled=False)
    assert only.profile == ABLE
    assert model.profile == {"image_inputs": False, "max_input_tokens": 50_000}


@pytest.mark.parametrize("kind", ["configurable_fields", "model_copy", "setattr"])
def test_no_copy_carries_the_profile_of_other_options(kind: str) -> None:
    model: Any = profiled(LESS, ABLE)
    match kind:
        case "configurable_fields":
            fields = model.configurable_fields(require_tags=ConfigurableField(id="it"))
            narrowed, _ = fields.prepare({"configurable": {"it": ["eu"]}})
            wide, _ = fields.prepare({"configurable": {"it": []}})
        case "model_copy":
            narrowed = model.model_copy(update={"require_tags": ["eu"]})
            wide = narrowed.model_copy(update={"require_tags": []})
        case _:
            narrowed = model.model_copy()
            narrowed.require_tags = ["eu"]
            wide = narrowed.model_copy()
            wide.require_tags = []
    assert narrowed.profile == ABLE
    assert wide.profile == model.profile


def test_bound_tools_do_not_hide_the_profile() -> None:
    bound: Any = profiled(ABLE, LESS).bind_tools([])
    assert bound.profile == {"image_inputs": False, "max_input_tokens": 50_000}

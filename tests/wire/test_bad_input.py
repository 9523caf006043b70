"""Bad input is a typed error that names the field; nothing is sent and no count changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from langchain_multirouter import (
    ConfigurationError,
    Deployment,
    NoCandidateError,
    RoutedChatModel,
)
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.errors import InvalidRequestError

from .conftest import MODES, ask

Make = Callable[..., RoutedChatModel]

SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"stragety": "ordered"}, "'strategy'"),
    ({"strategy": "fastest"}, "strategy"),
    ({"deadline_seconds": math.nan}, "deadline_seconds"),
    ({"deadline_seconds": -1}, "deadline_seconds"),
    ({"timeout": math.inf}, "timeout"),
    ({"timeout": 0}, "timeout"),
    ({"temperature": math.nan}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"top_p": 2.0}, "top_p"),
    ({"stop": [""]}, "stop"),
    ({"max_retries": -1}, "max_retries"),
    ({"max_attempts": 0}, "max_attempts"),
    ({"configurable_options": ["strategi"]}, "'strategy'"),
    ({"api_key": "sk-canary"}, "api_key"),
]

CALLS: list[tuple[dict[str, Any], str]] = [
    ({"base_url": "http://evil.example"}, "base_url"),
    ({"api_key": "sk-canary"}, "api_key"),
    ({"azure_endpoint": "http://evil.example"}, "azure_endpoint"),
    ({"endpoint_url": "http://evil.example"}, "endpoint_url"),
    ({"credentials": object()}, "credentials"),
    ({"extra_headers": {"authorization": "canary"}}, "extra_headers"),
    ({"stratgy": "ordered"}, "'strategy'"),
    ({"max_output_tokens": 5}, "max_output_tokens"),
    ({"strategy": "fastest"}, "strategy"),
    ({"deadline_seconds": math.nan}, "deadline_seconds"),
    ({"temperature": "warm"}, "temperature"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"timeout": math.nan}, "timeout"),
    ({"model": 7}, "model"),
    ({"tool_choice": "nobody"}, "tool_choice"),
]


def started(model: RoutedChatModel) -> int:
    return sum(counts["started"] for counts in model.counts().values())


@pytest.mark.parametrize(("setting", "named"), SETTINGS)
def test_a_wrong_setting_is_refused_by_name_and_its_value_is_not_shown(
    setting: dict[str, Any], named: str, router: Make
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        router("azure_openai", **setting)
    assert named in str(raised.value)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("models", [[], (), None, "azure_openai:gpt-4o", {}, [7], [None]])
def test_a_router_without_usable_models_is_refused(models: Any) -> None:
    with pytest.raises(ConfigurationError, match="models"):
        RoutedChatModel(models=models)


def test_a_deployment_name_that_is_given_twice_is_refused(models: dict[str, Any]) -> None:
    model = models["azure_openai"]
    with pytest.raises(ConfigurationError, match="'mine' is given twice"):
        RoutedChatModel([Deployment(model, name="mine"), Deployment(model, name="mine")])


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"weight": -1.0}, "weight"),
        ({"weight": math.nan}, "weight"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"fallback_level": -1}, "fallback_level"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"tags": [""]}, "tags"),
        ({"prise": 1}, "prise"),
    ],
)
def test_a_wrong_deployment_is_refused_by_the_fields_name(
    setting: dict[str, Any], field: str, models: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match=field):
        Deployment(models["azure_openai"], **setting)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("keywords", "named"), CALLS)
def test_a_wrong_call_keyword_is_refused_and_nothing_is_sent(
    keywords: dict[str, Any], named: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    with pytest.raises(ConfigurationError) as raised:
        ask(model, mode, **keywords)
    assert named in str(raised.value)
    assert "canary" not in str(raised.value)
    assert cloud.log == ()
    assert started(model) == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("x" * 10_000_000, "more than 8,000,000 characters"),
        ("a lone \ud800 surrogate", "lone surrogate"),
    ],
    ids=["ten megabytes", "lone surrogate"],
)
def test_a_prompt_that_nobody_could_take_is_refused_and_nothing_is_sent(
    prompt: str, told: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    with pytest.raises(InvalidRequestError) as raised:
        ask(model, mode, prompt)
    assert told in str(raised.value)
    assert len(str(raised.value)) < 300
    assert cloud.log == ()
    assert started(model) == 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("keywords", "filter_name"),
    [({"require_tags": ["mars"]}, "require_tags"), ({"model": "gpt-99"}, "model")],
)
def test_constraints_that_nobody_meets_name_everybody_and_the_filter(
    keywords: dict[str, Any], filter_name: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    with pytest.raises(NoCandidateError) as raised:
        ask(model, mode, **keywords)
    assert set(raised.value.removed) == {"azure_openai", "aws_bedrock", "gcp_vertex"}
    assert all(why.startswith(f"{filter_name}:") for why in raised.value.removed.values())
    assert cloud.log == ()
    assert started(model) == 0


def test_options_of_the_configuration_are_refused_unless_they_are_permitted(
    cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    config: Any = {"configurable": {"router": {"strategy": "round_robin"}}}
    with pytest.raises(ConfigurationError, match="'strategy' is not permitted"):
        model.invoke("Hello", config=config)
    assert cloud.log == ()

"""Deployment: what the router is told of one model of one provider."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.deployment import (
    LONGEST_NAME,
    PROVIDER_ALIASES,
    Deployment,
    Provider,
    finite,
    model_family,
)
from langchain_multirouter.errors import ConfigurationError

NOT_NUMBERS = [float("nan"), float("inf"), -1, True, "soon"]


@pytest.mark.parametrize("alias", PROVIDER_ALIASES)
def test_a_provider_is_printed_in_its_first_form(alias: str) -> None:
    assert Deployment("x:y", provider=alias).provider == PROVIDER_ALIASES[alias]


def test_every_provider_has_its_own_name_as_an_alias() -> None:
    assert all(PROVIDER_ALIASES[provider] is provider for provider in Provider)


def test_any_other_provider_keeps_its_name() -> None:
    assert Deployment("x:y", provider="fake").provider == "fake"


@pytest.mark.parametrize("model", ["", "gpt-4o", ":gpt-4o", "azure:", "azure:  ", None])
def test_a_model_is_given_with_its_provider(model: str | None) -> None:
    with pytest.raises(ConfigurationError, match="model: "):
        Deployment(model)


@pytest.mark.parametrize("name", ["x" * (LONGEST_NAME + 1), "a\nb", "a\x00b", "a\ud83d"])
def test_a_name_is_printable_and_short(name: str) -> None:
    with pytest.raises(ConfigurationError, match="name: "):
        Deployment("x:y", name=name)


@pytest.mark.parametrize("name", ["weight", "timeout_seconds", "fallback_level"])
@pytest.mark.parametrize("value", NOT_NUMBERS, ids=str)
def test_a_number_that_is_none_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Deployment("x:y", **{name: value})


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"fallback_level": 100}, "fallback_level"),
        ({"fallback_level": 0.5}, "fallback_level"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 65]}, "tags"),
        ({"regoin": "eu"}, "regoin"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        Deployment("x:y", **settings)


def test_a_refusal_and_a_repr_repeat_no_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Deployment("x:y", api_key="sk-secret", weight="sk-secret", params="sk-secret")
    assert "sk-secret" not in str(caught.value)
    assert "sk-secret" not in repr(Deployment("x:y", params={"api_key": "sk-secret"}))


def test_a_deployment_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        Deployment("x:y").weight = 3.0  # type: ignore[misc]


FAMILIES = {
    "claude-sonnet-4-5": [
        "claude-sonnet-4-5",
        "claude-sonnet-4-5@20250929",
        "claude-sonnet-4-5-20250929",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "publishers/anthropic/models/claude-sonnet-4-5@20250929",
        "arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "Claude-Sonnet-4-5",
    ],
    "claude-3-5-sonnet": [
        "anthropic.claude-3-5-sonnet-20240620-v1:0",
        "apac.anthropic.claude-3-5-sonnet-20240620-v1:0",
        "anthropic.claude-3-5-sonnet-20240620-v1:0:200k",
        "claude-3-5-sonnet@20240620",
        "claude-3-5-sonnet@default",
        "claude-3-5-sonnet-latest",
    ],
    "gpt-4o": ["gpt-4o", "gpt-4o-2024-08-06", "GPT-4o", " gpt-4o "],
    "gpt-4o-mini": ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
    "gemini-2.5-flash": ["gemini-2.5-flash", "models/gemini-2.5-flash"],
    "nova-pro": ["amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0:300k"],
    "llama3-1-70b-instruct": ["meta.llama3-1-70b-instruct-v1:0"],
    "": [""],
}


@pytest.mark.parametrize(
    ("name", "family"), [(name, family) for family, names in FAMILIES.items() for name in names]
)
def test_the_same_model_is_the_same_family_over_clouds_and_regions(name: str, family: str) -> None:
    assert model_family(name) == family
    assert Deployment("x:y", model_name=name).family == family


@given(st.text(max_size=40))
def test_any_model_name_has_a_family(name: str) -> None:
    assert len(model_family(name)) <= 3 * len(name)


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=3), st.none()))
def test_finite_gives_the_number_back_or_names_the_field(value: Any) -> None:
    is_number = type(value) in {int, float} and 0 <= value <= sys.float_info.max
    if value is None or is_number:
        assert finite("field", value) is value
    else:
        with pytest.raises(ConfigurationError, match=r"^field: "):
            finite("field", value)


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_number_too_large_for_a_float_is_refused_by_name(value: int) -> None:
    with pytest.raises(ConfigurationError, match=r"^field: "):
        finite("field", value)

"""Capabilities: what is taken from a LangChain profile, and what a user may say instead."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.deployment import Provider
from langchain_multirouter.economics.capabilities import (
    DEFAULT_STRENGTHS,
    Capabilities,
    capabilities_of,
    overridden,
)
from langchain_multirouter.errors import ConfigurationError

KEYS = {
    "max_input_tokens": "max_input_tokens",
    "max_output_tokens": "max_output_tokens",
    "images": "image_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
    "pdf": "pdf_inputs",
    "tools": "tool_calling",
    "structured_output": "structured_output",
    "temperature": "temperature",
    "status": "status",
}


@pytest.mark.parametrize("package", ["langchain_aws", "langchain_openai", "langchain_google_genai"])
def test_every_profile_that_langchain_ships_is_read_whole(package: str) -> None:
    profiles = import_module(f"{package}.data._profiles")._PROFILES
    assert profiles
    for profile in profiles.values():
        known = capabilities_of(profile)
        for field, key in KEYS.items():
            said = profile.get(key)
            assert getattr(known, field) == (None if said == 0 and key.startswith("max") else said)


def test_the_profile_keys_are_those_that_langchain_declares() -> None:
    from langchain_core.language_models.model_profile import ModelProfile

    assert set(KEYS.values()) <= set(ModelProfile.__annotations__)


@pytest.mark.parametrize("profile", [None, {}])
def test_without_a_profile_nothing_is_known(profile: dict[str, Any] | None) -> None:
    assert capabilities_of(profile) == Capabilities()


@given(st.dictionaries(st.sampled_from([*KEYS.values()]), st.none() | st.text() | st.floats()))
def test_a_profile_of_other_types_is_unknown_and_no_error(profile: dict[str, Any]) -> None:
    known = capabilities_of(profile)
    assert known._replace(status=None) == Capabilities()


def test_what_the_user_says_replaces_what_the_profile_says() -> None:
    known = capabilities_of({"max_input_tokens": 8_000, "image_inputs": True, "tool_calling": True})
    said = overridden(known, {"max_input_tokens": 200_000, "images": False, "strengths": ["rag"]})
    assert said == known._replace(max_input_tokens=200_000, images=False, strengths=("rag",))


def test_what_the_user_says_is_none_is_unknown() -> None:
    known = overridden(capabilities_of({"temperature": False}), {"temperature": None})
    assert known.temperature is None


def test_overriding_by_nothing_changes_nothing() -> None:
    known = Capabilities(images=True)
    assert overridden(known, None) is overridden(known, {}) is known


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ({"image": True}, "'image'"),
        ({"max_input_tokens": 0}, "capabilities.max_input_tokens"),
        ({"max_input_tokens": 1.5}, "capabilities.max_input_tokens"),
        ({"max_output_tokens": True}, "capabilities.max_output_tokens"),
        ({"images": "yes"}, "capabilities.images"),
        ({"temperature": 1}, "capabilities.temperature"),
        ({"status": 3}, "capabilities.status"),
        ({"strengths": "coding"}, "capabilities.strengths"),
        ({"strengths": [1]}, "capabilities.strengths"),
        ({"strengths": [" "]}, "capabilities.strengths"),
        ({"strengths": None}, "capabilities.strengths"),
        ({"strengths": 5}, "capabilities.strengths"),
        ({1: 2}, "capabilities"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(by: dict[Any, Any], names: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        overridden(Capabilities(), by)
    assert names in str(refusal.value)


def test_each_provider_has_strengths_by_default() -> None:
    assert set(DEFAULT_STRENGTHS) == set(Provider)
    assert DEFAULT_STRENGTHS["aws_bedrock"] == ("reasoning", "analysis", "coding", "rag")
    given = DEFAULT_STRENGTHS["gcp_vertex"]
    assert capabilities_of(None, strengths=given).strengths == given

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
    check_profile,
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


@pytest.mark.parametrize(
    ("profile", "key"),
    [
        ({"max_input_tokens": 0}, "max_input_tokens"),
        ({"max_input_tokens": 1.5}, "max_input_tokens"),
        ({"max_output_tokens": True}, "max_output_tokens"),
        ({"image_inputs": "yes"}, "image_inputs"),
        ({"temperature": 1}, "temperature"),
        ({"status": 3}, "status"),
    ],
)
def test_a_users_profile_that_makes_no_sense_is_refused_by_its_key(
    profile: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=key):
        check_profile(profile)


def test_a_users_profile_may_leave_things_unknown_and_say_more() -> None:
    check_profile({"max_input_tokens": None, "image_inputs": None, "release_date": "2026-01-01"})


def test_each_provider_has_strengths_by_default() -> None:
    assert set(DEFAULT_STRENGTHS) == set(Provider)
    assert DEFAULT_STRENGTHS["aws_bedrock"] == ("reasoning", "analysis", "coding", "rag")
    given = DEFAULT_STRENGTHS["gcp_vertex"]
    assert capabilities_of(None, strengths=given).strengths == given

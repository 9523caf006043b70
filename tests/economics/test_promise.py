"""Promise: what all can do; what is not known of everybody is not promised."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.economics.promise import one_profile, promised


@pytest.mark.parametrize(
    ("values", "together"),
    [
        ([True, True], True),
        ([True, False], False),
        ([True, None], None),
        ([None, False], False),
        ([None, None], None),
    ],
)
def test_a_flag_holds_if_all_have_it_and_not_if_one_denies_it(
    values: list[Any], together: bool | None
) -> None:
    assert promised([{"image_inputs": v} for v in values]).get("image_inputs") is together
    left_out = [{} if v is None else {"image_inputs": v} for v in values]
    assert promised(left_out).get("image_inputs") is together


@pytest.mark.parametrize(
    ("limits", "together"),
    [([8, 4, 6], 4), ([8, None], None), ([8, 0], None), ([8, True], None), ([8, 4.0], None)],
)
@pytest.mark.parametrize("key", ["max_input_tokens", "max_output_tokens", "max_of_tomorrow"])
def test_a_limit_is_the_least_where_all_are_known(
    limits: list[Any], together: int | None, key: str
) -> None:
    assert promised([{key: limit} for limit in limits]).get(key) == together


def test_anything_else_has_to_be_the_same_everywhere() -> None:
    one = {"status": "active", "name": "a", "reasoning_effort_levels": ["low"]}
    other = {"status": "active", "name": "b", "reasoning_effort_levels": ["low"]}
    assert promised([one, other]) == {"status": "active", "reasoning_effort_levels": ["low"]}
    assert promised([{"x": 1}, {"x": True}]) == {}


def test_of_nobody_nothing_is_promised() -> None:
    assert promised([]) == {}
    assert promised([{}, {"image_inputs": True}]) == {}


VALUES = st.none() | st.booleans() | st.integers(0, 5)
PROFILES = st.lists(
    st.dictionaries(st.sampled_from(["max_input_tokens", "image_inputs", "x"]), VALUES), max_size=4
)


@given(PROFILES, PROFILES)
def test_more_deployments_never_promise_more(
    profiles: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    few, many = promised(profiles), promised([*profiles, *others])
    for key, value in many.items():
        if profiles and value is True:
            assert few[key] is True
        if profiles and key == "max_input_tokens" and value and key in few:
            assert value <= few[key]


def test_what_the_user_says_stands_above_what_the_class_knows() -> None:
    known = {"max_input_tokens": 8, "image_inputs": True}
    given = {"max_input_tokens": 4, "image_inputs": None}
    assert promised([one_profile(known, given, "m")]) == {"max_input_tokens": 4}


@pytest.mark.parametrize(
    ("model", "both"),
    [
        ("gemini-2.5-flash", False),
        ("gemini-1.5-pro-002", False),
        ("models/gemini-2.0-flash", False),
        ("gemini-3.8-flash", True),
        ("gemini-4-argon", True),
        ("gpt-4o", True),
        ("anthropic.claude-sonnet-5-5", True),
    ],
)
def test_a_model_that_takes_tools_or_a_schema_is_not_promised_to_take_both(
    model: str, both: bool
) -> None:
    known = {"structured_output": True, "tool_calling": True}
    assert one_profile(known, {}, model)["structured_output"] is both
    assert one_profile(known, {}, model)["tool_calling"] is True
    assert one_profile(known, {"structured_output": True}, model)["structured_output"] is True
    assert known["structured_output"] is True


@pytest.mark.parametrize("package", ["langchain_aws", "langchain_openai", "langchain_google_genai"])
def test_the_promise_of_one_is_its_profile_as_langchain_ships_it(package: str) -> None:
    for name, profile in import_module(f"{package}.data._profiles")._PROFILES.items():
        whole = {k: v for k, v in profile.items() if v is not None and v != 0}
        whole |= {k: False for k, v in profile.items() if v is False}
        mine = promised([one_profile(profile, {}, name)])
        whole["structured_output"] = mine.get("structured_output", whole.get("structured_output"))
        assert mine == {k: v for k, v in whole.items() if v is not None}

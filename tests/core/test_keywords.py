"""Keywords: what a call's keyword arguments mean."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.keywords import (
    FORBIDDEN,
    INTERNAL,
    KNOWN,
    neutral_tool,
    neutral_tool_choice,
    read_keywords,
    read_parameters,
    tool_name,
)
from langchain_multirouter.providers.provider import Parameters

WORDS = st.sampled_from(["type", "function", "name", "tool", "mode", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return city


class Weather(BaseModel):
    """The weather in a city."""

    city: str


def read(**keywords: Any) -> Any:
    return read_keywords(keywords, None, Parameters(temperature=0.5, max_tokens=100))


class TestSorting:
    """Options, parameters, the model's name; everything else is a mistake."""

    def test_keywords_are_taken_apart(self) -> None:
        options, parameters, model, accepts = read(max_attempts=2, temperature=1, model="gpt-4o")
        assert options == {"max_attempts": 2}
        assert parameters == Parameters(temperature=1.0, max_tokens=100)
        assert model == "gpt-4o"
        assert accepts is None

    def test_without_any_the_routers_own_parameters_stand(self) -> None:
        defaults = Parameters(temperature=0.5)
        assert read_keywords({}, None, defaults).parameters is defaults

    def test_none_means_the_routers_own(self) -> None:
        assert read(temperature=None).parameters.temperature == 0.5

    @pytest.mark.parametrize("name", sorted(INTERNAL))
    def test_langchains_own_are_passed_over(self, name: str) -> None:
        assert read(**{name: True}).parameters == Parameters(temperature=0.5, max_tokens=100)

    @pytest.mark.parametrize(
        ("wrong", "meant"),
        [
            ("temprature", "temperature"),
            ("max_token", "max_tokens"),
            ("tool_choise", "tool_choice"),
            ("max_retrys", "max_retries"),
        ],
    )
    def test_an_unknown_keyword_is_refused_with_the_nearest_names(
        self, wrong: str, meant: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=f"{wrong!r} is not known.*{meant!r}"):
            read(**{wrong: 1})

    @pytest.mark.parametrize("name", sorted(FORBIDDEN))
    def test_endpoints_and_credentials_cannot_be_set_in_a_call(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
            read(**{name: "sk-secret"})
        assert "sk-secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "name", ["base_url", "api_key", "azure_endpoint", "endpoint_url", "credentials"]
    )
    def test_the_best_known_of_them_are_in_the_table(self, name: str) -> None:
        assert name in FORBIDDEN

    def test_what_is_known_is_not_forbidden(self) -> None:
        assert not KNOWN & FORBIDDEN

    @pytest.mark.parametrize("model", [3, ["gpt-4o"], object()])
    def test_a_model_is_named(self, model: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"^model: "):
            read(model=model)


NUMBERS = ["temperature", "max_tokens", "top_p", "timeout", "seed"]
NOT_FINITE = [float("nan"), float("inf"), -float("inf"), True, "1", 10**400, [1]]


class TestValues:
    """Each parameter's value."""

    @pytest.mark.parametrize("name", NUMBERS)
    @pytest.mark.parametrize("value", NOT_FINITE, ids=lambda v: str(v)[:8])
    def test_a_number_that_is_none_is_refused_by_name(self, name: str, value: Any) -> None:
        if name in {"max_tokens", "seed"} and type(value) is int:
            pytest.skip("a whole number, however large")
        with pytest.raises(ConfigurationError, match=f"^{name}: "):
            read(**{name: value})

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("temperature", -0.1),
            ("max_tokens", 0),
            ("max_tokens", 1.5),
            ("top_p", 0),
            ("top_p", 1.1),
            ("timeout", 0),
            ("timeout", -3),
            ("seed", 1.5),
            ("stop", ""),
            ("stop", [""]),
            ("stop", [3]),
            ("stop", 3),
            ("tools", "weather"),
            ("tools", {"name": "weather"}),
            ("tools", 3),
        ],
    )
    def test_a_value_out_of_its_range_is_refused_by_name(self, name: str, value: Any) -> None:
        with pytest.raises(ConfigurationError, match=f"^{name}: "):
            read(**{name: value})

    def test_a_stop_can_be_one_text_or_many(self) -> None:
        assert read(stop="END").parameters.stop == ("END",)
        assert read(stop=["a", "b"]).parameters.stop == ("a", "b")
        assert read(stop=[]).parameters.stop is None

    def test_stop_as_langchain_passes_it_counts(self) -> None:
        assert read_keywords({}, ["END"], Parameters()).parameters.stop == ("END",)

    def test_a_timeout_is_in_seconds(self) -> None:
        assert read(timeout=3).parameters.timeout_seconds == 3.0


class TestToolChoice:
    """One form for all providers."""

    @pytest.mark.parametrize(
        ("given_as", "neutral"),
        [
            ("any", "any"),
            ("required", "any"),
            (True, "any"),
            ("auto", "auto"),
            ("none", "none"),
            (False, "none"),
            ("weather", "weather"),
            ({"type": "function", "function": {"name": "weather"}}, "weather"),
            ({"type": "function", "name": "weather"}, "weather"),
            ({"type": "tool", "name": "weather"}, "weather"),
            ({"type": "any"}, "any"),
            ({"type": "auto"}, "auto"),
            ({"type": "none"}, "none"),
            ({"type": "required"}, "any"),
            ({"tool": {"name": "weather"}}, "weather"),
            ({"any": {}}, "any"),
            ({"auto": {}}, "auto"),
        ],
    )
    def test_every_providers_form_means_the_same(self, given_as: Any, neutral: str) -> None:
        assert neutral_tool_choice("tool_choice", given_as) == neutral

    @given(JSON)
    def test_whatever_is_given_it_is_a_name_or_refused(self, value: Any) -> None:
        with suppress(ConfigurationError):
            assert neutral_tool_choice("tool_choice", value)

    def test_a_tool_that_is_not_offered_cannot_be_chosen(self) -> None:
        with pytest.raises(ConfigurationError, match=r"'wether' is not known.*'weather'"):
            read(tools=[neutral_tool(weather)], tool_choice="wether")

    def test_a_tool_that_is_offered_can_be_chosen(self) -> None:
        asked = {"tools": [neutral_tool(weather)], "tool_choice": "weather"}
        assert read_parameters(asked, Parameters()).tool_choice == "weather"


class TestTools:
    """Tools in their neutral form."""

    @pytest.mark.parametrize("given_as", [weather, neutral_tool(weather)])
    def test_a_tool_becomes_an_openai_dictionary_and_stays_one(self, given_as: Any) -> None:
        neutral = neutral_tool(given_as)
        assert neutral["type"] == "function"
        assert neutral_tool(neutral) == neutral
        assert tool_name(neutral) == tool_name(given_as) == "weather"

    def test_a_pydantic_class_is_a_tool_of_its_name(self) -> None:
        assert tool_name(neutral_tool(Weather)) == "Weather"

    def test_a_providers_own_tool_passes_through(self) -> None:
        theirs = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
        assert neutral_tool(theirs) == theirs

    def test_settings_of_tools_are_kept_together(self) -> None:
        parameters = read(tools=[], strict=True, parallel_tool_calls=False).parameters
        assert parameters.tool_settings == {"strict": True, "parallel_tool_calls": False}

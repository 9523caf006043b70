"""Options: what a call may ask; validated, and never wider than what the router allows."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given

from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.options import (
    NARROWING,
    OPTION_NAMES,
    Options,
    Strategy,
    narrow,
    read_configurable,
    read_options,
)
from tests.laws.scenes import OPTIONS

LIMITS = ["max_retries", "max_attempts", "deadline_seconds", "max_cost", "max_response_time"]


def no_wider(name: str, before: Any, after: Any) -> bool:
    """Whether `after` allows at most what `before` does."""
    match name:
        case "fallback_enabled" | "allow_model_change":
            return bool(after <= before)
        case "require_tags":
            return bool(after >= before)
    if name in LIMITS:
        none = math.inf
        return bool((none if after is None else after) <= (none if before is None else before))
    return True


def test_every_option_says_how_it_narrows() -> None:
    assert set(NARROWING) == set(Options.model_fields) == OPTION_NAMES


@given(OPTIONS, OPTIONS)
def test_narrowing_never_widens(mine: dict[str, Any], asked: dict[str, Any]) -> None:
    allowed = read_options(mine)
    narrowed = narrow(allowed, asked)
    for name in OPTION_NAMES:
        before, after = getattr(allowed, name), getattr(narrowed, name)
        assert no_wider(name, before, after), f"{name}: {before!r} was widened to {after!r}"


@given(OPTIONS, OPTIONS)
def test_narrowing_grants_what_is_narrower_and_touches_nothing_else(
    mine: dict[str, Any], asked: dict[str, Any]
) -> None:
    allowed, wanted = read_options(mine), read_options(asked)
    narrowed = narrow(allowed, asked)
    for name in OPTION_NAMES:
        if name not in asked:
            assert getattr(narrowed, name) == getattr(allowed, name)
        elif name in {"fallback_enabled", "allow_model_change", "require_tags", *LIMITS}:
            assert no_wider(name, getattr(wanted, name), getattr(narrowed, name))


@given(OPTIONS, OPTIONS)
def test_narrowing_twice_by_the_same_is_narrowing_once(
    mine: dict[str, Any], asked: dict[str, Any]
) -> None:
    once = narrow(read_options(mine), asked)
    assert narrow(once, asked) == once


@given(OPTIONS)
def test_narrowed_options_are_valid_options(asked: dict[str, Any]) -> None:
    narrowed = narrow(Options(), asked)
    assert read_options({name: getattr(narrowed, name) for name in OPTION_NAMES}) == narrowed


def test_asking_for_nothing_gives_the_very_same_options() -> None:
    allowed = Options()
    assert narrow(allowed, {}) is allowed


def test_a_router_tied_to_its_preferred_provider_is_not_led_to_another() -> None:
    allowed = Options(preferred_provider="bedrock", fallback_enabled=False)
    narrowed = narrow(allowed, {"preferred_provider": "azure"})
    assert narrowed.preferred_provider == "aws_bedrock"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("max_retry", "max_retries"),
        ("deadline", "deadline_seconds"),
        ("stragety", "strategy"),
        ("require_tag", "require_tags"),
        ("prefered_provider", "preferred_provider"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_names(wrong: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{wrong!r} is not known.*{meant!r}"):
        read_options({wrong: 1})


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -1, True, "soon", 10**400],
    ids=["nan", "inf", "negative", "bool", "text", "huge"],
)
def test_a_limit_that_is_no_finite_positive_number_is_refused_by_name(
    name: str, value: Any
) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_options({name: value})


@pytest.mark.parametrize(("name", "value"), [("deadline_seconds", 0), ("max_attempts", 0)])
def test_a_limit_of_nothing_is_refused(name: str, value: int) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_options({name: value})


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"strategy": "best"}, "strategy"),
        ({"strategy": None}, "strategy"),
        ({"require_tags": [""]}, "require_tags"),
        ({"require_tags": ["x" * 65]}, "require_tags"),
        ({"require_tags": 3}, "require_tags"),
        ({"model_preference": [3]}, "model_preference"),
        ({"fallback_enabled": "perhaps"}, "fallback_enabled"),
        ({"preferred_provider": 3}, "preferred_provider"),
    ],
)
def test_a_wrong_value_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        read_options(options)


def test_a_refusal_repeats_no_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_options({"deadline_seconds": "sk-secret", "strategy": "sk-secret"})
    assert "sk-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_one_or_many_can_be_given() -> None:
    options = read_options({"require_tags": "eu", "model_preference": "gpt-4o"})
    assert options.require_tags == {"eu"}
    assert options.model_preference == ("gpt-4o",)


def test_strategies_are_named_by_text_or_by_member() -> None:
    assert read_options({"strategy": "round_robin"}).strategy is Strategy.ROUND_ROBIN
    assert read_options({"strategy": Strategy.ROUND_ROBIN}).strategy is Strategy.ROUND_ROBIN


class TestConfigurable:
    """Options out of `config["configurable"]`, which may come from outside."""

    def test_only_what_is_permitted_is_read(self) -> None:
        permitted = frozenset({"strategy"})
        assert read_configurable({"strategy": "ordered"}, permitted) == {"strategy": "ordered"}

    @pytest.mark.parametrize("name", ["max_attempts", "base_url", "x" * 1000])
    def test_anything_else_is_refused_by_a_bounded_name(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match=name[:80]) as caught:
            read_configurable({name: 1}, frozenset({"strategy"}))
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize("value", [3, "strategy", ["strategy"]])
    def test_what_is_no_mapping_is_refused(self, value: Any) -> None:
        with pytest.raises(ConfigurationError, match="must be a mapping"):
            read_configurable(value, frozenset({"strategy"}))


def test_a_tenant_is_named_once_and_nobody_becomes_another() -> None:
    assert narrow(Options(), {"tenant": "acme"}).tenant == "acme"
    assert narrow(Options(tenant="acme"), {"tenant": "acme"}).tenant == "acme"
    with pytest.raises(ConfigurationError, match="tenant"):
        narrow(Options(tenant="acme"), {"tenant": "globex"})


@pytest.mark.parametrize("wrong", ["", "a" * 257, 7])
def test_a_tenant_is_a_short_text(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="tenant"):
        read_options({"tenant": wrong})

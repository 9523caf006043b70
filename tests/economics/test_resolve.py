"""Resolve: whose price a deployment has, and what is refused or unknown."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot, set_custom_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.economics.given import PRICE_KEYS
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.economics.resolve import resolve_price
from langchain_multirouter.errors import ConfigurationError

AT = datetime(2026, 11, 23, tzinfo=UTC)


def source(model: str, provider: str, **options: Any) -> str | None:
    price = resolve_price(model, provider, at=AT, **options)
    return None if price is None else price.source


@pytest.mark.parametrize(
    ("provider", "name", "priced_as"),
    [
        (
            "aws_bedrock",
            "us.anthropic.claude-sonnet-5-5",
            "aws:regional.anthropic.claude-sonnet-5-5",
        ),
        (
            "aws_bedrock",
            "global.anthropic.claude-sonnet-5-5",
            "aws:global.anthropic.claude-sonnet-5-5",
        ),
        ("bedrock_converse", "amazon.nova-lite-v1:0", "aws:amazon.nova-lite-v1:0"),
        ("azure_openai", "gpt-6.1-terra", "openai:gpt-6.1-terra"),
        ("azure_openai", "gpt-35-turbo", "openai:gpt-3.5-turbo"),
        ("azure_openai", "claude-sonnet-5-5", "anthropic:claude-sonnet-5-5"),
        ("azure_openai", "text-embedding-3-small", "azure:text-embedding-3-small"),
        ("gcp_vertex", "gemini-3.8-flash", "google:gemini-3.8-flash"),
        ("gcp_vertex", "claude-sonnet-5-5@20260101", "google:claude-sonnet-5-5"),
        ("openai-chat", "gpt-6.1-terra", "openai:gpt-6.1-terra"),
    ],
)
def test_a_model_is_found_with_its_provider(provider: str, name: str, priced_as: str) -> None:
    assert source(name, provider) == priced_as


@pytest.mark.parametrize(
    ("provider", "name", "priced_as"),
    [
        (
            "aws_bedrock",
            "anthropic.claude-sonnet-4-5",
            "aws:regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "aws_bedrock",
            "eu.anthropic.claude-sonnet-4-5",
            "aws:regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "aws_bedrock",
            "global.anthropic.claude-sonnet-4-5",
            "aws:global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("aws_bedrock", "apac.anthropic.claude-opus-5-5", "aws:regional.anthropic.claude-opus-5-5"),
        ("aws_bedrock", "openai.gpt-oss-120b", "aws:openai.gpt-oss-120b-1:0"),
        (
            "aws_bedrock",
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-5-5",
            "aws:regional.anthropic.claude-opus-5-5",
        ),
        (
            "aws_bedrock",
            "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0",
            "aws:amazon.nova-pro-v1:0",
        ),
        ("gcp_vertex", "gemini-2.5-flash-001", "google:gemini-2.5-flash"),
        ("gcp_vertex", "models/gemini-2.5-flash", "google:gemini-2.5-flash"),
        ("gcp_vertex", "publishers/google/models/gemini-3.8-flash", "google:gemini-3.8-flash"),
        (
            "gcp_vertex",
            "projects/p/locations/eu/publishers/google/models/gemini-2.5-flash-001",
            "google:gemini-2.5-flash",
        ),
        ("gcp_vertex", " Gemini-2.5-Flash ", "google:gemini-2.5-flash"),
    ],
)
def test_a_name_that_the_data_spells_otherwise_is_found(
    provider: str, name: str, priced_as: str
) -> None:
    assert source(name, provider) == priced_as


def test_a_regional_profile_costs_what_the_region_costs_and_a_global_one_less() -> None:
    regional = resolve_price("eu.anthropic.claude-sonnet-4-5", "aws_bedrock", at=AT)
    globally = resolve_price("global.anthropic.claude-sonnet-4-5", "aws_bedrock", at=AT)
    assert regional is not None
    assert globally is not None
    assert regional.rates.input == pytest.approx(1.1 * globally.rates.input)


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("azure_openai", "prod-eu"),
        ("azure_openai", "whisper-1"),
        ("azure_openai", "phi-4-reasoning:free"),
        ("aws_bedrock", "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a1b2c3"),
        ("aws_bedrock", "anthropic.claude-opus-4-20990101-v1:0"),
        ("aws_bedrock", "global.anthropic.claude-opus-4-1-20250805-v1:0"),  # regional prices only
        ("aws_bedrock", "claude"),
        ("gcp_vertex", "projects/p/locations/l/endpoints/123456"),
        ("gcp_vertex", "gemini-2.5-flash-image"),
        ("gcp_vertex", ""),
        ("scripted", "gpt-6.1-terra"),
        ("", "gpt-6.1-terra"),
    ],
)
def test_what_is_not_known_is_none(provider: str, name: str) -> None:
    assert resolve_price(name, provider, at=AT) is None


@given(st.text(max_size=40), st.sampled_from(["aws_bedrock", "azure_openai", "gcp_vertex", "x"]))
def test_no_name_makes_the_lookup_fail(name: str, provider: str) -> None:
    price = resolve_price(name, provider, at=AT)
    assert price is None or price.cost_usd(Usage(1000, 1000)) > 0


def test_the_price_doubles_on_its_date_and_says_so_before() -> None:
    change = datetime(2026, 12, 1, tzinfo=UTC)
    before = resolve_price("gemini-4-argon", "gcp_vertex", at=change - timedelta(seconds=1))
    after = resolve_price("gemini-4-argon", "gcp_vertex", at=change)
    assert before is not None
    assert after is not None
    assert before.valid_until == change
    assert after.valid_until is None
    assert after.rates.input == pytest.approx(2 * before.rates.input)


def test_a_date_begins_at_midnight_utc_wherever_the_caller_is() -> None:
    in_tokyo = datetime(2026, 12, 1, 8, 59, tzinfo=timezone(timedelta(hours=9)))
    price = resolve_price("gemini-4-argon", "gcp_vertex", at=in_tokyo)
    naive = resolve_price("gemini-4-argon", "gcp_vertex", at=datetime(2026, 11, 30, 23, 59))
    assert price == naive
    assert price is not None
    assert price.valid_until == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_price_by_the_hour_holds_until_the_next_of_its_hours() -> None:
    price = resolve_price("deepseek-chat", "azure_openai", at=AT)
    assert price is not None
    assert price.valid_until == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    day = resolve_price("deepseek-chat", "azure_openai", at=price.valid_until)
    assert day is not None
    assert day.rates != price.rates
    assert day.valid_until == datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price_as", "priced_as"),
    [
        ("gpt-6.1-terra", "openai:gpt-6.1-terra"),
        ("azure_openai:gpt-6.1-terra", "openai:gpt-6.1-terra"),
        ("bedrock:amazon.nova-lite-v1:0", "aws:amazon.nova-lite-v1:0"),
        ("google_vertexai:gemini-3.8-flash", "google:gemini-3.8-flash"),
        ("deepseek:deepseek-v3.2", "deepseek:deepseek-v3.2"),
        ("nothing-like-it", None),
    ],
)
def test_price_as_names_another_model_of_this_or_another_provider(
    price_as: str, priced_as: str | None
) -> None:
    assert source("prod-eu", "azure_openai", price_as=price_as) == priced_as


def test_price_as_takes_a_bedrock_id_with_its_colon_as_it_is() -> None:
    profile = "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a1b2c3"
    nova = source(profile, "aws_bedrock", price_as="amazon.nova-lite-v1:0")
    assert nova == "aws:amazon.nova-lite-v1:0"


def test_price_as_comes_before_the_models_own_price_and_a_given_price_before_both() -> None:
    other = source("gpt-6-luna", "azure_openai", price_as="gpt-6.1-terra")
    assert other == "openai:gpt-6.1-terra"
    given = resolve_price(
        "gpt-6-luna",
        "azure_openai",
        at=AT,
        price={"input": 7, "output": 8},
        price_as="gpt-6.1-terra",
    )
    assert given is not None
    assert (given.source, given.rates.input) == ("given", pytest.approx(7e-6))


def test_a_given_price_is_in_usd_per_million_tokens() -> None:
    price = resolve_price(
        "prod-eu", "azure_openai", at=AT, price={"input": 3, "output": 15, "cache_read": 0.3}
    )
    assert price is not None
    usage = Usage(1_000_000, 100_000, cache_read_tokens=500_000)
    assert price.cost_usd(usage) == pytest.approx(1.5 + 0.15 + 1.5)
    assert price.valid_until is None


def test_every_key_of_a_given_price_is_charged() -> None:
    price = resolve_price("m", "x", at=AT, price={key: i for i, key in enumerate(PRICE_KEYS, 1)})
    assert price is not None
    assert {key: round(getattr(price.rates, key) * 1e6) for key in PRICE_KEYS} == {
        key: i for i, key in enumerate(PRICE_KEYS, 1)
    }


def test_a_given_price_of_nothing_is_free() -> None:
    price = resolve_price("local", "ollama", at=AT, price={"input": 0, "output": 0})
    assert price is not None
    assert price.cost_usd(Usage(10**6, 10**6)) == 0
    assert price.usd_per_1k(100, 100) == 0


def test_a_model_price_of_genai_prices_is_taken_with_its_tiers() -> None:
    tiered = TieredPrices(Decimal("1"), [Tier(100, Decimal("2"))])
    price = resolve_price(
        "m", "x", at=AT, price=ModelPrice(input_mtok=tiered, output_mtok=Decimal("5"))
    )
    assert price is not None
    assert price.cost_usd(Usage(100, 0)) == pytest.approx(100e-6)
    assert price.cost_usd(Usage(101, 0)) == pytest.approx(202e-6)


@pytest.mark.parametrize("base", [None, {"input": 1, "output": 5}])
def test_the_multiplier_is_on_every_rate(base: dict[str, float] | None) -> None:
    plain = resolve_price("gpt-6.1-terra", "azure_openai", at=AT, price=base)
    zone = resolve_price("gpt-6.1-terra", "azure_openai", at=AT, price=base, price_multiplier=1.1)
    assert plain is not None
    assert zone is not None
    for tokens in (1_000, 500_000):
        assert zone.rates_for(tokens) == pytest.approx(
            [1.1 * rate for rate in plain.rates_for(tokens)]
        )


@pytest.mark.parametrize(
    ("price", "names"),
    [
        ({"input": float("nan"), "output": 1}, "price.input"),
        ({"input": 1, "output": float("inf")}, "price.output"),
        ({"input": 1, "output": -1}, "price.output"),
        ({"input": 1, "output": 1, "cache_read": "0.3"}, "price.cache_read"),
        ({"input": True, "output": 1}, "price.input"),
        ({"input": None, "output": 1}, "price.input"),
        ({"input": 10**400, "output": 1}, "price.input"),
        ({"input": Decimal("sNaN"), "output": 1}, "price.input"),
        ({"input": 1}, "price.output"),
        ({"output": 1}, "price.input"),
        ({}, "price.input"),
        ({"input": 1, "output": 1, "cached": 1}, "'cached'"),
        ({"input_mtok": 1, "output": 1}, "'input_mtok'"),
        ({1: 1}, "price: the key"),
        (3.0, "price"),
        ("3/15", "price"),
        (ModelPrice(), "price"),
        (ModelPrice(input_mtok=Decimal("-1")), "price.input_mtok"),
        (ModelPrice(input_mtok=Decimal("NaN")), "price.input_mtok"),
        (ModelPrice(input_mtok=1.5), "price"),  # type: ignore[arg-type]
        (ModelPrice(input_mtok=TieredPrices(Decimal(1), [Tier(1, Decimal(-1))])), "price.input"),
        (ModelPrice(cache_read_mtok=Decimal(1)), "price"),
        (ModelPrice(input_mtok=Decimal(1), input_image_mtok=Decimal(1)), "price.input_image_mtok"),
        (ModelPrice(input_mtok=Decimal(1), nonsense=Decimal(1)), "price.nonsense"),
    ],
)
def test_a_price_that_is_none_is_refused_by_the_name_of_its_field(price: Any, names: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        resolve_price("m", "azure_openai", at=AT, price=price)
    assert str(refusal.value).startswith(names) or names in str(refusal.value)


def test_a_model_price_that_may_calculate_otherwise_is_refused() -> None:
    class Rounded(ModelPrice):
        pass

    with pytest.raises(ConfigurationError, match="price: must be a plain"):
        resolve_price("m", "x", at=AT, price=Rounded(input_mtok=Decimal(1)))


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), True, "1.1", None, 10**400])
def test_a_multiplier_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="price_multiplier"):
        resolve_price("gpt-6.1-terra", "azure_openai", at=AT, price_multiplier=wrong)


def test_prices_that_were_updated_in_this_process_are_used() -> None:
    hour = TimeOfDateConstraint(AT.replace(hour=22).timetz(), AT.replace(hour=2).timetz())
    model = ModelInfo(
        "new-model",
        ClauseEquals("new-model"),
        prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(4), output_mtok=Decimal(8))),
            ConditionalPrice(
                hour, prices=ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(4))
            ),
        ],
    )
    fetched = [p for p in get_snapshot().providers if p.id != "google"]
    google = Provider("google", "Google", "x", models=[model])
    set_custom_snapshot(DataSnapshot([*fetched, google], from_auto_update=True))
    try:
        price = resolve_price("new-model", "gcp_vertex", at=AT)
    finally:
        set_custom_snapshot(None)
    assert price is not None
    assert price.rates.input == pytest.approx(2e-6)
    assert price.valid_until == AT.replace(hour=2)
    assert resolve_price("new-model", "gcp_vertex", at=AT) is None


def test_the_price_data_is_imported_only_when_a_price_is_asked_for() -> None:
    script = (
        "import sys; from datetime import datetime, UTC;"
        "from langchain_multirouter.economics import capabilities, price, tokens;"
        "from langchain_multirouter.economics.resolve import resolve_price;"
        "assert 'genai_prices' not in sys.modules;"
        "given = {'input': 1, 'output': 1};"
        "resolve_price('m', 'azure_openai', at=datetime.now(UTC), price=given);"
        "assert 'genai_prices' not in sys.modules;"
        "resolve_price('gpt-6.1-terra', 'azure_openai', at=datetime.now(UTC));"
        "assert 'genai_prices' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 our own text

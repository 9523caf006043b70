"""Every model of genai-prices' own data costs here what it costs there, at any date and usage.

The oracle is `genai_prices.calc_price`. The models that tokens do not decide are listed, so that a
new release of the data that changes them is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, Tier, TieredPrices
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.economics.price import Price, Usage
from langchain_multirouter.economics.rates import price_of
from langchain_multirouter.economics.resolve import GENAI_PROVIDERS, resolve_price

#: Models that have no price in coefficients, so that `resolve_price` gives None: `usage_metadata`
#: does not count what they charge for (images, video, seconds, characters), or the data has no
#: price at all ("free" tiers, Gemma on the Gemini API).
INEXPRESSIBLE = {
    "aws": set(),
    "azure": {"mai-ds-r1:free", "phi-4-reasoning-plus:free", "phi-4-reasoning:free"},
    "google": {
        "gemini-2.5-flash-image",
        "gemini-3-pro-image-preview",
        "gemini-3.1-flash-image-preview",
        "gemini-3.1-flash-lite-image",
        "gemini-3.1-flash-live-preview",
        "gemini-3.8-live",
        "gemini-embedding-2",
        "gemini-live-2.5-flash",
        "gemini-nano-banana-2.1",
        "gemini-omni-1.1-flash",
        "gemini-omni-flash-preview",
        "gemma-3",
        "gemma-3n",
        "gemma-4-26b-a4b-it",
        "gemma-4-31b-it",
    },
}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
#: Starts of tiers in the data, and their neighbours; the rest is drawn.
EDGES = [start + d for start in (0, 100_000, 128_000, 200_000, 272_000) for d in (0, 1)]


class Case(NamedTuple):
    """One way to ask for a model: the reference, our provider, theirs, and a date."""

    reference: str
    provider: str
    theirs: str
    at: datetime
    price: Price


def models(theirs: str) -> list[ModelInfo]:
    return next(p.models for p in get_snapshot().providers if p.id == theirs)


def dates(model: ModelInfo) -> Iterator[datetime]:
    """Now, long ago, and both sides of every change of this model's price."""
    yield NOW
    if isinstance(model.prices, ModelPrice):
        return
    yield datetime(2020, 1, 1, tzinfo=UTC)
    for conditional in model.prices:
        if start := getattr(conditional.constraint, "start_date", None):
            begins = datetime.combine(start, time(), UTC)
            yield from (begins - timedelta(microseconds=1), begins)
        for field in ("start_time", "end_time"):
            if hour := getattr(conditional.constraint, field, None):
                turns = datetime.combine(NOW.date(), hour)
                yield from (turns - timedelta(microseconds=1), turns)


def references(model: ModelInfo) -> list[str]:
    """Spellings under which the data may know this model: its id, and its regional ones."""
    bare = model.id.removeprefix("regional.")
    return list(dict.fromkeys((model.id, bare, f"us.{bare}")))


@cache
def cases() -> tuple[Case, ...]:
    """Every model of the three providers, and those that azure falls through to."""
    found = []
    for ours, theirs in GENAI_PROVIDERS.items():
        fallbacks = next(p for p in get_snapshot().providers if p.id == theirs)
        for owner in (theirs, *(fallbacks.fallback_model_providers or ())):
            for model in models(owner):
                for reference in references(model):
                    try:
                        asked = get_snapshot().find_provider_model(reference, None, theirs, None)[1]
                    except LookupError:
                        continue
                    for at in dates(asked):
                        price = resolve_price(reference, ours, at=at)
                        if price is not None:
                            found.append(Case(reference, ours, theirs, at, price))
    return tuple(found)


@st.composite
def usages(draw: st.DrawFn) -> tuple[Usage, int]:
    """A consistent usage, and how many of its tokens are both audio and cached.

    LangChain does not report that overlap; the price takes the least that the report allows, so
    it is drawn only where nothing else fills the input.
    """
    part = st.integers(0, 150_000)
    overlap = draw(st.sampled_from([0, 0, 0, 1, 5_000]))
    read, audio = draw(part) + overlap, draw(part) + overlap
    written_5m, written_1h, written = draw(part), draw(part), draw(part)
    written += written_5m + written_1h
    parts = read + audio + written - overlap
    total = parts if overlap else max(parts, draw(st.sampled_from(EDGES) | st.integers(0, 10**6)))
    reasoning, spoken = draw(part), draw(part)
    made = reasoning + spoken + draw(part)
    if draw(st.booleans()):
        read = audio = written = written_5m = written_1h = overlap = 0
    return (
        Usage(total, made, read, written, written_5m, written_1h, audio, spoken, reasoning),
        overlap,
    )


def theirs(usage: Usage, overlap: int) -> genai_prices.Usage:
    return genai_prices.Usage(**usage._asdict(), cache_audio_read_tokens=overlap)


@settings(max_examples=40)
@given(usages())
def test_every_model_costs_what_genai_prices_calculates(drawn: tuple[Usage, int]) -> None:
    usage, overlap = drawn
    their_usage = theirs(usage, overlap)
    for case in cases():
        expected = genai_prices.calc_price(
            their_usage,
            case.reference,
            provider_id=case.theirs,
            genai_request_timestamp=case.at,
        )
        assert case.price.cost_usd(usage) == pytest.approx(
            float(expected.total_price), rel=1e-9, abs=1e-18
        ), case


def tiered(base: str, *tiers: tuple[int, str]) -> TieredPrices:
    return TieredPrices(Decimal(base), [Tier(start, Decimal(usd)) for start, usd in tiers])


#: Dearer in every way than any model of the data: tiers that differ by part, and fall, too.
PARTS_WITH_THEIR_OWN_TIERS = {
    "text": ModelPrice(
        input_mtok=tiered("1", (100_000, "2"), (272_000, "3")),
        output_mtok=tiered("5", (128_000, "4.5")),
        cache_read_mtok=Decimal("0.1"),
        cache_write_mtok=Decimal("1.25"),
        cache_write_5m_mtok=tiered("1.3", (200_000, "2.6")),
        cache_write_1h_mtok=tiered("2", (0, "2.2")),
        output_reasoning_mtok=tiered("6", (100_000, "8")),
        requests_kcount=tiered("5", (200_000, "6")),
    ),
    "audio": ModelPrice(
        input_mtok=tiered("1", (100_000, "2")),
        output_mtok=Decimal("5"),
        cache_read_mtok=tiered("0.1", (128_000, "0.2")),
        input_audio_mtok=tiered("7", (272_000, "14")),
        cache_audio_read_mtok=tiered("0.7", (128_000, "0.9"), (200_000, "1.4")),
        output_audio_mtok=Decimal("20"),
    ),
    "audio without a cache": ModelPrice(
        input_mtok=Decimal("1"), output_mtok=Decimal("5"), input_audio_mtok=Decimal("7")
    ),
    "free input": ModelPrice(input_mtok=Decimal("0"), output_mtok=Decimal("5")),
    "requests": ModelPrice(requests_kcount=Decimal("5")),
}


@settings(max_examples=100)
@given(usages())
@pytest.mark.parametrize("name", PARTS_WITH_THEIR_OWN_TIERS)
def test_prices_that_no_model_has_yet_equal_genai_prices(
    name: str, drawn: tuple[Usage, int]
) -> None:
    price, (usage, overlap) = PARTS_WITH_THEIR_OWN_TIERS[name], drawn
    ours = resolve_price("any", "any", at=NOW, price=price)
    assert ours is not None
    expected = price.calc_price(theirs(usage, overlap))["total_price"]
    assert ours.cost_usd(usage) == pytest.approx(float(expected), rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("provider", ["aws", "azure", "google"])
def test_every_model_has_coefficients_except_those_listed(provider: str) -> None:
    without = {
        model.id
        for model in models(provider)
        if any(price_of(vars(model.get_prices(at)), source="test") is None for at in dates(model))
    }
    assert without == INEXPRESSIBLE[provider]


@pytest.mark.parametrize("provider", GENAI_PROVIDERS)
def test_every_model_of_a_provider_is_found_by_one_of_its_names(provider: str) -> None:
    asked = GENAI_PROVIDERS[provider]
    missed = {
        model.id
        for model in models(asked)
        if model.id not in INEXPRESSIBLE[asked]
        and not any(resolve_price(name, provider, at=NOW) for name in references(model))
    }
    assert missed == set()


def test_a_price_holds_until_its_date_and_not_after() -> None:
    for case in cases():
        if case.price.valid_until is None:
            continue
        assert case.price.valid_until > case.at
        last = case.price.valid_until - timedelta(microseconds=1)
        same = resolve_price(case.reference, case.provider, at=last)
        assert same is not None
        assert (same.rates, same.tiers) == (case.price.rates, case.price.tiers), case


def test_a_price_without_an_end_is_the_same_in_ten_years() -> None:
    for case in cases():
        if case.price.valid_until is None:
            later = resolve_price(case.reference, case.provider, at=case.at + timedelta(days=3650))
            assert later == case.price, case

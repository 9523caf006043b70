"""Rates: genai-prices' prices of a model, as our coefficients; exactly equal or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from .price import Price, Rates, Tier

#: genai-prices' key → the rate that it is, or None for what can be left out: uses of tools, which
#: `usage_metadata` does not count, so that they are in no cost; and overlaps that it does not
#: report, which are taken as none (genai-prices wants a price for them beside those of the parts).
RATE_OF: Final[Mapping[str, str | None]] = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "output_reasoning_mtok": "reasoning",
    "cache_audio_read_mtok": "cached_audio",
    "requests_kcount": "request",
    "web_searches_kcount": None,
    "social_searches_kcount": None,
    "storage_searches_kcount": None,
    "code_executions_kcount": None,
    "cache_audio_write_mtok": None,
    "cache_audio_write_5m_mtok": None,
    "cache_audio_write_1h_mtok": None,
    "output_audio_reasoning_mtok": None,
}
_CHARGED: Final = frozenset({"input_mtok", "output_mtok", "requests_kcount"})
_TOKENS: Final = 1_000_000  # a token price is per million tokens,
_REQUESTS: Final = 1_000  # a request price per thousand requests


def price_of(
    prices: Mapping[str, Any],
    *,
    factor: float = 1.0,
    source: str,
    valid_until: datetime | None = None,
) -> Price | None:
    """Coefficients of genai-prices' prices, or None where tokens do not decide the cost.

    That is so where something is charged apart that `usage_metadata` does not count (images,
    video, seconds of audio, characters), and where there is no price at all.
    """
    priced = {key: value for key, value in prices.items() if value is not None}
    if not priced.keys() <= RATE_OF.keys() or not priced.keys() & _CHARGED:
        return None
    starts = {tier.start for value in priced.values() for tier in getattr(value, "tiers", ())}
    tiers = tuple(Tier(start, _rates(priced, factor, above=start)) for start in sorted(starts))
    return Price(_rates(priced, factor, above=-1), tiers, valid_until, source)


def _rates(priced: Mapping[str, Any], factor: float, *, above: int) -> Rates:
    """The rates of calls with just more input tokens than this; parts without one get their
    whole's, as genai-prices leaves their tokens in the whole (`compute_leaf_values`)."""
    own: dict[str, float] = {}
    for key, value in priced.items():
        rate = RATE_OF[key]
        if rate is not None:
            per = _REQUESTS if rate == "request" else _TOKENS
            own[rate] = float(_at_tier(value, above) / per) * factor
    whole, made = own.get("input", 0.0), own.get("output", 0.0)
    written = own.get("cache_write", whole)
    return Rates(
        input=whole,
        output=made,
        cache_read=own.get("cache_read", whole),
        cache_write=written,
        cache_write_5m=own.get("cache_write_5m", written),
        cache_write_1h=own.get("cache_write_1h", written),
        input_audio=own.get("input_audio", whole),
        output_audio=own.get("output_audio", made),
        reasoning=own.get("reasoning", made),
        cached_audio=own.get("cached_audio", _cached_audio(own, whole)),
        request=own.get("request", 0.0),
    )


def _cached_audio(own: Mapping[str, float], whole: float) -> float:
    """Without a rate of its own: that of the part that has one; the dearer, if both have."""
    return max((own[part] for part in ("input_audio", "cache_read") if part in own), default=whole)


def _at_tier(value: Any, above: int) -> Decimal:
    """A price where the input is just larger than this: the last tier that starts by then."""
    reached: Decimal = getattr(value, "base", value)
    for tier in getattr(value, "tiers", ()):
        if tier.start <= above:
            reached = tier.price
    return reached

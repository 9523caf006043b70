"""Given: a price that the user states, validated and brought into genai-prices' own keys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigurationError, unknown_name
from .rates import RATE_OF

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

#: What a mapping may hold → genai-prices' key; all in USD per million tokens.
PRICE_KEYS: Final[Mapping[str, str]] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_5m": "cache_write_5m_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
    "reasoning": "output_reasoning_mtok",
}

#: Far above any price in USD per million tokens, and so low that no cost overflows.
LARGEST: Final = 1e9


def given_prices(price: ModelPrice | Mapping[str, Any]) -> Mapping[str, Any]:
    """The price by genai-prices' keys.

    Raises:
        ConfigurationError: naming the field that is wrong.
    """
    if isinstance(price, Mapping):
        return _of_mapping(price)
    from genai_prices.types import ModelPrice

    if type(price) is not ModelPrice:  # a subclass may calculate otherwise
        raise ConfigurationError(
            "price: must be a plain genai_prices ModelPrice or a mapping of USD per million "
            f"tokens, not {type(price).__name__}"
        )
    return _of_model_price(price)


def _of_model_price(price: ModelPrice) -> Mapping[str, Any]:
    from genai_prices.types import Usage

    prices = {key: value for key, value in vars(price).items() if value is not None}
    for key, value in prices.items():
        if key not in RATE_OF:
            raise ConfigurationError(f"price.{key}: is not counted by LangChain's usage_metadata")
        _number(f"price.{key}", getattr(value, "base", value))
        for tier in getattr(value, "tiers", ()):
            _number(f"price.{key}", tier.price)
    try:
        price.calc_price(Usage())  # its own validation: tiers, and parts without a whole
    except ValueError as error:
        raise ConfigurationError(f"price: {error}") from None
    return prices


def _of_mapping(price: Mapping[str, Any]) -> dict[str, Decimal]:
    prices: dict[str, Decimal] = {}
    for key, value in price.items():
        if key not in PRICE_KEYS:
            known = f" Known, in USD per million tokens: {', '.join(PRICE_KEYS)}."
            raise unknown_name("price: the key", str(key), PRICE_KEYS, hint=known)
        prices[PRICE_KEYS[key]] = Decimal(_number(f"price.{key}", value))
    for key in ("input", "output"):
        if key not in price:
            raise ConfigurationError(
                f"price.{key}: must be given, in USD per million tokens (0 if there is no charge)"
            )
    return prices


def positive(field: str, value: Any) -> float:
    """The number, if it is finite and more than 0.

    Raises:
        ConfigurationError: naming the field.
    """
    number = _number(field, value)
    if number == 0:
        raise ConfigurationError(f"{field}: must be more than 0")
    return number


def _number(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ConfigurationError(f"{field}: must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except (OverflowError, ValueError):  # an int beyond floats; a signalling NaN
        number = math.nan
    if not 0 <= number <= LARGEST:  # NaN compares false
        raise ConfigurationError(f"{field}: must be a finite number from 0 to {LARGEST:g}")
    return number

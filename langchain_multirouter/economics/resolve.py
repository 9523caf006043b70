"""Resolve: a deployment's price, from what the user gave or from genai-prices' dated data.

Order: the price that was given; else the model that was named to be priced as; else the model
itself. What is not known is None and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from ..deployment import PROVIDER_ALIASES, Provider
from ..errors import ConfigurationError
from .given import given_prices, positive
from .price import Price
from .rates import price_of
from .spellings import spellings

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

#: Our providers → genai-prices'. Its azure falls through to openai, anthropic, deepseek, x-ai and
#: moonshotai; its google to anthropic. Other names go to its own matching ("openai-chat").
GENAI_PROVIDERS: Final[Mapping[str, str]] = {
    Provider.AWS_BEDROCK: "aws",
    Provider.AZURE_OPENAI: "azure",
    Provider.GCP_VERTEX: "google",
}


def resolve_price(
    model_name: str,
    provider: str,
    *,
    at: datetime,
    price: ModelPrice | Mapping[str, Any] | None = None,
    price_as: str | None = None,
    price_multiplier: float = 1.0,
) -> Price | None:
    """A deployment's price at a time, or None where it is not known; for setting up, not per call.

    Args:
        model_name: The model's id, as the provider or LangChain spells it.
        provider: "aws_bedrock", "azure_openai", "gcp_vertex"; others as genai-prices knows them.
        at: The wall time the price is asked for; UTC if it has no zone.
        price: A `genai_prices.types.ModelPrice`, or USD per million tokens:
            `{"input": 3, "output": 15, "cache_read": 0.3}`. 0 is free.
        price_as: Another model whose price holds: "gpt-6.1-terra" of the same provider, or
            "azure_openai:gpt-6.1-terra".
        price_multiplier: On every rate: 1.1 for a data zone that costs 10 % more.

    Raises:
        ConfigurationError: a price or multiplier that is none, naming the field.
    """
    factor = positive("price_multiplier", price_multiplier)
    if price is not None:
        given = price_of(given_prices(price), factor=factor, source="given")
        if given is None:
            raise ConfigurationError("price: has neither an input nor an output price")
        return given
    if price_as is not None:
        provider, model_name = _named(price_as, provider)
    when = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    found = _find(model_name, provider)
    if found is None:
        return None
    source, model = found
    prices = vars(model.get_prices(when))
    return price_of(prices, factor=factor, source=source, valid_until=_next_change(model, when))


def _named(price_as: str, provider: str) -> tuple[str, str]:
    """Provider and model: a prefix counts only if it is one, since Bedrock's ids have colons."""
    prefix, colon, rest = price_as.strip().partition(":")
    known = colon and (
        prefix in PROVIDER_ALIASES or any(prefix == p.id for p in _snapshot().providers)
    )
    return (prefix, rest) if known else (provider, price_as)


def _snapshot() -> DataSnapshot:
    """The data in use: what `genai_prices.UpdatePrices` fetched, or what the package ships.

    Imported here, since it takes 0.08 s and not every router asks.
    """
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot()


def _find(model_name: str, provider: str) -> tuple[str, ModelInfo] | None:
    snapshot = _snapshot()
    provider = PROVIDER_ALIASES.get(provider, provider)
    asked = GENAI_PROVIDERS.get(provider, provider)
    try:
        ids = [model.id for model in snapshot.find_provider(None, asked, None).models]
    except LookupError:
        return None
    for name in spellings(model_name, provider, ids):
        try:
            _, model = snapshot.find_provider_model(name, None, asked, None)
        except LookupError:
            continue
        owner = next((p.id for p in snapshot.providers if any(m is model for m in p.models)), asked)
        return f"{owner}:{model.id}", model
    return None


def _next_change(model: ModelInfo, at: datetime) -> datetime | None:
    """When the price may next differ: a dated price, or an hour of the day where those count."""
    if not isinstance(model.prices, list):
        return None
    changes: list[datetime] = []
    for conditional in model.prices:
        starts = getattr(conditional.constraint, "start_date", None)
        if starts is not None:
            begins = datetime.combine(starts, time(), UTC)
            if begins > at and model.get_prices(begins) != model.get_prices(at):
                changes.append(begins)
        for field in ("start_time", "end_time"):
            hour: time | None = getattr(conditional.constraint, field, None)
            if hour is not None:
                changes.append(_next(hour, at))
    return min(changes, default=None)


def _next(hour: time, at: datetime) -> datetime:
    """The first such hour after a time (UTC)."""
    today = datetime.combine(at.date(), hour, hour.tzinfo or UTC).astimezone(UTC)
    days = (at - today) // timedelta(days=1) + 1
    return today + timedelta(days=days)

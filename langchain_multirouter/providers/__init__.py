"""Providers: one row for each cloud, looked up by name or by a model's class.

Rows are imported when they are first used, and no row imports an SDK before it builds a model, so
that a router over one cloud never loads the others'.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ..deployment import PROVIDER_ALIASES, Provider
from ..errors import unknown_name
from .provider import Parameters, ProviderClasses, Translation

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = [
    "Parameters",
    "ProviderClasses",
    "Translation",
    "cloud_named",
    "provider_named",
    "provider_of",
]

_MODULES: Final[Mapping[Provider, str]] = {
    Provider.AWS_BEDROCK: "bedrock",
    Provider.AZURE_OPENAI: "azure_openai",
    Provider.GCP_VERTEX: "vertex",
}

#: What else is written before the colon of a model string.
_MORE_ALIASES: Final[Mapping[str, Provider]] = {
    "google_genai": Provider.GCP_VERTEX,
    "google": Provider.GCP_VERTEX,
    "gemini": Provider.GCP_VERTEX,
    "vertexai": Provider.GCP_VERTEX,
    "aws": Provider.AWS_BEDROCK,
}


@cache
def _row(provider: Provider) -> ProviderClasses:
    module = importlib.import_module(f".{_MODULES[provider]}", __package__)
    row: ProviderClasses = module.ROW
    return row


@cache
def _other(name: str) -> ProviderClasses:
    kind: Any = importlib.import_module(".other", __package__).OtherClasses
    row: ProviderClasses = kind(name)
    return row


def provider_named(name: str) -> ProviderClasses:
    """The row of a provider by any of its names.

    Raises:
        ConfigurationError: no provider has that name; with those that come near.
    """
    return _row(cloud_named(name))


def cloud_named(name: str) -> Provider:
    """The provider by any of its names.

    Raises:
        ConfigurationError: no provider has that name; with those that come near.
    """
    said = name.strip().casefold()
    provider = PROVIDER_ALIASES.get(said) or _MORE_ALIASES.get(said)
    if provider is None:
        raise unknown_name("provider", name, (*PROVIDER_ALIASES, *_MORE_ALIASES))
    return provider


def provider_of(model: BaseChatModel) -> ProviderClasses:
    """The row that owns the model, by its class; any other model gets a row of its own type."""
    for provider in Provider:
        row = _row(provider)
        if row.owns(model):
            return row
    return _other(str(model._llm_type))

"""Embeddings: one row for each cloud's embeddings classes, found as those of chat models are."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Final

from langchain_core.embeddings import Embeddings

from ...deployment import Provider
from .. import cloud_named
from .other import OtherEmbeddings
from .row import EmbeddingsClasses

__all__ = ["EmbeddingsClasses", "embeddings_named", "embeddings_of"]

_MODULES: Final[Mapping[Provider, str]] = {
    Provider.AWS_BEDROCK: "bedrock",
    Provider.AZURE_OPENAI: "azure_openai",
    Provider.GCP_VERTEX: "vertex",
}


@cache
def _row(provider: Provider) -> EmbeddingsClasses:
    module = importlib.import_module(f".{_MODULES[provider]}", __package__)
    row: EmbeddingsClasses = module.ROW
    return row


def embeddings_named(name: str) -> EmbeddingsClasses:
    """The row of a provider by any of its names.

    Raises:
        ConfigurationError: no provider has that name; with those that come near.
    """
    return _row(cloud_named(name))


def embeddings_of(model: Embeddings) -> EmbeddingsClasses:
    """The row that owns the object, by its class; any other gets a row named as its class."""
    for provider in Provider:
        row = _row(provider)
        if row.owns(model):
            return row
    return OtherEmbeddings(type(model).__name__)

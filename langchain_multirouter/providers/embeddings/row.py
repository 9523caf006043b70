"""Row: what the router has to know of one provider's embeddings classes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

from langchain_core.embeddings import Embeddings

from ...outcome import Failure


class EmbeddingsClasses(Protocol):
    """One provider's row: build, take a user's, say what it yields and takes, classify."""

    name: str  # "aws_bedrock", "azure_openai", "gcp_vertex", or another class's own name
    extra: str | None  # the pip extra that brings its classes

    def owns(self, model: Embeddings) -> bool:
        """Whether the object is of this provider, by class names, without importing an SDK."""

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> Embeddings:
        """The provider's class with a timeout set and its hidden retries off.

        Raises:
            ConfigurationError: the extra is not installed, or the class refused the settings.
        """

    def adopt(
        self,
        model: Embeddings,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> Embeddings:
        """A user's object with retries off and a timeout, as a copy; with `keep_retries` itself."""

    def model_name(self, model: Embeddings) -> str:
        """The model's id as the provider spells it."""

    def dimensions(self, model: Embeddings) -> int | None:
        """The size that its vectors were asked to have; None is the model's own."""

    def timeout_seconds(self, model: Embeddings) -> float | None:
        """The time limit that its requests have now, where it can be read."""

    def hidden_attempts(self, model: Embeddings) -> int:
        """Wire attempts that the SDK makes for one failing request (1: its retries are off)."""

    def keywords(self, model: Embeddings, method: str) -> frozenset[str] | None:
        """What a call of this method takes besides texts; None is anything."""

    def classify(self, error: BaseException) -> Failure:
        """The exception as a failure, by the one table of causes."""


@cache
def keywords_of(kind: type, method: str) -> frozenset[str] | None:
    """The named parameters of a class's method, after the texts; None if it takes any."""
    _, _, *more = inspect.signature(getattr(kind, method)).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in more):
        return None
    return frozenset(parameter.name for parameter in more)


def size_said(model: object, *fields: str) -> int | None:
    """The first of the fields that holds a size."""
    for field in fields:
        size = getattr(model, field, None)
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            return size
    return None

"""Other: any LangChain embeddings object of no provider we know, taken as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.embeddings import Embeddings
from pydantic import BaseModel

from ...errors import ConfigurationError
from ...outcome import Failure
from ..classify import classify
from ..construction import rebuilt, seconds_of
from .row import keywords_of, size_said

#: Where classes keep their model's name, the most usual first.
_NAMES: Final = ("model_name", "model", "model_id", "deployment")


class OtherEmbeddings:
    """The row of every other class: its time limits and retries are its own."""

    extra: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def owns(self, model: Embeddings) -> bool:
        """Whether it is of the class of this name."""
        return type(model).__name__ == self.name

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> Embeddings:
        """Refused: only the three clouds' can be built from a string.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            f"model: embeddings of {self.name[:40]!r} cannot be built from a string; give the "
            "LangChain embeddings object"
        )

    def adopt(
        self,
        model: Embeddings,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> Embeddings:
        """The object itself, or, with settings, one built anew with them.

        Raises:
            ConfigurationError: settings for a class whose fields cannot be told.
        """
        if keep_retries or not settings:
            return model
        if not isinstance(model, BaseModel):
            raise ConfigurationError(f"params: {self.name[:40]} takes none; set them on the object")
        adopted: Embeddings = rebuilt(model, settings)
        return adopted

    def model_name(self, model: Embeddings) -> str:
        """The model's name, or else the class's."""
        for field in _NAMES:
            name = getattr(model, field, None)
            if isinstance(name, str) and name:
                return name
        return self.name

    def dimensions(self, model: Embeddings) -> int | None:
        """What a field of the usual name says."""
        return size_said(model, "dimensions", "output_dimensionality", "size")

    def timeout_seconds(self, model: Embeddings) -> float | None:
        """What a field of the usual name says."""
        names = ("timeout", "request_timeout")
        found = (seconds_of(getattr(model, name, None)) for name in names)
        return next((seconds for seconds in found if seconds is not None), None)

    def hidden_attempts(self, model: Embeddings) -> int:
        """1: what the class does cannot be known."""
        return 1

    def keywords(self, model: Embeddings, method: str) -> frozenset[str] | None:
        """By the method's signature."""
        return keywords_of(type(model), method)

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)

"""Google Vertex: `GoogleGenerativeAIEmbeddings`, and `VertexAIEmbeddings` if brought.

Neither class takes a time limit, and the SDK below them has none, but repeats what a connection
refuses: both are the google-genai client's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.embeddings import Embeddings

from ...outcome import Failure
from ..classify import classify
from ..construction import constructed, copied, imported, is_a, rebuilt, warn_injected
from ..vertex import check_project
from . import genai_client
from .row import keywords_of, size_said

_GENAI: Final = "GoogleGenerativeAIEmbeddings"
_VERTEXAI: Final = "VertexAIEmbeddings"

#: VertexAIEmbeddings repeats requests by itself; it counts attempts.
_ONE_ATTEMPT: Final = 1


class VertexEmbeddingsClasses:
    """The row of Google Vertex."""

    name = "gcp_vertex"
    extra: str | None = "vertex"

    def owns(self, model: Embeddings) -> bool:
        """Whether it is one of Google's classes, the Gemini API's included."""
        return is_a(model, (_GENAI,), package="langchain_google_genai") or is_a(
            model, (_VERTEXAI,), package="langchain_google_vertexai"
        )

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> Embeddings:
        """A GoogleGenerativeAIEmbeddings on Vertex AI.

        Raises:
            ConfigurationError: the extra is missing, the class refused the settings, or no project
                is named (the SDK would look for one over the network).
        """
        kind = imported("langchain_google_genai", _GENAI, extra="vertex")
        given = {"model": model, "vertexai": True, **settings}
        if given["vertexai"]:
            check_project(given, _GENAI)
        built: Any = constructed(kind, given)
        genai_client.settle(built.client, timeout_seconds)
        return built  # type: ignore[no-any-return]

    def adopt(
        self,
        model: Embeddings,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> Embeddings:
        """A copy over a client like the user's, with one attempt and a time limit."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            if is_a(own, (_GENAI,), package="langchain_google_genai"):
                settings = {"vertexai": own._use_vertexai, **settings}  # the environment may differ
            own = rebuilt(own, settings, without=("client",))
        changes: dict[str, Any] = {}
        if getattr(own, "max_retries", _ONE_ATTEMPT) != _ONE_ATTEMPT:
            changes["max_retries"] = _ONE_ATTEMPT
        if not genai_client.is_one(own.client):
            warn_injected(own, "client")
        elif not genai_client.is_settled(own.client):
            changes["client"] = genai_client.twin(own.client, timeout_seconds)
        adopted: Embeddings = copied(own, changes) if changes else own
        return adopted

    def model_name(self, model: Embeddings) -> str:
        """The model's id, without the path of the resource."""
        name = getattr(model, "model_name", None) or getattr(model, "model", "")
        return str(name).removeprefix("models/")

    def dimensions(self, model: Embeddings) -> int | None:
        """`output_dimensionality`, or `dimensions` of the older class."""
        return size_said(model, "output_dimensionality", "dimensions")

    def timeout_seconds(self, model: Embeddings) -> float | None:
        """The client's."""
        own: Any = model
        return genai_client.timeout_seconds(own.client)

    def hidden_attempts(self, model: Embeddings) -> int:
        """The class's own, times the client's."""
        own: Any = model
        return max(1, getattr(own, "max_retries", 1)) * genai_client.attempts(own.client)

    def keywords(self, model: Embeddings, method: str) -> frozenset[str] | None:
        """By the method's signature: `task_type`, `output_dimensionality`, titles."""
        return keywords_of(type(model), method)

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)


ROW: Final = VertexEmbeddingsClasses()

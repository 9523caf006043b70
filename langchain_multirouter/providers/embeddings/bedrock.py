"""AWS Bedrock: `BedrockEmbeddings`, whose retries and time limits are its boto3 client's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.embeddings import Embeddings

from ...outcome import Failure
from ..boto_client import attempts, can_be_twinned, limits, one_attempt, twin, wanted_limits
from ..classify import classify
from ..construction import constructed, copied, imported, is_a, rebuilt, warn_injected
from .row import keywords_of, size_said

_CLASS: Final = "BedrockEmbeddings"

#: Settings that need a client made anew; with any others the user's own is kept.
_CONNECTION: Final = frozenset(
    {
        "region_name",
        "credentials_profile_name",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "endpoint_url",
        "config",
    }
)


class BedrockEmbeddingsClasses:
    """The row of AWS Bedrock: no retries means one attempt in all."""

    name = "aws_bedrock"
    extra: str | None = "bedrock"

    def owns(self, model: Embeddings) -> bool:
        """Whether it is a BedrockEmbeddings."""
        return is_a(model, (_CLASS,), package="langchain_aws")

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> Embeddings:
        """A BedrockEmbeddings.

        Raises:
            ConfigurationError: the extra is missing, or the class refused the settings.
        """
        kind = imported("langchain_aws", _CLASS, extra="bedrock")
        given = {"model_id": model, **settings}
        config = given.get("config")
        wanted = wanted_limits(config, otherwise=timeout_seconds)
        built: Embeddings = constructed(kind, {**given, "config": one_attempt(config, wanted)})
        return built

    def adopt(
        self,
        model: Embeddings,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> Embeddings:
        """A copy with a client of its own that makes one attempt, within a time limit."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            own = rebuilt(own, settings, clients=("client",), connection=_CONNECTION)
        wanted = wanted_limits(own.config, own.client, otherwise=timeout_seconds)
        if attempts(own.client) == 1 and limits(own.client) == wanted:
            return own  # type: ignore[no-any-return]
        if not can_be_twinned(own.client):
            warn_injected(own, "client")
            return own  # type: ignore[no-any-return]
        changes = {"client": twin(own.client, wanted), "config": one_attempt(own.config, wanted)}
        adopted: Embeddings = copied(own, changes)
        return adopted

    def model_name(self, model: Embeddings) -> str:
        """The model's id: an inference profile's, where it is called through one."""
        own: Any = model
        return str(own.model_id)

    def dimensions(self, model: Embeddings) -> int | None:
        """`dimensions`."""
        return size_said(model, "dimensions")

    def timeout_seconds(self, model: Embeddings) -> float | None:
        """By the settings of the boto3 client itself."""
        own: Any = model
        return limits(own.client).read_seconds

    def hidden_attempts(self, model: Embeddings) -> int:
        """By the settings of the boto3 client itself."""
        own: Any = model
        return attempts(own.client)

    def keywords(self, model: Embeddings, method: str) -> frozenset[str] | None:
        """By the method's signature."""
        return keywords_of(type(model), method)

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)


ROW: Final = BedrockEmbeddingsClasses()

"""Azure OpenAI: `AzureOpenAIEmbeddings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.embeddings import Embeddings

from ...outcome import Failure
from ..classify import classify
from ..construction import constructed, copied, imported, is_a, rebuilt, seconds_of, warn_injected
from .row import size_said

_CLASS: Final = "AzureOpenAIEmbeddings"
_CLIENTS: Final = ("client", "async_client")

#: Settings that need clients made anew; with any others the user's own are kept.
_CONNECTION: Final = frozenset(
    {
        "azure_endpoint",
        "deployment",
        "openai_api_version",
        "openai_api_key",
        "openai_api_base",
        "openai_organization",
        "openai_proxy",
        "azure_ad_token",
        "azure_ad_token_provider",
        "azure_ad_async_token_provider",
        "default_headers",
        "default_query",
        "http_client",
        "http_async_client",
    }
)

#: What its methods pass on as `**kwargs`, and the service takes.
_KEYWORDS: Final = frozenset({"chunk_size", "dimensions", "user"})


class AzureOpenAIEmbeddingsClasses:
    """The row of Azure OpenAI: `max_retries` counts repetitions."""

    name = "azure_openai"
    extra: str | None = "azure"

    def owns(self, model: Embeddings) -> bool:
        """Whether it is an AzureOpenAIEmbeddings."""
        return is_a(model, (_CLASS,), package="langchain_openai")

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> Embeddings:
        """An AzureOpenAIEmbeddings for a deployment of that name, unless the settings name one.

        Raises:
            ConfigurationError: the extra is missing, or the class refused the settings.
        """
        kind = imported("langchain_openai", _CLASS, extra="azure")
        given = dict(settings)
        if not given.keys() & {"azure_deployment", "deployment", "base_url"}:
            given["azure_deployment"] = model
        given.setdefault("model", model)
        # Else the class loads a tokenizer's file over the network, and sends tokens for texts.
        given.setdefault("check_embedding_ctx_length", False)
        seconds = given.pop("timeout", given.pop("request_timeout", None)) or timeout_seconds
        built: Embeddings = constructed(kind, {**given, "timeout": seconds, "max_retries": 0})
        return built

    def adopt(
        self,
        model: Embeddings,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> Embeddings:
        """A copy over the same connections and credentials, retries off and a timeout set."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            own = rebuilt(own, settings, clients=_CLIENTS, connection=_CONNECTION)
        adopted: Embeddings = _tamed(own, timeout_seconds)
        return adopted

    def model_name(self, model: Embeddings) -> str:
        """The OpenAI model's name if it was given, else the deployment's.

        The class's default name is of another model than most deployments serve.
        """
        own: Any = model
        if "model" in own.model_fields_set or not own.deployment:
            return str(own.model)
        return str(own.deployment)

    def dimensions(self, model: Embeddings) -> int | None:
        """`dimensions`."""
        return size_said(model, "dimensions")

    def timeout_seconds(self, model: Embeddings) -> float | None:
        """The time limit of its requests."""
        own: Any = model
        return seconds_of(own.request_timeout)

    def hidden_attempts(self, model: Embeddings) -> int:
        """The retries of the clients themselves, plus one."""
        roots = (_root(getattr(model, name)) for name in _CLIENTS)
        return 1 + max((root.max_retries for root in roots if root is not None), default=0)

    def keywords(self, model: Embeddings, method: str) -> frozenset[str] | None:
        """The few of its `**kwargs` that the service takes."""
        return _KEYWORDS

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)


def _root(resource: Any) -> Any:
    """The client that a resource belongs to; None for a stand-in that has none."""
    root = getattr(resource, "_client", None)
    return root if isinstance(getattr(root, "max_retries", None), int) else None


def _tamed(model: Any, timeout_seconds: float) -> Any:
    seconds = model.request_timeout
    if seconds is None:
        seconds = timeout_seconds
    changes: dict[str, Any] = {}
    for name in _CLIENTS:
        resource = getattr(model, name)
        root = _root(resource)
        if root is None:
            if resource is not None:
                warn_injected(model, name)
        elif root.max_retries != 0 or model.request_timeout is None:
            changes[name] = root.with_options(max_retries=0, timeout=seconds).embeddings
    if not changes:
        return model
    return copied(model, {**changes, "max_retries": 0, "request_timeout": seconds})


ROW: Final = AzureOpenAIEmbeddingsClasses()

"""Azure OpenAI: `AzureChatOpenAI`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from ..outcome import Failure
from ..porting.dialect import AZURE_CHAT, AZURE_RESPONSES, Dialect
from ..values import new
from .classify import classify
from .construction import constructed, copied, imported, is_a, rebuilt, seconds_of, warn_injected
from .judge import judge
from .openai_responses import in_responses, refuses_temperature, speaks_responses
from .provider import Parameters, Translation
from .toolbox import bound_settings

_NOTHING: Final = Parameters()

_CLIENTS: Final = ("client", "async_client", "root_client", "root_async_client")

#: Settings that need clients made anew; with any others the user's own are kept.
_CONNECTION: Final = frozenset(
    {
        "azure_endpoint",
        "deployment_name",
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

#: Response formats without a schema.
_PLAIN_FORMATS: Final = frozenset({"json_object", "text"})

_TOOL_SETTINGS: Final = frozenset({"strict", "parallel_tool_calls", "response_format"})


class AzureOpenAIClasses:
    """The row of Azure OpenAI: `max_retries` counts repetitions, a `timeout` goes with a call."""

    name = "azure_openai"
    extra: str | None = "azure"

    def owns(self, model: BaseChatModel) -> bool:
        """Whether it is an AzureChatOpenAI."""
        return is_a(model, ("AzureChatOpenAI",), package="langchain_openai")

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> BaseChatModel:
        """An AzureChatOpenAI for a deployment of that name, unless the settings name another.

        Raises:
            ConfigurationError: the extra is missing, or the class refused the settings.
        """
        kind = imported("langchain_openai", "AzureChatOpenAI", extra="azure")
        given = dict(settings)
        if not given.keys() & {"azure_deployment", "deployment_name", "base_url"}:
            given["azure_deployment"] = model
        if not given.keys() & {"model", "model_name"}:
            given["model"] = model
        seconds = given.pop("timeout", given.pop("request_timeout", None)) or timeout_seconds
        given |= {"timeout": seconds, "max_retries": 0}
        if isinstance(seconds, int | float):
            given.setdefault("stream_chunk_timeout", seconds)
        built: BaseChatModel = constructed(kind, given)
        return built

    def adopt(
        self,
        model: BaseChatModel,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> BaseChatModel:
        """A copy over the same connections and credentials, retries off and a timeout set."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            own = rebuilt(own, settings, clients=_CLIENTS, connection=_CONNECTION)
        if _is_injected(own):
            warn_injected(own, "client")
            return own  # type: ignore[no-any-return]
        adopted: BaseChatModel = _tamed(own, timeout_seconds)
        return adopted

    def model_name(self, model: BaseChatModel) -> str:
        """The OpenAI model's name, or the deployment's where that is all there is."""
        own: Any = model
        return own.model_name or own.deployment_name or ""

    def timeout_seconds(self, model: BaseChatModel) -> float | None:
        """The time limit of its requests."""
        own: Any = model
        return seconds_of(own.request_timeout)

    def hidden_attempts(self, model: BaseChatModel) -> int:
        """The retries of the clients themselves, plus one."""
        own: Any = model
        clients = (own.root_client, own.root_async_client, own.client, own.async_client)
        counts = [_max_retries(client) for client in clients if client is not None]
        return 1 + max(counts, default=0)

    def translate(
        self,
        model: BaseChatModel,
        parameters: Parameters,
        messages: Sequence[BaseMessage] = (),
    ) -> Translation:
        """Everything goes with the call; a temperature is dropped where the model refuses it."""
        if speaks_responses(model, parameters):
            return in_responses(model, _translated(model, parameters))
        if parameters == _NOTHING:
            return new(Translation, (model, None, {}, ()))
        return _translated(model, parameters)

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        """Chat completions, or the Responses API where the class would use it."""
        return AZURE_RESPONSES if speaks_responses(model, parameters) else AZURE_CHAT

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)

    def judge(self, message: AIMessage) -> Failure | None:
        """By the shared table; the service always gives a finish reason, or a status."""
        return judge(message, reason_needed=True)


def _tamed(model: Any, timeout_seconds: float) -> Any:
    changes: dict[str, Any] = {}
    seconds = model.request_timeout
    if seconds is None:
        seconds = changes["request_timeout"] = timeout_seconds
        if "stream_chunk_timeout" not in model.model_fields_set:
            changes["stream_chunk_timeout"] = timeout_seconds
    if not changes and model.max_retries == 0:
        return model
    changes["max_retries"] = 0
    tame = copied(model, changes)
    for root, leaf in (("root_client", "client"), ("root_async_client", "async_client")):
        client = getattr(model, root)
        if client is not None:
            client = client.with_options(max_retries=0, timeout=seconds)
            setattr(tame, root, client)
            setattr(tame, leaf, client.chat.completions)
    return tame


def _is_injected(model: Any) -> bool:
    """Whether a client is not the one that the class made, which it keeps beside its root."""
    for root, leaf in (("root_client", "client"), ("root_async_client", "async_client")):
        client, used = getattr(model, root), getattr(model, leaf)
        if used is not None and (client is None or client.chat.completions is not used):
            return True
    return False


def _max_retries(client: Any) -> int:
    """A root client's retries, or those of the client that a resource belongs to."""
    owner = client if hasattr(client, "max_retries") else getattr(client, "_client", None)
    retries = getattr(owner, "max_retries", 0)
    return retries if isinstance(retries, int) else 0


def _translated(model: Any, asked: Parameters) -> Translation:
    settings: dict[str, Any] = {}
    dropped: tuple[str, ...] = ()
    if asked.tools or asked.tool_settings:
        settings, dropped = _tools(model, asked)
    if asked.temperature is not None:
        if refuses_temperature(model):
            dropped = (*dropped, "temperature")
        else:
            settings["temperature"] = asked.temperature
    if asked.max_tokens is not None:
        settings["max_completion_tokens"] = asked.max_tokens
    if asked.top_p is not None:
        settings["top_p"] = asked.top_p
    if asked.seed is not None:
        settings["seed"] = asked.seed
    if asked.timeout_seconds is not None:
        settings["timeout"] = asked.timeout_seconds
    return Translation(model, list(asked.stop) if asked.stop else None, settings, dropped)


def _tools(model: Any, asked: Parameters) -> tuple[dict[str, Any], tuple[str, ...]]:
    more = asked.tool_settings or {}
    taken = {name: value for name, value in more.items() if name in _TOOL_SETTINGS}
    dropped = tuple(name for name in more if name not in _TOOL_SETTINGS)
    tools = asked.tools or ()
    if not tools:
        taken.pop("parallel_tool_calls", None)  # refused where there are no tools
    choice = asked.tool_choice if tools else None
    form = taken.get("response_format")
    plain = isinstance(form, Mapping) and form.get("type") in _PLAIN_FORMATS
    if plain:
        del taken["response_format"]  # `bind_tools` takes it for a schema
        if not model.use_responses_api:
            taken.setdefault("strict", True)  # as it would: tools beside a format have to be
    settings = bound_settings(model, tools, choice, taken)
    if plain:
        settings["response_format"] = form
    return settings, dropped


ROW: Final = AzureOpenAIClasses()

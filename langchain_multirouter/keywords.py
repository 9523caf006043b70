"""Keywords: what a call's keyword arguments mean: options, neutral parameters, or a mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage

from .deployment import finite
from .errors import ConfigurationError, unknown_name
from .options import OPTION_NAMES
from .porting.built_in import built_in
from .porting.recursion import openai_tool
from .providers.provider import Parameters
from .tool_objects import is_tool

#: LangChain's own: they steer its run, not the model.
INTERNAL = frozenset({"stream", "ls_structured_output_format", "structured_output_format"})
#: `with_structured_output(retry_unparsed=True)` hands its parser to the call under this name.
ACCEPTS = "answer_must_parse"
#: Passed to the provider's `bind_tools` where it takes them.
TOOL_SETTINGS = frozenset({"parallel_tool_calls", "strict", "response_format"})
NEUTRAL = frozenset(
    {"temperature", "max_tokens", "top_p", "stop", "timeout", "seed", "tools", "tool_choice"}
)
KNOWN = NEUTRAL | TOOL_SETTINGS | OPTION_NAMES | {"model"}
#: A call may come from outside; where it goes and with whose key is the operator's to say.
FORBIDDEN = frozenset(
    {
        "api_base",
        "api_key",
        "api_version",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "azure_ad_token",
        "azure_ad_token_provider",
        "azure_deployment",
        "azure_endpoint",
        "base_url",
        "bedrock_client",
        "client",
        "client_args",
        "client_options",
        "config",
        "credentials",
        "credentials_profile_name",
        "default_headers",
        "deployment_name",
        "endpoint",
        "endpoint_url",
        "extra_headers",
        "google_api_key",
        "headers",
        "http_async_client",
        "http_client",
        "location",
        "openai_api_base",
        "openai_api_key",
        "organization",
        "project",
        "proxies",
        "proxy",
        "region_name",
        "transport",
    }
)


class Read(NamedTuple):
    """A call's keywords, taken apart."""

    options: dict[str, Any]
    parameters: Parameters
    model: str | None
    accepts: Callable[[AIMessage], bool] | None = None


def read_keywords(
    keywords: Mapping[str, Any], stop: Sequence[str] | None, defaults: Parameters
) -> Read:
    """Take a call's keywords apart; the router's own parameters stand where the call has none.

    Raises:
        ConfigurationError: naming the keyword that is unknown, forbidden or wrong.
    """
    options: dict[str, Any] = {}
    asked: dict[str, Any] = {}
    accepts: Callable[[AIMessage], bool] | None = None
    for name, value in keywords.items():
        if name in OPTION_NAMES:
            options[name] = value
        elif name in KNOWN:
            asked[name] = value
        elif name in FORBIDDEN:
            raise ConfigurationError(
                f"{name}: cannot be set in a call; endpoints and credentials belong to the "
                "deployment (Deployment(params={...}) or the model object)"
            )
        elif name == ACCEPTS:
            accepts = value
        elif name not in INTERNAL:
            hint = " Settings of one provider alone go into Deployment(params={...})."
            raise unknown_name("Call keyword", str(name), KNOWN, hint=hint)
    model = asked.pop("model", None)
    if model is not None and not isinstance(model, str):
        raise ConfigurationError("model: must be the name of a deployment or of a model")
    if stop is not None:
        asked["stop"] = stop
    parameters = read_parameters(asked, defaults) if asked else defaults
    return Read(options, parameters, model, accepts)


def read_parameters(asked: Mapping[str, Any], defaults: Parameters) -> Parameters:
    """The neutral parameters, checked; None means: the default's.

    Raises:
        ConfigurationError: naming the parameter that is wrong.
    """
    changes: dict[str, Any] = {}
    settings = {}
    for name, value in asked.items():
        if name in TOOL_SETTINGS:
            settings[name] = value
        elif value is not None:
            field = "timeout_seconds" if name == "timeout" else name
            changes[field] = _READERS[name](name, value)
    if settings:
        changes["tool_settings"] = settings
    choice = changes.get("tool_choice")
    if choice not in {None, "any", "auto", "none"}:
        names = {tool_name(tool) for tool in changes.get("tools") or ()}
        if choice not in names:
            raise unknown_name("tool_choice", choice, {*names, "any", "auto", "none"})
    return defaults._replace(**changes)


def _temperature(name: str, value: Any) -> float:
    finite(name, value)
    return float(value)


def _share(name: str, value: Any) -> float:
    finite(name, value)
    if not 0 < value <= 1:
        raise ConfigurationError(f"{name}: must lie in (0, 1]")
    return float(value)


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name}: must be a whole number of at least 1")
    return value


def _seed(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(f"{name}: must be a whole number")
    return value


def _seconds(name: str, value: Any) -> float:
    finite(name, value)
    if value <= 0:
        raise ConfigurationError(f"{name}: must be more than 0 seconds")
    return float(value)


def _stop(name: str, value: Any) -> tuple[str, ...] | None:
    sequences = (value,) if isinstance(value, str) else value
    if not isinstance(sequences, list | tuple) or not all(
        isinstance(s, str) and s for s in sequences
    ):
        raise ConfigurationError(f"{name}: must be texts that are not empty")
    return tuple(sequences) or None


def _tools(name: str, value: Any) -> list[Any]:
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name}: must be a list of tools")
    return list(value)


_KINDS_OF_CHOICE = {"any": "any", "required": "any", "auto": "auto", "none": "none"}


def neutral_tool_choice(name: str, value: Any) -> str:
    """The choice in one form for all providers: "any", "auto", "none", or a tool's name."""
    if value is True or value == "required":
        return "any"
    if value is False:
        return "none"
    if isinstance(value, Mapping):
        inner = value.get("function") or value.get("tool")
        named = inner.get("name") if isinstance(inner, Mapping) else value.get("name")
        kind = value.get("type") or next(iter(value), None)  # Bedrock's form: {"any": {}}
        value = named or _KINDS_OF_CHOICE.get(str(kind))
    if not isinstance(value, str) or not value:
        raise ConfigurationError(f'{name}: must be "any", "auto", "none" or a tool\'s name')
    return value


def neutral_tool(tool: Any) -> Any:
    """A tool as an OpenAI dictionary: picklable, traceable, the same wherever it is sent.

    A provider's own tool (a dictionary of its own type) and one with provider extras pass through.
    """
    if is_tool(tool) and tool.extras:
        return tool
    provided = built_in(tool)
    return openai_tool(tool) if provided is None else provided


def tool_name(tool: Any) -> str:
    """What a tool choice calls the tool."""
    if isinstance(tool, Mapping):
        function = tool.get("function")
        named = function.get("name") if isinstance(function, Mapping) else None
        return str(named or tool.get("name") or tool.get("title") or tool.get("type") or "")
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", ""))


_READERS = {
    "temperature": _temperature,
    "max_tokens": _count,
    "top_p": _share,
    "stop": _stop,
    "timeout": _seconds,
    "seed": _seed,
    "tools": _tools,
    "tool_choice": neutral_tool_choice,
}

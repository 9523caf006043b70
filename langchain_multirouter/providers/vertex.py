"""Google Vertex: `ChatGoogleGenerativeAI`; `ChatVertexAI` and `ChatAnthropicVertex` if brought."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from ..errors import ConfigurationError
from ..outcome import Failure
from ..porting.dialect import VERTEX_CLAUDE, VERTEX_GAPIC, VERTEX_GEMINI, VERTEX_GEMINI_2, Dialect
from ..values import new
from .classify import classify
from .construction import constructed, copied, imported, is_a, rebuilt, seconds_of
from .judge import judge
from .provider import Parameters, Translation
from .toolbox import bound, bound_settings, function_of, response_format_of

_NOTHING: Final = Parameters()

_GENAI: Final = "ChatGoogleGenerativeAI"
_GAPIC: Final = "ChatVertexAI"
_ANTHROPIC: Final = "ChatAnthropicVertex"

#: Fields that hold clients, made anew where a model is built anew.
_CLIENTS: Final = (
    "client",
    "async_client",
    "client_preview",
    "async_client_preview",
    "default_metadata",
)

#: Both packages count attempts, not repetitions.
_ONE_ATTEMPT: Final = 1

_TOOL_SETTINGS: Final[Mapping[str, frozenset[str]]] = {
    _GENAI: frozenset({"response_format"}),
    _GAPIC: frozenset(),
    _ANTHROPIC: frozenset({"parallel_tool_calls"}),
}

#: Gemini's first two versions.
_EARLY: Final = re.compile(r"gemini-[12](?!\d)")

_DIALECTS: Final[Mapping[str, Dialect]] = {
    _GENAI: VERTEX_GEMINI,
    _GAPIC: VERTEX_GAPIC,
    _ANTHROPIC: VERTEX_CLAUDE,
}


class VertexClasses:
    """The row of Google Vertex: `max_retries` counts attempts, a `timeout` goes with a call."""

    name = "gcp_vertex"
    extra: str | None = "vertex"

    def owns(self, model: BaseChatModel) -> bool:
        """Whether it is one of Google's chat models, the Gemini API's included."""
        return is_a(model, (_GENAI,), package="langchain_google_genai") or is_a(
            model, (_GAPIC, _ANTHROPIC), package="langchain_google_vertexai"
        )

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> BaseChatModel:
        """A ChatGoogleGenerativeAI on Vertex AI.

        Raises:
            ConfigurationError: the extra is missing, the class refused the settings, or no project
                is named (the SDK would look for one over the network).
        """
        kind = imported("langchain_google_genai", _GENAI, extra="vertex")
        given = {"model": model, "vertexai": True, **settings}
        seconds = given.pop("timeout", given.pop("request_timeout", None)) or timeout_seconds
        given.pop("retries", None)
        if given["vertexai"]:
            check_project(given)
        given |= {"timeout": seconds, "max_retries": _ONE_ATTEMPT}
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
        """A copy over the same client, which takes attempts and time limit from each call."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            if _family(own) == _GENAI:  # the environment, which also tells, can have changed
                settings = {"vertexai": own._use_vertexai, **settings}
            own = rebuilt(own, settings, without=_CLIENTS)
        changes: dict[str, Any] = {}
        if self.hidden_attempts(own) != 1:
            changes["max_retries"] = _ONE_ATTEMPT
        if own.timeout is None:
            changes["timeout"] = timeout_seconds
            if _family(own) == _ANTHROPIC:
                for name in ("client", "async_client"):
                    changes[name] = getattr(own, name).with_options(timeout=timeout_seconds)
        adopted: BaseChatModel = copied(own, changes) if changes else own
        return adopted

    def model_name(self, model: BaseChatModel) -> str:
        """The model's id, without the path of the resource."""
        own: Any = model
        name = getattr(own, "model_name", None) or getattr(own, "model", "")
        return str(name).removeprefix("models/")

    def timeout_seconds(self, model: BaseChatModel) -> float | None:
        """The time limit of its requests."""
        own: Any = model
        return seconds_of(own.timeout)

    def hidden_attempts(self, model: BaseChatModel) -> int:
        """`max_retries`, which counts attempts; 0 also means one."""
        own: Any = model
        return max(1, int(own.max_retries or 0))

    def translate(
        self,
        model: BaseChatModel,
        parameters: Parameters,
        messages: Sequence[BaseMessage] = (),
    ) -> Translation:
        """Everything goes with the call."""
        if parameters == _NOTHING:
            return new(Translation, (model, None, {}, ()))
        return _translated(model, parameters)

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        """Gemini's, or Claude's where it is served on Vertex."""
        dialect = _DIALECTS[_family(model)]
        if dialect is VERTEX_GEMINI and _EARLY.match(self.model_name(model)):
            return VERTEX_GEMINI_2
        return dialect

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)

    def judge(self, message: AIMessage) -> Failure | None:
        """By the shared table; the service always gives a finish or a block reason."""
        return judge(message, reason_needed=True)


def _family(model: object) -> str:
    """Which of the three classes it is, or descends from."""
    return next(kind.__name__ for kind in type(model).__mro__ if kind.__name__ in _TOOL_SETTINGS)


def check_project(given: Mapping[str, Any], kind: str = _GENAI) -> None:
    """Refuse what makes the SDK ask the metadata service for a project while it is built.

    Raises:
        ConfigurationError: naming the class, and what to set.
    """
    if any(given.get(name) for name in ("project", "credentials", "base_url", "client_options")):
        return
    if any(given.get(name) for name in ("api_key", "google_api_key")):
        return
    known = ("GOOGLE_CLOUD_PROJECT", "GOOGLE_API_KEY", "GEMINI_API_KEY")
    if any(map(os.environ.get, (*known, "GOOGLE_APPLICATION_CREDENTIALS"))):
        return
    home = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    if not (Path(home) / "application_default_credentials.json").exists():
        raise ConfigurationError(f"{kind}: project: must be given, or set in GOOGLE_CLOUD_PROJECT")


def _translated(model: Any, asked: Parameters) -> Translation:
    settings: dict[str, Any] = {}
    dropped: list[str] = []
    family = _family(model)
    if asked.tools or asked.tool_settings:
        settings = _tools(model, family, asked, dropped)
    profile = getattr(model, "profile", None)
    if asked.temperature is not None:
        if profile and profile.get("temperature") is False:
            dropped.append("temperature")
        else:
            settings["temperature"] = asked.temperature
    if asked.max_tokens is not None:
        key = "max_tokens" if family == _ANTHROPIC else "max_output_tokens"
        settings[key] = asked.max_tokens
    if asked.top_p is not None:
        settings["top_p"] = asked.top_p
    if asked.seed is not None:
        if family == _ANTHROPIC:
            dropped.append("seed")
        else:
            settings["seed"] = asked.seed
    if asked.timeout_seconds is not None:
        settings["timeout"] = max(asked.timeout_seconds, 0.001)  # the SDK cuts to milliseconds
    return Translation(model, list(asked.stop) if asked.stop else None, settings, tuple(dropped))


def _tools(model: Any, family: str, asked: Parameters, dropped: list[str]) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    for name, value in (asked.tool_settings or {}).items():
        if name in _TOOL_SETTINGS[family]:
            taken[name] = value
        elif name != "strict":  # Gemini holds to a schema anyway
            dropped.append(name)
    if "response_format" in taken:
        said = response_format_of(taken.pop("response_format"))
        if said is None:
            dropped.append("response_format")
        elif said["type"] != "text":
            taken["response_format"] = said
    tools = asked.tools or ()
    binding = _declared if family == _GENAI else bound
    return bound_settings(
        model, tools, asked.tool_choice if tools else None, taken, binding=binding
    )


def _declared(
    model: Any, tools: Sequence[Any], choice: str | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The tools as the SDK's own values, which the class passes on.

    Its `bind_tools` rewrites schemas into an older form, silently: of a choice of types the last
    one is left, of a nested object's required properties those without a default, of a recursive
    schema a text.
    """
    declaration = imported("google.genai.types", "FunctionDeclaration", extra="vertex")
    functions, others = [], []
    for tool in tools:
        function = function_of(tool)
        if function is None:
            others.append(tool)
            continue
        schema = function.get("parameters") or {}
        about = {"name": function["name"], "description": function.get("description")}
        if schema.get("properties") or schema.get("additionalProperties"):
            about["parameters_json_schema"] = schema
        functions.append(declaration(**about))
    settings = dict(more)
    if functions:
        kind = imported("google.genai.types", "Tool", extra="vertex")
        others.append(kind(function_declarations=functions))
    if others:
        settings["tools"] = others
        if choice is not None:
            settings["tool_choice"] = choice
    return settings


ROW: Final = VertexClasses()

"""AWS Bedrock: `ChatBedrockConverse`, and `ChatBedrock` where a user brings one.

Its retries and time limits live in the boto3 client, so that to change them takes another one. The
class's own `timeout` and `max_retries` undo each other and the user's `config` (either alone resets
what the other one means), hence a whole `Config`, merged here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from ..outcome import Failure
from .boto_client import TimeLimits, attempts, can_be_twinned, limits, twin
from .classify import classify
from .construction import (
    constructed,
    copied,
    imported,
    is_a,
    set_fields,
    settings_by_field,
    warn_injected,
)
from .judge import judge
from .provider import Parameters, Translation
from .toolbox import CHOICES, PerModel, bound_settings, response_format_of

_NOTHING: Final = Parameters()
_CONVERSE: Final = "ChatBedrockConverse"
_INVOKE: Final = "ChatBedrock"

_CLIENTS: Final = ("client", "bedrock_client")

#: Settings that need a client made anew; with any others the user's own is kept.
_CONNECTION: Final = frozenset(
    {
        "region_name",
        "credentials_profile_name",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "bedrock_api_key",
        "endpoint_url",
        "default_headers",
        "config",
        "client",
    }
)

_TOOL_SETTINGS: Final = frozenset({"strict", "response_format"})

#: Copies of a model that differ in the time limit alone.
_IN_TIME: Final[PerModel[Any]] = PerModel(most=8)


class BedrockClasses:
    """The row of AWS Bedrock: no retries means one attempt in all, a time limit another client."""

    name = "aws_bedrock"
    extra: str | None = "bedrock"

    def owns(self, model: BaseChatModel) -> bool:
        """Whether it is a ChatBedrockConverse or a ChatBedrock."""
        return is_a(model, (_CONVERSE, _INVOKE), package="langchain_aws")

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> BaseChatModel:
        """A ChatBedrockConverse.

        Raises:
            ConfigurationError: the extra is missing, or the class refused the settings.
        """
        kind = imported("langchain_aws", _CONVERSE, extra="bedrock")
        given = dict(settings)
        if not given.keys() & {"model", "model_id"}:
            given["model"] = model
        seconds = given.pop("timeout", None)
        given.pop("max_retries", None)
        given["config"] = _one_attempt(given.get("config"), seconds, timeout_seconds)
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
        """A copy with a client of its own that makes one attempt, within a time limit."""
        if keep_retries:
            return model
        own: Any = model
        if settings:
            own = _rebuilt(own, settings_by_field(own, settings))
        if attempts(own.client) > 1 or not _has_time_limit(own):
            if can_be_twinned(own.client):
                own = _tamed(own, timeout_seconds)
            else:
                warn_injected(own, "client")
        adopted: BaseChatModel = own
        return adopted

    def model_name(self, model: BaseChatModel) -> str:
        """The model's id: an inference profile's, where it is called through one."""
        own: Any = model
        return str(own.model_id)

    def hidden_attempts(self, model: BaseChatModel) -> int:
        """By the settings of the boto3 client itself."""
        own: Any = model
        return attempts(own.client)

    def translate(
        self,
        model: BaseChatModel,
        parameters: Parameters,
        messages: Sequence[BaseMessage] = (),
    ) -> Translation:
        """What Converse takes per call; a time limit takes a copy with a client of its own."""
        if parameters == _NOTHING:
            return Translation(model, None, {})
        return _translated(model, parameters, messages)

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)

    def judge(self, message: AIMessage) -> Failure | None:
        """By the shared table; Converse always gives a stop reason."""
        return judge(message, reason_needed=True)


def _one_attempt(config: Any, own_seconds: float | None, timeout_seconds: float) -> Any:
    """The user's `Config` with one attempt and time limits: theirs where they set one."""
    make = imported("botocore.config", "Config", extra="bedrock")
    merged: dict[str, Any] = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    for name in ("connect_timeout", "read_timeout"):
        seconds = _said(config).get(name) if own_seconds is None else own_seconds
        merged[name] = timeout_seconds if seconds is None else seconds
    return make(**merged) if config is None else config.merge(make(**merged))


def _said(config: Any) -> Mapping[str, Any]:
    """What the user gave to a `Config`, without its defaults."""
    said = getattr(config, "_user_provided_options", None)
    return said if isinstance(said, Mapping) else {}


def _has_time_limit(model: Any) -> bool:
    """Whether somebody set a time limit; botocore's 60 seconds is nobody's wish."""
    said = model.timeout is not None or _said(model.config).get("read_timeout") is not None
    return said and limits(model.client).read_seconds is not None


def _rebuilt(model: Any, settings: Mapping[str, Any]) -> Any:
    fields = {**set_fields(model, without=(*_CLIENTS, "base_model_id")), **settings}
    if not settings.keys() & _CONNECTION:
        fields |= {name: getattr(model, name) for name in _CLIENTS}
    if "model_id" not in settings:
        fields["base_model_id"] = model.base_model_id  # else a profile's is asked for again
    return constructed(type(model), fields)


def _tamed(model: Any, timeout_seconds: float) -> Any:
    seconds = model.timeout
    said = _said(model.config)
    wanted = TimeLimits(
        *(
            seconds or said.get(name) or timeout_seconds
            for name in ("connect_timeout", "read_timeout")
        )
    )
    config = _one_attempt(model.config, seconds, timeout_seconds)
    return copied(
        model,
        {
            "client": twin(model.client, wanted),
            "config": config,
            "timeout": None,
            "max_retries": None,
        },
    )


def _within(model: Any, seconds: float) -> Any:
    """A copy of the model with another time limit, rounded up so that few copies are made."""
    steps = _rounded_up(seconds)

    def make() -> Any:
        if not can_be_twinned(model.client):
            return model
        return copied(model, {"client": twin(model.client, TimeLimits(steps, steps))})

    return _IN_TIME.get(model, steps, make)


def _rounded_up(seconds: float) -> float:
    """The next of four steps per doubling: 1, 1.25, 1.5, 1.75, 2, 2.5, …"""
    fraction, power = math.frexp(max(seconds, 0.001))
    return math.ldexp(math.ceil(fraction * 8) / 8, power)


def _translated(model: Any, asked: Parameters, messages: Sequence[BaseMessage]) -> Translation:
    settings: dict[str, Any] = {}
    dropped: list[str] = []
    if asked.tools or asked.tool_settings:
        settings = _tools(model, asked, messages, dropped)
    refuses = model.profile is not None and model.profile.get("temperature") is False
    for name, value in (("temperature", asked.temperature), ("top_p", asked.top_p)):
        if value is not None:
            if refuses:  # the class would drop it with a warning at every call
                dropped.append(name)
            else:
                settings[name] = value
    if asked.max_tokens is not None:
        settings["max_tokens"] = asked.max_tokens
    if asked.seed is not None:
        dropped.append("seed")
    if asked.timeout_seconds is not None:
        model = _within(model, asked.timeout_seconds)
    return Translation(model, list(asked.stop) if asked.stop else None, settings, tuple(dropped))


def _tools(
    model: Any, asked: Parameters, messages: Sequence[BaseMessage], dropped: list[str]
) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    for name, value in (asked.tool_settings or {}).items():
        if name in _TOOL_SETTINGS:
            taken[name] = value
        else:
            dropped.append(name)
    if "response_format" in taken:
        said = response_format_of(taken.pop("response_format"))
        if said is not None and said["type"] == "json_schema":
            taken["response_format"] = said
        elif said is None or said["type"] != "text":
            dropped.append("response_format")
    tools = asked.tools or ()
    choice = asked.tool_choice
    if choice == "none" and not any(map(_needs_tools, messages)):
        tools = ()
    return bound_settings(model, tools, _choice(model, choice, dropped) if tools else None, taken)


def _needs_tools(message: BaseMessage) -> bool:
    """Converse refuses a history with tool calls where no tools are declared."""
    return isinstance(message, ToolMessage) or bool(getattr(message, "tool_calls", None))


def _choice(model: Any, choice: str | None, dropped: list[str]) -> str | None:
    """The choice, where the model has that kind: Converse has no "none", some no forced tool."""
    if choice is None or choice == "none":
        return None
    kinds = getattr(model, "supports_tool_choice_values", None) or ()
    if (choice if choice in CHOICES else "tool") in kinds:
        return choice
    if choice != "auto":
        dropped.append("tool_choice")
    return None


ROW: Final = BedrockClasses()

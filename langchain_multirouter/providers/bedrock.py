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
from ..porting.dialect import (
    BEDROCK_CLAUDE,
    BEDROCK_INVOKE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    Dialect,
)
from ..values import new
from .boto_client import (
    TimeLimits,
    attempts,
    can_be_twinned,
    limits,
    one_attempt,
    twin,
    wanted_limits,
)
from .classify import classify
from .construction import constructed, copied, imported, is_a, rebuilt, warn_injected
from .converse import specified, unstreamed
from .judge import judge
from .provider import Parameters, Translation
from .thinking import OFF, cannot_think
from .toolbox import CHOICES, PerModel, bound, bound_settings, response_format_of

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
    }
)

#: A word of the model's id → whose rules hold.
_DIALECTS: Final[Mapping[str, Dialect]] = {
    "claude": BEDROCK_CLAUDE,
    "nova": BEDROCK_NOVA,
}

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
        given.pop("max_retries", None)
        config, seconds = given.get("config"), given.pop("timeout", None)
        wanted = wanted_limits(config, own=seconds, otherwise=timeout_seconds)
        given["config"] = one_attempt(config, wanted)
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
            # The base model is passed on too: for a profile's the class asks the network.
            own = rebuilt(own, settings, clients=_CLIENTS, connection=_CONNECTION)
        adopted: BaseChatModel = _tamed(own, timeout_seconds)
        return adopted

    def model_name(self, model: BaseChatModel) -> str:
        """The model's id: an inference profile's, where it is called through one."""
        own: Any = model
        return str(own.model_id)

    def timeout_seconds(self, model: BaseChatModel) -> float | None:
        """By the settings of the boto3 client itself."""
        own: Any = model
        return limits(own.client).read_seconds

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
            return new(Translation, (model, None, {}, ()))
        return _translated(model, parameters, messages)

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        """By the model's vendor, since Converse passes its rules on; ChatBedrock has its own."""
        name = self.model_name(model)
        found = next((d for word, d in _DIALECTS.items() if word in name), BEDROCK_OTHER)
        invokes = model.__dict__.get("beta_use_converse_api") is False
        return BEDROCK_INVOKE if invokes and found is BEDROCK_CLAUDE else found

    def classify(self, error: BaseException) -> Failure:
        """By the shared table."""
        return classify(error)

    def judge(self, message: AIMessage) -> Failure | None:
        """By the shared table; Converse always gives a stop reason."""
        return judge(message, reason_needed=True)


def _tamed(model: Any, timeout_seconds: float) -> Any:
    wanted = wanted_limits(model.config, model.client, own=model.timeout, otherwise=timeout_seconds)
    if attempts(model.client) == 1 and limits(model.client) == wanted:
        return model
    if not can_be_twinned(model.client):
        warn_injected(model, "client")
        return model
    changes = {
        "client": twin(model.client, wanted),
        "config": one_attempt(model.config, wanted),
        "timeout": None,
        "max_retries": None,
    }
    return copied(model, changes)


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
        if "toolConfig" in settings:
            model = unstreamed(model)
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
    if cannot_think(getattr(model, "additional_model_request_fields", None), messages):
        settings["additional_model_request_fields"] = dict(OFF)
        dropped.append("thinking")
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
    chosen = _choice(model, choice, dropped) if tools else None
    converse = any(kind.__name__ == _CONVERSE for kind in type(model).__mro__)
    binding = specified if converse else bound
    return bound_settings(model, tools, chosen, taken, binding=binding)


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

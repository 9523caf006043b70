"""Other: any LangChain chat model of no provider we know, taken as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from ..errors import ConfigurationError
from ..outcome import Cause, Failure
from ..porting.dialect import ANY, Dialect
from ..values import new
from .classify import classify
from .construction import rebuilt, seconds_of
from .judge import judge
from .provider import Parameters, Translation
from .toolbox import bound_settings

_NOTHING: Final = Parameters()

#: Where classes keep their model's name, the most usual first.
_NAMES: Final = ("model_name", "model", "model_id", "deployment_name")

#: Exceptions of Python's own that say nothing of their origin.
_UNTOLD: Final = frozenset({TypeError, ValueError, KeyError, IndexError, AttributeError})

#: Parameters that all classes that have such a field also take with a call.
_PORTABLE: Final = ("temperature", "max_tokens", "top_p", "seed")


class OtherClasses:
    """The row of every other class: its time limits and retries are its own."""

    extra: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def owns(self, model: BaseChatModel) -> bool:
        """Whether it is of the type of this name."""
        return model._llm_type == self.name

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> BaseChatModel:
        """Refused: only the three clouds can be built from a string.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(
            f"model: a model of provider {self.name[:40]!r} cannot be built from a string; "
            "give the LangChain chat model object"
        )

    def adopt(
        self,
        model: BaseChatModel,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> BaseChatModel:
        """The instance itself, or, with settings, one built anew with them."""
        if keep_retries or not settings:
            return model
        adopted: BaseChatModel = rebuilt(model, settings)
        return adopted

    def model_name(self, model: BaseChatModel) -> str:
        """The model's name, or else its type."""
        for field in _NAMES:
            name = getattr(model, field, None)
            if isinstance(name, str) and name:
                return name
        return self.name

    def timeout_seconds(self, model: BaseChatModel) -> float | None:
        """What a field of the usual name says."""
        names = ("timeout", "request_timeout", "default_request_timeout")
        found = (seconds_of(getattr(model, name, None)) for name in names)
        return next((seconds for seconds in found if seconds is not None), None)

    def hidden_attempts(self, model: BaseChatModel) -> int:
        """1: what the class does cannot be known."""
        return 1

    def translate(
        self,
        model: BaseChatModel,
        parameters: Parameters,
        messages: Sequence[BaseMessage] = (),
    ) -> Translation:
        """What the class has as a field goes with the call, the rest is dropped."""
        if parameters == _NOTHING:
            return new(Translation, (model, None, {}, ()))
        return _translated(model, parameters)

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        """Nobody's in particular."""
        return ANY

    def classify(self, error: BaseException) -> Failure:
        """By the shared table; but who knows where an unknown class's own ValueError comes from.

        It may be an answer that could not be read, so it is no proof of a wrong request: the
        call goes on elsewhere.
        """
        failure = classify(error)
        if failure.cause is Cause.BAD_REQUEST and type(error) in _UNTOLD:
            return replace(failure, cause=Cause.UNKNOWN)
        return failure

    def judge(self, message: AIMessage) -> Failure | None:
        """By the shared table; many classes give no finish reason, so none is needed."""
        return judge(message, reason_needed=False)


def _translated(model: Any, asked: Parameters) -> Translation:
    settings: dict[str, Any] = {}
    dropped: list[str] = []
    if asked.tools or asked.tool_settings:
        more = dict(asked.tool_settings or {})
        tools = asked.tools or ()
        settings = bound_settings(model, tools, asked.tool_choice if tools else None, more)
    fields = type(model).model_fields
    for name in _PORTABLE:
        value = getattr(asked, name)
        if value is None:
            continue
        if name in fields:
            settings[name] = value
        else:
            dropped.append(name)
    if asked.timeout_seconds is not None:
        dropped.append("timeout_seconds")
    return Translation(model, list(asked.stop) if asked.stop else None, settings, tuple(dropped))

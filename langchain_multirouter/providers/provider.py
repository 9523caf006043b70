"""Provider: what the router has to know about a cloud's LangChain classes, as one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

    from ..outcome import Failure
    from ..porting.dialect import Dialect


class Parameters(NamedTuple):
    """The request's neutral parameters; None means: not asked for, the model's own default holds.

    `tools` are the neutral form that `bind_tools` keeps (OpenAI dictionaries, or a provider's own
    tool passed through); `tool_choice` is "any", "auto", "none", or a tool's name.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: tuple[str, ...] | None = None
    timeout_seconds: float | None = None
    seed: int | None = None
    tools: Sequence[Any] | None = None
    tool_choice: str | None = None
    tool_settings: Mapping[str, Any] | None = None  # strict, parallel_tool_calls, response_format


class Translation(NamedTuple):
    """Parameters in one model's own words.

    `model` is the model to call (another copy, where a parameter is a constructor's alone),
    `stop` and `settings` are what its `_generate` and `_stream` take, `dropped` names what it
    cannot take at all.
    """

    model: BaseChatModel
    stop: list[str] | None
    settings: dict[str, Any]
    dropped: tuple[str, ...] = ()


class ProviderClasses(Protocol):
    """One provider's row: build a model, take a user's, translate, classify, judge."""

    name: str  # "aws_bedrock", "azure_openai", "gcp_vertex", or another model's own type
    extra: str | None  # the pip extra that brings its classes

    def owns(self, model: BaseChatModel) -> bool:
        """Whether the model is of this provider, by class names, without importing an SDK."""

    def build(
        self, model: str, *, timeout_seconds: float, settings: Mapping[str, Any]
    ) -> BaseChatModel:
        """The provider's chat model with a timeout set and its hidden retries off.

        Raises:
            ConfigurationError: the extra is not installed (with the `pip install` to run), or the
                class refused the settings (names the setting, never shows its value).
        """

    def adopt(
        self,
        model: BaseChatModel,
        *,
        timeout_seconds: float,
        keep_retries: bool,
        settings: Mapping[str, Any],
    ) -> BaseChatModel:
        """A user's instance, rebuilt from its own set fields with retries off and a timeout.

        With `keep_retries` it is returned as it is. Warns once where a client object was injected,
        since its retries cannot be turned off.
        """

    def model_name(self, model: BaseChatModel) -> str:
        """The model's id as the provider spells it ("gpt-4o", "eu.anthropic.claude-…")."""

    def timeout_seconds(self, model: BaseChatModel) -> float | None:
        """The read timeout that the model has now, where it can be read."""

    def hidden_attempts(self, model: BaseChatModel) -> int:
        """Wire attempts that the SDK makes for one failing call (1: its retries are off)."""

    def translate(
        self,
        model: BaseChatModel,
        parameters: Parameters,
        messages: Sequence[BaseMessage] = (),
    ) -> Translation:
        """The neutral parameters in this model's own words; pure, but for a model's copy.

        The messages are looked at where a service ties settings to the conversation.
        """

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        """What the model's service accepts of a conversation, for a call with these parameters."""

    def classify(self, error: BaseException) -> Failure:
        """The exception as a failure, by the one table of causes."""

    def judge(self, message: AIMessage) -> Failure | None:
        """A 200's answer: None for a success, a failure for an empty, blocked, malformed one or
        one without a finish reason. For a stream, the message that its chunks add up to."""

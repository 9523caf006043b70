"""RoutedChatModel: one LangChain chat model over many; what LangChain sees."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field, ValidationError

from . import drive
from .answer import signed
from .assembly import Assembled, Compiled
from .attempt import Attempts
from .caller import CallerSide, own
from .deployment import configuration_error, finite
from .errors import unknown_name
from .flow import route
from .keywords import neutral_tool, neutral_tool_choice, read_keywords, read_parameters
from .options import OPTION_NAMES, Options, Strategy, narrow, read_options
from .prompt import check_prompt
from .providers.provider import Parameters
from .request import Request
from .resilience.policy import Policy
from .sources import AsyncSource, InlineSource, Source, ThreadSource
from .steps import Flow

#: A router's repr names so many deployments.
SHOWN_NAMES = 5


class RoutedChatModel(CallerSide):
    """One chat model over deployments on several clouds.

    Every call goes to the best deployment; a failing one is answered by the next, and
    `response_metadata["router"]` says where the answer came from and what was tried.

    Args:
        models: `"provider:model"` strings, LangChain chat models and `Deployment`s, mixed.
        strategy: How candidates are ordered (see `Strategy`).
        temperature: Sampling temperature, in each provider's own words.
        max_tokens: The most tokens of an answer.
        top_p: Nucleus sampling's share.
        stop: Texts at which an answer stops.
        timeout: Seconds one attempt may wait for its answer, or for a stream's next token.
        deadline_seconds: Seconds for the whole call: all attempts, all waits.
        policy: The numbers of retries, breakers and cooldowns.
        configurable_options: Routing options that `config={"configurable": {"router": {…}}}` may
            set; none by default, since on a served graph that dictionary comes from outside.
        random_seed: Seeds jitter and draws, for runs that can be repeated.

    The other arguments are the routing options of `options.Options`.

    Raises:
        ConfigurationError: naming the setting that is unknown or wrong.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    models: Sequence[Any] = Field(repr=False)
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: Sequence[str] | str | None = None
    timeout: float | None = None
    strategy: Strategy | str = Strategy.ORDERED
    preferred_provider: str | None = None
    model_preference: Sequence[str] | str = ()
    fallback_enabled: bool = True
    max_retries: int = 3
    max_attempts: int | None = None
    deadline_seconds: float | None = None
    require_tags: Sequence[str] | frozenset[str] | str = frozenset()
    allow_model_change: bool = True
    policy: Policy = Field(default_factory=Policy, repr=False)
    configurable_options: Sequence[str] = Field(default=(), repr=False)
    random_seed: int | None = Field(default=None, repr=False)
    assembled: Any = Field(default=None, exclude=True, repr=False)
    """What copies of the router share: deployments, their statistics, their health."""

    compiled: Any = Field(default=None, exclude=True, repr=False)
    """The settings, read once. A field, since pydantic's private attributes are slow to read."""

    def __init__(self, models: Sequence[Any] | None = None, /, **settings: Any) -> None:
        if models is not None:
            settings["models"] = models
        for name in settings:
            if name not in type(self).model_fields:
                hint = " Settings of one provider alone go into Deployment(params={...})."
                raise unknown_name("Setting", name, type(self).model_fields, hint=hint)
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise configuration_error("RoutedChatModel", error) from None
        self._compile()

    def _compile(self) -> None:
        """Read the settings once, so that a call need not."""
        options = read_options({name: getattr(self, name) for name in OPTION_NAMES})
        names = ("temperature", "max_tokens", "top_p", "stop")
        parameters = read_parameters({n: getattr(self, n) for n in names}, Parameters())
        finite("timeout", self.timeout, least=1e-3)
        for name in self.configurable_options:
            if name not in OPTION_NAMES:
                raise unknown_name("configurable_options:", name, OPTION_NAMES)
        known = self.assembled
        if not isinstance(known, Assembled) or known.models != tuple(self.models):
            self.assembled = Assembled(
                self.models, timeout=self.timeout, policy=self.policy, seed=self.random_seed
            )
        permitted = frozenset(self.configurable_options)
        self.compiled = Compiled.of(options, parameters, permitted, self.assembled)

    # --- what LangChain asks of a chat model -------------------------------------------------

    @property
    def _llm_type(self) -> str:
        return "multirouter"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        identity: Mapping[str, Any] = self.compiled.identity
        return identity

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """As LangChain's own, without building what does not change at every call."""
        return {**self.compiled.identity, "_type": "multirouter", "stop": stop, **kwargs}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Short, since it goes into every trace; names only, never a model's own settings."""
        names = [served.deployment.name for served in self.assembled.served]
        more = len(names) - SHOWN_NAMES
        yield "deployments", names[:SHOWN_NAMES] + ([f"and {more} more"] if more > 0 else [])
        yield "strategy", self.compiled.options.strategy.value
        if self.compiled.options.deadline_seconds is not None:
            yield "deadline_seconds", self.compiled.options.deadline_seconds

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        model = kwargs.get("model")
        params = LangSmithParams(
            ls_provider="multirouter",
            ls_model_type="chat",
            ls_model_name=model if isinstance(model, str) else self.compiled.identity["model_name"],
        )
        temperature = kwargs.get("temperature", self.temperature)
        if temperature is not None:
            params["ls_temperature"] = temperature
        max_tokens = kwargs.get("max_tokens", self.max_tokens)
        if max_tokens is not None:
            params["ls_max_tokens"] = max_tokens
        if stop:
            params["ls_stop"] = stop
        return params

    def _attempts(
        self, messages: list[BaseMessage], stop: Any, keywords: dict[str, Any], streamed: bool
    ) -> tuple[Flow, Attempts, Options]:
        """Everything of a call that is known before its first step."""
        check_prompt(messages)
        compiled: Compiled = self.compiled
        options, parameters, model = compiled.options, compiled.parameters, None
        if keywords or stop is not None:
            asked, parameters, model = read_keywords(keywords, stop, parameters)
            options = narrow(options, asked)
        request = Request(options, streamed, model, parameters.timeout_seconds)
        known: Assembled = self.assembled
        flow = route(request, known.fleet, known.timeouts, time.monotonic())
        return flow, Attempts(known.served, messages, parameters, streamed), options

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        flow, attempts, options = self._attempts(messages, stop, kwargs, False)
        result, answered = drive.run(flow, _source(attempts, options))
        return signed(result, answered)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        flow, attempts, _ = self._attempts(messages, stop, kwargs, False)
        result, answered = await drive.arun(flow, AsyncSource(attempts))
        return signed(result, answered)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        flow, attempts, options = self._attempts(messages, stop, kwargs, True)
        return own(drive.stream(flow, _source(attempts, options)))

    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        flow, attempts, _ = self._attempts(messages, stop, kwargs, True)
        return own(drive.astream(flow, AsyncSource(attempts)))

    # --- what only a router has --------------------------------------------------------------

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, in a neutral form that each attempt puts into its provider's own words.

        Args:
            tools: Functions, pydantic classes, LangChain tools, OpenAI dictionaries, or a
                provider's own tools.
            tool_choice: "any", "auto", "none", a tool's name, or a provider's form of these.
            kwargs: `strict`, `parallel_tool_calls`, `response_format` and other call keywords.
        """
        if tool_choice is not None:
            kwargs["tool_choice"] = neutral_tool_choice("tool_choice", tool_choice)
        return self.bind(tools=[neutral_tool(tool) for tool in tools], **kwargs)

    def with_routing(self, **options: Any) -> RoutedChatModel:
        """A router with narrower options that shares this one's deployments and statistics.

        Unlike `.bind(...)` it is a chat model, so that the options survive `bind_tools`,
        `with_structured_output` and agents.

        Raises:
            ConfigurationError: naming the option that is unknown or wrong.
        """
        known: Compiled = self.compiled
        narrowed = narrow(known.options, options)
        compiled = Compiled.of(narrowed, known.parameters, known.permitted, self.assembled)
        changes = {name: getattr(narrowed, name) for name in options}
        return self.model_copy(update={**changes, "compiled": compiled})

    def pause(self, name: str) -> None:
        """Send nothing more to the deployment until `resume`; what is under way goes on."""
        self.assembled.fleet.pause(name)

    def resume(self, name: str) -> None:
        """Undo `pause`."""
        self.assembled.fleet.resume(name)

    def counts(self) -> dict[str, dict[str, Any]]:
        """Attempts per deployment; `started` is the sum of the other four at every moment."""
        return {c.deployment.name: c.stats.public() for c in self.assembled.fleet.snapshot()}


for _function in (
    RoutedChatModel._generate,
    RoutedChatModel._agenerate,
    RoutedChatModel._stream,
    RoutedChatModel._astream,
):
    # LangChain asks for the signature at every call; looking it up costs more than routing.
    vars(_function)["__signature__"] = inspect.signature(_function)


def _source(attempts: Attempts, options: Options) -> Source:
    """Worker threads where a limit must hold to the moment; else the caller's own thread."""
    if options.deadline_seconds is not None:
        return ThreadSource(attempts)
    return InlineSource(attempts)

"""RoutedChatModel: one LangChain chat model over many; what LangChain sees."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import ConfigDict, Field, ValidationError

from . import drive
from .answer import signed
from .assembly import Assembled
from .attempt import Attempts
from .caller import own, run_manager_of_stream
from .catalogue import TIERS, models_from_environment
from .ceiling import most_input_tokens
from .compiled import Compiled, refuse_wrong
from .deployment import configuration_error
from .economics.prompt_caches import LEAST_TOKENS
from .fitness import NOBODY
from .flow import route
from .health import check_when_due
from .hook import Hook
from .insight import Insight
from .keywords import neutral_tool, neutral_tool_choice, read_keywords
from .options import Interrupted, Options, Strategy, narrow
from .prompt import read_prompt
from .recall import recalled
from .resilience.policy import Policy
from .source_choice import async_source_for, source_for
from .steps import Flow
from .structured import StructuredOutput
from .surroundings import with_repeats
from .task_types import TaskType
from .tracing import observer_for
from .values import new


class RoutedChatModel(StructuredOutput, Insight):
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
        streaming: Whether `invoke` streams underneath, for callbacks that want tokens.
        deadline_seconds: Seconds for the whole call: all attempts, all waits.
        task_preferences: Task type → providers or deployments it prefers, in order.
        classifier: Your own: the last human turn's text → a task type.
        health_check_interval_seconds: Checks all deployments' health, in the background of a call,
            when the last check is so long ago; off by default, since checks cost money.
        cache: A LangChain cache, or several; how they are used is said at `caching.settings.Cached`
            with the other settings of caches, whose names begin with `cache_`.
        policy: The numbers of retries, breakers and cooldowns.
        budgets: What may be spent in so many seconds, by the router and by each tenant or other
            key: `Budget(usd=1.0, per_seconds=86_400)`, `Budget(usd=0.1, per_seconds=60,
            key="tenant")`. Every attempt reserves the most it can cost before it begins.
        configurable_options: Routing options that `config={"configurable": {"router": {…}}}` may
            set; none by default, since on a served graph that dictionary comes from outside.
        random_seed: Seeds jitter and draws, for runs that can be repeated.
        sinks: Where events go: `Journal`, `OpenTelemetry`, functions of an event.

    The other arguments are the routing options of `options.Options`.

    Raises:
        ConfigurationError: naming the setting that is unknown or wrong.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, defer_build=False)

    models: Sequence[Any] = Field(repr=False)
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: Sequence[str] | str | None = None
    timeout: float | None = None
    streaming: bool = False
    strategy: Strategy | str | Callable[..., Any] = Strategy.INTELLIGENT
    preferred_provider: str | None = None
    model_preference: Sequence[str] | str = ()
    fallback_enabled: bool = True
    max_retries: int = 3
    max_attempts: int | None = None
    deadline_seconds: float | None = None
    require_tags: Sequence[str] | frozenset[str] | str = frozenset()
    allow_model_change: bool = True
    task_type: TaskType | str | None = None
    max_cost: float | None = None
    max_response_time: float | None = None
    allow_losses: bool = True
    first_token_seconds: float | None = None
    idle_seconds: float | None = None
    on_interrupted: Interrupted | str = Interrupted.RAISE
    hedge: bool | float | None = None
    hedge_tools: bool | None = None
    tenant: str | None = Field(default=None, repr=False)
    cache: Any = Field(default=None, exclude=True, repr=False)
    prompt_cache_affinity: bool = True
    session: str | None = Field(default=None, repr=False)
    sticky: bool = False
    max_wait_seconds: float | None = None
    spenders: Mapping[str, str] = Field(default_factory=dict, repr=False)
    budgets: Sequence[Any] = Field(default=(), repr=False)
    policy: Policy = Field(default_factory=Policy, repr=False)
    task_preferences: Mapping[str, Sequence[str]] | None = Field(default=None, repr=False)
    classifier: Callable[[str], str] | None = Field(default=None, repr=False)
    health_check_interval_seconds: float | None = None
    configurable_options: Sequence[str] = Field(default=(), repr=False)
    random_seed: int | None = Field(default=None, repr=False)
    sinks: Sequence[Any] = Field(default=(), repr=False)
    assembled: Any = Field(default=None, exclude=True, repr=False)
    """What copies of the router share: deployments, their statistics, their health."""

    compiled: Any = Field(default=None, exclude=True, repr=False)
    """The settings, read once. A field, since pydantic's private attributes are slow to read."""

    def __init__(self, models: Sequence[Any] | None = None, /, **settings: Any) -> None:
        if models is not None:
            settings["models"] = models
        refuse_wrong(settings, type(self).model_fields)
        before = settings.pop("compiled", None)  # given where LangChain makes a copy
        if isinstance(before, Compiled) and settings.get("profile") is before.profile:
            settings.pop("profile", None)
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise configuration_error("RoutedChatModel", error) from None
        self._compile()

    @classmethod
    def from_config(cls, source: str | os.PathLike[str] | Mapping[str, Any]) -> Self:
        """A router from a YAML or JSON file, or a dictionary of the same shape.

        Raises:
            ConfigurationError: naming the place of what is unknown, wrong or a secret.
        """
        from .configuration import read_configuration  # YAML takes a while to import

        return cls(**read_configuration(source))

    @classmethod
    def from_env(cls, *, tiers: Sequence[str] = TIERS, **settings: Any) -> Self:
        """A router over the default catalogue, for the clouds that the environment has keys for.

        Args:
            tiers: "economy", "balanced", "frontier"; each deployment has its tier as a tag.
            settings: As for the constructor.

        Raises:
            ConfigurationError: no cloud; says what was looked for.
        """
        return cls(models_from_environment(os.environ, tiers=tiers), **settings)

    # --- what LangChain asks of a chat model -------------------------------------------------

    def _attempts(
        self,
        messages: list[BaseMessage],
        stop: Any,
        keywords: dict[str, Any],
        streamed: bool,
        run_manager: BaseRunManager | None,
    ) -> tuple[Flow, Attempts, Options]:
        """Everything of a call that is known before its first step."""
        prompt = read_prompt(messages)
        compiled: Compiled = self.compiled
        options, parameters, model, accepts = compiled.options, compiled.parameters, None, None
        if keywords or stop is not None:
            asked, parameters, model, accepts = read_keywords(keywords, stop, parameters)
            options = narrow(options, asked)
        known: Assembled = self.assembled
        unable = NOBODY
        if parameters.tools or parameters.tool_settings or not options.allow_losses:
            unable = known.fitness.unable(parameters, options.allow_losses)
        request = compiled.request(
            options,
            parameters,
            prompt,
            model=model,
            streamed=streamed,
            lengths=known.fleet.lengths,
            unable=unable,
        )
        now = time.monotonic()
        if request.prompt.input_tokens >= LEAST_TOKENS or options.session is not None:
            request = recalled(request, messages, parameters, known.fleet.memory, now)
        if known.fleet.books is not None:
            most = most_input_tokens(messages, parameters)
            request = request._replace(most_input_tokens=most)
        if time.time() >= known.prices_until:
            known.renew_prices()
        if compiled.check_interval_seconds is not None:
            check_when_due(known, compiled.check_interval_seconds)
        request = with_repeats(request, known.fleet, run_manager, now)
        flow = route(request, known.fleet, known.timeouts, now)
        sent = (known.served, messages, parameters, streamed, known.learner, accepts)
        watched = run_manager is not None and run_manager.handlers
        observer = observer_for(run_manager, known.served) if watched else None
        orphaned = None if options.hedge is None else known.fleet.orphaned
        attempts = new(Attempts, (*sent, observer, orphaned))
        return flow, attempts, options

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = self._attempts(messages, stop, kwargs, False, run_manager)
        visit = self._visit(call, kwargs)
        if visit is not None:
            return visit.generate()
        flow, attempts, options = call
        result, answered = drive.run(flow, source_for(attempts, options))
        return signed(result, answered)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = self._attempts(messages, stop, kwargs, False, run_manager)
        visit = self._visit(call, kwargs)
        if visit is not None:
            return await visit.agenerate()
        flow, attempts, options = call
        result, answered = await drive.arun(flow, async_source_for(attempts, options))
        return signed(result, answered)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        manager = run_manager or run_manager_of_stream()
        call = self._attempts(messages, stop, kwargs, True, manager)
        visit = self._visit(call, kwargs)
        if visit is not None:
            return own(visit.stream())
        flow, attempts, options = call
        return own(drive.stream(flow, source_for(attempts, options)))

    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        manager = run_manager or run_manager_of_stream()
        call = self._attempts(messages, stop, kwargs, True, manager)
        visit = self._visit(call, kwargs)
        if visit is not None:
            return own(visit.astream())
        flow, attempts, options = call
        return own(drive.astream(flow, async_source_for(attempts, options)))

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


for _name in ("_generate", "_agenerate", "_stream", "_astream"):
    # Set afterwards: pydantic takes underscored values in a class's body for private fields.
    setattr(RoutedChatModel, _name, Hook(vars(RoutedChatModel)[_name]))

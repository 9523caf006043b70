"""RoutedEmbeddings: one LangChain embeddings object over many that yield the same vectors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from . import drive
from .asked import OPTIONS, Asked, read_asked
from .assembly import Assembled
from .compiled import Compiled, refuse_wrong
from .deployment import configuration_error, finite
from .errors import AllAttemptsFailedError
from .flow import route
from .health import check_when_due
from .lineup import assemble
from .options import Options, Strategy, read_options
from .outcome import Answered
from .oversight import Overseen, considered
from .prompt import read_text, read_texts
from .providers.provider import Parameters
from .request import Prompt, Request
from .resilience.policy import Policy
from .routing.preferences import read_preferences
from .source_choice import source_for
from .sources import AsyncSource
from .spaces import Spaces
from .steps import Flow
from .task_types import TaskType
from .telemetry.explanation import Explanation
from .telemetry.sinks import remark
from .vectors import EMBEDDINGS, Method, Vectors, space_served

#: Vectors have no output tokens.
NO_ANSWER = Parameters(max_tokens=0)


class RoutedEmbeddings(Overseen, BaseModel, Embeddings):
    """One embeddings object over deployments of the same model.

    Every call goes to the best deployment; a failing one is answered by the next that yields the
    same vectors: of the same model and size. Vectors of two models do not mix, so a deployment of
    another one is kept out, unless `allow_model_change` lets a fallback go there; the first calls
    go to the router's own model even then. One call's vectors are always of one deployment.

    Args:
        models: `"provider:model"` strings, LangChain embeddings objects and `Deployment`s, mixed.
        model: The deployment or model whose vectors the router's are; the first one's if not given.
        strategy: How candidates are ordered (see `Strategy`).
        timeout: Seconds one request may take; an attempt at many texts can be many requests.
        deadline_seconds: Seconds for the whole call: all attempts, all waits.
        allow_model_change: Whether a fallback may go to another model, or to vectors of another
            size; each such answer is a warning in the log.
        task_preferences: Task type → providers or deployments it prefers; the task is "embeddings".
        health_check_interval_seconds: Checks all deployments' health, in the background of a call,
            when the last check is so long ago; off by default, since checks cost money.
        policy: The numbers of retries, breakers and cooldowns.
        random_seed: Seeds jitter and draws, for runs that can be repeated.
        sinks: Where events go: `Journal`, `OpenTelemetry`, functions of an event.

    The other arguments are the routing options of `options.Options`.

    Raises:
        ConfigurationError: naming the setting that is unknown or wrong.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    routing_options: ClassVar[frozenset[str]] = OPTIONS

    models: Sequence[Any] = Field(repr=False)
    model: str | None = None
    timeout: float | None = None
    strategy: Strategy | str | Callable[..., Any] = Strategy.INTELLIGENT
    preferred_provider: str | None = None
    model_preference: Sequence[str] | str = ()
    fallback_enabled: bool = True
    max_retries: int = 3
    max_attempts: int | None = None
    deadline_seconds: float | None = None
    require_tags: Sequence[str] | frozenset[str] | str = frozenset()
    allow_model_change: bool = False
    max_cost: float | None = None
    max_response_time: float | None = None
    max_wait_seconds: float | None = None
    policy: Policy = Field(default_factory=Policy, repr=False)
    task_preferences: Mapping[str, Sequence[str]] | None = Field(default=None, repr=False)
    health_check_interval_seconds: float | None = None
    random_seed: int | None = Field(default=None, repr=False)
    sinks: Sequence[Any] = Field(default=(), repr=False)
    assembled: Any = Field(default=None, exclude=True, repr=False)
    """What copies of the router share: deployments, their statistics, their health."""

    spaces: Any = Field(default=None, exclude=True, repr=False)
    """Whose vectors can be compared."""

    compiled: Any = Field(default=None, exclude=True, repr=False)
    """The settings, read once."""

    def __init__(self, models: Sequence[Any] | None = None, /, **settings: Any) -> None:
        if models is not None:
            settings["models"] = models
        refuse_wrong(settings, type(self).model_fields)
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise configuration_error("RoutedEmbeddings", error) from None
        self._compile()

    @classmethod
    def from_config(cls, source: str | os.PathLike[str] | Mapping[str, Any]) -> Self:
        """A router from a YAML or JSON file, or a dictionary of the same shape.

        Raises:
            ConfigurationError: naming the place of what is unknown, wrong or a secret.
        """
        from .configuration import read_configuration  # YAML takes a while to import

        return cls(**read_configuration(source, RoutedEmbeddings))

    def _compile(self) -> None:
        options = read_options({name: getattr(self, name) for name in OPTIONS})
        finite("timeout", self.timeout, least=1e-3)
        served = assemble(self.models, self.timeout, EMBEDDINGS)
        deployments = [one.deployment for one in served]
        vectors_of = [space_served(one) for one in served]
        self.spaces = spaces = Spaces(deployments, vectors_of, self.model)
        if options.allow_model_change:
            last = spaces.last(deployments)
            served = tuple(s._replace(deployment=d) for s, d in zip(served, last, strict=True))
        elif spaces.strangers:
            names, home = ", ".join(spaces.strangers), spaces.home.described()
            remark("Never asked, since their vectors are not of %s: %s", home, names)
        limits: dict[str, Any] = {"timeout": self.timeout, "policy": self.policy}
        shared = {**limits, "seed": self.random_seed, "sinks": self.sinks}
        self.assembled = known = Assembled(self.models, served, kind=EMBEDDINGS, **shared)
        self.compiled = Compiled(
            options,
            NO_ANSWER,
            frozenset(),
            read_preferences(self.task_preferences),
            lambda _: TaskType.EMBEDDINGS,
            {},  # of traces and caches, of which embeddings have none
            frozenset(one.deployment.name for one in served),
            finite("health_check_interval_seconds", self.health_check_interval_seconds, least=1.0),
            known.roomy_input_tokens,
            known.roomy_output_tokens,
            audience=known.audience,
        )

    def _narrowed(self, options: Options, names: Iterable[str]) -> Self:
        """A copy with these options, of which the named ones are others than the router's."""
        changes = {name: getattr(options, name) for name in names}
        compiled = self.compiled._replace(options=options)
        return self.model_copy(update={**changes, "compiled": compiled})

    def embed_documents(self, texts: Sequence[str], **kwargs: Any) -> list[list[float]]:
        """A vector for each text, all of one deployment.

        Args:
            texts: Texts that will be searched; none are embedded without a call.
            kwargs: Routing options; `model`, a deployment's name; and what the classes take
                besides texts, such as Gemini's `task_type` and `titles`: only deployments whose
                class takes it are asked.

        Raises:
            InvalidRequestError: naming the text that is none; nothing was sent.
            NoCandidateError: nobody may serve it; nothing was sent.
            AllAttemptsFailedError: everything failed, or the deadline passed.
        """
        vectors: list[list[float]] = self._embed("embed_documents", *read_texts(texts), kwargs)
        return vectors

    def embed_query(self, text: str, **kwargs: Any) -> list[float]:
        """The vector of a text that is searched for; arguments as for `embed_documents`."""
        vector: list[float] = self._embed("embed_query", *read_text(text), kwargs)
        return vector

    async def aembed_documents(self, texts: Sequence[str], **kwargs: Any) -> list[list[float]]:
        """As `embed_documents`, on the running event loop."""
        vectors: list[list[float]]
        vectors = await self._aembed("embed_documents", *read_texts(texts), kwargs)
        return vectors

    async def aembed_query(self, text: str, **kwargs: Any) -> list[float]:
        """As `embed_query`, on the running event loop."""
        vector: list[float] = await self._aembed("embed_query", *read_text(text), kwargs)
        return vector

    def _embed(
        self, method: Method, texts: list[str], prompt: Prompt, keywords: dict[str, Any]
    ) -> Any:
        if not texts:
            return []
        flow, attempts, options = self._attempts(method, texts, prompt, keywords)
        with self._advising(options):
            result, answered = drive.run(flow, source_for(attempts, options))
        self._mention(answered)
        return result

    async def _aembed(
        self, method: Method, texts: list[str], prompt: Prompt, keywords: dict[str, Any]
    ) -> Any:
        if not texts:
            return []
        flow, attempts, options = self._attempts(method, texts, prompt, keywords)
        with self._advising(options):
            result, answered = await drive.arun(flow, AsyncSource(attempts))
        self._mention(answered)
        return result

    def _attempts(
        self, method: Method, texts: list[str], prompt: Prompt, keywords: dict[str, Any]
    ) -> tuple[Flow, Vectors, Options]:
        """Everything of a call that is known before its first step."""
        known, compiled, asked = self.assembled, self.compiled, self._read(method, keywords)
        request = self._request(asked, prompt)
        if time.time() >= known.prices_until:
            known.renew_prices()
        if compiled.check_interval_seconds is not None:
            check_when_due(known, compiled.check_interval_seconds)
        # A class may send a request for each text; the SDK's own limit is one request's.
        timeouts = tuple(seconds * len(texts) for seconds in known.timeouts)
        flow = route(request, known.fleet, timeouts, time.monotonic())
        sent = (known.served, method, texts, asked.keywords)
        attempts = Vectors(*sent, prompt.input_tokens, self.spaces, asked.dimensions)
        return flow, attempts, asked.options

    def _request(self, asked: Asked, prompt: Prompt) -> Request:
        compiled: Compiled = self.compiled
        return compiled.request(
            asked.options,
            NO_ANSWER,
            prompt,
            model=asked.model,
            streamed=False,
            lengths={},
            unable=asked.unable,
        )

    def _read(self, method: Method, keywords: Mapping[str, Any]) -> Asked:
        return read_asked(
            keywords,
            method=method,
            allowed=self.compiled.options,
            served=self.assembled.served,
            spaces=self.spaces,
        )

    @contextmanager
    def _advising(self, options: Options) -> Iterator[None]:
        """Where nobody else serves that model the error says so, and how a change is allowed."""
        try:
            yield
        except AllAttemptsFailedError as error:
            tried = {attempt.deployment for attempt in error.attempts}
            if not options.allow_model_change and self.spaces.own <= tried:
                error.args = (f"{error}\n{self.spaces.advice()}",)
            raise

    def _mention(self, answered: Answered) -> None:
        """A change of model, which the vectors themselves do not tell."""
        name = answered.deployment.name
        space = self.spaces.strangers.get(name)
        if space is not None:
            here, home = space.described(), self.spaces.home.described()
            remark("%s answered: these vectors are of %s, not of %s", name, here, home)

    @property
    def model_name(self) -> str:
        """The model whose vectors the router's are."""
        return str(self.spaces.home.model)

    @property
    def dimensions(self) -> int | None:
        """How many dimensions they have, where that was said."""
        return self.spaces.home.dimensions  # type: ignore[no-any-return]  # a space's

    def explain(self, texts: Sequence[str] | str, **options: Any) -> Explanation:
        """Why these texts would go where they go, and who is kept out; nothing is sent.

        Args:
            texts: A query's text, or a list of documents' texts.
            options: Call keywords, as for the method.

        Raises:
            ConfigurationError: naming the keyword that is wrong.
        """
        method: Method = "embed_query" if isinstance(texts, str) else "embed_documents"
        _, prompt = read_text(texts) if isinstance(texts, str) else read_texts(texts)
        request, now = self._request(self._read(method, options), prompt), time.monotonic()
        ranking, candidates = considered(request, self.assembled.fleet, now)
        return Explanation(candidates, request, ranking, evidence=(), now=now)

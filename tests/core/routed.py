"""Routed: calls over in-process models, through the real drivers and the least provider's row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import tenacity
from langchain_core.exceptions import ModelError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from langchain_multirouter import drive
from langchain_multirouter.attempt import Attempts, Served
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.flow import route
from langchain_multirouter.options import read_options
from langchain_multirouter.outcome import Answered, Cause, Failure
from langchain_multirouter.porting.dialect import ANY, Dialect
from langchain_multirouter.providers.provider import Parameters, Translation
from langchain_multirouter.races import ThreadSource
from langchain_multirouter.request import Request
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.sources import AsyncSource, InlineSource
from langchain_multirouter.testing import FakeClock

#: Nothing is ever waited for, so that no test sleeps.
AT_ONCE = Policy(wait=tenacity.wait_none(), longest_wait_seconds=0.0)


class Fault(Exception):  # noqa: N818  # what the scripts call it
    """A provider's error, whose cause is known."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


class Row:
    """The least that a provider's row has to do for a call."""

    name = "scripted"
    extra: str | None = None

    def translate(
        self, model: BaseChatModel, parameters: Parameters, *messages: Any
    ) -> Translation:
        return Translation(model, None, {})

    def dialect(self, model: BaseChatModel, parameters: Parameters) -> Dialect:
        return ANY

    def classify(self, error: BaseException) -> Failure:
        return Failure(getattr(error, "cause", Cause.UNKNOWN), error=error)

    def judge(self, message: AIMessage) -> Failure | None:
        if not message.content and not message.tool_calls:
            return Failure(Cause.INVALID_RESPONSE, "empty answer")
        if not message.response_metadata.get("finish_reason"):
            return Failure(Cause.STREAM_BROKEN, "no finish reason")
        return None


class Traced:
    """A flow whose steps and events are written down."""

    def __init__(self, flow: Any) -> None:
        self.flow = flow
        self.trace: list[Any] = []

    def send(self, event: Any) -> Any:
        self.trace.append(event)
        step = self.flow.send(event)
        self.trace.append(step)
        return step

    def close(self) -> None:
        self.flow.close()


class Told:
    """What came of one call."""

    def __init__(self) -> None:
        self.text = ""
        self.chunks: list[ChatGenerationChunk] = []
        self.metadata: Mapping[str, Any] | None = None
        self.error: BaseException | None = None
        self.trace: list[Any] = []

    def whole(self, result: ChatResult, answered: Answered) -> None:
        self.text = result.generations[0].message.text
        self.metadata = answered.metadata()

    def chunk(self, chunk: ChatGenerationChunk) -> None:
        self.chunks.append(chunk)
        self.text += chunk.message.text
        self.metadata = chunk.message.response_metadata.get("router")

    def as_values(self) -> tuple[Any, ...]:
        """For comparison; the time of the last chunk is the real clock's."""
        metadata = {k: v for k, v in (self.metadata or {}).items() if "time" not in k}
        error = (type(self.error), str(self.error), getattr(self.error, "attempts", None))
        return self.text, metadata, error, self.trace


class Router:
    """Models behind one fleet, called through one of the drivers."""

    def __init__(
        self,
        *models: BaseChatModel,
        policy: Policy = AT_ONCE,
        timeout: float = 100.0,
        clock: Callable[[], float] | None = None,
        seed: int = 0,
    ) -> None:
        names = [f"m{i}" for i in range(len(models))]
        self.models = models
        self.clock = clock or FakeClock()
        self.served = tuple(
            Served(
                Deployment(f"x:{name}", name=name, provider="x", model_name="m"),
                model,
                Row(),  # type: ignore[arg-type]  # the least that a call needs
                timeout,
            )
            for name, model in zip(names, models, strict=True)
        )
        candidates = (Candidate(i, served.deployment) for i, served in enumerate(self.served))
        self.fleet = Fleet(candidates, policy, seed)
        self.timeouts = (timeout,) * len(models)

    def parts(self, *, streamed: bool, options: Mapping[str, Any]) -> tuple[Any, Attempts]:
        request = Request(read_options({"strategy": "ordered", **options}), streamed)
        flow = route(request, self.fleet, self.timeouts, self.clock())
        messages = [HumanMessage("hello")]
        return Traced(flow), Attempts(self.served, messages, Parameters(), streamed)

    def run(self, source: type[InlineSource | ThreadSource] = InlineSource, **options: Any) -> Told:
        flow, attempts = self.parts(streamed=False, options=options)
        told = Told()
        try:
            told.whole(*drive.run(flow, source(attempts, self.clock)))
        except ModelError as error:
            told.error = error
        told.trace = flow.trace
        return told

    async def arun(self, **options: Any) -> Told:
        flow, attempts = self.parts(streamed=False, options=options)
        told = Told()
        try:
            told.whole(*await drive.arun(flow, AsyncSource(attempts, self.clock)))
        except ModelError as error:
            told.error = error
        told.trace = flow.trace
        return told

    def open(
        self, source: type[InlineSource | ThreadSource] = InlineSource, **options: Any
    ) -> Iterator[ChatGenerationChunk]:
        flow, attempts = self.parts(streamed=True, options=options)
        return drive.stream(flow, source(attempts, self.clock))

    def aopen(self, **options: Any) -> AsyncIterator[ChatGenerationChunk]:
        flow, attempts = self.parts(streamed=True, options=options)
        return drive.astream(flow, AsyncSource(attempts, self.clock))

    def stream(
        self, source: type[InlineSource | ThreadSource] = InlineSource, **options: Any
    ) -> Told:
        flow, attempts = self.parts(streamed=True, options=options)
        told = Told()
        try:
            for chunk in drive.stream(flow, source(attempts, self.clock)):
                told.chunk(chunk)
        except ModelError as error:
            told.error = error
        told.trace = flow.trace
        return told

    async def astream(self, **options: Any) -> Told:
        flow, attempts = self.parts(streamed=True, options=options)
        told = Told()
        try:
            async for chunk in drive.astream(flow, AsyncSource(attempts, self.clock)):
                told.chunk(chunk)
        except ModelError as error:
            told.error = error
        told.trace = flow.trace
        return told

    def counts(self, number: int = 0) -> Sequence[Any]:
        """Succeeded, failed, cancelled, pending."""
        return self.fleet.snapshot()[number].stats[:4]

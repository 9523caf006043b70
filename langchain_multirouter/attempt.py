"""Attempt: one try at one deployment over its own LangChain class, told as events.

The inner `_generate`, `_agenerate`, `_stream` and `_astream` are called directly and without a run
manager: an inner `invoke` would be a second run, whose tokens every callback would count again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from .connections import Connections
from .deployment import Deployment
from .observer import Observer
from .outcome import Cause, Failure
from .porting import Unportable, port
from .providers.provider import Parameters
from .resuming import Joint
from .steps import Chunk, Ended, Event, Kind, Start
from .tally import Tally, judged, with_metadata
from .values import new

Clock = Callable[[], float]


class Served(NamedTuple):
    """A deployment with its LangChain object, and its provider's row for objects of that kind."""

    deployment: Deployment
    model: Any  # a BaseChatModel; in a RoutedEmbeddings an Embeddings
    classes: Any  # ProviderClasses; there EmbeddingsClasses
    timeout_seconds: float
    connections: Connections | None = None  # None: none that a loop could leave behind


class Attempts(NamedTuple):
    """What one call sends, whoever it is sent to."""

    served: Sequence[Served]
    messages: Sequence[BaseMessage]
    parameters: Parameters
    streamed: bool
    learn: Callable[[int, Mapping[str, Any]], None] | None = None  # while a price is unknown
    accepts: Callable[[AIMessage], bool] | None = None  # the caller's own test of a whole answer
    observer: Observer | None = None  # sees attempts begin and end, where somebody traces
    orphaned: Callable[[int, int], None] | None = None  # deployment's number, one more or less

    def begin(self, step: Start, said: Sequence[BaseMessage] = ()) -> Running:
        """Prepare the attempt that the flow asks for; nothing is sent before its first event.

        Args:
            step: What the flow asks.
            said: The chunks that were delivered, where it is to go on from them.
        """
        if self.observer is not None:
            self.observer.began(step.id, step.deployment)
        return Running(step, self.served[step.number], self, Joint(said) if said else None)


class Running:
    """One attempt under way: its events, and the result or the chunks that they speak of."""

    __slots__ = (
        "_joint", "_parameters", "_served", "_source", "_tally", "call", "chunks", "id", "left",
        "lost", "number", "result",
    )  # fmt: skip

    def __init__(
        self, step: Start, served: Served, call: Attempts, joint: Joint | None = None
    ) -> None:
        self._joint = joint
        self._parameters = call.parameters
        if step.max_tokens is not None:
            self._parameters = call.parameters._replace(max_tokens=step.max_tokens)
        self.id = step.id
        self.number = step.number
        self.call = call
        self.result: ChatResult | None = None
        self.chunks: deque[ChatGenerationChunk] = deque()
        self.left = False
        self.lost: tuple[str, ...] = ()  # what of the request this deployment could not take
        self._served = served
        self._source: Any = None
        self._tally: Tally | None = None  # of a stream's chunks

    @property
    def model(self) -> Any:
        """The deployment's chat model, before any translation."""
        return self._served.model

    def events(self, clock: Clock) -> Iterator[Event]:
        """Make the attempt, in the thread that iterates."""
        if self.call.streamed:
            return self._streamed(clock)
        return map(self.answer, (clock,))  # one event: a generator would have to be closed

    def answer(self, clock: Clock) -> Ended:
        """Make the attempt for a whole answer."""
        try:
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                model.rate_limiter.acquire(blocking=True)
            failure = self.whole(model._generate(messages, stop=stop, **settings))
        except Exception as error:
            failure = self.classified(error)
        return self.ended(failure, clock())

    async def aanswer(self, clock: Clock) -> Ended:
        """Make the attempt for a whole answer."""
        try:
            if self._served.connections is not None:
                self._served.connections.settle_in()
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                await model.rate_limiter.aacquire(blocking=True)
            failure = self.whole(await model._agenerate(messages, stop=stop, **settings))
        except Exception as error:
            failure = self.classified(error)
        return self.ended(failure, clock())

    def _streamed(self, clock: Clock) -> Iterator[Event]:
        try:
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                model.rate_limiter.acquire(blocking=True)
            if streams_natively(model, settings, asynchronous=False):
                self._tally = tally = Tally()
                self._source = source = model._stream(messages, stop=stop, **settings)
                for chunk in source:
                    kind, content = tally.add(chunk)
                    if self._joint is not None:
                        chunk = self._joint.fit(chunk, kind)
                    self.chunks.append(chunk)
                    yield new(Chunk, (self.id, kind, content, clock(), tally.characters))
                failure = judged(self._served.classes, tally.message())
            else:
                failure = self.whole(model._generate(messages, stop=stop, **settings))
                if failure is None:
                    yield self.as_chunk(clock())
        except Exception as error:
            failure = self.classified(error)
        yield self.ended(failure, clock())

    async def aevents(self, clock: Clock) -> AsyncIterator[Event]:
        """Make the attempt for a stream, in the task that iterates."""
        try:
            if self._served.connections is not None:
                self._served.connections.settle_in()
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                await model.rate_limiter.aacquire(blocking=True)
            if streams_natively(model, settings, asynchronous=True):
                self._tally = tally = Tally()
                self._source = source = model._astream(messages, stop=stop, **settings)
                async for chunk in source:
                    kind, content = tally.add(chunk)
                    if self._joint is not None:
                        chunk = self._joint.fit(chunk, kind)
                    self.chunks.append(chunk)
                    yield new(Chunk, (self.id, kind, content, clock(), tally.characters))
                failure = judged(self._served.classes, tally.message())
            else:
                failure = self.whole(await model._agenerate(messages, stop=stop, **settings))
                if failure is None:
                    yield self.as_chunk(clock())
        except Exception as error:
            failure = self.classified(error)
        yield self.ended(failure, clock())

    def _translated(
        self,
    ) -> tuple[BaseChatModel, list[BaseMessage], list[str] | None, dict[str, Any]]:
        """Whom to ask, and what, in its own words."""
        served, call = self._served, self.call
        classes, model = served.classes, served.model
        dialect = classes.dialect(model, self._parameters)
        to, asked = served.deployment, call.messages
        if self._joint is not None:
            asked = self._joint.asked(asked, dialect, to.model_name)
        sent = (asked, self._parameters, dialect, to.model_name, to.name)
        messages, parameters, self.lost = port(*sent)
        model, stop, settings, dropped = classes.translate(model, parameters, messages)
        if dropped:
            self.lost = (*self.lost, *dropped)
        return model, messages, stop, settings

    def classified(self, error: Exception) -> Failure:
        """The exception as a failure."""
        if isinstance(error, Unportable):
            return Failure(Cause.UNSUPPORTED, error=error)
        failure: Failure = self._served.classes.classify(error)
        return failure

    def ended(self, failure: Failure | None, now: float) -> Ended:
        """The attempt's last event."""
        usage = self.usage()
        if self.call.observer is not None:
            self.call.observer.ended(self.id, failure, usage)
        return new(Ended, (self.id, failure, now, usage))

    def whole(self, result: ChatResult) -> Failure | None:
        """Judge a whole answer; its metadata is gathered on its message first."""
        self.result = result
        if not result.generations:
            return Failure(Cause.INVALID_RESPONSE, "no generations")
        generation = result.generations[0]
        message = generation.message
        if not isinstance(message, AIMessage):
            return Failure(Cause.INVALID_RESPONSE, "no AI message")
        metadata = dict(result.llm_output or ())
        metadata.update(generation.generation_info or ())
        metadata.update(message.response_metadata)
        message = with_metadata(message, metadata)  # the model may give the same one again
        generation.__dict__["message"] = message  # pydantic's own setting costs a microsecond
        failure = judged(self._served.classes, message)
        if failure is None and self.call.accepts is not None and not self.call.accepts(message):
            return Failure(Cause.SCHEMA_MISMATCH)
        return failure

    def usage(self) -> Mapping[str, Any] | None:
        """What the provider counted, if it did; a price that is unknown is learned on the way."""
        usage: Mapping[str, Any] | None = None
        metadata: Mapping[str, Any] = {}
        if self.result is not None and self.result.generations:
            message = self.result.generations[0].message
            usage = getattr(message, "usage_metadata", None)
            metadata = message.response_metadata
        elif self._tally is not None:
            usage, metadata = self._tally.usage, self._tally.metadata
        if self.call.learn is not None:
            self.call.learn(self.number, metadata)
        return usage

    def as_chunk(self, now: float) -> Chunk:
        """A whole answer as the one chunk of a stream, from a model that does not stream."""
        assert self.result is not None  # noqa: S101  # judged before
        generation = self.result.generations[0]
        fields = {k: v for k, v in generation.message.__dict__.items() if k != "type"}
        chunk = ChatGenerationChunk(
            message=AIMessageChunk(**fields), generation_info=generation.generation_info
        )
        if self._joint is not None:
            chunk = self._joint.fit(chunk, Kind.FINISH)
        self.chunks.append(chunk)
        return Chunk(self.id, Kind.FINISH, True, now)

    def leave(self) -> None:
        """Nobody waits for it any more; its thread may not come to say so for long."""
        self.left = True
        if self.call.observer is not None:
            self.call.observer.left(self.id)

    def close(self) -> None:
        """Give the connection back; never raises."""
        if self.call.observer is not None:
            self.call.observer.left(self.id)
        source, self._source = self._source, None
        if source is not None:
            try:
                source.close()
            except Exception:  # noqa: S110  # the attempt is over; its farewell is nobody's concern
                pass

    async def aclose(self) -> None:
        """Give the connection back; never raises, but for cancellation."""
        if self.call.observer is not None:
            self.call.observer.left(self.id)
        source, self._source = self._source, None
        if source is not None:
            try:
                await source.aclose()
            except Exception:  # noqa: S110  # the attempt is over; its farewell is nobody's concern
                pass


def streams_natively(
    model: BaseChatModel, settings: Mapping[str, Any], *, asynchronous: bool
) -> bool:
    """Whether the model streams, and its own settings do not forbid it."""
    cls = type(model)
    native = cls._stream is not BaseChatModel._stream
    if asynchronous:
        native = native or cls._astream is not BaseChatModel._astream
    disabled = model.disable_streaming
    return native and not (disabled is True or (disabled and bool(settings.get("tools"))))

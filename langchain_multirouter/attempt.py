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
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from .deployment import Deployment
from .outcome import Cause, Failure
from .providers.provider import Parameters, ProviderClasses
from .steps import Chunk, Ended, Event, Kind, Start
from .values import new

Clock = Callable[[], float]


class Served(NamedTuple):
    """A deployment with its chat model and its provider's row."""

    deployment: Deployment
    model: BaseChatModel
    classes: ProviderClasses
    timeout_seconds: float


class Attempts(NamedTuple):
    """What one call sends, whoever it is sent to."""

    served: Sequence[Served]
    messages: Sequence[BaseMessage]
    parameters: Parameters
    streamed: bool
    learn: Callable[[int, Mapping[str, Any]], None] | None = None  # while a price is unknown

    def begin(self, step: Start) -> Running:
        """Prepare the attempt that the flow asks for; nothing is sent before its first event."""
        return Running(step, self.served[step.number], self)


class Running:
    """One attempt under way: its events, and the result or the chunks that they speak of."""

    __slots__ = (
        "_number", "_served", "_source", "_tally", "call", "chunks", "id", "left", "result"
    )  # fmt: skip

    def __init__(self, step: Start, served: Served, call: Attempts) -> None:
        self.id = step.id
        self._number = step.number
        self.call = call
        self.result: ChatResult | None = None
        self.chunks: deque[ChatGenerationChunk] = deque()
        self.left = False
        self._served = served
        self._source: Any = None
        self._tally: Tally | None = None  # of a stream's chunks

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
            failure = self._served.classes.classify(error)
        return new(Ended, (self.id, failure, clock(), self.usage()))

    async def aanswer(self, clock: Clock) -> Ended:
        """Make the attempt for a whole answer."""
        try:
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                await model.rate_limiter.aacquire(blocking=True)
            failure = self.whole(await model._agenerate(messages, stop=stop, **settings))
        except Exception as error:
            failure = self._served.classes.classify(error)
        return new(Ended, (self.id, failure, clock(), self.usage()))

    def _streamed(self, clock: Clock) -> Iterator[Event]:
        try:
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                model.rate_limiter.acquire(blocking=True)
            if streams_natively(model, settings, asynchronous=False):
                self._tally = tally = Tally()
                self._source = source = model._stream(messages, stop=stop, **settings)
                for chunk in source:
                    self.chunks.append(chunk)
                    kind, content = tally.add(chunk)
                    yield Chunk(self.id, kind, content, clock())
                failure = judged(self._served.classes, tally.message())
            else:
                failure = self.whole(model._generate(messages, stop=stop, **settings))
                if failure is None:
                    yield self.as_chunk(clock())
        except Exception as error:
            failure = self._served.classes.classify(error)
        yield Ended(self.id, failure, clock(), self.usage())

    async def aevents(self, clock: Clock) -> AsyncIterator[Event]:
        """Make the attempt for a stream, in the task that iterates."""
        try:
            model, messages, stop, settings = self._translated()
            if model.rate_limiter is not None:
                await model.rate_limiter.aacquire(blocking=True)
            if streams_natively(model, settings, asynchronous=True):
                self._tally = tally = Tally()
                self._source = source = model._astream(messages, stop=stop, **settings)
                async for chunk in source:
                    self.chunks.append(chunk)
                    kind, content = tally.add(chunk)
                    yield Chunk(self.id, kind, content, clock())
                failure = judged(self._served.classes, tally.message())
            else:
                failure = self.whole(await model._agenerate(messages, stop=stop, **settings))
                if failure is None:
                    yield self.as_chunk(clock())
        except Exception as error:
            failure = self._served.classes.classify(error)
        yield Ended(self.id, failure, clock(), self.usage())

    def _translated(
        self,
    ) -> tuple[BaseChatModel, list[BaseMessage], list[str] | None, dict[str, Any]]:
        """Whom to ask, and what, in its own words."""
        served, call = self._served, self.call
        model, stop, settings, _ = served.classes.translate(
            served.model, call.parameters, call.messages
        )
        return model, list(call.messages), stop, settings

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
        message = message.__copy__()  # the model may give the same one again
        # Through the dictionary, since pydantic's own setting costs a microsecond.
        message.__dict__["response_metadata"] = metadata
        generation.__dict__["message"] = message
        return judged(self._served.classes, message)

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
            self.call.learn(self._number, metadata)
        return usage

    def as_chunk(self, now: float) -> Chunk:
        """A whole answer as the one chunk of a stream, from a model that does not stream."""
        assert self.result is not None  # noqa: S101  # judged before
        generation = self.result.generations[0]
        fields = {k: v for k, v in generation.message.__dict__.items() if k != "type"}
        chunk = ChatGenerationChunk(
            message=AIMessageChunk(**fields), generation_info=generation.generation_info
        )
        self.chunks.append(chunk)
        return Chunk(self.id, Kind.FINISH, True, now)

    def close(self) -> None:
        """Give the connection back; never raises."""
        source, self._source = self._source, None
        if source is not None:
            try:
                source.close()
            except Exception:  # noqa: S110  # the attempt is over; its farewell is nobody's concern
                pass

    async def aclose(self) -> None:
        """Give the connection back; never raises, but for cancellation."""
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


def judged(classes: ProviderClasses, message: AIMessage) -> Failure | None:
    """The provider's judgement of a 200.

    What the provider cut itself, and says so (a content filter, a full window), is handed on as it
    is where part of an answer is there: the caller sees its finish reason, as with any model.
    """
    failure = classes.judge(message)
    if failure is not None and failure.answer is not None and message.content:
        return None
    return failure


FINISH_KEYS = ("finish_reason", "stopReason", "stop_reason")


class Tally:
    """What a stream's chunks add up to, as far as judging it needs: a sum of chunks would cost as
    much as the stream itself, and the caller's side makes one anyway."""

    __slots__ = ("content", "metadata", "seen_tool_calls", "usage")

    def __init__(self) -> None:
        self.content = False
        self.seen_tool_calls = False
        self.metadata: dict[str, Any] = {}
        self.usage: UsageMetadata | None = None

    def add(self, chunk: ChatGenerationChunk) -> tuple[Kind, bool]:
        """The chunk's kind, and whether it carries content."""
        message = chunk.message
        finished = False
        for source in (chunk.generation_info, message.response_metadata):
            if source:
                self.metadata.update((k, v) for k, v in source.items() if v is not None)
                finished = finished or any(source.get(key) for key in FINISH_KEYS)
        usage = getattr(message, "usage_metadata", None)
        if usage is not None:
            self.usage = add_usage(self.usage, usage)
        tools = bool(getattr(message, "tool_call_chunks", None))
        content = tools or carries(message)
        self.content = self.content or content
        self.seen_tool_calls = self.seen_tool_calls or tools
        if finished:
            return Kind.FINISH, content
        return (Kind.CONTENT if content else Kind.EMPTY), content

    def message(self) -> AIMessage:
        """A message with the stream's metadata, and content where the stream had any."""
        calls = [{"name": "called", "args": {}, "id": "called"}] if self.seen_tool_calls else []
        return AIMessage.model_construct(
            content="." if self.content else "",
            tool_calls=calls,
            invalid_tool_calls=[],
            response_metadata=self.metadata,
            additional_kwargs={},
        )


#: Keys of a content block that say where it stands, not what it holds.
_POSITIONS = frozenset({"type", "index", "id"})


def carries(message: BaseMessage) -> bool:
    """Whether a message carries anything of an answer: text, reasoning, a tool call, a picture."""
    content = message.content
    if isinstance(content, str):
        return bool(content) or bool(message.additional_kwargs.get("reasoning_content"))
    for block in content:
        if isinstance(block, str):
            if block:
                return True
        elif any(value for key, value in block.items() if key not in _POSITIONS):
            return True
    return False

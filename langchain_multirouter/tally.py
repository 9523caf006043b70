"""Tally: what a stream's chunks add up to, as far as judging the stream needs it."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.outputs import ChatGenerationChunk

from .outcome import Failure
from .providers.judge import tells
from .providers.provider import ProviderClasses
from .steps import Kind

FINISH_KEYS = ("finish_reason", "stopReason", "stop_reason")
#: The Responses API's statuses at the end of a stream; other APIs' statuses may mean anything.
FINAL_STATUSES = ("completed", "incomplete", "failed", "cancelled")


class Tally:
    """What a stream's chunks add up to, as far as judging it needs: a sum of chunks would cost as
    much as the stream itself, and the caller's side makes one anyway."""

    __slots__ = ("characters", "content", "metadata", "seen_tool_calls", "usage")

    def __init__(self) -> None:
        self.characters = 0  # of text, as far as it has come
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
                finished = finished or source.get("status") in FINAL_STATUSES
        usage = getattr(message, "usage_metadata", None)
        if usage is not None:
            self.usage = add_usage(self.usage, usage)
        tools = bool(getattr(message, "tool_call_chunks", None))
        content = tools or carries(message)
        if content:
            self.characters += characters(message)
        self.content = self.content or content
        self.seen_tool_calls = self.seen_tool_calls or tools
        if finished:
            return Kind.FINISH, content
        if tools:
            return Kind.CALL, True
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
_POSITIONS = frozenset({"type", "index", "id", "status", "phase"})


def carries(message: BaseMessage) -> bool:
    """Whether a message carries anything of an answer: text, reasoning, a tool call, a picture."""
    content, more = message.content, message.additional_kwargs
    if more and (more.get("reasoning_content") or tells(more.get("reasoning"))):
        return True
    if isinstance(content, str):
        return bool(content)
    for block in content:
        if isinstance(block, str):
            if block:
                return True
        elif block.get("type") == "reasoning":
            if tells(block):
                return True
        elif any(value for key, value in block.items() if key not in _POSITIONS):
            return True
    return False


def characters(message: BaseMessage) -> int:
    """How much a chunk says, in characters of text, reasoning and calls' arguments."""
    content = message.content
    count = len(content) if isinstance(content, str) else sum(map(_in_block, content))
    for call in getattr(message, "tool_call_chunks", None) or ():
        count += len(call.get("name") or "") + len(call.get("args") or "")
    return count


def _in_block(block: Any) -> int:
    if isinstance(block, str):
        return len(block)
    said = (block.get("text"), block.get("reasoning"), block.get("thinking"))
    return sum(len(text) for text in said if isinstance(text, str))


def with_metadata(message: AIMessage, metadata: dict[str, Any]) -> AIMessage:
    """A shallow copy with other metadata, by pydantic's protocol for copies; `copy` costs more."""
    copy = type(message).__new__(type(message))
    copy.__setstate__(
        {
            "__dict__": {**message.__dict__, "response_metadata": metadata},
            "__pydantic_extra__": message.__pydantic_extra__,
            "__pydantic_fields_set__": {*message.__pydantic_fields_set__, "response_metadata"},
            "__pydantic_private__": message.__pydantic_private__,
        }
    )
    return copy


def judged(classes: ProviderClasses, message: AIMessage) -> Failure | None:
    """The provider's judgement of a 200.

    What the provider cut itself, and says so (a content filter, a full window), is handed on as it
    is where part of an answer is there: the caller sees its finish reason, as with any model.
    """
    failure = classes.judge(message)
    if failure is not None and failure.answer is not None and message.content:
        return None
    return failure

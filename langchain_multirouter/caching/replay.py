"""Replay: an answer from a cache as the caller gets it: whole, or as a stream.

Its metadata is new, and says where it came from. No tokens were used: the counts are zero, with a
total cost of zero as LangChain's own caching has it, so that nobody's sums count them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from ..deployment import Deployment
from ..outcome import Answered, AttemptRecord, rounded
from .shelf import Found
from .stored import message_of

#: A text comes in so many chunks at most, of so many characters at least.
MOST_CHUNKS: Final = 8
SHORTEST_CHUNK: Final = 32
#: What LangChain's own caching adds, so that tracers know that it cost nothing.
USED: Final[Mapping[str, int]] = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "total_cost": 0,
}


class Served(NamedTuple):
    """An answer from a cache, and how it came to be served."""

    found: Found
    deployment: Deployment  # who had answered
    strategy: str
    candidates: int
    started: float  # the monotonic clock's seconds
    ended: float
    attempts: tuple[AttemptRecord, ...] = ()  # that failed before, where it is a last resort
    is_last_resort: bool = False

    @property
    def kind(self) -> str:
        """ "exact", "semantic" or "last_resort"."""
        return "last_resort" if self.is_last_resort else self.found.kind

    def metadata(self) -> dict[str, Any]:
        """For `response_metadata["router"]`: as an answered call's, and what the cache did."""
        stored = self.found.stored
        answered = Answered(
            -1,
            self.deployment,
            self.strategy,
            stored.task_type,
            self.candidates,
            self.started,
            self.ended,
            self.attempts,
            (),
            0.0,
        )
        return {
            **answered.metadata(),
            "fallback_used": False,
            "cache": "last_resort" if self.is_last_resort else "hit",
            "cache_kind": self.found.kind,
            "age_seconds": rounded(self.found.age_seconds, 1000.0),
            "saved_usd": stored.cost_usd,
        }


def result_of(served: Served) -> ChatResult:
    """The whole answer."""
    message = message_of(served.found.stored)
    message.response_metadata["router"] = served.metadata()
    message.usage_metadata = dict(USED)  # type: ignore[assignment]  # with LangChain's own addition
    return ChatResult(generations=[ChatGeneration(message=message)])


def chunks_of(served: Served) -> Iterator[ChatGenerationChunk]:
    """The answer as a stream, which adds up to what is stored."""
    message = message_of(served.found.stored)
    for content in _pieces(message.content):
        yield _chunk(content=content)
    blank: Any = "" if isinstance(message.content, str) else []
    if message.tool_calls or message.additional_kwargs or message.name:
        yield _chunk(
            content=blank,
            tool_call_chunks=_calls(message),
            additional_kwargs=message.additional_kwargs,
            name=message.name,
        )
    last = AIMessageChunk(
        content=blank,
        response_metadata={**message.response_metadata, "router": served.metadata()},
        chunk_position="last",
    )
    last.usage_metadata = dict(USED)  # type: ignore[assignment]  # as above
    yield ChatGenerationChunk(message=last)


def _chunk(**fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(**fields))


def _pieces(content: str | Sequence[Any]) -> Iterator[Any]:
    """A text in a few parts; blocks one by one, unless adding them up would melt some together."""
    if isinstance(content, str):
        length = max(SHORTEST_CHUNK, -(-len(content) // MOST_CHUNKS))
        for start in range(0, len(content), length):
            yield content[start : start + length]
    elif any(not isinstance(block, dict) or "index" in block for block in content):
        yield content
    else:
        for block in content:
            yield [block]


def _calls(message: AIMessage) -> list[Any]:
    return [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=i)
        for i, call in enumerate(message.tool_calls)
    ]

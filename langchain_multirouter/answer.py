"""Answer: a provider's answer with the truth about its call in `response_metadata["router"]`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from .errors import StreamInterruptedError
from .outcome import Answered


def signed(result: ChatResult, answered: Answered) -> ChatResult:
    """A whole answer, signed; its metadata is the attempt's own (`Running.whole`)."""
    result.generations[0].message.response_metadata["router"] = answered.metadata()
    return result


def last_chunk(answered: Answered, delivered: Sequence[BaseMessage]) -> ChatGenerationChunk:
    """One more chunk after the provider's last: only then are time, usage and cost known.

    Emitted once, since adding two chunks of router metadata up would add their numbers. Its content
    is empty, in the form the other chunks have, and it carries their id.
    """
    last = delivered[-1] if delivered else None
    content: Any = [] if last is not None and isinstance(last.content, list) else ""
    message = AIMessageChunk(
        content=content,
        id=None if last is None else last.id,
        response_metadata={"router": answered.metadata(now=time.monotonic())},
        chunk_position="last",
    )
    return ChatGenerationChunk(message=message)


def with_partial(
    error: StreamInterruptedError, delivered: Sequence[BaseMessage]
) -> StreamInterruptedError:
    """The error with exactly what was delivered."""
    chunks = [message for message in delivered if isinstance(message, AIMessageChunk)]
    error.partial = add_ai_message_chunks(chunks[0], *chunks[1:]) if chunks else None
    return error

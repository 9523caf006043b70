"""Testing: a clock that stands still and a chat model that follows a script, for users' tests too.

    model = ScriptedModel(script=[ModelRateLimitError("slow down"), "Hello!"])
    router = RoutedChatModel([model, ScriptedModel(script=["Hello from the second"])])

Nothing here is the default of anything: a router answers from it only where it was put there.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

Chunks = AsyncIterator[ChatGenerationChunk]


class FakeClock:
    """A monotonic clock in seconds that moves only when it is told to."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now

    def __call__(self) -> float:
        """The time now."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Let time pass; the time it is then."""
        if seconds < 0:
            raise ValueError("seconds: a monotonic clock does not go back")
        self._now += seconds
        return self._now


class Breaks(NamedTuple):
    """A script's entry: a stream that breaks with `fault` after `after` chunks, one a word."""

    text: str
    fault: BaseException
    after: int = 1


class Tape:
    """Where a script stands; shared by all copies of its model, and by their threads."""

    def __init__(self) -> None:
        self.calls = self.left = 0
        self.lock = threading.Lock()


class ScriptedModel(BaseChatModel):
    """A chat model whose every call takes the next entry of its script; the last one repeats.

    Args:
        script: Texts and `AIMessage`s are answers, exceptions are raised, `Breaks` breaks a stream.
        model_name: What it says its model is.
    """

    script: Sequence[Any] = ("ok",)
    model_name: str = "scripted"
    tape: Any = Field(default_factory=Tape, exclude=True, repr=False)

    @property
    def calls(self) -> int:
        """How often it was asked, whatever came of it."""
        return int(self.tape.calls)

    @property
    def left(self) -> int:
        """How many of its streams were closed before their end."""
        return int(self.tape.left)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, *, streamed: bool) -> tuple[AIMessage, BaseException | None, int]:
        """The next answer, and what it breaks with after how many chunks."""
        with self.tape.lock:
            entry = self.script[min(self.tape.calls, len(self.script) - 1)]
            self.tape.calls += 1
        if isinstance(entry, Breaks):
            if not streamed:
                raise entry.fault
            return AIMessage(entry.text), entry.fault, entry.after
        if isinstance(entry, BaseException | type):
            raise entry
        return (entry if isinstance(entry, AIMessage) else AIMessage(str(entry))), None, 0

    def _ended(self, messages: Sequence[BaseMessage], answer: AIMessage) -> dict[str, Any]:
        """What an answer's end tells; words stand in for tokens."""
        asked, said = (sum(len(m.text.split()) for m in ms) for ms in (messages, (answer,)))
        counted = UsageMetadata(input_tokens=asked, output_tokens=said, total_tokens=asked + said)
        told = {"finish_reason": "stop", "model_name": self.model_name, **answer.response_metadata}
        return {"usage_metadata": answer.usage_metadata or counted, "response_metadata": told}

    def _chunks(self, messages: list[BaseMessage]) -> Generator[ChatGenerationChunk]:
        message, fault, after = self._next(streamed=True)
        words = re.findall(r"\S+\s*|^\s+", message.text)
        calls = [
            tool_call_chunk(name=c["name"], args=json.dumps(c["args"]), id=c["id"], index=i)
            for i, c in enumerate(message.tool_calls)
        ]
        try:
            for word in words if fault is None else words[:after]:
                yield ChatGenerationChunk(message=AIMessageChunk(content=word))
            if fault is None:
                ended = self._ended(messages, message)
                last = AIMessageChunk(content="", tool_call_chunks=calls, **ended)
                yield ChatGenerationChunk(message=last)
        except GeneratorExit:
            with self.tape.lock:
                self.tape.left += 1
            raise
        if fault is not None:
            raise fault

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        answer = self._next(streamed=False)[0]
        answer = answer.model_copy(update=self._ended(messages, answer))
        return ChatResult(generations=[ChatGeneration(message=answer)])

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._generate(messages)

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[Any]:
        return self._chunks(messages)

    async def _astream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Chunks:
        with closing(self._chunks(messages)) as chunks:
            for chunk in chunks:
                yield chunk

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Tools are taken and have no influence: the script says what is called."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

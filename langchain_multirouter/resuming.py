"""Resuming: a stream that broke off is carried on by another deployment, so that it reads as one.

The other is shown what was delivered and asked to go on. What it repeats of it is dropped, and its
chunks are given the form of those that were delivered, so that they add up to one message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from .porting.dialect import BEDROCK_CLAUDE, VERTEX_CLAUDE, Dialect
from .steps import Kind

ASK = (
    "Your answer was cut off. Continue it exactly where it stopped, in the middle of a word if "
    "need be. Repeat nothing of it, and write nothing before or about it."
)
#: A shorter repetition may be chance: "hel" and "lo" share an l.
LEAST_REPEATED = 12
#: Claude from here on refuses a conversation that ends with its own turn.
NO_PREFILL_FROM = (4, 6)
_VERSION = re.compile(r"claude\D*?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")


def takes_prefill(dialect: Dialect, model_name: str) -> bool:
    """Whether the model goes on from the last turn, if that is its own."""
    if dialect not in {BEDROCK_CLAUDE, VERTEX_CLAUDE}:
        return False
    found = _VERSION.search(model_name)
    return found is not None and (int(found[1]), int(found[2] or 0)) < NO_PREFILL_FROM


class Aligner:
    """What of a text goes beyond what was said before, part after part as it comes."""

    def __init__(self, said: str) -> None:
        self._said = said
        self._held: str | None = ""  # None: decided, everything passes

    def add(self, text: str) -> str:
        """What is new of it, or nothing as long as it may be a repetition."""
        if self._held is None:
            return text
        self._held += text
        return "" if self._undecided(self._held) else self.rest()

    def rest(self) -> str:
        """All that was held back, without what it repeats."""
        held, self._held = self._held or "", None
        return held[self._repeated(held) :]

    def _undecided(self, held: str) -> bool:
        return len(held) < LEAST_REPEATED or held in self._said

    def _repeated(self, held: str) -> int:
        """How much of the beginning was said: all of it again, or its end."""
        if held.startswith(self._said):
            return len(self._said)
        for length in range(min(len(held), len(self._said)), LEAST_REPEATED - 1, -1):
            if self._said.endswith(held[:length]):
                return length
        return len(held) if len(held) >= LEAST_REPEATED and held in self._said else 0


class Joint:
    """Where two streams are joined: what was delivered, and how the next one goes on from it."""

    def __init__(self, said: Sequence[BaseMessage]) -> None:
        self.text = "".join(str(message.text) for message in said)
        self._id = next((message.id for message in said if message.id), None)
        self._blocks = any(
            isinstance(message.content, list) and message.content for message in said
        )
        self._index = _text_index(said)
        self._known = {key for message in said for key in message.response_metadata}
        self._aligner = Aligner(self.text) if self.text else None

    def asked(
        self, messages: Sequence[BaseMessage], dialect: Dialect, model_name: str
    ) -> list[BaseMessage]:
        """The conversation, with what was said of the answer and the request to go on."""
        text = self.text.rstrip()  # a turn that ends in spaces is refused as a beginning
        if not text:
            return list(messages)
        said = [*messages, AIMessage(text)]
        return said if takes_prefill(dialect, model_name) else [*said, HumanMessage(ASK)]

    def fit(self, chunk: ChatGenerationChunk, kind: Kind) -> ChatGenerationChunk:
        """The chunk as it is delivered: only what is new, in the form of what was delivered."""
        message = chunk.message
        text = str(message.text)
        if self._aligner is not None:
            text = self._aligner.add(text)
            if kind in {Kind.FINISH, Kind.CALL}:
                text += self._aligner.rest()
        content: Any = text
        if self._blocks:
            content = [{"type": "text", "text": text, "index": self._index}] if text else []
        fitted = AIMessageChunk(
            content=content,
            id=self._id or message.id,
            tool_call_chunks=getattr(message, "tool_call_chunks", []),
            usage_metadata=getattr(message, "usage_metadata", None),
            response_metadata=self._new(message.response_metadata),
        )
        return ChatGenerationChunk(
            message=fitted, generation_info=self._new(chunk.generation_info or {}) or None
        )

    def _new(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Without what was delivered: chunks are added up, and two names would become one."""
        skipped = self._known | {"model_provider"}
        return {key: value for key, value in metadata.items() if key not in skipped}


def _text_index(said: Sequence[BaseMessage]) -> Any:
    """The index of the last text block, to which the next text is added."""
    blocks = [
        block
        for message in said
        if isinstance(message.content, list)
        for block in message.content
        if isinstance(block, dict) and block.get("type") == "text" and "index" in block
    ]
    return blocks[-1]["index"] if blocks else 0

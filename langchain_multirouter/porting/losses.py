"""Losses: the words for what a target could not take; never a word of the conversation itself."""

from __future__ import annotations

from typing import Final


class Losses(dict[str, None]):
    """What was lost, each once, in order."""

    def add(self, what: str) -> None:
        """Note it."""
        self[what] = None


REASONING: Final = "reasoning of another model"
SERVER_TOOLS: Final = "tools that another provider ran"
CACHE_MARKS: Final = "marks of what to cache"
CITATIONS: Final = "citations"
ANSWERS_MEDIA: Final = "attachments of an answer"
ANSWERS_BLOCK: Final = "a block of an answer"
MALFORMED_CALL: Final = "a malformed tool call"
EMPTY_ANSWER: Final = "an empty answer"
REPEATED_RESULT: Final = "a repeated tool result"
MOVED_RESULT: Final = "the place of a tool result"
MOVED_ATTACHMENT: Final = "the place of a tool result's attachment"
MOVED_SYSTEM: Final = "the place of a system message"
SPLIT_ANSWER: Final = "the border between two answers"
NAME: Final = "a name's spelling"
NO_QUESTION: Final = "that an answer comes first"
EMPTY_TURN: Final = "an empty turn"

"""Prompt: the bounds a request's text must keep before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from .errors import InvalidRequestError

#: Two million tokens, the largest context window on sale, at four characters each.
LONGEST_PROMPT_CHARACTERS = 8_000_000


def check_prompt(messages: Sequence[BaseMessage]) -> None:
    """Refuse what no provider could take.

    Raises:
        InvalidRequestError: the text is longer than any model takes, or holds a lone surrogate
            (which is no Unicode text and cannot be sent); names the message's index.
    """
    total = 0
    for index, message in enumerate(messages):
        content = message.content
        for text in (content,) if isinstance(content, str) else _texts(content):
            total += len(text)
            if total > LONGEST_PROMPT_CHARACTERS:
                raise InvalidRequestError(
                    f"messages[{index}]: the prompt has more than {LONGEST_PROMPT_CHARACTERS:,} "
                    "characters, more than any model takes; nothing was sent."
                )
            if not text.isascii():
                _check_unicode(text, index)


def _texts(content: Sequence[Any]) -> Iterable[str]:
    for block in content:
        if isinstance(block, str):
            yield block
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            yield block["text"]


def _check_unicode(text: str, index: int) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"messages[{index}]: character {error.start} is a lone surrogate "
            f"(U+{ord(text[error.start]):04X}), which is no text; nothing was sent."
        ) from None

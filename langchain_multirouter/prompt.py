"""Prompt: what of the messages the router looks at, and the bounds they must keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from .economics.tokens import BLOCK_TOKENS, message_tokens
from .errors import InvalidRequestError
from .porting.turns import read_turns
from .request import Prompt
from .values import new

#: Two million tokens, the largest context window on sale, at four characters each.
LONGEST_PROMPT_CHARACTERS = 8_000_000
#: The classifier sees so many characters of a long turn's head, and as many of its tail.
SEEN_CHARACTERS = 32_768

#: Content block type → kind, for the forms that LangChain and the providers use.
KINDS = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "media": "file",
    "file": "file",
    "input_file": "file",
    "document": "file",
}


def read_prompt(messages: Sequence[BaseMessage]) -> Prompt:
    """What routing has to know, read in one pass.

    Raises:
        InvalidRequestError: the text is longer than any model takes, or holds a lone surrogate
            (which is no Unicode text and cannot be sent), or tool calls and results do not match;
            names the message's index.
    """
    characters = tokens = 0
    uses_tools = False
    blocks: dict[str, int] = {}
    asked = ""
    for index, message in enumerate(messages):
        content = message.content
        text = content if isinstance(content, str) else _text(content, blocks)
        length = len(text)
        characters += length
        if characters > LONGEST_PROMPT_CHARACTERS:
            raise InvalidRequestError(
                f"messages[{index}]: the prompt has more than {LONGEST_PROMPT_CHARACTERS:,} "
                "characters, more than any model takes; nothing was sent."
            )
        if not text.isascii():
            _check_unicode(text, index)
        kind = message.type
        tokens += message_tokens(length, kind)
        if kind == "human":
            asked = text
        elif kind == "tool" or getattr(message, "tool_calls", None):
            uses_tools = True
    if uses_tools:
        read_turns(messages)
    if blocks:
        tokens += sum(BLOCK_TOKENS[kind] * count for kind, count in blocks.items())
    length = len(asked)
    if length > 2 * SEEN_CHARACTERS:
        asked = asked[:SEEN_CHARACTERS] + asked[-SEEN_CHARACTERS:]
    return new(Prompt, (asked, frozenset(blocks), tokens, length))


def _text(content: Sequence[Any], blocks: dict[str, int]) -> str:
    """The text of content blocks; what is none is counted by its kind."""
    texts = []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict):
            kind = KINDS.get(str(block.get("type")))
            if kind is not None:
                blocks[kind] = blocks.get(kind, 0) + 1
            elif isinstance(block.get("text"), str):
                texts.append(block["text"])
    return "\n".join(texts)


def _check_unicode(text: str, index: int) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"messages[{index}]: character {error.start} is a lone surrogate "
            f"(U+{ord(text[error.start]):04X}), which is no text; nothing was sent."
        ) from None

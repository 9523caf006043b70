"""Prompt: what of the messages the router looks at, and the bounds they must keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from .blocks import read_block
from .economics.tokens import message_tokens, text_tokens
from .errors import InvalidRequestError
from .porting.turns import read_turns
from .request import Prompt
from .tool_objects import is_tool
from .values import new

#: Two million tokens, the largest context window on sale, at four characters each.
LONGEST_PROMPT_CHARACTERS = 8_000_000
#: The classifier sees so many characters of a long turn's head, and as many of its tail.
SEEN_CHARACTERS = 32_768


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
            _check_unicode(text, f"messages[{index}]")
        kind = message.type
        if kind == "human":
            asked = text
        elif kind == "tool":
            uses_tools = True
        elif kind == "ai" and message.tool_calls:  # type: ignore[attr-defined]  # an AIMessage
            uses_tools = True
            length += len(str(message.tool_calls))  # type: ignore[attr-defined]
        tokens += message_tokens(length, kind)
    if uses_tools:
        read_turns(messages)
    if blocks:
        tokens += sum(blocks.values())
        blocks.pop("text", None)
    length = len(asked)
    if length > 2 * SEEN_CHARACTERS:
        asked = asked[:SEEN_CHARACTERS] + asked[-SEEN_CHARACTERS:]
    return new(Prompt, (asked, frozenset(blocks), tokens, length))


#: How many sets of tools are remembered with their tokens.
REMEMBERED = 64
_COUNTED: dict[tuple[int, ...], tuple[tuple[Any, ...], int]] = {}


def tools_tokens(tools: Sequence[Any]) -> int:
    """The tokens of what is sent of tools and of the answer's schema, by their length.

    Counted once for each set, told apart by identity; the tools are held along, so that no other
    object can take their place.
    """
    key = tuple(map(id, tools))
    known = _COUNTED.get(key)
    if known is None:
        if len(_COUNTED) >= REMEMBERED:
            _COUNTED.clear()
        tokens = sum(text_tokens(_schema_characters(tool)) for tool in tools)
        known = _COUNTED[key] = (tuple(tools), tokens)
    return known[1]


def _schema_characters(tool: Any) -> int:
    if is_tool(tool):
        return len(tool.name) + len(tool.description) + len(str(tool.args))
    if isinstance(tool, type) and hasattr(tool, "model_json_schema"):
        return len(str(tool.model_json_schema()))
    return len(str(tool)) if isinstance(tool, Mapping) else 0


def _text(content: Sequence[Any], blocks: dict[str, int], depth: int = 2) -> str:
    """The text of content blocks; of what is none, the tokens are added up by its kind."""
    texts = []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict):
            if block.get("type") != "text" and (read := read_block(block)) is not None:
                kind, tokens = read
                blocks[kind] = blocks.get(kind, 0) + tokens
            elif isinstance(block.get("text"), str):
                texts.append(block["text"])
            elif isinstance(block.get("content"), list) and depth:
                # A tool's result in Anthropic's own form: sent, but nothing the human says.
                tokens = message_tokens(len(_text(block["content"], blocks, depth - 1)))
                blocks["text"] = blocks.get("text", 0) + tokens
    return "\n".join(texts)


def read_texts(texts: Any) -> tuple[list[str], Prompt]:
    """Texts to embed, and what routing has to know of them.

    Raises:
        InvalidRequestError: they are no list, or one is no text, too long or no Unicode; naming it.
    """
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
        raise InvalidRequestError(
            f"texts: must be a list of texts, not {type(texts).__name__}; nothing was sent."
        )
    read = list(texts)
    characters = tokens = 0
    for index, text in enumerate(read):
        _check_text(text, f"texts[{index}]")
        characters += len(text)
        tokens += text_tokens(len(text))
    return read, new(Prompt, ("", frozenset(), tokens, characters))


def read_text(text: Any) -> tuple[list[str], Prompt]:
    """A text to embed, alone, as `read_texts` reads many."""
    _check_text(text, "text")
    return [text], new(Prompt, ("", frozenset(), text_tokens(len(text)), len(text)))


def _check_text(text: Any, place: str) -> None:
    if not isinstance(text, str):
        raise InvalidRequestError(
            f"{place}: must be a text, not {type(text).__name__}; nothing was sent."
        )
    if len(text) > LONGEST_PROMPT_CHARACTERS:
        raise InvalidRequestError(
            f"{place}: has more than {LONGEST_PROMPT_CHARACTERS:,} characters, more than any model "
            "takes; nothing was sent."
        )
    if not text.isascii():
        _check_unicode(text, place)


def _check_unicode(text: str, place: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{place}: character {error.start} is a lone surrogate "
            f"(U+{ord(text[error.start]):04X}), which is no text; nothing was sent."
        ) from None

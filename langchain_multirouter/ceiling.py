"""Ceiling: the most input tokens that a call's messages can have, whoever counts them.

Every model here cuts texts by byte pairs or falls back to bytes, so that no token is of less than
a byte of UTF-8: a text never has more tokens than bytes. It has two to five times fewer; what is
reserved by this comes back as soon as the provider has counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from langchain_core.messages import BaseMessage

from .blocks import read_block
from .prompt import tools_tokens
from .providers.provider import Parameters

#: Of a message: its role, and what stands around it.
PER_MESSAGE: Final = 32
#: The dearest way of counting one: gpt-4o-mini's, 2,833 + 5,667 for each of eight tiles
#: (platform.openai.com/docs/guides/images-vision).
PER_IMAGE: Final = 50_000
#: What services add where there are tools (Claude: up to 530 tokens, docs.anthropic.com, "Tool
#: use"), and around each of them.
FOR_TOOLS: Final = 1_024
PER_TOOL: Final = 512
#: Bytes of UTF-8 for each character of a schema, and so for four times its estimated tokens.
_PER_SCHEMA_TOKEN: Final = 3 * 4


def most_input_tokens(messages: Sequence[BaseMessage], parameters: Parameters) -> int | None:
    """An upper bound; None where a file, audio or video is among them, whose length is not told."""
    most = PER_MESSAGE + _of_tools(parameters)
    for message in messages:
        content = message.content
        of_content = _bytes(content) if isinstance(content, str) else _of_blocks(content)
        if of_content is None:
            return None
        most += PER_MESSAGE + of_content
        if message.additional_kwargs:
            most += _of_value(message.additional_kwargs)
        if message.type == "ai" and (calls := getattr(message, "tool_calls", None)):
            most += _of_value(calls)
        if message.name:
            most += _bytes(message.name)
    return most


def _of_tools(parameters: Parameters) -> int:
    tools = parameters.tools or ()
    schema = (parameters.tool_settings or {}).get("response_format")
    if not tools and schema is None:
        return 0
    tokens = tools_tokens((*tools, schema))
    return FOR_TOOLS + PER_TOOL * (len(tools) + 1) + _PER_SCHEMA_TOKEN * tokens


def _of_blocks(blocks: Sequence[Any]) -> int | None:
    most = 0
    for block in blocks:
        if isinstance(block, str):
            most += _bytes(block)
            continue
        if block.get("type") == "text":
            most += _of_value(block)
            continue
        read = read_block(block)
        if read is None:
            most += _of_value(block)
        elif read[0] == "image":
            most += PER_IMAGE
        else:
            return None
    return most


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _of_value(value: Any) -> int:
    """As JSON, with everything escaped: no service's own form of it is longer."""
    return len(json.dumps(value, default=str))

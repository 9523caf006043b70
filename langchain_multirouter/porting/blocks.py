"""Blocks: what a content block of any provider's form is, in a few kinds.

The forms are LangChain's own (both versions), OpenAI's (both interfaces), Anthropic's, Converse's
and Google's. A block that none of them knows is "other", and its type is its value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from .media import KINDS, Media, read_media


class Piece(NamedTuple):
    """What a block is: "text", "media", "json", "cache" (a mark of where to cache), "call",
    "reasoning", "server" (a tool that the provider itself ran), "refusal", or "other"."""

    kind: str
    value: Any = None


#: Block type → kind, where the type says it all.
_KINDS: Mapping[str, str] = {
    "reasoning": "reasoning",
    "reasoning_content": "reasoning",
    "thinking": "reasoning",
    "redacted_thinking": "reasoning",
    "function_call_signature": "reasoning",
    "tool_use": "call",
    "tool_call": "call",
    "tool_call_chunk": "call",
    "invalid_tool_call": "call",
    "input_json_delta": "call",
    "function_call": "call",
    "custom_tool_call": "call",
    "compaction": "server",
    "executable_code": "server",
    "code_execution_result": "server",
    "server_tool_use": "server",
    "server_tool_call": "server",
    "server_tool_call_chunk": "server",
    "server_tool_result": "server",
    "mcp_list_tools": "server",
    "mcp_approval_request": "server",
    "mcp_tool_use": "server",
    "tool_search_output": "server",
    "additional_tools": "server",
}
#: Block type → the key of its text.
_TEXTS: Mapping[str, str] = {
    "text": "text",
    "output_text": "text",
    "input_text": "text",
    "text-plain": "text",
    "guard_content": "text",
    "custom_tool_call_output": "output",
    "refusal": "refusal",
}
#: Key of a block without a type, as Converse has them → kind.
_NATIVE: Mapping[str, str] = {
    "cachePoint": "cache",
    "cache_point": "cache",
    "toolUse": "call",
    "reasoningContent": "reasoning",
}
_SERVED = ("_call", "_call_output", "_tool_result")


def read_piece(block: Any) -> Piece:
    """What the block is."""
    if isinstance(block, str):
        return Piece("text", block)
    if not isinstance(block, Mapping):
        return Piece("other", type(block).__name__)
    type_ = block.get("type")
    if type_ is None:
        return _untyped(block)
    if not isinstance(type_, str):
        return Piece("other", "unnamed")
    kind = _KINDS.get(type_)
    if kind is not None:
        return Piece(kind)
    if type_ in _TEXTS:
        return _text(type_, block)
    if type_ == "json":
        return Piece("json", block.get("json"))
    if type_ == "search_result":
        return Piece("text", _found(block))
    if type_ == "non_standard":
        return read_piece(block.get("value"))
    if type_ in KINDS:
        media = read_media(block)
        return Piece("other", type_) if media is None else Piece("media", media)
    return Piece("server" if type_.endswith(_SERVED) else "other", type_)


def _untyped(block: Mapping[str, Any]) -> Piece:
    for key, kind in _NATIVE.items():
        if key in block:
            return Piece(kind)
    if isinstance(block.get("text"), str):
        return Piece("text", block["text"])
    if "json" in block:
        return Piece("json", block["json"])
    media = read_media(block)
    if media is not None:
        return Piece("media", media)
    cited = block.get("citationsContent")
    if isinstance(cited, Mapping):
        return Piece("text", _found({"content": cited.get("content")}))
    guarded = block.get("guardContent")
    if isinstance(guarded, Mapping) and isinstance(guarded.get("text"), Mapping):
        return Piece("text", str(guarded["text"].get("text", "")))
    return Piece("other", next(iter(block), "empty"))


def _text(type_: str, block: Mapping[str, Any]) -> Piece:
    if "source_type" in block and type_ == "text":
        return Piece("text", str(block.get("text", block.get("url", ""))))
    said = block.get(_TEXTS[type_])
    if said is None and isinstance(inner := block.get(type_), Mapping):
        said = inner.get("text")
    if type_ == "text-plain" and said is None:
        media = read_media({**block, "type": "file"})
        return Piece("other", type_) if media is None else Piece("media", media)
    return Piece("refusal" if type_ == "refusal" else "text", "" if said is None else str(said))


def _found(block: Mapping[str, Any]) -> str:
    """A search result's text, under its title."""
    items = block.get("content")
    known = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    texts = [str(item.get("text") or "") for item in known]
    return "\n".join(filter(None, [str(block.get("title") or ""), *texts]))


def as_json(value: Any) -> str:
    """A value as text, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, default=str)


def has_marks(block: Any) -> bool:
    """Whether a block of text carries a mark of where to cache, in Anthropic's form."""
    return isinstance(block, Mapping) and "cache_control" in block


__all__ = ["Media", "Piece", "as_json", "has_marks", "read_piece"]

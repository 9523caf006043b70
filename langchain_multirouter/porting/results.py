"""Results: what a tool gave back, as text and attachments in the form that the class reads.

Where a service takes no attachment in a result, it is put into a turn of the user's that follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import HumanMessage, ToolMessage

from . import losses
from .attachments import written_media
from .blocks import as_json, read_piece
from .contents import described, text_blocks
from .dialect import Dialect
from .losses import Losses
from .unportable import Unportable

_BELOW = "The result is attached in the next message."
_ABOVE = "Attached to the tool's result:"

#: Form → types of blocks in a result that only its class knows.
_NATIVE: Mapping[str, frozenset[str]] = {
    "converse": frozenset({"json", "search_result"}),
    "anthropic": frozenset({"search_result"}),
    "responses": frozenset({"custom_tool_call_output", "input_text", "input_image", "input_file"}),
}


def ported_result(
    message: ToolMessage,
    dialect: Dialect,
    id_: str,
    *,
    place: str,
    attached: list[Any],
    lost: Losses,
) -> ToolMessage:
    """The result with the call's id; the same object where nothing has to change.

    Args:
        message: The result.
        dialect: What the target accepts.
        id_: The call's id in the target's form.
        place: What an error calls the message.
        attached: Given the blocks that have to follow in a turn of the user's.
        lost: Told what is lost.

    Raises:
        Unportable: an attachment that the target takes nowhere.
    """
    content: Any = message.content
    if isinstance(content, list) and dialect.form != "any":
        content = _content(content, dialect, place, attached, lost)
    status = message.status
    if status == "error" and dialect.form in _ERRORS:
        content, status = _ERRORS[dialect.form](content), "success"
    if content is message.content and id_ == message.tool_call_id and status == message.status:
        return message
    changes = {"content": content, "tool_call_id": id_, "status": status}
    return message.model_copy(update=changes)


def _content(
    content: list[Any], dialect: Dialect, place: str, attached: list[Any], lost: Losses
) -> Any:
    told: list[Any] = []
    moved = False
    for block in content:
        if isinstance(block, Mapping) and str(block.get("type")) in _NATIVE.get(dialect.form, ()):
            told.append(block)
            continue
        kind, value = read_piece(block)
        if kind == "text":
            told.extend(text_blocks(block, value, dialect, lost))
        elif kind == "media":
            written = written_media(value, block, dialect)
            if written is None:
                raise Unportable(f"{place}: {described(value)}")
            # Google's class reads standard blocks in a result, but not its own `media`.
            if value.kind in dialect.result_media and written["type"] != "media":
                told.append(written)
            else:
                moved = True
                attached.append(written)
        elif kind == "cache":
            if dialect.form == "converse" and dialect.caches:
                told.append(block)
            else:
                lost.add(losses.CACHE_MARKS)
        else:
            said = value if kind == "json" else block
            told.append({"type": "text", "text": as_json(said)})
    if moved:
        lost.add(losses.MOVED_ATTACHMENT)
    if not told:
        return _BELOW if moved else ""
    if len(told) == len(content) and all(map(_same, told, content)):
        return content
    return told


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and one == other)


def attachments(blocks: list[Any]) -> HumanMessage:
    """The turn of the user's that holds what the results before it could not."""
    return HumanMessage([{"type": "text", "text": _ABOVE}, *blocks])


def _for_gemini(content: Any) -> Any:
    """Under the key that Google documents for a function's failure."""
    return as_json({"error": content}) if isinstance(content, str) else content


def _for_openai(content: Any) -> Any:
    """In words, since there is no field for it."""
    if not isinstance(content, str) or content[:5].lower() == "error":
        return content
    return f"Error: {content}"


#: Converse and Anthropic have a field for it, which their classes fill.
_ERRORS = {"gemini": _for_gemini, "chat": _for_openai, "responses": _for_openai}

__all__ = ["attachments", "ported_result"]

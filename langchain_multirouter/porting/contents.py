"""Contents: blocks of the user's, of a system message and of a tool's result, for one class.

They are the caller's own words: what cannot be said is no loss to be noted, but a reason to ask
somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import losses
from .attachments import written_media
from .blocks import as_json, has_marks, read_piece
from .dialect import Dialect
from .losses import Losses
from .media import Media
from .unportable import Unportable

#: What stands for no text where some text has to be; LangChain's class for Converse has the same.
PLACEHOLDER = "."

#: Form → types of blocks that only its class knows, and reads in the caller's turns.
_NATIVE: Mapping[str, frozenset[str]] = {
    "converse": frozenset({"guard_content", "search_result"}),
    "anthropic": frozenset({"search_result", "container_upload"}),
    "responses": frozenset(
        {
            "additional_tools",
            "apply_patch_call_output",
            "configuration_update",
            "custom_tool_call_output",
            "input_text",
            "mcp_approval_response",
            "tool_search_output",
        }
    ),
    "gemini": frozenset(),
    "chat": frozenset({"additional_tools"}),
}
#: Form → keys of a text block that its class or service reads; with others it is written anew.
_TEXT_KEYS: Mapping[str, frozenset[str]] = {
    "converse": frozenset({"type", "text", "citations"}),
    "anthropic": frozenset({"type", "text", "citations", "cache_control"}),
    "responses": frozenset({"type", "text", "prompt_cache_breakpoint"}),
    "gemini": frozenset({"type", "text"}),
    "chat": frozenset({"type", "text", "prompt_cache_breakpoint"}),
}


def ported_content(
    content: Sequence[Any], dialect: Dialect, *, place: str, lost: Losses
) -> Sequence[Any]:
    """The blocks as the class reads them; the same sequence where nothing has to change.

    Raises:
        Unportable: naming the place and the type of a block that the target does not take.
    """
    if dialect.form == "any":
        return content
    told: list[Any] = []
    for block in content:
        told.extend(_ported(block, dialect, place, lost))
    if not dialect.takes_blank and (not told or _lacks_text(told, dialect)):
        told.append({"type": "text", "text": PLACEHOLDER})
    if len(told) == len(content) and all(map(_same, told, content)):
        return content
    return told


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and one == other)


def _lacks_text(blocks: Sequence[Any], dialect: Dialect) -> bool:
    """Converse takes a document only with a text beside it."""
    if dialect.form != "converse":
        return False
    return any(map(_document, blocks)) and not any(
        isinstance(block, Mapping) and "text" in block for block in blocks
    )


def _document(block: Any) -> dict[str, Any] | None:
    """What holds the name of a document, in either form that Converse's class reads."""
    if not isinstance(block, dict):
        return None
    if block.get("type") == "file":
        return block
    return block["document"] if isinstance(block.get("document"), dict) else None


def with_names_of_their_own(blocks: Sequence[Any], taken: set[str]) -> Sequence[Any]:
    """The blocks, their documents named as none before, which Converse asks of a whole request."""
    told = []
    for block in blocks:
        document = _document(block)
        name = None if document is None else document.get("name")
        if document is None or not isinstance(name, str):
            told.append(block)
            continue
        number, own = 1, name
        while own in taken:
            number += 1
            own = f"{name}-{number}"
        taken.add(own)
        if own == name:
            told.append(block)
        elif document is block:
            told.append({**block, "name": own})
        else:
            told.append({**block, "document": {**document, "name": own}})
    return blocks if all(map(_same, told, blocks)) else told


def _ported(block: Any, dialect: Dialect, place: str, lost: Losses) -> list[Any]:
    form = dialect.form
    if isinstance(block, Mapping) and str(block.get("type")) in _NATIVE[form]:
        return [block]
    kind, value = read_piece(block)
    match kind:
        case "text":
            return text_blocks(block, value, dialect, lost)
        case "media":
            if has_marks(block) and form != "anthropic":
                lost.add(losses.CACHE_MARKS)
            written = written_media(value, block, dialect)
            if written is None:
                raise Unportable(f"{place}: {described(value)}")
            return [written]
        case "json":
            return [{"type": "text", "text": as_json(value)}]
        case "cache":
            if form == "converse" and dialect.caches:
                return [block]
            lost.add(losses.CACHE_MARKS)
            return []
    raise Unportable(f"{place}: a block of type {str(value or kind)[:40]!r}")


def text_blocks(block: Any, text: str, dialect: Dialect, lost: Losses) -> list[Any]:
    """A text as the class reads it; none where it is blank and must not be."""
    if not dialect.takes_blank and not text.strip():
        return []
    if isinstance(block, Mapping):
        said = block.get("type") == "text" and isinstance(block.get("text"), str)
        if said and block.keys() <= _TEXT_KEYS[dialect.form]:
            return [block]
        if has_marks(block):
            lost.add(losses.CACHE_MARKS)
    return [{"type": "text", "text": text}]


def described(media: Media) -> str:
    """The attachment in words, without its name, place or matter."""
    by = {"url": "by its URL", "file_id": "kept by a provider", "s3": "in S3"}
    where = by.get(media.source, "")
    article = "an" if media.kind[0] in "aeiou" else "a"
    what = f"{media.kind} of type {media.mime_type}" if media.mime_type else media.kind
    return " ".join(filter(None, [article, what, where]))

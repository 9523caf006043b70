"""Blocks: what kind of thing a content block is and how many tokens it has, by its looks alone.

In the forms of LangChain, OpenAI, Anthropic, Bedrock and Google. A URL is never fetched; of what is
in the block itself, a length is taken, and of an image the header's few bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .economics.images import image_size
from .economics.tokens import CHARACTERS_PER_TOKEN, block_tokens, image_tokens

#: Content block type → kind, for the forms that LangChain and the providers use.
KINDS: Final = {
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
#: Bedrock's blocks have no type: their one key says it.
_TYPELESS: Final = ("image", "audio", "video", "document")

#: Where a block keeps what it is about.
_INNER: Final = ("source", "file", "image_url", "input_audio", *_TYPELESS)
_DEEPEST: Final = 3
_TYPE_NAMES: Final = ("mime_type", "media_type", "format")
_DATA_NAMES: Final = ("base64", "data", "file_data", "bytes", "url", "image_url")
_FILE_NAMES: Final = ("filename", "file_name", "name")
#: `data:image/png;base64,` and the like.
_LONGEST_DATA_HEAD: Final = 200

Data = str | bytes


def read_block(block: Mapping[str, Any]) -> tuple[str, int] | None:
    """Kind and tokens of a block that is no text; None for any other."""
    form = KINDS.get(str(block.get("type")))
    if form is None:
        if "type" in block:
            return None
        form = next((KINDS[name] for name in _TYPELESS if name in block), None)
        if form is None:
            return None
    mime, data = _content(block)
    kind = _kind(form, mime)
    return kind, _tokens(kind, mime, data)


def _kind(form: str, mime: str) -> str:
    """By the media type where there is one. Files that can be no PDF are documents."""
    family = mime.partition("/")[0]
    if family in ("image", "audio", "video"):
        return family
    if form != "file" or not mime or mime.endswith(("pdf", "octet-stream")):
        return form
    return "document"


def _tokens(kind: str, mime: str, data: Data | None) -> int:
    if kind == "image" and data is not None:
        size = image_size(data)
        if size is not None:
            return image_tokens(*size)
    if data is None:
        return block_tokens(kind, None)
    size_bytes = len(data) if isinstance(data, bytes) else len(data) * 3 // 4
    if mime.startswith("text/"):
        return 1 + size_bytes // CHARACTERS_PER_TOKEN
    return block_tokens(kind, size_bytes)


def _content(block: Mapping[str, Any]) -> tuple[str, Data | None]:
    """The media type, or a file name's ending; and the data, if it is in the block."""
    mime, data = "", None
    ending = ""
    for part in _parts(block, _DEEPEST):
        mime = mime or _first_text(part, _TYPE_NAMES)
        ending = ending or _ending(_first_text(part, _FILE_NAMES))
        if data is None:
            head, data = _data(part)
            mime = head or mime
    return (mime or ending).casefold(), data


def _parts(block: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    yield block
    for name in _INNER if depth else ():
        inner = block.get(name)
        if isinstance(inner, Mapping):
            yield from _parts(inner, depth - 1)


def _first_text(part: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for n in names if isinstance(value := part.get(n), str)), "")


def _ending(name: str) -> str:
    return name.rpartition(".")[2] if "." in name else ""


def _data(part: Mapping[str, Any]) -> tuple[str, Data | None]:
    """The data with the media type that a data URL names; other URLs are left alone."""
    for name in _DATA_NAMES:
        value = part.get(name)
        if isinstance(value, bytes):
            return "", value
        if not isinstance(value, str):
            continue
        if value[:5].casefold() == "data:":
            end = value.find(",", 0, _LONGEST_DATA_HEAD)
            return value[5 : max(5, end)].partition(";")[0], value[end + 1 :]
        if not name.endswith("url") and value:
            return "", value
    return "", None

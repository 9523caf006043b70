"""Media: attachments, read from anybody's content block."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Media(NamedTuple):
    """An attachment. `source` says what `value` is: "base64", "url", "file_id" or "s3"."""

    kind: str
    source: str
    value: str
    mime_type: str = ""
    name: str = ""


#: Block type → kind, for the types that are attachments.
KINDS: Mapping[str, str] = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
    "file": "file",
    "input_file": "file",
    "document": "file",
    "media": "file",
    "file_data": "file",
}
#: Converse's formats ↔ MIME types.
FORMATS: Mapping[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}
_DATA_URL = re.compile(r"^data:([^;,]*)(?:;[^,]*)?;base64,", re.DOTALL)


def read_media(block: Mapping[str, Any]) -> Media | None:
    """The attachment in a block of any form; None where there is none that can be read."""
    type_ = block.get("type")
    if type_ is None:
        keys = ("image", "document", "video")
        return next((_converse(key, block[key]) for key in keys if key in block), None)
    kind = KINDS.get(str(type_))
    if kind is None:
        return None
    inner = block.get(type_)  # OpenAI's and Converse's forms have the matter under the type's name
    if isinstance(block.get("source"), Mapping):
        return _anthropic(kind, block, block["source"])
    if type_ in ("image", "document", "video") and isinstance(inner, Mapping):
        return _converse(type_, inner)
    if type_ in ("image_url", "video_url", "input_image"):
        return _by_url(kind, block, inner)
    if type_ == "input_audio" and isinstance(inner, Mapping):
        return Media(kind, "base64", str(inner.get("data")), f"audio/{inner.get('format')}")
    if type_ in ("file", "input_file") and (isinstance(inner, Mapping) or "file_data" in block):
        return _openai_file(inner if isinstance(inner, Mapping) else block)
    return _standard(kind, block)


def _standard(kind: str, block: Mapping[str, Any]) -> Media | None:
    """LangChain's blocks of both versions, and Google's `media`."""
    mime_type = str(block.get("mime_type") or "")
    if block["type"] in ("media", "file_data") and "/" in mime_type:
        family = mime_type.partition("/")[0]
        kind = family if family in ("image", "audio", "video") else "file"
    by_id = block.get("id") if block.get("source_type") == "id" else None
    plain = block.get("text") if block.get("source_type") == "text" else None
    name = _name(block)
    if isinstance(plain, str):
        return Media("file", "base64", encoded(plain.encode()), mime_type or "text/plain", name)
    for source, value in (
        ("base64", block.get("base64", block.get("data"))),
        ("file_id", block.get("file_id", by_id)),
        ("url", block.get("url", block.get("file_url", block.get("file_uri")))),
    ):
        if isinstance(value, bytes):
            value = encoded(value)
        if isinstance(value, str) and value:
            if source == "url":
                return _located(kind, value, mime_type, name)
            return Media(kind, source, value, mime_type, name)
    return None


def _by_url(kind: str, block: Mapping[str, Any], inner: Any) -> Media | None:
    said = block.get("image_url", inner)
    url = said.get("url") if isinstance(said, Mapping) else said
    if isinstance(url, str) and url:
        return _located(kind, url, "", "")
    return _standard(kind, block)


def _openai_file(file: Mapping[str, Any]) -> Media | None:
    name = str(file.get("filename") or "")
    if isinstance(file.get("file_data"), str):
        return _located("file", file["file_data"], "", name)
    if isinstance(file.get("file_id"), str):
        return Media("file", "file_id", file["file_id"], "", name)
    return None


def _anthropic(kind: str, block: Mapping[str, Any], source: Mapping[str, Any]) -> Media | None:
    mime_type = str(source.get("media_type") or "")
    name = str(block.get("title") or "") or _name(block)
    match source.get("type"):
        case "base64":
            return Media(kind, "base64", str(source.get("data")), mime_type, name)
        case "url":
            return _located(kind, str(source.get("url")), mime_type, name)
        case "file":
            return Media(kind, "file_id", str(source.get("file_id")), mime_type, name)
        case "text":
            data = encoded(str(source.get("data")).encode())
            return Media(kind, "base64", data, mime_type or "text/plain", name)
        case "s3Location":
            return Media(kind, "s3", str(source.get("data")), mime_type, name)
    return None


def _converse(key: str, inner: Any) -> Media | None:
    if not isinstance(inner, Mapping) or not isinstance(source := inner.get("source"), Mapping):
        return None
    kind = "file" if key == "document" else key
    mime_type = FORMATS.get(str(inner.get("format")), "")
    name = str(inner.get("name") or "")
    if "bytes" in source:
        data = source["bytes"]
        value = encoded(data) if isinstance(data, bytes) else str(data)
        return Media(kind, "base64", value, mime_type, name)
    place = source.get("s3Location", source.get("s3_location"))
    return Media(kind, "s3", str(place), mime_type, name) if place else None


def _located(kind: str, url: str, mime_type: str, name: str) -> Media:
    """By a URL, or what it is where the URL holds the data itself."""
    if data := _DATA_URL.match(url):
        return Media(kind, "base64", url[data.end() :], mime_type or data[1], name)
    return Media(kind, "s3" if url.startswith("s3://") else "url", url, mime_type, name)


def _name(block: Mapping[str, Any]) -> str:
    places = (block, block.get("extras"), block.get("metadata"))
    found = (p.get(k) for p in places if isinstance(p, Mapping) for k in ("name", "filename"))
    return str(next(filter(None, found), ""))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()

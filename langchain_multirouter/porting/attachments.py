"""Attachments, written as the target's class reads them.

Nothing is ever fetched: a URL is passed on as one, or the target cannot be asked.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .dialect import Dialect
from .media import FORMATS, Media

_CONVERSE_TYPES = frozenset(FORMATS.values())
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Form → kind → MIME types, where they are few; OpenAI's format of a sound ← its MIME type.
_TYPES: Mapping[tuple[str, str], frozenset[str]] = {
    ("converse", "image"): _IMAGES,
    ("converse", "file"): _CONVERSE_TYPES,
    ("converse", "video"): _CONVERSE_TYPES,
    ("chat", "image"): _IMAGES,
    ("chat", "file"): frozenset({"application/pdf"}),
    ("responses", "image"): _IMAGES,
    ("anthropic", "image"): _IMAGES,
}
_SOUNDS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
}
#: A document's name in Converse: letters, digits, single spaces, hyphens and brackets.
_NO_NAME = re.compile(r"[^a-zA-Z0-9\-()\[\]]+")
_CONVERSE_NAME = re.compile(r"[a-zA-Z0-9\-()\[\]]+(?: [a-zA-Z0-9\-()\[\]]+)*")


def written_media(
    media: Media, block: Mapping[str, Any], dialect: Dialect
) -> dict[str, Any] | None:
    """The attachment as the class reads it; None where the target takes none of that kind so."""
    kind, source, _, mime_type, _ = media
    form = dialect.form
    if form == "any":
        return dict(block)
    if (kind, source) not in dialect.media or not _is_at_home(media, form):
        return None
    if source == "base64":
        few = _TYPES.get((form, kind))
        if few is not None and mime_type not in few:
            return None
    return _WRITERS[form](media, block)


def _is_at_home(media: Media, form: str) -> bool:
    """Files that a provider keeps are known to it alone."""
    if media.source != "file_id":
        return True
    return ("://" in media.value) == (form == "gemini")


def _to_converse(media: Media, block: Mapping[str, Any]) -> dict[str, Any] | None:
    if media.source == "s3":
        native = "type" not in block or isinstance(block.get(str(block["type"])), Mapping)
        return dict(block) if native or "source" in block else None
    if media.kind != "file":
        return _v1(media, block)
    name = media.name
    if not _CONVERSE_NAME.fullmatch(name):
        name = _NO_NAME.sub("-", name).strip("-") or f"document-{_digest(media.value)}"
    if name == media.name and isinstance(block.get("document"), Mapping):
        return dict(block)
    return _v1(media._replace(name=name), block)


def _to_chat(media: Media, block: Mapping[str, Any]) -> dict[str, Any] | None:
    if media.kind == "audio":
        sound = _SOUNDS.get(media.mime_type)
        if sound is None:
            return None
        return {"type": "input_audio", "input_audio": {"data": media.value, "format": sound}}
    if media.kind == "file":
        return _openai_file_block(media)
    said = block.get("image_url")
    detail = said.get("detail") if isinstance(said, Mapping) else block.get("detail")
    url = media.value
    if media.source == "base64":
        url = f"data:{media.mime_type};base64,{url}"
    picture = {"url": url, "detail": detail} if detail else {"url": url}
    return {"type": "image_url", "image_url": picture}


def _to_responses(media: Media, block: Mapping[str, Any]) -> dict[str, Any] | None:
    if media.kind == "image" and media.source == "file_id":
        return {"type": "input_image", "file_id": media.value}
    if media.kind == "file" and media.source == "url":
        return {"type": "input_file", "file_url": media.value}
    return _to_chat(media, block)


def _openai_file_block(media: Media) -> dict[str, Any]:
    if media.source == "file_id":
        return {"type": "file", "file": {"file_id": media.value}}
    ending = next((e for e, m in FORMATS.items() if m == media.mime_type), "bin")
    name = media.name or f"document.{ending}"
    data = f"data:{media.mime_type};base64,{media.value}"
    return {"type": "file", "file": {"filename": name, "file_data": data}}


def _to_gemini(media: Media, block: Mapping[str, Any]) -> dict[str, Any] | None:
    if block.get("type") == "media" and media.mime_type:
        return dict(block)
    if media.source == "base64" and media.mime_type:
        own = ("media_resolution", "media_processing")
        return {**_v1(media, block), **{key: block[key] for key in own if key in block}}
    mime_type = media.mime_type or mimetypes.guess_type(urlsplit(media.value).path)[0]
    if media.source == "base64" or not mime_type:
        return None
    if block.get("type") == "media":
        return {**block, "mime_type": mime_type}
    return {"type": "media", "file_uri": media.value, "mime_type": mime_type}


def _to_anthropic(media: Media, block: Mapping[str, Any]) -> dict[str, Any] | None:
    return _v1(media, block)


def _v1(media: Media, block: Mapping[str, Any]) -> dict[str, Any]:
    """LangChain's standard block; what can be said of it is said in the names all classes read."""
    said: dict[str, Any] = {"type": media.kind, media.source: media.value}
    if media.mime_type:
        said["mime_type"] = media.mime_type
    if media.name:
        said["name"] = media.name
    if "citations" in block:
        said["citations"] = block["citations"]
    return said


_WRITERS = {
    "converse": _to_converse,
    "chat": _to_chat,
    "responses": _to_responses,
    "gemini": _to_gemini,
    "anthropic": _to_anthropic,
}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:12]

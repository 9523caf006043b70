"""Images: how large one is, from the few bytes of its header that say so; nothing is fetched."""

from __future__ import annotations

import binascii
import struct
from typing import Final

#: A JPEG's size stands behind segments of metadata; so many are gone through.
MOST_SEGMENTS: Final = 64
_LARGEST: Final = 1 << 16
#: Markers of a JPEG's frame, which has the size: C0 to CF but for the tables among them.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

Data = str | bytes
Size = tuple[int, int]


def image_size(data: Data) -> Size | None:
    """Width and height in pixels, of PNG, JPEG, GIF or WebP; None where they cannot be read.

    Args:
        data: The image, as bytes or in base64.
    """
    head = _piece(data, 0, 32)
    try:
        size = _size(head, data)
    except struct.error:  # it ends within its header
        return None
    if size is None or not all(0 < side < _LARGEST for side in size):
        return None
    return size


def _size(head: bytes, data: Data) -> Size | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    if head.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", head, 6)
        return width, height
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    if head.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _webp(head: bytes) -> Size | None:
    form = head[12:16]
    if form == b"VP8X":
        width, wider, height, higher = struct.unpack_from("<HBHB", head, 24)
        return 1 + width + (wider << 16), 1 + height + (higher << 16)
    if form == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(data: Data) -> Size | None:
    """From segment to segment, of each its first nine bytes."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        segment = _piece(data, at, 9)
        start, marker, length = struct.unpack_from(">BBH", segment)
        if start != 0xFF:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", segment, 5)
            return width, height
        at += 2 + length
    return None


def _piece(data: Data, start: int, count: int) -> bytes:
    """So many bytes from there on, decoded from no more of the base64 than holds them."""
    if isinstance(data, bytes):
        return data[start : start + count]
    skipped = start % 3
    first = start // 3 * 4
    letters = data[first : first + -(-(skipped + count) // 3) * 4]
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))[skipped : skipped + count]
    except ValueError:
        return b""

"""Images: sizes are read from headers, of a few bytes, and nothing that is no image is one."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.economics import images
from langchain_multirouter.economics.images import image_size
from langchain_multirouter.economics.tokens import IMAGE_TOKENS, image_tokens

Make = Callable[[int, int], bytes]


def png(width: int, height: int) -> bytes:
    head = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(20)


def jpeg(width: int, height: int) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 60_002) + bytes(60_000)
    tables = b"\xff\xc4" + struct.pack(">H", 10) + bytes(8)
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + exif + tables + frame + bytes(100_000)


def webp(form: bytes, rest: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + form + bytes(4) + rest + bytes(20)


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def extended(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", bytes(4) + sides)


FORMS = [png, gif, jpeg, lossy, lossless, extended]


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (1023, 16_000)])
def test_the_size_is_read_from_bytes_and_from_base64(make: Make, size: tuple[int, int]) -> None:
    data = make(*size)
    assert image_size(data) == size
    assert image_size(base64.b64encode(data).decode()) == size


@pytest.mark.parametrize("make", FORMS)
def test_of_an_image_that_ends_anywhere_there_is_a_size_or_none(make: Make) -> None:
    data = make(640, 480)
    for end in range(64):
        for cut in (data[:end], base64.b64encode(data).decode()[:end]):
            assert image_size(cut) in {None, (640, 480)}


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_whatever_is_no_image_has_no_size_and_raises_nothing(data: str | bytes) -> None:
    size = image_size(data)
    assert size is None or all(side > 0 for side in size)


def test_little_is_decoded_of_a_large_image(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    real = images.binascii.a2b_base64

    def counting(letters: str) -> bytes:
        decoded.append(len(letters))
        return real(letters)

    monkeypatch.setattr(images.binascii, "a2b_base64", counting)
    assert image_size(base64.b64encode(jpeg(800, 600)).decode()) == (800, 600)
    assert sum(decoded) < 200


def test_a_jpeg_of_endless_segments_is_given_up() -> None:
    assert image_size(b"\xff\xd8" + b"\xff\xe1\x00\x02" * 10_000) is None


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((1024, 1024), IMAGE_TOKENS),  # the examples of OpenAI's guide
        ((2048, 4096), 1105),
        ((512, 512), 255),
        ((1, 1), 255),
        ((10_000, 1), 85 + 170 * 4),
    ],
)
def test_an_images_tokens_are_those_of_openais_guide(size: tuple[int, int], tokens: int) -> None:
    assert image_tokens(*size) == tokens

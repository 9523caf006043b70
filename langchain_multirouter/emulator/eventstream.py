"""AWS event-stream messages: two lengths, two CRCs, typed headers, a payload.

Layout (vnd.amazon.eventstream): total length, headers length and their CRC32, then the headers,
the payload, and the CRC32 of all that precedes. Integers are big-endian; a header of type 7 is a
string.
"""

import struct
import zlib

_STRING = 7


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message with correct checksums."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + packed + payload
    return body + struct.pack(">I", zlib.crc32(body))


def event(kind: str, payload: bytes) -> bytes:
    """An event such as `contentBlockDelta`."""
    return message(
        {
            ":event-type": kind,
            ":content-type": "application/json",
            ":message-type": "event",
        },
        payload,
    )


def exception(kind: str, payload: bytes) -> bytes:
    """A modelled exception such as `throttlingException`."""
    return message(
        {
            ":exception-type": kind,
            ":content-type": "application/json",
            ":message-type": "exception",
        },
        payload,
    )


def corrupt(data: bytes) -> bytes:
    """The same message with a payload that its checksum does not fit."""
    return data[:-5] + bytes([data[-5] ^ 0xFF]) + data[-4:]


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _STRING, len(text)) + text

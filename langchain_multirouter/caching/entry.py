"""Entry: one answer as a vector store keeps it, sealed; nothing that comes back is trusted.

A vector store may be shared, and whoever writes to it could leave an answer of his own next to
another's question. So an entry is one string of JSON under a seal, an HMAC-SHA-256 with a key that
no store ever sees: an entry without the right seal is nobody's. The seal is compared before
anything is parsed; what is parsed is plain data. Scope (all that surrounds the question, and whose
it is) and vector are within the seal: no store's filter or score has to be believed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import struct
import uuid
from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any, Final, NamedTuple

#: The metadata of a document; all values are strings, which every store can keep.
SCOPE_FIELD: Final = "multirouter_scope"
ENTRY_FIELD: Final = "multirouter_entry"
SEAL_FIELD: Final = "multirouter_seal"
#: In characters: longer answers are not kept, nor longer entries read.
LONGEST_ANSWER: Final = 250_000
_LONGEST_ENTRY: Final = 4 * LONGEST_ANSWER
#: Of an embedding; today's have up to 4,096.
_MOST_DIMENSIONS: Final = 16_384

#: Entries of another form are nobody's.
_FORM: Final = "langchain_multirouter 1"

Vector = tuple[float, ...]


class Entry(NamedTuple):
    """A stored answer.

    Args:
        scope: See `Seal.scope`.
        text: The question.
        answer: The router's, opaque here.
        at: When it was stored, in seconds since 1970.
        vector: The question's embedding, of length 1.
    """

    scope: str
    text: str
    answer: str
    at: float
    vector: Vector


class Seal:
    """Seals and opens entries with one key.

    Args:
        key: Secret; whoever has it can write entries that are believed.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _of(self, purpose: str, text: str) -> str:
        sealed = f"{_FORM}\n{purpose}\n{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, sealed, hashlib.sha256).hexdigest()

    def scope(self, around: str, namespace: str) -> str:
        """What must be the same: all of the request around the question, and whose it is.

        Names nobody: without the key it cannot be told whose entries those of a scope are.
        """
        return self._of("scope", json.dumps([around, namespace]))

    def id(self, scope: str, text: str) -> str:
        """One per scope and question, so that a newer answer takes the place of the older; a UUID,
        since some stores take nothing else."""
        return str(uuid.UUID(self._of("id", json.dumps([scope, text]))[:32]))

    def close(self, entry: Entry) -> dict[str, str]:
        """The metadata that keep an entry."""
        packed = struct.pack(f"<{len(entry.vector)}f", *entry.vector)
        parts = [entry.scope, entry.text, entry.answer, entry.at, base64.b64encode(packed).decode()]
        text = json.dumps(parts, ensure_ascii=False)
        return {
            SCOPE_FIELD: entry.scope,
            ENTRY_FIELD: text,
            SEAL_FIELD: self._of("entry", text),
        }

    def open(self, metadata: Any) -> Entry | None:
        """The entry in these metadata; None unless it was closed with the same key."""
        if not isinstance(metadata, Mapping):
            return None
        text, seal = metadata.get(ENTRY_FIELD), metadata.get(SEAL_FIELD)
        if type(text) is not str or type(seal) is not str or len(text) > _LONGEST_ENTRY:
            return None
        if not seal.isascii() or not hmac.compare_digest(seal, self._of("entry", text)):
            return None
        scope, question, answer, at, packed = json.loads(text)
        raw = base64.b64decode(packed)
        vector = struct.unpack(f"<{len(raw) // 4}f", raw)
        return Entry(scope, question, answer, at, vector)


def vector_of(embedded: Any) -> Vector:
    """An embedding, brought to length 1.

    Raises:
        ValueError: It is none: empty, too long, of no length, or not of finite numbers.
    """
    if isinstance(embedded, str | bytes | Mapping) or len(embedded) > _MOST_DIMENSIONS:
        raise ValueError("no embedding")
    numbers = [float(number) for number in embedded]
    length = math.hypot(*numbers)
    if not (0.0 < length < math.inf):
        raise ValueError("no embedding")
    # As the store will give them back: four bytes each.
    return struct.unpack(
        f"<{len(numbers)}f", struct.pack(f"<{len(numbers)}f", *(n / length for n in numbers))
    )


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two vectors of length 1; -1 where they are not of one size."""
    return sum(map(mul, one, other)) if len(one) == len(other) else -1.0

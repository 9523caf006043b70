"""Recalling: embeddings that know their last few vectors: a miss is looked up, and then stored."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

from langchain_core.embeddings import Embeddings

from ..forks import tell_when_forked
from .entry import Vector, vector_of

#: Vectors that are remembered: of calls under way, between their lookup and their answer.
_MOST: Final = 64


class Recalling(Embeddings):
    """The user's embeddings; every text is embedded as a query, once."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._known: OrderedDict[str, Vector] = OrderedDict()
        self.awaits = type(embeddings).aembed_query is not Embeddings.aembed_query
        """Whether they have asynchronous methods of their own."""
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    def embed_query(self, text: str) -> Any:
        """A `Vector`; ValueError where the embeddings return none."""
        return self._recalled(text) or self._remembered(text, self._embeddings.embed_query(text))

    async def aembed_query(self, text: str) -> Any:
        """A `Vector`; ValueError where the embeddings return none."""
        found = self._recalled(text)
        return found or self._remembered(text, await self._embeddings.aembed_query(text))

    def embed_documents(self, texts: list[str]) -> Any:
        """For the store in memory, which compares arrays far faster than it compares lists."""
        return [_array(self.embed_query(text)) for text in texts]

    async def aembed_documents(self, texts: list[str]) -> Any:
        """As `embed_documents`."""
        return [_array(await self.aembed_query(text)) for text in texts]

    def _recalled(self, text: str) -> Vector | None:
        with self._lock:
            return self._known.get(text)

    def _remembered(self, text: str, embedded: Any) -> Vector:
        vector = vector_of(embedded)
        with self._lock:
            self._known[text] = vector
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return vector


def _array(vector: Vector) -> Any:
    import numpy  # only the store in memory needs it

    return numpy.asarray(vector, dtype=numpy.float32)

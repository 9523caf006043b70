"""Embedded: embeddings and vector stores for tests; nothing is downloaded or waited for."""

from __future__ import annotations

import math
import re
import threading
import zlib
from collections.abc import Iterable
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore


class Alike(Embeddings):
    """The worst there can be: every text is the same to it, so that only the guards are left."""

    def embed_query(self, text: str) -> list[float]:
        return [0.6, 0.8, 0.0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


class Lexical(Embeddings):
    """What texts have in common of words and of three letters in a row; no synonyms."""

    size = 512

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_query(self, text: str) -> list[float]:
        self.asked.append(text)
        vector = [0.0] * self.size
        words = re.findall(r"\w+", text.casefold())
        for word in words:
            vector[zlib.crc32(word.encode()) % self.size] += 1.0
            padded = f"<{word}>"
            for at in range(len(padded) - 2):
                vector[zlib.crc32(padded[at : at + 3].encode()) % self.size] += 0.5
        return [math.sqrt(number) for number in vector] if words else [1.0, *vector[1:]]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


class Awaited(Lexical):
    """As `Lexical`, with an asynchronous method of its own and no synchronous one."""

    async def aembed_query(self, text: str) -> list[float]:
        return super().embed_query(text)

    def embed_query(self, text: str) -> list[float]:
        raise AssertionError("this was to be awaited")


class Faulty(Lexical):
    """As `Lexical`, until `fault` is set: then that is raised or returned."""

    fault: Any = None

    def embed_query(self, text: str) -> list[float]:
        if isinstance(self.fault, Exception):
            raise self.fault
        found = super().embed_query(text)
        return found if self.fault is None else self.fault


class Hanging(Lexical):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def embed_query(self, text: str) -> list[float]:
        self.let_go.wait(20)
        return super().embed_query(text)


class Careless(VectorStore):
    """Gives everybody everything, whatever the filter; keeps no vector; has no async of its own.

    Attributes:
        kept: id → (text, metadata); tests write to it as anybody with access could.
        fault: Raised by every method if set.
    """

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, Any]] = {}
        self.fault: Exception | None = None

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault

    def add_texts(
        self, texts: Iterable[str], metadatas: Any = None, *, ids: Any = None, **kwargs: Any
    ) -> list[str]:
        self._fail()
        self.kept |= {i: (t, m) for i, t, m in zip(ids, texts, metadatas, strict=True)}
        return list(ids)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        self._fail()
        for id in ids or []:
            del self.kept[id]
        return True

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[Document]:
        self._fail()
        return [
            Document.model_construct(id=i, page_content=t, metadata=m)
            for i, (t, m) in reversed(self.kept.items())
        ]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        raise AssertionError("the store is searched by vector alone")

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

"""Exact: any LangChain `BaseCache`, which is told digests and our own texts, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol, runtime_checkable

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.outputs import Generation

from .query import Query

#: What LangChain's own caching puts the model's settings in; ours are in the key.
LLM_STRING: Final = "multirouter/1"


@runtime_checkable
class AnswerCache(Protocol):
    """What the router asks of a cache: texts of its own by requests; it may raise, and be slow."""

    def lookup(self, query: Query) -> str | None:
        """The text that was stored for this request, or one that the cache takes for the same."""

    async def alookup(self, query: Query) -> str | None:
        """As `lookup`."""

    def store(self, query: Query, answer: str) -> None:
        """Keep the text."""

    async def astore(self, query: Query, answer: str) -> None:
        """As `store`."""


class ExactCache:
    """A `BaseCache` under the key of the whole request.

    The key's digest goes into the prompt's place: no text of anybody's is in a key. A cache that
    finds its entries by likeness finds others' too; the router refuses them by the key in them.
    """

    def __init__(self, cache: BaseCache) -> None:
        self.cache = cache

    def lookup(self, query: Query) -> str | None:
        """The text under this key."""
        return _text(self.cache.lookup(_prompt(query), LLM_STRING))

    async def alookup(self, query: Query) -> str | None:
        """The text under this key."""
        return _text(await self.cache.alookup(_prompt(query), LLM_STRING))

    def store(self, query: Query, answer: str) -> None:
        """Keep the text under this key."""
        self.cache.update(_prompt(query), LLM_STRING, [Generation(text=answer)])

    async def astore(self, query: Query, answer: str) -> None:
        """Keep the text under this key."""
        await self.cache.aupdate(_prompt(query), LLM_STRING, [Generation(text=answer)])

    @property
    def is_at_hand(self) -> bool:
        """Whether it is in this process' memory, so that nothing has to be waited for."""
        return type(self.cache) is InMemoryCache

    @property
    def awaits(self) -> bool:
        """Whether it has asynchronous methods of its own; LangChain's use a thread each."""
        return type(self.cache).alookup is not BaseCache.alookup


def _prompt(query: Query) -> str:
    return f"multirouter:{query.exact}"


def _text(found: Any) -> str | None:
    """The one text of an entry of ours; anything else as a text that is none."""
    if found is None:
        return None
    if isinstance(found, Sequence) and len(found) == 1 and isinstance(found[0], Generation):
        return found[0].text or ""
    return ""

"""Neighbours: the entries of a vector store that are near a question, each one checked again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from itertools import islice
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from ..errors import ConfigurationError
from ..forks import tell_when_forked
from .entry import SCOPE_FIELD, Entry, Seal, Vector, cosine, vector_of
from .guards import difference
from .query import Query
from .recalling import Recalling
from .semantic_counts import Tally

#: Neighbours to look at: where the store sees only this scope's entries, and where it sees all.
_NEIGHBOURS, _NEIGHBOURS_OF_ALL = 8, 32

#: What makes `similarity_search_by_vector` of a store look at one scope's entries alone.
SearchFilter = Callable[[str], Mapping[str, Any]]


class Neighbours:
    """A vector store of entries, with the user's embeddings; the limits as in `SemanticCache`.

    Attributes:
        awaits: Whether embeddings and store have asynchronous methods of their own.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        store: VectorStore | None,
        *,
        seal: Seal,
        tally: Tally,
        threshold: float,
        most_entries: int,
        longest_age_seconds: float,
        search_filter: SearchFilter | None,
        clock: Callable[[], float],
    ) -> None:
        self._embeddings = Recalling(embeddings)
        self._store = _in_memory(self._embeddings) if store is None else store
        if search_filter is None and isinstance(self._store, InMemoryVectorStore):
            search_filter = _one_scope
        self._filter = search_filter
        self._seal = seal
        self._tally = tally
        self._threshold = threshold
        self._most_entries = most_entries
        self._longest_age = longest_age_seconds
        self._clock = clock
        self._ids: OrderedDict[str, None] = OrderedDict()
        self.awaits = self._embeddings.awaits and _awaits(self._store)
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ids)

    def _search(self, query: Query) -> dict[str, Any]:
        """The keywords of a search."""
        if self._filter is None:
            return {"k": _NEIGHBOURS_OF_ALL}
        return {"k": _NEIGHBOURS, **self._filter(self._scope(query))}

    def _scope(self, query: Query) -> str:
        return self._seal.scope(query.around, query.namespace)

    def find(self, query: Query) -> str | None:
        """The answer of the nearest entry that asks the same; raises what the others raise."""
        vector = vector_of(self._embeddings.embed_query(query.text))
        near = self._store.similarity_search_by_vector(list(vector), **self._search(query))
        return self._chosen(query, vector, near)

    async def afind(self, query: Query) -> str | None:
        """As `find`."""
        vector = vector_of(await self._embeddings.aembed_query(query.text))
        near = await self._store.asimilarity_search_by_vector(list(vector), **self._search(query))
        return self._chosen(query, vector, near)

    def keep(self, query: Query, answer: str) -> None:
        """Store an answer, and delete the oldest beyond `most_entries`."""
        vector = vector_of(self._embeddings.embed_query(query.text))
        kept = self._document(query, answer, vector)
        self._store.add_texts(**kept)
        if oldest := self._taken_in(kept["ids"][0]):
            self._store.delete(oldest)

    async def akeep(self, query: Query, answer: str) -> None:
        """As `keep`."""
        vector = vector_of(await self._embeddings.aembed_query(query.text))
        kept = self._document(query, answer, vector)
        await self._store.aadd_texts(**kept)
        if oldest := self._taken_in(kept["ids"][0]):
            await self._store.adelete(oldest)

    def _document(self, query: Query, answer: str, vector: Vector) -> dict[str, Any]:
        """The arguments of a store's `add_texts`."""
        scope = self._scope(query)
        entry = Entry(scope, query.text, answer, self._clock(), vector)
        return {
            "texts": [query.text],
            "metadatas": [self._seal.close(entry)],
            "ids": [self._seal.id(scope, query.text)],
        }

    def _taken_in(self, id: str) -> list[str]:
        """Note that it is stored; the ids that are to go for it."""
        oldest = []
        with self._lock:
            self._ids[id] = None
            self._ids.move_to_end(id)
            while len(self._ids) > self._most_entries:
                oldest.append(self._ids.popitem(last=False)[0])
        self._tally.count("stored")
        self._tally.count("evicted", len(oldest))
        return oldest

    def _chosen(self, query: Query, vector: Vector, near: Any) -> str | None:
        """The answer of the nearest entry that is no other question's, by our own reckoning."""
        scope, found = self._scope(query), []
        for document in islice(near, _NEIGHBOURS_OF_ALL):
            entry = self._seal.open(getattr(document, "metadata", None))
            if entry is None or entry.scope != scope:
                self._tally.count("strangers")
            elif self._clock() - entry.at > self._longest_age:
                self._tally.count("expired")
            else:
                found.append((cosine(vector, entry.vector), entry))
        found.sort(key=lambda one: -one[0])
        for nearness, entry in found[:_NEIGHBOURS]:
            if nearness < self._threshold:
                self._tally.count("far")
            elif guard := difference(query.text, entry.text):
                self._tally.kept_apart(guard.value)
            else:
                self._used(entry)
                return entry.answer
        return None

    def _used(self, entry: Entry) -> None:
        id = self._seal.id(entry.scope, entry.text)
        with self._lock:
            if id in self._ids:
                self._ids.move_to_end(id)


def _one_scope(scope: str) -> dict[str, Any]:
    """The filter of LangChain's store in memory."""
    return {"filter": lambda document: document.metadata.get(SCOPE_FIELD) == scope}


def _in_memory(embeddings: Embeddings) -> VectorStore:
    if find_spec("numpy") is None:
        raise ConfigurationError(
            "vector_store: the one in memory needs numpy; install it, or give another store"
        )
    return InMemoryVectorStore(embeddings)


def _awaits(store: VectorStore) -> bool:
    """Whether a store awaits by itself; what it inherits runs in threads of the loop."""
    own, theirs = type(store), VectorStore
    adds = own.aadd_texts is not theirs.aadd_texts or (
        own.aadd_documents is not theirs.aadd_documents
    )
    searches = own.asimilarity_search_by_vector is not theirs.asimilarity_search_by_vector
    return adds and searches and own.adelete is not theirs.adelete

"""Semantic cache: an answer given again to a question that asks the same in other words.

Exact in everything but the last human turn: models, system prompt, history, parameters and
namespace are compared as digests. The turn is embedded; its nearest neighbours are only proposals.
One is served if its embedding is near enough, and if the `guards` find no difference that could
change the answer.

It can be wrong where the exact cache cannot, so it is off unless one is made. It is never used with
tools, a response format, images or files, above a temperature at which answers are meant to
differ, for texts too long to compare, or for questions about a time that moves ("today").
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from ..deployment import finite
from ..errors import ConfigurationError
from .entry import LONGEST_ANSWER, Seal
from .guards import LONGEST_TEXT, is_moving
from .neighbours import Neighbours, SearchFilter
from .patience import NoAnswerError, Patience
from .query import Query
from .semantic_counts import SemanticCounts, Tally

#: In bytes; as RFC 2104 advises against shorter ones.
_LEAST_KEY: Final = 16


class SemanticCache:
    """Answers for questions that are asked again in other words.

    Nothing that goes wrong in it costs a call: embeddings or a store that fail, hang or return
    garbage cost a miss, a count and at most `timeout_seconds`; after three failures in a row they
    are left alone for a while.

    Args:
        embeddings: Any LangChain embeddings; of questions, `embed_query` is used for both sides.
        vector_store: Any LangChain vector store that can search by a vector; None for one in this
            process' memory (which needs numpy). It keeps the questions and the answers as they
            are. Its own embeddings must be the same model.
        threshold: The least cosine of two questions. What a cosine means differs from model to
            model: the guards do most of the work, and keep apart what is nearest.
        most_temperature: Requests with a higher one, or with the provider's default, are none of
            this cache's; None for any.
        most_entries: The least recently used are deleted beyond so many of this process' own; of
            a store that others write to as well, theirs are not counted.
        longest_age_seconds: Older answers are not served.
        timeout_seconds: For embedding and search together; and again to store.
        secret_key: Seals the entries: one with another seal is nobody's. At least 16 bytes; None
            for a new one, so that no other process, and none after a restart, can read or plant
            an entry. Processes that share a store need the same key.
        search_filter: Only for a store shared by many: from a scope to the keywords that make its
            `similarity_search_by_vector` see the entries of that scope alone, in the store's own
            syntax: `lambda scope: {"filter": {"multirouter_scope": scope}}`. It saves misses; the
            scope is compared again in any case.
        clock: Seconds since 1970.

    Raises:
        ConfigurationError: A setting is wrong; the text names it.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        *,
        vector_store: VectorStore | None = None,
        threshold: float = 0.9,
        most_temperature: float | None = 0.3,
        most_entries: int = 1_000,
        longest_age_seconds: float = 3_600.0,
        timeout_seconds: float = 1.0,
        secret_key: bytes | None = None,
        search_filter: SearchFilter | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _check(embeddings, vector_store, search_filter, secret_key)
        self._most_temperature = finite("most_temperature", most_temperature)
        self._tally = Tally()
        self._neighbours = Neighbours(
            embeddings,
            vector_store,
            seal=Seal(secret_key or secrets.token_bytes(32)),
            tally=self._tally,
            threshold=_between("threshold", threshold, 0.0, 1.0),
            most_entries=int(_between("most_entries", most_entries, 1, 10**9)),
            longest_age_seconds=_between("longest_age_seconds", longest_age_seconds, 0.0, 1e12),
            search_filter=search_filter,
            clock=clock,
        )
        seconds = _between("timeout_seconds", timeout_seconds, 1e-3, 1e6)
        self._patience = Patience(seconds, time.monotonic)

    def __deepcopy__(self, memo: dict[int, Any]) -> SemanticCache:
        """Copies of a router share it."""
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a SemanticCache holds a secret key and is not pickled")

    def __repr__(self) -> str:
        return f"SemanticCache(entries={len(self._neighbours)})"

    def counts(self) -> SemanticCounts:
        """What it has done so far."""
        return self._tally.counts()

    def lookup(self, query: Query) -> str | None:
        """The answer to a question that asks the same, or None; never raises."""
        if not self._is_for(query):
            self._tally.count("refused")
            return None
        try:
            found = self._patience.ask(lambda: self._neighbours.find(query))
        except NoAnswerError as error:
            self._no_answer(error)
            found = None
        return self._looked_up(found)

    async def alookup(self, query: Query) -> str | None:
        """As `lookup`."""
        if not self._is_for(query):
            self._tally.count("refused")
            return None
        try:
            if self._neighbours.awaits:
                found = await self._patience.ask_async(lambda: self._neighbours.afind(query))
            else:
                found = await self._patience.ask_in_thread(lambda: self._neighbours.find(query))
        except NoAnswerError as error:
            self._no_answer(error)
            found = None
        return self._looked_up(found)

    def store(self, query: Query, answer: str) -> None:
        """Keep the answer to a question, unless that has over 250,000 characters; never raises."""
        if len(answer) > LONGEST_ANSWER or not self._is_for(query):
            return
        try:
            self._patience.ask(lambda: self._neighbours.keep(query, answer))
        except NoAnswerError as error:
            self._no_answer(error)

    async def astore(self, query: Query, answer: str) -> None:
        """As `store`."""
        if len(answer) > LONGEST_ANSWER or not self._is_for(query):
            return
        try:
            if self._neighbours.awaits:
                await self._patience.ask_async(lambda: self._neighbours.akeep(query, answer))
            else:
                await self._patience.ask_in_thread(lambda: self._neighbours.keep(query, answer))
        except NoAnswerError as error:
            self._no_answer(error)

    def _is_for(self, query: Query) -> bool:
        """Whether the request is one that this cache may answer."""
        limit, temperature = self._most_temperature, query.temperature
        steady = limit is None or (temperature is not None and temperature <= limit)
        fit = steady and query.plain and 0 < len(query.text) <= LONGEST_TEXT
        return fit and not is_moving(query.text)

    def _looked_up(self, answer: str | None) -> str | None:
        self._tally.count("misses" if answer is None else "hits")
        return answer

    def _no_answer(self, error: NoAnswerError) -> None:
        self._tally.count("failures" if error.asked else "left_alone")


def _between(field: str, value: float, least: float, most: float) -> float:
    if finite(field, value, least=least) is None or value > most:
        raise ConfigurationError(f"{field}: must be a number from {least:g} to {most:g}")
    return value


def _check(embeddings: Any, vector_store: Any, search_filter: Any, secret_key: Any) -> None:
    if not isinstance(embeddings, Embeddings):
        raise ConfigurationError("embeddings: must be a LangChain Embeddings object")
    if vector_store is not None and not isinstance(vector_store, VectorStore):
        raise ConfigurationError("vector_store: must be a LangChain VectorStore, or None")
    if search_filter is not None and not callable(search_filter):
        raise ConfigurationError("search_filter: must be a function of a scope, or None")
    if secret_key is not None and not (
        isinstance(secret_key, bytes) and len(secret_key) >= _LEAST_KEY
    ):
        raise ConfigurationError(f"secret_key: must be at least {_LEAST_KEY} bytes, or None")

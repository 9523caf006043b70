"""Vectors: an attempt to embed texts at one deployment, over its own LangChain class."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from langchain_core.embeddings import Embeddings
from langchain_core.messages import BaseMessage

from .attempt import Served
from .lineup import Kind
from .outcome import Cause, Failure
from .providers.embeddings import embeddings_named, embeddings_of
from .sources import Clock
from .spaces import Space, Spaces, space_of
from .steps import Ended, Event, Start
from .values import new

Method = Literal["embed_documents", "embed_query"]


class Vectors(NamedTuple):
    """What one call sends, whoever it is sent to.

    Args:
        served: The router's deployments.
        method: LangChain's, without the "a" of its asynchronous twin.
        texts: To be embedded; one for a query.
        keywords: The call's own, for the class.
        input_tokens: Estimated: the classes hand on no usage.
        spaces: Whose vectors have which size; None where it does not matter.
        dimensions: The size that the call itself asks for.
    """

    served: Sequence[Served]
    method: Method
    texts: list[str]
    keywords: Mapping[str, Any]
    input_tokens: int
    spaces: Spaces | None = None
    dimensions: int | None = None
    streamed: bool = False
    orphaned: None = None

    def begin(self, step: Start, said: Sequence[BaseMessage] = ()) -> Embedding:
        """Prepare an attempt; nothing is sent before its first event, and nothing was said."""
        return Embedding(step, self.served[step.number], self)


class Embedding:
    """One attempt under way; its result is a vector, or a list of them."""

    __slots__ = ("_served", "call", "chunks", "id", "left", "lost", "number", "result")

    def __init__(self, step: Start, served: Served, call: Vectors) -> None:
        self.id = step.id
        self.call = call
        self.result: Any = None
        self.chunks: deque[Any] = deque()  # always empty: nothing is streamed
        self.left = False
        self.lost: tuple[str, ...] = ()
        self.number = step.number
        self._served = served

    @property
    def model(self) -> Any:
        """The embeddings object."""
        return self._served.model

    def events(self, clock: Clock) -> Iterator[Event]:
        """Make the attempt, in the thread that iterates."""
        return map(self.answer, (clock,))

    async def aevents(self, clock: Clock) -> AsyncIterator[Event]:
        """Make the attempt, in the task that iterates."""
        yield await self.aanswer(clock)

    def answer(self, clock: Clock) -> Ended:
        """Make the attempt."""
        call = self.call
        try:
            embed = getattr(self._served.model, call.method)
            failure = self._judged(embed(self._texts(), **call.keywords))
        except Exception as error:
            failure = self._served.classes.classify(error)
        return self._ended(failure, clock())

    async def aanswer(self, clock: Clock) -> Ended:
        """Make the attempt."""
        call = self.call
        try:
            embed = getattr(self._served.model, f"a{call.method}")
            failure = self._judged(await embed(self._texts(), **call.keywords))
        except Exception as error:
            failure = self._served.classes.classify(error)
        return self._ended(failure, clock())

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self.left = True

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """Nothing is held."""

    def _texts(self) -> Any:
        texts = self.call.texts
        return texts[0] if self.call.method == "embed_query" else list(texts)

    def _ended(self, failure: Failure | None, now: float) -> Ended:
        usage = {"input_tokens": self.call.input_tokens, "output_tokens": 0}
        return new(Ended, (self.id, failure, now, usage))

    def _judged(self, result: Any) -> Failure | None:
        """None if there is a proper vector for every text."""
        call = self.call
        vectors = [result] if call.method == "embed_query" else result
        size = size_of(vectors, len(call.texts))
        if isinstance(size, str):
            return Failure(Cause.INVALID_RESPONSE, size)
        wanted = call.dimensions
        if wanted is None and call.spaces is not None:
            wanted = call.spaces.size(self.number, size)
        if wanted is not None and size != wanted:
            return Failure(Cause.INVALID_RESPONSE, f"{size} dimensions, not {wanted}")
        self.result = result
        return None


def size_of(vectors: Any, wanted: int) -> int | str:
    """How many dimensions the vectors have, all of them; or what is wrong with them.

    A sum is finite only where every part is: one pass in C over what can be millions of numbers.
    """
    try:
        if len(vectors) != wanted:
            return f"{len(vectors)} vectors for {wanted} texts"
        sizes = {len(vector) for vector in vectors}
        if 0 in sizes:
            return "an empty vector"
        if not all(math.isfinite(sum(vector)) for vector in vectors):
            return "a vector that is not finite"
    except (TypeError, ValueError):
        return "no vectors"
    return sizes.pop() if len(sizes) == 1 else "vectors of several sizes"


def space_served(one: Served) -> Space:
    """An object that names no model is alone in its space: who knows what is in it."""
    named = one.deployment.model_name != one.classes.name
    size, alone = one.classes.dimensions(one.model), one.deployment.name
    return space_of(one.deployment, size, model=None if named else alone)


EMBEDDINGS = Kind(
    Embeddings,
    "a LangChain embeddings object",
    embeddings_named,
    embeddings_of,
    lambda served: Vectors(served, "embed_query", ["ping"], {}, 1),
    notes=("tokens and USD are estimated from the lengths of the texts",),
)

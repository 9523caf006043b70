"""Visit: one call's way past the caches: looked up before it, kept after it, and, where everybody
is out, an older answer instead of an error."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from .. import drive
from ..answer import signed
from ..attempt import Attempts
from ..errors import AllAttemptsFailedError, NoCandidateError, RouterError
from ..options import Options
from ..outcome import Answered, Cause
from ..source_choice import async_source_for, source_for
from ..steps import Event, Flow, Step
from ..telemetry.events import CacheMissed
from ..telemetry.record import CallRecord
from .query import Query
from .replay import Served, chunks_of, result_of
from .shelf import Found, Shelf, Shelves, is_fresh
from .stored import message_of, stored_of, written
from .worth import is_spliced, is_stopgap, is_whole

#: Failures that are the request's own: nobody is out, and an older answer helps nobody.
NO_OUTAGE: Final = frozenset(
    {
        Cause.BAD_REQUEST,
        Cause.CONTENT_POLICY,
        Cause.CONTEXT_OVERFLOW,
        Cause.SCHEMA_MISMATCH,
        Cause.UNSUPPORTED,
    }
)


class Rules(NamedTuple):
    """What may be served and kept."""

    fresh_seconds: float | None
    last_resort_seconds: float | None
    keeps_fallbacks: bool
    key: bytes  # seals what is kept; may be empty


class Overheard:
    """A flow that tells how its call was answered."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self.answered: Answered | None = None

    def send(self, event: Event | None) -> Step:
        """The flow's next step."""
        try:
            return self._flow.send(event)
        except StopIteration as end:
            self.answered = end.value
            raise

    def close(self) -> None:
        """Close the flow."""
        self._flow.close()


class Gathered:
    """The chunks that were handed over, to be kept as one answer."""

    def __init__(self) -> None:
        self.chunks: list[AIMessageChunk] = []
        self.metadata: dict[str, Any] = {}

    def add(self, chunk: ChatGenerationChunk) -> bool:
        """One more; whether it is the last. The caller may change what he is given: a copy."""
        message = cast(AIMessageChunk, chunk.message)
        self.chunks.append(message.model_copy())
        for source in (chunk.generation_info, message.response_metadata):
            if source:
                self.metadata.update((k, v) for k, v in source.items() if v is not None)
        return "router" in message.response_metadata

    def message(self) -> AIMessage:
        """All of it."""
        return add_ai_message_chunks(self.chunks[0], *self.chunks[1:])


class Visit:
    """One call beside the caches; in each of the four modes, instead of the driver alone."""

    def __init__(
        self,
        call: tuple[Flow, Attempts, Options],
        query: Query,
        *,
        shelf: Shelf,
        shelves: Shelves,
        rules: Rules,
        number: int,
    ) -> None:
        self._flow, self._attempts, self._options = call
        self._query = query
        self._shelf = shelf
        self._shelves = shelves
        self._rules = rules
        self._number = number
        self._started = time.monotonic()
        self._older: list[Found] = []

    def generate(self) -> ChatResult:
        """The whole answer."""
        served = self._fresh(self._shelf.lookup(self._query, self._rules.fresh_seconds))
        if served is not None:
            return result_of(served)
        try:
            source = source_for(self._attempts, self._options)
            result, answered = drive.run(self._flow, source)
        except RouterError as error:
            return result_of(self._instead_of(error))
        text = self._text_of(result.generations[0].message, answered)
        if text is not None:
            self._shelf.store(self._query, text)
        return signed(result, answered)

    async def agenerate(self) -> ChatResult:
        """The whole answer."""
        served = self._fresh(await self._shelf.alookup(self._query, self._rules.fresh_seconds))
        if served is not None:
            return result_of(served)
        try:
            source = async_source_for(self._attempts, self._options)
            result, answered = await drive.arun(self._flow, source)
        except RouterError as error:
            return result_of(self._instead_of(error))
        text = self._text_of(result.generations[0].message, answered)
        if text is not None:
            await self._shelf.astore(self._query, text)
        return signed(result, answered)

    def stream(self) -> Iterator[ChatGenerationChunk]:
        """The answer in chunks; kept before the last of them is handed over."""
        served = self._fresh(self._shelf.lookup(self._query, self._rules.fresh_seconds))
        if served is not None:
            yield from chunks_of(served)
            return
        flow, gathered = Overheard(self._flow), Gathered()
        source = source_for(self._attempts, self._options)
        chunks = drive.stream(cast(Flow, flow), source)
        try:
            for chunk in chunks:
                if gathered.add(chunk) and (text := self._sum_of(gathered, flow)) is not None:
                    self._shelf.store(self._query, text)
                yield chunk
        except RouterError as error:  # after a part was delivered it is no outage
            yield from chunks_of(self._instead_of(error))
        finally:
            chunks.close()  # type: ignore[attr-defined]  # a generator

    async def astream(self) -> AsyncIterator[ChatGenerationChunk]:
        """The answer in chunks; kept before the last of them is handed over."""
        served = self._fresh(await self._shelf.alookup(self._query, self._rules.fresh_seconds))
        if served is not None:
            for chunk in chunks_of(served):
                yield chunk
            return
        flow, gathered = Overheard(self._flow), Gathered()
        source = async_source_for(self._attempts, self._options)
        chunks = drive.astream(cast(Flow, flow), source)
        try:
            async for chunk in chunks:
                if gathered.add(chunk) and (text := self._sum_of(gathered, flow)) is not None:
                    await self._shelf.astore(self._query, text)
                yield chunk
        except RouterError as error:  # as above
            for chunk in chunks_of(self._instead_of(error)):
                yield chunk
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]  # a generator

    def _fresh(self, every: Sequence[Found]) -> Served | None:
        """The answer to serve instead of a call; older ones are remembered for an outage."""
        for found in every:
            if self._served_by(found) is None or not self._is_accepted(found):
                continue
            if is_fresh(found, self._rules.fresh_seconds):
                self._flow.close()
                return self._serve(found)
            self._older.append(found)
        self._shelves.count(misses=1)
        self._shelves.tell(CacheMissed(self._number))
        return None

    def _instead_of(self, error: RouterError) -> Served:
        """An older answer, where everybody is out and the router may serve it; else the error."""
        oldest = self._rules.last_resort_seconds
        if oldest is None or not _is_outage(error):
            raise error
        for found in self._older:
            if found.age_seconds <= oldest:
                return self._serve(found, error)
        raise error

    def _serve(self, found: Found, error: RouterError | None = None) -> Served:
        deployment = self._served_by(found)
        now = time.monotonic()
        served = Served(
            found,
            deployment,
            self._options.strategy_name,
            len(self._attempts.served),
            self._started,
            now,
            tuple(getattr(error, "attempts", ())),
            error is not None,
        )
        saved = found.stored.cost_usd
        name = "hits" if error is None else "last_resorts"
        self._shelves.count(**{name: 1, "saved_usd": saved or 0.0})
        self._shelves.served(self._record(served))
        return served

    def _record(self, served: Served) -> CallRecord:
        return CallRecord(
            call=self._number,
            at=served.ended,
            strategy=served.strategy,
            task_type=served.found.stored.task_type,
            deployment=served.deployment.name,
            cause=None,
            attempts=(),  # those before a last resort are in the failed call's own record
            seconds=served.ended - served.started,
            candidates=served.candidates,
            streamed=self._attempts.streamed,
            cached=served.kind,
            saved_usd=served.found.stored.cost_usd,
        )

    def _served_by(self, found: Found) -> Any:
        """Who had answered: one of ours, whatever the entry says."""
        name = found.stored.deployment
        every = (served.deployment for served in self._attempts.served)
        return next((deployment for deployment in every if deployment.name == name), None)

    def _is_accepted(self, found: Found) -> bool:
        """Whether the caller's own test of an answer, if there is one, accepts it."""
        accepts = self._attempts.accepts
        return accepts is None or accepts(message_of(found.stored))

    def _sum_of(self, gathered: Gathered, flow: Overheard) -> str | None:
        if flow.answered is None:
            return None
        try:
            message = gathered.message()
        except Exception:  # chunks that do not add up are their consumer's concern
            self._shelves.count(not_kept=1)
            return None
        return self._text_of(message, flow.answered, gathered.metadata)

    def _text_of(
        self, message: Any, answered: Answered, metadata: dict[str, Any] | None = None
    ) -> str | None:
        """What is to be kept of an answer, if anything is."""
        said = message.response_metadata if metadata is None else metadata
        if not is_whole(message, said) or is_spliced(answered):
            return None
        if not self._rules.keeps_fallbacks and is_stopgap(answered, self._options):
            return None
        stored = stored_of(message, self._query, answered=answered, metadata=said, at=time.time())
        text = written(stored, self._rules.key)
        if text is None:
            self._shelves.count(not_kept=1)
        return text


def _is_outage(error: RouterError) -> bool:
    """Whether nobody could answer just now, and might have at another time."""
    if isinstance(error, NoCandidateError):
        return bool(error.note)
    return isinstance(error, AllAttemptsFailedError) and error.cause not in NO_OUTAGE

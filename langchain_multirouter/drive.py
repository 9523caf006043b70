"""Drivers: the only code that waits. They carry out the flow's steps and tell it what happened.

`run`, `stream`, `arun` and `astream` are the same loop over a source of events (`sources`):
whatever is decided, is decided in the flow. All steps up to the next wait are carried out before a
chunk is handed over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from .answer import last_chunk, with_partial
from .errors import StreamInterruptedError
from .outcome import Answered
from .races import TaskSource
from .sources import AsyncSource, Running, Source
from .steps import Cancel, Deliver, Event, Flow, Start, Tell, Wait


def run(flow: Flow, source: Source) -> tuple[Any, Answered]:
    """The whole answer, and how it was found."""
    event: Event | None = None
    try:
        while True:
            step = flow.send(event)
            event = None
            if isinstance(step, Wait):
                event = source.event(step.until)
            elif isinstance(step, Start):
                source.start(step)
            elif isinstance(step, Cancel):
                source.cancel(step.id)
            elif isinstance(step, Tell):
                step.listening.tell(step.happened)
    except StopIteration as end:
        answered: Answered = end.value
        running = source.running(answered.attempt_id)
        return running.result, _told(answered, running)
    finally:
        flow.close()
        source.close()


async def arun(flow: Flow, source: AsyncSource | TaskSource) -> tuple[Any, Answered]:
    """The whole answer, and how it was found."""
    event: Event | None = None
    try:
        while True:
            step = flow.send(event)
            event = None
            if isinstance(step, Wait):
                event = await source.event(step.until)
            elif isinstance(step, Start):
                source.start(step)
            elif isinstance(step, Cancel):
                await source.cancel(step.id)
            elif isinstance(step, Tell):
                step.listening.tell(step.happened)
    except StopIteration as end:
        answered: Answered = end.value
        running = source.running(answered.attempt_id)
        return running.result, _told(answered, running)
    finally:
        flow.close()
        await source.close()


def stream(flow: Flow, source: Source) -> Iterator[ChatGenerationChunk]:
    """The chunks of the attempt that the flow commits to, and one of ours that says how it went."""
    event: Event | None = None
    chunks: deque[ChatGenerationChunk] = deque()
    delivered: list[BaseMessage] = []
    try:
        while True:
            try:
                step = flow.send(event)
            except StopIteration as end:
                while chunks:
                    yield _handed(chunks, delivered)
                answered = _told(end.value, source.running(end.value.attempt_id))
                yield last_chunk(answered, delivered)
                return
            event = None
            if isinstance(step, Wait):
                while chunks:
                    yield _handed(chunks, delivered)
                event = source.event(step.until)
            elif isinstance(step, Start):
                source.start(step, delivered if step.resume else ())
            elif isinstance(step, Deliver):
                chunks = source.running(step.id).chunks
            elif isinstance(step, Cancel):
                source.cancel(step.id)
            else:
                step.listening.tell(step.happened)
    except StreamInterruptedError as error:
        raise with_partial(error, delivered) from error.__cause__
    finally:
        flow.close()
        source.close()


async def astream(
    flow: Flow, source: AsyncSource | TaskSource
) -> AsyncIterator[ChatGenerationChunk]:
    """The chunks of the attempt that the flow commits to, and one of ours that says how it went."""
    event: Event | None = None
    chunks: deque[ChatGenerationChunk] = deque()
    delivered: list[BaseMessage] = []
    try:
        while True:
            try:
                step = flow.send(event)
            except StopIteration as end:
                while chunks:
                    yield _handed(chunks, delivered)
                answered = _told(end.value, source.running(end.value.attempt_id))
                yield last_chunk(answered, delivered)
                return
            event = None
            if isinstance(step, Wait):
                while chunks:
                    yield _handed(chunks, delivered)
                event = await source.event(step.until)
            elif isinstance(step, Start):
                source.start(step, delivered if step.resume else ())
            elif isinstance(step, Deliver):
                chunks = source.running(step.id).chunks
            elif isinstance(step, Cancel):
                await source.cancel(step.id)
            else:
                step.listening.tell(step.happened)
    except StreamInterruptedError as error:
        raise with_partial(error, delivered) from error.__cause__
    finally:
        flow.close()
        await source.close()


def _told(answered: Answered, running: Running) -> Answered:
    """With what the deployment that answered could not take of the request."""
    if not running.lost:
        return answered
    return answered._replace(notes=(*answered.notes, *(f"not sent: {it}" for it in running.lost)))


def _handed(
    chunks: deque[ChatGenerationChunk], delivered: list[BaseMessage]
) -> ChatGenerationChunk:
    """The next chunk of those that have come, remembered as delivered."""
    chunk = chunks.popleft()
    delivered.append(chunk.message)
    return chunk

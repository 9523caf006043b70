"""Drivers: what happens to a call that is left, interrupted, or too slow."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langchain_multirouter.errors import StreamInterruptedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.races import ThreadSource
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.sources import InlineSource
from langchain_multirouter.testing import Breaks, ScriptedModel
from tests.core.routed import Fault, Router

SOURCES = pytest.mark.parametrize("source", [InlineSource, ThreadSource])
LEFT, FAILED = (0, 0, 1, 0), (0, 1, 0, 0)
PATIENCE = 5.0
ENDING = {"finish_reason": "stop"}
LATE = ChatResult(
    generations=[ChatGeneration(message=AIMessage("too late", response_metadata=ENDING))]
)


class Stuck(BaseChatModel):
    """A model that does not answer until it is released."""

    gate: Any = None
    swallows: bool = False

    @property
    def _llm_type(self) -> str:
        return "stuck"

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        assert self.gate.wait(PATIENCE)
        return LATE

    async def _agenerate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.swallows:
                raise
        return LATE


def seconds_of_waiting(began: float) -> float:
    return time.monotonic() - began


class TestLeaving:
    """A stream that nobody reads on."""

    def test_a_stream_that_is_left_settles_at_once_and_closes_the_inner_one(self) -> None:
        model = ScriptedModel(script=["one two three"])
        router = Router(model)
        chunks = router.open()
        assert next(chunks).message.content == "one "
        assert router.counts() == (0, 0, 0, 1)
        chunks.close()  # type: ignore[attr-defined]
        assert router.counts() == LEFT
        assert model.left == 1

    async def test_an_async_stream_that_is_left_does_too_and_leaves_no_task_behind(self) -> None:
        model = ScriptedModel(script=["one two three"])
        router = Router(model)
        chunks = router.aopen()
        assert (await anext(chunks)).message.content == "one "
        await chunks.aclose()  # type: ignore[attr-defined]
        assert router.counts() == LEFT
        assert model.left == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def test_a_threaded_stream_that_is_left_settles_at_once(self) -> None:
        router = Router(ScriptedModel(script=["one two three"]))
        chunks = router.open(ThreadSource)
        next(chunks)
        chunks.close()  # type: ignore[attr-defined]
        assert router.counts() == LEFT

    @SOURCES
    def test_a_stream_that_was_never_read_sends_nothing(self, source: Any) -> None:
        model = ScriptedModel()
        router = Router(model)
        router.open(source).close()  # type: ignore[attr-defined]
        assert model.calls == 0
        assert router.counts() == (0, 0, 0, 0)

    @SOURCES
    def test_a_failed_attempts_stream_is_closed_before_the_next_begins(self, source: Any) -> None:
        broken = ScriptedModel(script=[Breaks("one two", Fault(Cause.UNKNOWN), 0)])
        router = Router(broken, ScriptedModel(script=["good"]))
        assert router.stream(source).text == "good"
        assert router.counts() == FAILED


class TestInterruption:
    """What ends the process or the task is not the router's to handle."""

    @SOURCES
    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_an_interrupt_passes_through_and_settles_as_left(
        self, source: Any, interrupt: type[BaseException]
    ) -> None:
        router = Router(ScriptedModel(script=[interrupt()]), ScriptedModel())
        with pytest.raises(interrupt):
            router.run(source)
        assert router.counts() == LEFT
        assert router.counts(1) == (0, 0, 0, 0)

    @SOURCES
    def test_an_interrupt_in_a_stream_does_too(self, source: Any) -> None:
        router = Router(ScriptedModel(script=[Breaks("one two", KeyboardInterrupt(), 1)]))
        with pytest.raises(KeyboardInterrupt):
            router.stream(source)
        assert router.counts() == LEFT

    @pytest.mark.parametrize("streamed", [False, True])
    async def test_a_cancelled_task_is_cancelled_and_its_attempt_settled(
        self, streamed: bool
    ) -> None:
        router = Router(Stuck(), ScriptedModel(), clock=time.monotonic)
        task = asyncio.create_task(router.astream() if streamed else router.arun())
        for _ in range(10):
            await asyncio.sleep(0)  # turns of the loop, until the model is being waited for
        assert router.counts() == (0, 0, 0, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert router.counts() == LEFT
        assert router.counts(1) == (0, 0, 0, 0)

    @pytest.mark.parametrize("streamed", [False, True])
    async def test_a_caller_who_is_cancelled_gets_no_answer_where_the_model_swallows_it(
        self, streamed: bool
    ) -> None:
        """As `asyncio.wait_for` does in Python 3.11, which some SDKs wait for chunks with."""
        router = Router(Stuck(swallows=True), clock=time.monotonic)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await (router.astream() if streamed else router.arun())
        assert router.counts() == LEFT

    async def test_a_cancellation_out_of_the_model_passes_through(self) -> None:
        router = Router(ScriptedModel(script=[asyncio.CancelledError()]))
        with pytest.raises(asyncio.CancelledError):
            await router.arun()
        assert router.counts() == LEFT

    @SOURCES
    @pytest.mark.parametrize("error", [StopIteration(), ValueError("x"), MemoryError()])
    def test_any_exception_of_the_model_is_a_failure(self, source: Any, error: Exception) -> None:
        router = Router(ScriptedModel(script=[error]), ScriptedModel(script=["good"]))
        assert router.run(source).text == "good"
        assert router.counts() == FAILED

    async def test_an_async_models_exceptions_are_failures_too(self) -> None:
        for error in (StopAsyncIteration(), TimeoutError(), ValueError("x")):
            router = Router(ScriptedModel(script=[error]), ScriptedModel(script=["good"]))
            assert (await router.arun()).text == "good"
            assert router.counts() == FAILED


class TestPartial:
    """What a broken stream had delivered."""

    @SOURCES
    def test_the_error_carries_exactly_what_was_delivered(self, source: Any) -> None:
        theirs = Fault(Cause.CONNECTION)
        router = Router(ScriptedModel(script=[Breaks("one two three", theirs, 2)]))
        told = router.stream(source)
        assert isinstance(told.error, StreamInterruptedError)
        assert told.error.partial.text == told.text == "one two "
        assert told.error.__cause__ is theirs

    async def test_an_async_streams_error_does_too(self) -> None:
        router = Router(ScriptedModel(script=[Breaks("one two three", Fault(Cause.SERVER), 2)]))
        told = await router.astream()
        assert isinstance(told.error, StreamInterruptedError)
        assert told.error.partial.text == told.text == "one two "


class TestLimits:
    """Limits that hold to the moment, with real waits on events."""

    def test_a_threaded_attempt_is_given_up_at_its_limit(self) -> None:
        gate = threading.Event()
        good = ScriptedModel(script=["good"])
        router = Router(Stuck(gate=gate), good, timeout=0.05, clock=time.monotonic)
        began = time.monotonic()
        try:
            assert router.run(ThreadSource).text == "good"
            assert seconds_of_waiting(began) < PATIENCE
            assert router.counts() == FAILED
            assert all(t.daemon for t in threading.enumerate() if t.name.startswith("multirouter"))
        finally:
            gate.set()

    def test_a_call_in_threads_leaves_no_thread_that_keeps_the_process_alive(self) -> None:
        before = {t for t in threading.enumerate() if not t.daemon}
        Router(ScriptedModel()).run(ThreadSource)
        assert {t for t in threading.enumerate() if not t.daemon} == before

    async def test_an_async_attempt_is_given_up_at_its_limit(self) -> None:
        good = ScriptedModel(script=["good"])
        router = Router(Stuck(), good, timeout=0.05, clock=time.monotonic)
        began = time.monotonic()
        assert (await router.arun()).text == "good"
        assert seconds_of_waiting(began) < PATIENCE
        assert router.counts() == FAILED

    @pytest.mark.parametrize("swallows", [False, True])
    async def test_the_callers_task_is_not_left_marked_as_being_cancelled(
        self, swallows: bool
    ) -> None:
        """Also where a model swallows the cancellation that its limit brings."""
        good = ScriptedModel(script=["good"])
        router = Router(Stuck(swallows=swallows), good, timeout=0.05, clock=time.monotonic)
        assert (await router.arun()).text
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    async def test_a_deadline_inside_the_callers_own_timeout_keeps_them_apart(self) -> None:
        router = Router(Stuck(), timeout=0.05, clock=time.monotonic)
        async with asyncio.timeout(PATIENCE) as scope:
            told = await router.arun()
        assert told.error is not None
        assert not scope.expired()

    async def test_the_callers_own_timeout_is_not_taken_for_the_routers(self) -> None:
        router = Router(Stuck(), clock=time.monotonic)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await router.arun()
        assert router.counts() == LEFT

    def test_backoffs_are_waited_for(self) -> None:
        policy = Policy(wait=lambda state: 0.02)
        for source in (InlineSource, ThreadSource):
            model = ScriptedModel(script=[Fault(Cause.SERVER), "good"])
            router = Router(model, policy=policy, clock=time.monotonic)
            began = time.monotonic()
            assert router.run(source).text == "good"
            assert seconds_of_waiting(began) >= 0.02

"""Races: the real drivers with two attempts in flight, in threads and in tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.testing import ScriptedModel

SOON = 0.02


class Held(ScriptedModel):
    """Answers when it is let go; says whether it was interrupted."""

    _go: threading.Event = PrivateAttr(default_factory=threading.Event)
    _interrupted: list[str] = PrivateAttr(default_factory=list)

    def _generate(self, *given: Any, **more: Any) -> ChatResult:
        assert self._go.wait(10.0)
        return super()._generate(*given, **more)

    def _stream(self, *given: Any, **more: Any) -> Iterator[ChatGenerationChunk]:
        assert self._go.wait(10.0)
        yield from super()._stream(*given, **more)

    async def _until_let_go(self) -> None:
        try:
            while not self._go.is_set():  # noqa: ASYNC110  # set by another thread
                await asyncio.sleep(0.002)
        except asyncio.CancelledError:
            self._interrupted.append("cancelled")
            raise

    async def _agenerate(self, *given: Any, **more: Any) -> ChatResult:
        await self._until_let_go()
        return super()._generate(*given, **more)

    async def _astream(self, *given: Any, **more: Any) -> AsyncIterator[ChatGenerationChunk]:
        await self._until_let_go()
        for chunk in super()._stream(*given, **more):
            yield chunk


class SyncOnly(ScriptedModel):
    """As Bedrock's class: asynchronous calls run in a thread that nothing interrupts."""

    _go: threading.Event = PrivateAttr(default_factory=threading.Event)

    def _generate(self, *given: Any, **more: Any) -> ChatResult:
        assert self._go.wait(10.0)
        return super()._generate(*given, **more)


for _name in ("_agenerate", "_astream"):
    # Set afterwards: pydantic takes underscored values in a class's body for private fields.
    setattr(SyncOnly, _name, getattr(BaseChatModel, _name))


def router(first: Any, second: Any = None, **settings: Any) -> RoutedChatModel:
    second = second or ScriptedModel(script=["quick"])
    models = [Deployment(first, name="a"), Deployment(second, name="b")]
    return RoutedChatModel(models, strategy="ordered", hedge=SOON, **settings)


async def text_of(stream: AsyncIterator[Any]) -> str:
    return "".join([chunk.text async for chunk in stream])


def asked(one: RoutedChatModel, mode: str) -> str:
    match mode:
        case "invoke":
            return str(one.invoke("hi").text)
        case "ainvoke":
            return str(asyncio.run(one.ainvoke("hi")).text)
        case "stream":
            return "".join(chunk.text for chunk in one.stream("hi"))
    return asyncio.run(text_of(one.astream("hi")))


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5.0
    while not true() and time.monotonic() < end:
        time.sleep(0.002)
    return true()


MODES = pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream"])


@MODES
def test_the_second_answers_and_the_first_is_left_and_counted(mode: str) -> None:
    slow = Held(script=["slow"])
    one = router(slow)
    try:
        assert asked(one, mode) == "quick"
        counts = one.counts()
        assert (counts["a"]["cancelled"], counts["b"]["succeeded"]) == (1, 1)
        assert counts["a"]["pending"] == counts["b"]["pending"] == 0
        if mode.startswith("a"):
            assert slow._interrupted == ["cancelled"]
    finally:
        slow._go.set()


@MODES
def test_who_answers_at_once_is_alone(mode: str) -> None:
    second = ScriptedModel(script=["never"])
    assert asked(router(ScriptedModel(script=["quick"]), second), mode) == "quick"
    assert second.calls == 0


def orphans(one: RoutedChatModel) -> int:
    return int(one.assembled.fleet.snapshot()[0].orphans)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_a_thread_that_cannot_be_interrupted_is_an_orphan_until_it_ends(mode: str) -> None:
    slow = SyncOnly(script=["slow"])
    one = router(slow)
    began = time.monotonic()
    assert asked(one, mode) == "quick"
    assert time.monotonic() - began < 5.0  # the loop's end does not wait for it either
    assert orphans(one) == 1
    slow._go.set()
    assert until(lambda: orphans(one) == 0)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_calls_with_tools_are_not_hedged_unless_declared_safe(mode: str) -> None:
    tool = {"name": "pay", "description": "pays", "parameters": {"type": "object"}}
    for safe, answered in ((None, "slow"), (True, "quick")):
        slow = Held(script=["slow"])
        one = router(slow, hedge_tools=safe)
        threading.Timer(0.3, slow._go.set).start()
        bound = one.bind_tools([tool])
        answer = bound.invoke("hi") if mode == "invoke" else asyncio.run(bound.ainvoke("hi"))
        assert isinstance(answer, AIMessage)
        assert answer.text == answered


def test_a_caller_who_is_cancelled_leaves_both() -> None:
    slow, slower = Held(script=["x"]), Held(script=["y"])
    one = router(slow, slower)

    async def leave() -> None:
        task = asyncio.create_task(one.ainvoke("hi"))
        while one.counts()["b"]["pending"] == 0:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert slow._interrupted == slower._interrupted == ["cancelled"]
    assert [one.counts()[n]["cancelled"] for n in "ab"] == [1, 1]


class Lingering(Held):
    """Takes its time when it is interrupted."""

    async def _until_let_go(self) -> None:
        try:
            await super()._until_let_go()
        except asyncio.CancelledError:
            await asyncio.Event().wait()


def test_a_caller_who_is_cancelled_while_the_loser_says_farewell_leaves_nothing_pending() -> None:
    first, loser = Held(script=["x"]), Lingering(script=["y"])
    one = router(first, loser)

    async def leave() -> None:
        task = asyncio.create_task(one.ainvoke("hi"))
        while one.counts()["b"]["pending"] == 0:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.002)
        first._go.set()
        while not loser._interrupted:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    assert [one.counts()[n]["pending"] for n in "ab"] == [0, 0]
    assert one.counts()["b"]["cancelled"] == 1


class Gated(ScriptedModel):
    """Answers in the same turn of the loop in which it is let go."""

    _gate: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    async def _agenerate(self, *given: Any, **more: Any) -> ChatResult:
        await self._gate.wait()
        return super()._generate(*given, **more)

    async def _astream(self, *given: Any, **more: Any) -> AsyncIterator[ChatGenerationChunk]:
        await self._gate.wait()
        for chunk in super()._stream(*given, **more):
            yield chunk


@pytest.mark.parametrize("hedge", [None, 30.0])
@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
def test_a_caller_who_is_cancelled_in_any_turn_of_the_loop_gets_no_answer(
    mode: str, hedge: float | None
) -> None:
    async def left_after(turns: int) -> bool:
        """Whether there was a call to leave so many turns after its answer was there."""
        model = Gated(script=["too late"])
        one = RoutedChatModel([Deployment(model, name="a")], hedge=hedge)
        call = one.ainvoke("hi") if mode == "ainvoke" else text_of(one.astream("hi"))
        task = asyncio.create_task(call)
        while one.counts()["a"]["pending"] == 0:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0)
        model._gate.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            assert one.counts()["a"]["succeeded"] == 1
            return False
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert one.counts()["a"]["pending"] == 0
        return True

    async def every_turn() -> list[bool]:
        return [await left_after(turns) for turns in range(20)]

    left = asyncio.run(every_turn())
    assert left[0]
    assert not left[-1]


@pytest.mark.parametrize("hedge", [0, -1, "soon", float("nan"), float("inf")])
def test_a_wrong_time_is_refused_by_name(hedge: Any) -> None:
    with pytest.raises(ConfigurationError, match="hedge"):
        RoutedChatModel([ScriptedModel(script=["x"])], hedge=hedge)


def test_a_call_can_ask_for_it_and_cannot_where_the_router_forbids_it() -> None:
    models = [Deployment(Held(script=["x"]), name="a"), ScriptedModel(script=["quick"])]
    free = RoutedChatModel(models, strategy="ordered")
    assert free.invoke("hi", hedge=SOON).text == "quick"
    assert free.with_routing(hedge=SOON).invoke("hi").text == "quick"
    strict = RoutedChatModel(models, strategy="ordered", hedge=False)
    assert strict.with_routing(hedge=SOON).compiled.options.hedge is False
    models[0].model._go.set()  # type: ignore[union-attr]

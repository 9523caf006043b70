"""Attempt: one try at one model, told as events."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.rate_limiters import BaseRateLimiter

from langchain_multirouter.answer import signed
from langchain_multirouter.attempt import streams_natively
from langchain_multirouter.outcome import Answered
from langchain_multirouter.steps import Kind
from langchain_multirouter.tally import Tally, carries
from langchain_multirouter.testing import ScriptedModel
from tests.core.routed import Router

ENDING = {"finish_reason": "stop"}


class Whole(BaseChatModel):
    """A model that does not stream, and tells its metadata in three places."""

    results: Any = None

    @property
    def _llm_type(self) -> str:
        return "whole"

    def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
        if self.results is not None:
            return ChatResult(generations=self.results)
        message = AIMessage("all of it", id="m1", tool_calls=[])
        return ChatResult(
            generations=[ChatGeneration(message=message, generation_info=ENDING)],
            llm_output={"model_name": "w-1"},
        )


class Limiter(BaseRateLimiter):
    """Counts what it lets through."""

    def __init__(self) -> None:
        self.acquired = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.acquired += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire(blocking=blocking)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (AIMessage(""), False),
        (AIMessage("x"), True),
        (AIMessage([]), False),
        (AIMessage([""]), False),
        (AIMessage(["x"]), True),
        (AIMessage([{"type": "text", "text": "", "index": 0}]), False),
        (AIMessage([{"type": "text", "text": "x", "index": 0}]), True),
        (AIMessage([{"type": "reasoning", "reasoning": "hm", "index": 0}]), True),
        (AIMessage([{"type": "image", "base64": "AA=="}]), True),
        (AIMessage("", additional_kwargs={"reasoning_content": "hm"}), True),
    ],
)
def test_text_reasoning_and_pictures_are_content_and_places_are_not(
    message: AIMessage, expected: bool
) -> None:
    assert carries(message) is expected


@pytest.mark.parametrize(
    ("chunk", "kind", "content"),
    [
        (AIMessageChunk(""), Kind.EMPTY, False),
        (AIMessageChunk("x"), Kind.CONTENT, True),
        (AIMessageChunk("", response_metadata=ENDING), Kind.FINISH, False),
        (AIMessageChunk("x", response_metadata={"stopReason": "end_turn"}), Kind.FINISH, True),
        (AIMessageChunk("", response_metadata={"finish_reason": None}), Kind.EMPTY, False),
        (
            AIMessageChunk("", tool_call_chunks=[{"name": "f", "args": "", "id": "1", "index": 0}]),
            Kind.CALL,
            True,
        ),
        (
            AIMessageChunk(
                "",
                usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            ),
            Kind.EMPTY,
            False,
        ),
    ],
)
def test_a_chunk_is_told_by_what_it_carries(
    chunk: AIMessageChunk, kind: Kind, content: bool
) -> None:
    told = Tally().add(ChatGenerationChunk(message=chunk))
    assert (told[0], bool(told[1])) == (kind, content)


def test_an_empty_last_chunk_does_not_undo_the_finish_reason() -> None:
    tally = Tally()
    for metadata in (ENDING, {"finish_reason": None}):
        tally.add(ChatGenerationChunk(message=AIMessageChunk("x", response_metadata=metadata)))
    assert tally.message().response_metadata["finish_reason"] == "stop"


def test_metadata_from_all_three_places_is_on_the_answer() -> None:
    router = Router(Whole())
    flow, attempts = router.parts(streamed=False, options={})
    running = attempts.begin(flow.send(None))
    list(running.events(router.clock))
    assert running.result is not None
    metadata = running.result.generations[0].message.response_metadata
    assert metadata == {"model_name": "w-1", "finish_reason": "stop"}


def test_a_models_own_message_object_is_not_changed() -> None:
    """Canned and cached answers are one object for many calls."""
    canned = AIMessage("hello", response_metadata=ENDING)
    router = Router(FakeMessagesListChatModel(responses=[canned]))
    flow, attempts = router.parts(streamed=False, options={})
    start = flow.send(None)
    running = attempts.begin(start)
    list(running.events(router.clock))
    assert running.result is not None
    answered = Answered(0, start.deployment, "ordered", None, 1, 0.0, 1.0, ())
    signed(running.result, answered)
    assert canned.response_metadata == ENDING


@pytest.mark.parametrize("results", [[], [ChatGeneration(message=HumanMessage("x"))]])
def test_an_answer_that_is_none_is_a_failure(results: list[Any]) -> None:
    router = Router(Whole(results=results), ScriptedModel(script=["good"]))
    assert router.run().text == "good"
    assert router.stream().text == "good"


def test_a_model_that_does_not_stream_answers_a_stream_in_one_chunk() -> None:
    told = Router(Whole()).stream()
    assert [chunk.message.text for chunk in told.chunks] == ["all of it", ""]


async def test_its_async_stream_is_one_chunk_too() -> None:
    told = await Router(Whole()).astream()
    assert [chunk.message.text for chunk in told.chunks] == ["all of it", ""]


@pytest.mark.parametrize(
    ("setting", "tools", "expected"),
    [
        (False, [], True),
        (True, [], False),
        ("tool_calling", [], True),
        ("tool_calling", [1], False),
    ],
)
def test_a_models_own_disable_streaming_is_kept(setting: Any, tools: Any, expected: bool) -> None:
    model = ScriptedModel(disable_streaming=setting)
    for asynchronous in (False, True):
        assert streams_natively(model, {"tools": tools}, asynchronous=asynchronous) is expected
    assert streams_natively(Whole(), {}, asynchronous=False) is False


async def test_a_models_rate_limiter_is_asked_once_for_every_attempt() -> None:
    limiter = Limiter()
    router = Router(ScriptedModel(rate_limiter=limiter, script=[ValueError(), "good"]))
    router.run()
    router.stream()
    await router.arun()
    await router.astream()
    assert limiter.acquired == sum(router.counts()) == 4

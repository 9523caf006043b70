"""Worth: what is cut off, filtered, empty, interrupted or a stopgap's is never kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.exceptions import ModelAPIError
from langchain_core.messages import AIMessage

from langchain_multirouter import RoutedChatModel, RouterError
from langchain_multirouter.testing import Breaks, ScriptedModel
from tests.reference.known import scripted, told
from tests.wire.conftest import MODES, RUNNER, ask

ALL_MODES = pytest.mark.parametrize("mode", MODES)
GOOD = AIMessage("good")


def answer(text: Any = "some text", *, kwargs: Any = None, **metadata: Any) -> AIMessage:
    return AIMessage(text, response_metadata=metadata, additional_kwargs=kwargs or {})


NOT_WHOLE = {
    "OpenAI's limit": answer(finish_reason="length"),
    "Google's limit": answer(finish_reason="MAX_TOKENS"),
    "Converse's limit": answer(finish_reason=None, stopReason="max_tokens"),
    "Anthropic's limit": answer(finish_reason=None, stop_reason="max_tokens"),
    "a limit of the Responses API": answer(finish_reason=None, status="incomplete"),
    "a reason and its details": answer(incomplete_details={"reason": "max_output_tokens"}),
    "a full window": answer(finish_reason="model_context_window_exceeded"),
    "OpenAI's filter": answer(finish_reason="content_filter"),
    "Bedrock's guardrail": answer(finish_reason=None, stopReason="guardrail_intervened"),
    "Google's filter": answer(finish_reason="SAFETY"),
    "Anthropic's refusal": answer(finish_reason=None, stop_reason="refusal"),
    "OpenAI's refusal": answer(kwargs={"refusal": "I cannot"}),
    "a refusal's block": answer([{"type": "refusal", "refusal": "I cannot"}]),
    "a turn that paused": answer(finish_reason=None, stop_reason="pause_turn"),
    "a reason that nobody knows": answer(finish_reason="because"),
    "a call that cannot be read": AIMessage(
        "x",
        tool_calls=[{"name": "f", "args": {}, "id": "1"}],
        invalid_tool_calls=[{"name": "f", "args": "{", "id": "2", "error": None}],
    ),
    "bytes": answer([{"type": "text", "text": "x"}, {"type": "image", "data": b"\x00"}]),
}


@pytest.mark.parametrize("kind", NOT_WHOLE)
def test_an_answer_that_is_not_whole_is_not_kept(kind: str) -> None:
    router = scripted([NOT_WHOLE[kind], GOOD], cache=InMemoryCache())
    router.invoke("x")
    assert router.cache_counts().stored == 0
    assert router.invoke("x").text == "good"
    assert told(router.invoke("x"))["cache"] == "hit"


@pytest.mark.parametrize("kind", ["OpenAI's limit", "Google's filter", "a turn that paused"])
@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_streamed_answer_that_is_not_whole_is_not_kept(kind: str, mode: str) -> None:
    router = scripted([NOT_WHOLE[kind], GOOD], cache=InMemoryCache())
    ask(router, mode)
    assert router.cache_counts().stored == 0
    assert ask(router, mode).text == "good"


def test_without_a_finish_reason_an_answer_of_a_class_that_gives_none_is_kept() -> None:
    router = scripted([answer(finish_reason=None)], cache=InMemoryCache())
    assert "finish_reason" in router.invoke("x").response_metadata
    assert told(router.invoke("x"))["cache"] == "hit"


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_breaks_off_is_not_kept(mode: str) -> None:
    broken = Breaks("one two three", ModelAPIError("broken"), after=1)
    router = scripted([broken, "one two three"], cache=InMemoryCache())
    with pytest.raises(RouterError):
        ask(router, mode)
    assert router.cache_counts().stored == 0
    assert ask(router, mode).text == "one two three"
    assert router.cache_counts().stored == 1


def leave(router: RoutedChatModel) -> None:
    for _ in router.stream("Hello there"):
        break


async def aleave(router: RoutedChatModel) -> None:
    stream = router.astream("Hello there")
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_is_left_is_not_kept_and_is_closed(mode: str) -> None:
    model = ScriptedModel(script=["one two three"])
    router = scripted(model, cache=InMemoryCache())
    if mode == "stream":
        leave(router)
    else:
        RUNNER.run(aleave(router))
    assert (router.cache_counts().stored, model.left) == (0, 1)
    assert router.counts()["a"]["cancelled"] == 1
    assert "cache" not in told(ask(router, mode))


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_is_kept_before_its_last_chunk_so_that_who_stops_there_has_kept_it(
    mode: str,
) -> None:
    router = scripted(["one two three"], cache=InMemoryCache())

    def until_last() -> None:
        for chunk in router.stream("Hello there"):
            if chunk.chunk_position == "last":
                break

    async def auntil_last() -> None:
        async for chunk in router.astream("Hello there"):
            if chunk.chunk_position == "last":
                break

    if mode == "stream":
        until_last()
    else:
        asyncio.run(auntil_last())
    assert router.cache_counts().stored == 1


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_an_answer_in_parts_of_two_deployments_is_not_kept(mode: str) -> None:
    broken = Breaks("one two three", ModelAPIError("broken"), after=1)
    router = scripted(
        [broken],
        ["two three"],
        deployments=[{"model_name": "m"}] * 2,
        cache=InMemoryCache(),
        on_interrupted="continue",
    )
    assert "two three" in ask(router, mode).text
    assert router.cache_counts().stored == 0


def test_chunks_that_their_consumer_changes_are_kept_as_they_came() -> None:
    router = scripted(["one two three"], cache=InMemoryCache())
    for chunk in router.stream("Hello there"):
        chunk.content = "changed"
    assert ask(router, "invoke").text == "one two three"


FAULT = ModelAPIError("down")


def fleet(*scripts: Any, models: Any = ("gpt-4o", "gpt-4o-mini"), **settings: Any) -> Any:
    names = [{"model_name": model} for model in models]
    settings = {"cache": InMemoryCache(), "max_retries": 0, **settings}
    return scripted(*scripts, deployments=names, **settings)


@ALL_MODES
def test_a_lesser_models_answer_is_not_kept_unless_allowed(mode: str) -> None:
    router = fleet([FAULT, "from the first"], ["from the second"])
    assert ask(router, mode).text == "from the second"
    assert router.cache_counts().stored == 0
    assert ask(router, mode).text == "from the first"
    assert ask(router, mode).text == "from the first"
    allowed = fleet([FAULT], ["from the second"], cache_fallbacks=True)
    ask(allowed, mode)
    assert told(ask(allowed, mode))["cache"] == "hit"


def test_the_same_models_answer_from_another_deployment_is_kept() -> None:
    router = fleet([FAULT], ["from the second"], models=("gpt-4o", "gpt-4o-2024-08-06"))
    router.invoke("x")
    assert told(router.invoke("x"))["cache"] == "hit"


def test_while_the_first_choice_is_out_nothing_of_another_models_is_kept() -> None:
    router = fleet(["from the first"], ["from the second"])
    fleet_ = router.assembled.fleet
    fleet_.judge("a", 0.0, cause="server")
    candidate = fleet_._candidates[0]
    out = candidate.breaker._replace(open_until=float("inf"))
    fleet_._candidates[0] = candidate._replace(breaker=out)
    assert router.invoke("x").text == "from the second"
    assert router.cache_counts().stored == 0


def test_where_all_are_first_choices_one_that_is_out_does_not_matter() -> None:
    router = fleet(["one"], ["other"], strategy="round_robin")
    fleet_ = router.assembled.fleet
    candidate = fleet_._candidates[0]
    out = candidate.breaker._replace(open_until=float("inf"))
    fleet_._candidates[0] = candidate._replace(breaker=out)
    router.invoke("x")
    assert router.cache_counts().stored == 1


def test_who_comes_after_the_one_that_answered_may_be_out() -> None:
    router = fleet(["from the first"], ["from the second"])
    fleet_ = router.assembled.fleet
    candidate = fleet_._candidates[1]
    out = candidate.breaker._replace(open_until=float("inf"))
    fleet_._candidates[1] = candidate._replace(breaker=out)
    router.invoke("x")
    assert router.cache_counts().stored == 1

"""Caching on the wire: a hit sends nothing, is the answer that was given, and goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_multirouter import Deployment, RoutedChatModel, RouterError
from langchain_multirouter.emulator import Emulator, FaultKind
from tests.caching.stores import Aged

from .conftest import HASTY, MODES, RUNNER, WIRES, ask

Make = Callable[..., RoutedChatModel]
EVERY = pytest.mark.parametrize("wire", WIRES)
ALL_MODES = pytest.mark.parametrize("mode", MODES)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Person(BaseModel):
    """A person."""

    name: str
    age: int


def content(answer: AIMessage) -> Any:
    """What it says, whether it came in chunks or whole."""
    return answer.text, answer.tool_calls, answer.additional_kwargs.get("refusal")


@EVERY
@pytest.mark.parametrize("first", MODES)
@ALL_MODES
def test_a_hit_sends_nothing_and_says_the_same(
    wire: str, first: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire, cache=InMemoryCache())
    one = ask(model, first)
    sent = len(cloud.log)
    other = ask(model, mode)
    assert len(cloud.log) == sent == 1
    assert content(one) == content(other)
    assert other.response_metadata["router"]["cache"] == "hit"
    assert other.response_metadata["router"]["saved_usd"] > 0
    assert other.response_metadata["model_name"] == one.response_metadata["model_name"]


@EVERY
@ALL_MODES
def test_a_conversation_goes_on_from_a_call_of_a_tool_that_was_cached(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire, cache=InMemoryCache()).bind_tools([get_weather])
    question = HumanMessage("Call get_weather in Paris")
    one = ask(model, mode, [question])
    other = ask(model, mode, [question])
    assert other.tool_calls == one.tool_calls != []
    assert len(cloud.log) == 1
    results = [ToolMessage("sunny", tool_call_id=call["id"]) for call in other.tool_calls]
    final = ask(model, mode, [question, other, *results])
    assert "sunny" in final.text
    sent = len(cloud.log)
    assert ask(model, mode, [question, other, *results]).text == final.text
    assert len(cloud.log) == sent


@EVERY
@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_a_structured_answer_is_cached(
    wire: str, method: Any, cloud: Emulator, router: Make
) -> None:
    model = router(wire, cache=InMemoryCache())
    chain = model.with_structured_output(Person, method=method)
    one = chain.invoke("Ada is 36")
    sent = len(cloud.log)
    assert chain.invoke("Ada is 36") == one
    assert RUNNER.run(chain.ainvoke("Ada is 36")) == one
    assert isinstance(one, Person)
    assert len(cloud.log) == sent


THINKERS: dict[str, tuple[str, dict[str, Any]]] = {
    "aws_bedrock": (
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        {
            "additional_model_request_fields": {
                "thinking": {"type": "enabled", "budget_tokens": 1024}
            },
            "max_tokens": 4096,
        },
    ),
    "gcp_vertex": ("gemini-3-pro-preview", {"include_thoughts": True}),
}


@pytest.mark.parametrize("wire", THINKERS)
@ALL_MODES
def test_reasoning_comes_from_the_cache_with_its_signature(
    wire: str, mode: str, cloud: Emulator
) -> None:
    name, settings = THINKERS[wire]
    deployment = Deployment(cloud.chat_model(wire, name, **settings), name=wire)
    model = RoutedChatModel([deployment], cache=InMemoryCache(), policy=HASTY)
    bound = model.bind_tools([get_weather])
    question = HumanMessage("Call get_weather in Paris")
    one, other = (ask(bound, mode, [question]) for _ in range(2))
    assert other.response_metadata["router"]["cache"] == "hit"
    assert reasoning_of(one) == reasoning_of(other) != ""
    results = [ToolMessage("sunny", tool_call_id=call["id"]) for call in other.tool_calls]
    final = ask(bound, mode, [question, other, *results])
    assert "sunny" in final.text
    assert "ignature" in str(cloud.log[-1].body)


def reasoning_of(answer: AIMessage) -> str:
    """All of an answer's reasoning."""
    blocks: list[Any] = answer.content_blocks
    return "".join(b.get("reasoning", "") for b in blocks if b["type"] == "reasoning")


@EVERY
@ALL_MODES
def test_an_answer_that_the_limit_cut_is_not_kept(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire, cache=InMemoryCache())
    ask(model, mode, "Tell me a long story", max_tokens=2)
    assert model.cache_counts().stored == 0


FAULTS = ("blocked_answer", "blocked_prompt", "truncated", "no_finish", "empty_answer")


@EVERY
@ALL_MODES
@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_failed_or_was_filtered_is_not_kept(
    wire: str, mode: str, fault: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire, cache=InMemoryCache(), fallback_enabled=False, max_retries=0)
    cloud.break_(wire, FaultKind(fault))
    try:
        ask(model, mode)
    except RouterError:
        pass
    assert model.cache_counts().stored == 0


@EVERY
@ALL_MODES
def test_where_all_clouds_are_out_an_older_answer_is_served(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    cache = Aged()
    rules = {"cache_fresh_seconds": 60, "cache_last_resort_seconds": 3600, "max_attempts": 3}
    model = router(wire, cache=cache, **rules)
    one = ask(model, mode)
    cache.seconds = 600.0
    for broken in WIRES:
        cloud.break_(broken, FaultKind.RESET)
    other = ask(model, mode)
    assert other.text == one.text
    told = other.response_metadata["router"]
    assert (told["cache"], told["attempt_number"]) == ("last_resort", 3)


def test_many_at_once_over_one_cache_get_their_own_answers(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", cache=InMemoryCache(), timeout=30.0)
    prompts = [f"About number {number % 5}" for number in range(40)]

    async def every() -> list[AIMessage]:
        return await asyncio.gather(*(model.ainvoke(prompt) for prompt in prompts))

    for _ in range(2):
        for prompt, answer in zip(prompts, RUNNER.run(every()), strict=True):
            assert prompt in answer.text
    assert model.cache_counts().hits >= 40

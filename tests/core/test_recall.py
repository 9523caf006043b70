"""Recall: what of a prompt makes two of its prefixes the same, and what is remembered of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_multirouter import recall
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.memory import Memory
from langchain_multirouter.options import Options
from langchain_multirouter.prompt import read_prompt
from langchain_multirouter.providers.provider import Parameters
from langchain_multirouter.recall import prefixes_of, recalled
from langchain_multirouter.request import Request

LONG = "A long story. " * 500
POINT = {"cachePoint": {"type": "default"}}
CONTROL = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
CALL = {"name": "look", "args": {"where": "up"}, "id": "1", "type": "tool_call"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def prefixes(*messages: BaseMessage, **parameters: Any) -> Any:
    return prefixes_of(messages, Parameters(**parameters), read_prompt(messages).input_tokens)


def digests(*messages: BaseMessage, **parameters: Any) -> list[bytes]:
    return [prefix.digest for prefix in prefixes(*messages, **parameters)]


def memory() -> Memory:
    return Memory([Deployment("azure_openai:gpt-4o", name="a", provider="azure_openai")])


def request(*messages: BaseMessage, **options: Any) -> Request:
    return Request(Options(**options), prompt=read_prompt(messages))


TURNS = (SystemMessage(LONG), HumanMessage("one"), AIMessage("two"), HumanMessage("three"))


def test_a_conversation_that_grows_keeps_its_prefixes() -> None:
    all_of_it = digests(*TURNS)
    assert len(set(all_of_it)) == 4
    for length in range(1, 5):
        assert digests(*TURNS[:length]) == all_of_it[:length]


OTHERS: dict[str, tuple[BaseMessage, BaseMessage]] = {
    "text": (HumanMessage("one"), HumanMessage("two")),
    "role": (HumanMessage("one"), SystemMessage("one")),
    "a tool call's arguments": (
        AIMessage("", tool_calls=[CALL]),
        AIMessage("", tool_calls=[{**CALL, "args": {"where": "down"}}]),
    ),
    "a tool call": (AIMessage("x"), AIMessage("x", tool_calls=[CALL])),
    "whose result it is": (ToolMessage("x", tool_call_id="1"), ToolMessage("x", tool_call_id="2")),
    "an image": (
        HumanMessage([{"type": "image", "url": "https://x/a.png"}]),
        HumanMessage([{"type": "image", "url": "https://x/b.png"}]),
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_sent_otherwise_is_another_prefix(what: str) -> None:
    one, other = (prefixes_of([message], Parameters(), 2000)[0] for message in OTHERS[what])
    assert one.digest != other.digest
    assert one.tokens == other.tokens


@pytest.mark.parametrize(
    "same",
    [
        HumanMessage([{"type": "text", "text": "one"}]),
        HumanMessage(["one"]),
        HumanMessage([{"type": "text", "text": "one", **CONTROL}]),
        HumanMessage([{"type": "text", "text": "one"}, POINT]),
        HumanMessage("one", id="some-id"),
    ],
)
def test_its_form_and_its_marks_are_none_of_it(same: BaseMessage) -> None:
    assert digests(SystemMessage(LONG), same) == digests(SystemMessage(LONG), HumanMessage("one"))


def test_tools_and_the_answers_form_come_first() -> None:
    tools = [TOOL]
    with_tools = prefixes(*TURNS, tools=tools)
    assert len(with_tools) == 5
    assert with_tools[0].tokens < with_tools[1].tokens
    other = [{**TOOL, "function": {"name": "listen", "parameters": {"type": "object"}}}]
    assert with_tools[0].digest != prefixes(*TURNS, tools=other)[0].digest
    assert with_tools[4].digest != prefixes(*TURNS)[3].digest
    form = prefixes(*TURNS, tool_settings={"response_format": {"type": "json_object"}})
    assert form[1].digest not in digests(*TURNS)


def test_tokens_grow_to_the_prompts_own_estimate() -> None:
    found = prefixes(*TURNS, HumanMessage([{"type": "image", "url": "https://x/a.png"}]))
    tokens = [prefix.tokens for prefix in found]
    assert tokens == sorted(tokens)
    last = HumanMessage([{"type": "image", "url": "https://x/a.png"}])
    assert tokens[-1] == read_prompt([*TURNS, last]).input_tokens
    assert tokens[0] == read_prompt(TURNS[:1]).input_tokens


def test_marks_are_where_they_stand_and_for_their_time() -> None:
    found = prefixes(
        SystemMessage([{"type": "text", "text": LONG, **CONTROL}]),
        HumanMessage([{"type": "text", "text": "one"}, POINT]),
        HumanMessage("two"),
        tools=[TOOL, POINT],
    )
    assert [(p.point_seconds, p.control_seconds) for p in found] == [
        (300.0, 0.0),
        (0.0, 3600.0),
        (300.0, 0.0),
        (0.0, 0.0),
    ]


@pytest.mark.parametrize("mark", [None, 7, "x", [], {"ttl": 5}, {"type": None}])
def test_a_mark_that_is_none_harms_nobody(mark: Any) -> None:
    message = HumanMessage([{"type": "text", "text": "one", "cache_control": mark}])
    assert digests(SystemMessage(LONG), message)[1:] == digests(*TURNS[:2])[1:]


def test_nothing_of_a_prompt_is_in_its_digests_and_they_are_salted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = digests(*TURNS)
    assert all(len(digest) == 16 for digest in before)
    monkeypatch.setattr(recall, "SALT", b"another process")
    assert not set(digests(*TURNS)) & set(before)


def test_a_short_prompt_is_neither_digested_nor_looked_up() -> None:
    short = HumanMessage("x" * 4000)
    asked = request(short)
    assert asked.prompt.input_tokens < 1024
    assert recalled(asked, [short], Parameters(), None, 0.0) is asked  # type: ignore[arg-type]


def test_a_prompt_is_left_alone_where_affinity_is_off() -> None:
    asked = request(*TURNS, prompt_cache_affinity=False)
    assert recalled(asked, TURNS, Parameters(), None, 0.0) is asked  # type: ignore[arg-type]


def test_a_conversation_is_expected_to_last_as_long_as_it_has() -> None:
    for turns, expected in ((0, 0), (1, 1), (5, 5), (50, recall.MOST_CALLS_AHEAD)):
        messages = [SystemMessage(LONG), *[HumanMessage("q"), AIMessage("a")] * turns]
        found = recalled(request(*messages), messages, Parameters(), memory(), 0.0)
        assert found.conversation is not None
        assert found.conversation.calls_ahead == expected


def test_a_session_alone_is_recalled_for_short_prompts_too() -> None:
    short = HumanMessage("hi")
    found = recalled(request(short, session="s"), [short], Parameters(), memory(), 0.0)
    assert found.conversation is not None
    assert found.conversation.session is not None
    assert found.conversation.prefixes == ()


def test_a_hundred_thousand_tokens_are_digested_in_milliseconds() -> None:
    messages = [HumanMessage("word " * 800) for _ in range(100)]
    started = time.process_time()
    for _ in range(10):
        prefixes_of(messages, Parameters(), 100_000)
    assert (time.process_time() - started) / 10 < 0.05

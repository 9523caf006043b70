"""Tool calls and results that do not match are the caller's mistake, told once and by index."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.errors import InvalidRequestError
from langchain_multirouter.porting.dialect import ANY, AZURE_CHAT, BEDROCK_CLAUDE, VERTEX_GEMINI
from langchain_multirouter.porting.messages import ported_messages
from langchain_multirouter.testing import ScriptedModel

from .writers import SERVICES

HUMAN = HumanMessage("weather?")


def calling(*ids: str | None, text: str = "") -> AIMessage:
    return AIMessage(
        text, tool_calls=[{"name": "get_weather", "args": {}, "id": id_} for id_ in ids]
    )


def result(id_: str, text: str = "sunny") -> ToolMessage:
    return ToolMessage(text, tool_call_id=id_)


MISTAKES: dict[str, tuple[list[BaseMessage], str]] = {
    "a result without its call": (
        [HUMAN, result("a")],
        r"messages\[1\] is a tool's result that answers no tool call",
    ),
    "a result before its call": (
        [HUMAN, result("a"), calling("a"), HUMAN],
        r"messages\[1\] is a tool's result",
    ),
    "a call without its result": (
        [SystemMessage("x"), HUMAN, calling("a", "b"), result("a"), HUMAN],
        r"messages\[2\] has a tool call that no tool's result answers",
    ),
    "a call that comes last": ([HUMAN, calling("a")], r"messages\[1\] has a tool call"),
    "two results that differ": (
        [HUMAN, calling("a"), result("a"), result("a", "rainy")],
        r"messages\[3\] is another result of the call that messages\[2\] answers",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_by_index_and_nothing_is_sent(mistake: str) -> None:
    messages, told = MISTAKES[mistake]
    model = ScriptedModel()
    router = RoutedChatModel([model])
    with pytest.raises(InvalidRequestError, match=told) as caught:
        router.invoke(messages)
    assert "nothing was sent" in str(caught.value)
    assert "weather?" not in str(caught.value)
    assert model.calls == 0
    with pytest.raises(InvalidRequestError, match=told):
        list(router.stream(messages))


@pytest.mark.parametrize("dialect", [s.dialect for s in SERVICES] + [ANY], ids=lambda d: d.name)
def test_a_result_is_put_next_to_its_call(dialect: Any) -> None:
    history = [HUMAN, calling("a", "b"), result("b"), HumanMessage("quick!"), result("a")]
    told, lost = ported_messages(history, dialect, "m")
    assert told == [history[0], history[1], history[2], history[4], history[3]]
    assert lost == ("the place of a tool result",)


def test_the_same_result_again_is_left_out() -> None:
    history = [HUMAN, calling("a"), result("a"), result("a")]
    told, lost = ported_messages(history, AZURE_CHAT, "gpt-4o")
    assert told == history[:3]
    assert lost == ("a repeated tool result",)


def test_an_id_used_in_two_turns_becomes_two_ids_and_stays_the_same_as_the_talk_goes_on() -> None:
    first = [HUMAN, calling("x"), result("x", "one")]
    second = [*first, calling("x", "x"), result("x", "two"), result("x", "three")]
    told, lost = ported_messages(second, VERTEX_GEMINI, "gemini-2.5-flash")
    ids = [call["id"] for m in told if isinstance(m, AIMessage) for call in m.tool_calls]
    assert len(set(ids)) == 3
    assert ids[0] == "x"
    results = {m.tool_call_id: m.content for m in told if isinstance(m, ToolMessage)}
    assert [results[str(id_)] for id_ in ids] == ["one", "two", "three"]
    longer, _ = ported_messages([*second, HUMAN], VERTEX_GEMINI, "gemini-2.5-flash")
    assert longer[: len(told)] == told
    assert lost == ()


@pytest.mark.parametrize(
    ("dialect", "legal", "illegal"),
    [
        (BEDROCK_CLAUDE, "tooluse_a-B_9", "call:1"),
        (BEDROCK_CLAUDE, "a" * 64, "a" * 65),
        (AZURE_CHAT, "call:" + "a" * 35, "a" * 41),
        (BEDROCK_CLAUDE, "a", ""),
    ],
)
def test_legal_ids_stay_and_others_are_spelled_anew_in_call_and_result(
    dialect: Any, legal: str, illegal: str
) -> None:
    history = [HUMAN, calling(legal, illegal), result(illegal, "1"), result(legal, "2")]
    told, _ = ported_messages(history, dialect, "m")
    assert isinstance(told[1], AIMessage)
    one, other = (str(call["id"]) for call in told[1].tool_calls)
    assert one == legal
    assert other != illegal
    assert [m.tool_call_id for m in told if isinstance(m, ToolMessage)] == [other, legal]
    assert ported_messages(told, dialect, "m") == (told, ())


def test_a_call_without_an_id_is_answered_by_the_result_without_one() -> None:
    history = [HUMAN, calling(None), result("")]
    told, _ = ported_messages(history, AZURE_CHAT, "gpt-4o")
    assert isinstance(told[1], AIMessage)
    assert isinstance(told[2], ToolMessage)
    assert told[1].tool_calls[0]["id"] == told[2].tool_call_id != ""


def test_calls_that_only_the_content_tells_of_are_calls() -> None:
    block = {"type": "tool_use", "id": "t", "name": "get_weather", "input": '{"city": "Oslo"}'}
    history = [HUMAN, AIMessage([block]), result("t")]
    told, lost = ported_messages(history, AZURE_CHAT, "gpt-4o")
    assert isinstance(told[1], AIMessage)
    assert told[1].content == ""
    assert told[1].tool_calls[0]["args"] == {"city": "Oslo"}
    assert lost == ()


MALFORMED = AIMessage(
    "look",
    invalid_tool_calls=[{"name": "add", "args": "{oops", "id": "i", "error": "no JSON"}],
)


def test_a_malformed_call_that_nothing_answers_is_left_out() -> None:
    told, lost = ported_messages([HUMAN, MALFORMED, HUMAN], BEDROCK_CLAUDE, "m")
    assert told == [HUMAN, AIMessage("look"), HUMAN]
    assert lost == ("a malformed tool call",)


def test_a_malformed_call_that_was_answered_stays_with_its_result() -> None:
    told, lost = ported_messages([HUMAN, MALFORMED, result("i", "bad JSON")], BEDROCK_CLAUDE, "m")
    assert isinstance(told[1], AIMessage)
    assert told[1].tool_calls == [{"name": "add", "args": {}, "id": "i", "type": "tool_call"}]
    assert not told[1].invalid_tool_calls
    assert lost == ("a malformed tool call",)

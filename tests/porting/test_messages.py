"""Messages of the callers': system messages, roles, names, blanks, who speaks first and last."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_multirouter.porting import Unportable
from langchain_multirouter.porting.dialect import (
    ANY,
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    BEDROCK_INVOKE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    VERTEX_CLAUDE,
    VERTEX_GEMINI,
)
from langchain_multirouter.porting.messages import ported_messages
from langchain_multirouter.providers import Parameters, provider_named

from .services import request_of
from .writers import SERVICES

ALL = (
    BEDROCK_CLAUDE,
    BEDROCK_INVOKE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    AZURE_CHAT,
    AZURE_RESPONSES,
    VERTEX_GEMINI,
    VERTEX_CLAUDE,
    ANY,
)
every_dialect = pytest.mark.parametrize("dialect", ALL, ids=lambda d: d.name)


@every_dialect
def test_a_plain_conversation_goes_as_it_is_in_a_list_of_its_own(dialect: Any) -> None:
    calls: Any = [{"name": "f", "args": {}, "id": "a"}]
    messages = [
        SystemMessage("be brief"),
        HumanMessage("hi"),
        AIMessage("hello", response_metadata={"model_provider": "openai"}),
        HumanMessage("weather?"),
        AIMessage("", tool_calls=calls),
        ToolMessage("sunny", tool_call_id="a"),
    ]
    for history in (messages[:2], messages[:4], messages):
        told, lost = ported_messages(history, dialect, "m")
        assert [id(m) for m in told] == [id(m) for m in history]
        assert told is not history
        assert lost == ()


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_what_a_class_puts_into_its_list_is_seen_by_no_other(service: Any) -> None:
    answer = AIMessage([{"type": "text", "text": "a"}], response_metadata={"model_provider": "x"})
    messages = [HumanMessage("hi"), answer, HumanMessage("ho")]
    before = list(messages)
    request_of(service, ported_messages(messages, service.dialect, service.model)[0])
    assert all(one is other for one, other in zip(messages, before, strict=True))


@pytest.mark.parametrize("dialect", [BEDROCK_CLAUDE, VERTEX_GEMINI, VERTEX_CLAUDE])
def test_system_messages_are_put_to_the_front_where_no_other_place_is_read(dialect: Any) -> None:
    messages = [HumanMessage("hi"), SystemMessage("be kind"), SystemMessage(""), HumanMessage("ho")]
    told, lost = ported_messages(messages, dialect, "m")
    assert told == [messages[1], messages[0], messages[3]]
    assert lost == ("the place of a system message",)


def test_system_messages_stay_where_openai_reads_them() -> None:
    messages = [HumanMessage("hi"), SystemMessage("be kind"), HumanMessage("ho")]
    assert ported_messages(messages, AZURE_CHAT, "m") == (messages, ())


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("user", HumanMessage),
        ("Assistant", AIMessage),
        ("model", AIMessage),
        ("system", SystemMessage),
    ],
)
def test_a_role_by_name_is_the_message_that_it_is(role: str, kind: type[BaseMessage]) -> None:
    messages = [HumanMessage("hi"), ChatMessage("x", role=role), HumanMessage("ho")]
    told, _ = ported_messages(messages, VERTEX_GEMINI, "m")
    assert sum(type(m) is kind and m.content == "x" for m in told) == 1


def test_a_developers_message_stays_one_for_openai() -> None:
    told, _ = ported_messages(
        [ChatMessage("x", role="developer"), HumanMessage("hi")], AZURE_CHAT, "gpt-4o"
    )
    assert request_of(SERVICES[2], told)[0] == {"role": "developer", "content": "x"}


def test_a_role_that_nobody_knows_cannot_be_said() -> None:
    with pytest.raises(Unportable, match=r"messages\[0\]: the role 'critic'"):
        ported_messages([ChatMessage("x", role="critic"), HumanMessage("hi")], BEDROCK_CLAUDE, "m")


def test_a_name_is_spelled_as_openai_allows() -> None:
    messages = [HumanMessage("hi", name="Ann Lee <a@b>"), HumanMessage("ho", name="Bo")]
    told, lost = ported_messages(messages, AZURE_CHAT, "m")
    assert [m.name for m in told] == ["Ann_Lee_a@b_", "Bo"]
    assert lost == ("a name's spelling",)
    assert ported_messages(told, AZURE_CHAT, "m") == (told, ())


@pytest.mark.parametrize("blank", ["", " \n", [], [{"type": "text", "text": " "}], [""]])
def test_a_turn_that_says_nothing_says_so_where_text_is_needed(blank: Any) -> None:
    told, _ = ported_messages([HumanMessage(blank)], VERTEX_GEMINI, "m")
    assert told[0].text == "."
    assert ported_messages(told, VERTEX_GEMINI, "m")[0] == told


@pytest.mark.parametrize("dialect", [BEDROCK_CLAUDE, VERTEX_GEMINI])
@pytest.mark.parametrize(
    "history",
    [
        [SystemMessage("be brief")],
        [SystemMessage("be brief"), AIMessage("hello"), HumanMessage("hi")],
    ],
)
def test_the_user_speaks_first_where_somebody_has_to(
    dialect: Any, history: list[BaseMessage]
) -> None:
    told, lost = ported_messages(history, dialect, "m")
    assert isinstance(told[1], HumanMessage)
    assert [m for m in told if m in history] == history
    assert lost == ("that an answer comes first",)


PREFILLED = [HumanMessage("hi"), AIMessage("{")]


@pytest.mark.parametrize(
    ("dialect", "model"),
    [
        (BEDROCK_CLAUDE, "us.anthropic.claude-opus-4-6-v1"),
        (BEDROCK_CLAUDE, "anthropic.claude-sonnet-5-20270101-v1:0"),
        (VERTEX_CLAUDE, "claude-opus-4-7"),
        (VERTEX_GEMINI, "gemini-2.5-flash"),
    ],
)
def test_an_answers_beginning_is_not_for_models_that_refuse_it(dialect: Any, model: str) -> None:
    with pytest.raises(Unportable, match="answer's beginning"):
        ported_messages(PREFILLED, dialect, model)
    assert ported_messages([*PREFILLED, HumanMessage("go on")], dialect, model)[1] == ()


@pytest.mark.parametrize(
    ("dialect", "model"),
    [
        (BEDROCK_CLAUDE, "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (BEDROCK_CLAUDE, "anthropic.claude-sonnet-4-20250514-v1:0"),
        (BEDROCK_CLAUDE, "anthropic.claude-3-haiku-20240307-v1:0"),
        (BEDROCK_NOVA, "amazon.nova-pro-v1:0"),
        (AZURE_CHAT, "gpt-4o"),
    ],
)
def test_an_answers_beginning_goes_to_models_that_take_it(dialect: Any, model: str) -> None:
    assert ported_messages(PREFILLED, dialect, model) == (PREFILLED, ())


def test_chat_bedrock_reads_anthropics_own_blocks_and_converse_its_own() -> None:
    class Invoking:
        beta_use_converse_api = False
        model_id = "anthropic.claude-3-haiku-20240307-v1:0"

    rows = provider_named("aws_bedrock")
    model: Any = Invoking()
    model.__dict__["beta_use_converse_api"] = False
    assert rows.dialect(model, Parameters()) is BEDROCK_INVOKE
    model.__dict__["beta_use_converse_api"] = True
    assert rows.dialect(model, Parameters()) is BEDROCK_CLAUDE
    cached: Any = [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]
    assert ported_messages([HumanMessage(cached)], BEDROCK_INVOKE, "m")[1] == ()

"""Answers: whole for the model that wrote them, plain for all others."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_multirouter.porting.dialect import (
    ANY,
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    VERTEX_CLAUDE,
    VERTEX_GEMINI,
)
from langchain_multirouter.porting.messages import ported_messages
from langchain_multirouter.porting.writers import same_model

from .writers import SERVICES, Said, written

BY_NAME = {service.name: service for service in SERVICES}
THOUGHT = Said(text="hello", reasoning="hmm", number=1)
REASONING = "reasoning of another model"


def ported(message: AIMessage, dialect: Any, model: str, deployment: str = "") -> Any:
    messages = [HumanMessage("hi"), message, HumanMessage("ho")]
    told, lost = ported_messages(messages, dialect, model, deployment)
    return told[1], lost


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-11-20", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-11-20", False),
        ("eu.anthropic.claude-sonnet-4-5-v1:0", "anthropic.claude-sonnet-4-5-v1:0", True),
        ("anthropic.claude-sonnet-4-v1:0", "anthropic.claude-opus-4-v1:0", False),
        ("publishers/google/models/gemini-3-pro", "gemini-3-pro", True),
        ("claude-sonnet-4@20250514", "claude-sonnet-4", True),
        ("", "", False),
    ],
)
def test_names_of_one_model_are_known_as_such(one: str, other: str, same: bool) -> None:
    assert same_model(one, other) is same_model(other, one) is same


@pytest.mark.parametrize("name", ["bedrock_claude", "azure_responses", "vertex_gemini"])
def test_reasoning_stays_with_its_own_model_and_goes_nowhere_else(name: str) -> None:
    service = BY_NAME[name]
    answer = written(service, THOUGHT, "usual")
    assert ported(answer, service.dialect, service.model) == (answer, ())
    for model in ("another-model", ""):
        told, lost = ported(answer, service.dialect, model)
        assert told.content == "hello"
        assert lost == (REASONING,)


def test_reasoning_of_nobody_is_nobodys() -> None:
    answer = written(BY_NAME["bedrock_claude"], THOUGHT, "usual")
    answer.response_metadata = {}
    told, lost = ported(answer, BEDROCK_CLAUDE, BY_NAME["bedrock_claude"].model)
    assert told.content == "hello"
    assert lost == (REASONING,)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "thinking", "thinking": "hmm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "c2ln"},
        {"type": "reasoning_content", "reasoning_content": {"redacted_content": b"x"}},
        {"type": "reasoning", "reasoning": "hmm", "extras": {"signature": "c2ln"}},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "function_call_signature", "signature": "c2ln", "index": 0},
        {"reasoningContent": {"reasoningText": {"text": "hmm", "signature": "c2ln"}}},
        {"type": "non_standard", "value": {"type": "redacted_thinking", "data": "c2ln"}},
    ],
)
def test_reasoning_of_any_form_is_known_as_such(block: dict[str, Any]) -> None:
    answer = AIMessage([block, {"type": "text", "text": "hello"}])
    told, lost = ported(answer, AZURE_CHAT, "gpt-4o")
    assert told == AIMessage("hello")
    assert lost == (REASONING,)


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_beside_the_content_is_lost_too(key: str) -> None:
    told, lost = ported(AIMessage("hello", additional_kwargs={key: "hmm"}), VERTEX_GEMINI, "m")
    assert told == AIMessage("hello")
    assert lost == (REASONING,)


def test_a_signature_on_a_text_is_reasoning() -> None:
    block = {"type": "text", "text": "hello", "extras": {"signature": "c2ln"}}
    assert ported(AIMessage([block]), VERTEX_GEMINI, "m") == (AIMessage("hello"), (REASONING,))


def test_an_answer_over_the_other_interface_of_openai_is_made_plain() -> None:
    answer = written(BY_NAME["azure_responses"], THOUGHT, "usual")
    assert ported(answer, AZURE_CHAT, "gpt-5") == (AIMessage("hello"), (REASONING,))


def test_items_that_one_deployment_keeps_are_not_sent_to_another() -> None:
    answer = written(BY_NAME["azure_responses"], THOUGHT, "routed")
    assert ported(answer, AZURE_RESPONSES, "gpt-5", "azure_responses") == (answer, ())
    told, lost = ported(answer, AZURE_RESPONSES, "gpt-5", "azure in another region")
    assert told == AIMessage("hello")
    assert lost == (REASONING,)


@pytest.mark.parametrize(
    "type_",
    [
        "web_search_call",
        "file_search_call",
        "computer_call",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "server_tool_use",
        "server_tool_call",
        "server_tool_result",
        "web_search_tool_result",
        "executable_code",
        "code_execution_result",
        "compaction",
    ],
)
def test_what_a_providers_own_tools_did_is_left_out(type_: str) -> None:
    answer = AIMessage([{"type": type_, "id": "x"}, {"type": "text", "text": "found"}])
    told, lost = ported(answer, BEDROCK_CLAUDE, "m")
    assert told == AIMessage("found")
    assert lost == ("tools that another provider ran",)


@pytest.mark.parametrize(
    "answer",
    [
        AIMessage([{"type": "refusal", "refusal": "I will not"}]),
        AIMessage("", additional_kwargs={"refusal": "I will not"}),
        AIMessage([{"type": "output_text", "text": "I will not"}]),
        AIMessage(["I will not"]),
        AIMessage([{"text": "I will not"}]),
    ],
)
def test_text_of_any_form_is_text(answer: AIMessage) -> None:
    assert ported(answer, BEDROCK_CLAUDE, "m") == (AIMessage("I will not"), ())


def test_citations_attachments_and_marks_of_an_answer_are_told_as_lost() -> None:
    answer = AIMessage(
        [
            {"type": "text", "text": "see", "annotations": [{"type": "url_citation"}]},
            {"type": "text", "text": "it", "cache_control": {"type": "ephemeral"}},
            {"type": "image", "base64": "AAAA", "mime_type": "image/png"},
            {"type": "hologram"},
        ]
    )
    told, lost = ported(answer, AZURE_CHAT, "gpt-4o")
    assert told.content == [{"type": "text", "text": "see"}, {"type": "text", "text": "it"}]
    assert lost == (
        "citations",
        "marks of what to cache",
        "attachments of an answer",
        "a block of an answer",
    )


def test_an_empty_answer_is_left_out_where_the_service_refuses_it() -> None:
    messages = [HumanMessage("hi"), AIMessage(""), HumanMessage("ho")]
    for dialect in (BEDROCK_CLAUDE, VERTEX_GEMINI):
        told, lost = ported_messages(messages, dialect, "m")
        assert told == [messages[0], messages[2]]
        assert lost == ("an empty answer",)
    assert ported_messages(messages, AZURE_CHAT, "m") == (messages, ())


def test_two_answers_in_a_row_are_one_where_turns_alternate() -> None:
    calls: Any = [{"name": "f", "args": {}, "id": "a", "type": "tool_call"}]
    messages = [
        HumanMessage("hi"),
        AIMessage("one"),
        AIMessage("two", tool_calls=calls),
        ToolMessage("r", tool_call_id="a"),
    ]
    told, lost = ported_messages(messages, VERTEX_GEMINI, "m")
    assert [type(m) for m in told] == [HumanMessage, AIMessage, ToolMessage]
    assert isinstance(told[1], AIMessage)
    assert [block["text"] for block in told[1].content if isinstance(block, dict)] == ["one", "two"]
    assert told[1].tool_calls == calls
    assert lost == ("the border between two answers",)
    assert ported_messages(messages, AZURE_CHAT, "m") == (messages, ())


def test_own_answers_that_need_other_ids_have_them_wherever_they_say_them() -> None:
    service = BY_NAME["vertex_gemini"]
    said = Said(calls=(("add", {"a": 1}),), reasoning="hmm", number=3)
    once = written(service, said, "usual")
    told, lost = ported_messages(
        [
            HumanMessage("hi"),
            once,
            ToolMessage("1", tool_call_id=str(once.tool_calls[0]["id"])),
            once,
            ToolMessage("2", tool_call_id=str(once.tool_calls[0]["id"])),
        ],
        service.dialect,
        service.model,
    )
    again = told[3]
    assert isinstance(again, AIMessage)
    assert isinstance(told[4], ToolMessage)
    id_ = again.tool_calls[0]["id"]
    assert id_ == told[4].tool_call_id != once.tool_calls[0]["id"]
    signatures = again.additional_kwargs["__gemini_function_call_thought_signatures__"]
    assert signatures.keys() == {id_}
    assert lost == ()


def test_own_blocks_of_calls_are_renamed_too() -> None:
    service = BY_NAME["azure_responses"]
    once = written(service, Said(calls=(("add", {}), ("add", {})), number=4), "usual")
    ids = [str(call["id"]) for call in once.tool_calls]
    results = [ToolMessage("r", tool_call_id=id_) for id_ in ids]
    told, _ = ported_messages(
        [HumanMessage("hi"), once, *results, once, *results], service.dialect, service.model
    )
    again = told[4]
    assert isinstance(again, AIMessage)
    blocks = [block["call_id"] for block in again.content if isinstance(block, dict)]
    assert blocks == [call["id"] for call in again.tool_calls]
    assert set(blocks).isdisjoint(ids)


def test_a_class_we_do_not_know_gets_its_own_answers_whole_and_the_clouds_plain() -> None:
    own = AIMessage([{"type": "thinking", "thinking": "hmm"}, {"type": "text", "text": "a"}])
    own.response_metadata = {"model_provider": "ollama"}
    assert ported(own, ANY, "m") == (own, ())
    foreign = written(BY_NAME["bedrock_claude"], THOUGHT, "usual")
    assert ported(foreign, ANY, "m") == (AIMessage("hello"), (REASONING,))


def test_claude_on_another_cloud_is_another_writer() -> None:
    answer = written(BY_NAME["bedrock_claude"], THOUGHT, "usual")
    told, _ = ported(answer, VERTEX_CLAUDE, BY_NAME["bedrock_claude"].model)
    assert told == AIMessage("hello")

"""Azure's responses refuse what the real service refuses, in its own words."""

from typing import Any

import pytest
from posted import changed, without

from langchain_multirouter.emulator.rules import broken_rule
from langchain_multirouter.emulator.signatures import sign
from langchain_multirouter.emulator.wire import Addressed, Refusal

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": True}
HI = {"model": "gpt-5", "input": "Hi"}
SAID = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": sign("azure_openai", "gpt-5", "Hm."),
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city": "Oslo"}',
}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "Rain"}
ANSWER = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "It rains."}],
}
USED: dict[str, Any] = {
    "model": "gpt-5",
    "store": False,
    "input": [SAID, THOUGHT, CALL, OUTPUT, ANSWER, SAID],
    "tools": [TOOL],
}
FORMED = {**HI, "text": {"format": {"type": "json_schema", "name": "City", "schema": SCHEMA}}}


def refusal(body: Any) -> Refusal | None:
    return broken_rule("azure_openai", Addressed("", "generate", "responses"), body)


def item(index: int, *path: Any, to: Any) -> Any:
    return changed(USED, "input", index, *path, to=to)


REFUSED: dict[str, tuple[Any, str, str | None, str | None]] = {
    "a parameter of chat completions": (
        {**HI, "max_tokens": 5},
        "this parameter has moved to 'max_output_tokens'",
        *("max_tokens", "unsupported_parameter"),
    ),
    "a format of chat completions": (
        {**HI, "response_format": {}},
        *("has moved to 'text.format'", "response_format", "unsupported_parameter"),
    ),
    "an unknown parameter": ({**HI, "stop": []}, "'stop'", "stop", "unknown_parameter"),
    "no input": ({"model": "gpt-5"}, "'input'", "input", "missing_required_parameter"),
    "a high temperature": (
        {**HI, "temperature": 3},
        *("Expected a value <= 2", "temperature", "decimal_above_max_value"),
    ),
    "few tokens": (
        {**HI, "max_output_tokens": 5},
        *("Expected a value >= 16", "max_output_tokens", "integer_below_min_value"),
    ),
    "an unknown role": (
        item(0, "role", to="tool"),
        *("Invalid value: 'tool'", "input[0].role", "invalid_value"),
    ),
    "a message without content": (
        item(0, to={"role": "user"}),
        *("'input[0].content'", "input[0].content", "missing_required_parameter"),
    ),
    "a user's text as chat completions have it": (
        item(0, "content", 0, "type", to="text"),
        "Invalid value: 'text'. Supported values are: 'input_text', 'input_image', and",
        *("input[0].content[0]", "invalid_value"),
    ),
    "an assistant's text as a user has it": (
        item(4, "content", 0, "type", to="input_text"),
        "Supported values are: 'output_text', and 'refusal'.",
        *("input[4].content[0]", "invalid_value"),
    ),
    "a call without an id": (
        item(2, "call_id", to=None),
        *("expected a string", "input[2].call_id", "invalid_type"),
    ),
    "a call's name of other characters": (
        item(2, "name", to="a b"),
        *("does not match pattern", "input[2].name", "invalid_value"),
    ),
    "arguments that are no text": (
        item(2, "arguments", to={}),
        *("expected a string, but got an object", "input[2].arguments", "invalid_type"),
    ),
    "a call's id of 65 characters": (
        item(2, "call_id", to="a" * 65),
        *("maximum length 64", "input[2].call_id", "string_above_max_length"),
    ),
    "an output without output": (
        item(3, to=without(OUTPUT, "output")),
        *("'input[3].output'", "input[3].output", "missing_required_parameter"),
    ),
    "reasoning without a summary": (
        item(1, to=without(THOUGHT, "summary")),
        *("'input[1].summary'", "input[1].summary", "missing_required_parameter"),
    ),
    "an id of other characters": (
        item(2, "id", to="fc:1"),
        *("contains letters, numbers, underscores, or dashes", "input[2].id", "invalid_value"),
    ),
    "an id of 65 characters": (
        item(2, "id", to="fc_" + "a" * 62),
        *("maximum length 64", "input[2].id", "string_above_max_length"),
    ),
    "a call's id as the item's": (
        item(2, "id", to="call_1"),
        "Invalid 'input[2].id': 'call_1'. Expected an ID that begins with 'fc'.",
        *("input[2].id", "invalid_value"),
    ),
    "a message's id of another item": (
        item(4, "id", to="rs_2"),
        *("Expected an ID that begins with 'msg'.", "input[4].id", "invalid_value"),
    ),
    "reasoning's id of another item": (
        item(1, "id", to="msg_2"),
        *("Expected an ID that begins with 'rs'.", "input[1].id", "invalid_value"),
    ),
    "an item twice": (
        changed(USED, "input", None, to=ANSWER),
        *("Duplicate item found with id msg_1.", "input", None),
    ),
    "an output without its call": (
        {**USED, "input": [SAID, OUTPUT]},
        *("No tool call found for function call output with call_id call_1.", "input", None),
    ),
    "a call without its output": (
        {**USED, "input": [SAID, CALL, SAID]},
        *("No tool output found for function call call_1.", "input", None),
    ),
    "reasoning that nothing follows": (
        {**USED, "input": [SAID, THOUGHT]},
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        *("input", None),
    ),
    "reasoning that the user follows": (
        {**USED, "input": [SAID, THOUGHT, SAID]},
        *("'rs_1' of type 'reasoning' was provided without", "input", None),
    ),
    "reasoning of another cloud": (
        item(1, "encrypted_content", to=sign("gcp_vertex", "gemini-3-pro-preview", "Hm.")),
        *("could not be verified.", None, "invalid_encrypted_content"),
    ),
    "a tool without a type": (
        {**HI, "tools": [{"name": "a"}]},
        *("'tools[0].type'", "tools[0].type", "missing_required_parameter"),
    ),
    "a tool as chat completions have it": (
        {**HI, "tools": [{"type": "function", "function": TOOL}]},
        *("'tools[0].name'", "tools[0].name", "missing_required_parameter"),
    ),
    "a tool outside of the strict subset": (
        {**HI, "tools": [changed(TOOL, "parameters", "required", to=[])]},
        *("'required' is required", "tools[0].parameters", "invalid_function_parameters"),
    ),
    "an unknown choice": (
        {**USED, "tool_choice": "any"},
        *("Invalid value: 'any'", "tool_choice", "invalid_value"),
    ),
    "a choice as chat completions have it": (
        {**USED, "tool_choice": {"type": "function", "function": {"name": "weather"}}},
        *("'tool_choice.name'", "tool_choice.name", "missing_required_parameter"),
    ),
    "a choice that is not there": (
        {**USED, "tool_choice": {"type": "function", "name": "other"}},
        *("Tool choice 'other' not found", "tool_choice", None),
    ),
    "an unknown format": (
        {**HI, "text": {"format": {"type": "xml"}}},
        *("Invalid value: 'xml'", "text.format.type", "invalid_value"),
    ),
    "a format as chat completions have it": (
        {**HI, "text": {"format": {"type": "json_schema", "json_schema": {}}}},
        *("'text.format.name'", "text.format.name", "missing_required_parameter"),
    ),
    "a format outside of the strict subset": (
        changed(
            changed(FORMED, "text", "format", "strict", to=True),
            *("text", "format", "schema", "required"),
            to=[],
        ),
        "Invalid schema for response_format 'City': In context=(), 'required' is required",
        *("text.format.schema", "invalid_json_schema"),
    ),
    "json that nobody asks for": (
        {**HI, "text": {"format": {"type": "json_object"}}},
        *("must contain the word 'json' in some form", "input", None),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_a_response_does_not_take(name: str) -> None:
    body, said, param, code = REFUSED[name]

    refused = refusal(body)

    assert refused is not None
    assert (refused.status, refused.kind) == (400, "invalid_request_error")
    assert (refused.param, refused.code) == (param, code)
    assert said in (refused.message or "")


@pytest.mark.parametrize(
    "body",
    [
        HI,
        USED,
        FORMED,
        {**HI, "tools": []},
        {**HI, "tools": [{"type": "web_search"}], "tool_choice": "auto"},
        {**USED, "tool_choice": {"type": "function", "name": "weather"}},
        {**HI, "input": [{"role": "assistant", "content": "Yes?"}, SAID]},
        {**HI, "input": [OUTPUT], "previous_response_id": "resp_1"},
        {"model": "gpt-5", "prompt": {"id": "pmpt_1"}},
        {**HI, "input": "Hi as JSON", "text": {"format": {"type": "json_object"}}},
        {**USED, "store": True, "input": [SAID, without(THOUGHT, "encrypted_content"), ANSWER]},
        {**USED, "input": [SAID, without(THOUGHT, "id"), without(ANSWER, "id")]},
    ],
)
def test_what_keeps_the_rules_is_taken(body: Any) -> None:
    assert refusal(body) is None


def test_reasoning_that_was_not_stored_is_not_found() -> None:
    refused = refusal({**USED, "input": [SAID, without(THOUGHT, "encrypted_content"), ANSWER]})

    assert refused is not None
    assert refused.status == 404
    assert refused.message is not None
    assert refused.message.startswith("Item with id 'rs_1' not found. Items are not persisted")

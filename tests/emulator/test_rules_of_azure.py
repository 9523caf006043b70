"""Azure's chat completions refuse what the real service refuses, in its own words."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from posted import changed, complete, without
from real_clients import MODELS, ONE_ATTEMPT

from langchain_multirouter.emulator import Emulator

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Oslo"}'},
}
HI = {"messages": [{"role": "user", "content": "Hi"}]}
USED: dict[str, Any] = {
    "messages": [
        *HI["messages"],
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "Rain", "tool_call_id": "call_1"},
    ],
    "tools": [TOOL],
}
OFFERED = {**HI, "tools": [TOOL]}
NAMED = {"type": "function", "function": {"name": "other"}}
FORMED = {
    **HI,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "City", "schema": SCHEMA, "strict": True},
    },
}


def called(*path: Any, to: Any) -> Any:
    return changed(USED, "messages", 1, "tool_calls", 0, *path, to=to)


def function(name: str, value: Any) -> Any:
    return changed(OFFERED, "tools", 0, "function", name, to=value)


def form(*path: Any, to: Any) -> Any:
    return changed(FORMED, "response_format", *path, to=to)


def parts(*content: Any, role: str = "user") -> Any:
    return {"messages": [{"role": role, "content": list(content)}]}


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
REFUSED: dict[str, tuple[Any, str, str | None, str | None]] = {
    "an unknown parameter": (
        {**HI, "thinking": {}},
        *("Unrecognized request argument supplied: thinking", None, None),
    ),
    "unknown parameters": (
        {**HI, "top_k": 5, "stop_sequences": []},
        *("Unrecognized request arguments supplied: stop_sequences, top_k", None, None),
    ),
    "no messages": ({}, "Missing required parameter", "messages", "missing_required_parameter"),
    "empty messages": ({"messages": []}, "empty array", "messages", "empty_array"),
    "a high temperature": (
        {**HI, "temperature": 2.5},
        *("Expected a value <= 2", "temperature", "decimal_above_max_value"),
    ),
    "a low penalty": (
        {**HI, "presence_penalty": -3},
        *("Expected a value >= -2", "presence_penalty", "decimal_below_min_value"),
    ),
    "five stop sequences": (
        {**HI, "stop": list("abcde")},
        *("maximum length 4", "stop", "array_above_max_length"),
    ),
    "stream options of no stream": (
        {**HI, "stream_options": {"include_usage": True}},
        *("only allowed when 'stream' is enabled", "stream_options", None),
    ),
    "two limits of tokens": (
        {**HI, "max_tokens": 5, "max_completion_tokens": 5},
        *("at the same time is not supported", "max_tokens", "invalid_parameter_combination"),
    ),
    "an unknown role": (
        {"messages": [{"role": "human", "content": "Hi"}]},
        *("Invalid value: 'human'. Supported values are: 'system', 'assistant', 'user'",),
        *("messages[0].role", "invalid_value"),
    ),
    "an unknown member": (
        changed(HI, "messages", 0, "reasoning_content", to="Hm."),
        *("Unknown parameter: 'messages[0].reasoning_content'", "messages[0].reasoning_content"),
        "unknown_parameter",
    ),
    "a result without an id": (
        without(USED, "messages", 2, "tool_call_id"),
        *("Missing required parameter", "messages[2].tool_call_id", "missing_required_parameter"),
    ),
    "no content": (
        {"messages": [{"role": "user", "content": None}]},
        *("Invalid value for 'content': expected a string, got null", "messages.[0].content", None),
    ),
    "an assistant that says and calls nothing": (
        {"messages": [*HI["messages"], {"role": "assistant", "content": None}]},
        *("Invalid value for 'content': expected a string, got null", "messages.[1].content", None),
    ),
    "empty content": (parts(), "empty array", "messages[0].content", "empty_array"),
    "a thinking part": (
        parts({"type": "thinking", "thinking": "Hm."}),
        *("Invalid value: 'thinking'", "messages[0].content[0].type", "invalid_value"),
    ),
    "a part of a tool": (
        parts({"type": "tool_use", "id": "a"}, role="assistant"),
        *("Invalid value: 'tool_use'", "messages[0].content[0].type", "invalid_value"),
    ),
    "an image of a tool": (
        changed(USED, "messages", 2, "content", to=[IMAGE]),
        *("this message with role 'tool' contains an image URL", "messages[2]", "invalid_value"),
    ),
    "a text that is none": (
        parts({"type": "text"}),
        *("expected a string, but got null", "messages[0].content[0].text", "invalid_type"),
    ),
    "empty calls": (
        {"messages": [{"role": "assistant", "content": "Hi", "tool_calls": []}]},
        *("empty array", "messages[0].tool_calls", "empty_array"),
    ),
    "a call of another type": (
        called("type", to="tool_use"),
        *("Invalid value: 'tool_use'", "messages[1].tool_calls[0].type", "invalid_value"),
    ),
    "a call without an id": (
        called("id", to=None),
        *("expected a string", "messages[1].tool_calls[0].id", "invalid_type"),
    ),
    "a call's id of 41 characters": (
        called("id", to="a" * 41),
        *("Expected a string with maximum length 40", "messages[1].tool_calls[0].id"),
        "string_above_max_length",
    ),
    "a call's name of other characters": (
        called("function", "name", to="a.b"),
        *("does not match pattern", "messages[1].tool_calls[0].function.name", "invalid_value"),
    ),
    "arguments that are no text": (
        called("function", "arguments", to={"city": "Oslo"}),
        *("expected a string, but got an object", "messages[1].tool_calls[0].function.arguments"),
        "invalid_type",
    ),
    "a result without its call": (
        {"messages": [*HI["messages"], USED["messages"][2]]},
        "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        *("messages.[1].role", None),
    ),
    "a result of another call": (
        changed(USED, "messages", 2, "tool_call_id", to="call_2"),
        *("'tool_call_id' of 'call_2' not found", "messages.[2].tool_call_id", None),
    ),
    "a call without its result": (
        changed(USED, "messages", 2, to={"role": "user", "content": "And?"}),
        "The following tool_call_ids did not have response messages: call_1",
        *("messages.[2].role", None),
    ),
    "a call at the end": (
        changed(USED, "messages", to=USED["messages"][:2]),
        "The following tool_call_ids did not have response messages: call_1",
        *("messages.[2].role", None),
    ),
    "no tools": ({**HI, "tools": []}, "empty array", "tools", "empty_array"),
    "129 tools": ({**HI, "tools": [TOOL] * 129}, "128", "tools", "array_above_max_length"),
    "a tool of another type": (
        {**HI, "tools": [{"type": "web_search"}]},
        *("Invalid value: 'web_search'", "tools[0].type", "invalid_value"),
    ),
    "a flat tool": (
        {**HI, "tools": [{"type": "function", "name": "a"}]},
        *("Missing required", "tools[0].function", "missing_required_parameter"),
    ),
    "a tool without a name": (
        {**HI, "tools": [{"type": "function", "function": {}}]},
        *("Missing required", "tools[0].function.name", "missing_required_parameter"),
    ),
    "a tool's name of other characters": (
        function("name", "get weather"),
        *("does not match pattern", "tools[0].function.name", "invalid_value"),
    ),
    "a tool's name of 65 characters": (
        function("name", "a" * 65),
        *("maximum length 64", "tools[0].function.name", "string_above_max_length"),
    ),
    "parameters of no object": (
        function("parameters", {"type": "string"}),
        "Invalid schema for function 'weather': schema must be a JSON Schema of 'type: \"object\"'",
        *("tools[0].function.parameters", "invalid_function_parameters"),
    ),
    "parameters outside of the strict subset": (
        changed(function("strict", True), "tools", 0, "function", "parameters", "required", to=[]),
        *("'required' is required to be supplied", "tools[0].function.parameters"),
        "invalid_function_parameters",
    ),
    "a choice of no tools": (
        {**HI, "tool_choice": "auto"},
        *("'tool_choice' is only allowed when 'tools' are specified", "tool_choice", None),
    ),
    "parallel calls of no tools": (
        {**HI, "parallel_tool_calls": False},
        "'parallel_tool_calls' is only allowed when 'tools' are specified",
        *("parallel_tool_calls", None),
    ),
    "an unknown choice": (
        {**OFFERED, "tool_choice": "any"},
        *("Invalid value: 'any'", "tool_choice", "invalid_value"),
    ),
    "a choice that is not there": (
        {**OFFERED, "tool_choice": NAMED},
        *("Tool choice 'other' not found in 'tools' parameter", "tool_choice", None),
    ),
    "an unknown format": (
        form("type", to="xml"),
        *("Invalid value: 'xml'", "response_format.type", "invalid_value"),
    ),
    "a format without a schema": (
        {**HI, "response_format": {"type": "json_schema"}},
        *("Missing required", "response_format.json_schema", "missing_required_parameter"),
    ),
    "a schema without a name": (
        form("json_schema", to={"schema": SCHEMA}),
        *("Missing required", "response_format.json_schema.name", "missing_required_parameter"),
    ),
    "a format of no object": (
        form("json_schema", to={"name": "City", "schema": {"type": "array"}}),
        *("Invalid schema for response_format 'City'", "response_format", None),
    ),
    "a format outside of the strict subset": (
        form("json_schema", "schema", to=without(SCHEMA, "additionalProperties")),
        *("'additionalProperties' is required to be supplied and to be false", "response_format"),
        None,
    ),
    "json that nobody asks for": (
        {**HI, "response_format": {"type": "json_object"}},
        *("'messages' must contain the word 'json' in some form", "messages", None),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_a_chat_completion_does_not_take(cloud: Emulator, name: str) -> None:
    body, said, param, code = REFUSED[name]

    posted = complete(cloud, body)

    error = posted.body["error"]
    assert (posted.status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert said in error["message"]
    assert (cloud.log[-1].status, cloud.log[-1].body) == (400, body)


@pytest.mark.parametrize(
    "body",
    [
        HI,
        USED,
        OFFERED,
        FORMED,
        {**OFFERED, "tool_choice": "required", "parallel_tool_calls": False},
        {**OFFERED, "tool_choice": {"type": "function", "function": {"name": "weather"}}},
        {**HI, "stream_options": None, "stop": ["a"], "temperature": 0, "n": 1},
        {**HI, "tools": [{"type": "function", "function": {"name": "now"}}]},
        function("strict", True),
        function("parameters", {"type": "object", "properties": {}}),
        form("json_schema", "strict", to=False),
        parts({"type": "text", "text": "What is it?"}, IMAGE),
        {
            "messages": [{"role": "user", "content": "Hi as JSON"}],
            "response_format": {"type": "json_object"},
        },
        changed(USED, "messages", None, to={"role": "user", "content": "Thanks"}),
    ],
)
def test_what_keeps_the_rules_is_answered(cloud: Emulator, body: Any) -> None:
    assert complete(cloud, body).status == 200


def test_results_come_in_any_order_and_all_of_them_are_asked_for(cloud: Emulator) -> None:
    calls = [{**CALL, "id": name} for name in ("a", "b")]
    results = [{"role": "tool", "content": "Rain", "tool_call_id": name} for name in ("b", "a")]
    said = {"role": "assistant", "content": "", "tool_calls": calls}

    both = {**OFFERED, "messages": [*HI["messages"], said, *results]}
    one = {**OFFERED, "messages": [*HI["messages"], said, results[0]]}

    assert complete(cloud, both).status == 200
    assert complete(cloud, one).message.endswith("did not have response messages: a")


def test_the_real_class_is_refused_for_an_id_that_is_too_long(cloud: Emulator) -> None:
    model = cloud.chat_model(
        "azure_openai", MODELS["azure_openai"], max_retries=ONE_ATTEMPT["azure_openai"]
    )
    call = {"name": "weather", "args": {}, "id": "tooluse_" + "a" * 40, "type": "tool_call"}
    asked = [
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("Rain", tool_call_id=call["id"]),
    ]

    with pytest.raises(Exception, match="string too long"):
        model.bind_tools([TOOL]).invoke(asked)


def test_the_real_class_is_refused_for_a_call_without_its_result(cloud: Emulator) -> None:
    model = cloud.chat_model(
        "azure_openai", MODELS["azure_openai"], max_retries=ONE_ATTEMPT["azure_openai"]
    )
    call = {"name": "weather", "args": {}, "id": "call_1", "type": "tool_call"}
    asked = [HumanMessage("Hi"), AIMessage("", tool_calls=[call]), HumanMessage("And?")]

    with pytest.raises(Exception, match="did not have response messages: call_1"):
        model.invoke(asked)

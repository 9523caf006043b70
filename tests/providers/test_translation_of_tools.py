"""Translation of tools, choices and response formats, as they arrive on the wire."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.providers import Parameters, provider_of

from .conftest import MODES, WIRES, Caller, Subject
from .sent import TOOLS, Wire, found, tool

every_wire = pytest.mark.parametrize("wire", WIRES)
every_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture
def wire_of(cloud: Emulator, subjects: dict[str, Subject], call: Caller) -> Wire:
    return Wire(cloud, subjects, call)


CHOSEN: dict[str, dict[str | None, Any]] = {
    "aws_bedrock": {
        "any": {"any": {}},
        "auto": {"auto": {}},
        "add": {"tool": {"name": "add"}},
        None: None,
    },
    "azure_openai": {
        "any": "required",
        "auto": "auto",
        "none": "none",
        "add": {"type": "function", "function": {"name": "add"}},
        None: None,
    },
    "gcp_vertex": {
        "any": {"mode": "ANY", "allowed_function_names": ["get_weather", "add"]},
        "auto": {"mode": "AUTO"},
        "none": {"mode": "NONE"},
        "add": {"mode": "ANY", "allowed_function_names": ["add"]},
        None: None,
    },
}
CHOICE_KEY = {
    "aws_bedrock": "toolChoice",
    "azure_openai": "tool_choice",
    "gcp_vertex": "functionCallingConfig",
}


@pytest.mark.parametrize(
    ("wire", "choice"), [(wire, choice) for wire in WIRES for choice in CHOSEN[wire]]
)
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_a_tool_choice_arrives_in_the_providers_own_words(
    wire: str, mode: str, choice: str | None, wire_of: Wire
) -> None:
    body = wire_of.sent(wire, mode, Parameters(tools=TOOLS, tool_choice=choice))

    assert found(body, CHOICE_KEY[wire]) == CHOSEN[wire][choice]
    assert "get_weather" in str(found(body, "tools"))
    assert wire_of.dropped == ()


def test_bedrock_has_no_choice_of_none_so_no_tools_are_sent(wire_of: Wire) -> None:
    body = wire_of.sent("aws_bedrock", "invoke", Parameters(tools=TOOLS, tool_choice="none"))

    assert "toolConfig" not in body


def test_bedrock_keeps_the_tools_where_the_history_has_calls(wire_of: Wire) -> None:
    call = {"name": "add", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}
    history = (
        HumanMessage("add"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("2", tool_call_id="call_1"),
    )

    body = wire_of.sent(
        "aws_bedrock", "invoke", Parameters(tools=TOOLS, tool_choice="none"), history
    )

    assert len(body["toolConfig"]["tools"]) == 2
    assert "toolChoice" not in body["toolConfig"]


def test_a_forced_tool_is_dropped_where_the_model_cannot_be_forced(cloud: Emulator) -> None:
    model = cloud.chat_model("aws_bedrock", "meta.llama3-1-70b-instruct-v1:0")

    translation = provider_of(model).translate(model, Parameters(tools=TOOLS, tool_choice="any"))

    assert translation.dropped == ("tool_choice",)
    assert translation.settings["tools"]


@every_wire
def test_the_same_tools_arrive_twice_alike(wire: str, wire_of: Wire) -> None:
    asked = Parameters(tools=TOOLS, tool_choice="any")

    first, second = (wire_of.sent(wire, "invoke", asked) for _ in range(2))

    assert first == second
    assert TOOLS[0] == tool("get_weather", city="string")


@every_wire
def test_other_tools_in_the_same_list_are_noticed(wire: str, wire_of: Wire) -> None:
    tools = [TOOLS[0]]
    wire_of.sent(wire, "invoke", Parameters(tools=tools))
    tools[0] = TOOLS[1]

    body = wire_of.sent(wire, "invoke", Parameters(tools=tools))

    assert "get_weather" not in str(found(body, "tools"))


DROPPED = {
    "aws_bedrock": ("parallel_tool_calls",),
    "azure_openai": (),
    "gcp_vertex": ("parallel_tool_calls",),
}


@every_mode
@every_wire
def test_tool_settings_are_sent_only_to_those_that_take_them(
    wire: str, mode: str, wire_of: Wire
) -> None:
    more = {"strict": True, "parallel_tool_calls": False}

    body = wire_of.sent(wire, mode, Parameters(tools=TOOLS, tool_settings=more))

    assert wire_of.dropped == DROPPED[wire]
    assert found(body, "strict") is (None if wire == "gcp_vertex" else True)
    assert found(body, "parallel_tool_calls") is (False if wire == "azure_openai" else None)


class City(BaseModel):
    """A city."""

    name: str


SCHEMA = {
    "title": "City",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}

FORMATS: dict[str, Any] = {
    "of-create-agent": {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}},
    "class": City,
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("tools", [(), TOOLS], ids=["no-tools", "tools"])
@every_mode
@every_wire
def test_a_response_format_arrives_with_and_without_tools(
    wire: str, mode: str, tools: Any, form: str, wire_of: Wire
) -> None:
    asked = Parameters(tools=tools, tool_settings={"response_format": FORMATS[form]})

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
        body = wire_of.sent(wire, mode, asked)

    key = {
        "aws_bedrock": "outputConfig",
        "azure_openai": "response_format",
        "gcp_vertex": "responseJsonSchema",
    }[wire]
    assert "City" in str(found(body, key))
    assert wire_of.dropped == ()
    assert (found(body, "tools") is not None) == bool(tools)


@pytest.mark.parametrize("kind", ["json_object", "text"])
@pytest.mark.parametrize("tools", [(), TOOLS], ids=["no-tools", "tools"])
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_a_format_without_a_schema_arrives_at_azure_as_it_is(
    mode: str, tools: Any, kind: str, wire_of: Wire
) -> None:
    asked = Parameters(tools=tools, tool_settings={"response_format": {"type": kind}})

    body = wire_of.sent("azure_openai", mode, asked)

    assert body["response_format"] == {"type": kind}
    assert ("tools" in body) == bool(tools)


def test_json_of_any_schema_is_dropped_where_it_does_not_exist(wire_of: Wire) -> None:
    asked = Parameters(tool_settings={"response_format": {"type": "json_object"}})

    wire_of.sent("aws_bedrock", "invoke", asked)

    assert wire_of.dropped == ("response_format",)

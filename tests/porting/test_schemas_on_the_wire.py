"""The real classes send the schemas that were ported, untouched, and answer with what fits."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import HumanMessage

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.porting import port
from langchain_multirouter.providers import Parameters, provider_of
from tests.providers.sent import found
from tests.wire.conftest import MODES, ask, cloud, emulator

__all__ = ["cloud", "emulator"]  # fixtures of the wire tests

DEPLOYMENTS = {
    "bedrock_claude": ("aws_bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
    "bedrock_nova": ("aws_bedrock", "amazon.nova-pro-v1:0"),
    "bedrock_other": ("aws_bedrock", "meta.llama3-1-70b-instruct-v1:0"),
    "azure_chat": ("azure_openai", "gpt-4o"),
    "azure_responses": ("azure_openai", "gpt-5.1"),
    "vertex_gemini": ("gcp_vertex", "gemini-3-flash-preview"),
}
EVERY = pytest.mark.parametrize("name", DEPLOYMENTS)
#: Whose models have no structured output of their own.
UNSTRUCTURED = ("bedrock_nova", "bedrock_other")

#: What the classes' own conversions get wrong, some silently, some with an exception.
PROPERTIES: dict[str, Any] = {
    "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
    "level": {"type": "integer", "enum": [1, 2]},
    "mode": {"const": "fast"},
    "tags": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
    "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
    "stop": {
        "type": "object",
        "properties": {"at": {"type": "string", "default": "x"}, "by": {"type": "string"}},
        "required": ["at"],
    },
    "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}},
    "one": {"oneOf": [{"type": "integer"}, {"type": "boolean"}]},
    "wrapped": {"allOf": [{"$ref": "#/$defs/Point"}], "description": "Where."},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": PROPERTIES,
    "required": ["count", "either", "level", "mode", "tags", "stop", "points", "wrapped"],
    "$defs": {
        "Point": {
            "type": "object",
            "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
            "required": ["x"],
        }
    },
}
TOOL = {
    "type": "function",
    "function": {"name": "plan", "description": "Plan a tour.", "parameters": SCHEMA},
}


@pytest.fixture(scope="module")
def models(emulator: Emulator) -> dict[str, Any]:
    return {
        name: emulator.chat_model(
            *place, **({"use_responses_api": True} if name == "azure_responses" else {})
        )
        for name, place in DEPLOYMENTS.items()
    }


def is_within(expected: Any, sent: Any) -> bool:
    """Whether every keyword that was ported arrived with its value."""
    if isinstance(expected, dict):
        return isinstance(sent, dict) and all(
            key in sent and is_within(value, sent[key])
            for key, value in expected.items()
            if value is not None  # the classes leave nulls out
        )
    if isinstance(expected, list):
        return len(expected) == len(sent) and all(map(is_within, expected, sent))
    return bool(expected == sent)


SCHEMAS_KEY = {"aws_bedrock": "json", "azure_openai": "parameters"}


@EVERY
def test_the_ported_schema_arrives_as_it_is(
    name: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    model, (wire, _) = models[name], DEPLOYMENTS[name]
    row = provider_of(model)
    asked = Parameters(tools=[TOOL])
    messages, parameters, lost = port(
        [HumanMessage("plan")], asked, row.dialect(model, asked), "model"
    )
    _, stop, settings, dropped = row.translate(model, parameters, messages)

    model._generate(messages, stop=stop, **settings)

    (entry,) = cloud.log_of(wire)
    key = SCHEMAS_KEY.get(wire, "parameters_json_schema")
    ported = (parameters.tools or [])[0]["function"]["parameters"]
    assert is_within(ported, found(entry.body, key))
    assert is_within(found(entry.body, key), ported)
    assert lost == ()
    assert dropped == ()


@pytest.mark.parametrize("mode", MODES)
@EVERY
def test_the_answers_arguments_fit_the_original_schema(
    name: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    router = RoutedChatModel([Deployment(models[name], name=name)])
    bound = router.bind_tools([TOOL], tool_choice="any")

    answer = ask(bound, mode, 'Plan "Oslo" with 2 stops')

    (call,) = answer.tool_calls
    assert call["name"] == "plan"
    Draft202012Validator(SCHEMA).validate(call["args"])


@pytest.mark.parametrize("choice", ["any", "auto", "none", "plan", "required", True])
@EVERY
def test_every_choice_is_said_so_that_each_service_understands_it(
    name: str, choice: Any, cloud: Emulator, models: dict[str, Any]
) -> None:
    router = RoutedChatModel([Deployment(models[name], name=name)])

    answer = router.bind_tools([TOOL], tool_choice=choice).invoke("Plan a tour of Oslo")

    entry = cloud.log[-1]
    if choice == "none":
        assert answer.tool_calls == []
        if name.startswith("bedrock"):
            assert "toolConfig" not in entry.body
    elif choice != "auto" and name != "bedrock_other":
        assert [call["name"] for call in answer.tool_calls] == ["plan"]
    if name == "bedrock_other" and choice not in ("auto", "none"):  # Llama cannot be forced
        assert answer.response_metadata["router"]["notes"] == ["not sent: tool_choice"]


@pytest.mark.parametrize("name", [it for it in DEPLOYMENTS if it not in UNSTRUCTURED])
def test_a_format_and_tools_arrive_together(
    name: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    plain = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "City", "schema": plain}}
    tool = {"type": "function", "function": {"name": "look_up", "parameters": plain}}
    router = RoutedChatModel([Deployment(models[name], name=name)])

    router.bind_tools([tool], response_format=form).invoke("hello")
    router.bind_tools([], response_format=form).invoke("hello")

    first, second = (entry.body for entry in cloud.log[-2:])
    for body in (first, second):
        said = body.get("response_format") or body.get("outputConfig") or body.get("text") or body
        assert "city" in str(said)
    assert "look_up" in str(first)
    assert "look_up" not in str(second)


def test_a_recursive_class_goes_where_it_can_be_said_and_not_cut_off(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    from pydantic import BaseModel

    class Branch(BaseModel):
        """A branch of a tree."""

        leaves: int
        branches: list[Branch] = []

    Branch.model_rebuild(_types_namespace={"Branch": Branch})
    order = ["vertex_gemini", "bedrock_nova", "azure_chat"]
    router = RoutedChatModel(
        [Deployment(models[name], name=name) for name in order], strategy="ordered"
    )

    answer = router.bind_tools([Branch], tool_choice="any").invoke("Draw a tree")

    assert answer.response_metadata["router"]["deployment"] == "azure_chat"
    assert [entry.provider for entry in cloud.log] == ["azure_openai"]
    assert found(cloud.log[-1].body, "branches")["items"] == {"$ref": "#/$defs/Branch"}
    removed = router.bind_tools([Branch])
    assert "refers to itself" in str(router.explain("x", tools=removed.kwargs["tools"]))


def test_novas_own_tools_are_sent_and_their_answer_is_not_streamed(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    router = RoutedChatModel([Deployment(models["bedrock_nova"], name="nova")])
    bound = router.bind_tools([{"systemTool": {"name": "nova_grounding"}}, TOOL])

    for mode in ("invoke", "stream"):
        ask(bound, mode)

        entry = cloud.log[-1]
        assert {"systemTool": {"name": "nova_grounding"}} in entry.body["toolConfig"]["tools"]
        assert "plan" in str(entry.body["toolConfig"])
        assert entry.operation == "generate"


def test_openais_own_tools_take_a_call_with_a_format_to_the_responses_api(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    plain = {"type": "object", "properties": {"city": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "City", "schema": plain}}
    tool = {"type": "function", "function": {"name": "look_up", "parameters": plain}}
    router = RoutedChatModel([Deployment(models["azure_chat"], name="azure")])

    router.bind_tools([{"type": "web_search"}, tool], response_format=form).invoke("hello")

    body = cloud.log[-1].body
    assert [it["type"] for it in body["tools"]] == ["web_search", "function"]
    assert body["tools"][1]["strict"] is False  # or the service would require what is optional
    assert body["text"]["format"]["name"] == "City"


def test_googles_own_tools_are_sent(cloud: Emulator, models: dict[str, Any]) -> None:
    router = RoutedChatModel([Deployment(models["vertex_gemini"], name="gemini")])

    router.bind_tools([{"googleSearch": {}}]).invoke("Who won?")

    assert cloud.log[-1].body["tools"] == [{"googleSearch": {}}]

"""A conversation that one service began goes on at another when the first one fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, FaultKind
from langchain_multirouter.emulator.signatures import signer_of

from .conftest import STEADY, ask

BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
#: Name → (provider, model, what makes it reason).
SERVICES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "claude": (
        "aws_bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        {"additional_model_request_fields": BUDGET, "max_tokens": 4096},
    ),
    "nova": ("aws_bedrock", "amazon.nova-pro-v1:0", {}),
    "chat": ("azure_openai", "gpt-4o", {}),
    "responses": (
        "azure_openai",
        "gpt-5.1",
        {
            "use_responses_api": True,
            "reasoning": {"effort": "low", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
        },
    ),
    "gemini": ("gcp_vertex", "gemini-3-pro-preview", {"include_thoughts": True}),
}
#: Who signs: of the two turns that the first wrote, what it alone reads comes back to it.
SIGNS = {name: {SERVICES[name][:2]} for name in ("claude", "responses", "gemini")}
PAIRS = [(one, other) for one in SERVICES for other in SERVICES if one != other]
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAA"
    "AABJRU5ErkJggg=="
)


@tool
def get_weather(city: str) -> str:
    """Weather of today."""
    return f"Sunny in {city}"


@tool
def say_nothing() -> str:
    """Takes no arguments."""
    return ""


@pytest.fixture(scope="module")
def services(emulator: Emulator) -> dict[str, Any]:
    return {
        name: emulator.chat_model(provider, model, **settings)
        for name, (provider, model, settings) in SERVICES.items()
    }


@pytest.fixture
def two(services: dict[str, Any], cloud: Emulator) -> Any:
    """A router over two services, of which the second goes on when the first has failed."""

    def make(*names: str) -> RoutedChatModel:
        deployments = [Deployment(model=services[name], name=name) for name in names]
        return RoutedChatModel(deployments, **STEADY)

    return make


def broken(cloud: Emulator, name: str) -> None:
    provider, model, _ = SERVICES[name]
    cloud.break_(provider, FaultKind.STATUS, model=model)


def where(answer: AIMessage) -> str:
    return str(answer.response_metadata["router"]["deployment"])


def results_of(answer: AIMessage) -> list[ToolMessage]:
    image = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    texts = [{"type": "text", "text": f"Result of {call['name']}"} for call in answer.tool_calls]
    contents: list[Any] = [[text, image] if place else [text] for place, text in enumerate(texts)]
    ids = [str(call["id"]) for call in answer.tool_calls]
    return [ToolMessage(c, tool_call_id=id_) for c, id_ in zip(contents, ids, strict=True)]


def opening() -> list[BaseMessage]:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    text = {"type": "text", "text": "Call get_weather in Paris and say_nothing"}
    return [SystemMessage("Be brief."), HumanMessage([text, image])]


@pytest.mark.parametrize("mode", ["invoke", "stream"])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_tool_call_of_one_is_gone_on_with_by_another(
    first: str, second: str, mode: str, two: Any, cloud: Emulator
) -> None:
    model = two(first, second).bind_tools([get_weather, say_nothing])
    messages = opening()
    called = ask(model, mode, messages)
    assert where(called) == first
    assert [call["name"] for call in called.tool_calls] == ["get_weather", "say_nothing"]
    messages += [called, *results_of(called)]
    broken(cloud, first)
    final = ask(model, mode, messages)
    assert where(final) == second
    arrived = [entry for entry in cloud.log if entry.status == 200][-1]
    assert set(signers(arrived.body)) <= {SERVICES[second][:2]}
    # The first has recovered, and goes on with what both have said.
    cloud.heal()
    cloud.clear_log()
    model = two(first, second).bind_tools([get_weather, say_nothing])
    again = ask(model, mode, [*messages, final, HumanMessage("And then?")])
    assert where(again) == first
    (arrived,) = cloud.log
    assert set(signers(arrived.body)) == SIGNS.get(first, set())
    for told in ("Be brief.", "Paris", "Result of get_weather", "Result of say_nothing", PNG):
        assert told in str(arrived.body)


def signers(body: Any) -> Iterator[tuple[str, str]]:
    """Who signed or sealed what is in a request."""
    if isinstance(body, list):
        for part in body:
            yield from signers(part)
    elif isinstance(body, dict):
        for key, value in body.items():
            if key in ("signature", "thoughtSignature", "thought_signature", "encrypted_content"):
                # The SDK writes bytes in the other alphabet of base64.
                signer = signer_of(str(value).replace("-", "+").replace("_", "/"))
                if signer is not None:
                    yield signer
            yield from signers(value)


@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_what_azure_wrote_over_the_responses_api_goes_to_bedrock_when_azure_fails(
    mode: str, two: Any, cloud: Emulator
) -> None:
    model = two("responses", "claude").bind_tools([get_weather, say_nothing])
    messages = opening()
    called = ask(model, mode, messages)
    kinds = [block["type"] for block in called.content if isinstance(block, dict)]
    assert {"reasoning", "function_call"} <= set(kinds)
    broken(cloud, "responses")
    final = ask(model, mode, [*messages, called, *results_of(called)])
    assert where(final) == "claude"
    body = cloud.log_of("aws_bedrock")[-1].body
    assert [list(block) for block in body["messages"][1]["content"]] == [["toolUse"], ["toolUse"]]
    ids = [block["toolUse"]["toolUseId"] for block in body["messages"][1]["content"]]
    told = body["messages"][2]["content"]
    assert [block["toolResult"]["toolUseId"] for block in told] == ids
    assert "fc_" not in json.dumps(body["messages"][1:])
    assert body["additionalModelRequestFields"] == {"thinking": {"type": "disabled"}}


def test_a_call_told_in_two_forms_is_sent_once(cloud: Emulator) -> None:
    """The router's form of output is the newer one, its deployment's the older."""
    inner = cloud.chat_model("azure_openai", "gpt-5.1", use_responses_api=True, output_version="v0")
    router = RoutedChatModel([inner], output_version="v1")
    tool = {"name": "get_weather", "description": "The weather.", "parameters": {"type": "object"}}
    model = router.bind_tools([{"type": "function", "function": tool}])
    asked = HumanMessage("What is the weather?")
    answer = model.invoke([asked])
    result = ToolMessage("mild", tool_call_id=answer.tool_calls[0]["id"])
    assert "mild" in model.invoke([asked, answer, result]).text
    sent = [item["type"] for item in cloud.log[-1].body["input"]]
    assert sent == ["message", "function_call", "function_call_output"]

"""Emulated models reason where they are asked to, in each service's own form."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from real_clients import Clients
from test_emulated_chat import get_weather, say_nothing, whole
from test_emulated_wire import BEDROCK, CONVERSE_HI, GENERATE_HI, VERTEX, post

from langchain_multirouter.emulator import Emulator, FaultKind
from langchain_multirouter.emulator.signatures import signer_of

one_loop = pytest.mark.asyncio(loop_scope="session")
CLAUDE, GEMINI = "anthropic.claude-sonnet-4-5-20250929-v1:0", "gemini-3-pro-preview"
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "aws_bedrock": (
        CLAUDE,
        {
            "additional_model_request_fields": {
                "thinking": {"type": "enabled", "budget_tokens": 1024}
            },
            "max_tokens": 4096,
        },
    ),
    "gcp_vertex": (GEMINI, {"include_thoughts": True}),
}
MODES = ("invoke", "ainvoke", "stream", "astream")
THOUGHT = "The last request is: About cats\n\nI can answer from what I have been told."


@pytest.fixture(params=sorted(MODELS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def thinker(provider: str, clients: Clients, cloud: Emulator) -> Any:
    name, settings = MODELS[provider]
    return clients.of(provider, name, **settings)


async def asked(model: Any, mode: str, prompt: Any) -> Any:
    """The answer in one of the four modes."""
    match mode:
        case "invoke":
            return await asyncio.to_thread(model.invoke, prompt)
        case "ainvoke":
            return await model.ainvoke(prompt)
        case "stream":
            return whole(await asyncio.to_thread(lambda: list(model.stream(prompt))))
        case _:
            return whole([chunk async for chunk in model.astream(prompt)])


def reasoning_of(answer: Any) -> str:
    return "".join(
        block.get("reasoning", "")
        for block in answer.content_blocks
        if block["type"] == "reasoning"
    )


@one_loop
@pytest.mark.parametrize("mode", MODES)
async def test_a_model_reasons_and_then_answers(mode: str, thinker: Any, cloud: Emulator) -> None:
    answer = await asked(thinker, mode, "About cats")
    assert reasoning_of(answer) == THOUGHT
    assert "About cats" in answer.text
    assert THOUGHT not in answer.text
    assert answer.usage_metadata["output_tokens"] == cloud.log[-1].output_tokens
    assert answer.usage_metadata["total_tokens"] == sum(
        answer.usage_metadata[key] for key in ("input_tokens", "output_tokens")
    )


@one_loop
@pytest.mark.parametrize("mode", MODES)
async def test_reasoning_is_handed_back_with_its_signature_and_the_tools_results(
    mode: str, provider: str, thinker: Any, cloud: Emulator
) -> None:
    bound = thinker.bind_tools([get_weather, say_nothing])
    question = HumanMessage("Call get_weather in Paris and say_nothing")
    answer = await asked(bound, mode, [question])
    assert [call["name"] for call in answer.tool_calls] == ["get_weather", "say_nothing"]
    results = [ToolMessage(f"of {c['name']}", tool_call_id=c["id"]) for c in answer.tool_calls]
    final = await asked(bound, mode, [question, answer, *results])
    assert "of get_weather; of say_nothing" in final.text
    assert signed_in(cloud.log[-1].body) == [(provider, MODELS[provider][0])]


def signed_in(body: Any) -> list[Any]:
    """Who signed what is in a request, in order."""
    if isinstance(body, list):
        return [signer for part in body for signer in signed_in(part)]
    if not isinstance(body, dict):
        return []
    signatures = [
        body[k] for k in ("signature", "thoughtSignature", "thought_signature") if k in body
    ]
    # The SDK writes bytes in the other alphabet of base64.
    own = [signer_of(s.replace("-", "+").replace("_", "/")) for s in signatures]
    return own + [signer for part in body.values() for signer in signed_in(part)]


def test_a_model_that_is_not_asked_does_not_reason(
    provider: str, clients: Clients, cloud: Emulator
) -> None:
    answer = clients.of(provider, MODELS[provider][0]).invoke("About cats")
    assert not reasoning_of(answer)
    assert answer.usage_metadata["output_tokens"] == (len(answer.text) + 3) // 4


@pytest.mark.parametrize("kind", [FaultKind.EMPTY_ANSWER, FaultKind.BLOCKED_ANSWER])
def test_a_fault_that_takes_the_answer_takes_the_reasoning_too(
    kind: FaultKind, provider: str, thinker: Any, cloud: Emulator
) -> None:
    cloud.break_(provider, kind)
    answer = thinker.invoke("About cats")
    assert not reasoning_of(answer)
    assert not answer.text


def converse(cloud: Emulator, model: str, fields: Any, **more: Any) -> Any:
    body = {**CONVERSE_HI, "additionalModelRequestFields": fields, **more}
    return json.loads(post(cloud, f"/bedrock/model/{model}/converse", body)[2])


def test_claude_signs_and_nova_tells_nothing_of_its_reasoning(cloud: Emulator) -> None:
    for settings in ({"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1024}):
        thought, _ = converse(cloud, CLAUDE, {"thinking": settings})["output"]["message"]["content"]
        text = thought["reasoningContent"]["reasoningText"]
        assert signer_of(text["signature"]) == ("aws_bedrock", CLAUDE)
    fields = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
    answer = converse(cloud, "us.amazon.nova-2-lite-v1:0", fields)
    assert answer["output"]["message"]["content"][0] == {
        "reasoningContent": {"reasoningText": {"text": "[REDACTED]"}}
    }
    off = converse(cloud, CLAUDE, {"thinking": {"type": "disabled"}})
    assert len(off["output"]["message"]["content"]) == 1


def test_bedrock_counts_thinking_apart_for_those_who_ask_for_it(cloud: Emulator) -> None:
    fields = {"thinking": {"type": "adaptive"}}
    answer = converse(cloud, CLAUDE, fields, additionalModelResponseFieldPaths=["/usage"])
    details = answer["additionalModelResponseFields"]["usage"]["output_tokens_details"]
    assert 0 < details["thinking_tokens"] < answer["usage"]["outputTokens"]
    assert "additionalModelResponseFields" not in converse(cloud, CLAUDE, fields)


def test_nova_reasons_through_its_class(clients: Clients, cloud: Emulator) -> None:
    fields = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
    name = "us.amazon.nova-2-lite-v1:0"
    model = clients.of("aws_bedrock", name, additional_model_request_fields=fields)
    for answer in (model.invoke("Hi"), whole(list(model.stream("Hi")))):
        assert reasoning_of(answer) == "[REDACTED]"
        assert "Hello" in answer.text


def generate(cloud: Emulator, config: Any) -> Any:
    body = {**GENERATE_HI, "generationConfig": {"thinkingConfig": config}}
    return json.loads(post(cloud, f"{VERTEX}:generateContent", body)[2])


def test_gemini_counts_thoughts_apart_and_shows_them_only_when_asked(cloud: Emulator) -> None:
    shown = generate(cloud, {"includeThoughts": True})
    hidden = generate(cloud, {"thinkingBudget": 1024})
    none = generate(cloud, {"thinkingBudget": 0})
    parts = [answer["candidates"][0]["content"]["parts"] for answer in (shown, hidden, none)]
    assert [part.get("thought", False) for part in parts[0]] == [True, False]
    assert [len(each) for each in parts] == [2, 1, 1]
    assert [("thoughtSignature" in each[-1]) for each in parts] == [True, True, False]
    for answer in (shown, hidden):
        usage = answer["usageMetadata"]
        counted = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
        assert usage["totalTokenCount"] == sum(usage[key] for key in counted)
        assert usage["thoughtsTokenCount"] > 0
    assert "thoughtsTokenCount" not in none["usageMetadata"]


def test_a_signature_is_base64(cloud: Emulator) -> None:
    part = generate(cloud, {"includeThoughts": True})["candidates"][0]["content"]["parts"][-1]
    assert base64.b64decode(part["thoughtSignature"], validate=True)


def test_a_bedrock_stream_signs_at_the_end_of_its_reasoning(cloud: Emulator) -> None:
    from botocore.eventstream import EventStreamBuffer

    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    body = {**CONVERSE_HI, "additionalModelRequestFields": fields}
    buffer = EventStreamBuffer()
    buffer.add_data(post(cloud, BEDROCK, body)[2])
    events = [json.loads(event.payload) for event in buffer]
    deltas = [
        e["delta"]["reasoningContent"] for e in events if "reasoningContent" in e.get("delta", ())
    ]
    assert [next(iter(delta)) for delta in deltas] == ["text"] * (len(deltas) - 1) + ["signature"]

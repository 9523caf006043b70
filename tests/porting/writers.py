"""Answers as the real classes write them: a wire answer of each service, read by its own class."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from langchain_aws.chat_models.bedrock_converse import _inline_reasoning_tags, _parse_response
from langchain_core.language_models._utils import _update_message_content_to_blocks
from langchain_core.messages import AIMessage
from langchain_google_genai.chat_models import _parse_response_candidate
from langchain_openai.chat_models.base import (
    _construct_lc_result_from_responses_api,
    _convert_dict_to_message,
)

from langchain_multirouter.emulator.signatures import sign
from langchain_multirouter.porting.dialect import (
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    BEDROCK_NOVA,
    VERTEX_GEMINI,
    Dialect,
)


class Said(NamedTuple):
    """What an assistant says in one turn, whoever it is; `calls` are (name, arguments)."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    searched: bool = False
    number: int = 0


class Service(NamedTuple):
    """A service: its dialect, a model of it, and how its class reads its answers."""

    dialect: Dialect
    model: str
    write: Callable[[str, Said], AIMessage]
    identify: Callable[[int, int], str]

    @property
    def name(self) -> str:
        return self.dialect.name


def _claude(model: str, said: Said) -> AIMessage:
    content: list[dict[str, Any]] = []
    if said.reasoning:
        signature = sign("aws_bedrock", model, said.reasoning)
        thought = {"text": said.reasoning, "signature": signature}
        content.append({"reasoningContent": {"reasoningText": thought}})
    return _converse(model, said, content)


def _nova(model: str, said: Said) -> AIMessage:
    thought = f"<thinking>{said.reasoning}</thinking> " if said.reasoning else ""
    return _converse(model, said._replace(text=thought + said.text), [])


def _converse(model: str, said: Said, content: list[dict[str, Any]]) -> AIMessage:
    if said.text:
        content.append({"text": said.text})
    for place, (name, arguments) in enumerate(said.calls):
        id_ = _converse_id(said.number, place)
        content.append({"toolUse": {"toolUseId": id_, "name": name, "input": arguments}})
    wire = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use" if said.calls else "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
        "ResponseMetadata": {},
    }
    tags = _inline_reasoning_tags("amazon" if "nova" in model else "anthropic", model)
    message = _parse_response(copy.deepcopy(wire), inline_reasoning_tags=tags)
    message.response_metadata |= {"model_provider": "bedrock_converse", "model_name": model}
    return message


def _chat(model: str, said: Said) -> AIMessage:
    wire: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    if said.calls:
        wire["tool_calls"] = [
            {
                "id": _chat_id(said.number, place),
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for place, (name, arguments) in enumerate(said.calls)
        ]
    message = _convert_dict_to_message(wire)
    assert isinstance(message, AIMessage)
    message.additional_kwargs["refusal"] = None
    message.response_metadata |= {
        "model_provider": "openai",
        "model_name": f"{model}-2024-11-20",
        "id": "chatcmpl-1",
        "finish_reason": "stop",
    }
    return message


def _responses(model: str, said: Said, version: str | None = None) -> AIMessage:
    from openai.types.responses import Response

    output: list[dict[str, Any]] = []
    if said.reasoning:
        output.append(
            {
                "type": "reasoning",
                "id": f"rs_{said.number:048x}",
                "summary": [{"type": "summary_text", "text": said.reasoning}],
                "encrypted_content": sign("azure_openai", model, said.reasoning),
            }
        )
    if said.searched:
        output.append(
            {
                "type": "web_search_call",
                "id": f"ws_{said.number:048x}",
                "status": "completed",
                "action": {"type": "search", "query": "weather"},
            }
        )
    if said.text:
        cited = {"type": "url_citation", "url": "https://a.example", "title": "A"}
        annotations = [{**cited, "start_index": 0, "end_index": 1}] if said.searched else []
        text = {"type": "output_text", "text": said.text, "annotations": annotations}
        output.append(
            {
                "type": "message",
                "id": f"msg_{said.number:048x}",
                "role": "assistant",
                "status": "completed",
                "content": [text],
            }
        )
    for place, (name, arguments) in enumerate(said.calls):
        output.append(
            {
                "type": "function_call",
                "id": f"fc_{said.number:046x}{place:02x}",
                "call_id": _responses_id(said.number, place),
                "name": name,
                "arguments": json.dumps(arguments),
                "status": "completed",
            }
        )
    wire = {
        "id": f"resp_{said.number:048x}",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": f"{model}-2025-08-07",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    result = _construct_lc_result_from_responses_api(
        Response.model_validate(wire), output_version=version
    )
    message = result.generations[0].message
    assert isinstance(message, AIMessage)
    return message


def _responses_v0(model: str, said: Said) -> AIMessage:
    return _responses(model, said, "v0")


def _gemini(model: str, said: Said) -> AIMessage:
    from google.genai.types import Candidate, Content, FunctionCall, Part

    signature = base64.b64decode(sign("gcp_vertex", model, said.reasoning or said.text))
    parts = []
    if said.reasoning:
        parts.append(Part(text=said.reasoning, thought=True))
    if said.text:
        own = signature if not said.calls and "gemini-3" in model else None
        parts.append(Part(text=said.text, thought_signature=own))
    for place, (name, arguments) in enumerate(said.calls):
        own = signature if place == 0 and "gemini-3" in model else None
        call = FunctionCall(name=name, args=arguments)
        parts.append(Part(function_call=call, thought_signature=own))
    candidate = Candidate(content=Content(role="model", parts=parts))
    return _parse_response_candidate(candidate, model_name=model)


def _converse_id(number: int, place: int) -> str:
    return f"tooluse_{number:010d}-{place}_aBcDe"


def _chat_id(number: int, place: int) -> str:
    return f"call_{number:010d}{place}aBcDeFgHiJkLm"


def _responses_id(number: int, place: int) -> str:
    return f"call_{number:030d}{place}aBcDeFgHiJkLmNoPqRsTu"  # more than chat completions take


SERVICES = (
    Service(BEDROCK_CLAUDE, "anthropic.claude-sonnet-4-20250514-v1:0", _claude, _converse_id),
    Service(BEDROCK_NOVA, "amazon.nova-pro-v1:0", _nova, _converse_id),
    Service(AZURE_CHAT, "gpt-4o", _chat, _chat_id),
    Service(AZURE_RESPONSES, "gpt-5", _responses, _responses_id),
    Service(VERTEX_GEMINI, "gemini-3-pro-preview", _gemini, _chat_id),
)
OLDER = {"azure_responses": _responses_v0}


def written(service: Service, said: Said, style: str) -> AIMessage:
    """One answer, in one of the styles: "usual", "older", "v1" or "routed" (by our own router)."""
    write = OLDER.get(service.name, service.write) if style == "older" else service.write
    message = write(service.model, said)
    if style == "v1":
        message = _update_message_content_to_blocks(message, "v1")
    if style == "routed":
        said_by = {"provider": service.dialect.provider, "model_name": service.model}
        message.response_metadata["router"] = {**said_by, "deployment": service.name}
    return message


STYLES = ("usual", "older", "v1", "routed")

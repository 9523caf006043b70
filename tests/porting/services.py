"""Services: what each of them refuses of a request, by its own documentation.

The requests are made by the real classes. Where the service would answer 400, a check raises
`RefusedError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from langchain_core.messages import BaseMessage

from langchain_multirouter.emulator.signatures import signer_of

from .writers import Service

CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
CONVERSE_BLOCKS = {
    "text", "image", "document", "video", "toolUse", "toolResult", "reasoningContent", "cachePoint"
}  # fmt: skip
SENTINEL = "skip_thought_signature_validator"


class RefusedError(AssertionError):
    """The service answers 400."""


def need(truth: object, why: str) -> None:
    if not truth:
        raise RefusedError(why)


def request_of(service: Service, messages: Sequence[BaseMessage]) -> Any:
    """The body that the real class makes of the messages."""
    return _MAKERS[service.name](service.model, list(messages))


def check(service: Service, body: Any) -> None:
    """Refuses what the service refuses."""
    _CHECKS[service.name](service, body)


def _converse_request(model: str, messages: list[BaseMessage]) -> Any:
    from langchain_aws.chat_models.bedrock_converse import _messages_to_bedrock

    provider = "amazon" if "nova" in model else "anthropic"
    return _messages_to_bedrock(messages, model_id=model, provider=provider)


@cache
def azure(model: str, responses: bool) -> Any:
    from langchain_openai import AzureChatOpenAI

    return AzureChatOpenAI(
        azure_endpoint="http://127.0.0.1:9",
        azure_deployment=model,
        model=model,
        api_version="2025-04-01-preview",
        api_key="fake",
        use_responses_api=responses,
    )


def _chat_request(model: str, messages: list[BaseMessage]) -> Any:
    return azure(model, False)._get_request_payload(messages)["messages"]


def _responses_request(model: str, messages: list[BaseMessage]) -> Any:
    return azure(model, True)._get_request_payload(messages)["input"]


def _gemini_request(model: str, messages: list[BaseMessage]) -> Any:
    from langchain_google_genai.chat_models import _parse_chat_history

    system, contents = _parse_chat_history(messages, model=model, use_vertexai=True)
    return system, contents


def _check_converse(service: Service, body: Any) -> None:
    messages, system = body
    need(messages and messages[0]["role"] == "user", "begins with the user")
    need(messages[-1]["role"] == "user", "ends with the user")
    need(all(part.keys() <= {"text", "cachePoint"} for part in system), "system text")
    open_: list[str] = []
    seen: set[str] = set()
    for place, message in enumerate(messages):
        role = message["role"]
        need(role == ("user", "assistant")[place % 2], "roles alternate")
        need(message["content"], "content is not empty")
        results = []
        for block in message["content"]:
            need(len(block) == 1 and block.keys() <= CONVERSE_BLOCKS, f"a block of {list(block)}")
            need("text" not in block or block["text"].strip(), "text is not blank")
            need("image" not in block or role == "user", "images are the user's")
            if result := block.get("toolResult"):
                need(role == "user", "results are the user's")
                results.append(result["toolUseId"])
                need(result["content"], "a result has content")
            if thought := block.get("reasoningContent"):
                signature = thought["reasoningText"].get("signature", "")
                need(signer_of(signature) == ("aws_bedrock", service.model), "own reasoning")
                need("claude" in service.model, "reasoning is read")
        need(sorted(results) == sorted(open_), "each call is answered at once")
        open_ = [b["toolUse"]["toolUseId"] for b in message["content"] if "toolUse" in b]
        need(all(map(CALL_ID.fullmatch, open_)), "legal ids")
        need(len(set(open_)) == len(open_) and seen.isdisjoint(open_), "unique ids")
        need(not open_ or role == "assistant", "calls are the assistant's")
        seen.update(open_)
    need(not open_, "the last call is answered")


PARTS = {
    "user": {"text", "image_url", "input_audio", "file"},
    "assistant": {"text", "refusal"},
    "system": {"text"},
    "tool": {"text"},
}


def _check_chat(service: Service, messages: Any) -> None:
    open_: set[str] = set()
    for message in messages:
        role = message["role"]
        known = {"role", "content", "name", "tool_calls", "tool_call_id"}
        need(message.keys() <= known, f"unknown {message.keys() - known}")
        if isinstance(message["content"], list):
            need(message["content"], "parts")
            for part in message["content"]:
                need(isinstance(part, dict) and part["type"] in PARTS[role], f"{role}: {part}")
                need(part.keys() == {"type", part["type"]}, f"unknown {part.keys()}")
        if role == "tool":
            need(message["tool_call_id"] in open_, "a result follows its call")
            open_.discard(message["tool_call_id"])
            continue
        need(not open_, "each call is answered at once")
        calls = message.get("tool_calls") or []
        open_ = {call["id"] for call in calls}
        need(len(open_) == len(calls), "unique ids")
        need(all(len(id_) <= 40 for id_ in open_), "ids of at most 40 characters")
        need(role != "assistant" or message["content"] is not None or calls, "content or calls")
    need(not open_, "the last call is answered")


INPUT = {"input_text", "input_image", "input_file"}


def _check_responses(service: Service, items: Any) -> None:
    open_: set[str] = set()
    for item in items:
        kind = item["type"]
        if kind == "message":
            allowed = {"output_text", "refusal"} if item["role"] == "assistant" else INPUT
            parts = item["content"]
            need(isinstance(parts, str) or all(p["type"] in allowed for p in parts), str(parts))
            need("id" not in item or item["id"].startswith("msg_"), "a message's id")
        elif kind == "reasoning":
            signer = signer_of(item["encrypted_content"])
            need(signer == ("azure_openai", service.model), "own reasoning")
            need(item["id"].startswith("rs_"), "a reasoning's id")
        elif kind == "function_call":
            need(len(item["call_id"]) <= 64, "ids of at most 64 characters")
            need(item["call_id"] not in open_, "unique ids")
            need("id" not in item or item["id"].startswith("fc_"), "a call's id")
            open_.add(item["call_id"])
        elif kind == "function_call_output":
            need(item["call_id"] in open_, "a result follows its call")
            open_.discard(item["call_id"])
            output = item["output"]
            need(isinstance(output, str) or all(p["type"] in INPUT for p in output), str(output))
        else:
            need(kind == "web_search_call", f"an item of type {kind}")
    need(not open_, "each call is answered")


def _check_gemini(service: Service, body: Any) -> None:
    _, contents = body
    need(contents and contents[0].role == "user", "begins with the user")
    need(contents[-1].role == "user", "ends with the user")
    asked = max(i for i, c in enumerate(contents) if _is_asking(c))
    called: list[str] = []
    before = "model"
    for place, content in enumerate(contents):
        need(content.parts, "parts")
        need(content.role == "user" or before == "user", "an answer follows the user")
        before = content.role
        answered = [p.function_response.name for p in content.parts if p.function_response]
        need(sorted(answered) == sorted(called), "each call is answered at once")
        called = [p.function_call.name for p in content.parts if p.function_call]
        signed = [p for p in content.parts if p.function_call and p.thought_signature]
        need(place < asked or not called or signed, "a call of this turn is signed")
        for part in content.parts:
            empty = part.text is not None and not part.text and not part.thought_signature
            need(not empty, "text is not empty")
            need(not part.thought or content.role == "model", "thoughts are the model's")
            if signature := part.thought_signature:
                _check_signature(service, signature)


def _is_asking(content: Any) -> bool:
    said = any(part.text or part.inline_data for part in content.parts)
    return content.role == "user" and said and not _answers(content)


def _answers(content: Any) -> bool:
    return any(part.function_response for part in content.parts)


def _check_signature(service: Service, signature: bytes | str) -> None:
    import base64

    if signature == SENTINEL:
        return
    assert isinstance(signature, bytes)
    signer = signer_of(base64.b64encode(signature).decode())
    need(signer == ("gcp_vertex", service.model), "own signature")


_MAKERS: dict[str, Callable[[str, list[BaseMessage]], Any]] = {
    "bedrock_claude": _converse_request,
    "bedrock_nova": _converse_request,
    "azure_chat": _chat_request,
    "azure_responses": _responses_request,
    "vertex_gemini": _gemini_request,
}
_CHECKS: dict[str, Callable[[Service, Any], None]] = {
    "bedrock_claude": _check_converse,
    "bedrock_nova": _check_converse,
    "azure_chat": _check_chat,
    "azure_responses": _check_responses,
    "vertex_gemini": _check_gemini,
}

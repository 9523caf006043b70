"""Bedrock Converse, ConverseStream and InvokeModel for embeddings."""

import json
import math
from collections.abc import Iterator
from typing import Any

from langchain_multirouter.emulator import embeddings, eventstream
from langchain_multirouter.emulator.answers import dumps, pieces
from langchain_multirouter.emulator.ask import Answer, Ask, Choice, Finish, Role, Tool, Turn
from langchain_multirouter.emulator.signatures import sign
from langchain_multirouter.emulator.wire import (
    Addressed,
    Frame,
    Refusal,
    Reply,
    encode,
    json_reply,
)

_EVENT_STREAM = "application/vnd.amazon.eventstream"
_REDACTED = "[REDACTED]"  # all that Nova tells of its reasoning
_GUARDED = "Sorry, this request was blocked by a guardrail."
_FINISH = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.MALFORMED_TOOL_CALL: "malformed_tool_use",
    Finish.FILTERED: "content_filtered",
    Finish.BLOCKED: "guardrail_intervened",
}
_CODES = {
    400: ("ValidationException", "The request is not valid."),
    401: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    403: (
        "AccessDeniedException",
        "You don't have access to the model with the specified model ID.",
    ),
    404: ("ResourceNotFoundException", "Could not resolve the foundation model."),
    408: ("ModelTimeoutException", "Model has timed out in processing the request."),
    409: ("ConflictException", "The resource is in conflict with another request."),
    424: ("ModelErrorException", "The model returned an error while processing the request."),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    500: ("InternalServerException", "The system encountered an unexpected error. Try again."),
    503: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
}
_EVENTS = {
    400: "validationException",
    424: "modelStreamErrorException",
    429: "throttlingException",
    500: "internalServerException",
}


class BedrockWire:
    """Converse with the binary event stream."""

    provider = "aws_bedrock"
    comment = None
    overflow = Refusal(400, "ValidationException", "Input is too long for requested model.")
    blocked_prompt = None

    def read(self, addressed: Addressed, body: dict[str, Any], fingerprint: str) -> Ask:
        if addressed.verb == "invoke":
            return embeddings.read_bedrock(addressed.model, body, fingerprint)
        settings = body.get("inferenceConfig") or {}
        config = body.get("toolConfig") or {}
        choice, allowed = _choice(config.get("toolChoice") or {})
        return Ask(
            model=addressed.model,
            operation=addressed.operation,
            body=body,
            fingerprint=fingerprint,
            turns=tuple(_turns(body)),
            tools=tuple(_tool(t["toolSpec"]) for t in config.get("tools") or () if "toolSpec" in t),
            choice=choice,
            allowed=allowed,
            schema=_schema(body),
            stop=tuple(settings.get("stopSequences") or ()),
            max_tokens=settings.get("maxTokens"),
            reasons=_reasons(body.get("additionalModelRequestFields") or {}),
        )

    def write(self, ask: Ask, answer: Answer) -> Reply:
        headers = (("x-amzn-requestid", ask.fingerprint[:32]),)
        if ask.operation == "embed":
            return json_reply(embeddings.write_bedrock(ask, answer), headers=headers)
        if ask.operation == "stream":
            frames = tuple(_events(ask, answer))
            return Reply(200, _EVENT_STREAM, frames, streamed=True, headers=headers)
        return json_reply(_converse(ask, answer), headers=headers)

    def refuse(self, refusal: Refusal) -> Reply:
        code, message = _CODES.get(refusal.status, (None, "The request failed."))
        code = refusal.code or code
        headers = [("x-amzn-requestid", "emulated")]
        if code:
            headers.append(("x-amzn-errortype", code))
        if (seconds := refusal.retry_after_seconds) is not None:
            headers.append(("retry-after", str(math.ceil(seconds))))
        body: dict[str, Any] = {"message": refusal.message or message}
        if code == "ModelErrorException":
            body |= {"originalStatusCode": 500, "resourceName": "model"}
        return json_reply(body, status=refusal.status, headers=tuple(headers))

    def refuse_midstream(self, refusal: Refusal) -> Frame:
        kind = refusal.code or _EVENTS.get(refusal.status, "serviceUnavailableException")
        message = refusal.message or "The stream was ended by an error of the service."
        return Frame(eventstream.exception(kind, encode({"message": message})))

    def garble(self, reply: Reply) -> Frame:
        if reply.streamed:
            return Frame(eventstream.corrupt(_text_delta("Hello", 0).data))
        return Frame(reply.data[: len(reply.data) // 2] + b"\x00<<")


def _turns(body: dict[str, Any]) -> Iterator[Turn]:
    for block in body.get("system") or ():
        yield Turn("system", block.get("text", ""))
    for message in body["messages"]:
        role: Role = "assistant" if message["role"] == "assistant" else "user"
        texts, calls = [], []
        for block in message["content"]:
            if "toolResult" in block:
                yield Turn("tool", _result(block["toolResult"]))
            elif "toolUse" in block:
                calls.append(block["toolUse"]["name"])
            elif "text" in block:
                texts.append(block["text"])
        results_only = role == "user" and all("toolResult" in b for b in message["content"])
        if not results_only:
            yield Turn(role, "\n".join(texts), tuple(calls))


def _result(result: dict[str, Any]) -> str:
    parts = (b.get("text") or (dumps(b["json"]) if "json" in b else "") for b in result["content"])
    return " ".join(part for part in parts if part)


def _tool(spec: dict[str, Any]) -> Tool:
    return Tool(spec["name"], (spec.get("inputSchema") or {}).get("json") or {})


def _choice(said: dict[str, Any]) -> tuple[Choice, tuple[str, ...]]:
    if "tool" in said:
        return "required", (said["tool"]["name"],)
    return ("required" if "any" in said else "auto"), ()


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    form = (body.get("outputConfig") or {}).get("textFormat") or {}
    schema = ((form.get("structure") or {}).get("jsonSchema") or {}).get("schema")
    loaded = json.loads(schema) if isinstance(schema, str) else schema
    return loaded if isinstance(loaded, dict) else None


def _reasons(fields: dict[str, Any]) -> bool:
    """Whether the model is asked to think, in Claude's words or in Nova's."""
    said = (fields.get(name) or {} for name in ("thinking", "reasoning_config", "reasoningConfig"))
    return any(settings.get("type") in {"enabled", "adaptive"} for settings in said)


def _reasoning(ask: Ask, answer: Answer) -> dict[str, str]:
    """What the model thought and, but for Nova, the signature of that."""
    if "amazon.nova" in ask.model:
        return {"text": _REDACTED}
    signature = sign("aws_bedrock", ask.model, answer.reasoning)
    return {"text": answer.reasoning, "signature": signature}


def _thinking_tokens(ask: Ask, answer: Answer) -> dict[str, Any]:
    """How many tokens were thought, for those who ask for the model's own account of its usage."""
    if not answer.reasoning or "/usage" not in (
        ask.body.get("additionalModelResponseFieldPaths") or ()
    ):
        return {}
    details = {"output_tokens_details": {"thinking_tokens": answer.reasoning_tokens}}
    return {"additionalModelResponseFields": {"usage": details}}


def _usage(answer: Answer) -> dict[str, Any]:
    """The cache's tokens are none of the input tokens here, and told of where there are any."""
    found = answer.found
    usage: dict[str, Any] = {
        "inputTokens": answer.input_tokens - found.read_tokens - found.written_tokens,
        "outputTokens": answer.output_tokens,
        "totalTokens": answer.input_tokens + answer.output_tokens,
    }
    if found.read_tokens or found.written_tokens:
        usage["cacheReadInputTokens"] = found.read_tokens
        usage["cacheWriteInputTokens"] = found.written_tokens
    if found.written_tokens:
        ttl = "1h" if found.for_an_hour else "5m"
        usage["cacheDetails"] = [{"ttl": ttl, "inputTokens": found.written_tokens}]
    return usage


def _text(answer: Answer) -> str:
    return _GUARDED if answer.finish is Finish.BLOCKED else answer.text


def _converse(ask: Ask, answer: Answer) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if answer.reasoning:
        content.append({"reasoningContent": {"reasoningText": _reasoning(ask, answer)}})
    if text := _text(answer):
        content.append({"text": text})
    for call in answer.calls:
        use = {"toolUseId": "tooluse_" + call.id, "name": call.name, "input": call.arguments}
        content.append({"toolUse": use})
    body: dict[str, Any] = {"metrics": {"latencyMs": 1}, "usage": _usage(answer)}
    body |= _thinking_tokens(ask, answer)
    if answer.finish is not Finish.NOTHING:
        body["output"] = {"message": {"role": "assistant", "content": content}}
    if answer.finish in _FINISH:
        body["stopReason"] = _FINISH[answer.finish]
    return body


def _event(kind: str, payload: dict[str, Any], *, content: bool = False) -> Frame:
    # The service pads payloads to hide their length; clients ignore the member.
    return Frame(eventstream.event(kind, encode({**payload, "p": "abcdefgh"})), content=content)


def _text_delta(text: str, index: int) -> Frame:
    payload = {"contentBlockIndex": index, "delta": {"text": text}}
    return _event("contentBlockDelta", payload, content=True)


def _reasoning_events(ask: Ask, answer: Answer) -> Iterator[Frame]:
    told = _reasoning(ask, answer)
    for piece in pieces(told["text"]):
        delta = {"reasoningContent": {"text": piece}}
        yield _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}, content=True)
    if "signature" in told:
        delta = {"reasoningContent": {"signature": told["signature"]}}
        yield _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield _event("contentBlockStop", {"contentBlockIndex": 0})


def _events(ask: Ask, answer: Answer) -> Iterator[Frame]:
    if answer.finish is not Finish.NOTHING:
        yield _event("messageStart", {"role": "assistant"})
        index = 0
        if answer.reasoning:
            yield from _reasoning_events(ask, answer)
            index += 1
        if parts := pieces(_text(answer)):
            for piece in parts:
                yield _text_delta(piece, index)
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        for call in answer.calls:
            use = {"toolUseId": "tooluse_" + call.id, "name": call.name}
            start = {"contentBlockIndex": index, "start": {"toolUse": use}}
            yield _event("contentBlockStart", start, content=True)
            for piece in pieces(dumps(dict(call.arguments))):
                delta = {"contentBlockIndex": index, "delta": {"toolUse": {"input": piece}}}
                yield _event("contentBlockDelta", delta, content=True)
            yield _event("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        if answer.finish in _FINISH:
            stop = {"stopReason": _FINISH[answer.finish], **_thinking_tokens(ask, answer)}
            yield _event("messageStop", stop)
    yield _event("metadata", {"usage": _usage(answer), "metrics": {"latencyMs": 1}})

"""Vertex AI's Gemini: generateContent, streamGenerateContent and text embeddings."""

import math
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from langchain_multirouter.emulator import embeddings
from langchain_multirouter.emulator.answers import dumps, pieces
from langchain_multirouter.emulator.ask import Answer, Ask, Choice, Finish, Role, Tool, Turn
from langchain_multirouter.emulator.signatures import sign
from langchain_multirouter.emulator.wire import (
    JSON,
    SSE,
    Addressed,
    Frame,
    Refusal,
    Reply,
    encode,
    json_reply,
    sse,
)

_FINISH = {
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.TOOL_CALLS: "STOP",
    Finish.MALFORMED_TOOL_CALL: "MALFORMED_FUNCTION_CALL",
    Finish.FILTERED: "SAFETY",
}
_STATUSES = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource."),
    404: ("NOT_FOUND", "Publisher Model was not found or your project does not have access to it."),
    408: ("DEADLINE_EXCEEDED", "The request timed out."),
    409: ("ABORTED", "The operation was aborted."),
    429: ("RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
    499: ("CANCELLED", "The operation was cancelled."),
    500: ("INTERNAL", "Internal error encountered."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
_TYPES = ("string", "string", "number", "integer", "boolean", "array", "object", "null")


class VertexWire:
    """Gemini over REST; server-sent events with `alt=sse`, else one JSON array."""

    provider = "gcp_vertex"
    comment = b": keep-alive\r\n\r\n"
    overflow = Refusal(
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    )
    blocked_prompt = None

    def read(self, addressed: Addressed, body: dict[str, Any], fingerprint: str) -> Ask:
        if addressed.operation == "embed":
            return embeddings.read_vertex(addressed, body, fingerprint)
        settings = _get(body, "generationConfig") or {}
        choice, allowed = _choice(body)
        schema = _get(settings, "responseJsonSchema") or _get(settings, "responseSchema")
        return Ask(
            model=addressed.model,
            answers_as=addressed.model,
            operation=addressed.operation,
            body=body,
            fingerprint=fingerprint,
            turns=tuple(_turns(body)),
            tools=tuple(_tools(body)),
            choice=choice,
            allowed=allowed,
            schema=schema,
            json_mode=_get(settings, "responseMimeType") == "application/json",
            stop=tuple(_get(settings, "stopSequences") or ()),
            max_tokens=_get(settings, "maxOutputTokens"),
            reasons=_reasons(_get(settings, "thinkingConfig") or {}),
            array_stream="alt=sse" not in addressed.query,
        )

    def write(self, ask: Ask, answer: Answer) -> Reply:
        if ask.operation == "embed":
            return json_reply(embeddings.write_vertex(ask, answer))
        if ask.operation == "generate":
            return json_reply(_response(ask, answer, _parts(ask, answer), last=True))
        chunks = list(_chunks(ask, answer))
        if ask.array_stream:
            return Reply(200, JSON, tuple(_array(chunks)), streamed=True)
        frames = tuple(sse(chunk, content=_carries_text(chunk)) for chunk in chunks)
        return Reply(200, SSE, frames, streamed=True)

    def refuse(self, refusal: Refusal) -> Reply:
        headers: tuple[tuple[str, str], ...] = ()
        if (seconds := refusal.retry_after_seconds) is not None:
            headers = (("retry-after", str(math.ceil(seconds))),)
        return json_reply(_error(refusal), status=refusal.status, headers=headers)

    def refuse_midstream(self, refusal: Refusal) -> Frame:
        return sse(_error(refusal))

    def garble(self, reply: Reply) -> Frame:
        if reply.streamed:
            return Frame(b'data: {"candidates":[{"content":{"par\r\n\r\n')
        return Frame(reply.data[: len(reply.data) // 2] + b"\x00<<")


def _error(refusal: Refusal) -> dict[str, Any]:
    fallback = ("UNKNOWN", _phrase(refusal.status))
    status, message = _STATUSES.get(refusal.status, fallback)
    error: dict[str, Any] = {
        "code": refusal.status,
        "message": refusal.message or message,
        "status": refusal.code or status,
    }
    if refusal.retry_after_seconds is not None:
        delay = f"{refusal.retry_after_seconds:g}s"
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": delay}]
    return {"error": error}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "The request failed."


def _get(value: Mapping[str, Any], name: str) -> Any:
    """A member under its camelCase or its snake_case name: the service takes both."""
    if name in value:
        return value[name]
    return value.get("".join("_" + c.lower() if c.isupper() else c for c in name))


def _turns(body: dict[str, Any]) -> Iterator[Turn]:
    if isinstance(system := _get(body, "systemInstruction"), dict):
        yield Turn("system", _joined(system.get("parts") or ()))
    for content in body["contents"]:
        role: Role = "assistant" if content.get("role") == "model" else "user"
        parts = content.get("parts") or []
        calls = tuple(call["name"] for p in parts if (call := _get(p, "functionCall")))
        results = [found for p in parts if (found := _get(p, "functionResponse"))]
        yield from (Turn("tool", _result(r), name=r.get("name", "")) for r in results)
        if len(results) < len(parts) or not parts:
            yield Turn(role, _joined(parts), calls)


def _joined(parts: Any) -> str:
    return "\n".join(part["text"] for part in parts if part.get("text"))


def _result(result: dict[str, Any]) -> str:
    response = result.get("response")
    if isinstance(response, dict) and len(response) == 1:
        response = next(iter(response.values()))
    return response if isinstance(response, str) else dumps(response)


def _tools(body: dict[str, Any]) -> Iterator[Tool]:
    for tool in body.get("tools") or ():
        for declared in _get(tool, "functionDeclarations") or ():
            schema = _get(declared, "parametersJsonSchema") or declared.get("parameters") or {}
            yield Tool(declared["name"], _spelled(schema))


def _spelled(schema: Any) -> Any:
    """The schema with its types in words: some clients send the numbers of the enumeration."""
    if isinstance(schema, list):
        return [_spelled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    named = {"type": _TYPES[kind]} if isinstance(kind, int) and kind < len(_TYPES) else {}
    return {**{key: _spelled(value) for key, value in schema.items()}, **named}


def _choice(body: dict[str, Any]) -> tuple[Choice, tuple[str, ...]]:
    config = _get(_get(body, "toolConfig") or {}, "functionCallingConfig") or {}
    allowed = tuple(_get(config, "allowedFunctionNames") or ())
    match str(config.get("mode", "AUTO")).upper():
        case "ANY" | "2":
            return "required", allowed
        case "NONE" | "3":
            return "none", ()
        case _:
            return "auto", ()


def _reasons(said: dict[str, Any]) -> bool:
    """Whether thoughts are asked for, or thinking as such; a budget of 0 is none."""
    return bool(
        _get(said, "includeThoughts") or _get(said, "thinkingBudget") or _get(said, "thinkingLevel")
    )


def _thoughts(ask: Ask, answer: Answer) -> str:
    """What the model thought, where the request wants to see it."""
    settings = _get(ask.body, "generationConfig") or {}
    shown = _get(_get(settings, "thinkingConfig") or {}, "includeThoughts")
    return answer.reasoning if shown else ""


def _signed(ask: Ask, answer: Answer, part: dict[str, Any]) -> dict[str, Any]:
    """The part that bears the signature of the thoughts before it, if there were any."""
    if not answer.reasoning:
        return part
    return {**part, "thoughtSignature": sign("gcp_vertex", ask.model, answer.reasoning)}


def _calls(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    calls = ({"name": call.name, "args": call.arguments} for call in answer.calls)
    parts: list[dict[str, Any]] = [{"functionCall": call} for call in calls]
    return [_signed(ask, answer, part) for part in parts[:1]] + parts[1:]


def _parts(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    thoughts = _thoughts(ask, answer)
    parts: list[dict[str, Any]] = [{"text": thoughts, "thought": True}] if thoughts else []
    if answer.text:
        part = {"text": answer.text}
        parts.append(part if answer.calls else _signed(ask, answer, part))
    return parts + _calls(ask, answer)


def _response(ask: Ask, answer: Answer, parts: list[dict[str, Any]], *, last: bool) -> Any:
    """One response object: the whole answer, or one chunk of it."""
    body: dict[str, Any] = {"modelVersion": ask.answers_as, "responseId": ask.fingerprint[:22]}
    if answer.finish is Finish.BLOCKED:
        body["promptFeedback"] = {"blockReason": "SAFETY", "blockReasonMessage": "Blocked."}
    elif answer.finish is not Finish.NOTHING:
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if answer.finish in {Finish.FILTERED, Finish.MALFORMED_TOOL_CALL}:
            candidate["content"] = {"role": "model"}
        if last and answer.finish in _FINISH:
            candidate["finishReason"] = _FINISH[answer.finish]
        body["candidates"] = [candidate]
    if last:
        body["usageMetadata"] = usage = {
            "promptTokenCount": answer.input_tokens,
            "candidatesTokenCount": answer.output_tokens - answer.reasoning_tokens,
            "totalTokenCount": answer.input_tokens + answer.output_tokens,
        }
        if cached := answer.found.read_tokens:
            usage["cachedContentTokenCount"] = cached
        if answer.reasoning_tokens:
            usage["thoughtsTokenCount"] = answer.reasoning_tokens
    return body


def _chunks(ask: Ask, answer: Answer) -> Iterator[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"text": piece, "thought": True} for piece in pieces(_thoughts(ask, answer))
    ]
    parts += [{"text": piece} for piece in pieces(answer.text)]
    for part in parts + _calls(ask, answer):
        yield _response(ask, answer, [part], last=False)
    end: dict[str, Any] = {"text": ""}
    if answer.text and not answer.calls:
        end = _signed(ask, answer, end)  # in a stream it comes after the text that it is for
    yield _response(ask, answer, [end], last=True)


def _carries_text(chunk: dict[str, Any]) -> bool:
    return "usageMetadata" not in chunk


def _array(chunks: list[dict[str, Any]]) -> Iterator[Frame]:
    """The chunks as one JSON array, which is how the service streams without `alt=sse`."""
    for index, chunk in enumerate(chunks):
        opening = b"[" if index == 0 else b",\r\n"
        yield Frame(opening + encode(chunk), content=_carries_text(chunk))
    yield Frame(b"]")

"""Azure OpenAI chat completions and embeddings, as the 2024-10-21 API speaks them."""

import math
from collections.abc import Iterator
from typing import Any

from langchain_multirouter.emulator import embeddings
from langchain_multirouter.emulator.answers import dumps, pieces
from langchain_multirouter.emulator.ask import Answer, Ask, Choice, Finish, Role, Tool, Turn
from langchain_multirouter.emulator.wire import (
    DONE,
    SSE,
    Addressed,
    Frame,
    Refusal,
    Reply,
    json_reply,
    sse,
)

_CREATED = 1_735_689_600  # a constant, so that the same request has the same answer
_FINISH = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "tool_calls",
    Finish.MALFORMED_TOOL_CALL: "tool_calls",
    Finish.FILTERED: "content_filter",
    Finish.BLOCKED: "content_filter",
}
_CODES = {
    401: ("401", "Access denied due to invalid subscription key or wrong API endpoint."),
    403: ("PermissionDenied", "The principal lacks the required data action."),
    404: ("DeploymentNotFound", "The API deployment for this resource does not exist."),
    408: ("RequestTimeout", "The request timed out."),
    429: ("429", "Requests have exceeded the call rate limit of your pricing tier. Please retry."),
    500: ("InternalServerError", "The server had an error while processing your request."),
    503: ("ServiceUnavailable", "The service is temporarily unable to process your request."),
}
_SAFE = {"filtered": False, "severity": "safe"}
_FILTERS = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class AzureOpenAIWire:
    """Chat completions with server-sent events."""

    provider = "azure_openai"
    comment = b": keep-alive\r\n\r\n"
    overflow = Refusal(
        400,
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in "
        "131072 tokens. Please reduce the length of the messages.",
    )
    about = "messages"
    blocked_prompt = Refusal(
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry.",
    )

    def read(self, addressed: Addressed, body: dict[str, Any], fingerprint: str) -> Ask:
        model = addressed.model or str(body.get("model") or "")
        answers_as = str(body.get("model") or model)
        if addressed.verb == "embeddings":
            return embeddings.read_azure(model, answers_as, body, fingerprint)
        form = body.get("response_format") or {}
        choice, allowed = _choice(body.get("tool_choice"))
        stop = body.get("stop") or ()
        return Ask(
            model=model,
            answers_as=answers_as,
            operation="stream" if body.get("stream") else "generate",
            body=body,
            fingerprint=fingerprint,
            turns=tuple(_turn(message) for message in body["messages"]),
            tools=tuple(_tool(tool["function"]) for tool in body.get("tools") or ()),
            choice=choice,
            allowed=allowed,
            parallel=body.get("parallel_tool_calls") is not False,
            schema=(form.get("json_schema") or {}).get("schema"),
            json_mode=form.get("type") == "json_object",
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            reasons=body.get("reasoning_effort") not in {None, "none"},
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def write(self, ask: Ask, answer: Answer) -> Reply:
        if ask.operation == "embed":
            return json_reply(embeddings.write_azure(ask, answer))
        if ask.operation == "stream":
            return Reply(200, SSE, tuple(_events(ask, answer)), streamed=True)
        return json_reply(_completion(ask, answer))

    def refuse(self, refusal: Refusal) -> Reply:
        headers: list[tuple[str, str]] = []
        if (seconds := refusal.retry_after_seconds) is not None:
            headers.append(("retry-after", str(math.ceil(seconds))))
            headers.append(("retry-after-ms", str(round(seconds * 1000))))
        return json_reply(
            _error(refusal, self.about), status=refusal.status, headers=tuple(headers)
        )

    def refuse_midstream(self, refusal: Refusal) -> Frame:
        return sse(_error(refusal, self.about))

    def garble(self, reply: Reply) -> Frame:
        if reply.streamed:
            return Frame(b'data: {"id":"chatcmpl-broken","choices":[{"delta":{"con\r\n\r\n')
        return Frame(reply.data[: len(reply.data) // 2] + b"\x00<<")


def _error(refusal: Refusal, about: str) -> dict[str, Any]:
    if refusal.kind is not None:
        said = {"message": refusal.message, "type": refusal.kind, "param": refusal.param}
        return {"error": {**said, "code": refusal.code}}
    code, message = _CODES.get(refusal.status, (str(refusal.status), "The request failed."))
    code, message = refusal.code or code, refusal.message or message
    error: dict[str, Any] = {"code": code, "message": message, "type": None, "param": None}
    if code == "insufficient_quota":
        error["type"] = code
    elif code == "content_filter":
        caught = {**_FILTERS, "violence": {"filtered": True, "severity": "medium"}}
        error |= {"param": "prompt", "status": 400}
        error["innererror"] = {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": caught,
        }
    elif code == "context_length_exceeded":
        error |= {"type": "invalid_request_error", "param": about}
    return {"error": error}


def _turn(message: dict[str, Any]) -> Turn:
    content = message.get("content") or ""
    if not isinstance(content, str):
        content = "\n".join(part["text"] for part in content if part.get("type") == "text")
    calls = tuple(call["function"]["name"] for call in message.get("tool_calls") or ())
    return Turn(_ROLES.get(message["role"], "user"), content, calls)


def _tool(function: dict[str, Any]) -> Tool:
    return Tool(function["name"], function.get("parameters") or {})


def _choice(said: Any) -> tuple[Choice, tuple[str, ...]]:
    match said:
        case "none":
            return "none", ()
        case "required" | "any":
            return "required", ()
        case {"function": {"name": name}}:
            return "required", (name,)
        case _:
            return "auto", ()


def _usage(answer: Answer) -> dict[str, Any]:
    read = {"audio_tokens": 0, "cached_tokens": answer.found.read_tokens}
    if written := answer.found.written_tokens:
        read["cache_write_tokens"] = written
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": read,
        "completion_tokens_details": {
            "audio_tokens": 0,
            "reasoning_tokens": answer.reasoning_tokens,
        },
    }


def _calls(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    if answer.finish is Finish.MALFORMED_TOOL_CALL:
        name = ask.tools[0].name if ask.tools else "unknown"
        broken = {"name": name, "arguments": 'value=1, unit="metres'}
        return [{"id": "call_" + ask.fingerprint[:22], "type": "function", "function": broken}]
    return [
        {
            "id": "call_" + call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": dumps(dict(call.arguments))},
        }
        for call in answer.calls
    ]


def _envelope(ask: Ask, kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-" + ask.fingerprint[:29],
        "object": kind,
        "created": _CREATED,
        "model": ask.answers_as,
        "system_fingerprint": "fp_emulated",
    }


def _completion(ask: Ask, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if calls := _calls(ask, answer):
        message |= {"content": answer.text or None, "tool_calls": calls}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": _FINISH.get(answer.finish),
        "logprobs": None,
        "content_filter_results": _FILTERS,
    }
    return {
        **_envelope(ask, "chat.completion"),
        "choices": [] if answer.finish is Finish.NOTHING else [choice],
        "usage": _usage(answer),
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _FILTERS}],
    }


def _events(ask: Ask, answer: Answer) -> Iterator[Frame]:
    envelope = _envelope(ask, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], *, finish: str | None = None, content: bool = False) -> Frame:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return sse({**envelope, "choices": [choice]}, content=content)

    yield sse(
        {
            "choices": [],
            "created": 0,
            "id": "",
            "model": "",
            "object": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _FILTERS}],
        }
    )
    if answer.finish is not Finish.NOTHING:
        yield chunk({"role": "assistant", "content": "", "refusal": None})
        for piece in pieces(answer.text):
            yield chunk({"content": piece}, content=True)
        for index, call in enumerate(_calls(ask, answer)):
            arguments = call["function"]["arguments"]
            opened = {**call["function"], "arguments": ""}
            yield chunk(
                {"tool_calls": [{**call, "index": index, "function": opened}]}, content=True
            )
            for piece in pieces(arguments):
                delta = {"index": index, "function": {"arguments": piece}}
                yield chunk({"tool_calls": [delta]}, content=True)
        if answer.finish in _FINISH:
            yield chunk({}, finish=_FINISH[answer.finish])
    if ask.include_usage:
        yield sse({**envelope, "choices": [], "usage": _usage(answer)})
    yield Frame(DONE)

"""Azure OpenAI's Responses API: typed items in, typed items out, whole or as typed events."""

from collections.abc import Iterator
from typing import Any

from langchain_multirouter.emulator import responses_answer
from langchain_multirouter.emulator.ask import Answer, Ask, Choice, Role, Tool, Turn
from langchain_multirouter.emulator.azure_openai import AzureOpenAIWire
from langchain_multirouter.emulator.wire import SSE, Addressed, Frame, Refusal, Reply, json_reply

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "user": "user",
}
_LEAST_TOKENS = 16
_CODES = {429: "rate_limit_exceeded"}
_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_OTHER_PARTS = frozenset({"input_image", "input_file", "input_audio"})


class ResponsesWire(AzureOpenAIWire):
    """The Responses API. It keeps nothing: what refers to an earlier response is not found."""

    overflow = Refusal(
        400,
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and retry.",
    )
    about = "input"

    def read(self, addressed: Addressed, body: dict[str, Any], fingerprint: str) -> Ask:
        if (earlier := body.get("previous_response_id")) is not None:
            raise ValueError(f"Previous response with id '{earlier}' not found.")
        limit = body.get("max_output_tokens")
        if limit is not None and limit < _LEAST_TOKENS:
            raise ValueError(f"Expected a value >= {_LEAST_TOKENS}, but got {limit} instead.")
        form = (body.get("text") or {}).get("format") or {}
        choice, allowed = _choice(body.get("tool_choice"))
        tools = (tool for tool in body.get("tools") or () if tool["type"] == "function")
        return Ask(
            model=addressed.model or str(body["model"]),
            answers_as=str(body.get("model") or addressed.model),
            operation="stream" if body.get("stream") else "generate",
            body=body,
            fingerprint=fingerprint,
            turns=tuple(_turns(body)),
            tools=tuple(Tool(tool["name"], tool.get("parameters") or {}) for tool in tools),
            choice=choice,
            allowed=allowed,
            parallel=body.get("parallel_tool_calls") is not False,
            schema=form["schema"] if form.get("type") == "json_schema" else None,
            json_mode=form.get("type") == "json_object",
            max_tokens=limit,
            reasons=_reasons(body.get("reasoning")),
        )

    def write(self, ask: Ask, answer: Answer) -> Reply:
        if ask.operation == "stream":
            events = tuple(responses_answer.events(ask, answer))
            return Reply(200, SSE, events, streamed=True)
        return json_reply(responses_answer.whole(ask, answer))

    def refuse_midstream(self, refusal: Refusal) -> Frame:
        """An error event, with its error within as the service really has it.

        Over a rate limit it is the response that failed: that is how Azure says so in a stream.
        """
        code = refusal.code or _CODES.get(refusal.status, "server_error")
        message = refusal.message or "An error occurred while processing your request."
        error: dict[str, Any] = {"code": code, "message": message}
        if code == _CODES[429]:
            return responses_answer.failed(error)
        error |= {"type": code, "param": None}
        return responses_answer.framed({"type": "error", "error": error, "sequence_number": 0})

    def garble(self, reply: Reply) -> Frame:
        if not reply.streamed:
            return super().garble(reply)
        kind = b"response.output_text.delta"
        return Frame(b"event: " + kind + b'\r\ndata: {"type":"' + kind + b'","del\r\n\r\n')


def _turns(body: dict[str, Any]) -> Iterator[Turn]:
    if instructions := body.get("instructions"):
        yield Turn("system", instructions)
    said = body["input"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    for item in items:
        match item.get("type", "message"):
            case "message":
                yield Turn(_ROLES[item["role"]], _text(item["content"]))
            case "function_call":
                yield Turn("assistant", calls=(item["name"],))
            case "function_call_output":
                yield Turn("tool", _text(item["output"]))
            case "reasoning":
                continue  # a model's own, which it has thought already
            case "item_reference":
                raise ValueError(f"Item with id '{item['id']}' not found.")
            case kind:
                raise ValueError(f"Invalid value: '{kind}', for the type of an input item.")


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = [part[_TEXTS[part["type"]]] for part in content if part["type"] not in _OTHER_PARTS]
    return "\n".join(texts)


def _choice(said: Any) -> tuple[Choice, tuple[str, ...]]:
    match said:
        case "none":
            return "none", ()
        case "required":
            return "required", ()
        case {"type": "function", "name": name}:
            return "required", (name,)
        case {"type": "allowed_tools", "mode": mode, "tools": tools}:
            allowed = tuple(tool["name"] for tool in tools)
            return ("required" if mode == "required" else "auto"), allowed
        case _:
            return "auto", ()


def _reasons(said: Any) -> bool:
    return bool(said) and said.get("effort") != "none"

"""The Responses API's answers: output items, and the events that tell of them piece by piece."""

from collections.abc import Iterator
from typing import Any

from langchain_multirouter.emulator.answers import dumps, pieces
from langchain_multirouter.emulator.ask import Answer, Ask, Finish
from langchain_multirouter.emulator.signatures import sign
from langchain_multirouter.emulator.wire import Frame, encode

_CREATED = 1_735_689_600  # a constant, so that the same request has the same answer
_INCOMPLETE = {
    Finish.LENGTH: "max_output_tokens",
    Finish.FILTERED: "content_filter",
    Finish.BLOCKED: "content_filter",
}
_BROKEN = 'value=1, unit="metres'

_Item = dict[str, Any]
_Told = Iterator[tuple[_Item, bool]]  # an event, and whether it carries part of the answer


def whole(ask: Ask, answer: Answer) -> dict[str, Any]:
    """The response object."""
    reason = _INCOMPLETE.get(answer.finish)
    read = {"cached_tokens": answer.found.read_tokens}
    if written := answer.found.written_tokens:
        read["cache_write_tokens"] = written
    response = {
        **_opened(ask),
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": _items(ask, answer),
        "usage": {
            "input_tokens": answer.input_tokens,
            "input_tokens_details": read,
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
            "total_tokens": answer.input_tokens + answer.output_tokens,
        },
    }
    if answer.finish is Finish.UNSAID:
        response["status"] = None
    return response


def events(ask: Ask, answer: Answer) -> Iterator[Frame]:
    """The response as numbered events; without its last where the finish is unsaid."""
    for number, (event, content) in enumerate(_told(ask, answer)):
        yield framed({**event, "sequence_number": number}, content=content)


def failed(error: dict[str, Any]) -> Frame:
    """The event of a response that failed with an error."""
    response = {"id": "resp_failed", "object": "response", "status": "failed", "output": []}
    event = {"type": "response.failed", "response": {**response, "error": error}}
    return framed({**event, "sequence_number": 0})


def framed(event: _Item, *, content: bool = False) -> Frame:
    """One event under its name."""
    name = event["type"].encode()
    data = b"event: " + name + b"\r\ndata: " + encode(event) + b"\r\n\r\n"
    return Frame(data, content=content)


def _opened(ask: Ask) -> dict[str, Any]:
    """The response object before anything is said."""
    body = ask.body
    settings = body.get("reasoning") or {}
    form = body.get("text") or {}
    return {
        "id": "resp_" + ask.fingerprint[:48],
        "object": "response",
        "created_at": _CREATED,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": ask.max_tokens,
        "metadata": body.get("metadata") or {},
        "model": ask.answers_as,
        "output": [],
        "parallel_tool_calls": ask.parallel,
        "previous_response_id": None,
        "reasoning": {"effort": settings.get("effort"), "summary": settings.get("summary")},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {**form, "format": form.get("format") or {"type": "text"}},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation") or "disabled",
        "usage": None,
        "user": body.get("user"),
    }


def _items(ask: Ask, answer: Answer) -> list[_Item]:
    if answer.finish is Finish.NOTHING:
        return []
    items = [_reasoning(ask, answer)] if answer.reasoning else []
    status = "incomplete" if answer.finish in _INCOMPLETE else "completed"
    if answer.text or answer.finish is Finish.STOP:
        part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        message = {"id": "msg_" + ask.fingerprint[:48], "type": "message", "status": status}
        items.append({**message, "role": "assistant", "content": [part]})
    called = [(call.id, call.name, dumps(dict(call.arguments))) for call in answer.calls]
    if answer.finish is Finish.MALFORMED_TOOL_CALL:
        name = ask.tools[0].name if ask.tools else "unknown"
        called = [(ask.fingerprint[:22], name, _BROKEN)]
    for id, name, arguments in called:
        call = {"type": "function_call", "id": "fc_" + id, "call_id": "call_" + id}
        items.append({**call, "name": name, "arguments": arguments, "status": status})
    return items


def _reasoning(ask: Ask, answer: Answer) -> _Item:
    """The summary where one was asked for, and what only the service can read likewise."""
    told = answer.reasoning.split("\n\n") if (ask.body["reasoning"]).get("summary") else []
    summary = [{"type": "summary_text", "text": paragraph} for paragraph in told]
    item = {"id": "rs_" + ask.fingerprint[:48], "type": "reasoning", "summary": summary}
    if "reasoning.encrypted_content" in (ask.body.get("include") or ()):
        item["encrypted_content"] = sign("azure_openai", ask.model, answer.reasoning)
    return item


def _told(ask: Ask, answer: Answer) -> _Told:
    opened, response = _opened(ask), whole(ask, answer)
    yield {"type": "response.created", "response": opened}, False
    yield {"type": "response.in_progress", "response": opened}, False
    for index, item in enumerate(response["output"]):
        opening, middle = _OF_KIND[item["type"]](item)
        place = {"output_index": index}
        carries = item["type"] == "function_call"
        yield {"type": "response.output_item.added", **place, "item": opening}, carries
        for event, content in middle:
            yield {**event, **place, "item_id": item["id"]}, content
        yield {"type": "response.output_item.done", **place, "item": item}, False
    if answer.finish is not Finish.UNSAID:
        yield {"type": f"response.{response['status']}", "response": response}, False


def _message_events(item: _Item) -> tuple[_Item, _Told]:
    return {**item, "status": "in_progress", "content": []}, _text_events(item["content"])


def _text_events(parts: list[_Item]) -> _Told:
    for index, part in enumerate(parts):
        place = {"content_index": index}
        text = "response.output_text"
        opening = {**part, "text": ""}
        yield {"type": "response.content_part.added", **place, "part": opening}, False
        for piece in pieces(part["text"]):
            yield {"type": f"{text}.delta", **place, "delta": piece, "logprobs": []}, True
        yield {"type": f"{text}.done", **place, "text": part["text"], "logprobs": []}, False
        yield {"type": "response.content_part.done", **place, "part": part}, False


def _call_events(item: _Item) -> tuple[_Item, _Told]:
    return {**item, "status": "in_progress", "arguments": ""}, _argument_events(item)


def _argument_events(item: _Item) -> _Told:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", "delta": piece}, True
    yield {"type": f"{kind}.done", "name": item["name"], "arguments": item["arguments"]}, False


def _reasoning_events(item: _Item) -> tuple[_Item, _Told]:
    return {**item, "summary": []}, _summary_events(item["summary"])


def _summary_events(parts: list[_Item]) -> _Told:
    kind = "response.reasoning_summary"
    for index, part in enumerate(parts):
        place = {"summary_index": index}
        yield {"type": f"{kind}_part.added", **place, "part": {**part, "text": ""}}, False
        for piece in pieces(part["text"]):
            yield {"type": f"{kind}_text.delta", **place, "delta": piece}, True
        yield {"type": f"{kind}_text.done", **place, "text": part["text"]}, False
        yield {"type": f"{kind}_part.done", **place, "part": part}, False


_OF_KIND = {
    "message": _message_events,
    "function_call": _call_events,
    "reasoning": _reasoning_events,
}

"""What Azure OpenAI refuses of a response: its input's items, ids, tools and text format.

Where no other source is named, a rule has the service's own message. A chain of responses
(`previous_response_id`, `conversation`) is kept by the service, so what is asked of an input as a
whole is asked only where there is none. So is which reasoning it has stored, unless it was told to
store nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.rules_openai import (
    bad_answer_schema,
    bad_function,
    bad_name,
    invalid,
    missing,
    names,
    not_supported,
    not_text,
    out_of_range,
    too_long,
    tool_count,
    unknown,
)
from langchain_multirouter.emulator.signatures import signer_of
from langchain_multirouter.emulator.wire import Refusal

_Body = Mapping[str, Any]

# The members of openai's ResponseCreateParams.
_PARAMETERS = names(
    "access_programs background background_options context_management conversation include "
    "input instructions max_output_tokens max_tool_calls metadata model moderation "
    "parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options "
    "prompt_cache_retention reasoning safety_identifier service_tier store stream "
    "stream_options temperature text tool_choice tools top_logprobs top_p truncation user"
)
_MOVED = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
}
_CHAINED = ("previous_response_id", "conversation")
_ROLES = ("assistant", "system", "developer", "user")
_HEARD = ("input_text", "input_image", "input_file")
_SAID = ("output_text", "refusal")
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fc",
    "reasoning": "rs",
    "custom_tool_call": "ctc",
}
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_ID, _LEAST_TOKENS = 64, 16


def _parameters(model: str, body: _Body) -> Iterator[Refusal]:
    for name in sorted(set(body) - _PARAMETERS):
        if name in _MOVED:
            text = (
                f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved "
                f"to '{_MOVED[name]}'. Try again with the new parameter."
            )
            yield invalid(text, name, "unsupported_parameter")
        yield unknown(name)
    if not any(body.get(name) for name in ("input", "prompt", *_CHAINED)):
        yield missing("input")
    yield from out_of_range(body)
    most = body.get("max_output_tokens")
    if most is not None and most < _LEAST_TOKENS:
        text = (
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
            f"{_LEAST_TOKENS}, but got {most} instead."
        )
        yield invalid(text, "max_output_tokens", "integer_below_min_value")


def _items(body: _Body) -> list[_Body]:
    given = body.get("input")
    return given if isinstance(given, list) else []


def _kind(item: _Body) -> str:
    return str(item.get("type") or ("message" if "role" in item else "item_reference"))


def _forms(model: str, body: _Body) -> Iterator[Refusal]:
    for index, item in enumerate(_items(body)):
        place = f"input[{index}]"
        match _kind(item):
            case "message":
                yield from _message(item, place)
            case "function_call":
                yield from not_text(item.get("call_id"), f"{place}.call_id")
                yield from bad_name(item.get("name"), f"{place}.name")
                yield from not_text(item.get("arguments"), f"{place}.arguments")
            case "function_call_output":
                yield from not_text(item.get("call_id"), f"{place}.call_id")
                if item.get("output") is None:
                    yield missing(f"{place}.output")
            case "reasoning" if not isinstance(item.get("summary"), list):
                yield missing(f"{place}.summary")
        if isinstance(item.get("call_id"), str):
            yield from too_long(item["call_id"], _LONGEST_ID, f"{place}.call_id")


def _message(item: _Body, place: str) -> Iterator[Refusal]:
    role = item.get("role")
    if role not in _ROLES:
        yield not_supported(role, _ROLES, f"{place}.role")
    content = item.get("content")
    if content is None:
        yield missing(f"{place}.content")
    if isinstance(content, str):
        return
    kinds = _SAID if role == "assistant" else _HEARD
    for number, part in enumerate(content or ()):
        if part.get("type") not in kinds:
            yield not_supported(part.get("type"), kinds, f"{place}.content[{number}]")


def _ids(model: str, body: _Body) -> Iterator[Refusal]:
    for index, item in enumerate(_items(body)):
        name, place = item.get("id"), f"input[{index}].id"
        if name is None:
            continue
        if not _ID.fullmatch(name):
            text = (
                f"Invalid '{place}': '{name}'. Expected an ID that contains letters, numbers, "
                "underscores, or dashes, but this value contained additional characters."
            )
            yield invalid(text, place, "invalid_value")
        yield from too_long(name, _LONGEST_ID, place)
        prefix = _PREFIXES.get(_kind(item), "")
        if not name.startswith(prefix):
            text = f"Invalid '{place}': '{name}'. Expected an ID that begins with '{prefix}'."
            yield invalid(text, place, "invalid_value")
    counted = Counter(item["id"] for item in _items(body) if item.get("id"))
    for name in (name for name, count in counted.items() if count > 1):
        text = (
            f"Duplicate item found with id {name}. Remove duplicate items from your input and try "
            "again."
        )
        yield invalid(text, "input")


def _results(model: str, body: _Body) -> Iterator[Refusal]:
    """Each call has its output after it in the input, and no output is without its call."""
    called, answered = [], set()
    for item in _items(body):
        if _kind(item) == "function_call":
            called.append(item["call_id"])
        if _kind(item) == "function_call_output":
            name = item["call_id"]
            if name not in called and not any(body.get(chain) for chain in _CHAINED):
                text = f"No tool call found for function call output with call_id {name}."
                yield invalid(text, "input")
            answered.add(name)
    for name in called:
        if name not in answered:
            yield invalid(f"No tool output found for function call {name}.", "input")


def _reasoning(model: str, body: _Body) -> Iterator[Refusal]:
    items = _items(body)
    for index, item in enumerate(items):
        if _kind(item) != "reasoning":
            continue
        sealed, name = item.get("encrypted_content"), item.get("id")
        if sealed is not None and (signer_of(sealed) or ("",))[0] != "azure_openai":
            text = f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified."
            yield invalid(text, None, "invalid_encrypted_content")
        if sealed is None and body.get("store") is False:
            text = (
                f"Item with id '{name}' not found. Items are not persisted when `store` is set to "
                "false. Try again with `store` set to true, or remove this item from your input."
            )
            yield Refusal(404, None, text, kind="invalid_request_error", param="input")
        following = items[index + 1] if index + 1 < len(items) else {}
        if not _said_by_model(following):
            text = (
                f"Item '{name}' of type 'reasoning' was provided without its required following "
                "item."
            )
            yield invalid(text, "input")


def _said_by_model(item: _Body) -> bool:
    kind = _kind(item)
    return kind.endswith("_call") or (kind == "message" and item.get("role") == "assistant")


def _tools(model: str, body: _Body) -> Iterator[Refusal]:
    tools = body.get("tools") or ()
    if tools:  # an empty array is what the reference has for none
        yield from tool_count(body)
    for index, tool in enumerate(tools):
        if tool.get("type") is None:
            yield missing(f"tools[{index}].type")
        if tool["type"] == "function":
            yield from bad_function(tool, f"tools[{index}]")
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in ("none", "auto", "required"):
        yield not_supported(choice, ("none", "auto", "required"), "tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        if "name" not in choice:
            yield missing("tool_choice.name")
        if choice["name"] not in [tool.get("name") for tool in tools]:
            text = f"Tool choice '{choice['name']}' not found in 'tools' parameter."
            yield invalid(text, "tool_choice")


def _text(model: str, body: _Body) -> Iterator[Refusal]:
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    kinds = ("json_object", "json_schema", "text")
    if form.get("type") not in kinds:
        yield not_supported(form.get("type"), kinds, "text.format.type")
    if form["type"] == "json_schema":
        code = "invalid_json_schema"
        yield from bad_answer_schema(form, "text.format", "text.format.schema", code)
    heard = json.dumps([body.get("input"), body.get("instructions")]).lower()
    if form["type"] == "json_object" and "json" not in heard:
        text = (
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'."
        )
        yield invalid(text, "input")


RULES = (_parameters, _forms, _ids, _results, _reasoning, _tools, _text)

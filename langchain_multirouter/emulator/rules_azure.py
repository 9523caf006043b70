"""What Azure OpenAI refuses of a chat completion.

Where no other source is named, a rule has the service's own message, and OpenAI's reference of the
operation says the same.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_multirouter.emulator.rules_openai import (
    bad_answer_schema,
    bad_function,
    bad_name,
    empty,
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
from langchain_multirouter.emulator.wire import Refusal

_Body = Mapping[str, Any]

# The members of openai's CompletionCreateParams, and Azure's own.
_PARAMETERS = names(
    "messages model audio frequency_penalty function_call functions logit_bias logprobs "
    "max_completion_tokens max_tokens metadata modalities moderation n parallel_tool_calls "
    "prediction presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention "
    "reasoning_effort response_format safety_identifier seed service_tier stop store stream "
    "stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options data_sources user_security_context"
)
_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_MESSAGE = names("role content name tool_calls tool_call_id function_call refusal audio")
_PARTS = ("text", "image_url", "input_audio", "refusal", "file")
_USER_PARTS = {"image_url": "an image URL", "input_audio": "audio", "file": "a file"}
_ANSWERS_WITHOUT_CONTENT = ("tool_calls", "function_call", "refusal", "audio")
_LONGEST_CALL_ID, _MOST_STOPS = 40, 4


def _parameters(model: str, body: _Body) -> Iterator[Refusal]:
    if strange := sorted(set(body) - _PARAMETERS):
        plural = "s" if len(strange) > 1 else ""
        yield invalid(f"Unrecognized request argument{plural} supplied: {', '.join(strange)}")
    if "messages" not in body:
        yield missing("messages")
    yield from empty(body["messages"], "messages")
    yield from out_of_range(body)
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > _MOST_STOPS:
        message = (
            f"Invalid 'stop': array too long. Expected an array with maximum length {_MOST_STOPS}, "
            f"but got an array with length {len(stop)} instead."
        )
        yield invalid(message, "stop", "array_above_max_length")
    if body.get("stream_options") is not None and not body.get("stream"):
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        yield invalid(message, "stream_options")
    if None not in (body.get("max_tokens"), body.get("max_completion_tokens")):
        message = (
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        )
        yield invalid(message, "max_tokens", "invalid_parameter_combination")


def _messages(model: str, body: _Body) -> Iterator[Refusal]:
    for index, message in enumerate(body["messages"]):
        place = f"messages[{index}]"
        if message["role"] not in _ROLES:
            yield not_supported(message["role"], _ROLES, f"{place}.role")
        for name in sorted(set(message) - _MESSAGE):
            yield unknown(f"{place}.{name}")
        if message["role"] == "tool" and message.get("tool_call_id") is None:
            yield missing(f"{place}.tool_call_id")
        yield from _content(message, index)
        yield from _calls(message, place)


def _content(message: _Body, index: int) -> Iterator[Refusal]:
    content, role = message.get("content"), message["role"]
    if content is None:
        silent = role == "assistant" and any(message.get(k) for k in _ANSWERS_WITHOUT_CONTENT)
        if not silent:
            text = "Invalid value for 'content': expected a string, got null."
            yield invalid(text, f"messages.[{index}].content")
        return
    if isinstance(content, str):
        return
    place = f"messages[{index}].content"
    yield from empty(content, place)
    for number, part in enumerate(content):
        kind = part.get("type")
        if kind not in _PARTS:
            yield not_supported(kind, _PARTS, f"{place}[{number}].type")
        # What a model does not read in a role: said of image URLs by the service's message.
        if role != "user" and kind in _USER_PARTS:
            text = (
                f"Invalid 'messages[{index}]'. Image URLs are only allowed for messages with role "
                f"'user', but this message with role '{role}' contains {_USER_PARTS[kind]}."
            )
            yield invalid(text, f"messages[{index}]", "invalid_value")
        if kind == "text":
            yield from not_text(part.get("text"), f"{place}[{number}].text")


def _calls(message: _Body, place: str) -> Iterator[Refusal]:
    calls = message.get("tool_calls")
    yield from empty(calls, f"{place}.tool_calls")
    for number, call in enumerate(calls or ()):
        here = f"{place}.tool_calls[{number}]"
        if call.get("type") not in ("function", "custom"):
            yield not_supported(call.get("type"), ("function", "custom"), f"{here}.type")
        yield from not_text(call.get("id"), f"{here}.id")
        yield from too_long(call["id"], _LONGEST_CALL_ID, f"{here}.id")
        if call["type"] == "function":
            yield from bad_name(call["function"].get("name"), f"{here}.function.name")
            arguments = call["function"].get("arguments")
            yield from not_text(arguments, f"{here}.function.arguments")


def _results(model: str, body: _Body) -> Iterator[Refusal]:
    """Each call has its result before the next turn, and no result is without its call."""
    called: Sequence[str] = ()
    waiting: list[str] = []
    for index, message in enumerate([*body["messages"], {"role": "the end"}]):
        if message["role"] == "tool":
            yield from _result(message, index, called)
            waiting = [one for one in waiting if one != message["tool_call_id"]]
            continue
        if waiting:
            text = (
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                f"response messages: {', '.join(waiting)}"
            )
            yield invalid(text, f"messages.[{index}].role")
        called = [call["id"] for call in message.get("tool_calls") or ()]
        waiting = list(called)


def _result(message: _Body, index: int, called: Sequence[str]) -> Iterator[Refusal]:
    if not called:
        text = (
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'."
        )
        yield invalid(text, f"messages.[{index}].role")
    if (answered := message["tool_call_id"]) not in called:
        text = (
            f"Invalid parameter: 'tool_call_id' of '{answered}' not found in 'tool_calls' of "
            "previous message."
        )
        yield invalid(text, f"messages.[{index}].tool_call_id")


def _tools(model: str, body: _Body) -> Iterator[Refusal]:
    yield from tool_count(body)
    for index, tool in enumerate(body.get("tools") or ()):
        place = f"tools[{index}]"
        if tool.get("type") not in ("function", "custom"):
            yield not_supported(tool.get("type"), ("function", "custom"), f"{place}.type")
        if tool.get(tool["type"]) is None:
            yield missing(f"{place}.{tool['type']}")
        if tool["type"] == "function":
            yield from bad_function(tool["function"], f"{place}.function")


def _choice(model: str, body: _Body) -> Iterator[Refusal]:
    for name in ("tool_choice", "parallel_tool_calls"):
        if body.get(name) is not None and not body.get("tools"):
            text = (
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            )
            yield invalid(text, name)
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in ("none", "auto", "required"):
        yield not_supported(choice, ("none", "auto", "required"), "tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        name = choice["function"]["name"]
        offered = [t["function"]["name"] for t in body["tools"] if t["type"] == "function"]
        if name not in offered:
            yield invalid(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _answer(model: str, body: _Body) -> Iterator[Refusal]:
    form = body.get("response_format") or {"type": "text"}
    kinds = ("json_object", "json_schema", "text")
    if form.get("type") not in kinds:
        yield not_supported(form.get("type"), kinds, "response_format.type")
    if form["type"] == "json_schema":
        place = "response_format.json_schema"
        if form.get("json_schema") is None:
            yield missing(place)
        yield from bad_answer_schema(form["json_schema"], place, "response_format", None)
    if form["type"] == "json_object" and "json" not in json.dumps(body["messages"]).lower():
        text = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of "
            "type 'json_object'."
        )
        yield invalid(text, "messages")


RULES = (_parameters, _messages, _results, _tools, _choice, _answer)

"""Recall: a request's ties to earlier ones, found before it is ranked.

The prompt is digested message by message, in the order in which all services cache it: tools first.
The digests are salted for this process, so that nothing of a prompt can be told from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Any

from langchain_core.messages import BaseMessage

from .blocks import read_block
from .conversation import Conversation, Prefix
from .economics.prompt_caches import CONTROL, FIVE_MINUTES, LEAST_TOKENS, ONE_HOUR, POINT
from .economics.tokens import message_tokens
from .memory import SALT, Memory
from .prompt import tools_tokens
from .providers.provider import Parameters
from .request import Request
from .tool_objects import is_tool

#: No conversation is expected to go on for more calls than these.
MOST_CALLS_AHEAD = 8
_POINTS = (POINT, "cache_point")
_two_numbers = Struct("qq").pack


def recalled(
    request: Request,
    messages: Sequence[BaseMessage],
    parameters: Parameters,
    memory: Memory,
    now: float,
) -> Request:
    """The request with what is remembered of its conversation.

    A conversation is expected to have as many calls ahead as it has had (what has lasted, lasts:
    Gott, Implications of the Copernican principle for our future prospects, 1993), or as others
    have had after their first, whichever is more; but no more than `MOST_CALLS_AHEAD`.
    """
    options = request.options
    key = options.session
    if key is not None and options.tenant is not None:
        key = f"{options.tenant}\0{key}"  # two tenants' keys may be alike
    session = None if key is None else memory.session(key)
    prompt = request.prompt
    if prompt.input_tokens < LEAST_TOKENS or not options.prompt_cache_affinity:
        return request._replace(conversation=Conversation(session=session)) if session else request
    prefixes = prefixes_of(messages, parameters, prompt.input_tokens)
    answers = sum(1 for message in messages if message.type == "ai")
    cached = memory.cached(prefixes, now)
    ahead = min(MOST_CALLS_AHEAD, max(answers, memory.usual_calls_ahead))
    ties = Conversation(prefixes, cached, answers, ahead, session)
    return request._replace(conversation=ties)


def prefixes_of(
    messages: Sequence[BaseMessage], parameters: Parameters, input_tokens: int
) -> tuple[Prefix, ...]:
    """The prompt up to the end of its tools, and of each message; the shortest first.

    Args:
        messages: The prompt.
        parameters: The call's; its tools and its answer's format are sent before the messages.
        input_tokens: What is estimated of all.
    """
    running = blake2b(key=SALT, digest_size=16)
    prefixes = []
    schema = (parameters.tool_settings or {}).get("response_format")
    offered = (*(parameters.tools or ()), schema)
    tokens = 0
    if parameters.tools or schema is not None:
        point = control = 0.0
        for tool in offered:
            found = _marks(tool.extras or {} if is_tool(tool) else tool)
            point, control = max(point, found[0]), max(control, found[1])
            running.update(b"\0tool" + _sent(tool))
        tokens = tools_tokens(offered)
        prefixes.append(Prefix(running.copy().digest(), tokens, point, control))
    for message in messages:
        more, point, control = _digested(message, running)
        tokens = min(input_tokens, tokens + more)
        prefixes.append(Prefix(running.copy().digest(), tokens, point, control))
    if prefixes:
        prefixes[-1] = prefixes[-1]._replace(tokens=input_tokens)
    return tuple(prefixes)


def _digested(message: BaseMessage, running: Any) -> tuple[int, float, float]:
    """Add a message to the digest: its tokens, and how long its marks ask for it to be kept."""
    kind, content = message.type, message.content
    running.update(b"\0" + kind.encode())
    if isinstance(content, str):
        length, tokens, point, control = len(content), 0, 0.0, 0.0
        running.update(_text(content))
    else:
        length, tokens, point, control = _blocks(content, running)
    if kind == "ai" and (calls := message.tool_calls):  # type: ignore[attr-defined]  # an AIMessage
        said = str([(call["name"], call["args"], call["id"]) for call in calls])
        running.update(b"\0calls" + _bytes(said))
        length += len(said)
    elif kind == "tool":
        running.update(_bytes(f"\0of{message.tool_call_id}"))  # type: ignore[attr-defined]
    return tokens + message_tokens(length, kind), point, control


def _blocks(content: Sequence[Any], running: Any) -> tuple[int, int, float, float]:
    """As of a text, whichever form it has; marks are no part of what is sent."""
    length = tokens = 0
    point = control = 0.0
    for block in content:
        found = _marks(block)
        point, control = max(point, found[0]), max(control, found[1])
        text = block if isinstance(block, str) else None
        if isinstance(block, Mapping):
            if any(name in block for name in _POINTS):
                continue
            if block.get("type") in ("text", None) and isinstance(block.get("text"), str):
                text = block["text"]
        if text is not None:
            length += len(text)
            running.update(_text(text))
            continue
        read = read_block(block) if isinstance(block, dict) else None
        tokens += 0 if read is None else read[1]
        running.update(b"\0block" + _sent(block))
    return length, tokens, point, control


def _sent(value: Any) -> bytes:
    """A tool, a schema or a block as bytes; equal ones are the same, but for their marks."""
    if is_tool(value):
        value = (value.name, value.description, value.args)
    elif isinstance(value, Mapping):
        value = {k: v for k, v in value.items() if k not in (CONTROL, *_POINTS)}
    elif isinstance(value, type) and hasattr(value, "model_json_schema"):
        value = value.model_json_schema()
    return _bytes(str(value))


def _marks(value: Any) -> tuple[float, float]:
    """For how many seconds a mark asks to keep what it ends: Converse's, and Anthropic's."""
    if not isinstance(value, Mapping):
        return 0.0, 0.0
    point = next((value[name] for name in _POINTS if name in value), None)
    return _seconds(point), _seconds(value.get(CONTROL))


def _seconds(mark: Any) -> float:
    if not isinstance(mark, Mapping):
        return 0.0
    return ONE_HOUR if mark.get("ttl") == "1h" else FIVE_MINUTES


def _text(text: str) -> bytes:
    """A message's text, by Python's own hash, which a text computes once: a conversation's earlier
    messages are the same objects at every call, and a hundred thousand tokens take a millisecond
    otherwise."""
    return _two_numbers(hash(text), len(text))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")

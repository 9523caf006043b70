"""Key: what of a request shapes its answer, in one canonical form, hashed whole.

Equal requests in different forms have one key: a text, a tuple, a message with an id of its own.
What says nothing of the answer is left out: ids and metadata of messages, deadlines, health. What
cannot be told in JSON has no key, and its answer is not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from ..identity import fingerprint, plain
from ..keywords import neutral_tool
from ..options import Options
from ..porting.answers import is_plain
from ..porting.recursion import openai_tool
from ..porting.writers import over_responses, writer_of
from ..providers.provider import Parameters
from ..tool_objects import is_tool
from .query import Query

#: The form of keys: another number where it changes, so that no old entry is found by a new key.
FORM: Final = "multirouter/1"
#: Options that say how long, how often and where first a call tries, not who may answer and what.
IDLE: Final = frozenset(
    {
        "deadline_seconds",
        "first_token_seconds",
        "hedge",
        "hedge_tools",
        "idle_seconds",
        "max_attempts",
        "max_retries",
        "max_wait_seconds",
        "on_interrupted",
        "prompt_cache_affinity",
        "session",
        "spenders",
        "sticky",
        "tenant",  # the namespace, told by itself
    }
)
_DEFAULTS: Final = Options().__dict__
_KINDS: Final = (
    (HumanMessage, "human"),
    (AIMessage, "ai"),
    (SystemMessage, "system"),
    (ToolMessage, "tool"),
    (FunctionMessage, "function"),
    (ChatMessage, "chat"),
)
#: Of a message's keywords, what nobody is sent: it says again what the message says.
_SAID_TWICE: Final = frozenset({"parsed"})
#: Beginnings of ids that LangChain made up for content blocks.
_MADE_UP: Final = ("lc_", "lc-")


def query_of(
    messages: Sequence[BaseMessage],
    parameters: Parameters,
    options: Options,
    *,
    model: str | None,
    router: str,
) -> Query | None:
    """One request as a cache sees it; None where it cannot be told.

    Args:
        messages: As the caller gave them.
        parameters: The call's, with the router's own where it has none.
        options: The router's, narrowed by the call's.
        model: The deployment or model that the call names.
        router: What tells routers apart (`router_fingerprint`).
    """
    last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    try:
        head = _text([FORM, options.tenant, router, _options(options), model, _asked(parameters)])
        told = [_text(_message(message)) for message in messages]
        shape = _text(_message(messages[last], text=False)) if last >= 0 else ""
    except Exception:  # whatever it is, it is no reason to refuse the call
        return None
    around = [*told[:last], shape, *told[last + 1 :]] if last >= 0 else told
    return Query(
        exact=_digest(head, told),
        around=_digest(head, around),
        text=messages[last].text if last >= 0 else "",
        namespace=options.tenant or "",
        temperature=parameters.temperature,
        plain=not parameters.tools
        and not parameters.tool_settings
        and all(map(_is_text, messages)),
    )


def router_fingerprint(deployments: str, beside: Sequence[Any]) -> str:
    """What tells routers apart: all of their deployments, and what else decides who answers."""
    return fingerprint([deployments, *beside])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(head: str, parts: Sequence[str]) -> str:
    """Of a JSON list, so that no text can look like the border between two."""
    whole = f"[{head},[{','.join(parts)}]]"
    return hashlib.sha256(whole.encode("ascii")).hexdigest()


def _options(options: Options) -> list[Any]:
    changed = {
        name: value
        for name, value in options.__dict__.items()
        if name not in IDLE and value != _DEFAULTS[name]
    }
    told: list[Any] = plain(changed)
    return told


def _asked(parameters: Parameters) -> dict[str, Any]:
    """The neutral parameters that were given; a limit in seconds shapes no answer."""
    told = {k: v for k, v in parameters._asdict().items() if v is not None}
    told.pop("timeout_seconds", None)
    tools, settings = told.pop("tools", None), told.pop("tool_settings", None)
    if tools:
        told["tools"] = [_tool(tool) for tool in tools]
    if settings:
        told["tool_settings"] = {k: _schema(v) for k, v in settings.items() if v is not None}
    return told


def _tool(tool: Any) -> Any:
    if is_tool(tool) and tool.extras:
        return [openai_tool(tool), tool.extras]
    return neutral_tool(tool)


def _schema(value: Any) -> Any:
    return openai_tool(value) if isinstance(value, type) else value


def _message(message: BaseMessage, *, text: bool = True) -> list[Any]:
    """What of a message is sent, or decides how it is; without its text, if that is asked."""
    kind = next((name for cls, name in _KINDS if isinstance(message, cls)), None)
    if kind is None:
        raise TypeError("a message of a class that is not known")
    content = _content(message.content) if text else _blocks_beside_text(message.content)
    told = [kind, content, message.name, _keywords(message)]
    if isinstance(message, AIMessage):
        told += [_calls(message.tool_calls), _calls(message.invalid_tool_calls), _writer(message)]
    elif isinstance(message, ToolMessage):
        told += [message.tool_call_id, message.status]
    elif isinstance(message, ChatMessage):
        told.append(message.role)
    return told


def _content(content: str | Sequence[Any]) -> Any:
    """A text alone is the text, in whichever form it comes."""
    if isinstance(content, str):
        return content
    blocks = [_block(block) for block in content]
    if len(blocks) == 1:
        only = blocks[0]
        if isinstance(only, str):
            return only
        if only.keys() == {"type", "text"} and only["type"] == "text":
            return only["text"]
    return blocks


def _block(block: Any) -> Any:
    if not isinstance(block, Mapping):
        return block
    id_ = block.get("id")
    if isinstance(id_, str) and id_.startswith(_MADE_UP):
        return {key: value for key, value in block.items() if key != "id"}
    return block


def _blocks_beside_text(content: str | Sequence[Any]) -> Any:
    """All of a content but its text, which is then told by itself."""
    if isinstance(content, str):
        return None
    blocks = [_block(block) for block in content if not isinstance(block, str)]
    return [{k: v for k, v in b.items() if k != "text"} for b in blocks if b != _bare(b)] or None


def _bare(block: Any) -> Any:
    """What the block would be if it were a text and nothing else."""
    return {"type": "text", "text": block.get("text")}


def _keywords(message: BaseMessage) -> dict[str, Any]:
    told = {k: v for k, v in message.additional_kwargs.items() if v and k not in _SAID_TWICE}
    if isinstance(message, AIMessage) and message.tool_calls:
        told.pop("tool_calls", None)
    return told


def _calls(calls: Sequence[Any]) -> list[Any]:
    return [[call.get("name"), call.get("args"), call.get("id")] for call in calls]


def _writer(message: AIMessage) -> Any:
    """Who wrote it, where its reasoning and signatures are sent to nobody else; and the names
    under which a service keeps it."""
    names = [message.id, message.response_metadata.get("id")] if over_responses(message) else None
    return [None if is_plain(message) else list(writer_of(message)), names]


def _is_text(message: BaseMessage) -> bool:
    """Whether it is nothing but text."""
    if isinstance(message, AIMessage) and (message.tool_calls or message.invalid_tool_calls):
        return False
    if isinstance(message, ToolMessage | FunctionMessage):
        return False
    content = message.content
    return isinstance(content, str) or all(
        isinstance(block, str) or (isinstance(block, dict) and block.get("type") == "text")
        for block in content
    )

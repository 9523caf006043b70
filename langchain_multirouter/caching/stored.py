"""Stored: an answer as a text of our own for a cache to keep, and that text as an answer again.

What a cache gives back is anybody's data: it is bounded, checked by its seal and its types, and
made into a message here. Nothing that it names is imported or called, and what is not exactly ours
is no answer.
"""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

from langchain_core.messages import AIMessage

from ..outcome import Answered
from ..task_types import TaskType
from .query import Query

#: Another number where the form changes: an older entry is then none.
FORM: Final = "multirouter/1"
#: So many characters at most are kept or read.
LONGEST_STORED: Final = 4_000_000
#: Lists and dictionaries within each other.
DEEPEST: Final = 64
#: The clocks of those who share a cache may differ by so much.
CLOCKS_DIFFER_SECONDS: Final = 300.0
#: No answer costs more; what says so is not ours.
MOST_USD: Final = 1e6
#: Of the provider's metadata, what is about the answer and not about the call.
KEPT: Final = (
    "finish_reason",
    "stopReason",
    "stop_reason",
    "stop_sequence",
    "status",
    "model_name",
    "model",
    "model_provider",
    "object",
    "system_fingerprint",
    "logprobs",
    "safety_ratings",
    "grounding_metadata",
    "citation_metadata",
)
_TASKS: Final = tuple(task.value for task in TaskType)
_CALL: Final = {"name", "args", "id"}


class Stored(NamedTuple):
    """An answer that was given, as a cache keeps it.

    Args:
        exact: The key of the request it answered.
        around: The same without the last human turn's text.
        at: When, in seconds since the epoch.
        deployment: Who answered.
        task_type: What had been asked for.
        cost_usd: What it cost then; None where that was not known.
        content: The message's.
        tool_calls: Name, arguments and id of each.
        keywords: The message's `additional_kwargs`.
        metadata: Of the provider's metadata, what is about the answer.
        name: The message's.
    """

    exact: str
    around: str
    at: float
    deployment: str
    task_type: str | None
    cost_usd: float | None
    content: str | list[Any]
    tool_calls: list[dict[str, Any]]
    keywords: dict[str, Any]
    metadata: dict[str, Any]
    name: str | None


def stored_of(
    message: AIMessage,
    query: Query,
    *,
    answered: Answered,
    metadata: Mapping[str, Any],
    at: float,
) -> Stored:
    """The answer as it is kept; `metadata` is what its provider said beside it."""
    return Stored(
        query.exact,
        query.around,
        at,
        answered.deployment.name,
        answered.task_type,
        answered.cost_usd,
        message.content,
        [{key: call[key] for key in ("name", "args", "id")} for call in message.tool_calls],
        message.additional_kwargs,
        {key: metadata[key] for key in KEPT if metadata.get(key) is not None},
        message.name,
    )


def written(stored: Stored, key: bytes = b"") -> str | None:
    """The text that is kept; None where it cannot be read again as the same answer.

    Args:
        stored: The answer.
        key: Seals the text: with another one it is not read. Empty, the seal is a checksum, which
            anybody can make.
    """
    try:
        told = json.dumps(stored._asdict(), separators=(",", ":"), allow_nan=False)
        text = f"{FORM} {_seal(told, key)} {told}"
        return text if read(text, key, now=stored.at) == stored else None
    except Exception:  # bytes, or another object of the provider's class
        return None


def read(text: Any, key: bytes = b"", *, now: float) -> Stored | None:
    """The answer, or None where the text is not exactly one of ours.

    Args:
        text: Whatever a cache gave.
        key: As it was written with.
        now: Seconds since the epoch.
    """
    if type(text) is not str or len(text) > LONGEST_STORED:
        return None
    form, _, rest = text.partition(" ")
    seal, _, told = rest.partition(" ")
    if form != FORM or not seal.isascii() or not hmac.compare_digest(seal, _seal(told, key)):
        return None
    try:
        body = json.loads(told, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if type(body) is not dict or body.keys() != set(Stored._fields):
        return None
    stored = Stored(**body)
    return stored if _is_sound(stored, now) else None


def message_of(stored: Stored) -> AIMessage:
    """The answer as a message, without an id and without what a call's end tells."""
    return AIMessage(
        content=stored.content,
        tool_calls=[{**call, "type": "tool_call"} for call in stored.tool_calls],
        additional_kwargs=stored.keywords,
        response_metadata=dict(stored.metadata),
        name=stored.name,
    )


def _seal(told: str, key: bytes) -> str:
    return hmac.digest(key, told.encode("utf-8", "backslashreplace"), "sha256").hex()


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("no number of JSON's")


def _is_sound(stored: Stored, now: float) -> bool:
    """Whether every part is of its type, and no deeper than answers are."""
    content, cost = stored.content, stored.cost_usd
    texts = (stored.exact, stored.around, stored.deployment)
    return (
        all(type(text) is str for text in texts)
        and _is_number(stored.at)
        and 0.0 <= stored.at <= now + CLOCKS_DIFFER_SECONDS
        and (cost is None or (_is_number(cost) and 0.0 <= cost <= MOST_USD))
        and type(stored.name) in (str, type(None))
        and (stored.task_type is None or stored.task_type in _TASKS)
        and (type(content) is str or _is_list_of_blocks(content))
        and type(stored.tool_calls) is list
        and all(map(_is_call, stored.tool_calls))
        and type(stored.keywords) is dict
        and type(stored.metadata) is dict
        and stored.metadata.keys() <= set(KEPT)
        and _is_shallow([content, stored.tool_calls, stored.keywords, stored.metadata])
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_list_of_blocks(content: Any) -> bool:
    return type(content) is list and all(type(block) in (str, dict) for block in content)


def _is_call(call: Any) -> bool:
    return (
        type(call) is dict
        and call.keys() == _CALL
        and type(call["name"]) is str
        and type(call["args"]) is dict
        and type(call["id"]) in (str, type(None))
    )


def _is_shallow(value: Any, depth: int = 0) -> bool:
    if depth > DEEPEST:
        return False
    if type(value) is dict:
        return all(_is_shallow(inner, depth + 1) for inner in value.values())
    if type(value) is list:
        return all(_is_shallow(inner, depth + 1) for inner in value)
    return True

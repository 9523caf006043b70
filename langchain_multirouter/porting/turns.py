"""Turns: which tool result answers which call, and what no service would take of them.

Every service wants each call answered once, right after it, by an id of its own. Ids are matched in
order, since a provider may use the same ones again in a later turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from ..errors import InvalidRequestError


class Call:
    """One tool call of an answer.

    Attributes:
        asked: The index of the answer that makes it.
        id: The id that the history has.
        is_valid: Whether its arguments could be read.
        result: The index of the message that answers it, once found.
    """

    __slots__ = ("asked", "id", "is_valid", "result")

    def __init__(self, asked: int, id_: str, is_valid: bool) -> None:
        self.asked = asked
        self.id = id_
        self.is_valid = is_valid
        self.result: int | None = None


class Turns(NamedTuple):
    """The calls of a history in order; `repeated` are the indexes of results to leave out."""

    calls: Sequence[Call]
    repeated: frozenset[int]


def read_turns(messages: Sequence[BaseMessage]) -> Turns:
    """The calls with the results that answer them.

    Raises:
        InvalidRequestError: a result answers no call before it, answers one twice in two ways, or
            a call has no result; names the message's index.
    """
    calls: list[Call] = []
    by_id: dict[str, list[Call]] = {}
    repeated: set[int] = set()
    for index, message in enumerate(messages):
        if isinstance(message, AIMessage):
            for id_, is_valid in _calls_of(message):
                call = Call(index, id_, is_valid)
                calls.append(call)
                by_id.setdefault(id_, []).append(call)
        elif isinstance(message, ToolMessage):
            known = by_id.get(message.tool_call_id)
            if not known:
                raise _wrong(index, "is a tool's result that answers no tool call before it")
            call_or_none = next((call for call in known if call.result is None), None)
            if call_or_none is not None:
                call_or_none.result = index
                continue
            last = known[-1].result
            if last is None or messages[last].content != message.content:
                raise _wrong(index, f"is another result of the call that messages[{last}] answers")
            repeated.add(index)
    for call in calls:
        if call.result is None and call.is_valid:
            raise _wrong(call.asked, "has a tool call that no tool's result answers")
    return Turns(calls, frozenset(repeated))


def _wrong(index: int, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"messages[{index}] {what}; nothing was sent.")


def _calls_of(message: AIMessage) -> list[tuple[str, bool]]:
    """Ids of the calls, and whether they are valid."""
    found = [(call.get("id") or "", True) for call in message.tool_calls]
    if message.invalid_tool_calls:
        found += [(call.get("id") or "", False) for call in message.invalid_tool_calls]
    if not found and isinstance(message.content, list):
        found = [(call["id"], True) for call in raw_calls(message.content)]
    return found


def raw_calls(content: Sequence[Any]) -> list[dict[str, Any]]:
    """The calls that only the content tells of, in a provider's own form."""
    calls = []
    for block in content:
        if not isinstance(block, Mapping):
            continue
        type_ = block.get("type")
        inner = block.get("toolUse") if type_ is None else None
        if isinstance(inner, Mapping):
            calls.append(_raw(inner.get("toolUseId"), inner.get("name"), inner.get("input")))
        elif type_ in ("tool_use", "tool_call"):
            calls.append(
                _raw(block.get("id"), block.get("name"), block.get("input", block.get("args")))
            )
        elif type_ == "function_call" and "call_id" in block:
            calls.append(_raw(block["call_id"], block.get("name"), block.get("arguments")))
    return calls


def _raw(id_: Any, name: Any, arguments: Any) -> dict[str, Any]:
    id_ = id_ if isinstance(id_, str) else ""
    return {"id": id_, "name": str(name or ""), "args": arguments, "type": "tool_call"}

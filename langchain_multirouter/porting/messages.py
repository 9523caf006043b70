"""Messages: a conversation in the form that one service accepts, and what was lost on the way.

Most conversations are plain and go as they are. For the others the rules are those of the
services, as rows of `dialect`: an answer whole for the model that wrote it and plain for all
others, each tool call answered right after it, system messages at the front, attachments as the
class reads them.

Porting twice is porting once, and the caller's messages are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from . import losses
from .answers import is_plain, ported_answer
from .contents import PLACEHOLDER, ported_content, with_names_of_their_own
from .dialect import Dialect
from .ids import legal_ids
from .losses import Losses
from .results import attachments, ported_result
from .turns import Call, read_turns
from .unportable import Unportable
from .writers import Target

#: A role of another's → the class of message that it is.
_ROLES: dict[str, type[BaseMessage]] = {
    "user": HumanMessage,
    "human": HumanMessage,
    "assistant": AIMessage,
    "ai": AIMessage,
    "model": AIMessage,
    "system": SystemMessage,
    "developer": SystemMessage,
}
_NAME = re.compile(r"[^\s<|\\/>]{1,64}")
_NO_NAME = re.compile(r"[\s<|\\/>]+")

Messages = tuple[list[BaseMessage], tuple[str, ...]]


def ported_messages(
    messages: Sequence[BaseMessage], dialect: Dialect, model_name: str, deployment: str = ""
) -> Messages:
    """The messages for the dialect, and what was lost.

    The list is always a new one, since a class may put other messages into it.

    Raises:
        Unportable: saying what the target cannot be told.
        InvalidRequestError: tool calls and results do not match; names the message's index.
    """
    previous: type | None = SystemMessage
    for message in messages:
        kind = message.__class__
        content = message.content
        if content.__class__ is not str or not content or content.isspace():
            break
        if message.name is not None:
            break
        if kind is AIMessage:
            if previous is not HumanMessage or message.tool_calls or not is_plain(message):  # type: ignore[attr-defined,arg-type]
                break
        elif kind is not HumanMessage and (kind is not SystemMessage or previous is not kind):
            break
        previous = kind
    else:
        if previous is HumanMessage:
            return list(messages), ()
    return _Porting(Target(dialect, model_name, deployment)).ported(messages)


class _Porting:
    """One conversation on its way to one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.dialect = target.dialect
        self.lost = Losses()
        self.documents: set[str] = set()  # names of what is attached

    def ported(self, messages: Sequence[BaseMessage]) -> Messages:
        told = [self._with_role(message, index) for index, message in enumerate(messages)]
        turns = read_turns(told)
        ids = legal_ids(turns.calls, self.dialect.call_ids)
        named: dict[int, list[tuple[Call, str]]] = {}
        for call, id_ in zip(turns.calls, ids, strict=True):
            named.setdefault(call.asked, []).append((call, id_))
        if turns.repeated:
            self.lost.add(losses.REPEATED_RESULT)
        ordered: list[BaseMessage] = []
        for index, message in enumerate(told):
            if isinstance(message, AIMessage):
                calls = named.get(index, ())
                answer = ported_answer(message, self.target, calls=calls, lost=self.lost)
                if answer is not None:
                    ordered.append(answer)
                if calls:
                    ordered.extend(self._results(told, index, calls))
            elif not isinstance(message, ToolMessage):  # a result stands with its call
                ordered.extend(self._others(message, index))
        ordered = self._arranged(ordered)
        if self.dialect.form == "chat":
            ordered = [self._named(message) for message in ordered]
        return ordered, tuple(self.lost)

    def _with_role(self, message: BaseMessage, index: int) -> BaseMessage:
        """A message of a role by its name, as the class of message that it is."""
        if not isinstance(message, ChatMessage) or self.dialect.form == "any":
            return message
        kind = _ROLES.get(message.role.lower())
        if kind is None:
            raise Unportable(f"messages[{index}]: the role {message.role[:40]!r}")
        developer = message.role == "developer"
        said = {"__openai_role__": "developer"} if developer else {}
        return kind(content=message.content, name=message.name, additional_kwargs=said)

    def _results(
        self,
        messages: Sequence[BaseMessage],
        asked: int,
        calls: Sequence[tuple[Call, str]],
    ) -> list[BaseMessage]:
        """The results of one answer's calls, in the order in which they came."""
        answered = sorted((call.result, id_) for call, id_ in calls if call.result is not None)
        results: list[BaseMessage] = []
        attached: list[object] = []
        for index, id_ in answered:
            message = messages[index]
            assert isinstance(message, ToolMessage)  # noqa: S101  # as `read_turns` found it
            if not all(isinstance(m, ToolMessage) for m in messages[asked + 1 : index]):
                self.lost.add(losses.MOVED_RESULT)
            results.append(
                ported_result(
                    message,
                    self.dialect,
                    id_,
                    place=f"messages[{index}]",
                    attached=attached,
                    lost=self.lost,
                )
            )
        return [*results, attachments(attached)] if attached else results

    def _others(self, message: BaseMessage, index: int) -> list[BaseMessage]:
        """A user's or a system message; none of the latter where it says nothing."""
        content = message.content
        place = f"messages[{index}]"
        if isinstance(content, str):
            if self.dialect.takes_blank or content.strip():
                return [message]
            if isinstance(message, SystemMessage):
                return []
            self.lost.add(losses.EMPTY_TURN)
            return [message.model_copy(update={"content": PLACEHOLDER})]
        told = ported_content(content, self.dialect, place=place, lost=self.lost)
        if self.dialect.form == "converse":
            told = with_names_of_their_own(told, self.documents)
        if told is content and told:
            return [message]
        return [message.model_copy(update={"content": told or ""})]

    def _arranged(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        """The turns in the order and number that the service wants."""
        dialect = self.dialect
        turns = [message for message in messages if not isinstance(message, SystemMessage)]
        systems = [message for message in messages if isinstance(message, SystemMessage)]
        if dialect.joins_answers:
            turns = self._joined(turns)
        if dialect.begins_with_user and (not turns or isinstance(turns[0], AIMessage)):
            self.lost.add(losses.NO_QUESTION)
            turns.insert(0, HumanMessage(PLACEHOLDER))
        if turns and isinstance(turns[-1], AIMessage) and self._is_never_last():
            raise Unportable(f"{self.target.model_name} does not go on from an answer's beginning")
        if not dialect.leads_with_system:
            return messages
        arranged = [*systems, *turns]
        if systems and messages[: len(systems)] != systems:
            self.lost.add(losses.MOVED_SYSTEM)
        return arranged

    def _joined(self, turns: list[BaseMessage]) -> list[BaseMessage]:
        joined: list[BaseMessage] = []
        for message in turns:
            before = joined[-1] if joined else None
            if isinstance(message, AIMessage) and isinstance(before, AIMessage):
                self.lost.add(losses.SPLIT_ANSWER)
                joined[-1] = _both(before, message)
            else:
                joined.append(message)
        return joined

    def _is_never_last(self) -> bool:
        pattern = self.dialect.never_last
        return bool(pattern) and _compiled(pattern).search(self.target.model_name) is not None

    def _named(self, message: BaseMessage) -> BaseMessage:
        """With a name that OpenAI allows; the other services are told none."""
        name = message.name
        if name is None or _NAME.fullmatch(name):
            return message
        self.lost.add(losses.NAME)
        spelled = _NO_NAME.sub("_", name)[:64] or None
        return message.model_copy(update={"name": spelled})


def _both(one: AIMessage, other: AIMessage) -> AIMessage:
    """Two answers as one; the first has no tool calls, or their results would stand between."""
    contents = [m.content if isinstance(m.content, list) else [m.content] for m in (one, other)]
    blocks: list[str | dict[Any, Any]] = [
        {"type": "text", "text": block} if isinstance(block, str) else block
        for content in contents
        for block in content
        if block
    ]
    return AIMessage(
        content=blocks,
        tool_calls=other.tool_calls,
        additional_kwargs={**one.additional_kwargs, **other.additional_kwargs},
        response_metadata={**one.response_metadata, **other.response_metadata},
    )


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)

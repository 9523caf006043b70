"""Answers: a turn of the assistant's, kept whole for its own model and made plain for any other.

What another model's class would read of it is its text and its tool calls. Reasoning and signatures
are refused by every service but their own; what a provider's own tools did is in the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage

from . import losses
from .blocks import read_piece
from .dialect import Dialect
from .losses import Losses
from .turns import Call, raw_calls
from .writers import Target, is_own, writer_of

#: Providers whose answers even a class that we do not know cannot want as they are.
_CLOUDS = frozenset({"aws_bedrock", "azure_openai", "gcp_vertex"})
_SIGNATURES = "__gemini_function_call_thought_signatures__"
#: Keyword of an answer's `additional_kwargs` → what is lost with it; None for nothing.
_KEYWORDS: Mapping[str, str | None] = {
    "reasoning": losses.REASONING,
    "reasoning_content": losses.REASONING,
    "thinking": losses.REASONING,
    _SIGNATURES: losses.REASONING,
    "tool_outputs": losses.SERVER_TOOLS,
    "audio": losses.ANSWERS_MEDIA,
    "cache_control": losses.CACHE_MARKS,
}
_CALL_IDS = "__openai_function_call_ids__"
#: Keywords that no class but their own reads, or that say what the tool calls say.
_IDLE = frozenset({"refusal", "function_call", "tool_calls", "parsed"})
#: Kind of a block → what is lost with it.
_LOST: Mapping[str, str] = {
    "reasoning": losses.REASONING,
    "server": losses.SERVER_TOOLS,
    "cache": losses.CACHE_MARKS,
    "media": losses.ANSWERS_MEDIA,
    "json": losses.ANSWERS_BLOCK,
    "other": losses.ANSWERS_BLOCK,
}

Named = Sequence[tuple[Call, str]]


def ported_answer(
    message: AIMessage, target: Target, *, calls: Named, lost: Losses
) -> AIMessage | None:
    """The answer as the target takes it; None where nothing of it is left.

    Args:
        message: The answer, whoever wrote it.
        target: Whom it is for.
        calls: The answer's tool calls with their ids in the target's form.
        lost: Told what is lost.
    """
    dialect = target.dialect
    renamed = any(call.id != id_ for call, id_ in calls)
    if is_plain(message) and not renamed:
        return message if calls or dialect.takes_blank else _not_blank(message, lost)
    if _stays(message, target, calls):
        own = _once_told(message) if dialect.form == "responses" else message
        return _renamed(own, calls) if renamed else own
    return _rebuilt(message, dialect, calls, lost)


def is_plain(message: AIMessage) -> bool:
    """Whether it holds text and valid tool calls alone, as every class reads them."""
    if message.content.__class__ is not str or message.invalid_tool_calls:
        return False
    kwargs = message.additional_kwargs
    return not kwargs or (
        kwargs.keys() <= _IDLE
        and not kwargs.get("refusal")
        and (bool(message.tool_calls) or "function_call" not in kwargs)
    )


def _not_blank(message: AIMessage, lost: Losses) -> AIMessage | None:
    if message.text.strip():
        return message
    lost.add(losses.EMPTY_ANSWER)
    return None


def _stays(message: AIMessage, target: Target, calls: Named) -> bool:
    """Whether all of it is for this target."""
    form = target.dialect.form
    if form == "any":
        return writer_of(message).provider not in _CLOUDS
    if not is_own(message, target):
        return False
    # A call that could not be read is sent by OpenAI's class alone, and must have its result.
    malformed = [call for call, _ in calls if not call.is_valid]
    if message.invalid_tool_calls and form not in ("chat", "responses"):
        return False
    return all(call.result is not None for call in malformed)


def _once_told(message: AIMessage) -> AIMessage:
    """Without the older form's list of calls where the content has them, told in the newer form.

    OpenAI's class, set to the older form, would send such calls twice.
    """
    told = message.additional_kwargs
    if _CALL_IDS not in told or isinstance(message.content, str):
        return message
    if not any(isinstance(b, Mapping) and b.get("type") == "tool_call" for b in message.content):
        return message
    kwargs = {key: value for key, value in told.items() if key != _CALL_IDS}
    return message.model_copy(update={"additional_kwargs": kwargs})


def _renamed(message: AIMessage, calls: Named) -> AIMessage:
    """The model's own answer with other ids, wherever it says them."""
    waiting: dict[str, list[str]] = {}
    for call, id_ in calls:
        waiting.setdefault(call.id, []).append(id_)
    first = {old: new[0] for old, new in waiting.items()}
    kwargs = dict(message.additional_kwargs)
    for key in (_SIGNATURES, _CALL_IDS):
        if isinstance(said := kwargs.get(key), Mapping):
            kwargs[key] = {first.get(old, old): value for old, value in said.items()}
    if kwargs.get("tool_calls"):
        kwargs["tool_calls"] = _with_ids(kwargs["tool_calls"], waiting)
    content = message.content
    return _message(
        message,
        content if isinstance(content, str) else _with_ids(content, waiting),
        _with_ids(message.tool_calls, waiting),
        invalid_tool_calls=_with_ids(message.invalid_tool_calls, waiting),
        additional_kwargs=kwargs,
        response_metadata=message.response_metadata,
        id=message.id,
    )


def _with_ids(blocks: Sequence[Any], waiting: Mapping[str, Sequence[str]]) -> list[Any]:
    """The blocks, the ones that name a call with its new name; the n-th of a name has the n-th."""
    left = {old: list(new) for old, new in waiting.items()}
    named = []
    for block in blocks:
        if isinstance(block, Mapping):
            inner = block.get("toolUse")
            key = "call_id" if "call_id" in block else "id"
            if isinstance(inner, Mapping) and left.get(inner["toolUseId"]):
                block = {"toolUse": {**inner, "toolUseId": left[inner["toolUseId"]].pop(0)}}
            elif isinstance(block.get(key), str) and left.get(block[key]):
                block = {**block, key: left[block[key]].pop(0)}
        named.append(block)
    return named


def _rebuilt(message: AIMessage, dialect: Dialect, calls: Named, lost: Losses) -> AIMessage | None:
    """Its text and its tool calls, in the form that all classes read."""
    texts = _texts(message, lost)
    tool_calls = _tool_calls(message, calls, lost)
    if not texts and not tool_calls:
        lost.add(losses.EMPTY_ANSWER)
        if not dialect.takes_blank:
            return None
    content: Any = [{"type": "text", "text": text} for text in texts]
    if len(texts) <= 1:
        content = "".join(texts)
    return _message(message, content, tool_calls)


def _texts(message: AIMessage, lost: Losses) -> list[str]:
    """The texts that are not blank, a refusal's among them; what else there is, is lost."""
    kwargs = message.additional_kwargs
    for key, what in _KEYWORDS.items():
        if what is not None and kwargs.get(key):
            lost.add(what)
    content = message.content
    texts: list[str] = []
    for block in [content] if isinstance(content, str) else content:
        kind, value = read_piece(block)
        if kind in ("text", "refusal"):
            if value.strip():
                texts.append(value)
            _note_extras(block, lost)
        elif kind in _LOST:
            lost.add(_LOST[kind])
    if not texts and isinstance(kwargs.get("refusal"), str) and kwargs["refusal"].strip():
        texts.append(kwargs["refusal"])
    return texts


def _note_extras(block: Any, lost: Losses) -> None:
    """What a block says besides its text."""
    if not isinstance(block, Mapping):
        return
    if block.get("annotations") or block.get("citations"):
        lost.add(losses.CITATIONS)
    if "cache_control" in block:
        lost.add(losses.CACHE_MARKS)
    extras = block.get("extras")
    if block.get("signature") or (isinstance(extras, Mapping) and extras.get("signature")):
        lost.add(losses.REASONING)


def _tool_calls(message: AIMessage, calls: Named, lost: Losses) -> list[dict[str, Any]]:
    """The calls with their new ids; one that could not be read stays if it has its result."""
    found: list[Mapping[str, Any]] = [*message.tool_calls, *message.invalid_tool_calls]
    if not found and isinstance(message.content, list):
        found = list(raw_calls(message.content))
    told = []
    for said, (call, id_) in zip(found, calls, strict=True):
        if not call.is_valid:
            lost.add(losses.MALFORMED_CALL)
            if call.result is None:
                continue
        arguments = _arguments(said.get("args")) if call.is_valid else {}
        told.append(
            {"name": said.get("name") or "", "args": arguments, "id": id_, "type": "tool_call"}
        )
    return told


def _arguments(said: Any) -> dict[str, Any]:
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            return {}
    return dict(said) if isinstance(said, Mapping) else {}


def _message(message: AIMessage, content: Any, tool_calls: list[Any], **more: Any) -> AIMessage:
    """A whole message, never a chunk: adding chunks up would read their old ids again."""
    return AIMessage(content=content, name=message.name, tool_calls=tool_calls, **more)

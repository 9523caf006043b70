"""Judge: whether a 200's answer is one, by its finish reason and its content.

Providers call the same endings by their own names; they do not collide, so that one table holds
them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from langchain_core.messages import AIMessage

from ..outcome import Cause, Failure
from .evidence import is_code, text_of


class Ending(Enum):
    """How a finish reason is read."""

    DONE = "a success that has content"
    CUT = "a success even without content: the caller's own limit, or the model's refusal"
    BLOCKED = "a content filter"
    MALFORMED = "the model's output could not be used"
    OVERFLOW = "the context window was full"
    CALLED = "a success that has tool calls"


def _by_word(rows: Mapping[Ending, str]) -> dict[str, Ending]:
    return {word: ending for ending, words in rows.items() for word in words.split()}


#: A finish reason → how it is read; one that is not here is a success if there is content.
REASONS: Mapping[str, Ending] = _by_word(
    {
        Ending.DONE: "stop STOP end_turn stop_sequence completed eos pause_turn",
        Ending.CALLED: "tool_calls tool_use function_call",
        Ending.CUT: "length MAX_TOKENS max_tokens incomplete refusal",
        Ending.BLOCKED: """
            content_filter guardrail_intervened content_filtered SAFETY RECITATION BLOCKLIST
            PROHIBITED_CONTENT SPII MODEL_ARMOR IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT
            IMAGE_RECITATION IMAGE_OTHER""",
        Ending.MALFORMED: """
            malformed_model_output malformed_tool_use MALFORMED_FUNCTION_CALL
            MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS failed cancelled""",
        Ending.OVERFLOW: "model_context_window_exceeded",
    }
)

#: Where the classes keep the reason: OpenAI and Google · Converse · Anthropic · Responses API.
_KEYS = ("finish_reason", "stopReason", "stop_reason", "status")

_UNSPECIFIED = frozenset({"FINISH_REASON_UNSPECIFIED", "in_progress", "queued"})


def judge(message: AIMessage, *, reason_needed: bool) -> Failure | None:
    """None for a success, else the failure.

    Args:
        message: The answer, or what a stream's chunks add up to, with `generation_info` merged into
            `response_metadata`.
        reason_needed: Whether an answer without a finish reason broke off. Our three providers
            always give one; other classes may not.
    """
    metadata = message.response_metadata
    reason = metadata.get("finish_reason")
    if reason is None:
        reason = _reason(metadata)
    ending = REASONS.get(reason) if isinstance(reason, str) else None
    if ending is Ending.DONE and not message.invalid_tool_calls and _has_text(message.content):
        return None
    return _judged(message, metadata, reason, ending, reason_needed)


def _has_text(content: Any) -> bool:
    """Whether the answer begins with text, which is the common case; a quick look."""
    if type(content) is str:
        return bool(content)
    first = content[0] if content else None
    return bool(first.get("text")) if type(first) is dict else bool(first)


def _reason(metadata: Mapping[str, Any]) -> str | None:
    for key in _KEYS:
        reason = metadata.get(key)
        if isinstance(reason, str) and reason and reason not in _UNSPECIFIED:
            return reason
    return None


def _judged(
    message: AIMessage,
    metadata: Mapping[str, Any],
    reason: Any,
    ending: Ending | None,
    reason_needed: bool,
) -> Failure | None:
    if ending is None and isinstance(reason, str):
        ending = _repeated(reason)
    blocked = _blocked(metadata, ending)
    if blocked is not None:
        return Failure(Cause.CONTENT_POLICY, blocked, answer=message)
    if ending is Ending.OVERFLOW:
        return Failure(Cause.CONTEXT_OVERFLOW, _word(reason) or "full window", answer=message)
    if ending is Ending.MALFORMED:
        return Failure(Cause.INVALID_RESPONSE, _word(reason) or "malformed output")
    if (
        message.invalid_tool_calls
        and not message.tool_calls
        and ending is not Ending.CUT
        and reason
    ):
        return Failure(Cause.INVALID_RESPONSE, "malformed tool call")
    if ending is Ending.CUT:
        return None
    if not has_content(message):
        return Failure(Cause.INVALID_RESPONSE, _word(reason) or "empty answer")
    if reason is None and reason_needed:
        return Failure(Cause.STREAM_BROKEN, "no finish reason")
    return None


def _blocked(metadata: Mapping[str, Any], ending: Ending | None) -> str | None:
    """The code of a content filter's block, of the answer or of the prompt."""
    if ending is Ending.BLOCKED:
        return _word(next((metadata[key] for key in _KEYS if metadata.get(key)), "")) or "blocked"
    if _is_filtered(metadata):
        return "content_filter"
    feedback = metadata.get("prompt_feedback")
    block = feedback.get("block_reason") if isinstance(feedback, Mapping) else None
    if block:
        return _word(block) or "blocked"
    return None


def _is_filtered(metadata: Mapping[str, Any]) -> bool:
    """The Responses API: status "incomplete", and why in its details."""
    details = metadata.get("incomplete_details")
    return isinstance(details, Mapping) and details.get("reason") == "content_filter"


def _repeated(reason: str) -> Ending | None:
    """Chunks that each bear the reason add up to "STOPSTOP": LangChain concatenates strings."""
    for known, ending in REASONS.items():
        times, rest = divmod(len(reason), len(known))
        if times > 1 and not rest and known * times == reason:
            return ending
    return None


def has_content(message: AIMessage) -> bool:
    """Whether there is anything for the caller: text, tool call, reasoning, image, refusal."""
    if message.tool_calls or message.invalid_tool_calls:
        return True
    content = message.content
    if isinstance(content, str):
        if content:
            return True
    elif any(_is_something(block) for block in content):
        return True
    more = message.additional_kwargs
    return bool(more) and (
        any(more.get(key) for key in ("refusal", "reasoning_content", "audio", "parsed"))
        or tells(more.get("reasoning"))
    )


def _is_something(block: Any) -> bool:
    if isinstance(block, str):
        return bool(block)
    if not isinstance(block, Mapping):
        return False
    kind = block.get("type", "text")
    if kind == "text":
        return bool(block.get("text"))
    return kind != "reasoning" or tells(block)


def tells(reasoning: Any) -> bool:
    """Whether reasoning says anything: what is encrypted, or has an empty summary, does not."""
    if not isinstance(reasoning, Mapping):
        return bool(reasoning)
    if any(reasoning.get(key) for key in ("reasoning", "text", "reasoning_content")):
        return True
    parts = (*(reasoning.get("summary") or ()), *(reasoning.get("content") or ()))
    return any(part.get("text") for part in parts if isinstance(part, Mapping))


def _word(reason: object) -> str:
    """The reason as a code, if it is one."""
    said = text_of(getattr(reason, "name", reason) or "")
    return said if is_code(said) else ""

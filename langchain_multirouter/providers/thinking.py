"""Thinking: where Claude cannot think, since somebody else began what it has to go on with.

With a budget for thinking, Claude goes on from tool results only if the turn that called the tools
begins with its own reasoning. A turn that another model wrote has none, so the call is made without
thinking; the next turn of the user's has it again. Adaptive thinking asks for nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

#: What turns thinking off for one call; a call's own fields go over the model's.
OFF: Mapping[str, Any] = {"thinking": {"type": "disabled"}}

_REASONING = frozenset({"reasoning", "reasoning_content", "thinking", "redacted_thinking"})


def cannot_think(fields: Any, messages: Sequence[BaseMessage]) -> bool:
    """Whether thinking with a budget is asked for, in the middle of another model's turn.

    Args:
        fields: The model's `additional_model_request_fields`.
        messages: As they are sent: reasoning that is left in them is Claude's own.
    """
    thinking = fields.get("thinking") if isinstance(fields, Mapping) else None
    if not isinstance(thinking, Mapping) or thinking.get("type") != "enabled":
        return False
    if not messages or not isinstance(messages[-1], ToolMessage):
        return False
    called = next((m for m in reversed(messages) if isinstance(m, AIMessage)), None)
    return called is not None and not _begins_with_reasoning(called.content)


def _begins_with_reasoning(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    if not isinstance(first, Mapping):
        return False
    return first.get("type") in _REASONING or "reasoningContent" in first

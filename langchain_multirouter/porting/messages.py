"""Messages: a conversation in the form that one service accepts."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from .dialect import Dialect


def ported_messages(
    messages: Sequence[BaseMessage], dialect: Dialect, model_name: str
) -> tuple[list[BaseMessage], tuple[str, ...]]:
    """The messages for the dialect, and what was lost."""
    return list(messages), ()

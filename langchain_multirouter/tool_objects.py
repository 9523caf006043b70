"""Tool objects: telling LangChain's tools from other values without importing their module."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


def is_tool(value: Any) -> TypeGuard[BaseTool]:
    """Whether it is a `BaseTool`: nothing is, where nobody has imported that class yet.

    Its module takes longer to import than all of ours that look at tools.
    """
    kind = getattr(sys.modules.get("langchain_core.tools.base"), "BaseTool", None)
    return kind is not None and isinstance(value, kind)

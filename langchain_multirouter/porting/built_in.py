"""Built-in tools: those that a provider runs itself, and nobody else has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .dialect import Dialect

#: Google's, by their keys.
_GOOGLES: Final = frozenset(
    {
        "google_search",
        "google_search_retrieval",
        "google_maps",
        "code_execution",
        "url_context",
        "computer_use",
        "enterprise_web_search",
        "file_search",
        "retrieval",
        "parallel_ai_search",
        "exa_ai_search",
        "mcp_servers",
        "function_declarations",
    }
)
#: Amazon's, which run within Nova.
_AMAZONS: Final = frozenset({"nova_grounding", "nova_code_interpreter"})
#: Anthropic dates its tools: "bash_20250124".
_DATED: Final = re.compile(r".*_\d{8}")
#: Types that are no tool's own: a function, and a JSON schema's.
_NO_TOOLS: Final = frozenset({"function", "object"})
#: A mark in Bedrock's list of tools, which saves money and changes nothing.
CACHE_POINT: Final = "cachePoint"

_OPENAI: Final = frozenset({"azure_chat", "azure_responses"})
_ANTHROPIC: Final = frozenset({"vertex_claude"})
_GOOGLE: Final = frozenset({"vertex_gemini"})
_AMAZON: Final = frozenset({"bedrock_nova"})
_WHOSE: Final[Mapping[frozenset[str], str]] = {
    _OPENAI: "azure_openai's",
    _ANTHROPIC: "Claude's",
    _GOOGLE: "Gemini's",
    _AMAZON: "Amazon Nova's",
}


def built_in(tool: Any) -> Any:
    """A provider's own tool in the form that is kept; None for a function of the caller's."""
    if isinstance(tool, str):
        return {"systemTool": {"name": tool}} if tool in _AMAZONS else None
    if isinstance(tool, Mapping):
        return dict(tool) if _owners(tool) or CACHE_POINT in tool else None
    if type(tool).__name__ == "NovaSystemTool":
        return dict(tool.to_bedrock_format())
    return tool if type(tool).__module__.startswith("google.genai") else None


def kept_from(tool: Any, dialect: Dialect) -> str | None:
    """Why a provider's own tool cannot be had there, or None."""
    owners = _owners(tool)
    if not owners or dialect.name in owners:
        return None
    return f"{name_of(tool)} is {_WHOSE[owners]} own tool"


def name_of(tool: Any) -> str:
    """What to call a provider's own tool."""
    if not isinstance(tool, Mapping):
        return type(tool).__name__
    if "type" in tool:
        return str(tool["type"])[:64]
    system = tool.get("systemTool")
    return str(system["name"] if isinstance(system, Mapping) else next(iter(tool), ""))[:64]


def in_googles_words(tool: Any) -> Any:
    """The keys as Google's SDK has them: `googleSearch` is `google_search`."""
    if not isinstance(tool, Mapping):
        return tool
    return {_snake(key): value for key, value in tool.items()}


def _owners(tool: Any) -> frozenset[str]:
    """The dialects that have it; none for what is no provider's own."""
    if not isinstance(tool, Mapping):
        return _GOOGLE
    kind = tool.get("type")
    if isinstance(kind, str) and kind not in _NO_TOOLS:
        return _ANTHROPIC if _DATED.fullmatch(kind) else _OPENAI
    if "systemTool" in tool:
        return _AMAZON
    return _GOOGLE if any(_snake(key) in _GOOGLES for key in tool) else frozenset()


def _snake(key: Any) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), str(key))

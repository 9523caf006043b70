"""Recursion: schemas that speak of themselves, which LangChain's conversion cuts off silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from ..tool_objects import is_tool


def openai_tool(tool: Any) -> dict[str, Any]:
    """A tool as OpenAI's dictionary, its references kept where it is recursive.

    LangChain writes references out, and what would never end becomes "anything". A service that
    takes references can be told the truth, and one that does not must not be told less.

    Raises:
        ValueError: it is no tool.
    """
    converted = convert_to_openai_tool(tool)
    whole = _schema_of(tool)
    if whole is None or not _is_recursive(whole):
        return converted
    function = {**converted["function"], "parameters": whole}
    return {**converted, "function": function}


def _schema_of(tool: Any) -> Mapping[str, Any] | None:
    """What pydantic says of a class or of a tool's arguments."""
    if is_tool(tool):
        tool = tool.tool_call_schema
    describe = getattr(tool, "model_json_schema", None) if isinstance(tool, type) else None
    if describe is None:
        return None
    schema: dict[str, Any] = describe()
    if "$ref" in schema:  # of a class that is recursive itself
        return schema
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _is_recursive(schema: Mapping[str, Any]) -> bool:
    known = schema.get("$defs") or {}
    leads = {name: set(_references(said)) for name, said in known.items()}

    def reaches(name: str, seen: frozenset[str]) -> bool:
        return any(to in seen or reaches(to, seen | {to}) for to in leads.get(name, ()))

    return any(reaches(name, frozenset({name})) for name in leads)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)

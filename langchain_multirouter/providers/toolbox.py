"""Toolbox: neutral tools in a provider's own form, converted once per set of tools."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from langchain_core.utils.function_calling import (
    convert_to_json_schema,
    convert_to_openai_function,
)

Value = TypeVar("Value")

#: The neutral choices that are no tool's name.
CHOICES = frozenset({"any", "auto", "none"})


class PerModel(Generic[Value]):
    """The last few values made for each model, forgotten with it.

    Chat models cannot be hashed, hence by identity; a value may be made twice in a race, which
    harms nobody.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._shelves: dict[int, tuple[weakref.ref[Any], OrderedDict[Hashable, Value]]] = {}

    def get(self, model: object, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value kept under the key, else a new one."""
        shelf = self._shelf(model)
        value = shelf.get(key)
        if value is None:
            value = shelf[key] = make()
            while len(shelf) > self._most:
                try:
                    shelf.popitem(last=False)
                except KeyError:  # another thread took the last one
                    break
        return value

    def _shelf(self, model: object) -> OrderedDict[Hashable, Value]:
        name = id(model)
        held = self._shelves.get(name)
        if held is None or held[0]() is not model:
            reference = weakref.ref(model, lambda _: self._shelves.pop(name, None))
            held = self._shelves[name] = (reference, OrderedDict())
        return held[1]


_BOUND: PerModel[tuple[Any, Mapping[str, Any]]] = PerModel(most=8)


def bound(
    model: Any, tools: Sequence[Any], choice: str | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    """What the model's own `bind_tools` binds."""
    options = dict(more)
    if choice is not None:
        options["tool_choice"] = choice
    settings = dict(model.bind_tools([_function(tool) for tool in tools], **options).kwargs)
    if not settings.get("tools", True):
        del settings["tools"]  # an empty list is refused by OpenAI
    return settings


#: How a provider's row says a set of tools: model, tools, choice and settings → a call's settings.
Binding = Callable[[Any, Sequence[Any], str | None, Mapping[str, Any]], dict[str, Any]]


def bound_settings(
    model: Any,
    tools: Sequence[Any],
    choice: str | None,
    more: Mapping[str, Any],
    *,
    binding: Binding = bound,
) -> dict[str, Any]:
    """The call's settings for these tools.

    Kept per model for the last few sets of tools, which are told apart by identity: the tools are
    held along, so that no other object can take their place.
    """
    key = (tuple(map(id, tools)), choice, tuple((name, id(more[name])) for name in more))

    def make() -> tuple[Any, Mapping[str, Any]]:
        return (tuple(tools), tuple(more.values())), binding(model, tools, choice, more)

    return dict(_BOUND.get(model, key, make)[1])


def function_of(tool: Any) -> dict[str, Any] | None:
    """A neutral tool's function; None for what is a provider's own."""
    if isinstance(tool, Mapping) and tool.get("type") == "function" and "function" in tool:
        return dict(tool["function"])
    if isinstance(tool, Mapping) and "name" not in tool and "title" not in tool:
        return None
    return None if isinstance(tool, str) else _converted(tool)


def _converted(tool: Any) -> dict[str, Any] | None:
    try:
        return convert_to_openai_function(tool)
    except (TypeError, ValueError):
        return None


def _function(tool: Any) -> Any:
    """The function inside an OpenAI tool, for a call's `strict` to be said of it.

    The outer form is passed on as it is: right for a function that says so itself.
    """
    if isinstance(tool, Mapping) and tool.keys() == {"type", "function"}:
        function: dict[str, Any] = dict(tool["function"])
        return tool if "strict" in function else function
    return tool


def response_format_of(said: Any) -> dict[str, Any] | None:
    """A response format as OpenAI's dictionary; None for one that has no such form."""
    if isinstance(said, Mapping) and said.get("type") in ("json_schema", "json_object", "text"):
        return dict(said)
    try:
        schema = convert_to_json_schema(said)
    except (TypeError, ValueError):
        return None
    name = str(schema.get("title") or "answer")
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}

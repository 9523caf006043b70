"""Converse: tools in the form of Bedrock's API, which LangChain's class passes on as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .construction import copied
from .toolbox import PerModel, bound, function_of

#: Copies of a model that do not stream.
_UNSTREAMED: Final[PerModel[Any]] = PerModel(most=1)


def specified(
    model: Any, tools: Sequence[Any], choice: str | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The tools in Converse's own form, which the class passes on.

    Its `bind_tools` takes null out of every schema, also where a value is required; and with
    `strict` it makes an empty object of a map.
    """
    strict = more.get("strict")
    config: list[Any] = []
    for tool in tools:
        function = function_of(tool)
        if function is None:
            config.append(tool)
            continue
        spec = {"name": function["name"], "inputSchema": {"json": function.get("parameters") or {}}}
        spec["description"] = function.get("description") or function["name"]
        if function.get("strict", strict) is not None:
            spec["strict"] = function.get("strict", strict)
        config.append({"toolSpec": spec})
    rest = {name: value for name, value in more.items() if name != "strict"}
    settings = bound(model, (), choice, rest)
    if any(isinstance(tool, Mapping) and "systemTool" in tool for tool in config):
        chosen = settings.pop("tool_choice", None)
        settings["toolConfig"] = {"tools": config, **({"toolChoice": chosen} if chosen else {})}
    elif config:
        settings["tools"] = config
    return settings


def unstreamed(model: Any) -> Any:
    """A copy that does not stream: with tools that run at AWS the service does it wrongly."""
    return _UNSTREAMED.get(model, None, lambda: copied(model, {"disable_streaming": True}))

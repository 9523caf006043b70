"""What arrives on a wire of the parameters that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import HumanMessage

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.providers import Parameters

from .conftest import Caller, Subject


def tool(name: str, **properties: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(properties),
    }
    about = {"name": name, "description": f"Does {name}.", "parameters": schema}
    return {"type": "function", "function": about}


TOOLS = [tool("get_weather", city="string"), tool("add", a="integer")]


def found(body: Any, key: str) -> Any:
    """The value of a key, however deep in a body."""
    if isinstance(body, Mapping):
        if key in body:
            return body[key]
        body = list(body.values())
    if isinstance(body, list):
        return next((value for part in body if (value := found(part, key)) is not None), None)
    return None


class Wire:
    """Sends parameters, and reads what arrived."""

    def __init__(self, cloud: Emulator, subjects: dict[str, Subject], call: Caller) -> None:
        self._cloud, self._subjects, self._call = cloud, subjects, call
        self.dropped: tuple[str, ...] = ()

    def sent(
        self, wire: str, mode: str, parameters: Parameters, messages: Any = None
    ) -> Mapping[str, Any]:
        subject = self._subjects[wire]
        asked = messages or (HumanMessage("What is the weather in Oslo, as JSON?"),)
        model, stop, settings, self.dropped = subject.row.translate(
            subject.adopted, parameters, asked
        )
        self._cloud.clear_log()
        self._call(model, mode, tuple(asked), stop=stop, **settings)
        (entry,) = self._cloud.log_of(wire)
        return entry.body

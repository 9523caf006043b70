"""Scenes: a provider goes down in the middle of somebody's run, and the run is compared with one
in which nothing happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

Make = Callable[..., RoutedChatModel]

#: The emulated model calls a tool whose name it reads.
PROMPT = 'Please use get_weather for "Oslo"'
RESULT = "It is mild in Oslo."

BETWEEN, BEFORE = "between two calls", "before a first token"
DOWN = (BETWEEN, BEFORE)
HEALTHY = "never"
#: Where every wire with every time would take too long.
SOMETIMES = (("azure_openai", BETWEEN), ("aws_bedrock", BEFORE), ("gcp_vertex", BETWEEN))


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: int


def weather_tool(cloud: Emulator, wire: str, when: str) -> Callable[[str], str]:
    """A tool for the run's first step; the provider goes down with it, or is down already."""
    cloud.heal()
    cloud.clear_log()
    if when == BEFORE:
        cloud.break_(wire, Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0))

    def get_weather(city: str) -> str:
        """The weather in a city."""
        if when == BETWEEN:
            cloud.break_(wire, "503")
        return f"It is mild in {city}."

    return get_weather


def shape(messages: Sequence[BaseMessage]) -> list[tuple[str, list[str], bool]]:
    """What a run's messages are, whoever wrote them: kind, tools called, text or none."""
    return [
        (message.type, [call["name"] for call in getattr(message, "tool_calls", [])],
         message.text.strip() not in ("", "[]"))
        for message in messages
    ]  # fmt: skip


def answerers(messages: Sequence[BaseMessage]) -> list[str]:
    """Which provider answered each of the model's turns."""
    return [
        message.response_metadata["router"]["provider"]
        for message in messages
        if isinstance(message, AIMessage)
    ]


def expected_answerers(answered: list[str], wire: str, when: str) -> bool:
    """Whether the first call went where it should have, and all others elsewhere."""
    first, *others = answered
    return (first == wire) is (when == BETWEEN) and wire not in others


def failed(cloud: Emulator, wire: str) -> int:
    """Requests to a provider that were not answered."""
    return sum(not entry.completed for entry in cloud.log_of(wire))

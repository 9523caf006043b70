"""LangChain's agents with a response format, over each provider and when one fails."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator

from .conftest import HASTY, WIRES
from .test_structured_output import ABLE


class Weather(BaseModel):
    """The weather somewhere."""

    city: str
    degrees: int


@tool
def look_up(city: str) -> str:
    """Look the weather up."""
    return f"{city}: 21 degrees"


@pytest.fixture(scope="module")
def able(emulator: Emulator) -> dict[str, Any]:
    return {wire: emulator.chat_model(wire, name) for wire, name in ABLE.items()}


def router(able: dict[str, Any], first: str) -> RoutedChatModel:
    order = [first, *(wire for wire in WIRES if wire != first)]
    return RoutedChatModel(
        [Deployment(able[wire], name=wire) for wire in order], strategy="ordered", policy=HASTY
    )


STRATEGIES = {"provider": ProviderStrategy(Weather), "tool": ToolStrategy(Weather)}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("tools", [[], [look_up]], ids=["no-tools", "tools"])
@pytest.mark.parametrize("wire", WIRES)
def test_an_agent_answers_with_an_object(
    wire: str, tools: list[Any], strategy: str, able: dict[str, Any], cloud: Emulator
) -> None:
    agent: Any = create_agent(router(able, wire), tools=tools, response_format=STRATEGIES[strategy])
    said = agent.invoke({"messages": [("human", 'It is 21 degrees in "Oslo". Say so.')]})

    assert isinstance(said["structured_response"], Weather)
    assert {entry.provider for entry in cloud.log} == {wire}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("wire", WIRES)
def test_an_agent_answers_with_an_object_when_a_provider_fails(
    wire: str, strategy: str, able: dict[str, Any], cloud: Emulator
) -> None:
    cloud.break_(wire, "503")
    agent: Any = create_agent(
        router(able, wire), tools=[look_up], response_format=STRATEGIES[strategy]
    )
    said = agent.invoke({"messages": [("human", 'It is 21 degrees in "Oslo". Say so.')]})

    assert isinstance(said["structured_response"], Weather)

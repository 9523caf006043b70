"""Ported histories are accepted by the emulated services, sent by the real classes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from langchain_core.messages import BaseMessage
from langchain_core.tools import tool

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.porting.messages import ported_messages

from .histories import histories
from .writers import SERVICES, Service

OVER_RESPONSES: dict[str, Any] = {"use_responses_api": True}


@tool
def get_weather(city: str = "", days: int = 1) -> str:
    """Weather of some days."""
    return f"{city} {days}"


@tool
def add(city: str = "", days: int = 1) -> str:
    """Adds days."""
    return f"{city} {days}"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    logging.disable(logging.CRITICAL)  # the classes log what they drop
    with Emulator(seed=0) as emulator:
        yield emulator
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
def test_every_service_answers_what_any_of_them_wrote(service: Service, cloud: Emulator) -> None:
    more = OVER_RESPONSES if service.name == "azure_responses" else {}
    model = cloud.chat_model(service.dialect.provider, service.model, **more)
    bound = model.bind_tools([get_weather, add])

    @settings(max_examples=25, deadline=None)
    @given(histories(SERVICES))
    def answers(history: list[BaseMessage]) -> None:
        told, _ = ported_messages(history, service.dialect, service.model, service.name)
        assume("web_search" not in str(told))  # the emulated service has no tools of its own
        assert bound.invoke(told)

    answers()
    for client in (getattr(model, name, None) for name in ("root_client", "client")):
        if hasattr(client, "close"):
            client.close()

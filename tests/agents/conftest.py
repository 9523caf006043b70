"""Agents and graphs over the emulator; what is shared is shared for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from langchain_multirouter.emulator import Emulator
from tests.agents import sink
from tests.wire import conftest as wire_tests
from tests.wire.conftest import RUNNER, cloud, emulator, hang_up, router

__all__ = ["cloud", "emulator", "langsmith", "models", "router", "tracers"]


#: Of the Gemini models, one that takes tools and a response format together.
MODELS = {**wire_tests.MODELS, "gcp_vertex": "gemini-3-flash-preview"}


@pytest.fixture(scope="session")
def models(emulator: Emulator) -> Iterator[dict[str, Any]]:
    yield {wire: emulator.chat_model(wire, name) for wire, name in MODELS.items()}
    RUNNER.run(hang_up())


@pytest.fixture(scope="session")
def tracers() -> Iterator[sink.Sink]:
    with sink.serve() as told:
        yield told


@pytest.fixture
def langsmith(tracers: sink.Sink) -> sink.Sink:
    tracers.forget()
    return tracers

"""Agents and graphs over the emulator; what is shared is shared for the whole session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents import sink
from tests.wire.conftest import cloud, emulator, models, router

__all__ = ["cloud", "emulator", "langsmith", "models", "router", "tracers"]


@pytest.fixture(scope="session")
def tracers() -> Iterator[sink.Sink]:
    with sink.serve() as told:
        yield told


@pytest.fixture
def langsmith(tracers: sink.Sink) -> sink.Sink:
    tracers.forget()
    return tracers

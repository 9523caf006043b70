"""Real provider classes whose credentials are canaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from langchain_multirouter.emulator import Emulator
from tests.agents.conftest import langsmith, tracers
from tests.wire.conftest import MODELS, RUNNER, cloud, emulator, hang_up

from .canaries import model_with_keys
from .liar import Liar

__all__ = ["cloud", "emulator", "langsmith", "tracers"]


@pytest.fixture(scope="session")
def models(emulator: Emulator) -> Iterator[dict[str, Any]]:
    yield {wire: model_with_keys(emulator.url, wire, name) for wire, name in MODELS.items()}
    RUNNER.run(hang_up())


@pytest.fixture(scope="session")
def lying() -> Iterator[Liar]:
    with Liar() as server:
        yield server


@pytest.fixture
def liar(lying: Liar) -> Liar:
    """A server that says whatever a test wants it to say, in any cloud's name."""
    lying.forget()
    return lying


@pytest.fixture(scope="session")
def lied_to(lying: Liar) -> Iterator[dict[str, Any]]:
    """The same classes, pointed at it."""
    yield {wire: model_with_keys(lying.url, wire, name) for wire, name in MODELS.items()}
    RUNNER.run(hang_up())

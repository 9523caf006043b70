"""Routers over the real provider classes, as in tests/wire, with clients that are warmed up.

The first request of each class imports half a cloud's SDK; no test's time limit should see that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from tests.wire.conftest import MODELS, RUNNER, STEADY, WIRES, cloud, emulator

__all__ = ["cloud", "emulator"]


@pytest.fixture(scope="session")
def models(emulator: Emulator) -> dict[str, Any]:
    built = {wire: emulator.chat_model(wire, name) for wire, name in MODELS.items()}
    for model in built.values():
        model.invoke("Hello")
        RUNNER.run(model.ainvoke("Hello"))
    return built


@pytest.fixture
def router(cloud: Emulator, models: dict[str, Any]) -> Callable[..., RoutedChatModel]:
    """A fresh router whose first deployment is on this wire; `deployments` by wire."""

    def make(
        first: str, *, deployments: dict[str, dict[str, Any]] | None = None, **settings: Any
    ) -> RoutedChatModel:
        order = [first, *(wire for wire in WIRES if wire != first)]
        more = deployments or {}
        built = [Deployment(models[w], **{"name": w, **more.get(w, {})}) for w in order]
        return RoutedChatModel(built, **{**STEADY, "timeout": 15.0, **settings})

    return make

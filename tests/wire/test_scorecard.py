"""The sixteen published scenarios, each wire failing in turn, in all four modes: every cell."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter.emulator import Emulator

from .conftest import MODES, WIRES
from .scenarios import SCENARIOS
from .scorecard import Bench


@pytest.fixture(scope="session")
def bench(emulator: Emulator, models: dict[str, Any]) -> Bench:
    return Bench(emulator, models)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("code", SCENARIOS)
def test_a_published_scenario_is_passed(code: str, wire: str, mode: str, bench: Bench) -> None:
    assert bench.verdict(code, wire, mode) == ("pass", "")

"""Hedges over the real provider classes: the slow one is left, whatever its SDK can do about it."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

from .conftest import MODES, STEADY, WIRES, ask

SLOW = Fault(FaultKind.SLOW_FIRST_TOKEN, seconds=0.8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_slow_one_is_left_for_another_that_answers(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    names = [wire, *(other for other in WIRES if other != wire)]
    model = RoutedChatModel(
        [Deployment(models[name], name=name) for name in names],
        **{**STEADY, "timeout": 10.0},
        hedge=0.15,
    )
    cloud.break_(wire, SLOW, times=1)
    answer = ask(model, mode)
    told = answer.response_metadata["router"]
    assert told["deployment"] == names[1]
    assert [one["outcome"] for one in told["attempts"]] == ["cancelled", "success"]
    counts = model.counts()
    assert (counts[wire]["cancelled"], counts[wire]["pending"]) == (1, 0)
    assert [len(cloud.log_of(name)) for name in names] == [1, 1, 0]
    orphans = model.assembled.fleet.snapshot()[0].orphans
    interrupted = mode.startswith("a") and wire != "aws_bedrock"  # whose SDK has no async client
    assert orphans == (0 if interrupted else 1)

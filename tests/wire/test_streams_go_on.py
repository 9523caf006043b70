"""Streams that break off on one wire and go on over another, between all the wires there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel, StreamInterruptedError
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

from .conftest import MODELS, STEADY, WIRES, ask

Make = Callable[..., RoutedChatModel]
CUT = Fault(FaultKind.CLEAN_EOF_MIDSTREAM, after_chunks=3)


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize(("first", "second"), list(permutations(WIRES, 2)))
def test_one_carries_on_from_another(
    first: str, second: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    deployments = [Deployment(models[wire], name=wire) for wire in (first, second)]
    model = RoutedChatModel(deployments, **STEADY, on_interrupted="continue")
    expected = ask(model, mode)
    cloud.clear_log()
    cloud.break_(first, CUT, times=1)
    answer = ask(model, mode)
    told = answer.response_metadata["router"]
    assert told["deployment"] == second
    assert told["notes"] == [f"continued by {second} where the stream from {first} broke off"]
    assert type(answer.content) is type(expected.content)
    assert answer.response_metadata["model_name"].startswith(MODELS[second])
    said = expected.text[: answer.text.rindex("Hello from")]
    assert len(said.split()) == 3
    assert answer.text.startswith(said)
    assert "cut off" in answer.text or second == "aws_bedrock"  # it tells what it was asked
    body = json.dumps(cloud.log_of(second)[-1].body)
    assert said.strip() in body
    assert ("cut off" in body) is (second != "aws_bedrock")  # Claude 3 goes on by itself


def test_what_the_other_repeats_is_dropped(cloud: Emulator, models: dict[str, Any]) -> None:
    same = [Deployment(models["aws_bedrock"], name=name) for name in "ab"]
    model = RoutedChatModel(same, **STEADY, on_interrupted="continue")
    expected = ask(model, "stream")
    cloud.break_("aws_bedrock", CUT, times=1)
    answer = ask(model, "stream")
    assert answer.response_metadata["router"]["deployment"] == "b"
    assert answer.text == expected.text
    assert answer.content == expected.content


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("wire", WIRES)
def test_buffered_it_is_whole_and_of_one(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    expected = ask(router(wire), mode).text
    cloud.break_(wire, CUT, times=1)
    answer = ask(router(wire, on_interrupted="buffer"), mode)
    assert answer.text == expected
    assert answer.response_metadata["router"]["attempt_number"] == 2


@pytest.mark.parametrize("wire", WIRES)
def test_unless_asked_for_it_is_an_error(wire: str, cloud: Emulator, router: Make) -> None:
    cloud.break_(wire, CUT, times=1)
    with pytest.raises(StreamInterruptedError):
        ask(router(wire), "stream")

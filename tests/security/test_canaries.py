"""Keys, prompts and tools are told to the provider alone, whatever goes wrong there."""

from __future__ import annotations

import pickle
from itertools import product
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.errors import RouterError
from tests.agents.sink import Sink
from tests.reference.known import listening
from tests.wire.conftest import HASTY, MODES, WIRES, ask
from tests.wire.test_catalogue import FAULTS

from .canaries import KEY, QUESTION, SCHEMA, all_of_error, everything, found

PLACES = tuple(product(WIRES, MODES))
#: Every fault once, each at the next wire and in the next mode.
ROTATED = [
    (fault, *PLACES[(number * 5 + number // len(PLACES)) % len(PLACES)])
    for number, fault in enumerate(FAULTS)
]


def one(model: Any, wire: str, **settings: Any) -> RoutedChatModel:
    settings = {"policy": HASTY, "max_retries": 0, "timeout": 2.0, **settings}
    return RoutedChatModel([Deployment(model, name=wire)], **settings)


def nothing_is_told(fault: str, wire: str, mode: str, cloud: Emulator, model: Any) -> None:
    """One call over a fault; no canary anywhere afterwards."""
    router = one(model, wire)
    cloud.break_(wire, FAULTS[fault])
    with listening() as listener:
        try:
            answer = ask(router, mode, QUESTION, tools=[SCHEMA])
            told = repr(answer.response_metadata["router"])
        except RouterError as error:
            told = all_of_error(error)
    assert found(told) == []
    assert listener.records
    assert found(listener.text()) == []
    assert found(everything(router)) == []
    assert found(cloud.log) == []


@pytest.mark.parametrize(("fault", "wire", "mode"), ROTATED)
def test_no_fault_makes_anything_tell_a_secret(
    fault: str, wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    nothing_is_told(fault, wire, mode, cloud, models[wire])


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_makes_anything_tell_a_secret_on_any_wire_in_any_mode(
    fault: str, wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    nothing_is_told(fault, wire, mode, cloud, models[wire])


@pytest.mark.parametrize("wire", WIRES)
def test_the_canaries_really_were_sent(wire: str, cloud: Emulator, models: dict[str, Any]) -> None:
    ask(one(models[wire], wire), "invoke", QUESTION, tools=[SCHEMA])
    (entry,) = cloud.log
    assert found(dict(entry.body)) == ["CANARYPROMPT", "CANARYTOOL"]


TRACED = ("401", "503", "reset_midstream", "malformed", "slow")


@pytest.mark.parametrize(
    ("wire", "mode", "fault"),
    [(*place, TRACED[number % len(TRACED)]) for number, place in enumerate(PLACES)],
)
def test_the_run_of_an_attempt_holds_no_secret_and_that_of_the_call_no_key(
    wire: str, mode: str, fault: str, langsmith: Sink, cloud: Emulator, models: dict[str, Any]
) -> None:
    cloud.break_(wire, FAULTS[fault])
    try:
        config = {"callbacks": [langsmith.tracer()]}
        ask(one(models[wire], wire), mode, QUESTION, tools=[SCHEMA], config=config)
    except ModelError:
        pass
    call, *attempts = langsmith.told()
    assert [run["name"] for run in attempts] == [f"attempt {wire}"]
    assert found(attempts) == []
    assert found(call, KEY) == []


@pytest.mark.parametrize("wire", WIRES)
def test_a_router_that_cannot_be_pickled_says_so_without_its_keys(
    wire: str, models: dict[str, Any]
) -> None:
    with pytest.raises(TypeError) as raised:
        pickle.dumps(one(models[wire], wire))
    assert found(str(raised.value)) == []

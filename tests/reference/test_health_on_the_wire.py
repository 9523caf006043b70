"""§6 Health over the wire: one token of each provider, at the same time, and what is learned."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.health import Health
from tests.reference.known import listening, told
from tests.wire.conftest import RUNNER, WIRES

Make = Callable[..., RoutedChatModel]
EITHER = pytest.mark.parametrize("kind", ["check_health", "acheck_health"])


def check(router: RoutedChatModel, kind: str, **settings: Any) -> dict[str, Health]:
    """A check in one of the two ways, on the loop that the providers' clients live on."""
    if kind == "check_health":
        return router.check_health(**settings)
    return RUNNER.run(asyncio.wait_for(router.acheck_health(**settings), 20.0))


def let_go(cloud: Emulator) -> None:
    """End what waits for a silent cloud: an attempt that was left runs on in its thread."""
    cloud.stop()
    cloud.start()
    for thread in threading.enumerate():
        if thread.name.startswith("multirouter-attempt"):
            thread.join(20.0)


@EITHER
def test_each_is_sent_one_request_for_one_token(kind: str, cloud: Emulator, router: Make) -> None:
    found = check(router("azure_openai"), kind)
    assert {name: h.healthy for name, h in found.items()} == dict.fromkeys(WIRES, True)
    for wire in WIRES:
        (entry,) = cloud.log_of(wire)
        assert entry.output_tokens <= 1
        assert "ping" in json.dumps(entry.body)


@EITHER
def test_all_are_under_way_at_the_same_time(kind: str, cloud: Emulator, router: Make) -> None:
    for wire in WIRES:
        cloud.break_(wire, Fault(FaultKind.SILENCE))
    check(router("azure_openai"), kind, timeout_seconds=0.4)
    let_go(cloud)
    started = [entry.started for entry in cloud.log]
    ended = [entry.ended for entry in cloud.log if entry.ended is not None]
    assert len(started) == 3
    assert all(max(started) <= end for end in ended)


@EITHER
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault(FaultKind.STATUS, status=401), "authentication"),
        (Fault(FaultKind.STATUS, status=404), "model_not_found"),
        (Fault(FaultKind.STATUS, status=500), "server"),
        (Fault(FaultKind.SILENCE), "timeout"),
    ],
)
def test_who_fails_is_unhealthy_until_a_check_succeeds(
    wire: str, fault: Fault, cause: str, kind: str, cloud: Emulator, router: Make
) -> None:
    cloud.break_(wire, fault)
    model = router(wire)
    found = check(model, kind, timeout_seconds=0.6)
    assert {name: h.healthy for name, h in found.items()} == {w: w != wire for w in WIRES}
    assert found[wire].cause == cause
    shown = model.analytics().to_dict()
    assert shown["deployments"][wire]["is_healthy"] is False
    assert shown["providers"][wire]["is_healthy"] is False
    assert told(model.invoke("hi"))["deployment"] != wire
    cloud.heal()
    let_go(cloud)
    assert check(model, kind)[wire] == (True, pytest.approx(0, abs=20), None)
    assert model.analytics().to_dict()["deployments"][wire]["is_healthy"] is True
    assert told(model.invoke("hi"))["deployment"] == wire


@EITHER
@pytest.mark.parametrize("wire", WIRES)
def test_who_refuses_the_ping_itself_is_there_and_so_healthy(
    wire: str, kind: str, cloud: Emulator, router: Make
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=400))
    model = router(wire)
    found = check(model, kind)[wire]
    assert (found.healthy, found.cause) == (True, "bad_request")
    assert model.analytics().to_dict()["deployments"][wire]["is_healthy"] is True


@EITHER
def test_a_change_of_health_by_a_check_is_logged_like_any_other(
    kind: str, cloud: Emulator, router: Make
) -> None:
    cloud.break_("aws_bedrock", "500")
    model = router("aws_bedrock")
    with listening() as listener:
        check(model, kind)
        assert listener.of("HealthChanged") == [
            {"deployment": "aws_bedrock", "healthy": False, "cause": "server"}
        ]
        cloud.heal()
        check(model, kind)
    assert listener.of("HealthChanged")[1:] == [
        {"deployment": "aws_bedrock", "healthy": True, "cause": None}
    ]

"""Every fault of the first rank, in every mode, at every wire: an answer, or one clear error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import RoutedChatModel, StreamInterruptedError
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

from .conftest import MODES, WIRES, ask

#: Fault → the causes under which its attempt may be recorded.
BEFORE_THE_FIRST_TOKEN: dict[str, tuple[Fault, set[str]]] = {
    "429": (Fault(FaultKind.STATUS, status=429), {"throttled"}),
    "429 retry-after": (
        Fault(FaultKind.STATUS, status=429, retry_after_seconds=7.0),
        {"throttled"},
    ),
    "500": (Fault(FaultKind.STATUS, status=500), {"server"}),
    "503": (Fault(FaultKind.STATUS, status=503), {"overloaded"}),
    "reset": (Fault(FaultKind.RESET), {"connection"}),
    "silence": (Fault(FaultKind.SILENCE), {"timeout"}),
    "slow first token": (Fault(FaultKind.SLOW_FIRST_TOKEN, seconds=3.0), {"timeout"}),
    "empty": (Fault(FaultKind.EMPTY_ANSWER), {"invalid_response"}),
    "malformed": (Fault(FaultKind.MALFORMED), {"invalid_response", "stream_broken"}),
    "authentication": (Fault(FaultKind.STATUS, status=401), {"authentication"}),
    "not found": (Fault(FaultKind.STATUS, status=404), {"model_not_found"}),
}
CUTS = {
    "cut by a reset": Fault(FaultKind.RESET_MIDSTREAM, after_chunks=3),
    "cut by a FIN": Fault(FaultKind.FIN_MIDSTREAM, after_chunks=3),
    "cut cleanly": Fault(FaultKind.CLEAN_EOF_MIDSTREAM, after_chunks=3),
    "cut by silence": Fault(FaultKind.SILENCE_MIDSTREAM, after_chunks=3),
    "without finish reason": Fault(FaultKind.NO_FINISH),
}

Make = Callable[..., RoutedChatModel]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
def test_a_fault_before_the_first_token_is_answered_by_another_deployment(
    fault: str, wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    injected, causes = BEFORE_THE_FIRST_TOKEN[fault]
    model = router(wire)
    cloud.break_(wire, injected)
    answer = ask(model, mode)
    told = answer.response_metadata["router"]
    assert told["provider"] != wire
    assert told["fallback_used"]
    assert answer.text
    failed = [a["cause"] for a in told["attempts"] if a["deployment"] == wire]
    assert set(failed) - {"local_environment"} <= causes
    assert len(cloud.log_of(wire)) <= 2
    assert all(counts["pending"] == 0 for counts in model.counts().values())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("fault", CUTS)
def test_a_truncated_answer_is_never_a_success(
    fault: str, wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    whole = ask(model.with_routing(strategy="ordered"), mode).text
    cloud.break_(wire, CUTS[fault])
    if mode in {"stream", "astream"}:
        with pytest.raises(StreamInterruptedError) as raised:
            ask(model, mode)
        assert not raised.value.is_retryable
        assert raised.value.partial.text
        assert whole.startswith(raised.value.partial.text)
        return
    answer = ask(model, mode)
    assert answer.response_metadata["router"]["provider"] != wire
    assert answer.text


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_bad_request_is_sent_once_and_to_nobody_else(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    cloud.break_(wire, Fault(FaultKind.STATUS, status=400))
    with pytest.raises(ModelError) as raised:
        ask(model, mode)
    assert not raised.value.is_retryable
    assert [entry.provider for entry in cloud.log] == [wire]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_deadline_holds_on_every_wire(
    wire: str, mode: str, cloud: Emulator, router: Make, timed: Callable[[], Any]
) -> None:
    model = router(wire, deadline_seconds=0.5, timeout=30)
    for each in WIRES:
        cloud.break_(each, FaultKind.SILENCE)
    elapsed = timed()
    with pytest.raises(ModelError) as raised:
        ask(model, mode)
    assert "deadline of 0.5 s" in str(raised.value)
    assert elapsed() < 5.0  # bounded, where the attempt's own limit is thirty seconds
    assert not raised.value.is_retryable


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_required_tag_is_never_broken(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    from langchain_multirouter import Deployment

    others = [w for w in WIRES if w != wire]
    model = RoutedChatModel(
        [
            *(Deployment(model=models[w], name=w) for w in others),
            Deployment(model=models[wire], name=wire, tags=("eu",)),
        ],
        timeout=1.0,
    )
    cloud.break_(wire, Fault(FaultKind.STATUS, status=503))
    with pytest.raises(ModelError):
        ask(model, mode, require_tags=["eu"], max_retries=0)
    assert {entry.provider for entry in cloud.log} == {wire}

"""§9 Structured logs of every decision, retry, failure, fallback and health change."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.exceptions import ModelInvalidRequestError

from langchain_multirouter import RoutedChatModel, ledger
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.routing import decision
from langchain_multirouter.telemetry import sinks, story
from tests.reference.known import STEADY, Listener, listening, scripted
from tests.wire.conftest import MODES, WIRES, ask

ALL_MODES = pytest.mark.parametrize("mode", MODES)


class Coded(Exception):  # noqa: N818
    """A provider's error with a code of its own."""

    status_code = 503

    def __init__(self, code: str = "busy") -> None:
        super().__init__("CANARY text")
        self.code = code


@ALL_MODES
def test_one_record_for_the_decision_each_failure_retry_and_fallback_and_the_end(
    mode: str,
) -> None:
    router = scripted([Coded()], ["fine"])
    with listening() as listener:
        ask(router, mode, "hi")
    assert listener.names() == [
        "Ranked",
        "AttemptFailed",
        "Retried",
        "AttemptFailed",
        "FellBack",
        "Succeeded",
    ]
    ranked, failed, retried, _, fell, succeeded = [r.router for r in listener.records]  # type: ignore[attr-defined]
    assert ranked == {
        "call": 0,
        "strategy": "ordered",
        "task_type": "chat",
        "order": ("a", "b"),
        "scores": {"a": 0.0, "b": -1.0},
        "removed": {},
    }
    assert {**failed, "seconds": 0} == {
        "call": 0,
        "deployment": "a",
        "number": 1,
        "cause": failed["cause"],
        "code": "busy",
        "seconds": 0,
    }
    assert retried == {"call": 0, "deployment": "a", "number": 2}
    assert fell == {"call": 0, "failed": "a", "deployment": "b", "number": 3}
    assert (succeeded["deployment"], succeeded["attempts"]) == ("b", 3)
    assert succeeded["cost_usd"] is None


def test_levels_are_how_loud_each_kind_is() -> None:
    router = scripted([Coded()], [Coded()])
    with listening() as listener, pytest.raises(Exception, match="All attempts failed"):
        router.invoke("hi", max_retries=0)
    levels = {r.getMessage().split()[0]: r.levelname for r in listener.records}
    assert levels == {
        "Ranked": "INFO",
        "AttemptFailed": "WARNING",
        "FellBack": "WARNING",
        "GaveUp": "ERROR",
    }


def test_a_decision_tells_what_was_removed_and_why_before_anything_is_sent() -> None:
    router = scripted(["x"], ["y"], deployments=[{"tags": ["eu"]}])
    with listening() as listener:
        router.invoke("hi", require_tags=["eu"])
    (ranked,) = listener.of("Ranked")
    assert (ranked["order"], ranked["removed"]) == (("a",), {"b": "require_tags: lacks eu"})
    assert listener.names()[0] == "Ranked"


@ALL_MODES
def test_a_decision_that_leaves_nobody_is_a_decision_too(mode: str) -> None:
    router = scripted(["x"])
    with listening() as listener, pytest.raises(Exception, match="No deployment can serve"):
        ask(router, mode, "hi", require_tags=["eu"])
    assert listener.names() == ["Ranked", "GaveUp"]
    assert listener.of("Ranked")[0]["removed"] == {"a": "require_tags: lacks eu"}
    assert listener.of("GaveUp")[0]["attempts"] == 0


@ALL_MODES
@pytest.mark.parametrize(
    "script",
    [[Coded()], [ModelInvalidRequestError("bad request")], [TimeoutError("late")]],
    ids=["failed", "bad request", "timeout"],
)
def test_a_call_that_ends_without_an_answer_says_so(mode: str, script: list[Any]) -> None:
    with listening() as listener, pytest.raises(Exception):  # noqa: B017, PT011  # whichever
        ask(scripted(script), mode, "hi")
    assert listener.names()[-1] == "GaveUp"


def test_a_change_of_health_is_told_when_a_breaker_opens_and_when_it_closes() -> None:
    policy = Policy(wait=STEADY.wait, breaker_failures=2, open_seconds=0.0)
    router = scripted([Coded(), Coded(), "fine"], policy=policy, max_attempts=4)
    with listening() as listener:
        router.invoke("hi")
    assert listener.of("HealthChanged") == [
        {"deployment": "a", "healthy": False, "cause": listener.of("AttemptFailed")[0]["cause"]},
        {"deployment": "a", "healthy": True, "cause": None},
    ]


@ALL_MODES
@pytest.mark.parametrize("wire", WIRES)
def test_the_record_is_json_and_the_same_as_its_router_dictionary(
    wire: str, mode: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=401))
    with listening() as listener:
        ask(router(wire), mode, "my secret prompt")
    assert listener.names()[:2] == ["Ranked", "AttemptFailed"]
    for record in listener.records:
        name, _, fields = record.getMessage().partition(" ")
        assert json.loads(fields) == json.loads(json.dumps(record.router))  # type: ignore[attr-defined]
        assert name.isidentifier()
    assert "secret" not in listener.text()


@pytest.mark.parametrize(
    "code", ["busy\nCRITICAL root: all is lost", "a\r\nb", "x\x85y", "\u2028z", "\x1b[2Jq"]
)
def test_a_newline_in_a_providers_code_cannot_forge_a_line(code: str) -> None:
    router = scripted([Coded(code)], ["fine"])
    with listening() as listener:
        router.invoke("hi")
    for record in listener.records:
        assert len(record.getMessage().splitlines()) == 1
        assert "\x1b" not in record.getMessage()


def test_a_newline_in_a_callers_own_words_cannot_forge_a_line() -> None:
    router = scripted(["x"], ["y"], deployments=[{"model_name": "m\nCRITICAL a"}])

    def named(candidates: Any, request: Any) -> list[float]:
        return [0.0] * len(candidates)

    named.__name__ = "mine\nCRITICAL forged"
    with listening() as listener:
        router.invoke("hi", strategy=named, model_preference=["m\nCRITICAL a"])
    assert all(len(r.getMessage().splitlines()) == 1 for r in listener.records)


# --- silence ----------------------------------------------------------------------------------


def test_nothing_is_printed_until_logging_is_configured() -> None:
    program = (
        "from tests.reference.known import scripted\n"
        "router = scripted([OSError('no')], ['fine'])\n"
        "assert router.invoke('hi').text == 'fine'\n"
        "from langchain_multirouter.telemetry.sinks import listening\n"
        "assert not listening()\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("", "")


@ALL_MODES
def test_nothing_is_built_when_nobody_listens(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("an event was built")

    for event in ("AttemptEnded", "AttemptStarted", "FellBack", "Retried"):
        monkeypatch.setattr(story, event, build)
    monkeypatch.setattr(decision, "Ranked", build)
    monkeypatch.setattr(decision, "new", build)
    monkeypatch.setattr(ledger, "CallEnded", build)
    monkeypatch.setattr(sinks, "json", SimpleNamespace(dumps=build))
    monkeypatch.setattr(sinks.LOGGER, "propagate", False)  # pytest listens at the root
    router = scripted([Coded()], ["fine"])
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "CallRecord", build)  # of a failed call, the history keeps one
        assert ask(router, mode, "hi").text == "fine"
    with pytest.raises(Exception, match="All attempts failed"):
        ask(scripted([Coded()]), mode, "hi")


def test_who_listens_is_asked_at_every_call_so_that_logging_can_be_configured_late() -> None:
    router = scripted(["x"])
    router.invoke("hi")
    with listening() as listener:
        router.invoke("hi")
    assert listener.names() == ["Ranked", "Succeeded"]


@pytest.mark.parametrize(
    ("level", "names"),
    [
        (logging.INFO, ["Ranked", "AttemptFailed", "FellBack", "Succeeded"]),
        (logging.WARNING, ["AttemptFailed", "FellBack"]),
        (logging.ERROR, []),
        (logging.CRITICAL, []),
    ],
)
def test_a_level_is_heeded(level: int, names: list[str]) -> None:
    router = scripted([Coded()], ["fine"], max_retries=0)
    with listening(level=level) as listener:
        router.invoke("hi")
    assert listener.names() == names


# --- a handler that is broken -----------------------------------------------------------------


class Raising(Listener):
    """A handler whose disk is full."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("disk full")


@ALL_MODES
def test_a_handler_that_raises_harms_no_call(mode: str) -> None:
    router = scripted([Coded()], ["fine"])
    with listening(Raising()):
        assert ask(router, mode, "hi").text == "fine"
    shown = router.analytics().to_dict()["deployments"]
    assert shown["a"]["failed_requests"] == 2
    assert shown["b"]["successful_requests"] == 1
    assert shown["a"]["pending_requests"] == shown["b"]["pending_requests"] == 0


def test_a_handler_that_raises_harms_no_health_check() -> None:
    router = scripted([Coded()], ["fine"])
    with listening(Raising()):
        found = router.check_health(timeout_seconds=5.0)
    assert [(h.healthy, h.seconds < 5.0) for h in found.values()] == [(False, True), (True, True)]

"""Listeners and other code of the user's: what raises or blocks there harms one call at most."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.rate_limiters import BaseRateLimiter

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry.sinks import LOGGER
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted
from tests.wire.conftest import MODES, ask

ALL_MODES = pytest.mark.parametrize("mode", MODES)
FAULT = ConnectionError("gone")


@contextmanager
def logging_to(handler: logging.Handler) -> Iterator[None]:
    before = LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(before)


def counts(model: RoutedChatModel) -> dict[str, tuple[int, ...]]:
    """Succeeded, failed, cancelled, pending."""
    return {one.deployment.name: one.stats[:4] for one in model.assembled.fleet.snapshot()}


# --- what blocks ------------------------------------------------------------------------------


class Gate:
    """Holds the first that comes to it until it is opened."""

    def __init__(self) -> None:
        self.came, self.opened = threading.Event(), threading.Event()

    def pass_(self) -> None:
        if not self.came.is_set():
            self.came.set()
            assert self.opened.wait(20.0)


class BlockingHandler(logging.Handler):
    """Writes warnings to where nothing can be written just now."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(logging.WARNING)
        self.gate = gate

    def emit(self, record: logging.LogRecord) -> None:
        self.gate.pass_()


class BlockingCallback(BaseCallbackHandler):
    """A tracer whose backend does not answer."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def on_llm_end(self, *_: Any, **__: Any) -> None:
        self.gate.pass_()


@ALL_MODES
@pytest.mark.parametrize("kind", ["logging handler", "callback"])
def test_one_that_blocks_delays_its_own_call_and_nobody_elses(kind: str, mode: str) -> None:
    gate = Gate()
    model = scripted([FAULT, "fine"], ["also fine"])
    callbacks = [BlockingCallback(gate)] if kind == "callback" else []
    answers: list[str] = []

    def call() -> None:
        answers.append(model.invoke("Hello", config={"callbacks": callbacks}).text)

    with logging_to(BlockingHandler(gate) if kind != "callback" else logging.NullHandler()):
        caller = threading.Thread(target=call, daemon=True)
        caller.start()
        assert gate.came.wait(10.0)
        began = time.monotonic()
        for _ in range(5):
            assert ask(model, mode).text in ("fine", "also fine")
        model.analytics()
        model.pause("b")
        model.resume("b")
        assert all(health.healthy for health in model.check_health(timeout_seconds=5.0).values())
        assert time.monotonic() - began < 5.0
        assert answers == []
        gate.opened.set()
        caller.join(10.0)
    assert answers
    assert all(pending == 0 for *_, pending in counts(model).values())


# --- no lock is held --------------------------------------------------------------------------


class Watch:
    """Asked from everywhere: whether the router's locks are free, and who asked."""

    model: RoutedChatModel | None = None

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.held: set[str] = set()

    def look(self, who: str) -> None:
        if self.model is None:
            return
        known = self.model.assembled
        self.asked.add(who)
        if known.fleet._lock.locked() or known._lock.locked():
            self.held.add(who)


class WatchingHandler(logging.Handler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self.watch.look(f"log {record.getMessage().split()[0]}")


class WatchingCallback(BaseCallbackHandler):
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.watch.look("start")

    def on_llm_new_token(self, *_: Any, **__: Any) -> None:
        self.watch.look("token")

    def on_llm_end(self, *_: Any, **__: Any) -> None:
        self.watch.look("end")


class WatchingLimiter(BaseRateLimiter):
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def acquire(self, *, blocking: bool = True) -> bool:
        self.watch.look("rate limiter")
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


@ALL_MODES
def test_no_lock_is_held_while_anybody_elses_code_runs(mode: str) -> None:
    watch = Watch()

    def watching(who: str, value: Any) -> Callable[..., Any]:
        def look(*_: Any) -> Any:
            watch.look(who)
            return value

        return look

    def score(candidates: Sequence[Any], *_: Any) -> list[float]:
        watch.look("strategy")
        return [float(-candidate.number) for candidate in candidates]

    first = ScriptedModel(script=[FAULT, FAULT, "fine"], rate_limiter=WatchingLimiter(watch))
    watch.model = model = scripted(
        first,
        ["also fine"],
        deployments=[{"health_check": watching("health check", True)}, {}],
        strategy=score,
        classifier=watching("classifier", "chat"),
        policy=Policy(
            wait=watching("wait", 0.0), stop=watching("stop", False), breaker_failures=1,
            ramp_seconds=0.0,
        ),
    )  # fmt: skip
    with logging_to(WatchingHandler(watch)):
        for _ in range(2):
            ask(model, mode, "Hello", config={"callbacks": [WatchingCallback(watch)]})
            model.check_health(timeout_seconds=5.0)
    expected = {
        "start", "end", "rate limiter", "strategy", "classifier", "health check", "log Ranked",
        "log AttemptFailed", "log FellBack", "log Succeeded", "log HealthChanged",
    }  # fmt: skip
    assert watch.asked >= expected | ({"token"} if "stream" in mode else set())
    assert watch.held == set()


# --- what raises ------------------------------------------------------------------------------


class RaisingCallback(BaseCallbackHandler):
    """Raises where it is told to; `raise_error` makes LangChain let it through."""

    def __init__(self, where: str, *, loudly: bool) -> None:
        self.raise_error = loudly
        setattr(self, where, self.fail)

    def fail(self, *_: Any, **__: Any) -> None:
        raise OSError("the listener's disk is full")


PLACES = ["on_chat_model_start", "on_llm_new_token", "on_llm_end", "on_llm_error"]


@ALL_MODES
@pytest.mark.parametrize("where", PLACES)
def test_a_callback_that_raises_quietly_harms_no_call(where: str, mode: str) -> None:
    model = scripted([FAULT, "fine"], ["also fine"])
    config = {"callbacks": [RaisingCallback(where, loudly=False)]}
    texts = [ask(model, mode, "Hello", config=config).text for _ in range(3)]
    assert set(texts) <= {"fine", "also fine"}
    assert sum(succeeded for succeeded, *_ in counts(model).values()) == 3


@ALL_MODES
@pytest.mark.parametrize("where", PLACES)
def test_a_callback_whose_error_is_the_callers_leaves_nothing_pending(
    where: str, mode: str
) -> None:
    model = scripted(["fine words"], ["also fine"])
    config = {"callbacks": [RaisingCallback(where, loudly=True)]}
    raised = 0
    for _ in range(3):
        try:
            ask(model, mode, "Hello", config=config)
        except OSError:
            raised += 1
    called = {"on_llm_new_token": "stream" in mode, "on_llm_error": False}.get(where, True)
    assert raised == (3 if called else 0)
    assert ask(model, mode).text == "fine words"
    assert all(pending == failed == 0 for _, failed, _, pending in counts(model).values())
    healths = [one.healthy(time.monotonic()) for one in model.assembled.fleet.snapshot()]
    assert healths == [True, True]


def raising(*_: Any) -> Any:
    raise OSError("the user's own code failed")


SETTINGS: dict[str, dict[str, Any]] = {
    "strategy": {"strategy": raising},
    "wait": {"policy": Policy(wait=raising)},
    "stop": {"policy": Policy(stop=raising)},
}


@ALL_MODES
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_the_users_that_raises_is_named_and_leaves_nothing_pending(
    name: str, mode: str
) -> None:
    model = scripted([FAULT, "fine"], **SETTINGS[name])
    with pytest.raises(ConfigurationError, match=f"{name}: raised OSError"):
        ask(model, mode)
    ((succeeded, _, _, pending),) = counts(model).values()
    assert (succeeded, pending) == (0, 0)
    if name != "strategy":
        assert ask(model, mode).text == "fine"


@ALL_MODES
def test_a_classifier_that_raises_costs_no_call(mode: str) -> None:
    model = scripted(["fine"], classifier=raising)
    assert ask(model, mode).text == "fine"
    assert counts(model)["a"] == (1, 0, 0, 0)


class Stop(BaseException):
    """As a KeyboardInterrupt: no error of anybody's."""


@ALL_MODES
@pytest.mark.parametrize("hedge", [False, 30.0])
def test_what_is_no_exception_leaves_nothing_pending_and_harms_no_health(
    hedge: Any, mode: str
) -> None:
    model = scripted([Stop(), "fine"], ["also fine"], hedge=hedge)
    with pytest.raises((Stop, AttributeError) if mode == "ainvoke" else Stop):
        ask(model, mode)  # LangChain's own `agenerate` takes a Stop for an answer
    assert counts(model) == {"a": (0, 0, 1, 0), "b": (0, 0, 0, 0)}
    assert ask(model, mode).text == "fine"

"""§6 Health: all checked in parallel, what a check's word does, and the interval."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import tenacity
from langchain_core.exceptions import ModelInvalidRequestError

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter.health import Health
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told

BOUND = 20.0  # seconds that nothing here comes near; a test that hangs fails then
KINDS = ("check_health", "acheck_health")
EITHER = pytest.mark.parametrize("kind", KINDS)


def check(router: RoutedChatModel, kind: str, **settings: Any) -> dict[str, Health]:
    """A check in one of the two ways."""
    if kind == "check_health":
        return router.check_health(**settings)
    return asyncio.run(asyncio.wait_for(router.acheck_health(**settings), BOUND))


def shown(router: RoutedChatModel, name: str = "a") -> dict[str, Any]:
    deployments: dict[str, Any] = router.analytics().to_dict()["deployments"]
    return deployments[name]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a check that hangs waits for; let go in the end."""
    event = threading.Event()
    yield event
    event.set()


@EITHER
def test_every_deployment_is_asked_once_and_told_about(kind: str) -> None:
    models = [ScriptedModel(script=["pong"]), ScriptedModel(script=[ConnectionError("no")])]
    router = scripted(*models)
    found = check(router, kind)
    assert list(found) == ["a", "b"]
    assert [(h.healthy, h.cause) for h in found.values()] == [(True, None), (False, "connection")]
    assert all(0 <= h.seconds < BOUND for h in found.values())
    assert [m.calls for m in models] == [1, 1]


@EITHER
def test_a_check_is_a_call_for_one_token_and_counts_as_an_attempt(kind: str) -> None:
    router = scripted(["pong"], deployments=[{"price": {"input": 1, "output": 1}}])
    check(router, kind)
    assert shown(router)["total_requests"] == 1
    assert shown(router)["total_cost_usd"] > 0


@EITHER
def test_all_are_checked_in_parallel(kind: str) -> None:
    barrier = threading.Barrier(3, timeout=BOUND)  # broken unless all three are there at once

    def meet() -> bool:
        barrier.wait()
        return True

    router = scripted(["x"], ["y"], ["z"], deployments=[{"health_check": meet}] * 3)
    assert all(h.healthy for h in check(router, kind).values())


@EITHER
def test_before_any_check_there_is_no_last_one_and_afterwards_there_is(kind: str) -> None:
    router = scripted(["x"], [ConnectionError("no")])
    assert shown(router)["last_health_check"] is None
    check(router, kind)
    for name in ("a", "b"):
        assert shown(router, name)["last_health_check"].endswith("+00:00")


@EITHER
def test_a_failing_check_marks_unhealthy_and_a_succeeding_one_heals(kind: str) -> None:
    router = scripted([ConnectionError("no"), "pong", "answer"], ["y"])
    check(router, kind)
    assert shown(router)["is_healthy"] is False
    assert told(router.invoke("hi"))["deployment"] == "b"
    assert check(router, kind)["a"].healthy
    assert shown(router)["is_healthy"] is True
    assert told(router.invoke("hi"))["deployment"] == "a"


# --- checks of the user's own -----------------------------------------------------------------


@EITHER
@pytest.mark.parametrize("says", [False, None, 0, "", RuntimeError("no"), KeyError()])
def test_a_users_own_check_that_says_no_or_raises_means_unhealthy(kind: str, says: Any) -> None:
    def own() -> Any:
        if isinstance(says, Exception):
            raise says
        return says

    model = ScriptedModel()
    router = scripted(model, ["y"], deployments=[{"health_check": own}])
    found = check(router, kind)
    assert (found["a"].healthy, found["a"].cause) == (False, "health_check")
    assert found["b"].healthy
    assert shown(router)["is_healthy"] is False
    assert model.calls == 0, "a check of the user's own costs no call"
    assert told(router.invoke("hi"))["deployment"] == "b"


def test_an_asynchronous_check_is_refused_since_a_coroutine_is_always_true() -> None:
    async def own() -> bool:
        return False

    with pytest.raises(ConfigurationError, match="health_check"):
        scripted(["x"], deployments=[{"health_check": own}])


@EITHER
def test_a_users_own_check_heals_without_a_call(kind: str) -> None:
    answers = iter([False, True])
    router = scripted(["x"], deployments=[{"health_check": lambda: next(answers)}])
    assert [check(router, kind)["a"].healthy for _ in range(2)] == [False, True]
    assert shown(router)["is_healthy"] is True
    assert shown(router)["total_requests"] == 0


@EITHER
def test_a_check_that_does_not_come_back_is_over_in_time_and_means_unhealthy(
    kind: str, gate: threading.Event
) -> None:
    async def acheck(router: RoutedChatModel) -> dict[str, Health]:
        try:
            return await asyncio.wait_for(router.acheck_health(timeout_seconds=0.05), 5.0)
        finally:
            gate.set()  # or the loop waits for its threads

    router = scripted(["x"], ["y"], deployments=[{"health_check": lambda: gate.wait(BOUND)}])
    if kind == "check_health":
        found = router.check_health(timeout_seconds=0.05)
    else:
        found = asyncio.run(acheck(router))
    assert (found["a"].healthy, found["a"].cause) == (False, "timeout")
    assert found["b"].healthy
    assert shown(router)["is_healthy"] is False


@EITHER
def test_a_paused_deployment_is_not_asked_and_nothing_is_held_against_it(kind: str) -> None:
    models = [ScriptedModel(), ScriptedModel()]
    router = scripted(*models)
    router.pause("a")
    found = check(router, kind)
    assert (found["a"].healthy, found["a"].cause) == (False, "paused")
    assert found["b"].healthy
    assert models[0].calls == 0
    router.resume("a")
    assert shown(router)["is_healthy"] is True
    assert told(router.invoke("hi"))["deployment"] == "a"


class Throttled(Exception):  # noqa: N818  # named as a provider might
    """429, and what the provider asked to wait."""

    status_code = 429
    response = SimpleNamespace(status_code=429, headers={"retry-after": "900"})


@EITHER
def test_one_in_cooldown_is_not_asked_and_its_cause_is_told(kind: str) -> None:
    model = ScriptedModel(script=[Throttled(), "pong"])
    router = scripted(model, ["y"])
    router.invoke("hi")
    found = check(router, kind)
    assert (found["a"].healthy, found["a"].cause) == (False, "throttled")
    assert found["b"].healthy
    assert model.calls == 1
    explained = router.explain("hi").to_dict()["candidates"]
    assert re.fullmatch(r"cooldown for [89]\d\d\.\d s more \(throttled\)", explained[1]["out"])


class ProvidersError(ModelInvalidRequestError):
    """A LangChain model error of a provider."""


@EITHER
def test_who_refuses_the_ping_itself_is_there_and_so_healthy(kind: str) -> None:
    router = scripted([ProvidersError("max_tokens must be at least 16")])
    found = check(router, kind)["a"]
    assert (found.healthy, found.cause) == (True, "bad_request")
    assert shown(router)["is_healthy"] is True


@EITHER
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), True])
def test_a_wrong_time_limit_is_refused(kind: str, seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout_seconds"):
        check(scripted(["x"]), kind, timeout_seconds=seconds)


def test_traffic_tells_the_rest() -> None:
    router = scripted([ConnectionError("no")], ["y"], policy=Policy(wait=tenacity.wait_none()))
    for _ in range(3):  # with a retry each: five failures in a row
        router.invoke("hi")
    assert shown(router)["is_healthy"] is False
    assert shown(router)["last_health_check"] is None
    assert shown(router, "b")["is_healthy"] is True

"""Policy and verdicts: numbers that are checked, and a table without holes."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.resilience.verdict import VERDICTS, Effect, Next

NUMBERS = [field.name for field in fields(Policy) if field.name not in {"wait", "stop"}]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), -1, True, "5", None, 10**400],
    ids=["nan", "inf", "-inf", "negative", "bool", "text", "none", "huge"],
)
def test_a_policys_number_is_finite_and_not_negative(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Policy(**{name: value})


@pytest.mark.parametrize("name", ["breaker_failures", "breaker_least"])
def test_a_breaker_needs_at_least_one_failure(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Policy(**{name: 0})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["wait", "stop"])
def test_only_a_callable_that_is_not_asynchronous_can_be_waited_or_stopped_by(name: str) -> None:
    async def function(state: object) -> float:
        return 0.0

    class Asynchronous:
        async def __call__(self, state: object) -> float:
            return 0.0

    for wrong in (3, "fixed", function, Asynchronous()):
        with pytest.raises(ConfigurationError, match=rf"policy\.{name}"):
            Policy(**{name: wrong})  # type: ignore[arg-type]


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Policy().open_seconds = 3.0  # type: ignore[misc]


def test_an_unknown_number_is_refused() -> None:
    with pytest.raises(TypeError):
        Policy(open_second=3.0)  # type: ignore[call-arg]


def test_every_cause_has_a_verdict() -> None:
    assert set(VERDICTS) == set(Cause)


@pytest.mark.parametrize("cause", Cause)
def test_what_takes_a_deployment_out_says_for_how_long(cause: Cause) -> None:
    verdict = VERDICTS[cause]
    timed = verdict.effect in {Effect.COOLDOWN, Effect.DISABLE}
    assert (verdict.out_seconds > 0) == timed


@pytest.mark.parametrize("cause", Cause)
def test_what_is_not_the_deployments_fault_does_not_count_against_it(cause: Cause) -> None:
    verdict = VERDICTS[cause]
    if verdict.next in {Next.RAISE, Next.LARGER, Next.AT_ONCE}:
        assert verdict.effect is Effect.NONE

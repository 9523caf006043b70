"""§4 One request: options, order of events, metadata, the one error; §10 retries and mistakes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from langchain_core.exceptions import ModelError, ModelInvalidRequestError, ModelRateLimitError

from langchain_multirouter import AllAttemptsFailedError, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import InvalidRequestError
from langchain_multirouter.options import Options
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.backoff import backoff_seconds
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told
from tests.simulation.simulated import World, answer, fail, site

DEFAULTS = {
    "strategy": "intelligent",
    "task_type": None,
    "preferred_provider": None,
    "model_preference": (),
    "max_cost": None,
    "max_response_time": None,
    "fallback_enabled": True,
    "max_retries": 3,
}


@pytest.mark.parametrize(("option", "default"), DEFAULTS.items())
def test_a_calls_options_have_the_references_defaults(option: str, default: Any) -> None:
    assert getattr(Options(), option) == default


def test_every_option_can_be_given_per_call() -> None:
    asked = {**DEFAULTS, "task_type": "chat", "preferred_provider": "azure", "max_cost": 1.0}
    router = scripted(["x"], deployments=[{"price": {"input": 1, "output": 1}}])
    assert told(router.invoke("hi", **asked))["task_type"] == "chat"


@pytest.mark.parametrize("retry", range(6))
def test_a_retry_waits_half_a_second_doubled_each_time_and_up_to_half_a_second_more(
    retry: int,
) -> None:
    rng = Random(0)
    waits = [
        backoff_seconds(
            Policy(longest_backoff_seconds=99.0), retry=retry, elapsed_seconds=0.0, rng=rng
        )
        for _ in range(500)
    ]
    least = 0.5 * 2**retry
    assert least <= min(waits) < least + 0.01
    assert least + 0.49 < max(waits) <= least + 0.5
    assert sum(waits) / 500 == pytest.approx(least + 0.25, abs=0.03)


@pytest.mark.parametrize("retries", [0, 1, 2, 3])
def test_max_retries_caps_the_retries_of_each_deployment(retries: int) -> None:
    world = World(site("a", fail(Cause.SERVER)), site("b", fail(Cause.SERVER)))
    call = world.call(max_retries=retries, max_attempts=60)
    assert {name: call.names.count(name) for name in "ab"} == dict.fromkeys("ab", retries + 1)


def test_again_means_one_quick_retry_then_the_next_one_then_further_laps() -> None:
    world = World(site("a", fail(Cause.SERVER)), site("b", fail(Cause.SERVER)))
    assert world.call(max_attempts=60).names[:4] == ["a", "a", "b", "b"]


@pytest.mark.parametrize(("candidates", "most"), [(1, 2), (2, 4), (3, 6), (4, 8), (6, 8)])
def test_a_call_makes_twice_as_many_attempts_as_candidates_and_at_most_eight(
    candidates: int, most: int
) -> None:
    world = World(*(site(f"d{i}", fail(Cause.SERVER)) for i in range(candidates)))
    assert len(world.call().names) == most


@pytest.mark.parametrize("most", [1, 3, 5])
def test_max_attempts_caps_the_call(most: int) -> None:
    world = World(*(site(f"d{i}", fail(Cause.SERVER)) for i in range(4)))
    assert len(world.call(max_attempts=most).names) == most


@pytest.mark.parametrize(
    ("cause", "names"),
    [
        (Cause.SERVER, ["a", "a", "b"]),  # again
        (Cause.THROTTLED, ["a", "b"]),  # after the hint, elsewhere meanwhile
        (Cause.AUTHENTICATION, ["a", "b"]),  # elsewhere
        (Cause.BAD_REQUEST, ["a"]),  # never
    ],
)
def test_the_verdict_on_an_error_says_whether_it_is_retried(cause: Cause, names: list[str]) -> None:
    assert World(site("a", fail(cause)), site("b", answer())).call().names == names


def test_retry_after_is_read() -> None:
    world = World(site("a", fail(Cause.THROTTLED, hint=7.0), answer()))
    call = world.call()
    assert [one.at - call.started[0].at for one in call.started] == [0.0, 8.0]


def test_a_deadline_ends_the_call_with_all_its_attempts_and_waits() -> None:
    world = World(site("a", fail(Cause.SERVER, 3.0)), site("b", fail(Cause.SERVER, 3.0)))
    call = world.call(deadline_seconds=5.0)
    assert "The deadline of 5 s passed" in str(call.error)
    assert world.now - 1000.0 <= 5.0


def test_every_failure_is_counted_not_only_a_candidates_last() -> None:
    world = World(site("a", fail(Cause.SERVER), fail(Cause.CONNECTION)), site("b"))
    call = world.call()
    assert call.names == ["a", "a", "b"]
    assert world.candidate("a").stats.causes == {"server": 1, "connection": 1}


@pytest.mark.parametrize("mode", ["preferred", "ordered", "any strategy"])
def test_an_answer_carries_the_truth_about_its_call(mode: str) -> None:
    settings: dict[str, Any] = {
        "preferred": {"preferred_provider": "aws_bedrock"},
        "ordered": {"strategy": "ordered"},
        "any strategy": {"strategy": "availability_based"},
    }[mode]
    router = scripted([ConnectionError("no")], [ConnectionError("no")], ["z"])
    answered = told(router.invoke("hi", **settings, max_retries=0))
    first, second = ("b", "a") if mode == "preferred" else ("a", "b")
    assert [a["deployment"] for a in answered["attempts"]] == [first, second, "c"]
    assert answered["provider"] == "gcp_vertex"
    assert answered["fallback_used"] is True
    assert answered["attempt_number"] == 3
    assert answered["total_candidates"] == 3
    assert 0 <= answered["response_time_seconds"] < 60


def test_a_retry_on_the_same_deployment_is_no_fallback() -> None:
    answered = told(scripted([ConnectionError("no"), "x"], ["y"]).invoke("hi"))
    assert (answered["fallback_used"], answered["attempt_number"]) == (False, 2)


def test_if_all_fail_one_error_carries_every_cause() -> None:
    router = scripted([ConnectionError("no")], [TimeoutError("late")], [OSError("no")])
    with pytest.raises(AllAttemptsFailedError) as caught:
        router.invoke("hi", max_retries=0)
    error = caught.value
    assert [(a.deployment, a.outcome) for a in error.attempts] == [
        ("a", "failure"),
        ("b", "failure"),
        ("c", "failure"),
    ]
    assert [a.cause for a in error.attempts] == ["connection", "timeout", "unknown"]
    for attempt in error.attempts:
        assert f"{attempt.deployment}: {attempt.cause}" in str(error)
    assert isinstance(error.__cause__, OSError)


def test_the_one_error_is_also_langchains_class_of_its_dominant_cause(
    cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    for wire in ("azure_openai", "aws_bedrock", "gcp_vertex"):
        cloud.break_(wire, Fault(FaultKind.STATUS, status=429))
    with pytest.raises(ModelRateLimitError) as caught:
        router("azure_openai", max_retries=0).invoke("hi")
    assert isinstance(caught.value, AllAttemptsFailedError)
    assert caught.value.is_retryable is False


class ProvidersError(ModelInvalidRequestError):
    """A LangChain model error of a provider."""


def test_a_callers_mistake_is_langchains_error_of_it_chained_to_the_providers_own() -> None:
    mistake, other = ProvidersError("bad tools"), ScriptedModel()
    with pytest.raises(ModelInvalidRequestError) as caught:
        scripted([mistake], other).invoke("hi")
    assert isinstance(caught.value, InvalidRequestError)
    assert caught.value.__cause__ is mistake
    assert "bad tools" not in str(caught.value)
    assert other.calls == 0


@pytest.mark.parametrize("wire", ["azure_openai", "aws_bedrock", "gcp_vertex"])
def test_a_callers_mistake_is_raised_after_one_attempt_and_tried_nowhere_else(
    wire: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=400))
    model = router(wire)
    with pytest.raises(ModelInvalidRequestError) as caught:
        model.invoke("hi")
    assert isinstance(caught.value, ModelError)
    assert [entry.provider for entry in cloud.log] == [wire]
    assert model.analytics().to_dict()["deployments"][wire]["is_healthy"] is True


def test_model_preference_is_not_sent_to_those_that_do_not_have_the_model(
    cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    answered = told(router("aws_bedrock").invoke("hi", model_preference="gpt-4o"))
    assert answered["deployment"] == "azure_openai"
    assert {entry.provider for entry in cloud.log} == {"azure_openai"}

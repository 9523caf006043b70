"""Bounded: a million distinct errors, prompts, tags and models later, a router keeps no more."""

from __future__ import annotations

import gc
import sys
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.exceptions import ModelError
from langchain_core.messages import AIMessage

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.compiled import REMEMBERED, task_finder
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.providers.classify import classify
from langchain_multirouter.providers.judge import REASONS, judge
from langchain_multirouter.request import Prompt
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry.history import History
from langchain_multirouter.telemetry.sinks import LOGGER
from langchain_multirouter.telemetry.stats import KEPT_ERRORS, KEPT_TIMES, Sample
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted
from tests.routing.candidates import candidate

PACKAGE = "langchain_multirouter"
CAUSES = list(Cause)
PATIENT = Policy(
    breaker_failures=10**9, breaker_least=10**9, longest_disabled_seconds=0.0, wait=lambda _: 0.0,
    retry_ratio=0.0, retry_burst=0.0, retries_per_second=0.0,
)  # fmt: skip


def held_bytes(*roots: Any) -> int:
    """The size of all that can be reached from these, leaving classes and modules out."""
    gc.collect()
    seen: set[int] = set()
    ahead, size = list(roots), 0
    while ahead:
        one = ahead.pop()
        if id(one) in seen or isinstance(one, type | types.ModuleType):
            continue
        seen.add(id(one))
        if isinstance(one, types.FunctionType):
            ahead += one.__closure__ or ()
            continue
        size += sys.getsizeof(one)
        ahead += gc.get_referents(one)
    return size


def memories() -> list[Any]:
    """What the package's modules hold, for all routers."""
    modules = [module for name, module in sys.modules.items() if name.startswith(PACKAGE)]
    return [value for module in modules for value in vars(module).values()]


@pytest.mark.parametrize("errors", [5_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_distinct_errors_leave_no_more_behind_than_a_few(errors: int) -> None:
    fleet = Fleet([candidate(0)], PATIENT, 0)

    def fail(first: int, last: int) -> int:
        for number in range(first, last):
            now = 1000.0 * number
            permit = fleet.permit(0, 1e12 + now, longest_seconds=10.0)
            assert permit is not None
            failure = Failure(CAUSES[number % len(CAUSES)], f"code-{number}")
            fleet.settle_failure(permit, failure, now)
            permit = fleet.permit(0, 1e12 + now, longest_seconds=10.0)
            assert permit is not None
            fleet.settle_success(permit, now, Sample(number * 0.1, number * 0.01, number, 1, 0.1))
        return held_bytes(fleet)

    before = fail(0, 1_000)
    after = fail(1_000, errors)
    assert abs(after - before) < 2_000
    stats = fleet.snapshot()[0].stats
    assert stats.failed == errors
    assert set(stats.causes) == {cause.value for cause in Cause}
    assert len(stats.measured.errors) == KEPT_ERRORS
    assert len(stats.measured.times) == len(stats.measured.first_token_times) == KEPT_TIMES


class EverNew(ScriptedModel):
    """Every call fails in a way that was never seen, or is answered by a model never heard of."""

    def _next(self, *, streamed: bool) -> tuple[AIMessage, BaseException | None, int]:
        number = self.tape.calls
        self.tape.calls += 1
        if number % 3:
            error: Any = type(f"Error{number % 5}", (Exception,), {})(f"text {number}")
            error.code, error.status_code = f"code_{number}", 500 + number % 100
            raise error
        told = {"model_name": f"model-{number}"}
        return AIMessage(f"answer {number}", response_metadata=told), None, 0


def varied(model: RoutedChatModel, first: int, last: int) -> None:
    """Calls that have nothing in common but the router."""
    for number in range(first, last):
        options: dict[str, Any] = {
            "max_tokens": number + 1,
            "temperature": number % 1000 / 1000,
            "model_preference": [f"model-{number}"],
            "strategy": ("ordered", "round_robin", "intelligent", "adaptive")[number % 4],
        }
        if number % 7 == 0:
            options["require_tags"] = [f"tenant-{number}"]
        if number % 5 == 0:
            options["tools"] = [_tool(number)]
        try:
            if number % 2:
                model.invoke(f"Question {number} of tenant {number}", **options)
            else:
                list(model.stream(f"Question {number} of tenant {number}", **options))
        except ModelError:
            continue


def _tool(number: int) -> dict[str, Any]:
    schema = {"type": "object", "properties": {f"field{number}": {"type": "string"}}}
    return {"type": "function", "function": {"name": f"tool{number}", "parameters": schema}}


@pytest.mark.parametrize("calls", [1_000, pytest.param(60_000, marks=pytest.mark.slow)])
def test_calls_that_have_nothing_in_common_leave_a_router_as_large_as_it_was(
    calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOGGER, "disabled", True)  # pytest keeps every record
    model = scripted(EverNew(), EverNew(), policy=PATIENT, classifier=lambda _: "chat")
    model.assembled.fleet.history = History(2)  # one that is full has a test of its own
    varied(model, 0, 700)  # so that all that remembers the last few has them
    own, all_ = held_bytes(model), held_bytes(model, memories())
    varied(model, 700, 700 + calls)
    assert held_bytes(model) - own < 2_000
    assert held_bytes(model, memories()) - all_ < 60_000
    started = sum(one.stats.started for one in model.assembled.fleet.snapshot())
    assert started > calls


def test_tasks_are_remembered_of_so_many_prompts_and_no_text_is_kept() -> None:
    find = task_finder(None)
    sizes = []
    for number in range(3 * REMEMBERED):
        text = f"Question {number}: " + "x" * 500
        find(Prompt(text, frozenset(), 100))
        if number % 512 == 511:
            sizes.append(held_bytes(find))
    assert 20_000 < max(sizes) < 400 * REMEMBERED
    assert max(sizes[2:]) <= max(sizes[:2]) * 1.1


# --- a provider's words -----------------------------------------------------------------------


class Coded(Exception):  # noqa: N818
    """An error with whatever code a provider sent."""

    def __init__(self, code: Any, status: Any) -> None:
        super().__init__("text")
        self.code, self.status_code = code, status


def small_and_printable(failure: Failure | None) -> None:
    code = None if failure is None else failure.code
    assert code is None or (len(code) <= 64 and code.isprintable())


WORDS = st.text(max_size=80) | st.builds(lambda text, times: text * times, st.text(), st.just(99))


@given(WORDS, st.none() | st.integers(100, 599))
def test_no_code_of_a_providers_error_is_kept_longer_than_64_printable_characters(
    code: str, status: int | None
) -> None:
    small_and_printable(classify(Coded(code, status)))
    body = {"error": {"code": code, "type": code, "innererror": {"code": code}}}
    error = Coded(None, status)
    error.body = body  # type: ignore[attr-defined]
    small_and_printable(classify(error))
    small_and_printable(classify(type(code.replace("\0", "") or "E", (Exception,), {})()))


FINISH = st.sampled_from(sorted(REASONS)) | WORDS


@given(FINISH, st.integers(1, 2000), st.sampled_from(["", "words"]))
def test_no_finish_reason_is_kept_longer_than_64_printable_characters(
    reason: str, times: int, content: str
) -> None:
    metadata = {"finish_reason": reason * times, "prompt_feedback": {"block_reason": reason}}
    small_and_printable(judge(AIMessage(content, response_metadata=metadata), reason_needed=True))
    metadata = {"stopReason": reason * times}
    small_and_printable(judge(AIMessage(content, response_metadata=metadata), reason_needed=True))

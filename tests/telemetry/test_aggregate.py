"""Aggregate: what recorded calls add up to, counted by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.telemetry import aggregate
from langchain_multirouter.telemetry.aggregate import spread
from langchain_multirouter.telemetry.record import CallRecord
from langchain_multirouter.telemetry.stats import percentile
from tests.telemetry.made import AT, call, failure, success

RECORDS = [
    call(success("a", 1.0, first=0.2), task="chat"),
    call(failure("a"), success("b", 3.0, usd=0.01), at=AT + 30, task="chat"),
    call(failure("b", "throttled"), failure("a", "timeout", 2.0), at=AT + 61, task="analysis"),
    call(success("a", 2.0, usd=None), at=AT + 61, task=None, strategy="ordered"),
    call(at=AT + 70, cached="exact", saved_usd=0.005, seconds=0.001),
]


def test_a_deployment_is_measured_by_its_attempts() -> None:
    found = aggregate.by_deployment(RECORDS)
    assert list(found) == ["a", "b"]
    a = found["a"].public()
    assert (a["calls"], a["answered"], a["attempts"], a["failed_attempts"]) == (4, 2, 4, 2)
    assert a["share_of_traffic"] == 2 / 3
    assert a["success_rate"] == 0.5
    assert a["response_seconds"] == {"samples": 2, "mean": 1.5, "p50": 1.0, "p95": 2.0, "p99": 2.0}
    assert a["first_token_seconds"]["p50"] == 0.2
    assert a["causes"] == {"server": 1, "timeout": 1}
    assert (a["input_tokens"], a["output_tokens"]) == (2_000, 400)
    assert (a["cost_usd"], a["unpriced"]) == (0.002, 1)


def test_a_providers_part_is_that_of_its_deployments_together() -> None:
    (together,) = aggregate.by_deployment(RECORDS, lambda name: "azure_openai").values()
    assert (together.calls, together.answered, together.attempts) == (4, 3, 6)
    assert together.share == 1.0


def test_a_task_and_a_strategy_are_measured_by_whole_calls() -> None:
    tasks = aggregate.by_task(RECORDS)
    assert {task: group.calls for task, group in tasks.items()} == {
        "chat": 3, "analysis": 1, "none": 1,
    }  # fmt: skip
    chat = tasks["chat"].public()
    assert chat["answered"] == 3
    assert chat["cached"] == 1
    assert chat["share_of_traffic"] == 3 / 5
    assert chat["response_seconds"]["p95"] == 3.5, "a fallback's time is that of all its attempts"
    assert chat["cost_usd"] == pytest.approx(0.012)
    assert tasks["analysis"].public()["success_rate"] == 0.0
    assert tasks["analysis"].causes == {"timeout": 1}
    strategies = aggregate.by_strategy(RECORDS)
    assert {name: group.calls for name, group in strategies.items()} == {
        "intelligent": 4, "ordered": 1,
    }  # fmt: skip


def test_costs_of_which_none_is_known_are_unknown_and_not_nothing() -> None:
    unknown = aggregate.by_deployment([call(success(usd=None))])["a"]
    assert unknown.cost_usd is None
    failed = aggregate.by_deployment([call(failure())])["a"]
    assert failed.cost_usd == 0.0


def test_windows_are_whole_ones_of_one_round_length_the_empty_ones_too() -> None:
    found = aggregate.windows([*RECORDS, call(success("c"), at=AT + 200)])
    assert {window.seconds for window in found} == {5}
    assert [window.start % 5 for window in found] == [0.0] * len(found)
    assert sum(window.group.calls for window in found) == 6
    assert found[0].public()["start"] == "2026-11-23T12:00:00+00:00"
    assert found[0].answers == {"a": 1}
    assert found[-1].answers == {"c": 1}
    assert 0 in {window.group.calls for window in found}


@given(st.lists(st.floats(-1e6, 1e18), min_size=1, max_size=30))
def test_however_long_the_time_there_are_at_most_48_windows_and_every_call_is_in_one(
    times: list[float],
) -> None:
    found = aggregate.windows([call(success(), at=at) for at in times])
    assert 1 <= len(found) <= aggregate.MOST_WINDOWS
    assert sum(window.group.calls for window in found) == len(times)
    assert all(window.public()["start"].endswith("+00:00") for window in found)


def test_who_answered_how_many_calls_of_a_task() -> None:
    assert aggregate.shares_by_task(RECORDS) == {"chat": {"a": 1, "b": 1}, "none": {"a": 1}}


def test_nothing_adds_up_to_nothing() -> None:
    empty: list[CallRecord] = []
    assert aggregate.windows(empty) == []
    assert aggregate.by_deployment(empty) == aggregate.by_task(empty) == {}
    assert aggregate.of_calls(empty, total=0).public()["response_seconds"]["p99"] is None


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=200))
def test_percentiles_are_those_of_the_statistics(samples: list[float]) -> None:
    found = spread(samples)
    assert found.p50 == percentile(samples, 0.5)
    assert found.p95 == percentile(samples, 0.95)
    assert found.p99 == percentile(samples, 0.99)
    assert found.mean == pytest.approx(math.fsum(samples) / len(samples))

"""Repeats: calls that are made again are known again, by their signs or by having failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.callbacks.manager import BaseRunManager
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.utils.uuid import uuid7

from langchain_multirouter.fleet import Fleet
from langchain_multirouter.options import Options
from langchain_multirouter.repeats import (
    CALLER,
    REMEMBERED,
    REMEMBERED_SECONDS,
    RETRY_POLICY,
    WITH_RETRY,
    Repeat,
    Repeats,
    Wrapping,
)
from langchain_multirouter.request import Prompt, Request
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.surroundings import with_repeats

ASKED = Request(Options(), prompt=Prompt("how much?"))


def told(tags: list[str]) -> BaseRunManager:
    return BaseRunManager(run_id=uuid7(), handlers=[], inheritable_handlers=[], tags=tags)


def fleet() -> Fleet:
    return Fleet([], Policy(), 0)


def test_a_call_without_a_sign_is_the_very_request_that_came() -> None:
    nobody = fleet()
    for manager in (None, told([]), told(["seq:step:2", "retry:attempt:", "retry:attempt:x"])):
        assert with_repeats(ASKED, nobody, manager, 0.0) is ASKED
    assert nobody.repeats.wrappings == {}


def test_a_tag_of_with_retry_is_a_sign() -> None:
    known = fleet()
    found = with_repeats(ASKED, known, told(["seq:step:2", "retry:attempt:3"]), 0.0)
    assert found.repeats == (Repeat(WITH_RETRY, 3),)
    assert known.repeats.wrappings == {WITH_RETRY: Wrapping(WITH_RETRY, 1, 3)}


def at_attempt(number: int) -> Any:
    return SimpleNamespace(execution_info=SimpleNamespace(node_attempt=number))


@pytest.mark.parametrize(
    ("configurable", "attempts"),
    [
        (None, None),
        ({}, None),
        ({"__pregel_runtime": object()}, None),
        ({"__pregel_runtime": SimpleNamespace(execution_info=None)}, None),
        ({"__pregel_runtime": SimpleNamespace(execution_info=object())}, None),
        ({"__pregel_runtime": SimpleNamespace(execution_info=SimpleNamespace())}, None),
        ({"__pregel_runtime": at_attempt(1)}, None),
        ({"__pregel_runtime": at_attempt(2)}, 2),
    ],
)
def test_a_nodes_second_attempt_is_a_sign_whatever_else_a_configuration_holds(
    configurable: Any, attempts: int | None
) -> None:
    token = var_child_runnable_config.set({"configurable": configurable})
    try:
        found = with_repeats(ASKED, fleet(), None, 0.0)
    finally:
        var_child_runnable_config.reset(token)
    assert found.repeats == (() if attempts is None else (Repeat(RETRY_POLICY, attempts),))


def test_a_request_that_failed_is_known_again_each_time_until_it_is_answered() -> None:
    known, asked = fleet(), ASKED
    for times in (2, 3, 4):
        known.call_failed(asked, now=float(times))
        asked = with_repeats(ASKED, known, None, times + 1.0)
        assert asked.repeats == (Repeat(CALLER, times),)
    assert with_repeats(ASKED, known, None, 6.0).repeats == ()
    assert known.repeats.wrappings == {CALLER: Wrapping(CALLER, 3, 4)}


@pytest.mark.parametrize(
    "other",
    [
        Prompt("how many?"),
        Prompt("how much?", input_tokens=1),
        Prompt("how much?", kinds=frozenset({"image"})),
        Prompt("", characters=9),
    ],
)
def test_another_request_is_not_taken_for_it(other: Prompt) -> None:
    known = fleet()
    known.call_failed(ASKED, now=0.0)
    assert with_repeats(ASKED._replace(prompt=other), known, None, 1.0).repeats == ()


def test_a_failure_of_a_health_check_or_without_text_is_not_remembered() -> None:
    known = fleet()
    known.call_failed(ASKED._replace(is_check=True), now=0.0)
    known.call_failed(ASKED._replace(prompt=Prompt(characters=3)), now=0.0)
    assert known.repeats.failed == {}


def test_a_request_that_bears_a_sign_is_not_its_callers_repetition_as_well() -> None:
    known = fleet()
    known.call_failed(ASKED, now=0.0)
    again = with_repeats(ASKED, known, told(["retry:attempt:2"]), 1.0)
    assert again.repeats == (Repeat(WITH_RETRY, 2),)
    assert known.repeats.failed == {}


def test_what_is_remembered_is_bounded_and_ends() -> None:
    repeats = Repeats()
    for number in range(10 * REMEMBERED):
        repeats.remember(number, 1, number / 1000)
    assert len(repeats.failed) == REMEMBERED
    newest = 10 * REMEMBERED - 1
    assert repeats.recognised((), newest, 1.0) == (Repeat(CALLER, 2),)
    assert repeats.recognised((), newest - 1, 2.0 + REMEMBERED_SECONDS) == ()
    assert repeats.failed == {}


def test_a_layer_is_new_once_and_the_most_times_are_kept() -> None:
    repeats = Repeats()
    assert repeats.count([Repeat(WITH_RETRY, 3)]) == [WITH_RETRY]
    assert repeats.count([Repeat(WITH_RETRY, 2), Repeat(RETRY_POLICY, 2)]) == [RETRY_POLICY]
    assert repeats.wrappings[WITH_RETRY] == Wrapping(WITH_RETRY, 2, 3)

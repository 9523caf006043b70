"""Outcome: what is told of a call, small and true."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from langchain_multirouter.deployment import LONGEST_NAME, Deployment
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.options import Strategy
from langchain_multirouter.outcome import (
    LONGEST_RETRY_AFTER_SECONDS,
    Answered,
    AttemptRecord,
    Cause,
    retry_after_seconds,
)

ASCII_NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=LONGEST_NAME
)
ANY_NAMES = st.text(min_size=1, max_size=LONGEST_NAME)


def answered(
    name: str, *records: AttemptRecord, model: str = "gpt-4o", notes: tuple[str, ...] = ()
) -> Answered:
    deployment = Deployment("x:y", name=name, provider="azure_openai", model_name=model)
    records = (*records, AttemptRecord(name, "success", None, None, 1.23456))
    return Answered(
        0, deployment, Strategy.ROUND_ROBIN.value, "code_generation", 9, 5.0, 9.9, records, notes
    )


def size(one: Answered) -> int:
    return len(json.dumps(one.metadata()).encode())


@given(ASCII_NAMES, st.integers(0, 12), st.sampled_from(Cause))
@example("x" * LONGEST_NAME, 8, Cause.QUOTA_EXHAUSTED)
@example("x" * LONGEST_NAME, 2, Cause.QUOTA_EXHAUSTED)
@example('"' * LONGEST_NAME, 2, Cause.QUOTA_EXHAUSTED)
@example("\\" * LONGEST_NAME, 8, Cause.QUOTA_EXHAUSTED)
def test_the_metadata_is_at_most_one_kilobyte(name: str, failed: int, cause: Cause) -> None:
    record = AttemptRecord(name, "failure", cause.value, "ThrottlingException", 12345.678)
    assert size(answered(name, *[record] * failed)) <= 1024


@given(ANY_NAMES, st.integers(0, 12))
@example("é" * LONGEST_NAME, 2)
@example("模" * LONGEST_NAME, 0)
@example("😀" * LONGEST_NAME, 8)
def test_it_is_at_most_one_kilobyte_in_any_script(name: str, failed: int) -> None:
    try:
        Deployment("x:y", name=name)
    except ConfigurationError:
        return
    record = AttemptRecord(name, "failure", "quota_exhausted", None, 12345.678)
    assert size(answered(name, *[record] * failed)) <= 1024


@pytest.mark.parametrize("model", ["m" * 64, "m" * 200, "m" * 5000, "arn:" + "é" * 300])
def test_it_is_at_most_one_kilobyte_whatever_the_models_name(model: str) -> None:
    record = AttemptRecord("a" * 64, "failure", "quota_exhausted", None, 12345.678)
    assert size(answered("b" * 64, *[record] * 3, model=model)) <= 1024


@given(st.lists(st.text(max_size=300), max_size=5))
def test_notes_are_left_out_rather_than_making_it_longer(notes: list[str]) -> None:
    assert size(answered("a", notes=tuple(notes))) <= 1024


def test_the_newest_attempts_are_the_ones_that_are_shown() -> None:
    records = [AttemptRecord(f"d{i}", "failure", "server", None, 1.0) for i in range(20)]
    metadata = answered("good", *records).metadata()
    shown = [a["deployment"] for a in metadata["attempts"]]
    assert shown[-1] == "good"
    assert shown[:-1] == [f"d{i}" for i in range(20)][-len(shown[:-1]) :]
    assert metadata["attempt_number"] == 21
    assert metadata["fallback_used"] is True


def test_a_retry_at_the_same_deployment_is_no_fallback() -> None:
    record = AttemptRecord("a", "failure", "server", None, 1.0)
    assert answered("a", record).metadata()["fallback_used"] is False


def test_a_record_shows_names_a_cause_and_seconds_and_no_text_of_anybodys() -> None:
    record = AttemptRecord("a", "failure", "server", "503", 1.23456)
    shown = {"deployment": "a", "outcome": "failure", "seconds": 1.235, "cause": "server"}
    assert record.public() == shown


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        (3, 3.0),
        (" 4 ", 4.0),
        ("1e400", None),
        ("nan", None),
        ("-1", None),
        (None, None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ({}, None),
        (10**400, None),
        (1e12, LONGEST_RETRY_AFTER_SECONDS),
    ],
)
def test_a_providers_hint_is_untrusted(value: object, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


@given(st.one_of(st.text(), st.binary(), st.floats(), st.integers(), st.none()))
def test_a_hint_is_bounded_whatever_a_provider_sends(value: object) -> None:
    seconds = retry_after_seconds(value)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER_SECONDS

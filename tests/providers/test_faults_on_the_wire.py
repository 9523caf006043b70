"""Every fault of the emulator, on every wire, in every mode, and the cause that it is given."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.outcome import Cause

from .conftest import (
    HASTY_SECONDS,
    MODELS,
    MODES,
    TIMEOUT_SECONDS,
    WIRES,
    Caller,
    Outcome,
    Subject,
    cause_of,
)

STATUSES = {
    400: Cause.BAD_REQUEST,
    401: Cause.AUTHENTICATION,
    403: Cause.PERMISSION,
    404: Cause.MODEL_NOT_FOUND,
    408: Cause.TIMEOUT,
    409: Cause.SERVER,
    413: Cause.BAD_REQUEST,
    422: Cause.BAD_REQUEST,
    424: Cause.SERVER,
    429: Cause.THROTTLED,
    500: Cause.SERVER,
    502: Cause.SERVER,
    503: Cause.OVERLOADED,
    504: Cause.TIMEOUT,
    529: Cause.OVERLOADED,
}

CODES = {
    "insufficient_quota": Cause.QUOTA_EXHAUSTED,
    "content_filter": Cause.CONTENT_POLICY,
    "context_length_exceeded": Cause.CONTEXT_OVERFLOW,
    "ServiceQuotaExceededException": Cause.QUOTA_EXHAUSTED,
    "ExpiredTokenException": Cause.AUTHENTICATION,
    "UnrecognizedClientException": Cause.AUTHENTICATION,
    "ModelErrorException": Cause.SERVER,
    "ModelNotReadyException": Cause.OVERLOADED,
    "throttlingException": Cause.THROTTLED,
}

WHOLE = Cause.CONNECTION, Cause.STREAM_BROKEN
READ = Cause.INVALID_RESPONSE, Cause.STREAM_BROKEN
SAME = tuple[Cause | None, Cause | None]

#: A kind → the causes of a whole answer and of a stream; a wire's own where it differs.
KINDS: dict[FaultKind, SAME | dict[str, SAME]] = {
    FaultKind.RESET: (Cause.CONNECTION, Cause.CONNECTION),
    FaultKind.CLOSE: (Cause.CONNECTION, Cause.CONNECTION),
    FaultKind.GARBAGE: (Cause.CONNECTION, Cause.CONNECTION),
    FaultKind.SILENCE: (Cause.TIMEOUT, Cause.TIMEOUT),
    FaultKind.SILENCE_MIDSTREAM: (Cause.TIMEOUT, Cause.TIMEOUT),
    FaultKind.RESET_MIDSTREAM: WHOLE,
    FaultKind.FIN_MIDSTREAM: {"aws_bedrock": READ, "azure_openai": WHOLE, "gcp_vertex": WHOLE},
    FaultKind.SHORT_BODY: {"aws_bedrock": READ, "azure_openai": WHOLE, "gcp_vertex": WHOLE},
    FaultKind.CLEAN_EOF_MIDSTREAM: READ,
    FaultKind.MALFORMED: READ,
    FaultKind.HTML: {
        "aws_bedrock": READ,
        "azure_openai": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
        "gcp_vertex": READ,
    },
    FaultKind.EMPTY_BODY: {
        "aws_bedrock": READ,
        "azure_openai": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
        "gcp_vertex": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
    },
    FaultKind.EMPTY_JSON: {
        "aws_bedrock": READ,
        "azure_openai": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
        "gcp_vertex": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
    },
    FaultKind.ERROR_JSON: {
        "aws_bedrock": READ,
        "azure_openai": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
        "gcp_vertex": (Cause.INVALID_RESPONSE, Cause.SERVER),
    },
    FaultKind.EMPTY_ANSWER: (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
    FaultKind.EMPTY_CHOICES: {
        "aws_bedrock": READ,
        "azure_openai": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
        "gcp_vertex": (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
    },
    FaultKind.NO_FINISH: (Cause.STREAM_BROKEN, Cause.STREAM_BROKEN),
    FaultKind.TRUNCATED: (None, None),
    FaultKind.BLOCKED_PROMPT: (Cause.CONTENT_POLICY, Cause.CONTENT_POLICY),
    FaultKind.BLOCKED_ANSWER: (Cause.CONTENT_POLICY, Cause.CONTENT_POLICY),
    FaultKind.ERROR_EVENT: (Cause.OVERLOADED, Cause.OVERLOADED),
    FaultKind.CONTEXT_OVERFLOW: (Cause.CONTEXT_OVERFLOW, Cause.CONTEXT_OVERFLOW),
    FaultKind.MALFORMED_TOOL_CALL: (Cause.INVALID_RESPONSE, Cause.INVALID_RESPONSE),
}

SILENT = {FaultKind.SILENCE, FaultKind.SILENCE_MIDSTREAM}

#: Kinds that are statuses (above), or answers that come, if late (below).
ELSEWHERE = {
    FaultKind.STATUS,
    FaultKind.EMPTY_BODY_STATUS,
    FaultKind.SLOW,
    FaultKind.SLOW_FIRST_TOKEN,
    FaultKind.DRIP,
    FaultKind.KEEPALIVE,
    FaultKind.NO_END,  # complete for a router, whatever the client waits for
}


def _cells() -> Iterator[Any]:
    for wire in WIRES:
        for mode in MODES:
            yield pytest.param(wire, mode, id=f"{wire}-{mode}")


every_wire_and_mode = pytest.mark.parametrize(("wire", "mode"), list(_cells()))


def test_every_kind_of_fault_has_an_expectation() -> None:
    assert set(KINDS) | ELSEWHERE == set(FaultKind)


@every_wire_and_mode
def test_a_healthy_answer_is_a_success(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    subject = subjects[wire]

    assert outcome_of(subject.row, subject.adopted, mode) is None


@pytest.mark.parametrize("status", STATUSES)
@every_wire_and_mode
def test_a_status_has_its_cause(
    wire: str,
    mode: str,
    status: int,
    cloud: Emulator,
    subjects: dict[str, Subject],
    outcome_of: Outcome,
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=status))
    subject = subjects[wire]

    assert cause_of(outcome_of(subject.row, subject.adopted, mode)) is STATUSES[status]


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503, 529])
@every_wire_and_mode
def test_a_status_without_a_body_has_its_cause(
    wire: str,
    mode: str,
    status: int,
    cloud: Emulator,
    subjects: dict[str, Subject],
    outcome_of: Outcome,
) -> None:
    cloud.break_(wire, Fault(FaultKind.EMPTY_BODY_STATUS, status=status))
    subject = subjects[wire]

    assert cause_of(outcome_of(subject.row, subject.adopted, mode)) is STATUSES[status]


@pytest.mark.parametrize("code", CODES)
@every_wire_and_mode
def test_a_code_says_more_than_its_status(
    wire: str,
    mode: str,
    code: str,
    cloud: Emulator,
    subjects: dict[str, Subject],
    outcome_of: Outcome,
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, code=code))
    subject = subjects[wire]

    failure = outcome_of(subject.row, subject.adopted, mode)

    assert failure is not None
    assert (failure.cause, failure.code) == (CODES[code], code)


@pytest.mark.parametrize("kind", KINDS)
@every_wire_and_mode
def test_a_fault_has_its_cause(
    wire: str,
    mode: str,
    kind: FaultKind,
    cloud: Emulator,
    subjects: dict[str, Subject],
    outcome_of: Outcome,
) -> None:
    row = KINDS[kind]
    unary, streamed = row[wire] if isinstance(row, dict) else row
    cloud.break_(wire, kind)
    subject = subjects[wire]
    model = subject.hasty if kind in SILENT else subject.adopted

    failure = outcome_of(subject.row, model, mode)

    assert cause_of(failure) is (streamed if mode.endswith("stream") else unary)


@every_wire_and_mode
def test_the_wait_that_a_provider_asks_for_is_read(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=429, retry_after_seconds=2.0))
    subject = subjects[wire]

    failure = outcome_of(subject.row, subject.adopted, mode)

    assert failure is not None
    assert failure.retry_after_seconds == pytest.approx(2.0, abs=0.5)


@every_wire_and_mode
def test_a_blocked_answer_is_handed_on_where_there_is_one(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    cloud.break_(wire, FaultKind.BLOCKED_ANSWER)
    subject = subjects[wire]

    failure = outcome_of(subject.row, subject.adopted, mode)

    assert failure is not None
    assert (failure.answer is None) == (failure.error is not None)


@every_wire_and_mode
def test_a_silent_provider_is_waited_for_no_longer_than_the_time_limit(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    cloud.break_(wire, FaultKind.SILENCE)
    subject = subjects[wire]
    began = time.monotonic()

    outcome_of(subject.row, subject.hasty, mode)

    assert HASTY_SECONDS * 0.9 <= time.monotonic() - began < TIMEOUT_SECONDS / 2


@every_wire_and_mode
@pytest.mark.parametrize("kind", [FaultKind.SLOW, FaultKind.SLOW_FIRST_TOKEN])
def test_a_late_answer_within_the_time_limit_is_a_success(
    wire: str,
    mode: str,
    kind: FaultKind,
    cloud: Emulator,
    subjects: dict[str, Subject],
    outcome_of: Outcome,
) -> None:
    cloud.break_(wire, Fault(kind, seconds=0.05))
    subject = subjects[wire]

    assert outcome_of(subject.row, subject.adopted, mode) is None


def test_azures_comments_do_not_keep_an_asynchronous_stream_alive(
    cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    cloud.break_("azure_openai", Fault(FaultKind.KEEPALIVE, seconds=0.05))
    subject = subjects["azure_openai"]

    assert cause_of(outcome_of(subject.row, subject.hasty, "astream")) is Cause.TIMEOUT


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("mode", ["ainvoke", "astream"])
@pytest.mark.parametrize("wire", ["azure_openai", "gcp_vertex"])
def test_a_connection_of_a_closed_event_loop_is_nobodys_fault(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject]
) -> None:
    row = subjects[wire].row
    model: Any = cloud.chat_model(wire, MODELS[wire])
    causes: list[Cause | None] = []
    for _ in range(3):
        caller = Caller()
        try:
            caller(model, mode)
        except Exception as error:
            causes.append(row.classify(error).cause)
        else:
            causes.append(None)
        caller.loop.close()
    del model
    gc.collect()  # the connections that were lost with their loops are reported here

    assert set(causes) <= {None, Cause.LOCAL_ENVIRONMENT}  # whether it fails is the SDK's affair

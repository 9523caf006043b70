"""Errors: one tree, each member also LangChain's class for its cause, none of it retryable."""

from __future__ import annotations

import copy
import pickle

import pytest
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from langchain_core.messages import AIMessageChunk

from langchain_multirouter import errors
from langchain_multirouter.errors import (
    AllAttemptsFailedError,
    ConfigurationError,
    InvalidRequestError,
    NoCandidateError,
    RouterError,
    StreamInterruptedError,
    unknown_name,
)
from langchain_multirouter.outcome import AttemptRecord, Cause

RECORD = AttemptRecord("a", "failure", "throttled", "429", 1.5)
LANGCHAINS = {
    Cause.THROTTLED: ModelRateLimitError,
    Cause.QUOTA_EXHAUSTED: ModelRateLimitError,
    Cause.OVERLOADED: ModelAPIError,
    Cause.SERVER: ModelAPIError,
    Cause.INVALID_RESPONSE: ModelAPIError,
    Cause.TIMEOUT: ModelTimeoutError,
    Cause.CONNECTION: ModelConnectionError,
    Cause.STREAM_BROKEN: ModelConnectionError,
    Cause.AUTHENTICATION: ModelAuthenticationError,
    Cause.PERMISSION: ModelPermissionDeniedError,
    Cause.MODEL_NOT_FOUND: ModelNotFoundError,
    Cause.CONTEXT_OVERFLOW: ContextOverflowError,
    Cause.CONTENT_POLICY: ModelInvalidRequestError,
}


def below(cls: type) -> set[type]:
    return {cls}.union(*(below(sub) for sub in cls.__subclasses__()))


ROUTER_ERRORS = sorted(
    (c for c in below(RouterError) if c.__module__ == errors.__name__), key=lambda c: c.__name__
)
ALL_FAILED = [c for c in ROUTER_ERRORS if issubclass(c, AllAttemptsFailedError)]


@pytest.mark.parametrize("cls", ROUTER_ERRORS)
def test_no_error_of_the_router_is_retryable(cls: type[RouterError]) -> None:
    assert issubclass(cls, ModelError)
    assert cls.is_retryable is False


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_class_that_is_also_langchains(cause: Cause) -> None:
    cls = AllAttemptsFailedError.for_cause(cause)
    assert issubclass(cls, AllAttemptsFailedError)
    assert issubclass(cls, LANGCHAINS.get(cause, ModelError))


def test_only_causes_without_a_langchain_class_have_the_plain_one() -> None:
    plain = {c for c in Cause if AllAttemptsFailedError.for_cause(c) is AllAttemptsFailedError}
    assert plain == set(Cause) - set(LANGCHAINS)


def test_every_class_of_the_tree_is_some_causes() -> None:
    used = {AllAttemptsFailedError.for_cause(cause) for cause in Cause}
    assert used == set(ALL_FAILED)


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    for cls in [*ROUTER_ERRORS, ConfigurationError]:
        assert cls.__name__ in errors.__doc__


@pytest.mark.parametrize("cls", ALL_FAILED)
def test_a_failed_calls_error_can_be_pickled_and_copied_whole(
    cls: type[AllAttemptsFailedError],
) -> None:
    error = cls("all failed", [RECORD], Cause.THROTTLED, 2.5)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(twin) is cls
        assert str(twin) == "all failed"
        assert (twin.attempts, twin.cause, twin.retry_after_seconds) == (
            (RECORD,),
            Cause.THROTTLED,
            2.5,
        )


def test_every_other_error_can_be_pickled_and_copied_whole() -> None:
    nobody = NoCandidateError({"a": "paused: until resume() is called"}, note=" just now")
    broken = StreamInterruptedError("broke", AIMessageChunk("Hel"), [RECORD], Cause.TIMEOUT)
    mistake = InvalidRequestError("wrong", deployment="a", code="400")
    for error in (nobody, broken, mistake, ConfigurationError("wrong")):
        for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
            assert type(twin) is type(error)
            assert str(twin) == str(error)
            assert {k: v for k, v in vars(twin).items() if k != "note"} == {
                k: v for k, v in vars(error).items() if k != "note"
            }


def test_a_configuration_error_is_a_value_error_and_no_model_error() -> None:
    assert issubclass(ConfigurationError, ValueError)
    assert not issubclass(ConfigurationError, ModelError)


def test_an_unknown_name_is_told_with_at_most_three_near_ones() -> None:
    error = unknown_name("Option", "deadline", ["deadline_seconds", "dead_line", "x", "deadlines"])
    assert "'deadlines' or" in str(error)
    assert "'x'" not in str(error)


def test_an_unknown_names_text_is_bounded() -> None:
    assert len(str(unknown_name("Option", "x" * 10_000, ["y"]))) < 200


def test_nothing_near_is_not_guessed() -> None:
    assert "mean" not in str(unknown_name("Option", "zzz", ["deadline_seconds"]))

"""Classification by what the providers say: their codes and statuses."""

from __future__ import annotations

from typing import Any

import httpx
import langchain_google_genai.chat_models as genai_classes
import pytest
from google.genai import errors as genai

from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers.classify import classify

from .exceptions import aws, azure, because, google, in_stream

BEDROCK = {
    "ThrottlingException": Cause.THROTTLED,
    "throttlingException": Cause.THROTTLED,
    "TooManyRequestsException": Cause.THROTTLED,
    "ServiceQuotaExceededException": Cause.QUOTA_EXHAUSTED,
    "ModelNotReadyException": Cause.OVERLOADED,
    "serviceUnavailableException": Cause.OVERLOADED,
    "InternalServerException": Cause.SERVER,
    "ModelErrorException": Cause.SERVER,
    "ModelTimeoutException": Cause.TIMEOUT,
    "modelStreamErrorException": Cause.STREAM_BROKEN,
    "ExpiredTokenException": Cause.AUTHENTICATION,
    "InvalidSignatureException": Cause.AUTHENTICATION,
    "IncompleteSignature": Cause.AUTHENTICATION,
    "UnrecognizedClientException": Cause.AUTHENTICATION,
    "AccessDeniedException": Cause.PERMISSION,
    "ResourceNotFoundException": Cause.MODEL_NOT_FOUND,
    "FTUFormNotFilled": Cause.MODEL_NOT_FOUND,
    "ValidationException": Cause.BAD_REQUEST,
    "ConflictException": Cause.SERVER,
}


@pytest.mark.parametrize("code", BEDROCK)
@pytest.mark.parametrize("status", [None, 400])
def test_a_code_of_bedrock_says_more_than_its_status(code: str, status: int | None) -> None:
    assert classify(aws(code, status=status)).cause is BEDROCK[code]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("Input is too long for requested model.", Cause.CONTEXT_OVERFLOW),
        (
            "Invocation of model ID x with on-demand throughput isn't supported",
            Cause.MODEL_NOT_FOUND,
        ),
        ("The provided model identifier is invalid.", Cause.MODEL_NOT_FOUND),
        ("temperature: range: 0..1", Cause.BAD_REQUEST),
    ],
)
def test_a_validation_error_of_bedrock_is_told_apart_by_its_words(
    message: str, cause: Cause
) -> None:
    assert classify(aws("ValidationException", message)).cause is cause


@pytest.mark.parametrize(
    ("original", "cause"),
    [(400, Cause.BAD_REQUEST), (429, Cause.THROTTLED), (500, Cause.SERVER), (None, Cause.SERVER)],
)
def test_a_model_error_of_bedrock_is_what_the_model_said(
    original: int | None, cause: Cause
) -> None:
    error = aws("ModelErrorException", status=424, originalStatusCode=original)

    assert classify(error).cause is cause


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (429, {"code": "429"}, Cause.THROTTLED),
        (429, {"code": "NoCapacity"}, Cause.OVERLOADED),
        (429, {"code": "insufficient_quota"}, Cause.QUOTA_EXHAUSTED),
        (429, {"code": None, "type": "insufficient_quota"}, Cause.QUOTA_EXHAUSTED),
        (400, {"code": "content_filter"}, Cause.CONTENT_POLICY),
        (
            400,
            {"code": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
            Cause.CONTENT_POLICY,
        ),
        (400, {"code": "context_length_exceeded"}, Cause.CONTEXT_OVERFLOW),
        (400, {"message": "This model's maximum context length is 8192"}, Cause.CONTEXT_OVERFLOW),
        (400, {"code": None, "type": "invalid_request_error"}, Cause.BAD_REQUEST),
        (404, {"code": "DeploymentNotFound"}, Cause.MODEL_NOT_FOUND),
        (400, {"code": "OperationNotSupported"}, Cause.MODEL_NOT_FOUND),
        (401, None, Cause.AUTHENTICATION),
        (403, {"code": "AccessDenied"}, Cause.PERMISSION),
        (498, None, Cause.OVERLOADED),
        (599, None, Cause.SERVER),
        (418, None, Cause.BAD_REQUEST),
    ],
)
def test_a_status_of_azure_has_its_cause(
    status: int, body: dict[str, Any] | None, cause: Cause
) -> None:
    assert classify(azure(status, body)).cause is cause


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ({"code": "server_error"}, Cause.SERVER),
        ({"code": "rate_limit_exceeded"}, Cause.THROTTLED),
        ({"code": "never_seen"}, Cause.STREAM_BROKEN),
        ({}, Cause.STREAM_BROKEN),
    ],
)
def test_an_error_in_azures_stream_has_no_status(body: dict[str, Any], cause: Cause) -> None:
    assert classify(in_stream(body)).cause is cause


DAILY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (google(429, "RESOURCE_EXHAUSTED"), Cause.THROTTLED),
        (google(429, "RESOURCE_EXHAUSTED", details=[DAILY]), Cause.QUOTA_EXHAUSTED),
        (google(400, "INVALID_ARGUMENT"), Cause.BAD_REQUEST),
        (google(400, "INVALID_ARGUMENT", "API key not valid."), Cause.AUTHENTICATION),
        (google(400, "FAILED_PRECONDITION"), Cause.MODEL_NOT_FOUND),
        (google(400, "?", "exceeds the maximum number of tokens allowed"), Cause.CONTEXT_OVERFLOW),
        (google(499, "CANCELLED"), Cause.SERVER),
        (google(500, "UNKNOWN"), Cause.SERVER),
        (google(503, "UNAVAILABLE"), Cause.OVERLOADED),
        (google(504, "DEADLINE_EXCEEDED"), Cause.TIMEOUT),
        (google(502, "Bad Gateway"), Cause.SERVER),
        (genai.UnknownApiResponseError("?"), Cause.INVALID_RESPONSE),
    ],
)
def test_an_error_of_google_has_its_cause(error: Exception, cause: Cause) -> None:
    assert classify(error).cause is cause


def test_googles_wrapper_is_seen_through() -> None:
    wrapped = genai_classes.GoogleRateLimitError("Error calling model 'x'")
    error = because(wrapped, google(429, "RESOURCE_EXHAUSTED", headers={"retry-after": "3"}))

    failure = classify(error)

    assert failure.cause is Cause.THROTTLED
    assert failure.code == "RESOURCE_EXHAUSTED"
    assert failure.retry_after_seconds == 3
    assert failure.error is error


def test_a_rate_limit_that_google_calls_a_token_limit_is_still_a_rate_limit() -> None:
    # langchain-google-genai takes any message with "token limit" for an overflow.
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Token limit"}}
    error = genai_classes.GoogleContextOverflowError(429, body, None)

    assert classify(error).cause is Cause.THROTTLED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (aws("ThrottlingException"), "ThrottlingException"),
        (aws("x" * 64), "x" * 64),
        (aws("x" * 65), "400"),
        (aws("AADSTS700016"), "AADSTS700016"),
        (aws("3f9c0a417be2d6588ac1f0e94b7d2a36"), "400"),
        (aws("a text, \nwhich is no code"), "400"),
        (azure(503), "503"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_the_code_is_short_and_printable(error: Exception, code: str) -> None:
    assert classify(error).code == code

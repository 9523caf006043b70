"""Classification of exceptions that no provider spoke in: by type, and by what the call was at."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable

import botocore.eventstream
import botocore.exceptions as boto
import google.auth.exceptions as google_auth
import httpx
import langchain_openai.chat_models.base as openai_classes
import pytest
import requests
import urllib3.exceptions
from langchain_core.exceptions import ModelRateLimitError, OutputParserException
from langchain_core.messages import HumanMessage
from langchain_openai import AzureChatOpenAI
from pydantic import BaseModel

from langchain_multirouter.errors import RateLimitedError, StreamInterruptedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers.classify import classify

from .exceptions import HTTPX2, because, raised

REQUEST = httpx.Request("POST", "https://127.0.0.1/")
REQUEST2 = HTTPX2.Request("POST", "https://127.0.0.1/")

TRANSPORT: dict[str, tuple[BaseException, Cause]] = {
    "openai-connection": (
        openai_classes.OpenAIConnectionError(message="?", request=REQUEST2),
        Cause.CONNECTION,
    ),
    "openai-timeout": (openai_classes.OpenAITimeoutError(REQUEST2), Cause.TIMEOUT),
    "boto-read": (boto.ReadTimeoutError(endpoint_url="x"), Cause.TIMEOUT),
    "boto-connect": (boto.ConnectTimeoutError(endpoint_url="x"), Cause.TIMEOUT),
    "boto-refused": (boto.EndpointConnectionError(endpoint_url="x"), Cause.CONNECTION),
    "boto-closed": (boto.ConnectionClosedError(endpoint_url="x"), Cause.CONNECTION),
    "boto-tls": (boto.SSLError(endpoint_url="x", error="y"), Cause.CONNECTION),
    "boto-proxy": (boto.ProxyConnectionError(proxy_url="x", error="y"), Cause.CONNECTION),
    "boto-checksum": (botocore.eventstream.ChecksumMismatch(1, 2), Cause.STREAM_BROKEN),
    "boto-event": (boto.EventStreamError({"Error": {"Code": "?"}}, "x"), Cause.STREAM_BROKEN),
    "urllib3-protocol": (urllib3.exceptions.ProtocolError("x"), Cause.STREAM_BROKEN),
    "urllib3-read": (
        urllib3.exceptions.ReadTimeoutError(None, "/", "x"),  # type: ignore[arg-type]
        Cause.TIMEOUT,
    ),
    "httpx-read": (httpx.ReadError("x"), Cause.CONNECTION),
    "httpx-protocol": (httpx.RemoteProtocolError("x"), Cause.CONNECTION),
    "httpx-connect": (httpx.ConnectError("x"), Cause.CONNECTION),
    "httpx-timeout": (httpx.ReadTimeout(""), Cause.TIMEOUT),
    "httpx-pool": (httpx.PoolTimeout(""), Cause.LOCAL_ENVIRONMENT),
    "httpx-status": (
        httpx.HTTPStatusError("x", request=REQUEST, response=httpx.Response(503, request=REQUEST)),
        Cause.OVERLOADED,
    ),
    "httpx2-read": (HTTPX2.ReadError("x"), Cause.CONNECTION),
    "httpx2-timeout": (HTTPX2.ConnectTimeout("x"), Cause.TIMEOUT),
    "requests-timeout": (requests.ReadTimeout(), Cause.TIMEOUT),
    "requests-connection": (requests.ConnectionError(), Cause.CONNECTION),
    "requests-silence": (requests.ConnectionError("Read timed out."), Cause.TIMEOUT),
    "requests-chunk": (requests.exceptions.ChunkedEncodingError(), Cause.STREAM_BROKEN),
    "builtin-timeout": (TimeoutError(), Cause.TIMEOUT),
    "builtin-reset": (ConnectionResetError(104, "x"), Cause.CONNECTION),
    "tls": (ssl.SSLError("x"), Cause.CONNECTION),
    "bedrock-incomplete": (
        ConnectionError("Incomplete Bedrock response stream: missing messageStop event."),
        Cause.STREAM_BROKEN,
    ),
    "google-transport": (google_auth.TransportError("x"), Cause.CONNECTION),
}


@pytest.mark.parametrize("name", TRANSPORT)
def test_a_failure_of_the_transport_has_its_cause(name: str) -> None:
    error, cause = TRANSPORT[name]

    assert classify(error).cause is cause


LOCAL: dict[str, tuple[BaseException, Cause]] = {
    "no-aws-credentials": (boto.NoCredentialsError(), Cause.AUTHENTICATION),
    "aws-sso": (boto.UnauthorizedSSOTokenError(), Cause.AUTHENTICATION),
    "aws-sso-load": (boto.SSOTokenLoadError(error_msg="x"), Cause.AUTHENTICATION),
    "aws-token": (boto.TokenRetrievalError(provider="x", error_msg="y"), Cause.AUTHENTICATION),
    "aws-parameters": (boto.ParamValidationError(report="x"), Cause.BAD_REQUEST),
    "google-refresh": (google_auth.RefreshError("x"), Cause.AUTHENTICATION),
    "google-refresh-later": (google_auth.RefreshError("x", retryable=True), Cause.SERVER),
    "google-default": (google_auth.DefaultCredentialsError("x"), Cause.AUTHENTICATION),
    "loop-closed": (RuntimeError("Event loop is closed"), Cause.LOCAL_ENVIRONMENT),
    "other-loop": (
        RuntimeError("Task got Future attached to a different loop"),
        Cause.LOCAL_ENVIRONMENT,
    ),
    "loop-closed-inside": (
        because(
            openai_classes.OpenAIConnectionError(message="?", request=REQUEST2),
            RuntimeError("Event loop is closed"),
        ),
        Cause.LOCAL_ENVIRONMENT,
    ),
    "files": (OSError(24, "Too many open files"), Cause.LOCAL_ENVIRONMENT),
    "azure-filter": (
        ValueError("Azure has not provided the response due to a content filter being triggered"),
        Cause.CONTENT_POLICY,
    ),
    "refusal": (openai_classes.OpenAIRefusalError("no"), Cause.CONTENT_POLICY),
    "no-chunks": (ValueError("No generation chunks were returned"), Cause.INVALID_RESPONSE),
    "iam": (
        ValueError("System tools require 'bedrock:InvokeTool' IAM permission."),
        Cause.PERMISSION,
    ),
    "parser": (OutputParserException("x"), Cause.INVALID_RESPONSE),
    "json": (json.JSONDecodeError("x", "y", 0), Cause.INVALID_RESPONSE),
    "type": (TypeError("unexpected keyword argument 'temprature'"), Cause.BAD_REQUEST),
    "value": (ValueError("contents are required"), Cause.BAD_REQUEST),
    "key": (KeyError("text"), Cause.BAD_REQUEST),
    "memory": (MemoryError(), Cause.UNKNOWN),
    "recursion": (RecursionError(), Cause.UNKNOWN),
    "odd": (Exception("?"), Cause.UNKNOWN),
    "runtime": (RuntimeError("?"), Cause.UNKNOWN),
    "langchain": (ModelRateLimitError("x"), Cause.THROTTLED),
    "group": (ExceptionGroup("x", [httpx.ReadError("y")]), Cause.CONNECTION),
}


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_failure_has_its_cause(name: str) -> None:
    error, cause = LOCAL[name]

    assert classify(error).cause is cause


def test_a_lone_surrogate_is_the_callers_mistake() -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        "\ud800".encode()

    assert classify(caught.value).cause is Cause.BAD_REQUEST


def test_bytes_that_are_no_text_are_a_bad_answer() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"\xff".decode()

    assert classify(caught.value).cause is Cause.INVALID_RESPONSE


def test_pydantics_refusal_is_the_callers_mistake() -> None:
    class Config(BaseModel):
        temperature: float

    with pytest.raises(ValueError, match="temperature") as caught:
        Config.model_validate({"temperature": "hot"})

    assert classify(caught.value).cause is Cause.BAD_REQUEST


@pytest.mark.parametrize("make", [TypeError, ValueError, KeyError, IndexError, AttributeError])
@pytest.mark.parametrize(
    ("by", "cause"),
    [
        ("_create_chat_result", Cause.INVALID_RESPONSE),
        ("_parse_response", Cause.INVALID_RESPONSE),
        ("_response_to_result", Cause.INVALID_RESPONSE),
        ("_get_request_payload", Cause.BAD_REQUEST),
        ("_messages_to_bedrock", Cause.BAD_REQUEST),
        ("_parse_chat_history", Cause.BAD_REQUEST),
        ("_get_azure_ad_token", Cause.AUTHENTICATION),
    ],
)
def test_a_wrong_value_is_whose_the_phase_was(
    make: Callable[[str], Exception], by: str, cause: Cause
) -> None:
    assert classify(raised(make("?"), by=by)).cause is cause


def test_json_that_the_caller_wrote_is_the_callers_mistake() -> None:
    error = raised(json.JSONDecodeError("x", "y", 0), by="_get_request_payload")

    assert classify(error).cause is Cause.BAD_REQUEST


def test_a_wrong_value_beside_an_answer_is_a_bad_answer() -> None:
    error = ValueError("?")
    error.response = HTTPX2.Response(200)  # type: ignore[attr-defined]  # as langchain-openai does

    assert classify(error).cause is Cause.INVALID_RESPONSE


def test_a_broken_connection_in_a_stream_is_a_broken_stream() -> None:
    assert classify(raised(httpx.ReadError("x"), by="__stream__")).cause is Cause.STREAM_BROKEN


def test_a_foreign_code_attribute_is_not_a_status() -> None:
    class PayloadError(Exception):
        code = 400

    error = because(httpx.ReadError("x"), PayloadError())

    assert classify(error).cause is Cause.CONNECTION


def test_a_typo_in_a_keyword_is_the_callers_mistake() -> None:
    model = AzureChatOpenAI(
        azure_endpoint="http://127.0.0.1:1", api_version="x", api_key="x", azure_deployment="x"
    )

    with pytest.raises(TypeError) as caught:
        model._generate([HumanMessage("hi")], temprature=1)

    assert classify(caught.value).cause is Cause.BAD_REQUEST


def test_a_router_in_a_router_hands_its_cause_on() -> None:
    inner = RateLimitedError("x", cause=Cause.THROTTLED, retry_after_seconds=4)
    broken = StreamInterruptedError("x", cause=Cause.TIMEOUT)

    assert classify(inner).cause is Cause.THROTTLED
    assert classify(inner).retry_after_seconds == 4
    assert classify(broken).cause is Cause.TIMEOUT


def test_a_chain_that_bites_its_tail_ends() -> None:
    first, second = Exception("x"), Exception("y")
    first.__cause__, second.__cause__ = second, first

    assert classify(first).cause is Cause.UNKNOWN


def test_a_message_that_cannot_be_printed_does_no_harm() -> None:
    class MuteError(ValueError):
        def __str__(self) -> str:
            raise TypeError("no words")

    assert classify(MuteError()).cause is Cause.BAD_REQUEST

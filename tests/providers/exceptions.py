"""The SDKs' own exceptions, made by hand."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from botocore.exceptions import ClientError
from google.genai import errors as genai

HTTPX2: Any = pytest.importorskip("httpx2")


def aws(code: str, message: str = "", status: int | None = 400, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    if status is not None:
        headers = more.pop("headers", {})
        response["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    return ClientError(response, "Converse")


def azure(
    status: int, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> openai.APIStatusError:
    request = HTTPX2.Request("POST", "https://127.0.0.1/")
    response = HTTPX2.Response(status, request=request, headers=headers or {})
    return openai.APIStatusError("refused", response=response, body=body)


def in_stream(body: dict[str, Any]) -> openai.APIError:
    return openai.APIError("told", HTTPX2.Request("POST", "https://127.0.0.1/"), body=body)


def google(
    status: int, name: str, message: str = "", details: Any = (), headers: Any = None
) -> genai.APIError:
    body = {"error": {"code": status, "status": name, "message": message, "details": list(details)}}
    kind = genai.ClientError if status < 500 else genai.ServerError
    response = HTTPX2.Response(status, headers=headers or {})
    return kind(status, body, response)


def because(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def raised(error: Exception, *, by: str) -> Exception:
    """The exception as raised within a function of that name."""
    namespace: dict[str, Any] = {"error": error}
    exec(f"def {by}():\n    raise error", namespace)  # noqa: S102 - a name that no source can have
    try:
        namespace[by]()
    except Exception as caught:
        return caught
    raise AssertionError

"""Evidence: what an exception of any SDK says about itself, read without importing the SDK.

Each SDK keeps code, status, headers and details elsewhere: one reader per family, found by the
package and name of a class along the MRO. Anything else is read by the convention that most follow
(`status_code`, `response`); a bare `.code` is never trusted: aiohttp's says 400 for a reset.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeGuard

from ..outcome import retry_after_seconds
from .phases import Phase, phases

#: How far a chain of causes is followed, and how much of a message is read.
LONGEST_CHAIN = 8
LONGEST_MESSAGE = 4096


class Evidence(NamedTuple):
    """What one exception carries; `codes` are the provider's own, the most specific first."""

    codes: tuple[str, ...] = ()
    status: int | None = None
    message: str = ""
    headers: Any = None
    details: Any = None


def chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes; what a retrying wrapper or a group holds counts as one."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < LONGEST_CHAIN:
        seen.add(id(current))
        yield current
        current = current.__cause__ or _wrapped(current)


def _wrapped(error: BaseException) -> BaseException | None:
    """What google.api_core's and tenacity's RetryError, or an exception group, is about."""
    if isinstance(error, BaseExceptionGroup):
        return error.exceptions[0]
    if type(error).__name__ != "RetryError":
        return None
    attempt = getattr(error, "last_attempt", None)
    inner = attempt.exception() if attempt is not None else getattr(error, "cause", None)
    return inner if isinstance(inner, BaseException) else None


def evidence_of(error: BaseException) -> Evidence:
    """What the exception itself says, empty where it says nothing."""
    for kind in type(error).__mro__:
        reader = _READERS.get((kind.__module__.partition(".")[0], kind.__name__))
        if reader is not None:
            return reader(error)
    return _by_convention(error)


def _by_convention(error: Any) -> Evidence:
    """OpenAI, Anthropic, httpx, requests and whoever does as they do."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if not _is_status(status):
        status = getattr(response, "status_code", None)
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    body = body if isinstance(body, Mapping) else {}
    inner = body.get("innererror")
    codes = (
        getattr(error, "code", None),
        body.get("code"),
        inner.get("code") if isinstance(inner, Mapping) else None,
        getattr(error, "type", None),
        body.get("type"),
    )
    texts = (getattr(error, "message", None), body.get("message"))
    message = " ".join(text_of(text) for text in texts if text)
    return Evidence(
        codes=tuple(code for code in codes if isinstance(code, str)),
        status=status if _is_status(status) else None,
        message=message or text_of(error),
        headers=getattr(response, "headers", None),
    )


def _botocore(error: Any) -> Evidence:
    response = error.response if isinstance(error.response, Mapping) else {}
    about = response.get("Error") or {}
    wire = response.get("ResponseMetadata") or {}
    codes: tuple[str, ...] = (text_of(about["Code"]),) if about.get("Code") else ()
    status = wire.get("HTTPStatusCode")
    original = response.get("originalStatusCode")
    if _is_status(original) and original < 500:  # ModelErrorException: what the model itself said
        codes, status = (), original
    return Evidence(
        codes=codes,
        status=status if _is_status(status) else None,
        message=text_of(about.get("Message") or ""),
        headers=wire.get("HTTPHeaders"),
    )


def _genai(error: Any) -> Evidence:
    status = getattr(error, "code", None)
    code = getattr(error, "status", None)
    return Evidence(
        codes=(code,) if isinstance(code, str) else (),
        status=status if _is_status(status) else None,
        message=text_of(error),
        headers=getattr(getattr(error, "response", None), "headers", None),
        details=getattr(error, "details", None),
    )


#: Google's name that tells nothing but that it is the service's fault; over HTTP it has a status.
_STATUS_OF_NAME: Mapping[Any, int] = {"UNKNOWN": 500}


def _api_core(error: Any) -> Evidence:
    name = getattr(getattr(error, "grpc_status_code", None), "name", None)
    status = getattr(error, "code", None)
    return Evidence(
        codes=(name,) if isinstance(name, str) else (),
        status=int(status) if _is_status(status) else _STATUS_OF_NAME.get(name),
        message=text_of(error),
        headers=getattr(getattr(error, "response", None), "headers", None),
        details=getattr(error, "details", None),
    )


def _grpc(error: Any) -> Evidence:
    code = getattr(error, "code", None)
    name = getattr(code() if callable(code) else code, "name", None)
    return Evidence(
        codes=(name,) if isinstance(name, str) else (),
        status=_STATUS_OF_NAME.get(name),
        message=text_of(error),
    )


def _aiohttp(error: Any) -> Evidence:
    if error.__cause__ is not None:
        return Evidence()  # bytes that are no HTTP: the status (400) is aiohttp's own
    return Evidence(
        status=error.status if _is_status(error.status) else None,
        message=text_of(error),
        headers=error.headers,
    )


#: What langchain-openai says of a failed response or an error event of the Responses API.
_FAILED = re.compile(r"ResponseError\(code='(\w+)'|([a-z_]+): ")


def _failed_response(error: Any) -> Evidence:
    """A ValueError made of the error that a response (200) bears, which has a code of its own."""
    said = error.args[0] if error.args else None
    code = getattr(said, "code", None)
    if isinstance(said, str) and (found := _FAILED.match(said)):
        code = found[1] or found[2]
    if not isinstance(code, str) or Phase.RESPONSE not in phases((error,)):
        return _by_convention(error)
    return Evidence(codes=(code,), message=text_of(error))


def _nothing(_error: Any) -> Evidence:
    return Evidence()


_READERS: Mapping[tuple[str, str], Callable[[Any], Evidence]] = {
    ("botocore", "ClientError"): _botocore,
    ("google", "APIError"): _genai,
    ("google", "GoogleAPICallError"): _api_core,
    ("grpc", "RpcError"): _grpc,
    ("aiohttp", "ClientResponseError"): _aiohttp,
    ("builtins", "ValueError"): _failed_response,
    # The token service's own statuses (400 for a wrong secret) are not the model's.
    ("azure", "ClientAuthenticationError"): _nothing,
}


def _is_status(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599


def text_of(said: object) -> str:
    """The beginning of what an error, or a part of one, says; empty where it cannot be said."""
    try:
        return str(said)[:LONGEST_MESSAGE]
    except Exception:  # a foreign __str__ may do anything, and lists too deep cannot be printed
        return ""


#: A provider's own codes are short words with few digits, if any.
_WORD = re.compile(r"[\w.:/#-]{1,64}")
MOST_DIGITS = 6


def is_code(said: str) -> bool:
    """Whether this is a code ("ThrottlingException"), which goes into statistics and logs.

    A text may hold anything, and a word that is long or full of digits may be somebody's key.
    """
    return _WORD.fullmatch(said) is not None and sum(map(str.isdigit, said)) <= MOST_DIGITS


#: Header → seconds per unit, the most exact first.
_HINTS: Mapping[str, float] = {
    "retry-after-ms": 0.001,
    "x-ms-retry-after-ms": 0.001,
    "x-amz-retry-after": 0.001,
    "retry-after": 1.0,
}


def wait_hint(evidence: Evidence) -> float | None:
    """The seconds that the provider asked to wait: from the headers, else from RetryInfo."""
    get = getattr(evidence.headers, "get", None)
    if get is not None:
        for name, unit in _HINTS.items():
            said = get(name)
            if said is None:
                continue
            seconds = retry_after_seconds(said)
            if seconds is not None:
                return retry_after_seconds(seconds * unit)
            if unit == 1.0:
                return _until(str(said), get("date"))
    return _retry_delay(evidence.details)


def _until(date: str, now: str | None) -> float | None:
    """Seconds to an HTTP date, by the server's own clock where it sent one."""
    try:
        then = parsedate_to_datetime(date).timestamp()
        start = parsedate_to_datetime(str(now)).timestamp() if now else time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return retry_after_seconds(max(0.0, then - start))


def _retry_delay(details: Any) -> float | None:
    """Google's RetryInfo: "7s" in JSON, a duration in protobuf."""
    if isinstance(details, Mapping):
        about = details.get("error", details)
        details = about.get("details") if isinstance(about, Mapping) else None
    if not isinstance(details, Sequence) or isinstance(details, str | bytes):
        return None
    for detail in details:
        if isinstance(detail, Mapping):
            said = detail.get("retryDelay")
            if isinstance(said, str):
                return retry_after_seconds(said.removesuffix("s"))
        elif hasattr(detail, "retry_delay"):
            delay = detail.retry_delay
            if hasattr(delay, "total_seconds"):
                return retry_after_seconds(delay.total_seconds())
            return retry_after_seconds(delay.seconds + delay.nanos / 1e9)
    return None

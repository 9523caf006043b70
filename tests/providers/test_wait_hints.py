"""How long a provider asks to wait, in all the forms that they say it in."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from langchain_multirouter.providers.classify import classify
from langchain_multirouter.providers.evidence import Evidence, wait_hint

from .exceptions import aws, azure, google


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "1e9"}, 86_400.0),
        (
            {
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
                "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert classify(azure(429, headers=headers)).retry_after_seconds == seconds


def test_a_date_is_counted_from_now_where_the_server_has_no_clock() -> None:
    headers = {"retry-after": formatdate(time.time() + 20, usegmt=True)}

    assert classify(azure(429, headers=headers)).retry_after_seconds == pytest.approx(20, abs=2)


@pytest.mark.parametrize("clock", ["yesterday", 7, ["a"], float("nan"), "9" * 5000])
def test_a_date_on_a_clock_that_tells_no_time_is_no_wait(clock: Any) -> None:
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": clock}

    assert wait_hint(Evidence(headers=headers)) is None


def test_amazons_own_header_is_in_milliseconds() -> None:
    error = aws("ThrottlingException", status=429)
    error.response["ResponseMetadata"]["HTTPHeaders"] = {"x-amz-retry-after": "2500"}

    assert classify(error).retry_after_seconds == 2.5


@pytest.mark.parametrize(
    ("delay", "seconds"), [("7s", 7.0), ("0.5s", 0.5), ("soon", None), (7, None)]
)
def test_googles_retry_info_is_read(delay: Any, seconds: float | None) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    error = google(429, "RESOURCE_EXHAUSTED", details=[{"@type": "x"}, info])

    assert classify(error).retry_after_seconds == seconds

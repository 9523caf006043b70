"""What a provider sends is untrusted: headers, codes and bodies are bounded in size and depth."""

from __future__ import annotations

import gc
import json
import pickle
import time
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import AllAttemptsFailedError, RoutedChatModel
from langchain_multirouter.errors import RouterError
from langchain_multirouter.outcome import LONGEST_RETRY_AFTER_SECONDS, Cause
from langchain_multirouter.providers.classify import LONGEST_CODE, classify
from tests.providers.exceptions import aws, azure, because, google, in_stream
from tests.reference.known import listening
from tests.wire.conftest import MODES, WIRES, ask

from .canaries import everything
from .liar import Heard, Liar, Said, refusal
from .test_canaries import one

DAY = LONGEST_RETRY_AFTER_SECONDS
HINTS: list[tuple[str, float | None]] = [
    ("NaN", None),
    ("inf", None),
    ("-inf", None),
    ("-1", None),
    ("1e400", None),
    ("abc", None),
    ("", None),
    ("9" * 10_000, None),
    ("7" + " " * 10_000 + "x", None),
    ("1" * 300, DAY),
    ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
    ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
    ("Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
    (f"Mon, 01 Jan {'9' * 9000} 00:00:00 GMT", None),
    (f"Mon, 01 Jan 2099 00:00:00 +{'9' * 9000}", DAY),  # the zone is passed over
    ("Mon, 01 Jan 2030 25:61:61 GMT", None),
]


def noted(router: RoutedChatModel) -> list[dict[str, Any]]:
    (shown,) = router.analytics().to_dict()["deployments"].values()
    notes: list[dict[str, Any]] = shown["recent_errors"]
    return notes


def failed(router: RoutedChatModel, mode: str = "invoke") -> ModelError:
    """The error of a call; its trouble is in words that fit on a screen, wherever they are told."""
    with listening() as listener, pytest.raises(ModelError) as raised:
        ask(router, mode, "Hello")
    error = raised.value
    assert isinstance(error, RouterError)
    assert len(str(error)) < 500
    assert len(pickle.dumps(error)) < 2000
    assert all(len(record.getMessage()) < 1000 for record in listener.records)
    assert len(everything(router)) < 50_000
    for note in noted(router):
        assert len(note["code"]) <= LONGEST_CODE
        assert note["code"].isascii()
        assert note["code"].isprintable()
    assert json.loads(json.dumps(router.counts())) == router.counts()
    return error


@pytest.mark.parametrize(
    ("wire", "said", "seconds"),
    [(WIRES[number % 3], *hint) for number, hint in enumerate(HINTS)],
    ids=lambda said: str(said)[:24],
)
def test_a_wait_that_is_no_number_of_seconds_is_none_and_a_long_one_is_a_day(
    wire: str, said: str, seconds: float | None, liar: Liar, lied_to: dict[str, Any]
) -> None:
    liar.says = lambda heard: refusal(heard, 429, code="rate_limit", retry_after=said)
    error = failed(one(lied_to[wire], wire))
    assert isinstance(error, AllAttemptsFailedError)
    assert error.retry_after_seconds == seconds


CODES = {
    "a megabyte of letters": "x" * 1_000_000,
    "a megabyte of digits": "9" * 1_000_000,
    "a status too many": "5030",
    "a number": 10**400,
    "lines": "busy\r\nCRITICAL root: all is lost",
    "a terminal": "\x1b[2Jbusy",
    "other lines": "busy\u2028CRITICAL\x85root",
    "a list": ["busy"] * 1000,
    "an object": {"busy": {"busy": 1}},
    "nothing": None,
    "true": True,
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("code", CODES)
def test_a_code_of_any_kind_is_a_short_word_or_none(
    code: str, wire: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    status = (400, 429, 503)[(len(code) + len(wire)) % 3]
    liar.says = lambda heard: refusal(heard, status, code=CODES[code])
    mode = MODES[(len(code) + status) % 4]
    failed(one(lied_to[wire], wire), mode)


#: By its status, where that was read; else by what reading the body came to.
OF_A_STRANGE_BODY = {
    "bad_request",
    "throttled",
    "overloaded",
    "invalid_response",
    "stream_broken",
    "unknown",
}


def nested(depth: int, kind: str) -> str:
    """JSON that deep."""
    first, last = {"lists": ("[", "]"), "objects": ('{"a":', "}")}[kind]
    return first * depth + ("1" if kind == "objects" else "") + last * depth


@pytest.mark.parametrize("depth", [400, 900, 10_000])
@pytest.mark.parametrize("status", [200, 400, 429, 503])
@pytest.mark.parametrize("wire", WIRES)
def test_json_of_any_depth_is_a_failure_with_a_cause(
    wire: str, status: int, depth: int, liar: Liar, lied_to: dict[str, Any]
) -> None:
    deep = nested(depth, "objects" if (status + depth) % 3 else "lists")

    def says(heard: Heard) -> Said:
        told = refusal(heard, status, code="busy").body.decode()
        told = told.replace('"no"', deep) if status != 200 else f'{{"choices": {deep}}}'
        told = told[:-1] + f', "details": {deep}' + "}"
        return Said(status, told.encode())

    liar.says = says
    router = one(lied_to[wire], wire)
    failed(router, MODES[(depth // 100 + status) % 4])
    (counts,) = router.counts().values()
    assert counts["failed"] == 1
    assert set(counts["causes"]) <= OF_A_STRANGE_BODY


LARGE = 20_000_000
LARGE_WORDS = "busy " * (LARGE // 5)


@pytest.mark.parametrize(("wire", "mode"), [*zip(WIRES, MODES, strict=False)])
def test_a_body_of_twenty_megabytes_is_read_once_and_nothing_of_it_is_kept(
    wire: str, mode: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    liar.says = lambda heard: refusal(heard, 503, message=LARGE_WORDS, code="busy")
    router = one(lied_to[wire], wire, timeout=30.0)
    error = failed(router, mode)
    assert isinstance(error, RouterError)
    assert error.__cause__ is not None
    began = time.process_time()
    assert classify(error.__cause__).cause is Cause.OVERLOADED
    assert time.process_time() - began < 1.0
    gc.collect()
    held = reachable(router.assembled, router.counts())
    assert max(map(len, held)) < LARGE // 20
    assert max(map(len, reachable(error))) >= LARGE  # the provider's own exception has it all


def reachable(*roots: Any) -> list[Any]:
    """All texts and bytes that can be reached from these."""
    found: list[Any] = []
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, type | ModuleType | FunctionType):
            continue
        seen.add(id(value))
        if isinstance(value, str | bytes):
            found.append(value)
        else:
            waiting += gc.get_referents(value)
    return found


#: Exceptions with such a thing where each SDK puts what it was sent.
STRANGE: dict[str, Callable[[Any], Exception]] = {
    "Azure's message": lambda it: azure(400, {"message": it, "code": "busy"}),
    "Azure's code": lambda it: azure(429, {"code": it, "type": it, "innererror": {"code": it}}),
    "Azure's error": lambda it: azure(503, {"error": it}),
    "Bedrock's message": lambda it: aws("ValidationException", it, 400),
    "Bedrock's code": lambda it: aws(it, "", 503),
    "Google's details": lambda it: because(google(429, "busy"), google(400, "busy", details=[it])),
}


@pytest.mark.parametrize("digits", [3, 4, 400, 5000, 1_000_000])
@pytest.mark.parametrize("wire", ["azure_openai", "aws_bedrock"])
def test_a_code_of_so_many_digits_is_no_status_and_does_no_harm(wire: str, digits: int) -> None:
    code = "9" * digits
    event = wire == "azure_openai"
    failure = classify(in_stream({"code": code}) if event else aws(code, status=None))
    assert failure.code == (code if digits < 7 else "APIError" if event else "ClientError")


@pytest.mark.parametrize("depth", [900, 990, 20_000])
@pytest.mark.parametrize("make", STRANGE)
def test_an_exception_that_holds_anything_at_any_depth_is_classified(make: str, depth: int) -> None:
    thing: list[Any] = []
    error = STRANGE[make](thing)  # while it is shallow: some are printed when they are made
    for _ in range(depth):
        thing[:] = [thing[:]]
    failure = classify(error)
    assert failure.cause in {Cause.BAD_REQUEST, Cause.THROTTLED, Cause.OVERLOADED}

"""A provider that repeats all it was sent, keys and prompt, in its refusal is repeated nowhere."""

from __future__ import annotations

import json
import warnings
from itertools import product
from typing import Any

import pytest

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.errors import InvalidRequestError, RouterError
from tests.reference.known import listening
from tests.wire.conftest import MODES, WIRES, ask

from .canaries import KEY, PROMPT, QUESTION, SCHEMA, TOOL, all_of_error, everything, found
from .liar import Heard, Liar, Said, refusal
from .test_canaries import one

#: A text where a word belongs.
TEXT = f"{PROMPT} {KEY} {TOOL}"
#: Statuses that mean that the request itself is wrong.
MISTAKES = (400, 413, 422)
STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 503)
CASES = [
    (status, wire, MODES[(i + j) % 4])
    for (i, status), (j, wire) in product(enumerate(STATUSES), enumerate(WIRES))
]


def refused(router: RoutedChatModel, mode: str, **keywords: Any) -> tuple[RouterError, str]:
    """The error of a call, and what was logged."""
    with listening() as listener, pytest.raises(RouterError) as raised:
        ask(router, mode, QUESTION, **keywords)
    assert raised.value.is_retryable is False
    return raised.value, listener.text()


@pytest.mark.parametrize(("status", "wire", "mode"), CASES)
def test_a_refusal_that_repeats_keys_and_prompt_is_told_as_its_cause_alone(
    status: int, wire: str, mode: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    def echo(heard: Heard) -> Said:
        return refusal(heard, status, message=heard.all(), code=TEXT)

    liar.says = echo
    router = one(lied_to[wire], wire)
    error, logged = refused(router, mode, tools=[SCHEMA])
    assert found(liar.heard[-1].all()) == ["CANARYKEY", "CANARYPROMPT", "CANARYTOOL"]
    assert found(logged) == []
    assert found(everything(router)) == []
    assert found(all_of_error(error)) == []
    if status in MISTAKES:
        assert isinstance(error, InvalidRequestError)
        assert str(error) == (
            f"{wire} refused the request (bad_request: {error.code}); it was sent nowhere else."
        )
        assert found(str(error.__cause__)) == ["CANARYKEY", "CANARYPROMPT", "CANARYTOOL"]


def finished(heard: Heard, reason: Any) -> Said:
    """An empty answer with this finish reason, as this cloud words it."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    told: dict[str, Any] = {
        "azure_openai": {
            "id": "x",
            "object": "chat.completion",
            "model": "m",
            "usage": usage,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": reason,
                    "message": {"role": "assistant", "content": ""},
                }
            ],
        },
        "aws_bedrock": {
            "stopReason": reason,
            "output": {"message": {"role": "assistant", "content": []}},
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
            "metrics": {"latencyMs": 1},
        },
        "gcp_vertex": {"promptFeedback": {"blockReason": reason}},
    }[heard.wire]
    return Said(200, json.dumps(told).encode())


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_finish_reason_that_repeats_keys_and_prompt_is_no_code(
    wire: str, mode: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    liar.says = lambda heard: finished(heard, TEXT)
    router = one(lied_to[wire], wire)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # google-genai repeats a reason that it does not know
        error, logged = refused(router, mode)
    assert found(logged) == []
    assert found(everything(router)) == []
    assert found(all_of_error(error)) == []


#: What is sent for a key: Azure's old and new kind, tokens of Google and AWS, a JWT's beginning.
KEYS = (
    "canarykey4f8a2b9c6d1e0f3a5b7c9d2e",
    "CANARYKEY" + "3xY9bQ7zK1mN5pR8" * 5,
    "ya29.CANARYKEY" + "-Ab9_" * 40,
    "sk-CANARYKEY0123456789",
    "IQoJb3JpZ2luX2VjCANARYKEY" + "//////8" * 40,
    "eyJhbGciOiJIUzI1NiJ9.CANARYKEY" + ".e30" * 20,
)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:12])
def test_a_key_where_a_code_belongs_is_no_code(
    key: str, wire: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    for say in (lambda heard: refusal(heard, 503, code=key), lambda heard: finished(heard, key)):
        liar.says = say
        router = one(lied_to[wire], wire)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            error, logged = refused(router, "invoke")
        assert found(all_of_error(error) + logged + everything(router)) == []

"""A provider that repeats all it was sent, keys and prompt, in its refusal is repeated nowhere."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.errors import RouterError
from tests.reference.known import listening
from tests.wire.conftest import MODES, WIRES, ask

from .canaries import QUESTION, SCHEMA, all_of_error, everything, found
from .liar import Heard, Liar, Said, refusal
from .test_canaries import one

#: Statuses that mean that the request itself is wrong.
MISTAKES = (400, 413, 422)
STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 503)
CASES = [
    (status, wire, MODES[(i + j) % 4])
    for (i, status), (j, wire) in product(enumerate(STATUSES), enumerate(WIRES))
]


def refused(router: RoutedChatModel, mode: str, **keywords: Any) -> tuple[ModelError, str]:
    """The error of a call, and what was logged."""
    with listening() as listener, pytest.raises(ModelError) as raised:
        ask(router, mode, QUESTION, **keywords)
    assert raised.value.is_retryable is False
    return raised.value, listener.text()


@pytest.mark.parametrize(("status", "wire", "mode"), CASES)
def test_a_refusal_that_repeats_keys_and_prompt_is_told_as_its_cause_alone(
    status: int, wire: str, mode: str, liar: Liar, lied_to: dict[str, Any]
) -> None:
    def echo(heard: Heard) -> Said:
        return refusal(heard, status, message=heard.all(), code=f"got {heard.all()}")

    liar.says = echo
    router = one(lied_to[wire], wire)
    error, logged = refused(router, mode, tools=[SCHEMA])
    assert found(liar.heard[-1].all()) == ["CANARYKEY", "CANARYPROMPT", "CANARYTOOL"]
    assert found(logged) == []
    assert found(everything(router)) == []
    if isinstance(error, RouterError):
        assert found(all_of_error(error)) == []
    else:  # the caller's own mistake: the provider's error, untouched, as the class alone raises it
        assert status in MISTAKES
        assert type(error).__module__.startswith(("langchain_openai", "langchain_google"))

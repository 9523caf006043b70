"""§5, §9 Recorded errors hold cause, code and time only: no text, no key, no prompt anywhere."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.reference.known import listening, scripted
from tests.wire.conftest import MODES, WIRES, ask

PROMPT = "CANARY-PROMPT tell me about my diagnosis"
KEY = "sk-live-CANARYKEY0123456789"


class Spoken(Exception):  # noqa: N818  # named as a provider might
    """An error whose text and attributes hold what may not be told."""

    status_code = 503
    code = "server_error"

    def __init__(self) -> None:
        super().__init__(f"The key {KEY} failed for the prompt: {PROMPT}")
        self.body = {"error": {"message": str(self), "api_key": KEY}}


def everything(router: RoutedChatModel) -> str:
    """All that can be seen of a router afterwards."""
    told = router.analytics()
    explained = router.explain("something else")
    advice = router.recommend("something else")
    seen: list[Any] = [router, router.counts(), router.assembled.fleet.snapshot()]
    for view in (told, explained, advice):
        seen += [repr(view), view._repr_html_(), view.to_dict()]
    return "\n".join(map(repr, seen))


def canaries(text: str) -> list[str]:
    return [secret for secret in (PROMPT, KEY, "CANARY", "diagnosis") if secret in text]


@pytest.mark.parametrize("mode", MODES)
def test_a_providers_error_text_is_kept_nowhere(mode: str) -> None:
    router = scripted([Spoken()], ["fine"])
    with listening() as listener:
        answer = ask(router, mode, PROMPT)
    assert canaries(everything(router)) == []
    assert canaries(listener.text()) == []
    assert canaries(repr(answer.response_metadata)) == []
    shown = router.analytics().to_dict()["deployments"]["a"]["recent_errors"]
    assert [(e["cause"], e["code"]) for e in shown] == [("server", "server_error")] * 2


@pytest.mark.parametrize("mode", MODES)
def test_the_one_error_of_a_call_repeats_no_text_of_a_provider(mode: str) -> None:
    router = scripted([Spoken()], [Spoken()])
    with listening() as listener, pytest.raises(ModelError) as caught:
        ask(router, mode, PROMPT)
    error = caught.value
    assert canaries(str(error) + repr(error) + repr(vars(error))) == []
    assert canaries(repr(pickle.dumps(error))) == []
    assert canaries(listener.text()) == []
    assert isinstance(error.__cause__, Spoken)


class Coded(Exception):  # noqa: N818
    """An error that has put a text where a code belongs."""

    status_code = 500

    def __init__(self, code: str) -> None:
        super().__init__("no")
        self.code = code


@pytest.mark.parametrize(
    "code", [f"invalid key {KEY}", f"{PROMPT}", "x" * 5000, "a\nb", "<b>x</b>", "\x1b[31mred"]
)
def test_a_code_that_is_no_code_is_not_kept(code: str) -> None:
    router = scripted([Coded(code)], ["fine"])
    with listening() as listener:
        router.invoke("hi")
    assert canaries(everything(router) + listener.text()) == []
    for note in router.analytics().to_dict()["deployments"]["a"]["recent_errors"]:
        assert note["code"].isprintable()
        assert len(note["code"]) <= 64


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("status", [401, 503])
def test_over_the_wire_neither_prompt_nor_key_is_kept(
    wire: str, mode: str, status: int, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    cloud.break_(wire, Fault(FaultKind.STATUS, status=status))
    model = router(wire)
    with listening() as listener:
        ask(model, mode, PROMPT)
    seen = everything(model) + listener.text()
    assert canaries(seen) == []
    assert "AKIAFAKE" not in seen
    assert "fake-token" not in seen


def test_a_health_checks_own_error_is_kept_nowhere() -> None:
    def check() -> bool:
        raise RuntimeError(f"login failed with {KEY}")

    router = scripted(["x"], deployments=[{"health_check": check}])
    with listening() as listener:
        found = router.check_health()
    assert canaries(repr(found) + everything(router) + listener.text()) == []

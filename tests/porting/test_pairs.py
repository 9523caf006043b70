"""Every history that one service's class has written is accepted by every other, through its own
class."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_multirouter.porting.losses import MOVED_ATTACHMENT, MOVED_SYSTEM
from langchain_multirouter.porting.messages import ported_messages

from .histories import PNG, histories
from .services import check, request_of
from .writers import SERVICES, Service

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
PAIRS = [
    pytest.param(writer, target, id=f"{writer.name}-{target.name}")
    for writer in SERVICES
    for target in SERVICES
]
every_pair = pytest.mark.parametrize(("writer", "target"), PAIRS)
quick = settings(max_examples=30, deadline=None)
thorough = settings(max_examples=400, deadline=None)
#: Nothing of these is a loss of an own answer.
CALLERS = {"marks of what to cache", MOVED_SYSTEM, MOVED_ATTACHMENT}


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """The classes log what they drop."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@every_pair
def test_what_one_service_wrote_another_accepts_and_nothing_but_what_is_told_is_lost(
    writer: Service, target: Service
) -> None:
    @quick
    @given(histories([writer]))
    def law(history: list[BaseMessage]) -> None:
        holds(target, history)

    law()


@every_service
def test_what_many_services_wrote_one_accepts(service: Service) -> None:
    @quick
    @given(histories(SERVICES))
    def law(history: list[BaseMessage]) -> None:
        holds(service, history)

    law()


@pytest.mark.slow
@every_service
def test_what_many_services_wrote_one_accepts_however_long_one_looks(service: Service) -> None:
    @thorough
    @given(histories(SERVICES))
    def law(history: list[BaseMessage]) -> None:
        holds(service, history)

    law()


@every_service
def test_a_services_own_answers_stay_as_they_are(service: Service) -> None:
    @quick
    @given(histories([service]))
    def law(history: list[BaseMessage]) -> None:
        told, lost = ported_messages(history, service.dialect, service.model, service.name)
        assert set(lost) <= CALLERS
        assert answers(told) == [id(m) for m in history if isinstance(m, AIMessage)]

    law()


def answers(messages: Sequence[BaseMessage]) -> list[int]:
    return [id(m) for m in messages if isinstance(m, AIMessage)]


def holds(target: Service, history: list[BaseMessage]) -> None:
    """The laws of porting, for one history."""
    before = copy.deepcopy(history)
    told, _ = ported_messages(history, target.dialect, target.model, target.name)
    assert ported_messages(told, target.dialect, target.model, target.name) == (told, ())
    asked = [m.text for m in history if isinstance(m, HumanMessage)]
    # What a tool attached may follow in a turn of the user's.
    assert [m.text for m in told if isinstance(m, HumanMessage) and m.text[0] == "Q"] == asked
    assert images(told) == images(history)
    assert texts(told, AIMessage) == texts(history, AIMessage)
    assert texts(told, SystemMessage) == texts(history, SystemMessage)
    assert exchanges(told) == exchanges(history)
    check(target, request_of(target, told))
    assert history == before


def texts(messages: Sequence[BaseMessage], kind: type[BaseMessage]) -> list[str]:
    """What one kind of message says, without blank answers."""
    said = [m.text for m in messages if isinstance(m, kind)]
    return [text for text in said if text.strip()]


def images(messages: Sequence[BaseMessage]) -> int:
    contents = [m.content for m in messages if not isinstance(m, AIMessage)]
    return str(contents).count(PNG)


def exchanges(messages: Sequence[BaseMessage]) -> list[Any]:
    """(name, arguments, result) of each call."""
    results = {m.tool_call_id: m for m in messages if isinstance(m, ToolMessage)}
    return [
        (call["name"], call["args"], _said(results[str(call["id"])].text))
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if str(call["id"]) in results
    ]


def _said(text: str) -> str:
    """A result's own words: a failure is told in other forms, and JSON is text for some."""
    if text.startswith('{"error": '):
        text = str(json.loads(text)["error"])
    return text.removeprefix("Error: ").removesuffix('{"n": 1}')

"""Events: one typed stream of what happens in a call, and between calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from langchain_core.exceptions import ModelError
from langchain_core.outputs import ChatResult

from langchain_multirouter import ConfigurationError, RoutedChatModel, RoutedEmbeddings
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.telemetry import events
from langchain_multirouter.telemetry.events import (
    AttemptEnded,
    AttemptStarted,
    CallEnded,
    Happening,
    HealthChanged,
    Hedged,
    Interrupted,
    Paused,
    Ranked,
    Resumed,
)
from langchain_multirouter.testing import Breaks, ScriptedModel
from tests.embeddings.scripted import Scripted
from tests.reference.known import STEADY, scripted
from tests.wire.conftest import MODES, ask

from .heard import Heard

ALL_MODES = pytest.mark.parametrize("mode", MODES)
FAULT = ConnectionError("gone")
PRICE = {"input": 1000, "output": 1000}


class Late(ScriptedModel):
    """Answers when another has."""

    def _generate(self, *args: Any, **keywords: Any) -> ChatResult:
        time.sleep(1.0)
        return super()._generate(*args, **keywords)


@pytest.fixture
def heard() -> Iterator[Heard]:
    return Heard()


@ALL_MODES
def test_a_calls_story_is_told_from_the_decision_to_the_end(mode: str, heard: Heard) -> None:
    router = scripted([FAULT, FAULT], ["fine"], sinks=[heard])
    ask(router, mode)
    assert heard.names() == [
        "Ranked", "AttemptStarted", "AttemptEnded", "Retried", "AttemptStarted", "AttemptEnded",
        "FellBack", "AttemptStarted", "AttemptEnded", "CallEnded",
    ]  # fmt: skip
    started, ended = heard.of(AttemptStarted), heard.of(AttemptEnded)
    assert [(one.number, one.deployment, one.provider, one.model) for one in started] == [
        (1, "a", "azure_openai", "scripted"),
        (2, "a", "azure_openai", "scripted"),
        (3, "b", "aws_bedrock", "scripted"),
    ]
    assert [(one.number, one.attempt.outcome) for one in ended] == [
        (1, "failure"),
        (2, "failure"),
        (3, "success"),
    ]
    (record,) = [one.record for one in heard.of(CallEnded)]
    assert (record.call, record.deployment, record.cause, record.candidates) == (0, "b", None, 2)
    assert record.streamed == ("stream" in mode)
    assert record.attempts == tuple(one.attempt for one in ended)
    assert record.seconds >= sum(one.seconds for one in record.attempts)


@ALL_MODES
def test_a_call_that_nobody_answers_ends_with_its_cause(mode: str, heard: Heard) -> None:
    router = scripted([FAULT], sinks=[heard], max_retries=0)
    with pytest.raises(ModelError):
        ask(router, mode)
    (record,) = [one.record for one in heard.of(CallEnded)]
    assert (record.deployment, record.cause) == (None, "connection")
    assert len(record.attempts) == 1


@ALL_MODES
def test_a_call_that_nobody_may_serve_is_ranked_and_ends(mode: str, heard: Heard) -> None:
    router = scripted(["x"], sinks=[heard])
    with pytest.raises(ModelError):
        ask(router, mode, require_tags=["eu"])
    assert heard.names() == ["Ranked", "CallEnded"]
    assert heard.of(Ranked)[0].removed == {"a": "require_tags: lacks eu"}
    assert heard.of(CallEnded)[0].record.candidates == 0


def test_a_stream_that_its_reader_leaves_ends_as_cancelled(heard: Heard) -> None:
    router = scripted(["one two three"], sinks=[heard])
    stream = router.stream("hi")
    next(stream)
    stream.close()
    assert heard.names()[-2:] == ["AttemptEnded", "CallEnded"]
    record = heard.of(CallEnded)[0].record
    assert (record.deployment, record.cause) == (None, "cancelled")
    assert [one.outcome for one in record.attempts] == ["cancelled"]


async def test_an_async_stream_that_its_reader_leaves_ends_as_cancelled(heard: Heard) -> None:
    router = scripted(["one two three"], sinks=[heard])
    stream = router.astream("hi")
    await anext(stream)
    await stream.aclose()
    assert heard.of(CallEnded)[0].record.cause == "cancelled"


async def test_a_task_that_is_cancelled_ends_its_call_as_cancelled(heard: Heard) -> None:
    asked = asyncio.Event()

    class Silent(ScriptedModel):
        async def _agenerate(self, *args: Any, **keywords: Any) -> ChatResult:
            asked.set()
            return await asyncio.Future()

    task = asyncio.create_task(scripted(Silent(), sinks=[heard]).ainvoke("hi"))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.names() == ["Ranked", "AttemptStarted", "AttemptEnded", "CallEnded"]
    assert heard.of(CallEnded)[0].record.cause == "cancelled"


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("wish", ["raise", "continue"])
def test_a_stream_that_breaks_off_is_told_whether_it_goes_on_or_not(
    wish: str, mode: str, heard: Heard
) -> None:
    broken = ScriptedModel(script=[Breaks("one two", FAULT)])
    router = scripted(broken, ["fine"], sinks=[heard], on_interrupted=wish)
    try:
        ask(router, mode)
    except ModelError:
        assert wish == "raise"
    (interrupted,) = heard.of(Interrupted)
    assert (interrupted.deployment, interrupted.number) == ("a", 1)
    assert interrupted.cause == heard.of(AttemptEnded)[0].attempt.cause
    assert (heard.of(CallEnded)[0].record.deployment == "b") == (wish == "continue")


def test_a_hedge_is_told_with_its_own_number_and_the_loser_ends_as_cancelled(heard: Heard) -> None:
    router = scripted(Late(), ["fast"], sinks=[heard], hedge=0.01)
    assert router.invoke("hi").text == "fast"
    assert [one[1:] for one in heard.of(Hedged)] == [("a", "b", 2)]
    assert [(one.number, one.deployment) for one in heard.of(AttemptStarted)] == [
        (1, "a"),
        (2, "b"),
    ]
    ended = {one.number: one.attempt.outcome for one in heard.of(AttemptEnded)}
    assert ended == {1: "cancelled", 2: "success"}


def test_a_breaker_that_opens_and_closes_is_told(heard: Heard) -> None:
    policy = Policy(wait=STEADY.wait, breaker_failures=2, open_seconds=0.0)
    router = scripted([FAULT, FAULT, "fine"], policy=policy, max_attempts=4, sinks=[heard])
    router.invoke("hi")
    assert [(one.deployment, one.healthy) for one in heard.of(HealthChanged)] == [
        ("a", False),
        ("a", True),
    ]


def test_a_pause_and_its_end_are_told_and_one_of_nobody_is_not(heard: Heard) -> None:
    router = scripted(["x"], sinks=[heard])
    router.pause("a")
    router.resume("a")
    with pytest.raises(ConfigurationError):
        router.pause("nobody")
    assert heard.events == [Paused("a"), Resumed("a")]


def test_a_health_check_is_told_as_a_call_and_what_it_finds(heard: Heard) -> None:
    checks = [{"health_check": lambda: False}, {}]
    router = scripted(["x"], ["y"], deployments=checks, sinks=[heard])
    router.check_health()
    assert HealthChanged("a", False, heard.of(HealthChanged)[0].cause) in heard.events
    assert [(one.record.deployment, one.is_check) for one in heard.of(CallEnded)] == [("b", True)]
    router.invoke("hi")
    assert not heard.of(CallEnded)[-1].is_check


def test_a_decision_tells_every_candidates_parts_and_expected_cost(heard: Heard) -> None:
    priced = [{"price": PRICE}, {}]
    router = scripted(["x"], ["y"], strategy="intelligent", deployments=priced, sinks=[heard])
    router.invoke("hello", max_tokens=100)
    (ranked,) = heard.of(Ranked)
    assert (ranked.parts, ranked.weights) == (("task", "performance", "cost"), (0.4, 0.4, 0.2))
    a, b = ranked.considered
    assert a.usd == pytest.approx(0.1, rel=0.2)
    assert b.usd is None
    for one in (a, b):
        total = sum(w * p for w, p in zip(ranked.weights, one.parts, strict=True))
        assert ranked.scores[one.deployment] == pytest.approx(total)
    assert 0.0 < ranked.decision_seconds < 1.0


@ALL_MODES
def test_what_a_call_cost_is_in_its_record(mode: str, heard: Heard) -> None:
    router = scripted(["x"], deployments=[{"price": PRICE}], sinks=[heard])
    answer = ask(router, mode)
    record = heard.of(CallEnded)[0].record
    assert record.cost_usd == answer.response_metadata["router"]["cost_usd"] > 0


def test_embeddings_tell_the_same_story(heard: Heard) -> None:
    router = RoutedEmbeddings([Scripted("m")], sinks=[heard])
    router.embed_query("hi")
    assert heard.names() == ["Ranked", "AttemptStarted", "AttemptEnded", "CallEnded"]
    assert heard.told[0].router.operation == "embeddings"


def test_no_text_is_in_a_story(heard: Heard) -> None:
    router = scripted([ConnectionError("CANARY-E")], ["CANARY-A"], sinks=[heard])
    router.invoke("CANARY-P")
    assert "CANARY" not in repr(heard.told)
    assert "CANARY" not in repr(heard.events)


@pytest.mark.parametrize("kind", get_args(Happening), ids=lambda kind: kind.__name__)
def test_an_event_is_a_frozen_value_with_its_own_docstring(kind: Any) -> None:
    assert kind.__module__ == events.__name__
    assert issubclass(kind, tuple)
    assert kind.__doc__
    assert not hasattr(kind, "event")  # by which what is yet to be made is known
    with pytest.raises(AttributeError):
        kind(*[None] * len(kind._fields)).call = 1


# --- who is told ------------------------------------------------------------------------------


def test_copies_share_their_sinks_and_two_routers_do_not_share_an_id(heard: Heard) -> None:
    one, other = scripted(["x"], sinks=[heard]), scripted(["x"], sinks=[heard])
    one.with_routing(max_retries=1).invoke("hi")
    one.bind_tools([]).invoke("hi")
    one.model_copy(update={"temperature": 0.5}).invoke("hi")
    other.invoke("hi")
    ids = [told.router.id for told in heard.told if told.happened[0].call is not None][::2]
    assert len(ids) == 4
    assert len(set(ids[:3])) == 1
    assert ids[3] != ids[0]


def test_a_copy_cannot_have_other_sinks(heard: Heard) -> None:
    router = scripted(["x"], sinks=[heard])
    with pytest.raises(ConfigurationError, match="sinks: cannot be changed in a copy"):
        router.model_copy(update={"sinks": []})


class NoSink:
    """Neither a function nor a sink."""


async def later(event: Any) -> None: ...


@pytest.mark.parametrize(
    ("sinks", "text"),
    [
        ([NoSink()], r"sinks\[0\]: must be a Journal"),
        ([print, Heard], r"sinks\[1\]: must be a Journal"),
        ([later], r"sinks\[0\]"),
        (print, "sinks"),
        ("journal.jsonl", "sinks"),
        ([print] * 17, "sinks: must be at most 16"),
    ],
)
@pytest.mark.parametrize("kind", [RoutedChatModel, RoutedEmbeddings])
def test_what_is_no_sink_is_refused_by_name(kind: Any, sinks: Any, text: str) -> None:
    model: Any = ScriptedModel() if kind is RoutedChatModel else Scripted("m")
    with pytest.raises(ConfigurationError, match=text):
        kind([model], sinks=sinks)


class Raising:
    def take(self, told: Any) -> None:
        raise OSError("disk full")


@ALL_MODES
def test_a_sink_that_raises_harms_no_call_and_no_other_sink(mode: str, heard: Heard) -> None:
    router = scripted([FAULT, "fine"], sinks=[Raising(), heard])
    assert ask(router, mode).text == "fine"
    router.pause("a")
    assert heard.names()[-2:] == ["CallEnded", "Paused"]

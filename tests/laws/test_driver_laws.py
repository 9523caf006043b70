"""Laws of the drivers: over 500 random scripts, sync and async, inline and in threads, whole and
streamed calls decide the same, step for step."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from langchain_multirouter.outcome import Cause
from langchain_multirouter.races import ThreadSource
from langchain_multirouter.testing import Breaks, ScriptedModel
from tests.core.routed import Fault, Router, Told

SEEDS, BATCH = 500, 100
BATCHES = pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
CALLED = AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "c1"}])
CALLS_PER_ROUTER = 3


def entry(rng: Random, *, breaks: bool) -> Any:
    kind = rng.choice(["text", "text", "empty", "tool", "fault", "fault", "break"])
    match kind:
        case "text":
            return " ".join(rng.choices(["yes", "no", "perhaps"], k=rng.randint(1, 5)))
        case "empty":
            return ""
        case "tool":
            return CALLED
        case "break" if breaks:
            fault = Fault(rng.choice(list(Cause)))
            return Breaks("one two three four", fault, rng.randint(0, 4))
    return Fault(rng.choice(list(Cause)))


def scene(seed: int, *, breaks: bool) -> tuple[list[list[Any]], list[dict[str, Any]]]:
    rng = Random(seed)
    scripts = [
        [entry(rng, breaks=breaks) for _ in range(rng.randint(1, 4))]
        for _ in range(rng.randint(1, 4))
    ]
    options = [
        {
            "strategy": rng.choice(["ordered", "round_robin"]),
            "max_retries": rng.randint(0, 3),
            "fallback_enabled": rng.random() < 0.8,
            "on_interrupted": rng.choice(["raise", "continue", "buffer"]),
        }
        for _ in range(CALLS_PER_ROUTER)
    ]
    return scripts, options


def router(scripts: list[list[Any]]) -> Router:
    return Router(*(ScriptedModel(script=script) for script in scripts))


def left_behind(one: Router) -> list[Any]:
    return [(model.calls, one.fleet.snapshot()[i]) for i, model in enumerate(one.models)]  # type: ignore[attr-defined]


def check_same(told: list[list[Told]], routers: list[Router], seed: int) -> None:
    first = [one.as_values() for one in told[0]]
    for other in told[1:]:
        assert [one.as_values() for one in other] == first, f"seed {seed}"
    models = [[state[0] for state in left_behind(one)] for one in routers]
    stats = [[state[1] for state in left_behind(one)] for one in routers]
    assert all(one == models[0] for one in models), f"seed {seed}"
    assert all(one == stats[0] for one in stats), f"seed {seed}"


@BATCHES
def test_sync_async_and_threaded_calls_take_the_same_steps(first: int) -> None:
    for seed in range(first, first + BATCH):
        scripts, options = scene(seed, breaks=True)
        routers = [router(scripts) for _ in range(3)]
        told = [
            [routers[0].run(**one) for one in options],
            [routers[1].run(ThreadSource, **one) for one in options],
            asyncio.run(in_turn(routers[2].arun, options)),
        ]
        check_same(told, routers, seed)


@BATCHES
def test_sync_async_and_threaded_streams_take_the_same_steps(first: int) -> None:
    for seed in range(first, first + BATCH):
        scripts, options = scene(seed, breaks=True)
        routers = [router(scripts) for _ in range(3)]
        told = [
            [routers[0].stream(**one) for one in options],
            [routers[1].stream(ThreadSource, **one) for one in options],
            asyncio.run(in_turn(routers[2].astream, options)),
        ]
        check_same(told, routers, seed)


async def in_turn(call: Any, options: list[dict[str, Any]]) -> list[Told]:
    return [await call(**one) for one in options]


@BATCHES
def test_a_stream_answers_as_a_whole_call_does_where_no_stream_breaks(first: int) -> None:
    for seed in range(first, first + BATCH):
        scripts, options = scene(seed, breaks=False)
        whole, streamed = router(scripts), router(scripts)
        for one in options:
            expected, got = whole.run(**one), streamed.stream(**one)
            assert got.as_values()[:3] == expected.as_values()[:3], f"seed {seed}"
        calls = [[state[0] for state in left_behind(r)] for r in (whole, streamed)]
        assert calls[0] == calls[1], f"seed {seed}"

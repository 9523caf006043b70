"""Routers over the real provider classes, pointed at an emulator that misbehaves on command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
import tenacity
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.resilience.policy import Policy

MODELS = {
    "azure_openai": "gpt-4o",
    "aws_bedrock": "anthropic.claude-3-haiku-20240307-v1:0",
    "gcp_vertex": "gemini-2.5-flash",
}
WIRES = tuple(MODELS)
MODES = ("invoke", "ainvoke", "stream", "astream")

#: Retries come at once, so that a matrix of faults takes seconds.
HASTY = Policy(wait=tenacity.wait_none())


STEADY: dict[str, Any] = {"policy": HASTY, "timeout": 1.0, "strategy": "ordered"}


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(seed=0) as cloud:
        yield cloud


@pytest.fixture
def cloud(emulator: Emulator) -> Emulator:
    emulator.heal()
    emulator.clear_log()
    return emulator


@pytest.fixture(scope="session")
def models(emulator: Emulator) -> Iterator[dict[str, Any]]:
    yield {wire: emulator.chat_model(wire, name) for wire, name in MODELS.items()}
    RUNNER.run(hang_up())


async def hang_up() -> None:
    """The SDKs pool connections and say goodbye to none: each would be a warning at the end."""
    transports = getattr(asyncio.get_running_loop(), "_transports", {})
    for transport in list(transports.values()):
        transport.abort()
    await asyncio.sleep(0)


@pytest.fixture
def router(cloud: Emulator, models: dict[str, Any]) -> Callable[..., RoutedChatModel]:
    """A fresh router whose first deployment is on the wire that is to fail."""

    def make(first: str, **settings: Any) -> RoutedChatModel:
        order = [first, *(wire for wire in WIRES if wire != first)]
        deployments = [Deployment(model=models[wire], name=wire) for wire in order]
        return RoutedChatModel(deployments, **{**STEADY, **settings})

    return make


class Runner(asyncio.Runner):
    """Runs what it is given in the caller's context, as `asyncio.run` does."""

    def run(self, coroutine: Any, *, context: Any = None) -> Any:
        return super().run(coroutine, context=context or copy_context())


#: One event loop for all: the SDKs pool connections per loop (many loops have tests of their own).
RUNNER = Runner()


def ask(model: Any, mode: str, prompt: Any = "Hello there", /, **keywords: Any) -> AIMessage:
    """One call in one of the four modes; a stream's chunks added up."""
    match mode:
        case "invoke":
            return model.invoke(prompt, **keywords)
        case "ainvoke":
            return RUNNER.run(model.ainvoke(prompt, **keywords))
        case "stream":
            return summed(list(model.stream(prompt, **keywords)))
        case "astream":
            return RUNNER.run(_astreamed(model, prompt, keywords))
    raise ValueError(mode)


async def _astreamed(model: Any, prompt: Any, keywords: dict[str, Any]) -> AIMessage:
    return summed([chunk async for chunk in model.astream(prompt, **keywords)])


def summed(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


@pytest.fixture
def timed() -> Callable[[], Callable[[], float]]:
    """Begins to measure; what it returns tells the seconds since."""

    def begin() -> Callable[[], float]:
        started = time.monotonic()
        return lambda: time.monotonic() - started

    return begin

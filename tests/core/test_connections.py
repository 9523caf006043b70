"""Connections: what is let go of, and when; over pools shaped like the SDKs'."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from langchain_multirouter.connections import Connections


class Kept:
    """A connection in a pool."""

    def __init__(self, *, idle: bool) -> None:
        self.idle = idle

    def is_idle(self) -> bool:
        return self.idle


def model(*kept: Kept) -> tuple[Any, Any]:
    """A chat model as openai's is built, and its pool."""
    pool = SimpleNamespace(_connections=list(kept), _requests=[])
    client = SimpleNamespace(_transport=SimpleNamespace(_pool=pool))
    return SimpleNamespace(root_async_client=SimpleNamespace(_client=client)), pool


async def settled(connections: Connections) -> None:
    connections.settle_in()


def test_the_idle_connections_of_a_closed_loop_are_let_go_of_and_busy_ones_are_not() -> None:
    idle, busy = Kept(idle=True), Kept(idle=False)
    asked, pool = model()
    connections = Connections(asked)
    asyncio.run(settled(connections))
    pool._connections = [idle, busy]
    asyncio.run(settled(connections))
    assert pool._connections == [busy]


def test_in_the_same_loop_connections_are_kept() -> None:
    idle = Kept(idle=True)
    asked, pool = model()
    connections = Connections(asked)

    async def twice() -> None:
        connections.settle_in()
        pool._connections.append(idle)
        connections.settle_in()

    asyncio.run(twice())
    assert pool._connections == [idle]


def test_where_another_loop_lives_nothing_is_done() -> None:
    idle = Kept(idle=True)
    asked, pool = model()
    connections = Connections(asked)
    with asyncio.Runner() as living:
        living.run(settled(connections))
        pool._connections.append(idle)
        with asyncio.Runner() as another:
            another.run(settled(connections))
        assert pool._connections == [idle]


def test_a_model_seen_for_the_first_time_may_have_been_used_before() -> None:
    asked, pool = model(Kept(idle=True))
    asyncio.run(settled(Connections(asked)))
    assert pool._connections == []


def test_a_forked_child_lets_go_of_everything() -> None:
    asked, pool = model(Kept(idle=True), Kept(idle=False))
    pool._requests.append("the parent's")
    Connections(asked).forked()
    assert (pool._connections, pool._requests) == ([], [])


def test_a_model_that_keeps_none_is_no_trouble() -> None:
    for stranger in (object(), SimpleNamespace(client=None), model()[0]):
        connections = Connections(stranger)
        asyncio.run(settled(connections))
        connections.forked()

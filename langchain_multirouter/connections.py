"""Connections: what an SDK keeps open belongs to one event loop and to one process.

Their pools do not notice. In the next loop each kept connection takes one request, sends it, and
then raises "Event loop is closed": a program that calls `asyncio.run` again and again would pay for
answers that it never sees. After a fork, parent and child would read from the same socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from .forks import tell_when_forked

Find = Callable[[Any], Any]

#: Where the SDKs keep their HTTP pools, from the chat model on: openai's and google-genai's.
ASYNC_POOLS: Sequence[Find] = (
    attrgetter("root_async_client._client._transport._pool"),
    attrgetter("client._api_client._async_httpx_client._transport._pool"),
)
SYNC_POOLS: Sequence[Find] = (
    attrgetter("root_client._client._transport._pool"),
    attrgetter("client._api_client._httpx_client._transport._pool"),
)
#: botocore's.
MANAGERS: Sequence[Find] = (attrgetter("client._endpoint.http_session._manager"),)


class Connections:
    """The kept connections of one chat model, and the event loop that it was last called in."""

    __slots__ = ("__weakref__", "_loop", "_model")

    def __init__(self, model: Any) -> None:
        self._model = model
        self._loop: asyncio.AbstractEventLoop | None = None
        tell_when_forked(self)

    def settle_in(self) -> None:
        """Before an async attempt: let go of what was kept for a loop that is closed.

        What is in use is left alone, and where two loops live side by side nothing is done.
        """
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        before, self._loop = self._loop, loop
        if before is None or before.is_closed():
            self._for_each(ASYNC_POOLS, _forget_idle)

    def forked(self) -> None:
        """Let go of the parent's connections; it keeps them."""
        self._loop = None
        self._for_each([*ASYNC_POOLS, *SYNC_POOLS], _forget_all)
        self._for_each(MANAGERS, _clear)

    def _for_each(self, places: Sequence[Find], do: Callable[[Any], None]) -> None:
        for find in places:
            try:
                do(find(self._model))
            except (AttributeError, TypeError):  # another client, or one of the user's own making
                continue


def _forget_idle(pool: Any) -> None:
    """Leave them to the collector, which closes their sockets."""
    pool._connections = [it for it in pool._connections if not it.is_idle()]


def _forget_all(pool: Any) -> None:
    pool._connections = []
    pool._requests = []


def _clear(manager: Any) -> None:
    manager.clear()

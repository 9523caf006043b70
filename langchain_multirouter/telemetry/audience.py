"""Audience: whoever listens to a router: its sinks, and Python's logging where that is heard."""

from __future__ import annotations

import inspect
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ..deployment import Deployment, refuse_asynchronous
from ..errors import ConfigurationError
from ..values import new
from .delivery import Delivery
from .events import Happening
from .sinks import listening, remark, tell
from .story import Happened, event_of

#: More sinks than anybody needs; each costs every call something.
MOST_SINKS = 16


class Router(NamedTuple):
    """Which router told: a random id of its own, what it asks its deployments for, and of whom.

    Args:
        id: Eight hexadecimal digits, so that several routers can share a journal.
        operation: "chat" or "embeddings".
        deployments: Name → provider and model.
    """

    id: str
    operation: str
    deployments: Mapping[str, tuple[str, str]]


class Told(NamedTuple):
    """What happened in one router, and at what wall time, in seconds since the epoch."""

    router: Router
    at: float
    happened: Happened

    def events(self) -> list[Happening]:
        """The events, in order; those that were yet to be made are made now."""
        return [event_of(one) for one in self.happened]


@runtime_checkable
class Sink(Protocol):
    """Where events go. `take` is called on the call's path: it may not wait."""

    def take(self, told: Told) -> None:
        """So much happened."""


class Listener:
    """The user's own function, called with each event, off the calls' path, one at a time."""

    def __init__(self, function: Callable[[Happening], Any]) -> None:
        self.function = function
        self.delivery = Delivery("sink", self._deliver)
        self.take = self.delivery.take

    def _deliver(self, batch: Sequence[Told]) -> None:
        for told in batch:
            for event in told.events():
                try:
                    self.function(event)
                except Exception as error:
                    self.delivery.trouble(error)


class Audience:
    """A router's listeners; shared by its copies."""

    clock = staticmethod(time.monotonic)

    def __init__(self, router: Router, sinks: Sequence[Any]) -> None:
        self.router = router
        self.given = tuple(sinks)
        self.sinks: list[Sink] = [
            sink if isinstance(sink, Sink) else Listener(sink) for sink in self.given
        ]
        self._takes = [sink.take for sink in self.sinks]
        self._logging = _Logging(self)

    def heard(self) -> Any:
        """Who is told of a call that begins now; None where nobody listens."""
        if listening():
            return self._logging
        return self if self._takes else None

    def tell(self, happened: Happened) -> None:
        """Hand over what happened; never raises, never waits."""
        told = new(Told, (self.router, time.time(), happened))
        for take in self._takes:
            try:
                take(told)
            except Exception as error:
                remark("A sink failed (%s).", type(error).__name__)

    def announce(self, happening: Happening) -> None:
        """Something happened outside of any call."""
        heard = self.heard()
        if heard is not None:
            heard.tell((happening,))

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until all that was told is delivered; whether it was."""
        deliveries = [getattr(sink, "delivery", None) for sink in self.sinks]
        found = [one.flush(timeout_seconds) for one in deliveries if one is not None]
        return all(found)


class _Logging:
    """The same audience, with Python's logging."""

    clock = staticmethod(time.monotonic)

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def tell(self, happened: Happened) -> None:
        """Hand over what happened; never raises."""
        if self._audience._takes:
            self._audience.tell(happened)
        for one in happened:
            tell(one)


def read_sinks(sinks: Any) -> tuple[Any, ...]:
    """The sinks, if that is what they are.

    Raises:
        ConfigurationError: naming the one that is none.
    """
    if len(sinks) > MOST_SINKS:
        raise ConfigurationError(f"sinks: must be at most {MOST_SINKS}")
    for number, sink in enumerate(sinks):
        name = f"sinks[{number}]"
        if inspect.isclass(sink) or not (isinstance(sink, Sink) or callable(sink)):
            raise ConfigurationError(
                f"{name}: must be a Journal, an OpenTelemetry or a function of an event"
            )
        if not isinstance(sink, Sink):
            refuse_asynchronous(name, sink)
    return tuple(sinks)


def audience_of(operation: str, deployments: Sequence[Deployment], sinks: Any) -> Audience:
    """The audience of a new router over these deployments.

    Raises:
        ConfigurationError: as `read_sinks`.
    """
    known = {one.name: (one.provider, one.model_name) for one in deployments}
    return Audience(Router(secrets.token_hex(4), operation, known), read_sinks(sinks))

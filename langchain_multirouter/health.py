"""Health: asking every deployment whether it works, all at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from langchain_core.exceptions import ModelInvalidRequestError

from . import drive
from .assembly import Assembled
from .attempt import Served
from .errors import AllAttemptsFailedError, NoCandidateError
from .flow import route
from .lineup import PING_TOKENS
from .options import Options, Strategy
from .outcome import Cause
from .races import ThreadSource
from .request import Request
from .sources import AsyncSource, Attempts
from .steps import Flow

#: The longest a check takes where nobody says.
CHECK_SECONDS = 10.0
#: What its one word has at most, with whatever a service puts around it.
PING_INPUT_TOKENS = 64


class Health(NamedTuple):
    """One deployment's answer: whether it works, after how many seconds, and why not."""

    healthy: bool
    seconds: float
    cause: str | None = None


def check_all(known: Assembled, timeout_seconds: float) -> dict[str, Health]:
    """Ask all in daemon threads, so that none that hangs keeps the process alive."""
    known.checks_begin(time.monotonic())
    found: dict[str, Health] = {}

    def check(served: Served) -> None:
        started = time.monotonic()
        own = served.deployment.health_check
        try:
            if own is None:
                flow, attempts = _ping(known, served, timeout_seconds)
                drive.run(flow, ThreadSource(attempts))
            else:
                _ask(own, timeout_seconds)
        except Exception as error:
            found[served.deployment.name] = _judged(known, served, started, error)
        else:
            found[served.deployment.name] = _judged(known, served, started, None)

    threads = [threading.Thread(target=check, args=(s,), daemon=True) for s in known.served]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # every check has a limit of its own
    return {name: found[name] for name in _names(known)}


async def acheck_all(known: Assembled, timeout_seconds: float) -> dict[str, Health]:
    """Ask all on this event loop; checks of the user's own run in threads."""
    known.checks_begin(time.monotonic())

    async def check(served: Served) -> Health:
        started = time.monotonic()
        own = served.deployment.health_check
        try:
            if own is None:
                flow, attempts = _ping(known, served, timeout_seconds)
                await drive.arun(flow, AsyncSource(attempts))
            else:
                await asyncio.to_thread(_ask, own, timeout_seconds)
        except Exception as error:
            return _judged(known, served, started, error)
        return _judged(known, served, started, None)

    found = await asyncio.gather(*(check(served) for served in known.served))
    return dict(zip(_names(known), found, strict=True))


def _ask(own: Callable[[], Any], timeout_seconds: float) -> None:
    """The user's own check, in a daemon thread of its own: it may hang, and nobody waits for it.

    Raises:
        TimeoutError: it did not come back.
        RuntimeError: it raised, or said no.
    """
    said: list[Any] = []

    def ask() -> None:
        try:
            said.append(own())
        except Exception:
            said.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    if not said:
        raise TimeoutError
    if not said[0]:
        raise RuntimeError("the deployment's own check said no")


def check_when_due(known: Assembled, interval_seconds: float) -> None:
    """Begin a check of all in the background where the last one is too long ago."""
    now = time.monotonic()
    if known.take_turn_to_check(now, interval_seconds):
        threading.Thread(target=check_all, args=(known, CHECK_SECONDS), daemon=True).start()


def _ping(known: Assembled, served: Served, timeout_seconds: float) -> tuple[Flow, Attempts]:
    """One call, as small as can be, to this deployment, and to nobody else."""
    options = Options(
        strategy=Strategy.ORDERED,
        max_retries=0,
        max_attempts=1,
        fallback_enabled=False,
        deadline_seconds=timeout_seconds,
    )
    request = Request(
        options,
        model=served.deployment.name,
        model_is_deployment=True,
        told=known.audience.heard(),
        is_check=True,
        max_tokens=PING_TOKENS,
        most_input_tokens=PING_INPUT_TOKENS,
    )
    flow = route(request, known.fleet, known.timeouts, time.monotonic())
    return flow, known.kind.ping(known.served)


def _judged(known: Assembled, served: Served, started: float, error: Exception | None) -> Health:
    """A failed check marks the deployment unhealthy; a refusal of the ping itself does not."""
    now = time.monotonic()
    name = served.deployment.name
    cause = _cause(known, name, error)
    healthy = cause is None or cause == Cause.BAD_REQUEST
    known.checked[name] = datetime.now(UTC)
    if not isinstance(error, NoCandidateError):  # who was not asked has nothing new to say
        changed = known.fleet.judge(name, now, cause=None if healthy else cause)
        if changed is not None:
            known.audience.announce(changed)
    return Health(healthy, now - started, cause)


def _cause(known: Assembled, name: str, error: Exception | None) -> str | None:
    match error:
        case None:
            return None
        case AllAttemptsFailedError():
            return error.cause.value
        case ModelInvalidRequestError():
            return Cause.BAD_REQUEST.value
        case TimeoutError():
            return Cause.TIMEOUT.value
        case NoCandidateError():
            return known.fleet.why_out(name)
    return "health_check"


def _names(known: Assembled) -> Sequence[str]:
    return [served.deployment.name for served in known.served]

"""Sinks: where events go. Python's own logging, silent until it is configured."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from .events import (
    AttemptEnded,
    BudgetReached,
    CacheFailed,
    CacheHit,
    CallEnded,
    FellBack,
    Happening,
    HealthChanged,
    Hedged,
    Paused,
    QuotaReached,
    QuotaWaited,
    Ranked,
    Resumed,
    Retried,
)
from .story import Untold, event_of

LOGGER = logging.getLogger("langchain_multirouter")
LOGGER.addHandler(logging.NullHandler())

#: A record's name and fields, or None where an event says nothing to people.
Said = tuple[str, int, Mapping[str, Any]] | None


def _as_it_is(level: int) -> Callable[[Any], Said]:
    return lambda event: (type(event).__name__, level, event._asdict())


def _ranked(event: Ranked) -> Said:
    """What was decided, without what it takes to decide it again."""
    return "Ranked", logging.INFO, dict(zip(event._fields[:6], event[:6], strict=True))


def _attempt_ended(event: AttemptEnded) -> Said:
    deployment, outcome, cause, code, seconds = event.attempt[:5]
    if outcome != "failure":
        return None
    fields = {"call": event.call, "deployment": deployment, "number": event.number}
    failed = {"cause": cause or "", "code": code, "seconds": seconds}
    return "AttemptFailed", logging.WARNING, {**fields, **failed}


def _call_ended(event: CallEnded) -> Said:
    record = event.record
    ended = {"attempts": len(record.attempts), "seconds": record.seconds}
    if record.cause is not None:
        told = {"call": record.call, "cause": record.cause, **ended}
        return "GaveUp", logging.ERROR, told
    told = {"call": record.call, "deployment": record.deployment, **ended}
    if record.cached is not None:
        return "Succeeded", logging.INFO, {**told, "cost_usd": 0.0}
    costs = [one.cost_usd for one in record.attempts if one.outcome == "success"]
    return "Succeeded", logging.INFO, {**told, "cost_usd": costs[-1] if costs else None}


#: What is said of an event, and how loud; what is not here is for programs alone.
SAID: Mapping[type, Callable[[Any], Said]] = {
    Ranked: _ranked,
    AttemptEnded: _attempt_ended,
    Retried: _as_it_is(logging.INFO),
    FellBack: _as_it_is(logging.WARNING),
    Hedged: _as_it_is(logging.INFO),
    CallEnded: _call_ended,
    HealthChanged: _as_it_is(logging.WARNING),
    Paused: _as_it_is(logging.INFO),
    Resumed: _as_it_is(logging.INFO),
    BudgetReached: _as_it_is(logging.WARNING),
    QuotaWaited: _as_it_is(logging.INFO),
    QuotaReached: _as_it_is(logging.INFO),
    CacheHit: _as_it_is(logging.INFO),
    CacheFailed: _as_it_is(logging.WARNING),
}


def listening() -> bool:
    """Whether anybody would see a record; asked once per call, so that silence costs nothing."""
    return LOGGER.isEnabledFor(logging.ERROR) and _heard()


def _heard() -> bool:
    """Whether a handler other than our own silent one is there."""
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        for handler in logger.handlers:
            if not isinstance(handler, logging.NullHandler):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def remark(text: str, *values: object) -> None:
    """A warning that is no event; a handler that raises harms no call."""
    try:
        LOGGER.warning(text, *values)
    except Exception:  # noqa: S110  # a listener's trouble is not the call's
        pass


def tell(happening: Happening | Untold) -> None:
    """`log`, but a handler that raises harms nobody."""
    try:
        log(happening)
    except Exception:  # noqa: S110  # a listener's trouble is not the router's
        pass


def log(happening: Happening | Untold) -> None:
    """One record: the event's name, and its fields as JSON (so that no line can be forged).

    The fields are also on the record, as `record.router`.
    """
    if not (isinstance(happening, tuple(SAID)) or LOGGER.isEnabledFor(logging.INFO)):
        return  # a decision is not made an event for nobody
    event = event_of(happening)
    say = SAID.get(type(event))
    said = None if say is None else say(event)
    if said is not None and LOGGER.isEnabledFor(said[1]):
        name, level, fields = said
        LOGGER.log(level, "%s %s", name, json.dumps(fields), extra={"router": fields})

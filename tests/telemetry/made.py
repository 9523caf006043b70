"""Made: records of calls that were never made, for what goes by records alone."""

from __future__ import annotations

from typing import Any

from langchain_multirouter.economics.price import Price, Usage
from langchain_multirouter.outcome import AttemptRecord
from langchain_multirouter.telemetry.record import CallRecord

#: When the first of them ended: 2026-11-23, noon.
AT = 1_795_435_200.0


def success(
    name: str = "a",
    seconds: float = 1.0,
    *,
    tokens: tuple[int, int] | None = (1_000, 200),
    usd: float | None = 0.002,
    price: Price | None = None,
    first: float | None = None,
) -> AttemptRecord:
    usage = None if tokens is None else Usage(*tokens)
    cost = price.cost_usd(usage) if price is not None and usage is not None else usd
    return AttemptRecord(name, "success", None, None, seconds, usage, cost, None, first)


def failure(name: str = "a", cause: str = "server", seconds: float = 0.5) -> AttemptRecord:
    return AttemptRecord(name, "failure", cause, None, seconds)


def call(
    *attempts: AttemptRecord,
    at: float = AT,
    cause: str | None = None,
    strategy: str = "intelligent",
    task: str | None = "chat",
    seconds: float | None = None,
    **more: Any,
) -> CallRecord:
    """A call of these attempts; answered by the last of them unless a cause is given."""
    answered = bool(attempts) and attempts[-1].outcome == "success" and cause is None
    name = attempts[-1].deployment if answered else None
    if not answered and more.get("cached") is None:
        cause = cause or attempts[-1].cause or "server"
    took = sum(attempt.seconds for attempt in attempts) if seconds is None else seconds
    known = {"candidates": 2, "streamed": False, **more}
    return CallRecord(-1, at, strategy, task, name, cause, attempts, took, **known)

"""Verdict: what a failure means for the call and for the deployment's health; one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ..outcome import Cause


class Next(Enum):
    """Where this call goes after the failure."""

    AGAIN = "one quick retry here, then elsewhere, then further laps"
    AT_ONCE = "one free retry here at once: nothing is wrong but our own transport"
    AFTER_HINT = "elsewhere at once; here again only after the provider's hint"
    ELSEWHERE = "elsewhere; not here again in this call"
    LARGER = "elsewhere, where the context window is known to be larger"
    RAISE = "nowhere: no other deployment would take it"


class Effect(Enum):
    """What the failure says about the deployment."""

    NONE = "nothing"
    FAILURE = "it counts against the breaker"
    COOLDOWN = "out until the provider's time; the breaker is not touched"
    DISABLE = "out at once, for long, with growing re-checks"


class Verdict(NamedTuple):
    """One row of the table; `out_seconds` is the first time out where there is no hint."""

    next: Next
    effect: Effect
    out_seconds: float = 0.0


VERDICTS: Mapping[Cause, Verdict] = {
    Cause.THROTTLED: Verdict(Next.AFTER_HINT, Effect.COOLDOWN, 1.0),
    Cause.QUOTA_EXHAUSTED: Verdict(Next.ELSEWHERE, Effect.COOLDOWN, 300.0),
    Cause.OVERLOADED: Verdict(Next.AGAIN, Effect.FAILURE),
    Cause.SERVER: Verdict(Next.AGAIN, Effect.FAILURE),
    Cause.TIMEOUT: Verdict(Next.ELSEWHERE, Effect.FAILURE),
    Cause.CONNECTION: Verdict(Next.AGAIN, Effect.FAILURE),
    Cause.STREAM_BROKEN: Verdict(Next.AGAIN, Effect.FAILURE),
    Cause.INVALID_RESPONSE: Verdict(Next.AGAIN, Effect.FAILURE),
    Cause.AUTHENTICATION: Verdict(Next.ELSEWHERE, Effect.DISABLE, 60.0),
    Cause.PERMISSION: Verdict(Next.ELSEWHERE, Effect.DISABLE, 60.0),
    Cause.MODEL_NOT_FOUND: Verdict(Next.ELSEWHERE, Effect.DISABLE, 600.0),
    Cause.CONTEXT_OVERFLOW: Verdict(Next.LARGER, Effect.NONE),
    Cause.CONTENT_POLICY: Verdict(Next.RAISE, Effect.NONE),
    Cause.BAD_REQUEST: Verdict(Next.RAISE, Effect.NONE),
    Cause.UNSUPPORTED: Verdict(Next.ELSEWHERE, Effect.NONE),
    Cause.SCHEMA_MISMATCH: Verdict(Next.AGAIN, Effect.NONE),
    Cause.LOCAL_ENVIRONMENT: Verdict(Next.AT_ONCE, Effect.NONE),
    Cause.UNKNOWN: Verdict(Next.ELSEWHERE, Effect.FAILURE),
}

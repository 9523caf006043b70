"""Quota: a deployment's requests and tokens per minute, so that its limit is kept and not met.

Two token buckets (Turner, New directions in communications, IEEE Communications 24(10), 1986): each
holds a minute's worth at most and fills at a sixtieth of that a second, which is how the services
describe their own (docs.anthropic.com, "Rate limits": "continuously replenished up to your maximum
limit, rather than being reset at fixed intervals"). An attempt takes one request and the tokens it
is expected to use; when it has ended, what it really used is put right. So a bucket can be below
nothing, and there is no headroom until it has filled up again.

The `limits` library was looked at (5.8): its storages read the wall clock themselves, hold locks
and run a timer thread each, so that they are neither values nor to be tried in virtual time, and
what was taken cannot be put right by what was used.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..values import new

_MINUTE = 60.0
#: A bucket that lacks less than this has enough: sums of floats are off by as much.
_ENOUGH = 1e-6


class Quota(NamedTuple):
    """What is left in both buckets at a time; infinity where there is no limit."""

    requests_per_minute: float
    tokens_per_minute: float
    requests: float
    tokens: float
    at: float = 0.0
    until: float = 0.0  # no attempt has headroom before

    @property
    def limits(self) -> str:
        """For people."""
        told = (
            (self.requests_per_minute, "requests"),
            (self.tokens_per_minute, "tokens"),
        )
        return ", ".join(f"{limit:g} {of} a minute" for limit, of in told if limit < math.inf)


def full(requests_per_minute: float | None, tokens_per_minute: float | None) -> Quota | None:
    """As it begins; None where nothing is limited."""
    if requests_per_minute is None and tokens_per_minute is None:
        return None
    requests = math.inf if requests_per_minute is None else float(requests_per_minute)
    tokens = math.inf if tokens_per_minute is None else float(tokens_per_minute)
    return Quota(requests, tokens, requests, tokens)


def headroom_at(quota: Quota, tokens: int, now: float) -> float:
    """The soonest moment at which an attempt of so many tokens may begin; now or before: at once.

    One of more tokens than a minute has begins when the bucket is full.
    """
    requests_per_minute, tokens_per_minute, requests, left, at, _ = quota
    soonest = now
    lacking = 1.0 - requests
    if lacking > _ENOUGH:
        soonest = at + lacking * _MINUTE / requests_per_minute
    if tokens_per_minute < math.inf:
        lacking = min(float(max(1, tokens)), tokens_per_minute) - left
        if lacking > _ENOUGH * tokens_per_minute:
            soonest = max(soonest, at + lacking * _MINUTE / tokens_per_minute)
    return soonest


def lacking(quota: Quota, tokens: int, now: float) -> str | None:
    """What it is that an attempt of so many tokens has to wait for, if it has to."""
    if headroom_at(quota, tokens, now) <= now:
        return None
    return "requests" if headroom_at(quota._replace(tokens=math.inf), 0, now) > now else "tokens"


def taken(quota: Quota, tokens: int, now: float) -> Quota | None:
    """With one more attempt of so many tokens; None where there is no headroom for it."""
    requests_per_minute, tokens_per_minute, requests, left, at = _filled(quota, now)
    ample = requests >= 1.0 and left >= tokens and left >= 1.0
    if not ample and headroom_at(quota, tokens, now) > now + _ENOUGH:
        return None
    return _settled(requests_per_minute, tokens_per_minute, requests - 1.0, left - tokens, at)


def corrected(quota: Quota, expected: int, used: int) -> Quota:
    """With what an attempt really used in the place of what it was expected to."""
    requests_per_minute, tokens_per_minute, requests, left, at, _ = quota
    left = min(left + expected - used, tokens_per_minute)
    return _settled(requests_per_minute, tokens_per_minute, requests, left, at)


def headroom(quota: Quota, now: float) -> float:
    """The share of the scarcer bucket that is left, 0 to 1."""
    requests_per_minute, tokens_per_minute, requests, left, _ = _filled(quota, now)
    of_requests = 1.0 if requests_per_minute == math.inf else requests / requests_per_minute
    of_tokens = 1.0 if tokens_per_minute == math.inf else left / tokens_per_minute
    return max(0.0, min(1.0, of_requests, of_tokens))


def _filled(quota: Quota, now: float) -> tuple[float, float, float, float, float]:
    requests_per_minute, tokens_per_minute, requests, left, at, _ = quota
    seconds = now - at
    if seconds <= 0.0:  # a clock that was read before another's
        return requests_per_minute, tokens_per_minute, requests, left, at
    if requests < requests_per_minute:
        requests = min(requests_per_minute, requests + seconds * requests_per_minute / _MINUTE)
    if left < tokens_per_minute:
        left = min(tokens_per_minute, left + seconds * tokens_per_minute / _MINUTE)
    return requests_per_minute, tokens_per_minute, requests, left, now


def _settled(
    requests_per_minute: float, tokens_per_minute: float, requests: float, left: float, at: float
) -> Quota:
    values = (requests_per_minute, tokens_per_minute, requests, left, at, 0.0)
    quota: Quota = new(Quota, values)
    if requests >= 1.0 and left >= 1.0:
        return quota
    until = headroom_at(quota, 1, at)
    return quota if until <= at else new(Quota, (*values[:5], until))

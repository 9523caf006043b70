"""Outlook: what a conversation costs from now on, by where this call of it goes.

A warm deployment is left when what is gained exceeds what is lost. With h calls ahead, a call at
deployment d costs now(d), and those ahead the less of staying there, h · later(d), and of going to
the best of all at the next call, min over e of now(e) + (h − 1) · later(e): one step of dynamic
programming, so that nobody pays for writing a prompt to a cache where it will not be read, because
the deployment that has it is only out for some seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ..candidate import Candidate, Readiness
from ..request import Request
from ..telemetry.stats import Stats

_OUT = Readiness.OUT


def usd_per_call(
    candidates: Sequence[Candidate], request: Request, now: float
) -> list[float | None]:
    """The mean USD of this call and those expected to follow it, which go where they cost least.

    Without calls ahead whose prompt some deployment may have, that of this call alone.
    """
    conversation = request.conversation
    if conversation is None or not conversation.cached or not conversation.calls_ahead:
        return [candidate.expected_usd(request) for candidate in candidates]
    ahead = conversation.calls_ahead
    counted = _counted_alike(candidates, request)
    first = [candidate.expected_usd(request) for candidate in counted]
    later = [candidate.expected_usd_later(request) for candidate in counted]
    leaving = min(
        (
            usd + max(0.0, ahead - 1.0) * then
            for candidate, usd, then in zip(candidates, first, later, strict=True)
            if usd is not None and then is not None and candidate.readiness(now) is not _OUT
        ),
        default=inf,
    )
    return [
        None if usd is None or then is None else (usd + min(ahead * then, leaving)) / (1.0 + ahead)
        for usd, then in zip(first, later, strict=True)
    ]


def _counted_alike(candidates: Sequence[Candidate], request: Request) -> Sequence[Candidate]:
    """Candidates of one model with one ratio of counted to estimated tokens: the warmest's.

    Each has learned its own from whatever it was sent, and a conversation would move for that.
    """
    warmest: dict[str, tuple[int, Stats]] = {}
    for candidate in candidates:
        cached, name = candidate.expected_cached(request), candidate.deployment.model_name
        read = 0 if cached is None else cached.read_tokens
        if name not in warmest or read > warmest[name][0]:
            warmest[name] = read, candidate.stats
    if len(warmest) == len(candidates):
        return candidates
    return [c._replace(stats=warmest[c.deployment.model_name][1]) for c in candidates]

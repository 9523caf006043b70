"""Scorers: how good each candidate is for a call; the higher the better."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..candidate import Candidate
from ..request import Request

#: All candidates of one request → their scores, in the same order.
Scorer = Callable[[Sequence[Candidate], Request], list[float]]


def callers_order(candidates: Sequence[Candidate], request: Request) -> list[float]:
    """The earlier the caller named it, the better."""
    return [-float(candidate.number) for candidate in candidates]

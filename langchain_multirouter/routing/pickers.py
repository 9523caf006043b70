"""Pickers: how an order is made of scores. Every candidate appears in it exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from ..candidate import Candidate

#: Candidates, their scores, the router's turn (one more with every call), rng → the order.
Picker = Callable[[Sequence[Candidate], Sequence[float], int, Random], list[Candidate]]


def best_first(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """Descending score; the caller's order among equals."""
    order = sorted(range(len(candidates)), key=lambda i: -scores[i])
    return [candidates[i] for i in order]


def in_turn(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """Rotate: each call begins one further on, and goes round once."""
    first = turn % len(candidates) if candidates else 0
    return [*candidates[first:], *candidates[:first]]

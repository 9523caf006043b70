"""Pickers: how an order is made of scores. Every candidate appears in it exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from ..candidate import Candidate

#: Candidates, their scores, the router's turn (one more with every call), rng → the order.
Picker = Callable[[Sequence[Candidate], Sequence[float], int, Random], list[Candidate]]

#: One call in so many may go to a deployment that was never tried, if there is one.
EXPLORE_EVERY = 10


def best_first(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """Descending score; the caller's order among equals."""
    order = sorted(range(len(candidates)), key=scores.__getitem__, reverse=True)
    return [candidates[i] for i in order]


def best_first_exploring(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """As `best_first`, but every tenth call first asks somebody who was never asked.

    Bounded: once for each deployment, and not while its first attempt is under way.
    """
    order = best_first(candidates, scores, turn, rng)
    if turn % EXPLORE_EVERY == EXPLORE_EVERY - 1:
        order.sort(key=lambda candidate: candidate.stats.started > 0)
    return order


def in_turn(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """Rotate: each call begins one further on, and goes round once."""
    first = turn % len(candidates) if candidates else 0
    return [*candidates[first:], *candidates[:first]]


def drawn(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """Draw lots by score, without replacement; whoever has none comes last.

    Each draws `u^(1/score)` and the largest goes first: the same as drawing one after the other
    (Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006).
    """
    lots = [rng.random() ** (1.0 / score) if score > 0 else -1.0 for score in scores]
    return best_first(candidates, lots, turn, rng)

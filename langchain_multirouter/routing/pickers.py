"""Pickers: how an order is made of scores. Every candidate appears in it exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from ..candidate import Candidate

#: Candidates, their scores, the router's turn (one more with every call), rng → the order.
Picker = Callable[[Sequence[Candidate], Sequence[float], int, Random], list[Candidate]]

#: One call in so many may go to a deployment that was never tried, if there is one.
EXPLORE_EVERY = 10
#: One call in so many goes to who was not heard of for so long, in seconds, if there is one.
REMEASURE_EVERY, REMEASURE_SECONDS = 20, 10.0
#: Scores that differ by less than this part are equal, and share.
NEAR = 0.1


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


def two_choices(
    candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
) -> list[Candidate]:
    """The better of two drawn at random first, then descending score (Mitzenmacher, The power of
    two choices in randomized load balancing, 2001): nobody is the best of all to all at once.

    Those that lose every draw are measured again now and then, which is bounded twice: by a part
    of the calls, and by a time.
    """
    order = sorted(range(len(candidates)), key=scores.__getitem__, reverse=True)
    if len(order) < 2:
        return list(candidates)
    one = int(rng.random() * len(order))
    two = (one + 1 + int(rng.random() * (len(order) - 1))) % len(order)
    ours, theirs = scores[one], scores[two]
    near = abs(ours - theirs) <= NEAR * max(abs(ours), abs(theirs))
    first = one if near or ours > theirs else two
    if turn % REMEASURE_EVERY == REMEASURE_EVERY - 1:
        heard = [candidate.stats.measured.at for candidate in candidates]
        idle = [i for i in order if not candidates[i].stats.pending]
        longest = min(idle, key=heard.__getitem__, default=first)
        if max(heard) - heard[longest] >= REMEASURE_SECONDS:
            first = longest
    order.remove(first)
    return [candidates[i] for i in (first, *order)]

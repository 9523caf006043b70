"""Strategy: the table of named strategies, each a row of scorer × picker, and the order they give.

Whatever the strategy, in this order: filters remove; fallback levels come before any score; a
preferred provider's ready deployments go first; those that are out come last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from ..candidate import Candidate, Readiness
from ..options import Strategy
from ..request import Request
from . import filters
from .pickers import Picker, best_first, in_turn
from .scorers import Scorer, callers_order


class Row(NamedTuple):
    """One strategy. `keeps_order`: a fallback follows the order as it is, also when a later
    deployment has the failed one's model."""

    scorer: Scorer
    picker: Picker
    keeps_order: bool = False


STRATEGIES: Mapping[Strategy, Row] = {
    Strategy.ORDERED: Row(callers_order, best_first, keeps_order=True),
    Strategy.ROUND_ROBIN: Row(callers_order, in_turn),
}


class Ranking(NamedTuple):
    """The order of candidates, who was removed and why, and notes for the caller."""

    order: tuple[Candidate, ...]
    removed: Mapping[str, str]
    keeps_order: bool = False
    notes: tuple[str, ...] = ()


def rank(
    candidates: Sequence[Candidate], request: Request, *, turn: int, rng: Random, now: float
) -> Ranking:
    """Order the candidates for one request."""
    options = request.options
    kept, removed = _filtered(candidates, request)
    notes: tuple[str, ...] = ()
    if options.model_preference and kept:
        having = [c for c in kept if filters.prefers(c, options.model_preference)]
        if having:
            reason = f"model_preference: is none of {', '.join(options.model_preference)}"[:200]
            removed |= {c.deployment.name: reason for c in kept if c not in having}
            kept = having
        else:
            notes = ("model_preference: no candidate has it; ignored",)
    row = STRATEGIES[options.strategy]
    scores = row.scorer(kept, request)
    places: dict[tuple[int, bool, int], list[int]] = {}
    for i, candidate in enumerate(kept):
        places.setdefault(place(candidate, request, now), []).append(i)
    order: list[Candidate] = []
    for _, equals in sorted(places.items()):
        group = [kept[i] for i in equals]
        order += row.picker(group, [scores[i] for i in equals], turn, rng)
    return Ranking(tuple(order), removed, row.keeps_order, notes)


def _filtered(
    candidates: Sequence[Candidate], request: Request
) -> tuple[list[Candidate], dict[str, str]]:
    asked = [(name, filters.FILTERS[name]) for name in filters.needed(request)]
    kept: list[Candidate] = []
    removed: dict[str, str] = {}
    for candidate in candidates:
        for name, keeps_out in asked:
            reason = keeps_out(candidate, request)
            if reason is not None:
                removed[candidate.deployment.name] = f"{name}: {reason}"
                break
        else:
            kept.append(candidate)
    return kept, removed


READY_FIRST = {Readiness.READY: 0, Readiness.COOLING: 1, Readiness.OUT: 2}


def place(candidate: Candidate, request: Request, now: float) -> tuple[int, bool, int]:
    """What comes before any score; the picker orders those whose places are equal."""
    deployment = candidate.deployment
    preferred = request.options.preferred_provider
    return (
        READY_FIRST[candidate.readiness(now)],
        preferred is not None and deployment.provider != preferred,
        deployment.fallback_level,
    )

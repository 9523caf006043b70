"""Rebuilding: a decision made once more from what was told of it, with the same order as its end.

Nothing but the event is looked at: scores are the weighted sums of the parts, places come of
readiness, preference and level, and the picker gets the draws that were made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import mul
from random import Random
from typing import Any, NamedTuple, cast

from ..telemetry.events import Considered, Ranked
from ..telemetry.stats import Measured, Stats
from . import pickers
from .strategy import STANDS_BACK, Place, picked

PICKERS: Mapping[str, pickers.Picker] = {
    picker.__name__: picker
    for picker in (
        pickers.best_first,
        pickers.best_first_exploring,
        pickers.in_turn,
        pickers.drawn,
        pickers.two_choices,
    )
}


class _Standing(NamedTuple):
    """As much of a candidate as a picker looks at."""

    name: str
    stats: Stats


class _Drawn:
    """Dice that show what they showed before."""

    def __init__(self, draws: Sequence[float]) -> None:
        self._left = iter(draws)

    def random(self) -> float:
        """The next of the numbers that were drawn."""
        drawn = next(self._left, None)
        if drawn is None:
            raise ValueError("draws: more were needed than were recorded")
        return drawn


def rebuilt_scores(ranked: Ranked) -> dict[str, float]:
    """Name → score, from the parts and their weights."""
    weights = ranked.weights
    return {one.deployment: sum(map(mul, weights, one.parts), 0.0) for one in ranked.considered}


def rebuilt_order(ranked: Ranked) -> tuple[str, ...]:
    """The names in the order that the decision comes to.

    Raises:
        ValueError: the event does not tell enough, such as one of another version.
    """
    considered = ranked.considered
    if not considered:
        return ()
    picker = PICKERS.get(ranked.picker)
    if picker is None:
        raise ValueError("picker: not known")
    dice = _Drawn(ranked.draws)
    candidates: Any = [
        _Standing(
            one.deployment,
            Stats(succeeded=one.started - one.pending, pending=one.pending)._replace(
                measured=Measured(at=one.heard_at)
            ),
        )
        for one in considered
    ]
    scores = list(rebuilt_scores(ranked).values())
    places = [_place(one, dice.random) for one in considered]
    order: Any = picked(picker, candidates, scores, places, ranked.call, cast(Random, dice))
    return tuple(standing.name for standing in order)


def _place(one: Considered, draw: Callable[[], float]) -> Place:
    ready = one.readiness
    if one.share is not None and draw() >= one.share:
        ready = STANDS_BACK
    return ready, one.other_provider, one.level

"""Strategy: the table of named strategies, each a row of scorer × picker, and the order they give.

Whatever the strategy, in this order: filters remove; fallback levels come before any score; a
preferred provider's ready deployments go first; those that are out come last; a session keeps its
deployment. One that has just healed stands back in a falling part of the calls, so that its share
comes back over seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import NamedTuple

from ..candidate import Candidate, Readiness
from ..errors import ConfigurationError
from ..options import Strategy, UsersStrategy
from ..request import Request
from ..values import new
from . import filters, scorers
from .pickers import Picker, best_first, best_first_exploring, drawn, in_turn, two_choices
from .scorers import Scorer
from .stickiness import staying


class Row(NamedTuple):
    """One strategy. `keeps_order`: a fallback follows the order as it is, also when a later
    deployment has the failed one's model."""

    scorer: Scorer
    picker: Picker
    keeps_order: bool = False


STRATEGIES: Mapping[Strategy, Row] = {
    Strategy.ORDERED: Row(scorers.CALLERS_ORDER, best_first, keeps_order=True),
    Strategy.ROUND_ROBIN: Row(scorers.CALLERS_ORDER, in_turn),
    Strategy.PERFORMANCE_BASED: Row(scorers.PERFORMANCE, best_first),
    Strategy.COST_OPTIMIZED: Row(scorers.COST, best_first),
    Strategy.AVAILABILITY_BASED: Row(scorers.AVAILABILITY, best_first),
    Strategy.MODEL_SPECIFIC: Row(scorers.PREFERENCE, best_first),
    Strategy.WEIGHTED_RANDOM: Row(scorers.SHARE, drawn),
    Strategy.INTELLIGENT: Row(scorers.INTELLIGENT, best_first_exploring),
    Strategy.ADAPTIVE: Row(scorers.LOAD, two_choices),
}


def row_of(strategy: Strategy | UsersStrategy) -> Row:
    """A named strategy's row, or one around the user's own function."""
    if isinstance(strategy, Strategy):
        return STRATEGIES[strategy]

    def measure(candidates: Sequence[Candidate], request: Request, now: float) -> scorers.Parts:
        shown = tuple(candidates)  # what the function does to it is of no consequence
        try:
            scores = [float(score) for score in strategy(shown, request)]
        except Exception as error:
            raise ConfigurationError(f"strategy: raised {type(error).__name__}") from error
        if len(scores) != len(candidates) or not all(map(math.isfinite, scores)):
            raise ConfigurationError("strategy: must give each candidate one finite score")
        return [(score,) for score in scores]

    return Row(Scorer(("score",), (1.0,), measure), best_first)


class Ranking(NamedTuple):
    """The order of candidates, who was removed and why, and notes for the caller."""

    order: tuple[Candidate, ...]
    removed: Mapping[str, str]
    keeps_order: bool = False
    notes: tuple[str, ...] = ()
    #: Those that were scored, their scores, and the scores' parts.
    scored: tuple[Sequence[Candidate], Sequence[float], Sequence[tuple[float, ...]]] = ((), (), ())

    @property
    def scores(self) -> Mapping[str, float]:
        """Each one's score by its name; made only for those who look."""
        names = (candidate.deployment.name for candidate in self.scored[0])
        return dict(zip(names, self.scored[1], strict=True))


def rank(
    candidates: Sequence[Candidate], request: Request, *, turn: int, rng: Random, now: float
) -> Ranking:
    """Order the candidates for one request."""
    options = request.options
    row = row_of(options.strategy)
    ties = request.conversation
    picker = row.picker
    if ties is not None and ties.session is not None:
        picker = staying(picker, ties.session)
    if _all_alike(candidates, request, now) and not filters.needed(request):
        parts = row.scorer.measure(candidates, request, now)
        scores = row.scorer.weighed(parts)
        order = picker(candidates, scores, turn, rng)
        scored = (candidates, scores, parts)
        return new(Ranking, (tuple(order), {}, row.keeps_order, (), scored))
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
    if not kept:
        return Ranking((), removed)
    preferred = options.preferred_provider
    if preferred is not None and all(c.deployment.provider != preferred for c in candidates):
        notes += ("preferred_provider: no deployment is of it; ignored",)
    parts = row.scorer.measure(kept, request, now)
    scores = row.scorer.weighed(parts)
    order = picked(picker, kept, scores, places(kept, request, now, rng.random), turn, rng)
    scored = (kept, scores, parts)
    return new(Ranking, (tuple(order), removed, row.keeps_order, notes, scored))


def _all_alike(candidates: Sequence[Candidate], request: Request, now: float) -> bool:
    """Whether nothing but the score tells them apart, as in most calls."""
    options = request.options
    if options.model_preference or options.preferred_provider is not None or not candidates:
        return False
    for candidate in candidates:
        if candidate.paused or candidate.deployment.fallback_level:
            return False
        breaker = candidate.breaker
        if breaker.open_until is not None or now < candidate.cooldown.until:
            return False
        if candidate.quota is not None and candidate.lacks_headroom(now):
            return False
        if now < breaker.ramp_until:
            return False
    return True


def picked(
    picker: Picker,
    candidates: Sequence[Candidate],
    scores: Sequence[float],
    places: Sequence[Place],
    turn: int,
    rng: Random,
) -> list[Candidate]:
    """The picker's order within each place, place after place."""
    if places.count(places[0]) == len(places):
        return picker(candidates, scores, turn, rng)
    order: list[Candidate] = []
    for here in sorted(set(places)):
        equals = [i for i, there in enumerate(places) if there == here]
        group = [candidates[i] for i in equals]
        order += picker(group, [scores[i] for i in equals], turn, rng)
    return order


def _filtered(
    candidates: Sequence[Candidate], request: Request
) -> tuple[list[Candidate], dict[str, str]]:
    names = filters.needed(request)
    kept = [candidate for candidate in candidates if not candidate.paused]
    if not names and len(kept) == len(candidates):
        return kept, {}
    asked = [(name, filters.FILTERS[name]) for name in ("paused", *names)]
    kept = []
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


#: What comes before any score: readiness, whether another provider is preferred, fallback level.
Place = tuple[int, bool, int]
READY_FIRST = {Readiness.READY: 0, Readiness.COOLING: 2, Readiness.OUT: 3}
#: The usual place, made once.
FRONT: Place = (0, False, 0)
#: A healed deployment that has not its whole share yet stands back in so many calls.
STANDS_BACK = 1


def place(candidate: Candidate, request: Request, now: float) -> Place:
    """One candidate's place; the picker orders those whose places are equal."""
    return places((candidate,), request, now)[0]


def places(
    candidates: Sequence[Candidate],
    request: Request,
    now: float,
    draw: Callable[[], float] = lambda: 0.0,
) -> list[Place]:
    """Everybody's place; `draw` (a number in 0 to 1) decides who stands back."""
    preferred = request.options.preferred_provider
    found: list[Place] = []
    for candidate in candidates:
        ready = 0
        breaker = candidate.breaker
        cooling = now < candidate.cooldown.until or candidate.lacks_headroom(now)
        if breaker.open_until is not None or cooling:
            ready = READY_FIRST[candidate.readiness(now)]
        elif now < breaker.ramp_until and draw() >= breaker.share(now):
            ready = STANDS_BACK
        deployment = candidate.deployment
        other = preferred is not None and deployment.provider != preferred
        level = deployment.fallback_level
        found.append((ready, other, level) if ready or other or level else FRONT)
    return found

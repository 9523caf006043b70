"""Counterfactual: the smallest change after which another deployment would be asked first.

Every change is tried: the candidates or the request are changed and ranked again by the router's
own ranking. What is a number (a price, an average time, a success rate, a weight) is found by
bisection between what it is and the best it could be: scores are monotone in each, so that there is
one place where the order turns. Where lots are drawn, the best score is asked for instead: who
would be the likeliest first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ..candidate import Candidate
from ..request import Request
from ..routing.strategy import Ranking
from . import changes
from .scene import DIGITS, SETTING, Change, Scene, rounded_down
from .settings_changes import of_settings

#: So many of the others are looked at, the next ones in the order first; fewer in large fleets,
#: where every change that is tried is a ranking of so many: about a quarter of a second in all.
MOST: Final = 8
FEWEST: Final = 2
RANKED: Final = 400
#: How near the place where the order turns is found, relative to what is now.
CLOSE: Final = 1e-5
#: A price or time that is not known is looked for up to so many times the largest that is.
BEYOND: Final = 10.0


def counterfactuals(
    candidates: Sequence[Candidate],
    request: Request,
    ranking: Ranking,
    *,
    now: float,
    turn: int | None = None,
) -> list[Change]:
    """What would put each of the others first, the smallest changes first; see `Scene`."""
    scene = Scene(candidates, request, ranking, now=now, turn=turn)
    if not scene.known:
        return []
    by_name = {candidate.deployment.name: candidate for candidate in candidates}
    names = [c.deployment.name for c in ranking.order] + list(ranking.removed)
    most = max(FEWEST, min(MOST, RANKED // max(1, len(names))))
    others = [by_name[name] for name in names if name != scene.first][:most]
    found = [change for other in others for change in _all(scene, other)]
    scores = ranking.scores
    if scene.draws_lots and scene.first and scores[scene.first] > scores[names[0]]:
        words = "in another draw, since its score is the best"
        found.append(Change(scene.first, "draw", words, None, likeliest=True))
    return sorted(found, key=lambda change: change.size)


def _all(scene: Scene, target: Candidate) -> Iterator[Change]:
    numbers = () if scene.rotates else _numbers(scene, target)
    for change in (*numbers, *of_settings(scene, target)):
        yield change._replace(likeliest=scene.draws_lots)


def _numbers(scene: Scene, target: Candidate) -> Iterator[Change]:
    """Prices, times and success rates at which the target is first."""
    request, now, name = scene.request, scene.now, target.deployment.name
    price = changes.price_per_1k(target, request)
    below = _largest(
        scene,
        lambda value: changes.with_price(target, request, value),
        price,
        [changes.price_per_1k(c, request) for c in scene.candidates],
    )
    if below is not None:
        was = "unknown" if price is None else f"{price:.4g}"
        words = (
            f"at a price of at most {below:.{DIGITS}g} USD per 1K tokens of this mix ({was} now)"
        )
        yield Change(name, "price", words, below, price, _relative(below, price))
    seconds = target.average_seconds
    below = _largest(
        scene,
        lambda value: changes.with_seconds(target, value),
        seconds,
        [candidate.average_seconds for candidate in scene.candidates],
    )
    if below is not None:
        was = "unknown" if seconds is None else f"{seconds:.4g} s"
        words = f"if its average time were at most {below:.{DIGITS}g} s ({was} now)"
        yield Change(name, "response_time", words, below, seconds, _relative(below, seconds))
    yield from _success(scene, target, now)


def _success(scene: Scene, target: Candidate, now: float) -> Iterator[Change]:
    rate, name = target.stats.recent_success_rate(now), target.deployment.name
    if rate >= 1.0:
        return

    def first(failures: float) -> bool:
        return (
            scene.choose(scene.with_one(changes.with_success(target, 1.0 - failures, now))) == name
        )

    failures = _turning(first, 0.0, 1.0 - rate)
    if failures is None:
        return
    least = min(1.0, math.ceil((1.0 - failures) * 1e4) / 1e4)
    if first(1.0 - least):
        words = (
            f"if at least {100 * least:.2f} % of its attempts succeeded ({100 * rate:.2f} % now)"
        )
        yield Change(name, "success_rate", words, least, rate, _relative(least, rate))


def _largest(
    scene: Scene,
    changed: Callable[[float], Candidate],
    now: float | None,
    all_: Sequence[float | None],
) -> float | None:
    """The largest value, to four digits, at which the changed candidate is first; None where it is
    not even at nothing."""

    def first(value: float) -> bool:
        other = changed(value)
        return scene.choose(scene.with_one(other)) == other.deployment.name

    above = now
    if above is None:
        above = BEYOND * max((value for value in all_ if value is not None), default=0.0)
    if above <= 0.0 or not math.isfinite(above):
        return None
    found = _turning(first, 0.0, above)
    if not found:
        return None
    rounded = rounded_down(found)
    return rounded if rounded > 0.0 and first(rounded) else None


def _turning(first: Callable[[float], bool], good: float, bad: float) -> float | None:
    """The value next to `bad` at which it is first; None where it is nowhere, or even at `bad`."""
    if not first(good) or first(bad):
        return None
    close = CLOSE * abs(bad - good)
    while abs(bad - good) > max(close, CLOSE * abs(good)):
        middle = 0.5 * (good + bad)
        if middle in (good, bad):
            break
        if first(middle):
            good = middle
        else:
            bad = middle
    return good


def _relative(value: float, now: float | None) -> float:
    return SETTING if not now else abs(value - now) / abs(now)

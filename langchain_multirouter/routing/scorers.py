"""Scorers: how good each candidate is for a call; the higher the better, and made of named parts.

A score is the weighted sum of its parts, so that an explanation shows exactly what decided. What is
not known of a candidate (its time, its price) counts as the median of those of whom it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import mul
from typing import NamedTuple

from ..candidate import Candidate, usual_tokens
from ..economics.tokens import expected_output_tokens
from ..request import Request
from .outlook import usd_per_call
from .preferences import UNLISTED, rank_for_task, rank_in, ranks_for

Parts = list[tuple[float, ...]]

#: Seconds and USD per 1,000 tokens at which the reference's parts reach nothing.
UNKNOWN_SECONDS = 10.0
DEAR_USD_PER_1K = 0.01
LARGEST_LOAD = 1e12
#: What being healthy adds to the availability score.
HEALTHY = 0.2


class Scorer(NamedTuple):
    """Names of parts, their weights, and the parts of every candidate of one request."""

    parts: tuple[str, ...]
    weights: tuple[float, ...]
    measure: Callable[[Sequence[Candidate], Request, float], Parts]

    def scores(self, candidates: Sequence[Candidate], request: Request, now: float) -> list[float]:
        """The weighted sums, in the candidates' order."""
        return self.weighed(self.measure(candidates, request, now))

    def weighed(self, parts: Sequence[Sequence[float]]) -> list[float]:
        """The weighted sums of parts that are there already."""
        weights = self.weights
        return [sum(map(mul, weights, own), 0.0) for own in parts]


def _callers_order(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    return [(float(candidate.number),) for candidate in candidates]


def _performance(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    seconds = known_or_median([c.average_seconds for c in candidates], UNKNOWN_SECONDS)
    return [
        (average, 1.0 - candidate.stats.recent_success_rate(now))
        for candidate, average in zip(candidates, seconds, strict=True)
    ]


def _cost(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    costs = known_or_median(usd_per_call(candidates, request, now), 0.0)
    return [(cost,) for cost in costs]


def _availability(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    return [
        (
            candidate.stats.recent_success_rate(now),
            HEALTHY if candidate.healthy(now) else -0.5,
            0.1 if candidate.stats.started > 10 else 0.0,
        )
        for candidate in candidates
    ]


def _preference(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    return [(float(rank_for_task(candidate, request)),) for candidate in candidates]


def _share(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    return [
        (
            candidate.deployment.weight
            * (1.0 if candidate.healthy(now) else 0.1)
            * candidate.stats.recent_success_rate(now),
        )
        for candidate in candidates
    ]


def _intelligent(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    """Task, performance and cost, each in 0 to 1.

    The task part is the reference's, divided by its largest value, so that it stays in 0 to 1 and
    still tells ranks apart. The time part is relative to the fleet's median m: a response time t
    costs `t / (t + m)` of the half that speed is worth, so that 8 and 40 s never score alike. The
    cost part is about what this request would cost here, per 1,000 of the tokens it usually has.
    """
    told_seconds: list[float | None] = [c.stats.measured.average_seconds for c in candidates]
    told_prices = _usd_per_1k(candidates, request)
    if request.conversation is not None:  # those ahead count for nothing: others decide, too
        told_prices = [candidate.expected_usd_per_1k(request) for candidate in candidates]
    seconds = known_or_median(told_seconds, UNKNOWN_SECONDS)
    prices = known_or_median(told_prices, 0.5 * DEAR_USD_PER_1K)  # a cost part of one half
    ranks = ranks_for(request)
    middle = median(seconds) or 1e-9
    parts: Parts = []
    for candidate, average, usd in zip(candidates, seconds, prices, strict=True):
        measured = candidate.stats.measured
        certain = measured.good == measured.total  # no failure in the window
        rate = 1.0 if certain else candidate.stats.recent_success_rate(now)
        performance = rate * (1.0 - 0.5 * average / (average + middle))
        cost = 1.0 - usd / DEAR_USD_PER_1K if usd < DEAR_USD_PER_1K else 0.0
        parts.append((_TASK_PARTS[rank_in(ranks, candidate)], performance, cost))
    return parts


def _usd_per_1k(candidates: Sequence[Candidate], request: Request) -> list[float | None]:
    """Everybody's `expected_usd_per_1k`; what is the same for all is found once."""
    tokens, usual = request.prompt.input_tokens, request.usual_output_tokens
    output, total = expected_output_tokens(request.max_tokens, usual), usual_tokens(request)
    found: list[float | None] = []
    for candidate in candidates:
        measured, price = candidate.stats.measured, candidate.facts.price
        if price is None:
            found.append(None)
        elif total <= 0:
            found.append(price.usd_per_1k(0, 0))
        else:
            asked = tokens if measured.input_ratio is None else candidate.expected_input(request)
            made = candidate.expected_output(request) if measured.lengths else output
            found.append(1000.0 * price.plain_usd(asked, made) / total)
    return found


#: Rank → the task part, `(0.8 if listed else 0.4, plus 0.3 × (1 − rank/10)) / 1.1`.
_TASK_PARTS = tuple(
    ((0.8 if rank < UNLISTED else 0.4) + 0.3 * (1.0 - rank / UNLISTED)) / 1.1
    for rank in range(UNLISTED + 1)
)


def _load(candidates: Sequence[Candidate], request: Request, now: float) -> Parts:
    """Expected seconds × (pending + 1) ÷ success rate: Finagle's load, per answer that succeeds.

    The time is that to the first token for streams. Who was never asked is asked at once, and by
    one call alone; who was asked and never answered counts as slow, as Finagle's penalty has it.
    """
    parts: Parts = []
    for candidate in candidates:
        kept = candidate.stats
        seconds = kept.expected_seconds(now, streamed=request.streamed)
        if seconds is None:
            seconds = UNKNOWN_SECONDS if kept.started else 0.0
        load = max(0.0, seconds) * (kept.pending + 1) / kept.recent_success_rate(now)
        parts.append((min(load, LARGEST_LOAD),))
    return parts


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two (`statistics.median` costs as much as a ranking)."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])


def known_or_median(values: list[float | None], otherwise: float) -> list[float]:
    """The values, the median of the known ones for the unknown; `otherwise` if none is known."""
    if None not in values:
        return values  # type: ignore[return-value]  # mypy does not know what is not in a list
    known = [value for value in values if value is not None]
    middle = median(known) if known else otherwise
    return [middle if value is None else value for value in values]


CALLERS_ORDER = Scorer(("place",), (-1.0,), _callers_order)
PERFORMANCE = Scorer(("response_time_seconds", "failure_rate"), (-1.0, -100.0), _performance)
LOAD = Scorer(("load_seconds",), (-1.0,), _load)
COST = Scorer(("cost_usd",), (-1.0,), _cost)
AVAILABILITY = Scorer(("success_rate", "health", "experience"), (1.0, 1.0, 1.0), _availability)
PREFERENCE = Scorer(("rank",), (-1.0,), _preference)
SHARE = Scorer(("share",), (1.0,), _share)
INTELLIGENT = Scorer(("task", "performance", "cost"), (0.4, 0.4, 0.2), _intelligent)

"""Scene: one decision that can be made again with something changed, by the router's ranking."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from ..candidate import Candidate
from ..options import Strategy
from ..request import Request
from ..routing.pickers import EXPLORE_EVERY, drawn, two_choices
from ..routing.strategy import Ranking, rank, row_of

#: Words have so many digits.
DIGITS: Final = 4
#: What is set rather than measured counts as a change by half, beside changes of numbers.
SETTING: Final = 0.5
#: So many turns of a rotation are looked through.
MOST_TURNS: Final = 64
DRAWING: Final = (drawn, two_choices)


class Change(NamedTuple):
    """One change, after which a deployment is first.

    Args:
        deployment: Who would be first.
        kind: "price", "response_time", "success_rate", "weight", "turn", "health", "draw", or the
            setting's name.
        words: For people: "at a price below …".
        value: The number at which it holds (prices in USD per 1,000 tokens of this request's mix,
            times in seconds), or the setting.
        now: What it is now; None where it is not known.
        size: How large the change is, relative to what is now; a half where that is no number.
        likeliest: It would have the best score, where lots are drawn.
    """

    deployment: str
    kind: str
    words: str
    value: Any
    now: Any = None
    size: float = SETTING
    likeliest: bool = False

    def public(self) -> dict[str, Any]:
        """For programs."""
        return self._asdict()

    def __str__(self) -> str:
        outcome = "would be the likeliest first" if self.likeliest else "would be first"
        return f"{self.deployment} {outcome} {self.words}"


class _Always(Random):
    """Draws the same number every time: who stands back is kept as it was."""

    def __init__(self, number: float) -> None:
        super().__init__(0)
        self._number = number

    def random(self) -> float:
        return self._number


class Scene:
    """One decision, which can be made again with something changed.

    Args:
        candidates: All of them.
        request: What was asked.
        ranking: What came of it.
        now: When, by the monotonic clock.
        turn: The router's turn; found by trying where it is not known.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        request: Request,
        ranking: Ranking,
        *,
        now: float,
        turn: int | None = None,
    ) -> None:
        self.candidates = tuple(candidates)
        self.request = request
        self.now = now
        self.ranking = ranking
        self.draws_lots = row_of(request.options.strategy).picker in DRAWING
        self._turn, self._rng = turn or 0, Random(0)  # until they are found
        #: Where a turn only fits the order, another set of candidates may have another one.
        self.rotates = turn is None and request.options.strategy is Strategy.ROUND_ROBIN
        self._turns = [turn] if turn is not None else list(self._possible())
        self.first = self._as_it_was()

    def _as_it_was(self) -> str | None:
        """Find the turn and the draw that gave the order there is; who is first."""
        order = self.ranking.order
        if not order or self.draws_lots:
            self._rng = _Always(0.0)
            return self.choose()
        was = order[0].deployment.name
        for turn in self._turns:
            self._turn = turn
            for draw in (0.0, 0.999_999):
                self._rng = _Always(draw)
                if self.choose() == was:
                    return was
        return None  # nothing can be said of what cannot be made again

    def _possible(self) -> Iterator[int]:
        yield from (0, EXPLORE_EVERY - 1)
        if self.rotates:
            yield from range(min(MOST_TURNS, len(self.candidates)))

    @property
    def known(self) -> bool:
        """Whether the decision could be made again as it was, by a strategy of ours."""
        named = isinstance(self.request.options.strategy, Strategy)
        return named and (self.first is not None or not self.ranking.order)

    def ranked(
        self,
        candidates: Sequence[Candidate] | None = None,
        request: Request | None = None,
        *,
        turns: int = 0,
    ) -> Ranking:
        """The order with these candidates, this request, and so many turns later."""
        request = self.request if request is None else request
        strategy = request.options.strategy
        if isinstance(strategy, Strategy) and row_of(strategy).picker in DRAWING:
            scorer, now = row_of(strategy).scorer, self.now

            def scores(candidates: Sequence[Candidate], request: Request) -> list[float]:
                return scorer.scores(candidates, request, now)

            options = request.options.model_copy(update={"strategy": scores})
            request = request._replace(options=options)
        return rank(
            self.candidates if candidates is None else candidates,
            request,
            turn=self._turn + turns,
            rng=self._rng,
            now=self.now,
        )

    def choose(self, *changed: Any, **more: Any) -> str | None:
        """Who would be first."""
        order = self.ranked(*changed, **more).order
        return order[0].deployment.name if order else None

    def with_one(self, other: Candidate) -> tuple[Candidate, ...]:
        """All candidates, one of them changed."""
        return tuple(other if c.number == other.number else c for c in self.candidates)

    def with_options(self, **update: Any) -> Request:
        """The request with other options."""
        return self.request._replace(options=self.request.options.model_copy(update=update))


def rounded_down(value: float) -> float:
    """To four significant digits, so that what is said holds."""
    said = float(f"{value:.{DIGITS}g}")
    if said <= value:
        return said
    step = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    return float(f"{value - step:.{DIGITS}g}")


def rounded_up(value: float) -> float:
    """To four significant digits, so that what is said holds."""
    said = float(f"{value:.{DIGITS}g}")
    if said >= value:
        return said
    step = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    return float(f"{value + step:.{DIGITS}g}")

"""Decision: one ranking as it was made, told in full only to who asks, off the call's path.

`Ranked` names every candidate's parts and costs; to make it costs as much as the ranking itself.
A `Decision` holds the values that it is made of, which are frozen anyway; none of the prompt's text
is among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple, cast

from ..candidate import Candidate
from ..options import Options
from ..request import Prompt, Request
from ..telemetry.events import Considered, Ranked
from ..values import new
from .strategy import READY_FIRST, Ranking, row_of


class Draws:
    """Dice that remember what they showed."""

    __slots__ = ("_rng", "shown")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.shown: list[float] = []

    def random(self) -> float:
        """The next number in 0 to 1."""
        drawn = self._rng.random()
        self.shown.append(drawn)
        return drawn

    def as_rng(self) -> Random:
        """For pickers, who ask for nothing but `random()`."""
        return cast(Random, self)


class Decision(NamedTuple):
    """What a ranking was made of; `event()` tells it."""

    call: int
    ranking: Ranking
    options: Options
    expected: tuple[object, ...]  # of the request: what its cost is estimated by
    draws: Sequence[float]
    now: float
    decision_seconds: float | None = None

    @classmethod
    def of(
        cls,
        call: int,
        ranking: Ranking,
        request: Request,
        draws: Draws,
        now: float,
        seconds: float | None = None,
    ) -> Decision:
        """A ranking that was made just now, in so many seconds."""
        prompt = request.prompt
        asked = (prompt.kinds, prompt.input_tokens, request.max_tokens, request.task_type)
        expected = (*asked, request.usual_output_tokens, request.streamed)
        return new(cls, (call, ranking, request.options, expected, draws.shown, now, seconds))

    def event(self) -> Ranked:
        """The decision, with all that it takes to make it again."""
        ranking, options = self.ranking, self.options
        candidates, scores, parts = ranking.scored
        row = row_of(options.strategy)
        request = self._request()
        task = request.task_type
        names = [candidate.deployment.name for candidate in candidates]
        return Ranked(
            self.call,
            options.strategy_name,
            None if task is None else task.value,
            tuple(candidate.deployment.name for candidate in ranking.order),
            dict(zip(names, scores, strict=True)),
            dict(ranking.removed),
            row.picker.__name__,
            row.scorer.parts,
            row.scorer.weights,
            tuple(
                self._considered(candidate, tuple(own), request)
                for candidate, own in zip(candidates, parts, strict=True)
            ),
            tuple(self.draws),
            self.decision_seconds,
        )

    def _request(self) -> Request:
        """The request without its text."""
        kinds, tokens, most, task, usual, streamed = self.expected
        return Request(
            self.options,
            streamed=bool(streamed),
            task_type=task,  # type: ignore[arg-type]  # put in by `of`
            prompt=Prompt("", kinds, tokens),  # type: ignore[arg-type]
            max_tokens=most,  # type: ignore[arg-type]
            usual_output_tokens=usual,  # type: ignore[arg-type]
        )

    def _considered(
        self, candidate: Candidate, parts: tuple[float, ...], request: Request
    ) -> Considered:
        deployment, stats, breaker = candidate.deployment, candidate.stats, candidate.breaker
        preferred = self.options.preferred_provider
        readiness = READY_FIRST[candidate.readiness(self.now)]
        ramping = readiness == 0 and breaker.open_until is None and self.now < breaker.ramp_until
        expected = (candidate.expected_usd(request), candidate.average_seconds)
        share = breaker.share(self.now) if ramping else None
        other = preferred is not None and deployment.provider != preferred
        place = (readiness, share, other, deployment.fallback_level)
        known = (stats.started, stats.pending, stats.measured.at)
        return new(Considered, (deployment.name, parts, *expected, *place, *known))

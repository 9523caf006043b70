"""Recommendation: who suits a prompt, in points and words, beside what the router would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..candidate import Candidate
from ..request import Request
from ..routing.preferences import UNLISTED, rank_for_task
from ..routing.strategy import Ranking, place
from .best import usd_per_1k
from .table import as_html, as_text

SHOWN = 3

#: Why a place comes before another, by the parts of `routing.strategy.place`.
_PLACES = (
    "{best} is out just now",
    "{preferred} is preferred",
    "{best} is of fallback level {level}",
)
#: Strategies whose score alone does not decide.
_BY_TURN = {
    "round_robin": "it is {chosen}'s turn",
    "weighted_random": "the lot falls on {chosen}",
}


class Recommendation:
    """The best three deployments for a prompt, with reasons; `to_dict()` for programs."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        request: Request,
        ranking: Ranking,
        *,
        requirements: Mapping[str, Any],
        now: float,
    ) -> None:
        self._request = request
        self._ranking = ranking
        self._requirements = dict(requirements)
        self._now = now
        healthy = [c for c in candidates if c.healthy(now)]
        scored = [(c, *points(c, request, requirements)) for c in healthy]
        self._scored = sorted(scored, key=lambda entry: -entry[1])[:SHOWN]

    def to_dict(self) -> dict[str, Any]:
        """`task_type`, `requirements`, `recommendations` (the best three), `prompt_analysis`,
        and `router`: what the router itself would choose, and why where they differ."""
        prompt = self._request.prompt
        return {
            "task_type": str(self._request.task_type),
            "requirements": self._requirements,
            "recommendations": [
                {
                    "deployment": candidate.deployment.name,
                    "provider": candidate.deployment.provider,
                    "score": round(score, 4),
                    "reasons": list(reasons),
                    "stats": {
                        "success_rate": candidate.stats.success_rate,
                        "avg_response_time": candidate.average_seconds,
                        "total_requests": candidate.stats.started,
                    },
                    "expected_cost_usd": candidate.expected_usd(self._request),
                    "capabilities": _known(candidate.facts.capabilities._asdict()),
                }
                for candidate, score, reasons in self._scored
            ],
            "prompt_analysis": {
                "length": prompt.characters,
                "estimated_input_tokens": prompt.input_tokens,
                "kinds": sorted(prompt.kinds),
            },
            "router": self._routers_own(),
        }

    def _routers_own(self) -> dict[str, Any]:
        order = self._ranking.order
        chosen = order[0].deployment.name if order else None
        best = self._scored[0][0].deployment.name if self._scored else None
        return {
            "strategy": self._request.options.strategy_name,
            "would_choose": chosen,
            "why_different": None if chosen == best else self._why(chosen, best),
        }

    def _why(self, chosen: str | None, best: str | None) -> str:
        if best is not None and best in self._ranking.removed:
            return f"the router leaves {best} out: {self._ranking.removed[best]}"
        if chosen is None or best is None:
            return "nobody is healthy" if best is None else "nobody may serve this request"
        strategy, scores = self._request.options.strategy_name, self._ranking.scores
        by_name = {c.deployment.name: c for c in self._ranking.order}
        places = [place(by_name[name], self._request, self._now) for name in (chosen, best)]
        for mine, theirs, reason in zip(*places, _PLACES, strict=True):
            if mine != theirs:
                preferred = self._request.options.preferred_provider
                level = by_name[best].deployment.fallback_level
                return str(reason.format(best=best, preferred=preferred, level=level))
        if strategy in _BY_TURN:
            return _BY_TURN[strategy].format(chosen=chosen)
        if scores[chosen] < scores[best]:
            return f"{chosen} was never asked, and every tenth call explores"
        return (
            f"{strategy} gives {chosen} {scores[chosen]:.4g} and {best} {scores[best]:.4g}; the "
            "points here weigh the stated priorities, the strategy's score does not"
        )

    def _rows(self) -> list[list[Any]]:
        return [[c.deployment.name, score, "; ".join(why)] for c, score, why in self._scored]

    def _title(self) -> str:
        own = self._routers_own()
        different = f" ({own['why_different']})" if own["why_different"] else ""
        return (
            f"For {self._request.task_type}: the router ({own['strategy']}) would choose "
            f"{own['would_choose']}{different}"
        )

    def __repr__(self) -> str:
        return as_text(self._title(), ["deployment", "score", "reasons"], self._rows())

    def _repr_html_(self) -> str:
        return as_html(self._title(), ["deployment", "score", "reasons"], self._rows())


def points(
    candidate: Candidate, request: Request, requirements: Mapping[str, Any]
) -> tuple[float, tuple[str, ...]]:
    """The reference's score and its reasons in words.

    Task fit `max(0, 10 − 2 × rank)`; with speed priority `max(0, 10 − 2 × average seconds)`; with
    reliability priority `10 × success rate`; with a budget +5 within and −10 over it, else
    `max(0, 5 − 1000 × USD per 1K tokens)`. What is not known gives no points.
    """
    rank = rank_for_task(candidate, request)
    score = max(0.0, 10.0 - 2.0 * rank)
    place = f"number {rank + 1}" if rank < UNLISTED else "not listed"
    reasons = [f"{place} for {request.task_type} (+{score:g})"]
    if requirements.get("speed_priority"):
        average = candidate.average_seconds
        earned = 0.0 if average is None else max(0.0, 10.0 - 2.0 * average)
        said = "response time not known yet" if average is None else f"{average:.2f} s on average"
        reasons.append(f"{said} (+{earned:.2f})")
        score += earned
    if requirements.get("reliability_priority"):
        rate = candidate.stats.success_rate
        reasons.append(f"{rate:.1%} of attempts succeeded (+{10.0 * rate:.2f})")
        score += 10.0 * rate
    earned, said = _cost_points(candidate, request, requirements.get("budget_constraint"))
    reasons.append(f"{said} ({earned:+.2f})")
    return score + earned, tuple(reasons)


def _cost_points(candidate: Candidate, request: Request, budget: float | None) -> tuple[float, str]:
    if budget is None:
        price = usd_per_1k(candidate)
        if price is None:
            return 0.0, "price unknown"
        return max(0.0, 5.0 - 1000.0 * price), f"{price:.6f} USD per 1K tokens"
    expected = candidate.expected_usd(request)
    if expected is None:
        return 0.0, "price unknown"
    within = expected <= budget
    said = f"{expected:.6f} USD expected, {'within' if within else 'over'} {budget:g}"
    return (5.0 if within else -10.0), said


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}

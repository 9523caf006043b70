"""Worth: which answers are kept: whole ones, of the model that would have been asked first.

What was cut off, filtered, refused, malformed or empty would be served again and again, and so
would the answer of a stopgap long after the outage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import AIMessage

from ..candidate import Candidate, Readiness
from ..ledger import CONTINUED
from ..options import Options, Strategy
from ..outcome import Answered
from ..providers.judge import REASONS, Ending, has_content
from ..routing.pickers import drawn, in_turn, two_choices
from ..routing.scorers import HEALTHY
from ..routing.strategy import Ranking, row_of
from ..tally import FINAL_STATUSES, FINISH_KEYS

#: How a whole answer ends.
_WHOLE = frozenset({Ending.DONE, Ending.CALLED})
#: Pickers that have no best one: all that stand alike are first choices.
_SHARING = (in_turn, drawn, two_choices)
#: A turn that a service interrupted, for the caller to go on with.
_PAUSED = "pause_turn"


def is_whole(message: AIMessage, metadata: Mapping[str, Any]) -> bool:
    """Whether the provider says that the answer came to its own end, and it can be used.

    Classes that never give a reason are believed. An answer with tool calls is one like any other.
    """
    if message.invalid_tool_calls or not has_content(message):
        return False
    if message.additional_kwargs.get("refusal") or metadata.get("incomplete_details"):
        return False
    content = message.content
    if not isinstance(content, str) and any(
        isinstance(block, dict) and block.get("type") == "refusal" for block in content
    ):
        return False
    reasons = [metadata[key] for key in FINISH_KEYS if metadata.get(key)]
    status = metadata.get("status")
    if status in FINAL_STATUSES:
        reasons.append(status)
    return all(
        isinstance(reason, str) and reason != _PAUSED and REASONS.get(reason) in _WHOLE
        for reason in reasons
    )


def is_spliced(answered: Answered) -> bool:
    """Whether one deployment went on where another's stream had broken off."""
    return any(note.startswith(CONTINUED) for note in answered.notes)


def is_stopgap(answered: Answered, options: Options) -> bool:
    """Whether another model might have answered, had nobody been out."""
    ranking: Ranking = answered.ranking
    mine = answered.deployment.family
    if ranking.order[0].deployment.family != mine:
        return True
    candidates, now = ranking.scored[0], answered.started
    away = [
        place
        for place, candidate in enumerate(candidates)
        if candidate.deployment.family != mine and _is_away(candidate, now)
    ]
    if not away:
        return False
    name = answered.deployment.name
    winner = next(i for i, c in enumerate(candidates) if c.deployment.name == name)
    return any(_comes_first(place, winner, ranking, options, now) for place in away)


def _is_away(candidate: Candidate, now: float) -> bool:
    """Whether it was passed over for its health."""
    return candidate.readiness(now) is not Readiness.READY or now < candidate.breaker.ramp_until


def _comes_first(place: int, winning: int, ranking: Ranking, options: Options, now: float) -> bool:
    """Whether it would stand before the winner in health: by its score, had it not failed."""
    candidates, scores, parts = ranking.scored
    candidate, winner = candidates[place], candidates[winning]
    one, other = (_level(c, options.preferred_provider) for c in (candidate, winner))
    if one != other:
        return one < other
    row = row_of(options.strategy)
    if row.keeps_order:
        return candidate.number < winner.number
    if row.picker in _SHARING:
        return False
    if not isinstance(options.strategy, Strategy):
        return True  # nobody knows what a function thinks of failures
    rate = candidate.stats.recent_success_rate(now)
    told = zip(row.scorer.parts, row.scorer.weights, parts[place], strict=True)
    score = sum(w * _WELL.get(name, _same)(value, rate) for name, w, value in told)
    return score > scores[winning] or (
        score == scores[winning] and candidate.number < winner.number
    )


def _same(value: float, rate: float) -> float:
    return value


#: A part of a score that failures lower → what it would be without them, at this success rate.
_WELL: Mapping[str, Callable[[float, float], float]] = {
    "performance": lambda value, rate: value / rate if rate > 0.0 else 1.0,
    "failure_rate": lambda value, rate: 0.0,
    "success_rate": lambda value, rate: 1.0,
    "health": lambda value, rate: HEALTHY,
}


def _level(candidate: Candidate, preferred: str | None) -> tuple[bool, int]:
    deployment = candidate.deployment
    return preferred is not None and deployment.provider != preferred, deployment.fallback_level

"""Best: who is best at what, from data or from stated strengths: a report's recommendations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..candidate import Candidate


def recommendations(candidates: Sequence[Candidate]) -> dict[str, str | None]:
    """Who is best at what, from data or, for the last three, from settable strengths."""
    known = [c for c in candidates if c.average_seconds is not None]
    ended = [c for c in candidates if c.stats.succeeded + c.stats.failed]
    priced = [c for c in candidates if usd_per_1k(c) is not None]
    return {
        "fastest": _best(known, lambda c: c.average_seconds or 0.0),
        "most_reliable": _best(ended, lambda c: (-c.stats.success_rate, -c.stats.started)),
        "most_cost_effective": _best(priced, lambda c: usd_per_1k(c) or 0.0),
        "best_for_multimodal": _strong(candidates, "multimodal"),
        "best_for_coding": _strong(candidates, "coding"),
        "best_for_enterprise": _strong(candidates, "enterprise"),
    }


def _best(candidates: Sequence[Candidate], key: Callable[[Candidate], Any]) -> str | None:
    return min(candidates, key=key).deployment.name if candidates else None


def _strong(candidates: Sequence[Candidate], strength: str) -> str | None:
    """The most reliable of those with the strength; the caller's order among equals."""
    strong = [c for c in candidates if strength in c.facts.capabilities.strengths]
    if strength == "multimodal":
        strong = [c for c in strong if c.facts.capabilities.images is not False]
    return _best(strong, lambda c: -c.stats.success_rate)


def usd_per_1k(candidate: Candidate) -> float | None:
    """USD per 1,000 tokens of the mix it has had so far; of equal parts before any."""
    price, measured = candidate.facts.price, candidate.stats.measured
    return (
        None if price is None else price.usd_per_1k(measured.input_tokens, measured.output_tokens)
    )

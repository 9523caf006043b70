"""Advice: one change of the configuration, with its evidence and its expected effect in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..certainty import HIGH, LOW, MEDIUM


class Effect(NamedTuple):
    """What is expected to change; below 0 is less of it, None is not known or not concerned.

    Args:
        usd_per_1k_calls: USD per 1,000 calls.
        seconds_per_call: The mean time of a call.
        success_rate: The share of calls that are answered, from −1 to 1.
        requests_per_call: The most requests that one call can send.
        at_most: Whether the numbers are bounds rather than what is to be expected.
    """

    usd_per_1k_calls: float | None = None
    seconds_per_call: float | None = None
    success_rate: float | None = None
    requests_per_call: int | None = None
    at_most: bool = False

    def __str__(self) -> str:
        parts = []
        if self.usd_per_1k_calls:
            parts.append(f"{self.usd_per_1k_calls:+.4g} USD per 1,000 calls")
        if self.seconds_per_call:
            parts.append(f"{self.seconds_per_call:+.3g} s per call")
        if self.success_rate:
            parts.append(f"{100 * self.success_rate:+.3g} % of calls answered")
        if self.requests_per_call:
            parts.append(f"{self.requests_per_call:+d} requests per call at worst")
        if not parts:
            return "not known" if set(self[:4]) == {None} else "none"
        return f"{'at most ' if self.at_most else ''}{', '.join(parts)}"


class Advice(NamedTuple):
    """One piece of advice.

    Args:
        kind: Which rule gave it: a word for programs.
        about: The deployment, strategy or option that is concerned.
        text: What was found.
        change: What to do.
        evidence: The numbers that it was found by.
        effect: What is expected of the change; of a price change, what comes if nothing is done.
        sure: "high", "medium" or "low".
    """

    kind: str
    about: str
    text: str
    change: str
    evidence: Mapping[str, Any]
    effect: Effect
    sure: str

    def public(self) -> dict[str, Any]:
        """For programs."""
        told = {**self._asdict(), "evidence": dict(self.evidence)}
        return {**told, "effect": self.effect._asdict(), "effect_in_words": str(self.effect)}

    @property
    def weight(self) -> tuple[int, float]:
        """What is surest first, then what changes most: one answered call of a hundred counts as
        much as a tenth of a USD per 1,000 calls, or as a tenth of a second."""
        effect = self.effect
        size = abs(effect.usd_per_1k_calls or 0.0) + abs(effect.seconds_per_call or 0.0)
        size += 10.0 * abs(effect.success_rate or 0.0)
        return (HIGH, MEDIUM, LOW).index(self.sure), -(size if math.isfinite(size) else 0.0)


def in_words(advice: Mapping[str, Any]) -> str:
    """One piece of advice as one line."""
    effect, sure = advice["effect_in_words"], advice["sure"]
    return f"- {advice['text']}: {advice['change']} (effect: {effect}; certainty: {sure})"

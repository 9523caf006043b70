"""Certainty: how far a number that was measured can be believed, by sample sizes and intervals.

A rate has Wilson's score interval (E. B. Wilson, Probable inference, the law of succession, and
statistical inference, Journal of the American Statistical Association 22, 1927, 209–212), which
stays in 0 to 1 and holds for few samples, too. A mean has the normal one, `mean ± z·s/√n`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

#: The normal distribution's 97.5 %: intervals of 95 %.
Z: Final = 1.96
#: From so many samples on a difference can be of medium or of high certainty.
MEDIUM_SAMPLES: Final = 30
HIGH_SAMPLES: Final = 100

HIGH, MEDIUM, LOW = "high", "medium", "low"


class Estimate(NamedTuple):
    """A measured value, its 95 % interval, and the number of samples."""

    value: float
    low: float
    high: float
    samples: int

    def apart(self, other: Estimate) -> bool:
        """Whether the two intervals have nothing in common."""
        return self.high < other.low or other.high < self.low

    def outside(self, other: Estimate) -> bool:
        """Whether this value lies outside the other's interval."""
        return not other.low <= self.value <= other.high

    @property
    def interval(self) -> list[float | None]:
        """For programs; None where it has no end."""
        return [self.low, None if math.isinf(self.high) else self.high]

    def public(self) -> dict[str, Any]:
        """For programs."""
        low, high = self.interval
        return {"value": self.value, "low": low, "high": high, "samples": self.samples}


def rate(good: int, all_: int) -> Estimate:
    """The share of good ones, with Wilson's interval; 0 to 1 where there are no samples."""
    if all_ <= 0:
        return Estimate(1.0, 0.0, 1.0, 0)
    share, square = good / all_, Z * Z
    middle = (share + square / (2 * all_)) / (1 + square / all_)
    half = Z * math.sqrt(share * (1 - share) / all_ + square / (4 * all_ * all_))
    half /= 1 + square / all_
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), all_)


def mean(samples: Sequence[float]) -> Estimate | None:
    """The mean with the normal interval; of one sample it reaches from nothing to infinity."""
    count = len(samples)
    if not count:
        return None
    middle = math.fsum(samples) / count
    if count == 1:
        return Estimate(middle, 0.0, math.inf, 1)
    spread = math.sqrt(math.fsum((x - middle) ** 2 for x in samples) / (count - 1))
    half = Z * spread / math.sqrt(count)
    return Estimate(middle, max(0.0, middle - half), middle + half, count)


def certainty(one: Estimate, other: Estimate) -> str:
    """How sure it is that two measured values differ.

    "high": at least 100 samples of each, and intervals that have nothing in common; "medium": at
    least 30 of each, and each value outside the other's interval; else "low".
    """
    fewest = min(one.samples, other.samples)
    if fewest >= HIGH_SAMPLES and one.apart(other):
        return HIGH
    if fewest >= MEDIUM_SAMPLES and one.outside(other) and other.outside(one):
        return MEDIUM
    return LOW


def by_samples(samples: int) -> str:
    """How sure a share is that nothing is compared with: by the number of samples alone."""
    return HIGH if samples >= HIGH_SAMPLES else MEDIUM if samples >= MEDIUM_SAMPLES else LOW

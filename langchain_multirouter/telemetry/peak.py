"""Peak: an average of times that goes up at once and comes down slowly, so that trouble shows.

Finagle's peak EWMA (`P2CPeakEwma`, `PeakEwma.Metric`): a sample above the estimate becomes the
estimate; one below it pulls it down by `1 − e^(−Δt/τ)`, Δt since the last one. There the estimate
of a node that is not asked decays to nothing, which sends every n-th call of slow traffic to a
node that is known to be slow. Here only what lies above the usual time decays while nothing is
heard: a stall is forgotten in seconds, and what is usual is not.
"""

from __future__ import annotations

import math

#: τ: a 60 s stall over a usual second is below 2 s after 41 s.
PEAK_SECONDS = 10.0


def heard(peak: float, sample: float, fading: float) -> float:
    """The estimate with one more time; `fading` is `e^(−Δt/τ)`."""
    return sample if sample > peak else sample + (peak - sample) * fading


def expected(usual: float, peak: float, since: float) -> float:
    """What an answer may take now, `since` seconds after the last was heard of."""
    if peak <= usual:
        return peak
    return usual + (peak - usual) * math.exp(-max(0.0, since) / PEAK_SECONDS)

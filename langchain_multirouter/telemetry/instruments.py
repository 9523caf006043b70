"""Instruments: the metrics that OpenTelemetry is given: names, units, buckets, bounded labels.

The `gen_ai.*` ones are those of OpenTelemetry's conventions for generative AI, one record for each
attempt, since an attempt is what those conventions call an operation. The others are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ..deployment import Provider

#: The router's names of the clouds → the conventions'.
PROVIDER_NAMES: Final[Mapping[str, str]] = {
    Provider.AWS_BEDROCK: "aws.bedrock",
    Provider.AZURE_OPENAI: "azure.ai.openai",
    Provider.GCP_VERTEX: "gcp.vertex_ai",
}

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
MODEL: Final = "gen_ai.request.model"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105  # no secret
ERROR: Final = "error.type"
OWN: Final = "langchain_multirouter"
DEPLOYMENT: Final = f"{OWN}.deployment"
STRATEGY: Final = f"{OWN}.strategy"
TASK: Final = f"{OWN}.task_type"

#: As the conventions advise.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))
_FIRST = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)
#: A decision takes microseconds.
_DECISION = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 0.1)


class Metric(NamedTuple):
    """One instrument: "histogram", "counter" or "gauge"; its name, unit and meaning."""

    kind: str
    name: str
    unit: str
    meaning: str
    buckets: tuple[float, ...] | None = None


METRICS: Final[Mapping[str, Metric]] = {
    "duration": Metric(
        "histogram", "gen_ai.client.operation.duration", "s", "What an attempt took.", _SECONDS
    ),
    "tokens": Metric(
        "histogram", "gen_ai.client.token.usage", "{token}", "The tokens of an attempt.", _TOKENS
    ),
    "first_chunk": Metric(
        "histogram",
        "gen_ai.client.operation.time_to_first_chunk",
        "s",
        "The time to a stream's first content.",
        _FIRST,
    ),
    "call": Metric(
        "histogram", f"{OWN}.call.duration", "s", "What a call took, all attempts.", _SECONDS
    ),
    "decision": Metric(
        "histogram", f"{OWN}.decision.duration", "s", "What a decision took.", _DECISION
    ),
    "cost": Metric("counter", f"{OWN}.cost", "{USD}", "What attempts cost."),
    "estimated_cost": Metric(
        "counter", f"{OWN}.estimated_cost", "{USD}", "What unanswered attempts may cost."
    ),
    "retries": Metric("counter", f"{OWN}.retries", "{retry}", "Attempts at the same deployment."),
    "fallbacks": Metric("counter", f"{OWN}.fallbacks", "{fallback}", "Falls from a deployment."),
    "hedges": Metric("counter", f"{OWN}.hedges", "{hedge}", "Second copies, of a slow one's."),
    "interruptions": Metric(
        "counter", f"{OWN}.interruptions", "{stream}", "Streams that broke off."
    ),
    "breaker": Metric("gauge", f"{OWN}.breaker.state", "1", "1 where a breaker is open, else 0."),
    "opened": Metric("counter", f"{OWN}.breaker.opened", "{time}", "Times that one opened."),
    "paused": Metric("gauge", f"{OWN}.paused", "1", "1 where a deployment is paused, else 0."),
    "budget": Metric("counter", f"{OWN}.budget.reached", "{call}", "Calls beyond a budget."),
    "quota_wait": Metric("histogram", f"{OWN}.quota.wait", "s", "Waits for a quota.", _SECONDS),
    "quota": Metric("counter", f"{OWN}.quota.reached", "{call}", "Quotas with nothing left."),
    "cache_hits": Metric("counter", f"{OWN}.cache.hits", "{call}", "Answers from a cache."),
    "cache_misses": Metric("counter", f"{OWN}.cache.misses", "{call}", "Calls not in a cache."),
    "cache_failures": Metric("counter", f"{OWN}.cache.failures", "{call}", "Failures of a cache."),
    "saved": Metric("counter", f"{OWN}.saved", "{USD}", "What answers from a cache had cost."),
    "lost": Metric("counter", f"{OWN}.events.dropped", "{entry}", "Events that were dropped."),
}


def made(meter: Any) -> dict[str, Any]:
    """Every instrument, by its name here."""
    found: dict[str, Any] = {}
    for name, (kind, full, unit, meaning, buckets) in METRICS.items():
        about: dict[str, Any] = {"unit": unit, "description": meaning}
        if buckets is not None:
            about["explicit_bucket_boundaries_advisory"] = buckets
        found[name] = getattr(meter, f"create_{kind}")(full, **about)
    return found


class Labels:
    """Values of labels, of which there are never more than so many of a kind; the rest are "other".

    A metrics system keeps a series for every value it has ever seen.
    """

    MOST: Final = 200
    LONGEST: Final = 128

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}

    def of(self, kind: str, value: str) -> str:
        """The value, or "other"."""
        known = self._known.setdefault(kind, set())
        if value in known:
            return value
        value = value[: self.LONGEST]
        if value not in known and len(known) >= self.MOST:
            return "other"
        known.add(value)
        return value

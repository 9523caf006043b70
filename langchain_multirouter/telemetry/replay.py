"""Replay: deployments as a journal's calls show them, for a report without their router."""

from __future__ import annotations

from collections.abc import Sequence

from ..candidate import Candidate
from ..deployment import LONGEST_NAME, Deployment
from . import stats
from .findings import named_provider
from .record import CallRecord
from .stats import Sample, Stats


def replayed(records: Sequence[CallRecord]) -> list[Candidate]:
    """A candidate for every deployment that was tried, with the statistics of its attempts.

    Nothing is known of prices, models and breakers; a provider is known where a name begins so.
    """
    kept: dict[str, Stats] = {}
    for record in records:
        ended = record.at
        for attempt in reversed(record.attempts):
            began = ended - attempt.seconds
            now = stats.begun(kept.get(attempt.deployment, Stats()), began)
            if attempt.outcome == "success":
                into, out = attempt.usage[:2] if attempt.usage else (None, None)
                sample = Sample(
                    attempt.seconds, attempt.first_token_seconds, into, out, attempt.cost_usd
                )
                now = stats.success(now, sample, ended, began=began)
            elif attempt.outcome == "failure":
                cause = attempt.cause or "unknown"
                now = stats.failure(now, cause, attempt.code, ended, began=began)
            else:
                now = stats.cancellation(now, ended, began=began)
            kept[attempt.deployment] = now
    return [
        Candidate(number, _deployment(name), stats=known)
        for number, (name, known) in enumerate(kept.items())
    ]


def _deployment(name: str) -> Deployment:
    return Deployment("journal:unknown", name=name[:LONGEST_NAME], provider=named_provider(name))

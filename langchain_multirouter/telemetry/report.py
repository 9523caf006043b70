"""Report: what the statistics say, by deployment, by provider and over all, and advise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ..candidate import Candidate
from .stats import percentile
from .table import as_html, as_text

SHOWN_ERRORS = 5
_COLUMNS = {
    "deployment": "name",
    "healthy": "is_healthy",
    "attempts": "total_requests",
    "ok": "successful_requests",
    "failed": "failed_requests",
    "success": "success_rate",
    "avg s": "avg_response_time",
    "p95 s": "p95_response_time",
    "first token s": "avg_time_to_first_token",
    "USD": "total_cost_usd",
    "USD/1K": "estimated_cost_per_1k_tokens",
}


class Moment(NamedTuple):
    """When a report is made: the monotonic clock's seconds, and the same moment's wall time."""

    monotonic: float
    wall: datetime

    def wall_time(self, monotonic: float) -> str:
        """An earlier moment of the monotonic clock as wall time, ISO 8601, UTC."""
        at = self.wall - timedelta(seconds=max(0.0, self.monotonic - monotonic))
        return at.astimezone(UTC).isoformat(timespec="seconds")


class Analytics:
    """A snapshot of the statistics: a table in Jupyter and as text, `to_dict()` for programs."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        calls: int,
        failed_calls: int = 0,
        checked: Mapping[str, datetime],
        moment: Moment,
        notes: Sequence[str] = (),
    ) -> None:
        self._candidates = tuple(candidates)
        self._calls = calls
        self._failed_calls = failed_calls
        self._checked = dict(checked)
        self._moment = moment
        self._notes = tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as plain values.

        `deployments` and `providers` by name, `overall` (`success_rate` is that of calls,
        `attempt_success_rate` that of attempts), `recommendations` (a deployment's name, or None
        where nothing is known); `notes`, where something has to be known of the numbers.
        """
        deployments = {c.deployment.name: self._deployment(c) for c in self._candidates}
        return {
            "deployments": deployments,
            "providers": self._providers(deployments),
            "overall": self._overall(deployments),
            "recommendations": recommendations(self._candidates),
            **({"notes": list(self._notes)} if self._notes else {}),
        }

    def _deployment(self, candidate: Candidate) -> dict[str, Any]:
        stats, measured = candidate.stats, candidate.stats.measured
        checked = self._checked.get(candidate.deployment.name)
        able = {k: v for k, v in candidate.facts.capabilities._asdict().items() if v is not None}
        return {
            "provider": candidate.deployment.provider,
            "model_name": candidate.deployment.model_name,
            "total_requests": stats.started,
            "successful_requests": stats.succeeded,
            "failed_requests": stats.failed,
            "cancelled_requests": stats.cancelled,
            "pending_requests": stats.pending,
            "success_rate": stats.success_rate,
            "avg_response_time": measured.average_seconds,
            "p95_response_time": percentile(measured.times, 0.95),
            "avg_time_to_first_token": measured.first_token_seconds,
            "is_healthy": candidate.healthy(self._moment.monotonic),
            "last_health_check": None if checked is None else checked.isoformat(timespec="seconds"),
            "recent_errors": [
                {"cause": e.cause, "code": e.code, "at": self._moment.wall_time(e.at)}
                for e in measured.errors[-SHOWN_ERRORS:]
            ],
            "causes": dict(stats.causes),
            "capabilities": able,
            "estimated_cost_per_1k_tokens": usd_per_1k(candidate),
            "input_tokens": measured.input_tokens,
            "output_tokens": measured.output_tokens,
            "total_cost_usd": _spent(candidate),
            "estimated_usd": measured.estimated_usd,
            "unpriced_answers": measured.unpriced,
        }

    def _providers(self, deployments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        grouped: dict[str, list[Candidate]] = {}
        for candidate in self._candidates:
            grouped.setdefault(candidate.deployment.provider, []).append(candidate)
        return {
            provider: self._provider([deployments[c.deployment.name] for c in group], group)
            for provider, group in grouped.items()
        }

    def _provider(
        self, rows: Sequence[Mapping[str, Any]], group: Sequence[Candidate]
    ) -> dict[str, Any]:
        counts = ("total", "successful", "failed", "cancelled", "pending")
        summed = {f"{k}_requests": sum(r[f"{k}_requests"] for r in rows) for k in counts}
        times = [seconds for c in group for seconds in c.stats.measured.times]
        errors = sorted((e for r in rows for e in r["recent_errors"]), key=lambda e: e["at"])
        strengths = {s: None for c in group for s in c.facts.capabilities.strengths}
        return {
            **summed,
            "success_rate": _share(summed["successful_requests"], summed["failed_requests"]),
            "avg_response_time": _weighted(rows, "avg_response_time"),
            "p95_response_time": percentile(times, 0.95),
            "avg_time_to_first_token": _weighted(rows, "avg_time_to_first_token"),
            "is_healthy": any(row["is_healthy"] for row in rows),
            "last_health_check": max(r["last_health_check"] or "" for r in rows) or None,
            "recent_errors": errors[-SHOWN_ERRORS:],
            "capabilities": {"strengths": tuple(strengths)},
            "estimated_cost_per_1k_tokens": _weighted(rows, "estimated_cost_per_1k_tokens"),
            "total_cost_usd": _spent_by(rows),
            "estimated_usd": sum(row["estimated_usd"] for row in rows),
        }

    def _overall(self, deployments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        rows = list(deployments.values())
        answered = sum(row["successful_requests"] for row in rows)
        return {
            "total_calls": self._calls,
            "total_requests": sum(row["total_requests"] for row in rows),
            "success_rate": _share(answered, self._failed_calls),
            "attempt_success_rate": _share(answered, sum(row["failed_requests"] for row in rows)),
            "avg_response_time": _weighted(rows, "avg_response_time"),
            "total_cost_usd": _spent_by(rows),
            "estimated_usd": sum(row["estimated_usd"] for row in rows),
        }

    def _rows(self) -> list[list[Any]]:
        rows = self.to_dict()["deployments"]
        return [
            [{"name": name, **row}[key] for key in _COLUMNS.values()] for name, row in rows.items()
        ]

    def _summary(self) -> str:
        overall = self.to_dict()["overall"]
        cost = overall["total_cost_usd"]
        spent = "cost unknown" if cost is None else f"{cost:.6f} USD"
        return (
            f"{overall['total_calls']} calls, {overall['success_rate']:.2%} answered; "
            f"{overall['total_requests']} attempts, {spent}"
            + "".join(f"; {note}" for note in self._notes)
        )

    def __repr__(self) -> str:
        return as_text(self._summary(), list(_COLUMNS), self._rows())

    def _repr_html_(self) -> str:
        return as_html(self._summary(), list(_COLUMNS), self._rows())


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


def _spent(candidate: Candidate) -> float | None:
    """None where there were answers and none of them could be priced."""
    measured, succeeded = candidate.stats.measured, candidate.stats.succeeded
    return None if succeeded and measured.unpriced >= succeeded else measured.cost_usd


def _share(good: int, bad: int) -> float:
    return good / (good + bad) if good + bad else 1.0


def _weighted(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    """The mean over those of whom it is known, weighted by successful requests."""
    known = [row for row in rows if row[key] is not None]
    weights = [row["successful_requests"] for row in known]
    if not known:
        return None
    if not any(weights):
        weights = [1] * len(known)
    total = sum(row[key] * weight for row, weight in zip(known, weights, strict=True))
    return float(total / sum(weights))


def _spent_by(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """What was spent; None where there were answers and none of them could be priced."""
    answered = [r for r in rows if r["successful_requests"] or r["total_cost_usd"]] or rows
    known = [row["total_cost_usd"] for row in answered if row["total_cost_usd"] is not None]
    return sum(known) if known else None

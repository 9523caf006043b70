"""Report: what the statistics say, by deployment, by provider and over all, and advise."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..candidate import Candidate
from .advising.advice import in_words
from .advising.situation import Settings
from .aggregate import LEFT
from .best import recommendations, usd_per_1k
from .evidence import evidence
from .findings import findings
from .history import History
from .record import CallRecord
from .stats import percentile
from .table import as_html, as_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame  # type: ignore[import-untyped]

SHOWN_ERRORS = 5
SHOWN_ADVICE = 5
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

    def latest(self, history: History, since_seconds: float | None) -> tuple[CallRecord, ...]:
        """The calls that ended in the last so many seconds, in the epoch's seconds."""
        now = self.wall.timestamp()
        records = history.records(ahead_seconds=now - self.monotonic)
        if since_seconds is None:
            return records
        return tuple(record for record in records if record.at >= now - since_seconds)


class Analytics:
    """A snapshot of the statistics and of the recorded calls: a table in Jupyter and as text.

    `to_dict()` is for programs, `to_pandas()` for tables of one's own, `plot()` and `to_html()`
    for people. `deployments`, `providers` and `overall` count since the router was made; all else
    is of the recorded calls, the last 10,000.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        calls: int,
        failed_calls: int = 0,
        checked: Mapping[str, datetime],
        moment: Moment,
        notes: Sequence[str] = (),
        records: Sequence[CallRecord] = (),
        settings: Settings | None = None,
    ) -> None:
        self._candidates = tuple(candidates)
        self._calls = calls
        self._failed_calls = failed_calls
        self._checked = dict(checked)
        self._moment = moment
        self._notes = tuple(notes)
        self._records = tuple(records)
        self._settings = settings

    @cached_property
    def _told(self) -> dict[str, Any]:
        """Reckoned once, when somebody looks."""
        deployments = {c.deployment.name: self._deployment(c) for c in self._candidates}
        best = recommendations(self._candidates)
        return {
            "deployments": deployments,
            "providers": self._providers(deployments),
            "overall": self._overall(deployments),
            "recommendations": best,
            "evidence": evidence(best, self._candidates, usd_per_1k),
            **findings(self._records, self._candidates, self._settings),
            **({"notes": list(self._notes)} if self._notes else {}),
        }

    def to_dict(self) -> dict[str, Any]:
        """All of it, as plain values.

        `deployments` and `providers` by name, `overall` (`success_rate` is that of calls,
        `attempt_success_rate` that of attempts), `recommendations` (a deployment's name, or None
        where nothing is known) with their `evidence`; `notes`, where something has to be known of
        the numbers. Of the recorded calls: `recorded` (by deployment, provider and over all),
        `tasks`, `strategies`, `windows`, `savings` (against always using any one deployment) and
        `advice` (what to change, why, and what is expected of it).
        """
        return deepcopy(self._told)

    def to_pandas(self, by: str = "deployment") -> DataFrame:
        """The recorded calls as a data frame.

        Args:
            by: "deployment", "provider", "task", "strategy" or "window": a row for each, with
                the columns of `to_dict()`; "call" or "attempt": a row for every one of them.

        Raises:
            ImportError: pandas is not there; the extra `notebook` brings it.
            ConfigurationError: naming `by`, where it is none of these.
        """
        from .frames import frame

        return frame(by, self._told, self._records)

    def plot(self) -> Figure:
        """Four charts: cost against response time, response times, traffic and failures over
        time, share by task. A chart without data says so.

        Raises:
            ImportError: matplotlib is not there; the extra `notebook` brings it.
        """
        from .figures import figure

        return figure(self._told)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write all of it as one page: no script, nothing from a network, light and dark."""
        from .page import page

        Path(path).write_text(page(self._told), encoding="utf-8")

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
        rows = self._told["deployments"]
        return [
            [{"name": name, **row}[key] for key in _COLUMNS.values()] for name, row in rows.items()
        ]

    def _summary(self) -> str:
        overall = self._told["overall"]
        cost = overall["total_cost_usd"]
        spent = "cost unknown" if cost is None else f"{cost:.6f} USD"
        calls, refused = overall["total_calls"], self._refused
        answered = f", {overall['success_rate']:.2%} answered" if calls else ""
        return (
            f"{calls} calls{answered}; "
            + (f"{refused} more were refused, nothing sent; " if refused else "")
            + f"{overall['total_requests']} attempts, {spent}"
            + self._from_caches()
            + "".join(f"; {note}" for note in self._notes)
        )

    @property
    def _refused(self) -> int:
        """The recorded calls for which nothing was sent, since nobody might serve them."""
        return sum(one.cause not in (None, LEFT) and not one.attempts for one in self._records)

    def _from_caches(self) -> str:
        cached = self._told["recorded"]["overall"]["cached"]
        saved = self._told["savings"]["cache_saved_usd"]
        told = f"; {cached} calls answered from caches" if cached else ""
        return told if saved is None else f"{told}, which saved {saved:.6f} USD"

    def __repr__(self) -> str:
        table = as_text(self._summary(), list(_COLUMNS), self._rows())
        return "\n".join([table, *map(in_words, self._told["advice"][:SHOWN_ADVICE])])

    def _repr_html_(self) -> str:
        from .page import details

        return as_html(self._summary(), list(_COLUMNS), self._rows()) + details(self._told)


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

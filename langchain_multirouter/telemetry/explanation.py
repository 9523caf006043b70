"""Explanation: why a call would go where it goes, or what happened to one that was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..candidate import Candidate
from ..request import Request
from ..resilience.bounds import Bound
from ..resilience.quota import headroom
from ..routing.strategy import Ranking, row_of
from .table import as_html, as_text


class Explanation:
    """A routing decision: every candidate, what removed it or every part of its score."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        request: Request,
        ranking: Ranking,
        *,
        evidence: Sequence[Any],
        bound: Bound | None = None,
        now: float,
    ) -> None:
        self._candidates = tuple(candidates)
        self._request = request
        self._ranking = ranking
        self._evidence = tuple(evidence)
        self._bound = bound
        self._now = now

    def to_dict(self) -> dict[str, Any]:
        """`task_type` with its evidence, `strategy`, `candidates` in the order in which they would
        be tried, then those that were removed; `at_most`, what it may cost at worst; `notes`."""
        scorer = row_of(self._request.options.strategy).scorer
        kept = [c for c in self._candidates if c.deployment.name in self._ranking.scores]
        measured = scorer.measure(kept, self._request, self._now) if kept else []
        parts = {
            candidate.deployment.name: [
                {"part": name, "value": value, "weight": weight}
                for name, value, weight in zip(scorer.parts, values, scorer.weights, strict=True)
            ]
            for candidate, values in zip(kept, measured, strict=True)
        }
        order = [c.deployment.name for c in self._ranking.order]
        by_name = {c.deployment.name: c for c in self._candidates}
        rows = [self._candidate(by_name[name], parts[name]) for name in order]
        rows += [self._candidate(by_name[name], []) for name in self._ranking.removed]
        return {
            "task_type": str(self._request.task_type),
            "task_evidence": [
                {"task_type": str(task), "weight": round(weight, 4), "words": list(words)}
                for task, weight, words in self._evidence
            ],
            "strategy": self._request.options.strategy_name,
            "estimated_input_tokens": self._request.prompt.input_tokens,
            "candidates": rows,
            "at_most": None if self._bound is None else self._bound.public(),
            "notes": list(self._ranking.notes),
        }

    def _candidate(self, candidate: Candidate, parts: Sequence[Any]) -> dict[str, Any]:
        name = candidate.deployment.name
        healthy, quota = candidate.healthy(self._now), candidate.quota
        ready = healthy and not candidate.lacks_headroom(self._now)
        return {
            "deployment": name,
            "provider": candidate.deployment.provider,
            "model_name": candidate.deployment.model_name,
            "removed_by": self._ranking.removed.get(name),
            "score": self._ranking.scores.get(name) if parts else None,
            "parts": list(parts),
            "fallback_level": candidate.deployment.fallback_level,
            "is_healthy": healthy,
            "out": None if ready else candidate.why_out(self._now),
            "headroom": None if quota is None else headroom(quota, self._now),
            "expected_input_tokens": candidate.expected_input(self._request),
            "expected_output_tokens": candidate.expected_output(self._request),
            "expected_cost_usd": candidate.expected_usd(self._request),
            "expected_seconds": candidate.average_seconds,
        }

    def _rows(self) -> list[list[Any]]:
        rows = []
        for place, row in enumerate(self.to_dict()["candidates"], 1):
            why = row["removed_by"] or "; ".join(
                f"{p['weight']:g} × {p['part']} {p['value']:.4g}" for p in row["parts"]
            )
            if row["out"]:
                why += f"; {row['out']}"
            cost, seconds = row["expected_cost_usd"], row["expected_seconds"]
            number = "removed" if row["removed_by"] else place
            rows.append([number, row["deployment"], row["score"], why, cost, seconds])
        return rows

    def _title(self) -> str:
        told = self.to_dict()
        first = told["candidates"][0]["deployment"] if self._ranking.order else "nobody"
        notes = "".join(f"; {note}" for note in told["notes"])
        most = "" if self._bound is None or not self._ranking.order else f"; at most {self._bound}"
        return f"{told['task_type']}, by {told['strategy']}: {first}{most}{notes}"

    def __repr__(self) -> str:
        return as_text(self._title(), _HEADS, self._rows())

    def _repr_html_(self) -> str:
        return as_html(self._title(), _HEADS, self._rows())


_HEADS = ["", "deployment", "score", "why", "USD expected", "s expected"]


class AnswerExplanation:
    """What happened to a call that was answered, from its message alone."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._told = dict(told)

    def to_dict(self) -> dict[str, Any]:
        """The message's `response_metadata["router"]`."""
        return dict(self._told)

    def _title(self) -> str:
        told = self._told
        task = told.get("task_type") or "no task"
        cost = told.get("cost_usd")
        return (
            f"{task}, by {told.get('strategy')}: {told.get('deployment')} answered as attempt "
            f"{told.get('attempt_number')} after {told.get('response_time_seconds')} s"
            + ("" if cost is None else f", for {cost:.6f} USD")
        )

    def _rows(self) -> list[list[Any]]:
        attempts = self._told.get("attempts") or []
        return [
            [number, a.get("deployment"), a.get("outcome"), a.get("cause"), a.get("seconds")]
            for number, a in enumerate(attempts, 1)
        ]

    def __repr__(self) -> str:
        return as_text(self._title(), _ATTEMPT_HEADS, self._rows())

    def _repr_html_(self) -> str:
        return as_html(self._title(), _ATTEMPT_HEADS, self._rows())


_ATTEMPT_HEADS = ["", "deployment", "outcome", "cause", "s"]

"""Explanation: why a call would go where it goes, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..candidate import Candidate
from ..request import Request
from ..resilience.bounds import Bound
from ..resilience.quota import headroom
from ..routing.strategy import Ranking, row_of
from .table import as_html, as_lines, as_list, as_text

if TYPE_CHECKING:
    from .scene import Change

#: So many of the others are told with what would have put them first.
SHOWN_CHANGES = 3


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
        unpaid: Mapping[str, str] | None = None,
        now: float,
        turn: int | None = None,
    ) -> None:
        self._candidates = tuple(candidates)
        self._request = request
        self._ranking = ranking
        self._evidence = tuple(evidence)
        self._bound = bound
        self._unpaid = unpaid or {}
        self._now = now
        self._turn = turn

    def to_dict(self) -> dict[str, Any]:
        """`task_type` with its evidence, `strategy`, `candidates` in the order in which they would
        be tried, then those that were removed; `at_most`, what it may cost at worst;
        `wrapped_in`, the retries around the router that were seen to multiply that;
        `alternatives`, what the others would cost and take; `changes`, what would put another one
        first, the smallest change first, and that one as `smallest_change`; `session`, where the
        conversation is; `notes`."""
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
            "wrapped_in": []
            if self._bound is None
            else [w._asdict() for w in self._bound.wrappings],
            "alternatives": self._alternatives(rows),
            "changes": [change.public() for change in self._changes],
            "smallest_change": self._changes[0].public() if self._changes else None,
            "session": self._session(),
            "notes": [*self._ranking.notes, *self._short()],
        }

    def _short(self) -> list[str]:
        """That a budget does not cover the first choice, if it does not."""
        order = self._ranking.order
        short = self._unpaid.get(order[0].deployment.name) if order else None
        return [] if short is None else [f"{order[0].deployment.name} is not covered: {short}"]

    @cached_property
    def _changes(self) -> list[Change]:
        from .counterfactual import counterfactuals  # calls do without it

        return counterfactuals(
            self._candidates, self._request, self._ranking, now=self._now, turn=self._turn
        )

    def _alternatives(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Everybody but the first: what they would cost and take, and how much more than it."""
        first = rows[0] if self._ranking.order else {}
        return [
            {
                "deployment": row["deployment"],
                "removed_by": row["removed_by"],
                "expected_cost_usd": row["expected_cost_usd"],
                "more_usd": difference(row["expected_cost_usd"], first.get("expected_cost_usd")),
                "expected_seconds": row["expected_seconds"],
                "more_seconds": difference(row["expected_seconds"], first.get("expected_seconds")),
            }
            for row in rows[1 if self._ranking.order else 0 :]
        ]

    def choice(self) -> dict[str, Any]:
        """Who is first, and what would put another one there."""
        order = self._ranking.order
        return {
            "would_choose": order[0].deployment.name if order else None,
            "changes": [change.public() for change in self._changes],
            "smallest_change": self._changes[0].public() if self._changes else None,
        }

    def words_again(self) -> list[str]:
        """For people: the same of a call that was made, if it were made now."""
        first = self.choice()["would_choose"] or "nobody"
        return [f"Asked again now, {first} would be first.", *self._told_changes()]

    def _told_changes(self) -> list[str]:
        """For people: the smallest change for each of the next ones."""
        smallest: dict[str, Change] = {}
        for change in self._changes:
            smallest.setdefault(change.deployment, change)
        return [str(change) for change in list(smallest.values())[:SHOWN_CHANGES]]

    def _session(self) -> str | None:
        """Where the conversation is; None without a session."""
        ties = self._request.conversation
        if ties is None or ties.session is None:
            return None
        return next(
            candidate.deployment.name
            for candidate in self._candidates
            if candidate.number == ties.session.order[0]
        )

    def _candidate(self, candidate: Candidate, parts: Sequence[Any]) -> dict[str, Any]:
        name = candidate.deployment.name
        healthy, quota = candidate.healthy(self._now), candidate.quota
        ready = healthy and not candidate.lacks_headroom(self._now)
        cached = candidate.expected_cached(self._request)
        return {
            "deployment": name,
            "provider": candidate.deployment.provider,
            "model_name": candidate.deployment.model_name,
            "removed_by": self._ranking.removed.get(name),
            "score": self._ranking.scores.get(name) if parts else None,
            "parts": list(parts),
            "first_because": self._first_because(candidate) if parts and healthy else None,
            "fallback_level": candidate.deployment.fallback_level,
            "is_healthy": healthy,
            "out": None if ready else candidate.why_out(self._now),
            "unpaid": self._unpaid.get(name),
            "headroom": None if quota is None else headroom(quota, self._now),
            "expected_input_tokens": candidate.expected_input(self._request),
            "expected_output_tokens": candidate.expected_output(self._request),
            "expected_cached_tokens": 0 if cached is None else cached.read_tokens,
            "expected_cost_usd": candidate.expected_usd(self._request),
            "expected_seconds": candidate.average_seconds,
        }

    def _first_because(self, candidate: Candidate) -> str | None:
        """What puts it before others whatever their scores."""
        preferred = self._request.options.preferred_provider
        if preferred is None or candidate.deployment.provider != preferred:
            return None
        return f"preferred_provider: {preferred}"

    def _rows(self) -> list[list[Any]]:
        rows, session = [], self._session()
        for place, row in enumerate(self.to_dict()["candidates"], 1):
            why = row["removed_by"] or "; ".join(
                f"{p['weight']:g} × {p['part']} {p['value']:.4g}" for p in row["parts"]
            )
            if row["first_because"]:
                why = f"{row['first_because']}; {why}"
            if warm := row["expected_cached_tokens"]:
                why += f"; warm: {warm:,} tokens of the prompt"
            if row["deployment"] == session:
                why += "; the session is here"
            if row["out"] and not why.startswith("paused"):
                why += f"; {row['out']}"
            if row["unpaid"]:
                why += f"; {row['unpaid']}"
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
        return as_text(self._title(), _HEADS, self._rows()) + as_lines(self._told_changes())

    def _repr_html_(self) -> str:
        return as_html(self._title(), _HEADS, self._rows()) + as_list(self._told_changes())


_HEADS = ["", "deployment", "score", "why", "USD expected", "s expected"]


def difference(one: float | None, than: Any) -> float | None:
    """The difference, where both are numbers: a message's metadata may have been written by
    anybody."""
    known = one is not None and isinstance(than, int | float)
    return one - than if known and one is not None else None

"""Answered: what happened to a call that was answered, and what the others would have charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..candidate import Candidate
from ..economics.price import Usage
from .explanation import Explanation, difference
from .savings import ASSUMPTION, alternatives
from .table import as_html, as_lines, as_list, as_text, shown


class AnswerExplanation:
    """What happened to a call that was answered, from its message alone."""

    def __init__(
        self,
        told: Mapping[str, Any],
        *,
        usage: Usage | None = None,
        candidates: Sequence[Candidate] = (),
        again: Explanation | None = None,
    ) -> None:
        self._told = dict(told)
        self._usage = usage
        self._again = again
        self._candidates = tuple(candidates)

    def to_dict(self) -> dict[str, Any]:
        """The message's `response_metadata["router"]`; and, where its tokens and prices are known,
        `alternatives`: what the others would have charged for the same tokens, and what they
        usually take, with the differences from this answer; and `again`: who would be first if a
        call of as many tokens were made now, and what would change that."""
        others = self._alternatives()
        if not others:
            return dict(self._told)
        again = {} if self._again is None else {"again": self._again.choice()}
        return {**self._told, "alternatives": others, **again}

    def _alternatives(self) -> list[dict[str, Any]]:
        usage, told = self._usage, self._told
        if usage is None or "cache" in told:  # a hit has no tokens of its own
            return []
        by_name = {c.deployment.name: c for c in self._candidates}
        mine = by_name.get(str(told.get("deployment")))
        ratio = None if mine is None else mine.stats.measured.input_ratio
        rows = []
        for one in alternatives(self._candidates):
            if one.name == told.get("deployment"):
                continue
            usd, seconds = one.usd(usage, ratio), by_name[one.name].average_seconds
            rows.append(
                {
                    "deployment": one.name,
                    "cost_usd": usd,
                    "more_usd": difference(usd, told.get("cost_usd")),
                    "seconds": seconds,
                    "more_seconds": difference(seconds, told.get("response_time_seconds")),
                }
            )
        return rows

    def _others(self) -> list[str]:
        """For people: what the others would have cost and taken."""
        said = []
        for row in self._alternatives():
            usd, seconds = row["cost_usd"], row["seconds"]
            cost = "would not have taken so long a prompt" if usd is None else f"{usd:.6f} USD"
            if row["more_usd"] is not None:
                cost += f" ({row['more_usd']:+.6f})"
            took = "" if seconds is None else f", {shown(seconds)} s as a rule"
            said.append(f"{row['deployment']}: {cost}{took}")
        if not said:
            return []
        again = [] if self._again is None else self._again.words_again()
        return [f"Assumed of the others: {ASSUMPTION}.", *said, *again]

    def _title(self) -> str:
        told = self._told
        task = told.get("task_type") or "no task"
        cost = told.get("cost_usd")
        if "cache" in told:
            return (
                f"{task}: {told.get('deployment')}'s answer of {told.get('age_seconds')} s ago, "
                f"from a cache ({told['cache']})"
            )
        return (
            f"{task}, by {told.get('strategy')}: {told.get('deployment')} answered as attempt "
            f"{told.get('attempt_number')} after {told.get('response_time_seconds')} s"
            + (f", for {cost:.6f} USD" if isinstance(cost, int | float) else "")
        )

    def _rows(self) -> list[list[Any]]:
        attempts = self._told.get("attempts") or []
        return [
            [number, a.get("deployment"), a.get("outcome"), a.get("cause"), a.get("seconds")]
            for number, a in enumerate(attempts, 1)
        ]

    def __repr__(self) -> str:
        return as_text(self._title(), _ATTEMPT_HEADS, self._rows()) + as_lines(self._others())

    def _repr_html_(self) -> str:
        return as_html(self._title(), _ATTEMPT_HEADS, self._rows()) + as_list(self._others())


_ATTEMPT_HEADS = ["", "deployment", "outcome", "cause", "s"]

"""Aggregate: what recorded calls add up to, by deployment, provider, task, strategy and window.

A deployment and a provider are measured by their attempts, everything else by whole calls: a call
that fell back took the time of all of its attempts, and is answered if one of them was.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ..outcome import AttemptRecord
from .certainty import rate
from .record import CallRecord

#: Lengths of a window in seconds, and how many windows a report has at most.
WINDOWS: Final = (
    1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000,
)  # fmt: skip
MOST_WINDOWS: Final = 48
_NO_TASK: Final = "none"
#: The cause of a call that its caller left: neither answered nor failed.
LEFT: Final = "cancelled"
LAST_SECOND: Final = 253_402_300_799.0  # of the year 9999


class Spread(NamedTuple):
    """How a set of times is spread, in seconds; None where there are none."""

    samples: int = 0
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Group(NamedTuple):
    """What a set of calls, or one deployment's part in them, adds up to."""

    calls: int
    answered: int
    attempts: int
    failed_attempts: int
    cancelled_attempts: int
    share: float  # of the traffic: of all answers (deployments, providers), or of all calls
    good: int  # what `success_rate` is of: calls that were answered, or attempts that succeeded,
    ended: int  # … out of so many that were answered or failed
    response: Spread
    first_token: Spread
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    estimated_usd: float
    unpriced: int
    causes: Mapping[str, int]
    cached: int

    def public(self) -> dict[str, Any]:
        """For programs."""
        told = self._asdict()
        success = rate(told.pop("good"), told.pop("ended"))
        told["response_seconds"] = told.pop("response")._asdict()
        told["first_token_seconds"] = told.pop("first_token")._asdict()
        told["share_of_traffic"] = told.pop("share")
        told["causes"] = dict(self.causes)
        return {**told, "success_rate": success.value, "success_interval": list(success[1:3])}


def spread(samples: Iterable[float]) -> Spread:
    """Mean and nearest-rank percentiles."""
    ordered = sorted(samples)
    count = len(ordered)
    if not count:
        return Spread()
    ranks = (math.ceil(share * count) - 1 for share in (0.5, 0.95, 0.99))
    return Spread(count, math.fsum(ordered) / count, *(ordered[max(0, rank)] for rank in ranks))


def of_calls(records: Sequence[CallRecord], *, total: int) -> Group:
    """A set of whole calls, out of so many."""
    answered = [r for r in records if r.cause is None]
    attempts = [attempt for record in records for attempt in record.attempts]
    tokens = [r.attempts[-1].first_token_seconds for r in answered if r.attempts]
    return Group(
        calls=len(records),
        answered=len(answered),
        share=len(records) / total if total else 0.0,
        good=len(answered),
        ended=sum(r.cause != LEFT for r in records),
        response=spread(r.seconds for r in answered if r.cached is None),
        first_token=spread(t for t in tokens if t is not None),
        causes=Counter(r.cause for r in records if r.cause is not None),
        cached=sum(r.cached is not None for r in records),
        **_sums(attempts),
    )


def of_attempts(
    attempts: Sequence[AttemptRecord], *, calls: int, answered: int, total: int
) -> Group:
    """One deployment's attempts in so many calls, of which it answered some; out of so many
    answers of all."""
    good = [attempt for attempt in attempts if attempt.outcome == "success"]
    first = [attempt.first_token_seconds for attempt in good]
    failed = [attempt for attempt in attempts if attempt.outcome == "failure"]
    return Group(
        calls=calls,
        answered=answered,
        share=answered / total if total else 0.0,
        good=len(good),
        ended=len(good) + len(failed),
        response=spread(attempt.seconds for attempt in good),
        first_token=spread(t for t in first if t is not None),
        causes=Counter(a.cause or "unknown" for a in failed),
        cached=0,
        **_sums(attempts),
    )


def _sums(attempts: Sequence[AttemptRecord]) -> dict[str, Any]:
    outcomes = Counter(attempt.outcome for attempt in attempts)
    costs = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    guesses = [a.estimated_usd for a in attempts if a.estimated_usd is not None]
    used = [attempt.usage for attempt in attempts if attempt.usage is not None]
    unpriced = sum(a.outcome == "success" and a.cost_usd is None for a in attempts)
    return {
        "attempts": len(attempts),
        "failed_attempts": outcomes["failure"],
        "cancelled_attempts": outcomes["cancelled"],
        "input_tokens": sum(usage[0] for usage in used),
        "output_tokens": sum(usage[1] for usage in used),
        "cost_usd": None if unpriced and not costs else math.fsum(costs),
        "estimated_usd": math.fsum(guesses),
        "unpriced": unpriced,
    }


def asked_and_answered(record: CallRecord) -> str | None:
    """Who answered the call itself; None where nobody did, or a cache."""
    return record.deployment if record.cause is None and record.cached is None else None


def by_deployment(
    records: Sequence[CallRecord], of: Callable[[str], str] = str
) -> dict[str, Group]:
    """Every deployment's part; or, with `of` (a deployment's name → its provider), every
    provider's."""
    attempts: dict[str, list[AttemptRecord]] = defaultdict(list)
    calls: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for record in records:
        for attempt in record.attempts:
            attempts[of(attempt.deployment)].append(attempt)
        calls.update({of(attempt.deployment) for attempt in record.attempts})
        if (name := asked_and_answered(record)) is not None:
            answers[of(name)] += 1
    total = answers.total()
    return {
        name: of_attempts(tried, calls=calls[name], answered=answers[name], total=total)
        for name, tried in attempts.items()
    }


def by_task(records: Sequence[CallRecord]) -> dict[str, Group]:
    """Every task type's calls; "none" where no task was known."""
    return _by(records, lambda record: record.task_type or _NO_TASK)


def by_strategy(records: Sequence[CallRecord]) -> dict[str, Group]:
    """Every strategy's calls."""
    return _by(records, lambda record: record.strategy)


def _by(records: Sequence[CallRecord], key: Callable[[CallRecord], str]) -> dict[str, Group]:
    groups: dict[str, list[CallRecord]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return {name: of_calls(group, total=len(records)) for name, group in groups.items()}


class Window(NamedTuple):
    """The calls that ended in one span of time, and who answered how many of them."""

    start: float  # the epoch's seconds
    seconds: float
    group: Group
    answers: Mapping[str, int]

    def public(self) -> dict[str, Any]:
        """For programs; the start as ISO 8601, UTC."""
        told = {"start": iso(self.start), "seconds": self.seconds, **self.group.public()}
        return {**told, "answers": dict(self.answers)}


def iso(seconds: float) -> str:
    """The epoch's seconds as ISO 8601, UTC; the last year there is for what is beyond it."""
    at = datetime.fromtimestamp(min(max(0.0, seconds), LAST_SECOND), UTC)
    return at.isoformat(timespec="seconds")


def windows(records: Sequence[CallRecord]) -> list[Window]:
    """The calls by time: whole windows of one round length, at most 48, the empty ones too."""
    if not records:
        return []
    times = [record.at for record in records]
    first, last = min(times), max(times)
    seconds = next(
        (w for w in WINDOWS if last // w - first // w < MOST_WINDOWS),
        WINDOWS[-1] * math.ceil((last - first) / WINDOWS[-1] / (MOST_WINDOWS - 1) + 1),
    )
    begin = int(first // seconds)
    parts: list[list[CallRecord]] = [[] for _ in range(int(last // seconds) - begin + 1)]
    for record in records:
        parts[int(record.at // seconds) - begin].append(record)
    return [_window(part, (begin + i) * seconds, seconds, records) for i, part in enumerate(parts)]


def _window(
    part: Sequence[CallRecord], start: float, seconds: float, records: Sequence[CallRecord]
) -> Window:
    names = map(asked_and_answered, part)
    answers = Counter(name for name in names if name is not None)
    return Window(start, seconds, of_calls(part, total=len(records)), answers)


def shares_by_task(records: Sequence[CallRecord]) -> dict[str, dict[str, int]]:
    """Task type → deployment → how many of its calls it answered."""
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if (name := asked_and_answered(record)) is not None:
            shares[record.task_type or _NO_TASK][name] += 1
    return {task: dict(answers) for task, answers in shares.items()}

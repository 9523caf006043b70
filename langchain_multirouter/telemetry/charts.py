"""Charts: what the charts of a report show, as numbers; drawn by `drawing` and by `figures`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from .aggregate import LEFT

NO_CALLS: Final = "No calls have been recorded yet."
NO_ANSWERS: Final = "No answers have been recorded yet."
NO_PRICES: Final = "No answer's cost is known: give the deployments a price."
UNANSWERED: Final = "not answered"
CACHED: Final = "from a cache"

#: Colours that the colour-blind can tell apart: the first five are Okabe and Ito's (Color universal
#: design, 2008). The page draws a line around them, which stands out where a colour does not.
COLOURS: Final = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#a6761d", "#8c6bb1", "#7f8c8d",
)  # fmt: skip
FAILED_COLOUR: Final = "#d55e00"
CACHED_COLOUR: Final = "#b0b0b0"


class Point(NamedTuple):
    """One deployment: its usual and its 95 % time, and USD per 1,000 answers."""

    name: str
    seconds: float
    p95_seconds: float
    usd: float
    share: float


class Bars(NamedTuple):
    """Stacked bars: a label for each bar, and for each part a name and its height in every bar."""

    labels: tuple[str, ...]
    parts: Mapping[str, tuple[float, ...]]


def names(told: Mapping[str, Any]) -> list[str]:
    """All deployments, in the order in which they get their colours."""
    return list(dict.fromkeys([*told["deployments"], *told["recorded"]["deployments"]]))


def colour(told: Mapping[str, Any], name: str) -> str:
    """A deployment's colour, the same in all charts."""
    if name in (UNANSWERED, CACHED):
        return FAILED_COLOUR if name == UNANSWERED else CACHED_COLOUR
    return COLOURS[names(told).index(name) % len(COLOURS)]


def cost_against_time(told: Mapping[str, Any]) -> tuple[list[Point], str | None]:
    """A point for every deployment whose time and cost are known, or why there is none."""
    points, answered = [], 0
    for name, group in told["recorded"]["deployments"].items():
        times = group["response_seconds"]
        answered += group["answered"]
        if times["p50"] is None or group["cost_usd"] is None or not group["answered"]:
            continue
        usd = 1_000.0 * group["cost_usd"] / group["answered"]
        points.append(Point(name, times["p50"], times["p95"], usd, group["share_of_traffic"]))
    if points:
        return points, None
    return [], NO_PRICES if answered else NO_ANSWERS


def times(told: Mapping[str, Any]) -> tuple[list[tuple[str, float, float, float]], str | None]:
    """Every deployment's p50, p95 and p99 in seconds."""
    found = []
    for name, group in told["recorded"]["deployments"].items():
        spread = group["response_seconds"]
        if spread["p50"] is not None:
            found.append((name, spread["p50"], spread["p95"], spread["p99"]))
    return found, None if found else NO_ANSWERS


def traffic(told: Mapping[str, Any]) -> tuple[Bars, tuple[int, ...], str | None]:
    """Calls by window and by who answered them, and every window's failed attempts."""
    windows = told["windows"]
    if not windows:
        return Bars((), {}), (), NO_CALLS
    parts: dict[str, tuple[float, ...]] = {}
    for name in names(told):
        heights = tuple(float(window["answers"].get(name, 0)) for window in windows)
        if any(heights):
            parts[name] = heights
    cached = tuple(float(w["answered"] - sum(w["answers"].values())) for w in windows)
    failed = tuple(float(w["calls"] - w["answered"] - w["causes"].get(LEFT, 0)) for w in windows)
    if any(height > 0 for height in cached):
        parts[CACHED] = cached
    if any(failed):
        parts[UNANSWERED] = failed
    labels = _moments([window["start"] for window in windows], windows[0]["seconds"])
    return Bars(labels, parts), tuple(w["failed_attempts"] for w in windows), None


def _moments(starts: Sequence[str], seconds: float) -> tuple[str, ...]:
    """Times of a day, or days where the windows are that long."""
    form = "%H:%M:%S" if seconds < 60 else "%H:%M" if seconds < 3_600 else "%m-%d %H h"
    form = "%Y-%m-%d" if seconds >= 86_400 else form
    return tuple(datetime.fromisoformat(start).strftime(form) for start in starts)


def share_by_task(told: Mapping[str, Any]) -> tuple[Bars, str | None]:
    """Of every task's answers, the share of each deployment, 0 to 1."""
    tasks = {task: row["answers"] for task, row in told["tasks"].items() if row["answers"]}
    if not tasks:
        return Bars((), {}), NO_ANSWERS
    totals = [sum(answers.values()) for answers in tasks.values()]
    parts = {}
    for name in names(told):
        rows = zip(tasks.values(), totals, strict=True)
        shares = tuple(answers.get(name, 0) / total for answers, total in rows)
        if any(shares):
            parts[name] = shares
    return Bars(tuple(tasks), parts), None


def ticks(most: float, count: int = 4) -> list[float]:
    """Round numbers from 0 to at least `most`, in about so many steps of 1, 2 or 5."""
    if not 0.0 < most < math.inf:
        return [0.0, 1.0]
    rough = most / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next((f * size for f in (1.0, 2.0, 5.0, 10.0) if f * size >= rough * 0.999), 10 * size)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)]

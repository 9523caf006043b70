"""Figures: a report's charts by matplotlib, for notebooks and papers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from . import charts
from .frames import library

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: So many moments are written below a chart over time.
MOST_LABELS: Final = 5
#: So many columns a legend has at most, and so many letters there is room for beside each other.
MOST_COLUMNS: Final = 3
LETTERS: Final = 75


def figure(told: Mapping[str, Any]) -> Figure:
    """Four charts of a report; without pyplot, so that no state of a program's own is touched.

    Raises:
        ImportError: matplotlib is not there.
    """
    made: Figure = library("matplotlib.figure", "plot()").Figure(figsize=(11.0, 8.5))
    made.set_layout_engine("constrained", w_pad=0.15, h_pad=0.15)
    axes = made.subplots(2, 2)
    _cost_against_time(axes[0][0], told)
    _times(axes[0][1], told)
    _traffic(axes[1][0], told)
    _share_by_task(axes[1][1], told)
    # A figure without pyplot is shown by Jupyter only where pyplot was imported; so it always is.
    made._repr_png_ = lambda: _png(made)  # type: ignore[attr-defined]
    return made


def _png(made: Figure) -> bytes:
    buffer = io.BytesIO()
    made.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def _says(axes: Axes, title: str, why: str | None) -> bool:
    """Title the chart; whether it has nothing to show, which it says then."""
    axes.set_title(title, loc="left", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if why is None:
        return False
    axes.set_axis_off()
    axes.text(0.5, 0.5, why, ha="center", va="center", wrap=True, transform=axes.transAxes)
    return True


def _cost_against_time(axes: Axes, told: Mapping[str, Any]) -> None:
    points, why = charts.cost_against_time(told)
    if _says(axes, "Cost against response time", why):
        return
    longest = max(point.p95_seconds for point in points)
    for point in points:
        colour = charts.colour(told, point.name)
        axes.plot([point.seconds, point.p95_seconds], [point.usd] * 2, color=colour, alpha=0.5)
        axes.scatter([point.seconds], [point.usd], s=40 + 400 * point.share, color=colour)
        _named(axes, point, right=1.15 * longest)
    axes.set_xlim(0, 1.15 * longest or None)
    axes.set_ylim(0, 1.25 * max(point.usd for point in points) or None)
    axes.set_xlabel("seconds: the median, and a line to p95; size: share of answers")
    axes.set_ylabel("USD per 1,000 answers")


def _named(axes: Axes, point: charts.Point, *, right: float) -> None:
    """The point's name beside it, on the side that has room; long ones do not narrow the chart."""
    side, offset = ("right", -8) if point.seconds > right / 2 else ("left", 8)
    at = (point.seconds, point.usd)
    text = axes.annotate(_plain(point.name), at, (offset, 8), textcoords="offset points", ha=side)
    text.set_in_layout(False)


def _times(axes: Axes, told: Mapping[str, Any]) -> None:
    rows, why = charts.times(told)
    if _says(axes, "Response time: p50, p95, p99", why):
        return
    for place, (name, p50, p95, p99) in enumerate(reversed(rows)):
        colour = charts.colour(told, name)
        axes.plot([0, p50], [place] * 2, color=colour, linewidth=9, solid_capstyle="butt")
        axes.plot([p50, p95], [place] * 2, color=colour, linewidth=5, alpha=0.6)
        axes.plot([p95, p99], [place] * 2, color=colour, linewidth=2, alpha=0.6)
        axes.plot([p99], [place], marker="|", color=colour)
        axes.text(0, place + 0.2, f" {_plain(name)}", fontsize=9).set_in_layout(False)
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(rows) - 0.2)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds")


def _traffic(axes: Axes, told: Mapping[str, Any]) -> None:
    bars, failed, why = charts.traffic(told)
    if _says(axes, "Traffic and failures over time", why):
        return
    below = [0.0] * len(bars.labels)
    places = range(len(bars.labels))
    for name, heights in bars.parts.items():
        colour = charts.colour(told, name)
        axes.bar(places, heights, 0.85, below, color=colour, label=_plain(name))
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.plot(places, failed, color="0.3", marker=".", linewidth=1, label="failed attempts")
    step = -(-len(bars.labels) // MOST_LABELS)
    axes.set_xticks(list(places)[::step], bars.labels[::step])
    axes.set_ylabel("calls")
    axes.set_xlabel("UTC")
    _legend(axes)


def _share_by_task(axes: Axes, told: Mapping[str, Any]) -> None:
    bars, why = charts.share_by_task(told)
    if _says(axes, "Share of answers by task", why):
        return
    places = list(range(len(bars.labels)))
    before = [0.0] * len(places)
    for name, shares in bars.parts.items():
        percents = [100.0 * share for share in shares]
        colour = charts.colour(told, name)
        axes.barh(places, percents, 0.7, before, color=colour, label=_plain(name))
        before = [left + more for left, more in zip(before, percents, strict=True)]
    axes.set_yticks(places, bars.labels)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the task's answers")
    _legend(axes)


def _legend(axes: Axes) -> None:
    """Below the chart, where it hides nothing, in as many columns as its names leave room for."""
    longest = max(len(name) for name in axes.get_legend_handles_labels()[1])
    columns = max(1, min(MOST_COLUMNS, LETTERS // (longest + 5)))
    place = (0.0, -0.17)
    axes.legend(loc="upper left", bbox_to_anchor=place, fontsize=8, frameon=False, ncols=columns)


def _plain(text: str) -> str:
    """A name as it is: matplotlib takes dollar signs for mathematics."""
    return text.replace("$", r"\$")

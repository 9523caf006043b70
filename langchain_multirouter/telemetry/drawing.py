"""Drawing: a report's charts as SVG for a page: text that scales, colours of the page's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from . import charts
from .table import shown

#: Units of the drawing: small, so that its text can still be read on a phone.
WIDTH: Final = 420
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 8, 36
LONGEST: Final = 26
_ROW: Final = 34


def drawn(told: Mapping[str, Any]) -> list[str]:
    """The four charts, each a `<figure>` with its caption."""
    return [
        _cost_against_time(told),
        _times(told),
        _traffic(told),
        _share_by_task(told),
    ]


def _figure(title: str, note: str, body: str, height: float, legend: str = "") -> str:
    label = escape(f"{title}. {note}", quote=True)
    return (
        f"<figure><figcaption><b>{escape(title)}</b> <span>{escape(note)}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{label}">{body}</svg>'
        f"{legend}</figure>"
    )


def _nothing(title: str, why: str) -> str:
    return (
        f"<figure><figcaption><b>{escape(title)}</b></figcaption>"
        f'<p class="none">{escape(why)}</p></figure>'
    )


def _legend(told: Mapping[str, Any], names: Iterable[str], more: str = "") -> str:
    items = "".join(
        f'<li><i style="background:{charts.colour(told, name)}"></i>{escape(name)}</li>'
        for name in names
    )
    return f'<ul class="legend">{items}{more}</ul>'


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _box(x: float, y: float, width: float, height: float, colour: str, words: str) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(0.0, width):.2f}" '
        f'height="{max(0.0, height):.2f}" fill="{colour}"><title>{escape(words)}</title></rect>'
    )


def short(name: str) -> str:
    """A name that fits beside a bar; the whole is in the tables."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


class _Plane:
    """Two axes from 0 with round numbers, and where a value lies on them."""

    def __init__(self, most_x: float, most_y: float, height: float) -> None:
        self.ticks_x, self.ticks_y = charts.ticks(most_x), charts.ticks(most_y)
        self.height = height
        self.right, self.bottom = WIDTH - RIGHT, height - BOTTOM

    def x(self, value: float) -> float:
        return LEFT + (self.right - LEFT) * value / self.ticks_x[-1]

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - TOP) * value / self.ticks_y[-1]

    def level(self) -> str:
        """The lines and numbers of the vertical axis."""
        return "".join(
            _line(LEFT, self.y(t), self.right, self.y(t))
            + _text(LEFT - 6, self.y(t) + 4, shown(t), "end")
            for t in self.ticks_y
        )

    def upright(self) -> str:
        """The lines and numbers of the horizontal axis."""
        return "".join(
            _line(self.x(t), TOP, self.x(t), self.bottom)
            + _text(self.x(t), self.bottom + 15, shown(t))
            for t in self.ticks_x
        )


def _cost_against_time(told: Mapping[str, Any]) -> str:
    title = "Cost against response time"
    points, why = charts.cost_against_time(told)
    if why is not None:
        return _nothing(title, why)
    plane = _Plane(max(p.p95_seconds for p in points), max(p.usd for p in points) * 1.1, 260)
    marks = []
    for point in points:
        x, y, colour = plane.x(point.seconds), plane.y(point.usd), charts.colour(told, point.name)
        words = f"{point.name}: {point.seconds:.3g} s, {point.usd:.4g} USD per 1,000 answers"
        marks.append(
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{plane.x(point.p95_seconds):.1f}" y2="{y:.1f}" '
            f'stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{4 + 8 * point.share:.1f}" fill="{colour}">'
            f"<title>{escape(words)}</title></circle>"
        )
    body = plane.level() + plane.upright() + "".join(marks)
    body += _text((LEFT + plane.right) / 2, plane.height - 4, "seconds (dot: median, line: to p95)")
    note = "USD per 1,000 answers; a larger dot has a larger share"
    return _figure(title, note, body, plane.height, _legend(told, [p.name for p in points]))


def _times(told: Mapping[str, Any]) -> str:
    title = "Response time"
    rows, why = charts.times(told)
    if why is not None:
        return _nothing(title, why)
    height = TOP + _ROW * len(rows) + BOTTOM
    plane = _Plane(max(p99 for *_, p99 in rows), 1.0, height)
    body = plane.upright()
    for place, (name, p50, p95, p99) in enumerate(rows):
        top, colour = TOP + _ROW * place, charts.colour(told, name)
        words = f"{name}: p50 {p50:.3g} s, p95 {p95:.3g} s, p99 {p99:.3g} s"
        body += _text(LEFT, top + 12, f"{short(name)}  {p50:.3g} / {p95:.3g} / {p99:.3g}", "start")
        for seconds, thick in ((p99, 4), (p95, 8), (p50, 12)):
            y = top + 23 - thick / 2
            body += _box(LEFT, y, plane.x(seconds) - LEFT, thick, colour, words)
    body += _text((LEFT + plane.right) / 2, height - 4, "seconds")
    return _figure(title, "from thick to thin: p50, p95, p99", body, height)


def _traffic(told: Mapping[str, Any]) -> str:
    title = "Traffic and failures over time"
    bars, failed, why = charts.traffic(told)
    if why is not None:
        return _nothing(title, why)
    tallest = [sum(heights) for heights in zip(*bars.parts.values(), strict=True)] or [1.0]
    count = len(bars.labels)
    plane = _Plane(1.0, max(*tallest, *map(float, failed), 1.0), 240)
    width = (plane.right - LEFT) / count
    body, below = plane.level(), [0.0] * count
    for name, heights in bars.parts.items():
        colour = charts.colour(told, name)
        for i, height in enumerate(heights):
            if height <= 0:
                continue
            top, base = plane.y(below[i] + height), plane.y(below[i])
            words = f"{bars.labels[i]}, {name}: {height:g}"
            body += _box(LEFT + i * width, top, width * 0.9, base - top, colour, words)
            below[i] += height
    body += _failures(plane, failed, width)
    step = -(-count // 4)
    for i in range(0, count, step):
        body += _text(LEFT + (i + 0.45) * width, plane.bottom + 15, bars.labels[i])
    seconds = told["windows"][0]["seconds"]
    body += _text((LEFT + plane.right) / 2, plane.height - 4, f"UTC, {seconds:g} s a bar")
    line = '<li><i class="line"></i>failed attempts</li>' if any(failed) else ""
    return _figure(title, "calls by who answered", body, 240, _legend(told, bars.parts, line))


def _failures(plane: _Plane, failed: Sequence[int], width: float) -> str:
    if not any(failed):
        return ""
    places = [(LEFT + (i + 0.45) * width, plane.y(count)) for i, count in enumerate(failed)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle class="failed" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{count} failed attempts'
        "</title></circle>"
        for (x, y), count in zip(places, failed, strict=True)
        if count
    )
    return f'<polyline class="failed" points="{path}"/>{dots}'


def _share_by_task(told: Mapping[str, Any]) -> str:
    title = "Share of answers by task"
    bars, why = charts.share_by_task(told)
    if why is not None:
        return _nothing(title, why)
    height = TOP + _ROW * len(bars.labels) + BOTTOM
    plane = _Plane(100.0, 1.0, height)
    body, before = plane.upright(), [0.0] * len(bars.labels)
    for place, task in enumerate(bars.labels):
        count = sum(told["tasks"][task]["answers"].values())
        body += _text(LEFT, TOP + _ROW * place + 12, f"{short(task)} ({count} answers)", "start")
    for name, shares in bars.parts.items():
        for place, share in enumerate(shares):
            percent = 100.0 * share
            x, colour = plane.x(before[place]), charts.colour(told, name)
            words = f"{bars.labels[place]}, {name}: {percent:.1f} %"
            width = plane.x(before[place] + percent) - x
            body += _box(x, TOP + _ROW * place + 16, width, 13, colour, words)
            before[place] += percent
    body += _text((LEFT + plane.right) / 2, height - 4, "% of the task's answers")
    return _figure(title, "", body, height, _legend(told, bars.parts))

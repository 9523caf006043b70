"""Page: a report as one file of HTML: no script, nothing from a network, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from .drawing import drawn
from .table import as_html, shown

#: Nothing may be loaded or run; styles are the page's own.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE: Final = """
:root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--dim:#5c5c5c;--line:#d9d9d9;
--card:#f5f6f8;--accent:#0b62c4;--failed:#1a1a1a}
@media (prefers-color-scheme:dark){:root{--back:#15171a;--text:#ececec;--dim:#a6a6a6;--line:#3a3d42;
--card:#1f2226;--accent:#7db8ff;--failed:#ececec}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1100px;padding:1rem;background:var(--back);color:var(--text);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .6rem}
p{margin:.3rem 0}.dim,figcaption span,caption{color:var(--dim)}
.tiles,.charts{display:grid;gap:.8rem;
grid-template-columns:repeat(auto-fit,minmax(min(9rem,100%),1fr))}
.charts{grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr))}
.tiles div,figure,article{background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:.7rem .9rem;margin:0}
.tiles b{display:block;font-size:1.25rem}article{margin-bottom:.7rem}
.sure{border:1px solid var(--line);border-radius:1rem;padding:0 .5rem;font-size:.85rem;
white-space:nowrap}
svg{display:block;width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--text)}
svg rect,svg circle{stroke:var(--text);stroke-width:.5}.grid{stroke:var(--line)}
polyline.failed{fill:none;stroke:var(--failed);stroke-dasharray:3 2}
circle.failed{fill:var(--failed)}.none{color:var(--dim);padding:2.5rem 0;text-align:center}
.legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;list-style:none;margin:.4rem 0 0;padding:0;
font-size:.9rem;overflow-wrap:anywhere}
.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
.legend i.line{height:0;border-top:2px dashed var(--failed);vertical-align:middle;border-radius:0}
.wide{overflow-x:auto}.wide:focus-visible,summary:focus-visible{outline:2px solid var(--accent)}
table{border-collapse:collapse;font-size:.92rem;min-width:100%}
caption{text-align:left;padding-bottom:.3rem}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);
vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary{cursor:pointer;padding:.35rem 0;font-weight:600;color:var(--accent)}
"""

_TRAFFIC: Final[Mapping[str, tuple[str, ...]]] = {
    "calls": ("calls",),
    "answered": ("answered",),
    "share": ("share_of_traffic",),
    "success": ("success_rate",),
    "attempts": ("attempts",),
    "failed": ("failed_attempts",),
    "p50 s": ("response_seconds", "p50"),
    "p95 s": ("response_seconds", "p95"),
    "p99 s": ("response_seconds", "p99"),
    "first token p50 s": ("first_token_seconds", "p50"),
    "first token p95 s": ("first_token_seconds", "p95"),
    "first token p99 s": ("first_token_seconds", "p99"),
    "input tokens": ("input_tokens",),
    "output tokens": ("output_tokens",),
    "USD": ("cost_usd",),
    "USD estimated": ("estimated_usd",),
    "causes": ("causes",),
}
_SAVINGS: Final = {
    "calls compared": "calls", "USD if always": "usd", "USD spent": "actual_usd",
    "USD saved": "saved_usd", "too long for it": "too_long",
}  # fmt: skip
_PERCENT: Final = frozenset({"share", "success"})


def page(told: Mapping[str, Any]) -> str:
    """The whole page, of what `Analytics.to_dict()` says."""
    recorded = told["recorded"]
    span = f"{recorded['since']} to {recorded['until']}, UTC; " if recorded["since"] else ""
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Routing report</title><style>{_STYLE}</style></head>"
    )
    span += f"{recorded['calls']:,} recorded calls"
    body = [
        f"<h1>Routing report</h1><p class='dim'>{escape(span)}</p>",
        _tiles(told),
        "<h2>Advice</h2>" + _advice(told),
        f"<h2>Charts</h2><div class='charts'>{''.join(drawn(told))}</div>",
        "<h2>Recommendations</h2>" + _recommendations(told),
        "<h2>Savings</h2>" + _savings(told),
        "<h2>Numbers</h2>" + _numbers(told),
        "".join(f"<p class='dim'>{escape(note)}</p>" for note in told.get("notes", ())),
    ]
    return f"{head}<body><main>{''.join(body)}</main></body></html>\n"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table that scrolls by itself where it is too wide, by keyboard, too."""
    rows = [list(row) for row in rows]
    if not rows:
        return f"<p class='dim'>{escape(caption)}: nothing yet.</p>"
    right = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(heads))]
    kinds = ["class='number'" if number else "" for number in right]
    head = "".join(
        f"<th scope='col' {kind}>{escape(name)}</th>"
        for name, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td {kind}>{escape(_said(name, cell))}</td>"
            for name, cell, kind in zip(heads, row, kinds, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    label = escape(caption, quote=True)
    return (
        f"<div class='wide' tabindex='0' role='region' aria-label=\"{label}\"><table>"
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _said(head: str, cell: Any) -> str:
    if head in _PERCENT and isinstance(cell, int | float):
        return f"{cell:.1%}"
    if isinstance(cell, Mapping):
        return ", ".join(f"{key}: {shown(value)}" for key, value in cell.items()) or "–"
    return f"{cell:,}" if type(cell) is int else shown(cell)


def _tiles(told: Mapping[str, Any]) -> str:
    overall, saved = told["recorded"]["overall"], told["savings"]
    times = overall["response_seconds"]
    always = [row["saved_usd"] for row in saved["always"].values()]
    facts = {
        "calls": f"{overall['calls']:,}",
        "answered": f"{overall['success_rate']:.2%}" if overall["calls"] else "–",
        "attempts, failed": f"{overall['attempts']:,}, {overall['failed_attempts']:,}",
        "USD spent": shown(overall["cost_usd"]),
        "s, median and p95": f"{shown(times['p50'])}, {shown(times['p95'])}",
        "USD saved against the dearest": shown(max(always, default=None)),
    }
    shown_ = "".join(f"<div><b>{escape(v)}</b>{escape(k)}</div>" for k, v in facts.items())
    return f"<div class='tiles'>{shown_}</div>"


def _advice(told: Mapping[str, Any]) -> str:
    if not told["advice"]:
        return "<p class='dim'>None: nothing that stands out, or too few calls to tell.</p>"
    return "".join(_piece(piece) for piece in told["advice"])


def _piece(piece: Mapping[str, Any]) -> str:
    evidence = table("Evidence", ["what", "value"], piece["evidence"].items())
    return (
        f"<article><p><b>{escape(piece['about'])}</b> "
        f"<span class='sure'>certainty: {escape(piece['sure'])}</span></p>"
        f"<p>{escape(piece['text'])}.</p><p>→ {escape(piece['change'])}.</p>"
        f"<p class='dim'>Expected: {escape(piece['effect_in_words'])}.</p>"
        f"<details><summary>Evidence</summary>{evidence}</details></article>"
    )


def _recommendations(told: Mapping[str, Any]) -> str:
    rows = [
        (what.replace("_", " "), row["deployment"], row["why"], row["sure"])
        for what, row in told["evidence"].items()
        if row is not None
    ]
    return table("Recommended", ["for", "deployment", "why", "certainty"], rows)


def _savings(told: Mapping[str, Any]) -> str:
    saved = told["savings"]
    rows = [
        [name, *(row[key] for key in _SAVINGS.values())] for name, row in saved["always"].items()
    ]
    caption = f"If one deployment had answered everything (assumed: {saved['assumption']})"
    cached = saved["cache_saved_usd"]
    extra = "" if cached is None else f"<p>Caches saved {shown(cached)} USD.</p>"
    return table(caption, ["deployment", *_SAVINGS], rows) + extra


def _numbers(told: Mapping[str, Any]) -> str:
    recorded = told["recorded"]
    parts = [
        ("By deployment", "deployment", recorded["deployments"]),
        ("By provider", "provider", recorded["providers"]),
        ("By task", "task", told["tasks"]),
        ("By strategy", "strategy", told["strategies"]),
        ("By time", "from", {window["start"]: window for window in told["windows"]}),
    ]
    found = [
        _folded(title, table(title, [head, *_TRAFFIC], _traffic_rows(groups)))
        for title, head, groups in parts
    ]
    counts = [[name, *row.values()] for name, row in told["deployments"].items()]
    heads = ["deployment", *next(iter(told["deployments"].values()), {})]
    plain = [[_plain(cell) for cell in row] for row in counts]
    title = "Since the router was made"
    return "".join([*found, _folded(title, table(title, heads, plain))])


def _plain(cell: Any) -> Any:
    """A list of errors as their causes."""
    if isinstance(cell, list):
        return ", ".join(str(one["cause"]) for one in cell) or None
    return cell


def _folded(title: str, inner: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def _traffic_rows(groups: Mapping[str, Any]) -> Iterable[list[Any]]:
    for name, group in groups.items():
        row: list[Any] = [name]
        for path in _TRAFFIC.values():
            value: Any = group
            for key in path:
                value = value[key]
            row.append(value)
        yield row


def details(told: Mapping[str, Any]) -> str:
    """For a notebook's cell, below its table: advice, savings and tasks, folded."""
    if not told["recorded"]["calls"] and not told["advice"]:
        return ""
    advice = [[p["about"], p["text"], p["change"], p["effect_in_words"], p["sure"]]
              for p in told["advice"]]  # fmt: skip
    heads = ["about", "found", "change", "expected", "certainty"]
    parts = [("Advice", heads, advice)] if advice else []
    for title, head, groups in (
        ("Tasks", "task", told["tasks"]),
        ("Strategies", "strategy", told["strategies"]),
        ("Providers", "provider", told["recorded"]["providers"]),
    ):
        rows = [[_said(head, c) if isinstance(c, Mapping) else c for c in row]
                for row in _traffic_rows(groups)]  # fmt: skip
        parts.append((title, [head, *_TRAFFIC], rows))
    always = told["savings"]["always"]
    saved = [[name, *(row[key] for key in _SAVINGS.values())] for name, row in always.items()]
    if saved:
        parts.append(("Savings", ["deployment", *_SAVINGS], saved))
    return "".join(_folded(title, as_html("", heads, rows)) for title, heads, rows in parts)

"""Table: rows for people, as aligned text and as HTML; no dependency, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

_STYLE = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"


def shown(value: Any) -> str:
    """A value as a person reads it; a dash for what is not known."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6f}" if 0 < abs(value) < 0.001 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value) or "–"
    return str(value)


def as_text(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns as wide as they need to be, the last one ragged."""
    cells = [list(heads), *([shown(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([title, *lines] if title else lines)


def as_html(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A plain table that a notebook shows in its own colours."""
    head = "".join(f'<th scope="col" style="{_STYLE}">{escape(name)}</th>' for name in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_STYLE}">{escape(shown(value))}</td>' for value in row)
        + "</tr>"
        for row in rows
    )
    caption = f"<caption style='text-align:left'><b>{escape(title)}</b></caption>" if title else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_lines(texts: Sequence[str]) -> str:
    """Texts below a table of text, a line each."""
    return "".join(f"\n- {text}" for text in texts)


def as_list(texts: Sequence[str]) -> str:
    """Texts below a table of HTML, as a list."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""

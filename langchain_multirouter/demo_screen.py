"""The demo's screen: a table that grows while calls are made; plain ANSI, 79 columns."""

from __future__ import annotations

import os
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TextIO

_COLUMNS = 79
_PROMPT_COLUMNS = 23
_HEAD = f" # {'prompt':23} {'task':8} {'answered by':12} {'try':>3} {'ms':>5} {'µUSD':>6} fallback"

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


class Line(NamedTuple):
    """One call as the table shows it."""

    number: int
    prompt: str
    task: str = ""
    answered_by: str = ""
    attempts: int = 0
    milliseconds: float = 0.0
    cost_usd: float | None = None
    fallback: str = ""
    style: str = ""


class Screen:
    """Writes lines at once; in colour, and with the call under way, on a terminal alone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        console = sys.platform == "win32" and "WT_SESSION" not in os.environ
        self._colour = self._terminal and not os.environ.get("NO_COLOR") and not console

    def say(self, text: str = "", style: str = "") -> None:
        """A line, folded at 79 columns."""
        for line in textwrap.wrap(text, _COLUMNS, subsequent_indent="  ") or [""]:
            self._write(self._styled(line, style) + "\n")

    def head(self) -> None:
        """The table's head."""
        self._write(self._styled(_HEAD, "bold") + "\n")

    def event(self, text: str, style: str) -> None:
        """Something that happened between two calls."""
        self._write(self._styled(f"-- {text} ".ljust(_COLUMNS, "-"), style) + "\n")

    def under_way(self, number: int, prompt: str, how: str) -> None:
        """The call that is being made; the line is written over when it is done."""
        if self._terminal:
            self._write(self._styled(f"{number:2} {fitted(prompt)} ({how}) ...", "dim"))

    def call(self, line: Line) -> None:
        """A call that is done."""
        if self._terminal:
            self._write("\r\x1b[2K")
        cost = "" if line.cost_usd is None else f"{1e6 * line.cost_usd:.0f}"
        text = (
            f"{line.number:2} {fitted(line.prompt)} {line.task:8} {line.answered_by:12} "
            f"{line.attempts:3} {line.milliseconds:5.0f} {cost:>6} {line.fallback}"
        )
        self._write(self._styled(text.rstrip(), line.style) + "\n")

    def table(self, rows: Iterable[Sequence[object]], widths: Sequence[int]) -> None:
        """Rows of a small table; a negative width is flush left."""
        for row in rows:
            cells = (
                str(cell).ljust(-width) if width < 0 else str(cell).rjust(width)
                for cell, width in zip(row, widths, strict=True)
            )
            self._write("  ".join(cells).rstrip() + "\n")

    def _styled(self, text: str, style: str) -> str:
        code = _STYLES.get(style) if self._colour else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def fitted(text: str, columns: int = _PROMPT_COLUMNS) -> str:
    """The text's beginning in exactly so many columns; a Chinese character takes two."""
    flat = " ".join(text.split())
    if columns_of(flat) > columns:
        while columns_of(flat) > columns - 2:
            flat = flat[:-1]
        flat = flat.rstrip() + ".."
    return flat + " " * (columns - columns_of(flat))


def columns_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

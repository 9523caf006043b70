"""Pairs: labelled pairs of questions, written for this test: which may share an answer.

All were written before the guards were made, or changed, for them. Every third one was held out:
looked at only when the guards were done; and so were all "later" ones, a second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Pair(NamedTuple):
    """Two questions, what they are about, and whether the guards were made without them."""

    about: str
    one: str
    other: str
    held_out: bool


def _read(name: str) -> list[Pair]:
    found: list[Pair] = []
    about = ""
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            about = line[2:]
            continue
        one, _, other = line.partition(" || ")
        found.append(Pair(about, one, other, about[:5] == "later" or len(found) % 3 == 2))
    return found


NEAR_MISSES = _read("near_misses.txt")
PARAPHRASES = _read("paraphrases.txt")

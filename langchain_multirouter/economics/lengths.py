"""Lengths: how long answers usually are, by deployment and task, in output tokens.

What one deployment answered to one task is shrunk towards what the fleet answers to that task, and
that towards what it answers to anything: `(n · own + k · wider) / (n + k)`, which is Bühlmann's
credibility premium with `Z = n / (n + k)` (Experience rating and credibility, ASTIN Bulletin 4,
1967). So one short answer moves an expectation by a tenth of the way at most, and never makes a
dear deployment look cheap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..values import new

#: `k`: so many answers' worth of the wider mean stand beside a deployment's own.
PSEUDO_ANSWERS = 10.0
#: A mean is of about so many latest answers: habits change with models and prompts.
MOST_ANSWERS = 50.0
#: The task of all answers together.
ANY = ""


class Length(NamedTuple):
    """The mean length of answers, in tokens, and how many it is of."""

    answers: float
    tokens: float


Lengths = Mapping[str, Length]


def lengthened(known: Length | None, tokens: int) -> Length:
    """With one more answer; the mean of the latest, once there are many."""
    if known is None:
        return new(Length, (1.0, float(tokens)))
    answers, mean = known
    answers = answers + 1.0 if answers < MOST_ANSWERS else MOST_ANSWERS
    return new(Length, (answers, mean + (tokens - mean) / answers))


def shrunk(own: Length, wider: float) -> float:
    """One's own mean as far as it is credible, the wider one for the rest."""
    answers, mean = own
    return (answers * mean + PSEUDO_ANSWERS * wider) / (answers + PSEUDO_ANSWERS)


def usual_tokens(lengths: Lengths, task: str | None) -> float | None:
    """What the fleet usually answers to a task; None before it answered anything."""
    wider = lengths.get(ANY)
    if wider is None:
        return None
    own = None if task is None else lengths.get(task)
    return wider.tokens if own is None else shrunk(own, wider.tokens)

"""Savings: what recorded calls cost, against what one deployment alone would have charged for them.

Assumed: every deployment would have been sent the same text and answered with as many tokens. The
input is corrected by how each one's own counts differ from the estimate, where that is known;
nobody else's cache, failures or length of answers can be known of a call that was not made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ..candidate import Candidate
from ..economics.price import Price, Rates, Usage
from ..outcome import AttemptRecord
from .record import CallRecord

ASSUMPTION: Final = (
    "the same tokens at every deployment: the same answers, no failures, and input corrected by "
    "how each counts it"
)


class Alternative(NamedTuple):
    """One deployment, as far as its charge for somebody else's call can be reckoned.

    Args:
        name: Its name.
        price: What it charges.
        input_ratio: Its own count of input tokens ÷ the estimate, where it is known.
        max_input_tokens: Its context window, where it is known.
    """

    name: str
    price: Price
    input_ratio: float | None = None
    max_input_tokens: int | None = None

    def usage(self, usage: Usage, ratio: float | None) -> Usage:
        """The tokens that this deployment would have counted, where another with this ratio
        counted those."""
        if self.input_ratio is None or not ratio or self.input_ratio == ratio:
            return usage
        factor = self.input_ratio / ratio
        into, out, read, written, written_5m, written_1h, audio, *made = usage
        parts = (read, written, written_5m, written_1h, audio)
        return Usage(round(into * factor), out, *(round(part * factor) for part in parts), *made)

    def usd(self, usage: Usage, ratio: float | None = None) -> float | None:
        """What it would have charged; None where the call would not have fitted."""
        mine = self.usage(usage, ratio)
        if self.max_input_tokens is not None and mine.input_tokens > self.max_input_tokens:
            return None
        return self.price.cost_usd(mine)


def alternatives(candidates: Sequence[Candidate]) -> list[Alternative]:
    """All of whom the price is known."""
    return [
        Alternative(
            candidate.deployment.name,
            candidate.facts.price,
            candidate.stats.measured.input_ratio,
            candidate.facts.capabilities.max_input_tokens,
        )
        for candidate in candidates
        if candidate.facts.price is not None
    ]


class Priced(NamedTuple):
    """A call that was answered, whose tokens and cost are known."""

    deployment: str
    usage: Usage
    usd: float  # of all its attempts


def priced_calls(records: Sequence[CallRecord]) -> list[Priced]:
    """Those that can be compared."""
    found = []
    for record in records:
        cost, answer = record.cost_usd, answer_of(record)
        if cost is not None and answer is not None and answer.usage is not None:
            found.append(Priced(answer.deployment, Usage(*answer.usage), cost))
    return found


def answer_of(record: CallRecord) -> AttemptRecord | None:
    """The attempt that answered the call."""
    if record.deployment is None or record.cause is not None:
        return None
    return next((a for a in reversed(record.attempts) if a.outcome == "success"), None)


class Charges:
    """What every deployment of known price would have charged for each call; reckoned once.

    Args:
        records: The calls; those whose tokens or cost are not known are left out.
        candidates: The deployments.
    """

    def __init__(self, records: Sequence[CallRecord], candidates: Sequence[Candidate]) -> None:
        self.priced = priced_calls(records)
        self.alternatives = {one.name: one for one in alternatives(candidates)}
        self._ratios = {c.deployment.name: c.stats.measured.input_ratio for c in candidates}
        self._charged: dict[str, list[float | None]] = {}

    def at(self, name: str) -> list[float | None]:
        """One deployment's charge for each of the calls; None where it would not have fitted."""
        if name not in self._charged:
            one, ratio = self.alternatives[name], self._ratios.get
            self._charged[name] = [one.usd(c.usage, ratio(c.deployment)) for c in self.priced]
        return self._charged[name]

    def total(self, name: str, *, of: str | None = None) -> float | None:
        """The sum of it, for all calls or for those that one deployment answered; None where there
        are none, its price is not known, or one would not have fitted."""
        if name not in self.alternatives:
            return None
        pairs = zip(self.priced, self.at(name), strict=True)
        charged = [usd for call, usd in pairs if of is None or call.deployment == of]
        if not charged or None in charged:
            return None
        return math.fsum(usd for usd in charged if usd is not None)


def savings(records: Sequence[CallRecord], charges: Charges) -> dict[str, Any]:
    """What was spent, and for each deployment what always using it would have cost.

    Returns:
        `actual_usd` over `calls`, `always` by deployment (over the calls that fit into it:
        `calls`, `too_long`, `usd`, `actual_usd`, `saved_usd`: above 0 where the router was
        cheaper), `cache_saved_usd`, `assumption`.
    """
    priced = charges.priced
    cached = [record.saved_usd for record in records if record.saved_usd is not None]
    return {
        "assumption": ASSUMPTION,
        "calls": len(priced),
        "actual_usd": math.fsum(call.usd for call in priced) if priced else None,
        "always": {n: _always(charges.at(n), priced) for n in charges.alternatives if priced},
        "cache_saved_usd": math.fsum(cached) if cached else None,
    }


def _always(charged: Sequence[float | None], priced: Sequence[Priced]) -> dict[str, Any]:
    pairs = zip(charged, priced, strict=True)
    fitting = [(usd, call.usd) for usd, call in pairs if usd is not None]
    usd, actual = (
        (math.fsum(sums) for sums in zip(*fitting, strict=True)) if fitting else (0.0, 0.0)
    )
    return {
        "calls": len(fitting),
        "too_long": len(priced) - len(fitting),
        "usd": usd,
        "actual_usd": actual,
        "saved_usd": usd - actual,
    }


def inferred(records: Sequence[CallRecord]) -> list[Alternative]:
    """Prices as the records' own costs tell them, for a journal, which has none.

    `cost = a·input + b·output` is solved by least squares, and believed only where it gives every
    one of the deployment's costs to a thousandth: where there are no cached tokens and no tiers.
    """
    known: dict[str, list[AttemptRecord]] = {}
    for record in records:
        answer = answer_of(record)
        if answer is not None and answer.usage is not None and answer.cost_usd is not None:
            known.setdefault(answer.deployment, []).append(answer)
    solved = ((name, _solved(answers)) for name, answers in known.items())
    return [Alternative(name, price) for name, price in solved if price is not None]


def _solved(answers: Sequence[AttemptRecord]) -> Price | None:
    rows = [(float(a.usage[0]), float(a.usage[1]), a.cost_usd or 0.0) for a in answers if a.usage]
    xx, xy = math.fsum(x * x for x, _, _ in rows), math.fsum(x * y for x, y, _ in rows)
    yy, xc = math.fsum(y * y for _, y, _ in rows), math.fsum(x * c for x, _, c in rows)
    yc = math.fsum(y * c for _, y, c in rows)
    area = xx * yy - xy * xy
    if area <= 1e-9 * xx * yy:
        return None  # all of one mix of input and output: two prices cannot be told apart
    into, out = (xc * yy - yc * xy) / area, (yc * xx - xc * xy) / area
    exact = all(abs(x * into + y * out - c) <= 1e-3 * c + 1e-12 for x, y, c in rows)
    if not exact or min(into, out) < -1e-15:
        return None
    return flat_price(max(0.0, into), max(0.0, out))


def flat_price(into: float, out: float) -> Price:
    """USD per input and per output token, whatever part of them it is."""
    return Price(Rates(into, out, into, into, into, into, into, out, out, into))

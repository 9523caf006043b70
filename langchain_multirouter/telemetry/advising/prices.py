"""Rules about money: a price that changes or is unknown, a deployment that would be cheaper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any, Final

from ..certainty import HIGH, LOW, MEDIUM, MEDIUM_SAMPLES, Estimate, by_samples, mean
from .advice import Advice, Effect
from .situation import LEAST_TRAFFIC, PriceChange, Situation

#: Somebody is worth a word who would cost so much less, and takes at most so many times as long.
CHEAPER: Final = 0.2
LONGER: Final = 2.0


def price_changes(situation: Situation) -> Iterator[Advice]:
    """A dated change of a price is near."""
    for change in situation.settings.changes:
        yield _price_changes(change, situation)


def _price_changes(change: PriceChange, situation: Situation) -> Advice:
    name = change.deployment
    calls = [call for call in situation.priced if call.deployment == name]
    more = math.fsum(change.then.cost_usd(c.usage) - change.now.cost_usd(c.usage) for c in calls)
    now, then = situation.usd_per_1k(change.now), situation.usd_per_1k(change.then)
    overtakes = [
        other
        for other, one in situation.alternatives.items()
        if other != name and now <= situation.usd_per_1k(one.price) < then
    ]
    part = f" ({then / now - 1:+.0%})" if now else ""
    return Advice(
        "price_changes",
        name,
        f"{name}'s price {'rises' if then > now else 'falls'} on {change.at.date().isoformat()} "
        f"from {now:.6f} to {then:.6f} USD per 1K tokens{part}",
        f"from then on {', '.join(overtakes)} would be cheaper"
        if overtakes
        else "nothing: the router takes the new price on the day, and nobody overtakes by it",
        {
            "on": change.at.isoformat(),
            "usd_per_1k_tokens": now,
            "usd_per_1k_tokens_then": then,
            "answers": len(calls),
            "cheaper_then": overtakes,
        },
        Effect(usd_per_1k_calls=situation.per_1k_calls(more) if situation.calls else None),
        HIGH,
    )


def price_unknown(situation: Situation) -> Iterator[Advice]:
    """Answers of which nobody can say the cost."""
    prices = [one.price for one in situation.alternatives.values()]
    for name, candidate in situation.candidates.items():
        group = situation.groups.get(name)
        if candidate.facts.price is not None or group is None or group.unpriced < LEAST_TRAFFIC:
            continue
        into, out = group.input_tokens, group.output_tokens
        like = [price.usd_per_1k(into, out) * (into + out) / 1_000.0 for price in prices]
        hidden = situation.per_1k_calls(median(like)) if like else None
        yield Advice(
            "price_unknown",
            name,
            f"{name}'s price is unknown: {group.unpriced} answers are in no cost, max_cost leaves "
            "it out, and strategies by cost take it for average",
            f"give {name} price=, price_as= or its true model_name="
            + ("" if hidden is None else "; at the others' median price so much more would show"),
            {"unpriced_answers": group.unpriced, "input_tokens": into, "output_tokens": out},
            Effect(usd_per_1k_calls=hidden),
            HIGH if hidden is None else by_samples(group.unpriced),
        )


def cheaper(situation: Situation) -> Iterator[Advice]:
    """One deployment for all would cost a fifth less, fail no more and not take twice as long."""
    all_ = mean([seconds for times in situation.times.values() for seconds in times])
    found = [] if all_ is None else [_cheaper(situation, n, all_) for n in situation.alternatives]
    best = max((one for one in found if one), key=lambda one: one["saved_usd"], default=None)
    if best is None:
        return
    name, saved = best["deployment"], best["saved_usd"]
    usd = situation.per_1k_calls(-saved)
    yield Advice(
        "cheaper",
        name,
        f"{name} alone would have cost {best['usd']:.6f} instead of {best['actual_usd']:.6f} USD "
        f"for the same tokens, with {best['success'].value:.1%} of its attempts answered",
        'strategy="cost_optimized", or max_cost, where its answers are good enough',
        {
            "calls": best["calls"],
            "usd": best["usd"],
            "actual_usd": best["actual_usd"],
            "saved_usd_per_call": best["per_call"].public(),
            "success": best["success"].public(),
        },
        Effect(usd, best["seconds_per_call"], best["success_change"]),
        best["sure"],
    )


def _cheaper(situation: Situation, name: str, all_: Estimate) -> Mapping[str, Any] | None:
    calls, success = situation.priced, situation.success(name)
    usd, actual = situation.charges.total(name), math.fsum(call.usd for call in calls)
    own = situation.seconds(name)
    if usd is None or own is None or usd > actual * (1 - CHEAPER):
        return None
    ended = sum(group.ended for group in situation.groups.values())
    overall = sum(group.good for group in situation.groups.values()) / ended
    if own.value > LONGER * all_.value or success.high < overall:
        return None
    charged = situation.charges.at(name)
    per_call = mean([call.usd - (usd or 0.0) for call, usd in zip(calls, charged, strict=True)])
    assert per_call is not None  # noqa: S101  # there are calls
    fewest = min(len(calls), own.samples)
    sure = by_samples(fewest) if per_call.low > 0 else LOW
    return {
        "deployment": name,
        "calls": len(calls),
        "usd": usd,
        "actual_usd": actual,
        "saved_usd": actual - usd,
        "per_call": per_call,
        "success": success,
        "success_change": min(0.0, success.value - overall),
        "seconds_per_call": own.value - all_.value,
        "sure": MEDIUM if sure == HIGH and own.samples < 2 * MEDIUM_SAMPLES else sure,
    }

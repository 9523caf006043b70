"""Rules about calls: a deadline that cuts answers, a first choice that fails, nobody to ask."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from ..certainty import by_samples, rate
from ..record import CallRecord
from .advice import Advice, Effect
from .situation import LEAST_CALLS, LEAST_SHARE, Situation

#: A call that ended without an answer so near its deadline was cut by it.
NEAR_DEADLINE: Final = 0.98
#: A first choice that fails more often than this, for certain, is told.
OFTEN: Final = 0.05
LEAST_FIRST: Final = 20
#: A tail so many times as long as the usual answer is worth a second copy.
LONG_TAIL: Final = 4.0
LEAST_TIMES: Final = 100
#: A hedge's copies: the slowest twentieth of calls.
HEDGED: Final = 0.05

#: Not a deployment's fault.
_CALLERS_OWN: Final = frozenset({"bad_request", "content_policy", "context_overflow"})
_REMEDIES: Final = {
    "throttled": "raise its quota, or give it a smaller weight",
    "quota_exhausted": "raise its quota, or pause it until it is back",
    "timeout": "raise its timeout_seconds, or let it stand behind a faster one (fallback_level=1)",
    "authentication": "mend its credentials",
    "permission": "mend its credentials' rights",
    "model_not_found": "mend its model's name",
    "unsupported": "give it a profile= that says what it cannot do",
}
_WIDER: Final = {
    "max_cost": "raise max_cost",
    "max_response_time": "raise max_response_time",
    "require_tags": "give a deployment the tags, or add one that has them",
    "context_window": "add a deployment with a larger context window",
    "max_tokens": "lower max_tokens",
    "paused": "resume() a deployment",
    "capabilities": "add a deployment that takes such input",
}


def deadline_cuts(situation: Situation) -> Iterator[Advice]:
    """The whole call's limit ends calls that others of their kind survive."""
    deadline = situation.settings.options.deadline_seconds
    if deadline is None:
        return
    cut = [
        record
        for record in situation.records
        if record.cause == "timeout" and record.seconds >= NEAR_DEADLINE * deadline
    ]
    if not _worth_a_word(len(cut), situation):
        return
    times = sorted(record.seconds for record in situation.records if record.cause is None)
    longest = times[max(0, math.ceil(0.99 * len(times)) - 1)] if times else None
    longer = float(math.ceil(max(2.0 * deadline, longest or 0.0)))
    names = Counter(record.attempts[-1].deployment for record in cut if record.attempts)
    slow = names.most_common(1)[0][0] if names else "nobody"
    share = len(cut) / situation.calls
    told = "" if longest is None else f"; of those answered, 99 % took at most {longest:.2f} s"
    yield Advice(
        "deadline_cuts",
        "deadline_seconds",
        f"deadline_seconds={deadline:g} ended {len(cut)} of {situation.calls} calls ({share:.1%}) "
        f"without an answer, most of them at {slow}{told}",
        f"raise deadline_seconds to {longer:g}, or let a faster deployment than {slow} go first",
        {
            "cut_calls": len(cut),
            "calls": situation.calls,
            "share": rate(len(cut), situation.calls).public(),
            "p99_seconds_of_answers": longest,
            "by_deployment": dict(names),
        },
        Effect(None, share * (longer - deadline), share, at_most=True),
        by_samples(situation.calls),
    )


def first_choice_fails(situation: Situation) -> Iterator[Advice]:
    """A strategy's first choice often fails, so that calls pay for a second attempt."""
    firsts: dict[tuple[str, str], list[CallRecord]] = defaultdict(list)
    for record in situation.records:
        if record.attempts and record.attempts[0].outcome != "cancelled":
            firsts[record.strategy, record.attempts[0].deployment].append(record)
    for (strategy, name), records in firsts.items():
        failed = [r for r in records if _failed_first(r)]
        share = rate(len(failed), len(records))
        if share.samples >= LEAST_FIRST and share.low > OFTEN:
            yield _first_choice_fails(situation, strategy, name, records, failed)


def _failed_first(record: CallRecord) -> bool:
    first = record.attempts[0]
    return first.outcome == "failure" and first.cause not in _CALLERS_OWN


def _first_choice_fails(
    situation: Situation,
    strategy: str,
    name: str,
    records: Sequence[CallRecord],
    failed: Sequence[CallRecord],
) -> Advice:
    share = rate(len(failed), len(records))
    causes = Counter(record.attempts[0].cause or "unknown" for record in failed)
    cause, count = causes.most_common(1)[0]
    lost = math.fsum(record.attempts[0].seconds for record in failed)
    unanswered = sum(record.cause is not None for record in failed)
    remedy = _REMEDIES.get(
        cause, 'let others go first: strategy="availability_based", or fallback_level=1 for it'
    )
    return Advice(
        "first_choice_fails",
        name,
        f"{strategy} asks {name} first in {len(records)} calls, and it fails in {share.value:.1%} "
        f"of them, mostly for {cause} ({count})",
        remedy,
        {
            "strategy": strategy,
            "first_asked": len(records),
            "failed": share.public(),
            "causes": dict(causes),
            "not_answered_at_all": unanswered,
        },
        Effect(
            seconds_per_call=-lost / situation.calls,
            success_rate=unanswered / situation.calls,
            at_most=True,
        ),
        by_samples(len(records)),
    )


def nobody_left(situation: Situation) -> Iterator[Advice]:
    """A filter leaves nobody to ask: a max_cost that no deployment keeps to."""
    removed = Counter(name for record in situation.records for name in record.removed_by)
    alone = Counter(r.removed_by[0] for r in situation.records if len(r.removed_by) == 1)
    for name, count in removed.items():
        if not _worth_a_word(count, situation):
            continue
        cost = _cheapest(situation) if name == "max_cost" else None
        change = _WIDER.get(name, f"widen {name}")
        if cost is not None:
            change += f" to at least {cost[1]:.6f} USD, what the cheapest took for 95 % of calls"
        share = count / situation.calls
        yield Advice(
            "nobody_left",
            name,
            f"{name} left nobody to ask in {count} of {situation.calls} calls ({share:.1%}), in "
            f"{alone[name]} of them by itself",
            change,
            {"calls": situation.calls, "refused": count, "by_itself": alone[name]},
            Effect(
                None if cost is None else situation.per_1k_calls(count * cost[0]),
                success_rate=share,
                at_most=alone[name] < count,
            ),
            by_samples(situation.calls),
        )


def _cheapest(situation: Situation) -> tuple[float, float] | None:
    """The mean and the 95 % cost of a call at the deployment that is cheapest for all."""
    sums = {name: situation.charges.total(name) for name in situation.alternatives}
    known = {name: usd for name, usd in sums.items() if usd is not None}
    if not known:
        return None
    cheapest = min(known, key=known.__getitem__)
    costs = sorted(usd or 0.0 for usd in situation.charges.at(cheapest))
    return math.fsum(costs) / len(costs), costs[math.ceil(0.95 * len(costs)) - 1]


def long_tail(situation: Situation) -> Iterator[Advice]:
    """A few answers take many times as long as most: a second copy elsewhere would be there."""
    if situation.settings.options.hedge is not None:
        return
    for name, times in situation.times.items():
        ordered = sorted(times)
        count = len(ordered)
        others = [sorted(ts) for n, ts in situation.times.items() if n != name and ts]
        if count < LEAST_TIMES or not others:
            continue
        p50, p95, p99 = (ordered[math.ceil(s * count) - 1] for s in (0.5, 0.95, 0.99))
        usual = min(ts[len(ts) // 2] for ts in others)
        if p99 < LONG_TAIL * p50 or p95 + usual > 0.7 * p99:
            continue
        saved = math.fsum(max(0.0, t - p95 - usual) for t in ordered)
        usd = [call.usd for call in situation.priced]
        copies = HEDGED * count * math.fsum(usd) / len(usd) if usd else None
        yield Advice(
            "long_tail",
            name,
            f"{name} takes {p50:.2f} s as a rule, and {p99:.2f} s in every hundredth answer",
            f"hedge=True: a second copy after {p95:.2f} s, answered elsewhere in {usual:.2f} s",
            {"answers": count, "p50_seconds": p50, "p95_seconds": p95, "p99_seconds": p99},
            Effect(
                None if copies is None else situation.per_1k_calls(copies),
                -saved / situation.calls,
            ),
            by_samples(count),
        )


def _worth_a_word(count: int, situation: Situation) -> bool:
    return count >= LEAST_CALLS and count >= LEAST_SHARE * situation.calls

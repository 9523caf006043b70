"""Rules about deployments, and the layers around them: who is never right, who retries, too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from ...candidate import Candidate
from ..certainty import HIGH, by_samples, certainty
from .advice import Advice, Effect
from .situation import LEAST_CALLS, Situation

#: So many answers say enough of a deployment's time and success to call another one better.
LEAST_ANSWERS: Final = 20
#: What has to be better by this part to count as better at all.
BETTER: Final = 0.05
#: Of fewer calls it says nothing that a deployment was in none.
LEAST_CALLS_FOR_NEVER: Final = 100
NEVER_MENDED: Final = frozenset({"authentication", "permission", "model_not_found"})
RETIRING: Final = frozenset({"deprecated", "retired", "legacy", "sunset"})
_ABLE: Final = ("images", "audio", "video", "pdf", "tools", "structured_output")


def never_right(situation: Situation) -> Iterator[Advice]:
    """Somebody else is cheaper, faster and as reliable, and can do as much."""
    everybody = situation.candidates.values()
    for name, candidate in situation.candidates.items():
        better = [o.deployment.name for o in everybody if _beats(o, candidate, situation)]
        if better:
            means = {other: situation.seconds(other) for other in better}
            best = min(better, key=lambda other: getattr(means[other], "value", 0.0))
            yield _never_right(situation, name, best)


def _never_right(situation: Situation, name: str, best: str) -> Advice:
    mine, theirs = situation.seconds(name), situation.seconds(best)
    assert mine is not None  # noqa: S101  # `_beats` has seen both
    assert theirs is not None  # noqa: S101
    own, instead = (situation.usd_per_1k(situation.alternatives[n].price) for n in (name, best))
    rates = situation.success(name).value, situation.success(best).value
    return Advice(
        "never_right",
        name,
        f"{name} is never the right choice: {best} costs {instead:.6f} instead of {own:.6f} USD "
        f"per 1K tokens, takes {theirs.value:.2f} instead of {mine.value:.2f} s, and succeeds in "
        f"{rates[1]:.1%} instead of {rates[0]:.1%} of attempts",
        f"give {name} fallback_level=1, so that it is asked only where {best} cannot answer",
        {
            "better": best,
            "usd_per_1k_tokens": own,
            "better_usd_per_1k_tokens": instead,
            "seconds": mine.public(),
            "better_seconds": theirs.public(),
            "answers": situation.groups[name].answered,
        },
        situation.moved(name, best),
        certainty(mine, theirs),
    )


def _beats(other: Candidate, candidate: Candidate, situation: Situation) -> bool:
    """Whether the other is at least as good in everything, and better in something."""
    mine, theirs = candidate.deployment, other.deployment
    if other is candidate or mine.fallback_level or theirs.fallback_level:
        return False
    if not set(mine.tags) <= set(theirs.tags) or not _does_as_much(other, candidate):
        return False
    if not {mine.name, theirs.name} <= situation.alternatives.keys():
        return False
    slow, quick = situation.seconds(mine.name), situation.seconds(theirs.name)
    if slow is None or quick is None or min(slow.samples, quick.samples) < LEAST_ANSWERS:
        return False
    if situation.success(theirs.name).value < situation.success(mine.name).value:
        return False
    own, instead = (
        situation.usd_per_1k(situation.alternatives[n].price) for n in (mine.name, theirs.name)
    )
    if instead > own or quick.value > slow.value:
        return False
    return instead < own * (1 - BETTER) or quick.value < slow.value * (1 - BETTER)


def _does_as_much(other: Candidate, candidate: Candidate) -> bool:
    mine, theirs = candidate.facts.capabilities, other.facts.capabilities
    if any(getattr(mine, able) and not getattr(theirs, able) for able in _ABLE):
        return False
    limits = (
        (mine.max_input_tokens, theirs.max_input_tokens),
        (mine.max_output_tokens, theirs.max_output_tokens),
    )
    return all(own is None or (their is not None and their >= own) for own, their in limits)


def never_asked(situation: Situation) -> Iterator[Advice]:
    """Calls enough, and none of them went there, not even after a failure."""
    if situation.calls < LEAST_CALLS_FOR_NEVER:
        return
    actual = math.fsum(call.usd for call in situation.priced)
    for name, candidate in situation.candidates.items():
        if name in situation.groups or candidate.deployment.fallback_level:
            continue
        alone = situation.charges.total(name)
        usd = None if alone is None else situation.per_1k_calls(alone - actual)
        yield Advice(
            "never_asked",
            name,
            f"{name} was asked in none of {situation.calls} calls, so nothing is known of it"
            + ("" if usd is None else f"; alone it would have cost {alone:.6f} USD"),
            f"measure {name} once (strategy='round_robin' for a while), or leave it out",
            {"calls": situation.calls, "usd_alone": alone, "actual_usd": actual},
            Effect(usd_per_1k_calls=usd),
            by_samples(situation.calls),
        )


def never_works(situation: Situation) -> Iterator[Advice]:
    """No attempt succeeded, and what failed does not mend by itself."""
    for name, group in situation.groups.items():
        if group.good or group.failed_attempts < LEAST_CALLS:
            continue
        cause, count = max(group.causes.items(), key=lambda entry: entry[1])
        if cause not in NEVER_MENDED:
            continue
        lost = math.fsum(
            attempt.seconds
            for record in situation.records
            for attempt in record.attempts
            if attempt.deployment == name
        )
        yield Advice(
            "never_works",
            name,
            f"{name} has answered none of {group.ended} attempts; {count} failed for {cause}",
            f"mend its credentials or its model's name, or pause({name!r}) until then",
            {"attempts": group.ended, "cause": cause, "of_that_cause": count},
            Effect(seconds_per_call=-lost / situation.calls),
            by_samples(group.ended),
        )


def retiring(situation: Situation) -> Iterator[Advice]:
    """The maintained data say that the model goes away."""
    for name, candidate in situation.candidates.items():
        status = (candidate.facts.capabilities.status or "").casefold()
        if status not in RETIRING:
            continue
        group = situation.groups.get(name)
        share = 0.0 if group is None else group.share
        others = [n for n, g in situation.groups.items() if n != name and g.answered]
        known = situation.alternatives
        heir = max(others, key=lambda n: (n in known, situation.groups[n].answered), default=None)
        effect = Effect(success_rate=-share) if heir is None else situation.moved(name, heir)
        model = candidate.deployment.model_name
        takes = f"; until then {heir} would take its calls" if heir else ""
        yield Advice(
            "retiring_model",
            name,
            f"{name}'s model {model} is {status}; it gives {share:.1%} of the answers",
            f"put its successor beside it before it is switched off{takes}",
            {"model_name": model, "status": status, "share_of_answers": share, "heir": heir},
            effect,
            HIGH,
        )


def nested_retries(situation: Situation) -> Iterator[Advice]:
    """An SDK's own retries multiply the router's."""
    settings = situation.settings
    for name, hidden in settings.hidden_attempts.items():
        if hidden <= 1:
            continue
        slow, quick = situation.failing_seconds(of=name), situation.failing_seconds(but=name)
        seconds = None
        if slow is not None and quick is not None and slow.value > quick.value:
            seconds = (quick.value - slow.value) * slow.samples / situation.calls
        yield Advice(
            "nested_retries",
            name,
            f"{name}'s SDK makes up to {hidden} requests of one attempt: a call can send "
            f"{settings.requests} requests for {settings.attempts} attempts, and the router sees "
            "none of the failures between",
            f"leave keep_retries off for {name}: the router's own retries go elsewhere, too",
            {
                "hidden_attempts": hidden,
                "attempts": settings.attempts,
                "requests": settings.requests,
                "seconds_of_a_failure": None if slow is None else slow.public(),
            },
            Effect(
                seconds_per_call=seconds,
                requests_per_call=settings.attempts - settings.requests,
            ),
            HIGH,
        )


def outer_retries(situation: Situation) -> Iterator[Advice]:
    """A layer around the router repeats its calls, so that all of its retries are made again."""
    settings = situation.settings
    for layer, calls, times in settings.wrappings:
        requests = settings.requests * times
        yield Advice(
            "outer_retries",
            layer,
            f"{layer} made {calls} calls once more, one of them {times} times: with the router's "
            f"own retries one call can send {requests} requests instead of {settings.requests}",
            "leave the repeating to the router (max_retries, deadline_seconds), which goes "
            "elsewhere and knows who is out",
            {"repeated_calls": calls, "times": times, "requests": requests},
            Effect(requests_per_call=settings.requests - requests),
            HIGH,
        )

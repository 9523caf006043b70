"""Evidence: what each recommendation rests on, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..candidate import Candidate
from .certainty import HIGH, LOW, MEDIUM, Estimate, certainty, mean, rate

#: Recommendation → the strength that has to be stated for it.
STATED: Final[Mapping[str, str]] = {
    "best_for_multimodal": "multimodal",
    "best_for_coding": "coding",
    "best_for_enterprise": "enterprise",
}


def evidence(
    chosen: Mapping[str, str | None],
    candidates: Sequence[Candidate],
    usd_per_1k: Callable[[Candidate], float | None],
) -> dict[str, Any]:
    """For each recommendation the measured value, its interval, the runner-up, and how sure it is.

    A price is a fact: "high" where everybody's is known. A stated strength is an opinion: "low".

    Args:
        chosen: Recommendation → the deployment that is recommended, or None.
        candidates: All deployments.
        usd_per_1k: What one costs.
    """
    fleet = {candidate.deployment.name: candidate for candidate in candidates}
    found: dict[str, Any] = {}
    for what, name in chosen.items():
        if name is None or name not in fleet:
            found[what] = None
        elif what in STATED:
            found[what] = {
                "deployment": name,
                "why": f"its strengths include {STATED[what]!r}, which is stated, not measured",
                "sure": LOW,
            }
        elif what == "fastest":
            known = {n: _seconds(c) for n, c in fleet.items()}
            found[what] = _measured(name, known, "s on average")
            recent = fleet[name].average_seconds
            if recent is not None and known[name] is not None:
                found[what]["why"] += f"; of late it takes {recent:.3g} s"
        elif what == "most_reliable":
            rates = {n: _success(c) for n, c in fleet.items()}
            found[what] = _measured(name, rates, "of attempts succeeded", -1.0)
        else:
            found[what] = _priced(name, {n: usd_per_1k(c) for n, c in fleet.items()})
    return found


def _seconds(candidate: Candidate) -> Estimate | None:
    return mean(candidate.stats.measured.times)


def _success(candidate: Candidate) -> Estimate | None:
    stats = candidate.stats
    ended = stats.succeeded + stats.failed
    return rate(stats.succeeded, ended) if ended else None


def _measured(
    name: str, known: Mapping[str, Estimate | None], unit: str, sign: float = 1.0
) -> dict[str, Any]:
    """The value and the next best one; `sign` −1 where more is better."""
    mine = known[name]
    others = {n: e for n, e in known.items() if e is not None and n != name}
    second = min(others, key=lambda n: sign * others[n].value, default=None)
    told: dict[str, Any] = {"deployment": name, "why": "asked, but no time was kept", "sure": LOW}
    if mine is None:
        return told
    shown = f"{mine.value:.1%}" if sign < 0 else f"{mine.value:.3g}"
    told |= {"value": mine.value, "interval": mine.interval, "samples": mine.samples}
    told["why"] = f"{shown} {unit} in {mine.samples} samples; there is nobody to compare with"
    if second is None:
        return told
    theirs = others[second]
    next_best = f"{theirs.value:.1%}" if sign < 0 else f"{theirs.value:.3g}"
    return {
        **told,
        "why": f"{shown} {unit} in {mine.samples} samples; next is {second} with {next_best} in "
        f"{theirs.samples}",
        "runner_up": second,
        "runner_up_value": theirs.value,
        "runner_up_interval": theirs.interval,
        "sure": certainty(mine, theirs),
    }


def _priced(name: str, prices: Mapping[str, float | None]) -> dict[str, Any]:
    mine = prices[name]
    others = {n: usd for n, usd in prices.items() if usd is not None and n != name}
    unknown = sorted(n for n, usd in prices.items() if usd is None)
    second = min(others, key=others.__getitem__, default=None)
    why = f"{mine or 0.0:.6f} USD per 1K tokens"
    if second is not None:
        why += f"; next is {second} with {others[second]:.6f}"
    if unknown:
        why += f"; not known of {', '.join(unknown)}"
    return {
        "deployment": name,
        "value": mine,
        "why": why,
        "runner_up": second,
        "runner_up_value": None if second is None else others[second],
        "sure": MEDIUM if unknown else HIGH,
    }

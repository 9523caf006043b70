"""The sixteen scenarios as a scorecard: each wire failing in turn, four modes, one configuration.

    python -m tests.wire.scorecard

Verdicts: **pass** rescued and clean; **partial** rescued, an advised check failed; **safe** not
rescued, but a bounded, clean error; **fail** a hang, a truncated answer as a success, or a required
check.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import tenacity

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.resilience.policy import Policy

from .conftest import MODELS, MODES, WIRES, ask
from .scenarios import (
    CANONICAL,
    PROMPT,
    SCALE,
    SCENARIOS,
    Observed,
    Scenario,
    Seen,
    usable_afterwards,
)

#: One configuration for all cells: the published budget, in scaled seconds.
SETTINGS: dict[str, Any] = {
    "strategy": "ordered",
    "timeout": 30 * SCALE,
    "max_retries": 2,
    "first_token_seconds": 12 * SCALE,
    "on_interrupted": "continue",
    "deadline_seconds": 90 * SCALE + 1.0,  # so that every limit holds to the moment, in sync too
    "policy": Policy(
        wait=tenacity.wait_random(0.02, 0.05),
        open_seconds=5 * SCALE,
        longest_open_seconds=15 * SCALE,
        after_finish_seconds=0.25,
    ),
}
#: A model whose service refuses a request that ends in an assistant's turn.
NO_PREFILL = "eu.anthropic.claude-sonnet-5-5"
#: Between two requests of one scenario.
GAP_SECONDS = 3 * SCALE


class Bench:
    """The clients, built once."""

    def __init__(self, cloud: Emulator, models: dict[str, Any]) -> None:
        self.cloud = cloud
        self.models = {**models, "no prefill": cloud.chat_model("aws_bedrock", NO_PREFILL)}

    def verdict(self, code: str, wire: str, mode: str) -> tuple[str, str]:
        """ "pass", "partial", "safe" or "fail", and why."""
        scenario = SCENARIOS[code]
        seen = self._observe(scenario, wire, mode)
        for check in (usable_afterwards, *scenario.required):
            wrong = check(seen)
            if wrong is not None:
                return "fail", wrong
        for check in scenario.advisory:
            wrong = check(seen)
            if wrong is not None:
                return ("safe" if seen.last.error is not None else "partial"), wrong
        return "pass", ""

    def _observe(self, scenario: Scenario, wire: str, mode: str) -> Observed:
        cloud, names = self.cloud, dict(MODELS)
        other = WIRES[(WIRES.index(wire) + 1) % len(WIRES)]
        if scenario.refuses_prefill:
            other, names["no prefill"] = "no prefill", NO_PREFILL
        deployments = [Deployment(self.models[which], name=which) for which in (wire, other)]
        router = RoutedChatModel(deployments, **SETTINGS)
        cloud.heal()
        cloud.clear_log()
        cloud.break_(wire, scenario.fault, model=names[wire], times=scenario.times)
        try:
            calls, healed = self._calls(router, scenario, mode, wire)
        finally:
            cloud.heal()
        sent = {which: [e for e in cloud.log if e.model == names[which]] for which in (wire, other)}
        after = _called(router, mode)
        return Observed(calls, sent[wire], sent[other], names[other], healed, after)

    def _calls(
        self, router: RoutedChatModel, scenario: Scenario, mode: str, wire: str
    ) -> tuple[list[Seen], float | None]:
        calls, healed, begun = [], None, time.monotonic()
        for number in range(scenario.requests):
            pause = begun + number * GAP_SECONDS - time.monotonic()
            if number and pause > 0:
                time.sleep(pause)
            down = scenario.outage_seconds
            if down is not None and healed is None and time.monotonic() - begun >= down:
                self.cloud.heal(wire)
                healed = time.monotonic()
            calls.append(_called(router, mode))
        return calls, healed


def _called(router: RoutedChatModel, mode: str) -> Seen:
    started = time.monotonic()
    try:
        answer, error = ask(router, mode, PROMPT), None
    except Exception as raised:
        answer, error = None, raised
    return Seen(answer, error, started, time.monotonic() - started)


def main() -> None:
    """Print the table."""
    counted: Counter[str] = Counter()
    print(f"{'':4} {'scenario':38} " + " ".join(f"{wire:>12}" for wire in WIRES) + "   of 4 modes")
    with Emulator(seed=0) as cloud:
        built = {wire: cloud.chat_model(wire, name) for wire, name in MODELS.items()}
        bench = Bench(cloud, built)
        reasons = []
        for code, scenario in SCENARIOS.items():
            cells = []
            for wire in WIRES:
                verdicts = {mode: bench.verdict(code, wire, mode) for mode in MODES}
                counted.update(verdict for verdict, _ in verdicts.values())
                passed = sum(verdict == "pass" for verdict, _ in verdicts.values())
                cells.append(f"{passed:>10}/{len(MODES)}")
                reasons += [
                    f"{code} {wire} {mode}: {verdict}, {why}"
                    for mode, (verdict, why) in verdicts.items()
                    if verdict != "pass"
                ]
            print(f"{code:4} {scenario.title:38} " + " ".join(cells))
    print(", ".join(f"{count} {verdict}" for verdict, count in counted.most_common()))
    print(*reasons, sep="\n")
    print("\nWhat each means, for whole answers and for streams:")
    for code, scenario in SCENARIOS.items():
        print(f"{code}: {scenario.whole_means}; {scenario.stream_means}")
    print(f"The canonical answer has {len(CANONICAL.split())} words.")


if __name__ == "__main__":
    main()

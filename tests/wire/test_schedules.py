"""Randomised schedules of faults and callers: the statistics are exactly what the wire log says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from hypothesis import HealthCheck, given, settings

from langchain_multirouter.economics.resolve import GENAI_PROVIDERS
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.log import WireEntry
from langchain_multirouter.errors import AllAttemptsFailedError, NoCandidateError

from .schedule import POOL, Account, Player, Schedule, expected_causes, schedules

#: Each loop's pooled connections are left to the collector by the SDKs.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
_NAMES = {model: name for name, (_, model) in POOL.items()}
_SETTINGS = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
}


@pytest.fixture(scope="session")
def pool(emulator: Emulator) -> dict[str, Any]:
    return {name: emulator.chat_model(wire, model) for name, (wire, model) in POOL.items()}


@settings(max_examples=100, derandomize=True, **_SETTINGS)
@given(schedule=schedules())
def test_statistics_equal_the_wire_log(
    schedule: Schedule, emulator: Emulator, pool: dict[str, Any]
) -> None:
    check(schedule, emulator, pool)


@pytest.mark.slow
@pytest.mark.parametrize("quarter", range(4))
@settings(max_examples=1_250, **_SETTINGS)
@given(schedule=schedules())
def test_statistics_equal_the_wire_log_over_five_thousand(
    schedule: Schedule, quarter: int, emulator: Emulator, pool: dict[str, Any]
) -> None:
    check(schedule, emulator, pool)


def check(schedule: Schedule, emulator: Emulator, pool: dict[str, Any]) -> None:
    played = Player(emulator, pool, schedule)
    played.play()
    sent = {
        prompt: es
        for prompt, es in by_call(emulator.log).items()
        if prompt.startswith(f"{played.played}-")
    }
    assert set(sent) <= {account.prompt for account in played.accounts}
    for account in played.accounts:
        entries = sent.get(account.prompt, [])
        if account.records is not None:
            each_attempt_is_on_the_wire(account.records, entries)
            a_call_costs_what_was_completed_for_it(account, entries)
        if account.tagged:
            eu = {n for n, t in zip(schedule.deployments, schedule.tagged, strict=True) if t}
            assert {_NAMES[entry.model] for entry in entries} <= eu
        if isinstance(account.error, AllAttemptsFailedError | NoCandidateError):
            nobody_could_have_answered(played, account.tagged)
    totals_agree(played, sent)


def by_call(log: tuple[WireEntry, ...]) -> dict[str, list[WireEntry]]:
    """The requests of each call, told by its prompt, which is in their bodies."""
    found: dict[str, list[WireEntry]] = {}
    for entry in log:
        text = str(entry.body)
        at = text.index("call-")
        found.setdefault(text[at : text.index(".", at)], []).append(entry)
    return found


def each_attempt_is_on_the_wire(
    records: list[tuple[str, str, str | None]], entries: list[WireEntry]
) -> None:
    """One request for each attempt, in order, and each with the outcome that it had to have."""
    made = [record for record in records if record[2] != "local_environment"]
    assert [name for name, _, _ in made] == [_NAMES[entry.model] for entry in entries]
    for (_, outcome, cause), entry in zip(made, entries, strict=True):
        causes = expected_causes(entry.fault) if entry.fault else frozenset()
        assert outcome == ("failure" if causes else "success")
        assert cause is None if not causes else cause in causes


def a_call_costs_what_was_completed_for_it(account: Account, entries: list[WireEntry]) -> None:
    """By genai-prices itself, over all attempts; what was not completed is guessed, apart."""
    expected = sum(priced(entry) for entry in entries if entry.completed)
    if account.answer is not None:
        told = account.answer.response_metadata["router"]
        cost_usd, guessed_usd = told["cost_usd"], told.get("estimated_usd", 0.0)
    else:
        attempts = getattr(account.error, "attempts", ())
        cost_usd = sum(attempt.cost_usd or 0.0 for attempt in attempts)
        guessed_usd = sum(attempt.estimated_usd or 0.0 for attempt in attempts)
    assert cost_usd == pytest.approx(expected, rel=1e-9, abs=1e-12)
    if all(entry.completed for entry in entries):
        assert guessed_usd == 0.0


def nobody_could_have_answered(played: Player, tagged: bool) -> None:
    """A call is lost only where no eligible deployment was well all the time."""
    schedule = played.schedule
    eligible = [
        name
        for name, has_tag in zip(schedule.deployments, schedule.tagged, strict=True)
        if has_tag or not tagged
    ]
    assert not [name for name in eligible if name not in played.broken]


def totals_agree(played: Player, sent: dict[str, list[WireEntry]]) -> None:
    """Counts, tokens and USD of each deployment; what callers left is apart, and bounded."""
    left = {account.prompt for account in played.accounts if account.records is None}
    fleet = played.router.assembled.fleet
    for candidate in fleet.snapshot():
        name, stats = candidate.deployment.name, candidate.stats
        entries = {
            prompt: [e for e in of_call if _NAMES[e.model] == name]
            for prompt, of_call in sent.items()
        }
        kept = [e for prompt, es in entries.items() if prompt not in left for e in es]
        others = [e for prompt, es in entries.items() if prompt in left for e in es]
        good = [e for e in kept if not (e.fault and expected_causes(e.fault))]
        local = stats.causes.get("local_environment", 0)
        assert stats.pending == 0
        spare = (stats.succeeded - len(good), stats.failed - local - (len(kept) - len(good)))
        assert min(spare) >= 0  # what is more belongs to calls that were left later
        assert sum(spare) + stats.cancelled >= len(others)
        assert sum(spare) <= len(others)
        if not others:
            assert stats.cancelled == 0 or left
            tokens = Counter(input=0, output=0)
            usd = 0.0
            for entry in kept:  # completed or not: what was not has no tokens
                tokens.update(input=entry.input_tokens, output=entry.output_tokens)
                usd += priced(entry) if entry.completed else 0.0
            measured = stats.measured
            assert (measured.input_tokens, measured.output_tokens) == tuple(tokens.values())
            assert measured.cost_usd == pytest.approx(usd, rel=1e-9, abs=1e-12)


def priced(entry: WireEntry) -> float:
    """What genai-prices itself says that the request cost, in USD."""
    usage = Usage(input_tokens=entry.input_tokens, output_tokens=entry.output_tokens)
    price = calc_price(usage, entry.model, provider_id=GENAI_PROVIDERS[entry.provider])
    return float(price.total_price)

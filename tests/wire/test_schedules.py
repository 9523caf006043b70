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

from .schedule import (
    POOL,
    Account,
    Player,
    Record,
    Schedule,
    by_deployment,
    expected_causes,
    schedules,
)

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
    assert len({account.prompt for account in played.accounts}) == len(played.accounts)
    sent = {
        prompt: es
        for prompt, es in by_call(emulator.log).items()
        if prompt.startswith(f"{played.played}-")
    }
    assert set(sent) <= {account.prompt for account in played.accounts}
    accounted: list[WireEntry] = []
    for account in played.accounts:
        entries = sent.get(account.prompt, [])
        if account.records is not None:
            ended = each_attempt_is_on_the_wire(account.records, entries)
            a_call_costs_what_was_completed_for_it(account, ended)
            accounted += ended
        if account.tagged:
            eu = {n for n, t in zip(schedule.deployments, schedule.tagged, strict=True) if t}
            assert {_NAMES[entry.model] for entry in entries} <= eu
        if isinstance(account.error, AllAttemptsFailedError | NoCandidateError):
            nobody_could_have_answered(played, account.tagged)
    totals_agree(played, sent, accounted)
    hedges_are_paid_for_and_losers_are_theirs(played)


def by_call(log: tuple[WireEntry, ...]) -> dict[str, list[WireEntry]]:
    """The requests of each call, told by its prompt, which is in their bodies."""
    found: dict[str, list[WireEntry]] = {}
    for entry in log:
        text = str(entry.body)
        at = text.index("call-")
        found.setdefault(text[at : text.index(".", at)], []).append(entry)
    return found


def each_attempt_is_on_the_wire(records: list[Record], entries: list[WireEntry]) -> list[WireEntry]:
    """One request for each attempt, in each deployment's order, with the outcome that it had to
    have; a loser may have been left before it sent anything. All but the losers'."""
    sent = {name: [e for e in entries if _NAMES[e.model] == name] for name in POOL}
    ended = []
    for name, attempts in by_deployment(records).items():
        made = [attempt for attempt in attempts if attempt[2] != "local_environment"]
        requests = sent.pop(name)
        if attempts[-1][1] == "cancelled":  # after which the call was over
            made.pop()
            del requests[len(made) : len(made) + 1]
        for (_, outcome, cause), entry in zip(made, requests, strict=True):
            causes = expected_causes(entry.fault) if entry.fault else frozenset()
            assert outcome == ("failure" if causes else "success")
            assert cause is None if not causes else cause in causes
            ended.append(entry)
    assert not any(sent.values())
    return ended


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
    lost = any(outcome == "cancelled" for _, outcome, _ in account.records or ())
    if not lost and all(entry.completed for entry in entries):
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


def totals_agree(
    played: Player, sent: dict[str, list[WireEntry]], accounted: list[WireEntry]
) -> None:
    """Counts, tokens and USD of each deployment; what callers left is apart, and bounded."""
    records = [r for account in played.accounts for r in account.records or ()]
    left = [account.prompt for account in played.accounts if account.records is None]
    for candidate in played.router.assembled.fleet.snapshot():
        name, stats = candidate.deployment.name, candidate.stats
        mine = by_deployment(records).get(name, [])
        known = Counter(outcome for _, outcome, _ in mine)
        known.update(cause for _, _, cause in mine if cause == "local_environment")
        others = [e for prompt in left for e in sent.get(prompt, ()) if _NAMES[e.model] == name]
        assert (stats.pending, candidate.orphans) == (0, 0)
        ended = (stats.succeeded - known["success"], stats.failed - known["failure"])
        cancelled = stats.cancelled - known["cancelled"]
        local = stats.causes.get("local_environment", 0) - known["local_environment"]
        assert min(*ended, cancelled) >= 0  # what is more belongs to calls that were left
        assert sum(ended) - local <= len(others) <= sum(ended) - local + cancelled
        assert left or cancelled == 0
        if not others:
            tokens = Counter(input=0, output=0)
            usd = 0.0
            for entry in accounted:  # completed or not: what was not has no tokens
                if _NAMES[entry.model] == name:
                    tokens.update(input=entry.input_tokens, output=entry.output_tokens)
                    usd += priced(entry) if entry.completed else 0.0
            measured = stats.measured
            assert (measured.input_tokens, measured.output_tokens) == tuple(tokens.values())
            assert measured.cost_usd == pytest.approx(usd, rel=1e-9, abs=1e-12)


def hedges_are_paid_for_and_losers_are_theirs(played: Player) -> None:
    """No more than the budgets allow; one loser for a hedge at most, and for a call."""
    policy = played.policy
    calls = [account.records for account in played.accounts if account.records is not None]
    losers = [sum(outcome == "cancelled" for _, outcome, _ in records) for records in calls]
    assert max(losers, default=0) <= 1
    assert sum(losers) <= played.hedges.total()
    assert played.schedule.hedge is not None or not played.hedges
    for candidate in played.router.assembled.fleet.snapshot():
        name, started = candidate.deployment.name, candidate.stats.started
        mine = [by_deployment(records).get(name, []) for records in calls]
        free = [any(cause == "local_environment" for _, _, cause in ours) for ours in mine]
        retries = sum(max(0, len(ours) - 1 - f) for ours, f in zip(mine, free, strict=True))
        earned = policy.retry_ratio * started + policy.retries_per_second * played.seconds
        assert played.hedges[name] + retries <= policy.retry_burst + earned


def priced(entry: WireEntry) -> float:
    """What genai-prices itself says that the request cost, in USD."""
    usage = Usage(input_tokens=entry.input_tokens, output_tokens=entry.output_tokens)
    price = calc_price(usage, entry.model, provider_id=GENAI_PROVIDERS[entry.provider])
    return float(price.total_price)

"""Affinity in simulation: what the same conversations cost, with the catalogue's real prices."""

from __future__ import annotations

from functools import cache

import pytest

from tests.benchmarks.affinity import AFFINITY, FLEETS, SESSIONS, TURNS, WITHOUT, measured, worlds
from tests.benchmarks.conversations import Outcome

FLEET = pytest.mark.parametrize("title", list(FLEETS))


@cache
def outcomes(title: str) -> dict[str, Outcome]:
    fleet = FLEETS[title]
    only = ("cost_optimized", TURNS, "always")
    return measured(fleet, worlds(fleet, conversations=60, seeds=1), only)


@FLEET
def test_affinity_costs_less_than_without_and_than_taking_turns(title: str) -> None:
    found = outcomes(title)
    assert found[AFFINITY].usd < found[WITHOUT].usd < found[TURNS].usd or (
        found[AFFINITY].usd < found[TURNS].usd < found[WITHOUT].usd
    )


@FLEET
def test_affinity_costs_no_more_than_always_one_whichever(title: str) -> None:
    """Of deployments that are alike the luckiest, which was throttled least, cannot be known."""
    found = outcomes(title)
    always = [outcome.usd for name, outcome in found.items() if name.startswith("always")]
    if title == "one model in three regions":
        assert found[AFFINITY].usd < sum(always) / len(always)
    else:
        assert found[AFFINITY].usd < min(always)


@FLEET
def test_more_of_the_prompts_is_cached_than_without(title: str) -> None:
    found = outcomes(title)
    assert found[AFFINITY].cached_share > found[WITHOUT].cached_share
    assert found[AFFINITY].cached_share > found[TURNS].cached_share + 0.08
    assert found[AFFINITY].warm_share > 0.8


def test_a_cheaper_model_without_a_cache_is_seen_through() -> None:
    found = outcomes("a cheaper model without a cache")
    assert found[AFFINITY].usd < 0.6 * found[WITHOUT].usd


def test_sessions_keep_conversations_warm_under_any_strategy() -> None:
    fleet = FLEETS["one model in three regions"]
    found = measured(fleet, worlds(fleet, conversations=40, seeds=1), ("round_robin",))
    assert found[SESSIONS].usd < 0.85 * found[TURNS].usd
    assert found[SESSIONS].moves < 0.1 * found[TURNS].moves

"""Advice: each rule finds what is wrong in a scripted configuration, and says what changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.economics.price import Price
from langchain_multirouter.options import read_options
from langchain_multirouter.telemetry.advising.advice import Advice, Effect
from langchain_multirouter.telemetry.advising.rules import advice
from langchain_multirouter.telemetry.advising.situation import (
    PriceChange,
    Settings,
    price_changes,
)
from langchain_multirouter.telemetry.record import CallRecord
from langchain_multirouter.telemetry.savings import flat_price
from tests.reference.known import known, usd
from tests.telemetry.made import call, failure, success

CHEAP, DEAR = usd(0.001), usd(0.004)
FLEET = [known(0, price=CHEAP), known(1, price=DEAR)]


def told(
    records: Sequence[CallRecord],
    fleet: Sequence[Candidate] = (),
    settings: Settings | None = None,
) -> dict[str, Advice]:
    return {one.kind: one for one in advice(records, list(fleet), settings)}


def answers(name: str, count: int, price: Price = CHEAP, seconds: float = 1.0) -> list[CallRecord]:
    """So many calls of one deployment, whose times vary by a tenth."""
    return [
        call(success(name, seconds * (0.95 + 0.1 * (i % 2)), price=price)) for i in range(count)
    ]


def test_a_healthy_router_gets_no_advice() -> None:
    quicker = usd(0.0011)
    fleet = [known(0, price=CHEAP), known(1, price=quicker)]
    records = [*answers("a", 60, CHEAP, 1.2), *answers("b", 60, quicker, 1.0)]
    assert told(records, fleet, Settings(read_options({"deadline_seconds": 60}), {"a": 1})) == {}


def test_of_fewer_than_ten_calls_nothing_is_said() -> None:
    assert told([call(failure("a", "authentication"))] * 9, FLEET) == {}


def test_a_deployment_that_another_beats_in_everything_is_never_the_right_choice() -> None:
    records = [*answers("a", 100, CHEAP, 1.0), *answers("b", 100, DEAR, 2.0)]
    found = told(records, FLEET)["never_right"]
    assert found.about == "b"
    assert found.evidence["better"] == "a"
    assert "fallback_level=1" in found.change
    # 1,200 tokens a call at 0.003 USD per 1K more, in half of the calls; and one second, in half.
    assert found.effect.usd_per_1k_calls == pytest.approx(-1.8)
    assert found.effect.seconds_per_call == pytest.approx(-0.5)
    assert found.effect.success_rate == 0.0
    assert found.sure == "high"


@pytest.mark.parametrize(
    "b",
    [
        {"tags": ["eu"]},
        {"fallback_level": 1},
        {"capabilities": Capabilities(images=True)},
        {"capabilities": Capabilities(100_000)},
    ],
    ids=str,
)
def test_who_can_do_what_the_other_cannot_is_not_called_never_right(b: dict[str, Any]) -> None:
    fleet = [known(0, price=CHEAP), known(1, price=DEAR, **b)]
    records = [*answers("a", 100, CHEAP, 1.0), *answers("b", 100, DEAR, 2.0)]
    assert "never_right" not in told(records, fleet)


def test_who_was_never_asked_is_told_with_what_it_would_have_cost() -> None:
    found = told(answers("a", 100), FLEET)["never_asked"]
    assert found.about == "b"
    assert found.effect.usd_per_1k_calls == pytest.approx(3.6)
    assert told(answers("a", 99), FLEET) == {}


def test_credentials_that_never_worked_are_told_with_the_time_they_cost() -> None:
    one = call(failure("b", "authentication", 0.4), success("a", price=CHEAP))
    found = told([one] * 12, FLEET)["never_works"]
    assert (found.about, found.evidence["cause"]) == ("b", "authentication")
    assert found.effect.seconds_per_call == pytest.approx(-0.4)
    assert found.sure == "low"


def test_a_deadline_that_cuts_answers_is_told_with_a_longer_one() -> None:
    cut = call(failure("b", "timeout", 2.0), cause="timeout", seconds=2.0)
    records = [*answers("a", 80), *[cut] * 20]
    settings = Settings(read_options({"deadline_seconds": 2.0}))
    found = told(records, FLEET, settings)["deadline_cuts"]
    assert found.evidence["cut_calls"] == 20
    assert found.evidence["by_deployment"] == {"b": 20}
    assert found.change.startswith("raise deadline_seconds to 4")
    assert found.effect == Effect(None, pytest.approx(0.4), pytest.approx(0.2), at_most=True)
    assert found.sure == "high"
    longer = Settings(read_options({"deadline_seconds": 30.0}))
    assert "deadline_cuts" not in told(records, FLEET, longer)
    assert "deadline_cuts" not in told(records, FLEET)


def test_nested_retries_are_told_before_there_is_any_traffic() -> None:
    settings = Settings(hidden_attempts={"a": 3, "b": 1}, attempts=4, requests=8)
    found = told([], FLEET, settings)["nested_retries"]
    assert found.about == "a"
    assert "8 requests for 4 attempts" in found.text
    assert found.effect.requests_per_call == -4
    assert found.effect.seconds_per_call is None


def test_nested_retries_are_told_with_the_time_that_their_failures_take() -> None:
    records = [call(failure("a", seconds=3.0), failure("b", seconds=1.0))] * 10
    settings = Settings(hidden_attempts={"a": 3}, attempts=4, requests=8)
    found = told(records, FLEET, settings)["nested_retries"]
    assert found.effect.seconds_per_call == pytest.approx(-2.0)


def test_layers_around_the_router_that_repeat_its_calls_are_told() -> None:
    wrappings = (("LangChain's with_retry()", 5, 3),)
    settings = Settings(attempts=4, requests=6, wrappings=wrappings)
    found = told([], FLEET, settings)["outer_retries"]
    assert found.about == "LangChain's with_retry()"
    assert "18 requests instead of 6" in found.text
    assert found.effect.requests_per_call == -12


@pytest.mark.parametrize("status", ["deprecated", "Retired"])
def test_a_model_that_goes_away_is_told_with_the_share_that_depends_on_it(status: str) -> None:
    fleet = [known(0, price=CHEAP, capabilities=Capabilities(status=status)), known(1, price=DEAR)]
    found = told([*answers("a", 30), *answers("b", 10, DEAR)], fleet)["retiring_model"]
    assert (found.about, found.sure) == ("a", "high")
    assert found.evidence["share_of_answers"] == 0.75
    assert found.evidence["heir"] == "b"
    assert found.effect.usd_per_1k_calls == pytest.approx(0.75 * 3.6)
    alone = told([], fleet)["retiring_model"]
    assert alone.evidence["heir"] is None


def test_a_price_that_changes_soon_is_told_with_what_it_will_cost() -> None:
    at = datetime(2026, 12, 1, tzinfo=UTC)
    change = PriceChange("a", at, CHEAP, usd(0.005))
    found = told(answers("a", 20), FLEET, Settings(changes=(change,)))["price_changes"]
    assert "rises on 2026-12-01 from 0.001000 to 0.005000 USD per 1K tokens (+400%)" in found.text
    assert found.change == "from then on b would be cheaper"
    assert found.effect.usd_per_1k_calls == pytest.approx(4.8)
    before = told([], FLEET, Settings(changes=(change,)))["price_changes"]
    assert str(before.effect) == "not known"


NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now_until", "then_until", "then", "told_"),
    [
        (NOW + timedelta(days=5), None, DEAR, True),
        (NOW + timedelta(days=46), None, DEAR, False),
        (None, None, DEAR, False),
        (NOW + timedelta(days=5), None, None, False),
        (NOW + timedelta(hours=5), NOW + timedelta(hours=13), DEAR, False),
    ],
    ids=["near", "far", "undated", "no price then", "an hour of the day"],
)
def test_the_changes_of_the_next_weeks_are_found(
    now_until: datetime | None, then_until: datetime | None, then: Price | None, told_: bool
) -> None:
    fleet = [known(0, price=Price(CHEAP.rates, valid_until=now_until))]
    later = None if then is None else Price(then.rates, valid_until=then_until)
    assert bool(price_changes(fleet, lambda number, at: later, NOW)) is told_


def test_answers_of_unknown_cost_are_told_with_what_they_may_cost() -> None:
    fleet = [known(0, price=CHEAP), known(1)]
    records = [*answers("a", 10), *[call(success("b", usd=None))] * 30]
    found = told(records, fleet)["price_unknown"]
    assert (found.about, found.evidence["unpriced_answers"]) == ("b", 30)
    assert found.effect.usd_per_1k_calls == pytest.approx(0.75 * 1.2)
    assert "price_unknown" not in told([*answers("a", 10), *records[-9:]], fleet)


def test_a_strategys_first_choice_that_often_fails_is_told_with_its_cause_and_remedy() -> None:
    bad = call(failure("a", "throttled", 0.5), success("b", price=DEAR))
    found = told([*answers("a", 60), *[bad] * 40], FLEET)["first_choice_fails"]
    assert found.about == "a"
    assert "intelligent asks a first in 100 calls, and it fails in 40.0% of them" in found.text
    assert "mostly for throttled (40)" in found.text
    assert found.change.startswith("raise its quota")
    assert found.effect.seconds_per_call == pytest.approx(-0.2)
    assert found.effect.success_rate == 0.0


def test_a_caller_that_asks_what_nobody_takes_is_no_deployments_failure() -> None:
    bad = call(failure("a", "bad_request"), cause="bad_request")
    assert "first_choice_fails" not in told([*answers("a", 60), *[bad] * 40], FLEET)


def test_a_max_cost_that_leaves_nobody_is_told_with_one_that_would_do() -> None:
    refused = call(cause="NoCandidateError", removed_by=("max_cost",))
    found = told([*answers("a", 60), *[refused] * 40], FLEET)["nobody_left"]
    assert found.about == "max_cost"
    assert "left nobody to ask in 40 of 100 calls (40.0%), in 40 of them by itself" in found.text
    assert "raise max_cost to at least 0.001200 USD" in found.change
    assert found.effect.success_rate == 0.4
    assert found.effect.usd_per_1k_calls == pytest.approx(0.4 * 1.2)
    both = call(cause="NoCandidateError", removed_by=("max_cost", "require_tags"))
    assert told([both] * 20, FLEET)["nobody_left"].effect.at_most


def test_a_few_answers_that_take_many_times_as_long_are_told_with_what_a_hedge_saves() -> None:
    slow = call(success("a", 30.0, price=CHEAP))
    records = [*answers("a", 196), *[slow] * 4, *answers("b", 20, DEAR)]
    found = told(records, FLEET)["long_tail"]
    assert found.about == "a"
    assert found.change.startswith("hedge=True")
    assert found.effect.seconds_per_call is not None
    assert found.effect.seconds_per_call == pytest.approx(-4 * (30 - 1.05 - 1.05) / 220, rel=0.05)
    hedged = Settings(read_options({"hedge": True}))
    assert "long_tail" not in told(records, FLEET, hedged)


def test_one_deployment_that_would_be_cheaper_for_all_is_told() -> None:
    records = [*answers("a", 50, CHEAP, 1.5), *answers("b", 100, DEAR, 1.0)]
    found = told(records, FLEET)["cheaper"]
    assert found.about == "a"
    assert found.effect.usd_per_1k_calls == pytest.approx(-2.4)
    assert found.effect.seconds_per_call == pytest.approx(1.5 - 175 / 150, rel=0.01)
    too_slow = [*answers("a", 50, CHEAP, 9.0), *answers("b", 100, DEAR, 1.0)]
    assert "cheaper" not in told(too_slow, FLEET)


def test_what_is_surest_and_changes_most_comes_first() -> None:
    bad = call(failure("a", "throttled", 5.0), success("b", price=DEAR))
    settings = Settings(hidden_attempts={"a": 2}, attempts=4, requests=6)
    found = advice([bad] * 60, FLEET, settings)
    sure = ["high", "medium", "low"]
    ranks = [sure.index(one.sure) for one in found]
    assert ranks == sorted(ranks)
    assert {one.sure for one in found} == {"high", "medium"}


def test_every_piece_has_its_numbers_in_words_and_for_programs() -> None:
    bad = call(failure("a", "throttled", 5.0), success("b", price=DEAR))
    for one in advice([bad] * 60, FLEET, Settings(hidden_attempts={"a": 2}, requests=2)):
        public = one.public()
        assert set(public["effect"]) == set(Effect._fields)
        assert public["effect_in_words"] == str(one.effect)
        assert public["sure"] in ("high", "medium", "low")
        assert one.evidence


def test_an_effect_is_told_in_words() -> None:
    effect = Effect(-1.5, 0.25, 0.125, -4, at_most=True)
    assert str(effect) == (
        "at most -1.5 USD per 1,000 calls, +0.25 s per call, +12.5 % of calls answered, "
        "-4 requests per call at worst"
    )
    assert str(Effect()) == "not known"
    assert str(Effect(0.0, None, 0.0)) == "none"
    assert str(Effect(0.0, -0.5, 0.0)) == "-0.5 s per call"


def test_without_deployments_as_in_a_journal_what_calls_alone_show_is_told() -> None:
    bad = call(failure("a", "throttled", 0.5), success("b", usd=0.002))
    assert set(told([*answers("a", 60), *[bad] * 40])) == {"first_choice_fails"}


def test_free_deployments_divide_nothing_by_nothing() -> None:
    free = flat_price(0.0, 0.0)
    fleet = [known(0, price=free), known(1, price=free)]
    change = PriceChange("a", NOW, free, CHEAP)
    records = [*answers("a", 60, free), *answers("b", 60, free)]
    assert "price_changes" in told(records, fleet, Settings(changes=(change,)))

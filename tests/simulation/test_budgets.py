"""Budgets in virtual time: what every attempt reserves, and what becomes of calls that are not
covered."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from langchain_multirouter import Budget
from langchain_multirouter.economics.budgets import ROOM
from langchain_multirouter.errors import AllAttemptsFailedError, NoCandidateError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.shortage import BudgetExceededError
from langchain_multirouter.steps import Start
from langchain_multirouter.telemetry.events import BudgetReached
from tests.reference.known import usd
from tests.simulation.simulated import HANG, Call, Kept, World, counted, fail, site, stream

#: A call of 1,000 tokens at most, whose answer is to have 1,000 at most: 2 USD at `usd(1)`.
ASKED: dict[str, Any] = {"most_input_tokens": 1_000, "max_tokens": 1_000}
DAY = 86_400.0


def world(*sites: Any, usd_: float = 5.0, per: float = DAY, **budget: Any) -> World:
    return World(*sites, budgets=[Budget(usd=usd_, per_seconds=per, **budget)])


def account(one: World, name: str = "") -> dict[str, float]:
    shown: dict[str, float] = one.fleet.spending(one.now)[0]["accounts"][name]
    return shown


def told(call: Call) -> list[int | None]:
    return [step.max_tokens for _, step in call.trace if isinstance(step, Start)]


def test_an_attempt_reserves_the_most_it_can_cost_and_pays_what_it_cost() -> None:
    one = world(site("a", counted(200, 300), price=usd(1.0)))
    call = one.begin(**ASKED)
    assert account(one)["reserved_usd"] == pytest.approx(2.0)
    one.finish(call)
    assert account(one)["reserved_usd"] == 0.0
    assert account(one)["spent_usd"] == pytest.approx(0.5)


def test_calls_at_once_are_refused_as_soon_as_they_could_overspend_together() -> None:
    one = world(site("a", counted(200, 300), price=usd(1.0)))
    first, second, third = (one.begin(**ASKED) for _ in range(3))
    assert (first.error, second.error) == (None, None)
    assert isinstance(third.error, BudgetExceededError)
    assert third.names == []
    one.finish(first, second)
    assert one.call(**ASKED).answered is not None


def test_a_refusal_names_the_budget_what_is_left_and_when_it_is_renewed() -> None:
    one = world(site("a", counted(900, 900), price=usd(1.0)), usd_=3.0, per=60.0)
    one.call(**ASKED)
    one.now += 9.0
    error = one.call(**ASKED).error
    assert isinstance(error, BudgetExceededError)
    assert isinstance(error, NoCandidateError)
    assert error.shortage.budget == "3 USD per 60 s"
    assert error.shortage.left_usd == pytest.approx(1.2)
    assert error.shortage.needed_usd == pytest.approx(2.0)
    assert error.retry_after_seconds == pytest.approx(50.0)
    assert "up to 2.000000 USD needed, 1.200000 left of 3 USD per 60 s" in str(error)
    assert list(error.removed) == ["a"]
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (str(again), again.shortage) == (str(error), error.shortage)
    one.now += 50.0
    assert one.call(**ASKED).answered is not None


DEAR_AND_CHEAP = (
    site("dear", counted(1, 1), price=usd(10.0)),
    site("cheap", counted(1, 1), price=usd(1.0)),
)


def test_a_budget_that_refuses_looks_for_nobody_cheaper() -> None:
    call = world(*DEAR_AND_CHEAP).call(**ASKED)
    assert isinstance(call.error, BudgetExceededError)
    assert list(call.error.removed) == ["dear"]


def test_a_budget_may_leave_the_cheaper_ones() -> None:
    call = world(*DEAR_AND_CHEAP, when_spent="cheaper").call(**ASKED)
    assert call.names == ["cheap"]
    assert call.answered is not None


def test_where_nobody_is_cheap_enough_it_is_a_refusal_all_the_same() -> None:
    call = world(*DEAR_AND_CHEAP, usd_=0.5, when_spent="cheaper").call(**ASKED)
    assert isinstance(call.error, BudgetExceededError)
    assert list(call.error.removed) == ["dear", "cheap"]


def test_every_retry_and_fallback_reserves_before_it_begins() -> None:
    sites = [
        site("a", fail(Cause.STREAM_BROKEN), price=usd(1.0)),
        site("b", counted(9, 9), price=usd(1.0)),
    ]
    one = world(*sites, usd_=2.4)
    call = one.call(**ASKED, max_retries=0)
    assert call.names == ["a"]  # which may be billed: what is left does not cover another
    assert isinstance(call.error, AllAttemptsFailedError)
    assert account(one)["reserved_usd"] == 0.0
    assert account(one)["spent_usd"] == pytest.approx(call.error.attempts[0].estimated_usd)


def test_an_attempt_that_nobody_bills_gives_all_of_it_back() -> None:
    sites = [
        site("a", fail(Cause.THROTTLED, hint=600.0), price=usd(1.0)),
        site("b", counted(500, 500), price=usd(1.0)),
    ]
    one = world(*sites, usd_=2.5)
    assert one.call(**ASKED, max_retries=0).names == ["a", "b"]
    assert account(one)["spent_usd"] == pytest.approx(1.0)


def test_a_hedge_is_not_sent_where_it_cannot_be_paid() -> None:
    sites = [
        site("a", counted(9, 9, seconds=9.0), price=usd(1.0)),
        site("b", counted(9, 9), price=usd(1.0)),
    ]
    assert world(*sites, usd_=3.0).call(**ASKED, hedge=2.0).names == ["a"]
    one = world(*sites, usd_=4.5)
    assert one.call(**ASKED, hedge=2.0).names == ["a", "b"]
    assert account(one)["reserved_usd"] == 0.0


@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_a_call_that_is_left_reserves_nothing_any_more(seconds: float) -> None:
    one = world(site("a", stream("content", (99.0, "content")), price=usd(1.0)))
    call = one.begin(streamed=True, **ASKED)
    while call.due <= 1000.0 + seconds:
        call.fire()
    call.close()
    assert account(one)["reserved_usd"] == 0.0


def test_a_call_that_gets_no_permit_reserves_nothing() -> None:
    one = world(site("a", HANG, price=usd(1.0)), site("b", price=usd(1.0)), when_spent="cheaper")
    call = one.begin(**ASKED)
    one.fleet.pause("a")
    one.fleet.pause("b")
    assert isinstance(one.begin(**ASKED).error, NoCandidateError)
    assert account(one)["reserved_usd"] == pytest.approx(2.0)
    call.close()
    assert account(one)["reserved_usd"] == 0.0


def test_a_call_without_max_tokens_gets_the_most_that_its_reservation_covers() -> None:
    one = world(site("a", counted(9, 9), price=usd(0.001)), usd_=0.4)
    call = one.begin(most_input_tokens=1_000)
    reserved = account(one)["reserved_usd"]
    (most,) = told(call)
    assert most is not None
    assert reserved == pytest.approx((1_000 + most) * 1e-6, abs=1e-8)
    assert most >= ROOM * 500
    assert told(one.begin(**ASKED)) == [None]  # it has said so itself


def test_a_price_that_is_unknown_is_not_paid_under_a_budget() -> None:
    one = world(site("a"), site("b", price=usd(0.001)))
    assert one.call(**ASKED).names == ["b"]
    call = world(site("a")).call(**ASKED)
    assert type(call.error) is NoCandidateError
    assert call.error.removed == {"a": "budget: price unknown: give model_name= or price="}


def test_unless_the_budget_allows_it() -> None:
    one = world(site("a", counted(9, 9)), unpriced="allow")
    assert one.call(**ASKED).names == ["a"]


def test_an_input_that_has_no_bound_is_bounded_by_the_window_or_refused() -> None:
    windowed = world(site("a", counted(9, 9), price=usd(1.0), window=2_000))
    call = windowed.begin(max_tokens=1_000)
    assert account(windowed)["reserved_usd"] == pytest.approx(3.0)
    windowed.finish(call)
    unbounded = world(site("a", price=usd(1.0))).call(max_tokens=1_000)
    assert isinstance(unbounded.error, NoCandidateError)
    assert "max_input_tokens" in unbounded.error.removed["a"]


def test_each_tenant_has_a_sum_for_itself() -> None:
    one = world(site("a", counted(900, 900), price=usd(1.0)), usd_=3.0, key="tenant")
    assert one.call(**ASKED, tenant="acme").answered is not None
    assert isinstance(one.call(**ASKED, tenant="acme").error, BudgetExceededError)
    assert one.call(**ASKED, tenant="globex").answered is not None
    assert "acme" not in str(one.fleet.spending(one.now))


def test_each_user_and_each_run_has_too() -> None:
    budgets = [Budget(usd=3.0, per_seconds=DAY, key=key) for key in ("user", "run")]
    one = World(site("a", counted(900, 900), price=usd(1.0)), budgets=budgets)
    assert one.call(**ASKED, spenders={"user": "ann", "run": "1"}).answered is not None
    refused = one.call(**ASKED, spenders={"user": "ann", "run": "2"}).error
    assert isinstance(refused, BudgetExceededError)
    assert refused.shortage.budget.endswith("for each user")
    assert one.call(**ASKED, spenders={"user": "ben", "run": "2"}).answered is not None
    refused = one.call(**ASKED, spenders={"user": "cyd", "run": "1"}).error
    assert isinstance(refused, BudgetExceededError)
    assert refused.shortage.budget.endswith("for each run")


def test_a_stream_that_goes_on_elsewhere_reserves_for_what_was_said_too() -> None:
    sites = [
        site("a", stream("content", *fail(Cause.STREAM_BROKEN)), price=usd(1.0)),
        site("b", stream("content", "finish", "end"), price=usd(1.0)),
    ]
    one = world(*sites, usd_=9.0)
    call = one.begin(streamed=True, on_interrupted="continue", **ASKED)
    while call.names == ["a"]:
        call.fire()
    spent, reserved = account(one)["spent_usd"], account(one)["reserved_usd"]
    assert spent >= 0.0
    assert reserved > 2.0
    one.finish(call)
    assert account(one)["reserved_usd"] == 0.0


@pytest.mark.parametrize(("when_spent", "action"), [("refuse", "refused"), ("cheaper", "cheaper")])
def test_a_budget_that_is_reached_is_told_by_a_digest(when_spent: str, action: str) -> None:
    one = world(*DEAR_AND_CHEAP, when_spent=when_spent, key="tenant")
    one.told = heard = Kept()
    one.call(**ASKED, tenant="acme")
    (reached,) = [event for event in heard.events if isinstance(event, BudgetReached)]
    assert (reached.budget, reached.action) == ("5 USD per 86400 s for each tenant", action)
    assert reached.left_usd == pytest.approx(5.0)
    assert reached.wanted_usd == pytest.approx(20.0)
    assert reached.key_digest
    assert "acme" not in str(reached)

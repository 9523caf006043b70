"""Budgets as values: windows, accounts, reservations, and what an answer may use of them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from langchain_multirouter import Budget, ConfigurationError
from langchain_multirouter.economics.budgets import (
    MOST_ACCOUNTS,
    ROOM,
    SHARE,
    Allowance,
    Books,
    Need,
    read_budgets,
)
from langchain_multirouter.shortage import Shortage

NOW = 1000.0
#: One USD for the input, and a cent for each token of output.
ONE = Need(1.0, 0.01, 0, 10, None)


def books(*budgets: Budget) -> Books:
    return Books(budgets)


def reserved(book: Books, need: Need = ONE, now: float = NOW, payer: str = "") -> Any:
    return book.reserve(need, [payer] * len(book.budgets), now)


def allowed(book: Books, need: Need = ONE, now: float = NOW, payer: str = "") -> Allowance:
    found = reserved(book, need, now, payer)
    assert isinstance(found, Allowance), found
    return found


# --- settings that are none --------------------------------------------------------------------


@pytest.mark.parametrize("field", ["usd", "per_seconds"])
@pytest.mark.parametrize(
    "wrong", [0, 0.0, -1, -0.01, math.nan, math.inf, -math.inf, True, "1", None]
)
def test_a_budget_of_nothing_less_or_no_number_is_refused(field: str, wrong: Any) -> None:
    settings: dict[str, Any] = {"usd": 1.0, "per_seconds": 60.0, field: wrong}
    with pytest.raises(ConfigurationError, match=rf"budgets\.{field}"):
        Budget(**settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"key": ""}, "key"),
        ({"key": 7}, "key"),
        ({"key": "k" * 65}, "key"),
        ({"when_spent": "beg"}, "when_spent"),
        ({"unpriced": "maybe"}, "unpriced"),
    ],
)
def test_a_setting_that_is_none_is_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"budgets\.{named}"):
        Budget(usd=1.0, per_seconds=60.0, **settings)


def test_budgets_may_come_as_mappings_from_a_file() -> None:
    given = [{"usd": 1, "per_seconds": 60}, Budget(usd=2, per_seconds=60, key="user")]
    assert read_budgets(given) == (Budget(usd=1, per_seconds=60), given[1])
    assert read_budgets(None) == ()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (Budget(usd=1, per_seconds=1), "budgets: must be a list"),
        ("1", "budgets: must be a list"),
        ({"usd": 1, "per_seconds": 1}, "budgets: must be a list"),
        (7, "budgets: must be a list"),
        ([1.0], "budgets: must hold"),
        ([{"usd": 1}], r"budgets\.per_seconds: must be given"),
        ([{"usd": 1, "per_second": 1}], "Did you mean 'per_seconds'"),
    ],
)
def test_what_is_no_list_of_budgets_is_refused(given: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        read_budgets(given)


# --- reserve, settle, renew --------------------------------------------------------------------


def test_what_is_reserved_is_gone_until_it_is_settled() -> None:
    book = books(Budget(usd=2.5, per_seconds=60))
    first, _ = allowed(book), allowed(book)
    short = reserved(book)
    assert isinstance(short, Shortage)
    assert short.budget == "2.5 USD per 60 s"
    assert short.left_usd == pytest.approx(0.5)
    assert short.needed_usd == pytest.approx(1.0)
    assert short.renewed_seconds == pytest.approx(60.0)
    book.settle(first, 0.25)
    allowed(book)


def test_what_a_call_cost_stays_spent_and_the_rest_comes_back() -> None:
    book = books(Budget(usd=2.1, per_seconds=60))
    for _ in range(4):
        book.settle(allowed(book), 0.25)
    allowed(book)
    assert isinstance(reserved(book), Shortage)


def test_an_attempt_whose_cost_nobody_knows_costs_all_that_it_could() -> None:
    book = books(Budget(usd=1.5, per_seconds=60))
    book.settle(allowed(book), None)
    assert book.public(NOW)[0]["accounts"][""]["spent_usd"] == pytest.approx(1.0)
    assert isinstance(reserved(book), Shortage)


def test_an_attempt_that_was_not_billed_costs_nothing() -> None:
    book = books(Budget(usd=1.5, per_seconds=60))
    for _ in range(50):
        book.settle(allowed(book), 0.0)
    assert book.public(NOW)[0]["accounts"][""]["left_usd"] == 1.5


def test_a_window_begins_with_the_first_call_and_is_renewed_as_a_whole() -> None:
    book = books(Budget(usd=1.5, per_seconds=60))
    book.settle(allowed(book), 1.0)
    short = reserved(book, now=NOW + 59.9)
    assert isinstance(short, Shortage)
    assert short.renewed_seconds == pytest.approx(0.1)
    allowed(book, now=NOW + 60.0)
    assert isinstance(reserved(book, now=NOW + 119.0), Shortage)
    allowed(book, now=NOW + 600.0)


def test_what_comes_of_an_attempt_belongs_to_the_window_it_began_in() -> None:
    book = books(Budget(usd=1.5, per_seconds=60))
    late = allowed(book, now=NOW + 59.0)
    allowed(book, now=NOW + 119.5)
    book.settle(late, 1.0)
    assert book.public(NOW + 119.5)[0]["accounts"][""]["spent_usd"] == 0.0


def test_a_clock_that_was_read_late_opens_no_window_again() -> None:
    book = books(Budget(usd=1.5, per_seconds=60))
    allowed(book)
    allowed(book, now=NOW + 61.0)
    assert isinstance(reserved(book, now=NOW + 59.0), Shortage)


def test_all_budgets_must_cover_an_attempt_and_none_is_charged_if_one_does_not() -> None:
    book = books(Budget(usd=5.0, per_seconds=60), Budget(usd=1.5, per_seconds=60, key="user"))
    allowed(book, payer="ann")
    short = reserved(book, payer="ann")
    assert isinstance(short, Shortage)
    assert short.budget == "1.5 USD per 60 s for each user"
    allowed(book, payer="ben")
    whole = book.public(NOW)[0]["accounts"]["ann"]
    assert whole["reserved_usd"] == pytest.approx(1.0)


def test_accounts_are_named_by_digests_and_those_who_name_none_share_one() -> None:
    book = books(
        Budget(usd=1, per_seconds=1),
        Budget(usd=1, per_seconds=1, key="tenant"),
        Budget(usd=1, per_seconds=1, key="user"),
    )
    whole, tenant, user = book.payers("acme", {"user": "acme"})
    assert whole == ""
    assert tenant != user
    assert "acme" not in tenant + user
    assert book.payers(None, {"run": "7"}) == ("", "", "")


def test_accounts_are_bounded_and_latecomers_share_one() -> None:
    book = books(Budget(usd=1.5, per_seconds=60, key="user"))
    for number in range(MOST_ACCOUNTS):
        allowed(book, payer=f"user-{number}")
    allowed(book, payer="late")
    assert isinstance(reserved(book, payer="later"), Shortage)
    assert isinstance(reserved(book, payer="user-3"), Shortage)
    assert len(book.public(NOW)[0]["accounts"]) == MOST_ACCOUNTS + 1
    allowed(book, payer="later", now=NOW + 60.0)
    assert len(book.public(NOW + 60.0)[0]["accounts"]) == 1


def test_an_attempt_that_its_class_may_send_often_reserves_as_often() -> None:
    book = books(Budget(usd=2.5, per_seconds=60))
    assert isinstance(reserved(book, ONE._replace(times=3)), Shortage)


# --- answers without a limit of their own -------------------------------------------------------


def test_without_max_tokens_an_answer_gets_a_part_of_what_is_left() -> None:
    need = Need(0.0, 0.001, None, 10, 1_000_000)
    found = allowed(books(Budget(usd=8.0, per_seconds=60)), need)
    assert found.max_tokens == pytest.approx(8_000 * SHARE, abs=1)


def test_but_as_much_as_it_may_well_need_if_there_is_money_for_it() -> None:
    need = Need(0.0, 0.001, None, 100, 1_000_000)
    found = allowed(books(Budget(usd=1.0, per_seconds=60)), need)
    assert found.max_tokens == 100 * ROOM
    assert allowed(books(Budget(usd=0.3, per_seconds=60)), need).max_tokens in (299, 300)


def test_no_more_than_the_longest_there_is_which_nobody_has_to_be_told() -> None:
    need = Need(0.0, 0.001, None, 10, 64)
    found = allowed(books(Budget(usd=8.0, per_seconds=60)), need)
    assert found.max_tokens is None
    assert found.nano == pytest.approx(64e6, abs=5)


def test_an_answer_that_would_be_shorter_than_usual_is_not_bought() -> None:
    need = Need(0.0, 0.001, None, 100, 1_000)
    short = reserved(books(Budget(usd=0.09, per_seconds=60)), need)
    assert isinstance(short, Shortage)
    assert short.needed_usd == pytest.approx(0.1)


def test_what_was_asked_for_is_reserved_as_a_whole_or_not_at_all() -> None:
    need = Need(0.0, 0.001, 500, 10, 1_000)
    assert allowed(books(Budget(usd=0.6, per_seconds=60)), need).max_tokens is None
    assert isinstance(reserved(books(Budget(usd=0.4, per_seconds=60)), need), Shortage)


def test_where_the_longest_is_not_known_no_limit_is_sent_that_a_service_may_refuse() -> None:
    need = Need(0.0, 0.001, None, 10, None)
    assert allowed(books(Budget(usd=100.0, per_seconds=60)), need).max_tokens == 4_096
    assert allowed(books(Budget(usd=1.0, per_seconds=60)), need).max_tokens in (124, 125)
    rich = allowed(books(Budget(usd=10_000.0, per_seconds=60)), need)
    assert rich.max_tokens is None
    assert rich.nano == pytest.approx(200e9, abs=5)


def test_free_answers_need_no_limit() -> None:
    found = allowed(books(Budget(usd=1.0, per_seconds=60)), Need(0.0, 0.0, None, 10, None))
    assert found.max_tokens is None

"""Budgets in what is asked of a router: what explains, what is spent, and what reports say."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import Budget, BudgetExceededError, ConfigurationError
from tests.reference.known import scripted

DEAR, CHEAP = ({"price": {"input": usd, "output": usd}} for usd in (1e4, 1.0))


def poor(**settings: Any) -> Any:
    budget = Budget(usd=0.01, per_seconds=3600, key="tenant", **settings)
    models = (["dear"], ["cheap"])
    return scripted(*models, deployments=[DEAR, CHEAP], budgets=[budget], max_tokens=10)


def test_an_explanation_says_whom_the_budget_does_not_cover() -> None:
    router = poor()
    told = router.explain("hi", tenant="acme").to_dict()
    rows = {row["deployment"]: row["unpaid"] for row in told["candidates"]}
    assert rows["a"].startswith("budget: up to ")
    assert rows["b"] is None
    assert [note.partition(":")[0] for note in told["notes"]] == ["a is not covered"]
    assert "left of 0.01 USD per 3600 s" in repr(router.explain("hi", tenant="acme"))
    assert router.spending()[0]["accounts"] == {}, "looking reserves nothing"


def test_it_tells_of_none_where_all_are_covered() -> None:
    told = scripted(["x"], deployments=[CHEAP], budgets=[Budget(usd=9.0, per_seconds=60)])
    explained = told.explain("hi", max_tokens=10).to_dict()
    assert explained["notes"] == []
    assert [row["unpaid"] for row in explained["candidates"]] == [None]


def test_a_refusal_names_the_setting_that_would_look_for_a_cheaper_one() -> None:
    with pytest.raises(BudgetExceededError, match='when_spent="cheaper" a cheaper one'):
        poor().invoke("hi", tenant="acme")
    assert poor(when_spent="cheaper").invoke("hi", tenant="acme").text == "cheap"


def test_what_one_tenant_has_left_can_be_asked_by_its_name() -> None:
    router = poor(when_spent="cheaper")
    router.invoke("hi", tenant="acme")
    (mine,) = router.spending(tenant="acme")[0]["accounts"].values()
    (others,) = router.spending(tenant="globex")[0]["accounts"].values()
    assert mine["spent_usd"] > 0.0
    assert mine["left_usd"] == pytest.approx(0.01 - mine["spent_usd"], abs=1e-8)
    assert (others["spent_usd"], others["left_usd"]) == (0.0, 0.01)


def test_a_tenant_among_the_spenders_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"spenders.*tenant="):
        poor().invoke("hi", spenders={"tenant": "acme"})


def test_a_report_counts_calls_that_were_refused_before_anything_was_sent() -> None:
    router = poor()
    for _ in range(3):
        with pytest.raises(BudgetExceededError):
            router.invoke("hi", tenant="acme")
    assert repr(router.analytics()).startswith("0 calls; 3 more were refused, nothing sent; 0 att")

"""§3, §10 Prices are maintained data: a dated change comes into force in a running router."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from langchain_core.messages import AIMessage

from langchain_multirouter import assembly, chat_model
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told

USAGE = {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500}
ANSWER = AIMessage("fine", usage_metadata=USAGE)


def priced(name: str, at: datetime) -> float:
    usage = Usage(input_tokens=1000, output_tokens=500)
    price = calc_price(usage, name, provider_id="google", genai_request_timestamp=at)
    return float(price.total_price)


def dated_model() -> tuple[str, datetime]:
    """A Google model of the data in use whose price changes on a day, and that day."""
    for provider in get_snapshot().providers:
        for model in provider.models if provider.id == "google" else ():
            for conditional in model.prices if isinstance(model.prices, list) else ():
                starts = getattr(conditional.constraint, "start_date", None)
                if starts is None:
                    continue
                day = datetime(starts.year, starts.month, starts.day, tzinfo=UTC)
                if priced(model.id, day - timedelta(days=1)) != priced(model.id, day):
                    return model.id, day
    raise AssertionError("the data has no dated change any more; take another provider")


MODEL, DAY = dated_model()


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The wall clock of the router: its only element is now."""
    now = [DAY - timedelta(days=2)]

    class Dated(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return now[0]

    monkeypatch.setattr(assembly, "datetime", Dated)
    real = chat_model.time
    clock = SimpleNamespace(time=lambda: now[0].timestamp(), monotonic=real.monotonic)
    monkeypatch.setattr(chat_model, "time", clock)
    return now


def expected(at: datetime) -> float:
    return priced(MODEL, at)


DATED = {"provider": "gcp_vertex", "model_name": MODEL}


def test_a_dated_change_comes_into_force_in_a_running_router(today: list[datetime]) -> None:
    router = scripted([ANSWER], deployments=[DATED])
    for days in (0, 1.9):
        today[0] = DAY - timedelta(days=2 - days)
        assert told(router.invoke("hi"))["cost_usd"] == pytest.approx(expected(today[0]))
    before = told(router.invoke("hi"))["cost_usd"]
    for days in (0, 1, 400):
        today[0] = DAY + timedelta(days=days)
        assert told(router.invoke("hi"))["cost_usd"] == pytest.approx(expected(today[0]))
    assert told(router.invoke("hi"))["cost_usd"] != before


def test_copies_of_the_router_see_the_change_too(today: list[datetime]) -> None:
    router = scripted([ANSWER], deployments=[DATED])
    copy = router.with_routing(max_retries=1)
    router.invoke("hi")
    today[0] = DAY
    assert told(copy.invoke("hi"))["cost_usd"] == pytest.approx(expected(DAY))
    assert told(router.invoke("hi"))["cost_usd"] == pytest.approx(expected(DAY))


def test_prices_are_looked_up_again_once_and_not_at_every_call(
    today: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    router = scripted([ANSWER], deployments=[DATED])
    looked: list[str] = []
    real = assembly.resolve_price

    def counting(name: str, *args: Any, **kwargs: Any) -> Any:
        looked.append(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(assembly, "resolve_price", counting)
    router.invoke("hi")
    assert looked == []
    today[0] = DAY
    for _ in range(3):
        router.invoke("hi")
    assert looked == [MODEL]


def test_given_prices_and_multipliers_outlive_a_change_of_others(today: list[datetime]) -> None:
    given = {"price": {"input": 1000, "output": 1000}}
    doubled = {**DATED, "price_multiplier": 2.0}
    router = scripted(
        [ANSWER], [ANSWER], [ANSWER], deployments=[DATED, given, doubled], strategy="round_robin"
    )
    today[0] = DAY
    costs = [told(router.invoke("hi"))["cost_usd"] for _ in range(3)]
    assert costs == pytest.approx([expected(DAY), 1.5, 2.0 * expected(DAY)])


def test_a_learned_price_outlives_a_change_of_others(today: list[datetime]) -> None:
    """An Azure deployment's own name says nothing; what its answers told must not be forgotten."""
    opaque = ScriptedModel(script=[ANSWER], model_name="gpt-4o")
    deployments = [
        DATED,
        {"provider": "azure_openai", "model_name": "prod-eu"},
    ]
    router = scripted([ANSWER], opaque, deployments=deployments)
    learned = told(router.invoke("hi", model="b"))["cost_usd"]
    assert learned > 0
    today[0] = DAY
    router.invoke("hi")
    assert told(router.invoke("hi", model="b"))["cost_usd"] == learned
    assert told(router.invoke("hi", model="b", max_cost=1.0))["deployment"] == "b"


def test_a_learned_price_changes_on_its_date_too(today: list[datetime]) -> None:
    opaque = ScriptedModel(script=[ANSWER], model_name=MODEL)
    router = scripted(opaque, deployments=[{"provider": "gcp_vertex", "model_name": "prod-eu"}])
    assert told(router.invoke("hi"))["cost_usd"] == pytest.approx(expected(today[0]))
    today[0] = DAY
    assert told(router.invoke("hi"))["cost_usd"] == pytest.approx(expected(DAY))


def test_no_answer_goes_without_its_price_while_another_one_teaches_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two answers at once: whoever comes second finds the price there, or learns it too."""
    opaque = ScriptedModel(script=[ANSWER], model_name="gpt-4o")
    router = scripted(opaque, deployments=[{"provider": "azure_openai", "model_name": "prod-eu"}])
    look = assembly.resolve_price
    costs: list[float | None] = []

    def while_it_is_looked_up(*names: Any, **more: Any) -> Any:
        if not costs:
            costs.append(None)
            costs[0] = told(router.invoke("the second, which overtakes the first"))["cost_usd"]
        return look(*names, **more)

    monkeypatch.setattr(assembly, "resolve_price", while_it_is_looked_up)
    costs.append(told(router.invoke("the first"))["cost_usd"])
    assert None not in costs

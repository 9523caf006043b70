"""Budgets over the real provider classes: many callers at once never spend more than there is,
by what the wire log and genai-prices say."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.tools import tool

from langchain_multirouter import Budget, BudgetExceededError, Deployment, RoutedChatModel
from langchain_multirouter.ceiling import most_input_tokens
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import NoCandidateError, RouterError
from langchain_multirouter.prompt import read_prompt
from langchain_multirouter.providers.provider import Parameters

from .conftest import MODES, RUNNER, STEADY, WIRES, ask, summed
from .test_schedules import priced

CALLERS = 64
#: A caller that was refused asks again, so often.
TRIES = 5
#: So that a few dozen calls are worth a dollar.
TIMES_AS_DEAR = 20.0
FAULTS = (
    Fault(FaultKind.EMPTY_ANSWER),
    Fault(FaultKind.STATUS, status=503),
    Fault(FaultKind.NO_FINISH),
)


def spent_usd(cloud: Emulator) -> float:
    """What genai-prices makes of all that was completed."""
    return TIMES_AS_DEAR * sum(priced(entry) for entry in cloud.log if entry.completed)


@pytest.fixture
def fleet(models: dict[str, Any]) -> list[Deployment]:
    return [
        Deployment(models[wire], name=wire, price_multiplier=TIMES_AS_DEAR)
        for wire in ("azure_openai", "gcp_vertex")
    ]


@pytest.fixture
def troubled(cloud: Emulator) -> Iterator[Emulator]:
    """Some requests fail: some of them billed, some of them free."""
    for fault in FAULTS:
        cloud.break_("azure_openai", fault, times=8)
    yield cloud
    cloud.heal()


def budgeted(fleet: list[Deployment], *budgets: Budget, **settings: Any) -> RoutedChatModel:
    return RoutedChatModel(fleet, budgets=budgets, **{**STEADY, "timeout": 20.0, **settings})


def nothing_is_overspent(
    model: RoutedChatModel, cloud: Emulator, outcomes: Counter[str], max_tokens: int | None
) -> None:
    """Without `max_tokens` each holds much, and few can be under way at once."""
    assert outcomes["answered"] > (15 if max_tokens else 2)
    assert outcomes["refused"] > 20
    real = spent_usd(cloud)
    assert (0.3 if max_tokens else 0.05) < real <= 1.00
    (account,) = model.spending()[0]["accounts"].values()
    assert account["reserved_usd"] == 0.0
    assert real - 1e-6 <= account["spent_usd"] <= 1.00


PROMPT = "Tell me a story about the sea. " * 12


@pytest.mark.parametrize("max_tokens", [pytest.param(None, marks=pytest.mark.slow), 120])
def test_64_threads_never_spend_more_than_a_dollar(
    max_tokens: int | None, fleet: list[Deployment], troubled: Emulator
) -> None:
    model = budgeted(fleet, Budget(usd=1.0, per_seconds=86_400), max_tokens=max_tokens)
    outcomes: Counter[str] = Counter()

    def caller(number: int) -> None:
        for turn in range(TRIES):
            try:
                if number % 2:
                    model.invoke(PROMPT)
                else:
                    summed(list(model.stream(PROMPT)))
            except BudgetExceededError:
                outcomes["refused"] += 1
                time.sleep(0.03 * turn)
            except RouterError:
                outcomes["failed"] += 1
            else:
                outcomes["answered"] += 1

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(caller, range(CALLERS)))
    nothing_is_overspent(model, troubled, outcomes, max_tokens)


@pytest.mark.parametrize("max_tokens", [pytest.param(None, marks=pytest.mark.slow), 120])
def test_64_tasks_never_spend_more_than_a_dollar(
    max_tokens: int | None, fleet: list[Deployment], troubled: Emulator
) -> None:
    model = budgeted(fleet, Budget(usd=1.0, per_seconds=86_400), max_tokens=max_tokens)
    outcomes: Counter[str] = Counter()

    async def caller(number: int) -> None:
        for turn in range(TRIES):
            try:
                if number % 2:
                    await model.ainvoke(PROMPT)
                else:
                    summed([chunk async for chunk in model.astream(PROMPT)])
            except BudgetExceededError:
                outcomes["refused"] += 1
                await asyncio.sleep(0.03 * turn)
            except RouterError:
                outcomes["failed"] += 1
            else:
                outcomes["answered"] += 1

    async def all_of_them() -> None:
        await asyncio.gather(*map(caller, range(CALLERS)))

    RUNNER.run(all_of_them())
    nothing_is_overspent(model, troubled, outcomes, max_tokens)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_what_is_spent_is_what_calls_cost_and_what_is_guessed_and_nothing_stays_reserved(
    wire: str, mode: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    model = router(wire, budgets=[Budget(usd=50.0, per_seconds=60)])
    for kind in (FaultKind.EMPTY_ANSWER, FaultKind.MALFORMED, FaultKind.RESET, FaultKind.SLOW):
        cloud.break_(wire, Fault(kind, seconds=0.01), times=1)
        ask(model, mode)
    counts = model.counts().values()
    (account,) = model.spending()[0]["accounts"].values()
    assert account["reserved_usd"] == 0.0
    assert account["spent_usd"] == pytest.approx(
        sum(one["cost_usd"] + one["estimated_usd"] for one in counts), abs=1e-7
    )


LIMITS = {
    "azure_openai": lambda body: body.get("max_completion_tokens"),
    "aws_bedrock": lambda body: body["inferenceConfig"].get("maxTokens"),
    "gcp_vertex": lambda body: body["generationConfig"].get("maxOutputTokens"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_without_max_tokens_gets_what_is_paid_for(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    one = Deployment(models[wire], name=wire, price={"input": 1.0, "output": 100.0})
    model = RoutedChatModel([one], **STEADY, budgets=[Budget(usd=0.1, per_seconds=60)])
    ask(model, mode)
    assert 500 <= LIMITS[wire](cloud.log[-1].body) <= 1_000
    ask(model, mode, max_tokens=77)
    assert LIMITS[wire](cloud.log[-1].body) == 77


def test_a_limit_that_the_users_object_has_is_not_raised(cloud: Emulator) -> None:
    own = cloud.chat_model("azure_openai", "gpt-4o", max_tokens=40)
    model = RoutedChatModel([own], **STEADY, budgets=[Budget(usd=1.0, per_seconds=60)])
    model.invoke("Hello")
    assert LIMITS["azure_openai"](cloud.log[-1].body) == 40


@pytest.mark.parametrize("mode", MODES)
def test_a_refused_call_sends_nothing(
    mode: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    model = router("azure_openai", budgets=[Budget(usd=1e-7, per_seconds=3600)])
    with pytest.raises(BudgetExceededError) as caught:
        ask(model, mode)
    assert len(cloud.log) == 0
    assert caught.value.retry_after_seconds == pytest.approx(3600, abs=1)
    assert all(one["started"] == 0 for one in model.counts().values())


def test_a_health_check_pays_too(cloud: Emulator, router: Callable[..., RoutedChatModel]) -> None:
    model = router("azure_openai", budgets=[Budget(usd=1.0, per_seconds=3600)])
    model.check_health()
    (account,) = model.spending()[0]["accounts"].values()
    assert account["spent_usd"] > 0.0 == account["reserved_usd"]
    poor = router("azure_openai", budgets=[Budget(usd=1e-7, per_seconds=3600)])
    cloud.clear_log()
    poor.check_health()
    assert len(cloud.log) == 0
    assert all(row["is_healthy"] for row in poor.analytics().to_dict()["deployments"].values())


def test_copies_share_their_budgets_and_cannot_change_them(
    cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    model = router("azure_openai", budgets=[Budget(usd=1.0, per_seconds=3600)])
    model.with_routing(tenant="acme").invoke("Hello")
    assert model.spending()[0]["accounts"][""]["spent_usd"] > 0
    with pytest.raises(ValueError, match="budgets: cannot be changed in a copy"):
        model.model_copy(update={"budgets": [Budget(usd=9.0, per_seconds=3600)]})


def test_a_file_that_nobody_can_bound_needs_a_window(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    profile = {"pdf_inputs": True, "max_input_tokens": 100_000}
    pdf = {"type": "file", "base64": "JVBERi0xLjQK", "mime_type": "application/pdf"}
    prompt = [("user", [{"type": "text", "text": "Read this"}, pdf])]
    one = Deployment(models["gcp_vertex"], name="a", profile=profile, price_as="gemini-2.5-flash")
    for usd, refused in ((9.0, False), (0.01, True)):
        model = RoutedChatModel([one], **STEADY, budgets=[Budget(usd=usd, per_seconds=60)])
        if refused:
            with pytest.raises(NoCandidateError):
                model.invoke(prompt)
        else:
            model.invoke(prompt)


@tool
def get_weather(city: str, days: int = 1) -> str:
    """The weather of a city, for so many days."""
    return f"{city}: {days} days of rain"


TEXTS = (
    "hi",
    "What is the weather in Paris? " * 40,
    "Привет, как дела? " * 30,
    "你好，今天的天气怎么样？" * 30,
    "👩🏽‍🚀🚀" * 60,
    "x=1;\n\t{}[]()//" * 50,
    "\u0301\u0302\u200b" * 80,
)


@pytest.mark.parametrize("with_tools", [False, True])
@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_no_input_has_more_tokens_than_its_ceiling(
    number: int, with_tools: bool, cloud: Emulator, models: dict[str, Any]
) -> None:
    parameters = Parameters(tools=(get_weather,)) if with_tools else Parameters()
    for wire in WIRES:
        model = RoutedChatModel([models[wire]], **STEADY)
        messages = model._convert_input(TEXTS[number]).to_messages()
        most = most_input_tokens(messages, parameters)
        asked = model.bind_tools([get_weather]) if with_tools else model
        asked.invoke(TEXTS[number])
        assert most is not None
        assert cloud.log[-1].input_tokens <= most
        assert read_prompt(messages).input_tokens <= most

"""§5, §7 What a call cost: over the wire equal to genai-prices on the tokens that were sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from langchain_openai import AzureChatOpenAI

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.reference.known import listening, told
from tests.wire.conftest import MODELS, MODES, WIRES, ask

Make = Callable[..., RoutedChatModel]
GENAI = {"aws_bedrock": "aws", "azure_openai": "azure", "gcp_vertex": "google"}
PROMPT = "Please tell me something nice about the sea and the mountains."


def by_genai_prices(cloud: Emulator, wire: str, model: str | None = None) -> float:
    """What genai-prices makes of the last request's tokens."""
    entry = cloud.log_of(wire)[-1]
    assert entry.input_tokens > 0 < entry.output_tokens
    usage = Usage(input_tokens=entry.input_tokens, output_tokens=entry.output_tokens)
    price = calc_price(
        usage,
        model or MODELS[wire],
        provider_id=GENAI[wire],
        genai_request_timestamp=datetime.now(UTC),
    )
    return float(price.total_price)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_the_cost_of_a_call_is_that_of_genai_prices(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    with listening() as listener:
        answer = ask(model, mode, PROMPT)
    expected = by_genai_prices(cloud, wire)
    assert expected > 0
    assert told(answer)["cost_usd"] == pytest.approx(expected, rel=1e-12)
    assert listener.of("Succeeded")[0]["cost_usd"] == pytest.approx(expected, rel=1e-12)
    shown = model.analytics().to_dict()
    assert shown["deployments"][wire]["total_cost_usd"] == pytest.approx(expected, rel=1e-12)
    assert shown["overall"]["total_cost_usd"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_costs_of_many_calls_add_up(wire: str, mode: str, cloud: Emulator, router: Make) -> None:
    model, expected = router(wire), 0.0
    for prompt in ("one", PROMPT, PROMPT * 20):
        ask(model, mode, prompt)
        expected += by_genai_prices(cloud, wire)
    shown = model.analytics().to_dict()["providers"][wire]
    assert shown["total_cost_usd"] == pytest.approx(expected)


def test_after_a_fallback_the_cost_is_that_of_who_answered(cloud: Emulator, router: Make) -> None:
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=401))
    answer = router("azure_openai").invoke(PROMPT)
    assert told(answer)["cost_usd"] == pytest.approx(by_genai_prices(cloud, "aws_bedrock"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_price_of_the_users_own_holds(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    price = {"input": 1_000.0, "output": 20_000.0}  # per million
    model = router(wire, deployments={wire: {"price": price, "price_multiplier": 2.0}})
    cost = told(ask(model, mode, PROMPT))["cost_usd"]
    entry = cloud.log_of(wire)[-1]
    expected = 2.0 * (entry.input_tokens * 1e-3 + entry.output_tokens * 2e-2)
    assert cost == pytest.approx(expected)


@pytest.mark.parametrize(
    ("settings", "times"),
    [({"price_multiplier": 1.1}, 1.1), ({"price_multiplier": 0.5}, 0.5), ({}, 1.0)],
)
def test_a_multiplier_is_on_the_maintained_price(
    settings: dict[str, Any], times: float, cloud: Emulator, router: Make
) -> None:
    model = router("gcp_vertex", deployments={"gcp_vertex": settings})
    cost = told(model.invoke(PROMPT))["cost_usd"]
    assert cost == pytest.approx(times * by_genai_prices(cloud, "gcp_vertex"))


@pytest.mark.parametrize("price_as", ["gpt-4o-mini", "azure_openai:gpt-4o-mini"])
def test_price_as_is_another_models_price(price_as: str, cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", deployments={"azure_openai": {"price_as": price_as}})
    cost = told(model.invoke(PROMPT))["cost_usd"]
    assert cost == pytest.approx(by_genai_prices(cloud, "azure_openai", "gpt-4o-mini"))
    assert cost < by_genai_prices(cloud, "azure_openai", "gpt-4o") / 10


def test_price_as_of_another_cloud(cloud: Emulator, router: Make) -> None:
    named = {"price_as": f"aws_bedrock:{MODELS['aws_bedrock']}"}
    model = router("azure_openai", deployments={"azure_openai": named})
    cost = told(model.invoke(PROMPT))["cost_usd"]
    entry = cloud.log_of("azure_openai")[-1]
    expected = calc_price(
        Usage(input_tokens=entry.input_tokens, output_tokens=entry.output_tokens),
        MODELS["aws_bedrock"],
        provider_id="aws",
    )
    assert cost == pytest.approx(float(expected.total_price))


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_as": "no-such-model"},
        {"price": {"input": -1, "output": 1}},
        {"price": {"inputs": 1}},
        {"price_multiplier": 0},
        {"price_multiplier": float("nan")},
    ],
)
def test_a_price_that_is_none_is_refused(wrong: dict[str, Any], router: Make) -> None:
    with pytest.raises(ConfigurationError, match="price"):
        router("azure_openai", deployments={"azure_openai": wrong})


# --- prices that are not known ----------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_price_is_none_and_never_nothing(mode: str, cloud: Emulator) -> None:
    chat = cloud.chat_model("azure_openai", "prod-eu")  # the emulator answers by that name too
    model = RoutedChatModel([Deployment(chat, name="a", model_name="in-house-7b")])
    assert told(ask(model, mode))["cost_usd"] is None
    shown = model.analytics().to_dict()["deployments"]["a"]
    assert shown["total_cost_usd"] is None
    assert shown["unpriced_answers"] == 1
    assert shown["estimated_cost_per_1k_tokens"] is None


def opaque(cloud: Emulator) -> Any:
    """An Azure deployment whose own name says nothing; its answers name the model."""
    return AzureChatOpenAI(**cloud.azure_openai("prod-eu"), model="gpt-4o")


@pytest.mark.parametrize("mode", MODES)
def test_an_opaque_azure_deployment_learns_its_price_from_the_answers_model(
    mode: str, cloud: Emulator
) -> None:
    model = RoutedChatModel([Deployment(opaque(cloud), name="a", model_name="prod-eu")])
    shown = model.analytics().to_dict()["deployments"]["a"]
    assert shown["estimated_cost_per_1k_tokens"] is None
    first = told(ask(model, mode, PROMPT))
    assert first["cost_usd"] == pytest.approx(by_genai_prices(cloud, "azure_openai", "gpt-4o"))
    shown = model.analytics().to_dict()["deployments"]["a"]
    assert shown["estimated_cost_per_1k_tokens"] > 0
    assert shown["unpriced_answers"] == 0
    assert model.invoke("hi", max_cost=1.0).text


def test_an_opaque_azure_deployment_that_is_told_its_model_has_its_price_at_once(
    cloud: Emulator,
) -> None:
    model = RoutedChatModel([Deployment(opaque(cloud), name="a", model_name="gpt-4o")])
    assert model.invoke("hi", max_cost=1.0).text


def test_a_learned_price_does_not_replace_one_that_was_given(cloud: Emulator) -> None:
    price = {"input": 1_000.0, "output": 1_000.0}
    model = RoutedChatModel(
        [
            Deployment(opaque(cloud), name="a", model_name="prod-eu", price=price),
            Deployment(opaque(cloud), name="b", model_name="prod-us"),
        ],
        strategy="round_robin",
    )
    costs = [told(model.invoke(PROMPT))["cost_usd"] for _ in range(4)]
    entry = cloud.log_of("azure_openai")[0]
    assert costs[0] == pytest.approx(1e-3 * (entry.input_tokens + entry.output_tokens))
    assert costs[0] == costs[2] > costs[1] == costs[3]

"""Accounting: each token of each answer is counted once, whoever answered and however it came."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import get_usage_metadata_callback

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.agents.conftest import MODELS
from tests.wire.conftest import MODES, RUNNER, WIRES, ask

from .scenes import BETWEEN, PROMPT, SOMETIMES, Make, failed, weather_tool
from .test_graphs import graph, streamed


def on_the_wire(cloud: Emulator) -> dict[str, tuple[int, int]]:
    """Model → tokens in and out of the requests that were answered."""
    counted: dict[str, tuple[int, int]] = {}
    for entry in cloud.log:
        if entry.completed:
            tokens_in, tokens_out = counted.get(entry.model, (0, 0))
            counted[entry.model] = (
                tokens_in + entry.input_tokens,
                tokens_out + entry.output_tokens,
            )
    return counted


def told(callback: Any) -> dict[str, tuple[int, int]]:
    """Model → tokens in and out, as LangChain's own counter has them."""
    return {
        model: (usage["input_tokens"], usage["output_tokens"])
        for model, usage in callback.usage_metadata.items()
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_calls_tokens_are_those_of_the_answering_request(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    with get_usage_metadata_callback() as callback:
        answers = [ask(model, mode)]
        cloud.break_(wire, Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0))
        answers += [ask(model, mode), ask(model.with_routing(deadline_seconds=20), mode)]
    assert told(callback) == on_the_wire(cloud)
    assert len(callback.usage_metadata) == 2
    assert MODELS[wire] in callback.usage_metadata
    assert failed(cloud, wire) >= 2
    names = [answer.response_metadata["model_name"] for answer in answers]
    assert set(names) == set(callback.usage_metadata)
    costs = [answer.response_metadata["router"]["cost_usd"] for answer in answers]
    assert all(cost > 0 for cost in costs)


@pytest.mark.parametrize(("wire", "when"), SOMETIMES)
def test_an_agents_tokens_are_those_of_its_answered_requests(
    wire: str, when: str, cloud: Emulator, router: Make
) -> None:
    agent = create_agent(router(wire), [weather_tool(cloud, wire, when)])
    with get_usage_metadata_callback() as callback:
        agent.invoke({"messages": [("human", PROMPT)]})
        RUNNER.run(agent.ainvoke({"messages": [("human", PROMPT)]}))
    assert told(callback) == on_the_wire(cloud)
    assert failed(cloud, wire)


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_streamed_graphs_tokens_are_those_of_its_answered_requests(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    compiled = graph(router(wire), weather_tool(cloud, wire, BETWEEN))
    with get_usage_metadata_callback() as callback:
        streamed(compiled, PROMPT, mode)
        streamed(compiled, "And thanks", mode)
    assert told(callback) == on_the_wire(cloud)
    assert failed(cloud, wire)


def test_a_batchs_tokens_add_up(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", strategy="round_robin")
    cloud.break_("aws_bedrock", "503", probability=0.5)
    with get_usage_metadata_callback() as callback:
        model.batch([f"Question {i}" for i in range(12)], config={"max_concurrency": 4})
    assert told(callback) == on_the_wire(cloud)


def test_the_routers_own_statistics_have_the_same_tokens(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai")
    for mode in MODES:
        ask(model, mode)
        cloud.break_("azure_openai", "503", times=1)
    table = model.analytics().to_dict()["deployments"]
    kept = {
        row["model_name"]: (row["input_tokens"], row["output_tokens"])
        for row in table.values()
        if row["successful_requests"]
    }
    assert kept == on_the_wire(cloud)

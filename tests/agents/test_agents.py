"""Agents: one whose provider goes down ends as if it had not."""

from __future__ import annotations

from typing import Any

import pytest
from deepagents import create_deep_agent
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ModelRetryMiddleware,
    SummarizationMiddleware,
    ToolRetryMiddleware,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.exceptions import ModelError
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import RetryPolicy

from langchain_multirouter import AllAttemptsFailedError
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.agents.conftest import MODELS
from tests.wire.conftest import RUNNER, WIRES

from .scenes import (
    BEFORE,
    BETWEEN,
    HEALTHY,
    PROMPT,
    RESULT,
    SOMETIMES,
    Make,
    Weather,
    answerers,
    expected_answerers,
    failed,
    shape,
    weather_tool,
)

FORMATS: dict[str, Any] = {
    "none": None,
    "tool strategy": ToolStrategy(Weather),
    "provider strategy": ProviderStrategy(Weather),
    "bare schema": Weather,
}
ASKED: Any = {"messages": [("human", PROMPT)]}


def ran(agent: Any, mode: str = "invoke") -> dict[str, Any]:
    result: dict[str, Any] = (
        agent.invoke(ASKED) if mode == "invoke" else RUNNER.run(agent.ainvoke(ASKED))
    )
    return result


@pytest.mark.parametrize(("when", "mode"), [(BETWEEN, "invoke"), (BEFORE, "ainvoke")])
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("form", FORMATS)
def test_an_agent_whose_provider_goes_down_ends_as_if_it_had_not(
    form: str, wire: str, when: str, mode: str, cloud: Emulator, router: Make
) -> None:
    def run(when: str) -> dict[str, Any]:
        tools = [weather_tool(cloud, wire, when)]
        return ran(create_agent(router(wire), tools, response_format=FORMATS[form]), mode)

    healthy, result = run(HEALTHY), run(when)
    assert shape(result["messages"]) == shape(healthy["messages"])
    assert result.get("structured_response") == healthy.get("structured_response")
    assert (form == "none") is ("structured_response" not in result)
    assert set(answerers(healthy["messages"])) == {wire}
    assert expected_answerers(answerers(result["messages"]), wire, when)
    assert failed(cloud, wire)


@pytest.mark.parametrize(("wire", "when"), SOMETIMES)
def test_it_goes_down_beside_middleware_that_summarises_and_retries(
    wire: str, when: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    weather = weather_tool(cloud, wire, when)
    troubles = iter([OSError("the tool's own trouble")])

    def get_weather(city: str) -> str:
        """The weather in a city."""
        for trouble in troubles:
            raise trouble
        return weather(city)

    agent = create_agent(
        model,
        [get_weather],
        middleware=[
            SummarizationMiddleware(model, trigger=("messages", 3), keep=("messages", 2)),
            ModelRetryMiddleware(initial_delay=0.0, jitter=False),
            ToolRetryMiddleware(initial_delay=0.0, jitter=False),
        ],
    )
    messages = ran(agent)["messages"]
    assert "Here is a summary of the conversation" in messages[0].text
    assert [message.type for message in messages[-2:]] == ["tool", "ai"]
    assert RESULT in messages[-1].text
    assert expected_answerers(answerers(messages), wire, when)
    assert sum(entry.completed for entry in cloud.log) == 3  # the tool, the summary, the answer


@pytest.mark.parametrize(("wire", "when"), SOMETIMES)
def test_a_deep_agent_goes_on_too(wire: str, when: str, cloud: Emulator, router: Make) -> None:
    def run(when: str) -> Any:
        agent = create_deep_agent(router(wire), tools=[weather_tool(cloud, wire, when)])
        return ran(agent)["messages"]

    healthy, messages = run(HEALTHY), run(when)
    assert shape(messages) == shape(healthy)
    assert RESULT in messages[-1].text
    assert expected_answerers(answerers(messages), wire, when)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_an_agents_streamed_tokens_come_once_under_one_id_for_each_message(
    mode: str, cloud: Emulator, router: Make
) -> None:
    for when in (BETWEEN, BEFORE):
        tools = [weather_tool(cloud, "azure_openai", when)]
        agent = create_agent(router("azure_openai"), tools)

        async def collected(agent: Any = agent) -> list[Any]:
            return [it async for it in agent.astream(ASKED, stream_mode=["messages", "values"])]

        if mode == "invoke":
            events = list(agent.stream(ASKED, stream_mode=["messages", "values"]))
        else:
            events = RUNNER.run(collected())
        final = events[-1][1]["messages"]
        texts: dict[str, str] = {}
        for kind, event in events:
            if kind == "messages":
                chunk, _ = event
                texts[chunk.id] = texts.get(chunk.id, "") + chunk.text
        assert texts == {message.id: message.text for message in final[1:]}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize(("wire", "when"), SOMETIMES)
def test_an_agents_events_of_both_versions_tell_each_token_once(
    wire: str, when: str, cloud: Emulator, router: Make
) -> None:
    def agent() -> Any:
        return create_agent(router(wire), [weather_tool(cloud, wire, when)])

    async def version_2() -> list[str]:
        events = [event async for event in agent().astream_events(ASKED, version="v2")]
        assert not [event for event in events if event["name"].startswith("attempt")]
        chunks = [e["data"]["chunk"] for e in events if e["event"] == "on_chat_model_stream"]
        return [chunk.text for chunk in chunks if chunk.text.strip()]

    async def version_3() -> list[str]:
        stream = await agent().astream_events(ASKED, version="v3")
        return [await message.text async for message in stream.messages]

    with get_usage_metadata_callback() as callback:
        told = [
            "".join(RUNNER.run(version_2())),
            RUNNER.run(version_3())[-1],
            ["".join(m.text) for m in agent().stream_events(ASKED, version="v3").messages][-1],
        ]
    assert all(text.count(f"The tool result is: {RESULT}") == 1 for text in told)
    assert all(text.count("Hello from") == 1 for text in told)
    assert (MODELS[wire] in callback.usage_metadata) is (when == BETWEEN)


REFUSALS = {
    "everything is down": (Fault(FaultKind.STATUS, status=503), AllAttemptsFailedError),
    "the request is wrong": (Fault(FaultKind.STATUS, status=400), ModelError),
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("wire", WIRES)
def test_retry_layers_around_the_router_multiply_nothing(
    wire: str, refusal: str, cloud: Emulator, router: Make
) -> None:
    """The router's own retries are spent, and its errors say so."""
    fault, error = REFUSALS[refusal]
    for broken in WIRES:
        cloud.break_(broken, fault)

    def requests(call: Any) -> int:
        cloud.clear_log()
        with pytest.raises(error):
            call()
        return len(cloud.log)

    alone = requests(lambda: router(wire).invoke("Hello"))
    assert alone == (1 if refusal == "the request is wrong" else 6)
    retried = ModelRetryMiddleware(max_retries=2, initial_delay=0.0, jitter=False)
    agent = create_agent(router(wire), [], middleware=[retried])
    assert requests(lambda: ran(agent)) == alone

    def retryable(error: BaseException) -> bool:
        return not isinstance(error, ModelError) or error.is_retryable

    retrying = router(wire).with_retry(
        retry_if_exception_type=retryable, exponential_jitter_params={"initial": 0.0, "max": 0.0}
    )
    assert requests(lambda: retrying.invoke("Hello")) == alone
    graph = StateGraph(MessagesState)
    graph.add_node(
        "model",
        lambda state: {"messages": [router(wire).invoke(state["messages"])]},
        retry_policy=RetryPolicy(retry_on=retryable, initial_interval=0.0, jitter=False),
    )
    graph.add_edge(START, "model")
    assert requests(lambda: ran(graph.compile())) == alone

    transient = (ConnectionError, TimeoutError, OSError)
    for_networks = router(wire).with_retry(retry_if_exception_type=transient)
    assert requests(lambda: for_networks.invoke("Hello")) == alone


def test_a_layer_that_is_told_to_retry_everything_does(cloud: Emulator, router: Make) -> None:
    """`with_retry()`, and a graph's `RetryPolicy()`, ask no error whether it is worth it."""
    for broken in WIRES:
        cloud.break_(broken, Fault(FaultKind.STATUS, status=400))
    everything = router("azure_openai").with_retry(
        stop_after_attempt=3, exponential_jitter_params={"initial": 0.0, "max": 0.0, "jitter": 0.0}
    )
    with pytest.raises(ModelError):
        everything.invoke("Hello")
    assert len(cloud.log) == 3

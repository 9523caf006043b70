"""Graphs: one of LangGraph's, streamed, remembered and continued while a provider is down."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator
from tests.wire.conftest import RUNNER, WIRES

from .scenes import (
    BEFORE,
    BETWEEN,
    DOWN,
    HEALTHY,
    PROMPT,
    RESULT,
    Make,
    answerers,
    expected_answerers,
    shape,
    weather_tool,
)

THREAD: Any = {"configurable": {"thread_id": "1"}}


def graph(model: RoutedChatModel, tool: Any) -> Any:
    """Model and tools in a circle, with a memory."""
    bound = model.bind_tools([tool])

    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    async def ask_async(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    built = StateGraph(MessagesState)
    built.add_node("model", RunnableLambda(ask, ask_async))
    built.add_node("tools", ToolNode([tool]))
    built.add_edge(START, "model")
    built.add_conditional_edges("model", tools_condition)
    built.add_edge("tools", "model")
    return built.compile(checkpointer=InMemorySaver())


def streamed(compiled: Any, turn: str, mode: str) -> list[tuple[str, Any]]:
    """One turn's events of all three kinds."""
    asked = {"messages": [("human", turn)]}
    kinds = ["messages", "values", "updates"]

    async def collected() -> list[tuple[str, Any]]:
        return [it async for it in compiled.astream(asked, THREAD, stream_mode=kinds)]

    if mode == "stream":
        return list(compiled.stream(asked, THREAD, stream_mode=kinds))
    return RUNNER.run(collected())


@pytest.mark.parametrize(("when", "mode"), [(BETWEEN, "stream"), (BEFORE, "astream")])
@pytest.mark.parametrize("wire", WIRES)
def test_a_graphs_two_turns_are_streamed_as_if_nothing_had_happened(
    wire: str, when: str, mode: str, cloud: Emulator, router: Make
) -> None:
    def run(when: str) -> tuple[list[Any], dict[str, list[str]], list[Any]]:
        compiled = graph(router(wire), weather_tool(cloud, wire, when))
        events = [*streamed(compiled, PROMPT, mode), *streamed(compiled, "And thanks", mode)]
        tokens: dict[str, list[str]] = {}
        for kind, event in events:
            if kind == "messages":
                tokens.setdefault(event[0].id, []).append(event[0].text)
        updated = [
            message
            for kind, event in events
            if kind == "updates"
            for update in event.values()
            for message in update["messages"]
        ]
        return compiled.get_state(THREAD).values["messages"], tokens, updated

    healthy, _, _ = run(HEALTHY)
    state, tokens, updated = run(when)
    assert shape(state) == shape(healthy)
    assert expected_answerers(answerers(state), wire, when)
    answers = [message for message in state if message.type != "human"]
    assert [message.id for message in updated] == [message.id for message in answers]
    assert {id: "".join(texts) for id, texts in tokens.items()} == {
        message.id: message.text for message in answers
    }
    spoken = [message for message in answers if isinstance(message, AIMessage) and message.text]
    assert all(sum(map(bool, tokens[message.id])) > 3 for message in spoken)  # in pieces, that is
    assert RESULT in spoken[0].text
    assert "And thanks" in spoken[1].text


@pytest.mark.parametrize("when", DOWN)
def test_a_graph_that_is_not_streamed_ends_in_the_same_way(
    when: str, cloud: Emulator, router: Make
) -> None:
    wire = "aws_bedrock"
    compiled = graph(router(wire), weather_tool(cloud, wire, when))
    first = compiled.invoke({"messages": [("human", PROMPT)]}, THREAD)["messages"]
    second = RUNNER.run(compiled.ainvoke({"messages": [("human", "And thanks")]}, THREAD))
    assert RESULT in first[-1].text
    assert expected_answerers(answerers(second["messages"]), wire, when)
    assert "And thanks" in second["messages"][-1].text


def test_options_reach_a_router_inside_a_graph(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", configurable_options=["preferred_provider"])
    compiled = graph(model, weather_tool(cloud, "azure_openai", HEALTHY))
    config = {"configurable": {"thread_id": "2", "router": {"preferred_provider": "gcp_vertex"}}}
    messages = compiled.invoke({"messages": [("human", PROMPT)]}, config)["messages"]
    assert set(answerers(messages)) == {"gcp_vertex"}

"""Sessions over the wire: conversations stay on their deployment, with every strategy and mode."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.options import Strategy
from tests.wire.conftest import MODES, RUNNER, STEADY, WIRES, ask

ROWS = pytest.mark.parametrize("strategy", list(Strategy))


@pytest.fixture
def model(cloud: Emulator, models: dict[str, Any]) -> RoutedChatModel:
    deployments = [Deployment(models[wire], name=wire) for wire in WIRES]
    return RoutedChatModel(deployments, **{**STEADY, "strategy": "round_robin", "max_retries": 0})


def at(answer: AIMessage) -> str:
    return str(answer.response_metadata["router"]["deployment"])


def home(model: RoutedChatModel, key: str) -> str:
    return WIRES[model.assembled.fleet.memory.session(key).order[0]]


@ROWS
@pytest.mark.parametrize("mode", MODES)
def test_with_a_session_every_strategy_stays(
    mode: str, strategy: Strategy, model: RoutedChatModel
) -> None:
    model = model.with_routing(strategy=strategy)
    for key in ("alice", "bob"):
        there = {at(ask(model, mode, f"Hello {i}", session=key)) for i in range(2)}
        assert there == {home(model, key)}


def test_without_one_nothing_changes(model: RoutedChatModel) -> None:
    assert [at(model.invoke("Hello")) for _ in range(6)] == [*WIRES, *WIRES]


def test_sessions_are_spread(model: RoutedChatModel) -> None:
    shares = Counter(at(model.invoke("Hello", session=f"s{i}")) for i in range(60))
    assert set(shares) == set(WIRES)
    assert max(shares.values()) < 40


@pytest.mark.parametrize("mode", MODES)
def test_a_session_moved_by_a_failure_stays_moved(
    mode: str, model: RoutedChatModel, cloud: Emulator
) -> None:
    first = at(ask(model, mode, "Hello", session="s"))
    cloud.break_(first, Fault(FaultKind.STATUS, status=500), times=1)
    moved = at(ask(model, mode, "Hello again", session="s"))
    assert moved != first
    assert {at(ask(model, mode, f"Still {i}", session="s")) for i in range(4)} == {moved}
    others = [f"t{i}" for i in range(20) if home(model, f"t{i}") == first]
    assert {at(ask(model, mode, "Hello", session=key)) for key in others} == {first}


def test_a_session_moves_when_its_deployment_is_filtered_away_and_stays_there(
    model: RoutedChatModel,
) -> None:
    first = at(model.invoke("Hello", session="s"))
    model.pause(first)
    moved = at(model.invoke("Hello", session="s"))
    assert moved != first
    model.resume(first)
    assert {at(model.invoke("Hello", session="s")) for _ in range(3)} == {moved}


def test_a_model_that_is_asked_for_by_name_is_a_constraint(model: RoutedChatModel) -> None:
    for wire in WIRES:
        assert at(model.invoke("Hello", session="s", model=wire)) == wire
        assert at(model.invoke("Hello", session="s")) == wire


def test_explain_says_where_a_session_is(model: RoutedChatModel) -> None:
    told = model.explain("Hello", session="s")
    assert told.to_dict()["session"] == told.to_dict()["candidates"][0]["deployment"]
    assert told.to_dict()["session"] == home(model, "s")
    assert repr(told).count("the session is here") == 1
    assert model.explain("Hello").to_dict()["session"] is None


def test_copies_share_where_sessions_moved(model: RoutedChatModel) -> None:
    first = at(model.invoke("Hello", session="s"))
    model.pause(first)
    moved = at(model.with_routing(strategy="ordered", session="s").invoke("Hello"))
    model.resume(first)
    assert at(model.invoke("Hello", session="s")) == moved != first


def test_threads_and_loops_agree(model: RoutedChatModel) -> None:
    first = at(model.invoke("Hello", session="s"))
    model.pause(first)
    moved = at(model.invoke("Hello", session="s"))
    model.resume(first)
    found: list[str] = []

    def work() -> None:
        found.extend(at(model.invoke("Hello", session="s")) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()

    async def many() -> list[AIMessage]:
        return await asyncio.gather(*(model.ainvoke("Hi", session="s") for _ in range(4)))

    found += [at(answer) for answer in RUNNER.run(many())]
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert set(found) == {moved}


@pytest.mark.parametrize("wrong", [{"session": ""}, {"session": 7}, {"sticky": "thread"}])
def test_what_is_no_session_is_refused(wrong: dict[str, Any], model: RoutedChatModel) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        model.invoke("Hello", **wrong)
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        model.with_routing(**wrong)


def test_a_session_is_in_no_repr_and_no_identity(model: RoutedChatModel) -> None:
    own = model.with_routing(session="alice@example.org")
    shown = repr(own) + str(own) + repr(own.compiled.options) + str(own._identifying_params)
    assert "alice" not in shown
    assert own._get_llm_string(session="a") == model._get_llm_string()


class TestThreadIds:
    """The thread id of the configuration, where `sticky` says so."""

    @staticmethod
    def config(thread: Any) -> Any:
        return {"configurable": {"thread_id": thread}}

    @pytest.mark.parametrize("mode", MODES)
    def test_a_sticky_router_goes_by_it(self, mode: str, model: RoutedChatModel) -> None:
        sticky = model.with_routing(sticky=True)
        for thread in ("one", 2):
            config = self.config(thread)
            found = {at(ask(sticky, mode, "Hello", config=config)) for _ in range(3)}
            assert found == {home(model, str(thread))}

    def test_others_do_not(self, model: RoutedChatModel) -> None:
        found = [at(model.invoke("Hello", config=self.config("one"))) for _ in range(3)]
        assert found == list(WIRES)

    def test_a_single_call_may_ask_for_it(self, model: RoutedChatModel) -> None:
        config = self.config("one")
        found = {at(model.invoke("Hello", config=config, sticky=True)) for _ in range(3)}
        assert found == {home(model, "one")}
        sticky = model.with_routing(sticky=True)
        assert len({at(sticky.invoke("Hi", config=config, sticky=False)) for _ in range(3)}) == 3

    def test_a_session_that_is_named_stands_above_it(self, model: RoutedChatModel) -> None:
        sticky = model.with_routing(sticky=True)
        config = self.config("one")
        mine = next(f"s{i}" for i in range(9) if home(model, f"s{i}") != home(model, "one"))
        assert at(sticky.invoke("Hello", config=config, session=mine)) == home(model, mine)
        own = sticky.with_routing(session=mine)
        assert at(own.invoke("Hello", config=config)) == home(model, mine)

    @pytest.mark.parametrize("none", [None, ""])
    def test_without_a_thread_there_is_no_session(self, none: Any, model: RoutedChatModel) -> None:
        sticky = model.with_routing(sticky=True)
        found = [at(sticky.invoke("Hello", config=self.config(none))) for _ in range(3)]
        assert found == list(WIRES)

    def test_langgraphs_thread_ids_keep_agents_where_they_are(
        self, model: RoutedChatModel, cloud: Emulator
    ) -> None:
        from langchain.agents import create_agent
        from langgraph.checkpoint.memory import InMemorySaver

        @tool
        def get_weather(city: str) -> str:
            """The weather of a city."""
            return f"It is sunny in {city}."

        agent = create_agent(
            model.with_routing(sticky=True), tools=[get_weather], checkpointer=InMemorySaver()
        )
        question = {"messages": [("user", "What is the weather in Rome? get_weather")]}
        for thread in ("one", "two", "three"):
            cloud.clear_log()
            for _ in range(2):
                agent.invoke(question, self.config(thread))
            assert len(cloud.log) == 4
            assert {entry.provider for entry in cloud.log} == {home(model, thread)}

        async def ask_again() -> None:
            await agent.ainvoke(question, self.config("one"))

        cloud.clear_log()
        RUNNER.run(ask_again())
        assert {entry.provider for entry in cloud.log} == {home(model, "one")}

    def test_a_thread_that_moved_stays_moved(self, model: RoutedChatModel, cloud: Emulator) -> None:
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import START, MessagesState, StateGraph

        sticky = model.with_routing(sticky=True)
        graph = StateGraph(MessagesState)
        graph.add_node("ask", lambda state: {"messages": [sticky.invoke(state["messages"])]})
        graph.add_edge(START, "ask")
        chat = graph.compile(checkpointer=InMemorySaver())

        def say(text: str) -> str:
            state = chat.invoke({"messages": [("user", text)]}, self.config("one"))
            return at(state["messages"][-1])

        first = say("Hello")
        cloud.break_(first, Fault(FaultKind.STATUS, status=500), times=1)
        moved = say("Hello again")
        assert moved != first
        assert [say("And again") for _ in range(3)] == [moved] * 3

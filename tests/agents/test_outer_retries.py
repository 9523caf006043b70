"""Retries around the router: told in its repr, its explanations, its answers and its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRetryMiddleware
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.pregel import Pregel
from langgraph.types import RetryPolicy

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import RouterError
from langchain_multirouter.repeats import CALLER, RETRY_POLICY, WITH_RETRY
from tests.reference.known import listening
from tests.wire.conftest import RUNNER, WIRES

from .scenes import Make

ASKED: Any = {"messages": [("human", "Hello")]}
HASTY: Any = {"stop_after_attempt": 3, "exponential_jitter_params": {"initial": 0.0, "max": 0.0}}
AGAIN = RetryPolicy(
    retry_on=lambda error: isinstance(error, RouterError), initial_interval=0.0, jitter=False
)


def retried(router: RoutedChatModel) -> Any:
    return router.with_retry(**HASTY)


def retried_and_bound(router: RoutedChatModel) -> Any:
    return router.bind(temperature=0.5).with_retry(**HASTY)


def retried_chain(router: RoutedChatModel) -> Any:
    return (RunnableLambda(list) | router).with_retry(**HASTY)


def graph(router: RoutedChatModel) -> Any:
    async def model(state: MessagesState) -> Any:
        return {"messages": [await router.ainvoke(state["messages"])]}

    def sync_model(state: MessagesState) -> Any:
        return {"messages": [router.invoke(state["messages"])]}

    built = StateGraph(MessagesState)
    built.add_node("model", RunnableLambda(sync_model, model), retry_policy=AGAIN)
    built.add_edge(START, "model")
    return built.compile()


def agent(router: RoutedChatModel) -> Any:
    retry = ModelRetryMiddleware(
        max_retries=2, retry_on=(RouterError,), initial_delay=0.0, jitter=False
    )
    return create_agent(router, [], middleware=[retry])


LAYERS: dict[str, tuple[Callable[[RoutedChatModel], Any], str]] = {
    "with_retry": (retried, WITH_RETRY),
    "with_retry, bound": (retried_and_bound, WITH_RETRY),
    "with_retry, chain": (retried_chain, CALLER),
    "RetryPolicy": (graph, RETRY_POLICY),
    "ModelRetryMiddleware": (agent, CALLER),
}


def asked(runnable: Any, mode: str) -> Any:
    about = ASKED if isinstance(runnable, Pregel) else ASKED["messages"]
    result = runnable.invoke(about) if mode == "invoke" else RUNNER.run(runnable.ainvoke(about))
    return result["messages"][-1] if isinstance(result, dict) else result


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_layer_is_told_wherever_the_bound_is_and_in_the_answer_it_brought_about(
    layer: str, mode: str, cloud: Emulator, router: Make
) -> None:
    wrap, name = LAYERS[layer]
    model = router("azure_openai", fallback_enabled=False)
    once = str(model.assembled.bound(model.compiled.options))
    assert model.explain("Hello").to_dict()["wrapped_in"] == []
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=400), times=2)
    with listening() as listener:
        answer = asked(wrap(model), mode)
        asked(wrap(model), mode)
    assert answer.response_metadata["router"]["notes"] == [f"repeated by {name}: time 3"]
    assert len(cloud.log) == 4
    told = model.explain("Hello")
    assert told.to_dict()["wrapped_in"] == [{"layer": name, "calls": 2, "times": 3}]
    for text in (repr(model), repr(told)):
        assert f"{once}, times 3 by {name}" in text
    remarks = [r.getMessage() for r in listener.records if "repeated by" in r.getMessage()]
    assert [name in text for text in remarks] == ([] if name == CALLER else [True])


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_that_has_nothing_to_repeat_is_not_told(
    layer: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=503), times=2)
    answer = asked(LAYERS[layer][0](model), "invoke")
    assert "notes" not in answer.response_metadata["router"]
    assert model.explain("Hello").to_dict()["wrapped_in"] == []
    assert "times" not in repr(model)


@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_that_its_caller_begins_again_is_told_too(
    wire: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire, fallback_enabled=False)
    cloud.break_(wire, Fault(FaultKind.STATUS, status=400), times=1)
    with pytest.raises(RouterError):
        list(model.stream("Hello"))
    *_, last = model.stream("Hello")
    assert last.response_metadata["router"]["notes"] == [f"repeated by {CALLER}: time 2"]
    *_, last = model.stream("Hello")
    assert "notes" not in last.response_metadata["router"]


def test_copies_of_a_router_share_what_is_known_of_it(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", fallback_enabled=False)
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=400), times=1)
    retried(model.with_routing(strategy="round_robin")).invoke("Hello")
    assert f"times 2 by {WITH_RETRY}" in repr(model)

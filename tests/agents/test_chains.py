"""Chains: what LangChain wraps around a model, each with a provider that goes down between calls
and before a first token."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core._api import LangChainBetaWarning
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.wire.conftest import RUNNER, WIRES

from .scenes import Make, Weather

PROMPTS = [f"Question {number}" for number in range(6)]


def in_order(batch: Any) -> list[Any]:
    return [answer for _, answer in sorted(batch, key=lambda pair: pair[0])]


async def gathered(stream: Any) -> list[Any]:
    return [item async for item in stream]


#: How six prompts can be asked at once → their answers in the prompts' order.
MANY: dict[str, Callable[[Any], list[Any]]] = {
    "batch": lambda m: m.batch(PROMPTS, config={"max_concurrency": 3}),
    "abatch": lambda m: RUNNER.run(m.abatch(PROMPTS, config={"max_concurrency": 3})),
    "as completed": lambda m: in_order(m.batch_as_completed(PROMPTS, {"max_concurrency": 3})),
    "async as completed": lambda m: in_order(RUNNER.run(gathered(m.abatch_as_completed(PROMPTS)))),
}


@pytest.mark.parametrize("way", MANY)
@pytest.mark.parametrize("wire", WIRES)
def test_many_prompts_are_each_answered_once_and_in_their_place(
    wire: str, way: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    model.invoke("a call before it goes down")
    cloud.break_(wire, Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0))
    cloud.clear_log()
    answers = MANY[way](model)
    assert [prompt in answer.text for prompt, answer in zip(PROMPTS, answers, strict=True)] == (
        [True] * len(PROMPTS)
    )
    assert all(it.response_metadata["router"]["provider"] != wire for it in answers)
    assert sum(entry.completed for entry in cloud.log) == len(PROMPTS)
    assert all(counts["pending"] == 0 for counts in model.counts().values())


def chained(model: Any) -> Any:
    template = ChatPromptTemplate.from_template('The weather in "{city}", please')
    return template | model


@pytest.mark.parametrize("wire", WIRES)
def test_structured_output_inside_a_chain_is_the_same_from_whoever_answers(
    wire: str, cloud: Emulator, router: Make
) -> None:
    chain = chained(router(wire).with_structured_output(Weather))
    healthy = chain.invoke({"city": "Oslo"})
    cloud.break_(wire, "503")
    assert isinstance(healthy, Weather)
    assert chain.invoke({"city": "Oslo"}) == healthy
    assert RUNNER.run(chain.ainvoke({"city": "Oslo"})) == healthy
    assert list(chain.stream({"city": "Oslo"}))[-1] == healthy
    assert chain.batch([{"city": "Oslo"}] * 3) == [healthy] * 3


def wrapped(model: RoutedChatModel) -> Iterator[tuple[str, Any]]:
    """A router in LangChain's wrappers."""
    yield "with_config", model.with_config(tags=["mine"], run_name="mine")
    yield "with_retry", model.with_retry(retry_if_exception_type=(OSError,))
    yield (
        "configurable_fields",
        model.configurable_fields(
            temperature=ConfigurableField(id="heat"), strategy=ConfigurableField(id="way")
        ).with_config(configurable={"heat": 0.5, "way": "round_robin"}),
    )
    yield (
        "configurable_alternatives",
        model.configurable_alternatives(
            ConfigurableField(id="llm"),
            default_key="any",
            careful=model.with_routing(max_attempts=5),
        ).with_config(configurable={"llm": "careful"}),
    )
    yield "bind", model.bind(stop=["zebra"])


WRAPPERS = ["with_config", "with_retry", "configurable_fields", "configurable_alternatives", "bind"]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapped_router_shares_its_health_and_falls_back(
    wrapper: str, cloud: Emulator, router: Make
) -> None:
    for wire in WIRES:
        cloud.heal()
        model = router(wire)
        chain = dict(wrapped(model))[wrapper] | StrOutputParser()
        assert chain.invoke("Hello, first")
        cloud.break_(wire, Fault(FaultKind.STATUS, status=401))
        cloud.clear_log()
        texts = [
            chain.invoke("Hello there"),
            "".join(chain.stream("Hello there")),
            RUNNER.run(chain.ainvoke("Hello there")),
        ]
        assert all(text.count("You said “Hello there”") == 1 for text in texts)
        assert len(cloud.log_of(wire)) == 1, "the others learned from the first"
        assert model.counts()[wire]["causes"] == {"authentication": 1}


def test_a_configured_field_is_what_is_sent(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai")
    dict(wrapped(model))["configurable_fields"].invoke("Hello")
    sent = cloud.log[-1].body
    assert 0.5 in (sent.get("temperature"), *(v for v in sent.values() if isinstance(v, float)))


def down(cloud: Emulator, wire: str) -> None:
    cloud.heal()
    cloud.break_(wire, Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0))


@pytest.mark.parametrize("wire", WIRES)
def test_events_of_version_2_tell_each_token_once(wire: str, cloud: Emulator, router: Make) -> None:
    chain = ChatPromptTemplate.from_template("{said}") | router(wire) | StrOutputParser()
    for _ in range(2):
        events = RUNNER.run(gathered(chain.astream_events({"said": "Hello"}, version="v2")))
        kinds = [event["event"] for event in events if "chat_model" in event["event"]]
        chunks = [e["data"]["chunk"] for e in events if e["event"] == "on_chat_model_stream"]
        (end,) = (e["data"]["output"] for e in events if e["event"] == "on_chat_model_end")
        assert kinds.count("on_chat_model_start") == 1
        assert "".join(chunk.text for chunk in chunks) == end.text
        assert {chunk.id for chunk in chunks} == {end.id}
        down(cloud, wire)
    assert end.response_metadata["router"]["provider"] != wire


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("wire", WIRES)
def test_events_of_version_3_tell_each_token_once_and_take_options(
    wire: str, cloud: Emulator, router: Make
) -> None:
    preferred = "gcp_vertex" if wire != "gcp_vertex" else "aws_bedrock"  # the last in order
    model = router(wire, configurable_options=["preferred_provider"])
    config: Any = {"configurable": {"router": {"preferred_provider": preferred}}}

    async def asynchronous(**given: Any) -> tuple[str, Any]:
        stream = await model.astream_events("Hello", version="v3", **given)
        return await stream.text, await stream.output

    def synchronous(**given: Any) -> tuple[str, Any]:
        stream = model.stream_events("Hello", version="v3", **given)
        return "".join(stream.text), stream.output

    def provider(output: Any) -> str:
        return str(output.response_metadata["router"]["provider"])

    for ask in (synchronous, lambda **given: RUNNER.run(asynchronous(**given))):
        cloud.heal()
        text, output = ask()
        assert (provider(output), text) == (wire, output.text)
        down(cloud, wire)
        text, output = ask()
        assert provider(output) != wire
        assert text == output.text
        assert text.count("You said “Hello”") == 1
        assert provider(ask(config=config)[1]) == preferred


def test_version_3_refuses_options_that_are_not_permitted(router: Make) -> None:
    config: Any = {"configurable": {"router": {"max_cost": 1.0}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LangChainBetaWarning)
        with pytest.raises(ValueError, match="max_cost"):
            router("azure_openai").stream_events("Hello", version="v3", config=config)
        with pytest.raises(ValueError, match="max_cost"):
            RUNNER.run(_awaited(router("azure_openai"), config))


async def _awaited(model: RoutedChatModel, config: Any) -> Any:
    return await model.astream_events("Hello", version="v3", config=config)


@pytest.mark.parametrize("disabled", [True, "tool_calling"])
def test_a_router_told_not_to_stream_answers_a_stream_whole(
    disabled: Any, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai", disable_streaming=disabled).bind_tools([Weather])
    cloud.break_("azure_openai", "503")
    for chunks in (list(model.stream("Hello")), RUNNER.run(gathered(model.astream("Hello")))):
        (whole,) = chunks
        assert whole.response_metadata["router"]["fallback_used"]
        assert whole.text.count("You said “Hello”") == 1
        assert not any(entry.body.get("stream") for entry in cloud.log)


def test_standard_tracing_parameters_are_the_calls_own(router: Make) -> None:
    model = router("azure_openai", temperature=0.25, max_tokens=50)
    assert model._get_ls_params(stop=["x"], model="gcp_vertex") == {
        "ls_provider": "multirouter",
        "ls_model_type": "chat",
        "ls_model_name": "gcp_vertex",
        "ls_temperature": 0.25,
        "ls_max_tokens": 50,
        "ls_stop": ["x"],
    }
    assert model._get_ls_params(temperature=0.75)["ls_temperature"] == 0.75

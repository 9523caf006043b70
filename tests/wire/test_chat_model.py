"""What a user of LangChain meets: options, parameters, metadata, counts, tools, batches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from langchain_multirouter import Deployment, NoCandidateError, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

from .conftest import MODELS, MODES, RUNNER, WIRES, ask, summed

Make = Callable[..., RoutedChatModel]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_every_answer_says_where_it_came_from(wire: str, mode: str, router: Make) -> None:
    answer = ask(router(wire), mode)
    told = answer.response_metadata["router"]
    assert told == {
        "provider": wire,
        "deployment": wire,
        "model_name": MODELS[wire],
        "strategy": "ordered",
        "task_type": "chat",
        "fallback_used": False,
        "attempt_number": 1,
        "total_candidates": 3,
        "response_time_seconds": told["response_time_seconds"],
        "cost_usd": told["cost_usd"],
        "attempts": [
            {
                "deployment": wire,
                "outcome": "success",
                "seconds": told["attempts"][0]["seconds"],
            }
        ],
    }
    assert told["cost_usd"] > 0
    assert 0 < told["response_time_seconds"] < 60
    assert answer.response_metadata["model_name"].startswith(MODELS[wire])
    assert answer.usage_metadata["total_tokens"] > 0


def test_metadata_stays_within_a_kilobyte_after_many_attempts(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    names = [f"{'a-long-deployment-name-' * 2}{i:018d}" for i in range(4)]
    model = RoutedChatModel([Deployment(models["azure_openai"], name=n) for n in names])
    model = model.model_copy()
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=401), times=3)
    told = model.invoke("Hello").response_metadata["router"]
    assert told["attempt_number"] == 4
    assert len(json.dumps(told)) <= 1024


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_neutral_parameters_are_said_in_each_providers_words(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    answer = ask(router(wire, temperature=0.25), mode, max_tokens=3, stop=["zebra"], top_p=0.5)
    sent = json.dumps(cloud.log_of(wire)[-1].body)
    assert "0.25" in sent
    assert "0.5" in sent
    assert "zebra" in sent
    assert answer.usage_metadata["output_tokens"] <= 3


def test_a_calls_parameter_wins_over_the_routers(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", temperature=0.25)
    model.invoke("Hello", temperature=0.75)
    assert cloud.log[-1].body["temperature"] == 0.75


@pytest.mark.parametrize("wire", WIRES)
def test_model_names_a_deployment_or_a_model(wire: str, router: Make) -> None:
    model = router("azure_openai")
    assert model.invoke("Hi", model=wire).response_metadata["router"]["deployment"] == wire
    assert model.invoke("Hi", model=MODELS[wire]).response_metadata["router"]["provider"] == wire


def test_round_robin_takes_turns_and_still_falls_back(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", strategy="round_robin")
    cloud.break_("aws_bedrock", "503")
    told = [model.invoke("Hi").response_metadata["router"] for _ in range(3)]
    assert [t["attempts"][0]["deployment"] for t in told] == [
        "azure_openai",
        "aws_bedrock",
        "gcp_vertex",
    ]
    assert told[1]["fallback_used"]


def test_a_preferred_provider_goes_first_and_without_fallback_alone(
    cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    preferred = model.invoke("Hi", preferred_provider="bedrock").response_metadata["router"]
    assert preferred["provider"] == "aws_bedrock"
    cloud.break_("aws_bedrock", Fault(FaultKind.STATUS, status=401))
    cloud.clear_log()
    with pytest.raises(Exception, match="authentication"):
        model.invoke("Hi", preferred_provider="bedrock", fallback_enabled=False)
    assert {entry.provider for entry in cloud.log} == {"aws_bedrock"}


def test_levels_come_one_after_the_other(cloud: Emulator, models: dict[str, Any]) -> None:
    model = RoutedChatModel(
        [
            Deployment(models["gcp_vertex"], fallback_level=1, name="spare"),
            Deployment(models["azure_openai"], name="first"),
        ],
        strategy="round_robin",
    )
    assert [model.invoke("Hi").response_metadata["router"]["deployment"] for _ in "abc"] == [
        "first",
        "first",
        "first",
    ]
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=404))
    assert model.invoke("Hi").response_metadata["router"]["deployment"] == "spare"


def test_with_routing_is_a_chat_model_that_shares_state_and_narrows(
    cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    narrow = model.with_routing(preferred_provider="gcp_vertex", deadline_seconds=20)
    assert isinstance(narrow, RoutedChatModel)
    assert narrow.deadline_seconds == 20
    assert narrow.with_routing(deadline_seconds=60).deadline_seconds == 20
    narrow.invoke("Hi")
    assert model.counts()["gcp_vertex"]["succeeded"] == 1
    bound = narrow.bind_tools([])
    assert bound.invoke("Hi").response_metadata["router"]["provider"] == "gcp_vertex"


@pytest.mark.parametrize("mode", MODES)
def test_permitted_options_are_lifted_from_the_configuration(mode: str, router: Make) -> None:
    model = router("azure_openai", configurable_options=["preferred_provider"])
    config: Any = {"configurable": {"router": {"preferred_provider": "gcp_vertex"}}}
    answer = ask(model.with_config(config), mode)
    assert answer.response_metadata["router"]["provider"] == "gcp_vertex"


def test_batch_and_abatch_follow_and_the_counts_are_exact(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", strategy="round_robin", timeout=10.0)  # a loop's first client
    cloud.break_("aws_bedrock", "503", probability=0.3)  # may take a second to make
    prompts = [f"Question {i}" for i in range(60)]
    model.batch(prompts, config={"max_concurrency": 16})
    RUNNER.run(model.abatch(prompts, config={"max_concurrency": 16}))
    for name, counts in model.counts().items():
        assert counts["pending"] == 0
        assert counts["started"] == counts["succeeded"] + counts["failed"] + counts["cancelled"]
        local = counts["causes"].get("local_environment", 0)  # failed before it was sent
        assert counts["started"] - local == len(cloud.log_of(name))
    assert sum(c["succeeded"] for c in model.counts().values()) == 120


def test_a_paused_deployment_gets_nothing_until_it_is_resumed(
    cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    model.pause("azure_openai")
    assert model.invoke("Hi").response_metadata["router"]["deployment"] == "aws_bedrock"
    for name in ("aws_bedrock", "gcp_vertex"):
        model.pause(name)
    with pytest.raises(NoCandidateError, match="paused"):
        model.invoke("Hi")
    model.resume("azure_openai")
    assert model.invoke("Hi").response_metadata["router"]["deployment"] == "azure_openai"


@pytest.mark.parametrize("wire", WIRES)
def test_an_abandoned_stream_is_settled_at_once(wire: str, cloud: Emulator, router: Make) -> None:
    cloud.latency(wire, per_chunk_seconds=0.02)
    try:
        model = router(wire)
        for _ in model.stream("Tell me a long story"):
            break
        assert model.counts()[wire]["cancelled"] == 1

        async def leave() -> dict[str, Any]:
            stream = model.astream("Tell me a long story")
            async for _ in stream:
                break
            await stream.aclose()  # type: ignore[attr-defined]
            return model.counts()[wire]

        counts = RUNNER.run(leave())
        assert (counts["cancelled"], counts["pending"]) == (2, 0)
    finally:
        cloud.latency(wire)


@pytest.mark.parametrize("wire", ["azure_openai", "gcp_vertex"])
def test_a_task_that_is_cancelled_while_chunks_come_ends_as_cancelled(
    wire: str, router: Make
) -> None:
    one = router(wire, timeout=None)

    async def left_after(milliseconds: float) -> bool:
        """Whether there was a call to leave then."""
        task = asyncio.ensure_future(read())
        await asyncio.wait([task], timeout=milliseconds / 1000)
        if task.done():
            return False
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return True

    async def read() -> None:
        async for _ in one.astream("Hello there"):
            pass

    async def left() -> int:
        return sum([await left_after(n / 4) for n in range(4, 44)])

    calls = RUNNER.run(left())
    assert calls > 0
    counts = one.counts()[wire]
    assert counts["pending"] == 0
    assert counts["succeeded"] + counts["cancelled"] == 40
    assert counts["cancelled"] <= calls  # one may be over that still hangs up


class Weather(BaseModel):
    """The weather in a city."""

    city: str


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_tools_and_their_results_survive_a_fallback(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire).bind_tools([Weather], tool_choice="any")
    asked = HumanMessage('What is the weather in "Oslo"?')
    cloud.break_(wire, Fault(FaultKind.STATUS, status=401))
    call = ask(model, mode, [asked])
    assert call.tool_calls[0]["name"] == "Weather"
    assert call.response_metadata["router"]["fallback_used"]
    cloud.heal()
    result = ToolMessage("Rain in Oslo", tool_call_id=call.tool_calls[0]["id"])
    plain = router(wire).bind_tools([Weather])
    answer = ask(plain, mode, [asked, call, result])
    assert answer.response_metadata["router"]["provider"] == wire
    assert "Rain" in answer.text


@pytest.mark.parametrize("wire", WIRES)
def test_structured_output_is_the_same_from_every_provider(wire: str, router: Make) -> None:
    structured = router(wire).with_structured_output(Weather)
    assert isinstance(structured.invoke('The weather in "Oslo", please'), Weather)
    assert isinstance(RUNNER.run(structured.ainvoke('The weather in "Oslo"')), Weather)


def test_it_takes_a_models_place_in_a_chain(router: Make) -> None:
    model = router("azure_openai")
    assert isinstance(model, BaseChatModel)
    chain = ChatPromptTemplate.from_template("Say {word}") | model | StrOutputParser()
    assert "gpt-4o" in chain.invoke({"word": "hello"})
    assert "".join(chain.stream({"word": "hello"}))


def test_a_stream_ends_with_exactly_one_chunk_of_router_metadata(router: Make) -> None:
    chunks = list(router("azure_openai").stream("Hi"))
    told = [chunk for chunk in chunks if "router" in chunk.response_metadata]
    assert told == [chunks[-1]]
    assert chunks[-1].chunk_position == "last"
    assert len({chunk.id for chunk in chunks}) == 1
    assert summed(chunks).usage_metadata["total_tokens"] > 0


def test_the_repr_is_short_and_names_no_setting_of_a_model(router: Make) -> None:
    shown = repr(router("azure_openai"))
    assert len(shown) < 200
    assert "fake" not in shown

"""Traces: what LangSmith is told of a call: one run of the call, and under it each attempt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.callbacks.manager import CallbackManagerForLLMRun
from langchain_core.exceptions import ModelError
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.tracers.langchain import LangChainTracer
from langsmith import tracing_context

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.tracing import observer_for
from tests.agents.conftest import MODELS
from tests.wire.conftest import MODES, RUNNER, WIRES, ask

from .scenes import BETWEEN, PROMPT, Make, weather_tool
from .sink import Sink
from .test_graphs import graph

WORDS = "Please tell me of the platypus"
RESET = Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0)


def metadata(run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = run["extra"]["metadata"]
    return found


def attempts_under(run: dict[str, Any], runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [it for it in runs if it.get("parent_run_id") == run["id"]]


def counted(runs: list[dict[str, Any]]) -> tuple[int, int]:
    """Tokens as LangSmith adds them up: those of every run that has usage metadata."""
    usages = [metadata(run)["usage_metadata"] for run in runs if "usage_metadata" in metadata(run)]
    return sum(u["input_tokens"] for u in usages), sum(u["output_tokens"] for u in usages)


def answered(cloud: Emulator) -> tuple[int, int]:
    done = [entry for entry in cloud.log if entry.completed]
    return sum(e.input_tokens for e in done), sum(e.output_tokens for e in done)


@pytest.mark.parametrize("deadline", [None, 20.0], ids=["inline", "in threads"])
@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("wire", WIRES)
def test_each_attempt_is_a_run_under_its_calls_own(
    wire: str, mode: str, deadline: float | None, langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    model = router(wire, deadline_seconds=deadline)
    cloud.break_(wire, "503")
    answer = ask(model, mode, WORDS, config={"callbacks": [langsmith.tracer()]})
    call, *attempts = langsmith.told()
    told = answer.response_metadata["router"]
    assert (call["run_type"], call.get("parent_run_id")) == ("llm", None)
    assert attempts == attempts_under(call, attempts)
    assert [run["name"] for run in attempts] == [
        f"attempt {attempt['deployment']}" for attempt in told["attempts"]
    ]
    assert [run["inputs"]["attempt"] for run in attempts] == [1, 2, 3]
    assert [metadata(run)["outcome"] for run in attempts] == ["failure", "failure", "success"]
    assert [metadata(run).get("cause") for run in attempts] == ["overloaded", "overloaded", None]
    assert ["error" in run for run in attempts] == [True, True, False]
    assert all(run["end_time"] and run["run_type"] == "chain" for run in attempts)
    assert counted([call, *attempts]) == counted([call]) == answered(cloud)
    assert (
        attempts[-1]["outputs"]["input_tokens"],
        attempts[-1]["outputs"]["output_tokens"],
    ) == answered(cloud)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
@pytest.mark.parametrize("wire", WIRES)
def test_the_calls_run_names_the_model_that_answered_as_the_bare_model_would(
    wire: str, mode: str, langsmith: Sink, models: dict[str, Any], router: Make
) -> None:
    named = []
    for model in (router(wire), models[wire]):
        ask(model, mode, config={"callbacks": [langsmith.tracer()]})
        run = next(run for run in langsmith.told() if run["run_type"] == "llm")
        named.append((metadata(run)["ls_provider"], metadata(run)["ls_model_name"]))
        langsmith.forget()
    assert named[0] == named[1]
    assert named[0][1].removeprefix("models/") == MODELS[wire]


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("chained", [False, True], ids=["alone", "in a chain"])
def test_a_streams_attempts_are_traced_though_langchain_tells_it_of_no_run(
    chained: bool, mode: str, langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    cloud.break_("azure_openai", RESET)
    model: Any = router("azure_openai")
    if chained:
        model = ChatPromptTemplate.from_template("{said}") | model
    asked = {"said": WORDS} if chained else WORDS
    answer = ask(model, mode, asked, config={"callbacks": [langsmith.tracer()]})
    runs = langsmith.told()
    call = next(run for run in runs if run["run_type"] == "llm")
    assert answer.text.count("platypus") == 1
    assert answer.id == f"lc_run--{call['id']}"
    assert [metadata(run)["outcome"] for run in attempts_under(call, runs)] == [
        "failure",
        "failure",
        "success",
    ]
    assert metadata(call)["ls_model_name"] == MODELS["aws_bedrock"]
    assert counted(runs) == answered(cloud)


@pytest.mark.parametrize("limited", [False, True], ids=["plain", "with a rate limiter"])
@pytest.mark.parametrize("mode", MODES)
def test_a_call_that_the_environment_alone_traces_has_its_attempts_under_it(
    mode: str, limited: bool, langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=1e6) if limited else None
    cloud.break_("azure_openai", RESET)
    with tracing_context(enabled=True, client=langsmith.client):
        ask(router("azure_openai", rate_limiter=limiter), mode)
    call, *attempts = langsmith.told()
    assert attempts == attempts_under(call, attempts)
    assert [metadata(run)["outcome"] for run in attempts] == ["failure", "failure", "success"]
    message = call["outputs"]["generations"][0][0]["message"]["kwargs"]
    assert message["response_metadata"]["model_name"] == MODELS["aws_bedrock"]
    assert message["response_metadata"]["router"]["attempt_number"] == 3
    assert counted([call, *attempts]) == answered(cloud)


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_was_left_is_closed_in_the_trace_too(
    mode: str, langsmith: Sink, router: Make
) -> None:
    model, config = router("azure_openai"), {"callbacks": [langsmith.tracer()]}

    async def leave() -> None:
        stream = model.astream(WORDS, config=config)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # a generator

    if mode == "stream":
        stream = model.stream(WORDS, config=config)
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # a generator
    else:
        RUNNER.run(leave())
    call, attempt = langsmith.told()
    assert metadata(attempt)["outcome"] == "left"
    assert call["end_time"]
    assert attempt["end_time"]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_events_of_version_3_are_traced_with_their_attempts(
    langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    cloud.break_("azure_openai", RESET)
    config: Any = {"callbacks": [langsmith.tracer()]}

    async def asynchronous() -> str:
        return str(await (await model.astream_events(WORDS, config=config, version="v3")).text)

    for streamed in (
        lambda: "".join(model.stream_events(WORDS, config=config, version="v3").text),
        lambda: RUNNER.run(asynchronous()),
    ):
        assert streamed().count("platypus") == 1
        call, *attempts = langsmith.told()
        assert [metadata(run)["outcome"] for run in attempts_under(call, attempts)] == [
            "failure",
            "failure",
            "success",
        ]
        assert metadata(call)["ls_model_name"] == MODELS["aws_bedrock"]
        langsmith.forget()


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_streamed_graphs_attempts_are_traced_and_its_tokens_come_once(
    mode: str, langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    compiled = graph(
        router("azure_openai"), weather_tool(cloud, "azure_openai", BETWEEN)
    ).with_config(callbacks=[langsmith.tracer()])
    asked = {"messages": [("human", PROMPT)]}
    config: Any = {"configurable": {"thread_id": "traced"}}

    async def collected() -> list[Any]:
        return [it async for it in compiled.astream(asked, config, stream_mode="messages")]

    if mode == "stream":
        events = list(compiled.stream(asked, config, stream_mode="messages"))
    else:
        events = RUNNER.run(collected())
    text = "".join(chunk.text for chunk, _ in events if chunk.type != "tool")
    assert text.count("The tool result is") == 1
    runs = langsmith.told()
    first, second = (run for run in runs if run["run_type"] == "llm")
    assert [run["name"] for run in attempts_under(first, runs)] == ["attempt azure_openai"]
    assert [run["name"] for run in attempts_under(second, runs)] == [
        "attempt azure_openai",
        "attempt azure_openai",
        "attempt aws_bedrock",
    ]
    assert [metadata(run)["ls_model_name"] for run in (first, second)] == [
        MODELS["azure_openai"],
        MODELS["aws_bedrock"],
    ]
    assert counted(runs) == answered(cloud)


def test_a_call_that_everybody_failed_is_traced_with_causes_and_no_text_of_theirs(
    langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    for wire in WIRES:
        cloud.break_(wire, "503")
    with pytest.raises(ModelError):
        router("azure_openai").invoke(WORDS, config={"callbacks": [langsmith.tracer()]})
    call, *attempts = langsmith.told()
    assert "AllAttemptsFailed" in call["error"] or "ServiceFailedError" in call["error"]
    assert len(attempts) == 6
    assert {metadata(run)["cause"] for run in attempts} == {"overloaded"}
    assert all("Traceback" not in run["error"] and len(run["error"]) < 250 for run in attempts)
    assert "FailedAttempt('overloaded: ServiceUnavailable (" in attempts[0]["error"]


def test_no_secret_is_posted_and_no_prompt_with_an_attempt(
    langsmith: Sink, cloud: Emulator, models: dict[str, Any], router: Make
) -> None:
    for wire, fault in zip(WIRES, ["401", "reset", "503"], strict=True):
        cloud.break_(wire, fault, times=2)
    router("azure_openai").invoke(WORDS, config={"callbacks": [langsmith.tracer()]})
    call, *attempts = langsmith.told()
    assert WORDS in json.dumps(call)
    assert len(attempts) > 3
    assert "platypus" not in json.dumps(attempts)
    posted = b"".join(langsmith.bodies).decode()
    azure = models["azure_openai"].openai_api_key.get_secret_value()
    bedrock = models["aws_bedrock"].aws_secret_access_key.get_secret_value()
    assert azure
    assert azure not in posted
    assert bedrock
    assert bedrock not in posted


def test_an_attempt_that_was_left_is_closed_at_once(
    langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    """In a thread it may go on long after its call."""
    cloud.break_("azure_openai", "silence")
    for mode in ("invoke", "ainvoke"):
        model = router("azure_openai", deadline_seconds=20.0, timeout=0.3)
        ask(model, mode, config={"callbacks": [langsmith.tracer()]})
        _, left, good = langsmith.told()
        assert left["name"] == "attempt azure_openai"
        assert metadata(left)["outcome"] in {"left", "failure"}
        assert 0.2 < metadata(left)["seconds"] < 5
        assert left["end_time"]
        assert metadata(good)["outcome"] == "success"
        langsmith.forget()


class Witness(BaseCallbackHandler):
    """Any other callback."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.seen.append("chat model")

    def on_chain_start(self, *_: Any, **__: Any) -> None:
        self.seen.append("chain")

    def on_llm_end(self, *_: Any, **__: Any) -> None:
        self.seen.append("end")


def test_nobody_but_the_tracer_sees_the_attempts(
    langsmith: Sink, cloud: Emulator, router: Make
) -> None:
    model, witness = router("azure_openai"), Witness()
    cloud.break_("azure_openai", "503")
    config: Any = {"callbacks": [langsmith.tracer(), witness]}
    for mode in MODES:
        ask(model, mode, config=config)
    assert witness.seen == ["chat model", "end"] * len(MODES)

    async def events() -> set[str]:
        stream = model.astream_events("Hello", config=config, version="v2")
        return {event["name"] async for event in stream}

    assert RUNNER.run(events()) == {"RoutedChatModel"}


def run_manager(*handlers: Any) -> CallbackManagerForLLMRun:
    manager = CallbackManagerForLLMRun.get_noop_manager()
    manager.handlers = list(handlers)
    return manager


def test_an_observer_is_made_for_tracers_alone(langsmith: Sink) -> None:
    class Tracer(LangChainTracer):
        """One that somebody derived."""

    assert observer_for(None, ()) is None
    assert observer_for(run_manager(), ()) is None
    assert observer_for(run_manager(Witness()), ()) is None
    derived = Tracer(client=langsmith.client)
    assert observer_for(run_manager(Witness(), derived), ()) is not None


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the tracer's own trouble")


BROKEN: list[Callable[[Any], Any]] = [
    lambda tracer: setattr(tracer, "on_chain_start", broken),
    lambda tracer: setattr(tracer, "on_chain_end", broken),
    lambda tracer: setattr(tracer, "on_chain_error", broken),
]


@pytest.mark.parametrize("damage", BROKEN, ids=["start", "end", "error"])
def test_a_tracers_trouble_is_not_the_calls(
    damage: Callable[[Any], Any],
    langsmith: Sink,
    cloud: Emulator,
    router: Callable[..., RoutedChatModel],
) -> None:
    tracer = langsmith.tracer()
    damage(tracer)
    cloud.break_("azure_openai", "503")
    for mode in ("invoke", "ainvoke"):
        answer = ask(router("azure_openai"), mode, config={"callbacks": [tracer]})
        assert answer.response_metadata["router"]["provider"] == "aws_bedrock"

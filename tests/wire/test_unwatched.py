"""A call that nobody watches goes a shorter way to the model, and nobody can tell."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import (
    AsyncCallbackManager,
    BaseCallbackHandler,
    CallbackManager,
    get_usage_metadata_callback,
)
from langchain_core.globals import set_debug, set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.tracers import context as tracers
from pydantic import Field

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.testing import ScriptedModel

from .conftest import MODES, RUNNER, WIRES, ask

Make = Callable[..., RoutedChatModel]

WHOLE = ("invoke", "ainvoke")
HISTORY = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Yes?"), HumanMessage("Bye")]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
PICTURE = HumanMessage(
    [
        {"type": "text", "text": "What is this?"},
        {
            "type": "image",
            "source_type": "base64",
            "mime_type": "image/png",
            "data": b64encode(b"\x89PNG\r\n\x1a\n").decode(),
        },
    ]
)
PROMPTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a text": ("Tell me of the platypus", {}),
    "a history": (HISTORY, {}),
    "tuples": ([("system", "Be brief."), ("human", "Hi")], {}),
    "a prompt": (ChatPromptTemplate.from_template("Say {it}").invoke({"it": "yes"}), {}),
    "blocks": ([PICTURE], {}),
    "keywords": ("Count to ten", {"max_tokens": 4, "stop": ["zebra"]}),
    "tools": ("What is the weather in Paris?", {"tools": [WEATHER], "tool_choice": "weather"}),
    "a run's id": ("Hello", {"config": {"run_id": UUID(int=7), "tags": ["a"], "metadata": {}}}),
}
#: What differs between two calls, whoever watches.
VOLATILE = re.compile(r"time|seconds|created|request|date|^id$|x-amzn", re.IGNORECASE)


class Watching(BaseCallbackHandler):
    """Watches, and does nothing."""


class Managers:
    """Counts how often LangChain prepares a run."""

    def __init__(self) -> None:
        self.runs = 0


@pytest.fixture
def managers(monkeypatch: pytest.MonkeyPatch) -> Managers:
    counted = Managers()
    for kind in (CallbackManager, AsyncCallbackManager):

        def counting(
            self: Any, *given: Any, _own: Any = kind.on_chat_model_start, **named: Any
        ) -> Any:
            counted.runs += 1
            return _own(self, *given, **named)

        monkeypatch.setattr(kind, "on_chat_model_start", counting)
    return counted


@pytest.fixture
def model() -> RoutedChatModel:
    return RoutedChatModel([ScriptedModel(script=["yes"])])


def steady(value: Any) -> Any:
    """What two answers to one question have in common."""
    if isinstance(value, dict):
        return {k: steady(v) for k, v in value.items() if not VOLATILE.search(str(k))}
    return [steady(v) for v in value] if isinstance(value, list) else value


def shape(id_: str | None) -> str:
    """An id without what is another one for every call."""
    return re.sub("[0-9a-f]{2,}", "…", str(id_))


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_is_the_same_whether_or_not_somebody_watches(
    wire: str, mode: str, prompt: str, cloud: Emulator, router: Make
) -> None:
    asked, keywords = PROMPTS[prompt]
    config = keywords.get("config", {})
    alone = ask(router(wire), mode, asked, **keywords)
    (sent,) = cloud.log
    keywords = {**keywords, "config": {**config, "callbacks": [Watching()]}}
    watched = ask(router(wire), mode, asked, **keywords)
    assert steady(alone.model_dump()) == steady(watched.model_dump())
    assert type(alone) is type(watched)
    assert alone.model_fields_set == watched.model_fields_set
    assert list(alone.response_metadata) == list(watched.response_metadata)
    assert cloud.log[-1].body == sent.body
    assert shape(alone.id) == shape(watched.id)


@pytest.mark.parametrize("mode", MODES)
def test_what_nobody_watches_is_prepared_for_nobody(
    mode: str, managers: Managers, model: RoutedChatModel
) -> None:
    ask(model, mode)
    ask(model, mode, HISTORY, config={"tags": ["mine"], "callbacks": []})
    assert managers.runs == 0
    ask(model, mode, config={"callbacks": [Watching()]})
    assert managers.runs == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_message_without_an_id_gets_one_of_its_run(mode: str, model: RoutedChatModel) -> None:
    run_id = uuid4()
    end = "-0" if mode in WHOLE else ""
    assert ask(model, mode, config={"run_id": run_id}).id == f"lc_run--{run_id}{end}"
    ids = {ask(model, mode).id for _ in range(3)}
    assert len(ids) == 3
    assert all(UUID(id_.removeprefix("lc_run--").removesuffix("-0")).version == 7 for id_ in ids)


@pytest.mark.parametrize("mode", MODES)
def test_whoever_counts_tokens_from_around_the_call_is_told(
    mode: str, managers: Managers, router: Make
) -> None:
    model = router("azure_openai")
    with get_usage_metadata_callback() as counted:
        answer = ask(model, mode)
    (usage,) = counted.usage_metadata.values()
    assert usage["total_tokens"] == answer.usage_metadata["total_tokens"]
    assert managers.runs == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_handler_that_the_environment_asks_for_hears_of_a_call_once(
    mode: str, model: RoutedChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    class Asked(BaseCallbackHandler):
        def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            heard.append(self)

    var: ContextVar[Any] = ContextVar("asked", default=None)
    hooks = [*tracers._configure_hooks, (var, True, Asked, "WATCH_MULTIROUTER")]
    monkeypatch.setattr(tracers, "_configure_hooks", hooks)
    monkeypatch.setenv("WATCH_MULTIROUTER", "true")
    ask(model, mode)
    assert len(heard) == 1


@pytest.mark.parametrize("mode", MODES)
def test_debugging_shows_the_call(
    mode: str, model: RoutedChatModel, capsys: pytest.CaptureFixture[str]
) -> None:
    set_debug(True)
    try:
        ask(model, mode)
    finally:
        set_debug(False)
    assert "RoutedChatModel" in capsys.readouterr().out


@pytest.fixture
def cache() -> Iterator[InMemoryCache]:
    kept = InMemoryCache()
    set_llm_cache(kept)
    yield kept
    set_llm_cache(None)


@pytest.mark.parametrize("mode", WHOLE)
@pytest.mark.parametrize("own", [False, True], ids=["of the process", "the router's own"])
def test_a_cache_is_asked_first(
    own: bool, mode: str, cloud: Emulator, router: Make, cache: InMemoryCache
) -> None:
    if own:
        set_llm_cache(None)
    model = router("azure_openai", cache=cache if own else None)
    first, second = ask(model, mode), ask(model, mode)
    assert first.text == second.text
    assert len(cloud.log) == 1
    ask(router("azure_openai", cache=False), mode)
    assert len(cloud.log) == 2


class Counting(BaseRateLimiter):
    """Lets everybody pass."""

    passed = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        Counting.passed += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


@pytest.mark.parametrize("mode", MODES)
def test_a_rate_limiter_is_asked_once(mode: str) -> None:
    model = RoutedChatModel([ScriptedModel(script=["yes"])], rate_limiter=Counting())
    before = Counting.passed
    ask(model, mode)
    assert Counting.passed == before + 1


@pytest.mark.parametrize("name", ["generate", "_generate_with_cache"])
def test_whoever_replaced_a_part_of_langchain_is_called(
    name: str, model: RoutedChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    own = getattr(BaseChatModel, name)

    def replaced(self: Any, *given: Any, **named: Any) -> Any:
        calls.append(name)
        return own(self, *given, **named)

    model.invoke("Hello")
    monkeypatch.setattr(BaseChatModel, name, replaced)
    model.invoke("Hello")
    assert calls == [name]


@pytest.mark.parametrize("mode", MODES)
def test_whoever_replaced_langchains_entry_is_called(
    mode: str, model: RoutedChatModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    own = getattr(BaseChatModel, mode)

    def replaced(self: Any, *given: Any, **named: Any) -> Any:
        calls.append(mode)
        return own(self, *given, **named)

    monkeypatch.setattr(BaseChatModel, mode, replaced)
    ask(model, mode)
    assert calls == [mode]


def test_a_subclass_of_the_router_may_override_what_langchain_calls() -> None:
    class Mine(RoutedChatModel):
        def generate(self, *given: Any, **named: Any) -> Any:
            calls.append("generate")
            return super().generate(*given, **named)

    calls: list[str] = []
    Mine([ScriptedModel(script=["yes"])]).invoke("Hello")
    assert calls == ["generate"]


def test_a_call_that_is_cancelled_is_settled_and_its_task_is_not_cancelled_twice(
    model: RoutedChatModel,
) -> None:
    class Slow(ScriptedModel):
        async def _agenerate(self, *given: Any, **named: Any) -> Any:
            await asyncio.sleep(60)

    slow = RoutedChatModel([Slow(script=["yes"])])

    async def left() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await slow.ainvoke("Hello")
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert RUNNER.run(left()) == 0
    (counts,) = slow.counts().values()
    assert (counts["cancelled"], counts["pending"]) == (1, 0)


class Recording(ScriptedModel):
    """Remembers what it was asked."""

    asked: list[Any] = Field(default_factory=list)
    streamed: list[bool] = Field(default_factory=list)

    def _answers(self, messages: Any, streamed: bool) -> None:
        self.asked.extend(messages)
        self.streamed.append(streamed)

    def _generate(self, messages: Any, *given: Any, **named: Any) -> Any:
        self._answers(messages, False)
        return super()._generate(messages, *given, **named)

    def _stream(self, messages: Any, *given: Any, **named: Any) -> Any:
        self._answers(messages, True)
        return super()._stream(messages, *given, **named)


@pytest.fixture
def recording() -> Recording:
    return Recording(script=["yes"])


@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_blocks_reach_a_model_in_langchains_newest_form(mode: str, recording: Recording) -> None:
    ask(RoutedChatModel([recording]), mode, [PICTURE])
    _, picture = recording.asked[0].content
    assert picture["base64"] == PICTURE.content[1]["data"]  # type: ignore[index]
    assert "source_type" not in picture


@pytest.mark.parametrize("mode", MODES)
def test_a_router_of_content_blocks_gives_content_blocks(mode: str) -> None:
    model = RoutedChatModel([ScriptedModel(script=["yes"])], output_version="v1")
    assert isinstance(ask(model, mode).content, list)


@pytest.mark.parametrize("settings", [{"streaming": True}, {}], ids=["set", "asked for"])
def test_a_call_streams_underneath_where_that_is_wanted(
    settings: dict[str, Any], recording: Recording
) -> None:
    model = RoutedChatModel([recording], **settings)
    model.invoke("Hello", **({} if settings else {"stream": True}))
    assert recording.streamed == [True]


@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_is_forbidden_is_a_whole_answer(mode: str, recording: Recording) -> None:
    model = RoutedChatModel([recording], disable_streaming=True)
    assert ask(model, mode).text == "yes"
    assert recording.streamed == [False]


@pytest.mark.parametrize("name", ["ls_structured_output_format", "structured_output_format"])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_for_traces_alone_is_no_keyword_of_a_call(
    mode: str, name: str, model: RoutedChatModel
) -> None:
    assert ask(model, mode, **{name: {"kwargs": {}, "schema": {"title": "It"}}}).text == "yes"


@pytest.mark.parametrize("mode", WHOLE)
@pytest.mark.parametrize("watched", [False, True], ids=["unwatched", "watched"])
def test_a_runs_tags_are_known_where_attempts_are_made(watched: bool, mode: str) -> None:
    class Tagged(RoutedChatModel):
        def _generate(self, messages: Any, stop: Any, run_manager: Any, **named: Any) -> Any:
            tags.append(run_manager.tags)
            return super()._generate(messages, stop, run_manager, **named)

        async def _agenerate(self, messages: Any, stop: Any, run_manager: Any, **named: Any) -> Any:
            tags.append(run_manager.tags)
            return await super()._agenerate(messages, stop, run_manager, **named)

    tags: list[Any] = []
    model = Tagged([ScriptedModel(script=["yes"])], tags=["the router's"])
    config: Any = {"tags": ["the call's"], "callbacks": [Watching()] if watched else None}
    ask(model, mode, config=config)
    ask(model.with_retry(), mode, config=config)
    ask(ChatPromptTemplate.from_template("{it}") | model, mode, {"it": "Well?"}, config=config)
    assert tags == [
        ["the call's", "the router's"],
        ["the call's", "the router's"],
        ["seq:step:2", "the call's", "the router's"],
    ]

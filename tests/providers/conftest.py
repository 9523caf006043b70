"""The real provider classes over one emulator, and the four ways to call each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.providers import ProviderClasses, provider_named, provider_of

MODELS = {
    "aws_bedrock": "anthropic.claude-3-5-sonnet-20240620-v1:0",
    "azure_openai": "gpt-4o",
    "gcp_vertex": "gemini-3-flash-preview",  # takes a response format and tools together
}
WIRES = tuple(MODELS)
MODES = ("invoke", "ainvoke", "stream", "astream")

#: Long enough for an answer on the busiest machine; short enough to wait for.
TIMEOUT_SECONDS = 20.0
HASTY_SECONDS = 0.25

PROMPT = (HumanMessage("Tell me a long story about routers, not as JSON"),)


class Caller:
    """Calls a chat model's four functions as the router does, on one event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def __call__(
        self,
        model: Any,
        mode: str,
        /,
        messages: tuple[BaseMessage, ...] = PROMPT,
        *,
        stop: list[str] | None = None,
        **settings: Any,
    ) -> AIMessage:
        """The answer, its metadata gathered on it."""
        asked = list(messages)
        if mode == "invoke":
            return whole(model._generate(asked, stop=stop, **settings))
        if mode == "ainvoke":
            return whole(self.run(model._agenerate(asked, stop=stop, **settings)))
        if mode == "stream":
            return summed(list(model._stream(asked, stop=stop, **settings)))

        async def read() -> list[ChatGenerationChunk]:
            return [chunk async for chunk in model._astream(asked, stop=stop, **settings)]

        return summed(self.run(read()))


def whole(result: ChatResult) -> AIMessage:
    if not result.generations:
        return AIMessage("")
    generation = result.generations[0]
    message = generation.message
    assert isinstance(message, AIMessage)
    info = {**(result.llm_output or {}), **(generation.generation_info or {})}
    message.response_metadata = {**info, **message.response_metadata}
    return message


def summed(chunks: list[ChatGenerationChunk]) -> AIMessage:
    total = AIMessageChunk(content="")
    for chunk in chunks:
        part = chunk.message
        assert isinstance(part, AIMessageChunk)
        info = chunk.generation_info or {}
        part.response_metadata = {**info, **part.response_metadata}
        total = part if total.response_metadata == {} and not total.content else total + part
    return total


class Subject(NamedTuple):
    """A provider's row, a default-constructed instance, and those that were made of it."""

    row: ProviderClasses
    users: BaseChatModel
    adopted: BaseChatModel
    hasty: BaseChatModel


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def emulator(_environment: None) -> Iterator[Emulator]:
    with Emulator(seed=0) as cloud:
        yield cloud


@pytest.fixture
def cloud(emulator: Emulator) -> Emulator:
    emulator.heal()
    emulator.clear_log()
    return emulator


@pytest.fixture(scope="session")
def call() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.loop.close()


@pytest.fixture(scope="session")
def subjects(emulator: Emulator, call: Caller) -> Iterator[dict[str, Subject]]:
    made = {}
    for wire, name in MODELS.items():
        row = provider_named(wire)
        users = emulator.chat_model(wire, name)
        adopted, hasty = (
            row.adopt(users, timeout_seconds=seconds, keep_retries=False, settings={})
            for seconds in (TIMEOUT_SECONDS, HASTY_SECONDS)
        )
        made[wire] = Subject(row, users, adopted, hasty)
    yield made
    for wire, subject in made.items():
        for model in (subject.users, subject.adopted, subject.hasty):
            call.run(closed(wire, model))


async def closed(wire: str, model: Any) -> None:
    """Closes a model's connections, which outlive it."""
    if wire == "azure_openai":
        model.root_client.close()
        await model.root_async_client.close()
    elif wire == "gcp_vertex":
        model.client.close()
        await model.client.aio.aclose()
    else:
        model.client.close()
    await asyncio.sleep(0)


Keep = Callable[[Any], Any]


@pytest.fixture
def keep(call: Caller) -> Iterator[Keep]:
    """Keeps a model for the test, and closes its asynchronous connections after it."""
    kept: list[tuple[str, Any]] = []

    def hold(model: Any) -> Any:
        kept.append((provider_of(model).name, model))
        return model

    yield hold
    for wire, model in kept:
        call.run(closed(wire, model))


def adopted(model: BaseChatModel, *, keep_retries: bool = False, **settings: Any) -> Any:
    return provider_of(model).adopt(
        model, timeout_seconds=7.0, keep_retries=keep_retries, settings=settings
    )


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs' own retries come at once."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


Outcome = Callable[..., Failure | None]


@pytest.fixture(scope="session")
def outcome_of(call: Caller) -> Outcome:
    """How the row sees a call: None for a success, else its failure."""

    def outcome(
        row: ProviderClasses, model: BaseChatModel, mode: str, **settings: Any
    ) -> Failure | None:
        try:
            answer = call(model, mode, **settings)
        except Exception as error:
            return row.classify(error)
        return row.judge(answer)

    return outcome


def cause_of(failure: Failure | None) -> Cause | None:
    return None if failure is None else failure.cause

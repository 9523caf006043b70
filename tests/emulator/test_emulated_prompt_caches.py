"""The emulated prompt caches, through the real clients: lengths, steps, marks and times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_multirouter.emulator import Emulator, Fault, FaultKind

Chat = Callable[..., Any]
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
AUTOMATIC = [("azure_openai", "gpt-4o"), ("gcp_vertex", "gemini-2.5-flash")]


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulator]:
    with Emulator() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def chat(emulated: Emulator) -> Chat:
    """Clients take half a second to build: one of each."""
    return lru_cache(maxsize=None)(emulated.chat_model)


@pytest.fixture
def cloud(emulated: Emulator) -> Emulator:
    emulated.heal()
    emulated.prompt_caches.forget()
    emulated.clear_log()
    return emulated


def prompt(tokens: int, *more: BaseMessage, mark: Any = None) -> list[BaseMessage]:
    """A system message of so many emulated tokens, and what follows."""
    text = ("word" * (tokens - 3))[: 4 * (tokens - 3)]
    content: Any = text if mark is None else [{"type": "text", "text": text}, mark]
    return [SystemMessage(content), *(more or (HumanMessage("Hello there"),))]


def cached(answer: AIMessage) -> tuple[int, int]:
    """Read and written."""
    details: Any = answer.usage_metadata["input_token_details"]  # type: ignore[index]
    hour = details.get("ephemeral_1h_input_tokens", 0)
    written = max(details.get("cache_creation", 0), details.get("ephemeral_5m_input_tokens", 0))
    return details.get("cache_read", 0), max(written, hour)


@pytest.mark.parametrize(("wire", "name"), AUTOMATIC)
def test_a_long_prompt_is_read_from_the_cache_the_second_time(
    wire: str, name: str, cloud: Emulator, chat: Chat
) -> None:
    model = chat(wire, name)
    first, second = model.invoke(prompt(3000)), model.invoke(prompt(3000))
    assert cached(first)[0] == 0
    assert cached(second)[0] == 2944  # the last whole 128
    assert first.usage_metadata["input_tokens"] == second.usage_metadata["input_tokens"]
    assert first.text == second.text
    assert [entry.cached_tokens for entry in cloud.log] == [0, 2944]


def test_a_stream_and_the_responses_api_report_it_too(cloud: Emulator, chat: Chat) -> None:
    for model in (
        chat("azure_openai", "gpt-4o", stream_usage=True),
        chat("gcp_vertex", "gemini-2.5-flash"),
        chat("azure_openai", "gpt-5", use_responses_api=True, api_version="2025-03-01-preview"),
    ):
        model.invoke(prompt(3000))
        chunks = list(model.stream(prompt(3000)))
        total = chunks[0]
        for chunk in chunks[1:]:
            total += chunk
        assert cached(total)[0] == 2944


@pytest.mark.parametrize(
    ("wire", "name", "least"),
    [
        ("azure_openai", "gpt-4o", 1024),
        ("gcp_vertex", "gemini-2.5-flash", 2048),
        ("gcp_vertex", "gemini-3.8-flash", 4096),
    ],
)
def test_what_is_shorter_than_the_least_is_never_cached(
    wire: str, name: str, least: int, cloud: Emulator, chat: Chat
) -> None:
    model = chat(wire, name)
    for tokens, expected in ((least - 128, 0), (least, least)):
        model.invoke(prompt(tokens))
        assert cached(model.invoke(prompt(tokens)))[0] == expected


def test_the_common_beginning_of_two_prompts_is_shared(cloud: Emulator, chat: Chat) -> None:
    model = chat("azure_openai", "gpt-4o")
    model.invoke(prompt(2000, HumanMessage("This is one question")))
    assert cached(model.invoke(prompt(2000, HumanMessage("Another"))))[0] == 1920
    assert cached(model.invoke(prompt(1500, HumanMessage("Another"))))[0] == 1408
    other = [SystemMessage("x" + "word" * 2000), HumanMessage("Another")]
    assert cached(model.invoke(other))[0] == 0


def test_deployments_share_nothing(cloud: Emulator, chat: Chat) -> None:
    chat("azure_openai", "gpt-4o").invoke(prompt(2000))
    assert cached(chat("azure_openai", "gpt-4o-mini").invoke(prompt(2000)))[0] == 0


@pytest.mark.parametrize(("wire", "name"), AUTOMATIC)
def test_it_is_forgotten_five_minutes_after_its_last_use(
    wire: str, name: str, cloud: Emulator, chat: Chat
) -> None:
    model = chat(wire, name)
    model.invoke(prompt(3000))
    for _ in range(3):
        cloud.prompt_caches.later(200)
        assert cached(model.invoke(prompt(3000)))[0] > 0
    cloud.prompt_caches.later(301)
    assert cached(model.invoke(prompt(3000)))[0] == 0


def test_a_request_that_fails_is_not_remembered(cloud: Emulator, chat: Chat) -> None:
    model = chat("azure_openai", "gpt-4o", max_retries=0)
    cloud.break_("azure_openai", Fault(FaultKind.STATUS, status=500), times=1)
    with pytest.raises(Exception, match="500"):
        model.invoke(prompt(2000))
    assert cached(model.invoke(prompt(2000)))[0] == 0


def test_later_models_of_azure_report_what_they_write(cloud: Emulator, chat: Chat) -> None:
    for name, expected in (("gpt-4o", 0), ("gpt-5.2", 0), ("gpt-6.1-terra", 1920)):
        assert cached(chat("azure_openai", name).invoke(prompt(2000)))[1] == expected


class TestBedrock:
    """Only what is marked is kept."""

    def test_without_a_mark_nothing_is_cached(self, cloud: Emulator, chat: Chat) -> None:
        model = chat("aws_bedrock", SONNET)
        for _ in range(2):
            assert cached(model.invoke(prompt(3000))) == (0, 0)

    def test_a_marked_prefix_is_written_then_read(self, cloud: Emulator, chat: Chat) -> None:
        model = chat("aws_bedrock", SONNET)
        first, second = (model.invoke(prompt(3000, mark=POINT)) for _ in range(2))
        read, written = cached(first)
        assert read == 0
        assert written == pytest.approx(3000, abs=3)
        assert cached(second) == (written, 0)
        assert first.usage_metadata["input_tokens"] == second.usage_metadata["input_tokens"]
        assert first.usage_metadata["total_tokens"] == (
            first.usage_metadata["input_tokens"] + first.usage_metadata["output_tokens"]
        )

    def test_a_mark_after_too_little_is_passed_over(self, cloud: Emulator, chat: Chat) -> None:
        model = chat("aws_bedrock", SONNET)
        for _ in range(2):
            assert cached(model.invoke(prompt(900, mark=POINT))) == (0, 0)

    def test_a_mark_that_moves_on_reads_what_was_kept_before_it(
        self, cloud: Emulator, chat: Chat
    ) -> None:
        model = chat("aws_bedrock", SONNET)
        question = HumanMessage([{"type": "text", "text": "word" * 500}, POINT])
        answer = model.invoke(prompt(2000, question))
        _, first = cached(answer)
        plain = HumanMessage([{"type": "text", "text": "word" * 500}])
        again = HumanMessage([{"type": "text", "text": "more" * 200}, POINT])
        read, written = cached(model.invoke(prompt(2000, plain, AIMessage(answer.text), again)))
        assert read == first
        assert written >= 200

    def test_a_mark_of_an_hour_lasts_one(self, cloud: Emulator, chat: Chat) -> None:
        model = chat("aws_bedrock", SONNET)
        answer = model.invoke(prompt(3000, mark=HOUR))
        details: Any = answer.usage_metadata["input_token_details"]
        assert details["ephemeral_1h_input_tokens"] > 2900
        cloud.prompt_caches.later(3000)
        assert cached(model.invoke(prompt(3000, mark=HOUR)))[0] > 2900
        model.invoke(prompt(2000, mark=POINT))
        cloud.prompt_caches.later(301)
        assert cached(model.invoke(prompt(2000, mark=POINT)))[0] == 0

    def test_streams_report_it_too(self, cloud: Emulator, chat: Chat) -> None:
        model = chat("aws_bedrock", SONNET)
        model.invoke(prompt(3000, mark=POINT))
        chunks = list(model.stream(prompt(3000, mark=POINT)))
        total = chunks[0]
        for chunk in chunks[1:]:
            total += chunk
        assert cached(total)[0] > 2900

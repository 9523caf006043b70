"""Warmth: what is expected of a provider's prompt cache, and what its reports change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.conversation import Cached, Conversation, Prefix
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.economics.prompt_caches import (
    CONTROL,
    NONE,
    POINT,
    UNKNOWN,
    CacheRules,
    rules_of,
)
from langchain_multirouter.economics.warmth import Warmth, usage_next, usage_now

AZURE = CacheRules(step_tokens=128, believed=1.0)
CLAUDE = CacheRules(mark=POINT, believed=1.0)
NOW = 1000.0


def prompt(*tokens: int, point: float = 0.0, control: float = 0.0) -> tuple[Prefix, ...]:
    """Prefixes that share their digests with every prompt that has the same lengths; the last one
    has the mark."""
    prefixes = [Prefix(f"{tokens[: i + 1]}".encode(), up_to) for i, up_to in enumerate(tokens)]
    prefixes[-1] = prefixes[-1]._replace(point_seconds=point, control_seconds=control)
    return tuple(prefixes)


def ask(
    warmth: Warmth,
    prefixes: tuple[Prefix, ...],
    number: int = 0,
    *,
    now: float = NOW,
    reported: int | None = None,
) -> Cached | None:
    """One call to a deployment: what was expected of it before it answered."""
    expected = warmth.expected(prefixes, now)
    read = 0 if reported is None else reported
    usage = None if reported is None else Usage(prefixes[-1].tokens, 10, read)
    warmth.answered(Conversation(prefixes, expected), number, usage, now)
    return expected.get(number)


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("azure_openai", "gpt-4o", (1024, 128, None, 0.9)),
        ("azure_openai", "prod-eu", (1024, 128, None, 0.9)),
        ("azure_openai", "gpt-4.1", (1024, 128, None, 0.9)),
        ("azure_openai", "gpt-6.1-terra", (1024, 128, None, 0.9)),
        ("azure_openai", "gpt-35-turbo", NONE),
        ("azure_openai", "gpt-4-turbo", NONE),
        ("azure_openai", "gpt-4", NONE),
        ("gcp_vertex", "gemini-2.5-flash", (2048, 1, None, 0.9)),
        ("gcp_vertex", "publishers/google/models/gemini-4-argon", (4096, 1, None, 0.9)),
        ("gcp_vertex", "claude-sonnet-4-5@20250929", (1024, 1, CONTROL, 0.9)),
        ("aws_bedrock", "eu.anthropic.claude-sonnet-5-5", (1024, 1, POINT, 0.9)),
        ("aws_bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", (4096, 1, POINT, 0.9)),
        ("aws_bedrock", "us.amazon.nova-2-lite-v1:0", (1024, 1, POINT, 0.9)),
        ("aws_bedrock", "meta.llama3-3-70b-instruct-v1:0", UNKNOWN),
        ("ollama-chat", "llama", UNKNOWN),
    ],
)
def test_each_providers_rules(provider: str, model: str, expected: object) -> None:
    rules = rules_of(provider, model)
    told = (rules.least_tokens, rules.step_tokens, rules.mark, rules.believed)
    assert rules == expected or told == expected
    assert rules.seconds == 300.0


def test_nothing_is_expected_of_a_prompt_that_was_never_sent() -> None:
    assert Warmth([AZURE]).expected(prompt(2000), NOW) == {0: Cached(0, 1920, 0, 1920, 0)}


def test_what_was_sent_is_expected_again_in_whole_steps() -> None:
    warmth = Warmth([AZURE, AZURE])
    ask(warmth, prompt(1500, 2000))
    then = warmth.expected(prompt(1500, 2000, 3000), NOW)
    assert then[0] == Cached(1920, 2944 - 1920, 0, 2944, 1920)
    assert then[1] == Cached(0, 2944, 0, 2944, 0)


def test_the_longest_common_prefix_counts_and_no_longer_one() -> None:
    warmth = Warmth([CacheRules(believed=1.0)])
    ask(warmth, prompt(1500, 2000, 5000))
    found = warmth.expected(prompt(1500, 2100), NOW)[0]
    assert found.read_tokens == 1500


def test_what_is_too_short_is_neither_expected_nor_remembered() -> None:
    warmth = Warmth([AZURE])
    assert ask(warmth, prompt(500, 1023)) is None
    assert len(warmth) == 0
    ask(warmth, prompt(500, 1023, 2000))
    assert len(warmth) == 1


def test_it_is_warm_for_its_time_after_its_last_use() -> None:
    warmth = Warmth([AZURE])
    for now in (NOW, NOW + 299, NOW + 598):
        ask(warmth, prompt(2000), now=now)
    assert warmth.expected(prompt(2000), NOW + 897)[0].read_tokens == 1920
    assert warmth.expected(prompt(2000), NOW + 898)[0].read_tokens == 0


class TestMarked:
    """Deployments that keep only what a request marks."""

    def test_without_a_mark_nothing_is_expected_or_remembered(self) -> None:
        warmth = Warmth([CLAUDE])
        ask(warmth, prompt(2000))
        assert len(warmth) == 0
        assert warmth.expected(prompt(2000), NOW) == {}

    def test_anothers_mark_is_none(self) -> None:
        warmth = Warmth([CLAUDE])
        ask(warmth, prompt(2000, control=300.0))
        assert warmth.expected(prompt(2000, control=300.0), NOW) == {}

    def test_what_ends_at_a_mark_is_written_then_read(self) -> None:
        warmth = Warmth([CLAUDE])
        assert ask(warmth, prompt(2000, point=300.0)) == Cached(0, 2000, 0, 2000, 0)
        found = warmth.expected(prompt(2000, 2500, point=300.0), NOW)[0]
        assert found == Cached(2000, 500, 0, 2500, 2000)

    def test_what_comes_after_the_last_mark_is_not_written(self) -> None:
        warmth = Warmth([CLAUDE])
        prefixes = (*prompt(2000, point=300.0), Prefix(b"later", 9000))
        assert ask(warmth, prefixes) == Cached(0, 2000, 0, 2000, 0)
        assert len(warmth) == 1

    def test_an_hours_mark_keeps_it_for_an_hour(self) -> None:
        warmth = Warmth([CLAUDE])
        assert ask(warmth, prompt(2000, point=3600.0)) == Cached(0, 2000, 2000, 2000, 0)
        assert warmth.expected(prompt(2000, point=300.0), NOW + 3599)[0].read_tokens == 2000
        assert warmth.expected(prompt(2000, point=300.0), NOW + 3600)[0].read_tokens == 0


class TestBelief:
    """What a service reports decides how far it is relied on."""

    def test_who_never_reports_what_was_expected_is_expected_less_and_less(self) -> None:
        warmth, read = Warmth([AZURE]), []
        for _ in range(12):
            found = ask(warmth, prompt(2000), reported=0)
            assert found is not None
            read.append(found.read_tokens)
        assert read[:3] == [0, 1920, 1536]
        assert read[1:] == sorted(read[1:], reverse=True)
        assert read[-1] < 600

    def test_one_report_in_twenty_is_no_reason_to_leave(self) -> None:
        warmth = Warmth([AZURE])
        for call in range(400):
            ask(warmth, prompt(2000), reported=0 if call % 20 == 19 else 1920)
            assert warmth.belief(0) > 0.85

    def test_what_is_hardly_long_enough_may_have_been_too_short_and_says_nothing(self) -> None:
        warmth = Warmth([AZURE])
        for _ in range(5):
            ask(warmth, prompt(1200), reported=0)
        assert warmth.belief(0) == 1.0

    def test_who_reports_again_is_believed_again(self) -> None:
        warmth = Warmth([AZURE])
        for _ in range(10):
            ask(warmth, prompt(2000), reported=0)
        for _ in range(60):
            ask(warmth, prompt(2000), reported=1920)
        assert warmth.belief(0) > 0.9

    def test_a_service_that_nothing_is_known_of_is_expected_to_cache_once_it_says_so(self) -> None:
        warmth = Warmth([UNKNOWN])
        assert ask(warmth, prompt(2000), reported=0) == Cached()
        assert ask(warmth, prompt(2000), reported=0) == Cached(found_tokens=2000)
        for _ in range(30):
            ask(warmth, prompt(2000), reported=1990)
        found = warmth.expected(prompt(2000), NOW)[0]
        assert found.read_tokens > 1600
        assert found.written_tokens == 0

    def test_deployments_of_one_service_are_believed_alike_and_others_are_not(self) -> None:
        warmth = Warmth([AZURE, AZURE, AZURE], ["one", "other", "one"])
        for _ in range(5):
            ask(warmth, prompt(2000), 2, reported=0)
        assert warmth.belief(0) == warmth.belief(2) < 0.7
        assert warmth.belief(1) == 1.0

    def test_without_counts_nothing_is_learned(self) -> None:
        warmth = Warmth([AZURE])
        for _ in range(5):
            ask(warmth, prompt(2000), reported=None)
        assert warmth.belief(0) == 1.0

    @given(st.lists(st.tuples(st.integers(1, 9000), st.integers(-5, 10**9)), max_size=30))
    def test_whatever_is_reported_it_stays_a_share(self, reports: list[tuple[int, int]]) -> None:
        warmth = Warmth([AZURE, UNKNOWN])
        for tokens, reported in reports:
            for number in (0, 1):
                found = ask(warmth, prompt(tokens), number, reported=max(0, reported))
                assert 0.0 <= warmth.belief(number) <= 1.0
                if found is not None:
                    assert 0 <= found.read_tokens <= found.found_tokens <= tokens
                    assert 0 <= found.read_tokens + found.written_tokens <= tokens


def test_its_memory_is_bounded_and_forgets_the_oldest() -> None:
    warmth = Warmth([AZURE], most=10)
    for tokens in range(2000, 2030):
        ask(warmth, prompt(tokens))
    assert len(warmth) == 10
    assert warmth.expected(prompt(2029), NOW)[0].read_tokens > 0
    assert warmth.expected(prompt(2000), NOW)[0].read_tokens == 0


def test_one_prompt_of_a_thousand_messages_takes_128_places() -> None:
    warmth = Warmth([AZURE])
    prefixes = tuple(Prefix(str(i).encode(), 2000 + i) for i in range(1000))
    ask(warmth, prefixes)
    assert len(warmth) == 128
    assert warmth.expected(prefixes, NOW)[0].read_tokens == 2944
    assert warmth.expected(prefixes[:1], NOW)[0].read_tokens == 1920


def test_usage_is_in_the_deployments_own_tokens() -> None:
    cached = Cached(1000, 500, 100, 1500, 1000)
    assert usage_now(cached, Usage(4000, 7), 2000) == Usage(4000, 7, 2000, 1000, 0, 200)
    assert usage_next(cached, Usage(4000, 7), 2000) == Usage(4000, 7, 3000)

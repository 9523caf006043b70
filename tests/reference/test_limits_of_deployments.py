"""§3 Each deployment's own limits: its window by what it counts itself, and its longest answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage

from langchain_multirouter import NoCandidateError
from langchain_multirouter.candidate import Candidate
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.errors import PromptTooLongError, no_candidate
from langchain_multirouter.options import Strategy
from langchain_multirouter.request import Prompt
from langchain_multirouter.routing.filters import needed
from langchain_multirouter.telemetry import stats
from langchain_multirouter.telemetry.stats import (
    LARGEST_INPUT_RATIO,
    PRIOR_TOKENS,
    Measured,
    Sample,
    Stats,
)
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import asking, known, order, ranked, scripted, told, usd

STRATEGIES = pytest.mark.parametrize("strategy", Strategy)


def window(tokens: int) -> dict[str, Any]:
    return {"capabilities": Capabilities(max_input_tokens=tokens)}


def with_ratio(candidate: Candidate, ratio: float) -> Candidate:
    return candidate._replace(stats=Stats(measured=Measured(input_ratio=ratio)))


@STRATEGIES
def test_a_window_that_is_known_to_be_too_small_is_left_out_with_the_numbers(
    strategy: Strategy,
) -> None:
    fleet = [known(0, **window(8_000)), known(1, **window(20_000)), known(2)]
    ranking = ranked(fleet, strategy=strategy, tokens=12_345)
    assert ranking.removed == {"a": "context_window: about 12,345 tokens expected, 8,000 fit"}
    assert {c.deployment.name for c in ranking.order} == {"b", "c"}


def test_a_window_is_inclusive() -> None:
    assert order([known(0, **window(8_000))], tokens=8_000) == "a"
    assert order([known(0, **window(8_000))], tokens=8_001) == ""


def test_the_expected_input_is_the_estimate_before_there_was_an_answer() -> None:
    assert known(0).expected_input(asking(tokens=500)) == 500


def test_the_expected_input_is_corrected_by_the_deployments_own_counts() -> None:
    fleet = [with_ratio(known(0, **window(8_000)), 2.0), with_ratio(known(1, **window(8_000)), 0.5)]
    assert [c.expected_input(asking(tokens=5_000)) for c in fleet] == [10_000, 2_500]
    assert ranked(fleet, tokens=5_000).removed == {
        "a": "context_window: about 10,000 tokens expected, 8,000 fit"
    }
    assert order(fleet, tokens=15_000) == "b"


def test_costs_are_those_of_the_corrected_input() -> None:
    dear = with_ratio(known(0, price=usd(1.0, 0.0)), 2.0)
    request = asking(tokens=1_000)
    assert dear.expected_usd(request) == pytest.approx(2.0)
    assert dear.expected_usd_per_1k(request) == pytest.approx(1000 * 2.0 / 1_500)
    fleet = [dear, known(1, price=usd(1.5, 0.0))]
    assert order(fleet, strategy="cost_optimized", tokens=1_000) == "ba"
    assert order(fleet, tokens=1_000, max_cost=1.5) == "b"


def counted(*samples: tuple[int, int | None]) -> float | None:
    """The ratio after answers of so many tokens, where so many were estimated."""
    kept = Stats()
    for actual, estimated in samples:
        sample = Sample(1.0, None, actual, 1, None, estimated)
        kept = stats.success(stats.begun(kept, 0.0), sample, 0.0, began=0.0)
    return kept.measured.input_ratio


def test_the_correction_is_an_exponential_average() -> None:
    twice = (2 * 10_000 + PRIOR_TOKENS) / (10_000 + PRIOR_TOKENS)
    assert counted((20_000, 10_000)) == pytest.approx(twice)
    assert counted((20_000, 10_000), (10_000, 10_000)) == pytest.approx(0.9 * twice + 0.1)


@pytest.mark.parametrize("sample", [(0, 500), (700, None), (700, 0)])
def test_without_both_counts_nothing_is_learned(sample: tuple[int, int | None]) -> None:
    assert counted(sample) is None


def test_what_a_service_adds_to_a_short_request_says_nothing_of_a_long_one() -> None:
    ratio = counted(*[(20, 6)] * 50)
    assert ratio == pytest.approx(1.0, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1))
def test_the_correction_is_bounded_whatever_is_reported(samples: list[tuple[int, int]]) -> None:
    ratio = counted(*samples)
    assert ratio is None or 1 / LARGEST_INPUT_RATIO <= ratio <= LARGEST_INPUT_RATIO


def test_a_health_check_and_a_picture_say_nothing_of_texts() -> None:
    usage = {"input_tokens": 90_000, "output_tokens": 1, "total_tokens": 90_001}
    text = [{"type": "text", "text": "x" * 40_000}]
    picture = [{"type": "image", "url": "https://example.com/cat.png"}]

    def learned(**asked: Any) -> float | None:
        router = scripted([AIMessage("fine", usage_metadata=usage)])
        if asked:
            router.invoke([("user", asked["content"])])
        else:
            router.check_health()
        (candidate,) = router.assembled.fleet.snapshot()
        ratio: float | None = candidate.stats.measured.input_ratio
        return ratio

    assert learned(content=text) == LARGEST_INPUT_RATIO
    assert learned(content=[*text, *picture]) is None
    assert learned() is None


@STRATEGIES
def test_a_longest_answer_below_what_is_asked_for_is_left_out(strategy: Strategy) -> None:
    fleet = [known(0, capabilities=Capabilities(max_output_tokens=4_096)), known(1)]
    ranking = ranked(fleet, strategy=strategy, max_tokens=5_000)
    assert ranking.removed == {"a": "max_tokens: 5000 asked for, 4096 at most"}
    assert len(ranked(fleet, strategy=strategy, max_tokens=4_096).order) == 2
    assert len(ranked(fleet, strategy=strategy).order) == 2


def test_a_router_asks_its_deployments_limits() -> None:
    limits = [{"profile": {"max_input_tokens": 1_000, "max_output_tokens": 10}}]
    router = scripted(["x"], ["y"], deployments=limits)
    shown = router.explain("long " * 2_000).to_dict()["candidates"]
    assert [row["removed_by"] for row in shown] == [
        None,
        "context_window: about 2,504 tokens expected, 1,000 fit",
    ]
    assert {row["expected_input_tokens"] for row in shown} == {2_504}
    assert told(router.invoke("short"))["deployment"] == "a"
    assert told(router.invoke("long " * 2_000))["deployment"] == "b"
    assert told(router.invoke("short", max_tokens=11))["deployment"] == "b"
    assert told(router.invoke("short", max_tokens=10))["deployment"] == "a"


def test_tools_count_for_the_window() -> None:
    router = scripted(["x"], ["y"], deployments=[{"profile": {"max_input_tokens": 1_000}}])
    tool = {
        "type": "function",
        "function": {
            "name": "search",
            "description": "word " * 2_000,
            "parameters": {"type": "object", "properties": {}},
        },
    }
    assert told(router.invoke("short"))["deployment"] == "a"
    assert told(router.bind_tools([tool]).invoke("short"))["deployment"] == "b"


def test_a_prompt_that_fits_nowhere_is_langchains_error_for_that_and_names_everybody() -> None:
    models = [ScriptedModel(), ScriptedModel()]
    limits = [{"profile": {"max_input_tokens": n}} for n in (1_000, 2_000)]
    router = scripted(*models, deployments=limits)
    with pytest.raises(PromptTooLongError) as raised:
        router.invoke("long " * 4_000)
    assert isinstance(raised.value, NoCandidateError)
    assert isinstance(raised.value, ContextOverflowError)
    assert raised.value.removed == {
        "a": "context_window: about 5,004 tokens expected, 1,000 fit",
        "b": "context_window: about 5,004 tokens expected, 2,000 fit",
    }
    assert [model.calls for model in models] == [0, 0]


def test_where_the_one_with_room_is_paused_a_shorter_prompt_would_help() -> None:
    router = scripted(
        ["x"], ["y"], deployments=[{"profile": {"max_input_tokens": 10}}], max_retries=0
    )
    router.pause("b")
    with pytest.raises(PromptTooLongError):  # a shorter one would go to a
        router.invoke("long " * 100)


def test_the_length_is_not_the_reason_where_the_one_with_room_is_only_out() -> None:
    removed = {"a": "context_window: about 9 tokens expected, 1 fit", "b": "breaker open"}
    assert type(no_candidate(removed)) is PromptTooLongError
    assert type(no_candidate(removed, note=" just now")) is NoCandidateError


def test_nobodys_limits_are_asked_where_there_is_room_for_certain() -> None:
    router = scripted(
        ["x"],
        deployments=[{"profile": {"max_input_tokens": 8_000, "max_output_tokens": 100}}],
    )
    compiled = router.compiled

    def asked(tokens: int, max_tokens: int | None = None) -> tuple[str, ...]:
        return needed(
            compiled.request(
                compiled.options,
                compiled.parameters._replace(max_tokens=max_tokens),
                Prompt(input_tokens=tokens),
                model=None,
                streamed=False,
                lengths={},
            )
        )

    assert asked(2_000) == asked(2_000, 100) == ()
    assert asked(2_001) == ("context_window",)
    assert asked(1, 101) == ("context_window", "max_tokens")


def test_where_no_limit_is_known_none_is_asked() -> None:
    compiled = scripted(["x"]).compiled
    assert compiled.roomy_input_tokens == compiled.roomy_output_tokens == float("inf")

"""Prompt-cache affinity over the wire: conversations stay where they are warm, and it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool

from langchain_multirouter import Deployment, NoCandidateError, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.wire.conftest import MODES, RUNNER, STEADY, ask, hang_up

LONG = "You are a patient assistant who knows the following by heart. " * 150
POINT = {"cachePoint": {"type": "default"}}
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NAMES = {
    "a": ("azure_openai", "gpt-4o"),
    "b": ("azure_openai", "gpt-4o-2"),
    "terra": ("azure_openai", "gpt-6.1-terra"),
    "gemini": ("gcp_vertex", "gemini-2.5-flash"),
    "claude": ("aws_bedrock", SONNET),
}
Make = Callable[..., RoutedChatModel]


@pytest.fixture(scope="module")
def chat(emulator: Emulator) -> Iterator[Callable[..., Any]]:
    yield lru_cache(maxsize=None)(emulator.chat_model)
    RUNNER.run(hang_up())


@pytest.fixture
def make(cloud: Emulator, chat: Callable[..., Any]) -> Make:
    """A router over these of `NAMES`, with settings of deployments by name."""
    cloud.prompt_caches.forget()

    def make(*names: str, deployments: dict[str, Any] | None = None, **settings: Any) -> Any:
        known: dict[str, Any] = {"b": {"price_as": "gpt-4o"}}
        models = [
            Deployment(
                chat(*NAMES[name]),
                name=name,
                **{**known.get(name, {}), **(deployments or {}).get(name, {})},
            )
            for name in names
        ]
        return RoutedChatModel(models, **{**STEADY, "strategy": "cost_optimized", **settings})

    return make


def told(answer: AIMessage) -> dict[str, Any]:
    router: dict[str, Any] = answer.response_metadata["router"]
    return router


def read(answer: AIMessage) -> int:
    usage: Any = answer.usage_metadata
    return int((usage.get("input_token_details") or {}).get("cache_read") or 0)


def talk(model: Any, mode: str, turns: int, *, system: Any = LONG) -> list[AIMessage]:
    """A conversation of so many turns, each of which sends all that was said."""
    said: list[BaseMessage] = [SystemMessage(system)]
    answers = []
    for turn in range(turns):
        said.append(HumanMessage(f"Question {turn}: {'and so on ' * 60}"))
        answer = ask(model, mode, said)
        said.append(AIMessage(answer.text))
        answers.append(answer)
    return answers


@pytest.mark.parametrize("mode", MODES)
def test_a_conversation_stays_where_it_is_warm_and_elsewhere_it_is_half_cold(
    mode: str, make: Make
) -> None:
    dearer = {"a": {"price_multiplier": 1.02}}
    model = make("a", "b", deployments=dearer)
    model.pause("b")
    first = talk(model, mode, 1)[0]
    assert told(first)["deployment"] == "a"
    model.resume("b")  # a little cheaper, but cold
    answers = talk(model, mode, 4)
    assert {told(answer)["deployment"] for answer in answers} == {"a"}
    assert all(read(answer) > 2000 for answer in answers)
    without = talk(model.with_routing(prompt_cache_affinity=False), mode, 1)[0]
    assert told(without)["deployment"] == "b"
    assert read(without) == 0


def test_it_leaves_for_who_is_cheaper_by_more_than_the_cache_saves(make: Make) -> None:
    model = make("a", "b", deployments={"a": {"price_multiplier": 5.0}})
    model.pause("b")
    talk(model, "invoke", 1)
    model.resume("b")
    assert {told(answer)["deployment"] for answer in talk(model, "invoke", 3)} == {"b"}


def test_a_long_conversation_leaves_where_a_short_one_would_not(make: Make) -> None:
    model = make("a", "b", deployments={"a": {"price_multiplier": 1.25}})
    model.pause("b")
    answers = talk(model, "invoke", 4)
    said: list[BaseMessage] = [SystemMessage(LONG)]
    for turn, answer in enumerate(answers):
        question = HumanMessage(f"Question {turn}: {'and so on ' * 60}")
        said += [question, AIMessage(answer.text)]
    model.resume("b")
    short = told(model.invoke([said[0], HumanMessage("Hello")]))["deployment"]
    long = told(model.invoke([*said, HumanMessage("Hello")]))["deployment"]
    assert (short, long) == ("a", "b")


@pytest.mark.parametrize("strategy", ["cost_optimized", "intelligent"])
def test_explain_says_where_it_is_warm_and_what_it_will_cost(strategy: str, make: Make) -> None:
    model = make("a", "b", strategy=strategy)
    prompt = [SystemMessage(LONG), HumanMessage("Hello")]
    cold = {row["deployment"]: row for row in model.explain(prompt).to_dict()["candidates"]}
    assert [cold[name]["expected_cached_tokens"] for name in "ab"] == [0, 0]
    model.pause("b")
    model.invoke(prompt)
    model.resume("b")
    told_now = model.explain(prompt)
    warm = {row["deployment"]: row for row in told_now.to_dict()["candidates"]}
    assert warm["a"]["expected_cached_tokens"] > 2000
    assert warm["b"]["expected_cached_tokens"] == 0
    assert warm["a"]["expected_cost_usd"] < 0.7 * cold["a"]["expected_cost_usd"]
    assert warm["a"]["score"] > warm["b"]["score"]
    assert "warm: " in repr(told_now)
    answer = model.invoke(prompt)
    assert told(answer)["deployment"] == "a"
    usage: Any = answer.usage_metadata
    expected = warm["a"]["expected_cached_tokens"] / warm["a"]["expected_input_tokens"]
    found = read(answer) / usage["input_tokens"]
    assert expected == pytest.approx(0.9 * found, abs=0.05)  # one in ten may not be found


def test_the_cost_of_an_answer_counts_what_was_cached(make: Make, cloud: Emulator) -> None:
    model = make("a")
    talk(model, "invoke", 2)
    entry = cloud.log[-1]
    assert entry.cached_tokens > 2000
    cost = told(model.invoke([SystemMessage(LONG), HumanMessage("Hello")]))["cost_usd"]
    entry = cloud.log[-1]
    fresh = entry.input_tokens - entry.cached_tokens
    usd = (fresh * 2.5 + entry.cached_tokens * 1.25 + entry.output_tokens * 10.0) / 1e6
    assert cost == pytest.approx(usd)


GENAI = {"a": "gpt-4o", "terra": "gpt-6.1-terra", "gemini": "gemini-2.5-flash", "claude": SONNET}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", GENAI)
def test_costs_with_cached_tokens_are_those_of_genai_prices(
    name: str, mode: str, make: Make, cloud: Emulator
) -> None:
    model, system = make(name), [{"type": "text", "text": LONG}, POINT]
    answers = talk(model, mode, 2, system=system)
    assert cloud.log[-1].cached_tokens > 2000
    for answer, entry in zip(answers, cloud.log, strict=True):
        usage: Any = answer.usage_metadata
        assert usage["input_tokens"] == entry.input_tokens
        assert usage["output_tokens"] == entry.output_tokens
        assert read(answer) == entry.cached_tokens
        counted = Usage(
            input_tokens=entry.input_tokens,
            output_tokens=entry.output_tokens,
            cache_read_tokens=entry.cached_tokens,
            cache_write_tokens=entry.written_tokens,
        )
        provider = {"azure_openai": "azure", "gcp_vertex": "google", "aws_bedrock": "aws"}
        price = calc_price(counted, GENAI[name], provider_id=provider[entry.provider])
        assert told(answer)["cost_usd"] == pytest.approx(float(price.total_price))


def test_max_cost_counts_what_is_warm(make: Make) -> None:
    model = make("a")
    prompt = [SystemMessage(LONG), HumanMessage("Hello")]
    model.invoke(prompt)
    (warm,) = model.explain(prompt).to_dict()["candidates"]
    (cold,) = model.explain(prompt, prompt_cache_affinity=False).to_dict()["candidates"]
    between = 0.5 * (cold["expected_cost_usd"] + warm["expected_cost_usd"])
    assert model.invoke(prompt, max_cost=between).text
    with pytest.raises(NoCandidateError, match="max_cost"):
        model.invoke(prompt, max_cost=between, prompt_cache_affinity=False)


def test_what_is_cold_again_after_its_time_is_known(
    make: Make, cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make("a")
    prompt = [SystemMessage(LONG), HumanMessage("Hello")]
    model.invoke(prompt)
    now = time.monotonic()
    monkeypatch.setattr("langchain_multirouter.insight.time.monotonic", lambda: now + 301)
    cloud.prompt_caches.later(301)
    (row,) = model.explain(prompt).to_dict()["candidates"]
    assert row["expected_cached_tokens"] == 0


def test_a_deployment_that_does_not_cache_is_found_out(make: Make, cloud: Emulator) -> None:
    model = make("a")
    prompt = [SystemMessage(LONG), HumanMessage("Hello")]
    expected = []
    for _ in range(6):
        cloud.prompt_caches.forget()
        (row,) = model.explain(prompt).to_dict()["candidates"]
        expected.append(row["expected_cached_tokens"])
        model.invoke(prompt)
    assert expected[1] > 2000
    assert expected[1:] == sorted(expected[1:], reverse=True)
    assert expected[-1] < 0.5 * expected[1]


def test_bedrock_is_warm_only_where_the_request_has_marks(make: Make) -> None:
    model = make("claude", "a")
    plain = [SystemMessage(LONG), HumanMessage("Hello")]
    marked = [SystemMessage([{"type": "text", "text": LONG}, POINT]), HumanMessage("Hello")]
    for _ in range(2):
        answer = model.invoke(plain, model="claude")
        assert read(answer) == 0
        rows = {r["deployment"]: r for r in model.explain(plain).to_dict()["candidates"]}
        assert rows["claude"]["expected_cached_tokens"] == 0
    model.invoke(marked, model="claude")
    rows = {r["deployment"]: r for r in model.explain(marked).to_dict()["candidates"]}
    assert rows["claude"]["expected_cached_tokens"] > 2000
    answer = model.invoke(marked, model="claude")
    assert read(answer) > 2000


def test_a_first_call_with_marks_is_expected_to_cost_what_writing_costs(make: Make) -> None:
    model = make("claude")
    marked = [SystemMessage([{"type": "text", "text": LONG}, POINT]), HumanMessage("Hello")]
    plain = [SystemMessage(LONG), HumanMessage("Hello")]
    (with_marks,) = model.explain(marked).to_dict()["candidates"]
    (without,) = model.explain(plain).to_dict()["candidates"]
    assert with_marks["expected_cost_usd"] > without["expected_cost_usd"]


def test_after_a_failover_the_conversation_goes_home_when_that_pays(
    make: Make, cloud: Emulator
) -> None:
    model = make("gemini", "a", max_retries=0)
    cloud.break_("gcp_vertex", Fault(FaultKind.STATUS, status=429))
    assert {told(answer)["deployment"] for answer in talk(model, "invoke", 1)} == {"a"}
    cloud.heal()
    model.check_health()
    answers = talk(model, "invoke", 2)  # an eighth of the price, cold or not
    assert told(answers[-1])["deployment"] == "gemini"


def test_agents_stay_warm_through_their_steps(make: Make, cloud: Emulator) -> None:
    from langchain.agents import create_agent

    @tool
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"It is sunny in {city}."

    model = make("a", "b")
    agent = create_agent(model, tools=[get_weather], system_prompt=LONG)
    state = agent.invoke({"messages": [HumanMessage("What is the weather in Rome? get_weather")]})
    assert len(cloud.log) == 2
    assert len({entry.model for entry in cloud.log}) == 1
    assert cloud.log[1].cached_tokens > 2000
    assert state["messages"][-1].text


def test_short_prompts_are_as_they_ever_were(make: Make) -> None:
    model = make("a", "b")
    for _ in range(3):
        model.invoke("Hello")
    rows = model.explain("Hello").to_dict()["candidates"]
    assert [row["expected_cached_tokens"] for row in rows] == [0, 0]
    assert len(model.assembled.fleet.memory._warmth) == 0

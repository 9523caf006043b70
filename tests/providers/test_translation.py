"""Translation: neutral parameters in each provider's own words, as they arrive on the wire."""

from __future__ import annotations

import time
import timeit
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_openai import AzureChatOpenAI

from langchain_multirouter.emulator import Emulator, FaultKind
from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers import Parameters, provider_of

from .conftest import MODELS, MODES, WIRES, Caller, Keep, Outcome, Subject, cause_of
from .sent import TOOLS, Wire, found

every_wire = pytest.mark.parametrize("wire", WIRES)
every_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture
def wire_of(cloud: Emulator, subjects: dict[str, Subject], call: Caller) -> Wire:
    return Wire(cloud, subjects, call)


#: What each wire calls a parameter.
KEYS = {
    "aws_bedrock": ("temperature", "maxTokens", "topP", "stopSequences", "seed"),
    "azure_openai": ("temperature", "max_completion_tokens", "top_p", "stop", "seed"),
    "gcp_vertex": ("temperature", "maxOutputTokens", "topP", "stopSequences", "seed"),
}


@every_mode
@every_wire
def test_every_parameter_arrives(wire: str, mode: str, wire_of: Wire) -> None:
    asked = Parameters(temperature=0.125, max_tokens=55, top_p=0.75, stop=("END",), seed=7)

    body = wire_of.sent(wire, mode, asked)

    arrived = [found(body, key) for key in KEYS[wire]]
    seed = None if wire == "aws_bedrock" else 7
    assert arrived == [0.125, 55, 0.75, ["END"], seed]
    assert wire_of.dropped == (("seed",) if wire == "aws_bedrock" else ())


@every_wire
def test_what_is_not_asked_for_is_left_to_the_model(
    wire: str, subjects: dict[str, Subject]
) -> None:
    row, _, model, _ = subjects[wire]

    assert row.translate(model, Parameters()) == (model, None, {}, ())


@every_wire
def test_what_is_asked_for_wins_over_the_instance(wire: str, cloud: Emulator, call: Caller) -> None:
    model = cloud.chat_model(wire, MODELS[wire], max_tokens=99, temperature=0.5)
    row = provider_of(model)

    _, stop, settings, _ = row.translate(model, Parameters(temperature=0.0, max_tokens=11))
    call(model, "invoke", stop=stop, **settings)

    body = cloud.log_of(wire)[0].body
    assert found(body, KEYS[wire][0]) == 0
    assert found(body, KEYS[wire][1]) == 11
    assert "99" not in str(body)


@every_mode
@every_wire
def test_a_time_limit_of_the_call_holds(
    wire: str, mode: str, cloud: Emulator, subjects: dict[str, Subject], outcome_of: Outcome
) -> None:
    row, _, adopted, _ = subjects[wire]
    cloud.break_(wire, FaultKind.SILENCE)
    model, stop, settings, _ = row.translate(adopted, Parameters(timeout_seconds=0.5))
    began = time.monotonic()

    failure = outcome_of(row, model, mode, stop=stop, **settings)

    assert cause_of(failure) is Cause.TIMEOUT
    assert 0.4 < time.monotonic() - began < 5
    assert len(cloud.log_of(wire)) == 1


def test_bedrocks_copies_for_time_limits_are_few_and_kept(subjects: dict[str, Subject]) -> None:
    row, _, adopted, _ = subjects["aws_bedrock"]

    def copy(seconds: float) -> Any:
        return row.translate(adopted, Parameters(timeout_seconds=seconds)).model

    assert copy(10.0) is copy(9.6)
    assert row.timeout_seconds(copy(9.6)) == 10
    assert row.timeout_seconds(copy(10.1)) == 12
    assert len({id(copy(10 + n / 100)) for n in range(100)}) <= 2
    assert row.hidden_attempts(copy(10.0)) == 1
    assert row.adopt(copy(10.0), timeout_seconds=1, keep_retries=True, settings={}) is copy(10.0)


def test_a_reasoning_model_is_sent_no_temperature(keep: Keep) -> None:
    model = keep(
        AzureChatOpenAI(
            azure_endpoint="http://127.0.0.1:1", api_version="x", api_key="x", model="o3-mini"
        )
    )

    translation = provider_of(model).translate(model, Parameters(temperature=0.0, max_tokens=9))

    assert translation.dropped == ("temperature",)
    assert translation.settings == {"max_completion_tokens": 9}


def test_a_claude_that_refuses_a_temperature_is_sent_none_and_nobody_is_warned(
    cloud: Emulator, call: Caller
) -> None:
    model = cloud.chat_model("aws_bedrock", "eu.anthropic.claude-sonnet-5-5")
    asked = Parameters(temperature=0.0, top_p=0.5)

    _, stop, settings, dropped = provider_of(model).translate(model, asked)
    call(model, "invoke", stop=stop, **settings)

    assert dropped == ("temperature", "top_p")
    assert found(cloud.log[0].body, "temperature") is None


def test_any_other_model_is_sent_what_it_has_as_a_field() -> None:
    class Warm(FakeListChatModel):
        temperature: float = 0.5

    model = Warm(responses=["x"])
    asked = Parameters(temperature=0.0, max_tokens=5, stop=("x",), timeout_seconds=3, seed=1)

    assert provider_of(model).translate(model, asked) == (
        model,
        ["x"],
        {"temperature": 0.0},
        ("max_tokens", "seed", "timeout_seconds"),
    )


@every_wire
@pytest.mark.parametrize(
    ("asked", "most_microseconds"),
    [
        (Parameters(), 1.0),
        (Parameters(temperature=0.1, max_tokens=50, top_p=0.9), 3.0),
        (Parameters(tools=TOOLS, tool_choice="any"), 10.0),
    ],
    ids=["none", "three", "tools"],
)
def test_translating_costs_microseconds(
    wire: str, asked: Parameters, most_microseconds: float, subjects: dict[str, Subject]
) -> None:
    row, _, model, _ = subjects[wire]
    row.translate(model, asked)

    best = min(timeit.repeat(lambda: row.translate(model, asked), number=1000, repeat=7))

    assert best * 1000 < most_microseconds * 4  # a busy machine is a few times slower

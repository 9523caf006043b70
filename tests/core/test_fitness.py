"""Fitness: who cannot be asked is known before anything is ranked, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import (
    AllAttemptsFailedError,
    Deployment,
    NoCandidateError,
    RoutedChatModel,
)
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.fitness import Fitness, needs_of
from langchain_multirouter.providers.provider import Parameters
from langchain_multirouter.testing import ScriptedModel
from tests.wire.conftest import MODELS, WIRES, cloud, emulator

__all__ = ["cloud", "emulator"]  # fixtures of the wire tests

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}
PATTERN = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^O"}}}
PICKY = {"type": "function", "function": {"name": "look_up", "parameters": PATTERN}}
FORM = {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}}


@pytest.fixture(scope="module")
def router(emulator: Emulator) -> RoutedChatModel:
    models = {wire: emulator.chat_model(wire, name) for wire, name in MODELS.items()}
    able = {"tool_calling": True, "structured_output": True}
    return RoutedChatModel(
        [Deployment(models[wire], name=wire, profile=able) for wire in WIRES], strategy="ordered"
    )


def who(router: RoutedChatModel, **keywords: Any) -> dict[str, str]:
    """Who would be removed, and why."""
    return dict(router._considered("hello", keywords)[1].removed)


def test_a_plain_call_costs_nothing(router: RoutedChatModel) -> None:
    fitness = Fitness(())
    assert fitness.unable(Parameters(temperature=0.2, seed=1), True) == {}
    assert fitness._found == {}


def test_a_providers_own_tool_removes_the_others_by_name(router: RoutedChatModel) -> None:
    removed = who(router, tools=[{"google_search": {}}])
    others = ("azure_openai", "aws_bedrock")
    assert removed == dict.fromkeys(others, "request: google_search is Gemini's own tool")


def test_where_nobody_can_be_asked_the_error_says_why(
    router: RoutedChatModel, cloud: Emulator
) -> None:
    bound = router.bind_tools([{"type": "function", "function": {"name": "ein Name"}}])
    with pytest.raises(NoCandidateError) as caught:
        bound.invoke("hello")
    assert set(caught.value.removed) == set(WIRES)
    assert "'ein Name' is no legal name" in str(caught.value)
    assert cloud.log == ()


def test_explain_and_the_call_agree(router: RoutedChatModel, cloud: Emulator) -> None:
    tools = [{"google_search": {}}]
    said = str(router.explain("hello", tools=tools))
    answer = router.bind_tools(tools).invoke("hello")
    assert "google_search is Gemini's own tool" in said
    assert answer.response_metadata["router"]["deployment"] == "gcp_vertex"
    assert len(cloud.log) == 1


def test_a_fallback_never_goes_to_who_cannot_be_asked(
    router: RoutedChatModel, cloud: Emulator
) -> None:
    cloud.break_("gcp_vertex", "401")
    with pytest.raises(AllAttemptsFailedError):
        router.bind_tools([{"google_search": {}}], max_retries=0).invoke("hello")
    assert {entry.provider for entry in cloud.log} == {"gcp_vertex"}


class TestLosses:
    """`allow_losses=False`: all of the request, or nobody."""

    def test_who_takes_no_seed_may_not_serve(self, router: RoutedChatModel) -> None:
        assert who(router, seed=1) == {}
        removed = who(router, seed=1, allow_losses=False)
        assert removed == {"aws_bedrock": "request: would not be sent seed"}

    def test_who_takes_no_pattern_may_not_serve(self, router: RoutedChatModel) -> None:
        assert who(router, tools=[PICKY]) == {}
        removed = who(router, tools=[PICKY], allow_losses=False)
        assert removed == {"gcp_vertex": "request: would not be sent tools.look_up.city: pattern"}

    def test_with_losses_allowed_the_answer_says_what_was_not_sent(
        self, router: RoutedChatModel, cloud: Emulator
    ) -> None:
        bound = router.bind_tools([PICKY], seed=1, model=MODELS["gcp_vertex"])
        told = bound.invoke("hello").response_metadata["router"]
        assert told["notes"] == ["not sent: tools.look_up.city: pattern"]

    def test_it_is_an_option_of_the_router_that_a_call_can_only_narrow(
        self, emulator: Emulator
    ) -> None:
        model = emulator.chat_model("aws_bedrock", MODELS["aws_bedrock"])
        strict = RoutedChatModel([Deployment(model, name="b")], allow_losses=False)
        assert "b" in who(strict, seed=1)
        assert "b" in who(strict, seed=1, allow_losses=True)
        assert "b" in who(strict.with_routing(allow_losses=True), seed=1)
        loose = RoutedChatModel([Deployment(model, name="b")])
        assert "b" in who(loose.with_routing(allow_losses=False), seed=1)

    def test_a_parameter_of_the_router_counts_like_one_of_the_call(
        self, emulator: Emulator
    ) -> None:
        deployments = [
            Deployment(emulator.chat_model(wire, MODELS[wire]), name=wire) for wire in WIRES
        ]
        assert who(RoutedChatModel(deployments, temperature=0.1, allow_losses=False)) == {}

    def test_what_is_no_truth_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="allow_losses"):
            RoutedChatModel([ScriptedModel()], allow_losses="perhaps")


class TestNeeds:
    """A capability that a deployment is known to lack."""

    @pytest.mark.parametrize(
        ("keywords", "lacking", "why"),
        [
            ({"tools": [TOOL]}, "tool_calling", "needs: has no tools"),
            ({"response_format": FORM}, "structured_output", "needs: has no structured output"),
        ],
    )
    def test_who_is_known_to_lack_it_is_not_asked(
        self, keywords: dict[str, Any], lacking: str, why: str
    ) -> None:
        profiles: list[dict[str, Any]] = [{lacking: False}, {lacking: True}, {}]
        router = RoutedChatModel(
            [
                Deployment(ScriptedModel(), name=f"d{number}", profile=profile)
                for number, profile in enumerate(profiles)
            ]
        )
        assert who(router) == {}
        assert who(router, **keywords) == {"d0": why}

    @pytest.mark.parametrize(
        ("parameters", "needs"),
        [
            (Parameters(), set()),
            (Parameters(tools=[]), set()),
            (Parameters(tools=[TOOL]), {"tools"}),
            (Parameters(tools=[TOOL], tool_choice="none"), set()),
            (Parameters(tool_settings={"response_format": FORM}), {"structured_output"}),
            (Parameters(tool_settings={"response_format": {"type": "json_object"}}), set()),
            (Parameters(tool_settings={"strict": True}), set()),
        ],
    )
    def test_a_call_needs_what_it_cannot_do_without(
        self, parameters: Parameters, needs: set[str]
    ) -> None:
        assert needs_of(parameters) == needs


def test_what_was_found_is_remembered_for_the_same_tools(router: RoutedChatModel) -> None:
    fitness = router.assembled.fitness
    tools = [{"google_search": {}}]
    first, second = (fitness.unable(Parameters(tools=list(tools)), True) for _ in range(2))
    assert first is second
    assert len(fitness._found) <= 32

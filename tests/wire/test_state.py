"""State over the real classes: settings per call, secrets that show nowhere, other processes."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
from langchain_core.load import dumpd
from langchain_core.runnables import ConfigurableField
from langchain_core.tracers.base import BaseTracer

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator

from .conftest import MODELS, MODES, WIRES, ask

Make = Callable[..., RoutedChatModel]

# --- settings per call -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_configurable_temperature_is_sent_and_the_statistics_go_on(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    configurable = model.configurable_fields(
        temperature=ConfigurableField(id="warmth"),
        preferred_provider=ConfigurableField(id="where"),
    )
    ask(configurable, mode, config={"configurable": {"warmth": 0.125, "where": wire}})
    assert "0.125" in json.dumps(cloud.log_of(wire)[-1].body)
    ask(configurable, mode, config={"configurable": {"warmth": 0.375}})
    assert "0.375" in json.dumps(cloud.log_of(wire)[-1].body)
    assert model.counts()[wire]["succeeded"] == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_breaker_that_a_configured_call_opened_is_open_to_all(
    mode: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai")
    configurable = model.configurable_fields(max_cost=ConfigurableField(id="most"))
    cloud.break_("azure_openai", "503")
    for _ in range(5):
        ask(configurable, mode, config={"configurable": {"most": 1.0}})
    cloud.heal()
    assert ask(model, mode).response_metadata["router"]["deployment"] == "aws_bedrock"


WRONG: list[tuple[Any, str]] = [
    ("ordered", "must be a mapping"),
    (["strategy"], "must be a mapping"),
    (7, "must be a mapping"),
    ({7: "ordered"}, "'7' is no text"),
    ({("strategy",): "ordered"}, "is no text"),
    ({None: 1}, "'None' is no text"),
    ({"x" * 500: 1}, "is not permitted"),
    ({"strategy": 7}, "strategy"),
    ({"strategy": ["ordered"]}, "strategy"),
    ({"require_tags": [7]}, "require_tags"),
    ({"require_tags": {"eu": 1}}, "require_tags"),
    ({"require_tags": 7}, "require_tags"),
    ({"max_cost": "0.5 USD"}, "max_cost"),
    ({"max_cost": True}, "max_cost"),
    ({"model_preference": [None]}, "model_preference"),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("value", "named"), WRONG)
def test_a_wrong_value_of_the_configuration_is_refused_by_name_and_nothing_is_sent(
    value: Any, named: str, mode: str, cloud: Emulator, router: Make
) -> None:
    permitted = ["strategy", "require_tags", "max_cost", "model_preference"]
    model = router("azure_openai", configurable_options=permitted)
    with pytest.raises(ConfigurationError) as raised:
        ask(model, mode, config={"configurable": {"router": value}})
    assert named in str(raised.value)
    assert len(str(raised.value)) < 400
    assert cloud.log == ()


# --- secrets ---------------------------------------------------------------------------------

CANARY = "canary-4711"


class Runs(BaseTracer):
    """Keeps all that a tracer is given."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.serialized: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.serialized.append(run.serialized)
        self.text += f"{run!r} {run.serialized} {run.extra} {run.inputs} {run.outputs} {run.error}"


@pytest.fixture(scope="module")
def secretive(emulator: Emulator) -> RoutedChatModel:
    """A router over the three classes, each of which was given a secret, as people do."""
    credentials = importlib.import_module("google.oauth2.credentials")
    given = {
        "azure_openai": {"api_key": CANARY, "default_headers": {"x-auth": CANARY}},
        "aws_bedrock": {"aws_secret_access_key": CANARY, "aws_session_token": CANARY},
        "gcp_vertex": {"credentials": credentials.Credentials(CANARY)},
    }
    built = {wire: emulator.chat_model(wire, name) for wire, name in MODELS.items()}
    model = RoutedChatModel(
        [Deployment(built[wire], name=wire, params=given[wire]) for wire in WIRES],
        strategy="round_robin",
    )
    azure = model.assembled.served[0].model
    assert azure.openai_api_key.get_secret_value() == CANARY
    return model


@pytest.mark.parametrize("mode", MODES)
def test_no_secret_of_a_deployment_is_in_what_a_trace_is_given(
    mode: str, secretive: RoutedChatModel, cloud: Emulator
) -> None:
    tracer = Runs()
    for _ in WIRES:
        answer = ask(secretive, mode, config={"callbacks": [tracer]})
        assert CANARY not in repr(answer)
    assert {entry.provider for entry in cloud.log} == set(WIRES)
    assert CANARY not in tracer.text
    assert all(len(json.dumps(told, default=str)) < 2048 for told in tracer.serialized)


def test_no_secret_of_a_deployment_is_in_what_can_be_printed(secretive: RoutedChatModel) -> None:
    seen = [
        repr(secretive),
        str(secretive),
        json.dumps(dumpd(secretive)),
        str(secretive._serialized),
        secretive._get_llm_string(),
        str(secretive._get_ls_params()),
        repr(secretive.models),
        repr(secretive.assembled),
        repr(secretive.compiled),
        repr(secretive.bind_tools([])),
    ]
    assert CANARY not in "".join(seen)
    assert len(repr(secretive)) < 1024
    assert len(json.dumps(dumpd(secretive))) < 2048


def test_what_has_secrets_is_not_pickled_and_the_refusal_shows_none(
    secretive: RoutedChatModel,
) -> None:
    with pytest.raises(TypeError, match=r"models\[0\]: a model object") as raised:
        pickle.dumps(secretive)
    assert CANARY not in str(raised.value)


# --- other processes -------------------------------------------------------------------------


def asked_there(model: RoutedChatModel, prompt: str) -> tuple[str, int]:
    """In the other process: who answered, and how many attempts it knows of."""
    answer = model.invoke(prompt)
    counts = model.counts().values()
    return answer.response_metadata["router"]["deployment"], sum(c["started"] for c in counts)


def test_a_router_of_configuration_works_in_a_spawned_process(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    params = {"azure_endpoint": f"{cloud.url}/azure", "api_version": "2024-10-21"}
    deployment = Deployment("azure_openai:gpt-4o", name="mine", params=params)
    model = RoutedChatModel([deployment], strategy="ordered")
    model.invoke("Here")
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        there = pool.submit(asked_there, model, "There").result(timeout=60)
        bound = pool.submit(model.invoke, "And there").result(timeout=60)
    assert there == ("mine", 1)
    assert bound.response_metadata["router"]["deployment"] == "mine"
    assert len(cloud.log) == 3
    assert model.counts()["mine"]["started"] == 1  # statistics stay where they are made

"""Building: a chat model from a string and settings, or a refusal that names the setting."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.providers import provider_named, provider_of

from .conftest import MODELS, MODES, WIRES, Caller, closed

every_wire = pytest.mark.parametrize("wire", WIRES)

#: What each class calls the model, which the string gives.
MODEL_FIELD = {
    "aws_bedrock": "model",
    "azure_openai": "azure_deployment",
    "gcp_vertex": "model",
}


def built(wire: str, cloud: Emulator, **settings: Any) -> Any:
    keywords = getattr(cloud, wire)(MODELS[wire])
    del keywords[MODEL_FIELD[wire]]
    keywords.pop("vertexai", None)
    return provider_named(wire).build(
        MODELS[wire], timeout_seconds=0.75, settings={**keywords, **settings}
    )


@every_wire
def test_a_built_model_makes_one_attempt_within_the_time_limit(
    wire: str, cloud: Emulator, call: Caller
) -> None:
    model = built(wire, cloud)
    row = provider_of(model)
    cloud.break_(wire, Fault(FaultKind.STATUS, status=503))

    for mode in MODES:
        cloud.clear_log()
        with pytest.raises(Exception, match=r"."):
            call(model, mode)
        assert len(cloud.log_of(wire)) == 1

    assert (row.hidden_attempts(model), row.timeout_seconds(model)) == (1, 0.75)
    assert row.model_name(model) == MODELS[wire]
    call.run(closed(wire, model))


@every_wire
def test_a_built_model_needs_no_adoption(wire: str, cloud: Emulator) -> None:
    model = built(wire, cloud)
    row = provider_of(model)

    assert row.adopt(model, timeout_seconds=9, keep_retries=False, settings={}) is model


@every_wire
def test_a_time_limit_of_the_settings_wins_and_their_retries_do_not(
    wire: str, cloud: Emulator
) -> None:
    model = built(wire, cloud, timeout=4, max_retries=5)
    row = provider_of(model)

    assert (row.hidden_attempts(model), row.timeout_seconds(model)) == (1, 4)


@every_wire
def test_building_opens_no_connection(
    wire: str, cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    built(wire, cloud)


@pytest.mark.parametrize(
    ("wire", "extra", "package"),
    [
        ("aws_bedrock", "bedrock", "langchain_aws"),
        ("azure_openai", "azure", "langchain_openai"),
        ("gcp_vertex", "vertex", "langchain_google_genai"),
    ],
)
def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    wire: str, extra: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ConfigurationError) as refused:
        provider_named(wire).build("m", timeout_seconds=1, settings={})

    assert f'pip install "langchain-multirouter[{extra}]"' in str(refused.value)


@every_wire
def test_an_unknown_setting_is_refused_with_the_one_that_was_meant(
    wire: str, cloud: Emulator
) -> None:
    with pytest.raises(ConfigurationError, match=r"temprature.*temperature"):
        built(wire, cloud, temprature=0.5)


@every_wire
def test_a_refusal_names_the_setting_and_never_shows_a_value(wire: str, cloud: Emulator) -> None:
    secret = "sk-very-secret-0123456789"

    with pytest.raises(ConfigurationError) as refused:
        built(wire, cloud, temperature=secret)

    told = f"{refused.value!r} {refused.value.__cause__!r}"
    assert "temperature" in told
    assert secret not in told
    assert refused.value.__suppress_context__


def test_azure_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(ConfigurationError, match="api_key"):
        provider_named("azure").build(
            "gpt-4o",
            timeout_seconds=1,
            settings={"azure_endpoint": "https://127.0.0.1:1", "api_version": "2024-10-21"},
        )


def test_bedrock_with_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="profile"):
        provider_named("bedrock").build(
            MODELS["aws_bedrock"],
            timeout_seconds=1,
            settings={"credentials_profile_name": "nobody", "region_name": "us-east-1"},
        )


def test_vertex_without_a_project_is_refused_before_the_network_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))

    with pytest.raises(ConfigurationError, match="project"):
        provider_named("vertex").build("gemini-2.5-flash", timeout_seconds=1, settings={})


def test_a_model_of_another_provider_cannot_be_built_from_a_string() -> None:
    with pytest.raises(ConfigurationError, match=r"azurre.*azure"):
        provider_named("azurre")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("bedrock_converse", "aws_bedrock"),
        ("amazon_bedrock", "aws_bedrock"),
        ("Azure", "azure_openai"),
        ("google_vertexai", "gcp_vertex"),
        ("google_genai", "gcp_vertex"),
    ],
)
def test_a_provider_has_many_names(said: str, name: str) -> None:
    assert provider_named(said).name == name


def test_the_rows_are_imported_without_any_sdk() -> None:
    program = """
import sys
from langchain_multirouter.providers import provider_named, provider_of
from langchain_core.language_models.fake_chat_models import FakeListChatModel
for name in ("azure", "bedrock", "vertex"):
    provider_named(name)
provider_of(FakeListChatModel(responses=["x"]))
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"boto3", "botocore", "openai", "langchain_openai", "langchain_aws",
    "langchain_google_genai", "langchain_google_vertexai"}))
"""
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

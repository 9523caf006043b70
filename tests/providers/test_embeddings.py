"""Rows of embeddings: built and adopted with one attempt and a time limit, and classified."""

from __future__ import annotations

import time
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from langchain_multirouter import ConfigurationError
from langchain_multirouter.emulator import Emulator, FaultKind
from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers.embeddings import embeddings_named, embeddings_of

from .conftest import WIRES, Caller

MODELS = {
    "azure_openai": "text-embedding-3-small",
    "aws_bedrock": "amazon.titan-embed-text-v2:0",
    "gcp_vertex": "text-embedding-005",
}
every_wire = pytest.mark.parametrize("wire", WIRES)


@pytest.fixture(scope="module")
def users(emulator: Emulator) -> dict[str, Any]:
    """As a user makes them: all defaults."""
    return {wire: emulator.embeddings(wire, model) for wire, model in MODELS.items()}


def adopted(model: Any, *, seconds: float = 20.0, **more: Any) -> Any:
    arguments = {"keep_retries": False, "settings": {}, **more}
    return embeddings_of(model).adopt(model, timeout_seconds=seconds, **arguments)


@every_wire
def test_an_adopted_object_makes_one_request_and_the_users_own_is_not_touched(
    wire: str, cloud: Emulator, users: dict[str, Any], call: Caller
) -> None:
    row, own = embeddings_named(wire), users[wire]
    before = row.hidden_attempts(own), row.timeout_seconds(own)
    tame = adopted(own)
    assert row.owns(tame)
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 20.0)
    assert (row.hidden_attempts(own), row.timeout_seconds(own)) == before
    assert type(tame) is type(own)
    for fault in ("503", "reset"):
        cloud.heal()
        cloud.clear_log()
        cloud.break_(wire, fault)
        with pytest.raises(Exception, match=r"."):
            tame.embed_query("x")
        with pytest.raises(Exception, match=r"."):
            call.run(tame.aembed_query("x"))
        assert len(cloud.log_of(wire)) == 2  # one each


@every_wire
def test_a_silence_ends_at_the_time_limit(
    wire: str, cloud: Emulator, users: dict[str, Any]
) -> None:
    tame = adopted(users[wire], seconds=0.3)
    cloud.break_(wire, FaultKind.SILENCE)
    started = time.monotonic()
    with pytest.raises(Exception, match=r".") as raised:
        tame.embed_query("x")
    assert time.monotonic() - started < 5.0
    assert embeddings_named(wire).classify(raised.value).cause is Cause.TIMEOUT


@every_wire
def test_what_is_tame_is_taken_as_it_is_and_so_is_what_keeps_its_retries(
    wire: str, users: dict[str, Any]
) -> None:
    tame = adopted(users[wire])
    assert adopted(tame) is tame
    assert adopted(users[wire], keep_retries=True) is users[wire]


@every_wire
def test_settings_override_the_objects_own(
    wire: str, cloud: Emulator, users: dict[str, Any]
) -> None:
    size = "output_dimensionality" if wire == "gcp_vertex" else "dimensions"
    row = embeddings_named(wire)
    small = adopted(users[wire], settings={size: 256})
    assert row.dimensions(small) == 256
    assert row.dimensions(users[wire]) is None
    assert row.hidden_attempts(small) == 1
    assert len(small.embed_query("x")) == 256
    with pytest.raises(ConfigurationError, match=r"'dimensoins' is not known"):
        adopted(users[wire], settings={"dimensoins": 256})


@every_wire
def test_the_users_own_time_limit_stands(wire: str, emulator: Emulator) -> None:
    more: dict[str, Any] = {}
    if wire == "azure_openai":
        more = {"timeout": 7.0}
    elif wire == "aws_bedrock":
        from botocore.config import Config

        more = {"config": Config(read_timeout=7, connect_timeout=7)}
    own = emulator.embeddings(wire, MODELS[wire], **more)
    if wire == "gcp_vertex":
        own.client._api_client._http_options.timeout = 7000
    assert embeddings_named(wire).timeout_seconds(adopted(own)) == 7.0


@pytest.mark.parametrize("wire", ["aws_bedrock", "gcp_vertex"])
def test_a_stand_in_for_a_client_is_kept_with_a_warning(wire: str, users: dict[str, Any]) -> None:
    stand_in = users[wire].model_copy(update={"client": SimpleNamespace()})
    if wire == "aws_bedrock":
        stand_in.client.meta = SimpleNamespace(
            config=SimpleNamespace(retries={"max_attempts": 2}, read_timeout=1, connect_timeout=1)
        )
    with pytest.warns(UserWarning, match=r"its own retries and time limits stay"):
        assert adopted(stand_in).client is stand_in.client


def test_an_azure_deployments_model_is_not_the_classes_default_one(emulator: Emulator) -> None:
    row = embeddings_named("azure_openai")
    own = emulator.embeddings("azure_openai", "prod-eu")
    assert row.model_name(own) == "prod-eu"
    own.model_fields_set.discard("model")
    own.deployment = "text-embedding-3-large"
    assert row.model_name(own) == "text-embedding-3-large"


def test_vertex_needs_a_project_and_says_so_without_asking_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    row = embeddings_named("google_vertexai")
    with pytest.raises(ConfigurationError, match=r"GoogleGenerativeAIEmbeddings: project: must be"):
        row.build("text-embedding-005", timeout_seconds=1, settings={})


def test_vertexaiembeddings_is_adopted_where_it_is_brought(cloud: Emulator) -> None:
    vertexai = pytest.importorskip("langchain_google_vertexai")
    made = cloud.embeddings("gcp_vertex", MODELS["gcp_vertex"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        own = vertexai.VertexAIEmbeddings(
            model="text-embedding-005", project="p", location="us-central1",
            credentials=made.credentials,
        )  # fmt: skip
        own.client = made.client  # the class takes no address
        tame = adopted(own)
    row = embeddings_named("gcp_vertex")
    assert row.owns(own)
    assert (row.model_name(tame), row.hidden_attempts(own)) == ("text-embedding-005", 6)
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 20.0)
    assert len(tame.embed_documents(["a", "b"])) == 2
    cloud.clear_log()
    cloud.break_("gcp_vertex", "503")
    with pytest.raises(Exception, match=r"."):
        tame.embed_query("x")
    assert len(cloud.log) == 1


@pytest.mark.parametrize("fault", ["empty_json", "error_json", "html", "empty_body", "malformed"])
@every_wire
def test_an_answer_that_cannot_be_read_is_the_providers_fault(
    wire: str, fault: str, cloud: Emulator, users: dict[str, Any]
) -> None:
    cloud.break_(wire, fault)
    with pytest.raises(Exception, match=r".") as raised:
        adopted(users[wire]).embed_documents(["x"])
    assert embeddings_named(wire).classify(raised.value).cause is Cause.INVALID_RESPONSE


def test_a_text_that_the_class_itself_refuses_is_the_callers(cloud: Emulator) -> None:
    cohere = adopted(cloud.embeddings("aws_bedrock", "cohere.embed-english-v3"))
    with pytest.raises(ValueError, match=r"2048 characters") as raised:
        cohere.embed_documents(["x" * 3000])
    assert embeddings_of(cohere).classify(raised.value).cause is Cause.BAD_REQUEST

    gemini = adopted(cloud.embeddings("gcp_vertex", "gemini-embedding-2"))
    with pytest.raises(Exception, match=r"one content at a time") as refused:
        gemini.embed_documents(["a", "b"])
    assert embeddings_of(gemini).classify(refused.value).cause is Cause.BAD_REQUEST
    assert cloud.log == ()

"""Catalogue: a router from the environment alone, where that has what the classes need."""

from __future__ import annotations

import importlib.util
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from langchain_multirouter.catalogue import (
    CLOUDS,
    GCLOUD_FILE,
    TIERS,
    models_from_environment,
    source_of_secret,
)
from langchain_multirouter.chat_model import RoutedChatModel
from langchain_multirouter.deployment import Provider
from langchain_multirouter.errors import ConfigurationError, NoCandidateError
from langchain_multirouter.providers import provider_named

AWS = {"AWS_BEARER_TOKEN_BEDROCK": "canary-aws", "AWS_REGION": "eu-west-1"}
AZURE = {
    "AZURE_OPENAI_API_KEY": "canary-azure",
    "AZURE_OPENAI_ENDPOINT": "https://canary.openai.azure.com",
    "OPENAI_API_VERSION": "2024-10-21",
}
VERTEX = {"GOOGLE_APPLICATION_CREDENTIALS": "/canary.json", "GOOGLE_CLOUD_PROJECT": "canary-p"}
ALL = {**AWS, **AZURE, **VERTEX}


def providers(environ: dict[str, str]) -> list[str]:
    found = models_from_environment(environ, tiers=["economy"])
    return [provider_named(d.model.partition(":")[0]).name for d in found]


@pytest.fixture
def warnings_(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="langchain_multirouter")
    return caplog


def test_every_cloud_has_a_model_in_every_tier() -> None:
    assert [cloud.provider for cloud in CLOUDS] == list(Provider)
    for cloud in CLOUDS:
        assert tuple(cloud.models) == TIERS
        assert all(cloud.models.values())
        assert provider_named(cloud.prefix).name == cloud.provider
        assert provider_named(cloud.prefix).extra == cloud.extra


def test_every_model_of_the_catalogue_has_a_maintained_price_and_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    router = built(monkeypatch, tmp_path, ALL)
    for candidate in router.assembled.fleet.snapshot():
        assert candidate.facts.price is not None, candidate.deployment.name
        assert candidate.facts.capabilities.max_input_tokens, candidate.deployment.name


def test_tiers_come_in_the_order_asked_and_one_of_each_cloud_before_a_clouds_second() -> None:
    found = models_from_environment(ALL, tiers=["frontier", "balanced"])
    assert [(d.model, d.tags) for d in found] == [
        ("bedrock_converse:global.anthropic.claude-opus-5-5", ("frontier",)),
        ("azure_openai:gpt-6-astra", ("frontier",)),
        ("google_vertexai:gemini-4-argon", ("frontier",)),
        ("bedrock_converse:global.anthropic.claude-sonnet-5-5", ("balanced",)),
        ("azure_openai:gpt-6.1-terra", ("balanced",)),
        ("google_vertexai:gemini-3.8-flash", ("balanced",)),
        ("azure_openai:gpt-6.1-sol", ("balanced",)),
    ]


def test_all_tiers_are_there_unless_some_are_asked_for() -> None:
    assert [d.tags[0] for d in models_from_environment(AWS)] == list(TIERS)


@pytest.mark.parametrize("tiers", [[], "economy", ["cheap"], ["economy", "econmy"]])
def test_a_tier_that_is_none_is_refused(tiers: Any) -> None:
    with pytest.raises(ConfigurationError, match="tiers: "):
        models_from_environment(ALL, tiers=tiers)


@pytest.mark.parametrize(
    "credentials",
    [
        ["AWS_BEARER_TOKEN_BEDROCK"],
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
        ["AWS_PROFILE"],
        ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"],
        ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
    ],
    ids="+".join,
)
@pytest.mark.parametrize("region", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_bedrock_takes_each_of_its_credentials_with_a_region(
    credentials: list[str], region: str
) -> None:
    assert providers({**dict.fromkeys(credentials, "x"), region: "x"}) == ["aws_bedrock"]


@pytest.mark.parametrize(
    "environ",
    [
        AZURE,
        {**AZURE, "AZURE_OPENAI_API_KEY": "", "AZURE_OPENAI_AD_TOKEN": "x"},
        {
            "AZURE_OPENAI_ENDPOINT": "x",
            "OPENAI_API_VERSION": "x",
            "AZURE_CLIENT_ID": "x",
            "AZURE_TENANT_ID": "x",
            "AZURE_FEDERATED_TOKEN_FILE": "x",
        },
    ],
    ids=["key", "token", "workload identity"],
)
def test_azure_takes_each_of_its_credentials(environ: dict[str, str]) -> None:
    assert providers(environ) == ["azure_openai"]


@pytest.mark.parametrize(
    "environ",
    [
        {"GOOGLE_APPLICATION_CREDENTIALS": "x"},
        {"GOOGLE_CLOUD_PROJECT": "x", "K_SERVICE": "x"},
    ],
    ids=str,
)
def test_vertex_takes_each_of_its_credentials(environ: dict[str, str]) -> None:
    assert providers(environ) == ["gcp_vertex"]


def test_vertex_takes_gclouds_file_with_a_project(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "GOOGLE_CLOUD_PROJECT": "x"}
    with pytest.raises(ConfigurationError, match="gcp_vertex: set GOOGLE_APPLICATION_CREDENTIALS"):
        providers(environ)
    (folder / "application_default_credentials.json").write_text("{}")
    assert providers(environ) == ["gcp_vertex"]
    elsewhere = {"CLOUDSDK_CONFIG": str(folder), "GOOGLE_CLOUD_PROJECT": "x"}
    assert providers(elsewhere) == ["gcp_vertex"]


def test_where_there_is_no_cloud_the_error_says_of_each_what_it_lacks() -> None:
    with pytest.raises(ConfigurationError) as caught:
        models_from_environment({"AWS_REGION": "canary", "OPENAI_API_KEY": "canary"})
    first, *lines = str(caught.value).splitlines()
    assert first == "The environment has the credentials of no cloud:"
    assert [line.split(":")[0].strip() for line in lines] == list(Provider)
    aws, azure, vertex = lines
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in aws
    assert "AWS_REGION" not in aws
    assert "AZURE_OPENAI_ENDPOINT" in azure
    assert "OPENAI_API_VERSION" in azure
    assert GCLOUD_FILE in vertex
    assert "GOOGLE_CLOUD_PROJECT" in vertex
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("half", "missing"),
    [
        ({"AZURE_OPENAI_ENDPOINT": "canary"}, "AZURE_OPENAI_API_KEY"),
        ({"AZURE_OPENAI_API_KEY": "canary"}, "AZURE_OPENAI_ENDPOINT"),
        ({**VERTEX, "GOOGLE_APPLICATION_CREDENTIALS": ""}, "GOOGLE_APPLICATION_CREDENTIALS"),
    ],
    ids=str,
)
def test_a_cloud_with_half_of_what_it_needs_is_left_out_with_a_warning_of_names(
    half: dict[str, str], missing: str, warnings_: pytest.LogCaptureFixture
) -> None:
    assert providers({**AWS, **half}) == ["aws_bedrock"]
    (record,) = warnings_.records
    assert record.levelno == logging.WARNING
    assert missing in record.getMessage()
    assert "canary" not in record.getMessage()


def test_a_region_or_gclouds_file_alone_is_no_half(
    tmp_path: Path, warnings_: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "application_default_credentials.json").write_text("{}")
    environ = {**AZURE, "AWS_REGION": "eu-west-1", "CLOUDSDK_CONFIG": str(tmp_path)}
    assert providers(environ) == ["azure_openai"]
    assert warnings_.records == []


def test_a_whole_environment_warns_of_nothing(warnings_: pytest.LogCaptureFixture) -> None:
    assert providers(ALL) == list(Provider)
    assert warnings_.records == []


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1"])
def test_bedrock_is_left_out_where_global_profiles_do_not_reach(
    region: str, warnings_: pytest.LogCaptureFixture
) -> None:
    assert providers({**ALL, "AWS_REGION": region}) == ["azure_openai", "gcp_vertex"]
    assert "partition" in warnings_.text
    assert region not in warnings_.text


def test_a_cloud_whose_package_is_missing_is_left_out_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, warnings_: pytest.LogCaptureFixture
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "langchain_openai" else found(name),
    )
    assert providers(ALL) == ["aws_bedrock", "gcp_vertex"]
    assert 'pip install "langchain-multirouter[azure]"' in warnings_.text
    with pytest.raises(ConfigurationError, match=r"azure_openai: run pip install .*\[azure\]"):
        models_from_environment(AZURE)


# --- as the classes themselves see it ---------------------------------------------------------


def built(
    monkeypatch: pytest.MonkeyPatch, home: Path, environ: dict[str, str], **settings: Any
) -> RoutedChatModel:
    """A router in exactly this environment."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "OPENAI_", "GOOGLE_", "GEMINI_", "CLOUDSDK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return RoutedChatModel(models_from_environment(os.environ), **settings)


@pytest.mark.parametrize(
    "environ",
    [
        AWS,
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"},
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/x", "AWS_ROLE_ARN": "y", "AWS_REGION": "us-east-1"},
        {**AWS, "AWS_SECRET_ACCESS_KEY": "lone but harmless"},
        AZURE,
        {**AZURE, "AZURE_OPENAI_API_KEY": "", "AZURE_OPENAI_AD_TOKEN": "x"},
        {"GOOGLE_CLOUD_PROJECT": "p", "K_SERVICE": "s"},
        ALL,
    ],
    ids=lambda environ: "+".join(environ),
)
def test_what_is_found_in_the_environment_is_enough_for_the_classes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environ: dict[str, str]
) -> None:
    router = built(monkeypatch, tmp_path, environ)
    assert len(router.assembled.served) == len(models_from_environment(environ))


@pytest.mark.parametrize(
    "lone", [["AWS_ACCESS_KEY_ID"], ["AWS_SECRET_ACCESS_KEY"], ["AWS_SESSION_TOKEN"]], ids=str
)
def test_half_a_pair_of_keys_is_told_before_the_class_refuses_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lone: list[str]
) -> None:
    whole = {"AWS_WEB_IDENTITY_TOKEN_FILE": "x", "AWS_ROLE_ARN": "x", "AWS_REGION": "eu-west-1"}
    environ = {**whole, **dict.fromkeys(lone, "x")}
    with pytest.raises(ConfigurationError, match="no cloud") as caught:
        built(monkeypatch, tmp_path, environ)
    assert f"{lone[0]} without" in str(caught.value)
    with pytest.raises(ConfigurationError, match="ChatBedrockConverse"):
        RoutedChatModel(["bedrock_converse:global.anthropic.claude-haiku-5-5"])


def test_a_tier_can_be_required_by_its_tag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    router = built(monkeypatch, tmp_path, AWS, require_tags=["no-such-tier"])
    with pytest.raises(NoCandidateError) as caught:
        router.invoke("hello")
    assert len(caught.value.removed) == len(TIERS)
    tags = {tag for served in router.assembled.served for tag in served.deployment.tags}
    assert tags == set(TIERS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("api_key", "AZURE_OPENAI_API_KEY"),
        ("azure_ad_token", "AZURE_OPENAI_AD_TOKEN"),
        ("Authorization", "AZURE_OPENAI_AD_TOKEN"),
        ("Ocp-Apim-Subscription-Key", "AZURE_OPENAI_API_KEY"),
        ("secretAccessKey", "AZURE_OPENAI_API_KEY"),
        ("password", "AZURE_OPENAI_API_KEY"),
    ],
)
def test_a_secret_is_known_by_its_name_and_the_variable_that_holds_it_is_told(
    name: str, told: str
) -> None:
    source = source_of_secret(name, "azure_openai")
    assert source is not None
    assert source.startswith("AzureChatOpenAI reads ")
    assert told in source


def test_every_secret_setting_of_the_classes_is_known_as_one() -> None:
    for cloud in CLOUDS:
        kind = getattr(importlib.import_module(cloud.package), cloud.kind)
        for name, field in kind.model_fields.items():
            if "SecretStr" in str(field.annotation) or name == "credentials":
                for said in filter(None, (name, field.alias)):
                    assert said in cloud.secrets, f"{cloud.kind}.{said}"


def test_no_other_setting_of_the_classes_is_taken_for_a_secret() -> None:
    for cloud in CLOUDS:
        kind = getattr(importlib.import_module(cloud.package), cloud.kind)
        names = {n for n in kind.model_fields if n not in cloud.secrets}
        assert [n for n in names if source_of_secret(n, cloud.provider)] == []

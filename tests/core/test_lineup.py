"""Lineup: whatever is wrong with a router's models is told at once, by place and name."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.errors import ConfigurationError

AZURE = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION")
BEDROCK = "aws_bedrock:anthropic.claude-3-haiku-20240307-v1:0"
UNSET = (
    *AZURE,
    "AZURE_OPENAI_AD_TOKEN",
    "OPENAI_API_KEY",
    "GOOGLE_CLOUD_PROJECT",
    "GCLOUD_PROJECT",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def refusal(*models: Any) -> str:
    with pytest.raises(ConfigurationError) as raised:
        RoutedChatModel.from_config({"models": list(models)})
    return str(raised.value)


@pytest.mark.parametrize("count", range(3))
def test_all_variables_that_azures_class_asks_for_one_by_one_are_named(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in AZURE[:count]:
        monkeypatch.setenv(name, "x" * 12)
    told = refusal("azure_openai:gpt-4o")
    assert [name in told for name in AZURE] == [number >= count for number in range(3)]


def test_what_is_given_as_a_setting_is_not_asked_for() -> None:
    given = {"azure_endpoint": "https://eu.openai.azure.com", "api_version": "2024-10-21"}
    told = refusal({"model": "azure_openai:gpt-4o", "params": given})
    assert [name in told for name in AZURE] == [True, False, False]


def test_what_every_entry_lacks_is_told_in_one_error_by_its_place() -> None:
    first, second, third = refusal(
        "azure_openai:gpt-4o", BEDROCK, "gcp_vertex:gemini-2.5-flash"
    ).splitlines()
    assert first.startswith("models[0]: AzureChatOpenAI: ")
    assert second.startswith("models[1]: ChatBedrockConverse: ")
    assert "region" in second
    assert third.startswith("models[2]: ChatGoogleGenerativeAI: ")
    assert "GOOGLE_CLOUD_PROJECT" in third


def test_the_same_trouble_is_told_once_with_all_places() -> None:
    told = refusal("azure_openai:gpt-4o", "azure_openai:gpt-4o-mini")
    assert told.startswith("models[0], models[1]: AzureChatOpenAI: ")
    assert len(told.splitlines()) == 1


def test_entries_that_are_none_and_unknown_providers_are_among_them() -> None:
    with pytest.raises(ConfigurationError) as raised:
        RoutedChatModel([7, "azura:gpt-4o", "azure_openai:gpt-4o", Deployment("bedrok:x")])
    places = [line.partition(":")[0] for line in str(raised.value).splitlines()]
    assert places == ["models[0]", "models[1]", "models[2]", "models[3]"]
    assert "not int" in str(raised.value)


def test_no_value_of_a_setting_is_shown() -> None:
    given = {"api_key": "sk-canary-1234", "azure_endpoint": "https://canary.openai.azure.com"}
    with pytest.raises(ConfigurationError) as raised:
        RoutedChatModel([Deployment("azure_openai:gpt-4o", params=given), 7])
    assert "canary" not in str(raised.value)

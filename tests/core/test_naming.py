"""Naming: whoever was given no name has one that tells it apart, and that holds no secret."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from langchain_multirouter.attempt import Served
from langchain_multirouter.deployment import LONGEST_NAME, Deployment
from langchain_multirouter.naming import named

EU, US = "https://eu-res.openai.azure.com/", "https://us-res.openai.azure.com/"


def one(provider: str = "azure_openai", name: str = "", model: str = "gpt-4o", **is_at: Any) -> Any:
    deployment = Deployment("x:y", provider=provider, name=name, model_name=model)
    return Served(deployment, SimpleNamespace(**is_at), None, 1.0)


def names(*served: Any) -> list[str]:
    return [each.deployment.name for each in named(served)]


def test_one_of_a_model_is_named_after_provider_and_model_alone() -> None:
    told = names(one(azure_endpoint=EU), one(model="gpt-4", azure_endpoint=EU), one("aws_bedrock"))
    assert told == ["azure_openai:gpt-4o", "azure_openai:gpt-4", "aws_bedrock:gpt-4o"]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"azure_endpoint": EU}, {"azure_endpoint": US}, ["@eu-res", "@us-res"]),
        (
            {"azure_endpoint": EU, "deployment_name": "blue"},
            {"azure_endpoint": EU, "deployment_name": "green"},
            ["@blue", "@green"],
        ),
        ({"azure_endpoint": EU}, {"azure_endpoint": EU}, ["", "#2"]),
        ({"azure_endpoint": EU}, {"azure_endpoint": None}, ["", "#2"]),
        ({}, {}, ["", "#2"]),
    ],
)
def test_two_azure_deployments_of_one_model_are_told_apart_by_resource_or_deployment(
    first: dict[str, Any], second: dict[str, Any], told: list[str]
) -> None:
    expected = [f"azure_openai:gpt-4o{ending}" for ending in told]
    assert names(one(**first), one(**second)) == expected


@pytest.mark.parametrize(
    ("provider", "attribute"), [("aws_bedrock", "region_name"), ("gcp_vertex", "location")]
)
def test_two_regions_are_told_apart(provider: str, attribute: str) -> None:
    told = names(*(one(provider, **{attribute: region}) for region in ("eu-west-1", "us-east-1")))
    assert told == [f"{provider}:gpt-4o@eu-west-1", f"{provider}:gpt-4o@us-east-1"]


def test_three_of_which_two_are_at_one_place_are_numbered() -> None:
    told = names(*(one("aws_bedrock", region_name=region) for region in ("a", "a", "b")))
    assert told == [f"aws_bedrock:gpt-4o{ending}" for ending in ("", "#2", "#3")]


def test_names_that_were_given_stay_and_are_not_taken_twice() -> None:
    told = names(
        one(name="mine", azure_endpoint=EU),
        one(azure_endpoint=EU),
        one(azure_endpoint=US),
        one(name="azure_openai:gpt-4o@eu-res", azure_endpoint=US),
    )
    assert told[0] == "mine"
    assert told[1:3] == ["azure_openai:gpt-4o@eu-res#2", "azure_openai:gpt-4o@us-res"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://user:{}@{}res.openai.azure.com/",
        "https://{1}res.example.com/{0}?key={0}#{0}",
        "https://{1}res.example.com:443/openai/{0}",
    ],
)
def test_nothing_of_an_endpoint_but_its_hosts_first_label_is_told(endpoint: str) -> None:
    places = [one(azure_endpoint=endpoint.format("sk-secret", at)) for at in ("a", "b")]
    assert names(*places) == ["azure_openai:gpt-4o@ares", "azure_openai:gpt-4o@bres"]


@pytest.mark.parametrize("said", ["x" * 25, "a b", "a\nb", "ключ", "", 3, "//[", "https://[::1"])
def test_what_is_no_short_word_is_no_place(said: Any) -> None:
    told = names(one("aws_bedrock", region_name=said), one("aws_bedrock", region_name="b"))
    assert told == ["aws_bedrock:gpt-4o", "aws_bedrock:gpt-4o#2"]


def test_a_name_with_its_place_is_no_longer_than_any() -> None:
    long = {"provider": "aws_bedrock", "model": "m" * 100}
    told = names(*(one(**long, region_name=region) for region in ("eu-west-1", "us-east-1")))
    assert [len(name) for name in told] == [LONGEST_NAME, LONGEST_NAME]
    assert [name[-10:] for name in told] == ["@eu-west-1", "@us-east-1"]

"""Configuration files: what is read, and what is refused with its place."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter import ConfigurationError, Deployment
from langchain_multirouter.catalogue import CATALOGUE, TIERS, models_from_environment
from langchain_multirouter.configuration import (
    DEPLOYMENT_SETTINGS,
    POLICY_SETTINGS,
    SETTINGS,
    parse_yaml,
    read_configuration,
)
from langchain_multirouter.options import OPTION_NAMES

WHOLE = """
strategy: cost_optimized
deadline_seconds: 60
max_cost: 0.01
task_preferences: {code_generation: [bedrock, azure]}
policy: {breaker_failures: 3}
models:
  - bedrock_converse:global.anthropic.claude-haiku-5-5
  - model: azure_openai:prod
    model_name: gpt-6.1-terra
    tags: [eu]
    price: {input: 1, output: 5}
    params: {azure_endpoint: "https://example.invalid", api_version: "2024-10-21"}
"""


def read(text: str, folder: Path) -> dict[str, Any]:
    file = folder / "router.yaml"
    file.write_text(text, encoding="utf-8")
    return read_configuration(file)


def test_a_file_becomes_the_arguments_of_a_router(tmp_path: Path) -> None:
    settings = read(WHOLE, tmp_path)
    first, second = settings["models"]
    assert isinstance(first, Deployment)
    assert second.tags == ("eu",)
    assert second.params["azure_endpoint"] == "https://example.invalid"
    assert settings["policy"].breaker_failures == 3
    assert settings["strategy"] == "cost_optimized"


def test_a_dictionary_of_the_same_shape_does_too(tmp_path: Path) -> None:
    assert read_configuration(parse_yaml(WHOLE, "router.yaml")) == read(WHOLE, tmp_path)


def test_every_option_can_be_set_and_nothing_that_is_code() -> None:
    assert OPTION_NAMES <= SETTINGS
    assert "classifier" not in SETTINGS
    assert "health_check" not in DEPLOYMENT_SETTINGS
    assert not {"wait", "stop"} & POLICY_SETTINGS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: [a:b]\nstragety: ordered", "stragety: the setting 'stragety' is not known"),
        ("models: [{model: 'a:b', tgas: [eu]}]", r"models\[0\].tgas.*Did you mean 'tags'"),
        ("models: ['a:b', {tags: [eu]}]", r"models\[1\].model: must be"),
        ("models: []", "models: must be a list"),
        ("strategy: ordered", "models: must be a list"),
        ("models: [{model: 'azure_openai:x', weight: -1}]", r"models\[0\].*weight"),
        ("models: [{model: 'azure_openai:x', weight: .nan}]", r"models\[0\].*weight"),
        ("models: ['a:b']\npolicy: {breaker_failures: .inf}", "policy.breaker_failures"),
        ("models: ['a:b']\npolicy: {wait: 3}", "policy.wait"),
        ("models: ['a:b']\nmodels: ['c:d']", "line 2: a key is given twice"),
        ("models: &a ['x:y']\nstop: *a", "line 1: anchors and aliases"),
        ("models: !!python/object/apply:os.system ['true']", "line 1"),
        ("[1, 2", "line"),
        ("models: ['a:b']\n1: 2", "a key must be text"),
        ("- a", "must be a mapping"),
        ("models: [" + "[" * 50 + "]" * 50 + "]", "nested more than 20 deep"),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(text, tmp_path)


@pytest.mark.parametrize(
    ("model", "name", "told"),
    [
        ("azure_openai:x", "api_key", "AZURE_OPENAI_API_KEY"),
        ("bedrock_converse:x", "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
        ("google_vertexai:x", "credentials", "GOOGLE_APPLICATION_CREDENTIALS"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(
    model: str, name: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=told) as raised:
        read(f"models: [{{model: '{model}', params: {{{name}: canary}}}}]", tmp_path)
    assert "canary" not in str(raised.value)


def test_billions_of_laughs_are_refused_before_they_are_told(tmp_path: Path) -> None:
    laughs = ["a: &a [lol, lol]"] + [
        f"{n}: &{n} [*{p}, *{p}]" for p, n in zip("abcd", "bcde", strict=True)
    ]
    with pytest.raises(ConfigurationError, match="anchors"):
        read("\n".join(laughs), tmp_path)


def test_a_dictionary_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {"models": ["a:b"]}
    loop["policy"] = loop
    with pytest.raises(ConfigurationError, match="nested"):
        read_configuration(loop)


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="larger"):
        read("#" * 1_100_000, tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_configuration(tmp_path / "nowhere.yaml")


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*sorted(SETTINGS), *sorted(DEPLOYMENT_SETTINGS)])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(junk)
def test_junk_is_refused_or_read_and_nothing_else(value: Any) -> None:
    told = None
    try:
        settings = read_configuration(value if isinstance(value, dict) else {"models": value})
    except ConfigurationError as refusal:
        told = str(refusal)
    assert settings["models"] if told is None else len(told) < 2_000


CLOUDS = {
    "aws_bedrock": {"AWS_PROFILE": "canary", "AWS_REGION": "us-east-1"},
    "azure_openai": {
        "AZURE_OPENAI_API_KEY": "canary",
        "AZURE_OPENAI_ENDPOINT": "https://example.invalid",
        "OPENAI_API_VERSION": "2024-10-21",
    },
    "gcp_vertex": {"GOOGLE_CLOUD_PROJECT": "canary"},
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_environment_gives_the_clouds_it_has_credentials_for(cloud: str) -> None:
    found = models_from_environment(CLOUDS[cloud])
    assert [d.name for d in found] == [f"{cloud}-{tier}" for tier in TIERS]
    assert [d.tags for d in found] == [(tier,) for tier in TIERS]
    assert len(models_from_environment(CLOUDS[cloud], tiers=["economy"])) == 1


def test_all_clouds_together_give_the_whole_catalogue() -> None:
    environ = {name: value for cloud in CLOUDS.values() for name, value in cloud.items()}
    ids = {d.model for d in models_from_environment(environ)}
    assert ids == {model for tiers in CATALOGUE.values() for model in tiers.values()}


def test_an_environment_without_credentials_says_what_was_looked_for() -> None:
    with pytest.raises(ConfigurationError) as raised:
        models_from_environment({})
    for name in ("aws_bedrock", "AWS_PROFILE", "AZURE_OPENAI_ENDPOINT", "GOOGLE_CLOUD_PROJECT"):
        assert name in str(raised.value)


def test_half_a_cloud_is_left_out_with_a_record_of_names_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    environ = {"AZURE_OPENAI_API_KEY": "canary", **CLOUDS["gcp_vertex"]}
    found = models_from_environment(environ)
    assert {d.name.partition("-")[0] for d in found} == {"gcp_vertex"}
    assert "azure_openai is left out" in caplog.text
    assert "canary" not in caplog.text


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'economy'"):
        models_from_environment(CLOUDS["gcp_vertex"], tiers=["economi"])


def test_numbers_of_a_dictionary_are_checked_as_in_a_file() -> None:
    with pytest.raises(ConfigurationError, match="policy"):
        read_configuration({"models": ["a:b"], "policy": {"open_seconds": math.nan}})

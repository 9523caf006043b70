"""Configuration: a file becomes a router's settings, or is refused with the place of what is wrong.

No text of an error shows a value of the file; see `test_document` for what a file can be.
"""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.chat_model import RoutedChatModel
from langchain_multirouter.configuration import _NOT_IN_A_FILE, _shape, read_configuration
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.document import LARGEST_NUMBER
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.options import OPTION_NAMES
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel

CANARY = "sk-canary-0123456789"
MODEL = "azure_openai:gpt-6.1-terra"

EXAMPLE = """
strategy: cost_optimized
temperature: 0.2
max_tokens: 800
stop: [END]
timeout: 30
deadline_seconds: 60
max_cost: 0.05
require_tags: [eu]
task_preferences:
  code_generation: [aws_bedrock, azure-eu]
configurable_options: [strategy, max_cost]
random_seed: 7
policy:
  breaker_failures: 3
  longest_wait_seconds: 10
models:
  - bedrock_converse:eu.anthropic.claude-sonnet-5-5
  - &azure
    model: azure_openai:prod-eu
    name: azure-eu
    model_name: gpt-6.1-terra
    tags: [eu, zero-retention]
    weight: 2
    timeout_seconds: 20
    params: {azure_endpoint: "https://eu.openai.azure.com", api_version: "2024-10-21"}
    price: {input: 1, output: 5}
    price_multiplier: 1.1
    profile: {max_input_tokens: 200000, image_inputs: true}
    strengths: [coding]
  - <<: *azure
    name: azure-eu-2
    fallback_level: 1
"""


def refusal(source: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(source)
    return str(caught.value)


def with_model(**fields: Any) -> dict[str, Any]:
    return {"models": [MODEL, {"model": MODEL, **fields}]}


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "router.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# --- what is read -------------------------------------------------------------------------------


def test_a_file_becomes_the_keyword_arguments_of_a_router(file: Any) -> None:
    read = read_configuration(file(EXAMPLE))
    first, azure, second = read.pop("models")
    assert read == {
        "strategy": "cost_optimized",
        "temperature": 0.2,
        "max_tokens": 800,
        "stop": ["END"],
        "timeout": 30,
        "deadline_seconds": 60,
        "max_cost": 0.05,
        "require_tags": ["eu"],
        "task_preferences": {"code_generation": ["aws_bedrock", "azure-eu"]},
        "configurable_options": ["strategy", "max_cost"],
        "random_seed": 7,
        "policy": Policy(breaker_failures=3, longest_wait_seconds=10),
    }
    assert first == "bedrock_converse:eu.anthropic.claude-sonnet-5-5"
    assert azure == Deployment(
        "azure_openai:prod-eu",
        name="azure-eu",
        model_name="gpt-6.1-terra",
        tags=["eu", "zero-retention"],
        weight=2,
        timeout_seconds=20,
        params={"azure_endpoint": "https://eu.openai.azure.com", "api_version": "2024-10-21"},
        price={"input": 1, "output": 5},
        price_multiplier=1.1,
        profile={"max_input_tokens": 200_000, "image_inputs": True},
        strengths=["coding"],
    )
    assert second == azure.model_copy(update={"name": "azure-eu-2", "fallback_level": 1})


def test_a_router_is_made_of_a_file(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "fake")
    entry = {"model": MODEL, "params": {"azure_endpoint": "http://x", "api_version": "1"}}
    router = RoutedChatModel.from_config(file(json.dumps({"models": [entry]}), "router.json"))
    assert [served.deployment.name for served in router.assembled.served] == [MODEL]


def test_yaml_json_and_a_mapping_are_read_alike(file: Any) -> None:
    data = yaml.safe_load(EXAMPLE)
    read = read_configuration(data)
    for name in ("router.yaml", "router.yml", "router.json"):
        text = json.dumps(data, indent="\t") if name.endswith("json") else EXAMPLE
        assert read_configuration(file(text, name)) == read
    assert read_configuration(str(file("\ufeff" + EXAMPLE))) == read


def test_every_field_of_the_classes_is_known_but_for_those_that_take_objects() -> None:
    for kind, fields in (
        (RoutedChatModel, set(RoutedChatModel.model_fields)),
        (Deployment, set(Deployment.model_fields)),
        (Policy, set(Policy.__dataclass_fields__)),
    ):
        left_out = _NOT_IN_A_FILE[kind.__name__]
        assert left_out <= fields
        assert set(_shape(kind).model_fields) == fields - left_out
    assert set(_shape(RoutedChatModel).model_fields) >= OPTION_NAMES


@pytest.mark.parametrize("kind", [RoutedChatModel, Policy], ids=lambda kind: kind.__name__)
def test_no_setting_of_a_file_takes_just_anything(kind: type) -> None:
    """A field that is new and takes objects belongs into the table of those."""
    for name, field in _shape(kind).model_fields.items():
        assert field.annotation is not Any, name


# --- what is wrong, and where -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings_", "told"),
    [
        ({"temperature": "0.5"}, "temperature: must be a number"),
        ({"temperature": -1}, "temperature: must be at least 0"),
        ({"timeout": math.nan}, "timeout: must be a finite number"),
        ({"timeout": -1}, "timeout: must be at least 0"),
        ({"max_cost": math.inf}, "max_cost: must be a finite number"),
        ({"max_tokens": 1.5}, "max_tokens: must be a whole number"),
        ({"max_tokens": True}, "max_tokens: must be a whole number"),
        ({"random_seed": LARGEST_NUMBER * 2}, "random_seed: must be a finite number"),
        ({"max_retries": -1}, "max_retries: must be at least 0"),
        ({"fallback_enabled": "yes"}, "fallback_enabled: must be true or false"),
        ({"stop": [1]}, "stop[0]: must be text"),
        ({"stop": 1}, "stop: must be a list or text"),
        ({"require_tags": ["eu", 3]}, "require_tags[1]: must be text"),
        ({"strategy": CANARY}, "strategy: is none of ordered, "),
        ({"task_preferences": {"chat": "x"}}, "task_preferences.chat: must be a list"),
        ({"configurable_options": ["max_cots"]}, "configurable_options[0]: is no routing option."),
        ({"max_retrys": 2}, "max_retrys: not known. Did you mean 'max_retries'?"),
        ({"classifier": "f"}, "classifier: takes a Python object: set it in code"),
        ({"compiled": 1}, "compiled: takes a Python object: set it in code"),
        ({"policy": 3}, "policy: must be a mapping"),
        ({"policy": {"wait": 3}}, "policy.wait: takes a Python object: set it in code"),
        ({"policy": {"open_second": 3}}, "policy.open_second: not known. Did you mean 'open_"),
        ({"policy": {"open_seconds": -1}}, "policy.open_seconds: must be at least 0"),
        ({"policy": {"breaker_least": "3"}}, "policy.breaker_least: must be a whole number"),
        ({"policy": {"breaker_failures": 0}}, "policy: breaker_failures and breaker_least"),
        ({"models": []}, "models: must be a list with at least one model"),
        ({"models": MODEL}, "models: must be a list with at least one model"),
        ({"models": [CANARY]}, 'models[0]: must be "provider:model"'),
        ({"models": [3]}, "models[0]: must be a mapping"),
        ({"models": [f"azur:{CANARY}"]}, "models[0]: its provider is not known. Did you mean"),
        ({"temperature": b"x"}, "temperature: must be data, not bytes"),
        ({"metadata": {"a": [{1: 2}]}}, "metadata.a[0]: keys must be text"),
        ({"a\nb": 1}, "['a\\nb']: not known."),
        ({3: 1}, "the configuration: keys must be text"),
    ],
    ids=lambda case: str(case)[:60],
)
def test_what_is_wrong_is_refused_with_its_place(settings_: dict[str, Any], told: str) -> None:
    text = refusal({"models": [MODEL], **settings_})
    assert text.startswith(told)
    assert CANARY not in text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tgas": ["eu"]}, "tgas: not known. Did you mean 'tags'?"),
        ({"region_name": "x"}, "region_name: not known. Settings of the provider's class go into"),
        ({"tags": "eu"}, "tags: must be a list"),
        ({"tags": ["eu", 3]}, "tags[1]: must be text"),
        ({"tags": [""]}, "tags[0]: "),
        ({"weight": "3"}, "weight: must be a number"),
        ({"weight": -1}, "weight: must be greater than or equal to 0"),
        ({"weight": math.nan}, "weight: must be a finite number"),
        ({"timeout_seconds": 0}, "timeout_seconds: must be greater than 0"),
        ({"fallback_level": 0.5}, "fallback_level: must be a whole number"),
        ({"name": "a\tb"}, "name: must be printable ASCII"),
        ({"model": None}, 'model: must be "provider:model"'),
        ({"model": CANARY}, 'model: must be "provider:model"'),
        ({"model": f"{CANARY}:gpt"}, "model: its provider is not known."),
        ({"provider": CANARY}, "provider: its provider is not known."),
        ({"health_check": "f"}, "health_check: takes a Python object: set it in code"),
        ({"price": 3}, "price: must be a mapping"),
        ({"price": {"input": 3}}, "price.output: must be given"),
        ({"price": {"input": CANARY}}, "price.input: must be a number, not str"),
        ({"price": {"inptu": 3}}, "price: the key 'inptu' is not known. Did you mean 'input'"),
        ({"price_multiplier": 1e12}, "price_multiplier: must be a finite number from 0 to"),
        ({"profile": {"max_inptu_tokens": 3}}, "profile.max_inptu_tokens: not known. Did you"),
        ({"profile": {"max_input_tokens": "3"}}, "profile.max_input_tokens: must be a whole"),
        ({"params": ["x"]}, "params: must be a mapping"),
        ({"params": {"http_client": CANARY}}, "params.http_client: takes a Python object"),
        ({"params": {"config": {}}}, "params.config: takes a Python object"),
        (
            {"params": {"api_version": date(2024, 10, 21)}},
            "params.api_version: is taken for a date",
        ),
    ],
    ids=lambda case: str(case)[:60],
)
def test_what_is_wrong_in_a_model_is_refused_with_its_place(
    fields: dict[str, Any], told: str
) -> None:
    text = refusal(with_model(**fields))
    assert text.startswith(f"models[1].{told}")
    assert CANARY not in text


@pytest.mark.parametrize("source", [None, [], "x", {}, 3], ids=str)
def test_what_is_no_configuration_at_all_is_refused(source: Any) -> None:
    refusal(source)


# --- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "params", "told"),
    [
        (MODEL, {"api_key": CANARY}, "api_key: a file holds no secrets; AzureChatOpenAI reads AZU"),
        (MODEL, {"azure_ad_token": CANARY}, "azure_ad_token: a file holds no secrets; AzureChatO"),
        (
            "bedrock:x",
            {"aws_secret_access_key": CANARY},
            "aws_secret_access_key: a file holds no secrets; "
            "ChatBedrockConverse reads AWS_SECRET_ACCESS_KEY",
        ),
        (
            "google_vertexai:x",
            {"credentials": {"a": CANARY}},
            "credentials: a file holds no secrets; "
            "ChatGoogleGenerativeAI reads GOOGLE_APPLICATION_CREDENTIALS",
        ),
        (
            MODEL,
            {"default_headers": {"x": [{"Authorization": CANARY}]}},
            "default_headers.x[0].Authorization: a file holds no secrets; AzureChatOpenAI reads",
        ),
    ],
    ids=lambda case: str(case)[:40],
)
def test_a_secret_in_params_is_refused_with_the_variable_that_the_class_reads(
    model: str, params: dict[str, Any], told: str
) -> None:
    text = refusal({"models": [{"model": model, "params": params}]})
    assert text.startswith(f"models[0].params.{told}")
    assert CANARY not in text


@pytest.mark.parametrize(
    "source",
    [
        {"models": [MODEL], "api_key": CANARY},
        {"models": [{"model": MODEL, "aws_secret_access_key": CANARY}]},
        {"models": [MODEL], "metadata": {"password": CANARY}},
    ],
    ids=str,
)
def test_a_secret_is_refused_elsewhere_too(source: dict[str, Any]) -> None:
    text = refusal(source)
    assert "a file holds no secrets" in text
    assert CANARY not in text


def test_names_and_limits_are_no_secrets() -> None:
    params = {"credentials_profile_name": "x", "max_token": 3, "default_query": {"api-version": 1}}
    read_configuration(with_model(params=params, timeout_seconds=3))


# --- laws ---------------------------------------------------------------------------------------

NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 1, -1, 0.5, 10**400, 2**63]))
TEXTS = st.one_of(
    st.text(max_size=8), st.sampled_from([MODEL, "chat", "eu", "bedrock", "intelligent"])
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(max_size=3), st.dates())
KEYS = st.one_of(
    TEXTS,
    st.sampled_from(
        sorted(RoutedChatModel.model_fields)
        + sorted(Deployment.model_fields)
        + sorted(Policy.__dataclass_fields__)
        + ["input", "output", "api_key", "max_input_tokens"]
    ),
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.dictionaries(st.one_of(KEYS, SCALARS), inner, max_size=5),
    ),
    max_leaves=15,
)
ENTRIES = st.one_of(
    st.just(MODEL),
    JUNK,
    st.dictionaries(st.sampled_from(sorted(Deployment.model_fields)), JUNK, max_size=3).map(
        lambda fields: {"model": MODEL, **fields}
    ),
)
CONFIGURATIONS = st.one_of(
    JUNK,
    st.dictionaries(
        st.sampled_from(sorted(_shape(RoutedChatModel).model_fields)), JUNK, max_size=3
    ).map(lambda fields: {**fields, "models": [MODEL]}),
    st.dictionaries(KEYS, JUNK, max_size=2).flatmap(
        lambda fields: st.lists(ENTRIES, max_size=3).map(lambda list_: {**fields, "models": list_})
    ),
)


@settings(max_examples=200)
@given(CONFIGURATIONS)
def test_whatever_a_mapping_holds_it_is_refused_or_becomes_settings(source: Any) -> None:
    try:
        read = read_configuration(source)
    except ConfigurationError:
        return
    assert all(isinstance(entry, str | Deployment) for entry in read["models"])


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(sorted(set(_shape(RoutedChatModel).model_fields) - {"models"})),
        JUNK,
        max_size=2,
    )
)
def test_what_is_accepted_a_router_takes_or_refuses_by_name(source: dict[str, Any]) -> None:
    try:
        read = read_configuration({**source, "models": [MODEL]})
    except ConfigurationError:
        return
    read["models"] = [ScriptedModel(script=["hello"])]
    try:
        RoutedChatModel(**read)
    except ConfigurationError as error:
        field = str(error).partition(":")[0]
    else:
        return
    assert field in source  # a bound of the constructor's own, which names the field as well


@settings(max_examples=200)
@given(CONFIGURATIONS)
def test_no_refusal_shows_a_value(source: Any) -> None:
    """Every text that is a value is made a canary first; keys are names and may be shown."""

    def poisoned(value: Any) -> Any:
        if isinstance(value, str):
            return CANARY + value
        if isinstance(value, dict):
            return {key: poisoned(one) for key, one in value.items()}
        return [poisoned(one) for one in value] if isinstance(value, list | tuple) else value

    if isinstance(source, str):
        return  # a path, which is shown
    told = ""
    try:
        read_configuration(poisoned(source))
    except ConfigurationError as error:
        told = str(error)
    assert CANARY not in told

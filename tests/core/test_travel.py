"""Travel: a router of configuration alone can be pickled; any other says what cannot, and why."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import tenacity
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import StdOutCallbackHandler
from langchain_core.rate_limiters import InMemoryRateLimiter
from pydantic import SecretStr

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import ScriptedModel
from langchain_multirouter.travel import carried
from tests.core.test_identity import by_length, last_first

CANARY = "canary-4711"
AZURE = {"azure_endpoint": "https://example.invalid", "api_version": "2024-10-21"}


@pytest.fixture(scope="module", autouse=True)
def keys() -> Iterator[None]:
    """What the classes find in the environment."""
    monkeypatch = pytest.MonkeyPatch()
    for name in ("AZURE_OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CANARY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield
    monkeypatch.undo()


def configured(**settings: Any) -> RoutedChatModel:
    """One deployment of each cloud that can be built without a file of credentials."""
    return RoutedChatModel(
        [
            Deployment("azure_openai:gpt-4o", params=AZURE, tags=["eu"], price_multiplier=1.1),
            "bedrock_converse:anthropic.claude-3-haiku-20240307-v1:0",
        ],
        **settings,
    )


@pytest.fixture(scope="module")
def model(keys: None) -> RoutedChatModel:
    return configured()


def travelled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))  # noqa: S301  # our own


def test_a_router_of_configuration_comes_back_as_it_was() -> None:
    model = configured(
        strategy=last_first,
        classifier=by_length,
        temperature=0.5,
        require_tags=["eu"],
        task_preferences={"chat": ["azure_openai"]},
        policy=Policy(wait=tenacity.wait_fixed(1), open_seconds=7.0),
        configurable_options=["max_cost"],
        random_seed=3,
        metadata={"team": "a"},
    )
    back = travelled(model)
    assert type(back) is RoutedChatModel
    assert repr(back) == repr(model)
    assert back._get_llm_string() == model._get_llm_string()
    assert back.policy.open_seconds == 7.0
    assert back.metadata is not None
    assert back.metadata["team"] == "a"
    assert back.profile == model.profile
    assert back.explain("Hi").to_dict() == model.explain("Hi").to_dict()


def test_a_pickle_is_short_and_holds_neither_secret_nor_state(model: RoutedChatModel) -> None:
    model.pause("azure_openai:gpt-4o")
    packed = pickle.dumps(model)
    model.resume("azure_openai:gpt-4o")
    assert len(packed) < 2048
    assert CANARY.encode() not in packed
    assert CANARY not in repr(model)
    back = pickle.loads(packed)  # noqa: S301  # our own
    assert back.assembled is not model.assembled
    assert not any(candidate.paused for candidate in back.assembled.fleet.snapshot())


def test_a_narrowed_router_travels_with_what_is_bound_to_it(model: RoutedChatModel) -> None:
    narrowed = model.with_routing(require_tags=["eu"], max_cost=0.5)
    back = travelled(narrowed.bind_tools([], strict=True))
    assert back.kwargs == {"tools": [], "strict": True}
    assert (back.bound.require_tags, back.bound.max_cost) == (frozenset({"eu"}), 0.5)
    assert list(back.bound.counts()) == list(model.counts())


def test_a_profile_of_the_users_own_travels_and_one_that_was_found_does_not(
    model: RoutedChatModel,
) -> None:
    mine = {"max_input_tokens": 7}
    assert carried(model.model_copy(update={"profile": mine}))["profile"] == mine
    assert "profile" not in carried(model)


def test_a_model_object_is_refused_with_what_to_give_instead(model: RoutedChatModel) -> None:
    built = model.assembled.served[0].model
    spelled = Deployment("azure_openai:gpt-5", params=AZURE)
    with pytest.raises(TypeError) as raised:
        pickle.dumps(RoutedChatModel([spelled, built]))
    assert str(raised.value) == (
        "models[1]: a model object (AzureChatOpenAI) cannot be pickled, since it holds "
        'connections and credentials. Give "azure_openai:gpt-4o", or '
        'Deployment("azure_openai:gpt-4o", params={...}): it is then built anew, with credentials '
        "from the environment."
    )


def test_a_model_object_of_another_kind_is_refused_with_what_to_do() -> None:
    for entry in (ScriptedModel(), Deployment(ScriptedModel(), name="x")):
        with pytest.raises(TypeError, match=r"\(ScriptedModel\).*Make the router"):
            pickle.dumps(RoutedChatModel([entry]))


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"api_key": CANARY}, r"models\[0\].params\['api_key'\].*AZURE_OPENAI_API_KEY"),
        ({"api_key": SecretStr(CANARY)}, r"models\[0\].params\['api_key'\].*AZURE_OPENAI_API_KEY"),
        ({"default_headers": {"Authorization": CANARY}}, r"\['default_headers'\]\['Authorization'"),
        ({"model_kwargs": {"x": [{"password": CANARY}]}}, r"\['x'\]\[0\]\['password'\]"),
        ({"openai_proxy": SecretStr(CANARY)}, r"\['openai_proxy'\]: a pickle holds no secrets"),
        ({"http_client": object()}, r"\['http_client'\]: an object \(object\) cannot be"),
    ],
)
def test_a_secret_or_an_object_among_the_params_is_refused_by_its_key(
    params: dict[str, Any], named: str, model: RoutedChatModel
) -> None:
    first, second = model.models
    wrong = model.model_copy()  # without a client: the class would refuse some of them
    wrong.__dict__["models"] = [first.model_copy(update={"params": params}), second]
    with pytest.raises(TypeError, match=named) as raised:
        pickle.dumps(wrong)
    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("callbacks", [StdOutCallbackHandler()]),
        ("cache", InMemoryCache()),
        ("rate_limiter", InMemoryRateLimiter()),
        ("custom_get_token_ids", len),
    ],
)
def test_an_object_of_this_process_is_refused_by_the_settings_name(
    name: str, value: Any, model: RoutedChatModel
) -> None:
    with pytest.raises(TypeError, match=rf"^{name}: cannot be pickled"):
        pickle.dumps(model.model_copy(update={name: value}))
    assert carried(model.model_copy(update={"cache": False}))["cache"] is False


def test_a_secret_in_the_metadata_is_refused(model: RoutedChatModel) -> None:
    with pytest.raises(TypeError, match=r"metadata\['api_key'\]"):
        pickle.dumps(model.model_copy(update={"metadata": {"api_key": CANARY}}))

"""Adoption of what users bring: subclasses, client objects, token providers, other models."""

from __future__ import annotations

import warnings
from typing import Any
from unittest.mock import Mock

import boto3
import openai
import pytest
from botocore.config import Config
from langchain_aws import ChatBedrock, ChatBedrockConverse
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import PrivateAttr

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.providers import provider_of

from .conftest import MODELS, Caller, Keep, adopted


class LoudAzure(AzureChatOpenAI):
    """A user's subclass, with an __init__ and a state of its own."""

    _volume: int = PrivateAttr(default=0)

    def __init__(self, volume: int, /, **settings: Any) -> None:
        super().__init__(**settings)
        self._volume = volume


class LoudBedrock(ChatBedrockConverse):
    _volume: int = PrivateAttr(default=0)

    def __init__(self, volume: int, /, **settings: Any) -> None:
        super().__init__(**settings)
        self._volume = volume


class LoudGemini(ChatGoogleGenerativeAI):
    _volume: int = PrivateAttr(default=0)

    def __init__(self, volume: int, /, **settings: Any) -> None:
        super().__init__(**settings)
        self._volume = volume


@pytest.mark.parametrize(
    ("wire", "kind"),
    [("azure_openai", LoudAzure), ("aws_bedrock", LoudBedrock), ("gcp_vertex", LoudGemini)],
)
def test_a_subclass_stays_one_with_all_of_its_state(
    wire: str, kind: Any, cloud: Emulator, call: Caller
) -> None:
    users = kind(11, **getattr(cloud, wire)(MODELS[wire]))
    tame = adopted(users)

    call(tame, "invoke")

    assert type(tame) is kind
    assert tame._volume == 11
    assert tame is not users


def test_azures_token_providers_are_kept(cloud: Emulator, call: Caller, keep: Keep) -> None:
    asked = []

    def token() -> str:
        asked.append("sync")
        return "entra-token"

    async def async_token() -> str:
        asked.append("async")
        return "entra-token"

    keywords = cloud.azure_openai("gpt-4o")
    del keywords["api_key"]
    users = AzureChatOpenAI(
        **keywords, azure_ad_token_provider=token, azure_ad_async_token_provider=async_token
    )
    tame = keep(adopted(users))

    call(tame, "invoke")
    call(tame, "ainvoke")

    assert asked == ["sync", "async"]


def test_a_token_provider_that_fails_is_a_failed_authentication(
    cloud: Emulator, call: Caller
) -> None:
    def token() -> str:
        raise LookupError("no such identity")

    keywords = cloud.azure_openai("gpt-4o")
    del keywords["api_key"]
    users = AzureChatOpenAI(**keywords, azure_ad_token_provider=token)

    with pytest.raises(LookupError) as caught:
        call(adopted(users), "invoke")

    assert provider_of(users).classify(caught.value).cause == "authentication"
    assert cloud.log == ()


def test_azures_own_http_client_is_kept(cloud: Emulator, call: Caller) -> None:
    with openai.DefaultHttpxClient(headers={"x-team": "blue"}) as client:
        users = AzureChatOpenAI(**cloud.azure_openai("gpt-4o"), http_client=client)
        tame = adopted(users)
        call(tame, "invoke")

        assert tame.root_client._client is client
        assert provider_of(tame).hidden_attempts(tame) == 1


def test_a_client_object_of_azure_is_left_alone_with_one_warning(cloud: Emulator) -> None:
    keywords = cloud.azure_openai("gpt-4o")
    client = openai.AzureOpenAI(
        azure_endpoint=keywords["azure_endpoint"],
        azure_deployment="gpt-4o",
        api_version=keywords["api_version"],
        api_key="fake",
        max_retries=4,
    )
    users = AzureChatOpenAI(**keywords, client=client.chat.completions)

    with pytest.warns(UserWarning, match="client object"):
        tame = adopted(users)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = adopted(users)

    assert tame is users
    assert again is users
    assert provider_of(users).hidden_attempts(users) == 5
    client.close()


@pytest.mark.usefixtures("no_backoff")
def test_a_boto3_client_of_the_users_lends_its_credentials_and_hooks(
    cloud: Emulator, call: Caller
) -> None:
    keywords = cloud.aws_bedrock(MODELS["aws_bedrock"])
    client = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=keywords["endpoint_url"],
        aws_access_key_id="AKIAUSERS",
        aws_secret_access_key="fake",
        config=Config(retries={"total_max_attempts": 2}, read_timeout=9),
    )
    signed: list[str] = []
    client.meta.events.register(
        "before-send.bedrock-runtime",
        lambda request, **_: signed.append(str(request.headers["Authorization"])),
    )
    users = ChatBedrockConverse(model=MODELS["aws_bedrock"], client=client, bedrock_client=Mock())
    row = provider_of(users)
    tame = adopted(users)
    cloud.break_("aws_bedrock", Fault(FaultKind.STATUS, status=503))

    for model, requests in ((tame, 1), (users, 2)):
        cloud.clear_log()
        with pytest.raises(Exception, match="ServiceUnavailable"):
            call(model, "invoke")
        assert len(cloud.log_of("aws_bedrock")) == requests

    assert len(signed) == 3
    assert all("AKIAUSERS" in header for header in signed)
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 9)
    assert row.hidden_attempts(users) == 2


def test_a_stand_in_for_a_boto3_client_is_left_alone_with_one_warning() -> None:
    users = ChatBedrockConverse(
        model=MODELS["aws_bedrock"], client=Mock(), bedrock_client=Mock(), region_name="eu-west-1"
    )

    with pytest.warns(UserWarning, match="client object"):
        tame = adopted(users)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adopted(users)

    assert tame is users


def test_a_boto3_client_with_a_replaced_method_is_left_alone(cloud: Emulator) -> None:
    users = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"])
    users.client.converse = Mock()

    with pytest.warns(UserWarning, match="client object"):
        assert adopted(users) is users


def test_chatbedrock_is_adopted_like_converse(cloud: Emulator) -> None:
    keywords = cloud.aws_bedrock("anthropic.claude-v2")
    users = ChatBedrock(**keywords)
    row = provider_of(users)
    tame = adopted(users)

    assert row.name == "aws_bedrock"
    assert row.hidden_attempts(users) > 1
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 7)


def test_gemini_without_vertex_is_adopted_too() -> None:
    users = ChatGoogleGenerativeAI(model="gemini-2.5-flash", api_key="fake", vertexai=False)
    row = provider_of(users)
    tame = adopted(users, temperature=0.5)

    assert row.name == "gcp_vertex"
    assert (row.hidden_attempts(tame), row.timeout_seconds(tame)) == (1, 7)
    assert tame._use_vertexai is False
    assert tame.google_api_key.get_secret_value() == "fake"


@pytest.mark.parametrize(
    "model",
    [FakeListChatModel(responses=["hi"]), ChatOpenAI(model="gpt-4o", api_key="fake", timeout=3)],
    ids=["fake", "openai"],
)
def test_any_other_model_is_taken_as_it_is(model: Any) -> None:
    row = provider_of(model)

    assert row.name == model._llm_type
    assert adopted(model) is model
    assert row.hidden_attempts(model) == 1


def test_any_other_model_is_built_anew_with_settings() -> None:
    users = FakeListChatModel(responses=["hi"])
    tame = adopted(users, responses=["ho"])

    assert (tame.responses, users.responses) == (["ho"], ["hi"])

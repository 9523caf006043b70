"""LangChain's own integration suites pass with the real classes against the emulated clouds."""

import atexit
import functools
from typing import Any

import httpx
import pytest
from langchain_aws import BedrockEmbeddings, ChatBedrockConverse
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_openai import AzureChatOpenAI, AzureOpenAIEmbeddings
from langchain_tests.integration_tests import ChatModelIntegrationTests, EmbeddingsIntegrationTests
from real_clients import EMBEDDINGS, MODELS, ONE_ATTEMPT

from langchain_multirouter.emulator import Emulator

pytestmark = [
    pytest.mark.slow,  # a client is built for every test
    pytest.mark.filterwarnings("ignore"),  # the suite leaves clients open and warns of much
]


@functools.cache
def running() -> Emulator:
    cloud = Emulator().start()
    atexit.register(cloud.stop)
    return cloud


@pytest.fixture(autouse=True)
def _no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite downloads pictures and recordings; any bytes will do here."""
    answer = httpx.Response(200, content=b"bytes", request=httpx.Request("GET", "http://x"))
    where = "langchain_tests.integration_tests.chat_models.httpx.get"
    monkeypatch.setattr(where, lambda *_, **__: answer)


class _Chat(ChatModelIntegrationTests):
    provider: str
    kind: type[BaseChatModel]

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return self.kind

    @property
    def chat_model_params(self) -> dict[str, Any]:
        keywords: dict[str, Any] = getattr(running(), self.provider)(MODELS[self.provider])
        return {**keywords, "max_retries": ONE_ATTEMPT[self.provider]}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True


class TestAzureChat(_Chat):
    provider, kind = "azure_openai", AzureChatOpenAI

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "gpt-4.1"


class TestAzureResponsesChat(TestAzureChat):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "use_responses_api": True}

    @property
    def supports_pdf_inputs(self) -> bool:
        return True


class TestAzureResponsesChatOfOldForm(TestAzureResponsesChat):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "output_version": "v0"}


class TestBedrockChat(_Chat):
    provider, kind = "aws_bedrock", ChatBedrockConverse

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True


class TestVertexChat(_Chat):
    provider, kind = "gcp_vertex", ChatGoogleGenerativeAI

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True


class _Embeddings(EmbeddingsIntegrationTests):
    provider: str
    kind: type[Embeddings]

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return self.kind

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        keywords: dict[str, Any] = getattr(running(), f"{self.provider}_embeddings")(
            EMBEDDINGS[self.provider]
        )
        return keywords


class TestAzureEmbeddings(_Embeddings):
    provider, kind = "azure_openai", AzureOpenAIEmbeddings


class TestBedrockEmbeddings(_Embeddings):
    provider, kind = "aws_bedrock", BedrockEmbeddings


class TestVertexEmbeddings(_Embeddings):
    provider, kind = "gcp_vertex", GoogleGenerativeAIEmbeddings

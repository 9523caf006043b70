"""LangChain's own test suites, on a router over the real classes: each provider first, in turn."""

from __future__ import annotations

import base64
import importlib
import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from tests.wire.conftest import MODELS, WIRES, emulator, models

__all__ = ["emulator", "models"]  # fixtures of the wire tests

#: Each asynchronous test has a loop of its own, and the SDKs leave a dead loop's connections to the
#: garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: One transparent pixel; the suites would download a picture.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "offline")
    monkeypatch.setattr(
        "langchain_tests.integration_tests.chat_models.httpx.get",
        lambda *_, **__: SimpleNamespace(content=PIXEL),
    )


@pytest.fixture(scope="module", autouse=True)
def _built(models: dict[str, Any], emulator: Emulator) -> None:
    """The suites build models from class attributes; clients take half a second each to build."""
    Router.built = {**models, "vertexai": chat_vertex_ai(emulator)}


def chat_vertex_ai(emulator: Emulator) -> BaseChatModel:
    """The class that `ChatGoogleGenerativeAI` replaces, over REST."""
    kind = importlib.import_module("langchain_google_vertexai").ChatVertexAI
    credentials = importlib.import_module("google.oauth2.credentials").Credentials
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return kind(
            model=MODELS["gcp_vertex"],
            project="p",
            location="us-central1",
            credentials=credentials(token="fake"),  # the emulator's
            api_endpoint=emulator.url,
            api_transport="rest",
        )


class Router:
    """What the suites have to know of a router."""

    built: dict[str, Any]
    first = "azure_openai"
    wires = WIRES

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return RoutedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        order = [self.first, *(wire for wire in self.wires if wire != self.first)]
        deployments = [Deployment(self.built[wire], name=wire) for wire in order]
        return {"models": deployments, "strategy": "ordered"}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        """Without `api_key`: credentials belong to the deployments."""
        return {"temperature": 0, "max_tokens": 100, "timeout": 60, "stop": [], "max_retries": 2}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return MODELS["gcp_vertex"]


class TestUnit(Router, ChatModelUnitTests):
    """Construction, standard parameters, tools, structured output, identity."""


class TestAzureFirst(Router, ChatModelIntegrationTests):
    """Everything, with Azure answering."""

    first = "azure_openai"


class TestBedrockFirst(Router, ChatModelIntegrationTests):
    """Everything, with Bedrock answering."""

    first = "aws_bedrock"


class TestVertexFirst(Router, ChatModelIntegrationTests):
    """Everything, with Vertex answering."""

    first = "gcp_vertex"


class TestVertexAIFirst(Router, ChatModelIntegrationTests):
    """Everything that is not asynchronous (see `conftest`), with the older class for Vertex."""

    first = "vertexai"
    wires = ("vertexai", "azure_openai", "aws_bedrock")

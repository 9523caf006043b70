"""LangChain's own suites for embeddings, on a router over the real classes: each provider first."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_multirouter import Deployment, RoutedEmbeddings
from langchain_multirouter.emulator import Emulator
from tests.embeddings.conftest import MODELS, WIRES
from tests.wire.conftest import emulator

__all__ = ["emulator"]  # a fixture of the wire tests

#: Each asynchronous test has a loop of its own, and the SDKs leave a dead loop's connections to the
#: garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _built(emulator: Emulator) -> None:
    """The suites build models from class attributes; clients take half a second each to build."""
    Router.built = {wire: emulator.embeddings(wire, model) for wire, model in MODELS.items()}


class Router:
    """What the suites have to know of a router."""

    built: dict[str, Any]
    first = "azure_openai"

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return RoutedEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        order = [self.first, *(wire for wire in WIRES if wire != self.first)]
        return {"models": [Deployment(self.built[wire], name=wire) for wire in order]}


class TestUnit(Router, EmbeddingsUnitTests):
    """Construction."""


class TestAzureFirst(Router, EmbeddingsIntegrationTests):
    """Everything, with Azure answering."""

    first = "azure_openai"


class TestBedrockFirst(Router, EmbeddingsIntegrationTests):
    """Everything, with Bedrock answering."""

    first = "aws_bedrock"


class TestVertexFirst(Router, EmbeddingsIntegrationTests):
    """Everything, with Vertex answering."""

    first = "gcp_vertex"

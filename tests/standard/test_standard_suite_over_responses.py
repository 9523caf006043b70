"""LangChain's own suite, on a router whose first deployment speaks the Responses API."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from langchain_multirouter import Deployment
from langchain_multirouter.emulator import Emulator
from tests.wire.conftest import MODELS, emulator, models

from . import test_standard_suites as suites

__all__ = ["emulator", "models"]  # fixtures of the wire tests
_offline = suites._offline

pytestmark = [*suites.pytestmark, pytest.mark.slow]
THINKING = {"reasoning": {"effort": "low", "summary": "auto"}}
BUILT: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def _built(emulator: Emulator, models: dict[str, Any]) -> None:
    """Clients take half a second each to build."""

    def speaker(**settings: Any) -> Any:
        return emulator.chat_model("azure_openai", "gpt-5.1", use_responses_api=True, **settings)

    BUILT.update(models)
    BUILT.update(
        plain=speaker(), old_form=speaker(output_version="v0"), thinking=speaker(**THINKING)
    )


class OverResponses(suites.Router):
    first = "plain"

    @property
    def chat_model_params(self) -> dict[str, Any]:
        order = (self.first, "aws_bedrock", "gcp_vertex")
        deployments = [Deployment(BUILT[name], name=name) for name in order]
        return {"models": deployments, "strategy": "ordered"}

    @property
    def model_override_value(self) -> str:
        return MODELS["gcp_vertex"]


class TestPlain(OverResponses, ChatModelIntegrationTests):
    """Everything, with its own form of output."""


class TestOldForm(OverResponses, ChatModelIntegrationTests):
    """Everything, with the older form of output."""

    first = "old_form"


class TestThinking(OverResponses, ChatModelIntegrationTests):
    """Everything, with a summary of the reasoning."""

    first = "thinking"

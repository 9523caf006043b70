"""A small suite against the real services of whichever clouds the environment has credentials for.

    pytest -m live

It asks the cheapest catalogue model of each cloud a few short questions (well under a dollar and
ten minutes), is skipped where there are no credentials, and writes the README's last line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter.catalogue import models_from_environment
from tests.wire.conftest import MODES, ask

pytestmark = pytest.mark.live

README = Path(__file__).parents[2] / "README.md"
ROW = re.compile(r"^Last verified against.*$", re.MULTILINE)
PACKAGES = {
    "aws_bedrock": "langchain-aws",
    "azure_openai": "langchain-openai",
    "gcp_vertex": "langchain-google-genai",
}


class Capital(BaseModel):
    """A country's capital."""

    country: str
    city: str


def deployments() -> list[Any]:
    try:
        return list(models_from_environment(os.environ, tiers=("economy",)))
    except ConfigurationError as error:
        pytest.skip(f"no cloud to verify against: {error}")


@pytest.fixture(scope="module")
def routers() -> dict[str, RoutedChatModel]:
    """One router per deployment, so that each cloud has to answer by itself."""
    made = (RoutedChatModel([deployment], max_tokens=200) for deployment in deployments())
    return {model.analytics().to_dict()["deployments"].popitem()[0]: model for model in made}


@pytest.fixture(scope="module", autouse=True)
def verified(request: pytest.FixtureRequest, routers: dict[str, RoutedChatModel]) -> Iterator[None]:
    """When all has passed, say so in the README."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed == failed_before:
        clouds = sorted(
            {row["provider"] for m in routers.values()
             for row in m.analytics().to_dict()["deployments"].values()}
        )  # fmt: skip
        said = ", ".join(
            f"{cloud} ({PACKAGES[cloud]} {version(PACKAGES[cloud])})" for cloud in clouds
        )
        row = f"Last verified against the real services: {datetime.now(UTC):%Y-%m-%d}, {said}."
        text = README.read_text(encoding="utf-8")
        README.write_text(ROW.sub(row, text), encoding="utf-8")


@pytest.mark.parametrize("mode", MODES)
def test_every_cloud_answers_in_every_mode_with_usage_and_cost(
    mode: str, routers: dict[str, RoutedChatModel]
) -> None:
    for name, model in routers.items():
        answer = ask(model, mode, "What is the capital of France? Answer with one word.")
        told = answer.response_metadata["router"]
        assert "Paris" in answer.text, name
        assert told["attempt_number"] == 1, told
        assert answer.usage_metadata["input_tokens"] > 0, name
        assert told["cost_usd"] is None or 0 < told["cost_usd"] < 0.05, told


def test_every_cloud_calls_a_tool(routers: dict[str, RoutedChatModel]) -> None:
    for name, model in routers.items():
        bound = model.bind_tools([Capital], tool_choice="any")
        assert bound.invoke("The capital of Norway is Oslo.").tool_calls[0]["name"] == "Capital", (
            name
        )


def test_every_cloud_gives_structured_output(routers: dict[str, RoutedChatModel]) -> None:
    for name, model in routers.items():
        found = model.with_structured_output(Capital).invoke("What is the capital of Norway?")
        assert isinstance(found, Capital), name
        assert found.city == "Oslo", name


def test_every_cloud_is_found_healthy(routers: dict[str, RoutedChatModel]) -> None:
    for name, health in (item for m in routers.values() for item in m.check_health().items()):
        assert health.healthy, (name, health)

"""Two emulators are two regions: every model has a twin in the other one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import tenacity

from langchain_multirouter import Deployment, RoutedEmbeddings
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.resilience.policy import Policy
from tests.wire.conftest import RUNNER, hang_up

MODELS = {
    "azure_openai": "text-embedding-3-small",
    "aws_bedrock": "amazon.titan-embed-text-v2:0",
    "gcp_vertex": "text-embedding-005",
}
SIZES = {"azure_openai": 1536, "aws_bedrock": 1024, "gcp_vertex": 768}
WIRES = tuple(MODELS)
MODES = ("sync", "async")

STEADY: dict[str, Any] = {
    "strategy": "ordered",
    "timeout": 1.0,
    "policy": Policy(wait=tenacity.wait_none()),
}


class Regions(NamedTuple):
    """The emulator that is to fail, and the one with the twins."""

    near: Emulator
    far: Emulator


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        # A thread that was left ends after its test, and its class logs what it met to stderr.
        logging.getLogger("langchain_aws").addHandler(logging.NullHandler())
        yield


@pytest.fixture(scope="session")
def both(_environment: None) -> Iterator[Regions]:
    with Emulator(seed=0) as near, Emulator(seed=0) as far:
        yield Regions(near, far)


@pytest.fixture
def regions(both: Regions) -> Regions:
    for cloud in both:
        cloud.heal()
        cloud.clear_log()
    return both


@pytest.fixture(scope="session")
def objects(both: Regions) -> Iterator[dict[str, tuple[Any, Any]]]:
    """The real classes, as a user makes them: near and far."""
    yield {w: tuple(cloud.embeddings(w, m) for cloud in both) for w, m in MODELS.items()}  # type: ignore[misc]
    RUNNER.run(hang_up())


Make = Callable[..., RoutedEmbeddings]


@pytest.fixture
def twins(regions: Regions, objects: dict[str, tuple[Any, Any]]) -> Make:
    """A fresh router over one model in two regions."""

    def make(wire: str, **settings: Any) -> RoutedEmbeddings:
        near, far = objects[wire]
        models = [Deployment(near, name="near"), Deployment(far, name="far")]
        return RoutedEmbeddings(models, **{**STEADY, **settings})

    return make


def query(router: Any, mode: str, text: str = "Hello there", **keywords: Any) -> list[float]:
    if mode == "sync":
        return router.embed_query(text, **keywords)
    return RUNNER.run(router.aembed_query(text, **keywords))


def documents(router: Any, mode: str, texts: Any, **keywords: Any) -> list[list[float]]:
    if mode == "sync":
        return router.embed_documents(texts, **keywords)
    return RUNNER.run(router.aembed_documents(texts, **keywords))


@pytest.fixture
def timed() -> Callable[[], Callable[[], float]]:
    """Begins to measure; what it returns tells the seconds since."""

    def begin() -> Callable[[], float]:
        started = time.monotonic()
        return lambda: time.monotonic() - started

    return begin

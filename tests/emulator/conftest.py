"""One emulator and one set of real clients for all tests: clients take half a second to build."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from real_clients import MODELS, Clients

from langchain_multirouter.emulator import Emulator


def pytest_itemcollected(item: pytest.Item) -> None:
    """With aiohttp installed, google-genai warns of how it uses it; outcomes are the same."""
    for warning in (
        "ignore:Inheritance class:DeprecationWarning",
        "ignore:coroutine 'ClientResponse.json' was never awaited:RuntimeWarning",
    ):
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("LANGSMITH_TRACING", "false")
        yield


@pytest.fixture(scope="session")
def shared_cloud(_environment: None) -> Iterator[Emulator]:
    with Emulator(seed=0) as cloud:
        yield cloud


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def clients(shared_cloud: Emulator) -> AsyncIterator[Clients]:
    built = Clients(shared_cloud)
    yield built
    await built.close()


@pytest.fixture
def cloud(shared_cloud: Emulator) -> Iterator[Emulator]:
    """The shared emulator, healed and with an empty log."""
    shared_cloud.clear_log()
    yield shared_cloud
    shared_cloud.heal()
    for provider in MODELS:
        shared_cloud.latency(provider)


@pytest.fixture(params=sorted(MODELS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(provider: str, clients: Clients, cloud: Emulator) -> Any:
    """The real chat model of each provider."""
    return clients.chat(provider)

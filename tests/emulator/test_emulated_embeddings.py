"""The real embeddings classes get vectors that say something about their texts."""

from collections.abc import Iterator
from typing import Any

import pytest
from real_clients import EMBEDDINGS

from langchain_multirouter.emulator import Emulator, Fault, FaultKind

SIZES = {"azure_openai": 1536, "aws_bedrock": 1024, "gcp_vertex": 768}
_built: dict[str, Any] = {}


def dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


@pytest.fixture
def embeddings(provider: str, cloud: Emulator) -> Any:
    if provider not in _built:
        once = {"max_retries": 0} if provider == "azure_openai" else {}
        if provider == "aws_bedrock":
            from botocore.config import Config

            once = {"config": Config(retries={"total_max_attempts": 1})}
        _built[provider] = cloud.embeddings(provider, EMBEDDINGS[provider], **once)
    return _built[provider]


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    for built in _built.values():
        closing = getattr(built, "client", None)
        (getattr(closing, "close", None) or closing._client.close)()
    _built.clear()


def test_each_text_has_a_unit_vector_of_the_models_size(embeddings: Any, provider: str) -> None:
    vectors = embeddings.embed_documents(["one thing", "?", "one thing"])
    assert [len(vector) for vector in vectors] == [SIZES[provider]] * 3
    assert all(dot(vector, vector) == pytest.approx(1.0, abs=1e-5) for vector in vectors)
    assert vectors[0] == vectors[2]


def test_a_query_is_nearer_to_the_text_it_shares_words_with(embeddings: Any) -> None:
    cats, ships = embeddings.embed_documents(["cats purr and sleep", "ships sail the sea"])
    query = embeddings.embed_query("why do cats sleep")
    assert dot(query, cats) > dot(query, ships) + 0.2


async def test_embeddings_can_be_awaited(provider: str, cloud: Emulator) -> None:
    built = cloud.embeddings(provider, EMBEDDINGS[provider])
    vectors = await built.aembed_documents(["a", "b"])
    assert [len(vector) for vector in vectors] == [SIZES[provider]] * 2
    if provider == "azure_openai":
        await built.async_client._client.close()
        built.client._client.close()
    else:
        built.client.close()


def test_embedding_is_logged_with_its_tokens(
    embeddings: Any, provider: str, cloud: Emulator
) -> None:
    embeddings.embed_query("twelve chars")
    entry = cloud.log_of(provider)[-1]
    assert (entry.operation, entry.model) == ("embed", EMBEDDINGS[provider])
    assert (entry.completed, entry.input_tokens, entry.output_tokens) == (True, 3, 0)


@pytest.mark.parametrize(
    "fault", [Fault(FaultKind.STATUS, status=429), Fault(FaultKind.RESET), Fault(FaultKind.HTML)]
)
def test_embedding_fails_on_command(
    embeddings: Any, provider: str, cloud: Emulator, fault: Fault
) -> None:
    cloud.break_(provider, fault)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each provider has its own
        embeddings.embed_query("Hello")
    assert cloud.log[-1].fault is fault.kind
    cloud.heal()
    assert embeddings.embed_query("Hello")


def test_other_bedrock_embedding_families_are_served(cloud: Emulator) -> None:
    for name in ("cohere.embed-english-v3", "amazon.nova-2-multimodal-embeddings-v1:0"):
        built = cloud.embeddings("aws_bedrock", name)
        assert len(built.embed_documents(["a", "b"])) == 2
        built.client.close()


def test_newer_vertex_embedding_models_are_served(cloud: Emulator) -> None:
    built = cloud.embeddings("gcp_vertex", "gemini-embedding-2")  # calls :embedContent
    assert len(built.embed_query("a")) == 3072
    built.client.close()


def test_a_size_can_be_asked_for(cloud: Emulator) -> None:
    built = cloud.embeddings("azure_openai", "text-embedding-3-small", dimensions=256)
    assert len(built.embed_query("a")) == 256
    built.client._client.close()

"""A semantic cache in a router: after the exact one, in all modes, and never another tenant's."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.embeddings import Embeddings
from langchain_core.tools import tool

from langchain_multirouter.caching import semantic
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told
from tests.wire.conftest import MODES, ask

pytest.importorskip("numpy", reason="numpy is not installed")
ALL_MODES = pytest.mark.parametrize("mode", MODES)
QUESTION, OTHERWISE = "How do I reset my password?", "How can I reset my password?"


class Same(Embeddings):
    """Takes all texts for the same: what keeps them apart is not the embedding."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0]


class Broken(Same):
    def embed_query(self, text: str) -> list[float]:
        raise ConnectionError("no embeddings")


@tool
def search(q: str) -> str:
    """Search."""
    return q


def cached(model: ScriptedModel, embeddings: Embeddings | None = None, **settings: Any) -> Any:
    alike = semantic.SemanticCache(embeddings or Same())
    cache = [InMemoryCache(), alike]
    return scripted(model, **{"cache": cache, "temperature": 0.0, **settings})


@ALL_MODES
def test_the_same_question_in_other_words_is_served(mode: str) -> None:
    model = ScriptedModel(script=["by mail", "another"])
    router = cached(model)
    ask(router, mode, QUESTION)
    assert told(ask(router, mode, QUESTION))["cache_kind"] == "exact"
    answer = ask(router, mode, OTHERWISE)
    assert answer.text == "by mail"
    assert (told(answer)["cache"], told(answer)["cache_kind"]) == ("hit", "semantic")
    assert model.calls == 1


@ALL_MODES
@pytest.mark.parametrize(
    "asked",
    [{"tenant": "other"}, {"temperature": 0.1}, {"max_tokens": 5}, {"tools": [search]}],
    ids=lambda asked: next(iter(asked)),
)
def test_with_anything_else_that_differs_it_is_not(mode: str, asked: Any) -> None:
    model = ScriptedModel(script=["by mail", "another"])
    router = cached(model)
    ask(router, mode, QUESTION)
    assert ask(router, mode, OTHERWISE, **asked).text == "another"


@ALL_MODES
def test_another_system_message_is_another_matter(mode: str) -> None:
    model = ScriptedModel(script=["by mail", "another"])
    router = cached(model)
    ask(router, mode, [("system", "a"), ("human", QUESTION)])
    assert ask(router, mode, [("system", "b"), ("human", OTHERWISE)]).text == "another"


@ALL_MODES
def test_embeddings_that_are_down_cost_no_call(mode: str) -> None:
    model = ScriptedModel(script=["by mail", "another"])
    router = cached(model, Broken())
    assert ask(router, mode, QUESTION).text == "by mail"
    assert told(ask(router, mode, QUESTION))["cache_kind"] == "exact"
    assert ask(router, mode, OTHERWISE).text == "another"

"""Scripted: embeddings objects in this process, whose vectors say which model they are of."""

from __future__ import annotations

from typing import Any

import tenacity
from langchain_core.embeddings import Embeddings

from langchain_multirouter import Deployment, RoutedEmbeddings
from langchain_multirouter.resilience.policy import Policy

#: Nothing is ever waited for, so that no test sleeps.
AT_ONCE = Policy(wait=tenacity.wait_none(), longest_wait_seconds=0.0)


class Scripted(Embeddings):
    """Vectors of one number, the model's; or what `fault` gives, called at every call."""

    def __init__(
        self, model_name: str, mark: float = 1.0, *, size: int = 3, fault: Any = None
    ) -> None:
        self.model_name = model_name
        self.mark = mark
        self.dims = size
        self.fault = fault
        self.asked: list[Any] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(texts)
        odd = self.fault() if callable(self.fault) else self.fault
        if isinstance(odd, Exception):
            raise odd
        return [[self.mark] * self.dims for _ in texts] if odd is None else odd

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def router(*models: Any, **settings: Any) -> RoutedEmbeddings:
    """In the order given, nothing waited for."""
    return RoutedEmbeddings(models, **{"strategy": "ordered", "policy": AT_ONCE, **settings})


def named(name: str, model: Embeddings, **more: Any) -> Deployment:
    return Deployment(model, name=name, **more)

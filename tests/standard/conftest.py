"""LangChain's suites: what of them is not run, and why."""

from __future__ import annotations

import inspect

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`ChatVertexAI` is tested in its synchronous half.

    Over REST with an endpoint of one's own its asynchronous calls fail before they are sent,
    whoever makes them (TypeError: object GenerateContentResponse can't be used in 'await').
    """
    left_out = [
        item
        for item in items
        if isinstance(item, pytest.Function)
        and item.cls is not None
        and item.cls.__name__ == "TestVertexAIFirst"
        and inspect.iscoroutinefunction(inspect.unwrap(item.function))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

"""A call, which may come from outside, cannot say where it goes, nor with whose key."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_multirouter import ConfigurationError, Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.keywords import FORBIDDEN
from langchain_multirouter.options import OPTION_NAMES
from tests.wire.conftest import MODES, ask

from .canaries import KEY, all_of_error, found

NAMES = sorted(FORBIDDEN)
#: Another's way to write the same, or a way around.
SPELLINGS = ("apiKey", "API_KEY", "Authorization", "model_kwargs", "extra_body", "extra_query")
SPELLINGS += ("__class__", "models", "policy", "assembled", "compiled", "configurable_options")


@pytest.fixture
def router(models: dict[str, Any]) -> RoutedChatModel:
    return RoutedChatModel(
        [Deployment(model, name=wire) for wire, model in models.items()],
        configurable_options=sorted(OPTION_NAMES),
    )


@pytest.mark.parametrize("name", [*NAMES, *SPELLINGS])
def test_neither_a_calls_keyword_nor_its_configuration_sets_endpoints_or_credentials(
    name: str, cloud: Emulator, router: RoutedChatModel
) -> None:
    mode = MODES[len(name) % 4]
    ways: list[dict[str, Any]] = [
        {name: f"{KEY}-evil"},
        {"config": {"configurable": {"router": {name: f"{KEY}-evil"}}}},
    ]
    if name == "config":
        del ways[0]  # LangChain's own argument
    for keywords in ways:
        with pytest.raises(ConfigurationError, match=name) as raised:
            ask(router, mode, "Hello", **keywords)
        assert found(all_of_error(raised.value)) == []
    if name != "config":
        with pytest.raises(ConfigurationError, match=name):
            router.bind(**ways[0]).invoke("Hello")
    assert cloud.log == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_outside_of_the_routers_own_part_changes_nothing(
    name: str, cloud: Emulator, router: RoutedChatModel
) -> None:
    config: Any = {"configurable": {name: f"{KEY}-evil"}, "metadata": {name: "x"}}
    answer = router.invoke("Hello", config=config)
    assert len(cloud.log) == 1
    assert answer.response_metadata["router"]["deployment"] == cloud.log[0].provider

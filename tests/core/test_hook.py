"""The four functions that LangChain inspects at every call, with their signature at hand."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.testing import ScriptedModel

HOOKS = ("_generate", "_agenerate", "_stream", "_astream")


@pytest.fixture
def router() -> RoutedChatModel:
    return RoutedChatModel([ScriptedModel(script=["yes"])])


@pytest.mark.parametrize("name", HOOKS)
def test_the_signature_is_the_bound_functions_and_is_not_made_anew(
    router: RoutedChatModel, name: str
) -> None:
    signature = inspect.signature(getattr(router, name))
    assert list(signature.parameters) == ["messages", "stop", "run_manager", "kwargs"]
    assert inspect.signature(getattr(router, name)) is signature


@pytest.mark.parametrize("name", HOOKS)
def test_on_the_class_it_is_a_plain_function_of_its_own(name: str) -> None:
    function = getattr(RoutedChatModel, name)
    assert inspect.isfunction(function)
    assert function is not getattr(BaseChatModel, name)


def test_a_subclass_overrides_it_and_calls_the_routers_own() -> None:
    class Counting(RoutedChatModel):
        def _generate(self, messages: Any, *given: Any, **named: Any) -> Any:
            asked.append(messages[0].text)
            return super()._generate(messages, *given, **named)

    asked: list[str] = []
    assert Counting([ScriptedModel(script=["yes"])]).invoke("Well?").text == "yes"
    assert asked == ["Well?"]

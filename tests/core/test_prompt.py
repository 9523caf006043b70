"""Prompt: what no provider could take is refused before anything is sent."""

from typing import Any

import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_multirouter.errors import InvalidRequestError
from langchain_multirouter.prompt import LONGEST_PROMPT_CHARACTERS, read_prompt


def forms(text: str) -> list[Any]:
    return [text, [text], [{"type": "text", "text": text}]]


@pytest.mark.parametrize("form", range(3))
def test_a_lone_surrogate_is_refused_with_its_place_and_not_its_text(form: int) -> None:
    messages: list[BaseMessage] = [
        SystemMessage("fine"),
        HumanMessage(forms("secret \ud83d more")[form]),
    ]
    with pytest.raises(InvalidRequestError, match=r"messages\[1\].*U\+D83D") as caught:
        read_prompt(messages)
    assert "secret" not in str(caught.value)
    assert isinstance(caught.value, ModelInvalidRequestError)


@pytest.mark.parametrize("form", range(3))
def test_ten_megabytes_are_refused(form: int) -> None:
    with pytest.raises(InvalidRequestError, match=r"messages\[0\].*8,000,000"):
        read_prompt([HumanMessage(forms("x" * 10_000_000)[form])])


def test_the_messages_count_together() -> None:
    half = HumanMessage("x" * (LONGEST_PROMPT_CHARACTERS // 2))
    read_prompt([half, half])
    with pytest.raises(InvalidRequestError, match=r"messages\[2\]"):
        read_prompt([half, half, AIMessage("x")])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "Grüße, 你好, 😀",
        [],
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}],
        [{"type": "text"}, {"type": "text", "text": "x"}, "y"],
    ],
)
def test_everything_else_passes(content: Any) -> None:
    read_prompt([HumanMessage(content)])


def test_no_messages_are_no_mistake_of_the_prompts_bounds() -> None:
    read_prompt([])

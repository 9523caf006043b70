"""Tokens: the estimates are langchain_core's, by arithmetic alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.utils import count_tokens_approximately

from langchain_multirouter.economics.tokens import (
    BLOCK_TOKENS,
    USUAL_OUTPUT_TOKENS,
    expected_output_tokens,
    message_tokens,
)

texts = st.text(max_size=200)
messages = st.lists(
    st.builds(HumanMessage, texts)
    | st.builds(AIMessage, texts)
    | st.builds(SystemMessage, texts)
    | st.builds(lambda text: ToolMessage(text, tool_call_id=""), texts),
    max_size=20,
)


@given(messages)
def test_text_messages_have_as_many_tokens_as_langchain_core_counts(
    conversation: list[AnyMessage],
) -> None:
    counted = sum(message_tokens(len(m.content), m.type) for m in conversation)
    assert counted == count_tokens_approximately(conversation)


def test_names_and_tool_call_ids_count_as_characters() -> None:
    named = HumanMessage("hello", name="Ada")
    tool = ToolMessage("42", tool_call_id="call_1234")
    assert message_tokens(8) == count_tokens_approximately([named])
    assert message_tokens(11, "tool") == count_tokens_approximately([tool])


def test_every_kind_of_block_has_a_fixed_cost() -> None:
    assert set(BLOCK_TOKENS) == {"image", "audio", "video", "file", "document"}
    assert all(tokens > 0 for tokens in BLOCK_TOKENS.values())


@pytest.mark.parametrize(
    ("max_tokens", "usual", "expected"),
    [
        (None, None, USUAL_OUTPUT_TOKENS),
        (100, None, 100),
        (8_000, None, USUAL_OUTPUT_TOKENS),
        (8_000, 1_200.4, 1_200),
        (800, 1_200.0, 800),
        (None, 30.6, 31),
    ],
)
def test_the_answer_is_as_long_as_usual_but_no_longer_than_allowed(
    max_tokens: int | None, usual: float | None, expected: int
) -> None:
    assert expected_output_tokens(max_tokens, usual) == expected

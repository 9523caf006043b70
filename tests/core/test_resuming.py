"""Resuming: what another model is asked, and how its chunks are joined to those delivered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGenerationChunk

from langchain_multirouter.porting.dialect import (
    AZURE_CHAT,
    BEDROCK_CLAUDE,
    BEDROCK_NOVA,
    VERTEX_CLAUDE,
)
from langchain_multirouter.resuming import Aligner, Joint, takes_prefill
from langchain_multirouter.steps import Kind

SAID = "The quick brown fox jumps over the lazy"


def aligned(said: str, parts: list[str]) -> str:
    aligner = Aligner(said)
    return "".join([*map(aligner.add, parts), aligner.rest()])


def cut(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


SIZES = pytest.mark.parametrize("size", [1, 3, 7, 100])


@SIZES
@pytest.mark.parametrize("repeated", ["", SAID, SAID[-12:], SAID[-20:], "over the lazy"])
def test_a_repetition_is_dropped_however_it_is_cut(repeated: str, size: int) -> None:
    assert aligned(SAID, cut(f"{repeated} dog. And so on.", size)) == " dog. And so on."


@SIZES
@pytest.mark.parametrize("new", ["o", " dog", " dog, the lazy dog, and the lazy", "zy"])
def test_what_is_no_repetition_is_kept_whole(new: str, size: int) -> None:
    assert aligned(SAID, cut(new, size)) == new


def test_a_letter_in_common_is_no_repetition() -> None:
    assert aligned("hel", ["lo", " world, and more"]) == "lo world, and more"


@given(st.text("ab .", min_size=1, max_size=60), st.lists(st.text("cd ", max_size=9), max_size=9))
def test_text_that_shares_nothing_passes_unchanged(said: str, parts: list[str]) -> None:
    if " " not in said:
        assert aligned(said, parts) == "".join(parts)


def chunk(content: object, **fields: object) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content, **fields))  # type: ignore[arg-type]


def joined(said: list[AIMessageChunk], *new: ChatGenerationChunk) -> AIMessageChunk:
    joint = Joint(said)
    kinds = [Kind.CONTENT] * (len(new) - 1) + [Kind.FINISH]
    fitted = [joint.fit(one, kind).message for one, kind in zip(new, kinds, strict=True)]
    return add_ai_message_chunks(*said, *fitted)  # type: ignore[arg-type]


def test_the_parts_add_up_to_one_message_with_the_truth_about_its_end() -> None:
    azure = {"model_provider": "azure", "model_name": "gpt-4o"}
    said = [
        AIMessageChunk("The quick ", id="run-1", response_metadata=azure),
        AIMessageChunk("brown fox", id="run-1"),
    ]
    whole = joined(
        said,
        chunk(" jumps over", id="other", response_metadata={"model_provider": "bedrock"}),
        chunk(
            " it.",
            response_metadata={"stopReason": "end_turn", "model_name": "claude"},
            usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        ),
    )
    assert whole.text == "The quick brown fox jumps over it."
    assert whole.id == "run-1"
    assert whole.response_metadata == {**azure, "stopReason": "end_turn"}
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["total_tokens"] == 7


def test_text_after_blocks_goes_into_the_last_block() -> None:
    said = [AIMessageChunk([{"type": "text", "text": "The quick", "index": 1}])]
    whole = joined(said, chunk(" brown fox, he said"), chunk(" twice"))
    assert whole.content == [
        {"type": "text", "text": "The quick brown fox, he said twice", "index": 1}
    ]


def test_blocks_after_text_become_text() -> None:
    block = {"type": "text", "text": " brown fox, he said", "index": 0}
    whole = joined([AIMessageChunk("The quick")], chunk([block]), chunk([]))
    assert whole.content == "The quick brown fox, he said"


def test_another_models_reasoning_is_not_put_after_the_text() -> None:
    thinking = {"type": "reasoning_content", "reasoning_content": {"text": "hm"}, "index": 0}
    whole = joined([AIMessageChunk("The quick")], chunk([thinking]), chunk(" brown fox jumped"))
    assert whole.content == "The quick brown fox jumped"


def test_a_tool_call_that_follows_is_whole() -> None:
    call = {"name": "f", "args": "{}", "id": "1", "index": 0, "type": "tool_call_chunk"}
    joint = Joint([AIMessageChunk("Let me look")])
    fitted = joint.fit(chunk("", tool_call_chunks=[call]), Kind.CALL).message
    assert [c["name"] for c in add_ai_message_chunks(fitted).tool_calls] == ["f"]  # type: ignore[arg-type]


def test_where_the_target_takes_it_its_own_turn_is_last() -> None:
    asked = Joint([AIMessageChunk("The quick ")]).asked(
        [HumanMessage("Tell")], BEDROCK_CLAUDE, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    )
    assert [type(m) for m in asked] == [HumanMessage, AIMessage]
    assert asked[-1].content == "The quick"  # Anthropic refuses spaces at the end


def test_elsewhere_a_human_turn_asks_to_go_on() -> None:
    asked = Joint([AIMessageChunk("The quick")]).asked([HumanMessage("Tell")], AZURE_CHAT, "gpt-4o")
    assert [type(m) for m in asked] == [HumanMessage, AIMessage, HumanMessage]
    assert "exactly where it stopped" in str(asked[-1].content)


def test_when_no_text_was_delivered_the_request_is_made_anew() -> None:
    messages = [HumanMessage("Tell")]
    assert Joint([AIMessageChunk("")]).asked(messages, AZURE_CHAT, "gpt-4o") == messages


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", True),
        ("claude-3-5-sonnet-v2@20241022", True),
        ("us.anthropic.claude-opus-4-20250514-v1:0", True),
        ("claude-sonnet-4-5@20250929", True),
        ("eu.anthropic.claude-opus-4-6-v1:0", False),
        ("anthropic.claude-sonnet-5-5", False),
        ("anthropic.claude-unheard-of", False),
    ],
)
def test_claude_takes_a_beginning_before_4_6(name: str, takes: bool) -> None:
    assert takes_prefill(BEDROCK_CLAUDE, name) is takes
    assert takes_prefill(VERTEX_CLAUDE, name) is takes
    assert takes_prefill(BEDROCK_NOVA, name) is False

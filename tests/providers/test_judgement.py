"""Judgement: whether an answer is one."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_multirouter.outcome import Cause
from langchain_multirouter.providers.judge import judge

CALL = {"name": "f", "args": {}, "id": "1", "type": "tool_call"}
BAD_CALL = {"name": "f", "args": "{", "id": "1", "error": None, "type": "invalid_tool_call"}


def verdict(
    content: Any = "", *, needed: bool = True, more: Any = None, **metadata: Any
) -> Cause | None:
    message = AIMessage(content, response_metadata=metadata, **(more or {}))
    failure = judge(message, reason_needed=needed)
    return None if failure is None else failure.cause


@pytest.mark.parametrize(
    "metadata",
    [
        {"finish_reason": "stop"},
        {"finish_reason": "STOP"},
        {"finish_reason": "STOPSTOP"},
        {"finish_reason": "a reason of the future"},
        {"stopReason": "end_turn"},
        {"stopReason": "stop_sequence"},
        {"stop_reason": "end_turn"},
        {"status": "completed"},
    ],
    ids=str,
)
def test_text_with_a_finish_reason_is_a_success(metadata: dict[str, Any]) -> None:
    assert verdict("hello", **metadata) is None
    assert verdict([{"type": "text", "text": "hello"}], **metadata) is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"finish_reason": "length"},
        {"finish_reason": "MAX_TOKENS"},
        {"stopReason": "max_tokens"},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("content", ["hel", ""])
def test_an_answer_cut_by_the_callers_own_limit_is_a_success(
    content: str, metadata: dict[str, Any]
) -> None:
    assert verdict(content, **metadata) is None


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("", {"tool_calls": [CALL]}),
        ("", {"additional_kwargs": {"refusal": "I would rather not"}}),
        ([{"type": "reasoning", "reasoning": "hm"}], {}),
        ([{"type": "image_url", "image_url": {"url": "data:"}}], {}),
        ([{"type": "text", "text": ""}, {"type": "text", "text": "x"}], {}),
        (["x"], {}),
        (" ", {}),
    ],
    ids=str,
)
def test_anything_for_the_caller_is_content(content: Any, more: dict[str, Any]) -> None:
    assert verdict(content, more=more, finish_reason="stop") is None


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ("", {}),
        ([], {}),
        ([{"type": "text", "text": ""}], {}),
        ("", {"additional_kwargs": {"refusal": None}}),
    ],
    ids=str,
)
@pytest.mark.parametrize("reason", ["stop", "STOP", "OTHER", "tool_calls", None])
def test_an_empty_answer_is_none(content: Any, more: dict[str, Any], reason: str | None) -> None:
    assert verdict(content, more=more, finish_reason=reason) is Cause.INVALID_RESPONSE


@pytest.mark.parametrize("reason_needed", [True, False])
def test_an_answer_without_a_finish_reason_broke_off_where_one_is_always_given(
    reason_needed: bool,
) -> None:
    expected = Cause.STREAM_BROKEN if reason_needed else None

    assert verdict("hell", needed=reason_needed) is expected
    assert verdict("hell", needed=reason_needed, finish_reason=None) is expected


@pytest.mark.parametrize(
    "metadata",
    [
        {"finish_reason": "content_filter"},
        {"finish_reason": "SAFETY"},
        {"finish_reason": "RECITATION"},
        {"finish_reason": "PROHIBITED_CONTENT"},
        {"finish_reason": "SPII"},
        {"finish_reason": "BLOCKLIST"},
        {"finish_reason": "IMAGE_SAFETY"},
        {"stopReason": "guardrail_intervened"},
        {"stopReason": "content_filtered"},
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {"prompt_feedback": {"block_reason": "SAFETY"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("content", ["", "some of it"])
def test_a_blocked_answer_is_a_matter_of_policy_and_handed_on(
    content: str, metadata: dict[str, Any]
) -> None:
    message = AIMessage(content, response_metadata=metadata)

    failure = judge(message, reason_needed=True)

    assert failure is not None
    assert failure.cause is Cause.CONTENT_POLICY
    assert failure.answer is message
    assert failure.code


def test_feedback_without_a_block_blocks_nothing() -> None:
    feedback = {"block_reason": None, "safety_ratings": []}

    assert verdict("hello", finish_reason="STOP", prompt_feedback=feedback) is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"stopReason": "malformed_model_output"},
        {"stopReason": "malformed_tool_use"},
        {"finish_reason": "MALFORMED_FUNCTION_CALL"},
        {"finish_reason": "UNEXPECTED_TOOL_CALL"},
    ],
    ids=str,
)
def test_malformed_output_is_no_answer(metadata: dict[str, Any]) -> None:
    assert verdict("", **metadata) is Cause.INVALID_RESPONSE


def test_tool_calls_that_cannot_be_read_are_no_answer_unless_the_caller_cut_them() -> None:
    more = {"invalid_tool_calls": [BAD_CALL]}
    both = {"invalid_tool_calls": [BAD_CALL], "tool_calls": [CALL]}

    assert verdict("", more=more, finish_reason="tool_calls") is Cause.INVALID_RESPONSE
    assert verdict("", more=more, finish_reason="length") is None
    assert verdict("", more=both, finish_reason="tool_calls") is None
    assert verdict("", more=more) is Cause.STREAM_BROKEN


def test_a_full_context_window_is_an_overflow_and_handed_on() -> None:
    message = AIMessage("hel", response_metadata={"stopReason": "model_context_window_exceeded"})

    failure = judge(message, reason_needed=True)

    assert failure is not None
    assert failure.cause is Cause.CONTEXT_OVERFLOW
    assert failure.answer is message


def test_a_stream_without_any_chunk_is_no_answer() -> None:
    failure = judge(AIMessageChunk(content=""), reason_needed=True)

    assert failure is not None
    assert failure.cause is Cause.INVALID_RESPONSE


def test_a_foreign_reason_is_told_short_and_printable() -> None:
    message = AIMessage("", response_metadata={"finish_reason": "odd\x00\n" * 50})

    failure = judge(message, reason_needed=True)

    assert failure is not None
    assert failure.code is not None
    assert len(failure.code) <= 64
    assert failure.code.isprintable()

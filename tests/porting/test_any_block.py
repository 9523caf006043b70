"""Whatever a message holds, porting tells what it cannot say, and never breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_multirouter.errors import InvalidRequestError
from langchain_multirouter.porting import Unportable
from langchain_multirouter.porting.blocks import _KINDS, _TEXTS
from langchain_multirouter.porting.media import KINDS
from langchain_multirouter.porting.messages import ported_messages

from .test_messages import ALL

KEYS = (
    *("text", "refusal", "id", "call_id", "args", "input", "name", "extras", "annotations"),
    *("image_url", "url", "base64", "data", "mime_type", "source", "source_type", "file_id"),
    *("file", "document", "image", "video", "input_audio", "media_type", "bytes", "format"),
    *("toolUse", "toolUseId", "cachePoint", "reasoningContent", "citationsContent", "content"),
    *("guardContent", "json", "value", "summary", "signature", "filename", "file_data", "title"),
)
TYPES = st.sampled_from([*_KINDS, *_TEXTS, *KINDS, "json", "search_result", "non_standard", "x"])
LEAVES = st.sampled_from(["", "a", "https://a.example/a.png", "data:image/png;base64,AA==", None])
VALUES = st.recursive(
    LEAVES | st.integers(0, 1) | st.just(b"x"),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)
BLOCKS = st.builds(
    lambda type_, more: {**more, **type_},
    st.builds(lambda t: {"type": t}, TYPES) | st.just({}) | st.just({"type": ["odd"]}),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
)


@pytest.mark.parametrize("dialect", ALL, ids=lambda d: d.name)
def test_any_block_is_ported_or_cannot_be_said(dialect: Any) -> None:
    @settings(max_examples=50, deadline=None)
    @given(BLOCKS)
    def law(block: dict[str, Any]) -> None:
        called = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "a"}])
        for history in (
            [HumanMessage([block])],
            [HumanMessage("hi"), AIMessage([block]), HumanMessage("ho")],
            [HumanMessage("hi"), called, ToolMessage([block], tool_call_id="a")],
        ):
            try:
                told, _ = ported_messages(history, dialect, "m")
            except (Unportable, InvalidRequestError):  # of a call in a block, nothing answers it
                continue
            assert ported_messages(told, dialect, "m")[0] == told

    law()

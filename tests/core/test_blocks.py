"""Blocks: every provider's form is known by its looks, and nothing is ever fetched."""

from __future__ import annotations

import base64
import socket
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool

from langchain_multirouter.blocks import read_block
from langchain_multirouter.economics.tokens import BLOCK_TOKENS, FILE_TOKENS, IMAGE_TOKENS
from langchain_multirouter.keywords import neutral_tool
from langchain_multirouter.prompt import REMEMBERED, read_prompt, tools_tokens
from tests.economics.test_images import png

SMALL = base64.b64encode(png(512, 512)).decode()
PDF = base64.b64encode(b"%PDF-1.7 " + bytes(300_000)).decode()
CSV = base64.b64encode(b"a,b\n" * 1000).decode()

FORMS: list[tuple[dict[str, Any], str]] = [
    ({"type": "image", "base64": SMALL, "mime_type": "image/png"}, "image"),
    ({"type": "image", "url": "https://example.com/cat.png"}, "image"),
    ({"type": "image", "file_id": "file-1"}, "image"),
    ({"type": "image", "source_type": "base64", "data": SMALL, "mime_type": "image/png"}, "image"),
    ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SMALL}"}}, "image"),
    ({"type": "image_url", "image_url": "https://example.com/cat.png"}, "image"),
    ({"type": "input_image", "image_url": f"data:image/png;base64,{SMALL}"}, "image"),
    ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": SMALL}},
     "image"),
    ({"image": {"format": "png", "source": {"bytes": png(512, 512)}}}, "image"),
    ({"type": "media", "mime_type": "image/png", "data": png(512, 512)}, "image"),
    ({"type": "file", "mime_type": "image/png", "base64": SMALL}, "image"),
    ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "audio"),
    ({"type": "audio", "base64": "AAAA", "mime_type": "audio/mp3"}, "audio"),
    ({"type": "media", "mime_type": "audio/mp3", "data": b"x"}, "audio"),
    ({"type": "video", "url": "https://example.com/cat.mp4"}, "video"),
    ({"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/k"}}}}, "video"),
    ({"type": "media", "mime_type": "video/mp4", "file_uri": "gs://b/k"}, "video"),
    ({"type": "file", "base64": PDF, "mime_type": "application/pdf"}, "file"),
    ({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}"}}, "file"),
    ({"type": "file", "file": {"filename": "a.PDF", "file_id": "file-1"}}, "file"),
    ({"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
     "file"),
    ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf",
                                     "data": PDF}}, "file"),
    ({"document": {"format": "pdf", "name": "report", "source": {"bytes": b"%PDF"}}}, "file"),
    ({"type": "file", "file_id": "file-1"}, "file"),
    ({"type": "file", "url": "https://example.com/x"}, "file"),
    ({"type": "file", "mime_type": "application/octet-stream", "base64": "AAAA"}, "file"),
    ({"type": "file", "base64": CSV, "mime_type": "text/csv"}, "document"),
    ({"type": "file", "file": {"filename": "a.docx", "file_id": "file-1"}}, "document"),
    ({"document": {"format": "docx", "name": "report", "source": {"bytes": b"PK"}}}, "document"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(("block", "kind"), FORMS)
def test_every_form_of_a_block_has_its_kind_and_some_tokens(
    block: dict[str, Any], kind: str
) -> None:
    read = read_block(block)
    assert read is not None
    assert read[0] == kind
    assert read[1] > 0
    assert read_prompt([HumanMessage([block])]).kinds == {kind}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "x"},
        {"text": "x"},
        {"type": "text-plain", "text": "x"},
        {"type": "reasoning", "reasoning": "x"},
        {"type": "tool_use", "name": "image", "input": {}},
        {"type": "tool_use", "image": {}},
        {"type": 7},
        {},
    ],
)
def test_what_is_text_or_nothing_known_is_no_such_block(block: dict[str, Any]) -> None:
    assert read_block(block) is None


@pytest.mark.parametrize(("block", "kind"), [f for f in FORMS if f[1] == "image"])
def test_an_image_in_the_block_is_sized_and_one_elsewhere_is_a_usual_one(
    block: dict[str, Any], kind: str
) -> None:
    inside = SMALL in str(block) or "bytes" in str(block) or block.get("data")
    assert read_block(block) == (kind, 255 if inside else IMAGE_TOKENS)


def test_bytes_of_other_kinds_count_by_their_length() -> None:
    hour = base64.b64encode(bytes(3600 * 16_000)).decode()
    audio = read_block({"type": "audio", "base64": hour, "mime_type": "audio/mp3"})
    assert audio == ("audio", pytest.approx(3600 * 32, rel=0.01))
    assert read_block({"type": "file", "base64": PDF, "mime_type": "application/pdf"}) == (
        "file",
        4 * FILE_TOKENS,
    )
    assert read_block({"type": "file", "base64": CSV, "mime_type": "text/csv"}) == (
        "document",
        pytest.approx(1001, abs=2),
    )


def test_a_huge_file_is_not_taken_for_thousands_of_pages() -> None:
    huge = base64.b64encode(bytes(40_000_000)).decode()
    read = read_block({"type": "file", "base64": huge, "mime_type": "application/pdf"})
    assert read == ("file", 20 * FILE_TOKENS)


@pytest.mark.parametrize("kind", BLOCK_TOKENS)
def test_a_block_that_is_nonsense_has_a_kind_and_raises_nothing(kind: str) -> None:
    form = "file" if kind == "document" else kind
    for inner in (None, 7, [], {}, {"url": 7}, {"url": "data:"}, {"data": "é" * 100}, "data:,"):
        for name in ("source", "file", "image_url", "data", "base64", "url", "mime_type"):
            assert read_block({"type": form, name: inner}) is not None


def deep(depth: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "image"}
    for _ in range(depth):
        block = {"type": "tool_result", "content": [block], "source": block}
    return block


def test_a_block_that_is_deeply_nested_raises_nothing() -> None:
    read_prompt([HumanMessage([deep(5000)])])
    image: dict[str, Any] = {"type": "image"}
    image["source"] = image
    assert read_block(image) == ("image", IMAGE_TOKENS)


def test_blocks_of_a_tools_result_count_in_every_form() -> None:
    image = {"type": "image", "base64": SMALL, "mime_type": "image/png"}
    asked = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1", "type": "tool_call"}])
    before = read_prompt([asked, ToolMessage("", tool_call_id="1")]).input_tokens
    result = read_prompt([asked, ToolMessage([image, image], tool_call_id="1")])
    nested = {"type": "tool_result", "content": [{"type": "text", "text": "word " * 100}, image]}
    anthropics = read_prompt([HumanMessage(["What is it?", nested])])
    assert result.kinds == anthropics.kinds == {"image"}
    assert 2 * 255 <= result.input_tokens - before < 2 * 255 + 10
    assert 255 + 125 < anthropics.input_tokens < 255 + 125 + 20
    assert anthropics.text == "What is it?"


def test_the_arguments_of_tool_calls_are_sent_and_so_they_count() -> None:
    bare = read_prompt([AIMessage("")]).input_tokens
    call = {"name": "search", "args": {"query": "x" * 400}, "id": "1", "type": "tool_call"}
    answered = [AIMessage("", tool_calls=[call]), ToolMessage("", tool_call_id="1")]
    assert read_prompt(answered).input_tokens > bare + 100


@tool
def look_up(word: str) -> str:
    """Look a word up in the dictionary."""
    return word


def test_tools_schemas_count_by_their_length() -> None:
    neutral = neutral_tool(look_up)
    assert tools_tokens([]) == 0
    assert tools_tokens([neutral]) == pytest.approx(len(str(neutral)) / 4, abs=1)
    assert tools_tokens([neutral, None, neutral]) == 2 * tools_tokens([neutral])
    extras = look_up.model_copy(update={"extras": {"x": 1}})
    assert tools_tokens([extras]) > 10


def test_a_set_of_tools_is_counted_once_and_few_sets_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from langchain_multirouter import prompt

    counted: list[Any] = []
    monkeypatch.setattr(prompt, "_schema_characters", lambda tool: counted.append(tool) or 4)
    mine = {"type": "function", "name": "mine"}
    for _ in range(5):
        assert tools_tokens([mine]) == 1
    assert len(counted) == 1
    for number in range(3 * REMEMBERED):
        tools_tokens([{"number": number}])
    assert len(prompt._COUNTED) <= REMEMBERED

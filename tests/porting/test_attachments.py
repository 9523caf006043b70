"""Attachments and other blocks of the callers' own: in each class's form, or refused; never
fetched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from langchain_multirouter.porting import Unportable
from langchain_multirouter.porting.dialect import (
    ANY,
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    VERTEX_CLAUDE,
    VERTEX_GEMINI,
)
from langchain_multirouter.porting.messages import ported_messages

from .histories import IMAGES, PNG
from .services import check, request_of
from .writers import SERVICES

BY_NAME = {service.name: service for service in SERVICES}
PDF = "JVBERi0xLjQK"
URL = "https://a.example/cat.png"
FILES: dict[str, dict[str, Any]] = {
    "standard": {"type": "file", "base64": PDF, "mime_type": "application/pdf"},
    "openai": {
        "type": "file",
        "file": {"filename": "a b.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
    },
    "responses": {
        "type": "input_file",
        "filename": "a.pdf",
        "file_data": f"data:application/pdf;base64,{PDF}",
    },
    "anthropic": {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
    },
    "converse": {
        "type": "document",
        "document": {"format": "pdf", "name": "a", "source": {"bytes": b"%PDF-1.4\n"}},
    },
    "google": {"type": "media", "data": PDF, "mime_type": "application/pdf"},
}
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)


def ported(block: Any, dialect: Any, model: str = "m") -> Any:
    told, _ = ported_messages([HumanMessage(["look", block])], dialect, model)
    assert ported_messages(told, dialect, model) == (told, ())
    return told[0].content[1]


@every_service
@pytest.mark.parametrize("form", FILES)
@pytest.mark.filterwarnings("error")
def test_a_file_of_any_form_reaches_every_service(service: Any, form: str) -> None:
    message = HumanMessage([{"type": "text", "text": "read"}, FILES[form]])
    told, lost = ported_messages([message], service.dialect, service.model)
    body = request_of(service, told)
    check(service, body)
    assert "JVBERi0xLjQK" in str(body) or b"%PDF-1.4" in _bytes(body)
    assert lost == ()


def _bytes(body: Any) -> bytes:
    """All bytes in a request, however deep."""
    if isinstance(body, bytes):
        return body
    if hasattr(body, "model_dump"):
        return _bytes(body.model_dump())
    if isinstance(body, dict):
        return b"".join(map(_bytes, body.values()))
    if isinstance(body, list | tuple):
        return b"".join(map(_bytes, body))
    return b""


@every_service
@pytest.mark.parametrize("form", IMAGES)
def test_an_image_of_any_form_reaches_every_service(service: Any, form: str) -> None:
    told, lost = ported_messages([HumanMessage([IMAGES[form]])], service.dialect, service.model)
    body = request_of(service, told)
    check(service, body)
    assert PNG in str(body) or b"\x89PNG" in _bytes(body)
    assert lost == ()


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "image_url", "image_url": URL},
        {"type": "image", "url": URL},
        {"type": "image", "source_type": "url", "url": URL},
        {"type": "image", "source": {"type": "url", "url": URL}},
        {"type": "input_image", "image_url": URL},
        {"type": "media", "file_uri": URL, "mime_type": "image/png"},
    ],
)
def test_a_url_is_passed_on_as_one_and_never_fetched(block: dict[str, Any]) -> None:
    openai = {"type": "image_url", "image_url": {"url": URL}}
    assert ported(block, AZURE_CHAT) == openai
    assert ported(block, AZURE_RESPONSES) == openai
    assert ported(block, VERTEX_CLAUDE)["url"] == URL
    google = {"type": "media", "file_uri": URL, "mime_type": "image/png"}
    assert ported(block, VERTEX_GEMINI) == google
    assert ported(block, ANY) == block
    for dialect in (BEDROCK_CLAUDE, BEDROCK_NOVA, BEDROCK_OTHER):
        with pytest.raises(Unportable, match=r"messages\[0\]: an image.* by its URL"):
            ported(block, dialect)


def test_an_images_detail_stays() -> None:
    block = {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}
    assert ported(block, AZURE_CHAT) == block


@pytest.mark.parametrize(
    ("block", "dialect", "what"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a.example/x"}}, VERTEX_GEMINI, "URL"),
        ({"type": "file", "file_id": "file-1"}, VERTEX_GEMINI, "kept by a provider"),
        ({"type": "file", "file_id": "gs://b/a.pdf"}, AZURE_CHAT, "kept by a provider"),
        ({"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}, BEDROCK_CLAUDE, "audio"),
        ({"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}, AZURE_RESPONSES, "audio"),
        ({"type": "audio", "base64": "AAAA", "mime_type": "audio/flac"}, AZURE_CHAT, "flac"),
        ({"type": "video", "base64": "AAAA", "mime_type": "video/mp4"}, BEDROCK_CLAUDE, "video"),
        ({"type": "image", "base64": "AAAA", "mime_type": "image/tiff"}, BEDROCK_NOVA, "tiff"),
        ({"type": "file", "base64": "AAAA", "mime_type": "text/csv"}, AZURE_CHAT, "text/csv"),
        ({"type": "file", "url": "https://a.example/a.pdf"}, AZURE_CHAT, "by its URL"),
        ({"type": "hologram"}, AZURE_CHAT, "a block of type 'hologram'"),
        ({"type": "tool_use", "id": "x"}, AZURE_CHAT, "a block of type 'call'"),
        ({"type": "image"}, VERTEX_GEMINI, "a block of type 'image'"),
    ],
)
def test_what_a_service_does_not_take_of_a_user_is_asked_of_another(
    block: dict[str, Any], dialect: Any, what: str
) -> None:
    with pytest.raises(Unportable, match=what):
        ported(block, dialect)


@pytest.mark.parametrize(
    ("block", "dialect", "told"),
    [
        (
            {"type": "audio", "base64": "AAAA", "mime_type": "audio/mpeg"},
            AZURE_CHAT,
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            VERTEX_GEMINI,
            {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"},
        ),
        (
            {"type": "video", "base64": "AAAA", "mime_type": "video/mp4"},
            BEDROCK_NOVA,
            {"type": "video", "base64": "AAAA", "mime_type": "video/mp4"},
        ),
        (
            {"type": "file", "file_id": "file-1"},
            AZURE_CHAT,
            {"type": "file", "file": {"file_id": "file-1"}},
        ),
        (
            {"type": "file", "url": "https://a.example/a.pdf"},
            AZURE_RESPONSES,
            {"type": "input_file", "file_url": "https://a.example/a.pdf"},
        ),
        (
            {"type": "image", "url": "gs://bucket/a.png"},
            VERTEX_GEMINI,
            {"type": "media", "file_uri": "gs://bucket/a.png", "mime_type": "image/png"},
        ),
        (
            {"type": "file", "base64": PDF, "mime_type": "application/pdf", "filename": "my a.pdf"},
            BEDROCK_CLAUDE,
            {"type": "file", "base64": PDF, "mime_type": "application/pdf", "name": "my-a-pdf"},
        ),
        ({"type": "json", "json": {"a": 1}}, AZURE_CHAT, {"type": "text", "text": '{"a": 1}'}),
        (
            {"type": "guard_content", "text": "hi"},
            VERTEX_GEMINI,
            {"type": "text", "text": "hi"},
        ),
        ({"type": "guard_content", "text": "hi"}, BEDROCK_CLAUDE, None),
        ({"cachePoint": {"type": "default"}}, BEDROCK_CLAUDE, None),
        ({"type": "input_text", "text": "hi"}, AZURE_RESPONSES, None),
        ({"type": "input_text", "text": "hi"}, AZURE_CHAT, {"type": "text", "text": "hi"}),
        ({"image": {"format": "png", "source": {"bytes": b"x"}}}, AZURE_CHAT,
         {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}),
    ],
)  # fmt: skip
def test_a_block_is_said_in_the_classes_own_form(
    block: dict[str, Any], dialect: Any, told: dict[str, Any] | None
) -> None:
    assert ported(block, dialect) == (block if told is None else told)


@pytest.mark.parametrize("dialect", [AZURE_CHAT, VERTEX_GEMINI, BEDROCK_OTHER, VERTEX_CLAUDE])
@pytest.mark.parametrize("mark", [{"cachePoint": {"type": "default"}}, {"cache_control": {}}])
def test_marks_of_what_to_cache_are_for_those_who_read_them(
    dialect: Any, mark: dict[str, Any]
) -> None:
    block = {"type": "text", "text": "hi"}
    content = [{**block, **mark}] if "cache_control" in mark else [block, mark]
    told, lost = ported_messages([HumanMessage(content)], dialect, "m")
    if dialect is VERTEX_CLAUDE and "cache_control" in mark:
        assert (told[0].content, lost) == (content, ())
    else:
        assert (told[0].content, lost) == ([block], ("marks of what to cache",))


def exchange(content: Any, status: Any = "success") -> list[BaseMessage]:
    return [
        HumanMessage("look"),
        AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "a"}]),
        ToolMessage(content, tool_call_id="a", status=status, artifact={"kept": True}),
    ]


def test_what_a_tool_attached_follows_in_a_turn_of_the_users_where_results_are_text() -> None:
    history = exchange([{"type": "text", "text": "a cat"}, IMAGES["anthropic"]])
    told, lost = ported_messages(history, AZURE_CHAT, "gpt-4o")
    assert told[2].content == [{"type": "text", "text": "a cat"}]
    assert isinstance(told[3], HumanMessage)
    assert told[3].content[1] == IMAGES["openai"]
    assert lost == ("the place of a tool result's attachment",)
    check(BY_NAME["azure_chat"], request_of(BY_NAME["azure_chat"], told))


def test_a_result_that_is_all_attachment_says_where_it_is() -> None:
    told, _ = ported_messages(exchange([IMAGES["standard"]]), AZURE_CHAT, "gpt-4o")
    assert told[2].content == "The result is attached in the next message."


def test_a_tools_attachment_that_a_service_takes_nowhere_is_asked_of_another() -> None:
    history = exchange([{"type": "image", "url": URL}])
    with pytest.raises(Unportable, match=r"messages\[2\]: an image by its URL"):
        ported_messages(history, BEDROCK_CLAUDE, "m")


@every_service
def test_a_result_of_any_shape_is_a_result(service: Any) -> None:
    history = exchange([{"rows": [1, 2]}, "plain", {"type": "json", "json": {"a": 1}}])
    told, lost = ported_messages(history, service.dialect, service.model)
    check(service, request_of(service, told))
    said = str(told[2].content).replace('"', "'")
    assert all(part in said for part in ("'rows': [1, 2]", "plain", "'a': 1"))
    assert lost == ()


@pytest.mark.parametrize(
    ("dialect", "content", "status"),
    [
        (BEDROCK_CLAUDE, "no such city", "error"),
        (AZURE_CHAT, "Error: no such city", "success"),
        (AZURE_RESPONSES, "Error: no such city", "success"),
        (VERTEX_GEMINI, json.dumps({"error": "no such city"}), "success"),
        (ANY, "no such city", "error"),
    ],
)
def test_a_failure_of_a_tool_is_told_in_the_services_own_way(
    dialect: Any, content: str, status: str
) -> None:
    told, lost = ported_messages(exchange("no such city", "error"), dialect, "m")
    assert isinstance(told[2], ToolMessage)
    assert (told[2].content, told[2].status, lost) == (content, status, ())
    assert told[2].artifact == {"kept": True}
    assert ported_messages(told, dialect, "m") == (told, ())


def test_a_failure_that_says_so_is_not_told_twice() -> None:
    told, _ = ported_messages(exchange("Error: no such city", "error"), AZURE_CHAT, "m")
    assert told[2].content == "Error: no such city"


def test_documents_have_a_text_beside_them_and_names_of_their_own_where_converse_asks() -> None:
    converse = {"document": {"format": "pdf", "name": "a", "source": {"bytes": b"%PDF"}}}
    file = {**FILES["standard"], "name": "a"}
    messages = [HumanMessage([file]), HumanMessage([converse, file, {"type": "text", "text": "x"}])]
    told, lost = ported_messages(messages, BEDROCK_CLAUDE, "m")
    text = {"type": "text", "text": "."}
    assert told[0].content == [file, text]
    second = [{"document": {**converse["document"], "name": "a-2"}}, {**file, "name": "a-3"}]
    assert told[1].content == [*second, {"type": "text", "text": "x"}]
    assert lost == ()
    assert ported_messages(told, BEDROCK_CLAUDE, "m") == (told, ())


def test_no_blocks_are_no_text_for_openai() -> None:
    assert ported_messages([HumanMessage([])], AZURE_CHAT, "m") == ([HumanMessage("")], ())

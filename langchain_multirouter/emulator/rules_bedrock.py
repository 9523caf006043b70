"""What Bedrock Converse refuses of a conversation, whatever the model.

Patterns and limits are those of botocore's service model of bedrock-runtime, whose documentation
of Message and DocumentBlock has the rest; messages are the service's own.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.wire import Refusal

_Body = Mapping[str, Any]

_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# The message names no underscore, but the service takes it, as its users measured.
_DOCUMENT_NAME = re.compile(r"(?!.*  )[a-zA-Z0-9()\[\]_ -]+")
_DOCUMENT_NAME_LENGTH, _MOST_IMAGES, _MOST_DOCUMENTS, _MOST_STOPS = 200, 20, 5, 2500
_USERS_ONLY = ("image", "document", "video", "toolResult")


def invalid(message: str) -> Refusal:
    """The service's refusal of a request."""
    return Refusal(400, "ValidationException", message)


def constraint(place: str, wanted: str) -> Refusal:
    """The refusal of a member that breaks a pattern or a limit of the service model."""
    return invalid(
        f"1 validation error detected: Value at '{place}' failed to satisfy constraint: Member "
        f"must {wanted}"
    )


def blocks(body: _Body, kind: str) -> Iterator[tuple[int, int, Any]]:
    """The blocks of a kind, each with its places: the message's and the block's."""
    for index, message in enumerate(body["messages"]):
        for number, block in enumerate(message["content"]):
            if kind in block:
                yield index, number, block[kind]


def uses(message: _Body) -> list[str]:
    """The ids of the calls in a message that await their results."""
    found = (block["toolUse"] for block in message["content"] if "toolUse" in block)
    return [use["toolUseId"] for use in found if use.get("type") != "server_tool_use"]


def results(message: _Body) -> list[str]:
    """The ids of the calls whose results are in a message."""
    return [block["toolResult"]["toolUseId"] for block in message["content"] if _answers(block)]


def _answers(block: _Body) -> bool:
    return "toolResult" in block and block["toolResult"].get("type") is None


def _turns(model: str, body: _Body) -> Iterator[Refusal]:
    messages = body.get("messages") or ()
    if not messages or messages[0]["role"] != "user":
        yield invalid(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            yield invalid(
                "A conversation must alternate between user and assistant roles. Make sure the "
                "conversation alternates between user and assistant roles and try again."
            )


def _content(model: str, body: _Body) -> Iterator[Refusal]:
    for index, message in enumerate(body["messages"]):
        if not message["content"]:
            yield invalid(
                f"The content field in the Message object at messages.{index} is empty. Add a "
                "ContentBlock object to the content field and try again."
            )
        for kind in _USERS_ONLY:
            if message["role"] != "user" and any(kind in block for block in message["content"]):
                yield invalid(f"The {kind} block at messages.{index} is only for the user role.")
        if message["role"] == "user" and any("toolUse" in b for b in message["content"]):
            yield invalid(f"The toolUse block at messages.{index} is not for the user role.")
    for index, number, text in blocks(body, "text"):
        if not text.strip():
            yield invalid(
                f"The text field in the ContentBlock object at messages.{index}.content.{number} "
                "is blank. Add text to the text field, and try again."
            )
    for index, block in enumerate(body.get("system") or ()):
        if block.get("text") == "":
            place = f"system.{index + 1}.member.text"
            yield constraint(place, "have length greater than or equal to 1")


def _calls(model: str, body: _Body) -> Iterator[Refusal]:
    for index, number, use in blocks(body, "toolUse"):
        place = f"messages.{index}.content.{number}.toolUse"
        if not _ID.fullmatch(use["toolUseId"]):
            yield constraint(f"{place}.toolUseId", f"satisfy pattern: {_ID.pattern}")
        if not _NAME.fullmatch(use["name"]):
            yield constraint(f"{place}.name", f"satisfy pattern: {_NAME.pattern}")
        if not isinstance(use.get("input"), Mapping):
            yield invalid(
                f"The format of the value at {place}.input is invalid. Provide a json object for "
                "the field and try again."
            )
    for index, number, result in blocks(body, "toolResult"):
        place = f"messages.{index}.content.{number}.toolResult"
        if not _ID.fullmatch(result["toolUseId"]):
            yield constraint(f"{place}.toolUseId", f"satisfy pattern: {_ID.pattern}")
        if result.get("status") not in (None, "success", "error"):
            yield constraint(f"{place}.status", "satisfy enum value set: [success, error]")
        if result.get("status") == "error" and not result["content"]:
            yield invalid(
                f"The content field at {place} cannot be empty when status value is error."
            )


def _results(model: str, body: _Body) -> Iterator[Refusal]:
    """Each call has its result in the very next turn, and no result is without its call."""
    called: list[str] = []
    for index, message in enumerate([*body["messages"], {"content": ()}]):
        answered = results(message)
        if waiting := [one for one in called if one not in answered]:
            yield invalid(
                f"Expected toolResult blocks at messages.{index}.content for the following Ids: "
                + ", ".join(waiting)
            )
        if len(answered) > len(called):
            yield invalid(
                f"The number of toolResult blocks at messages.{index}.content exceeds the number "
                "of toolUse blocks of previous turn."
            )
        called = uses(message)


def _documents(model: str, body: _Body) -> Iterator[Refusal]:
    names: Counter[str] = Counter()
    for _, _, document in blocks(body, "document"):
        name = document.get("name", "")
        if not 1 <= len(name) <= _DOCUMENT_NAME_LENGTH or not _DOCUMENT_NAME.fullmatch(name):
            yield invalid(
                "The document file name can only contain alphanumeric characters, whitespace "
                "characters, hyphens, parentheses, and square brackets. The name can't contain "
                "more than one consecutive whitespace character. Check that the file name conforms "
                "to these restrictions and retry your request."
            )
        names[name] += 1
    if any(count > 1 for count in names.values()):
        yield invalid("The request has documents of the same name. Give each a name of its own.")
    for message in body["messages"]:
        counts = Counter(kind for block in message["content"] for kind in block)
        if counts["document"] and not counts["text"]:
            yield invalid("A text block must be included when using documents.")
        if counts["document"] > _MOST_DOCUMENTS or counts["image"] > _MOST_IMAGES:
            yield invalid(
                f"A message has at most {_MOST_IMAGES} images and {_MOST_DOCUMENTS} documents."
            )


def _settings(model: str, body: _Body) -> Iterator[Refusal]:
    settings = body.get("inferenceConfig") or {}
    for name, least, most in (("temperature", 0, 1), ("topP", 0, 1), ("maxTokens", 1, None)):
        value = settings.get(name)
        if value is None:
            continue
        if value < least:
            wanted = f"have value greater than or equal to {least}"
            yield constraint(f"inferenceConfig.{name}", wanted)
        if most is not None and value > most:
            yield constraint(f"inferenceConfig.{name}", f"have value less than or equal to {most}")
    stops = settings.get("stopSequences") or ()
    if len(stops) > _MOST_STOPS:
        wanted = f"have length less than or equal to {_MOST_STOPS}"
        yield constraint("inferenceConfig.stopSequences", wanted)
    if any(not stop for stop in stops):
        wanted = "have length greater than or equal to 1"
        yield constraint("inferenceConfig.stopSequences", wanted)


RULES = (_turns, _content, _calls, _results, _documents, _settings)

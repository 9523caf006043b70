"""Histories: hypothesis strategies for conversations that one service's class has written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from .writers import STYLES, Said, Service, written

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADU"
    "lEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)
#: An image as each provider's users write it.
IMAGES: dict[str, dict[str, Any]] = {
    "openai": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    "anthropic": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PNG},
    },
    "standard": {"type": "image", "base64": PNG, "mime_type": "image/png"},
    "older": {"type": "image", "source_type": "base64", "data": PNG, "mime_type": "image/png"},
    "google": {"type": "media", "data": PNG, "mime_type": "image/png"},
    "responses": {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
}
WORDS = ("a", "b c", "dé.\n", "ok", "\n  e", "{}", "[1]", '{"f": 1}', "Error", "Q")
ARGUMENTS: tuple[dict[str, Any], ...] = ({}, {"city": "Oslo"}, {"city": "Ü", "days": 3})
NAMES = ("get_weather", "add")
#: Two of the forms are the usual ones, so that they are drawn more often.
RESULTS = ("text", "text", "blocks", "image", "error")


class Draw:
    """Choices made by one number, which hypothesis shrinks: 0 is the first choice each time."""

    def __init__(self, number: int) -> None:
        self._left = number

    def one_of(self, options: Sequence[Any]) -> Any:
        self._left, place = divmod(self._left, len(options))
        return options[place]

    def maybe(self) -> bool:
        return bool(self.one_of((False, True)))


def question(draw: Draw, number: int) -> HumanMessage:
    """A turn of the user's: words, or words with an image or a mark of what to cache."""
    text = f"Q{number} {draw.one_of(WORDS)}"
    image = draw.one_of((None, None, *sorted(IMAGES)))
    cached = draw.maybe()
    if image is None and not cached:
        return HumanMessage(text)
    block: dict[str, Any] = {"type": "text", "text": text}
    if cached:
        block["cache_control"] = {"type": "ephemeral"}
    return HumanMessage([block] if image is None else [block, IMAGES[image]])


def saying(draw: Draw, number: int, *, calls: int) -> Said:
    """What an assistant says, with so many tool calls."""
    said = f"A{number} {draw.one_of(WORDS)}"
    return Said(
        text="" if calls and draw.maybe() else said,
        reasoning="" if draw.maybe() else f"T{number} {draw.one_of(WORDS)}",
        calls=tuple((draw.one_of(NAMES), draw.one_of(ARGUMENTS)) for _ in range(calls)),
        searched=draw.maybe(),
        number=number,
    )


def results(draw: Draw, ids: Sequence[str]) -> list[ToolMessage]:
    """A result for each call, first or last first, as text, as blocks, or as a failure."""
    told: list[ToolMessage] = []
    for id_ in reversed(ids) if draw.maybe() else ids:
        text = f"R{draw.one_of(WORDS)}"
        form = draw.one_of(RESULTS)
        content: Any = text
        if form == "blocks":
            content = [{"type": "text", "text": text}, {"type": "json", "json": {"n": 1}}]
        elif form == "image":
            content = [{"type": "text", "text": text}, IMAGES["standard"]]
        status: Any = "error" if form == "error" else "success"
        told.append(ToolMessage(content, tool_call_id=id_, status=status))
    return told


def turn(draw: Draw, number: int, writers: Sequence[Service], style: str) -> list[BaseMessage]:
    """A question, some tool calls with their results, and an answer."""
    messages: list[BaseMessage] = []
    if draw.maybe():
        messages.append(SystemMessage(f"S{number}"))
    messages.append(question(draw, number))
    for step in range(draw.one_of((0, 1, 2))):
        said = saying(draw, 10 * number + step, calls=draw.one_of((1, 2, 3)))
        answer = written(draw.one_of(writers), said, style)
        ids = [str(call["id"]) for call in answer.tool_calls]
        messages += [answer, *results(draw, ids)]
    said = saying(draw, 10 * number + 5, calls=0)
    return [*messages, written(draw.one_of(writers), said, style)]


def histories(writers: Sequence[Service]) -> st.SearchStrategy[list[BaseMessage]]:
    """A conversation whose next turn is the assistant's; each answer is by one of the writers."""

    def make(style: str, cut: int, numbers: list[int]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for place, number in enumerate(numbers):
            messages += turn(Draw(number), place, writers, style)
        ends = [place for place in range(1, len(messages)) if _asks(messages, place)]
        return messages[: ends[-1 - cut % min(len(ends), 3)]]

    numbers = st.lists(st.integers(0, 2**96), min_size=1, max_size=3)
    return st.builds(make, st.sampled_from(STYLES), st.integers(0, 2), numbers)


def _asks(messages: list[BaseMessage], cut: int) -> bool:
    """Whether the assistant has the word after so many messages."""
    said = isinstance(messages[cut], AIMessage)
    return said and isinstance(messages[cut - 1], HumanMessage | ToolMessage)

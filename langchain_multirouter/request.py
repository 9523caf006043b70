"""Request: what routing has to know of one call; never its text."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .options import Options


class TaskType(StrEnum):
    """What a prompt asks for."""

    CHAT = "chat"
    CODE_GENERATION = "code_generation"
    ANALYSIS = "analysis"
    CREATIVE_WRITING = "creative_writing"
    MULTIMODAL = "multimodal"
    EMBEDDINGS = "embeddings"
    SUMMARIZATION = "summarization"


class Prompt(NamedTuple):
    """What of a call's messages the router looks at, before anything is sent.

    Args:
        text: The last human turn's text, at most its first and last 32 KiB.
        kinds: The kinds of its blocks that are no text: "image", "audio", "video", "file".
        input_tokens: An estimate of all that is sent; no tokenizer, no network.
    """

    text: str = ""
    kinds: frozenset[str] = frozenset()
    input_tokens: int = 0


class Request(NamedTuple):
    """One call as the core sees it.

    Args:
        options: The router's options, narrowed by the call's.
        streamed: Whether the caller takes the answer in chunks, so that what was handed over
            cannot be taken back.
        model: A deployment's name or one of the models, where the call names it.
        timeout_seconds: The call's own limit for one attempt.
        task_type: What kind of task the prompt is, where it is known.
    """

    options: Options
    streamed: bool = False
    model: str | None = None
    timeout_seconds: float | None = None
    task_type: str | None = None


class Limits(NamedTuple):
    """One attempt's limits in seconds; None is no limit.

    `first_token` and `idle` (between two chunks) hold for streams, `whole` for all.
    """

    first_token: float | None = None
    idle: float | None = None
    whole: float | None = None

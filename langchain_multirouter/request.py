"""Request: what routing has to know of one call; never its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .conversation import Conversation
from .options import Options
from .repeats import Repeat
from .task_types import TaskType

__all__ = ["Limits", "Prompt", "Request", "TaskType"]


class Prompt(NamedTuple):
    """What of a call's messages the router looks at, before anything is sent.

    Args:
        text: The last human turn's text, at most its first and last 32 KiB.
        kinds: The kinds of its blocks that are no text: "image", "audio", "video", "file" (a PDF,
            or one that can be one), "document" (any other file).
        input_tokens: An estimate of all that is sent, tools' schemas too; no tokenizer, no network.
        characters: The last human turn's, all of it.
    """

    text: str = ""
    kinds: frozenset[str] = frozenset()
    input_tokens: int = 0
    characters: int = 0

    @property
    def identity(self) -> int | None:
        """Knows a request again that is made again: a hash, which is no text; None without text."""
        return hash(self) if self.text else None


class Request(NamedTuple):
    """One call as the core sees it.

    Args:
        options: The router's options, narrowed by the call's.
        streamed: Whether the caller takes the answer in chunks, so that what was handed over
            cannot be taken back.
        model: A deployment's name or one of the models, where the call names it.
        model_is_deployment: It is a deployment's name, and so no other's model.
        timeout_seconds: The call's own limit for one attempt.
        task_type: What kind of task the prompt is, where it is known.
        prompt: What of the messages the router looks at.
        max_tokens: The most tokens the answer may have, where the call says.
        usual_output_tokens: What answers to this task usually have, whoever gives them.
        is_check: A health check, whose one token says nothing of other answers.
        unable: Deployment's number → what of this request it cannot be asked.
        roomy: It is known to be within every deployment's limits, so that none is looked at.
        hedge: When a second copy may go elsewhere, in seconds; True for the deployment's own 95 %;
            None for never, as with tools that were not declared safe.
        repeats: The layers around the router that make this call again.
        told: Who listens to what happens in the call; None where nobody does.
        preferences: Task → providers or deployments it prefers, in order; the defaults for others.
        needs: What of its capabilities a deployment must not be known to lack: "tools",
            "structured_output".
        conversation: What ties it to earlier calls; None for short prompts without a session.
        most_input_tokens: An upper bound of its input tokens, where a budget needs one and there
            is one.
    """

    options: Options
    streamed: bool = False
    model: str | None = None
    model_is_deployment: bool = False
    timeout_seconds: float | None = None
    task_type: TaskType | None = None
    prompt: Prompt = Prompt()
    max_tokens: int | None = None
    preferences: Mapping[TaskType, tuple[str, ...]] = {}
    told: Any = None  # a `telemetry.story.Listening`; untyped, since it is of a higher layer
    usual_output_tokens: float | None = None
    is_check: bool = False
    unable: Mapping[int, str] = {}
    roomy: bool = False
    needs: frozenset[str] = frozenset()
    hedge: float | bool | None = None
    repeats: tuple[Repeat, ...] = ()
    conversation: Conversation | None = None
    most_input_tokens: int | None = None


class Limits(NamedTuple):
    """One attempt's limits in seconds; None is no limit.

    `first_token` and `idle` (between two chunks) hold for streams, `whole` for all.
    """

    first_token: float | None = None
    idle: float | None = None
    whole: float | None = None

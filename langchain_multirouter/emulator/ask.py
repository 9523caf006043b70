"""What was asked of a model and what it answers, in no provider's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Operation = Literal["generate", "stream", "embed"]
Role = Literal["system", "user", "assistant", "tool"]
Choice = Literal["auto", "none", "required"]

PROVIDERS = ("aws_bedrock", "azure_openai", "gcp_vertex")


class Finish(StrEnum):
    """Why an answer ends; each provider has its own word for each."""

    STOP = "stop"
    """The model had said what it had to say, or met a stop sequence."""
    LENGTH = "length"
    """The token limit was reached."""
    TOOL_CALLS = "tool_calls"
    """The model waits for the results of its tool calls."""
    FILTERED = "filtered"
    """A content filter withheld the answer."""
    BLOCKED = "blocked"
    """A content filter refused the prompt."""
    MALFORMED_TOOL_CALL = "malformed_tool_call"
    """The model wrote a tool call that cannot be read."""
    UNSAID = "unsaid"
    """The service ended the answer without saying why."""
    NOTHING = "nothing"
    """The service gave no choice, candidate or output at all."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool on offer; `schema` is JSON Schema in either provider's capitals."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model makes; `id` is the same for the same request."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: its text, the tools it calls, and the tool whose result it is."""

    role: Role
    text: str = ""
    calls: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What of a request is in the service's prompt cache, and what is written to it, in tokens."""

    read_tokens: int = 0
    written_tokens: int = 0
    for_an_hour: bool = False

    def within(self, input_tokens: int) -> "Found":
        """No more than the request has."""
        read = min(self.read_tokens, input_tokens)
        return Found(read, min(self.written_tokens, input_tokens - read), self.for_an_hour)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, read from a provider's wire.

    `model` is what the path addresses (an Azure deployment, a Bedrock model id, a Gemini model);
    `answers_as` is the name the service would put in its answer; it `reasons` first where the
    request asks for that.
    """

    model: str
    operation: Operation
    body: Mapping[str, Any]
    fingerprint: str
    answers_as: str = ""
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: Choice = "auto"
    allowed: tuple[str, ...] = ()
    parallel: bool = True
    schema: Mapping[str, Any] | None = None
    json_mode: bool = False
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    include_usage: bool = True
    array_stream: bool = False
    reasons: bool = False
    texts: tuple[str, ...] = ()
    dimensions: int | None = None
    found: Found = Found()

    @property
    def prompt(self) -> str:
        """The last thing a human said."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the emulated model says, before a provider puts it in its own form.

    `output_tokens` are all that the model wrote, `reasoning_tokens` those of them that it thought;
    `found` is of the input tokens.
    """

    reasoning: str = ""
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    vectors: tuple[tuple[float, ...], ...] = field(default=())
    found: Found = Found()

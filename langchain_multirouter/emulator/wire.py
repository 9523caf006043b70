"""The seam between providers and the server: a request, a reply in frames, and a `Wire`."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_multirouter.emulator.ask import Answer, Ask, Operation

JSON = "application/json"
SSE = "text/event-stream"
#: What ends a stream of OpenAI's; other streams end with their body.
DONE = b"data: [DONE]\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a path asks for: a model, an operation and the provider's own verb."""

    model: str
    operation: Operation
    verb: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A piece of a body that a client can act upon; `content` if it carries part of the answer."""

    data: bytes
    content: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer before anything happens to it; `streamed` bodies have no length."""

    status: int
    content_type: str
    frames: tuple[Frame, ...]
    streamed: bool = False
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def data(self) -> bytes:
        """The whole body."""
        return b"".join(frame.data for frame in self.frames)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error a service answers with; what is None the provider fills in from the status.

    Azure OpenAI alone has `kind` (its error's "type", with which `code` is meant as it is, None
    too) and `param`, the place in the request that is wrong.
    """

    status: int
    code: str | None = None
    message: str | None = None
    retry_after_seconds: float | None = None
    kind: str | None = None
    param: str | None = None


class Wire(Protocol):
    """One provider's protocol: requests into `Ask`s, `Answer`s and refusals into replies."""

    @property
    def provider(self) -> str:
        """The provider's name."""

    @property
    def comment(self) -> bytes | None:
        """What keeps a streamed answer alive without saying anything, if there is such a thing."""

    @property
    def overflow(self) -> Refusal:
        """The refusal of a prompt that is longer than the model's context."""

    @property
    def blocked_prompt(self) -> Refusal | None:
        """The refusal of a filtered prompt, or None if the service answers with status 200."""

    def read(self, addressed: Addressed, body: dict[str, Any], fingerprint: str) -> Ask:
        """The request in neutral terms; KeyError, TypeError, ValueError if it makes no sense."""

    def write(self, ask: Ask, answer: Answer) -> Reply:
        """The answer in the provider's form, whole or streamed."""

    def refuse(self, refusal: Refusal) -> Reply:
        """The error in the provider's form."""

    def refuse_midstream(self, refusal: Refusal) -> Frame:
        """The error as an event of a streamed answer."""

    def garble(self, reply: Reply) -> Frame:
        """An event or body that the client cannot decode."""


def json_reply(
    value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Reply:
    """A JSON body."""
    return Reply(status, JSON, (Frame(encode(value), content=True),), headers=headers)


def encode(value: Any) -> bytes:
    """Compact JSON as bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sse(value: Any, *, content: bool = False) -> Frame:
    """One server-sent event."""
    return Frame(b"data: " + encode(value) + b"\r\n\r\n", content=content)

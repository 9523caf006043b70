"""What the socket can be told to do, good and bad."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers; without a length the body is chunked."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are not HTTP."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing, for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same bytes for ever."""

    data: bytes
    every_seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """The proper end of the body."""


@dataclass(frozen=True, slots=True)
class Close:
    """FIN."""


@dataclass(frozen=True, slots=True)
class Reset:
    """RST."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Silence until the client gives up."""


Step = Head | Send | Raw | Wait | Repeat | End | Close | Reset | Hang


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done about a request; `whole` if that is all of the model's answer."""

    steps: tuple[Step, ...]
    status: int | None
    whole: bool
    input_tokens: int = 0
    output_tokens: int = 0

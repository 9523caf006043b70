"""The ways a cloud can fail, each one injectable."""

import math
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong. On a wire where a fault has no meaning, the nearest thing happens."""

    STATUS = "status"
    """An error with the provider's own body; `status` (503), `code`, `retry_after_seconds`."""
    EMPTY_BODY_STATUS = "empty_body_status"
    """An error status with no body; `status` (503)."""
    RESET = "reset"
    """The connection is reset (RST) before any header."""
    CLOSE = "close"
    """The connection is closed (FIN) before any header."""
    SILENCE = "silence"
    """The request is taken and never answered."""
    SLOW = "slow"
    """The right answer, after `seconds`."""
    SLOW_FIRST_TOKEN = "slow_first_token"  # noqa: S105 - not that kind of token
    """Headers at once, the first event after `seconds`; a whole answer is as with SLOW."""
    DRIP = "drip"
    """One event every `seconds`; a whole answer comes byte by byte."""
    KEEPALIVE = "keepalive"
    """Comments for ever, every `seconds`; spaces for a whole answer, silence in Bedrock streams."""
    RESET_MIDSTREAM = "reset_midstream"
    """The connection is reset after `after_chunks` (2); a whole answer: after half its bytes."""
    FIN_MIDSTREAM = "fin_midstream"
    """The connection is closed there, without the end of the body."""
    CLEAN_EOF_MIDSTREAM = "clean_eof_midstream"
    """The body ends properly there, without finish reason or terminator; a whole answer is cut."""
    SILENCE_MIDSTREAM = "silence_midstream"
    """Nothing more comes from there on."""
    MALFORMED = "malformed"
    """JSON that cannot be read, on Bedrock's streams a wrong checksum, after `after_chunks` (0)."""
    HTML = "html"
    """Status 200 and a web page."""
    EMPTY_BODY = "empty_body"
    """Status 200 and nothing."""
    EMPTY_JSON = "empty_json"
    """Status 200 and `{}`."""
    ERROR_JSON = "error_json"
    """Status 200 and `{"error": ...}`."""
    EMPTY_ANSWER = "empty_answer"
    """A proper envelope with an empty text; no vectors for embeddings."""
    EMPTY_CHOICES = "empty_choices"
    """No choices (Azure), candidates (Vertex) or output (Bedrock); no vectors for embeddings."""
    NO_FINISH = "no_finish"
    """The whole text without a finish reason; embeddings are unharmed."""
    NO_END = "no_end"
    """The whole answer and its finish reason, then silence: no terminator, no end of the body."""
    TRUNCATED = "truncated"
    """Half the text and a finish reason that says the token limit; embeddings are unharmed."""
    BLOCKED_PROMPT = "blocked_prompt"
    """Azure: 400 content_filter. Bedrock: a guardrail's words. Vertex: a block reason alone."""
    BLOCKED_ANSWER = "blocked_answer"
    """Status 200, no text, and a finish reason of content filter; embeddings are unharmed."""
    ERROR_EVENT = "error_event"
    """An error event after `after_chunks` (0) of a stream; a whole answer is as with STATUS."""
    CONTEXT_OVERFLOW = "context_overflow"
    """The provider's own words for a prompt that is too long (400)."""
    MALFORMED_TOOL_CALL = "malformed_tool_call"
    """Arguments that are not JSON (Azure), or the finish reason for such (Bedrock, Vertex)."""
    SHORT_BODY = "short_body"
    """Half the bytes that content-length promises, then the connection is closed."""
    GARBAGE = "garbage"
    """Bytes that are not HTTP, then the connection is closed."""


_STATUS_OF_CODE = {
    "insufficient_quota": 429,
    "content_filter": 400,
    "context_length_exceeded": 400,
    "ServiceQuotaExceededException": 400,
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "UnrecognizedClientException": 403,
    "ResourceNotFoundException": 404,
    "DeploymentNotFound": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ThrottlingException": 429,
    "throttlingException": 429,
    "RESOURCE_EXHAUSTED": 429,
    "InternalServerException": 500,
    "UNAVAILABLE": 503,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of failing and its measures; what a kind does not use is ignored.

    Raises ValueError, naming the field, for values that make no sense.
    """

    kind: FaultKind
    status: int | None = None
    """HTTP status; None is the usual one of `code`, else 503."""
    code: str | None = None
    """The provider's error code; None is the usual one of the status."""
    retry_after_seconds: float | None = None
    seconds: float = 1.0
    after_chunks: int | None = None
    """Chunks with content before it happens; None is 2 in mid-stream kinds, else 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _kind(self.kind))
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError(f"status must be an error status, 400 to 599, not {self.status}")
        for name in ("seconds", "retry_after_seconds"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, not {value}")
        if self.after_chunks is not None and self.after_chunks < 0:
            raise ValueError(f"after_chunks must be at least 0, not {self.after_chunks}")

    @property
    def error_status(self) -> int:
        """The status that an error answer has."""
        return self.status or _STATUS_OF_CODE.get(self.code or "", 503)

    @property
    def chunks(self) -> int:
        """How many chunks with content come through."""
        if self.after_chunks is not None:
            return self.after_chunks
        return 2 if self.kind.value.endswith("_midstream") else 0


def fault_of(said: Fault | FaultKind | str) -> Fault:
    """A fault from itself, its kind, the kind's value, or a status such as "503"."""
    if isinstance(said, Fault):
        return said
    if said.isdigit():
        return Fault(FaultKind.STATUS, status=int(said))
    return Fault(_kind(said))


def _kind(said: str) -> FaultKind:
    try:
        return FaultKind(said)
    except ValueError:
        known = ", ".join(kind.value for kind in FaultKind)
        raise ValueError(f"kind must be one of {known}; not {said!r}") from None

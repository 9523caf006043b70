"""Outcome: how an attempt ended, and, where it failed, why; as plain values."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Cause(StrEnum):
    """Why an attempt failed, in the same words for every provider.

    What is done about each is one table: `resilience.verdict`.
    """

    THROTTLED = "throttled"  # a rate limit: too many requests or tokens just now
    QUOTA_EXHAUSTED = "quota_exhausted"  # a limit that does not come back in seconds
    OVERLOADED = "overloaded"  # the service has no capacity (503, 529, model warming up)
    SERVER = "server"  # the service failed (other 5xx)
    TIMEOUT = "timeout"  # no answer, or no next token, in time
    CONNECTION = "connection"  # refused, reset or closed before an answer began
    STREAM_BROKEN = "stream_broken"  # the answer began and did not end properly
    INVALID_RESPONSE = "invalid_response"  # an answer that is none: empty, malformed
    AUTHENTICATION = "authentication"  # credentials missing, wrong or expired (401)
    PERMISSION = "permission"  # credentials lack the right (403)
    MODEL_NOT_FOUND = "model_not_found"  # unknown, retired or not enabled (404)
    CONTEXT_OVERFLOW = "context_overflow"  # more tokens than the model takes
    CONTENT_POLICY = "content_policy"  # prompt or answer refused by a content filter
    BAD_REQUEST = "bad_request"  # the caller's mistake: no provider would take it
    UNSUPPORTED = "unsupported"  # this deployment cannot be asked that; nothing was sent
    SCHEMA_MISMATCH = "schema_mismatch"  # an answer that does not fit the schema asked for
    LOCAL_ENVIRONMENT = "local_environment"  # this process' own transport: a closed event loop
    UNKNOWN = "unknown"  # none of the table's rows fits


#: An answer's metadata shows the last eight attempts, in at most 1 KB of JSON.
SHOWN_ATTEMPTS = 8
LONGEST_METADATA = 1024
#: With the longest names, this many attempts fit for certain.
SURELY_SMALL = 3
LONGEST_MODEL_NAME = 64

#: What a provider may ask us to wait is untrusted data: it is bounded by a day.
LONGEST_RETRY_AFTER_SECONDS = 86_400.0


def rounded(seconds: float, parts: float) -> float:
    """To so many parts of a second; `round` finds decimal digits, at ten times the cost."""
    return math.floor(seconds * parts + 0.5) / parts


def retry_after_seconds(value: object) -> float | None:
    """A provider's hint in seconds, or None where it is not a finite number of at least 0."""
    try:
        seconds = float(value)  # type: ignore[arg-type]  # str, bytes, int, float or refused below
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, LONGEST_RETRY_AFTER_SECONDS)


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt's failure, in the router's own words.

    Args:
        cause: Why.
        code: The provider's own code or HTTP status, for people ("ThrottlingException", "503").
        retry_after_seconds: What the provider asked to wait, if it did.
        error: The exception, to be chained; never stored in statistics, never logged.
        answer: The provider's answer where it was a 200 that is no success (blocked, truncated):
            for verdicts that hand it to the caller as it is.
    """

    cause: Cause
    code: str | None = None
    retry_after_seconds: float | None = None
    error: BaseException | None = None
    answer: Any = None

    def described(self) -> str:
        """For people: the cause, and the provider's code where there is one."""
        return f"{self.cause}: {self.code}" if self.code else self.cause.value


def dominant(failures: Sequence[Failure]) -> Cause:
    """The cause that failed a call most often; the last of them among equals."""
    causes = [failure.cause for failure in failures]
    return max(reversed(causes), key=causes.count)


class AttemptRecord(NamedTuple):
    """One attempt as the caller may see it: names, cause and numbers, no text of anybody's.

    Args:
        deployment: Its name.
        outcome: "success", "failure" or "cancelled".
        cause: Why it failed.
        code: The provider's own code for it.
        seconds: What it took.
        usage: The tokens that the provider counted, where it did; whether or not it succeeded.
        cost_usd: What they cost; None where they or the price are not known.
        estimated_usd: What an attempt that was not answered, and may be billed all the same, is
            guessed to cost; never part of `cost_usd`.
        first_token_seconds: When its first token came, in streams.
    """

    deployment: str
    outcome: str
    cause: str | None
    code: str | None
    seconds: float
    usage: tuple[int, ...] | None = None  # an `economics.price.Usage`
    cost_usd: float | None = None
    estimated_usd: float | None = None
    first_token_seconds: float | None = None

    def public(self) -> dict[str, Any]:
        """For the answer's metadata."""
        deployment, outcome, cause, _, seconds = self[:5]
        shown = {"deployment": deployment, "outcome": outcome, "seconds": rounded(seconds, 1000.0)}
        if cause is not None:
            shown["cause"] = cause
        return shown


class Answered(NamedTuple):
    """How a call was answered: what goes into `response_metadata["router"]`."""

    attempt_id: int
    deployment: Any  # a Deployment; untyped here, since a value of this layer knows no other
    strategy: str
    task_type: str | None
    total_candidates: int
    started: float
    ended: float
    attempts: tuple[AttemptRecord, ...]
    notes: tuple[str, ...] = ()
    cost_usd: float | None = None  # of all attempts, as far as it is known
    estimated_usd: float = 0.0  # of those that were not counted and may be billed
    ranking: Any = None  # who stood where when the call began; for caches, and not in the history

    def metadata(self, *, now: float | None = None) -> dict[str, Any]:
        """The truth about the call, at most 1 KB as JSON."""
        answering, attempts = self.deployment, self.attempts
        name = answering.name
        ended = self.ended if now is None else now
        metadata: dict[str, Any] = {
            "provider": answering.provider,
            "deployment": name,
            "model_name": answering.model_name[:LONGEST_MODEL_NAME],
            "strategy": self.strategy,
            "task_type": self.task_type,
            "fallback_used": len(attempts) > 1
            and any(attempt.deployment != name for attempt in attempts),
            "attempt_number": len(attempts),
            "total_candidates": self.total_candidates,
            "response_time_seconds": rounded(ended - self.started, 10_000.0),
            "cost_usd": self.cost_usd,
            "attempts": [attempt.public() for attempt in attempts[-SHOWN_ATTEMPTS:]],
        }
        if self.estimated_usd:
            metadata["estimated_usd"] = self.estimated_usd
        if self.notes:
            metadata["notes"] = list(self.notes)
        if len(attempts) > SURELY_SMALL or self.notes:
            _fit(metadata)
        return metadata


def _fit(metadata: dict[str, Any]) -> None:
    """Drop the oldest attempts, then the notes, until the metadata is at most 1 KB as JSON."""
    while len(json.dumps(metadata)) > LONGEST_METADATA:
        if len(metadata["attempts"]) > 1:
            del metadata["attempts"][0]
        elif metadata.pop("notes", None) is None:
            return

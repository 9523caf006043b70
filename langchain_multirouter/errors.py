"""The errors a caller can meet, as one tree.

    ConfigurationError          (ValueError)       a wrong setting or option; nothing was sent
    RouterError                 (ModelError)       never retryable: the router's retries are spent
    ├── NoCandidateError                           no deployment may serve this call
    │   ├── PromptTooLongError  (ContextOverflowError)  its prompt fits in nobody's window
    │   └── BudgetExceededError (in `shortage`)    a budget does not cover what it can cost
    ├── InvalidRequestError     (ModelInvalidRequestError)  the caller's own mistake
    ├── AllAttemptsFailedError                     every attempt failed; also the LangChain class
    │   │                                          of its dominant cause, so that `except
    │   │                                          ModelRateLimitError` means what it says
    │   ├── RateLimitedError    (ModelRateLimitError)
    │   ├── ServiceFailedError  (ModelAPIError)
    │   ├── TimedOutError       (ModelTimeoutError)
    │   ├── UnreachableError    (ModelConnectionError)
    │   ├── UnauthenticatedError (ModelAuthenticationError)
    │   ├── ForbiddenError      (ModelPermissionDeniedError)
    │   ├── ModelMissingError   (ModelNotFoundError)
    │   ├── TooLongError        (ContextOverflowError)
    │   └── RefusedError        (ModelInvalidRequestError)  a content filter refused
    └── StreamInterruptedError  (ModelConnectionError)  after part of the answer was delivered

Texts hold names, causes, codes and seconds; never a prompt, an answer or a key. The provider's own
exception is the `__cause__`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

from .outcome import Cause

if TYPE_CHECKING:
    from .outcome import AttemptRecord, Failure


class ConfigurationError(ValueError):
    """A wrong setting, option or call keyword; the text names the field. Nothing was sent."""


def unknown_name(
    kind: str, name: str, known: Iterable[str], *, hint: str = ""
) -> ConfigurationError:
    """The error for a name that does not exist, with the nearest ones that do."""
    near = get_close_matches(name, tuple(known), n=3, cutoff=0.5)
    meant = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return ConfigurationError(f"{kind} {name[:80]!r} is not known.{meant}{hint}")


class RouterError(ModelError):
    """Any failure of a routed call. Not retryable: an outer layer would only multiply attempts."""

    is_retryable = False


class NoCandidateError(RouterError):
    """No deployment may serve this call; nothing was sent.

    Attributes:
        removed: Deployment name → why it may not serve, filter first ("require_tags: …").
        retry_after_seconds: When the first of those comes back that are out just now; None where
            no waiting helps.
    """

    def __init__(
        self,
        removed: Mapping[str, str],
        *,
        note: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        self.removed = dict(removed)
        self.note = note
        self.retry_after_seconds = retry_after_seconds
        lines = [f"No deployment can serve this call{note}:"]
        lines += [f"  {name}: {why}" for name, why in self.removed.items()]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        again = self.retry_after_seconds
        return partial(type(self), note=self.note, retry_after_seconds=again), (self.removed,)


class PromptTooLongError(NoCandidateError, ContextOverflowError):
    """Whoever might have served this call has too small a context window; nothing was sent.

    LangChain's class for a prompt that is too long, by which agents know to shorten it.
    """


def no_candidate(
    removed: Mapping[str, str], *, note: str = "", retry_after_seconds: float | None = None
) -> NoCandidateError:
    """The error of a call that the filters left nobody for.

    With a note on those who could serve it at other times, the prompt's length is not what failed.
    """
    too_long = not note and any(why.startswith("context_window:") for why in removed.values())
    if too_long:
        return PromptTooLongError(removed)
    return NoCandidateError(removed, note=note, retry_after_seconds=retry_after_seconds)


class InvalidRequestError(RouterError, ModelInvalidRequestError):
    """The request itself is wrong: raised after one attempt, tried nowhere else.

    Its text is ours alone: a provider's may repeat the prompt, or more. `__cause__` is the
    provider's exception, with all that it says.

    Attributes:
        deployment: Who refused it; None where nothing was sent.
        code: The provider's own code or HTTP status, where it is one.
        cause: Always `Cause.BAD_REQUEST`.
    """

    is_retryable = False
    cause: ClassVar[Cause] = Cause.BAD_REQUEST

    def __init__(
        self, message: str, *, deployment: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.deployment = deployment
        self.code = code


class AllAttemptsFailedError(RouterError):
    """Every attempt failed, or the deadline passed.

    Attributes:
        attempts: What was tried, in order: deployment, outcome, cause, code, seconds.
        cause: The dominant cause (`Cause`).
        retry_after_seconds: The soonest time at which a provider asked to be tried again.
    """

    is_retryable = False
    _by_cause: ClassVar[dict[Cause, type[AllAttemptsFailedError]]] = {}

    def __init__(
        self,
        message: str,
        attempts: Sequence[AttemptRecord] = (),
        cause: Cause = Cause.UNKNOWN,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.attempts = tuple(attempts)
        self.cause = cause
        self.retry_after_seconds = retry_after_seconds

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (str(self), self.attempts, self.cause, self.retry_after_seconds)
        return type(self), arguments

    @classmethod
    def for_cause(cls, cause: Cause) -> type[AllAttemptsFailedError]:
        """The class that is also LangChain's class for this cause."""
        return cls._by_cause.get(cause, cls)


class RateLimitedError(AllAttemptsFailedError, ModelRateLimitError):
    """Rate limits or quotas are what failed the call."""

    is_retryable = False


class ServiceFailedError(AllAttemptsFailedError, ModelAPIError):
    """Services that failed, or answers that were none, are what failed the call."""

    is_retryable = False


class TimedOutError(AllAttemptsFailedError, ModelTimeoutError):
    """Time limits, or the call's deadline, are what failed the call."""

    is_retryable = False


class UnreachableError(AllAttemptsFailedError, ModelConnectionError):
    """Connections are what failed the call."""

    is_retryable = False


class UnauthenticatedError(AllAttemptsFailedError, ModelAuthenticationError):
    """Credentials are what failed the call."""


class ForbiddenError(AllAttemptsFailedError, ModelPermissionDeniedError):
    """Missing rights are what failed the call."""


class ModelMissingError(AllAttemptsFailedError, ModelNotFoundError):
    """Models that do not exist are what failed the call."""


class TooLongError(AllAttemptsFailedError, ContextOverflowError):
    """The request has more tokens than any candidate takes."""


class RefusedError(AllAttemptsFailedError, ModelInvalidRequestError):
    """A content filter refused the prompt or the answer."""


AllAttemptsFailedError._by_cause.update(
    {
        Cause.THROTTLED: RateLimitedError,
        Cause.QUOTA_EXHAUSTED: RateLimitedError,
        Cause.OVERLOADED: ServiceFailedError,
        Cause.SERVER: ServiceFailedError,
        Cause.INVALID_RESPONSE: ServiceFailedError,
        Cause.TIMEOUT: TimedOutError,
        Cause.CONNECTION: UnreachableError,
        Cause.STREAM_BROKEN: UnreachableError,
        Cause.AUTHENTICATION: UnauthenticatedError,
        Cause.PERMISSION: ForbiddenError,
        Cause.MODEL_NOT_FOUND: ModelMissingError,
        Cause.CONTEXT_OVERFLOW: TooLongError,
        Cause.CONTENT_POLICY: RefusedError,
    }
)


def all_failed(
    head: str, attempts: Sequence[AttemptRecord], failures: Sequence[Failure], cause: Cause
) -> AllAttemptsFailedError:
    """The error of a call that nobody answered, chained to the last exception."""
    tried = [
        f"  {number}. {attempt.deployment}: {attempt.cause}"
        f"{f' ({attempt.code})' if attempt.code else ''} after {attempt.seconds:.2f} s"
        for number, attempt in enumerate(attempts, 1)
    ]
    hints = [f.retry_after_seconds for f in failures if f.retry_after_seconds is not None]
    error = AllAttemptsFailedError.for_cause(cause)(
        "\n".join([f"{head}; what was tried:", *tried]), attempts, cause, min(hints, default=None)
    )
    error.__cause__ = next((f.error for f in reversed(failures) if f.error is not None), None)
    return error


def callers_own(failure: Failure, deployment: str) -> InvalidRequestError:
    """The error of a request that is wrong, chained to what the provider's class raised."""
    raised = InvalidRequestError(
        f"{deployment} refused the request ({failure.described()}); it was sent nowhere else.",
        deployment=deployment,
        code=failure.code,
    )
    raised.__cause__ = failure.error
    return raised


class StreamInterruptedError(RouterError, ModelConnectionError):
    """The answer broke off after part of it had been delivered, so nothing else was tried.

    Attributes:
        partial: The message chunk that the delivered chunks add up to, exactly (None if the
            stream was empty).
        attempts: What was tried, in order.
        cause: Why it broke off.
    """

    is_retryable = False

    def __init__(
        self,
        message: str,
        partial: Any = None,
        attempts: Sequence[AttemptRecord] = (),
        cause: Cause = Cause.STREAM_BROKEN,
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.attempts = tuple(attempts)
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.partial, self.attempts, self.cause)

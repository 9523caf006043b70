"""Classify: an exception of any provider → one `Failure`, by one table.

Evidence is weighed in a fixed order: the provider's own code, then the HTTP status, then the type,
then what the call was at; words of a message only where nothing else tells. The tables are in
`causes`, the SDKs' ways of carrying evidence in `evidence`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ..errors import AllAttemptsFailedError, StreamInterruptedError
from ..outcome import Cause, Failure
from .causes import (
    CODES,
    LANGCHAIN_TYPES,
    REFINEMENTS,
    REMARKS,
    TYPES,
    cause_of_status,
)
from .evidence import LONGEST_MESSAGE, Evidence, chain, evidence_of, is_code, text_of, wait_hint
from .phases import Phase, phases

LONGEST_CODE = 64

#: A code that is a status; of more digits, `int` may refuse to read it.
_STATUS: Final = re.compile(r"[1-5]?[0-9]{1,2}", re.ASCII)
#: A status below is no failure by itself.
_REDIRECTED = 300


def classify(error: BaseException) -> Failure:
    """Why the call failed; never raises, never reads a prompt or an answer."""
    if isinstance(error, AllAttemptsFailedError | StreamInterruptedError):  # a router in a router
        hint = getattr(error, "retry_after_seconds", None)
        return Failure(error.cause, type(error).__name__, hint, error)
    links = tuple(chain(error))
    said = tuple(evidence_of(link) for link in links)
    hints = (wait_hint(evidence) for evidence in said)
    return Failure(
        cause=_cause(links, said),
        code=_code(said) or _clean(type(error).__name__),
        retry_after_seconds=next((hint for hint in hints if hint is not None), None),
        error=error,
    )


def _cause(links: Sequence[BaseException], said: Sequence[Evidence]) -> Cause:
    for link in links:
        if isinstance(link, RuntimeError):
            remark = _remark(link)
            if remark is not None:
                return remark
    for link, evidence in zip(links, said, strict=True):
        cause = _by_evidence(evidence)
        if cause is not None:
            return _refined(cause, evidence, links)
        cause = _remark(link)
        if cause is None:
            cause = _by_type(link)
        if cause is not None:
            return _by_phase(cause, links)
    cause = _by_langchain_type(links[0])
    if cause is None and any(_is_answered(evidence) for evidence in said):
        return Cause.INVALID_RESPONSE
    return cause or _by_phase(None, links)


def _by_evidence(evidence: Evidence) -> Cause | None:
    """The cause by the provider's code, else by the HTTP status."""
    for code in evidence.codes:
        cause = CODES.get(code.casefold())
        if cause is not None:
            return cause
    status = evidence.status
    if status is None:
        status = next((int(code) for code in evidence.codes if _STATUS.fullmatch(code)), None)
    return None if status is None or status < _REDIRECTED else cause_of_status(status)


def _is_answered(evidence: Evidence) -> bool:
    """Whether a success lies behind it: the answer could not be read."""
    return evidence.status is not None and evidence.status < _REDIRECTED


def _refined(cause: Cause, evidence: Evidence, links: Sequence[BaseException]) -> Cause:
    """What the message adds where code and status do not tell apart."""
    finer = REFINEMENTS.get(cause)
    if finer is None:
        return cause
    if cause is Cause.BAD_REQUEST and any(_is_overflow(link) for link in links):
        return Cause.CONTEXT_OVERFLOW
    words = f"{evidence.message} {text_of(evidence.details or '')}"[:LONGEST_MESSAGE].lower()
    return next((finer[phrase] for phrase in finer if phrase in words), cause)


def _is_overflow(error: BaseException) -> bool:
    return any(kind.__name__ == "ContextOverflowError" for kind in type(error).__mro__)


def _remark(error: BaseException) -> Cause | None:
    """Python's own exceptions, by the few messages that are known."""
    for kind, rows in REMARKS.items():
        if isinstance(error, kind):
            words = text_of(error).lower()
            for phrase, cause in rows.items():
                if phrase in words:
                    return cause
    return None


def _by_type(error: BaseException) -> Cause | None:
    for kind in type(error).__mro__:
        cause = TYPES.get((kind.__module__.partition(".")[0], kind.__name__))
        if cause is not None:
            if cause is Cause.AUTHENTICATION and getattr(error, "retryable", False) is True:
                return Cause.SERVER  # google.auth: the token service failed, not the credentials
            return cause
    return None


def _by_langchain_type(error: BaseException) -> Cause | None:
    for kind in type(error).__mro__:
        if kind.__module__.partition(".")[0] == "langchain_core":
            cause = LANGCHAIN_TYPES.get(kind.__name__)
            if cause is not None:
                return cause
    return None


#: A cause found by type → what it is where an answer was being read piece by piece.
_IN_A_STREAM = {
    Cause.CONNECTION: Cause.STREAM_BROKEN,
    Cause.INVALID_RESPONSE: Cause.STREAM_BROKEN,
}

#: What Python itself raises for a wrong value: whose mistake it is, the phase tells.
_WRONG_VALUES = (TypeError, ValueError, LookupError)


def _by_phase(cause: Cause | None, links: Sequence[BaseException]) -> Cause:
    """The cause by what the call was at, where types alone do not settle it."""
    if cause not in (None, Cause.CONNECTION, Cause.INVALID_RESPONSE):
        return cause
    found = phases(links)
    if cause is not None:
        if cause is Cause.INVALID_RESPONSE and Phase.REQUEST in found:
            return Cause.BAD_REQUEST  # JSON that the caller wrote
        return _IN_A_STREAM[cause] if Phase.STREAM in found else cause
    if Phase.REQUEST in found:
        return Cause.BAD_REQUEST
    if Phase.CREDENTIALS in found:
        return Cause.AUTHENTICATION
    if Phase.RESPONSE in found or Phase.STREAM in found:
        return Cause.INVALID_RESPONSE
    return Cause.BAD_REQUEST if isinstance(links[0], _WRONG_VALUES) else Cause.UNKNOWN


def _code(said: Sequence[Evidence]) -> str | None:
    """The provider's own code, else its status."""
    for evidence in said:
        for code in evidence.codes:
            if is_code(code):
                return code
        if evidence.status is not None and not _is_answered(evidence):
            return str(evidence.status)
    return None


def _clean(code: str) -> str:
    """At most 64 printable characters: codes are a provider's data and go into logs."""
    return "".join(char for char in code[:LONGEST_CODE] if char.isprintable())

"""Journal lines: one event as one line of JSON, and back, where it is what it should be.

    {"version":1,"at":1767225600.5,"router":"5f0c9d2e","event":"Retried","fields":{"call":7,…}}

`at` is the wall time in seconds since the epoch. A line is data of nobody knows whom: it is read by
pydantic in strict mode, against the events' own types, and by nothing else.
"""

from __future__ import annotations

import json
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Final, Literal, NamedTuple, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import to_json

from ..economics.price import Usage
from ..outcome import AttemptRecord
from .events import AttemptEnded, CallEnded, Happening, Ranked
from .record import CallRecord

VERSION: Final = 1
#: Larger numbers are nobody's; they would overflow where they are added up.
LARGEST: Final = 1e15
LONGEST_TEXT: Final = 4096


class Entry(NamedTuple):
    """An event as a journal has it: which router told it, and when, in seconds since the epoch."""

    at: float
    router: str
    event: Happening


def written(at: float, router: str, event: Happening) -> bytes:
    """The event's line, in ASCII, with its newline; a number that is not finite is null.

    Raises:
        ValueError: a text that is none.
    """
    line = {
        "version": VERSION,
        "at": at,
        "router": router,
        "event": type(event).__name__,
        "fields": _named(event),
    }
    encoded = to_json(line, inf_nan_mode="null")  # at a fifth of the cost of Python's own
    if not encoded.isascii():
        encoded = json.dumps(line, separators=(",", ":")).encode("ascii")
    return encoded + b"\n"


def _named(event: Happening) -> dict[str, Any]:
    """The fields by their names, those of the values within it too; tokens are a list of counts."""
    if isinstance(event, CallEnded):
        record = _fields(event.record)
        record["attempts"] = [_fields(one) for one in event.record.attempts]
        return {"record": record, "is_check": event.is_check}
    fields = _fields(event)
    if isinstance(event, AttemptEnded):
        fields["attempt"] = _fields(event.attempt)
    elif isinstance(event, Ranked):
        fields["considered"] = [_fields(one) for one in event.considered]
    return fields


def _fields(value: Any) -> dict[str, Any]:
    return dict(zip(value._fields, value, strict=True))


@cache
def _reader() -> TypeAdapter[Any]:
    """Made when first needed: whoever writes alone need not pay for it."""
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    around: dict[str, Any] = {
        "version": (Literal[1], ...),
        "at": (Annotated[float, Field(ge=0.0, le=LARGEST)], ...),
        "router": (Annotated[str, Field(max_length=64)], ...),
    }
    shapes = []
    for kind in get_args(Happening):
        own: dict[str, Any] = {"event": (Literal[kind.__name__], ...), "fields": (kind, ...)}
        shapes.append(create_model(kind.__name__, __config__=config, **around, **own))
    either: Any = reduce(or_, shapes)
    return TypeAdapter(Annotated[either, Field(discriminator="event")])


def read(line: bytes) -> Entry | None:
    """The line's event; None where it is none: cut, foreign, of another version, or hostile."""
    try:
        whole = _reader().validate_json(line, strict=True)
    except (ValidationError, ValueError, RecursionError):
        return None
    event = whole.fields
    if not _sane(event):
        return None
    if isinstance(event, CallEnded):
        event = event._replace(record=_record(event.record, whole.at))
    elif isinstance(event, AttemptEnded):
        event = event._replace(attempt=_attempt(event.attempt))
    return Entry(whole.at, whole.router, event)


def _sane(value: Any) -> bool:
    """Whether every number can be calculated with, and no text is longer than a router's are."""
    match value:
        case bool() | None:
            return True
        case int() | float():
            return -LARGEST <= value <= LARGEST  # false for NaN
        case str():
            return len(value) <= LONGEST_TEXT
        case dict():
            return all(_sane(key) and _sane(one) for key, one in value.items())
    if isinstance(value, CallRecord | AttemptRecord) and not _counts(value):
        return False
    return all(map(_sane, value))


def _counts(record: CallRecord | AttemptRecord) -> bool:
    """Whether what cannot be negative is not."""
    if isinstance(record, AttemptRecord) and any(count < 0 for count in record.usage or ()):
        return False
    return all(one >= 0 for one in record[1:] if isinstance(one, int | float))


def _record(record: CallRecord, at: float) -> CallRecord:
    """With the epoch's seconds, which mean the same to every process."""
    return record._replace(at=at, attempts=tuple(map(_attempt, record.attempts)))


def _attempt(attempt: AttemptRecord) -> AttemptRecord:
    usage = attempt.usage
    if usage is None or len(usage) > len(Usage._fields):
        return attempt._replace(usage=None)
    return attempt._replace(usage=Usage(*usage))

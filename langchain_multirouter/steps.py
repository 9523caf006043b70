"""Steps and events: the few words between the flow, which decides, and the drivers, which wait.

    steps   Start(id, …)  Cancel(id)  Deliver(id)  Tell(listening, happened)  Wait(until)
    events  Chunk(id, kind, …)  Ended(id, failure, now)  Elapsed(now)

Only `Wait` is answered with an event. Times are the monotonic clock's, and an event's is when it
happened, not when it was read.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from .deployment import Deployment
from .outcome import Answered, Failure
from .request import Limits
from .telemetry.story import Happened, Listening


class Start(NamedTuple):
    """Begin attempt `id` at the deployment with this number in the fleet."""

    id: int
    number: int
    deployment: Deployment
    limits: Limits
    resume: bool = False  # go on from what was delivered
    max_tokens: int | None = None  # the longest answer that the call's budgets pay for


class Cancel(NamedTuple):
    """Leave attempt `id`; its later events are of no interest."""

    id: int


class Deliver(NamedTuple):
    """Hand attempt `id`'s chunks over, those held back first: the call is committed to it."""

    id: int


class Tell(NamedTuple):
    """Tell whoever listens what happened; only in calls that somebody listens to."""

    listening: Listening
    happened: Happened


class Wait(NamedTuple):
    """Send the next event, or `Elapsed` at `until` (None: no limit)."""

    until: float | None


class Kind(Enum):
    """What a chunk carries."""

    EMPTY = "nothing of the answer: a role, a usage count"
    CONTENT = "text, reasoning, a tool call or another part of the answer"
    CALL = "a part of a tool call, with or without other content"
    FINISH = "the finish reason, with or without content"


class Chunk(NamedTuple):
    """A chunk of attempt `id` arrived; `characters` are those of the answer so far."""

    id: int
    kind: Kind
    has_content: bool
    now: float
    characters: int = 0


class Ended(NamedTuple):
    """Attempt `id` ended, well if `failure` is None; `usage` is LangChain's usage metadata."""

    id: int
    failure: Failure | None
    now: float
    usage: Mapping[str, Any] | None = None


class Elapsed(NamedTuple):
    """The wait ran out and nothing happened."""

    now: float


Step = Start | Cancel | Deliver | Tell | Wait
Event = Chunk | Ended | Elapsed
Flow = Generator[Step, Event | None, Answered]

"""Journal reading: what a journal tells, line by line; whatever else is in it is counted.

A file of nobody knows whom: no line makes an object other than the events' own values, none is read
into memory that is longer than a router's can be, and no more is kept than was asked for.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import ConfigurationError
from .bounded_file import numbered
from .events import AttemptStarted, CallEnded
from .journal_lines import Entry, read
from .record import CallRecord

#: Longer lines are nobody's: a decision among a thousand deployments has a quarter of it.
LONGEST_LINE = 1 << 20
#: What is kept of a journal by default, the latest.
MOST_EVENTS = 200_000
#: Names of deployments whose provider is remembered.
MOST_SITES = 10_000
#: The files of a directory that are looked at, and how often one can have been put aside.
MOST_FILES = 1000


class Site(NamedTuple):
    """Whose a deployment is, and the model it serves."""

    provider: str
    model: str


class Reading(NamedTuple):
    """What a journal tells.

    Args:
        records: The calls that ended, in the files' order, health checks' own left out; `at` is
            the epoch's seconds.
        events: All events with their times and routers, in the files' order.
        skipped: Lines that were cut, foreign or hostile.
        forgotten: Earlier events that were left out, being more than was asked for.
        sites: Deployment → whose it is.
    """

    records: Sequence[CallRecord]
    events: Sequence[Entry]
    skipped: int
    forgotten: int = 0
    sites: Mapping[str, Site] = {}


def read_journal(path: str | os.PathLike[str], *, most_events: int = MOST_EVENTS) -> Reading:
    """What a journal's files tell; what is no line of a journal is read past and counted.

    Args:
        path: The journal's newest file, with its predecessors beside it; or a directory of such.
        most_events: How many events are kept, the latest.

    Raises:
        ConfigurationError: there is no such file, or it cannot be read.
    """
    kept: deque[Entry] = deque(maxlen=most_events)
    sites: dict[str, Site] = {}
    skipped = seen = 0
    for file in _files(Path(path)):
        for entry in _entries(file):
            if entry is None:
                skipped += 1
                continue
            seen += 1
            kept.append(entry)
            event = entry.event
            if isinstance(event, AttemptStarted) and len(sites) < MOST_SITES:
                sites[event.deployment] = Site(event.provider, event.model)
    ended = [one.event for one in kept if isinstance(one.event, CallEnded)]
    records = [one.record for one in ended if not one.is_check]
    return Reading(records, tuple(kept), skipped, seen - len(kept), sites)


def _files(path: Path) -> list[Path]:
    """The journal's files, the oldest first."""
    try:
        newest = sorted(path.glob("*.jsonl"))[:MOST_FILES] if path.is_dir() else [path]
        found = []
        for file in newest:
            count = 1
            while count < MOST_FILES and numbered(file, count).is_file():
                count += 1
            found += [numbered(file, number) for number in range(count - 1, -1, -1)]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"path: cannot be read ({type(error).__name__})") from None
    if not path.is_dir() and len(found) == 1 and not path.is_file():
        raise ConfigurationError("path: there is no such file")
    return found


def _entries(path: Path) -> Iterator[Entry | None]:
    """Each line's event, or None."""
    try:
        with open(path, "rb", opener=_regular) as file:
            for line in _lines(file):
                yield None if line is None else read(line)
    except FileNotFoundError:  # put aside, or not there yet
        return
    except OSError as error:
        raise ConfigurationError(f"path: cannot be read ({type(error).__name__})") from None


def _regular(path: str, flags: int) -> int:
    """Opens a file, and nothing that would be waited for."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no file")
    return descriptor


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines that say something; None for one that is too long."""
    while line := file.readline(LONGEST_LINE):
        if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
            while (more := file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
                pass
            yield None
        elif line.strip():
            yield line

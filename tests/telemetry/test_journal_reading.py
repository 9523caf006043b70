"""Journal reading: whatever else is in a journal is read past, counted, and nothing more."""

from __future__ import annotations

import json
import math
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter import ConfigurationError, read_journal
from langchain_multirouter.economics.price import Usage
from langchain_multirouter.outcome import AttemptRecord
from langchain_multirouter.telemetry.events import (
    BudgetReached,
    CacheFailed,
    CacheHit,
    CacheMissed,
    CallEnded,
    Happening,
    HealthChanged,
    Paused,
    QuotaReached,
    QuotaWaited,
)
from langchain_multirouter.telemetry.journal_lines import LONGEST_TEXT, read, written
from langchain_multirouter.telemetry.journal_reading import LONGEST_LINE
from langchain_multirouter.telemetry.record import CallRecord

USAGE = Usage(1, 2, 0, 0, 0, 0, 0, 0, 0)
ATTEMPT = AttemptRecord("a", "success", None, None, 0.5, USAGE, 0.1, None, 0.2)
RECORD = CallRecord(7, 99.0, "ordered", "chat", "a", None, (ATTEMPT,), 0.6, 2, False)
GOOD = written(1.5, "r", CallEnded(RECORD))


def journal(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def changed(**fields: Any) -> bytes:
    """A good line whose record has other fields."""
    line = json.loads(GOOD)
    line["fields"]["record"].update(fields)
    return json.dumps(line).encode() + b"\n"


def around(**fields: Any) -> bytes:
    """A good line in another envelope."""
    return json.dumps({**json.loads(GOOD), **fields}).encode() + b"\n"


HOSTILE = {
    "cut": GOOD[:90] + b"\n",
    "half of it": GOOD[40:],
    "two in one": GOOD.strip() + GOOD,
    "text": b"once upon a time\n",
    "a log's line": b'{"level": "INFO", "message": "hello"}\n',
    "a list": b"[1, 2]\n",
    "null": b"null\n",
    "bytes": bytes(range(128, 256)) + b"\n",
    "zeros": b"\0" * 999 + b"\n",
    "no utf-8": GOOD.replace(b"ordered", b"\xff\xfe"),
    "deep": b"[" * 100_000 + b"\n",
    "deep objects": b'{"a":' * 50_000 + b"\n",
    "deep in a field": GOOD.replace(b'"chat"', b"[" * 5000 + b"]" * 5000),
    "10 MB": b'{"version":1,"x":"' + b"x" * 10_000_000 + b'"}\n',
    "10 MB of brackets": b"[" * 10_000_000 + b"\n",
    "NaN": GOOD.replace(b"0.6", b"NaN"),
    "infinite": GOOD.replace(b"0.6", b"Infinity"),
    "too large": GOOD.replace(b"0.6", b"1e400"),
    "large": changed(seconds=1e16),
    "many digits": GOOD.replace(b"0.6", b"9" * 5000),
    "a large whole number": changed(call=10**30),
    "text for a number": changed(seconds="0.6"),
    "a number for text": changed(strategy=7),
    "true for a number": changed(candidates=True),
    "negative seconds": changed(seconds=-1.0),
    "negative tokens": changed(attempts=[{**ATTEMPT._asdict(), "usage": [-1, 2]}]),
    "negative cost": changed(attempts=[{**ATTEMPT._asdict(), "cost_usd": -0.1}]),
    "an attempt that is none": changed(attempts=[7]),
    "attempts that are none": changed(attempts="abc"),
    "another field": changed(__class__="os.system"),
    "a long text": changed(strategy="x" * (LONGEST_TEXT + 1)),
    "another version": around(version=2),
    "a version in text": around(version="1"),
    "another event": around(event="Exploded"),
    "an event's dunder": around(event="__init__"),
    "the event of other fields": around(event="Retried"),
    "no router": around(router=None),
    "a long router": around(router="r" * 100),
    "no time": around(at=None),
    "a negative time": around(at=-1.0),
    "more around it": around(more=1),
    "yaml": b"!!python/object/apply:os.system ['true']\n",
    "a pickle": b"cos\nsystem\n(S'true'\ntR.\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_line_of_a_journal_is_read_past_and_counted(kind: str, tmp_path: Path) -> None:
    hostile = HOSTILE[kind]
    reading = read_journal(journal(tmp_path, GOOD, hostile, GOOD))
    assert len(reading.records) == 2
    assert reading.skipped == max(1, hostile.count(b"\n"))


def test_a_record_comes_back_whole_with_its_wall_time() -> None:
    entry = read(GOOD)
    assert entry is not None
    assert (entry.at, entry.router) == (1.5, "r")
    assert entry.event == CallEnded(RECORD._replace(at=1.5))
    assert isinstance(entry.event, CallEnded)
    assert entry.event.record.attempts[0].usage == USAGE
    assert isinstance(entry.event.record.attempts[0].usage, Usage)


@pytest.mark.parametrize(
    "event",
    [
        HealthChanged("a", False, "server"),
        Paused("a"),
        BudgetReached(None, "monthly", "0a1b", 0.01, 0.5, "refused"),
        QuotaWaited(3, "a", "tokens", 1.5),
        QuotaReached(3, "a", "requests", 9.0),
        CacheHit(3, "exact", "a", 0.001),
        CacheMissed(3),
        CacheFailed(3, "OSError"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_event_comes_back_as_it_was(event: Happening) -> None:
    entry = read(written(2.0, "r", event))
    assert entry is not None
    assert entry.event == event


def test_counts_may_be_written_where_seconds_are_meant() -> None:
    assert read(changed(seconds=1)) is not None


def test_empty_lines_and_an_end_without_a_newline_are_nothing_wrong(tmp_path: Path) -> None:
    reading = read_journal(journal(tmp_path, b"\n", GOOD, b"\r\n \n", GOOD.rstrip()))
    assert (len(reading.records), reading.skipped) == (2, 0)


def test_an_empty_journal_tells_nothing(tmp_path: Path) -> None:
    assert read_journal(journal(tmp_path))[:3] == ([], (), 0)


def test_the_latest_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    lines = [written(float(i), "r", CallEnded(RECORD._replace(call=i))) for i in range(10)]
    reading = read_journal(journal(tmp_path, *lines), most_events=3)
    assert [record.call for record in reading.records] == [7, 8, 9]
    assert (len(reading.events), reading.forgotten) == (3, 7)


def test_a_large_hostile_file_takes_no_more_memory_than_a_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with open(path, "wb") as file:
        for _ in range(5):
            file.write(b"[" * 8_000_000 + b"\n")
        file.write(GOOD)
    read_journal(path)
    tracemalloc.start()
    try:
        assert len(read_journal(path).records) == 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * LONGEST_LINE


def test_files_that_were_put_aside_are_read_first_the_oldest_first(tmp_path: Path) -> None:
    for number, name in enumerate(["j.jsonl.2", "j.jsonl.1", "j.jsonl"]):
        line = written(1.0, "r", CallEnded(RECORD._replace(call=number)))
        (tmp_path / name).write_bytes(line)
    (tmp_path / "j.jsonl.9").write_bytes(GOOD)
    assert [one.call for one in read_journal(tmp_path / "j.jsonl").records] == [0, 1, 2]


def test_a_directory_is_read_as_all_of_its_journals(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.jsonl.1", "b.jsonl", "other.txt"):
        (tmp_path / name).write_bytes(GOOD)
    assert len(read_journal(tmp_path).records) == 3


@pytest.mark.parametrize("path", ["missing.jsonl", "no/such/dir.jsonl", "a\0b"])
def test_a_file_that_is_not_there_is_said(path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="path: "):
        read_journal(tmp_path / path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "j.jsonl")
    with pytest.raises(ConfigurationError, match="path: "):
        read_journal(tmp_path / "j.jsonl")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
PLACES = ["version", "at", "router", "event", "fields"]


@settings(max_examples=200)
@given(st.sampled_from(PLACES), VALUES)
def test_no_value_anywhere_around_an_event_raises(place: str, value: Any) -> None:
    line = json.loads(GOOD)
    line[place] = value
    entry = read(json.dumps(line).encode())
    assert entry is None or math.isfinite(entry.at)


@settings(max_examples=200)
@given(st.sampled_from(CallRecord._fields), VALUES)
def test_no_value_within_an_event_raises(place: str, value: Any) -> None:
    entry = read(changed(**{place: value}))
    if entry is not None:
        assert isinstance(entry.event, CallEnded)
        assert all(math.isfinite(n) for n in entry.event.record if isinstance(n, int | float))


@settings(max_examples=300)
@given(st.binary(max_size=300), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_no_bytes_raise(noise: bytes, at: int, left_out: int) -> None:
    read(noise)
    read(GOOD[:at] + noise + GOOD[at + left_out :])

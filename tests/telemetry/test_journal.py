"""Journal: what happened, in files of bounded size, whatever becomes of them."""

from __future__ import annotations

import errno
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langchain_multirouter import (
    ConfigurationError,
    Deployment,
    Journal,
    RoutedChatModel,
    read_journal,
)
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.routing.rebuilding import rebuilt_order
from langchain_multirouter.telemetry import bounded_file, delivery
from langchain_multirouter.telemetry.bounded_file import BoundedFile
from langchain_multirouter.telemetry.events import CallEnded, Ranked
from tests.reference.known import listening, scripted
from tests.security.canaries import QUESTION, SCHEMA, found
from tests.wire.conftest import MODES, WIRES, ask

ALL_MODES = pytest.mark.parametrize("mode", MODES)
FAULT = ConnectionError("gone")


@pytest.fixture(autouse=True)
def prompt_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GATHERING_SECONDS", 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "routing.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    made = Journal(path)
    yield made
    made.close()


@ALL_MODES
def test_a_line_has_version_time_router_event_and_fields(
    mode: str, journal: Journal, path: Path
) -> None:
    router = scripted([FAULT, "fine"], sinks=[journal])
    ask(router, mode)
    assert journal.flush()
    lines = [json.loads(line) for line in path.read_text("ascii").splitlines()]
    assert [line["event"] for line in lines] == [
        "Ranked", "AttemptStarted", "AttemptEnded", "Retried", "AttemptStarted", "AttemptEnded",
        "CallEnded",
    ]  # fmt: skip
    assert {tuple(line) for line in lines} == {("version", "at", "router", "event", "fields")}
    assert {line["version"] for line in lines} == {1}
    assert {line["router"] for line in lines} == {router.assembled.audience.router.id}
    assert lines[0]["at"] > 1.7e9
    assert lines[3]["fields"] == {"call": 0, "deployment": "a", "number": 2}


@ALL_MODES
def test_what_is_read_is_what_happened(mode: str, journal: Journal, path: Path) -> None:
    seen: list[Any] = []
    priced = [{"price": {"input": 1, "output": 2}}, {}]
    router = scripted([FAULT, FAULT], ["fine"], deployments=priced, sinks=[journal, seen.append])
    for _ in range(3):
        ask(router, mode)
    router.pause("a")
    assert router.assembled.audience.flush()
    reading = read_journal(path)
    assert (reading.skipped, reading.forgotten) == (0, 0)
    at = iter(reading.events)
    for event in seen:
        entry = next(at)
        if isinstance(event, CallEnded):
            event = CallEnded(event.record._replace(at=entry.at))
        assert entry.event == event
    assert [record.call for record in reading.records] == [0, 1, 2]
    assert reading.records[0].deployment == "b"
    assert reading.records[0].attempts[-1].usage[0] > 0  # type: ignore[index]
    assert reading.sites["b"] == ("aws_bedrock", "scripted")
    for entry in reading.events:
        if isinstance(entry.event, Ranked):
            assert rebuilt_order(entry.event) == entry.event.order


def test_only_its_owner_may_read_it(journal: Journal, path: Path, tmp_path: Path) -> None:
    router = scripted(["x"], sinks=[journal])
    router.invoke("hi")
    journal.flush()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = tmp_path / "open.jsonl"
    other.touch(0o644)
    with_other = Journal(other)
    scripted(["x"], sinks=[with_other]).invoke("hi")
    with_other.close()
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


@ALL_MODES
@pytest.mark.parametrize("wire", WIRES)
def test_neither_prompt_nor_answer_nor_key_is_in_it(
    wire: str, mode: str, journal: Journal, path: Path, cloud: Emulator, models: dict[str, Any]
) -> None:
    router = RoutedChatModel([Deployment(models[wire], name=wire)], sinks=[journal])
    answer = ask(router, mode, QUESTION, tools=[SCHEMA])
    journal.flush()
    text = path.read_text("ascii")
    assert len(text.splitlines()) == 4
    (record,) = read_journal(path).records
    assert record.cost_usd == answer.response_metadata["router"]["cost_usd"] > 0
    assert found(text) == []
    assert not answer.text or answer.text not in text


def test_health_checks_are_events_and_no_calls(journal: Journal, path: Path) -> None:
    router = scripted(["x"], sinks=[journal])
    router.check_health()
    router.invoke("hi")
    journal.flush()
    reading = read_journal(path)
    ended = [e.event for e in reading.events if isinstance(e.event, CallEnded)]
    assert [event.is_check for event in ended] == [True, False]
    assert reading.records == [ended[1].record]


# --- bounded ----------------------------------------------------------------------------------


def test_files_are_put_aside_when_they_are_full_and_the_oldest_is_forgotten(path: Path) -> None:
    journal = Journal(path, most_bytes=10_000, files=3)
    router = scripted(["x"], sinks=[journal])
    for _ in range(60):
        router.invoke("hi")
    journal.close()
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["routing.jsonl", "routing.jsonl.1", "routing.jsonl.2"]
    assert all(file.stat().st_size <= 10_000 for file in path.parent.iterdir())
    reading = read_journal(path)
    assert reading.skipped == 0
    calls = [record.call for record in reading.records]
    assert calls == list(range(calls[0], 60))
    assert 10 < len(calls) < 60


def test_a_journal_of_one_file_begins_anew_when_it_is_full(path: Path) -> None:
    journal = Journal(path, most_bytes=10_000, files=1)
    router = scripted(["x"], sinks=[journal])
    for _ in range(40):
        router.invoke("hi")
    journal.close()
    assert [file.name for file in path.parent.iterdir()] == ["routing.jsonl"]
    assert read_journal(path).records[-1].call == 39


def test_a_line_that_is_longer_than_a_file_is_lost_and_counted(path: Path) -> None:
    file = BoundedFile(path, most_bytes=10, files=2)
    assert file.append([b"a\n", b"x" * 20 + b"\n", b"b\n"]) == 1
    file.close()
    assert path.read_bytes() == b"a\nb\n"


def test_writers_of_one_path_lose_nothing_but_the_oldest(path: Path) -> None:
    files = [BoundedFile(path, most_bytes=1000, files=50) for _ in range(4)]

    def write(number: int) -> None:
        for i in range(100):
            assert files[number].append([f"{number}:{i:03}:{'.' * 40}\n".encode()]) == 0

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for file in files:
        file.close()
    lines = [line for one in path.parent.iterdir() for line in one.read_text().splitlines()]
    assert len(lines) == len(set(lines)) == 400
    assert all(one.stat().st_size <= 1000 for one in path.parent.iterdir())


# --- what can become of a file ----------------------------------------------------------------


def test_a_directory_that_is_not_there_is_made_and_one_that_goes_is_made_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "logs" / "deep" / "r.jsonl"
    journal = Journal(path)
    router = scripted(["x"], sinks=[journal])
    router.invoke("hi")
    journal.flush()
    path.unlink()
    path.parent.rmdir()
    router.invoke("hi")
    journal.close()
    assert [record.call for record in read_journal(path).records] == [1]


def test_a_full_disk_costs_lines_and_no_call_and_is_said_once(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = scripted(["x"], sinks=[journal])
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with listening() as listener:
        monkeypatch.setattr(bounded_file.os, "write", full)
        for _ in range(3):
            assert router.invoke("hi").text == "x"
            journal.flush()
        monkeypatch.setattr(bounded_file.os, "write", real)
        router.invoke("hi")
        journal.flush()
    assert journal.lost == 12
    said = [r.getMessage() for r in listener.records if "sink" in r.getMessage()]
    assert said == ["A sink failed (OSError); its events may be lost."]
    assert [record.call for record in read_journal(path).records] == [3]


def test_a_line_that_was_cut_is_read_past_and_the_next_is_whole(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    router = scripted(["x"], sinks=[journal])
    real = os.write

    def cut(descriptor: int, data: bytes) -> int:
        monkeypatch.setattr(bounded_file.os, "write", real)
        return real(descriptor, data[:100])

    monkeypatch.setattr(bounded_file.os, "write", cut)
    for _ in range(2):
        router.invoke("hi")
        journal.flush()
    reading = read_journal(path)
    assert reading.skipped == 1
    assert reading.records[-1].call == 1


def test_a_file_that_ends_within_a_line_goes_on_with_a_line_of_its_own(
    path: Path, journal: Journal
) -> None:
    path.write_bytes(b'{"version":1,"at":17')
    scripted(["x"], sinks=[journal]).invoke("hi")
    journal.flush()
    reading = read_journal(path)
    assert (len(reading.records), reading.skipped) == (1, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_what_is_no_file_is_neither_waited_for_nor_written_to(
    kind: str, path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "elsewhere"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    journal = Journal(path)
    router = scripted(["x"], sinks=[journal])
    assert router.invoke("hi").text == "x"
    assert journal.flush()
    journal.close()
    assert journal.lost == 4
    assert not target.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_parent_and_forked_child_write_each_line_once() -> None:
    program = """
import os, sys, tempfile, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # a fork where threads are
from langchain_multirouter import Journal, read_journal
from tests.reference.known import scripted
path = os.path.join(tempfile.mkdtemp(), "r.jsonl")
journal = Journal(path)
router = scripted(["x"], sinks=[journal])
router.invoke("hi")
child = os.fork()
for _ in range(2):
    router.invoke("hi")
journal.close()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
reading = read_journal(path)
print(reading.skipped, sorted(record.call for record in reading.records))
"""
    ran = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "0 [0, 1, 1, 2, 2]\n"


def test_a_process_that_ends_has_written_what_happened(path: Path) -> None:
    program = (
        "import sys\n"
        "from langchain_multirouter import Journal\n"
        "from tests.reference.known import scripted\n"
        "scripted(['x'], sinks=[Journal(sys.argv[1])]).invoke('hi')\n"
    )
    subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, str(path)], check=True, timeout=60
    )
    assert len(read_journal(path).records) == 1


def test_nothing_is_ever_synced(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("synced")

    for name in ("fsync", "fdatasync", "sync"):
        monkeypatch.setattr(os, name, refuse, raising=False)
    scripted(["x"], sinks=[journal]).invoke("hi")
    journal.flush()
    assert journal.delivery.failed == 0
    assert len(read_journal(path).records) == 1


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"path": ""}, "path"),
        ({"path": 7}, "path"),
        ({"path": "a\0b"}, "path"),
        ({"path": "/"}, "path: is a directory"),
        ({"most_bytes": 10}, "most_bytes: "),
        ({"most_bytes": 1e6}, "most_bytes: must be a whole number"),
        ({"most_bytes": float("nan")}, "most_bytes"),
        ({"most_bytes": True}, "most_bytes"),
        ({"files": 0}, "files: "),
        ({"files": 1001}, "files: must be at most 1000"),
        ({"files": "3"}, "files"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    settings: dict[str, Any], text: str, path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=text):
        Journal(**{"path": path, **settings})


def test_a_journal_travels_with_its_router_as_its_settings(path: Path) -> None:
    params = {"azure_endpoint": "https://e.invalid", "api_version": "1", "api_key": None}
    os.environ.setdefault("AZURE_OPENAI_API_KEY", "x")
    router = RoutedChatModel(
        [Deployment("azure_openai:gpt-4o", params=params)],
        sinks=[Journal(path, most_bytes=50_000, files=2), print_event],
    )
    back = pickle.loads(pickle.dumps(router))  # noqa: S301  # our own
    journal, function = back.sinks
    assert (journal.path, journal.most_bytes, journal.files) == (path, 50_000, 2)
    assert function is print_event
    assert back.assembled.audience.router.id != router.assembled.audience.router.id


def print_event(event: Any) -> None:
    """A function of a module, which a pickle can name."""


class Mine:
    def take(self, told: Any) -> None: ...


def test_a_sink_that_cannot_travel_is_named() -> None:
    params = {"azure_endpoint": "https://e.invalid", "api_version": "1", "api_key": None}
    router = RoutedChatModel([Deployment("azure_openai:gpt-4o", params=params)], sinks=[Mine()])
    with pytest.raises(TypeError, match=r"sinks\[0\]: an object \(Mine\) cannot be pickled"):
        pickle.dumps(router)

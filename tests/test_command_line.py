"""The command line: what the commands print, and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langchain_multirouter import __main__ as command_line
from langchain_multirouter.demo import ASKS, disagreements
from langchain_multirouter.demo_screen import columns_of, fitted
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.telemetry.journal import Journal
from tests.reference.known import scripted

COMMAND = (sys.executable, "-m", "langchain_multirouter")
ROOT = Path(__file__).parent.parent


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "NO_PROXY": "127.0.0.1", **more}


def ran(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, *arguments],
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_demo_answers_every_call_and_the_wire_agrees_within_half_a_minute(
    tmp_path: Path,
) -> None:
    used = children_seconds()
    # Credentials, endpoints and settings of the machine must have no part in it.
    page = tmp_path / "report.html"
    machine = {"AWS_PROFILE": "nobody", "OPENAI_API_BASE": "http://127.0.0.1:9", "PYTHONUTF8": "1"}
    done = ran("demo", "--html", str(page), **machine)
    assert done.returncode == 0, done.stdout + done.stderr
    # Imports are the processor's time, calls mostly waits; their sum, unlike the clock on the
    # wall, is the same on a machine that is busy with other tests.
    (calls,) = re.findall(r"answered, in (\d+\.\d) s", " ".join(done.stdout.split()))
    assert float(calls) + children_seconds() - used < 30
    assert done.stderr == ""
    text = " ".join(done.stdout.split())
    assert text.startswith("Starting three emulated clouds")
    assert f"{len(ASKS)} of {len(ASKS)} calls were answered" in text
    assert re.search(r"[1-9]\d* fell back after a failed attempt; [1-9]\d* went round", text)
    assert re.search(r"503 x\d+, reset( x\d+)?, silence( x\d+)?\.", text)
    assert "the breaker of azure_openai is open" in text
    assert "the probe was answered: azure_openai is back" in text
    counted = sum(int(line.split()[1]) for line in table(done.stdout))
    assert f"Wire log: {counted} requests arrived, as many as were counted." in text
    assert re.search(r"would have cost azure_openai alone 0\.0\d+, .*; they cost 0\.0\d+\.", text)
    assert "gcp_vertex alone would have cost" in text  # its advice
    assert "</html>" in page.read_text(encoding="utf-8")
    # Where there is no terminal: no colour, and lines that fit into 80 columns.
    assert "\x1b" not in done.stdout
    assert max(map(columns_of, done.stdout.splitlines())) < 80


def children_seconds() -> float:
    """The processor's time that ended child processes have taken."""
    times = os.times()
    return times.children_user + times.children_system


def table(output: str) -> list[str]:
    """The rows of the summary's table."""
    lines = output.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("deployment "))
    return lines[start + 1 : start + 4]


def test_the_demo_says_that_its_page_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(stream: object, *, html: str) -> int:
        Path(html).write_text("", encoding="utf-8")
        return 0

    monkeypatch.setattr("langchain_multirouter.demo.run", run)
    nowhere = str(tmp_path / "nowhere" / "report.html")
    assert command_line.main(["demo", "--html", nowhere]) == 1
    assert nowhere in capsys.readouterr().err
    assert command_line.main(["demo", "--html", str(tmp_path / "report.html")]) == 0


def test_a_prompt_is_shortened_to_columns_of_which_a_chinese_character_takes_two() -> None:
    assert fitted("short", 8) == "short   "
    assert fitted("rather long", 8) == "rather.."
    assert fitted("日本の四季", 8) == "日本の.."
    assert fitted("日本", 8) == "日本    "


def test_counts_that_are_not_those_of_the_wire_are_told_in_words() -> None:
    counts = {"azure_openai": {"started": 2, "succeeded": 1, "failed": 1}}
    assert disagreements(counts, {"azure_openai": ()}) == [
        "azure_openai started: 2 counted, 0 on the wire",
        "azure_openai failed: 1 counted, 0 on the wire",
        "azure_openai succeeded: 1 counted, 0 on the wire",
    ]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell's background jobs ignore SIGINT, and children inherit that; not these."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_emulate_prints_arguments_that_work_and_ends_well_on_an_interrupt() -> None:
    with subprocess.Popen(  # noqa: S603  # our own command
        [*COMMAND, "emulate"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = ""
        while "cloud.break_" not in printed:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            printed += line
        try:
            answers = asked_of_each(printed)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == ""
    assert answers == {"azure": True, "bedrock": True, "gemini": True}


def asked_of_each(printed: str) -> dict[str, bool]:
    """Build the classes from the printed Python, and ask each."""
    built: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        exec(printed, built)  # noqa: S102  # it is meant to be pasted
    answers = {}
    for name in ("azure", "bedrock", "gemini"):
        answers[name] = built[name].invoke("Are you there?").text.startswith("Hello from")
        getattr(built[name], "root_client", getattr(built[name], "client", None)).close()
    return answers


def test_emulate_says_which_extra_brings_a_class_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(self: Emulator) -> None:
        raise ModuleNotFoundError(name="google")

    monkeypatch.setattr(Emulator, "gcp_vertex", missing)
    gemini = command_line._CLASSES[-1]
    lines = list(command_line._constructor(Emulator(), gemini))
    assert lines == ['# ChatGoogleGenerativeAI: pip install "langchain-multirouter[vertex]"']


def test_emulate_refuses_an_address_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator() as cloud:
        port = cloud.url.rpartition(":")[2]
        assert command_line.main(["emulate", "--port", port]) == 1
    assert f"Cannot listen on 127.0.0.1 port {port}" in capsys.readouterr().err


def test_the_demo_says_what_to_install_where_a_provider_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(stream: object, *, html: str | None) -> int:
        raise ModuleNotFoundError(name="langchain_aws")

    monkeypatch.setattr("langchain_multirouter.demo.run", missing)
    assert command_line.main(["demo"]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "langchain_aws is missing; the demo needs all three:",
        '    pip install "langchain-multirouter[all]"',
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        [],
        ["emulate", "--port", "65536"],
        ["emulate", "--port", "-1"],
        ["emulate", "--port", "http"],
        ["demo", "--loud"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    assert "usage: langchain-multirouter" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_help_and_version_are_answered(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main([asked])
    assert ended.value.code == 0
    assert "langchain-multirouter" in capsys.readouterr().out


ROUTER = """
strategy: cost_optimized
models:
  - model: azure_openai:gpt-6.1-terra
    name: dear
    params: {azure_endpoint: "https://example.invalid", api_version: "2024-10-21"}
  - model: bedrock_converse:global.anthropic.claude-haiku-5-5
    name: cheap
    params: {region_name: us-east-1}
"""


@pytest.fixture
def router_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("AZURE_OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "fake")
    path = tmp_path / "router.yaml"
    path.write_text(ROUTER, encoding="utf-8")
    return str(path)


def test_explain_says_where_a_prompt_would_go_and_sends_nothing(
    router_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["explain", "Write a poem", "--config", router_file]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "creative_writing, by cost_optimized: cheap; at most 4 attempts, 600 s"


def test_explain_tells_programs_the_same_as_json(
    router_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["explain", "Hello", "--config", router_file, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["deployment"] for row in told["candidates"]] == ["cheap", "dear"]


def test_explain_says_what_is_wrong_with_a_file_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command_line.main(["explain", "Hello", "--config", "nowhere.yaml"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nowhere.yaml" in printed.err
    assert printed.err.count("\n") == 1


@pytest.fixture
def journal_file(tmp_path: Path) -> str:
    """A journal of three calls, one of them failed over, and a line of nobody's."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    router = scripted([ConnectionError("no"), "one"], ["two"], sinks=[journal])
    router.invoke("Write a poem", max_retries=0)
    router.invoke("Hello")
    router.invoke("Hello", model="b")
    assert journal.flush()
    journal.close()
    with path.open("a", encoding="utf-8") as file:
        file.write("no line of a journal\n")
    return str(path)


def test_report_says_what_a_journals_calls_took_and_cost(
    journal_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert command_line.main(["report", journal_file, "--html", str(page)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("3 calls, 100.00% answered; 4 attempts, cost unknown")
    assert "1 lines were cut or foreign" in printed[0]
    assert [line.split()[0] for line in printed[1:4]] == ["deployment", "a", "b"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "creative_writing" in text


def test_report_tells_programs_the_same_as_json(
    journal_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["report", journal_file, "--json", "--since-seconds", "3600"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["recorded"]["providers"]) == {"azure_openai", "aws_bedrock"}
    assert told["tasks"]["creative_writing"]["answers"] == {"b": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.jsonl"],
        ["{journal}", "--since-seconds", "-1"],
        ["{journal}", "--html", "/no/where"],
    ],
    ids=["no such file", "no such time", "nowhere to write"],
)
def test_report_says_what_is_wrong_in_one_line(
    arguments: list[str], journal_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.format(journal=journal_file) for argument in arguments]
    assert command_line.main(["report", *given]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1

"""Surroundings: the router in notebooks, event loops, threads and forked processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from tests.wire.conftest import RUNNER, WIRES, hang_up, summed

from .scenes import Make

ROOT = Path(__file__).parents[2]


def provider(answer: Any) -> str:
    return str(answer.response_metadata["router"]["provider"])


#: What a notebook's cell may call, though a loop is running.
SYNCHRONOUS: dict[str, Callable[[RoutedChatModel], Any]] = {
    "invoke": lambda model: model.invoke("Hello"),
    "invoke with a deadline": lambda model: model.invoke("Hello", deadline_seconds=20.0),
    "stream": lambda model: summed(list(model.stream("Hello"))),
    "batch": lambda model: model.batch(["Hello"] * 3)[-1],
}


@pytest.mark.parametrize("call", SYNCHRONOUS)
@pytest.mark.parametrize("wire", WIRES)
def test_synchronous_calls_work_inside_a_running_loop(
    wire: str, call: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)

    async def cell() -> list[Any]:
        answers = [SYNCHRONOUS[call](model)]
        cloud.break_(wire, Fault(FaultKind.RESET_MIDSTREAM, after_chunks=0))
        answers.append(SYNCHRONOUS[call](model))
        cloud.heal()
        answers.append(await model.ainvoke("Hello"))  # and the loop is as it was
        return answers

    healthy, fallen_back, after = RUNNER.run(cell())
    assert provider(healthy) == wire
    assert provider(fallen_back) != wire
    assert after.text


async def _asked(model: RoutedChatModel) -> list[Any]:
    chunks = [chunk async for chunk in model.astream("Hello")]
    answers = [await model.ainvoke("Hello"), summed(chunks)]
    answers += await asyncio.gather(*(model.ainvoke("Hello") for _ in range(3)))
    return answers


async def _asked_then_hung_up(model: RoutedChatModel) -> list[Any]:
    try:
        return await _asked(model)
    finally:
        await hang_up()


@pytest.mark.parametrize("leave", [_asked, _asked_then_hung_up], ids=["open", "hung up"])
@pytest.mark.parametrize("wire", WIRES)
def test_many_event_loops_one_after_the_other_cost_no_health(
    wire: str, leave: Any, cloud: Emulator, router: Make
) -> None:
    """SDKs keep connections of loops that are closed, and would send on each of them first."""
    model = router(wire)
    for _ in range(5):
        answers = asyncio.run(leave(model))
        assert {provider(answer) for answer in answers} == {wire}
        assert all(answer.text.count("You said “Hello”") == 1 for answer in answers)
    counts = model.counts()[wire]
    assert (counts["started"], counts["succeeded"], counts["causes"]) == (25, 25, {})
    assert len(cloud.log) == 25, "nothing was sent that nobody could read"


def test_sixteen_threads_are_all_answered_and_all_is_counted(cloud: Emulator, router: Make) -> None:
    model = router("azure_openai", strategy="round_robin")
    cloud.break_("aws_bedrock", "503", probability=0.3)

    def ask(number: int) -> Any:
        return model.invoke(f"Question {number}")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(96)))
    assert all(f"Question {number}”" in answer.text for number, answer in enumerate(answers))
    for name, counts in model.counts().items():
        assert counts["pending"] == 0
        assert counts["started"] == counts["succeeded"] + counts["failed"]
        assert counts["started"] == len(cloud.log_of(name))
    assert sum(entry.completed for entry in cloud.log) == 96


def forked(*arguments: str) -> list[str]:
    """What a program that forks told: a line for each of two children, and the parent's own."""
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-m", "tests.agents.forking", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


@needs_fork
def test_a_child_forked_while_a_thread_held_the_locks_can_call() -> None:
    first, second, parent = forked()
    assert first.startswith("0 ([0, 0], ")
    assert second.startswith("0 ([0, 0], ")
    assert first != second, "children draw numbers of their own"
    assert parent == "parent"


@needs_fork
@pytest.mark.slow
def test_a_child_and_its_parent_never_get_each_others_answers(cloud: Emulator) -> None:
    """Sockets are inherited: both would write to, and read from, the same one."""
    first, second, parent = forked(cloud.url)
    assert first.startswith("0 ([0, 0, 0], ")
    assert second.startswith("0 ([0, 0, 0], ")
    assert parent == "parent"

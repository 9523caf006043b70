"""Forking: a program that forks while its router is busy; `python -m tests.agents.forking [url]`.

Without an address the models are scripted; with one they are the real classes at that emulator.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import warnings

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.testing import ScriptedModel

warnings.filterwarnings("ignore", "This process", DeprecationWarning)  # forking with threads


def scripted() -> RoutedChatModel:
    return RoutedChatModel([ScriptedModel(script=["ok"]), ScriptedModel(script=["ok"])])


def real(url: str) -> RoutedChatModel:
    from langchain_multirouter.emulator.clients import build
    from tests.agents.conftest import MODELS

    return RoutedChatModel(
        [Deployment(model=build(url, wire, name, {}), name=wire) for wire, name in MODELS.items()],
        strategy="round_robin",
    )


async def asynchronous(model: RoutedChatModel, prompt: str) -> list[str]:
    chunks = [chunk.text async for chunk in model.astream(prompt)]
    return ["".join(chunks), (await model.ainvoke(prompt)).text]


def use(model: RoutedChatModel) -> None:
    """Every mode, and a call in a thread, at each of three deployments; all answers are ours."""
    mine = f"Process {os.getpid()}"
    for _ in range(6):
        texts = [
            model.invoke(mine).text,
            "".join(chunk.text for chunk in model.stream(mine)),
            model.invoke(mine, deadline_seconds=20.0).text,
            *asyncio.run(asynchronous(model, mine)),
        ]
        assert all(text == "ok" or mine in text for text in texts), texts


def fork_while_locked(model: RoutedChatModel) -> tuple[int, int]:
    """The child's process id and where it reports; another thread holds every lock meanwhile."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with model.assembled.fleet._lock, model.assembled._lock:
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            use(model)
            failed = [counts["failed"] for counts in model.counts().values()]
            report = failed, model.assembled.fleet.rng.random()
            os.write(writing, repr(report).encode())
            os._exit(0)
        except BaseException as error:
            os.write(writing, repr(error).encode())
            os._exit(1)
    done.set()
    holder.join()
    os.close(writing)
    return child, reading


def main(url: str | None = None) -> None:
    model = scripted() if url is None else real(url)
    use(model)
    for _ in range(2):
        child, reading = fork_while_locked(model)
        use(model)  # at the same time as the child
        told = os.read(reading, 10_000).decode()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {told}\n")
    use(model)
    sys.stdout.write("parent\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Workers: threads that are used again, end when nobody needs them, and keep nothing alive."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from langchain_multirouter import workers
from langchain_multirouter.races import ThreadSource
from langchain_multirouter.testing import ScriptedModel
from langchain_multirouter.workers import MOST_IDLE, Workers
from tests.core.routed import Router


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.002)
    return true()


def ran(pool: Workers, task: Callable[[], object] = lambda: None) -> threading.Thread:
    """The thread that ran it, idle again."""
    threads: list[threading.Thread] = []
    before = pool.idle
    pool.run(lambda: (task(), threads.append(threading.current_thread())))
    assert until(lambda: bool(threads) and pool.idle >= max(1, before))
    return threads[0]


def test_one_thread_does_one_task_after_the_other() -> None:
    pool = Workers()
    assert len({ran(pool) for _ in range(20)}) == 1


def test_tasks_at_the_same_time_have_a_thread_each_and_some_are_kept() -> None:
    pool, go = Workers(), threading.Event()
    begun: list[int] = []
    for number in range(MOST_IDLE + 8):
        pool.run(lambda number=number: (begun.append(number), go.wait()))  # type: ignore[misc]
    assert until(lambda: len(begun) == MOST_IDLE + 8)
    go.set()
    assert until(lambda: pool.idle == MOST_IDLE)


def test_an_idle_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.02)
    pool = Workers()
    thread = ran(pool)
    thread.join(5.0)
    assert not thread.is_alive()
    assert pool.idle == 0
    assert ran(pool) is not thread


def test_no_task_is_lost_to_threads_that_are_about_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.0005)
    pool, done = Workers(), []
    for number in range(300):
        pool.run(lambda number=number: done.append(number))  # type: ignore[misc]
        time.sleep(0.0005)
    assert until(lambda: len(done) == 300)


def test_an_idle_thread_holds_nothing_of_its_last_task() -> None:
    class Held:
        pass

    pool, held = Workers(), Held()
    gone = weakref.ref(held)
    pool.run(lambda held=held: None)  # type: ignore[misc]
    del held
    assert until(lambda: pool.idle == 1)
    assert until(lambda: gone() is None)


def test_every_attempt_has_the_context_of_its_own_call() -> None:
    name = contextvars.ContextVar("name", default="nobody")
    seen: list[str] = []

    class Looking(ScriptedModel):
        def _generate(self, *given: object, **more: object) -> object:  # type: ignore[override]
            seen.append(name.get())
            name.set("the attempt's own")
            return super()._generate(*given, **more)  # type: ignore[arg-type]

    router = Router(Looking(script=["x"]))
    for one in ("first", "second"):
        token = name.set(one)
        router.run(ThreadSource)
        name.reset(token)
    router.run(ThreadSource)
    assert seen == ["first", "second", "nobody"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own() -> None:
    ran(workers.WORKERS)
    child = os.fork()
    if child == 0:
        done = threading.Event()
        workers.WORKERS.run(done.set)
        os._exit(0 if done.wait(5.0) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_task_that_never_ends_does_not_keep_the_process() -> None:
    code = (
        "import time; from langchain_multirouter.workers import WORKERS;"
        "WORKERS.run(lambda: time.sleep(600)); print('over')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, timeout=60, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "over\n"

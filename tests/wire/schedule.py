"""Schedules: deployments that break and heal while callers of every kind go on calling.

A schedule is a plain value, drawn by Hypothesis and so shrunk by it. Playing it gives an account of
every call; `reconciled` holds the accounts, the router's statistics and the wire log together.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple

import tenacity
from hypothesis import strategies as st

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import (
    AllAttemptsFailedError,
    NoCandidateError,
    StreamInterruptedError,
)
from langchain_multirouter.resilience.policy import Policy
from tests.reference.known import listening

from .conftest import RUNNER, summed

#: Deployment → its wire and model; two on each wire, all with a known price.
POOL = {
    "azure-a": ("azure_openai", "gpt-4o"),
    "azure-b": ("azure_openai", "gpt-4o-mini"),
    "bedrock-a": ("aws_bedrock", "anthropic.claude-3-haiku-20240307-v1:0"),
    "bedrock-b": ("aws_bedrock", "amazon.nova-lite-v1:0"),
    "vertex-a": ("gcp_vertex", "gemini-2.5-flash"),
    "vertex-b": ("gcp_vertex", "gemini-2.5-pro"),
}
#: Name → a fault that shows at once, and the causes that it may be recorded under.
FAULTS: dict[str, tuple[Fault, frozenset[str]]] = {
    "500": (Fault(FaultKind.STATUS, status=500), frozenset({"server"})),
    "503": (Fault(FaultKind.STATUS, status=503), frozenset({"overloaded"})),
    "429": (Fault(FaultKind.STATUS, status=429), frozenset({"throttled"})),
    "401": (Fault(FaultKind.STATUS, status=401), frozenset({"authentication"})),
    "reset": (Fault(FaultKind.RESET), frozenset({"connection"})),
    "close": (Fault(FaultKind.CLOSE), frozenset({"connection"})),
    "empty": (Fault(FaultKind.EMPTY_ANSWER), frozenset({"invalid_response"})),
    "no finish": (Fault(FaultKind.NO_FINISH), frozenset({"stream_broken"})),
    "error event": (Fault(FaultKind.ERROR_EVENT), frozenset({"overloaded"})),
    "cut": (
        Fault(FaultKind.CLEAN_EOF_MIDSTREAM),
        frozenset({"stream_broken", "invalid_response"}),
    ),
    "cut hard": (
        Fault(FaultKind.RESET_MIDSTREAM),
        frozenset({"stream_broken", "connection"}),
    ),
    "malformed": (
        Fault(FaultKind.MALFORMED, after_chunks=1),
        frozenset({"stream_broken", "invalid_response"}),
    ),
    "slow": (Fault(FaultKind.SLOW, seconds=0.02), frozenset()),
    "slow to begin": (Fault(FaultKind.SLOW_FIRST_TOKEN, seconds=0.06), frozenset()),
}
_CAUSES = {fault.kind: causes for fault, causes in FAULTS.values()}
_CAUSES[FaultKind.STATUS] = frozenset({"server", "overloaded", "throttled", "authentication"})
#: All in fractions of a second, so that breakers open, probe and close within a schedule.
POLICY = Policy(
    wait=tenacity.wait_none(),
    open_seconds=0.03,
    longest_open_seconds=0.1,
    longest_disabled_seconds=0.1,
    longest_wait_seconds=0.05,
)


#: Seconds until a second copy goes elsewhere, soon and late for this cloud; half have none.
HEDGES = (None, None, None, 0.002, 0.01, 0.04)
#: What retries and hedges have at first: enough, or one.
BURSTS = (10.0, 1.0)


class Break(NamedTuple):
    deployment: int
    fault: str
    times: int | None


class Heal(NamedTuple):
    deployment: int


class Call(NamedTuple):
    mode: str
    tagged: bool


class Abandoned(NamedTuple):
    """A stream that is left after so many chunks."""

    mode: str
    chunks: int


class Cancelled(NamedTuple):
    """An asynchronous call whose task is cancelled after so many milliseconds."""

    mode: str
    milliseconds: int


class Burst(NamedTuple):
    """Calls at once: in threads, and on two event loops."""

    threads: int
    tasks: int


Step = Break | Heal | Call | Abandoned | Cancelled | Burst


class Schedule(NamedTuple):
    deployments: tuple[str, ...]
    tagged: tuple[bool, ...]
    strategy: str
    steps: tuple[Step, ...]
    hedge: float | None = None
    retry_burst: float = 10.0


_MODES = st.sampled_from(["invoke", "ainvoke", "stream", "astream"])
_PLACES = st.integers(0, 4)
_STEPS = st.one_of(
    st.builds(Break, _PLACES, st.sampled_from(sorted(FAULTS)), st.sampled_from([None, 1, 2, 3])),
    st.builds(Heal, _PLACES),
    st.builds(Call, _MODES, st.booleans()),
    st.builds(Call, _MODES, st.just(False)),
    st.builds(Abandoned, st.sampled_from(["stream", "astream"]), st.integers(0, 3)),
    st.builds(Cancelled, st.sampled_from(["ainvoke", "astream"]), st.integers(0, 12)),
    st.builds(Burst, st.integers(0, 3), st.integers(0, 3)),
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Two to five deployments, some of them tagged, and up to ten steps."""
    names = draw(st.lists(st.sampled_from(sorted(POOL)), min_size=2, max_size=5, unique=True))
    tags = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    strategy = draw(st.sampled_from(["ordered", "round_robin", "intelligent", "weighted_random"]))
    steps = draw(st.lists(_STEPS, min_size=4, max_size=10))
    hedge = draw(st.sampled_from(HEDGES))
    retry_burst = draw(st.sampled_from(BURSTS))
    return Schedule(tuple(names), tuple(tags), strategy, tuple(steps), hedge, retry_burst)


#: An attempt: deployment, outcome, cause.
Record = tuple[str, str, str | None]


class Account(NamedTuple):
    """One call as its caller saw it; `records` is None where the caller left it."""

    prompt: str
    tagged: bool
    answer: Any
    error: BaseException | None
    records: list[Record] | None


#: Tells one play's requests from those of an earlier one that come late.
_PLAYS = itertools.count(1)


class Player:
    """Plays one schedule against the emulator."""

    def __init__(self, cloud: Emulator, models: dict[str, Any], schedule: Schedule) -> None:
        self.cloud, self.schedule = cloud, schedule
        deployments = [
            Deployment(models[name], name=name, tags=["eu"] if tagged else [])
            for name, tagged in zip(schedule.deployments, schedule.tagged, strict=True)
        ]
        self.policy = replace(POLICY, retry_burst=schedule.retry_burst)
        self.router = RoutedChatModel(
            deployments,
            policy=self.policy,
            strategy=schedule.strategy,
            timeout=5.0,
            random_seed=0,
            hedge=schedule.hedge,
        )
        self.played = f"call-{next(_PLAYS)}"
        self.accounts: list[Account] = []
        self.broken: set[str] = set()
        #: Deployment → the hedges that it paid for.
        self.hedges: Counter[str] = Counter()
        self.seconds = 0.0

    def play(self) -> None:
        self.cloud.heal()
        self.cloud.clear_log()
        began = time.monotonic()
        try:
            with listening() as listener:
                for number, step in enumerate(self.schedule.steps):
                    self._step(step, f"{self.played}-{number}")
        finally:
            self.cloud.heal()
        self.hedges.update(hedged["slow"] for hedged in listener.of("Hedged"))
        self.seconds = time.monotonic() - began
        until = time.monotonic() + 3.0
        while self._under_way() and time.monotonic() < until:
            time.sleep(0.002)

    def _under_way(self) -> bool:
        """Whether requests have not ended, or threads have not that nobody waits for."""
        orphans = any(c.orphans for c in self.router.assembled.fleet.snapshot())
        return orphans or any(entry.ended is None for entry in self.cloud.log)

    def _step(self, step: Step, prompt: str) -> None:
        match step:
            case Break(place, fault, times):
                name = self._name(place)
                wire, model = POOL[name]
                self.broken.add(name)
                self.cloud.break_(wire, FAULTS[fault][0], model=model, times=times)
            case Heal(place):
                wire, model = POOL[self._name(place)]
                self.cloud.heal(wire, model=model)
            case Call(mode, tagged):
                if mode in {"invoke", "stream"}:
                    self._called(mode, prompt, tagged)
                else:
                    RUNNER.run(self._acalled(mode, prompt, tagged))
            case Abandoned(mode, chunks):
                if mode == "stream":
                    self._abandoned(prompt, chunks)
                else:
                    RUNNER.run(self._aabandoned(prompt, chunks))
            case Cancelled(mode, milliseconds):
                RUNNER.run(self._cancelled(mode, prompt, milliseconds))
            case Burst(threads, tasks):
                self._burst(prompt, threads, tasks)

    def _name(self, place: int) -> str:
        return self.schedule.deployments[place % len(self.schedule.deployments)]

    def _burst(self, prompt: str, threads: int, tasks: int) -> None:
        async def gathered() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(tasks):
                    mode = ("ainvoke", "astream")[number % 2]
                    group.create_task(self._acalled(mode, f"{prompt}-task-{number}", False))

        with ThreadPoolExecutor(max(1, threads)) as pool:
            for number in range(threads):
                mode = ("invoke", "stream")[number % 2]
                pool.submit(self._called, mode, f"{prompt}-thread-{number}", False)
            RUNNER.run(gathered())

    def _keywords(self, tagged: bool) -> dict[str, Any]:
        return {"require_tags": ["eu"]} if tagged else {}

    def _called(self, mode: str, prompt: str, tagged: bool) -> None:
        keywords = self._keywords(tagged)
        try:
            if mode == "invoke":
                answer = self.router.invoke(prompt + ".", **keywords)
            else:
                answer = summed(list(self.router.stream(prompt + ".", **keywords)))
        except Exception as error:
            self._told(prompt, tagged, None, error)
        else:
            self._told(prompt, tagged, answer, None)

    async def _acalled(self, mode: str, prompt: str, tagged: bool) -> None:
        keywords = self._keywords(tagged)
        try:
            if mode == "ainvoke":
                answer = await self.router.ainvoke(prompt + ".", **keywords)
            else:
                answer = summed([c async for c in self.router.astream(prompt + ".", **keywords)])
        except Exception as error:
            self._told(prompt, tagged, None, error)
        else:
            self._told(prompt, tagged, answer, None)

    def _abandoned(self, prompt: str, chunks: int) -> None:
        stream = self.router.stream(prompt + ".")
        try:
            for _ in range(chunks):
                next(stream, None)
        except Exception as error:
            self._told(prompt, False, None, error)
        else:
            self.accounts.append(Account(prompt, False, None, None, None))
        finally:
            stream.close()

    async def _aabandoned(self, prompt: str, chunks: int) -> None:
        stream = self.router.astream(prompt + ".")
        try:
            for _ in range(chunks):
                await anext(stream, None)
        except Exception as error:
            self._told(prompt, False, None, error)
        else:
            self.accounts.append(Account(prompt, False, None, None, None))
        finally:
            await stream.aclose()

    async def _cancelled(self, mode: str, prompt: str, milliseconds: int) -> None:
        asyncio.get_running_loop().set_default_executor(workers := ThreadPoolExecutor(2))
        task = asyncio.ensure_future(self._acalled(mode, prompt, False))
        await asyncio.wait([task], timeout=milliseconds / 1000)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            self.accounts.append(Account(prompt, False, None, None, None))
        workers.shutdown()  # Bedrock's calls run in threads, which go on when nobody waits any more
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
        await asyncio.sleep(0.01)  # what was already on its way arrives

    def _told(self, prompt: str, tagged: bool, answer: Any, error: BaseException | None) -> None:
        self.accounts.append(Account(prompt, tagged, answer, error, _records(answer, error)))


def _records(answer: Any, error: BaseException | None) -> list[Record]:
    """The attempts of a call: deployment, outcome, cause."""
    if answer is not None:
        told: Sequence[Any] = answer.response_metadata["router"]["attempts"]
        return [(a["deployment"], a["outcome"], a.get("cause")) for a in told]
    if isinstance(error, AllAttemptsFailedError | StreamInterruptedError):
        return [(a.deployment, a.outcome, a.cause) for a in error.attempts]
    assert isinstance(error, NoCandidateError), repr(error)
    return []


def expected_causes(kind: FaultKind) -> frozenset[str]:
    """Under which causes an attempt that met this fault may be recorded; empty: it is none."""
    return _CAUSES[kind]


def by_deployment(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Each deployment's attempts, in order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record[0], []).append(record)
    return found

"""Simulated: deployments that follow scripts in virtual time, and calls routed over them.

A script is a tuple of beats, each so many seconds after the one before: a part of a stream
("empty", "content", "finish", or "last": a finish reason with content), a `Failure`, or "end". A
script without "end" or a failure hangs. Every deployment has a list of scripts, one per attempt;
the last one repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from langchain_core.exceptions import ModelError

from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.flow import route
from langchain_multirouter.options import read_options
from langchain_multirouter.outcome import Answered, Cause, Failure
from langchain_multirouter.request import Limits, Request
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.steps import Cancel, Chunk, Deliver, Elapsed, Ended, Kind, Start, Wait

Beat = tuple[float, Any]
Script = tuple[Beat, ...]

KINDS = {
    "empty": (Kind.EMPTY, False),
    "content": (Kind.CONTENT, True),
    "finish": (Kind.FINISH, False),
    "last": (Kind.FINISH, True),
}


def answer(seconds: float = 1.0) -> Script:
    """A whole answer."""
    return ((seconds, "end"),)


def fail(cause: Cause, seconds: float = 1.0, **failure: Any) -> Script:
    """An attempt that fails; `hint` is what the provider asked to wait."""
    hint = failure.pop("hint", None)
    return ((seconds, Failure(cause, retry_after_seconds=hint, **failure)),)


def stream(*beats: Any) -> Script:
    """A stream, one second a beat unless a beat has its own: `stream("empty", (5, "content"))`."""
    return tuple(beat if isinstance(beat, tuple) else (1.0, beat) for beat in beats)


HANG: Script = ()
GOOD = answer()
GOOD_STREAM = stream("empty", "content", "content", "finish", "end")


class Site(NamedTuple):
    """One deployment of the simulated world."""

    deployment: Deployment
    scripts: tuple[Script, ...]
    window_tokens: int | None
    timeout_seconds: float


def site(
    name: str, *scripts: Script, window: int | None = None, timeout: float = 100.0, **settings: Any
) -> Site:
    """A deployment and its scripts."""
    known = {"provider": "azure_openai", "model_name": "gpt", **settings}
    return Site(Deployment(f"x:{name}", name=name, **known), scripts or (GOOD,), window, timeout)


class Started(NamedTuple):
    """An attempt that the flow began."""

    at: float
    name: str
    limits: Limits


class Call:
    """One routed call; `due` is the time of its next event, `fire` makes it happen."""

    def __init__(self, world: World, request: Request) -> None:
        self.world = world
        self.began = world.now
        self.started: list[Started] = []
        self.pauses: list[tuple[float, float]] = []  # waits with nothing in flight
        self.delivered: list[str] = []
        self.trace: list[Any] = []
        self.answered: Answered | None = None
        self.error: BaseException | None = None
        self.over = False
        self._held: list[str] = []
        self._committed = False
        self._beats: Iterator[Beat] | None = None
        self._next: Beat | None = None
        self._until: float | None = None
        self.flow = route(request, world.fleet, world.timeouts, world.now)
        self._id = -1
        self._proceed(None)

    @property
    def names(self) -> list[str]:
        """Who was tried, in order."""
        return [one.name for one in self.started]

    @property
    def due(self) -> float:
        """When the next event happens; the flow may never wait for ever."""
        times = [self._next[0]] if self._next is not None else []
        if self._until is not None:
            times.append(self._until + self.world.lateness)
        assert times, "the flow waits for ever for something that never happens"
        return max(self.world.now, min(times))

    def fire(self) -> None:
        """The next event happens."""
        now = self.world.now = self.due
        if self._next is None or self._next[0] > now:
            self._proceed(Elapsed(now))
            return
        thing = self._next[1]
        if thing == "end" or isinstance(thing, Failure):
            self._next = self._beats = None
            self._proceed(Ended(self._id, None if thing == "end" else thing, now))
            return
        self._held.append(thing)
        self._advance(now)
        kind, has_content = KINDS[thing]
        self._proceed(Chunk(self._id, kind, has_content, now))

    def close(self) -> None:
        """The caller leaves."""
        self.over = True
        self.flow.close()
        self.world.check()

    def _advance(self, now: float) -> None:
        beat = None if self._beats is None else next(self._beats, None)
        self._next = None if beat is None else (now + beat[0], beat[1])

    def _proceed(self, event: Any) -> None:
        try:
            while True:
                step = self.flow.send(event)
                event = None
                self.trace.append((self.world.now, step))
                self.world.check()
                if isinstance(step, Wait):
                    if self._beats is None and step.until is not None:
                        self.pauses.append((self.world.now, step.until))
                    self._until = step.until
                    self._hand_over()
                    return
                self._carry_out(step)
        except StopIteration as end:
            self.answered = end.value
            self._hand_over()
        except ModelError as error:
            self.error = error
        self.over = True
        self.world.check()

    def _carry_out(self, step: Any) -> None:
        match step:
            case Start():
                assert self._beats is None, "a second attempt began before the first ended"
                self._id = step.id
                self._held = []
                self.started.append(Started(self.world.now, step.deployment.name, step.limits))
                self._beats = iter(self.world.script(step.number))
                self._advance(self.world.now)
            case Cancel(id=id):
                assert id == self._id
                self._beats = self._next = None
            case Deliver(id=id):
                assert id == self._id
                assert not self._committed, "a call commits once"
                self._committed = True

    def _hand_over(self) -> None:
        if self._committed:
            self.delivered += self._held
            self._held = []


class World:
    """A fleet of scripted deployments, and the time."""

    def __init__(self, *sites: Site, policy: Policy | None = None, seed: int = 0) -> None:
        self.sites = sites
        self.now = 1000.0
        self.lateness = 0.0
        self.timeouts = tuple(one.timeout_seconds for one in sites)
        self._attempts = [0] * len(sites)
        candidates = [
            Candidate(i, s.deployment, Facts(None, Capabilities(max_input_tokens=s.window_tokens)))
            for i, s in enumerate(sites)
        ]
        self.fleet = Fleet(candidates, policy or Policy(), seed)

    def script(self, number: int) -> Script:
        """The next attempt's script at this deployment."""
        scripts = self.sites[number].scripts
        self._attempts[number] += 1
        return scripts[min(self._attempts[number], len(scripts)) - 1]

    def check(self) -> None:
        """What holds at every moment."""
        for candidate, made in zip(self.fleet.snapshot(), self._attempts, strict=True):
            counts = candidate.stats
            assert min(counts[:4]) >= 0, f"a negative count: {counts}"
            total = counts.succeeded + counts.failed + counts.cancelled + counts.pending
            assert counts.started == total
            assert sum(counts.causes.values()) == counts.failed
            assert made <= counts.started <= made + 1, "an attempt was counted twice or never"

    def begin(self, *, streamed: bool = False, model: str | None = None, **options: Any) -> Call:
        """Begin a call; nothing happens until its first event is fired."""
        timeout = options.pop("timeout", None)
        return Call(
            self,
            Request(
                read_options({"strategy": "ordered", **options}),
                streamed,
                model,
                timeout_seconds=timeout,
            ),
        )

    def call(self, **request: Any) -> Call:
        """A call from its beginning to its end."""
        call = self.begin(**request)
        self.finish(call)
        return call

    def finish(self, *calls: Call) -> None:
        """All events of these calls, in their order in time."""
        while open_calls := [call for call in calls if not call.over]:
            min(open_calls, key=lambda call: call.due).fire()

    def counts(self, name: str) -> tuple[int, int, int, int]:
        """Succeeded, failed, cancelled, pending."""
        return next(c for c in self.fleet.snapshot() if c.deployment.name == name).stats[:4]

    def candidate(self, name: str) -> Candidate:
        """What is known of a deployment now."""
        return next(c for c in self.fleet.snapshot() if c.deployment.name == name)

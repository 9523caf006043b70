"""Simulated: deployments that follow scripts in virtual time, and calls routed over them.

A script is a tuple of beats, each so many seconds after the one before: a part of a stream
("empty", "content", "finish", or "last": a finish reason with content), a `Failure`, or "end". A
script without "end" or a failure hangs. Every deployment has a list of scripts, one per attempt;
the last one repeats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from langchain_core.exceptions import ModelError

from langchain_multirouter.candidate import Candidate, Facts
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.economics.budgets import Budget
from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.economics.price import Price
from langchain_multirouter.fleet import Fleet
from langchain_multirouter.flow import route
from langchain_multirouter.options import read_options
from langchain_multirouter.outcome import Answered, Cause, Failure
from langchain_multirouter.request import Limits, Prompt, Request
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.steps import (
    Cancel,
    Chunk,
    Deliver,
    Elapsed,
    Ended,
    Kind,
    Start,
    Tell,
    Wait,
)
from langchain_multirouter.telemetry.events import Happening
from langchain_multirouter.telemetry.story import Happened, event_of

Beat = tuple[float, Any]
Script = tuple[Beat, ...]

KINDS = {
    "empty": (Kind.EMPTY, False),
    "content": (Kind.CONTENT, True),
    "call": (Kind.CALL, True),
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


class Counted(NamedTuple):
    """An end with what the provider counted."""

    usage: dict[str, int]


def counted(given: int, made: int, seconds: float = 1.0) -> Script:
    """A whole answer whose tokens were counted."""
    usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    return ((seconds, Counted(usage)),)


HANG: Script = ()
GOOD = answer()
GOOD_STREAM = stream("empty", "content", "content", "finish", "end")


class Site(NamedTuple):
    """One deployment of the simulated world."""

    deployment: Deployment
    scripts: tuple[Script, ...]
    window_tokens: int | None
    timeout_seconds: float
    price: Price | None = None


def site(
    name: str,
    *scripts: Script,
    window: int | None = None,
    timeout: float = 100.0,
    price: Price | None = None,
    **settings: Any,
) -> Site:
    """A deployment and its scripts."""
    known = {"provider": "azure_openai", "model_name": "gpt", **settings}
    deployment = Deployment(f"x:{name}", name=name, **known)
    return Site(deployment, scripts or (GOOD,), window, timeout, price)


class Started(NamedTuple):
    """An attempt that the flow began."""

    at: float
    name: str
    limits: Limits


class Call:
    """One routed call; `due` is the time of its next event, `fire` makes it happen."""

    def __init__(self, world: World, request: Request) -> None:
        self.world = world
        self.request = request
        self.began = world.now
        self.started: list[Started] = []
        self.pauses: list[tuple[float, float]] = []  # waits with nothing in flight
        self.delivered: list[str] = []
        self.trace: list[Any] = []
        self.answered: Answered | None = None
        self.error: BaseException | None = None
        self.over = False
        self._committed: int | None = None
        self._flying: dict[int, _Flying] = {}
        self._begun: dict[int, _Flying] = {}
        self.most_flying = 0
        self._until: float | None = None
        self.most_steps = world.most_steps
        self.flow = route(request, world.fleet, world.timeouts, world.now)
        self._proceed(None)

    @property
    def names(self) -> list[str]:
        """Who was tried, in order."""
        return [one.name for one in self.started]

    @property
    def due(self) -> float:
        """When the next event happens; the flow may never wait for ever."""
        times = [one.next[0] for one in self._flying.values() if one.next is not None]
        if self._until is not None:
            times.append(self._until + self.world.lateness)
        assert times, "the flow waits for ever for something that never happens"
        return max(self.world.now, min(times))

    def expect(self, seconds: float, thing: Any) -> None:
        """The attempt under way is to meet something else than its script says."""
        (one,) = self._flying.values()
        one.next = (self.world.now + seconds, thing)

    def fire(self) -> None:
        """The next event happens."""
        now = self.world.now = self.due
        coming = [(one.next[0], id) for id, one in self._flying.items() if one.next is not None]
        at, id = min(coming, default=(None, -1))
        if at is None or at > now:
            self._proceed(Elapsed(now))
            return
        one = self._flying[id]
        assert one.next is not None
        thing = one.next[1]
        if thing == "end" or isinstance(thing, Failure | Counted):
            del self._flying[id]
            usage = thing.usage if isinstance(thing, Counted) else None
            self._proceed(Ended(id, thing if isinstance(thing, Failure) else None, now, usage))
            return
        one.held.append(thing)
        one.advance(now)
        kind, has_content = KINDS[thing]
        self._proceed(Chunk(id, kind, has_content, now))

    def close(self) -> None:
        """The caller leaves."""
        self.over = True
        self.flow.close()
        self.world.check()

    def _proceed(self, event: Any) -> None:
        try:
            while True:
                step = self.flow.send(event)
                event = None
                self.trace.append((self.world.now, step))
                if len(self.trace) == self.most_steps:
                    self.close()
                    return
                self.world.check()
                if isinstance(step, Wait):
                    if not self._flying and step.until is not None:
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
                assert step.id not in self._begun
                self.started.append(Started(self.world.now, step.deployment.name, step.limits))
                one = _Flying(iter(self.world.script(step.number)))
                self._flying[step.id] = self._begun[step.id] = one
                one.advance(self.world.now)
                self.most_flying = max(self.most_flying, len(self._flying))
            case Tell():
                step.listening.tell(step.happened)
            case Cancel(id=id):
                del self._flying[id]
            case Deliver(id=id):
                resumed = self.world.resumes(self.request) and len(self.started) > 1
                assert self._committed is None or resumed, "a call commits once"
                self._committed = id

    def _hand_over(self) -> None:
        if self._committed is not None:
            one = self._begun[self._committed]
            self.delivered += one.held
            one.held = []


class _Flying:
    """One attempt under way: what happens to it next, and the chunks that were held back."""

    def __init__(self, beats: Iterator[Beat]) -> None:
        self.beats = beats
        self.next: Beat | None = None
        self.held: list[str] = []

    def advance(self, now: float) -> None:
        """Its next beat is under way."""
        beat = next(self.beats, None)
        self.next = None if beat is None else (now + beat[0], beat[1])


class Kept:
    """A listener that keeps the events that it is told."""

    def __init__(self) -> None:
        self.events: list[Happening] = []

    def clock(self) -> float:
        return 1000.5

    def tell(self, happened: Happened) -> None:
        self.events += [event_of(one) for one in happened]


class World:
    """A fleet of scripted deployments, and the time."""

    def __init__(
        self,
        *sites: Site,
        policy: Policy | None = None,
        seed: int = 0,
        budgets: Sequence[Budget] = (),
    ) -> None:
        self.sites = sites
        self.now = 1000.0
        self.lateness = 0.0
        self.most_steps: int | None = None  # whoever carries a call's steps out is stopped at it
        self.timeouts = tuple(one.timeout_seconds for one in sites)
        self._attempts = [0] * len(sites)
        candidates = [
            Candidate(
                i, s.deployment, Facts(s.price, Capabilities(max_input_tokens=s.window_tokens))
            )
            for i, s in enumerate(sites)
        ]
        self.fleet = Fleet(candidates, policy or Policy(), seed, budgets)
        self.told: Any = None  # who listens to its calls

    def script(self, number: int) -> Script:
        """The next attempt's script at this deployment."""
        scripts = self.sites[number].scripts
        self._attempts[number] += 1
        return scripts[min(self._attempts[number], len(scripts)) - 1]

    @staticmethod
    def resumes(request: Request) -> bool:
        """Whether a call may go on where a stream broke off."""
        return request.options.on_interrupted == "continue"

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
        asked = {name: options.pop(name, None) for name in ("max_tokens", "most_input_tokens")}
        prompt = options.pop("prompt", Prompt())
        return Call(
            self,
            Request(
                read_options({"strategy": "ordered", **options}),
                streamed,
                model,
                timeout_seconds=timeout,
                hedge=options.get("hedge"),
                told=self.told,
                prompt=prompt,
                **asked,
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

"""Flow: one routed call as a generator that decides and never waits.

`route()` yields steps and is sent events (`steps`); a driver (`drive`) carries the steps out.
Retry, fallback, backoff, deadline and the limits of an attempt are one loop here, the same for sync
and async, for whole answers and streams: a backoff is a wait with nothing in flight, a hedge one
that ran out with an attempt in flight.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from langchain_core.exceptions import ModelError

from .agenda import Agenda, Choice
from .ending import broken_off
from .errors import callers_own, no_candidate
from .fleet import Fleet
from .inflight import Flight, hedge_time
from .ledger import Ledger
from .options import Interrupted
from .outcome import Cause, Failure
from .progress import Progress, limits_of
from .request import Request
from .resilience.verdict import VERDICTS, Next
from .routing.strategy import rank
from .steps import (
    Cancel,
    Chunk,
    Deliver,
    Ended,
    Event,
    Flow,
    Kind,
    Step,
    Tell,
    Wait,
)
from .telemetry.story import Story
from .values import new

_FINISH, _CALL = (
    Kind.FINISH,
    Kind.CALL,
)  # an enum's attribute is looked up more slowly than a global


def route(request: Request, fleet: Fleet, timeouts: tuple[float, ...], now: float) -> Flow:
    """Route one call.

    Args:
        request: What is asked.
        fleet: Where values and permits come from.
        timeouts: Each deployment's attempt limit in seconds, by number in the fleet.
        now: When the call began.

    Raises:
        NoCandidateError: nobody may serve it; nothing was sent.
        InvalidRequestError: the caller's mistake, unless it is a LangChain `ModelError` already.
        AllAttemptsFailedError: everything failed, or the deadline passed.
        StreamInterruptedError: it broke off after a part was delivered (`partial` is the
            driver's to add).
    """
    return _Call(request, fleet, timeouts, now).steps()


class _Call(Ledger):
    """The loop's state: what came of attempts so far, what comes next, and what is under way."""

    __slots__ = ("agenda", "commits_early", "committed", "flight", "timeouts")
    agenda: Agenda

    def __init__(
        self, request: Request, fleet: Fleet, timeouts: tuple[float, ...], now: float
    ) -> None:
        Ledger.__init__(self, request, fleet, now)  # `super()` costs as much again
        self.timeouts = timeouts
        self.committed = -1  # the attempt whose chunks the caller gets
        #: Whether the first content is delivered, or nothing before all of it is there.
        self.commits_early = (
            request.streamed and request.options.on_interrupted is not Interrupted.BUFFER
        )
        self.flight: Flight | None = None  # where a second copy may be sent

    def steps(self) -> Flow:
        """The call's steps; what happened is told before whatever ends it."""
        try:
            self.rank()
            while True:
                choice = self.agenda.next(self.now)
                if choice is None:
                    raise self.exhausted()
                if self.now < choice.not_before:
                    yield from self.wait(choice.not_before)
                attempt = self.begin(choice)
                if attempt is None:
                    latest = self.fleet.snapshot()[choice.candidate.number]
                    self.agenda.refused(choice, latest, self.now)
                    continue
                if self.story.told:
                    yield from self.announce(choice)
                try:
                    attempt, failure = yield from self.follow(attempt)
                finally:
                    if self.flight is not None or not attempt.permit.settled:
                        self.leave_unsettled(attempt)
                if failure is None:
                    break
                self.decide(attempt, failure)
        except ModelError as error:  # ours, or the caller's own mistake as LangChain has it
            if self.tried:
                self.fleet.call_failed()
            cause = str(getattr(error, "cause", None) or type(error).__name__)
            self.story.gave_up(cause, self.tried, self.now - self.started)
            yield from self.tell()
            raise
        if self.story.told:
            name, taken = attempt.deployment.name, self.now - self.started
            self.story.succeeded(name, self.tried, taken, self.cost_usd)
            yield from self.tell()
        return self.answered(attempt)

    def rank(self) -> None:
        fleet, request = self.fleet, self.request
        candidates, turn = fleet.candidates()
        ranking = rank(candidates, request, turn=turn, rng=fleet.rng, now=self.now)
        self.story = Story.of(turn, told=request.told)
        if not ranking.order:
            if request.told:
                self.story.begins("", (), ranking.event(turn, request))
            raise no_candidate(ranking.removed)
        self.ranking = ranking
        self.agenda = Agenda(ranking, request, fleet.policy, fleet.rng, self.deadline, self.now)

    def wait(self, until: float) -> Generator[Step, Event | None, None]:
        """Wait with nothing in flight."""
        while self.now < until:
            event = yield Wait(until)
            assert event is not None  # noqa: S101  # a Wait is always answered
            self.now = event.now
        if self.deadline is not None and self.now >= self.deadline:
            raise self.exhausted()  # the wait's end came late

    def announce(self, choice: Choice) -> Generator[Step, Event | None, None]:
        """An attempt begins."""
        ranked = None if self.tried else self.ranking.event(self.story.call, self.request)
        self.story.begins(choice.candidate.deployment.name, self.tried, ranked)
        yield from self.tell()

    def tell(self) -> Generator[Step, Event | None, None]:
        for happening in self.story.handed_over():
            yield Tell(happening)

    def begin(self, choice: Choice) -> Progress | None:
        charged = choice.charged
        if charged is not None and not self.fleet.withdraw(charged, self.now):
            return None
        candidate = choice.candidate
        number = candidate.number
        limits = limits_of(self.request, self.timeouts[number], self.deadline, self.now)
        longest = 3600.0 if limits.whole is None else limits.whole
        if limits.first_token is not None:
            longest = min(longest, limits.first_token)
        allowance = None
        if self.purse is not None:
            allowance = self.purse.allowance(candidate, self.now)
            if allowance is None:
                self.agenda.unpaid(choice)
                self.refuse_unpaid()
                return None
        permit = self.fleet.permit(
            number,
            self.now,
            longest_seconds=longest,
            last_resort=choice.last_resort,
            first=not self.begun,
            tokens=0 if candidate.quota is None else candidate.quota_tokens(self.request),
        )
        if permit is None:
            if allowance is not None:
                self.fleet.release(allowance)
            return None
        permit.allowance = allowance
        self.begun += 1
        attempt = Progress(self.begun - 1, choice, permit, limits, self.now, self.deadline)
        attempt.resumes = self.delivered
        return attempt

    def follow(
        self, attempt: Progress
    ) -> Generator[Step, Event | None, tuple[Progress, Failure | None]]:
        """An attempt, and its hedge if it gets one, until one succeeds or all have failed."""
        yield attempt.start()
        flight = None
        if self.request.hedge is not None and not self.delivered:
            flight = self.take_off(attempt)
        after_finish_seconds = self.fleet.policy.after_finish_seconds
        while True:
            attended = attempt if flight is None else flight
            event = yield new(Wait, (attended.until(after_finish_seconds),))
            assert event is not None  # noqa: S101  # a Wait is always answered
            self.now = event.now
            if flight is not None:
                if flight.due(event):
                    yield from self.hedge(flight)
                    continue
                attempt = flight.concerned(event, after_finish_seconds)
            if isinstance(event, Chunk):
                attempt.last = event.now
                attempt.characters = event.characters
                if event.kind is _FINISH:
                    attempt.finished = True
                elif event.kind is _CALL:
                    attempt.calls = True
                if event.has_content and not attempt.content:
                    attempt.content = True
                    attempt.first_token_seconds = max(0.0, event.now - attempt.started)
                    if self.commits_early:
                        yield from self.commit(attempt, flight)
                continue
            if not isinstance(event, Ended):
                yield Cancel(attempt.id)
            failure = self.ended(attempt, event)
            if failure is not None:
                if flight is None or not flight.goes_on_without(attempt):
                    return attempt, failure
                if self.is_final(attempt, failure):
                    yield from self.leave(flight.attempts)
                    return attempt, failure
                self.decide(attempt, failure)
                continue
            if flight is not None:
                yield from self.leave(flight.others(attempt))
            self.succeeded(attempt)
            if self.request.streamed and self.committed != attempt.id:
                yield from self.commit(attempt, None)
            return attempt, None

    def commit(
        self, attempt: Progress, flight: Flight | None
    ) -> Generator[Step, Event | None, None]:
        """The caller gets this attempt's chunks, and nobody else's."""
        if self.delivered:
            self.resumed_by(attempt)
        self.delivered, self.committed = True, attempt.id
        if flight is not None:
            yield from self.leave(flight.others(attempt))
        yield Deliver(attempt.id)

    def leave(self, losers: Iterable[Progress]) -> Generator[Step, Event | None, None]:
        """Cancel those that lost."""
        for loser in losers:
            yield Cancel(loser.id)
            self.left(loser)
            self.record(loser, "cancelled", None)

    def take_off(self, attempt: Progress) -> Flight:
        """Follow this attempt as one that may get a second copy."""
        latest = self.fleet.snapshot()[attempt.permit.number]
        at = hedge_time(self.request, latest, attempt.started)
        self.flight = Flight(attempt, at)
        return self.flight

    def hedge(self, flight: Flight) -> Generator[Step, Event | None, None]:
        """Send a second copy elsewhere, if somebody else can take it and the budget pays."""
        flight.hedge_at = None
        slow = flight.attempts[0]
        choice = self.agenda.hedge(slow.choice, self.fleet.snapshot(), self.now)
        attempt = None if choice is None else self.begin(choice)
        if attempt is None:
            return
        flight.attempts.append(attempt)
        self.story.hedged(slow.deployment.name, attempt.deployment.name, attempt.id + 1)
        yield from self.tell()
        yield attempt.start()

    def decide(self, attempt: Progress, failure: Failure) -> None:
        """What the failure means for the rest of this call."""
        self.failures.append(failure)
        if self.is_final(attempt, failure):
            name = attempt.deployment.name
            if self.delivered:
                raise broken_off(name, failure, self.tried) from failure.error
            if failure.cause is Cause.BAD_REQUEST:
                raise callers_own(failure, name)
            rule = VERDICTS[failure.cause].next
            raise self.exhausted(failure.cause if rule is Next.RAISE else None)
        latest = self.fleet.snapshot()[attempt.permit.number]
        self.agenda.failed(attempt.choice, failure, latest, self.now)
        if self.delivered:
            self.agenda.elsewhere()

    def leave_unsettled(self, attempt: Progress) -> None:
        """Whatever happened, every permit comes back."""
        self.left(attempt)
        if self.flight is not None:
            for other in self.flight.attempts:
                self.left(other)
            self.flight = None

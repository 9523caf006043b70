"""Flow: one routed call as a generator that decides and never waits.

`route()` yields steps and is sent events (`steps`); a driver (`drive`) carries the steps out.
Retry, fallback, backoff, deadline and the limits of an attempt are one loop here, the same for sync
and async, for whole answers and streams: a backoff is a wait with nothing in flight, a hedge one
that ran out with an attempt in flight.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from .agenda import Agenda, Choice
from .ending import broken_off
from .errors import RouterError, callers_own, no_candidate
from .fleet import Fleet
from .inflight import Flight, hedge_time
from .ledger import Ledger
from .options import Interrupted
from .outcome import Cause, Failure
from .progress import Progress, limits_of
from .request import Request
from .resilience.verdict import VERDICTS, Next
from .routing.decision import Decision, Draws
from .routing.strategy import rank
from .steps import Cancel, Chunk, Deliver, Ended, Event, Flow, Kind, Step, Tell, Wait
from .telemetry.story import Story
from .values import new

#: An enum's attribute is looked up more slowly than a global.
_FINISH, _CALL = Kind.FINISH, Kind.CALL


def route(request: Request, fleet: Fleet, timeouts: tuple[float, ...], now: float) -> Flow:
    """Route one call.

    Args:
        request: What is asked.
        fleet: Where values and permits come from.
        timeouts: Each deployment's attempt limit in seconds, by number in the fleet.
        now: When the call began.

    Raises:
        NoCandidateError: nobody may serve it; nothing was sent.
        InvalidRequestError: the caller's mistake.
        AllAttemptsFailedError: everything failed, or the deadline passed.
        StreamInterruptedError: it broke off after a part was delivered (`partial` is the
            driver's to add).
    """
    return _Call(request, fleet, timeouts, now).steps()


class _Call(Ledger):
    """The loop's state: what came of attempts so far, what comes next, and what is under way."""

    __slots__ = ("commits_early", "committed", "flight", "timeouts")

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
                    self.waits(choice)
                    yield from self.wait(choice.not_before)
                attempt = self.begin(choice)
                if attempt is None:
                    self.refused(choice)
                    continue
                try:
                    if self.story.told:
                        self.story.begins(attempt.deployment, attempt.id + 1, self.tried)
                        yield from self.tell()
                    attempt, failure = yield from self.follow(attempt)
                finally:
                    if self.flight is not None or not attempt.permit.settled:
                        self.leave_unsettled(attempt)
                if failure is None:
                    break
                self.decide(attempt, failure)
        except RouterError as error:
            if self.tried:
                self.fleet.call_failed(self.request, self.now)
            cause = str(getattr(error, "cause", None) or type(error).__name__)
            self.call_ended(None, cause)
            yield from self.tell()
            raise
        except GeneratorExit:  # the caller left; no step is taken any more
            self.call_ended(None, "cancelled")
            self.story.told_at_once()
            raise
        if self.story.told:
            self.call_ended(attempt.deployment.name, None)
            yield from self.tell()
        return self.answered(attempt)

    def rank(self) -> None:
        fleet, request = self.fleet, self.request
        candidates, turn = fleet.candidates()
        self.story = Story.of(turn, request.told)
        if request.told is None:
            ranking = rank(candidates, request, turn=turn, rng=fleet.rng, now=self.now)
        else:
            draws = Draws(fleet.rng)
            ranking = rank(candidates, request, turn=turn, rng=draws.as_rng(), now=self.now)
            taken = request.told.clock() - self.started
            self.story.add(Decision.of(turn, ranking, request, draws, self.now, taken))
        self.ranking = ranking
        if not ranking.order:
            raise no_candidate(ranking.removed)
        self.agenda = Agenda(ranking, request, fleet.policy, fleet.rng, self.deadline, self.now)

    def wait(self, until: float) -> Generator[Step, Event | None, None]:
        """Wait with nothing in flight."""
        while self.now < until:
            event = yield Wait(until)
            assert event is not None  # noqa: S101  # a Wait is always answered
            self.now = event.now
        if self.deadline is not None and self.now >= self.deadline:
            raise self.exhausted()  # the wait's end came late

    def tell(self) -> Generator[Step, Event | None, None]:
        if self.story.happened:
            yield new(Tell, (self.request.told, self.story.handed_over()))

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
        if self.purse is not None and (allowance := self.allowance(choice)) is None:
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
        """Cancel those that lost; settled first: whoever carries the order out may be stopped."""
        losers = tuple(losers)
        for loser in losers:
            self.left(loser)
            self.record(loser, "cancelled", None)
        for loser in losers:
            yield Cancel(loser.id)

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
        self.story.hedged(slow.deployment.name, attempt.deployment, attempt.id + 1)
        yield from self.tell()
        yield attempt.start()

    def decide(self, attempt: Progress, failure: Failure) -> None:
        """What the failure means for the rest of this call."""
        self.failures.append(failure)
        if self.delivered:
            name, cause = attempt.deployment.name, failure.cause.value
            self.story.interrupted(name, attempt.id + 1, cause)
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
        flying = () if self.flight is None else self.flight.attempts
        for one in {attempt.id: attempt, **{other.id: other for other in flying}}.values():
            if not one.permit.settled:
                self.left(one)
                self.record(one, "cancelled", None)
        self.flight = None

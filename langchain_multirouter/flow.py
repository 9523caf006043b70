"""Flow: one routed call as a generator that decides and never waits.

`route()` yields steps and is sent events (`steps`); a driver (`drive`) carries the steps out.
Retry, fallback, backoff, deadline and the limits of an attempt are one loop here, the same for sync
and async, for whole answers and streams: a backoff is a wait with nothing in flight.
"""

from __future__ import annotations

from collections.abc import Generator

from langchain_core.exceptions import ModelError

from .agenda import Agenda, Choice
from .economics.price import usage_of
from .errors import (
    NoCandidateError,
    RouterError,
    StreamInterruptedError,
    all_failed,
    callers_own,
)
from .fleet import Fleet
from .outcome import Answered, AttemptRecord, Cause, Failure, dominant
from .progress import Progress, limits_of
from .request import Request
from .resilience.verdict import VERDICTS, Next
from .routing.strategy import Ranking, rank
from .steps import (
    Cancel,
    Chunk,
    Deliver,
    Ended,
    Event,
    Flow,
    Kind,
    Start,
    Step,
    Tell,
    Wait,
)
from .telemetry.story import Story
from .values import new

_FINISH = Kind.FINISH  # an enum's attribute is looked up more slowly than a global


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


class _Call:
    """The loop's state: the agenda, what was tried, and the attempt under way."""

    __slots__ = (
        "agenda", "cost_usd", "deadline", "delivered", "failures", "fleet", "now", "ranking",
        "request", "started", "story", "timeouts", "tried",
    )  # fmt: skip
    ranking: Ranking
    agenda: Agenda
    story: Story

    def __init__(
        self, request: Request, fleet: Fleet, timeouts: tuple[float, ...], now: float
    ) -> None:
        self.request = request
        self.fleet = fleet
        self.timeouts = timeouts
        self.started = self.now = now
        seconds = request.options.deadline_seconds
        self.deadline = None if seconds is None else now + seconds
        self.tried: list[AttemptRecord] = []
        self.failures: list[Failure] = []
        self.delivered = False
        self.cost_usd: float | None = None

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
                    failure = yield from self.follow(attempt, choice)
                finally:
                    if not attempt.permit.settled:
                        self.fleet.settle_cancelled(attempt.permit, self.now)
                if failure is None:
                    break
                self.decide(choice, failure)
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
            raise NoCandidateError(ranking.removed)
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
        number = choice.candidate.number
        limits = limits_of(self.request, self.timeouts[number], self.deadline, self.now)
        longest = 3600.0 if limits.whole is None else limits.whole
        if limits.first_token is not None:
            longest = min(longest, limits.first_token)
        permit = self.fleet.permit(
            number,
            self.now,
            longest_seconds=longest,
            last_resort=choice.last_resort,
            first=not self.tried,
        )
        if permit is None:
            return None
        return Progress(len(self.tried), choice, permit, limits, self.now, self.deadline)

    def follow(
        self, attempt: Progress, choice: Choice
    ) -> Generator[Step, Event | None, Failure | None]:
        """One attempt from its start to its end; None for a success."""
        number = choice.candidate.number
        yield new(Start, (attempt.id, number, attempt.deployment, attempt.limits))
        after_finish_seconds = self.fleet.policy.after_finish_seconds
        while True:
            event = yield new(Wait, (attempt.until(after_finish_seconds),))
            assert event is not None  # noqa: S101  # a Wait is always answered
            self.now = event.now
            if isinstance(event, Chunk):
                attempt.last = event.now
                if event.kind is _FINISH:
                    attempt.finished = True
                if event.has_content and not attempt.content:
                    attempt.content = True
                    attempt.first_token_seconds = max(0.0, event.now - attempt.started)
                    if self.request.streamed:
                        self.delivered = True
                        yield Deliver(attempt.id)
                continue
            complete = attempt.finished and attempt.content
            if isinstance(event, Ended):
                failure = event.failure
                attempt.usage = usage_of(event.usage)
                if failure is not None and not complete:
                    self.failed(attempt, failure)
                    return failure
            else:
                yield Cancel(attempt.id)
                if not complete:
                    return self.overdue(attempt)
            self.succeeded(attempt)
            if self.request.streamed and not self.delivered:
                self.delivered = True  # an answer without content, such as one cut by max_tokens
                yield Deliver(attempt.id)
            return None

    def succeeded(self, attempt: Progress) -> None:
        if attempt.price is None:
            attempt.price = self.fleet.price(attempt.permit.number)  # the answer may have told
        sample = attempt.sample(self.now, typical=not self.request.is_check)
        self.cost_usd = sample.cost_usd
        changed = self.fleet.settle_success(attempt.permit, self.now, sample)
        if changed is not None:
            self.story.health(changed)
        self.record(attempt, "success", None)

    def failed(self, attempt: Progress, failure: Failure) -> None:
        changed = self.fleet.settle_failure(attempt.permit, failure, self.now)
        self.record(attempt, "failure", failure)
        self.story.failed(self.tried, changed)

    def overdue(self, attempt: Progress) -> Failure:
        """A limit ran out. The deadline blames only who had most of the call's time."""
        failure = Failure(Cause.TIMEOUT)
        if (deadline := self.deadline) is not None and self.now >= deadline:
            had_its_chance = self.now - attempt.started >= 0.5 * (deadline - self.started)
            if not had_its_chance:
                self.fleet.settle_cancelled(attempt.permit, self.now)
                self.record(attempt, "cancelled", failure)
                return failure
        self.failed(attempt, failure)
        return failure

    def record(self, attempt: Progress, outcome: str, failure: Failure | None) -> None:
        seconds = max(0.0, self.now - attempt.started)
        name = attempt.deployment.name
        cause = code = None
        if failure is not None:
            cause, code = failure.cause.value, failure.code
        self.tried.append(new(AttemptRecord, (name, outcome, cause, code, seconds)))

    def decide(self, choice: Choice, failure: Failure) -> None:
        """What the failure means for the rest of this call."""
        self.failures.append(failure)
        if self.delivered:
            raise StreamInterruptedError(
                f"The stream from {choice.candidate.deployment.name} broke off after part of the "
                f"answer was delivered ({failure.described()}).",
                None,
                self.tried,
                failure.cause,
            ) from failure.error
        if VERDICTS[failure.cause].next is Next.RAISE:
            if failure.cause is Cause.BAD_REQUEST:
                raise callers_own(failure, choice.candidate.deployment.name)
            raise self.exhausted(failure.cause)
        if self.deadline is not None and self.now >= self.deadline:
            raise self.exhausted()
        latest = self.fleet.snapshot()[choice.candidate.number]
        self.agenda.failed(choice, failure, latest, self.now)

    def exhausted(self, cause: Cause | None = None) -> RouterError:
        """The one error of a call that nobody answered; of the dominant cause if none is given."""
        if not self.tried:
            now = self.fleet.snapshot()
            out = {c.deployment.name: now[c.number].why_out(self.now) for c in self.ranking.order}
            return NoCandidateError({**self.ranking.removed, **out}, note=" just now")
        head, deadline = "All attempts failed", self.deadline
        if deadline is not None and self.now >= deadline:
            cause = cause or Cause.TIMEOUT
            head = f"The deadline of {self.request.options.deadline_seconds:g} s passed"
        return all_failed(head, self.tried, self.failures, cause or dominant(self.failures))

    def answered(self, attempt: Progress) -> Answered:
        task, ranking = self.request.task_type, self.ranking
        name, task_name = self.request.options.strategy_name, None if task is None else str(task)
        found = (attempt.id, attempt.deployment, name, task_name, len(ranking.order))
        tried = tuple(self.tried)
        values = (*found, self.started, self.now, tried, ranking.notes, self.cost_usd)
        return new(Answered, values)

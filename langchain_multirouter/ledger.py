"""Ledger: what came of one call's attempts: each settled once, and all of them told at the end."""

from __future__ import annotations

from .agenda import Agenda, Choice
from .allowance import Purse
from .candidate import Candidate
from .economics.budgets import Allowance
from .economics.price import usage_of
from .ending import broken_off, nobody_answered, nobody_asked
from .errors import RouterError
from .fleet import Fleet
from .options import Interrupted
from .outcome import Answered, AttemptRecord, Cause, Failure
from .progress import Progress
from .request import Request
from .resilience.quota import lacking
from .resilience.verdict import VERDICTS, Next
from .routing.strategy import Ranking
from .steps import Ended, Event
from .telemetry.events import BudgetReached, CallEnded, QuotaReached, QuotaWaited
from .telemetry.record import CallRecord
from .telemetry.story import Story
from .values import new

#: How the note begins that an answer is in parts of more than one deployment.
CONTINUED = "continued by"


class Ledger:
    """The attempts of one call that have ended, and what they amount to."""

    __slots__ = (
        "agenda", "begun", "cost_usd", "deadline", "delivered", "estimated_usd", "failures",
        "fleet", "notes", "now", "purse", "ranking", "request", "started", "story", "tried",
    )  # fmt: skip
    agenda: Agenda
    ranking: Ranking
    story: Story

    def __init__(self, request: Request, fleet: Fleet, now: float) -> None:
        self.request = request
        self.fleet = fleet
        self.started = self.now = now
        seconds = request.options.deadline_seconds
        self.deadline = None if seconds is None else now + seconds
        self.tried: list[AttemptRecord] = []
        self.failures: list[Failure] = []
        self.begun = 0  # attempts
        self.delivered = False
        self.cost_usd: float | None = None  # of all attempts, as far as it is known
        self.estimated_usd = 0.0  # of those that may be billed and were not counted
        self.notes: tuple[str, ...] = ()
        if request.repeats:
            self.notes = tuple(repeat.note for repeat in request.repeats)
        self.purse = None if fleet.books is None else Purse(fleet, request)

    def succeeded(self, attempt: Progress) -> None:
        """It answered the call."""
        if attempt.price is None:
            attempt.price = self.fleet.price(attempt.permit.number)  # the answer may have told
        sample = attempt.sample(self.now, self.request)
        changed = self.fleet.settle_success(attempt.permit, self.now, sample)
        if (ties := self.request.conversation) is not None:
            self.fleet.memory.answered(ties, attempt.permit.number, attempt.usage, self.now)
        if changed is not None:
            self.story.health(changed)
        self.record(attempt, "success", None)

    def ended(self, attempt: Progress, event: Event) -> Failure | None:
        """It came to its end, or its limit ran out; None where all of the answer is there."""
        if isinstance(event, Ended):
            attempt.usage = usage_of(event.usage)
            failure = event.failure
            if failure is None or (attempt.finished and attempt.content):
                return None
            self.failed(attempt, failure)
            return failure
        return None if attempt.finished and attempt.content else self.overdue(attempt)

    def failed(self, attempt: Progress, failure: Failure) -> None:
        """It failed."""
        if attempt.price is None:
            attempt.price = self.fleet.price(attempt.permit.number)
        spent = attempt.spent(self.request, failure.cause)
        changed = self.fleet.settle_failure(attempt.permit, failure, self.now, spent)
        self.record(attempt, "failure", failure)
        self.story.health(changed)

    def overdue(self, attempt: Progress) -> Failure:
        """A limit ran out. The deadline blames only who had most of the call's time."""
        failure = Failure(Cause.TIMEOUT)
        if (deadline := self.deadline) is not None and self.now >= deadline:
            had_its_chance = self.now - attempt.started >= 0.5 * (deadline - self.started)
            if not had_its_chance:
                self.left(attempt)
                self.record(attempt, "cancelled", failure)
                return failure
        self.failed(attempt, failure)
        return failure

    def left(self, attempt: Progress) -> None:
        """Nobody waits for it any more; what was under way may be billed."""
        if not attempt.permit.settled:
            spent = attempt.spent(self.request, None)
            self.fleet.settle_cancelled(attempt.permit, self.now, spent)

    def record(self, attempt: Progress, outcome: str, failure: Failure | None) -> None:
        """One more that has ended: "success", "failure" or "cancelled"."""
        seconds = max(0.0, self.now - attempt.started)
        name = attempt.deployment.name
        cause = code = None
        if failure is not None:
            cause, code = failure.cause.value, failure.code
        cost_usd, estimated_usd = attempt.cost_usd, attempt.estimated_usd
        if cost_usd is not None:
            self.cost_usd = cost_usd if self.cost_usd is None else self.cost_usd + cost_usd
        if estimated_usd is not None:
            self.estimated_usd += estimated_usd
        if self.purse is not None and self.delivered:
            self.purse.said_characters += attempt.characters
        spent = (attempt.usage, cost_usd, estimated_usd, attempt.first_token_seconds)
        values = (name, outcome, cause, code, seconds, *spent)
        ended = new(AttemptRecord, values)
        self.tried.append(ended)
        self.story.attempt_ended(attempt.id + 1, ended)

    def is_final(self, attempt: Progress, failure: Failure) -> bool:
        """Whether nothing is tried after it."""
        if self.delivered:
            wish = self.request.options.on_interrupted
            if attempt.calls or wish is not Interrupted.CONTINUE:
                return True
        if VERDICTS[failure.cause].next is Next.RAISE:
            return True
        return self.deadline is not None and self.now >= self.deadline

    def allowance(self, choice: Choice) -> Allowance | None:
        """What an attempt there may spend; where it is not covered, the call goes there no more.

        Raises:
            BudgetExceededError: nothing was sent, and the budget wants no cheaper deployment.
        """
        assert self.purse is not None  # noqa: S101  # asked for only where there are budgets
        found = self.purse.allowance(choice.candidate, self.now)
        if found is None:
            self.agenda.unpaid(choice)
            short = self.purse.short
            if short is None:
                return None
            refused = short.refuses and self.begun == 0
            if self.story.told:
                told = (short.budget, short.key_digest, short.left_usd, short.needed_usd)
                action = "refused" if refused else "cheaper"
                self.story.add(BudgetReached(self.story.call, *told, action))
            if refused:
                raise self.exhausted()
        return found

    def refused(self, choice: Choice) -> None:
        """An attempt there got no permit, or no budget pays for it."""
        latest = self.fleet.snapshot()[choice.candidate.number]
        if self.story.told and (quota := self._lacking(latest)):
            name, seconds = latest.deployment.name, latest.headroom_at(self.request, self.now)
            self.story.add(QuotaReached(self.story.call, name, quota, seconds - self.now))
        self.agenda.refused(choice, latest, self.now)

    def waits(self, choice: Choice) -> None:
        """The call waits for its next attempt; where that is for a quota, it is told."""
        if not self.story.told:
            return
        latest = self.fleet.snapshot()[choice.candidate.number]
        if quota := self._lacking(latest):
            name, seconds = latest.deployment.name, choice.not_before - self.now
            self.story.add(QuotaWaited(self.story.call, name, quota, seconds))

    def _lacking(self, latest: Candidate) -> str | None:
        if latest.quota is None:
            return None
        return lacking(latest.quota, latest.quota_tokens(self.request), self.now)

    def exhausted(self, cause: Cause | None = None) -> RouterError:
        """The one error of a call that nobody answered."""
        if not self.tried:
            if self.purse is not None and self.purse.unpaid:
                return self.purse.refusal(self.ranking.removed)
            return nobody_asked(self.ranking, self.fleet.snapshot(), self.now)
        if self.delivered:
            failure = self.failures[-1]
            error = broken_off(self.tried[-1].deployment, failure, self.tried)
            error.__cause__ = failure.error
            return error
        late = self.deadline is not None and self.now >= self.deadline
        seconds = self.request.options.deadline_seconds if late else None
        return nobody_answered(self.tried, self.failures, cause=cause, deadline_seconds=seconds)

    def resumed_by(self, attempt: Progress) -> None:
        """The answer is in parts of more than one deployment."""
        name, last = attempt.deployment.name, self.tried[-1].deployment
        self.notes += (f"{CONTINUED} {name} where the stream from {last} broke off",)

    def call_ended(self, deployment: str | None, cause: str | None) -> None:
        """It has ended: who answered it (then `answered` keeps it), or why nobody did."""
        begun = self.tried or cause != "cancelled"
        kept = cause is not None and begun and not self.request.is_check
        if kept or self.story.told:
            record = self.call_record(deployment, cause)
            if kept:
                self.fleet.history.keep(record)
            if self.story.told:
                self.story.add(CallEnded(record, self.request.is_check))

    def call_record(self, deployment: str | None, cause: str | None) -> CallRecord:
        """The call as it ended."""
        request, task, ranking = self.request, self.request.task_type, self.ranking
        removed = () if ranking.order else {why.split(":")[0] for why in ranking.removed.values()}
        return CallRecord(
            self.story.call,
            self.now,
            request.options.strategy_name,
            None if task is None else str(task),
            deployment,
            cause,
            tuple(self.tried),
            max(0.0, self.now - self.started),
            len(ranking.order),
            request.streamed,
            removed_by=tuple(sorted(removed)),
        )

    def answered(self, attempt: Progress) -> Answered:
        """How the call was answered."""
        task, ranking = self.request.task_type, self.ranking
        name, task_name = self.request.options.strategy_name, None if task is None else str(task)
        found = (attempt.id, attempt.deployment, name, task_name, len(ranking.order))
        tried = tuple(self.tried)
        notes = ranking.notes + self.notes
        values = (*found, self.started, self.now, tried, notes, self.cost_usd, self.estimated_usd)
        if not self.request.is_check:
            self.fleet.history.keep((values, self.request.streamed))
        return new(Answered, (*values, ranking))

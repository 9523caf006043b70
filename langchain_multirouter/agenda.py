"""Agenda: what one call tries next, and when; after a failure, a new answer to the same question.

The order: a quick retry where the failure was a passing one; then everybody once, in the
ranking's order (deployments of the model that failed first, unless the strategy keeps its order);
then further laps and those in cooldown, the soonest first; and only if nothing could be tried at
all, one attempt at each of those whose breakers are open, as far as the trickle lets it. Retries
are paid for by the deployment's budget; the first attempt at each deployment is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from .candidate import Candidate, Readiness
from .outcome import Cause, Failure
from .request import Request
from .resilience import budget
from .resilience.backoff import backoff_seconds, longest_wait_seconds, may_retry
from .resilience.policy import Policy
from .resilience.verdict import VERDICTS, Effect, Next
from .routing.strategy import Ranking, place
from .values import new

#: A call's attempts by default: twice the candidates, but no more than these.
MOST_ATTEMPTS = 8
#: A deployment that was refused a permit this often is left alone by the call.
MOST_REFUSALS = 3
#: Why a breaker may be open that a last resort had better leave to the others.
NOT_MENDED_IN_SECONDS = frozenset(
    cause.value for cause, row in VERDICTS.items() if row.effect is Effect.DISABLE
)

_READY = Readiness.READY  # an enum's attribute is looked up more slowly than a global


class Choice(NamedTuple):
    """Who is tried next, not before when, and whose budget pays for it, if one must."""

    candidate: Candidate
    not_before: float
    last_resort: bool = False
    charged: int | None = None  # a deployment's number


class _Entry:
    """One candidate's place in the agenda of one call."""

    __slots__ = (
        "candidate", "free", "group", "left", "not_before", "rank", "refusals", "retries",
        "unpaid", "waiting",
    )  # fmt: skip

    def __init__(self, candidate: Candidate, request: Request, rank: int, now: float) -> None:
        self.candidate = candidate
        self.group = place(candidate, request, now)
        self.rank = rank
        self.refusals = 0
        self.retries = -1  # -1: not tried yet
        self.free = True  # one retry for our own transport's sake costs nothing
        self.unpaid = False  # the next attempt is that retry
        self.left = False  # not again in this call
        self.waiting = candidate.readiness(now)
        self.not_before = candidate.cools_until if self.waiting is Readiness.COOLING else now


def most_attempts(max_attempts: int | None, candidates: int) -> int:
    """A call's bound on its attempts."""
    return max_attempts or min(MOST_ATTEMPTS, 2 * candidates)


def _hope(entry: _Entry) -> tuple[bool, float, int]:
    """Of those that are out, who failed longest ago first: by now it may have healed."""
    switch = entry.candidate.breaker
    return switch.cause in NOT_MENDED_IN_SECONDS, switch.at, entry.rank


class Agenda:
    """The order of attempts of one call."""

    __slots__ = (
        "_attempts", "_deadline", "_last_resorts", "_listed", "_options", "_policy", "_quick",
        "_ranking", "_request", "_rng", "_started",
    )  # fmt: skip

    def __init__(
        self,
        ranking: Ranking,
        request: Request,
        policy: Policy,
        rng: Random,
        deadline: float | None,
        now: float,
    ) -> None:
        self._ranking = ranking
        self._request = request
        self._options = request.options
        self._policy = policy
        self._rng = rng
        self._deadline = deadline
        self._started = now
        self._listed: list[_Entry] | None = None  # when the first choice was not the last
        self._attempts = self._last_resorts = 0
        self._quick: _Entry | None = None

    def next(self, now: float) -> Choice | None:
        """The next attempt, or None when there is none left to make."""
        if self._deadline is not None and now >= self._deadline:
            return None
        if self._listed is None:
            first = self._ranking.order[0]
            if first.readiness(now) is _READY:
                return new(Choice, (first, now, False, None))
        entries = self._entries
        if self._attempts >= most_attempts(self._options.max_attempts, len(entries)):
            return None
        entry = self._quick or self._untried() or self._soonest(now)
        self._quick = None
        if entry is not None:
            paid = entry.retries < 0 or entry.unpaid
            charged = None if paid else entry.candidate.number
            return Choice(entry.candidate, max(now, entry.not_before), charged=charged)
        if self._attempts > self._last_resorts or self._insists:
            return None
        out = [entry for entry in entries if not entry.left]
        if not out:
            return None
        return Choice(min(out, key=_hope).candidate, now, last_resort=True)

    def hedge(self, slow: Choice, latest: Sequence[Candidate], now: float) -> Choice | None:
        """Where a second copy goes while the first is slow: to somebody not yet tried."""
        entries = self._entries
        most = most_attempts(self._options.max_attempts, len(entries))
        if self._attempts + 2 > most or slow.last_resort:
            return None
        first = slow.candidate
        for entry in entries:
            candidate = latest[entry.candidate.number]
            if (
                entry.retries < 0
                and not entry.left
                and candidate.number != first.number
                and candidate.readiness(now) is _READY
                and candidate.breaker.open_until is None
                and candidate.orphans < self._policy.most_orphans
                and (self._options.allow_model_change or self._same_model(candidate, first))
            ):
                return Choice(entry.candidate, now, charged=first.number)
        return None

    @staticmethod
    def _same_model(one: Candidate, other: Candidate) -> bool:
        return one.deployment.family == other.deployment.family

    def refused(self, choice: Choice, latest: Candidate, now: float) -> None:
        """No permit: it went out since the ranking, or somebody else has the probe."""
        entry = self._entry_of(choice)
        entry.refusals += 1
        entry.left |= choice.last_resort or entry.refusals > MOST_REFUSALS
        if choice.charged is not None and not self._affordable(latest, now):
            entry.left = True
        if now < (headroom_at := latest.headroom_at(self._request, now)):
            entry.refusals -= 1  # others took what there was: it may wait in all for so long
            entry.waiting = Readiness.COOLING
            entry.not_before = max(headroom_at, latest.cools_until)
            entry.left |= entry.not_before - self._started > self._longest_wait
            return
        cooling = latest.readiness(now) is Readiness.COOLING
        entry.waiting = Readiness.COOLING if cooling else Readiness.OUT
        entry.not_before = latest.cools_until

    def failed(self, choice: Choice, failure: Failure, latest: Candidate, now: float) -> None:
        """An attempt failed: whether, where and when to go on."""
        entry = self._entry_of(choice)
        self._attempts += 1
        self._last_resorts += choice.last_resort
        entry.unpaid = False
        verdict = VERDICTS[failure.cause].next
        if verdict is Next.AT_ONCE and entry.free:
            entry.free = False
            entry.unpaid = True
            entry.not_before = now
            self._attempts -= 1
            self._quick = entry
            return
        first_failure = entry.retries < 0
        entry.retries += 1
        out = latest.readiness(now) is Readiness.OUT  # a retry would wait, and get no permit
        entry.waiting = Readiness.OUT if out else Readiness.READY
        if (
            choice.last_resort
            or not self._again(entry, verdict, failure, now)
            or not self._affordable(latest, now)
        ):
            entry.left = True
        elif (
            verdict is Next.AGAIN
            and first_failure
            and not out
            and failure.retry_after_seconds is None  # with a hint: elsewhere at once
            and self._in_time(entry, now)
        ):
            self._quick = entry
        self._reorder(entry, failure)

    def unpaid(self, choice: Choice) -> None:
        """The call's budgets do not cover an attempt there: it goes there no more."""
        self._entry_of(choice).left = True

    def elsewhere(self) -> None:
        """No quick retry: another deployment is to be tried first, if there is one."""
        self._quick = None

    def _affordable(self, latest: Candidate, now: float) -> bool:
        """Whether the deployment's budget would pay for one more retry."""
        started = latest.stats.started
        return budget.available(latest.budget, self._policy, now, started=started) >= 1.0

    @property
    def _entries(self) -> list[_Entry]:
        """Everybody's place; without fallback the first is everybody."""
        if self._listed is None:
            order = self._ranking.order
            self._listed = [
                _Entry(candidate, self._request, i, self._started)
                for i, candidate in enumerate(
                    order if self._options.fallback_enabled else order[:1]
                )
            ]
        return self._listed

    @property
    def _longest_wait(self) -> float:
        return longest_wait_seconds(self._policy, self._options.max_wait_seconds)

    @property
    def _insists(self) -> bool:
        """An unhealthy preferred provider without fallback is an error, not a last resort."""
        options = self._options
        return options.preferred_provider is not None and not options.fallback_enabled

    def _again(self, entry: _Entry, verdict: Next, failure: Failure, now: float) -> bool:
        """Whether this deployment may be tried once more, and not before when."""
        elapsed = now - self._started
        if (
            verdict not in {Next.AGAIN, Next.AFTER_HINT}
            or entry.retries >= self._options.max_retries
            or not may_retry(self._policy, attempts=self._attempts, elapsed_seconds=elapsed)
        ):
            return False
        seconds = backoff_seconds(
            self._policy, retry=entry.retries, elapsed_seconds=elapsed, rng=self._rng
        )
        if failure.retry_after_seconds is not None:
            seconds = max(seconds, failure.retry_after_seconds)
        entry.not_before = now + seconds
        return seconds <= self._longest_wait

    def _reorder(self, failed: _Entry, failure: Failure) -> None:
        """Deployments of the failed model come before others, or are the only ones."""
        family = failed.candidate.deployment.family
        if not self._options.allow_model_change:
            for entry in self._entries:
                entry.left |= entry.candidate.deployment.family != family
        elif not self._ranking.keeps_order:
            self._entries.sort(
                key=lambda e: (e.group, e.candidate.deployment.family != family, e.rank)
            )
        if failure.cause is Cause.CONTEXT_OVERFLOW:
            window = failed.candidate.facts.capabilities.max_input_tokens
            for entry in self._entries:
                larger = entry.candidate.facts.capabilities.max_input_tokens
                entry.left |= window is None or larger is None or larger <= window

    def _untried(self) -> _Entry | None:
        for entry in self._entries:
            if entry.retries < 0 and not entry.left and entry.waiting is Readiness.READY:
                return entry
        return None

    def _soonest(self, now: float) -> _Entry | None:
        """Among those worth a wait, who comes back first."""
        worth = [
            entry
            for entry in self._entries
            if not entry.left and entry.waiting is not Readiness.OUT and self._in_time(entry, now)
        ]
        return min(worth, key=lambda e: (max(now, e.not_before), e.retries, e.rank), default=None)

    def _in_time(self, entry: _Entry, now: float) -> bool:
        if entry.not_before - now > self._longest_wait:
            return False
        return self._deadline is None or entry.not_before < self._deadline

    def _entry_of(self, choice: Choice) -> _Entry:
        number = choice.candidate.number
        return next(entry for entry in self._entries if entry.candidate.number == number)

"""Progress: one attempt under way, as the flow sees it: its permit, its limits, what came of it."""

from __future__ import annotations

from .agenda import Choice
from .economics.price import Usage
from .economics.spent import NOTHING_SPENT, Spent
from .economics.tokens import CHARACTERS_PER_TOKEN
from .outcome import Cause
from .request import Limits, Request
from .settlement import Permit
from .steps import Start
from .telemetry.stats import Sample
from .values import new

#: Causes after which a service may have worked, and may bill what it never counted for us: it was
#: at work when the time was up, or its answer did not arrive whole. Of a stream that broke off,
#: what came of it is taken as its output; of a whole answer, what is usual.
MAYBE_BILLED = frozenset({Cause.TIMEOUT, Cause.STREAM_BROKEN, Cause.INVALID_RESPONSE})


class Progress:
    """One attempt under way; mutable, and known to its own call alone."""

    __slots__ = (
        "calls", "characters", "choice", "content", "cost_usd", "deadline", "deployment", "ends",
        "estimated_usd", "finished", "first_token_seconds", "id", "last", "limits", "max_tokens",
        "permit", "price", "resumes", "started", "usage",
    )  # fmt: skip

    def __init__(
        self,
        id: int,
        choice: Choice,
        permit: Permit,
        limits: Limits,
        now: float,
        deadline: float | None,
    ) -> None:
        candidate = choice.candidate
        self.choice = choice
        self.id = id
        self.deployment = candidate.deployment
        self.price = candidate.facts.price
        self.usage: Usage | None = None
        self.first_token_seconds: float | None = None
        self.cost_usd: float | None = None
        self.estimated_usd: float | None = None
        self.characters = 0  # of the answer, as far as they have come
        self.resumes = False  # it goes on where another broke off
        #: The longest answer that the call's budgets pay for, where they say.
        self.max_tokens = None if permit.allowance is None else permit.allowance.max_tokens
        self.permit = permit
        self.limits = limits
        self.started = self.last = now
        self.deadline = deadline
        #: When it is over at the latest: its own limit, or the call's.
        self.ends = sooner(None if limits.whole is None else now + limits.whole, deadline)
        self.calls = self.content = self.finished = False

    def start(self) -> Start:
        """The step that begins it."""
        number, resumes = self.permit.number, self.resumes
        values = (self.id, number, self.deployment, self.limits, resumes, self.max_tokens)
        return new(Start, values)

    def sample(self, now: float, request: Request) -> Sample:
        """What its success adds to the statistics.

        A health check says nothing of times; neither it nor a request with pictures or files says
        how well texts are estimated; and neither it, nor an answer that its limit cut, nor the
        rest of one that broke off says how long answers are.
        """
        usage, price, prompt = self.usage, self.price, request.prompt
        typical = not request.is_check
        seconds = max(0.0, now - self.started) if typical else None
        first_token_seconds = self.first_token_seconds if typical else None
        if usage is None:
            return new(Sample, (seconds, first_token_seconds, None, None, None, None, None))
        self.cost_usd = cost = None if price is None else price.cost_usd(usage)
        estimated = task = None
        if typical and not self.resumes:
            estimated = None if prompt.kinds else prompt.input_tokens
            most = request.max_tokens or self.max_tokens
            task = request.task_type if most is None or usage[1] < most else None
        counts = (usage[0], usage[1], cost, estimated, task)
        return new(Sample, (seconds, first_token_seconds, *counts))

    def spent(self, request: Request, cause: Cause | None) -> Spent:
        """What it used up without answering: as the provider counted it, or as it is guessed.

        Args:
            request: What was asked.
            cause: Why it failed; None where it was left.
        """
        usage, price = self.usage, self.price
        if usage is not None:
            self.cost_usd = None if price is None else price.cost_usd(usage)
            return Spent(usage, self.cost_usd)
        if price is None or not (self.content or cause is None or cause in MAYBE_BILLED):
            return NOTHING_SPENT
        candidate = self.choice.candidate
        output = -(-self.characters // CHARACTERS_PER_TOKEN)
        if not request.streamed:
            output = candidate.expected_output(request)
        self.estimated_usd = price.plain_usd(candidate.expected_input(request), output)
        return Spent(None, None, self.estimated_usd)

    def until(self, after_finish_seconds: float) -> float | None:
        """When the next of its limits runs out."""
        if self.finished:
            return sooner(self.last + after_finish_seconds, self.deadline)
        if self.content:
            idle = self.limits.idle
            return self.ends if idle is None else sooner(self.last + idle, self.ends)
        first = self.limits.first_token
        return self.ends if first is None else sooner(self.started + first, self.ends)


def least(seconds: float, limit: float | None) -> float:
    """The narrower of a limit that is and one that may be."""
    return seconds if limit is None or seconds < limit else limit


def sooner(one: float | None, other: float | None) -> float | None:
    """The earlier of two times, either of which may be none."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def limits_of(
    request: Request, timeout_seconds: float, deadline: float | None, now: float
) -> Limits:
    """The limits of an attempt that begins now, at a deployment with this limit of its own."""
    seconds = request.timeout_seconds
    if seconds is None:
        seconds = timeout_seconds
    left = None if deadline is None else deadline - now
    if request.streamed:
        options = request.options
        first = least(seconds, options.first_token_seconds)
        return Limits(first_token=first, idle=least(seconds, options.idle_seconds), whole=left)
    whole = seconds if left is None or seconds < left else left
    return new(Limits, (None, None, whole))

"""Candidate: a deployment with what is known of it now."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .conversation import Cached
from .deployment import Deployment
from .economics.capabilities import Capabilities
from .economics.lengths import shrunk
from .economics.price import Price, Usage
from .economics.tokens import USUAL_OUTPUT_TOKENS, expected_output_tokens
from .economics.warmth import usage_next, usage_now
from .request import Request
from .resilience.breaker import Breaker
from .resilience.budget import Budget
from .resilience.cooldown import Cooldown
from .resilience.quota import Quota, headroom_at
from .telemetry.stats import Stats
from .values import new


class Readiness(Enum):
    """Whether a candidate may be tried now."""

    READY = "closed, or due for its probe"
    COOLING = "out until the provider's time; a call may wait for it"
    OUT = "its breaker is open, or its probe is under way; only a last resort"


_READY, _COOLING, _OUT = Readiness  # an enum's attribute is looked up more slowly than a global


class Facts(NamedTuple):
    """What is known of a deployment before it was ever asked."""

    price: Price | None = None
    capabilities: Capabilities = Capabilities()
    sent_times: int = 1  # so often its class may send one attempt
    own_limit: int | None = None  # the `max_tokens` that its own object has


class Candidate(NamedTuple):
    """A deployment, its number in the caller's order, and its latest values."""

    number: int
    deployment: Deployment
    facts: Facts = Facts()
    stats: Stats = Stats()
    breaker: Breaker = Breaker()
    cooldown: Cooldown = Cooldown()
    paused: bool = False
    budget: Budget = Budget()
    orphans: int = 0  # attempts that were left and whose threads still run
    quota: Quota | None = None  # None: no limit was given

    def readiness(self, now: float) -> Readiness:
        """Whether it may be tried now, all switches considered."""
        if self.breaker.open_until is not None and not self.breaker.admits(now):
            return _OUT
        if now < self.cooldown.until or self.lacks_headroom(now):
            return _COOLING
        return _READY

    def lacks_headroom(self, now: float) -> bool:
        """Whether its quota has nothing left for any attempt just now."""
        return self.quota is not None and now < self.quota.until

    def quota_tokens(self, request: Request) -> int:
        """What an attempt is expected to take of its quota."""
        return self.expected_input(request) + self.expected_output(request)

    def headroom_at(self, request: Request, now: float) -> float:
        """When its quota has room for this request; a time in the past, or now: at once."""
        if self.quota is None:
            return now
        return headroom_at(self.quota, self.quota_tokens(request), now)

    @property
    def cools_until(self) -> float:
        """Until when it is to be waited for: its cooldown, or its quota."""
        until = self.cooldown.until
        return until if self.quota is None else max(until, self.quota.until)

    def with_values(
        self, stats: Stats, breaker: Breaker, cooldown: Cooldown, quota: Quota | None
    ) -> Candidate:
        """The same deployment with its next values; `_replace` costs three times as much."""
        number, deployment, facts, _, _, _, paused, budget, orphans, _ = self
        known = (number, deployment, facts)
        values = (*known, stats, breaker, cooldown, paused, budget, orphans, quota)
        return new(Candidate, values)

    def healthy(self, now: float) -> bool:
        """Neither broken nor cooling: its breaker is closed, and no cooldown holds."""
        return self.breaker.open_until is None and now >= self.cooldown.until and not self.paused

    @property
    def back_at(self) -> float:
        """When it may be tried again, by the monotonic clock; a time in the past: now."""
        return max(self.breaker.open_until or 0.0, self.cools_until)

    @property
    def average_seconds(self) -> float | None:
        """What an answer usually takes; None before there was one."""
        return self.stats.measured.average_seconds

    def expected_usd(self, request: Request) -> float | None:
        """What the request is expected to cost here, in USD; None where the price is unknown."""
        price = self.facts.price
        if price is None:
            return None
        tokens_in, tokens_out = self.expected_input(request), self.expected_output(request)
        cached = self.expected_cached(request)
        if cached is None:
            return price.plain_usd(tokens_in, tokens_out)
        usage = usage_now(cached, Usage(tokens_in, tokens_out), request.prompt.input_tokens)
        return price.cost_usd(usage)

    def expected_usd_later(self, request: Request) -> float | None:
        """What the same request would cost here once more, its prompt in the cache, in USD."""
        cached, price = self.expected_cached(request), self.facts.price
        if cached is None or price is None:
            return self.expected_usd(request)
        usage = Usage(self.expected_input(request), self.expected_output(request))
        return price.cost_usd(usage_next(cached, usage, request.prompt.input_tokens))

    def expected_cached(self, request: Request) -> Cached | None:
        """What its prompt cache is expected to do for the request; None where that is nothing."""
        conversation = request.conversation
        return None if conversation is None else conversation.cached.get(self.number)

    def expected_usd_per_1k(self, request: Request) -> float | None:
        """What the request is expected to cost here, in USD per 1,000 of its usual tokens.

        Of the tokens that the request has for anybody: who cuts texts into more of them, or
        answers at greater length, is the dearer for it.
        """
        usd = self.expected_usd(request)
        if usd is None or self.facts.price is None:
            return None
        tokens = usual_tokens(request)
        return 1000.0 * usd / tokens if tokens > 0 else self.facts.price.usd_per_1k(0, 0)

    def expected_input(self, request: Request) -> int:
        """The input tokens the request is expected to have here.

        The estimate, corrected by what this deployment's own counts have shown of such estimates:
        models cut texts into tokens differently.
        """
        tokens, ratio = request.prompt.input_tokens, self.stats.measured.input_ratio
        return tokens if ratio is None else round(tokens * ratio)

    def expected_output(self, request: Request) -> int:
        """The tokens an answer is expected to have: what is usual here for the task, if allowed.

        Shrunk towards the fleet's (`economics.lengths`): one short answer makes nobody cheap.
        """
        usual, task = request.usual_output_tokens, request.task_type
        own = None if task is None else self.stats.measured.lengths.get(task)
        if own is not None:
            usual = shrunk(own, USUAL_OUTPUT_TOKENS if usual is None else usual)
        return expected_output_tokens(request.max_tokens, usual)

    @property
    def cause_out(self) -> str:
        """In a word: what keeps it out."""
        return "paused" if self.paused else self.breaker.cause or self.cooldown.cause or "out"

    def why_out(self, now: float) -> str:
        """For people: what keeps it out, and for how much longer."""
        if self.paused:
            return "paused until resume() is called"
        if not self.breaker.admits(now):
            until = self.breaker.open_until or now
            if now < until:
                return f"breaker open for {until - now:.1f} s more ({self.breaker.cause})"
            return f"its probe is under way ({self.breaker.cause})"
        if self.quota is not None and self.quota.until > max(now, self.cooldown.until):
            seconds = self.quota.until - now
            return f"no headroom for {seconds:.1f} s more ({self.quota.limits})"
        if now >= self.cooldown.until:
            if self.breaker.open_until is not None:
                return f"due for its probe ({self.breaker.cause})"
            return "its permits went to other calls"
        return f"cooldown for {self.cooldown.until - now:.1f} s more ({self.cooldown.cause})"


def usual_tokens(request: Request) -> int:
    """Input and output together, as they are usual for the request, whoever serves it."""
    usual = expected_output_tokens(request.max_tokens, request.usual_output_tokens)
    return request.prompt.input_tokens + usual

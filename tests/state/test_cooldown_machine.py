"""The cooldown as a machine: hints, throttling without any, successes, in whatever order."""

from __future__ import annotations

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from langchain_multirouter.outcome import LONGEST_RETRY_AFTER_SECONDS, retry_after_seconds
from langchain_multirouter.resilience.cooldown import Cooldown, forgiven, throttled
from langchain_multirouter.resilience.policy import Policy

POLICY = Policy(longest_cooldown_seconds=60.0)


class CooldownMachine(RuleBasedStateMachine):
    """One deployment that is throttled and answers by turns."""

    def __init__(self) -> None:
        super().__init__()
        self.cooldown = Cooldown()
        self.now = 1000.0
        self.rng = Random(0)
        self.promised = 0.0  # the latest time that any provider's hint named
        self.latest = 0.0  # the latest time that anything could justify
        self.strikes = 0

    @rule(seconds=st.sampled_from([0.0, 0.5, 1.0, 30.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    def throttled(self, now: float, hint: float | None, first: float) -> None:
        before = self.cooldown
        self.cooldown = throttled(
            before,
            POLICY,
            now,
            hint_seconds=hint,
            first_seconds=first,
            cause="throttled",
            rng=self.rng,
        )
        self.strikes += 1
        assert self.cooldown.until >= before.until, "a cooldown became shorter"

    @rule(
        said=st.sampled_from(["0", "0.2", "20", 7, "86400", "1e9", "nan", "-3", "inf", "soon"]),
        late_seconds=st.sampled_from([0.0, 0.0, 0.1, 100.0]),
    )
    def the_provider_says_how_long(self, said: object, late_seconds: float) -> None:
        hint = retry_after_seconds(said)
        if hint is None:
            return self.throttled_without_a_hint(1.0, late_seconds)
        assert hint <= LONGEST_RETRY_AFTER_SECONDS
        now = self.now - late_seconds
        self.throttled(now, hint, 1.0)
        assert self.cooldown.until >= now + hint, "it would be asked before the time it named"
        self.promised = max(self.promised, now + hint)
        self.latest = max(self.latest, now + hint)
        return None

    @rule(
        first=st.sampled_from([1.0, 5.0, 600.0]), late_seconds=st.sampled_from([0.0, 0.0, 0.1, 9.0])
    )
    def throttled_without_a_hint(self, first: float, late_seconds: float) -> None:
        longest = max(first, POLICY.longest_cooldown_seconds)
        span = min(first * 2.0 ** min(self.strikes, 30), longest)
        now = self.now - late_seconds
        self.throttled(now, None, first)
        assert self.cooldown.until >= now + span / 2
        self.latest = max(self.latest, now + span)

    @rule()
    def it_answers(self) -> None:
        before = self.cooldown
        self.cooldown = forgiven(before)
        self.strikes = 0
        assert self.cooldown._replace(strikes=before.strikes) == before, "only strikes are forgiven"

    @rule()
    def the_first_after_an_answer_is_as_short_as_the_first_ever(self) -> None:
        """A look ahead: nothing is changed."""
        fresh = forgiven(self.cooldown)._replace(until=0.0)
        after = throttled(
            fresh,
            POLICY,
            self.now,
            hint_seconds=None,
            first_seconds=1.0,
            cause="throttled",
            rng=Random(1),
        )
        assert 0.5 <= after.until - self.now <= 1.0

    @invariant()
    def it_never_ends_before_the_longest_hint(self) -> None:
        assert self.cooldown.until >= self.promised

    @invariant()
    def it_never_lasts_longer_than_hints_and_bounds_allow(self) -> None:
        assert self.cooldown.until <= self.latest + 1e-6
        assert self.cooldown.until - self.now <= LONGEST_RETRY_AFTER_SECONDS + 1e-6

    @invariant()
    def it_counts_what_came_since_the_last_answer(self) -> None:
        assert self.cooldown.strikes == self.strikes


CooldownMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestCooldownMachine = CooldownMachine.TestCase

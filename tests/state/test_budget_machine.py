"""The budget as a machine: calls, retries at the same time and clocks that err, in any order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from langchain_multirouter.resilience.budget import Budget, available, withdraw
from langchain_multirouter.resilience.policy import Policy

POLICIES = [
    Policy(),
    Policy(retry_burst=2.0, retry_ratio=0.25, retries_per_second=0.0),
    Policy(retry_burst=1.0, retry_ratio=0.0, retries_per_second=2.0),
    Policy(retry_burst=0.5, retry_ratio=1.0, retries_per_second=1.0),
    Policy(retry_burst=0.0),
    Policy(retry_burst=3.0, retry_ratio=1.0, retries_per_second=0.0),
    Policy(retry_burst=3.0, retry_ratio=0.0, retries_per_second=1.0),
]


class BudgetMachine(RuleBasedStateMachine):
    """One deployment's budget, and what a careful accountant says it may have spent."""

    @initialize(policy=st.sampled_from(POLICIES))
    def open(self, policy: Policy) -> None:
        self.policy = policy
        self.budget = Budget()
        self.now = self.opened = 1000.0
        self.started = self.firsts = self.paid = self.promised = 0

    @rule(seconds=st.sampled_from([0.0, 0.4, 1.0, 2.0, 60.0, 1e6]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(calls=st.integers(1, 12))
    def calls_begin(self, calls: int) -> None:
        self.started += calls
        self.firsts += calls

    @rule(lateness=st.lists(st.sampled_from([0.0, 0.0, 0.01, 5.0, 2000.0]), max_size=5))
    def some_are_asked_for(self, lateness: list[float]) -> None:
        """Threads read the clock before they get the lock: their times come in any order."""
        for late_seconds in lateness:
            self.ask(late_seconds)

    def ask(self, late_seconds: float) -> None:
        now = self.now - late_seconds
        self.opened = min(self.opened, now)
        before = available(self.budget, self.policy, now, started=self.started)
        left = withdraw(self.budget, self.policy, now, started=self.started)
        assert (left is None) is (before < 1.0)
        if left is None:
            return
        after = available(left, self.policy, now, started=self.started)
        assert after <= before - 1.0 + 1e-9
        self.budget = left
        self.paid += 1
        self.promised += 1

    @rule()
    def what_was_paid_for_begins(self) -> None:
        self.started += self.promised
        self.promised = 0

    @rule()
    def nothing_is_earned_by_asking_what_there_is(self) -> None:
        seen = [available(self.budget, self.policy, self.now, started=self.started) for _ in "123"]
        assert len(set(seen)) == 1

    @rule()
    def a_second_gives_so_much_to_whoever_has_no_traffic(self) -> None:
        now = available(self.budget, self.policy, self.now, started=self.started)
        later = available(self.budget, self.policy, self.now + 1.0, started=self.started)
        most = self.policy.retry_burst
        assert abs(later - min(most, now + self.policy.retries_per_second)) < 1e-6

    @invariant()
    def there_is_never_less_than_nothing_nor_more_than_the_burst(self) -> None:
        if hasattr(self, "policy"):
            tokens = available(self.budget, self.policy, self.now, started=self.started)
            assert 0.0 <= tokens <= self.policy.retry_burst

    @invariant()
    def no_more_is_spent_than_burst_drip_and_calls_allow(self) -> None:
        """Retries earn nothing themselves, or each would pay for a part of the next."""
        if hasattr(self, "policy"):
            policy = self.policy
            dripped = policy.retries_per_second * (self.now - self.opened)
            most = policy.retry_burst + dripped + policy.retry_ratio * self.firsts
            assert self.paid <= most + 1e-6


BudgetMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestBudgetMachine = BudgetMachine.TestCase

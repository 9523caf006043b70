"""Budgets as a machine: attempts reserve, settle, are left and outlive their windows, in any
order, with clocks that are read late; a careful accountant keeps the sums beside them."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from langchain_multirouter import Budget
from langchain_multirouter.economics.budgets import LONGEST, Account, Allowance, Books, Need
from langchain_multirouter.shortage import Shortage

BUDGETS = st.lists(
    st.builds(
        Budget,
        usd=st.sampled_from([0.001, 0.1, 1.0, 7.3]),
        per_seconds=st.sampled_from([1.0, 60.0, 86_400.0]),
        key=st.sampled_from([None, "tenant", "user"]),
    ),
    min_size=1,
    max_size=3,
)
NEEDS = st.builds(
    Need,
    st.floats(0, 0.05),
    st.sampled_from([0.0, 1e-7, 3e-5, 1e-3]),
    st.one_of(st.none(), st.integers(1, 5_000)),
    st.integers(16, 600),
    st.one_of(st.none(), st.integers(16, 9_000)),
    st.sampled_from([1, 1, 1, 3]),
)
PAYERS = st.sampled_from(["ann", "ben", "cyd"])


class SpendingMachine(RuleBasedStateMachine):
    """The books of one router, and exact sums of what was really spent in each window."""

    @initialize(budgets=BUDGETS)
    def open(self, budgets: list[Budget]) -> None:
        self.budgets = budgets
        self.books = Books(budgets)
        self.now = 1000.0
        self.under_way: list[tuple[Allowance, Need]] = []
        self.spent: dict[tuple[int, Account], Fraction] = {}

    @rule(seconds=st.sampled_from([0.0, 0.3, 1.0, 59.9, 61.0, 1e5]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(need=NEEDS, payer=PAYERS, late=st.sampled_from([0.0, 0.0, 0.5, 70.0]))
    def an_attempt_reserves(self, need: Need, payer: str, late: float) -> None:
        payers = self.books.payers(payer, {"user": payer})
        found = self.books.reserve(need, payers, self.now - late)
        if isinstance(found, Shortage):
            assert found.left_usd < found.needed_usd
            assert found.renewed_seconds >= 0.0
            return
        assert len(found.accounts) == len(self.budgets)
        if need.tokens is not None:
            assert found.max_tokens is None
        elif found.max_tokens is not None and need.most_tokens is not None:
            assert found.max_tokens < need.most_tokens
        self.under_way.append((found, need))

    @precondition(lambda self: getattr(self, "under_way", None))
    @rule(data=st.data(), share=st.floats(0, 1))
    def an_attempt_settles(self, data: st.DataObject, share: float) -> None:
        """With what it cost, at most what its input and so many tokens of output cost."""
        found, need = self.take(data)
        tokens = need.tokens if need.tokens is not None else found.max_tokens
        if tokens is None:
            tokens = need.most_tokens or LONGEST
        most = need.times * (need.fixed_usd + tokens * need.usd_per_token)
        self.settle(found, share * most)

    @precondition(lambda self: getattr(self, "under_way", None))
    @rule(data=st.data())
    def an_attempt_is_cancelled_before_it_began(self, data: st.DataObject) -> None:
        self.settle(self.take(data)[0], 0.0)

    @precondition(lambda self: getattr(self, "under_way", None))
    @rule(data=st.data())
    def an_attempt_ends_and_nobody_knows_its_cost(self, data: st.DataObject) -> None:
        found, _ = self.take(data)
        self.settle(found, None, found.nano / 1e9)

    def take(self, data: st.DataObject) -> tuple[Allowance, Need]:
        return self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    def settle(self, found: Allowance, usd: float | None, really: float = 0.0) -> None:
        self.books.settle(found, usd)
        for key in enumerate(found.accounts):
            cost = Fraction(really if usd is None else usd)
            self.spent[key] = self.spent.get(key, Fraction(0)) + cost

    @invariant()
    def no_window_of_any_account_ever_costs_more_than_its_budget(self) -> None:
        for (number, _), spent in getattr(self, "spent", {}).items():
            assert spent <= Fraction(self.budgets[number].usd)

    @invariant()
    def sums_are_never_below_nothing_and_never_above_the_budget(self) -> None:
        if hasattr(self, "books"):
            for shown in self.books.public(self.now):
                for account in shown["accounts"].values():
                    assert account["spent_usd"] >= 0.0 <= account["reserved_usd"]
                    assert account["left_usd"] >= -1e-9
                    total = account["spent_usd"] + account["reserved_usd"] + account["left_usd"]
                    assert abs(total - shown["usd"]) < 2e-9

    def teardown(self) -> None:
        if not hasattr(self, "books"):
            return
        for found, _ in self.under_way:
            self.books.settle(found, 0.0)
        for shown in self.books.public(self.now):
            assert all(a["reserved_usd"] == 0.0 for a in shown["accounts"].values())


SpendingMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40)
TestSpendingMachine = SpendingMachine.TestCase

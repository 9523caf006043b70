"""The breaker as a machine: whatever happens in whatever order, these things hold."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from langchain_multirouter.resilience.breaker import (
    Breaker,
    begin_probe,
    disable,
    release_probe,
    settle_failure,
    settle_success,
    trickled,
)
from langchain_multirouter.resilience.policy import Policy

POLICY = Policy()
LIMIT = 20.0


class Held(NamedTuple):
    """An attempt under way."""

    generation: int
    probe_until: float | None


class BreakerMachine(RuleBasedStateMachine):
    """Attempts begin and end, time passes."""

    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = 1000.0
        self.rng = Random(0)
        self.live: list[Held] = []
        self.trickles: list[float] = []

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 5.0, 25.0, 100.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=attempts, last_resort=st.booleans())
    def begin(self, last_resort: bool) -> Held | None:
        breaker = self.breaker
        probe = breaker.open_until is not None
        if last_resort and probe:
            trickle = trickled(breaker, POLICY, self.now)
            if trickle is None:
                return None
            self.trickles.append(self.now)
            self.breaker = breaker = trickle
            probe = not breaker.probing(self.now)
        elif not breaker.admits(self.now):
            return None
        until = self.now + LIMIT if probe else None
        if until is not None:
            self.breaker = begin_probe(breaker, until=until)
        held = Held(breaker.generation, until)
        self.live.append(held)
        return held

    def leave(self, held: Held | None) -> bool:
        if held is not None:
            self.live.remove(held)
        return held is not None and held.generation == self.breaker.generation

    @rule(held=consumes(attempts))
    def succeed(self, held: Held | None) -> None:
        before, heard = self.breaker, self.leave(held)
        if held is None:
            return
        self.breaker = settle_success(before, POLICY, self.now, generation=held.generation)
        if before.open_until is not None and heard:
            self.closed()
        if not heard:
            assert self.breaker == before, "an attempt of another generation was heard"
            return
        assert self.breaker.open_until is None
        assert self.breaker.consecutive == 0
        assert self.breaker.generation == before.generation + (before.open_until is not None)

    @rule(held=consumes(attempts))
    def fail(self, held: Held | None) -> None:
        before, heard = self.breaker, self.leave(held)
        if held is None:
            return
        self.breaker = settle_failure(
            before, POLICY, self.now, generation=held.generation, cause="server", rng=self.rng
        )
        if not heard:
            assert self.breaker == before, "an attempt of another generation was heard"
        elif before.open_until is not None or before.consecutive + 1 >= POLICY.breaker_failures:
            self.opened(before, POLICY.open_seconds, POLICY.longest_open_seconds)

    @rule(held=consumes(attempts))
    def be_disabled(self, held: Held | None) -> None:
        before, heard = self.breaker, self.leave(held)
        if held is None:
            return
        self.breaker = disable(
            before,
            POLICY,
            self.now,
            generation=held.generation,
            seconds=60.0,
            cause="permission",
            rng=self.rng,
        )
        if heard:
            self.opened(before, 60.0, POLICY.longest_disabled_seconds)
        else:
            assert self.breaker == before, "an attempt of another generation was heard"

    @rule(held=consumes(attempts))
    def be_left(self, held: Held | None) -> None:
        before = self.breaker
        self.leave(held)
        if held is None or held.probe_until is None:
            return
        self.breaker = release_probe(before, generation=held.generation, until=held.probe_until)
        assert self.breaker._replace(probe_until=None) == before._replace(probe_until=None)

    def closed(self) -> None:
        """Its share comes back bit by bit, whatever was before."""
        shares = [self.breaker.share(self.now + seconds) for seconds in (0.0, 2.5, 5.0, 10.0, 99.0)]
        assert shares == pytest.approx([0.1, 0.325, 0.55, 1.0, 1.0])

    def opened(self, before: Breaker, first: float, longest: float) -> None:
        after = self.breaker
        assert after.generation == before.generation + 1
        assert after.opened == before.opened + 1
        assert after.open_until is not None
        span = min(first * 2**before.opened, longest)
        assert span / 2 <= after.open_until - self.now <= span
        assert not after.admits(self.now)

    @invariant()
    def at_most_one_probe_is_under_way(self) -> None:
        probes = [
            held
            for held in self.live
            if held.generation == self.breaker.generation
            and held.probe_until is not None
            and self.now < held.probe_until
        ]
        assert len(probes) <= 1

    @invariant()
    def a_half_open_breaker_without_a_probe_admits(self) -> None:
        holders = [held.probe_until for held in self.live]
        if self.breaker.state(self.now) == "half-open" and self.breaker.probe_until not in holders:
            assert self.breaker.admits(self.now)

    @invariant()
    def a_closed_breaker_admits_and_remembers_no_opening(self) -> None:
        breaker = self.breaker
        if breaker.open_until is None:
            assert breaker.admits(self.now)
            assert breaker.consecutive < POLICY.breaker_failures
            assert (breaker.opened, breaker.cause, breaker.probe_until) == (0, None, None)

    @invariant()
    def it_always_comes_back(self) -> None:
        assert self.breaker.admits(self.now + POLICY.longest_disabled_seconds + LIMIT)

    @invariant()
    def a_last_resort_passes_so_often_and_no_oftener(self) -> None:
        gaps = [later - one for one, later in pairwise(self.trickles)]
        assert all(gap >= 1.0 / POLICY.trickle_per_second for gap in gaps)

    @invariant()
    def its_share_is_between_a_tenth_and_all_and_never_shrinks_by_itself(self) -> None:
        shares = [self.breaker.share(self.now + seconds) for seconds in (-9.0, 0.0, 1.0, 20.0)]
        assert shares == sorted(shares)
        assert shares[0] >= 0.1
        assert shares[-1] == 1.0

    @invariant()
    def its_window_never_has_more_failures_than_attempts(self) -> None:
        assert 0.0 <= self.breaker.failed <= self.breaker.total + 1e-9


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestBreakerMachine = BreakerMachine.TestCase

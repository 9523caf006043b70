"""Breaker: closed, open, half-open; the steps between them, one at a time."""

from random import Random

import pytest

from langchain_multirouter.resilience.breaker import (
    Breaker,
    begin_probe,
    disable,
    healed,
    release_probe,
    settle_failure,
    settle_success,
    trickled,
)
from langchain_multirouter.resilience.policy import Policy

POLICY = Policy()
NOW = 100.0


def failing(breaker: Breaker, times: int, now: float = NOW, seed: int = 0) -> Breaker:
    for _ in range(times):
        breaker = settle_failure(
            breaker, POLICY, now, generation=breaker.generation, cause="server", rng=Random(seed)
        )
    return breaker


def succeeding(breaker: Breaker, times: int, now: float = NOW) -> Breaker:
    for _ in range(times):
        breaker = settle_success(breaker, POLICY, now, generation=breaker.generation)
    return breaker


def test_four_failures_in_a_row_leave_it_closed_and_the_fifth_opens_it() -> None:
    four = failing(Breaker(), 4)
    assert four.state(NOW) == "closed"
    assert failing(four, 1).state(NOW) == "open"


def test_a_success_begins_the_row_anew() -> None:
    assert failing(succeeding(failing(Breaker(), 4), 1), 4).state(NOW) == "closed"


def test_half_of_at_least_ten_attempts_failing_opens_it() -> None:
    breaker = Breaker()
    for attempt in range(1, 11):
        assert breaker.state(NOW) == "closed", f"opened before attempt {attempt}"
        breaker = succeeding(breaker, 1) if attempt % 2 else failing(breaker, 1)
    assert breaker.state(NOW) == "open"


def test_less_than_half_failing_leaves_it_closed() -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker = failing(succeeding(breaker, 2), 1)
    assert breaker.state(NOW) == "closed"


def test_old_attempts_count_ever_less() -> None:
    breaker = succeeding(failing(Breaker(), 4), 6)
    later = failing(breaker, 1, now=NOW + 300)
    assert later.total == pytest.approx(1.0, abs=1e-2)
    assert later.state(NOW + 300) == "closed"


def test_a_clock_that_stands_still_or_steps_back_breaks_nothing() -> None:
    breaker = failing(succeeding(Breaker(), 5), 1, now=NOW - 50)
    assert breaker.total == 6.0


@pytest.mark.parametrize("seed", range(20))
def test_it_opens_for_half_to_all_of_five_seconds(seed: int) -> None:
    until = failing(Breaker(), 5, seed=seed).open_until
    assert until is not None
    assert 2.5 <= until - NOW <= 5.0


def test_the_open_time_differs_between_routers() -> None:
    assert len({failing(Breaker(), 5, seed=seed).open_until for seed in range(20)}) == 20


def test_the_open_time_doubles_with_every_failed_probe_up_to_its_longest() -> None:
    breaker, spans = failing(Breaker(), 5), []
    for _ in range(40):
        assert breaker.open_until is not None
        now = breaker.open_until
        breaker = failing(begin_probe(breaker, until=now + 10), 1, now=now)
        assert breaker.open_until is not None
        spans.append(breaker.open_until - now)
    for exponent, span in enumerate(spans, 1):
        whole = min(5.0 * 2**exponent, 30.0)
        assert whole / 2 <= span <= whole


def test_a_successful_probe_closes_it_and_forgets() -> None:
    breaker = failing(Breaker(), 5)
    assert breaker.open_until is not None
    closed = settle_success(breaker, POLICY, NOW + 9, generation=breaker.generation)
    assert closed == Breaker(2, at=NOW + 9, ramp_from=NOW + 9, ramp_until=NOW + 19)


def test_closed_again_it_has_a_tenth_of_its_share_and_after_ten_seconds_all() -> None:
    closed = succeeding(failing(Breaker(), 5), 1)
    assert [closed.share(NOW + s) for s in (0, 5, 10, 99)] == pytest.approx([0.1, 0.55, 1.0, 1.0])
    assert Breaker().share(NOW) == 1.0


def test_successes_and_failures_while_closed_do_not_change_the_ramp() -> None:
    closed = succeeding(failing(Breaker(), 5), 1)
    later = failing(succeeding(closed, 3, NOW + 1), 1, NOW + 2)
    assert later.share(NOW + 5) == closed.share(NOW + 5)


def test_a_health_checks_good_word_gives_the_whole_share_back_at_once() -> None:
    closed = healed(failing(Breaker(), 5), POLICY, NOW + 1)
    assert closed.state(NOW + 1) == "closed"
    assert closed.share(NOW + 1) == 1.0


def test_a_trickle_passes_at_its_rate_and_not_at_all_where_it_is_none() -> None:
    first = trickled(failing(Breaker(), 5), POLICY, NOW)
    assert first is not None
    assert trickled(first, POLICY, NOW + 0.4) is None
    assert trickled(first, POLICY, NOW + 0.5) is not None
    assert trickled(Breaker(), Policy(trickle_per_second=0.0), NOW) is None


def test_a_failed_trickle_does_not_let_the_next_one_pass_earlier() -> None:
    first = trickled(failing(Breaker(), 5), POLICY, NOW)
    assert first is not None
    assert trickled(failing(first, 1, NOW + 0.1), POLICY, NOW + 0.2) is None


def test_it_is_half_open_when_its_time_has_come() -> None:
    breaker = failing(Breaker(), 5)
    until = breaker.open_until
    assert until is not None
    assert breaker.state(until - 0.01) == "open"
    assert not breaker.admits(until - 0.01)
    assert breaker.state(until) == "half-open"
    assert breaker.admits(until)


def test_while_a_probe_is_under_way_nobody_else_passes() -> None:
    breaker = failing(Breaker(), 5)
    assert breaker.open_until is not None
    probing = begin_probe(breaker, until=breaker.open_until + 60)
    assert not probing.admits(breaker.open_until + 59)
    assert probing.admits(breaker.open_until + 60)


def test_a_left_probe_gives_its_permit_back_and_no_other_ones() -> None:
    breaker = begin_probe(failing(Breaker(), 5), until=200.0)
    assert release_probe(breaker, generation=1, until=200.0).probe_until is None
    assert release_probe(breaker, generation=1, until=150.0) == breaker
    assert release_probe(breaker, generation=0, until=200.0) == breaker


@pytest.mark.parametrize("generation", [0, 7])
def test_an_attempt_of_another_generation_says_nothing(generation: int) -> None:
    breaker = failing(Breaker(), 5)
    rng = Random(0)
    assert settle_success(breaker, POLICY, NOW, generation=generation) == breaker
    assert (
        settle_failure(breaker, POLICY, NOW, generation=generation, cause="server", rng=rng)
        == breaker
    )
    assert (
        disable(
            breaker, POLICY, NOW, generation=generation, seconds=60.0, cause="permission", rng=rng
        )
        == breaker
    )


def test_disabling_opens_at_once_and_for_longer_each_time_up_to_its_longest() -> None:
    breaker, spans = Breaker(), []
    for _ in range(8):
        breaker = disable(
            breaker,
            POLICY,
            NOW,
            generation=breaker.generation,
            seconds=60.0,
            cause="authentication",
            rng=Random(0),
        )
        assert breaker.open_until is not None
        spans.append(breaker.open_until - NOW)
    assert spans == sorted(spans)
    assert 30.0 <= spans[0] <= 60.0
    assert 450.0 <= spans[-1] <= 900.0
    assert breaker.cause == "authentication"


def test_a_ramp_of_no_seconds_gives_all_back_even_to_a_call_that_began_before() -> None:
    policy = Policy(ramp_seconds=0.0)
    closed = settle_success(failing(Breaker(), 5), policy, NOW, generation=1)
    assert closed.open_until is None
    assert [closed.share(when) for when in (NOW - 0.001, NOW, NOW + 1.0)] == [1.0, 1.0, 1.0]

"""Verdicts: what each cause means for the call and for the deployment, row by row."""

import pytest
from langchain_core.exceptions import ModelError, ModelInvalidRequestError, ModelRateLimitError

from langchain_multirouter.candidate import Readiness
from langchain_multirouter.errors import AllAttemptsFailedError, InvalidRequestError, RefusedError
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.verdict import VERDICTS, Effect, Next
from tests.simulation.simulated import GOOD, World, fail, site

ROUTES = {
    Next.AGAIN: ["a", "a", "b"],
    Next.AT_ONCE: ["a", "a", "b"],
    Next.AFTER_HINT: ["a", "b"],
    Next.ELSEWHERE: ["a", "b"],
    Next.LARGER: ["a", "b"],
    Next.RAISE: ["a"],
}


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_leads_where_its_row_says(cause: Cause) -> None:
    world = World(site("a", fail(cause), window=1000), site("b", window=2000))
    call = world.call()
    assert call.names == ROUTES[VERDICTS[cause].next]
    assert (call.answered is None) == (VERDICTS[cause].next is Next.RAISE)


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_does_to_the_deployment_what_its_row_says(cause: Cause) -> None:
    world = World(site("a", fail(cause)))
    call = world.call(max_attempts=1, max_retries=0)
    assert isinstance(call.error, ModelError)
    known = world.candidate("a")
    effect = VERDICTS[cause].effect
    assert (known.breaker.consecutive > 0) == (effect is Effect.FAILURE)
    assert (known.cooldown.until > world.now) == (effect is Effect.COOLDOWN)
    assert (known.breaker.open_until is not None) == (effect is Effect.DISABLE)
    assert known.stats.causes[cause] == known.stats.failed


@pytest.mark.parametrize("cause", [c for c in Cause if VERDICTS[c].next is Next.ELSEWHERE])
def test_elsewhere_means_not_here_again_in_this_call(cause: Cause) -> None:
    call = World(site("a", fail(cause)), site("b", fail(Cause.SERVER))).call()
    assert call.names.count("a") == 1


def test_a_disabled_deployment_is_out_for_long_and_growing() -> None:
    world = World(site("a", fail(Cause.AUTHENTICATION)), site("b"))
    world.call()
    first = world.candidate("a").breaker.open_until
    assert first is not None
    assert 30 <= first - world.now <= 61
    world.now = first
    assert world.call().names == ["a", "b"]
    second = world.candidate("a").breaker.open_until
    assert second is not None
    assert 60 <= second - world.now <= 121


class TestRetryAfter:
    """What a provider asked to wait."""

    def test_the_call_goes_elsewhere_at_once(self) -> None:
        call = World(site("a", fail(Cause.THROTTLED, hint=20.0)), site("b")).call()
        assert call.names == ["a", "b"]
        assert call.pauses == []

    def test_the_call_comes_back_not_before_the_hint(self) -> None:
        call = World(site("a", fail(Cause.THROTTLED, hint=7.0), GOOD)).call()
        first, second = call.started
        assert second.at - (first.at + 1.0) >= 7.0
        assert second.at - (first.at + 1.0) <= 7.5
        assert call.answered is not None

    def test_other_calls_leave_the_deployment_alone_until_the_hint(self) -> None:
        world = World(site("a", fail(Cause.THROTTLED, hint=10.0), GOOD), site("b"))
        world.call()
        known = world.candidate("a")
        assert known.readiness(world.now) is Readiness.COOLING
        assert world.call().names == ["b"]
        world.now = known.cooldown.until
        assert world.call().names == ["a"]

    def test_an_overloaded_service_with_a_hint_is_not_asked_again_before_it(self) -> None:
        call = World(site("a", fail(Cause.OVERLOADED, hint=9.0), GOOD)).call()
        first, second = call.started
        assert second.at >= first.at + 1.0 + 9.0

    def test_a_hint_longer_than_the_longest_wait_is_not_waited_for(self) -> None:
        call = World(site("a", fail(Cause.THROTTLED, hint=31.0))).call()
        assert call.names == ["a"]
        assert call.pauses == []
        assert isinstance(call.error, ModelRateLimitError)
        assert isinstance(call.error, AllAttemptsFailedError)
        assert call.error.retry_after_seconds == 31.0

    def test_a_hint_beyond_the_deadline_is_not_waited_for(self) -> None:
        call = World(site("a", fail(Cause.THROTTLED, hint=10.0))).call(deadline_seconds=8.0)
        assert call.names == ["a"]
        assert call.pauses == []

    def test_the_error_carries_the_soonest_hint(self) -> None:
        sites = (site(n, fail(Cause.THROTTLED, hint=h)) for n, h in [("a", 90.0), ("b", 40.0)])
        call = World(*sites).call()
        assert isinstance(call.error, AllAttemptsFailedError)
        assert call.error.retry_after_seconds == 40.0

    def test_a_call_waits_for_a_deployment_in_cooldown_when_nobody_else_is_left(self) -> None:
        world = World(site("a", fail(Cause.THROTTLED, hint=12.0), GOOD))
        world.call(max_attempts=1)
        call = world.call()
        assert call.names == ["a"]
        assert call.answered is not None
        assert call.pauses[0][1] == world.candidate("a").cooldown.until


class TestCallersOwnMistake:
    """A request that nobody would take."""

    def test_a_bad_request_is_raised_after_one_attempt(self) -> None:
        world = World(site("a", fail(Cause.BAD_REQUEST)), site("b"))
        call = world.call()
        assert call.names == ["a"]
        assert isinstance(call.error, InvalidRequestError)
        assert world.candidate("a").breaker.consecutive == 0

    @pytest.mark.parametrize("kind", [ModelInvalidRequestError, ValueError])
    def test_it_is_an_invalid_request_error_whose_text_is_ours_and_whose_cause_is_theirs(
        self, kind: type[Exception]
    ) -> None:
        theirs = kind("temperature: 3 is too much")
        call = World(site("a", fail(Cause.BAD_REQUEST, error=theirs)), site("b")).call()
        assert isinstance(call.error, InvalidRequestError)
        assert isinstance(call.error, ModelInvalidRequestError)
        assert call.error.__cause__ is theirs
        assert (call.error.deployment, call.error.cause) == ("a", Cause.BAD_REQUEST)
        assert "temperature" not in str(call.error)

    def test_content_policy_is_refused_with_the_providers_code_and_goes_nowhere_else(self) -> None:
        theirs = ValueError("filtered")
        refusal = fail(Cause.CONTENT_POLICY, code="content_filter", error=theirs)
        call = World(site("a", refusal), site("b")).call()
        assert call.names == ["a"]
        assert isinstance(call.error, RefusedError)
        assert "content_filter" in str(call.error)
        assert call.error.__cause__ is theirs


class TestContextOverflow:
    """A request with more tokens than the model takes."""

    def test_it_goes_only_where_the_window_is_known_to_be_larger(self) -> None:
        long = fail(Cause.CONTEXT_OVERFLOW)
        world = World(
            site("a", long, window=8_000),
            site("same", window=8_000),
            site("smaller", window=4_000),
            site("unknown"),
            site("larger", long, window=32_000),
            site("largest", window=1_000_000),
        )
        assert world.call().names == ["a", "larger", "largest"]

    def test_without_a_larger_one_the_error_is_a_context_overflow(self) -> None:
        call = World(site("a", fail(Cause.CONTEXT_OVERFLOW), window=8_000), site("b")).call()
        assert type(call.error) is AllAttemptsFailedError.for_cause(Cause.CONTEXT_OVERFLOW)

    def test_it_says_nothing_about_health(self) -> None:
        world = World(site("a", fail(Cause.CONTEXT_OVERFLOW)))
        world.call()
        assert world.candidate("a").breaker.consecutive == 0


class TestAllFailed:
    """One error that says so and carries everything."""

    def test_it_is_of_the_dominant_cause_and_lists_every_attempt(self) -> None:
        theirs = RuntimeError("the last one")
        world = World(
            site("a", fail(Cause.THROTTLED, hint=99.0, code="429")),
            site("b", fail(Cause.THROTTLED, hint=99.0)),
            site("c", fail(Cause.AUTHENTICATION, error=theirs)),
        )
        error = world.call().error
        assert isinstance(error, ModelRateLimitError)
        assert isinstance(error, AllAttemptsFailedError)
        assert error.cause is Cause.THROTTLED
        tried = [(a.deployment, a.outcome, a.cause) for a in error.attempts]
        assert tried == [
            ("a", "failure", "throttled"),
            ("b", "failure", "throttled"),
            ("c", "failure", "authentication"),
        ]
        assert error.__cause__ is theirs
        assert all(f"{i}. {name}" in str(error) for i, name in enumerate("abc", 1))
        assert "429" in str(error)

    @pytest.mark.parametrize("cause", [c for c in Cause if VERDICTS[c].next is not Next.RAISE])
    def test_it_is_also_langchains_class_for_the_cause(self, cause: Cause) -> None:
        error = World(site("a", fail(cause))).call(max_attempts=1).error
        assert type(error) is AllAttemptsFailedError.for_cause(cause)

    def test_among_equally_frequent_causes_the_last_one_counts(self) -> None:
        world = World(site("a", fail(Cause.AUTHENTICATION)), site("b", fail(Cause.PERMISSION)))
        error = world.call().error
        assert isinstance(error, AllAttemptsFailedError)
        assert error.cause is Cause.PERMISSION

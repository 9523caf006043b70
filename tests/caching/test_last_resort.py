"""The last resort: where every deployment is out, an older answer, if allowed, and marked so."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelError,
    ModelInvalidRequestError,
    ModelRateLimitError,
)
from langchain_core.messages import AIMessage

from langchain_multirouter import (
    AllAttemptsFailedError,
    NoCandidateError,
    StreamInterruptedError,
)
from langchain_multirouter.outcome import Cause
from langchain_multirouter.resilience.policy import Policy
from langchain_multirouter.testing import Breaks, ScriptedModel
from tests.reference.known import STEADY, scripted, told
from tests.wire.conftest import MODES, ask

from .stores import Aged, Down

ALL_MODES = pytest.mark.parametrize("mode", MODES)
DOWN = ModelAPIError("down")
RULES: dict[str, Any] = {
    "cache_fresh_seconds": 60.0,
    "cache_last_resort_seconds": 3600.0,
    "max_retries": 0,
    "cache_timeout_seconds": 30.0,
}


def router_that_is_out(cache: Any, *script: Any, **settings: Any) -> Any:
    """Its one deployment answers once and then fails."""
    failing = script or ("old answer", DOWN)
    return scripted(list(failing), cache=cache, **{**RULES, **settings})


@ALL_MODES
def test_where_all_attempts_fail_an_older_answer_is_served_and_marked(mode: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache)
    ask(router, mode)
    cache.seconds = 600.0
    answer = ask(router, mode)
    said = told(answer)
    assert answer.text == "old answer"
    assert (said["cache"], said["cost_usd"]) == ("last_resort", 0.0)
    assert 600.0 <= said["age_seconds"] < 660.0
    assert [attempt["outcome"] for attempt in said["attempts"]] == ["failure"]
    counts = router.cache_counts()
    assert (counts.hits, counts.misses, counts.last_resorts) == (0, 2, 1)
    *_, failed, served = router.assembled.fleet.history.records()
    assert (failed.cause, len(failed.attempts)) == ("server", 1)
    assert (served.cached, served.cause, served.attempts) == ("last_resort", None, ())


@ALL_MODES
def test_where_nobody_may_be_asked_an_older_answer_is_served(mode: str) -> None:
    cache = Aged()
    policy = Policy(wait=STEADY.wait, breaker_failures=1, trickle_per_second=0.0)
    router = router_that_is_out(cache, policy=policy)
    ask(router, "invoke")
    with pytest.raises(AllAttemptsFailedError):
        ask(router, "invoke", "another question")
    with pytest.raises(NoCandidateError):
        ask(router, mode, "another question")
    cache.seconds = 600.0
    assert told(ask(router, mode))["cache"] == "last_resort"


@ALL_MODES
def test_while_somebody_answers_an_older_answer_is_not_served_and_is_renewed(mode: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache, "old answer", "new answer")
    ask(router, mode)
    cache.seconds = 61.0
    assert ask(router, mode).text == "new answer"
    cache.seconds = 59.0
    assert ask(router, mode).text == "new answer"
    assert told(ask(router, mode))["cache"] == "hit"


@ALL_MODES
def test_what_is_too_old_even_for_that_is_not_served(mode: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache)
    ask(router, mode)
    cache.seconds = 3601.0
    with pytest.raises(AllAttemptsFailedError):
        ask(router, mode)
    assert router.cache_counts().last_resorts == 0


@ALL_MODES
def test_unless_it_is_allowed_no_older_answer_is_served(mode: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache, cache_last_resort_seconds=None)
    ask(router, mode)
    cache.seconds = 61.0
    with pytest.raises(AllAttemptsFailedError):
        ask(router, mode)


REFUSED = {
    "a request that is wrong": ModelInvalidRequestError("bad"),
    "a prompt that is too long": ContextOverflowError("too long"),
    "a filter's block": AIMessage("", response_metadata={"finish_reason": "content_filter"}),
}


@ALL_MODES
@pytest.mark.parametrize("kind", REFUSED)
def test_a_request_that_is_refused_is_no_outage(mode: str, kind: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache, "old answer", REFUSED[kind])
    ask(router, mode)
    cache.seconds = 600.0
    with pytest.raises(ModelError):
        ask(router, mode)
    assert router.cache_counts().last_resorts == 0


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_has_begun_is_not_replaced(mode: str) -> None:
    cache = Aged()
    broken = Breaks("one two three", ModelAPIError("broken"), after=1)
    router = router_that_is_out(cache, "one two three", broken)
    ask(router, mode)
    cache.seconds = 600.0
    with pytest.raises(StreamInterruptedError):
        ask(router, mode)


@ALL_MODES
def test_filters_that_leave_nobody_are_no_outage(mode: str) -> None:
    cache = Aged()
    router = router_that_is_out(cache, "old answer")
    ask(router, mode)
    cache.seconds = 600.0
    router.pause("a")
    with pytest.raises(NoCandidateError):
        ask(router, mode)


@ALL_MODES
def test_with_the_cache_down_too_the_error_is_the_calls_own(mode: str) -> None:
    router = scripted([ModelRateLimitError("slow down")], cache=Down(), **RULES)
    with pytest.raises(AllAttemptsFailedError) as caught:
        ask(router, mode)
    assert caught.value.cause is Cause.THROTTLED


def test_a_fresh_answer_is_served_before_anybody_is_asked() -> None:
    cache = Aged()
    model = ScriptedModel(script=["old answer", DOWN])
    router = scripted(model, cache=cache, **RULES)
    router.invoke("x")
    cache.seconds = 59.0
    assert told(router.invoke("x"))["cache"] == "hit"
    assert model.calls == 1

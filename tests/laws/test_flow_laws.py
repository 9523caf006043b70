"""Laws of the flow: over random worlds, scripts and options. The simulated world itself checks
after every step that each attempt is counted exactly once (`World.check`)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_multirouter.errors import (
    InvalidRequestError,
    NoCandidateError,
    RouterError,
    StreamInterruptedError,
)
from langchain_multirouter.outcome import Cause
from langchain_multirouter.steps import Cancel, Deliver, Start
from tests.laws.scenes import scenes
from tests.simulation.simulated import Call, World

Scene = tuple[World, list[dict[str, Any]]]


def play(scene: Scene) -> list[Call]:
    world, requests = scene
    return [world.call(**request) for request in requests]


@given(scenes())
def test_every_call_ends_with_an_answer_or_an_error_of_the_router(scene: Scene) -> None:
    for call in play(scene):
        assert (call.answered is None) != (call.error is None)
        assert call.error is None or isinstance(call.error, RouterError)


@given(scenes())
def test_after_all_calls_nothing_is_pending(scene: Scene) -> None:
    play(scene)
    for candidate in scene[0].fleet.snapshot():
        assert candidate.stats.pending == 0
        assert candidate.breaker.probe_until is None


@given(scenes())
def test_a_call_records_exactly_the_attempts_that_it_made(scene: Scene) -> None:
    for call in play(scene):
        recorded = getattr(call.answered or call.error, "attempts", None)
        if isinstance(call.error, NoCandidateError):
            assert call.names == []
        elif not isinstance(call.error, InvalidRequestError):
            assert recorded is not None
            assert [one.deployment for one in recorded] == call.names
            good = [one.outcome == "success" for one in recorded]
            assert good == [False] * (len(good) - 1) + [call.answered is not None]


@given(scenes())
def test_required_tags_are_never_broken(scene: Scene) -> None:
    world, requests = scene
    tags = {one.deployment.name: set(one.deployment.tags) for one in world.sites}
    for request, call in zip(requests, play(scene), strict=True):
        for name in call.names:
            assert tags[name] >= request.get("require_tags", set())


@given(scenes())
def test_no_attempt_begins_after_the_deadline_and_no_wait_goes_beyond_it(scene: Scene) -> None:
    for request, call in zip(scene[1], play(scene), strict=True):
        seconds = request.get("deadline_seconds")
        if seconds is not None and call.trace:
            latest = call.trace[0][0] + seconds
            assert all(one.at < latest for one in call.started)
            assert all(until <= latest for _, until in call.pauses)


@given(scenes())
def test_attempts_stay_within_their_bounds(scene: Scene) -> None:
    world, requests = scene
    for request, call in zip(requests, play(scene), strict=True):
        free = sum(
            one.cause == Cause.LOCAL_ENVIRONMENT
            for one in getattr(call.answered or call.error, "attempts", ())
        )
        most = request.get("max_attempts") or min(8, 2 * len(world.sites))
        assert len(call.names) - free <= most
        for name in call.names:
            assert call.names.count(name) - free <= 1 + request.get("max_retries", 3)


@given(scenes())
def test_without_fallback_nobody_but_the_first_is_asked(scene: Scene) -> None:
    for request, call in zip(scene[1], play(scene), strict=True):
        if not request.get("fallback_enabled", True):
            assert len(set(call.names)) <= 1


@given(scenes())
def test_without_a_change_of_model_all_attempts_are_of_one_model(scene: Scene) -> None:
    world, requests = scene
    families = {one.deployment.name: one.deployment.family for one in world.sites}
    for request, call in zip(requests, play(scene), strict=True):
        if not request.get("allow_model_change", True):
            assert len({families[name] for name in call.names}) <= 1


@given(scenes())
def test_the_caller_sees_chunks_of_one_attempt_alone_and_it_is_the_last(scene: Scene) -> None:
    for call in play(scene):
        steps = [step for _, step in call.trace]
        delivers = [step.id for step in steps if isinstance(step, Deliver)]
        starts = [step.id for step in steps if isinstance(step, Start)]
        assert delivers in ([], starts[-1:])
        if isinstance(call.error, StreamInterruptedError):
            assert delivers
        elif call.error is not None:
            assert delivers == []
            assert call.delivered == []


@given(scenes())
def test_steps_are_well_formed(scene: Scene) -> None:
    """Attempts are numbered from 0 on, one at a time; only the one under way is cancelled."""
    for call in play(scene):
        steps = [step for _, step in call.trace]
        ids = [step.id for step in steps if isinstance(step, Start)]
        assert ids == list(range(len(ids)))
        current = -1
        for step in steps:
            if isinstance(step, Start):
                current = step.id
            elif isinstance(step, Cancel | Deliver):
                assert step.id == current


@given(scenes())
def test_the_answers_metadata_is_small_json(scene: Scene) -> None:
    for call in play(scene):
        if call.answered is not None:
            assert len(json.dumps(call.answered.metadata()).encode()) <= 1024


@given(scenes(), st.data())
def test_leaving_a_call_at_any_point_settles_it_as_cancelled(
    scene: Scene, data: st.DataObject
) -> None:
    world, requests = scene
    call = world.begin(**requests[0])
    for _ in range(data.draw(st.integers(0, 12))):
        if call.over:
            break
        call.fire()
    pending = {c.deployment.name for c in world.fleet.snapshot() if c.stats.pending}
    assert pending <= set(call.names[-1:])
    call.close()
    for candidate in world.fleet.snapshot():
        counts = candidate.stats
        assert counts.pending == 0
        assert counts.cancelled >= (candidate.deployment.name in pending)
        assert candidate.breaker.probe_until is None


@settings(max_examples=50)
@given(st.data())
def test_calls_that_overlap_in_time_are_each_counted_once(data: st.DataObject) -> None:
    world, requests = data.draw(scenes())
    calls = [world.begin(**request) for request in requests for _ in range(3)]
    world.finish(*calls)
    assert all(call.over for call in calls)
    assert all(candidate.stats.pending == 0 for candidate in world.fleet.snapshot())


@given(st.data())
def test_the_same_seed_gives_the_same_steps(data: st.DataObject) -> None:
    world, requests = data.draw(scenes())
    seed = data.draw(st.integers(0, 9))
    traces = []
    for _ in range(2):
        same = World(*world.sites, seed=seed)
        traces.append([(c.trace, c.delivered, str(c.error)) for c in play((same, requests))])
    assert traces[0] == traces[1]

"""Laws of hedged calls and of streams that go on: over random worlds, scripts and options."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.errors import InvalidRequestError, NoCandidateError, RouterError
from langchain_multirouter.options import Interrupted
from langchain_multirouter.steps import Cancel, Deliver, Start
from tests.laws.scenes import scenes
from tests.simulation.simulated import Call, Kept, World

HEDGES = st.sampled_from([0.01, 0.5, 2.0, 20.0])


@st.composite
def hedged(draw: st.DrawFn) -> tuple[World, list[dict[str, Any]]]:
    world, requests = draw(scenes())
    return world, [
        {**request, "hedge": draw(HEDGES), "on_interrupted": draw(st.sampled_from(Interrupted))}
        for request in requests
    ]


Scene = tuple[World, list[dict[str, Any]]]


def play(scene: Scene) -> list[Call]:
    world, requests = scene
    return [world.call(**request) for request in requests]


@given(hedged())
def test_every_call_ends_and_nothing_stays_pending(scene: Scene) -> None:
    for call in play(scene):
        assert (call.answered is None) != (call.error is None)
        assert call.error is None or isinstance(call.error, RouterError)
    for candidate in scene[0].fleet.snapshot():
        assert candidate.stats.pending == 0
        assert candidate.stats.begun_at == 0.0
        assert candidate.breaker.probe_until is None


@given(hedged())
def test_every_attempt_is_recorded_once_and_at_most_one_answers(scene: Scene) -> None:
    for call in play(scene):
        if isinstance(call.error, NoCandidateError | InvalidRequestError):
            continue
        recorded = (call.answered or call.error).attempts  # type: ignore[union-attr]
        assert sorted(one.deployment for one in recorded) == sorted(call.names)
        good = [one.outcome == "success" for one in recorded]
        assert sum(good) == (call.answered is not None)
        if call.answered is not None:
            assert good[-1]


@given(hedged())
def test_at_most_two_attempts_fly_together_and_never_at_one_deployment(scene: Scene) -> None:
    for call in play(scene):
        ended = [one for one in call.trace if isinstance(one[1], Start | Cancel | Deliver)]
        ids = [step.id for _, step in ended if isinstance(step, Start)]
        assert ids == list(range(len(ids)))
        delivers = [step.id for _, step in ended if isinstance(step, Deliver)]
        assert delivers == sorted(set(delivers))
        assert len(delivers) <= 1 or World.resumes(call.request)
        assert call.most_flying <= 2


@given(hedged(), st.data())
def test_leaving_at_any_point_settles_everything(scene: Scene, data: st.DataObject) -> None:
    world, requests = scene
    call = world.begin(**requests[0])
    for _ in range(data.draw(st.integers(0, 12))):
        if call.over:
            break
        call.fire()
    call.close()
    assert all(candidate.stats.pending == 0 for candidate in world.fleet.snapshot())


@given(hedged(), st.integers(1, 30), st.booleans())
def test_being_stopped_at_any_step_settles_everything(scene: Scene, step: int, told: bool) -> None:
    """As an asynchronous call is whose task is cancelled while a loser says farewell."""
    world, requests = scene
    world.most_steps = step
    world.told = Kept() if told else None
    world.call(**requests[0])
    assert all(candidate.stats.pending == 0 for candidate in world.fleet.snapshot())


@given(hedged())
def test_attempts_stay_within_their_bounds(scene: Scene) -> None:
    world, requests = scene
    for request, call in zip(requests, play(scene), strict=True):
        known = getattr(call.answered or call.error, "attempts", ())
        free = sum(one.cause == "local_environment" for one in known)
        most = request.get("max_attempts") or min(8, 2 * len(world.sites))
        assert len(call.names) - free <= most

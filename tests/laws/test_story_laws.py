"""Laws of a call's story: over random worlds it is whole, in order, and changes nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.routing.rebuilding import rebuilt_order
from langchain_multirouter.steps import Tell
from langchain_multirouter.telemetry.events import (
    AttemptEnded,
    AttemptStarted,
    CallEnded,
    FellBack,
    Happening,
    Hedged,
    Interrupted,
    Ranked,
    Retried,
)
from langchain_multirouter.telemetry.journal_lines import read, written
from tests.laws.scenes import scenes
from tests.laws.test_hedge_laws import hedged
from tests.simulation.simulated import Call, Kept, World

Scene = tuple[World, list[dict[str, Any]]]
SCENES = st.one_of(scenes(), hedged())


def played(scene: Scene) -> list[tuple[Call, list[Happening]]]:
    """Each call with its story."""
    world, requests = scene
    stories = []
    for request in requests:
        world.told = kept = Kept()
        stories.append((world.call(**request), kept.events))
    return stories


def of(kind: Any, events: list[Happening]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def is_whole(events: list[Happening]) -> None:
    """From the decision to the end, each attempt once."""
    assert isinstance(events[0], Ranked)
    assert isinstance(events[-1], CallEnded)
    assert len(of(Ranked, events)) == len(of(CallEnded, events)) == 1
    open_: dict[int, str] = {}
    begun = 0
    for event, before in zip(events[1:], events, strict=False):
        if isinstance(event, AttemptStarted):
            begun += 1
            assert event.number == begun
            open_[event.number] = event.deployment
            if begun > 1:
                assert isinstance(before, Retried | FellBack | Hedged)
                assert (before.number, before.deployment) == (begun, event.deployment)
        elif isinstance(event, AttemptEnded):
            assert open_.pop(event.number) == event.attempt.deployment
    assert open_ == {}
    record = events[-1].record
    assert record.attempts == tuple(event.attempt for event in of(AttemptEnded, events))
    assert {event.call for event in events if hasattr(event, "call")} == {record.call}


@given(SCENES)
def test_a_story_is_whole_and_in_order(scene: Scene) -> None:
    for call, events in played(scene):
        is_whole(events)
        record = of(CallEnded, events)[0].record
        answered = call.answered
        assert record.deployment == (None if answered is None else answered.deployment.name)
        assert (record.cause is None) == (answered is not None)
        assert [event.deployment for event in of(AttemptStarted, events)] == call.names
        assert record.candidates == len(of(Ranked, events)[0].order)


@given(SCENES)
def test_every_decision_of_a_call_can_be_made_again(scene: Scene) -> None:
    for _, events in played(scene):
        (ranked,) = of(Ranked, events)
        assert rebuilt_order(ranked) == ranked.order


@given(SCENES)
def test_every_event_of_a_call_survives_the_journal(scene: Scene) -> None:
    for _, events in played(scene):
        for event in events:
            entry = read(written(1.0, "r", event))
            assert entry is not None
            if isinstance(event, CallEnded):
                event = event._replace(record=event.record._replace(at=1.0))
            assert entry.event == event


@given(SCENES)
def test_that_somebody_listens_changes_nothing(scene: Scene) -> None:
    world, requests = scene
    again = World(*world.sites, policy=world.fleet.policy, seed=world.fleet._seed)
    for request, (told, _) in zip(requests, played(scene), strict=True):
        call = again.call(**request)
        assert not any(isinstance(step, Tell) for _, step in call.trace)
        steps = [(at, step) for at, step in told.trace if not isinstance(step, Tell)]
        assert steps == call.trace
        assert repr(told.answered) == repr(call.answered)
        assert str(told.error) == str(call.error)


@given(SCENES, st.integers(0, 5))
def test_a_caller_who_leaves_leaves_a_whole_story(scene: Scene, patience: int) -> None:
    world, requests = scene
    for request in requests:
        world.told = kept = Kept()
        call = world.begin(**request)
        for _ in range(patience):
            if call.over:
                break
            call.fire()
        over = call.over
        call.close()
        is_whole(kept.events)
        if not over:
            record = of(CallEnded, kept.events)[0].record
            assert (record.deployment, record.cause) == (None, "cancelled")


@given(SCENES)
def test_an_interruption_is_told_after_something_was_delivered(scene: Scene) -> None:
    for call, events in played(scene):
        for event in of(Interrupted, events):
            assert call.delivered
            ended = [one for one in of(AttemptEnded, events) if one.number == event.number]
            assert [one.attempt.outcome for one in ended] != ["success"]

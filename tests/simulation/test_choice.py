"""Choice: who serves, under the options of a call."""

import pytest

from langchain_multirouter.errors import AllAttemptsFailedError, NoCandidateError
from langchain_multirouter.outcome import Cause
from tests.simulation.simulated import GOOD, World, fail, site

LOST = fail(Cause.UNKNOWN)
AWS, AZURE, GCP = "aws_bedrock", "azure_openai", "gcp_vertex"


def clouds(**scripts: object) -> World:
    names = {"aws": AWS, "azure": AZURE, "gcp": GCP}
    return World(*(site(n, scripts.get(n, GOOD), provider=p) for n, p in names.items()))  # type: ignore[arg-type]


class TestFallback:
    """Whether a second deployment may be tried."""

    def test_without_fallback_only_the_first_is_tried(self) -> None:
        call = World(site("a", LOST), site("b")).call(fallback_enabled=False)
        assert call.names == ["a"]
        assert isinstance(call.error, AllAttemptsFailedError)

    def test_without_fallback_the_first_is_still_retried(self) -> None:
        call = World(site("a", fail(Cause.SERVER), GOOD), site("b")).call(fallback_enabled=False)
        assert call.names == ["a", "a"]
        assert call.answered is not None

    def test_the_answer_says_that_a_fallback_was_used_and_what_was_tried(self) -> None:
        call = World(site("a", LOST), site("b")).call()
        assert call.answered is not None
        metadata = call.answered.metadata()
        assert metadata["fallback_used"] is True
        assert metadata["deployment"] == "b"
        assert metadata["attempt_number"] == 2
        assert metadata["total_candidates"] == 2
        assert metadata["response_time_seconds"] == 2.0
        assert [a["outcome"] for a in metadata["attempts"]] == ["failure", "success"]

    def test_a_lower_level_is_tried_before_a_higher_one(self) -> None:
        world = World(
            site("late", LOST, fallback_level=2),
            site("early", LOST),
            site("middle", LOST, fallback_level=1),
        )
        assert world.call().names == ["early", "middle", "late"]


class TestPreferredProvider:
    """A provider whose healthy deployments go first."""

    def test_it_goes_first_and_the_others_follow(self) -> None:
        call = clouds(gcp=LOST).call(preferred_provider="vertex")
        assert call.names == ["gcp", "aws"]

    def test_without_fallback_it_is_the_only_one(self) -> None:
        call = clouds(gcp=LOST).call(preferred_provider="vertex", fallback_enabled=False)
        assert call.names == ["gcp"]
        assert call.answered is None

    def test_without_fallback_and_without_it_there_is_no_candidate(self) -> None:
        world = World(site("a", provider=AWS), site("b", provider=AZURE))
        call = world.begin(preferred_provider=GCP, fallback_enabled=False)
        assert isinstance(call.error, NoCandidateError)
        assert set(call.error.removed) == {"a", "b"}

    def test_while_it_is_out_the_others_go_first(self) -> None:
        world = clouds(gcp=fail(Cause.QUOTA_EXHAUSTED, hint=60.0))
        world.call(preferred_provider=GCP)
        assert world.call(preferred_provider=GCP).names == ["aws"]


class TestModels:
    """Which models may serve."""

    def test_after_a_failure_deployments_of_the_same_model_come_first(self) -> None:
        world = World(
            site("a", LOST, model_name="claude-sonnet-4-5"),
            site("b", model_name="gpt-4o"),
            site("c", LOST, model_name="eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        )
        assert world.call(strategy="round_robin").names == ["a", "c", "b"]

    def test_the_callers_own_order_is_kept(self) -> None:
        world = World(
            site("a", LOST, model_name="x"),
            site("b", LOST, model_name="y"),
            site("c", LOST, model_name="x"),
        )
        assert world.call(strategy="ordered").names == ["a", "b", "c"]

    def test_the_same_model_does_not_come_before_a_lower_level(self) -> None:
        world = World(
            site("a", LOST, model_name="x"),
            site("b", LOST, model_name="y"),
            site("c", LOST, model_name="x", fallback_level=1),
        )
        assert world.call(strategy="round_robin").names == ["a", "b", "c"]

    def test_without_a_change_of_model_the_call_ends_with_the_models_deployments(self) -> None:
        world = World(
            site("a", LOST, model_name="x"),
            site("b", model_name="y"),
            site("c", LOST, model_name="x"),
        )
        call = world.call(allow_model_change=False)
        assert call.names == ["a", "c"]
        assert isinstance(call.error, AllAttemptsFailedError)

    def test_a_model_preference_is_a_filter_where_somebody_has_it(self) -> None:
        world = World(site("a", model_name="x"), site("b", LOST, model_name="y"))
        call = world.call(model_preference="y")
        assert call.names == ["b"]
        assert call.answered is None

    def test_a_model_preference_that_nobody_has_is_ignored_with_a_note(self) -> None:
        call = World(site("a", model_name="x")).call(model_preference=["z"])
        assert call.answered is not None
        assert any("model_preference" in note for note in call.answered.metadata()["notes"])

    @pytest.mark.parametrize("name", ["b", "gpt-4o"])
    def test_a_call_can_name_a_deployment_or_a_model(self, name: str) -> None:
        world = World(site("a", model_name="x"), site("b", model_name="gpt-4o"))
        assert world.call(model=name).names == ["b"]

    def test_a_call_that_names_what_nobody_serves_has_no_candidate(self) -> None:
        call = World(site("a", model_name="x")).begin(model="gpt-9")
        assert isinstance(call.error, NoCandidateError)
        assert "gpt-9" in call.error.removed["a"]


class TestNoCandidate:
    """Nobody may serve: nothing is sent, and the error says why for each."""

    def test_it_lists_everybody_with_the_filter_first(self) -> None:
        world = World(site("a", tags=["us"]), site("b", tags=["eu"]), site("c", tags=["eu"]))
        world.fleet.pause("b")
        call = world.begin(require_tags=["eu", "zero-retention"])
        assert isinstance(call.error, NoCandidateError)
        assert call.error.removed == {
            "a": "require_tags: lacks eu, zero-retention",
            "b": "paused: until resume() is called",
            "c": "require_tags: lacks zero-retention",
        }
        assert all(f"{name}: " in str(call.error) for name in "abc")
        assert [world.counts(n) for n in "abc"] == [(0, 0, 0, 0)] * 3

    def test_it_tells_those_that_are_out_from_those_that_may_not_serve(self) -> None:
        world = World(site("a", fail(Cause.QUOTA_EXHAUSTED, hint=600.0)), site("b", tags=["eu"]))
        world.call(model="a")
        world.fleet.pause("b")
        call = world.begin()
        assert isinstance(call.error, NoCandidateError)
        assert call.error.removed["a"] == "cooldown for 600.0 s more (quota_exhausted)"
        assert call.error.removed["b"].startswith("paused")

    def test_it_tells_the_truth_of_who_was_paused_while_the_call_waited(self) -> None:
        world = World(site("a", fail(Cause.THROTTLED, hint=10.0)))
        world.call(max_attempts=1)
        call = world.begin()
        world.fleet.pause("a")
        world.finish(call)
        assert call.names == []
        assert isinstance(call.error, NoCandidateError)
        assert "pause" in call.error.removed["a"]

    def test_without_any_deployment_left_by_preference_all_are_named(self) -> None:
        world = World(site("a", model_name="x"), site("b", model_name="y"))
        world.fleet.pause("b")
        call = world.call(model_preference=["x"], model="y")
        assert isinstance(call.error, NoCandidateError)
        assert set(call.error.removed) == {"a", "b"}

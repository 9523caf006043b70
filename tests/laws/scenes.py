"""Scenes: random worlds and calls for laws; whatever happens in them, the laws hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from langchain_multirouter.options import Strategy
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.task_types import TaskType
from tests.simulation.simulated import World, site

SECONDS = st.sampled_from([0.0, 0.1, 1.0, 3.0, 12.0])
FAILURES = st.builds(
    Failure,
    st.sampled_from(Cause),
    retry_after_seconds=st.sampled_from([None, 0.0, 2.0, 9.0, 99.0]),
)
PARTS = st.sampled_from(["empty", "content", "finish", "last"])
ENDS = st.one_of(st.just("end"), FAILURES)
WHOLE = st.one_of(st.just(()), st.tuples(st.tuples(SECONDS, ENDS)))
STREAMS = st.builds(
    lambda parts, end: (*parts, *end), st.lists(st.tuples(SECONDS, PARTS), max_size=5), WHOLE
)
TAGS = st.frozensets(st.sampled_from(["eu", "us", "zero-retention"]))
MODELS = ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"]

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "strategy": st.sampled_from(Strategy),
        "preferred_provider": st.sampled_from(["aws_bedrock", "azure", "vertex"]),
        "model_preference": st.lists(st.sampled_from([*MODELS, "other"]), max_size=2),
        "fallback_enabled": st.booleans(),
        "max_retries": st.integers(0, 4),
        "max_attempts": st.one_of(st.none(), st.integers(1, 12)),
        "deadline_seconds": st.sampled_from([None, 0.5, 4.0, 20.0]),
        "require_tags": TAGS,
        "allow_model_change": st.booleans(),
        "task_type": st.none() | st.sampled_from(TaskType),
        "first_token_seconds": st.sampled_from([None, 2.0]),
        "idle_seconds": st.sampled_from([None, 2.0]),
        "on_interrupted": st.sampled_from(["raise", "buffer"]),
        "max_response_time": st.sampled_from([None, 0.5, 60.0]),
        "prompt_cache_affinity": st.booleans(),
        "session": st.sampled_from([None, "a", "b"]),
        "sticky": st.booleans(),
    },
)


@st.composite
def worlds(draw: st.DrawFn, *, streamed: bool) -> World:
    """Up to four deployments with up to four scripted attempts each."""
    scripts = st.lists(STREAMS if streamed else WHOLE, min_size=1, max_size=4)
    sites = [
        site(
            f"d{i}",
            *draw(scripts),
            provider=draw(st.sampled_from(["aws_bedrock", "azure_openai", "gcp_vertex"])),
            model_name=draw(st.sampled_from(MODELS)),
            fallback_level=draw(st.integers(0, 2)),
            tags=draw(TAGS),
            window=draw(st.sampled_from([None, 8_000, 200_000])),
            timeout=10.0,
        )
        for i in range(draw(st.integers(1, 4)))
    ]
    return World(*sites, seed=draw(st.integers(0, 99)))


CALLS = st.builds(
    lambda options, streamed: {**options, "streamed": streamed}, OPTIONS, st.booleans()
)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[World, list[dict[str, Any]]]:
    """A world, and the calls made in it one after the other."""
    streamed = draw(st.booleans())
    world = draw(worlds(streamed=streamed))
    calls = draw(st.lists(OPTIONS, min_size=1, max_size=4))
    return world, [{**call, "streamed": streamed} for call in calls]

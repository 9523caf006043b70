"""A journal's report says what the router's own says of the same calls."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import ConfigurationError
from langchain_multirouter.telemetry.journal import Journal
from langchain_multirouter.telemetry.replay import journal_analytics
from tests.reference.known import scripted

SAME = ("recorded", "tasks", "strategies", "windows")


def test_it_has_the_same_numbers(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    prices = [{"price": {"input": 1, "output": 2}}, {"price": {"input": 3, "output": 4}}]
    router = scripted(
        ["one two three", ConnectionError("no"), "four five"], ["two"],
        deployments=prices, sinks=[journal],
    )  # fmt: skip
    for number in range(12):
        router.invoke("hello " * (number + 1), max_retries=0)
        router.invoke("Write a poem " * (number % 4 + 1), model="b", strategy="cost_optimized")
    for _ in range(5):
        with suppress(ModelError):
            router.invoke("hello", max_cost=0.0)
    for _ in range(3):
        stream = router.stream("hello")
        next(stream)
        stream.close()
    assert journal.flush()
    journal.close()

    ours, theirs = router.analytics().to_dict(), journal_analytics(journal.path).to_dict()
    assert ours["recorded"]["calls"] == 32
    assert ours["recorded"]["overall"]["causes"] == {"NoCandidateError": 5, "cancelled": 3}
    for key in SAME:
        if key == "windows":  # which second a call is in is not the same to a microsecond
            assert sum(w["calls"] for w in theirs[key]) == sum(w["calls"] for w in ours[key])
            continue
        mine, its = ours[key], theirs[key]
        if key == "recorded":
            mine, its = ({k: v for k, v in d.items() if k not in ("since", "until")}
                         for d in (mine, its))  # fmt: skip
        assert its == mine, key
    assert theirs["overall"] == ours["overall"]
    for name in ("a", "b"):
        before, after = ours["savings"]["always"][name], theirs["savings"]["always"][name]
        assert after == pytest.approx(before, abs=1e-9)
    about = {(piece["kind"], piece["about"]) for piece in theirs["advice"]}
    assert ("nobody_left", "max_cost") in about


def test_only_its_last_seconds_are_looked_at_where_that_is_asked_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    router = scripted(["x"], sinks=[journal])
    router.invoke("hi")
    assert journal.flush()
    journal.close()
    assert journal_analytics(journal.path, since_seconds=3600).to_dict()["recorded"]["calls"] == 1
    assert journal_analytics(journal.path, since_seconds=1e-9).to_dict()["recorded"]["calls"] == 0
    with pytest.raises(ConfigurationError, match="since_seconds"):
        journal_analytics(journal.path, since_seconds=0.0)

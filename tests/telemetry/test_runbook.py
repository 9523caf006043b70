"""The runbook: every event, metric, alert, error and method that it names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

import langchain_multirouter
from langchain_multirouter import RoutedChatModel, errors
from langchain_multirouter.__main__ import _parser
from langchain_multirouter.caching.settings import Cached
from langchain_multirouter.deployment import Deployment
from langchain_multirouter.options import OPTION_NAMES
from langchain_multirouter.outcome import Cause
from langchain_multirouter.telemetry.events import AttemptEnded, CallEnded, Happening
from langchain_multirouter.telemetry.instruments import METRICS
from langchain_multirouter.telemetry.sinks import SAID
from tests.reference.known import scripted
from tests.telemetry.made import call, failure, success

OPERATIONS = Path(__file__).parents[2] / "operations"
RUNBOOK = (OPERATIONS / "runbook.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL))
EVENTS = {kind.__name__ for kind in get_args(Happening)}
ALERTS = {
    rule["alert"]
    for group in yaml.safe_load((OPERATIONS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
METHODS = {name for name in dir(RoutedChatModel) if not name.startswith("_")}


def logged() -> set[str]:
    """The names under which the log tells of attempts and calls."""
    ended = (
        AttemptEnded(0, 1, failure()),
        CallEnded(call(success())),
        CallEnded(call(failure())),
    )
    said = [SAID[type(event)](event) for event in ended]
    return {one[0] for one in said if one is not None}


def test_every_name_that_looks_like_one_of_ours_is_an_event_an_alert_or_an_error() -> None:
    named = {name for name in CODE if re.fullmatch(r"([A-Z][a-z]+){1,}(Error)?", name)}
    ours = {name for name in dir(errors) if name.endswith("Error")}
    ours |= {name for name in langchain_multirouter.__all__ if name.endswith("Error")}
    assert named - EVENTS - logged() - ALERTS - ours == set()
    assert len(named & EVENTS) > 10
    assert len(named & ours) > 8


def test_every_metric_is_one_that_is_recorded() -> None:
    named = {name for name in CODE if re.fullmatch(r"(langchain_multirouter|gen_ai)\.[\w.]+", name)}
    assert named - {metric.name for metric in METRICS.values()} == set()
    assert len(named) > 12


def test_every_alert_has_its_place_in_it() -> None:
    assert set(CODE) >= ALERTS


def test_every_option_setting_and_cause_is_one() -> None:
    named = {name for name in CODE if re.fullmatch(r"[a-z]+(_[a-z]+)*", name)}
    known = {cause.value for cause in Cause} | OPTION_NAMES | METHODS
    known |= set(RoutedChatModel.model_fields) | set(Cached.model_fields)
    known |= set(Deployment.model_fields)
    strategies = {"intelligent", "performance_based", "adaptive"}
    others = {"advice", "savings", "removed", "partial", "retry_after_seconds", "_total"}
    assert named - known - strategies - others - {"langchain_multirouter"} == set()


def test_every_method_that_it_calls_is_the_routers() -> None:
    called = set(re.findall(r"llm\.(\w+)\(", RUNBOOK))
    assert called <= METHODS
    assert called >= {"pause", "resume", "with_routing", "check_health", "explain", "analytics"}


def test_every_argument_that_it_sets_is_a_setting() -> None:
    found = re.findall(r"(?:with_routing|Deployment)\(([^`]*)\)`", RUNBOOK)
    for name in re.findall(r"(\w+)=", ", ".join(found)):
        assert name in OPTION_NAMES | set(Deployment.model_fields)


@pytest.mark.parametrize("command", re.findall(r"`langchain-multirouter ([^`]+)`", RUNBOOK))
def test_every_command_is_understood(command: str) -> None:
    assert _parser().parse_args(command.split()).command


def test_its_first_three_minutes_run(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", RUNBOOK, re.DOTALL)
    llm = scripted("one", "two")
    llm.invoke("Hello")
    exec(block, {"llm": llm})  # noqa: S102  # what it runs is the runbook
    printed = capsys.readouterr().out
    assert "1 calls, 100.00% answered" in printed
    assert "at most" in printed
    assert all(count["started"] for count in llm.counts().values())  # each was asked


def test_the_readme_leads_to_it() -> None:
    readme = (OPERATIONS.parent / "README.md").read_text(encoding="utf-8")
    assert "(operations/runbook.md)" in readme

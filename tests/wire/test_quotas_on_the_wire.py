"""Quotas over the real provider classes: a limit that is told is kept, as the wire log says."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from langchain_multirouter import Deployment, NoCandidateError, RoutedChatModel
from langchain_multirouter.emulator import Emulator

from .conftest import MODES, RUNNER, STEADY, WIRES, ask

#: Ten a second.
FAST = 600.0


def limited(models: dict[str, Any], wire: str = "azure_openai", **limits: Any) -> RoutedChatModel:
    return RoutedChatModel([Deployment(models[wire], name=wire, **limits)], **STEADY)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_beyond_its_limit_another_deployment_is_asked(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    other = next(one for one in WIRES if one != wire)
    limit = Deployment(models[wire], name=wire, requests_per_minute=2)
    model = RoutedChatModel([limit, Deployment(models[other], name=other)], **STEADY)
    for _ in range(4):
        ask(model, mode)
    assert (len(cloud.log_of(wire)), len(cloud.log_of(other))) == (2, 2)
    (row, _) = sorted(
        model.explain("Hello").to_dict()["candidates"], key=lambda r: r["deployment"] != wire
    )
    assert row["headroom"] == pytest.approx(0.0, abs=0.05)
    assert "no headroom for" in row["out"]
    assert row["is_healthy"] is True


def drained(model: RoutedChatModel, requests: float) -> None:
    """Most of its minute's worth has been used."""
    fleet = model.assembled.fleet
    (candidate,) = fleet.snapshot()
    assert candidate.quota is not None
    quota = candidate.quota._replace(requests=requests, at=time.monotonic())
    fleet._candidates[0] = candidate._replace(quota=quota)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_callers_wait_for_headroom_and_all_are_answered(
    asynchronous: bool, cloud: Emulator, models: dict[str, Any]
) -> None:
    model = limited(models, requests_per_minute=FAST)
    drained(model, 4.0)
    began = time.monotonic()
    if asynchronous:

        async def calls() -> None:
            await asyncio.gather(*(model.ainvoke("Hello") for _ in range(12)))

        RUNNER.run(calls())
    else:
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda _: model.invoke("Hello"), range(12)))
    started = sorted(entry.started - began for entry in cloud.log)
    assert len(started) == 12
    for number, seconds in enumerate(started):
        assert seconds >= 0.1 * (number - 3) - 0.02  # not before there was headroom for it
    (candidate,) = model.assembled.fleet.snapshot()
    assert (candidate.stats.succeeded, candidate.stats.failed) == (12, 0)


def test_who_may_not_wait_is_told_when_to_come_again(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    model = limited(models, requests_per_minute=4, tokens_per_minute=100_000)

    async def calls() -> list[Any]:
        return await asyncio.gather(
            *(model.ainvoke("Hello", max_wait_seconds=0.0) for _ in range(7)),
            return_exceptions=True,
        )

    found = RUNNER.run(calls())
    refused = [one for one in found if isinstance(one, NoCandidateError)]
    assert len(refused) == 3
    assert all(0 < (error.retry_after_seconds or 0) <= 15.0 for error in refused)
    assert len(cloud.log) == 4


@pytest.mark.parametrize("mode", MODES)
def test_tokens_that_were_used_are_what_the_quota_has_less(
    mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    model = limited(models, tokens_per_minute=60_000)
    ask(model, mode)
    (entry,) = cloud.log
    (candidate,) = model.assembled.fleet.snapshot()
    assert candidate.quota is not None
    used = 60_000 - candidate.quota.tokens
    assert used == pytest.approx(entry.input_tokens + entry.output_tokens)

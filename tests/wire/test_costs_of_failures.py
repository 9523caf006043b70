"""What was billed without an answer to show for it: as counted where it was, and guessed apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from langchain_multirouter import Deployment, RoutedChatModel, StreamInterruptedError
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.errors import AllAttemptsFailedError

from .conftest import MODELS, MODES, RUNNER, STEADY, WIRES, ask
from .test_schedules import priced

Make = Callable[..., RoutedChatModel]
EMPTY = Fault(FaultKind.EMPTY_ANSWER)
CUT = Fault(FaultKind.CLEAN_EOF_MIDSTREAM, after_chunks=3)
SLOW = Fault(FaultKind.SLOW_FIRST_TOKEN, seconds=0.8)
#: Failures that no service bills: it refused, or never got as far as a model.
FREE = {
    "429": Fault(FaultKind.STATUS, status=429),
    "500": Fault(FaultKind.STATUS, status=500),
    "401": Fault(FaultKind.STATUS, status=401),
    "reset": Fault(FaultKind.RESET),
}


def billed(cloud: Emulator) -> float:
    """What genai-prices makes of all that was completed, in USD."""
    return sum(priced(entry) for entry in cloud.log if entry.completed)


def told(answer: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = answer.response_metadata["router"]
    return metadata


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_a_failure_whose_tokens_were_counted_is_part_of_the_calls_cost(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    cloud.break_(wire, EMPTY, times=1)
    answer = ask(model, mode)
    assert [one["outcome"] for one in told(answer)["attempts"]] == ["failure", "success"]
    assert [entry.completed for entry in cloud.log] == [True, True]
    assert told(answer)["cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)
    assert "estimated_usd" not in told(answer)
    shown = model.analytics().to_dict()
    failed = priced(cloud.log_of(wire)[0])
    assert shown["deployments"][wire]["total_cost_usd"] >= failed > 0
    assert shown["overall"]["total_cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)
    assert shown["overall"]["estimated_usd"] == 0.0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", FREE)
def test_a_failure_that_nobody_bills_costs_nothing_and_is_not_guessed(
    fault: str, mode: str, cloud: Emulator, router: Make
) -> None:
    cloud.break_("azure_openai", FREE[fault])
    model = router("azure_openai", max_retries=0)
    answer = ask(model, mode)
    assert told(answer)["cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)
    assert "estimated_usd" not in told(answer)
    assert model.counts()["azure_openai"]["estimated_usd"] == 0.0


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_stream_that_broke_off_is_guessed_by_what_came_of_it(
    wire: str, mode: str, cloud: Emulator, router: Make
) -> None:
    model = router(wire)
    cloud.break_(wire, CUT, times=1)
    with pytest.raises(StreamInterruptedError) as caught:
        ask(model, mode)
    (record,) = caught.value.attempts
    assert (record.usage, record.cost_usd) == (None, None)
    (candidate, *_) = model.assembled.fleet.snapshot()
    price = candidate.facts.price
    assert caught.value.partial is not None
    tokens = -(-len(caught.value.partial.text) // 4)
    expected = price.plain_usd(model.explain("Hello there").to_dict()["estimated_input_tokens"], 0)
    expected += tokens * price.rates.output
    assert record.estimated_usd == pytest.approx(expected)
    assert model.counts()[wire]["estimated_usd"] == record.estimated_usd
    assert model.counts()[wire]["cost_usd"] == 0.0
    shown = model.analytics().to_dict()
    assert shown["deployments"][wire]["estimated_usd"] == record.estimated_usd
    assert shown["providers"][wire]["estimated_usd"] == record.estimated_usd


@pytest.mark.parametrize(("first", "second"), list(permutations(WIRES, 2))[:3])
@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_continued_stream_costs_what_all_of_its_parts_cost(
    first: str, second: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    deployments = [Deployment(models[wire], name=wire) for wire in (first, second)]
    model = RoutedChatModel(deployments, **STEADY, on_interrupted="continue")
    cloud.break_(first, CUT, times=1)
    answer = ask(model, mode)
    counts = model.counts()
    assert told(answer)["deployment"] == second
    assert told(answer)["cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)
    assert told(answer)["estimated_usd"] == counts[first]["estimated_usd"] > 0
    assert model.assembled.fleet.lengths == {}  # the rest of an answer is no answer
    (entry,) = cloud.log_of(second)
    assert answer.usage_metadata["output_tokens"] == entry.output_tokens


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_part_that_ended_without_its_finish_was_counted(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    deployments = [Deployment(models[wire], name=name) for name in "ab"]
    model = RoutedChatModel(deployments, **STEADY, on_interrupted="continue")
    cloud.break_(wire, Fault(FaultKind.NO_FINISH), times=1)
    answer = ask(model, mode)
    assert [entry.completed for entry in cloud.log] == [True, True]
    assert told(answer)["cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)
    assert "estimated_usd" not in told(answer)
    sums = [sum(getattr(e, f"{side}_tokens") for e in cloud.log) for side in ("input", "output")]
    usage = answer.usage_metadata
    assert usage is not None
    assert [usage["input_tokens"], usage["output_tokens"]] == sums  # of all parts, as delivered


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
def test_who_lost_a_hedge_is_guessed(
    wire: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    names = [wire, *(other for other in WIRES if other != wire)]
    model = RoutedChatModel(
        [Deployment(models[name], name=name) for name in names],
        **{**STEADY, "timeout": 10.0},
        hedge=0.15,
    )
    cloud.break_(wire, SLOW, times=1)
    answer = ask(model, mode)
    winner = cloud.log_of(names[1])[0]
    assert told(answer)["deployment"] == names[1]
    assert told(answer)["cost_usd"] == pytest.approx(priced(winner), rel=1e-12)
    guessed = told(answer)["estimated_usd"]
    assert guessed == model.counts()[wire]["estimated_usd"] > 0
    assert model.counts()[wire]["cost_usd"] == 0.0


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_an_attempt_whose_time_was_up_is_guessed_as_a_usual_answer(
    mode: str, cloud: Emulator, router: Make
) -> None:
    model = router("azure_openai", timeout=0.2, max_retries=0, fallback_enabled=False)
    cloud.break_("azure_openai", Fault(FaultKind.SILENCE), times=1)
    with pytest.raises(AllAttemptsFailedError) as caught:
        ask(model, mode, "Hello there", max_tokens=40)
    row = model.explain("Hello there", max_tokens=40).to_dict()["candidates"][0]
    assert caught.value.attempts[0].estimated_usd == pytest.approx(row["expected_cost_usd"])


@pytest.mark.parametrize("chunks", [0, 2])
@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_the_caller_left_is_guessed_by_what_came_of_it(
    mode: str, chunks: int, cloud: Emulator, router: Make
) -> None:
    model = router("gcp_vertex")

    async def leave() -> None:
        stream = model.astream("Hello there")
        for _ in range(1 + chunks):
            await anext(stream)
        await stream.aclose()

    if mode == "astream":
        RUNNER.run(leave())
    else:
        stream = model.stream("Hello there")
        for _ in range(1 + chunks):
            next(stream)
        stream.close()  # type: ignore[attr-defined]  # a generator
    counts = model.counts()["gcp_vertex"]
    until = time.monotonic() + 3.0
    while counts["pending"] and time.monotonic() < until:
        counts = model.counts()["gcp_vertex"]
    assert (counts["cancelled"], counts["cost_usd"]) == (1, 0.0)
    assert counts["estimated_usd"] > 0


def test_an_attempt_of_unknown_price_is_not_guessed(cloud: Emulator, models: Any) -> None:
    names = {wire: Deployment(models[wire], name=wire) for wire in MODELS}
    unknown = Deployment(models["azure_openai"], name="own", model_name="in-house-7b")
    model = RoutedChatModel([unknown, names["gcp_vertex"]], **{**STEADY, "max_retries": 0})
    cloud.break_("azure_openai", Fault(FaultKind.MALFORMED), times=1)
    answer = model.invoke("Hello there")
    assert "estimated_usd" not in told(answer)
    assert told(answer)["cost_usd"] == pytest.approx(billed(cloud), rel=1e-12)

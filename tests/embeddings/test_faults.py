"""Every fault of the first rank at every wire: the twin answers, and what was sent is counted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import AllAttemptsFailedError, Deployment, RoutedEmbeddings
from langchain_multirouter.emulator import Fault, FaultKind

from .conftest import MODELS, MODES, SIZES, STEADY, WIRES, Make, Regions, documents, query

#: Fault → the causes under which its attempt may be counted.
FAULTS: dict[str, tuple[Fault, set[str]]] = {
    "429": (Fault(FaultKind.STATUS, status=429), {"throttled"}),
    "503": (Fault(FaultKind.STATUS, status=503), {"overloaded"}),
    "reset": (Fault(FaultKind.RESET), {"connection"}),
    "silence": (Fault(FaultKind.SILENCE), {"timeout"}),
    "empty": (Fault(FaultKind.EMPTY_ANSWER), {"invalid_response"}),
    "malformed": (Fault(FaultKind.MALFORMED), {"invalid_response"}),
    "web page": (Fault(FaultKind.HTML), {"invalid_response"}),
    "cut": (Fault(FaultKind.FIN_MIDSTREAM), {"connection", "stream_broken"}),
    "401": (Fault(FaultKind.STATUS, status=401), {"authentication"}),
    "404": (Fault(FaultKind.STATUS, status=404), {"model_not_found"}),
}

every_mode = pytest.mark.parametrize("mode", MODES)
every_wire = pytest.mark.parametrize("wire", WIRES)


@every_mode
@every_wire
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_answered_by_the_twin_and_counted_as_it_was_sent(
    fault: str, wire: str, mode: str, regions: Regions, twins: Make
) -> None:
    injected, causes = FAULTS[fault]
    router = twins(wire)
    regions.near.break_(wire, injected)

    vector = query(router, mode)

    assert len(vector) == SIZES[wire]
    counts = router.counts()
    assert counts["near"]["causes"]
    assert counts["near"]["causes"].keys() <= causes
    assert counts["far"]["succeeded"] == 1
    assert counts["near"]["started"] == len(regions.near.log_of(wire)) <= 2
    assert counts["far"]["started"] == len(regions.far.log_of(wire)) == 1
    assert all(one["pending"] == 0 for one in counts.values())


@every_mode
@every_wire
def test_twins_give_the_same_vectors(wire: str, mode: str, regions: Regions, twins: Make) -> None:
    router = twins(wire)
    before = documents(router, mode, ["one thing", "another"])
    regions.near.break_(wire, "503")

    assert documents(router, mode, ["one thing", "another"]) == before


@every_mode
@every_wire
def test_a_bad_request_is_sent_once_and_to_nobody_else(
    wire: str, mode: str, regions: Regions, twins: Make
) -> None:
    regions.near.break_(wire, "400")

    with pytest.raises(ModelError) as raised:
        query(twins(wire), mode)

    assert not raised.value.is_retryable
    assert len(regions.near.log) == 1
    assert len(regions.far.log) == 0


@every_mode
@every_wire
def test_a_deadline_holds(wire: str, mode: str, regions: Regions, twins: Make, timed: Any) -> None:
    router = twins(wire, deadline_seconds=0.4, timeout=30)
    for cloud in regions:
        cloud.break_(wire, FaultKind.SILENCE)
    elapsed = timed()

    with pytest.raises(AllAttemptsFailedError, match=r"deadline of 0.4 s"):
        documents(router, mode, ["one", "two"])

    assert elapsed() < 5.0  # where a request's own limit is thirty seconds


@every_wire
def test_a_dead_event_loops_connections_cost_a_free_retry_and_no_health(
    wire: str, regions: Regions
) -> None:
    own = [cloud.embeddings(wire, MODELS[wire]) for cloud in regions]  # the others keep one loop
    models = [Deployment(one, name=name) for one, name in zip(own, ("near", "far"), strict=True)]
    router = RoutedEmbeddings(models, **{**STEADY, "timeout": 20.0})
    for _ in range(3):
        assert len(asyncio.run(router.aembed_query("Hello"))) == SIZES[wire]

    near = router.counts()["near"]
    assert near["succeeded"] == 3
    assert set(near["causes"]) <= {"local_environment"}
    assert router.counts()["far"]["started"] == 0


@every_mode
def test_many_texts_are_sent_as_the_class_sends_them_in_one_attempt(
    mode: str, regions: Regions, twins: Make
) -> None:
    for wire, requests in {"azure_openai": 1, "aws_bedrock": 5, "gcp_vertex": 1}.items():
        router = twins(wire)
        vectors = documents(router, mode, [f"text {i}" for i in range(5)])
        assert len(vectors) == 5
        assert router.counts()["near"]["started"] == 1
        assert len(regions.near.log_of(wire)) == requests

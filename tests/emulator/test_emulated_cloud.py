"""Faults come and go, and latency is drawn with a seed."""

import statistics
import time
from typing import Any

import pytest
from real_clients import MODELS, Clients, fails

from langchain_multirouter.emulator import Emulator, Fault, FaultKind

one_loop = pytest.mark.asyncio(loop_scope="session")


# Breaking and healing.


def test_a_fault_lasts_until_it_is_healed(provider: str, model: Any, cloud: Emulator) -> None:
    cloud.break_(provider, "503")
    assert [fails(model), fails(model)] == [True, True]
    cloud.heal(provider)
    assert not fails(model)
    assert cloud.faults == ()


def test_a_fault_for_some_requests_strikes_that_many(
    provider: str, model: Any, cloud: Emulator
) -> None:
    cloud.break_(provider, "reset", times=2)
    assert [fails(model) for _ in range(4)] == [True, True, False, False]


def test_counted_faults_strike_in_order_and_before_the_lasting_one(
    clients: Clients, cloud: Emulator
) -> None:
    cloud.break_("aws_bedrock", "500")
    cloud.break_("aws_bedrock", "429", times=1)
    cloud.break_("aws_bedrock", "404", times=1)
    for _ in range(3):
        fails(clients.chat("aws_bedrock"))
    assert [entry.status for entry in cloud.log] == [429, 404, 500]


def test_a_lasting_fault_replaces_the_one_before_it(clients: Clients, cloud: Emulator) -> None:
    cloud.break_("aws_bedrock", "500")
    cloud.break_("aws_bedrock", "404")
    assert [force.fault.status for force in cloud.faults] == [404]


def test_one_providers_fault_leaves_the_others_alone(clients: Clients, cloud: Emulator) -> None:
    cloud.break_("azure_openai", "503")
    assert [fails(clients.chat(provider)) for provider in sorted(MODELS)] == [False, True, False]


def test_a_fault_of_one_model_leaves_other_models_alone(clients: Clients, cloud: Emulator) -> None:
    model = clients.chat("azure_openai")
    cloud.break_("azure_openai", "503", model="another-deployment")
    assert not fails(model)
    cloud.break_("azure_openai", "503", model="gpt-4o")
    assert fails(model)
    cloud.heal(model="gpt-4o")
    assert not fails(model)
    assert [force.model for force in cloud.faults] == ["another-deployment"]


def test_healing_one_provider_leaves_the_others_broken(cloud: Emulator) -> None:
    cloud.break_("azure_openai", "503")
    cloud.break_("gcp_vertex", "503")
    cloud.heal("azure_openai")
    assert [force.provider for force in cloud.faults] == ["gcp_vertex"]
    cloud.heal()
    assert cloud.faults == ()


def test_a_probable_fault_strikes_the_same_requests_under_the_same_seed() -> None:
    def struck(seed: int) -> list[int | None]:
        with Emulator(seed=seed) as cloud:
            model = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"], max_retries=0)
            cloud.break_("aws_bedrock", "503", probability=0.5)
            for _ in range(20):
                fails(model)
            model.client.close()
            return [entry.status for entry in cloud.log]

    first = struck(1)
    assert set(first) == {200, 503}
    assert struck(1) == first != struck(2)


@pytest.mark.parametrize(
    ("measures", "field"),
    [
        ({"status": 200}, "status"),
        ({"seconds": -1.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"retry_after_seconds": -0.1}, "retry_after_seconds"),
        ({"after_chunks": -1}, "after_chunks"),
    ],
)
def test_a_fault_with_wrong_measures_is_refused(measures: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be"):
        Fault(FaultKind.STATUS, **measures)


def test_wrong_settings_are_refused_by_name(cloud: Emulator) -> None:
    with pytest.raises(ValueError, match=r"^provider must be one of aws_bedrock"):
        cloud.break_("openai", "503")
    with pytest.raises(ValueError, match=r"^kind must be one of status"):
        cloud.break_("azure_openai", "melt")
    with pytest.raises(ValueError, match=r"^times must be"):
        cloud.break_("azure_openai", "503", times=0)
    with pytest.raises(ValueError, match=r"^probability must be"):
        cloud.break_("azure_openai", "503", probability=1.5)
    with pytest.raises(ValueError, match=r"^per_chunk_seconds must be"):
        cloud.latency("azure_openai", per_chunk_seconds=-1)
    with pytest.raises(ValueError, match=r"^provider must be"):
        cloud.heal("openai")
    with pytest.raises(ValueError, match=r"^port must be"):
        Emulator(port=70_000)


# Latency.


def test_latency_delays_the_reply_and_each_chunk(
    model: Any, provider: str, cloud: Emulator
) -> None:
    cloud.latency(provider, seconds=0.05, per_chunk_seconds=0.004)
    started = time.monotonic()
    chunks = [time.monotonic() - started for chunk in model.stream("Hello") if chunk.text]
    assert chunks[0] >= 0.05
    assert chunks[-1] - chunks[0] >= 0.004 * (len(chunks) - 1) * 0.8
    cloud.latency(provider)
    model.invoke("Hello")
    assert cloud.log[-1].ended is not None
    assert cloud.log[-1].ended - cloud.log[-1].started < 0.05


def test_jitter_spreads_latencies_around_their_median(clients: Clients, cloud: Emulator) -> None:
    cloud.latency("azure_openai", seconds=0.01, jitter=0.5)
    for _ in range(30):
        clients.chat("azure_openai").invoke("Hello")
    took = [entry.ended - entry.started for entry in cloud.log if entry.ended]
    assert 0.006 < statistics.median(took) < 0.025
    assert max(took) > 1.5 * min(took)

"""A bad configuration over the real classes and the emulator: what advice finds of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from langchain_core.exceptions import ModelError

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.faults import Fault
from tests.reference.known import STEADY


@pytest.fixture
def bad(cloud: Emulator) -> RoutedChatModel:
    """A dear model that is going away and whose SDK retries by itself goes first, one of unknown
    price last, and a deadline that is short of what it takes."""
    models = [
        Deployment(cloud.chat_model("azure_openai", "gpt-4-turbo", max_retries=2), name="old",
                   keep_retries=True),
        Deployment(cloud.chat_model("aws_bedrock", "anthropic.claude-3-haiku-20240307-v1:0"),
                   name="cheap"),
        Deployment(cloud.chat_model("gcp_vertex", "my-tuned-model"), name="tuned"),
    ]  # fmt: skip
    settings: dict[str, Any] = {"policy": STEADY, "strategy": "ordered", "random_seed": 0}
    router = RoutedChatModel(models, deadline_seconds=2.0, **settings)
    for name in ("old", "cheap", "tuned"):  # the first request of a class imports half an SDK
        with suppress(ModelError):
            router.with_routing(deadline_seconds=None).invoke("Hello", model=name)
            RoutedChatModel(models, **settings).invoke("Hello", model=name)
    return router


def asked(router: RoutedChatModel, count: int, **options: Any) -> None:
    for _ in range(count):
        with suppress(ModelError):
            router.invoke("Say something about the sea", **options)


def test_every_fault_of_a_bad_configuration_is_found_with_its_effect(
    bad: RoutedChatModel, cloud: Emulator, tmp_path: Path
) -> None:
    asked(bad, 30)
    bad.pause("old")
    cloud.break_("aws_bedrock", "503", times=24)
    asked(bad, 40, max_retries=0)
    bad.pause("cheap")
    asked(bad, 8)
    cloud.break_("gcp_vertex", Fault("slow", seconds=1.0), times=4)
    asked(bad, 4, deadline_seconds=0.3)
    bad.resume("old")
    bad.resume("cheap")
    asked(bad, 6, max_cost=1e-9)

    shown = bad.with_routing(deadline_seconds=0.3).analytics()
    found = {(piece["kind"], piece["about"]): piece for piece in shown.to_dict()["advice"]}
    assert set(found) >= {
        ("nested_retries", "old"),
        ("retiring_model", "old"),
        ("first_choice_fails", "cheap"),
        ("deadline_cuts", "deadline_seconds"),
        ("nobody_left", "max_cost"),
        ("price_unknown", "tuned"),
    }
    assert found["nested_retries", "old"]["effect"]["requests_per_call"] < 0
    assert found["retiring_model", "old"]["effect"]["usd_per_1k_calls"] < 0
    fails = found["first_choice_fails", "cheap"]
    assert fails["evidence"]["failed"]["value"] == pytest.approx(24 / 41, abs=0.02)
    assert fails["effect"]["seconds_per_call"] < 0
    assert found["deadline_cuts", "deadline_seconds"]["evidence"]["cut_calls"] == 4
    assert found["nobody_left", "max_cost"]["effect"]["success_rate"] == pytest.approx(6 / 91)
    assert found["price_unknown", "tuned"]["evidence"]["unpriced_answers"] == 33
    assert ("cheaper", "cheap") not in found, "it fails more often than the others do"

    page = tmp_path / "report.html"
    shown.to_html(page)
    assert all(about in page.read_text(encoding="utf-8") for _, about in found)

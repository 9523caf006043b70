"""§7 Analytics' recommendations: from data, or from settable strengths; None where unknown."""

from __future__ import annotations

import pytest

from langchain_multirouter.economics.capabilities import Capabilities
from langchain_multirouter.telemetry.best import recommendations
from tests.reference.known import known, scripted, usd


def test_where_nothing_is_known_every_recommendation_is_none() -> None:
    assert recommendations([known(0), known(1)]) == dict.fromkeys(
        [
            "fastest",
            "most_reliable",
            "most_cost_effective",
            "best_for_multimodal",
            "best_for_coding",
            "best_for_enterprise",
        ]
    )


def test_recommendations_come_from_data() -> None:
    fleet = [
        known(0, seconds=1.0, good=8, bad=2, price=usd(0.01)),
        known(1, seconds=3.0, good=9, bad=1, price=usd(0.005)),
        known(2, price=usd(0.001)),
        known(3),
    ]
    found = recommendations(fleet)
    assert found["fastest"] == "a", "one that was never asked is not the fastest"
    assert found["most_reliable"] == "b", "nor the most reliable"
    assert found["most_cost_effective"] == "c"


@pytest.mark.parametrize(
    ("what", "strength"),
    [
        ("best_for_coding", "coding"),
        ("best_for_enterprise", "enterprise"),
        ("best_for_multimodal", "multimodal"),
    ],
)
def test_the_others_come_from_settable_strengths(what: str, strength: str) -> None:
    router = scripted(
        ["x"],
        ["y"],
        ["z"],
        deployments=[{"strengths": []}, {"strengths": [strength]}, {"strengths": []}],
    )
    found = router.analytics().to_dict()["recommendations"]
    assert found[what] == "b"
    assert [v for k, v in found.items() if k.startswith("best_for") and k != what] == [None, None]


def test_best_for_multimodal_is_nobody_who_is_known_to_take_no_image() -> None:
    able = Capabilities(images=False, strengths=("multimodal",))
    fleet = [known(0, capabilities=able), known(1, capabilities=able._replace(images=True))]
    assert recommendations(fleet)["best_for_multimodal"] == "b"


def test_the_most_reliable_of_the_strong_is_the_best() -> None:
    able = Capabilities(strengths=("coding",))
    fleet = [known(0, good=1, bad=1, capabilities=able), known(1, good=2, capabilities=able)]
    assert recommendations(fleet)["best_for_coding"] == "b"

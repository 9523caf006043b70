"""Vectors of two models do not mix: not after a failure, not by a strategy, not across calls."""

from __future__ import annotations

import logging
from random import Random
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from langchain_multirouter import (
    AllAttemptsFailedError,
    ConfigurationError,
    Deployment,
    NoCandidateError,
    RoutedEmbeddings,
    RouterError,
    Strategy,
)
from langchain_multirouter.spaces import Space, space_of

from .conftest import MODELS, STEADY, WIRES, Regions, documents, query
from .scripted import Scripted, named, router

DOWN = ConnectionError("down")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("amazon.titan-embed-text-v2:0", "eu.amazon.titan-embed-text-v2:0", True),
        ("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1", False),
        ("cohere.embed-english-v3", "cohere.embed-multilingual-v3", False),
        ("us.cohere.embed-v4:0", "embed-v4", True),
        ("text-embedding-3-small", "text-embedding-3-large", False),
        ("text-embedding-004", "text-embedding-005", False),
        ("publishers/google/models/text-embedding-005", "text-embedding-005", True),
        ("Text-Embedding-3-Small", "openai/text-embedding-3-small", True),
        ("gemini-embedding-001", "gemini-embedding-2", False),
    ],
)
def test_a_version_is_another_model_and_a_region_or_a_path_is_not(
    one: str, other: str, same: bool
) -> None:
    spaces = [space_of(Deployment("x:y", model_name=name), None) for name in (one, other)]
    assert (spaces[0] == spaces[1]) is same


def test_the_size_is_part_of_the_space_and_unknown_equals_unknown() -> None:
    small = Deployment("x:y", model_name="m", profile={"dimensions": 256})
    plain = Deployment("x:y", model_name="m")
    assert space_of(small, None) == space_of(plain, 256) == Space("m", 256)
    assert space_of(plain, None) == space_of(plain, None) != space_of(small, None)


def test_a_failure_goes_to_the_twin_and_never_to_another_model() -> None:
    other, twin = Scripted("b", 2.0), Scripted("a", 1.0)
    routed = router(Scripted("a", fault=DOWN), other, twin)
    assert routed.embed_query("x") == [1.0] * 3
    assert (other.asked, len(twin.asked)) == ([], 1)


def test_without_a_twin_the_error_says_so_and_how_a_change_is_allowed() -> None:
    other = Scripted("b", 2.0)
    routed = router(named("mine", Scripted("a", fault=DOWN)), named("theirs", other))
    with pytest.raises(AllAttemptsFailedError) as raised:
        routed.embed_query("x")
    said = str(raised.value)
    assert "Nobody else serves a (kept out: theirs)" in said
    assert "allow_model_change=True" in said
    assert {attempt.deployment for attempt in raised.value.attempts} == {"mine"}
    assert other.asked == []


def test_the_error_does_not_say_so_while_a_twin_was_not_tried() -> None:
    routed = router(named("one", Scripted("a", fault=DOWN)), named("twin", Scripted("a")))
    with pytest.raises(AllAttemptsFailedError) as raised:
        routed.embed_query("x", fallback_enabled=False)
    assert "Nobody else" not in str(raised.value)


def test_where_the_twins_are_paused_the_reasons_name_the_strangers_too() -> None:
    routed = router(named("mine", Scripted("a")), named("theirs", Scripted("b", size=9)))
    routed.pause("mine")
    with pytest.raises(NoCandidateError) as raised:
        routed.embed_query("x")
    assert "paused" in raised.value.removed["mine"]
    assert "vectors are of b, this router's of a" in raised.value.removed["theirs"]


def test_another_model_is_not_asked_however_the_call_names_it() -> None:
    other = Scripted("b")
    routed = router(named("mine", Scripted("a")), named("theirs", other))
    for keywords in ({"model": "theirs"}, {"model": "b"}):
        with pytest.raises(NoCandidateError):
            routed.embed_query("x", **keywords)
    assert routed.embed_query("x", model_preference=["theirs"]) == [1.0] * 3
    assert other.asked == []


def test_the_routers_model_can_be_named_and_need_not_be_the_first() -> None:
    models = [named("one", Scripted("a", 1.0)), named("two", Scripted("b", 2.0))]
    for model in ("two", "b"):
        assert router(*models, model=model).embed_query("x") == [2.0] * 3
    with pytest.raises(ConfigurationError, match=r"model: deployment or model 'tow' .*'two'"):
        router(*models, model="tow")


def test_who_is_kept_out_is_said_when_the_router_is_made(caplog: Any) -> None:
    with caplog.at_level(logging.WARNING, logger="langchain_multirouter"):
        router(named("mine", Scripted("a")), named("theirs", Scripted("b")))
        router(named("mine", Scripted("a")), named("theirs", Scripted("a")))
    assert [r.getMessage() for r in caplog.records] == [
        "Never asked, since their vectors are not of a: theirs"
    ]


def test_an_answer_of_another_size_is_no_answer() -> None:
    sizes = iter([3, 4, 4])
    changed = Scripted("a", fault=lambda: [[1.0] * next(sizes)])
    routed = router(named("changed", changed), named("twin", Scripted("a", 2.0)))
    assert routed.embed_query("x") == [1.0] * 3
    assert routed.embed_query("x") == [2.0] * 3  # its four dimensions fit into no index of ours
    assert routed.counts()["changed"]["causes"] == {"invalid_response": 2}


def test_a_size_that_was_said_holds_from_the_first_answer_on() -> None:
    routed = router(
        Deployment(Scripted("a", 1.0, size=4), profile={"dimensions": 3}),
        Deployment(Scripted("a", 2.0), profile={"dimensions": 3}),
    )
    assert routed.embed_query("x") == [2.0] * 3


def test_objects_that_name_no_model_stand_in_for_each_other_where_the_user_names_it() -> None:
    class Nameless(Embeddings):
        def __init__(self, mark: float, fault: Exception | None = None) -> None:
            self.mark, self.fault = mark, fault

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            if self.fault is not None:
                raise self.fault
            return [[self.mark] for _ in texts]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    broken, other = Nameless(1.0, DOWN), Nameless(2.0)
    with pytest.raises(AllAttemptsFailedError, match=r"kept out: Nameless:Nameless#2"):
        router(broken, other).embed_query("x")
    told = [Deployment(one, model_name="mine") for one in (broken, other)]
    assert router(*told).embed_query("x") == [2.0]


def test_a_router_in_a_router_is_of_its_own_models_space() -> None:
    one, other = router(Scripted("a", fault=DOWN)), router(Scripted("b", 2.0))
    twin = router(Deployment(Scripted("a", 3.0)), Scripted("b"))
    outer = router(one, other, twin)
    assert [space.model for space in outer.spaces.of] == ["a", "b", "a"]
    assert outer.embed_query("x") == [3.0] * 3


def test_a_profile_that_contradicts_its_class_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"profile\['dimensions'\]: is 3, its class asks"):
        router(Deployment(DeterministicFakeEmbedding(size=4), profile={"dimensions": 3}))


@pytest.mark.parametrize("size", [0, -1, True, "3", 1.5])
def test_a_profiles_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"m: profile\['dimensions'\]: must be a whole"):
        router(named("m", Scripted("a"), profile={"dimensions": size}))


# --- where the user says otherwise -----------------------------------------------------------


def test_a_change_that_is_allowed_is_a_fallback_and_a_warning(caplog: Any) -> None:
    faults = iter([None, DOWN, DOWN, None])
    home = Scripted("a", 1.0, fault=lambda: next(faults))
    routed = router(named("theirs", Scripted("b", 2.0)), named("mine", home),
                    model="mine", allow_model_change=True)  # fmt: skip
    with caplog.at_level(logging.WARNING, logger="langchain_multirouter"):
        assert routed.embed_query("x") == [1.0] * 3
        assert routed.embed_query("x") == [2.0] * 3
        assert routed.embed_query("x") == [1.0] * 3
    said = [r.getMessage() for r in caplog.records]
    assert said.count("theirs answered: these vectors are of b, not of a") == 1


@pytest.mark.parametrize("strategy", [*Strategy])
def test_a_change_that_is_allowed_is_no_strategys_first_choice(strategy: Strategy) -> None:
    other = Scripted("b", 2.0)
    models = [named("theirs", other, weight=9), Scripted("a"), Scripted("a")]
    settings = {"model": "a", "allow_model_change": True, "random_seed": 1}
    routed = router(*models, strategy=strategy, **settings)
    assert all(routed.embed_query("x") == [1.0] * 3 for _ in range(30))
    assert other.asked == []


def test_a_change_can_be_forbidden_for_a_call_but_not_allowed() -> None:
    models = [Scripted("a", fault=DOWN), Scripted("b", 2.0)]
    assert router(*models, allow_model_change=True).embed_query("x") == [2.0] * 3
    with pytest.raises(AllAttemptsFailedError):
        router(*models, allow_model_change=True).embed_query("x", allow_model_change=False)
    with pytest.raises(AllAttemptsFailedError):
        router(*models).embed_query("x", allow_model_change=True)
    with pytest.raises(AllAttemptsFailedError):
        router(*models).with_routing(allow_model_change=True).embed_query("x")


# --- whatever happens ------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*Strategy])
def test_spaces_never_mix_over_random_faults(strategy: Strategy) -> None:
    rng = Random(str(strategy))
    odd = [ConnectionError(), TimeoutError(), [], [[float("nan")] * 3], [[2.0, 2.0]], *[None] * 5]
    weather = [None]

    def fault() -> Any:
        return rng.choice(weather)

    models = [
        named(f"{name}{i}", Scripted(name, mark, fault=fault))
        for i in range(3)
        for name, mark in (("a", 1.0), ("b", 2.0), ("c", 3.0))
    ]
    routed = router(*models, model="b", strategy=strategy, random_seed=7)
    assert routed.embed_documents(["one"]) == [[2.0] * 3]
    weather[:] = odd
    answered = failed = 0
    for _ in range(300):
        try:
            vectors = routed.embed_documents(["one"])
        except RouterError:
            failed += 1
            continue
        answered += 1
        assert vectors == [[2.0] * 3]
    assert min(answered, failed) > 10
    counts = routed.counts()
    assert all(counts[n]["started"] == 0 for n in counts if not n.startswith("b"))
    asked = {s.deployment.name: len(s.model.asked) for s in routed.assembled.served}
    assert asked == {name: one["started"] for name, one in counts.items()}


@pytest.mark.parametrize("home", WIRES)
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_spaces_never_mix_on_the_wire(
    home: str, mode: str, regions: Regions, objects: dict[str, tuple[Any, Any]]
) -> None:
    models = [
        Deployment(one, name=f"{wire}{number}")
        for wire in WIRES
        for number, one in enumerate(objects[wire])
    ]
    routed = RoutedEmbeddings(models, model=MODELS[home], **{**STEADY, "strategy": "round_robin"})
    size = len(query(routed, mode))
    for cloud in regions:
        for wire in WIRES:
            cloud.break_(wire, "503", probability=0.5)
    answered = 0
    for number in range(25):
        try:
            vectors = documents(routed, mode, [f"text {number}"])
        except RouterError:
            continue
        answered += 1
        assert len(vectors[0]) == size
    assert answered > 5
    assert {entry.provider for cloud in regions for entry in cloud.log} == {home}

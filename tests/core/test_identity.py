"""Identity: routers that are alike share cache entries, and no others do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.identity import LONGEST_SHOWN, digest, name_of
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted
from tests.wire.conftest import MODES, ask


def by_length(text: str) -> str:
    """A classifier of this module."""
    return "analysis" if len(text) > 100 else "chat"


def by_nothing(text: str) -> str:
    return "chat"


def last_first(candidates: Sequence[Any], request: Any) -> list[float]:
    return [float(candidate.number) for candidate in candidates]


class Warm(ScriptedModel):
    """A model that has a setting of its own."""

    warmth: float = 0.0

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"warmth": self.warmth}


def router(
    *models: BaseChatModel, deployment: dict[str, Any] | None = None, **settings: Any
) -> RoutedChatModel:
    given = models or (ScriptedModel(), ScriptedModel())
    return scripted(*given, deployments=[deployment or {}], **settings)


def key(model: Any, **keywords: Any) -> str:
    string: str = model._get_llm_string(**keywords)
    return string


OTHERS: dict[str, Callable[[], RoutedChatModel]] = {
    "fewer deployments": lambda: router(ScriptedModel()),
    "another class": lambda: router(Warm(), ScriptedModel()),
    "a model's own setting": lambda: router(Warm(warmth=1.0), ScriptedModel()),
    "the order": lambda: RoutedChatModel(
        [Deployment(ScriptedModel(), name=n, provider=p) for n, p in (("b", "y"), ("a", "x"))]
    ),
    "a name": lambda: router(deployment={"name": "other"}),
    "a provider": lambda: router(deployment={"provider": "other"}),
    "a model's name": lambda: router(deployment={"model_name": "other"}),
    "tags": lambda: router(deployment={"tags": ["eu"]}),
    "a level": lambda: router(deployment={"fallback_level": 1}),
    "a weight": lambda: router(deployment={"weight": 2.0}),
    "a price": lambda: router(deployment={"price": {"input": 1, "output": 2}}),
    "another price": lambda: router(deployment={"price": {"input": 1, "output": 3}}),
    "a multiplier": lambda: router(deployment={"price_multiplier": 2.0}),
    "price_as": lambda: router(deployment={"price_as": "gpt-4o"}),
    "a profile": lambda: router(deployment={"profile": {"image_inputs": False}}),
    "a strategy": lambda: router(strategy="round_robin"),
    "a strategy of one's own": lambda: router(strategy=last_first),
    "required tags": lambda: router(require_tags=["eu"]),
    "other required tags": lambda: router(require_tags=["eu", "us"]),
    "max_cost": lambda: router(max_cost=0.5),
    "a preferred provider": lambda: router(preferred_provider="bedrock"),
    "a model preference": lambda: router(model_preference=["gpt-4o"]),
    "no fallback": lambda: router(fallback_enabled=False),
    "a task": lambda: router(task_type="analysis"),
    "task preferences": lambda: router(task_preferences={"chat": ["aws_bedrock"]}),
    "other task preferences": lambda: router(task_preferences={"chat": ["azure_openai"]}),
    "a classifier": lambda: router(classifier=by_length),
    "another classifier": lambda: router(classifier=by_nothing),
    "a lambda": lambda: router(classifier=lambda _: "chat"),
    "another lambda": lambda: router(classifier=lambda _: "analysis"),
    "a temperature": lambda: router(temperature=0.5),
    "max_tokens": lambda: router(max_tokens=5),
    "stop": lambda: router(stop=["x"]),
}


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {"the plain one": key(router()), **{name: key(make()) for name, make in OTHERS.items()}}


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_shapes_who_answers_makes_another_key(other: str, keys: dict[str, str]) -> None:
    alike = [name for name, one in keys.items() if one == keys[other]]
    assert alike == [other]


@pytest.mark.parametrize("other", sorted(set(OTHERS) - {"a lambda", "another lambda"}))
def test_routers_that_are_alike_have_one_key(other: str, keys: dict[str, str]) -> None:
    assert key(OTHERS[other]()) == keys[other]
    assert key(OTHERS[other]().model_copy()) == keys[other]


def test_a_copy_has_its_routers_key_also_with_a_classifier_that_has_no_name() -> None:
    model = router(classifier=lambda _: "chat")
    assert key(model) == key(model.model_copy()) == key(model.model_copy(update={"verbose": True}))
    assert key(model) == key(model.with_routing(strategy="ordered"))
    assert key(model) != key(model.with_routing(strategy="round_robin"))


def test_long_options_that_differ_at_their_ends_are_told_apart() -> None:
    tags = [f"tag-{i:03}" for i in range(100)]
    one, other = router(require_tags=tags), router(require_tags=[*tags, "tag-999"])
    assert key(one) != key(other)
    shown = one._identifying_params
    assert all(len(str(value)) <= LONGEST_SHOWN for value in shown.values())


def test_a_functions_name_is_its_modules_or_its_own_for_life() -> None:
    assert name_of(by_length) == f"{__name__}.by_length"
    assert name_of(Warm) == f"{__name__}.Warm"

    def makes() -> Callable[[str], str]:
        return lambda text: text

    one, other = makes(), makes()
    assert name_of(one) == name_of(one) != name_of(other)
    bound, model = partial(by_length, "x"), Warm()
    assert name_of(bound) == name_of(bound)
    assert name_of(model.get_name) != name_of(model.get_num_tokens)


def test_a_function_under_anothers_name_does_not_take_it() -> None:
    def impostor(text: str) -> str:
        return text

    impostor.__module__, impostor.__qualname__ = by_length.__module__, by_length.__qualname__
    assert name_of(impostor) != name_of(by_length)


def test_a_function_that_a_call_gives_is_in_the_key_by_name_and_not_by_address() -> None:
    model = router()
    made = [key(model, strategy=lambda c, r: [1.0] * len(c)) for _ in range(20)]
    assert len(set(made)) == 20
    assert " at 0x" not in "".join(made)
    assert key(model, strategy=last_first) == key(model, strategy=last_first)


def test_sets_and_mappings_are_alike_whatever_their_order() -> None:
    assert digest({"a": {1, 2, 30}, "b": 2}) == digest({"b": 2, "a": {30, 2, 1}})
    assert digest([1, 2]) != digest([2, 1])
    assert digest("1") != digest(1)


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_over_a_shared_cache_a_router_gets_only_its_own_answers(mode: str) -> None:
    cache = InMemoryCache()
    one = scripted(["from one"], cache=cache)
    same = scripted(["from same"], cache=cache)
    other = scripted(["from other"], cache=cache, task_preferences={"chat": ["azure_openai"]})
    assert ask(one, mode).text == "from one"
    assert ask(other, mode).text == "from other"
    assert ask(same, mode).text == "from one"  # alike in every setting
    assert ask(one.with_routing(require_tags=[]), mode).text == "from one"
    assert sum(c["started"] for c in same.counts().values()) == 0


@pytest.mark.parametrize("mode", MODES)
def test_what_goes_into_a_trace_is_short(mode: str) -> None:
    names = [f"{'long-deployment-name-' * 2}{i:020}" for i in range(60)]
    model = RoutedChatModel(
        [Deployment(ScriptedModel(), name=name) for name in names],
        require_tags=[],
        model_preference=["x" * 60] * 50,
        stop=["stop" * 100] * 4,
    )
    ask(model, mode)
    assert len(repr(model)) < 1024
    assert len(str(dumpd(model))) < 2048
    assert len(str(model._get_invocation_params())) < 1024
    assert "x" * 400 not in str(model.asdict())

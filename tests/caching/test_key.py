"""Key: requests that differ in anything that matters share no entry; equal ones do."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_multirouter import RoutedChatModel, RouterError
from langchain_multirouter.caching.key import IDLE
from langchain_multirouter.options import OPTION_NAMES
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted

from . import requests
from .requests import CHANGES, request

PAIRS = 10_000


@pytest.fixture(scope="module")
def routers() -> list[RoutedChatModel]:
    """The first, and others that decide in another way who answers."""
    cache = InMemoryCache()
    two = (ScriptedModel(), ScriptedModel())
    tagged: dict[str, Any] = {"deployments": [{"tags": ["eu", "us"]}]}
    return [
        scripted(*two, **tagged, cache=cache),
        scripted(two[0], **tagged, cache=cache),
        scripted(*two, deployments=[{"tags": ["eu"]}], cache=cache),
        scripted(*two, deployments=[{"fallback_level": 1, "tags": ["eu", "us"]}], cache=cache),
        scripted(*two, **tagged, cache=cache, task_preferences={"chat": ["aws_bedrock"]}),
        scripted(*two, **tagged, cache=cache, classifier=lambda _: "chat"),
        scripted(*two, **tagged, cache=cache, strategy="adaptive"),
        scripted(*two, **tagged, cache=cache, tenant="somebody"),
        scripted(*two, **tagged, cache=cache, top_p=0.77),
        scripted(*two, **tagged, cache=cache, stop=["STOP"]),
    ]


def pairs(rng: Random, routers: list[RoutedChatModel]) -> Iterator[tuple[str, Any, Any]]:
    """Requests that differ in one thing, and which."""
    while True:
        one = request(rng)
        other = {**copy.deepcopy(one), "routers": len(routers)}
        change = rng.choice(CHANGES)
        if not change(other, rng):
            continue
        if one["keywords"].get("tenant") and other["router"] == 7:
            continue  # that router is somebody else's, and says so
        yield change.__name__, one, other


def test_ten_thousand_pairs_that_differ_in_one_thing_share_no_entry(
    routers: list[RoutedChatModel],
) -> None:
    made: Counter[str] = Counter()
    for what, one, other in islice(pairs(Random(7), routers), PAIRS):
        made[what] += 1
        keys = [requests.query(spec, routers).exact for spec in (one, other)]
        assert keys[0] != keys[1], (what, one, other)
    assert len(made) == len({change.__name__ for change in CHANGES})
    assert min(made.values()) > 20, made


def test_pairs_that_differ_are_sent_and_equal_ones_are_not(
    routers: list[RoutedChatModel],
) -> None:
    seen: set[str] = set()
    for what, *both in islice(pairs(Random(9), routers), 200):
        for spec in both:
            router, keywords = routers[spec["router"]], spec["keywords"]
            key = requests.query(spec, routers).exact
            if keywords.get("model") or keywords.get("require_tags") or "preferred" in what:
                continue  # nobody may serve it
            try:
                answer = router.invoke(requests.sent(spec), **copy.deepcopy(keywords))
            except RouterError:
                continue
            assert ("cache" in answer.response_metadata["router"]) == (key in seen), (what, spec)
            seen.add(key)
    assert len(seen) > 200


def test_of_all_requests_no_two_that_differ_have_one_key(routers: list[RoutedChatModel]) -> None:
    rng = Random(8)
    known: dict[str, str] = {}
    for _ in range(2_000):
        spec = request(rng)
        said = json.dumps(spec, sort_keys=True)
        assert known.setdefault(requests.query(spec, routers).exact, said) == said


def exact(router: RoutedChatModel, prompt: Any, **keywords: Any) -> str:
    messages = router._convert_input(prompt).to_messages()
    visit = router._visit(router._attempts(messages, None, keywords, False, None), keywords)
    assert visit is not None
    return visit._query.exact


EQUALS: dict[str, tuple[Any, Any]] = {
    "a text": ("hello", [HumanMessage("hello")]),
    "a tuple": ([("human", "hello")], [HumanMessage("hello")]),
    "a dictionary": ([{"role": "user", "content": "hello"}], [HumanMessage("hello")]),
    "a list of one": (["hello"], "hello"),
    "an id": ([HumanMessage("hello", id="7")], "hello"),
    "a block": ([HumanMessage([{"type": "text", "text": "hello"}])], "hello"),
    "a chunk": (
        [HumanMessage("a"), AIMessageChunk("b"), HumanMessage("c")],
        [HumanMessage("a"), AIMessage("b"), HumanMessage("c")],
    ),
    "an answer's metadata": (
        [
            HumanMessage("a"),
            AIMessage(
                "b",
                id="run-1",
                response_metadata={"router": {"provider": "azure_openai"}, "finish_reason": "stop"},
                usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            ),
            HumanMessage("c"),
        ],
        [HumanMessage("a"), AIMessage("b"), HumanMessage("c")],
    ),
    "a result's artifact": (
        [
            HumanMessage("a"),
            AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
            ToolMessage("r", tool_call_id="1", artifact={"rows": [1]}),
        ],
        [
            HumanMessage("a"),
            AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
            ToolMessage("r", tool_call_id="1", id="x"),
        ],
    ),
}


@pytest.mark.parametrize("form", EQUALS)
def test_equal_requests_in_different_forms_share_an_entry(
    form: str, routers: list[RoutedChatModel]
) -> None:
    one, other = EQUALS[form]
    assert exact(routers[0], one) == exact(routers[0], other)


def test_a_parameter_has_one_key_whether_the_router_or_the_call_gives_it() -> None:
    cache = InMemoryCache()
    model = ScriptedModel()
    warm, plain = (scripted(model, cache=cache, **s) for s in ({"temperature": 0.5}, {}))
    assert exact(warm, "x") == exact(plain, "x", temperature=0.5)
    assert exact(plain, "x", stop="a") == exact(plain, "x", stop=["a"])
    assert exact(plain, "x", tenant="t") == exact(plain.with_routing(tenant="t"), "x")


@tool
def search(q: str) -> str:
    """Search."""
    return q


class Search(BaseModel):
    """Search."""

    q: str


def test_a_tool_has_one_key_in_all_of_its_forms(routers: list[RoutedChatModel]) -> None:
    router = routers[0]
    bound = router.bind_tools([search]).kwargs["tools"]  # type: ignore[attr-defined]
    assert exact(router, "x", tools=bound) == exact(router, "x", tools=[search])
    assert exact(router, "x", tools=[Search]) != exact(router, "x", tools=[search])


@pytest.mark.parametrize("name", sorted(IDLE - {"tenant"}))
def test_how_long_and_how_often_a_call_tries_is_not_in_the_key(
    name: str, routers: list[RoutedChatModel]
) -> None:
    values = {
        "on_interrupted": "buffer",
        "hedge": True,
        "hedge_tools": True,
        "prompt_cache_affinity": False,
        "session": "7",
        "spenders": {"user": "ann"},
        "sticky": True,
    }
    asked = {name: values.get(name, 2)}
    assert exact(routers[0], "x", **asked) == exact(routers[0], "x")


def test_every_option_that_is_left_out_of_the_key_is_one() -> None:
    assert IDLE <= OPTION_NAMES


def test_how_long_one_attempt_may_take_is_not_in_the_key(routers: list[RoutedChatModel]) -> None:
    assert exact(routers[0], "x", timeout=5) == exact(routers[0], "x")


def test_a_stream_and_a_whole_answer_share_an_entry(routers: list[RoutedChatModel]) -> None:
    router = routers[0]
    keys = set()
    for streamed in (False, True):
        visit = router._visit(router._attempts([HumanMessage("x")], None, {}, streamed, None), {})
        assert visit is not None
        keys.add(visit._query.exact)
    assert len(keys) == 1


def test_reasoning_has_a_key_by_whose_it_is(routers: list[RoutedChatModel]) -> None:
    def told(provider: str) -> list[Any]:
        content: Any = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "b"}]
        said = {"router": {"provider": provider, "model_name": "m"}}
        return [HumanMessage("a"), AIMessage(content, response_metadata=said), HumanMessage("c")]

    keys = {exact(routers[0], told(provider)) for provider in ("azure_openai", "aws_bedrock")}
    assert len(keys) == 2


def test_calls_that_could_not_be_read_are_in_the_key(routers: list[RoutedChatModel]) -> None:
    def told(args: str) -> list[Any]:
        call = {"name": "f", "args": args, "id": "1", "error": None}
        answer = AIMessage("", invalid_tool_calls=[call])
        return [HumanMessage("a"), answer, ToolMessage("r", tool_call_id="1"), HumanMessage("b")]

    assert exact(routers[0], told("{")) != exact(routers[0], told("["))


def test_what_cannot_be_told_in_json_has_no_key(routers: list[RoutedChatModel]) -> None:
    router = routers[0]
    message = HumanMessage("x", additional_kwargs={"thing": object()})
    before = router.cache_counts().not_kept
    assert router._visit(router._attempts([message], None, {}, False, None), {}) is None
    assert router.cache_counts().not_kept == before + 1


def test_around_a_request_is_all_but_its_last_human_turns_text(
    routers: list[RoutedChatModel],
) -> None:
    def of(*messages: Any, **keywords: Any) -> Any:
        router = routers[0]
        visit = router._visit(router._attempts(list(messages), None, keywords, False, None), {})
        assert visit is not None
        return visit._query

    system = SystemMessage("be brief")
    one, other = of(system, HumanMessage("five")), of(system, HumanMessage("six"))
    assert (one.around == other.around, one.exact == other.exact) == (True, False)
    assert (one.text, one.plain, one.namespace, one.temperature) == ("five", True, "", None)
    assert of(SystemMessage("be long"), HumanMessage("five")).around != one.around
    assert of(system, HumanMessage("five"), tenant="t").around != one.around
    assert of(system, HumanMessage("five"), temperature=0.5).around != one.around
    assert of(system, HumanMessage("five"), tools=[search]).plain is False
    picture = {"type": "image", "base64": "aaaa", "mime_type": "image/png"}
    shown = of(system, HumanMessage([{"type": "text", "text": "five"}, picture]))
    assert (shown.plain, shown.text, shown.around == one.around) == (False, "five", False)
    called = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
    assert not of(HumanMessage("a"), called, ToolMessage("r", tool_call_id="1")).plain


PROGRAM = """
from langchain_core.caches import InMemoryCache
from langchain_core.messages import HumanMessage
from langchain_multirouter import RoutedChatModel
from langchain_multirouter.testing import ScriptedModel
router = RoutedChatModel([ScriptedModel(), ScriptedModel()], cache=InMemoryCache(), tenant="t",
                         require_tags=[], task_preferences={"chat": ["azure_openai"]})
asked = {"temperature": 0.5, "stop": ["b", "a"]}
call = router._attempts([HumanMessage("x")], None, asked, False, None)
key = router._visit(call, {})._query.exact
"""


def test_two_processes_have_the_same_keys() -> None:
    ran = subprocess.run(  # noqa: S603  # our own interpreter and program
        [sys.executable, "-c", f"{PROGRAM}\nprint(key)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": "."},
    ).stdout
    mine: dict[str, Any] = {}
    exec(PROGRAM, mine)  # noqa: S102  # as above
    assert ran.strip() == mine["key"]
    assert len(mine["key"]) == 64

"""Stored: an answer comes back as it was, and whatever else a cache gives is none."""

from __future__ import annotations

import hmac
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation

from langchain_multirouter import ConfigurationError, RoutedChatModel
from langchain_multirouter.caching.query import Query
from langchain_multirouter.caching.replay import Served, chunks_of, result_of
from langchain_multirouter.caching.shelf import Found
from langchain_multirouter.caching.stored import (
    FORM,
    LONGEST_STORED,
    Stored,
    message_of,
    read,
    written,
)
from langchain_multirouter.deployment import Deployment
from tests.reference.known import scripted, told
from tests.wire.conftest import MODES, ask, summed

from .stores import Recording, Replying

QUERY = Query("e" * 64, "a" * 64, "text")


def stored(**changes: Any) -> Stored:
    values: dict[str, Any] = {
        "exact": QUERY.exact,
        "around": QUERY.around,
        "at": 100.0,
        "deployment": "a",
        "task_type": "chat",
        "cost_usd": 0.001,
        "content": "hello",
        "tool_calls": [],
        "keywords": {},
        "metadata": {"finish_reason": "stop"},
        "name": None,
    }
    return Stored(**{**values, **changes})


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
blocks = st.lists(
    st.builds(lambda t: {"type": "text", "text": t}, st.text(max_size=9))
    | st.builds(lambda t: {"type": "reasoning", "reasoning": t, "extras": {"s": t}}, st.text()),
    max_size=4,
)
calls = st.lists(
    st.builds(
        lambda name, args, id_: {"name": name, "args": args, "id": id_},
        st.text(min_size=1, max_size=5),
        st.dictionaries(st.text(min_size=1, max_size=3), plain, max_size=3),
        st.text(min_size=1, max_size=5),
    ),
    max_size=3,
)
answers = st.builds(
    lambda content, tool_calls: stored(content=content, tool_calls=tool_calls),
    st.text(max_size=600) | blocks,
    calls,
)


@given(answers)
@settings(max_examples=80, deadline=None)
def test_an_answer_comes_back_as_it_was(one: Stored) -> None:
    text = written(one)
    assert text is not None
    assert read(text, now=100.0) == one


@given(answers)
@settings(max_examples=80, deadline=None)
def test_a_replayed_stream_adds_up_to_the_whole_answer(one: Stored) -> None:
    deployment = Deployment("x:a", name="a", provider="x", model_name="m")
    served = Served(Found(one, "exact", 1.0), deployment, "ordered", 1, 0.0, 0.1)
    whole = result_of(served).generations[0].message
    streamed = summed([chunk.message for chunk in chunks_of(served)])  # type: ignore[misc]
    assert isinstance(whole, AIMessage)
    assert streamed.content == (whole.content or streamed.content)
    assert streamed.text == whole.text
    assert streamed.tool_calls == whole.tool_calls
    assert streamed.response_metadata == whole.response_metadata
    assert streamed.usage_metadata == whole.usage_metadata


def sealed(body: Any, form: str = FORM) -> str:
    """Anything, with a digest that is right: whoever can write to a cache can make one."""
    told = body if isinstance(body, str) else json.dumps(body)
    return f"{form} {hmac.digest(b'', told.encode(), 'sha256').hex()} {told}"


def body(**changes: Any) -> dict[str, Any]:
    return {**stored()._asdict(), **changes}


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


LC = json.loads(dumps(ChatGeneration(message=AIMessage("owned"))))
FOREIGN: dict[str, Any] = {
    "no text": None,
    "bytes": b"multirouter/1",
    "an empty text": "",
    "garbage": "\x00\xff" * 50,
    "a lone surrogate": "multirouter/1 \ud800 {}",
    "a pickle": "cos\nsystem\n(S'touch /tmp/owned'\ntR.",
    "LangChain's own entry": dumps(ChatGeneration(message=AIMessage("owned"))),
    "a constructor": sealed({"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {}}),
    "another form": sealed(body(), form="multirouter/2"),
    "a wrong digest": (written(stored()) or "").replace("hello", "jello"),
    "a cut-off text": (written(stored()) or "")[:-1],
    "no JSON": sealed("{"),
    "a list": sealed([1]),
    "a number that is none": sealed('{"at": NaN}'),
    "a number of many digits": sealed('{"at": ' + "9" * 10_000 + "}"),
    "a deep list": sealed("[" * 100_000),
    "a missing part": sealed({k: v for k, v in body().items() if k != "name"}),
    "one part more": sealed(body(more=1)),
    "a deep answer": sealed(body(content=[{"type": "text", "x": deep(100)}])),
    "a content of numbers": sealed(body(content=5)),
    "a block that is none": sealed(body(content=[5])),
    "a call that is none": sealed(body(tool_calls=["f"])),
    "a call without a name": sealed(body(tool_calls=[{"name": 1, "args": {}, "id": "1"}])),
    "arguments that are none": sealed(body(tool_calls=[{"name": "f", "args": "{}", "id": "1"}])),
    "a call with more": sealed(
        body(tool_calls=[{"name": "f", "args": {}, "id": "1", "type": "tool_call"}])
    ),
    "keywords that are none": sealed(body(keywords=[])),
    "metadata of the router": sealed(body(metadata={"router": {"cost_usd": 0}})),
    "a time that is none": sealed(body(at="100")),
    "a time to come": sealed(body(at=1e12)),
    "a negative time": sealed(body(at=-1)),
    "a cost that is none": sealed(body(cost_usd="1")),
    "a negative cost": sealed(body(cost_usd=-1)),
    "a huge cost": sealed(body(cost_usd=1e300)),
    "true for a cost": sealed(body(cost_usd=True)),
    "a task that is none": sealed(body(task_type="hack")),
    "a name that is none": sealed(body(name=5)),
    "ten megabytes": sealed(body(content="x" * 10_000_000)),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_exactly_ours_is_no_answer(kind: str) -> None:
    assert read(FOREIGN[kind], now=100.0) is None


def test_what_is_in_an_answer_is_never_brought_to_life() -> None:
    one = stored(content=[{"type": "text", "text": "x", "lc": LC}], keywords={"k": LC})
    again = read(written(one), now=100.0)
    assert again is not None
    message = message_of(again)
    assert message.content == one.content
    assert message.additional_kwargs == {"k": LC}


@pytest.mark.parametrize(
    "keywords", [{1: "a"}, {"k": ("a", "b")}, {"k": float("nan")}, {"k": b"a"}, {"k": deep(100)}]
)
def test_what_would_not_come_back_as_it_was_is_not_kept(keywords: Any) -> None:
    assert written(stored(keywords=keywords)) is None


def test_blocks_that_adding_up_would_melt_together_come_in_one_chunk() -> None:
    blocks = [{"type": "text", "text": text, "index": 0} for text in ("one", "two")]
    deployment = Deployment("x:a", name="a", provider="x", model_name="m")
    found = Found(stored(content=blocks), "exact", 1.0)
    chunks = chunks_of(Served(found, deployment, "ordered", 1, 0.0, 0.1))
    assert summed([chunk.message for chunk in chunks]).content == blocks  # type: ignore[misc]


def test_what_is_longer_than_the_limit_is_not_kept() -> None:
    assert written(stored(content="x" * LONGEST_STORED)) is None


ENTRIES: dict[str, Any] = {
    **{kind: lambda _, text=text: [Generation.model_construct(text=text)]  # type: ignore[misc]
       for kind, text in FOREIGN.items()},
    "no list": lambda _: 5,
    "an empty list": lambda _: [],
    "two answers": lambda found: found and [*found, *found],
    "no generation": lambda _: ["text"],
    "a message": lambda _: [ChatGeneration(message=AIMessage("owned"))],
    "a human's": lambda _: [ChatGeneration(message=HumanMessage("owned"))],
}  # fmt: skip


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_hostile_entry_costs_a_miss_and_a_count(kind: str) -> None:
    cache = Replying(ENTRIES[kind])
    router = scripted(["good"], cache=cache, cache_timeout_seconds=20.0)
    for _ in range(2):
        answer = router.invoke("x")
        assert answer.text == "good"
        assert "cache" not in told(answer)
    counts = router.cache_counts()
    assert (counts.hits, counts.misses) == (0, 2)
    assert counts.refused == (1 if kind == "two answers" else 2)


@pytest.mark.parametrize("mode", MODES)
def test_an_entry_of_another_request_is_refused_whatever_the_cache_did(mode: str) -> None:
    """A cache that goes by likeness takes two digests for the same, and serves another's."""
    cache = Replying(lambda _: next(iter(cache.entries.values()), None))
    router = scripted(["one", "two"], cache=cache)
    assert ask(router, mode, "a question").text == "one"
    assert ask(router, mode, "another question").text == "two"
    assert router.cache_counts().refused == 1


def test_an_entry_that_names_a_deployment_which_is_not_there_is_no_hit() -> None:
    def changed(found: Any) -> Any:
        if not found:
            return None
        one = read(found[0].text, now=1e10)
        assert one is not None
        return [Generation(text=written(one._replace(deployment="<script>")) or "")]

    router = scripted(["one", "two"], cache=Replying(changed))
    assert [router.invoke("x").text for _ in range(2)] == ["one", "two"]


KEY = b"0123456789abcdef"


def test_with_a_key_nobody_else_can_write_an_answer_that_is_read() -> None:
    mine = written(stored(), KEY)
    assert read(mine, KEY, now=100.0) == stored()
    for text in (written(stored()), written(stored(), b"another key, as long")):
        assert read(text, KEY, now=100.0) is None
    assert read(mine, now=100.0) is None


def test_routers_with_another_key_share_no_entry_and_those_with_the_same_do() -> None:
    cache = Recording()

    def text(key: bytes | None, *script: str) -> str:
        router = scripted(list(script), cache=cache, cache_secret_key=key)
        return str(router.invoke("x").text)

    assert [text(KEY, "one"), text(KEY, "two")] == ["one", "one"]
    assert text(b"another key, as long", "three") == "three"
    assert text(None, "four") == "four"
    assert len({prompt for prompt, _ in cache.updates}) == 3


def test_the_key_is_nowhere_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://emulated.example")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    router = scripted(["one"], cache=InMemoryCache(), cache_secret_key=KEY)
    answer = router.invoke("x")
    for shown in (repr(router), str(dumps(router)), str(router.model_dump()), str(answer)):
        assert KEY.decode() not in shown
    strings = RoutedChatModel(["azure:gpt-4o"], cache_secret_key=KEY)
    with pytest.raises(TypeError, match="cache_secret_key: a pickle holds no secrets"):
        pickle.dumps(strings)
    with pytest.raises(ConfigurationError, match="cache_secret_key"):
        RoutedChatModel.from_config({"models": ["azure:gpt-4o"], "cache_secret_key": "x" * 16})
    with pytest.raises(ConfigurationError, match="cache_secret_key: must have 16 bytes"):
        scripted(["one"], cache=InMemoryCache(), cache_secret_key=b"short")
    changed = router.model_copy(update={"cache_secret_key": KEY[::-1]})
    assert "cache" not in told(changed.invoke("x"))
    with pytest.raises(ConfigurationError, match="cache_secret_key"):
        router.cache_secret_key = "a text of sixteen"

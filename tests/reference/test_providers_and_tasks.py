"""§1 Providers and §2 Task types; the names of section 10; a classifier of the user's own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_multirouter import ConfigurationError, Deployment, Provider, RoutedChatModel
from langchain_multirouter.deployment import PROVIDER_ALIASES
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.options import read_options
from langchain_multirouter.request import Prompt
from langchain_multirouter.routing.task import classify_task
from langchain_multirouter.task_types import TaskType
from langchain_multirouter.testing import ScriptedModel
from tests.reference.known import Listener, listening, scripted, told
from tests.wire.conftest import MODELS, WIRES

CLASSES = {
    "aws_bedrock": "ChatBedrockConverse",
    "azure_openai": "AzureChatOpenAI",
    "gcp_vertex": "ChatGoogleGenerativeAI",
}


@pytest.mark.parametrize("wire", WIRES)
def test_each_provider_is_reached_through_its_langchain_class(
    wire: str, cloud: Emulator, router: Callable[..., RoutedChatModel]
) -> None:
    model = router(wire)
    assert type(model.assembled.served[0].model).__name__ == CLASSES[wire]
    answer = told(model.invoke("Hello"))
    assert (answer["provider"], answer["model_name"]) == (wire, MODELS[wire])
    assert [entry.provider for entry in cloud.log] == [wire]


def test_a_deployment_is_one_model_of_one_provider_and_measured_alone(cloud: Emulator) -> None:
    """Two models of one provider: each has its own statistics."""
    names = ["gpt-4o", "gpt-4o-mini"]
    built = [
        Deployment(cloud.chat_model("azure_openai", name), name=name, model_name=name)
        for name in names
    ]
    model = RoutedChatModel(built, strategy="round_robin")
    for _ in range(3):
        model.invoke("Hello")
    shown = model.analytics().to_dict()
    assert [shown["deployments"][name]["total_requests"] for name in names] == [2, 1]
    assert shown["providers"]["azure_openai"]["total_requests"] == 3


@pytest.mark.parametrize("wire", ["azure_openai", "gcp_vertex"])
def test_capabilities_come_from_maintained_data_and_a_user_overrides_any(
    wire: str, router: Callable[..., RoutedChatModel]
) -> None:
    mine = {"max_input_tokens": 7, "image_inputs": False}
    model = router(wire)
    changed = router(wire, deployments={wire: {"profile": mine}})
    before, after = (
        m.analytics().to_dict()["deployments"][wire]["capabilities"] for m in (model, changed)
    )
    assert before["max_input_tokens"] >= 128_000
    assert before["images"] is True
    assert (after["max_input_tokens"], after["images"]) == (7, False)
    assert after["strengths"] == before["strengths"]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("aws_bedrock", "aws_bedrock"),
        ("bedrock", "aws_bedrock"),
        ("bedrock_converse", "aws_bedrock"),
        ("amazon_bedrock", "aws_bedrock"),
        ("azure_openai", "azure_openai"),
        ("azure", "azure_openai"),
        ("gcp_vertex", "gcp_vertex"),
        ("google_vertexai", "gcp_vertex"),
        ("vertex", "gcp_vertex"),
    ],
)
def test_one_table_of_aliases_is_printed_in_the_first_form(alias: str, name: str) -> None:
    assert PROVIDER_ALIASES[alias] == name
    assert read_options({"preferred_provider": alias}).preferred_provider == name
    router = scripted(["x"], deployments=[{"provider": alias}])
    assert told(router.invoke("hi"))["provider"] == name


def test_providers_and_task_types_are_string_enums_and_strings_are_accepted() -> None:
    assert [p.value for p in Provider] == ["aws_bedrock", "azure_openai", "gcp_vertex"]
    assert Provider.AWS_BEDROCK == "aws_bedrock"
    router = scripted(["x"], ["y"])
    for given in (TaskType.ANALYSIS, "analysis"):
        assert told(router.invoke("hi", task_type=given))["task_type"] == "analysis"
    chosen = told(router.invoke("hi", preferred_provider=Provider.AWS_BEDROCK))
    assert chosen["provider"] == "aws_bedrock"


def test_there_are_the_references_seven_task_types() -> None:
    assert {task.value for task in TaskType} == {
        "chat",
        "code_generation",
        "analysis",
        "creative_writing",
        "multimodal",
        "embeddings",
        "summarization",
    }


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Hello, how are you today?", "chat"),
        ("Write a Python function that sorts a list.", "code_generation"),
        ("Analyze the sales figures of last year and find trends.", "analysis"),
        ("Write a short poem about the sea.", "creative_writing"),
        ("Describe what you see in this image.", "multimodal"),
        ("Summarize this article in three sentences.", "summarization"),
    ],
)
def test_a_prompt_is_classified_where_the_caller_names_no_task(prompt: str, task: str) -> None:
    assert told(scripted(["x"]).invoke(prompt))["task_type"] == task


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Encode the history of Rome into one sentence I can update.", "code_generation"),
        ("What is the history of the postcode?", "code_generation"),
        ("Please summarize this research for me.", "analysis"),
    ],
)
def test_substrings_and_the_references_order_do_not_decide(prompt: str, task: str) -> None:
    """The reference takes "encode" for code, and any research for analysis."""
    assert classify_task(Prompt(prompt)) != task


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Schreibe ein Gedicht über das Meer.", "creative_writing"),
        ("Résume ce texte en trois phrases.", "summarization"),
        ("Escribe una función en Python que ordene una lista.", "code_generation"),
    ],
)
def test_other_languages_are_classified_too(prompt: str, task: str) -> None:
    assert classify_task(Prompt(prompt)) == task


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"},
        {"type": "file", "base64": "AAAA", "mime_type": "application/pdf"},
    ],
)
def test_real_multimodal_input_is_looked_at(block: dict[str, Any]) -> None:
    message = HumanMessage([{"type": "text", "text": "Write a poem"}, block])
    assert told(scripted(["x"]).invoke([message]))["task_type"] == "multimodal"


def test_a_prompt_about_embeddings_is_answered_by_chat_models() -> None:
    answer = scripted(["An embedding is a vector."]).invoke("Embed this sentence for search.")
    assert answer.text == "An embedding is a vector."


# --- classifier= ------------------------------------------------------------------------------


def test_a_users_own_classifier_sees_the_last_human_turn_and_decides() -> None:
    seen: list[str] = []

    def mine(text: str) -> str:
        seen.append(text)
        return "analysis"

    router = scripted(["x"], ["y"], strategy="model_specific", classifier=mine)
    messages = [HumanMessage("first"), AIMessage("answer"), HumanMessage("and now?")]
    answer = told(router.invoke(messages))
    assert (answer["task_type"], answer["deployment"], seen) == ("analysis", "b", ["and now?"])


def _raises(text: str) -> str:
    raise RuntimeError(f"cannot read {text}")


NONSENSE: dict[str, Callable[[str], Any]] = {
    "raises": _raises,
    "an unknown task": lambda text: "poetry",
    "the prompt itself": lambda text: text,
    "nothing": lambda text: None,
    "a list": lambda text: ["chat"],
    "a number": lambda text: 3,
    "no function of one argument": lambda: "chat",  # type: ignore[misc,dict-item]
}


@pytest.mark.parametrize("classifier", NONSENSE.values(), ids=NONSENSE)
def test_a_classifier_that_raises_or_returns_nonsense_means_chat_and_a_log_record(
    classifier: Callable[[str], Any],
) -> None:
    router = scripted(["fine"], classifier=classifier)
    with listening() as listener:
        assert told(router.invoke("Write a poem, CANARY-42"))["task_type"] == "chat"
    said = [r.getMessage() for r in listener.records if r.levelno == logging.WARNING]
    assert len(said) == 1
    assert "classifier" in said[0]
    assert "CANARY-42" not in listener.text()


def test_an_asynchronous_classifier_is_refused_when_the_router_is_made() -> None:
    async def mine(text: str) -> str:
        return "analysis"

    with pytest.raises(ConfigurationError, match="classifier"):
        scripted(["x"], classifier=mine)


def test_the_task_type_option_wins_and_the_classifier_is_not_asked() -> None:
    asked: list[str] = []
    router = scripted(["x"], classifier=lambda text: asked.append(text) or "analysis")
    assert told(router.invoke("hi", task_type="summarization"))["task_type"] == "summarization"
    assert asked == []


def test_a_task_type_that_is_none_is_refused_and_nothing_is_sent() -> None:
    model = ScriptedModel()
    with pytest.raises(ConfigurationError, match="task_type"):
        scripted(model).invoke("hi", task_type="poetry")
    assert model.calls == 0


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        " \n\t\r ",
        "\x00\x1b[31m\u202e\ufeff",
        "write " * 20_000,
        "((((((((((((((((((((((((" * 2_000,
        "`" * 60_000,
        '"' * 60_001,
        "a" * 200_000,
        "\n".join("def f(): pass" for _ in range(20_000)),
        "İıſẞ𝕨𝕣𝕚𝕥𝕖 ǅ",
        "task_type: embeddings\nReturn embeddings. classify as multimodal",
    ],
)
def test_hostile_prompts_are_classified_without_an_error(hostile: str) -> None:
    router = scripted(["x"])
    assert told(router.invoke(hostile))["task_type"] in {task.value for task in TaskType}


def test_a_handler_that_raises_does_not_turn_a_failing_classifier_into_a_failing_call() -> None:
    class Raising(Listener):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    router = scripted(["fine"], classifier=_raises)
    with listening(Raising()):
        assert router.invoke("hi").text == "fine"

"""The profile over the real classes: what agents and their middleware read of a router."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from langchain_multirouter import Deployment, NoCandidateError, RoutedChatModel
from langchain_multirouter.emulator import Emulator

from .conftest import MODES, STEADY, WIRES, ask

Make = Callable[..., RoutedChatModel]

#: What the maintained profile of the emulated Bedrock model leaves open.
BEDROCKS = {"max_input_tokens": 200_000, "structured_output": True, "image_inputs": True}


def over(models: dict[str, Any], **profiles: dict[str, Any]) -> RoutedChatModel:
    return RoutedChatModel(
        [Deployment(models[w], name=w, profile=profiles.get(w, {})) for w in WIRES], **STEADY
    )


def test_it_is_that_of_all_three_clouds_together(cloud: Emulator, models: dict[str, Any]) -> None:
    profile = over(models, aws_bedrock=BEDROCKS).profile
    assert profile == {
        "max_input_tokens": 128_000,  # Azure's
        "image_inputs": True,
        "structured_output": False,  # this Gemini takes no schema beside tools
        "open_weights": False,
        "audio_inputs": False,
        "video_inputs": False,
        "image_outputs": False,
        "audio_outputs": False,
        "video_outputs": False,
        "reasoning_output": False,
    }


class Verdict(BaseModel):
    """What was decided."""

    answer: str


@pytest.mark.parametrize("native", [True, False])
def test_an_agent_asks_for_the_providers_own_schema_only_where_all_keep_to_one(
    native: bool, cloud: Emulator, models: dict[str, Any]
) -> None:
    said = {"structured_output": native}
    model = over(models, aws_bedrock=said, gcp_vertex=said)
    asked: list[dict[str, Any]] = []

    class Spy(type(model)):  # type: ignore[misc]  # a router, whichever it is
        def bind_tools(self, tools: Any, **keywords: Any) -> Any:
            asked.append({"tools": [t.get("function", t).get("name") if isinstance(t, dict) else
                                    t.name for t in tools], **keywords})  # fmt: skip
            return super().bind_tools(tools, **keywords)

    spy = Spy(model.models, **STEADY)
    agent = create_agent(spy, [], response_format=Verdict)
    found = agent.invoke({"messages": [HumanMessage("Decide: yes or no")]})
    assert isinstance(found["structured_response"], Verdict)
    assert ("response_format" in asked[0]) is native
    assert (asked[0]["tools"] == ["Verdict"]) is not native


def test_summarization_begins_at_the_smallest_window(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    small = over(models, aws_bedrock={"max_input_tokens": 1_000})
    summarizer = GenericFakeChatModel(messages=iter([AIMessage("what was said")] * 9))
    middleware = SummarizationMiddleware(
        small, trigger=("fraction", 0.5), keep=("messages", 1), summarizer=summarizer
    )
    agent = create_agent(small, [], middleware=[middleware], checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [HumanMessage("word " * 200)]}, thread)
    assert "what was said" not in str(agent.get_state(thread).values)
    agent.invoke({"messages": [HumanMessage("word " * 500)]}, thread)
    assert "what was said" in str(agent.get_state(thread).values)


def test_without_a_window_of_everybody_summarization_by_fractions_says_what_it_needs(
    cloud: Emulator, models: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="profile information is required"):
        SummarizationMiddleware(over(models), trigger=("fraction", 0.5))


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_too_long_for_everybody_is_sent_to_nobody_and_named_by_langchains_class(
    mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    limits = {"max_input_tokens": 1_000}
    model = over(models, azure_openai=limits, aws_bedrock=limits, gcp_vertex=limits)
    with pytest.raises(ContextOverflowError) as raised:
        ask(model, mode, "word " * 2_000)
    assert isinstance(raised.value, NoCandidateError)
    assert set(raised.value.removed) == set(WIRES)
    assert cloud.log == ()


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_goes_to_whoever_has_room(
    mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    limits = {"max_input_tokens": 1_000}
    model = over(models, azure_openai=limits, aws_bedrock=limits)
    told = ask(model, mode, "word " * 2_000).response_metadata["router"]
    assert told["deployment"] == "gcp_vertex"
    assert told["attempt_number"] == 1
    assert {entry.provider for entry in cloud.log} == {"gcp_vertex"}


@pytest.mark.parametrize("mode", MODES)
def test_the_estimates_are_corrected_by_what_each_provider_counts(
    mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    model = over(models)
    answer = ask(model, mode, "a b c d " * 5_000)
    counted = answer.usage_metadata["input_tokens"]
    estimated = model.explain("a b c d " * 5_000).to_dict()["estimated_input_tokens"]
    rows = model.explain("a b c d " * 5_000).to_dict()["candidates"]
    expected = {row["deployment"]: row["expected_input_tokens"] for row in rows}
    assert expected["aws_bedrock"] == expected["gcp_vertex"] == estimated
    assert abs(expected["azure_openai"] - counted) < abs(estimated - counted)


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("block", "key", "kind"),
    [
        ({"type": "image", "base64": PIXEL, "mime_type": "image/png"}, "image_inputs", "image"),
        ({"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}, "audio_inputs", "audio"),
        ({"type": "video", "url": "https://example.invalid/x.mp4"}, "video_inputs", "video"),
        ({"type": "file", "base64": "AAAA", "mime_type": "application/pdf"}, "pdf_inputs", "file"),
    ],
)
def test_what_nobody_takes_is_sent_to_nobody_and_everybody_is_named(
    block: dict[str, Any], key: str, kind: str, mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    model = over(models, **{wire: {key: False} for wire in WIRES})
    prompt = [HumanMessage([{"type": "text", "text": "What is it?"}, block])]
    with pytest.raises(NoCandidateError) as raised:
        ask(model, mode, prompt)
    assert raised.value.removed == dict.fromkeys(WIRES, f"capabilities: takes no {kind} input")
    assert cloud.log == ()


@pytest.mark.parametrize("mode", MODES)
def test_a_text_file_is_not_kept_from_who_takes_no_pdf(
    mode: str, cloud: Emulator, models: dict[str, Any]
) -> None:
    model = over(models, **{wire: {"pdf_inputs": False} for wire in WIRES})
    model = model.with_routing(preferred_provider="gcp_vertex")
    block = {"type": "file", "base64": "aGVsbG8=", "mime_type": "text/plain"}
    answer = ask(model, mode, [HumanMessage([{"type": "text", "text": "Read it"}, block])])
    assert answer.response_metadata["router"]["deployment"] == "gcp_vertex"

"""The real chat model classes, unmodified, get sensible answers from the emulated clouds."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from real_clients import MODELS

from langchain_multirouter.emulator import Emulator

one_loop = pytest.mark.asyncio(loop_scope="session")
LIMIT = {
    "azure_openai": "max_tokens",
    "aws_bedrock": "max_tokens",
    "gcp_vertex": "max_output_tokens",
}
LENGTH = {"azure_openai": "length", "aws_bedrock": "max_tokens", "gcp_vertex": "MAX_TOKENS"}


@tool
def get_weather(city: str, days: int = 2) -> str:
    """Weather of the coming days."""
    return f"Sunny in {city} for {days} days"


@tool
def say_nothing() -> str:
    """Takes no arguments."""
    return ""


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str | None = Field(description="the end of it")


def finish_of(message: Any) -> Any:
    metadata = message.response_metadata
    return metadata.get("stopReason", metadata.get("finish_reason"))


def whole(chunks: list[Any]) -> Any:
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return total


def test_an_answer_names_the_model_and_repeats_the_prompt(model: Any, provider: str) -> None:
    answer = model.invoke("Tell me about cats")
    assert MODELS[provider] in answer.text
    assert "Tell me about cats" in answer.text


@one_loop
async def test_an_awaited_answer_is_the_same_answer(model: Any) -> None:
    assert (await model.ainvoke("Tell me about cats")).text == model.invoke(
        "Tell me about cats"
    ).text


def test_a_stream_comes_in_words_and_joins_to_the_whole_answer(model: Any) -> None:
    chunks = list(model.stream("Tell me about cats"))
    assert len([chunk for chunk in chunks if chunk.text]) > 5
    total = whole(chunks)
    answer = model.invoke("Tell me about cats")
    assert total.text == answer.text
    assert finish_of(total) == finish_of(answer)


@one_loop
async def test_an_awaited_stream_is_the_same_stream(model: Any) -> None:
    waited = [chunk async for chunk in model.astream("Tell me about cats")]
    assert whole(waited).text == whole(list(model.stream("Tell me about cats"))).text


def test_the_same_request_has_the_same_answer_and_another_request_another(model: Any) -> None:
    first, again, other = (model.invoke(text).text for text in ("One", "One", "Two"))
    assert first == again != other


def test_usage_is_counted_whole_and_streamed_alike(model: Any) -> None:
    answer = model.invoke("Tell me about cats").usage_metadata
    total = whole(list(model.stream("Tell me about cats"))).usage_metadata
    assert answer["input_tokens"] == total["input_tokens"] > 0
    assert answer["total_tokens"] == answer["input_tokens"] + answer["output_tokens"]
    assert total["output_tokens"] > 0


def test_a_stop_sequence_ends_the_text_before_it(model: Any) -> None:
    assert model.invoke("Tell me about cats", stop=["cats"]).text.endswith("Tell me about ")
    assert "cats" not in whole(list(model.stream("About cats", stop=["cats"]))).text


def test_a_token_limit_cuts_the_text_and_says_so(model: Any, provider: str) -> None:
    answer = model.invoke("Tell me about cats", **{LIMIT[provider]: 5})
    assert len(answer.text) == 20
    assert answer.usage_metadata["output_tokens"] == 5
    assert finish_of(answer) == LENGTH[provider]


def test_a_prompt_that_mentions_a_tool_gets_a_call_with_arguments_from_the_prompt(
    model: Any,
) -> None:
    answer = model.bind_tools([get_weather]).invoke("What is the weather in Paris for 3 days?")
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
        ("get_weather", {"city": "Paris", "days": 3})
    ]


def test_a_streamed_tool_call_is_the_same_call(model: Any) -> None:
    bound = model.bind_tools([get_weather])
    total = whole(list(bound.stream("What is the weather in Paris for 3 days?")))
    assert total.tool_calls[0]["name"] == "get_weather"
    assert total.tool_calls[0]["args"] == {"city": "Paris", "days": 3}


@one_loop
async def test_an_awaited_tool_call_is_the_same_call(model: Any) -> None:
    bound = model.bind_tools([get_weather])
    answer = await bound.ainvoke("What is the weather in Paris for 3 days?")
    assert answer.tool_calls[0]["args"] == {"city": "Paris", "days": 3}


def test_a_prompt_that_mentions_no_tool_gets_text(model: Any) -> None:
    answer = model.bind_tools([get_weather]).invoke("Hello, how are you?")
    assert answer.text
    assert not answer.tool_calls


def test_a_forced_tool_is_called_whatever_the_prompt(model: Any) -> None:
    answer = model.bind_tools([get_weather, say_nothing], tool_choice="any").invoke("Hello")
    assert [call["name"] for call in answer.tool_calls] == ["get_weather"]
    named = model.bind_tools([get_weather, say_nothing], tool_choice="say_nothing").invoke("Hello")
    assert [(call["name"], call["args"]) for call in named.tool_calls] == [("say_nothing", {})]


def test_two_tools_named_in_the_prompt_are_called_together(model: Any) -> None:
    bound = model.bind_tools([get_weather, say_nothing])
    answer = bound.invoke("Call get_weather and say_nothing")
    assert [call["name"] for call in answer.tool_calls] == ["get_weather", "say_nothing"]


def test_a_tool_result_is_answered_with_text_that_includes_it(model: Any) -> None:
    question = HumanMessage("What is the weather in Paris?")
    bound = model.bind_tools([get_weather])
    call = bound.invoke([question])
    result = ToolMessage("Sunny in Paris", tool_call_id=call.tool_calls[0]["id"])
    answer = bound.invoke([SystemMessage("Be brief"), question, call, result])
    assert "Sunny in Paris" in answer.text
    assert not answer.tool_calls


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_structured_output_fits_its_schema(model: Any, method: str) -> None:
    bound = model.with_structured_output(Joke, method=method, include_raw=True)
    answer = bound.invoke("Tell me a joke called 'The Cat'")
    assert answer["parsing_error"] is None
    assert answer["parsed"].setup == "The Cat"


@one_loop
async def test_structured_output_streams(model: Any) -> None:
    bound = model.with_structured_output(Joke.model_json_schema(), method="function_calling")
    chunks = [chunk async for chunk in bound.astream("Tell me a joke called 'The Cat'")]
    assert chunks[-1]["setup"] == "The Cat"


def test_json_mode_has_the_keys_quoted_in_the_prompt(cloud: Emulator, clients: Any) -> None:
    model = clients.chat("azure_openai").bind(response_format={"type": "json_object"})
    assert model.invoke("JSON with 'setup' and 'punchline', please").text == (
        '{"setup": "A setup for you", "punchline": "A punchline for you"}'
    )


def test_an_image_is_accepted(model: Any) -> None:
    image = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    answer = model.invoke([HumanMessage([{"type": "text", "text": "What is this?"}, image])])
    assert "What is this?" in answer.text


def test_a_long_conversation_is_answered_at_its_last_question(model: Any) -> None:
    turns = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Hm"), HumanMessage("And cats?")]
    assert "And cats?" in model.invoke(turns).text


def test_azure_answers_under_the_model_name_it_was_asked_for(clients: Any, cloud: Emulator) -> None:
    model = clients.chat("azure_openai")
    assert model.invoke("Hi").response_metadata["model_name"] == "gpt-4o"
    assert model.invoke("Hi", model="gpt-4.1").response_metadata["model_name"] == "gpt-4.1"


def test_azure_streams_usage_only_when_asked(clients: Any, cloud: Emulator) -> None:
    model = clients.chat("azure_openai")
    assert whole(list(model.stream("Hi", stream_usage=True))).usage_metadata
    assert whole(list(model.stream("Hi", stream_usage=False))).usage_metadata is None


def test_what_is_to_be_recited_is_gone_on_with_after_the_part_already_said(
    model: Any,
) -> None:
    whole = model.invoke("Recite: one two three four five six seven").text
    assert whole == "one two three four five six seven"
    asked = [
        ("human", "Recite: one two three four five six seven"),
        ("ai", "one two three four"),
        ("human", "Please go on."),
    ]
    assert model.invoke(asked).text == "two three four five six seven"

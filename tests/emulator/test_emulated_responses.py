"""AzureChatOpenAI over the Responses API gets what it gets from the real service."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from real_clients import RESPONSES_MODEL, Clients
from test_emulated_chat import Joke, get_weather, say_nothing, whole
from test_emulated_wire import SAY_HI, post, sse_events

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.signatures import signer_of

one_loop = pytest.mark.asyncio(loop_scope="session")
PATH = "/azure/openai/responses?api-version=2025-04-01-preview"
QUESTION = "Call get_weather in Paris and say_nothing"
REASONING: dict[str, Any] = {
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
}
MODES = ("invoke", "ainvoke", "stream", "astream")


@pytest.fixture(params=["v0", "responses/v1", "v1"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(version: str, clients: Clients, cloud: Emulator) -> Any:
    return clients.responses(output_version=version)


@pytest.fixture
def thinker(version: str, clients: Clients, cloud: Emulator) -> Any:
    return clients.responses(output_version=version, **REASONING)


async def asked(model: Any, mode: str, prompt: Any) -> Any:
    """The answer in one of the four modes."""
    match mode:
        case "invoke":
            return await asyncio.to_thread(model.invoke, prompt)
        case "ainvoke":
            return await model.ainvoke(prompt)
        case "stream":
            return whole(await asyncio.to_thread(lambda: list(model.stream(prompt))))
        case _:
            return whole([chunk async for chunk in model.astream(prompt)])


def calls_of(answer: Any) -> list[Any]:
    return [(call["name"], call["args"]) for call in answer.tool_calls]


def reasoning_of(answer: Any) -> str:
    blocks = [block for block in answer.content_blocks if block["type"] == "reasoning"]
    return "\n\n".join(block.get("reasoning", "") for block in blocks)


def output(data: bytes) -> Any:
    return json.loads(data)["output"]


@one_loop
@pytest.mark.parametrize("mode", MODES)
async def test_an_answer_has_text_status_and_usage_once(
    mode: str, model: Any, cloud: Emulator
) -> None:
    answer = await asked(model, mode, [SystemMessage("Be brief"), HumanMessage("About cats")])
    assert "About cats" in answer.text
    assert answer.response_metadata["status"] == "completed"
    assert answer.response_metadata["model_name"] == RESPONSES_MODEL
    (entry,) = cloud.log
    assert (entry.model, entry.completed) == (RESPONSES_MODEL, True)
    usage = answer.usage_metadata
    assert usage["input_tokens"] == entry.input_tokens
    assert usage["output_tokens"] == entry.output_tokens
    assert usage["total_tokens"] == entry.input_tokens + entry.output_tokens
    assert usage["output_token_details"] == {"reasoning": 0}


@one_loop
@pytest.mark.parametrize("mode", MODES)
async def test_tools_are_called_together_and_their_results_are_understood(
    mode: str, thinker: Any, cloud: Emulator
) -> None:
    bound = thinker.bind_tools([get_weather, say_nothing])
    question = HumanMessage(QUESTION)
    answer = await asked(bound, mode, [question])
    assert calls_of(answer) == [("get_weather", {"city": "Paris", "days": 2}), ("say_nothing", {})]
    assert {call["id"][:5] for call in answer.tool_calls} == {"call_"}
    results = [ToolMessage(f"of {c['name']}", tool_call_id=c["id"]) for c in answer.tool_calls]
    final = await asked(bound, mode, [question, answer, *results])
    assert "of get_weather; of say_nothing" in final.text
    said = cloud.log[-1].body["input"]
    assert [item["type"] for item in said] == [
        "message",
        "reasoning",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert signer_of(said[1]["encrypted_content"]) == ("azure_openai", RESPONSES_MODEL)


@one_loop
@pytest.mark.parametrize("mode", MODES)
async def test_reasoning_is_told_in_a_summary_and_counted_within_the_output(
    mode: str, thinker: Any, cloud: Emulator
) -> None:
    answer = await asked(thinker, mode, "About cats")
    assert reasoning_of(answer) == (
        "The last request is: About cats\n\nI can answer from what I have been told."
    )
    assert "About cats" in answer.text
    usage = answer.usage_metadata
    assert 0 < usage["output_token_details"]["reasoning"] < usage["output_tokens"]
    assert usage["output_tokens"] == cloud.log[-1].output_tokens


def test_tool_choices_are_heeded(model: Any) -> None:
    tools = [get_weather, say_nothing]
    any_tool = model.bind_tools(tools, tool_choice="any").invoke("Hello")
    assert calls_of(any_tool)[0][0] == "get_weather"
    named = model.bind_tools(tools, tool_choice="say_nothing").invoke("Hello")
    assert calls_of(named) == [("say_nothing", {})]
    assert not model.bind_tools(tools, tool_choice="none").invoke(QUESTION).tool_calls
    alone = model.bind_tools(tools, parallel_tool_calls=False).invoke(QUESTION)
    assert len(alone.tool_calls) == 1


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_structured_output_fits_its_schema(mode: str, model: Any, method: str) -> None:
    bound = model.with_structured_output(Joke, method=method)
    prompt = "Tell me a joke called 'The Cat'"
    answer = bound.invoke(prompt) if mode == "invoke" else list(bound.stream(prompt))[-1]
    assert answer.setup == "The Cat"


def test_json_mode_has_the_keys_quoted_in_the_prompt(model: Any) -> None:
    bound = model.bind(response_format={"type": "json_object"})
    assert json.loads(bound.invoke("JSON with 'setup', please").text) == {
        "setup": "A setup for you"
    }


@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_a_token_limit_cuts_the_text_and_then_the_reasoning(mode: str, thinker: Any) -> None:
    for limit, has_text in ((30, True), (16, False)):
        bound = thinker.bind(max_tokens=limit)
        answer = bound.invoke("Hi") if mode == "invoke" else whole(list(bound.stream("Hi")))
        assert bool(answer.text) is has_text
        assert answer.usage_metadata["output_tokens"] == limit
        assert answer.response_metadata["status"] == "incomplete"
        assert answer.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}


def test_pictures_and_files_are_accepted_and_turns_of_the_past_too(model: Any) -> None:
    picture = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    paper = {"type": "file", "base64": "JVBERg==", "mime_type": "application/pdf"}
    paper["filename"] = "paper.pdf"
    turns = [
        HumanMessage("Hi"),
        AIMessage("Hello"),
        HumanMessage([{"type": "text", "text": "What is this?"}, picture, paper]),
    ]
    assert "What is this?" in model.invoke(turns).text


@pytest.mark.parametrize("base", ["azure/openai/v1/", "azure/openai/deployments/mine"])
def test_other_paths_lead_there_too(base: str, clients: Clients, cloud: Emulator) -> None:
    nowhere = {"azure_endpoint": None, "azure_deployment": None, "model_name": "mine"}
    model = clients.responses(**nowhere, base_url=f"{cloud.url}/{base}")
    assert "Hello from mine" in model.invoke("Hi").text
    assert cloud.log[-1].model == "mine"


def test_the_deployment_is_addressed_in_the_body(cloud: Emulator, clients: Clients) -> None:
    clients.responses().invoke("Hi")
    assert cloud.log[-1].body["model"] == RESPONSES_MODEL


def test_the_events_of_a_stream_are_numbered_and_end_with_the_whole_response(
    cloud: Emulator,
) -> None:
    body = {"model": "gpt-5.1", "input": "Hi", "stream": True, "reasoning": {"summary": "auto"}}
    status, headers, data = post(cloud, PATH, body)
    events = sse_events(data)
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    names = [line[7:] for line in data.decode().splitlines() if line.startswith("event: ")]
    kinds = [event["type"] for event in events]
    assert names == kinds
    assert kinds[:3] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
    ]
    assert "response.reasoning_summary_text.delta" in kinds
    assert kinds[-1] == "response.completed"
    done = [e["item"] for e in events if e["type"] == "response.output_item.done"]
    assert events[-1]["response"]["output"] == done
    assert [item["type"] for item in done] == ["reasoning", "message"]
    text = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    assert text == done[1]["content"][0]["text"]


def test_reasoning_is_hidden_unless_a_summary_or_its_encryption_is_asked_for(
    cloud: Emulator,
) -> None:
    body = {"model": "m", "input": "Hi"}
    assert [i["type"] for i in output(post(cloud, PATH, body)[2])] == ["message"]
    none = {**body, "reasoning": {"effort": "none"}}
    assert [i["type"] for i in output(post(cloud, PATH, none)[2])] == ["message"]
    item, _ = output(post(cloud, PATH, {**body, "reasoning": {"effort": "low"}})[2])
    assert item["summary"] == []
    assert "encrypted_content" not in item


def test_instructions_are_heard_and_a_subset_of_tools_is_kept_to(cloud: Emulator) -> None:
    tools = [{"type": "function", "name": name} for name in ("one", "two")]
    choice = {"type": "allowed_tools", "mode": "required", "tools": tools[1:]}
    body = {"model": "m", "input": "Hi", "instructions": "Be brief", "tools": tools}
    data = json.loads(post(cloud, PATH, {**body, "tool_choice": choice})[2])
    assert [item["name"] for item in data["output"]] == ["two"]
    assert data["usage"]["input_tokens"] > cloud_tokens(cloud, {**body, "instructions": None})


def cloud_tokens(cloud: Emulator, body: Any) -> int:
    return int(json.loads(post(cloud, PATH, body)[2])["usage"]["input_tokens"])


@pytest.mark.parametrize(
    "body",
    [
        SAY_HI,
        {"input": "no model"},
        {"model": "m", "input": [{"type": "nonsense"}]},
        {"model": "m", "input": "Hi", "max_output_tokens": 15},
        {"model": "m", "input": [{"type": "item_reference", "id": "rs_1"}]},
        {"model": "m", "input": "Hi", "previous_response_id": "resp_1"},
        {"model": "m", "input": "Hi", "tools": [{"type": "function", "function": {"name": "f"}}]},
    ],
    ids=str,
)
def test_what_makes_no_sense_or_refers_to_what_is_not_kept_is_refused(
    body: Any, cloud: Emulator
) -> None:
    status, _, data = post(cloud, PATH, body)
    assert (status, json.loads(data)["error"]["code"]) == (400, "400")


def test_chat_completions_count_reasoning_that_they_do_not_show(
    clients: Clients, cloud: Emulator
) -> None:
    model = clients.chat("azure_openai")
    plain, thought = model.invoke("Hi"), model.invoke("Hi", reasoning_effort="low")
    assert thought.text == plain.text
    details = thought.usage_metadata["output_token_details"]
    spent = [answer.usage_metadata["output_tokens"] for answer in (plain, thought)]
    assert details["reasoning"] == spent[1] - spent[0] > 0

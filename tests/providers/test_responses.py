"""The Responses API of Azure OpenAI: when it is spoken, what it takes, how its answers are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import AzureChatOpenAI

from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.outcome import Cause, Failure
from langchain_multirouter.porting.dialect import AZURE_CHAT, AZURE_RESPONSES
from langchain_multirouter.providers import Parameters, provider_named
from langchain_multirouter.providers.judge import judge
from langchain_multirouter.steps import Kind
from langchain_multirouter.tally import Tally

from .conftest import MODES, Caller, Keep, Outcome, cause_of
from .sent import TOOLS

ROW = provider_named("azure_openai")
every_mode = pytest.mark.parametrize("mode", MODES)
HIDDEN = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"}
TOLD = {**HIDDEN, "summary": [{"type": "summary_text", "text": "hm", "index": 0}]}
UNTHINKING = {"model_name": "gpt-5.1", "reasoning": {"effort": "none"}}
COMPLETED = {"status": "completed"}


@pytest.fixture
def model(cloud: Emulator, keep: Keep) -> Any:
    return keep(ROW.adopt(built(cloud), timeout_seconds=20.0, keep_retries=False, settings={}))


def built(cloud: Emulator, name: str = "gpt-5.1", **settings: Any) -> Any:
    return cloud.chat_model("azure_openai", name, **{"use_responses_api": True, **settings})


Send = Callable[[Any, str, Parameters], Mapping[str, Any]]


@pytest.fixture
def sent(cloud: Emulator, call: Caller) -> Send:
    """Sends parameters; what arrived."""

    def send(model: Any, mode: str, parameters: Parameters) -> Mapping[str, Any]:
        asked, stop, settings, _ = ROW.translate(model, parameters)
        call(asked, mode, stop=stop, **settings)
        return cloud.log[-1].body

    return send


# What is sent.


@every_mode
def test_what_the_api_has_arrives_and_what_it_lacks_is_told(
    mode: str, model: Any, sent: Send
) -> None:
    asked = Parameters(max_tokens=55, top_p=0.75, stop=("END",), seed=7, timeout_seconds=9.0)
    assert ROW.translate(model, asked).dropped == ("seed", "stop")
    body = sent(model, mode, asked)
    assert (body["max_output_tokens"], body["top_p"]) == (55, 0.75)
    assert not {"stop", "seed", "max_tokens", "max_completion_tokens"} & body.keys()


@every_mode
def test_the_calls_own_limit_wins_over_the_instances(
    mode: str, cloud: Emulator, keep: Keep, sent: Send
) -> None:
    model = keep(built(cloud, max_tokens=99))
    assert sent(model, mode, Parameters(max_tokens=21))["max_output_tokens"] == 21


@every_mode
def test_a_limit_below_the_least_is_the_least_and_told(mode: str, model: Any, sent: Send) -> None:
    asked = Parameters(max_tokens=1)
    assert ROW.translate(model, asked).dropped == ("max_tokens below 16",)
    assert sent(model, mode, asked)["max_output_tokens"] == 16


@pytest.mark.parametrize(
    ("choice", "arrives"),
    [
        ("any", "required"),
        ("auto", "auto"),
        ("none", "none"),
        ("add", {"type": "function", "name": "add"}),
    ],
)
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_tools_are_flat_and_the_choice_too(
    mode: str, choice: str, arrives: Any, model: Any, sent: Send
) -> None:
    settings = {"parallel_tool_calls": False, "strict": True}
    asked = Parameters(tools=TOOLS, tool_choice=choice, tool_settings=settings)
    body = sent(model, mode, asked)
    assert body["tool_choice"] == arrives
    assert [(tool["name"], tool["strict"]) for tool in body["tools"]] == [
        ("get_weather", True),
        ("add", True),
    ]
    assert body["parallel_tool_calls"] is False


SCHEMA = {"title": "Pair", "type": "object", "properties": {"a": {"type": "integer"}}}
FORMATS = {
    "json_schema": {"type": "json_schema", "json_schema": {"name": "Pair", "schema": SCHEMA}},
    "json_object": {"type": "json_object"},
}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_a_response_format_is_the_texts_format(
    mode: str, kind: str, model: Any, sent: Send
) -> None:
    asked = Parameters(tool_settings={"response_format": FORMATS[kind]})
    form = sent(model, mode, asked)["text"]["format"]
    assert form["type"] == kind
    assert form.get("schema", SCHEMA)["properties"] == SCHEMA["properties"]


@pytest.mark.parametrize("mode", ["invoke", "stream"])
def test_the_format_of_plain_text_is_left_out(mode: str, model: Any, sent: Send) -> None:
    asked = Parameters(tool_settings={"response_format": {"type": "text"}})
    assert "text" not in sent(model, mode, asked)


@every_mode
def test_the_deployment_is_addressed_by_its_own_name(
    mode: str, cloud: Emulator, keep: Keep, sent: Send
) -> None:
    model = keep(built(cloud, "our-deployment", model_name="gpt-5.1", temperature=0.5))
    for parameters in (Parameters(), Parameters(temperature=0.1)):
        body = sent(model, mode, parameters)
        assert body["model"] == cloud.log[-1].model == "our-deployment"
        assert body.get("temperature") is None  # the model would refuse it


def test_a_temperature_that_the_class_leaves_out_is_told(cloud: Emulator, model: Any) -> None:
    assert ROW.translate(model, Parameters(temperature=0.1)).dropped == ("temperature",)


@every_mode
@pytest.mark.parametrize("settings", [{"model_name": "gpt-4o"}, UNTHINKING], ids=str)
def test_a_temperature_arrives_at_a_model_that_takes_it(
    settings: Any, mode: str, cloud: Emulator, keep: Keep, sent: Send
) -> None:
    model = keep(built(cloud, "our-deployment", **settings))
    assert sent(model, mode, Parameters(temperature=0.125))["temperature"] == 0.125


@every_mode
def test_a_deployment_that_is_built_is_addressed_too(
    mode: str, cloud: Emulator, keep: Keep, sent: Send
) -> None:
    about = {**cloud.azure_openai("our-deployment"), "use_responses_api": True}
    model = keep(ROW.build("gpt-5.1", timeout_seconds=20.0, settings=about))
    body = sent(model, mode, Parameters(max_tokens=21))
    assert (body["model"], body["max_output_tokens"]) == ("our-deployment", 21)


def test_a_deployment_called_as_its_model_is_addressed_without_more(
    cloud: Emulator, keep: Keep
) -> None:
    model = keep(built(cloud, model_name="gpt-5.1"))
    assert ROW.translate(model, Parameters()) == (model, None, {}, ())


# When it is spoken.


@pytest.mark.parametrize(
    ("settings", "tools", "dialect"),
    [
        ({}, None, AZURE_CHAT),
        ({}, TOOLS, AZURE_CHAT),
        ({}, [{"type": "web_search"}], AZURE_RESPONSES),
        ({"use_responses_api": True}, None, AZURE_RESPONSES),
        ({"reasoning": {"effort": "low"}}, None, AZURE_RESPONSES),
        ({"output_version": "responses/v1"}, None, AZURE_RESPONSES),
        ({"model_kwargs": {"text": {"verbosity": "low"}}}, None, AZURE_RESPONSES),
        ({"model": "gpt-6"}, None, AZURE_CHAT),
        ({"model": "gpt-6"}, TOOLS, AZURE_RESPONSES),
        ({"model": "gpt-6", "use_responses_api": False}, TOOLS, AZURE_CHAT),
    ],
    ids=lambda value: getattr(value, "name", None) or str(value),
)
def test_the_dialect_is_that_of_the_api_which_the_class_will_use(
    settings: Any, tools: Any, dialect: Any, cloud: Emulator, keep: Keep, call: Caller
) -> None:
    keywords = {**cloud.azure_openai("gpt-4o"), "max_retries": 0, **settings}
    model = keep(AzureChatOpenAI(**keywords))
    parameters = Parameters(tools=tools)
    assert ROW.dialect(model, parameters) is dialect
    translation = ROW.translate(model, parameters)
    call(translation.model, "invoke", **translation.settings)
    spoken = AZURE_RESPONSES if "input" in cloud.log[-1].body else AZURE_CHAT
    assert spoken is dialect


# How answers are read.


@pytest.mark.parametrize(
    ("content", "more", "cause"),
    [
        ([TOLD, {"type": "text", "text": "hello"}], {}, None),
        ([TOLD], {}, None),
        ([HIDDEN], {}, Cause.INVALID_RESPONSE),
        ([], {"reasoning": HIDDEN}, Cause.INVALID_RESPONSE),
        ([], {"reasoning": TOLD}, None),
        ([HIDDEN, {"type": "text", "text": ""}], {}, Cause.INVALID_RESPONSE),
        ([{"type": "refusal", "refusal": "no"}], {}, None),
        ([], {}, Cause.INVALID_RESPONSE),
    ],
    ids=str,
)
def test_encrypted_reasoning_alone_is_no_answer(
    content: Any, more: Any, cause: Cause | None
) -> None:
    message = AIMessage(content, additional_kwargs=more, response_metadata=COMPLETED)
    assert cause_of(judge(message, reason_needed=True)) is cause


def test_text_with_a_tool_call_that_cannot_be_read_is_no_answer() -> None:
    bad = {"name": "f", "args": "{", "id": "1", "error": None, "type": "invalid_tool_call"}
    text = [{"type": "text", "text": "I shall call f"}]
    message = AIMessage(text, invalid_tool_calls=[bad], response_metadata=COMPLETED)
    assert cause_of(judge(message, reason_needed=True)) is Cause.INVALID_RESPONSE


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_response_that_did_not_end_well_is_no_answer(status: str) -> None:
    message = AIMessage("hel", response_metadata={"status": status})
    assert cause_of(judge(message, reason_needed=True)) is Cause.INVALID_RESPONSE


def chunk(content: Any = "", **fields: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=content, **fields))


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        (chunk([], response_metadata={"id": "resp_1"}), Kind.EMPTY),
        (chunk([], response_metadata={"status": "in_progress"}), Kind.EMPTY),
        (chunk([{**HIDDEN, "index": 0, "status": "in_progress"}]), Kind.EMPTY),
        (chunk([{"type": "reasoning", "summary": [{"text": "", "index": 0}]}]), Kind.EMPTY),
        (chunk([{"type": "text", "text": "", "phase": "commentary"}]), Kind.EMPTY),
        (chunk([], additional_kwargs={"reasoning": HIDDEN}), Kind.EMPTY),
        (chunk([{"type": "reasoning", "summary": [{"text": "hm", "index": 0}]}]), Kind.CONTENT),
        (chunk([], additional_kwargs={"reasoning": TOLD}), Kind.CONTENT),
        (chunk([{"type": "text", "text": "hello", "index": 0}]), Kind.CONTENT),
        (chunk([{"type": "function_call", "name": "f", "index": 0}]), Kind.CONTENT),
        (chunk([], response_metadata={"status": "completed"}), Kind.FINISH),
        (chunk([], response_metadata={"status": "incomplete"}), Kind.FINISH),
        (chunk("hello", response_metadata={"status": "streaming"}), Kind.CONTENT),
    ],
    ids=lambda value: str(getattr(value, "message", value)),
)
def test_a_chunk_is_told_by_what_it_carries(piece: ChatGenerationChunk, kind: Kind) -> None:
    assert Tally().add(piece)[0] is kind


# How failures are told apart.


def failure_of(outcome_of: Outcome, model: Any, mode: str) -> Failure:
    failure = outcome_of(ROW, model, mode)
    assert failure is not None
    return failure


@pytest.mark.parametrize("mode", ["stream", "astream"])
@pytest.mark.parametrize(
    ("fault", "cause", "code"),
    [
        (Fault(FaultKind.ERROR_EVENT, status=429), Cause.THROTTLED, "rate_limit_exceeded"),
        (Fault(FaultKind.ERROR_EVENT, status=500), Cause.SERVER, "server_error"),
        (Fault(FaultKind.CLEAN_EOF_MIDSTREAM), Cause.STREAM_BROKEN, "no finish reason"),
        (Fault(FaultKind.NO_FINISH), Cause.STREAM_BROKEN, "no finish reason"),
    ],
    ids=lambda value: getattr(value, "kind", None) and value.kind.value,
)
def test_a_stream_that_fails_says_why(
    fault: Fault, cause: Cause, code: str, mode: str, cloud: Emulator, model: Any, outcome_of: Any
) -> None:
    cloud.break_("azure_openai", fault)
    failure = failure_of(outcome_of, model, mode)
    assert (failure.cause, failure.code) == (cause, code)


#: A failed response's error as langchain-openai tells of it: → the cause and the code.
SAID = [
    ({"code": "server_error", "message": "of its own"}, Cause.SERVER, "server_error"),
    ({"code": "invalid_prompt", "message": "of yours"}, Cause.BAD_REQUEST, "invalid_prompt"),
    ({"code": "nobody_knows", "message": "why"}, Cause.INVALID_RESPONSE, "nobody_knows"),
]


@pytest.mark.parametrize(("error", "cause", "code"), SAID, ids=str)
def test_the_error_of_a_response_is_told_by_its_code(
    error: dict[str, str], cause: Cause, code: str
) -> None:
    from langchain_openai.chat_models import base
    from openai.types.responses import Response, ResponseErrorEvent, ResponseFailedEvent

    response = Response.model_construct(id="resp_1", output=[], error=None, usage=None)
    response.error = error_of = _response_error(error)
    flat = ResponseErrorEvent(type="error", sequence_number=1, param=None, **error)
    failed = ResponseFailedEvent.model_construct(type="response.failed", response=response)
    assert error_of.code == error["code"]
    for read in (
        lambda: base._construct_lc_result_from_responses_api(response),
        lambda: base._convert_responses_chunk_to_generation_chunk(flat, -1, -1, -1),
        lambda: base._convert_responses_chunk_to_generation_chunk(failed, -1, -1, -1),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the service's own words
            read()
        failure = ROW.classify(caught.value)
        assert (failure.cause, failure.code) == (cause, code)


def _response_error(error: dict[str, str]) -> Any:
    from openai.types.responses import ResponseError

    return ResponseError.model_construct(**error)


def test_words_like_a_code_in_another_value_error_are_none() -> None:
    with pytest.raises(ValueError, match="timeout") as caught:
        raise ValueError("timeout: must be positive")
    assert ROW.classify(caught.value).cause is Cause.BAD_REQUEST

"""A router over a deployment that speaks the Responses API answers as over any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from langchain_multirouter import Deployment, RoutedChatModel, StreamInterruptedError
from langchain_multirouter.emulator import Emulator, Fault, FaultKind

from .conftest import MODES, STEADY, ask
from .test_faults_by_mode_and_wire import BEFORE_THE_FIRST_TOKEN, CUTS

VERSIONS = ("responses/v1", "v0")
THINKING: dict[str, Any] = {
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
}
FAULTS = {
    **BEFORE_THE_FIRST_TOKEN,
    "no output": (Fault(FaultKind.EMPTY_CHOICES), {"invalid_response"}),
    "web page": (Fault(FaultKind.HTML), {"invalid_response"}),
    "empty object": (Fault(FaultKind.EMPTY_JSON), {"invalid_response"}),
    "error with status 200": (Fault(FaultKind.ERROR_JSON), {"invalid_response"}),
    "error event": (Fault(FaultKind.ERROR_EVENT, status=500), {"server"}),
    "failed for its rate": (Fault(FaultKind.ERROR_EVENT, status=429), {"throttled"}),
}

Make = Callable[..., RoutedChatModel]
every_mode = pytest.mark.parametrize("mode", MODES)


@tool
def get_weather(city: str) -> str:
    """Weather of today."""
    return f"Sunny in {city}"


@tool
def say_nothing() -> str:
    """Takes no arguments."""
    return ""


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@pytest.fixture(scope="module")
def speakers(emulator: Emulator) -> dict[str, Any]:
    """Models that speak the Responses API: plain, and thinking in either form of output."""

    def speaker(**settings: Any) -> Any:
        return emulator.chat_model("azure_openai", "gpt-5.1", use_responses_api=True, **settings)

    return {
        "plain": speaker(),
        **{form: speaker(output_version=form, **THINKING) for form in VERSIONS},
    }


@pytest.fixture
def make(cloud: Emulator, speakers: dict[str, Any], models: dict[str, Any]) -> Make:
    """A fresh router whose first deployment speaks the Responses API."""

    def made(kind: str = "plain", **settings: Any) -> RoutedChatModel:
        deployments = [
            Deployment(model=speakers[kind], name="responses"),
            Deployment(model=models["aws_bedrock"], name="other"),
        ]
        return RoutedChatModel(deployments, **{**STEADY, **settings})

    return made


def where(answer: Any) -> str:
    return str(answer.response_metadata["router"]["deployment"])


@every_mode
@pytest.mark.parametrize("version", VERSIONS)
def test_a_conversation_with_tools_stays_with_it(
    version: str, mode: str, make: Make, cloud: Emulator
) -> None:
    model = make(version).bind_tools([get_weather, say_nothing])
    question = HumanMessage("Call get_weather in Paris and say_nothing")
    called = ask(model, mode, [question])
    assert [call["name"] for call in called.tool_calls] == ["get_weather", "say_nothing"]
    results = [ToolMessage(c["name"], tool_call_id=c["id"]) for c in called.tool_calls]
    final = ask(model, mode, [question, called, *results])
    assert "get_weather; say_nothing" in final.text
    assert [where(answer) for answer in (called, final)] == ["responses"] * 2
    kinds = [item["type"] for item in cloud.log[-1].body["input"]]
    assert kinds.count("reasoning") == 1
    assert kinds.count("function_call") == kinds.count("function_call_output") == 2


@every_mode
@pytest.mark.parametrize("version", ["plain", *VERSIONS])
def test_an_answer_has_its_text_its_usage_once_and_its_cost(
    version: str, mode: str, make: Make, cloud: Emulator
) -> None:
    answer = ask(make(version), mode)
    (entry,) = cloud.log
    assert "Hello there" in answer.text
    assert answer.response_metadata["status"] == "completed"
    assert answer.usage_metadata["input_tokens"] == entry.input_tokens
    assert answer.usage_metadata["output_tokens"] == entry.output_tokens
    assert answer.response_metadata["router"]["cost_usd"] > 0


@pytest.mark.parametrize("mode", ["invoke", "stream"])
@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
def test_structured_output_fits_its_schema(method: str, mode: str, make: Make) -> None:
    model = make().with_structured_output(Joke, method=method)
    prompt = "JSON with 'setup' and 'punchline', please"
    answer = model.invoke(prompt) if mode == "invoke" else list(model.stream(prompt))[-1]
    assert isinstance(answer, Joke)
    assert "setup" in answer.setup


@every_mode
def test_what_it_has_no_parameter_for_is_noted_and_the_rest_arrives(
    mode: str, make: Make, cloud: Emulator
) -> None:
    answer = ask(make(), mode, "Hello", max_tokens=17, top_p=0.5, seed=1, stop=["END"])
    assert answer.response_metadata["router"]["notes"] == ["not sent: seed", "not sent: stop"]
    body = cloud.log[-1].body
    assert (body["max_output_tokens"], body["top_p"]) == (17, 0.5)
    assert answer.response_metadata["incomplete_details"] == {"reason": "max_output_tokens"}
    assert answer.usage_metadata["output_tokens"] == 17


def test_a_check_of_its_health_is_answered(make: Make, cloud: Emulator) -> None:
    found = make().check_health()["responses"]
    assert (found.healthy, found.cause) == (True, None)


@every_mode
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_before_the_first_token_is_answered_by_another_deployment(
    fault: str, mode: str, cloud: Emulator, make: Make
) -> None:
    injected, causes = FAULTS[fault]
    model = make()
    cloud.break_("azure_openai", injected)
    answer = ask(model, mode)
    told = answer.response_metadata["router"]
    assert told["deployment"] == "other"
    failed = {a["cause"] for a in told["attempts"] if a["deployment"] == "responses"}
    assert failed - {"local_environment"} <= causes
    assert failed
    assert answer.text


@every_mode
@pytest.mark.parametrize(
    ("version", "fault"),
    [("plain", fault) for fault in CUTS]
    # Silence takes a second each time.
    + [(version, fault) for version in VERSIONS for fault in CUTS if fault != "cut by silence"],
)
def test_a_truncated_answer_is_never_a_success(
    fault: str, version: str, mode: str, cloud: Emulator, make: Make
) -> None:
    model = make(version)
    cloud.break_("azure_openai", CUTS[fault])
    if mode in {"stream", "astream"}:
        with pytest.raises(StreamInterruptedError) as raised:
            ask(model, mode)
        assert raised.value.partial.content or raised.value.partial.additional_kwargs
        return
    assert where(ask(model, mode)) == "other"


# In a stream its pieces were handed over by the time that it cannot be read.
@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
def test_a_tool_call_that_cannot_be_read_is_no_answer(
    mode: str, cloud: Emulator, make: Make
) -> None:
    cloud.break_("azure_openai", FaultKind.MALFORMED_TOOL_CALL)
    assert where(ask(make().bind_tools([get_weather]), mode)) == "other"


@every_mode
@pytest.mark.parametrize("kind", [FaultKind.BLOCKED_ANSWER, FaultKind.BLOCKED_PROMPT])
def test_a_filtered_answer_and_a_filtered_prompt_are_a_matter_of_policy(
    kind: FaultKind, mode: str, cloud: Emulator, make: Make
) -> None:
    cloud.break_("azure_openai", kind)
    with pytest.raises(Exception, match="content_policy"):
        ask(make(fallback_on_content_policy=False), mode)


@every_mode
def test_a_prompt_that_is_too_long_is_told_as_such(mode: str, cloud: Emulator, make: Make) -> None:
    cloud.break_("azure_openai", FaultKind.CONTEXT_OVERFLOW)
    with pytest.raises(ContextOverflowError):
        ask(make(), mode)


@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_ends_with_its_token_limit_is_whole(
    mode: str, cloud: Emulator, make: Make
) -> None:
    cloud.break_("azure_openai", FaultKind.TRUNCATED)
    answer = ask(make(), mode)
    assert where(answer) == "responses"
    assert answer.response_metadata["status"] == "incomplete"

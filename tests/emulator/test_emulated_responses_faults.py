"""AzureChatOpenAI over the Responses API makes of each fault what the table says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fault_table import KINDS, SILENCES, STATUSES
from real_clients import Clients
from test_emulated_faults import ainvoked, astreamed, expected, invoked, rows, streamed

from langchain_multirouter.emulator import Emulator, Fault
from langchain_multirouter.emulator import FaultKind as K

one_loop = pytest.mark.asyncio(loop_scope="session")

#: Chat completions' finish reasons, and the statuses that say the same.
STATUS_OF = {"stop": "completed", "tool_calls": "completed", "length": "incomplete"}
#: Where it differs otherwise: by kind, status and chunks; unary | stream.
OTHERWISE: dict[tuple[K, int | None, int | None], str] = {
    (K.HTML, None, None): "AttributeError | ValueError",
    (K.ERROR_JSON, None, None): "ValueError",
    (K.EMPTY_CHOICES, None, None): "empty completed",
    (K.BLOCKED_ANSWER, None, None): "empty incomplete",
    (K.ERROR_EVENT, 429, 2): "OpenAIRateLimitError | ValueError",
}


@pytest.fixture
def model(clients: Clients, cloud: Emulator) -> Any:
    return clients.responses()


def outcomes(fault: Fault, row: tuple[str, str, str]) -> tuple[str, str]:
    same = " ".join(STATUS_OF.get(word, word) for word in row[0].split(" "))
    words = OTHERWISE.get((fault.kind, fault.status, fault.after_chunks), same)
    return expected((words, "", ""), "azure_openai")


@one_loop
@pytest.mark.parametrize("status", STATUSES)
async def test_an_error_status_is_the_same_exception(
    status: int, model: Any, cloud: Emulator
) -> None:
    cloud.break_("azure_openai", str(status))
    exception = STATUSES[status][0]
    assert (invoked(model), streamed(model)) == (exception, exception)
    assert (await ainvoked(model), await astreamed(model)) == (exception, exception)


@one_loop
@pytest.mark.parametrize(("fault", "row"), rows(KINDS))
async def test_a_fault_comes_to_what_the_tables_say(
    fault: Fault, row: tuple[str, str, str], model: Any, cloud: Emulator
) -> None:
    cloud.break_("azure_openai", fault)
    unary, stream = outcomes(fault, row)
    assert (invoked(model), streamed(model)) == (unary, stream)
    assert (await ainvoked(model), await astreamed(model)) == (unary, stream)
    assert {entry.fault for entry in cloud.log} == {fault.kind}


@one_loop
@pytest.mark.parametrize(("fault", "row"), rows(SILENCES))
async def test_silence_is_a_timeout(
    fault: Fault, row: tuple[str, str, str], clients: Clients, cloud: Emulator
) -> None:
    model = clients.responses(timeout_seconds=1)
    cloud.break_("azure_openai", fault)
    met = await asyncio.gather(
        asyncio.to_thread(invoked, model),
        asyncio.to_thread(streamed, model),
        ainvoked(model),
        astreamed(model),
    )
    unary, stream = outcomes(fault, row)
    assert met == [unary, stream, unary, stream]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(K.TRUNCATED, "max_output_tokens"), (K.BLOCKED_ANSWER, "content_filter")],
)
def test_an_incomplete_response_says_why(kind: K, reason: str, model: Any, cloud: Emulator) -> None:
    cloud.break_("azure_openai", kind)
    whole, last = model.invoke("Hello"), list(model.stream("Hello"))[-1]
    for answer in (whole, last):
        assert answer.response_metadata["incomplete_details"] == {"reason": reason}


def test_a_malformed_tool_call_is_an_invalid_one(model: Any, cloud: Emulator) -> None:
    cloud.break_("azure_openai", K.MALFORMED_TOOL_CALL)
    assert model.invoke("Hello").invalid_tool_calls


def test_a_filtered_prompt_and_a_long_one_have_their_codes(model: Any, cloud: Emulator) -> None:
    codes = {K.BLOCKED_PROMPT: "content_filter", K.CONTEXT_OVERFLOW: "context_length_exceeded"}
    for kind, code in codes.items():
        cloud.break_("azure_openai", kind)
        with pytest.raises(Exception, match="Error code: 400") as caught:
            model.invoke("Hello")
        assert caught.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [K.SLOW, K.SLOW_FIRST_TOKEN, K.DRIP])
def test_a_slow_answer_is_the_right_answer(kind: K, model: Any, cloud: Emulator) -> None:
    cloud.break_("azure_openai", Fault(kind, seconds=0.0002 if kind is K.DRIP else 0.02))
    assert invoked(model) == streamed(model) == "text completed"
    assert all(entry.completed for entry in cloud.log)


def test_a_kept_alive_stream_says_nothing_until_the_client_gives_up(
    clients: Clients, cloud: Emulator
) -> None:
    model = clients.responses(timeout_seconds=1, stream_chunk_timeout=0.2)
    cloud.break_("azure_openai", Fault(K.KEEPALIVE, seconds=0.01))
    assert asyncio.run(astreamed(model)) == "StreamChunkTimeoutError"

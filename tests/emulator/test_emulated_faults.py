"""Each real client makes of each fault what the table says."""

import asyncio
from typing import Any

import pytest
from fault_table import ANSWER, CODES, KINDS, SILENCES, STATUSES
from real_clients import Clients

from langchain_multirouter.emulator import Emulator, Fault
from langchain_multirouter.emulator import FaultKind as K

one_loop = pytest.mark.asyncio(loop_scope="session")

# google-genai's asynchronous client is httpx, or aiohttp where that is installed.
_AIOHTTP = {
    "ClientOSError": "ReadError",
    "ServerDisconnectedError": "RemoteProtocolError",
    "ClientResponseError": "RemoteProtocolError",
    "ClientPayloadError": "ReadError",
    "TimeoutError": "ReadTimeout",
}
_CUT = {"ReadError", "RemoteProtocolError"}


def same(awaited: str, outcome: str) -> bool:
    """Whether an awaited outcome is the expected one, by either client."""
    translated = _AIOHTTP.get(awaited, awaited)
    return awaited == outcome or translated == outcome or {translated, outcome} == _CUT


def rows(table: list[tuple[Fault, tuple[str, str, str]]]) -> list[Any]:
    """The rows of a table under readable names."""
    named = []
    for fault, row in table:
        measures = (fault.kind.value, fault.status, fault.after_chunks)
        name = "-".join(str(measure) for measure in measures if measure is not None)
        named.append(pytest.param(fault, row, id=name))
    return named


def comes_to(answer: Any) -> str:
    metadata = answer.response_metadata
    reason = metadata.get("finish_reason", metadata.get("status"))
    finish = metadata.get("stopReason", reason)
    return f"{'text' if answer.text else 'empty'} {finish}"


def expected(row: tuple[str, str, str], provider: str) -> tuple[str, str]:
    words = row[("azure_openai", "aws_bedrock", "gcp_vertex").index(provider)]
    unary, _, stream = words.partition(" | ")
    return unary, stream or unary


def invoked(model: Any) -> str:
    try:
        return comes_to(model.invoke("Hello there"))
    except Exception as error:
        return type(error).__name__


def streamed(model: Any) -> str:
    try:
        chunks = list(model.stream("Hello there"))
    except Exception as error:
        return type(error).__name__
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return comes_to(total)


async def ainvoked(model: Any) -> str:
    try:
        return comes_to(await model.ainvoke("Hello there"))
    except Exception as error:
        return type(error).__name__


async def astreamed(model: Any) -> str:
    try:
        chunks = [chunk async for chunk in model.astream("Hello there")]
    except Exception as error:
        return type(error).__name__
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return comes_to(total)


@one_loop
@pytest.mark.parametrize("status", STATUSES)
async def test_an_error_status_is_the_exception_of_its_provider(
    status: int, provider: str, model: Any, cloud: Emulator
) -> None:
    cloud.break_(provider, str(status))
    unary, stream = expected(STATUSES[status], provider)
    assert (invoked(model), streamed(model)) == (unary, stream)
    assert (await ainvoked(model), await astreamed(model)) == (unary, stream)
    assert {entry.status for entry in cloud.log} == {status}


@one_loop
@pytest.mark.parametrize(("fault", "row"), rows(KINDS))
async def test_a_fault_comes_to_what_the_table_says(
    fault: Fault, row: tuple[str, str, str], provider: str, model: Any, cloud: Emulator
) -> None:
    cloud.break_(provider, fault)
    unary, stream = expected(row, provider)
    assert (invoked(model), streamed(model)) == (unary, stream)
    assert same(await ainvoked(model), unary)
    assert same(await astreamed(model), stream)
    assert {entry.fault for entry in cloud.log} == {fault.kind}


@one_loop
@pytest.mark.parametrize(("fault", "row"), rows(SILENCES))
async def test_silence_is_a_timeout(
    fault: Fault, row: tuple[str, str, str], provider: str, clients: Clients, cloud: Emulator
) -> None:
    model = clients.chat(provider, timeout_seconds=1)  # Bedrock takes whole seconds only
    cloud.break_(provider, fault)
    unary, stream = expected(row, provider)
    first, second, third, fourth = await asyncio.gather(
        asyncio.to_thread(invoked, model),
        asyncio.to_thread(streamed, model),
        ainvoked(model),
        astreamed(model),
    )
    assert (first, second) == (unary, stream)
    assert same(third, unary)
    assert same(fourth, stream)
    assert not any(entry.completed for entry in cloud.log)


@pytest.mark.parametrize(("provider", "code", "status", "exception"), CODES)
def test_an_error_code_brings_its_usual_status(
    provider: str, code: str, status: int, exception: str, model: Any, cloud: Emulator
) -> None:
    cloud.break_(provider, Fault(K.STATUS, code=code))
    assert invoked(model) == exception
    assert cloud.log[-1].status == status


def test_azures_filter_says_so_in_the_code(clients: Clients, cloud: Emulator) -> None:
    cloud.break_("azure_openai", K.BLOCKED_PROMPT)
    with pytest.raises(Exception, match="content management policy") as caught:
        clients.chat("azure_openai").invoke("Hello")
    assert caught.value.code == "content_filter"  # type: ignore[attr-defined]


def test_a_blocked_prompt_has_its_reason_on_vertex(clients: Clients, cloud: Emulator) -> None:
    cloud.break_("gcp_vertex", K.BLOCKED_PROMPT)
    answer = clients.chat("gcp_vertex").invoke("Hello")
    assert answer.response_metadata["prompt_feedback"]["block_reason"] == "SAFETY"


def test_a_malformed_tool_call_is_an_invalid_one_on_azure(
    clients: Clients, cloud: Emulator
) -> None:
    cloud.break_("azure_openai", K.MALFORMED_TOOL_CALL)
    assert clients.chat("azure_openai").invoke("Hello").invalid_tool_calls


def test_the_retry_hint_reaches_the_client(clients: Clients, cloud: Emulator) -> None:
    caught: dict[str, Any] = {}
    for provider in ("azure_openai", "aws_bedrock", "gcp_vertex"):
        cloud.break_(provider, Fault(K.STATUS, status=429, retry_after_seconds=2.5))
        with pytest.raises(Exception) as raised:  # noqa: PT011 - each provider has its own
            clients.chat(provider).invoke("Hello")
        caught[provider] = raised.value
    azure = caught["azure_openai"].response.headers
    assert (azure["retry-after"], azure["retry-after-ms"]) == ("3", "2500")
    bedrock = caught["aws_bedrock"].response["ResponseMetadata"]["HTTPHeaders"]
    assert bedrock["retry-after"] == "3"
    cause = caught["gcp_vertex"].__cause__
    assert cause.response.headers["retry-after"] == "3"
    assert cause.details["error"]["details"][0]["retryDelay"] == "2.5s"


@pytest.mark.parametrize("kind", [K.SLOW, K.SLOW_FIRST_TOKEN, K.DRIP])
def test_a_slow_answer_is_the_right_answer(
    kind: K, provider: str, model: Any, cloud: Emulator
) -> None:
    seconds = 0.0002 if kind is K.DRIP else 0.05
    cloud.break_(provider, Fault(kind, seconds=seconds))
    assert invoked(model) == streamed(model) == ANSWER[provider]
    assert all(entry.completed for entry in cloud.log)
    took = [entry.ended - entry.started for entry in cloud.log if entry.ended]
    assert min(took) >= seconds

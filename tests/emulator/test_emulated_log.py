"""The log tells what really happened; the cloud starts, serves many at once and stops."""

import asyncio
import time
from typing import Any

import pytest
from real_clients import MODELS, Clients, eventually, fails

from langchain_multirouter.emulator import Emulator, FaultKind

one_loop = pytest.mark.asyncio(loop_scope="session")


# The log.


def test_the_log_tells_what_was_asked_and_sent(model: Any, provider: str, cloud: Emulator) -> None:
    before = time.monotonic()
    answer = model.invoke("Hello")
    list(model.stream("Hello"))
    first, second = cloud.log_of(provider)
    assert (first.provider, first.model) == (provider, MODELS[provider])
    assert (first.operation, second.operation) == ("generate", "stream")
    assert first.number + 1 == second.number
    assert before <= first.started <= (first.ended or 0.0) <= second.started
    assert (first.status, first.fault, first.completed, first.client_closed) == (
        200,
        None,
        True,
        False,
    )
    assert first.input_tokens == answer.usage_metadata["input_tokens"]
    assert first.output_tokens == answer.usage_metadata["output_tokens"]
    assert "Hello" in str(first.body)


def test_the_log_of_a_fault_tells_its_kind_and_charges_nothing(
    model: Any, provider: str, cloud: Emulator
) -> None:
    cloud.break_(provider, "reset")
    fails(model)
    entry = cloud.log[-1]
    assert (entry.fault, entry.status, entry.completed) == (FaultKind.RESET, None, False)
    assert (entry.input_tokens, entry.output_tokens) == (0, 0)


def test_a_client_that_leaves_a_stream_is_seen_to_go(
    model: Any, provider: str, cloud: Emulator
) -> None:
    cloud.latency(provider, per_chunk_seconds=0.05)
    stream = model.stream("Hello")
    next(stream)
    stream.close()
    assert eventually(lambda: cloud.log[-1].ended is not None)
    assert cloud.log[-1].client_closed
    assert not cloud.log[-1].completed


def test_a_request_under_way_is_in_the_log_without_an_end(cloud: Emulator) -> None:
    async def asked() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(cloud.url.split(":")[-1]))
        body = b'{"messages": [{"role": "user", "content": "Hi"}]}'
        path = b"/azure/openai/deployments/d/chat/completions"
        head = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
        writer.write(head % (path, len(body)) + body)
        assert await asyncio.to_thread(eventually, lambda: len(cloud.log) == 1)
        assert cloud.log[-1].ended is None
        assert not reader.at_eof()
        writer.close()
        await writer.wait_closed()

    cloud.break_("azure_openai", "silence")
    asyncio.run(asked())
    assert eventually(lambda: cloud.log[-1].client_closed)


def test_a_cleared_log_is_empty_and_its_numbers_go_on(model: Any, cloud: Emulator) -> None:
    model.invoke("Hello")
    number = cloud.log[-1].number
    cloud.clear_log()
    assert cloud.log == ()
    model.invoke("Hello")
    assert cloud.log[-1].number > number


# Running.


def test_a_stopped_cloud_refuses_and_comes_back_at_the_same_address() -> None:
    cloud = Emulator().start()
    model = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"], max_retries=0)
    url = cloud.url
    cloud.stop()
    with pytest.raises(Exception, match="Could not connect"):
        model.invoke("Hello")
    with cloud:
        assert cloud.url == url
        assert model.invoke("Hello").text
    model.client.close()


def test_stopping_drops_those_who_wait() -> None:
    with Emulator() as cloud:
        model = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"], max_retries=0)
        cloud.break_("aws_bedrock", "silence")
        cloud.break_("aws_bedrock", "reset", times=1)
        assert fails(model)
        outcome: list[bool] = []

        async def wait_and_stop() -> None:
            waiting = asyncio.create_task(asyncio.to_thread(fails, model))
            assert await asyncio.to_thread(eventually, lambda: len(cloud.log) == 2)
            cloud.stop()
            outcome.append(await waiting)

        asyncio.run(wait_and_stop())
        assert outcome == [True]
        assert not cloud.log[-1].client_closed
    model.client.close()


def test_an_emulator_has_no_address_before_it_is_started() -> None:
    with pytest.raises(RuntimeError, match="before it is started"):
        _ = Emulator().url


@one_loop
async def test_many_requests_are_served_at_once(clients: Clients, cloud: Emulator) -> None:
    model = clients.chat("azure_openai")
    cloud.latency("azure_openai", seconds=0.2)
    started = time.monotonic()
    answers = await asyncio.gather(*(model.ainvoke(f"Number {n}") for n in range(200)))
    assert all(f"Number {n}" in answer.text for n, answer in enumerate(answers))
    assert time.monotonic() - started < 10
    overlap = [entry.started for entry in cloud.log]
    assert max(overlap) - min(overlap) < 0.2 * 200


def test_constructor_keywords_leave_retries_and_timeouts_to_the_caller(cloud: Emulator) -> None:
    for keywords in (cloud.azure_openai(), cloud.aws_bedrock(), cloud.gcp_vertex()):
        assert not {"max_retries", "timeout"} & set(keywords)


def test_a_proxy_in_the_environment_is_bypassed_where_the_client_allows_it(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    bedrock = cloud.chat_model("aws_bedrock", MODELS["aws_bedrock"], max_retries=0)
    vertex = cloud.chat_model("gcp_vertex", MODELS["gcp_vertex"], max_retries=1)
    assert bedrock.invoke("Hello").text
    assert vertex.invoke("Hello").text
    bedrock.client.close()
    vertex.client.close()

"""What is on the wire, byte by byte, whatever the clients make of it."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.eventstream import EventStreamBuffer

from langchain_multirouter.emulator import Emulator, Fault, FaultKind

AZURE = "/azure/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
BEDROCK = "/bedrock/model/arn%3Aaws%3Abedrock%3Aus%2Fx/converse-stream"
VERTEX = "/vertex/v1beta1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash"
_ENVIRONMENT = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
SAY_HI = {"messages": [{"role": "user", "content": "Hi"}]}
CONVERSE_HI = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
GENERATE_HI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def connected(cloud: Emulator) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=5)


def post(cloud: Emulator, path: str, body: Any) -> tuple[int, dict[str, str], bytes]:
    connection = connected(cloud)
    try:
        connection.request("POST", path, json.dumps(body))
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def raw(cloud: Emulator, data: bytes) -> bytes:
    with socket.create_connection((urlsplit(cloud.url).hostname, urlsplit(cloud.url).port)) as sock:
        sock.settimeout(5)
        sock.sendall(data)
        received = b""
        while part := sock.recv(65536):
            received += part
        return received


def sse_events(data: bytes) -> list[Any]:
    lines = [line for line in data.decode().splitlines() if line.startswith("data: ")]
    return [line[6:] if line == "data: [DONE]" else json.loads(line[6:]) for line in lines]


def test_an_azure_stream_opens_with_filter_results_and_a_role_and_ends_with_done(
    cloud: Emulator,
) -> None:
    asked = {**SAY_HI, "stream": True, "stream_options": {"include_usage": True}}
    status, headers, data = post(cloud, AZURE, asked)
    events = sse_events(data)
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert events[0]["choices"] == []
    assert "prompt_filter_results" in events[0]
    assert events[1]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert (events[-2]["choices"], events[-2]["usage"]["prompt_tokens"]) == ([], 4)
    assert events[-1] == "[DONE]"


def test_a_bedrock_stream_is_events_with_right_checksums(cloud: Emulator) -> None:
    _, headers, data = post(cloud, BEDROCK, CONVERSE_HI)
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    kinds = [event.headers[":event-type"] for event in buffer]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert kinds[0] == "messageStart"
    assert kinds[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert cloud.log[-1].model == "arn:aws:bedrock:us/x"


def test_a_vertex_stream_ends_with_reason_and_usage(cloud: Emulator) -> None:
    events = sse_events(post(cloud, f"{VERTEX}:streamGenerateContent?alt=sse", GENERATE_HI)[2])
    assert [event for event in events if "usageMetadata" in event] == [events[-1]]
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_vertex_stream_without_sse_is_one_array(cloud: Emulator) -> None:
    path = VERTEX.removeprefix("/vertex") + ":streamGenerateContent?%24alt=json"
    chunks = json.loads(post(cloud, path, GENERATE_HI)[2])
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_vertex_schemas_with_numbered_types_are_understood(cloud: Emulator) -> None:
    schema = {"type": 6, "properties": {"days": {"type": 3}}}
    tools = [{"functionDeclarations": [{"name": "forecast", "parameters": schema}]}]
    config = {"functionCallingConfig": {"mode": 2}}
    asked = {**GENERATE_HI, "tools": tools, "toolConfig": config}
    parts = json.loads(post(cloud, f"{VERTEX}:generateContent", asked)[2])["candidates"][0]
    assert parts["content"]["parts"] == [
        {"functionCall": {"name": "forecast", "args": {"days": 1}}}
    ]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_vertex_is_served_without_a_prefix_too(cloud: Emulator, version: str) -> None:
    path = VERTEX.replace("/vertex/v1beta1", f"/{version}") + ":generateContent"
    assert json.loads(post(cloud, path, GENERATE_HI)[2])["modelVersion"] == "gemini-2.5-flash"


def test_azures_v1_path_takes_the_deployment_from_the_body(cloud: Emulator) -> None:
    asked = {**SAY_HI, "model": "my-deployment"}
    data = json.loads(post(cloud, "/azure/openai/v1/chat/completions", asked)[2])
    assert data["model"] == cloud.log[-1].model == "my-deployment"


@pytest.mark.parametrize(
    ("path", "body", "comment"),
    [
        (AZURE, {**SAY_HI, "stream": True}, b": keep-alive"),
        (f"{VERTEX}:streamGenerateContent?alt=sse", GENERATE_HI, b": keep-alive"),
        (AZURE, SAY_HI, b" "),
    ],
)
def test_a_kept_alive_answer_is_comments_for_ever(
    cloud: Emulator, path: str, body: Any, comment: bytes
) -> None:
    for provider in ("azure_openai", "gcp_vertex"):
        cloud.break_(provider, Fault(FaultKind.KEEPALIVE, seconds=0.01))
    connection = connected(cloud)
    connection.request("POST", path, json.dumps(body))
    response = connection.getresponse()
    assert response.status == 200
    assert response.read(len(comment)) == comment
    assert b"{" not in response.read(200 if len(comment) > 1 else 5)
    connection.close()
    response.close()


def test_a_connection_serves_many_requests(cloud: Emulator) -> None:
    connection = connected(cloud)
    for _ in range(3):
        connection.request("POST", AZURE, json.dumps(SAY_HI))
        sock = connection.sock
        assert connection.getresponse().read()
        assert connection.sock is sock
    connection.close()


def test_requests_sent_ahead_are_answered_in_order(cloud: Emulator) -> None:
    def request(text: str, extra: str = "") -> bytes:
        body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
        head = f"POST {AZURE} HTTP/1.1\r\nhost: x\r\n{extra}content-length: {len(body)}\r\n\r\n"
        return head.encode() + body

    received = raw(cloud, request("First") + request("Second", "connection: close\r\n"))
    assert received.count(b"HTTP/1.1 200") == 2
    assert received.index(b"First") < received.index(b"Second")


def test_what_cannot_be_read_is_refused_in_the_providers_words(cloud: Emulator) -> None:
    status, _, data = post(cloud, AZURE, {"messages": "none"})
    assert (status, json.loads(data)["error"]["code"]) == (400, "400")
    status, headers, _ = post(cloud, BEDROCK, ["not", "an", "object"])
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    status, _, data = post(cloud, f"{VERTEX}:generateContent", {"contents": 5})
    assert (status, json.loads(data)["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert post(cloud, "/azure/nowhere", {})[0] == 404
    assert cloud.log[-1].status == 400


def test_what_is_not_http_is_refused(cloud: Emulator) -> None:
    assert b" 400 " in raw(cloud, b"what\r\n\r\n").splitlines()[0]


def test_endless_headers_are_refused(cloud: Emulator) -> None:
    endless = b"POST / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 20_000
    assert b" 431 " in raw(cloud, endless).splitlines()[0]


def test_a_body_over_the_limit_is_refused(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_multirouter.emulator.server._LARGEST_BODY_BYTES", 1000)
    head = b"POST /azure HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n"
    assert b" 413 " in raw(cloud, head + b"x" * 2000).splitlines()[0]


def test_it_says_what_it_is(cloud: Emulator) -> None:
    connection = connected(cloud)
    connection.request("GET", "/")
    assert b"emulator" in connection.getresponse().read()
    connection.close()
    assert cloud.log == ()


def test_a_plain_request_takes_less_than_two_milliseconds(cloud: Emulator) -> None:
    connection, took = connected(cloud), []
    for _ in range(50):
        started = time.perf_counter()
        connection.request("POST", AZURE, json.dumps(SAY_HI))
        connection.getresponse().read()
        took.append(time.perf_counter() - started)
    connection.close()
    assert sorted(took)[5] < 0.002


def test_it_serves_in_the_foreground_until_it_is_interrupted() -> None:
    program = (
        "import threading; from langchain_multirouter.emulator import Emulator;"
        "cloud = Emulator().start();"
        # Told a little later: an interruption before it serves would be Python's own.
        "threading.Timer(0.5, lambda: print(cloud.url, flush=True)).start();"
        "cloud.serve_forever()"
    )
    with subprocess.Popen(  # noqa: S603 - its own interpreter, a constant program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip()).netloc
        connection = http.client.HTTPConnection(address, timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_the_emulator_needs_no_langchain_and_no_sdk() -> None:
    program = (
        "import sys; before = set(sys.modules);"  # an interpreter's .pth files import things
        "import langchain_multirouter.emulator;"
        "roots = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "heavy = {'langchain_core', 'openai', 'boto3', 'botocore', 'google', 'pydantic', 'httpx'};"
        "sys.exit(str(roots & heavy) if roots & heavy else 0)"
    )
    done = subprocess.run(  # noqa: S603 - its own interpreter, a constant program
        [sys.executable, "-c", program],
        capture_output=True,
        check=False,
        text=True,
        env=_ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr

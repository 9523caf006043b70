"""Sink: a LangSmith of one's own, on a loopback port; what its client posts, put together again."""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from langchain_core.tracers.langchain import LangChainTracer
from langsmith import Client
from langsmith.schemas import BatchIngestConfig, LangSmithInfo

#: What a LangSmith says it takes; as the client assumes, in multipart form.
INGEST = BatchIngestConfig(
    use_multipart_endpoint=True,
    scale_up_qsize_trigger=1000,
    scale_up_nthreads_limit=16,
    scale_down_nempty_trigger=4,
    size_limit=100,
    size_limit_bytes=None,
)


class Sink:
    """Runs by id, each as LangSmith would show it: what was posted, then what was patched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.runs: dict[str, dict[str, Any]] = {}
        self.bodies: list[bytes] = []
        self.client: Client | None = None

    def take(self, content_type: str, body: bytes) -> None:
        """One multipart request: parts named `post.<run id>[.<field>]` or `patch.…`."""
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        with self._lock:
            self.bodies.append(body)
            for part in parts.iter_parts():
                name = str(part.get_param("name", header="content-disposition"))
                _, run_id, *field = name.split(".")
                value = json.loads(part.get_payload(decode=True) or b"null")
                run = self.runs.setdefault(run_id, {})
                run.update({field[0]: value} if field else value)

    def tracer(self) -> LangChainTracer:
        """A tracer that posts here."""
        return LangChainTracer(client=self.client, project_name="tests")

    def told(self) -> list[dict[str, Any]]:
        """All runs, by when they began."""
        assert self.client is not None
        self.client.flush()
        with self._lock:
            return sorted(self.runs.values(), key=lambda run: run["dotted_order"])

    def forget(self) -> None:
        self.told()
        self.runs.clear()
        self.bodies.clear()


@contextmanager
def serve() -> Iterator[Sink]:
    """A sink that listens, and its client."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.take(self.headers["Content-Type"], body)
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    sink.client = Client(
        api_url=f"http://127.0.0.1:{server.server_port}",
        api_key="lsv2-not-a-key",
        info=LangSmithInfo(batch_ingest_config=INGEST),  # no compression, no question about it
    )
    try:
        yield sink
    finally:
        sink.client.flush()
        sink.client.cleanup()
        server.shutdown()
        server.server_close()
        thread.join()

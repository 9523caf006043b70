"""Liar: a server on a loopback port that answers in any cloud's name with what a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Heard(NamedTuple):
    """A request: where it went, and what it said."""

    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def wire(self) -> str:
        """In whose name it is to be answered."""
        by_place = {"/azure": "azure_openai", "/bedro": "aws_bedrock", "/verte": "gcp_vertex"}
        return by_place[self.path[:6]]

    def all(self) -> str:
        """Everything that it said, credentials first."""
        return f"{dict(self.headers)} {self.body}"


class Said(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


def refusal(
    heard: Heard, status: int, *, message: Any = "no", code: Any = "busy", **headers: str
) -> Said:
    """An error as this cloud words it; headers with `_` for `-`."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    if heard.wire == "azure_openai":
        told: Any = {"error": {"message": message, "code": code, "type": code}}
    elif heard.wire == "aws_bedrock":
        told = {"message": message, "code": code, "__type": code}
    else:
        told = {"error": {"message": message, "code": status, "status": code}}
    return Said(status, json.dumps(told).encode(), more)


class Liar:
    """A context manager; `says` decides what is answered, `heard` keeps what was asked."""

    def __init__(self) -> None:
        self.says: Callable[[Heard], Said] = lambda heard: refusal(heard, 503)
        self.heard: list[Heard] = []

    def forget(self) -> None:
        self.heard.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                heard = Heard(self.path, dict(self.headers), body)
                liar.heard.append(heard)
                said = liar.says(heard)
                self.send_response(said.status)
                for name, value in {"Content-Type": "application/json", **said.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, *_: Any) -> None:
                """Nothing on the terminal."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that leaves in the middle is what is tested."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

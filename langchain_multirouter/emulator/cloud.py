"""`Emulator`: three clouds on one loopback socket, broken and healed at will."""

import asyncio
import hashlib
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from langchain_multirouter.emulator import clients
from langchain_multirouter.emulator.ask import Ask, Found
from langchain_multirouter.emulator.faults import Fault, FaultKind, fault_of
from langchain_multirouter.emulator.log import WireEntry, WireLog
from langchain_multirouter.emulator.plan import plan, refused
from langchain_multirouter.emulator.prompt_caches import PromptCaches
from langchain_multirouter.emulator.routes import greeting, route
from langchain_multirouter.emulator.rules import broken_rule
from langchain_multirouter.emulator.server import Connection, Exchange, Request
from langchain_multirouter.emulator.steps import Plan
from langchain_multirouter.emulator.weather import FaultInForce, Latency, Weather, check_provider
from langchain_multirouter.emulator.wire import Addressed, Refusal, Wire

_LOG_ENTRIES = 10_000
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


class Emulator:
    """A server for the real provider classes that answers, or fails on command.

    The same request has the same answer, but for what `prompt_caches` have of it; `seed` governs
    what is drawn (jitter, probabilities).
    A port of 0 is any free one, and is kept when the emulator is stopped and started again.
    """

    def __init__(self, *, seed: int = 0, host: str = "127.0.0.1", port: int = 0) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be within 0 and 65535, not {port}")
        self._host, self._port = host, port
        self._weather = Weather(seed)
        self._log = WireLog(_LOG_ENTRIES)
        self.prompt_caches = PromptCaches()
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    # Running.

    def start(self) -> Self:
        """Binds the socket and serves from a daemon thread; nothing if it runs already."""
        if self._thread is not None:
            return self
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self._port), family=family, backlog=1024)
        self._port = listening.getsockname()[1]
        ready = threading.Event()

        def run() -> None:
            try:
                asyncio.run(self._serve(listening, ready))
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="emulator", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """Drops every connection and frees the port; clients are refused from now on."""
        if self._thread is not None:
            self._stop()
            self._thread.join()
            self._thread = None

    def serve_forever(self) -> None:
        """Serves in the foreground, until it is interrupted."""
        self.start()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass  # is how a foreground program is told to end
        finally:
            self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens; RuntimeError before it was ever started."""
        if self._port == 0:
            raise RuntimeError("the emulator has no address before it is started")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    # Breaking and healing.

    def break_(
        self,
        provider: str,
        fault: Fault | FaultKind | str,
        *,
        model: str | None = None,
        times: int | None = None,
        probability: float = 1.0,
    ) -> None:
        """Makes requests to a provider (or one `model`, or deployment name) fail.

        For the next `times` requests, or until healed; each with `probability`. Faults for a number
        of requests strike before others, in the order of these calls.

        Raises ValueError, naming the field, for a wrong one.
        """
        self._weather.add(FaultInForce(provider, fault_of(fault), model, times, probability))

    def heal(self, provider: str | None = None, *, model: str | None = None) -> None:
        """Ends the faults of a provider (or one of its models), or all."""
        if provider is not None:
            check_provider(provider)
        self._weather.heal(provider, model)

    def latency(
        self,
        provider: str,
        *,
        seconds: float = 0.0,
        per_chunk_seconds: float = 0.0,
        jitter: float = 0.0,
    ) -> None:
        """Simulated latency: median seconds before a reply and before each chunk.

        `jitter` is the sigma of a lognormal factor: 0.5 puts one answer in twenty at over 2.3 times
        the median. Zeros end it; `heal` does not.
        """
        check_provider(provider)
        self._weather.set_latency(provider, Latency(seconds, per_chunk_seconds, jitter))

    @property
    def faults(self) -> tuple[FaultInForce, ...]:
        """What is in force."""
        return self._weather.faults

    # The log.

    @property
    def log(self) -> tuple[WireEntry, ...]:
        """The last 10,000 requests in order of arrival."""
        return self._log.entries()

    def log_of(self, provider: str) -> tuple[WireEntry, ...]:
        """The requests that one provider was sent."""
        check_provider(provider)
        return tuple(entry for entry in self.log if entry.provider == provider)

    def clear_log(self) -> None:
        """Forgets all requests; their numbers go on."""
        self._log.clear()

    # Clients. Retries and timeouts are the caller's business and are not set.

    def azure_openai(self, deployment: str = "gpt-4o") -> dict[str, Any]:
        """Constructor keywords for `AzureChatOpenAI`."""
        return clients.azure_openai(self.url, deployment)

    def azure_openai_embeddings(self, deployment: str = "text-embedding-3-small") -> dict[str, Any]:
        """Constructor keywords for `AzureOpenAIEmbeddings`."""
        return clients.azure_openai_embeddings(self.url, deployment)

    def aws_bedrock(
        self, model: str = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    ) -> dict[str, Any]:
        """Constructor keywords for `ChatBedrockConverse`."""
        return clients.aws_bedrock(self.url, model)

    def aws_bedrock_embeddings(self, model: str = "amazon.titan-embed-text-v2:0") -> dict[str, Any]:
        """Constructor keywords for `BedrockEmbeddings`."""
        return clients.aws_bedrock_embeddings(self.url, model)

    def gcp_vertex(self, model: str = "gemini-2.5-flash") -> dict[str, Any]:
        """Constructor keywords for `ChatGoogleGenerativeAI`."""
        return clients.gcp_vertex(self.url, model)

    def gcp_vertex_embeddings(self, model: str = "text-embedding-005") -> dict[str, Any]:
        """Constructor keywords for `GoogleGenerativeAIEmbeddings`."""
        return clients.gcp_vertex(self.url, model)

    def chat_model(self, provider: str, model: str, **overrides: Any) -> Any:
        """The provider's real chat model class, pointed here."""
        check_provider(provider)
        return clients.build(self.url, provider, model, overrides)

    def embeddings(self, provider: str, model: str, **overrides: Any) -> Any:
        """The provider's real embeddings class, pointed here."""
        check_provider(provider)
        return clients.build_embeddings(self.url, provider, model, overrides)

    # Serving.

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()

        def stop() -> None:
            loop.call_soon_threadsafe(stopped.set)

        self._stop = stop
        connections: set[Connection] = set()
        server = await loop.create_server(
            lambda: Connection(self._answer, connections), sock=listening, backlog=1024
        )
        ready.set()
        await stopped.wait()
        server.close()
        for connection in list(connections):
            connection.abort()
        await asyncio.sleep(0)

    def _answer(self, request: Request) -> Exchange:
        started = time.monotonic()
        wire, addressed = route(request.target)
        if request.method == "GET" and request.target == "/":
            return Exchange(greeting(), lambda completed, client_closed: None)
        if addressed is None or request.method != "POST":
            reason = f"{request.method} {request.target} is nothing the emulator serves."
            return Exchange(refused(wire, Refusal(404, message=reason)), lambda done, gone: None)
        body, ask, fault = dict[str, Any](), None, None
        try:
            body = _parsed(request.body)
            if refusal := broken_rule(wire.provider, addressed, body):
                return self._logged(wire, addressed, refused(wire, refusal), started, body)
            addressed_body = addressed.model.encode() + b"\0" + request.body
            read = wire.read(addressed, body, hashlib.sha256(addressed_body).hexdigest())
            ask = self.prompt_caches.asked(wire.provider, read)
            fault = self._weather.strike(wire.provider, (ask.model, ask.answers_as))
            planned = plan(wire, ask, fault, self._weather.delays(wire.provider))
            if planned.whole:
                self.prompt_caches.keep(wire.provider, ask)
        except _UNREADABLE as error:
            reason = f"The request cannot be read: {type(error).__name__} {error}"
            planned = refused(wire, Refusal(400, message=reason))
        return self._logged(wire, addressed, planned, started, body, ask=ask, fault=fault)

    def _logged(
        self,
        wire: Wire,
        addressed: Addressed,
        planned: Plan,
        started: float,
        body: dict[str, Any],
        *,
        ask: Ask | None = None,
        fault: Fault | None = None,
    ) -> Exchange:
        number = next(self._numbers)
        self._log.add(
            WireEntry(
                number=number,
                provider=wire.provider,
                model=ask.model if ask else addressed.model or str(body.get("model") or ""),
                operation=ask.operation if ask else addressed.operation,
                started=started,
                status=planned.status,
                fault=fault.kind if fault else None,
                body=body,
            )
        )

        def settle(completed: bool, client_closed: bool) -> None:
            found = ask.found.within(planned.input_tokens) if completed and ask else Found()
            self._log.settle(
                number,
                ended=time.monotonic(),
                completed=completed,
                client_closed=client_closed,
                input_tokens=planned.input_tokens if completed else 0,
                output_tokens=planned.output_tokens if completed else 0,
                cached_tokens=found.read_tokens,
                written_tokens=found.written_tokens,
            )

        return Exchange(planned, settle)


def _parsed(data: bytes) -> dict[str, Any]:
    body = json.loads(data)
    if not isinstance(body, dict):
        raise TypeError("the body is not a JSON object")
    return body

"""HTTP/1.1 over asyncio sockets with h11: close enough to the socket to break it on purpose."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import h11

from langchain_multirouter.emulator.steps import (
    Close,
    End,
    Hang,
    Head,
    Plan,
    Raw,
    Repeat,
    Reset,
    Send,
    Step,
    Wait,
)

_LARGEST_BODY_BYTES = 64 * 1024 * 1024
_LARGEST_HEAD_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, whole."""

    method: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """A plan and whom to tell how it ended: (whole answer written, client went away)."""

    plan: Plan
    settle: Callable[[bool, bool], None]


class Connection(asyncio.Protocol):
    """One client's connection: requests in, steps out, one at a time."""

    def __init__(self, answer: Callable[[Request], Exchange], open_: set["Connection"]) -> None:
        self._answer = answer
        self._open = open_
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD_BYTES)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._unsent = b""
        self._ahead_bytes = 0  # sent by the client while it is being answered
        self._task: asyncio.Task[None] | None = None
        self._client_gone = False
        self._writable = asyncio.Event()
        self._writable.set()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)
        sock = transport.get_extra_info("socket")
        # asyncio does this only for sockets made with an explicit protocol number.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        if self._task is None:
            self._read()
            return
        self._ahead_bytes += len(data)
        if self._ahead_bytes > _LARGEST_BODY_BYTES:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._writable.set()
        if self._task is not None:
            self._client_gone = True
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def abort(self) -> None:
        """Ends the connection because the server stops."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    # Requests in.

    def _read(self) -> None:
        try:
            while self._task is None:
                match self._http.next_event():
                    case h11.Request() as head:
                        self._head, self._body = head, bytearray()
                        self._invite()
                    case h11.Data(data=data):
                        self._body += data
                        if len(self._body) > _LARGEST_BODY_BYTES:
                            self._reject(413)
                            return
                    case h11.EndOfMessage():
                        self._begin()
                    case _:
                        return
        except h11.RemoteProtocolError as error:
            self._reject(error.error_status_hint)

    def _invite(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._transport.write(self._http.send(go_on) or b"")

    def _reject(self, status: int) -> None:
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers = [("content-length", "0"), ("connection", "close")]
            head = h11.Response(status_code=status, headers=headers)
            self._transport.write(self._http.send(head) or b"")
        self._transport.close()

    def _begin(self) -> None:
        head = self._head
        if head is None:
            return
        request = Request(head.method.decode(), head.target.decode("latin-1"), bytes(self._body))
        self._body = bytearray()
        exchange = self._answer(request)
        self._task = asyncio.get_running_loop().create_task(self._perform(exchange))

    # Steps out.

    async def _perform(self, exchange: Exchange) -> None:
        settled, steps = False, exchange.plan.steps
        try:
            for place, step in enumerate(steps):
                if not settled and _is_last(steps[place : place + 2]):
                    # Before the last bytes: who has read the answer finds it in the log.
                    exchange.settle(exchange.plan.whole, False)
                    settled = True
                await self._take(step)
        except asyncio.CancelledError:
            pass  # by connection_lost or abort, which are the only ones to hold this task
        finally:
            if not settled:
                exchange.settle(False, self._client_gone)
            self._task = None
        self._next()

    async def _take(self, step: Step) -> None:
        match step:
            case Head():
                self._unsent = self._encoded(
                    h11.Response(status_code=step.status, headers=list(step.headers))
                )
            case Send():
                self._write(self._encoded(h11.Data(data=step.data)))
                await self._writable.wait()
                await asyncio.sleep(0)
            case End():
                self._write(self._encoded(h11.EndOfMessage()))
            case Wait():
                self._write(b"")
                await asyncio.sleep(step.seconds)
            case Hang():
                self._write(b"")
                await asyncio.get_running_loop().create_future()
            case Repeat():
                while True:
                    self._write(self._encoded(h11.Data(data=step.data)))
                    await self._writable.wait()
                    await asyncio.sleep(step.every_seconds)
            case Raw():
                self._write(step.data)
            case Close():
                self._write(b"")
                self._transport.close()
            case Reset():
                self._reset()

    def _encoded(self, event: h11.Response | h11.Data | h11.EndOfMessage) -> bytes:
        return self._http.send(event) or b""

    def _write(self, data: bytes) -> None:
        """Writes what is pending and `data`; a plain answer is one packet that way."""
        if self._unsent or data:
            self._transport.write(self._unsent + data)
        self._unsent = b""

    def _reset(self) -> None:
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def _next(self) -> None:
        if self._transport.is_closing():
            return
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._ahead_bytes = 0
            self._read()
        else:
            self._transport.close()


def _is_last(steps: tuple[Step, ...]) -> bool:
    """Whether the first step, or the body's end right after it, is the last of an exchange."""
    match steps:
        case (End() | Close() | Reset(), *_) | (Send(), End() | Close()):
            return True
        case _:
            return False

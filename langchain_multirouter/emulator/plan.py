"""Every fault in one place: an ask and a fault give the steps that the socket takes.

A fault changes what the model says, or what the service replies, or how the reply is delivered.
One table for each; the providers know nothing of faults.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from langchain_multirouter.emulator.answers import respond, tokens_in
from langchain_multirouter.emulator.ask import Answer, Ask, Finish
from langchain_multirouter.emulator.embeddings import embed
from langchain_multirouter.emulator.faults import Fault, FaultKind
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
from langchain_multirouter.emulator.wire import JSON, Frame, Refusal, Reply, Wire, json_reply

_PAGE = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"
_ERROR = {"error": {"code": 500, "status": "INTERNAL", "message": "Something went wrong."}}
_NOT_HTTP = b"\x16\x03\x01\x00\x02\x02\x28 this is not HTTP\r\n\r\n"
_BUSIEST_SECONDS = 0.001
# Long enough for a client to take what was sent: a reset makes some systems drop what is unread.
_BEFORE_RESET_SECONDS = 0.03


def plan(wire: Wire, ask: Ask, fault: Fault | None, delays: Iterator[float]) -> Plan:
    """The steps for one request; `delays` are seconds: before the reply, then before each chunk."""
    answer = embed(ask) if ask.operation == "embed" else respond(ask)
    if fault is None:
        reply = wire.write(ask, answer)
        return _planned(_deliver(reply, delays), answer, whole=True)
    answer = _SAID.get(fault.kind, _unchanged)(answer)
    reply = _replied(wire, ask, answer, fault)
    steps = _DELIVERED.get(fault.kind, _as_ever)(wire, reply, fault, delays)
    return _planned(steps, answer, whole=reply.status < 400 and fault.kind in _HARMLESS)


def refused(wire: Wire, refusal: Refusal) -> Plan:
    """The steps for a request that makes no sense to the service."""
    return _planned(_deliver(wire.refuse(refusal), iter(())), Answer(), whole=False)


def _planned(steps: list[Step], answer: Answer, *, whole: bool) -> Plan:
    status = next((step.status for step in steps if isinstance(step, Head)), None)
    if not whole:
        return Plan(tuple(steps), status, whole)
    return Plan(tuple(steps), status, whole, answer.input_tokens, answer.output_tokens)


# What the model says.


def _unchanged(answer: Answer) -> Answer:
    return answer


def _silenced(finish: Finish) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        return replace(_withheld(finish)(answer), vectors=())

    return change


def _withheld(finish: Finish) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        nothing = replace(answer, reasoning="", text="", calls=(), finish=finish)
        return replace(nothing, output_tokens=0, reasoning_tokens=0)

    return change


def _halved(answer: Answer) -> Answer:
    half = answer.text[: len(answer.text) // 2]
    spent = answer.reasoning_tokens + max(1, tokens_in(half))
    return replace(answer, text=half, calls=(), finish=Finish.LENGTH, output_tokens=spent)


def _unfinished(answer: Answer) -> Answer:
    return replace(answer, finish=Finish.UNSAID)


_SAID: dict[FaultKind, Callable[[Answer], Answer]] = {
    FaultKind.EMPTY_ANSWER: _silenced(Finish.STOP),
    FaultKind.EMPTY_CHOICES: _silenced(Finish.NOTHING),
    FaultKind.NO_FINISH: _unfinished,
    FaultKind.TRUNCATED: _halved,
    FaultKind.BLOCKED_PROMPT: _withheld(Finish.BLOCKED),
    FaultKind.BLOCKED_ANSWER: _withheld(Finish.FILTERED),
    FaultKind.MALFORMED_TOOL_CALL: _withheld(Finish.MALFORMED_TOOL_CALL),
}
# Kinds after which a model's answer has been written in full, for better or worse.
_HARMLESS = {*_SAID, FaultKind.SLOW, FaultKind.SLOW_FIRST_TOKEN, FaultKind.DRIP}


# What the service replies.


def _replied(wire: Wire, ask: Ask, answer: Answer, fault: Fault) -> Reply:
    refusal = Refusal(fault.error_status, fault.code, None, fault.retry_after_seconds)
    match fault.kind:
        case FaultKind.STATUS:
            return _refusal(wire, refusal)
        case FaultKind.ERROR_EVENT if ask.operation != "stream":
            return wire.refuse(replace(refusal, code=None))
        case FaultKind.EMPTY_BODY_STATUS:
            return replace(wire.refuse(refusal), frames=())
        case FaultKind.CONTEXT_OVERFLOW:
            return wire.refuse(wire.overflow)
        case FaultKind.BLOCKED_PROMPT if wire.blocked_prompt is not None:
            return wire.refuse(wire.blocked_prompt)
        case FaultKind.HTML:
            return _page(200, b"Welcome")
        case FaultKind.EMPTY_BODY:
            return Reply(200, JSON, ())
        case FaultKind.EMPTY_JSON:
            return json_reply({})
        case FaultKind.ERROR_JSON:
            return json_reply(_ERROR)
        case _:
            return wire.write(ask, answer)


def _refusal(wire: Wire, refusal: Refusal) -> Reply:
    """The provider's error; a bad gateway is a proxy's page, not the provider's."""
    if refusal.status == 502 and refusal.code is None:
        return _page(502, b"502 Bad Gateway")
    if wire.blocked_prompt is not None and refusal.code == wire.blocked_prompt.code:
        return wire.refuse(wire.blocked_prompt)
    if refusal.code == wire.overflow.code and refusal.code == "context_length_exceeded":
        return wire.refuse(wire.overflow)
    return wire.refuse(refusal)


def _page(status: int, title: bytes) -> Reply:
    return Reply(status, "text/html", (Frame(_PAGE % (title, title)),))


# How the reply is delivered.


def _head(reply: Reply, *, length: int | None = None, chunked: bool = False) -> Head:
    headers = [("content-type", reply.content_type), *reply.headers]
    if length is not None:
        headers.append(("content-length", str(length)))
    elif not reply.streamed and not chunked:
        headers.append(("content-length", str(len(reply.data))))
    return Head(reply.status, tuple(headers))


def _wait(seconds: float) -> list[Step]:
    return [Wait(seconds)] if seconds > 0 else []


def _paced(frames: tuple[Frame, ...], delays: Iterator[float]) -> list[Step]:
    steps: list[Step] = []
    for frame in frames:
        if frame.content:
            steps += _wait(next(delays, 0.0))
        steps.append(Send(frame.data))
    return steps


def _deliver(reply: Reply, delays: Iterator[float]) -> list[Step]:
    before = _wait(next(delays, 0.0))
    if not reply.streamed:
        return [*before, _head(reply), Send(reply.data), End()]
    return [*before, _head(reply), *_paced(reply.frames, delays), End()]


def _as_ever(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    return _deliver(reply, delays)


def _only(*steps: Step) -> "_Delivery":
    def deliver(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
        return list(steps)

    return deliver


def _slow(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    return [*_wait(fault.seconds), *_deliver(reply, delays)]


def _slow_start(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    if not reply.streamed:
        return _slow(wire, reply, fault, delays)
    before = _wait(next(delays, 0.0))
    paced = _paced(reply.frames, delays)
    return [*before, _head(reply), *_wait(fault.seconds), *paced, End()]


def _drip(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    data = reply.data
    drops = [f.data for f in reply.frames] if reply.streamed else [bytes([b]) for b in data]
    steps: list[Step] = [_head(reply)]
    for drop in drops:
        steps += [*_wait(fault.seconds), Send(drop)]
    return [*steps, End()]


def _keepalive(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    head, pause = _head(reply, chunked=True), max(fault.seconds, _BUSIEST_SECONDS)
    if reply.streamed and wire.comment is None:
        return [head, Hang()]
    return [head, Repeat(wire.comment if reply.streamed and wire.comment else b" ", pause)]


def _cut(*ending: Step) -> "_Delivery":
    """The beginning of the reply, then `ending`; a body that ends properly has its own length."""

    def deliver(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
        before = _wait(next(delays, 0.0))
        if reply.streamed:
            kept = _beginning(reply.frames, fault.chunks)
            return [*before, _head(reply), *_paced(kept, delays), *ending]
        half = reply.data[: len(reply.data) // 2]
        length = len(half) if End() in ending else len(reply.data)
        return [*before, _head(reply, length=length), Send(half), *ending]

    return deliver


def _malformed(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    kept = _beginning(reply.frames, fault.chunks) if reply.streamed and fault.chunks else ()
    return _deliver(replace(reply, frames=(*kept, wire.garble(reply))), delays)


def _error_event(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    if not reply.streamed:
        return _deliver(reply, delays)
    error = wire.refuse_midstream(Refusal(fault.error_status, fault.code))
    frames = (*_beginning(reply.frames, fault.chunks), error)
    return _deliver(replace(reply, frames=frames), delays)


def _short(wire: Wire, reply: Reply, fault: Fault, delays: Iterator[float]) -> list[Step]:
    data = reply.data
    before = _wait(next(delays, 0.0))
    return [*before, _head(reply, length=len(data)), Send(data[: len(data) // 2]), Close()]


def _beginning(frames: tuple[Frame, ...], chunks: int) -> tuple[Frame, ...]:
    """What precedes chunk number `chunks`, and never the end of the answer."""
    places = [index for index, frame in enumerate(frames) if frame.content]
    if chunks < len(places):
        return frames[: places[chunks]]
    return frames[: places[-1] + 1] if places else ()


_Delivery = Callable[[Wire, Reply, Fault, Iterator[float]], list[Step]]
_DELIVERED: dict[FaultKind, _Delivery] = {
    FaultKind.RESET: _only(Reset()),
    FaultKind.CLOSE: _only(Close()),
    FaultKind.SILENCE: _only(Hang()),
    FaultKind.GARBAGE: _only(Raw(_NOT_HTTP), Close()),
    FaultKind.SLOW: _slow,
    FaultKind.SLOW_FIRST_TOKEN: _slow_start,
    FaultKind.DRIP: _drip,
    FaultKind.KEEPALIVE: _keepalive,
    FaultKind.RESET_MIDSTREAM: _cut(Wait(_BEFORE_RESET_SECONDS), Reset()),
    FaultKind.FIN_MIDSTREAM: _cut(Close()),
    FaultKind.CLEAN_EOF_MIDSTREAM: _cut(End()),
    FaultKind.SILENCE_MIDSTREAM: _cut(Hang()),
    FaultKind.MALFORMED: _malformed,
    FaultKind.ERROR_EVENT: _error_event,
    FaultKind.SHORT_BODY: _short,
}

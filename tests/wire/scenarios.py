"""The sixteen published failover scenarios (Failover Bench, methodology 0.1), as a table.

Two deployments, a *primary* that misbehaves and a healthy *fallback*, one prompt, one canonical
answer of sixty words. A scenario is judged from two sides: what the caller got, and what the
primary's wire log saw. Times are the published ones, divided by thirty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from langchain_core.exceptions import ModelError

from langchain_multirouter import StreamInterruptedError
from langchain_multirouter.emulator import Fault, FaultKind
from langchain_multirouter.emulator.log import WireEntry

SCALE = 1 / 30
CANONICAL = " ".join(f"word{number}" for number in range(1, 61))
PROMPT = f"Recite: {CANONICAL}"
#: The answer's pieces on the wire are a few characters each: so many make forty and twenty words.
FORTY_WORDS, TWENTY_WORDS = 20, 10


class Seen(NamedTuple):
    """One call from the caller's side, and how long it took."""

    answer: Any
    error: BaseException | None
    started: float
    seconds: float


class Observed(NamedTuple):
    """One cell: its calls, what the two deployments were sent, when the primary was healed, and one
    more call after all that."""

    calls: Sequence[Seen]
    primary: Sequence[WireEntry]
    fallback: Sequence[WireEntry]
    fallback_model: str
    healed: float | None
    after: Seen

    @property
    def last(self) -> Seen:
        return self.calls[-1]

    @property
    def whole(self) -> bool:
        """Every caller has exactly the canonical answer."""
        return all(c.error is None and c.answer.text == CANONICAL for c in self.calls)

    def primary_within(self, seconds: float) -> int:
        """Requests at the primary in the first seconds of the first call."""
        return sum(e.started - self.calls[0].started <= seconds for e in self.primary)


Check = Callable[[Observed], str | None]


class Scenario(NamedTuple):
    """One row: what is wrong at the primary, and what is required and advised."""

    title: str
    fault: Fault
    required: Sequence[Check]
    advisory: Sequence[Check] = ()
    times: int | None = None  # requests that the fault strikes; None: until healed
    whole_means: str = "the whole answer from elsewhere"
    stream_means: str = "the same, before the first token"
    refuses_prefill: bool = False
    requests: int = 1
    outage_seconds: float | None = None


# Checks: None, or what is wrong.


def answered(seen: Observed) -> str | None:
    if seen.whole:
        return None
    call = next(c for c in seen.calls if c.error is not None or c.answer.text != CANONICAL)
    return f"not the whole answer: {call.error or call.answer.text[:60]!r}"


def honest(seen: Observed) -> str | None:
    """A truncated answer is never a success: the whole of it, or one clear error."""
    for call in seen.calls:
        if call.error is None and call.answer.text != CANONICAL:
            return f"a truncated answer as a success: {call.answer.text[-40:]!r}"
        if call.error is not None and not clean(call.error):
            return f"not a clean error: {type(call.error).__name__}"
    return None


def clean(error: BaseException) -> bool:
    return isinstance(error, ModelError) and error.is_retryable is False


def usable_afterwards(seen: Observed) -> str | None:
    """Whatever happened, a healthy call works afterwards."""
    after = seen.after
    if after.error is None and after.answer.text == CANONICAL:
        return None
    return f"a healthy call afterwards gives {after.error or after.answer.text[:60]!r}"


def within(seconds: float) -> Check:
    def check(seen: Observed) -> str | None:
        slowest = max(call.seconds for call in seen.calls)
        return None if slowest <= seconds else f"took {slowest:.2f} s, {seconds:.2f} allowed"

    return check


def primary_at_most(count: int, *, in_seconds: float = 1e9) -> Check:
    def check(seen: Observed) -> str | None:
        made = seen.primary_within(in_seconds)
        return None if made <= count else f"{made} primary attempts, {count} allowed"

    return check


def primary_exactly(count: int) -> Check:
    def check(seen: Observed) -> str | None:
        return None if len(seen.primary) == count else f"{len(seen.primary)} primary attempts"

    return check


def waited_for_hint(seen: Observed) -> str | None:
    """The header: no second request at the primary before its time."""
    early = [
        after.started - before.started
        for before, after in zip(seen.primary, seen.primary[1:], strict=False)
        if after.started - before.started < 0.9
    ]
    return f"asked again after {early[0]:.2f} s" if early else None


def retried_there(seen: Observed) -> str | None:
    return None if len(seen.primary) == 2 else "no retry on the same deployment"


def usage_told(seen: Observed) -> str | None:
    usage = seen.last.answer.usage_metadata if seen.last.answer is not None else None
    return None if usage and usage["output_tokens"] else "no usage"


def fallbacks_own(seen: Observed) -> str | None:
    """The caller sees who really answered; failed attempts are no completions."""
    metadata = seen.last.answer.response_metadata if seen.last.answer is not None else {}
    named = str(metadata.get("model_name", ""))
    return None if seen.fallback_model in named else f"the model is told as {named!r}"


def bounded_overflow(seen: Observed) -> str | None:
    """Answered by a larger window, or the provider's own overflow as one error."""
    error = seen.last.error
    if error is None:
        return answered(seen)
    return None if clean(error) and "context" in str(error) else f"raised {error!r}"[:120]


def rejection_passed_on(seen: Observed) -> str | None:
    """The provider's reason reaches the caller, and nobody went around the rejection."""
    if seen.fallback:
        return "went around the rejection"
    error, answer = seen.last.error, seen.last.answer
    if error is not None:
        return None if clean(error) else f"not a clean error: {type(error).__name__}"
    reason = str(answer.response_metadata.get("stopReason") or answer.response_metadata)
    return None if "guardrail" in reason else "the rejection's reason is lost"


def no_prefill_error(seen: Observed) -> str | None:
    text = str(seen.last.error or "")
    return "the fallback's prefill error is shown" if "prefill" in text.casefold() else None


def back_in_time(seen: Observed) -> str | None:
    assert seen.healed is not None
    after = [e.started - seen.healed for e in seen.primary if e.started > seen.healed]
    if after and min(after) <= 30 * SCALE:
        return None
    return "the primary is not used again within 30 s of its recovery"


def few_while_down(seen: Observed) -> str | None:
    assert seen.healed is not None
    down = sum(entry.started <= seen.healed for entry in seen.primary)
    asked = sum(call.started <= seen.healed for call in seen.calls)
    return None if down <= asked else f"{down} primary attempts in {asked} requests"


def interrupted_or_whole(seen: Observed) -> str | None:
    """In streams, a break after the first token is mended, or told with the exact partial."""
    error = seen.last.error
    if isinstance(error, StreamInterruptedError):
        partial = "" if error.partial is None else error.partial.text
        return None if CANONICAL.startswith(partial) else "the partial is not exact"
    return honest(seen)


_STATUS = FaultKind.STATUS
_BUDGET_SECONDS = 90 * SCALE + 2.0  # 30 s for each of three tries, and what a busy machine adds
_MENDED = "another deployment carries on; the text is whole, without a seam"

SCENARIOS: dict[str, Scenario] = {
    "S01": Scenario(
        "429 with Retry-After, once",
        Fault(_STATUS, status=429, retry_after_seconds=1.0),
        (answered, primary_at_most(2, in_seconds=1.5 * SCALE)),
        (waited_for_hint,),
        times=1,
    ),
    "S02": Scenario(
        "429 always, no Retry-After",
        Fault(_STATUS, status=429),
        (answered, primary_at_most(4, in_seconds=3 * SCALE), primary_at_most(6)),
    ),
    "S03": Scenario("500 once", Fault(_STATUS, status=500), (answered,), (retried_there,), times=1),
    "S04": Scenario("503 always", Fault(_STATUS, status=503), (answered, primary_at_most(6))),
    "S05": Scenario("reset before any byte, once", Fault(FaultKind.RESET), (answered,), times=1),
    "S06": Scenario(
        "accepts, never answers",
        Fault(FaultKind.SILENCE),
        (answered, within(_BUDGET_SECONDS)),
        (primary_exactly(1),),
    ),
    "S07": Scenario(
        "first token after 20 s",
        Fault(FaultKind.SLOW_FIRST_TOKEN, seconds=20 * SCALE),
        (answered,),
        (within(15 * SCALE + 0.75),),
        whole_means="answered within the request's limit; no token is awaited",
        stream_means="a first-token limit falls back",
    ),
    "S08": Scenario(
        "cut after 40 of 60 words",
        Fault(FaultKind.CLEAN_EOF_MIDSTREAM, after_chunks=FORTY_WORDS),
        (honest, interrupted_or_whole),
        (answered,),
        stream_means=_MENDED,
    ),
    "S09": Scenario(
        "silence after 20 words",
        Fault(FaultKind.SILENCE_MIDSTREAM, after_chunks=TWENTY_WORDS),
        (honest, interrupted_or_whole, within(_BUDGET_SECONDS)),
        (answered,),
        stream_means=_MENDED,
    ),
    "S10": Scenario(
        "one malformed event",
        Fault(FaultKind.MALFORMED, after_chunks=TWENTY_WORDS),
        (honest, interrupted_or_whole),
        (answered,),
        stream_means=_MENDED,
    ),
    "S11": Scenario(
        "complete, without its end",
        Fault(FaultKind.NO_END),
        (answered, within(8 * SCALE + 0.75)),
        (usage_told, primary_exactly(1)),
        whole_means="answered; a whole body has its length",
        stream_means="complete once the finish reason is there",
    ),
    "S12": Scenario(
        "400 context length exceeded",
        Fault(FaultKind.CONTEXT_OVERFLOW),
        (bounded_overflow, primary_exactly(1)),
        whole_means="a larger window answers, or the overflow is raised",
        stream_means="the same",
    ),
    "S13": Scenario(
        "content filter",
        Fault(FaultKind.BLOCKED_PROMPT),
        (rejection_passed_on, primary_exactly(1)),
        whole_means="the rejection is passed on, nobody else is asked",
        stream_means="the same",
    ),
    "S14": Scenario(
        "as S08; the fallback takes no prefill",
        Fault(FaultKind.CLEAN_EOF_MIDSTREAM, after_chunks=FORTY_WORDS),
        (honest, no_prefill_error, interrupted_or_whole),
        (answered,),
        stream_means=_MENDED,
        refuses_prefill=True,
    ),
    "S15": Scenario(
        "503 for 60 s, then fine",
        Fault(_STATUS, status=503),
        (answered, back_in_time),
        (few_while_down,),
        whole_means="served from the fallback meanwhile; probed; back",
        stream_means="the same",
        requests=20,
        outage_seconds=36 * SCALE,
    ),
    "S16": Scenario(
        "503 always; who answered",
        Fault(_STATUS, status=503),
        (answered, fallbacks_own, primary_at_most(6)),
        (usage_told,),
    ),
}

"""Stats: what is kept of one deployment, as a value; `started` is always the sum of four counts.

Averages are exponential, 0.9 old and 0.1 new, the first sample as it is. Decisions use the success
rate over a decayed window: after 100,000 good calls a lifetime's rate takes hundreds of failures to
move. Times are those of successes, so that failing fast never looks fast.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..economics.lengths import Length, lengthened
from ..economics.spent import NOTHING_SPENT, Spent
from ..values import new
from .peak import PEAK_SECONDS, expected, heard

#: How much of an average is the latest sample.
NEWEST_SHARE = 0.1
_OLDER_SHARE = 1.0 - NEWEST_SHARE
KEPT_TIMES = 100
KEPT_ERRORS = 10
#: Time constant of the window: an attempt this old counts 1/e.
WINDOW_SECONDS = 120.0
#: So many tokens, of each estimated one is one, are added to both sides of what is learned of the
#: estimates: every service adds some tokens of its own, which say nothing of longer requests.
PRIOR_TOKENS = 1_000
#: How far an estimate can be off: o200k has 3.3 × as many tokens for Chinese (`economics.tokens`).
LARGEST_INPUT_RATIO = 4.0
#: The window begins with this much success: nobody is damned by one failure, and a deployment that
#: is not asked any more drifts back to 1.
PRIOR_SUCCESSES = 1.0
#: `e^(−Δt/120)` to this power is `e^(−Δt/10)`, at half the cost of another exponential.
_FADES = WINDOW_SECONDS / PEAK_SECONDS

_packed = struct.Struct("d").pack
_KEPT_BYTES = 8 * (KEPT_TIMES - 1)


class ErrorNote(NamedTuple):
    """One failure as it is kept: cause, the provider's code, and when; never a text."""

    cause: str
    code: str | None
    at: float  # the monotonic clock's seconds


class Measured(NamedTuple):
    """What attempts that ended have shown."""

    average_seconds: float | None = None
    first_token_seconds: float | None = None  # average time to the first token of streams
    packed_times: bytes = b""  # see `times`
    errors: tuple[ErrorNote, ...] = ()  # the last 10
    total: float = 0.0  # attempts in the decayed window
    good: float = 0.0  # successes in it
    at: float = 0.0  # when the window was last decayed
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0  # of all that was counted and whose price is known
    unpriced: int = 0  # answers whose price or usage is not
    input_ratio: float | None = None  # average of input tokens as counted / as estimated
    peak_seconds: float = 0.0  # see `peak`, as of `at`
    peak_first_token_seconds: float = 0.0
    packed_first_token_times: bytes = b""
    estimated_usd: float = 0.0  # what was not counted and may be billed, as it is guessed
    lengths: Mapping[str, Length] = {}  # task → its answers' mean length; replaced, never changed

    @property
    def times(self) -> tuple[float, ...]:
        """The last 100 response times, in seconds, the latest last.

        Kept as packed doubles: every success makes the next value, and copying 800 bytes costs a
        fraction of copying a hundred references.
        """
        return tuple(memoryview(self.packed_times).cast("d"))

    @property
    def first_token_times(self) -> tuple[float, ...]:
        """The last 100 times to the first token of streams, in seconds, the latest last."""
        return tuple(memoryview(self.packed_first_token_times).cast("d"))


class Sample(NamedTuple):
    """One success: seconds, tokens and USD; None where they are not known, or say nothing."""

    seconds: float | None
    first_token_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    estimated_input_tokens: int | None = None
    task: str | None = None  # what was asked for, if the answer's length says anything of others

    @property
    def tokens(self) -> int | None:
        """All that were counted."""
        made = self.output_tokens
        return None if made is None else made + (self.input_tokens or 0)


class Stats(NamedTuple):
    """Attempts at one deployment since the router was made."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    pending: int = 0
    causes: Mapping[str, int] = {}  # cause → failures; replaced, never changed
    measured: Measured = Measured()
    begun_at: float = 0.0  # the sum of the times at which the pending attempts began

    @property
    def started(self) -> int:
        """All attempts ever begun."""
        return self.succeeded + self.failed + self.cancelled + self.pending

    @property
    def success_rate(self) -> float:
        """Of all attempts that succeeded or failed, ever; 1.0 before any. Shown, not used."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else 1.0

    def recent_success_rate(self, now: float) -> float:
        """`(good + 1) / (all + 1)` over the decayed window: what decisions use."""
        measured = self.measured
        if measured.good == measured.total:
            return 1.0  # however long ago
        total, good = _decayed(measured, now)
        return (good + PRIOR_SUCCESSES) / (total + PRIOR_SUCCESSES)

    def expected_seconds(self, now: float, *, streamed: bool) -> float | None:
        """What an answer, or a stream's first token, may take now; None before there was one.

        At least as long as the pending attempts have waited on average: a stall shows before
        anything has ended.
        """
        measured = self.measured
        usual, peak = measured.average_seconds, measured.peak_seconds
        if streamed and measured.first_token_seconds is not None:
            usual, peak = measured.first_token_seconds, measured.peak_first_token_seconds
        if usual is None:
            return None
        seconds = expected(usual, peak, now - measured.at)
        return max(seconds, now - self.begun_at / self.pending) if self.pending else seconds

    def public(self) -> dict[str, Any]:
        """The counts, for people and programs."""
        return {
            "started": self.started,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "pending": self.pending,
            "causes": dict(self.causes),
            "cost_usd": self.measured.cost_usd,
            "estimated_usd": self.measured.estimated_usd,
        }


def begun(stats: Stats, now: float) -> Stats:
    """An attempt began."""
    succeeded, failed, cancelled, pending, causes, measured, begun_at = stats
    return new(Stats, (succeeded, failed, cancelled, pending + 1, causes, measured, begun_at + now))


def success(stats: Stats, sample: Sample, now: float, *, began: float) -> Stats:
    """A pending attempt succeeded."""
    succeeded, failed, cancelled, pending, causes, before, begun_at = stats
    (
        mean, first, times, errors, total, good, at, tokens_in, tokens_out, usd, unpriced,
        ratio, peak, first_peak, first_times, guessed, lengths,
    ) = before  # fmt: skip
    seconds, first_token_seconds, input_tokens, output_tokens, cost, estimated, task = sample
    keep = math.exp((at - now) / WINDOW_SECONDS) if now > at else 1.0
    if seconds is not None:
        mean = seconds if mean is None else _OLDER_SHARE * mean + NEWEST_SHARE * seconds
        times = times[-_KEPT_BYTES:] + _packed(seconds)
        peak = heard(peak, seconds, keep**_FADES)
    if first_token_seconds is not None:
        first = average(first, first_token_seconds)
        first_times = first_times[-_KEPT_BYTES:] + _packed(first_token_seconds)
        first_peak = heard(first_peak, first_token_seconds, keep**_FADES)
    if estimated and input_tokens:
        ratio = average(ratio, _input_ratio(input_tokens, estimated))
    if task is not None and output_tokens is not None:
        lengths = {**lengths, task: lengthened(lengths.get(task), output_tokens)}
    values = (
        mean, first, times, errors, total * keep + 1.0, good * keep + 1.0, now,
        tokens_in + (input_tokens or 0), tokens_out + (output_tokens or 0),
        usd + (cost or 0.0), unpriced + (cost is None),
        ratio, peak, first_peak, first_times, guessed, lengths,
    )  # fmt: skip
    measured = new(Measured, values)
    counts = (succeeded + 1, failed, cancelled, pending - 1, causes, measured)
    return new(Stats, (*counts, begun_at - began if pending > 1 else 0.0))


def _input_ratio(counted: int, estimated: int) -> float:
    ratio = (counted + PRIOR_TOKENS) / (estimated + PRIOR_TOKENS)
    if ratio > LARGEST_INPUT_RATIO:
        return LARGEST_INPUT_RATIO
    return ratio if ratio > 1.0 / LARGEST_INPUT_RATIO else 1.0 / LARGEST_INPUT_RATIO


def failure(
    stats: Stats,
    cause: str,
    code: str | None,
    now: float,
    *,
    began: float,
    spent: Spent = NOTHING_SPENT,
) -> Stats:
    """A pending attempt failed; a time it took may look slow, and never fast."""
    before = _charged(_witnessed(stats.measured, now, now - began), spent)
    errors = (*before.errors[1 - KEPT_ERRORS :], ErrorNote(cause, code, now))
    return _one_less(stats, began)._replace(
        failed=stats.failed + 1,
        causes={**stats.causes, cause: stats.causes.get(cause, 0) + 1},
        measured=before._replace(errors=errors, total=before.total + 1.0),
    )


def cancellation(stats: Stats, now: float, *, began: float, spent: Spent = NOTHING_SPENT) -> Stats:
    """A pending attempt was left without an outcome of its own; it would have taken longer."""
    return _one_less(stats, began)._replace(
        cancelled=stats.cancelled + 1,
        measured=_charged(_witnessed(stats.measured, now, now - began), spent),
    )


def _charged(measured: Measured, spent: Spent) -> Measured:
    """With what an attempt that did not answer used up."""
    if spent is NOTHING_SPENT:
        return measured
    given, made = (0, 0) if spent.usage is None else spent.usage[:2]
    return measured._replace(
        input_tokens=measured.input_tokens + given,
        output_tokens=measured.output_tokens + made,
        cost_usd=measured.cost_usd + (spent.cost_usd or 0.0),
        estimated_usd=measured.estimated_usd + (spent.estimated_usd or 0.0),
    )


def _one_less(stats: Stats, began: float) -> Stats:
    left = stats.pending - 1
    return stats._replace(pending=left, begun_at=stats.begun_at - began if left else 0.0)


def _witnessed(measured: Measured, now: float, seconds: float) -> Measured:
    """As of now, and no faster than a time that did not end in an answer."""
    total, good = _decayed(measured, now)
    since = now - measured.at
    whole = expected(measured.average_seconds or 0.0, measured.peak_seconds, since)
    first = expected(measured.first_token_seconds or 0.0, measured.peak_first_token_seconds, since)
    return measured._replace(
        total=total,
        good=good,
        at=max(now, measured.at),
        peak_seconds=max(whole, seconds),
        peak_first_token_seconds=max(first, seconds),
    )


def packed_times(seconds: Sequence[float]) -> bytes:
    """Response times as `Measured` keeps them; see `Measured.times`."""
    return b"".join(map(_packed, seconds[-KEPT_TIMES:]))


def percentile(samples: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile (0.95: the least sample that 95 % do not exceed)."""
    if not samples:
        return None
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def average(before: float | None, sample: float) -> float:
    """The exponential average with one more sample."""
    if before is None:
        return float(sample)
    return (1.0 - NEWEST_SHARE) * before + NEWEST_SHARE * sample


def _decayed(measured: Measured, now: float) -> tuple[float, float]:
    if measured.total == 0.0:
        return 0.0, 0.0
    keep = math.exp(-max(0.0, now - measured.at) / WINDOW_SECONDS)
    return measured.total * keep, measured.good * keep

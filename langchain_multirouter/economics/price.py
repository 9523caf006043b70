"""Price: what one deployment charges, as coefficients in USD per token.

The numbers come from genai-prices (`economics.resolve`), or from the user; none are kept here. A
calculation there takes 38–70 µs, too long for every candidate of every call, so a deployment's
prices are resolved once into this value, which is valid until the next dated change.

**Tiers** work as in genai-prices 0.2.3 (`calc_unit_price`): they are cliffs, not brackets. The
call's *total* input tokens, cached ones included, choose the tier, and its rates hold for *all*
tokens of the call, output too. A tier that starts at 200,000 holds from 200,001 on.

**Parts of a total** are counted once: cached tokens are input tokens, reasoning is output. A part
that has no price of its own costs what its whole costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from ..values import new


class Usage(NamedTuple):
    """The tokens of one call; the totals include their parts, as in LangChain's `usage_metadata`.

    Args:
        input_tokens: All input tokens, cached ones included.
        output_tokens: All output tokens, reasoning included.
        cache_read_tokens: Those of the input that were read from the provider's cache.
        cache_write_tokens: Those of the input that were written to it, for any time.
        cache_write_5m_tokens: Those of the written ones that are kept for five minutes.
        cache_write_1h_tokens: Those of the written ones that are kept for an hour.
        input_audio_tokens: Those of the input that are audio.
        output_audio_tokens: Those of the output that are audio.
        output_reasoning_tokens: Those of the output that are reasoning.
    """

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    output_reasoning_tokens: int = 0


class Rates(NamedTuple):
    """USD per token of each kind, and USD per request; a part without a price has its whole's."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    cache_write_5m: float
    cache_write_1h: float
    input_audio: float
    output_audio: float
    reasoning: float
    cached_audio: float  # input that is audio and was read from the cache
    request: float = 0.0


class Tier(NamedTuple):
    """The rates of a call with more input tokens than this."""

    above_input_tokens: int
    rates: Rates


_NO_PARTS = (0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Price:
    """What one deployment charges, in USD.

    Args:
        rates: Of a call below all tiers.
        tiers: Higher tiers, by ascending start.
        valid_until: When the next dated price begins (aware, UTC): resolve again from then on.
            None: no change is known.
        source: Whose price it is: "aws:regional.anthropic.claude-sonnet-5-5", or "given".
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    valid_until: datetime | None = None
    source: str = "given"

    currency: ClassVar[str] = "USD"

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates of a call with so many input tokens."""
        rates = self.rates
        for above, higher in self.tiers:
            if input_tokens <= above:
                break
            rates = higher
        return rates

    def cost_usd(self, usage: Usage) -> float:
        """What the call costs, in USD; never negative, whatever a provider reports.

        Where parts exceed their total (a wrong report; genai-prices raises), each part is charged
        as it is and the rest counts as none.
        """
        rates = self.rates_for(usage[0]) if self.tiers else self.rates
        if usage[2:] == _NO_PARTS:
            return usage[0] * rates[0] + usage[1] * rates[1] + rates[10]
        return _input_usd(usage, rates) + _output_usd(usage, rates) + rates.request

    def plain_usd(self, input_tokens: int, output_tokens: int) -> float:
        """What a call costs of whose tokens no parts are known, in USD."""
        rates = self.rates_for(input_tokens) if self.tiers else self.rates
        return input_tokens * rates[0] + output_tokens * rates[1] + rates[10]

    def dearest(self, input_tokens: int) -> tuple[float, float, float]:
        """The most that a token of input, a token of output and the request itself can cost here.

        Of a call with at most so many input tokens, whichever parts they turn out to be.
        """
        found = _dearest(self.rates)
        for above, higher in self.tiers:
            if input_tokens > above:
                found = tuple(map(max, found, _dearest(higher)))  # type: ignore[assignment]
        return found

    def usd_per_1k(self, input_tokens: int, output_tokens: int) -> float:
        """USD per 1,000 tokens of a call with this mix of input and output.

        The mean of all its tokens, so that "0.01 USD per 1K" means the same for any mix; of
        equal parts where the mix is not known (both 0).
        """
        total = input_tokens + output_tokens
        if total <= 0:
            return 500.0 * (self.rates.input + self.rates.output)
        return 1000.0 * self.plain_usd(input_tokens, output_tokens) / total


def _dearest(rates: Rates) -> tuple[float, float, float]:
    whole, made, read, written, written_5m, written_1h, audio, said, thought, cached, fee = rates
    of_input = max(whole, read, written, written_5m, written_1h, audio, cached)
    return of_input, max(made, said, thought), fee


def _input_usd(usage: Usage, rates: Rates) -> float:
    total, _, read, written, written_5m, written_1h, audio, _, _ = usage
    rest = total - read - written - audio
    cached_audio = 0
    if rest < 0:
        # What is both audio and read from the cache was taken off twice. LangChain does not report
        # how much it is: at least so much. Less overlap costs more, so no call looks too cheap.
        cached_audio = min(-rest, read, audio)
        rest = 0
    return (
        rest * rates.input
        + (read - cached_audio) * rates.cache_read
        + max(0, written - written_5m - written_1h) * rates.cache_write
        + written_5m * rates.cache_write_5m
        + written_1h * rates.cache_write_1h
        + (audio - cached_audio) * rates.input_audio
        + cached_audio * rates.cached_audio
    )


def _output_usd(usage: Usage, rates: Rates) -> float:
    total, audio, reasoning = usage[1], usage[7], usage[8]
    rest = total - audio - reasoning
    return max(0, rest) * rates.output + audio * rates.output_audio + reasoning * rates.reasoning


def usage_of(usage_metadata: Mapping[str, Any] | None) -> Usage | None:
    """LangChain's `usage_metadata` as a Usage; None where there are no counts.

    What was written to the cache is the larger of `cache_creation` and the sum by time to live:
    langchain-aws 1.9.1 sets the first to 0 when it gives the second. langchain-openai 1.7.3 puts
    "priority_" or "flex_" before the parts of a call of that service tier; they count alike.
    """
    if not usage_metadata:
        return None
    given, made = usage_metadata.get("input_tokens"), usage_metadata.get("output_tokens")
    if type(given) is not int or type(made) is not int:
        return None
    inputs = usage_metadata.get("input_token_details")
    outputs = usage_metadata.get("output_token_details")
    if not inputs and not outputs:
        return new(Usage, (given if given > 0 else 0, made if made > 0 else 0, *_NO_PARTS))
    inputs, outputs = inputs or {}, outputs or {}
    written_5m = _count(inputs, "ephemeral_5m_input_tokens")
    written_1h = _count(inputs, "ephemeral_1h_input_tokens")
    return Usage(
        max(0, given),
        max(0, made),
        _in_any_tier(inputs, "cache_read"),
        max(_in_any_tier(inputs, "cache_creation"), written_5m + written_1h),
        written_5m,
        written_1h,
        _count(inputs, "audio"),
        _count(outputs, "audio"),
        _in_any_tier(outputs, "reasoning"),
    )


def _count(details: Mapping[str, Any], key: str) -> int:
    value = details.get(key)
    return value if type(value) is int and value > 0 else 0


def _in_any_tier(details: Mapping[str, Any], key: str) -> int:
    if key in details:
        return _count(details, key)
    return max(_count(details, f"priority_{key}"), _count(details, f"flex_{key}"))

"""Price: the arithmetic of a call's cost, and what LangChain reports of its tokens."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.economics.price import Price, Rates, Tier, Usage, usage_of

CHEAP = Rates(
    input=2e-6,
    output=10e-6,
    cache_read=0.2e-6,
    cache_write=2.5e-6,
    cache_write_5m=2.5e-6,
    cache_write_1h=4e-6,
    input_audio=6e-6,
    output_audio=30e-6,
    reasoning=12e-6,
    cached_audio=0.6e-6,
)
DEAR = Rates(*(2 * rate for rate in CHEAP))
FLAT = Price(CHEAP)
TIERED = Price(CHEAP, (Tier(200_000, DEAR),))

MILLION = 1_000_000
counts = st.integers(0, 2 * MILLION)


def test_input_and_output_have_their_own_rates() -> None:
    assert FLAT.cost_usd(Usage(MILLION, MILLION)) == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(MILLION, 0, cache_read_tokens=MILLION), 0.2),
        (Usage(MILLION, 0, cache_write_tokens=MILLION), 2.5),
        (Usage(MILLION, 0, cache_write_tokens=MILLION, cache_write_5m_tokens=MILLION), 2.5),
        (Usage(MILLION, 0, cache_write_tokens=MILLION, cache_write_1h_tokens=MILLION), 4.0),
        (Usage(MILLION, 0, input_audio_tokens=MILLION), 6.0),
        (Usage(0, MILLION, output_audio_tokens=MILLION), 30.0),
        (Usage(0, MILLION, output_reasoning_tokens=MILLION), 12.0),
    ],
)
def test_a_part_of_a_total_is_charged_once_and_at_its_own_rate(usage: Usage, usd: float) -> None:
    assert FLAT.cost_usd(usage) == pytest.approx(usd)


def test_all_input_that_is_both_audio_and_cached_has_the_rate_of_cached_audio() -> None:
    both = Usage(MILLION, 0, cache_read_tokens=MILLION, input_audio_tokens=MILLION)
    assert FLAT.cost_usd(both) == pytest.approx(0.6)


def test_a_tier_holds_for_all_tokens_of_a_call_with_more_input_than_its_start() -> None:
    at_the_start, above = Usage(200_000, 1_000), Usage(200_001, 1_000)
    assert TIERED.cost_usd(at_the_start) == FLAT.cost_usd(at_the_start)
    assert TIERED.cost_usd(above) == pytest.approx(2 * FLAT.cost_usd(above))


def test_cached_input_counts_towards_a_tier() -> None:
    usage = Usage(200_001, 0, cache_read_tokens=200_000)
    assert TIERED.cost_usd(usage) == pytest.approx(2 * FLAT.cost_usd(usage))


def test_the_highest_tier_that_is_passed_holds() -> None:
    price = Price(CHEAP, (Tier(100, DEAR), Tier(200, Rates(*(5 * rate for rate in CHEAP)))))
    assert [price.rates_for(n).input for n in (100, 101, 200, 201)] == pytest.approx(
        [2e-6, 4e-6, 4e-6, 10e-6]
    )


def test_a_price_per_request_is_added_once() -> None:
    price = Price(CHEAP._replace(request=0.005))
    assert price.cost_usd(Usage(0, 0)) == 0.005
    parts = Usage(10, 10, output_reasoning_tokens=5)
    assert price.cost_usd(parts) == pytest.approx(0.005 + FLAT.cost_usd(parts))


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(100, 0, cache_read_tokens=MILLION), 0.2),
        (Usage(100, 0, input_audio_tokens=MILLION), 6.0),
        (Usage(100, 0, cache_write_tokens=5, cache_write_1h_tokens=MILLION), 4.0),
        (Usage(0, 100, output_reasoning_tokens=MILLION), 12.0),
    ],
)
def test_a_part_that_exceeds_its_total_is_charged_as_it_is_and_the_rest_is_none(
    usage: Usage, usd: float
) -> None:
    assert FLAT.cost_usd(usage) == pytest.approx(usd, abs=3e-4)


@given(st.builds(Usage, *[counts] * 9))
def test_no_report_however_contradictory_costs_less_than_nothing(usage: Usage) -> None:
    assert 0 <= TIERED.cost_usd(usage) < 1e4


@given(counts, counts)
def test_usd_per_1k_times_the_thousands_of_tokens_is_the_cost(given: int, made: int) -> None:
    per_1k = TIERED.usd_per_1k(given, made)
    assert per_1k * (given + made) / 1000 == pytest.approx(TIERED.cost_usd(Usage(given, made)))


def test_usd_per_1k_of_an_unknown_mix_is_that_of_equal_parts() -> None:
    assert (
        TIERED.usd_per_1k(0, 0) == pytest.approx(TIERED.usd_per_1k(50, 50)) == pytest.approx(6e-3)
    )


def test_a_price_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(TIERED)) == TIERED  # noqa: S301 our own bytes
    assert hash(Price(CHEAP)) == hash(FLAT)
    with pytest.raises(AttributeError):
        FLAT.valid_until = None  # type: ignore[misc]
    assert FLAT.currency == "USD"


def test_usage_without_details_is_its_totals() -> None:
    assert usage_of({"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}) == Usage(3, 5)


def test_usage_carries_every_detail_that_langchain_reports() -> None:
    usage = usage_of(
        {
            "input_tokens": 350,
            "output_tokens": 240,
            "total_tokens": 590,
            "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100},
            "output_token_details": {"audio": 20, "reasoning": 200},
        }
    )
    assert usage == Usage(
        350,
        240,
        cache_read_tokens=100,
        cache_write_tokens=200,
        input_audio_tokens=10,
        output_audio_tokens=20,
        output_reasoning_tokens=200,
    )


@pytest.mark.parametrize("cache_creation", [0, 70, None])
def test_bedrocks_cache_writes_by_time_to_live_make_up_what_was_written(
    cache_creation: int | None,
) -> None:
    usage = usage_of(
        {
            "input_tokens": 100,
            "output_tokens": 1,
            "input_token_details": {
                "cache_creation": cache_creation,
                "ephemeral_5m_input_tokens": 50,
                "ephemeral_1h_input_tokens": 20,
            },
        }
    )
    assert usage is not None
    assert usage.cache_write_tokens == 70
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (50, 20)


@pytest.mark.parametrize("tier", ["priority", "flex"])
def test_the_parts_of_an_openai_service_tier_count_as_parts(tier: str) -> None:
    usage = usage_of(
        {
            "input_tokens": 100,
            "output_tokens": 50,
            "input_token_details": {f"{tier}_cache_read": 60, tier: 40},
            "output_token_details": {f"{tier}_reasoning": 30, tier: 20},
        }
    )
    assert usage == Usage(100, 50, cache_read_tokens=60, output_reasoning_tokens=30)


@pytest.mark.parametrize(
    "reported",
    [None, {}, {"input_tokens": None, "output_tokens": 5}, {"input_tokens": 5}, {"x": 1}],
)
def test_where_nothing_is_counted_the_usage_is_unknown(reported: dict[str, int] | None) -> None:
    assert usage_of(reported) is None


@given(
    st.dictionaries(
        st.sampled_from(["audio", "cache_read", "cache_creation", "reasoning", "flex_reasoning"]),
        st.none() | st.integers() | st.floats() | st.text() | st.booleans(),
    )
)
def test_details_that_are_no_counts_are_none(details: dict[str, object]) -> None:
    usage = usage_of(
        {
            "input_tokens": 9,
            "output_tokens": 9,
            "input_token_details": details,
            "output_token_details": details,
        }
    )
    assert usage is not None
    assert all(type(count) is int and count >= 0 for count in usage)


def test_the_usage_of_real_langchain_messages_is_priced() -> None:
    from langchain_core.messages.ai import InputTokenDetails, UsageMetadata

    reported = UsageMetadata(
        input_tokens=MILLION,
        output_tokens=0,
        total_tokens=MILLION,
        input_token_details=InputTokenDetails(cache_read=MILLION // 2),
    )
    usage = usage_of(reported)
    assert usage is not None
    assert FLAT.cost_usd(usage) == pytest.approx(1.1)

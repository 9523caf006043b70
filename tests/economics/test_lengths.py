"""How long answers usually are: shrunk means that one answer moves little and many decide."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.economics.lengths import (
    ANY,
    MOST_ANSWERS,
    PSEUDO_ANSWERS,
    Length,
    lengthened,
    shrunk,
    usual_tokens,
)

TOKENS = st.integers(0, 200_000)


def after(*tokens: int) -> Length:
    kept = reduce(lengthened, tokens, None)
    assert kept is not None
    return kept


def test_a_mean_is_of_all_answers_as_long_as_they_are_few() -> None:
    assert after(100, 200, 600) == Length(3.0, 300.0)


def test_old_answers_fade_once_there_are_many() -> None:
    kept = after(*[1_000] * 500, *[0] * 200)
    assert kept.answers == MOST_ANSWERS
    assert kept.tokens == pytest.approx(1_000 * (1 - 1 / MOST_ANSWERS) ** 200)


def test_the_shrunk_mean_is_buhlmanns_credibility_premium() -> None:
    own = Length(30.0, 90.0)
    credibility = 30.0 / (30.0 + PSEUDO_ANSWERS)
    assert shrunk(own, 500.0) == pytest.approx(credibility * 90.0 + (1 - credibility) * 500.0)


@given(TOKENS, st.floats(0, 200_000))
def test_one_answer_moves_an_expectation_by_a_tenth_of_the_way_at_most(
    tokens: int, wider: float
) -> None:
    moved = abs(shrunk(after(tokens), wider) - wider)
    assert moved <= abs(tokens - wider) / 10 + 1e-6


@given(st.lists(TOKENS, min_size=1, max_size=120), st.floats(0, 200_000))
def test_an_expectation_lies_between_the_own_and_the_wider_mean(
    tokens: list[int], wider: float
) -> None:
    own = after(*tokens)
    assert min(tokens) - 1e-6 <= own.tokens <= max(tokens) + 1e-6
    low, high = sorted((own.tokens, wider))
    assert low - 1e-6 <= shrunk(own, wider) <= high + 1e-6


def test_many_answers_of_its_own_decide() -> None:
    assert shrunk(after(*[100] * 50), 1_000.0) == pytest.approx(250.0)


def test_a_tasks_usual_length_is_the_fleets_until_it_has_answers_of_its_own() -> None:
    lengths = {ANY: after(*[400] * 40)}
    assert usual_tokens({}, "chat") is None
    assert usual_tokens(lengths, "chat") == 400.0
    assert usual_tokens(lengths, None) == 400.0
    told = {**lengths, "chat": after(*[40] * 40)}
    assert usual_tokens(told, "chat") == pytest.approx(400.0 * 0.2 + 40.0 * 0.8)
    assert usual_tokens(told, "analysis") == 400.0

"""Laws of the task classifier: whatever the text is, it answers, the same each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from langchain_multirouter.request import Prompt, TaskType
from langchain_multirouter.routing.task import MEDIA_KINDS, classify_task, task_evidence
from langchain_multirouter.routing.task_words import WORDS
from tests.routing.task_prompts import PROMPTS

#: Any code point: control characters, lone surrogates, what is not assigned.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=400)
#: What the classifier knows, in any order: the states that arbitrary text does not reach.
KNOWN = st.lists(
    st.sampled_from([*sorted(WORDS), "\n", "\n\n", '"', "'", "```", "`", ":", "x" * 300]),
    max_size=60,
).map(" ".join)
TEXTS = ANYTHING | KNOWN | st.builds(str.__add__, KNOWN, ANYTHING)


@given(TEXTS)
def test_every_text_has_a_task_and_evidence_for_it(text: str) -> None:
    evidence = task_evidence(Prompt(text=text))
    assert classify_task(Prompt(text=text)) is evidence[0][0]
    assert isinstance(evidence[0][0], TaskType)
    assert all(weight > 0 for _, weight, _ in evidence)
    assert len({task for task, _, _ in evidence}) == len(evidence)


@given(TEXTS)
def test_it_says_the_same_twice(text: str) -> None:
    assert task_evidence(Prompt(text=text)) == task_evidence(Prompt(text=text))


@given(TEXTS)
def test_it_does_not_mind_case(text: str) -> None:
    assert task_evidence(Prompt(text=text)) == task_evidence(Prompt(text=text.casefold()))


def test_shouted_prompts_are_the_same_prompts() -> None:
    for row in PROMPTS:
        shouted = row.prompt._replace(text=row.prompt.text.upper())
        assert task_evidence(shouted) == task_evidence(row.prompt)


@given(TEXTS, st.sets(st.sampled_from(sorted(MEDIA_KINDS)), min_size=1))
def test_kinds_win(text: str, kinds: set[str]) -> None:
    prompt = Prompt(text=text, kinds=frozenset(kinds))
    assert classify_task(prompt) is TaskType.MULTIMODAL


@given(TEXTS, st.integers(min_value=0, max_value=10**9))
def test_the_estimate_of_tokens_says_nothing_of_the_task(text: str, tokens: int) -> None:
    assert task_evidence(Prompt(text, frozenset(), tokens)) == task_evidence(Prompt(text))

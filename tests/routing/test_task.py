"""What the task classifier promises, a sentence each."""

from __future__ import annotations

import ast
import inspect
import time

import pytest

from langchain_multirouter.request import Prompt, TaskType
from langchain_multirouter.routing import task as task_module
from langchain_multirouter.routing import task_windows
from langchain_multirouter.routing.task import (
    LONGEST_TEXT_CHARACTERS,
    MEDIA_KINDS,
    classify_task,
    task_evidence,
)
from langchain_multirouter.routing.task_words import WORDS, words_of
from tests.benchmarks.tasks import always_chat, by_length, read_dolly, score
from tests.routing.task_prompts import HELD_OUT, PROMPTS, Labelled

DOCUMENT = "The council met again and the tram was discussed at length by everyone. " * 30
#: Fifty times what the worst of them takes (4 ms), so that a busy machine does not fail them.
HOSTILE_SECONDS = 0.2


def classify(text: str) -> TaskType:
    return classify_task(Prompt(text=text))


def rows(labelled: tuple[Labelled, ...]) -> list[tuple[Prompt, TaskType]]:
    return [(row.prompt, row.task) for row in labelled]


@pytest.mark.parametrize("kind", sorted(MEDIA_KINDS))
def test_a_block_that_is_no_text_makes_it_multimodal_whatever_the_words(kind: str) -> None:
    prompt = Prompt(text="Write a poem. Summarize it. Debug it.", kinds=frozenset({kind}))
    assert classify_task(prompt) is TaskType.MULTIMODAL
    assert task_evidence(prompt)[0][2] == (kind,)


def test_a_kind_that_is_not_known_decides_nothing() -> None:
    prompt = Prompt(text="Write a poem.", kinds=frozenset({"reasoning"}))
    assert classify_task(prompt) is TaskType.CREATIVE_WRITING


@pytest.mark.parametrize("text", ["", " \n ", "...", "xyzzy plugh"])
def test_without_evidence_it_is_chat(text: str) -> None:
    assert classify(text) is TaskType.CHAT


def test_the_request_outweighs_the_document_before_or_after_it() -> None:
    paste = "Write a poem about code. Analyze the image. " + DOCUMENT
    assert classify(f"Summarize this:\n\n{paste}") is TaskType.SUMMARIZATION
    assert classify(f"{paste}\n\ntl;dr") is TaskType.SUMMARIZATION
    assert classify(f"Schreibe ein Gedicht darüber:\n\n{DOCUMENT}") is TaskType.CREATIVE_WRITING


def test_a_question_about_a_pasted_document_is_analysis() -> None:
    assert classify(f"{DOCUMENT}\n\nWho met again?") is TaskType.ANALYSIS
    assert classify("Who met again?") is TaskType.CHAT


def test_a_code_block_is_evidence_of_code_but_not_proof() -> None:
    block = "```python\ndef f(x):\n    return x;\n```"
    assert classify(block) is TaskType.CODE_GENERATION
    assert classify(f"Write a poem about this:\n{block}") is TaskType.CREATIVE_WRITING


def test_lines_of_code_need_no_fence() -> None:
    assert classify("const a = [1];\nconst b = a.map(f);\nis it ok?") is TaskType.CODE_GENERATION


def test_quoted_text_is_not_the_request_unless_it_is_all_there_is() -> None:
    assert classify('Translate "write a poem" into Dutch') is TaskType.CHAT
    assert classify('"Write a poem about the sea"') is TaskType.CREATIVE_WRITING


def test_evidence_begins_with_the_answer_and_falls() -> None:
    for row in PROMPTS:
        evidence = task_evidence(row.prompt)
        assert evidence[0][0] is classify_task(row.prompt)
        weights = [weight for _, weight, _ in evidence]
        assert weights == sorted(weights, reverse=True)


def test_evidence_repeats_our_own_words_and_nothing_else_of_the_prompt() -> None:
    ours = {meaning.word for meaning in WORDS.values()} | MEDIA_KINDS | {"(code)", "(document)"}
    ours |= {m.word for meaning in WORDS.values() for m in meaning.phrases.values()}
    for row in PROMPTS:
        said = {word for _, _, words in task_evidence(row.prompt) for word in words}
        assert said <= ours
    secret = task_evidence(Prompt(text="Write a poem about hunter2 and sk-12345"))
    assert "hunter2" not in str(secret)
    assert "12345" not in str(secret)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(unit * (LONGEST_TEXT_CHARACTERS // len(unit)), id=ascii(unit))
        for unit in (
            *("a", "a ", "write poem ", '"', ' "a', " '", "`", "```", "\n", "x\n", ";\n", ": "),
            *("«", "„", "‘", "「", "\ufdfa", "写", "\u0301", "\ud800", "ß", ".", " ", "> a\n", "0"),
        )
    ],
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    begin = time.process_time()
    classify(text)
    assert time.process_time() - begin < HOSTILE_SECONDS


def test_no_more_than_a_few_thousand_words_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counted(text: str) -> list[str]:
        nonlocal read
        words = words_of(text)
        read += len(words)
        return words

    monkeypatch.setattr(task_module, "words_of", counted)
    for text in ("write a poem. " * 10**6, "write a poem.\n" * 10**5, ". " * 10**6, "写 " * 10**6):
        read = 0
        classify(text)
        assert 0 < read < 5_000


def test_of_ten_megabytes_only_both_ends_count() -> None:
    filler = "lorem ipsum dolor sit amet\n" * 400_000
    assert classify(f"Summarize this text:\n{filler}") is TaskType.SUMMARIZATION
    assert classify(f"{filler}\nSummarize this text.") is TaskType.SUMMARIZATION
    middle = classify(f"{filler}\nDebug it: code.\n{filler}")
    assert middle is not TaskType.CODE_GENERATION


def test_the_classifier_reads_no_clock_no_file_and_no_langchain() -> None:
    allowed = {"__future__", "typing", "request", "task_windows", "task_words"}
    for module in (task_module, task_windows):
        tree = ast.parse(inspect.getsource(module))
        found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert {node.module for node in found} <= allowed
        plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        assert {alias.name for node in plain for alias in node.names} <= {"re"}


def test_the_own_set_is_balanced() -> None:
    for task in TaskType:
        of_task = [row for row in PROMPTS if row.task is task]
        assert len(of_task) >= 40
        assert {row.language for row in of_task} == {"en", "de", "fr", "es"}
    assert len(HELD_OUT) * 4 == len(PROMPTS)


def test_the_own_set_is_told_apart() -> None:
    found = score(classify_task, rows(PROMPTS))
    assert found.macro_f1 >= 0.95
    assert min(found.recall.values()) >= 0.9


def test_what_was_held_out_is_told_apart() -> None:
    found = score(classify_task, rows(HELD_OUT))
    assert found.macro_f1 >= 0.85
    assert min(found.recall.values()) >= 0.7


def test_on_dolly_it_beats_the_one_that_always_says_chat() -> None:
    dolly = read_dolly()
    if dolly is None:
        pytest.skip("Dolly's prompts are absent; see tests/benchmarks/tasks.py")
    ours, chat = score(classify_task, dolly), score(always_chat, dolly)
    assert ours.macro_f1 > chat.macro_f1
    assert ours.accuracy > chat.accuracy


def test_the_length_baseline_finds_what_length_tells() -> None:
    told = [(Prompt(text="x" * n), TaskType.CHAT) for n in range(1, 11)]
    told += [(Prompt(text="x" * n), TaskType.SUMMARIZATION) for n in range(100, 110)]
    assert score(by_length(told), told).macro_f1 == 1.0

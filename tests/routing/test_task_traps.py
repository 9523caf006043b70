"""Traps of a classifier by substring and by first match: task → prompts that are that task."""

from __future__ import annotations

import pytest

from langchain_multirouter.request import Prompt, TaskType
from langchain_multirouter.routing.task import classify_task, task_evidence

TRAPS = {
    TaskType.CHAT: [
        "How do I encode happiness into my daily routine?",
        "Give me an update on the weather.",
        "Tell me about the history of Portugal.",
        'Translate "write a poem" into German.',
        "Translate 'summarize this text' into French.",
        'What does "debug" mean?',
        "Who wrote the poem The Raven?",
        "What is an embedding?",
        "Explain how vector databases work.",
        "How much mobile data do I need for a week in Italy?",
        "I want to search for a cheap flight to Rome.",
        "What is the best program at the theatre tonight?",
        "My yoga class was cancelled, what else can I do tonight?",
        "What's the function of the liver?",
        "Is it legal to take a picture in a museum?",
        "Was ist eine Funktion in der Mathematik?",
        "Erzähl mir etwas über die Geschichte Europas.",
        "Quelle est l'histoire de la Bretagne ?",
        "What are some good names for a cat?",
        "List five things to do in Oslo.",
        "How are you?",
        "Can you keep it brief? I just want to know the time in Tokyo.",
        "法国的首都是哪里？",
        "I updated my address last week, is that enough?",
        "Explique-moi ce que veut dire « résumer ».",
    ],
    TaskType.CODE_GENERATION: [
        "write a function",
        "Write a function to encode a string as base64.",
        "Write a function that summarizes a text.",
        "Create a Python program that generates a poem.",
        "Write a script to analyze log data.",
        "How do I read a CSV file in Python?",
        "Please review this code:\n```\nx = 1\n```",
        "Why does my React component render twice?",
        "Build me a website with a contact form",
        "Fix this function, it returns None.",
        "Python: read a csv and plot it",
        "regex for an ISO date",
        "Convert this JavaScript to TypeScript: const f = (a, b) => a + b;",
        "Write unit tests for a stack class.",
        "用Python写一个函数，计算斐波那契数列",
        "Напиши функцию на Python для сортировки списка",
        "Schrijf een functie die een getal omkeert",
    ],
    TaskType.CREATIVE_WRITING: [
        "write a poem",
        "Write a poem about debugging code.",
        "Write a story about a data scientist who analyzes dreams.",
        "Write me a short story about vectors and embeddings.",
        "Write a song about summarizing books",
        "Haiku about autumn",
        "Write an email to my landlord about the broken heating.",
        "Create a slogan for an image search engine.",
        "Make up a bedtime story.",
        "Can you write something funny about Mondays?",
        "Please write a blog post about machine learning.",
        "write a product description for wool socks",
        "Scrivi una poesia sul mare.",
        "写一首关于秋天的诗",
        "Напиши стихотворение о зиме",
        "秋についての詩を書いてください",
    ],
    TaskType.ANALYSIS: [
        "Analyze this text and tell me its tone.",
        "Compare Python and Java for web development.",
        "Classify the following as metal or gas: iron, helium, copper",
        "Which of the following are planets: Mars, Pluto, Sirius?",
        "What are the strengths and weaknesses of this argument?",
        "Evaluate the business case for solar panels.",
        "What trends do you see in these data?",
        "Identify the bird from the list: robin, trout, salmon",
        "Tell me whether these are nouns or verbs: run, table, chair",
        "Проанализируй эти данные",
    ],
    TaskType.SUMMARIZATION: [
        "summarize this research",
        "Summarize the code review guidelines.",
        "Write a summary of the book Dune.",
        "Give me a brief summary of the French Revolution.",
        "Summarize this poem in a sentence.",
        "tldr of the last meeting please",
        "Give me the gist of this article",
        "总结这篇文章",
        "この記事を要約してください",
        "Resuma este artigo em três frases",
    ],
    TaskType.MULTIMODAL: [
        "Generate a picture of a cat.",
        "What's in this picture?",
        "Create an image of a poem written on stone.",
        "Make a short video about our shop.",
        "Нарисуй картинку с котом",
    ],
    TaskType.EMBEDDINGS: [
        "Compute embeddings for these sentences.",
        "embed this text",
        'Find the nearest neighbours of "king" in the vector index',
        "Generate an embedding vector for the word tree",
        'Perform a similarity search for "red shoes"',
        "Berechne Embeddings für diese Texte",
    ],
}


@pytest.mark.parametrize(("task", "text"), [(task, text) for task in TRAPS for text in TRAPS[task]])
def test_a_trap_is_seen(task: TaskType, text: str) -> None:
    assert classify_task(Prompt(text=text)) is task


@pytest.mark.parametrize(
    "word", ["encode", "decoder", "update", "history", "datum", "researcher", "shortbread", "codex"]
)
def test_no_word_counts_as_part_of_another(word: str) -> None:
    evidence = task_evidence(Prompt(text=word))
    assert [task for task, _, _ in evidence] == [TaskType.CHAT]


@pytest.mark.parametrize(
    ("accented", "bare"),
    [
        ("Résume cet article", "Resume cet article"),
        ("Écris un poème", "Ecris un poeme"),
        ("Escribe una función", "Escribe una funcion"),
        ("Übersetze das bitte", "Uebersetze das bitte"),
        ("Résumé de ce texte", "Re\u0301sume\u0301 de ce texte"),
    ],
)
def test_accents_may_be_missing_or_composed(accented: str, bare: str) -> None:
    first, second = task_evidence(Prompt(text=accented))[0], task_evidence(Prompt(text=bare))[0]
    assert first[0] is second[0]
    assert first[2]
    assert second[2]

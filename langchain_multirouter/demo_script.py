"""The demo's script: what is asked, and what happens to the clouds and the strategy meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

DOWN = "azure_openai"


class Ask(NamedTuple):
    """One call: a prompt, and how the model is called."""

    prompt: str
    how: str = "invoke"


class Turn(NamedTuple):
    """What changes before a call: the weather, or the strategy."""

    text: str
    fault: str | None = None
    strategy: str = "ordered"


ASKS = (
    Ask("Summarise in one sentence: the meeting moved to Tuesday."),
    Ask("Write a Python function that reverses a linked list."),
    Ask("¿Cuál es la capital de Australia?"),
    Ask("Tell me a short story about a lighthouse.", "stream"),
    Ask("Übersetze ins Englische: Der Zug fährt um acht Uhr."),
    Ask("What is the weather in Oslo today?", "tools"),
    Ask("Explain recursion to a ten-year-old."),
    Ask("日本の四季について短く説明してください。", "stream"),
    Ask("SQL: the ten customers with the highest revenue in 2025"),
    Ask("Draft a polite reply that declines the invitation."),
    Ask("Extract the person: Ada Lovelace, born 1815, mathematician", "json"),
    Ask("Quelle est la différence entre TCP et UDP ?"),
    Ask("Fix this: for i in range(10) print(i)", "stream"),
    Ask("List three risks of a long supply chain."),
    Ask("用一句话解释量子纠缠。"),
    Ask("What is the weather in Nairobi at noon?", "tools"),
    Ask("Rewrite in plain English: the aforementioned party shall..."),
    Ask("Give me a limerick about databases.", "stream"),
    Ask("Classify the sentiment: 'The battery died after a week.'"),
    Ask("Resuma em português: a reunião foi adiada para terça."),
    Ask("Write a regular expression for ISO dates."),
    Ask("Extract the person: Alan Turing, born 1912, logician", "json"),
    Ask("What causes the northern lights?", "stream"),
    Ask("Name five uses of a paper clip."),
    Ask("한국의 전통 음식을 하나 소개해 주세요."),
    Ask("Convert 72 degrees Fahrenheit to Celsius."),
    Ask("Write a unit test for a stack's pop method.", "stream"),
    Ask("Как приготовить борщ? Коротко."),
    Ask("A haiku about autumn rain", "stream"),
    Ask("What is the weather in Lima this week?", "tools"),
    Ask("ما هي عاصمة كندا؟"),
    Ask("Write a bash one-liner that counts unique IP addresses."),
    Ask("Explain Bayes' theorem with an example.", "stream"),
    Ask("Extract the person: Grace Hopper, born 1906, admiral", "json"),
    Ask("Review: if x == True: return False else: return True"),
    Ask("कृपया भारत की तीन बड़ी नदियों के नाम बताइए।"),
    Ask("Plan a two-day trip to Lisbon.", "stream"),
    Ask("Say goodbye in five languages."),
)

#: Task types as the table has room for.
SHORT_TASKS: Mapping[str, str] = {
    "code_generation": "code",
    "creative_writing": "creative",
    "summarization": "summary",
    "embeddings": "embed",
    "multimodal": "media",
}

#: Before which call (they count from 1) what changes.
TURNS: Mapping[int, Turn] = {
    1: Turn("strategy ordered: azure_openai first, then aws_bedrock, gcp_vertex"),
    8: Turn(f"{DOWN} goes down: every request gets a 503", "503"),
    15: Turn(f"{DOWN} gets worse: connections are reset", "reset"),
    19: Turn(f"{DOWN} gets worse: requests are never answered", "silence"),
    24: Turn(f"{DOWN} is mended"),
    29: Turn("strategy round_robin: one after the other", strategy="round_robin"),
    32: Turn("strategy cost_optimized: the cheapest for this request", strategy="cost_optimized"),
    35: Turn("strategy intelligent: task, performance and cost", strategy="intelligent"),
}

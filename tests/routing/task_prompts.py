"""Labelled prompts: forty for each task in four languages, written before the word tables were.

Every fourth prompt of a task is held out: it was written in the same sitting, but the tables were
not tuned on it, and it is counted apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from langchain_multirouter.request import Prompt, TaskType

#: Of each task's forty, those at 3, 7, 11, … are held out.
HELD_OUT_EVERY = 4


class Labelled(NamedTuple):
    """A prompt and what it asks for."""

    prompt: Prompt
    task: TaskType
    language: str
    held_out: bool


def _read() -> tuple[Labelled, ...]:
    path = Path(__file__).with_name("task_prompts.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    seen = dict.fromkeys(TaskType, 0)
    found = []
    for row in data["prompts"]:
        task = TaskType(row["task"])
        seen[task] += 1
        text = row["text"]
        for name, passage in data["passages"].items():
            text = text.replace("{" + name + "}", passage)
        prompt = Prompt(text=text, kinds=frozenset(row["kinds"]))
        held_out = seen[task] % HELD_OUT_EVERY == 0
        found.append(Labelled(prompt, task, row["language"], held_out))
    return tuple(found)


#: Placeholders for the long passages filled in.
PROMPTS = _read()
DEVELOPMENT = tuple(row for row in PROMPTS if not row.held_out)
HELD_OUT = tuple(row for row in PROMPTS if row.held_out)

"""What the task classifier gets right: macro F1 and recall by task, beside two baselines.

    python -m tests.benchmarks.tasks

On the own labelled prompts (all, and those held out while the words were chosen), and on Dolly
(Databricks; public, no part of the project, not tuned on), where it is found beside the project.
Macro F1 is the mean F1 of the tasks that the set has labels for.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from langchain_multirouter.request import Prompt, TaskType
from langchain_multirouter.routing.task import classify_task
from tests.routing.task_prompts import DEVELOPMENT, HELD_OUT, PROMPTS

DOLLY = Path(__file__).parents[2] / ".." / "shared" / "data" / "tasks" / "dolly.jsonl.gz"
Row = tuple[Prompt, TaskType]
Classifier = Callable[[Prompt], TaskType]


class Score(NamedTuple):
    """Of one classifier on one set."""

    macro_f1: float
    accuracy: float
    recall: dict[TaskType, float]


def read_dolly() -> list[Row] | None:
    """Dolly's prompts with the task its category was mapped to; None where it is absent."""
    if not DOLLY.exists():
        return None
    with gzip.open(DOLLY, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(Prompt(text=row["prompt"]), TaskType(row["task"])) for row in rows]


def always_chat(prompt: Prompt) -> TaskType:
    """The baseline that looks at nothing."""
    return TaskType.CHAT


def by_length(rows: Sequence[Row]) -> Classifier:
    """The baseline that looks at length alone: each tenth's commonest task, fitted on these rows.

    It sees the labels of the very rows that it is measured on, so it is the best of its kind.
    """
    ordered = sorted(rows, key=lambda row: len(row[0].text))
    edges = [len(ordered) * tenth // 10 for tenth in range(11)]
    bounds: list[tuple[int, TaskType]] = []
    for start, end in pairwise(edges):
        part = [task for _, task in ordered[start:end]]
        bounds.append((len(ordered[end - 1][0].text), max(TaskType, key=part.count)))

    def classify(prompt: Prompt) -> TaskType:
        length = len(prompt.text)
        return next((task for bound, task in bounds if length <= bound), bounds[-1][1])

    return classify


def score(classify: Classifier, rows: Sequence[Row]) -> Score:
    """Macro F1 over the tasks that have labels, accuracy, and recall by task."""
    pairs = [(classify(prompt), task) for prompt, task in rows]
    f1s, recall = [], {}
    for task in TaskType:
        wanted = sum(right is task for _, right in pairs)
        if not wanted:
            continue
        answered = sum(said is task for said, _ in pairs)
        hits = sum(said is right is task for said, right in pairs)
        recall[task] = hits / wanted
        f1s.append(2 * hits / (wanted + answered))
    accuracy = sum(said is right for said, right in pairs) / len(pairs)
    return Score(sum(f1s) / len(f1s), accuracy, recall)


def report(title: str, rows: Sequence[Row]) -> None:
    """Print one set's table."""
    print(f"\n{title}: {len(rows):,} prompts")
    classifiers: dict[str, Classifier] = {
        "classify_task": classify_task,
        "always chat": always_chat,
        "by length": by_length(rows),
    }
    labelled = {task for _, task in rows}
    tasks = [task for task in TaskType if task in labelled]
    print(f"{'':14} {'macro F1':>8} {'accuracy':>8}", *(f"{task.value[:9]:>9}" for task in tasks))
    for name, classify in classifiers.items():
        found = score(classify, rows)
        recalls = (f"{found.recall[task]:9.3f}" for task in tasks)
        print(f"{name:14} {found.macro_f1:8.3f} {found.accuracy:8.3f}", *recalls)


def main() -> None:
    """Print every table, and the time of a call."""
    sets = {"own, all": PROMPTS, "own, development": DEVELOPMENT, "own, held out": HELD_OUT}
    print("Columns after accuracy: recall by task.")
    for title, labelled in sets.items():
        report(title, [(row.prompt, row.task) for row in labelled])
    dolly = read_dolly()
    if dolly is None:
        print(f"\nDolly is absent (looked for {'/'.join(DOLLY.parts[-5:])} beside the project).")
    else:
        report("Dolly", dolly)
    timed = [row.prompt for row in PROMPTS if not row.prompt.kinds and len(row.prompt.text) <= 250]
    best = min(_seconds(timed) for _ in range(30))
    length = sum(len(prompt.text) for prompt in timed) / len(timed)
    print(f"\n{best / len(timed) * 1e6:.1f} µs per call, prompts of {length:.0f} characters (mean)")


def _seconds(prompts: Sequence[Prompt]) -> float:
    begin = perf_counter()
    for prompt in prompts:
        classify_task(prompt)
    return perf_counter() - begin


if __name__ == "__main__":
    main()

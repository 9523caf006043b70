"""What routing costs: µs per call beside the bare model and `with_fallbacks`, in one process.

    python -m tests.benchmarks.overhead [--rounds 15]

The inner model answers at once, so that all that is measured is what stands around it. The compared
programs take turns, round by round, and medians are printed: only ratios within one run count.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

os.environ.setdefault("LANGSMITH_TRACING", "false")

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from langchain_multirouter import Budget, Deployment, Journal, OpenTelemetry, RoutedChatModel

USAGE = {"input_tokens": 5, "output_tokens": 8, "total_tokens": 13}
CHUNKS = 8
WATCHED = "router, journal + OpenTelemetry"
EVERYTHING = "both, and budgets and quotas"


class Instant(BaseChatModel):
    """A model that answers at once, with usage, as a provider's class would."""

    model: str = "gpt-4o"

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        message = AIMessage(
            content="Hello, world",
            usage_metadata=USAGE,
            response_metadata={"model_name": self.model, "finish_reason": "stop"},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> ChatResult:
        return self._generate(messages)

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        for number in range(CHUNKS):
            last = number == CHUNKS - 1
            message = AIMessageChunk(
                content="word ",
                usage_metadata=USAGE if last else None,
                response_metadata={"finish_reason": "stop"} if last else {},
            )
            yield ChatGenerationChunk(message=message)

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            yield chunk


def compared() -> dict[str, Any]:
    """The programs, by name."""
    router = RoutedChatModel(
        [Deployment(Instant(), name=name, provider="azure_openai") for name in ("a", "b", "c")]
    )
    limits = {"requests_per_minute": 1e9, "tokens_per_minute": 1e12}
    limited = [
        Deployment(Instant(), name=name, provider="azure_openai", **limits)
        for name in ("a", "b", "c")
    ]
    spending: dict[str, Any] = {
        "budgets": [
            Budget(usd=1e6, per_seconds=86_400),
            Budget(usd=1e5, per_seconds=60, key="tenant"),
        ],
        "tenant": "somebody",
    }
    return {
        "bare model": Instant(),
        "with_fallbacks": Instant().with_fallbacks([Instant(), Instant()]),
        "router": router,
        "router, deadline": router.with_routing(deadline_seconds=60),
        WATCHED: RoutedChatModel(router.models, **watched()),
        "budgets and quotas": RoutedChatModel(limited, **spending),
        EVERYTHING: RoutedChatModel(limited, **spending, **watched()),
    }


def watched() -> dict[str, Any]:
    """Settings of a router that is watched in every way there is: a journal and OpenTelemetry.

    The metrics go to the SDK's own in-memory reader; the journal to a file that is thrown away.
    """
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    metrics = OpenTelemetry(meter_provider=MeterProvider(metric_readers=[InMemoryMetricReader()]))
    return {"sinks": [Journal(f"{folder}/overhead.jsonl"), metrics]}


def settled(model: Any) -> float:
    """Seconds for what a program's calls left to threads: it is their cost, too."""
    started = time.perf_counter()
    if isinstance(model, RoutedChatModel):
        model.assembled.audience.flush()
    return time.perf_counter() - started


def modes(model: Any, calls: int) -> dict[str, Callable[[], float]]:
    """Mode → seconds for so many calls."""

    async def ainvoke() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            await model.ainvoke("Hello")
        return time.perf_counter() - started

    async def astream() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            async for _chunk in model.astream("Hello"):
                pass
        return time.perf_counter() - started

    def invoke() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            model.invoke("Hello")
        return time.perf_counter() - started

    def stream() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            for _chunk in model.stream("Hello"):
                pass
        return time.perf_counter() - started

    return {
        "invoke": invoke,
        "ainvoke": lambda: asyncio.run(ainvoke()),
        "stream": stream,
        "astream": lambda: asyncio.run(astream()),
    }


def overhead(rounds: int, calls: int) -> None:
    """The table of µs per call, with ratios to the bare model."""
    models = compared()
    programs = {name: modes(model, calls) for name, model in models.items()}
    names = ("invoke", "ainvoke", "stream", "astream")
    taken: dict[str, dict[str, list[float]]] = {}
    for round_ in range(rounds + 1):
        for mode in names:
            for program, runs in programs.items():
                seconds = {program: runs[mode]()}
                if program in (WATCHED, EVERYTHING):
                    seconds[f"{program}, in threads"] = settled(models[program])
                for row, spent in seconds.items() if round_ else ():  # the first warms up
                    taken.setdefault(row, {}).setdefault(mode, []).append(spent / calls * 1e6)
    print(f"{'µs per call (× bare)':43}" + "".join(f"{mode:>16}" for mode in names))
    for row, spent_in in taken.items():
        cells = []
        for mode in names:
            median = statistics.median(spent_in[mode])
            ratio = median / statistics.median(taken["bare model"][mode])
            cells.append(f"{median:8.0f} ({ratio:4.2f})")
        print(f"{row:43}" + "".join(f"{cell:>16}" for cell in cells))


def growth(rounds: int, calls: int) -> None:
    """µs per call with more deployments."""
    models = {
        count: RoutedChatModel(
            [Deployment(Instant(), name=f"d{i}", provider="azure_openai") for i in range(count)]
        )
        for count in (3, 30, 300)
    }
    taken: dict[int, list[float]] = {count: [] for count in models}
    for _ in range(rounds):
        for count, model in models.items():
            taken[count].append(modes(model, calls)["invoke"]() / calls * 1e6)
    for count, samples in taken.items():
        print(f"invoke among {count:3} deployments: {statistics.median(samples):8.0f} µs")


def imports(rounds: int) -> None:
    """Seconds to import, over langchain_core's chat model."""
    core = "import langchain_core.language_models.chat_models"
    ours = f"{core}; from langchain_multirouter import RoutedChatModel"
    taken: dict[str, list[float]] = {core: [], ours: []}
    for _ in range(rounds):
        for code, samples in taken.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code
            samples.append(time.perf_counter() - started)
    base, with_ours = (statistics.median(samples) for samples in taken.values())
    print(f"import: langchain_core {base:.2f} s, with ours {with_ours - base:+.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=60)
    given = parser.parse_args()
    overhead(given.rounds, given.calls)
    growth(given.rounds, given.calls)
    imports(5)

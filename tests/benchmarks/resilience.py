"""What trouble costs callers: p99, requests per call, success; beside `with_fallbacks` and oracles.

    python -m tests.benchmarks.resilience [--seconds 9] [--rate 50]

Three emulated providers with lognormal latency (medians 30, 50, 80 ms stand for 300, 500, 800),
calls at a steady rate, trouble in the middle third; each attempt may take 1 s, a call 5 s. Every
program meets the same schedule of trouble in turn, so that one run's columns can be compared. An
oracle knows the state that the others have to find out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

os.environ.update(LANGSMITH_TRACING="false", AWS_EC2_METADATA_DISABLED="true")

from langchain_multirouter import Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator, Fault, FaultKind
from langchain_multirouter.telemetry.stats import percentile

#: Fastest first; Bedrock's class has no async, so its calls take threads.
FLEET = {
    "azure_openai": ("gpt-4o", 0.030),
    "gcp_vertex": ("gemini-2.5-flash", 0.050),
    "aws_bedrock": ("anthropic.claude-3-haiku-20240307-v1:0", 0.080),
}
FIRST, SECOND, _ = FLEET
JITTER = 0.3
ATTEMPT_SECONDS, DEADLINE_SECONDS = 1.0, 5.0
#: 95 % of the fastest one's answers come sooner: when an oracle hedges.
P95_SECONDS = 0.030 * 1.64

Ask = Callable[[], Awaitable[bool]]


class Trouble(NamedTuple):
    """One column: what happens to the first deployment, and whether calls are streams."""

    name: str
    begin: Callable[[Emulator], None]
    streamed: bool = False
    first_is_usable: bool = False  # an oracle would still ask it


def _nothing(cloud: Emulator) -> None:
    """All is well."""


def _slow(cloud: Emulator) -> None:
    cloud.latency(FIRST, seconds=10 * FLEET[FIRST][1], jitter=JITTER)


def _broken(fault: Fault, probability: float = 1.0) -> Callable[[Emulator], None]:
    return lambda cloud: cloud.break_(FIRST, fault, probability=probability)


TROUBLES = (
    Trouble("steady", _nothing, first_is_usable=True),
    Trouble("brownout", _slow),
    Trouble("429 bursts", _broken(Fault(FaultKind.STATUS, status=429, retry_after_seconds=1.0))),
    Trouble("first down", _broken(Fault(FaultKind.STATUS, status=503))),
    Trouble("5 % hang", _broken(Fault(FaultKind.SILENCE), 0.05), first_is_usable=True),
    Trouble(
        "2 % resets",
        _broken(Fault(FaultKind.RESET_MIDSTREAM, after_chunks=3), 0.02),
        streamed=True,
        first_is_usable=True,
    ),
)


class World:
    """The emulator, the clients, and whether the trouble is on."""

    def __init__(self, cloud: Emulator) -> None:
        self.cloud = cloud
        self.models = {
            wire: cloud.chat_model(wire, model, timeout=ATTEMPT_SECONDS, **_no_retries(wire))
            for wire, (model, _) in FLEET.items()
        }
        self.trouble: Trouble = TROUBLES[0]
        self.on = False

    def calm(self) -> None:
        self.cloud.heal()
        for wire, (_, seconds) in FLEET.items():
            self.cloud.latency(wire, seconds=seconds, jitter=JITTER)

    def best(self) -> list[str]:
        """The deployments as an oracle would order them now."""
        usable = not self.on or self.trouble.first_is_usable
        return list(FLEET) if usable else [wire for wire in FLEET if wire != FIRST]


def _no_retries(wire: str) -> dict[str, Any]:
    return {"max_retries": 1 if wire == "gcp_vertex" else 0}


async def whole(model: Any, *, streamed: bool) -> bool:
    """One call; whether its answer came whole."""
    if not streamed:
        return bool((await model.ainvoke("Hello there")).text)
    text = ""
    async for chunk in model.astream("Hello there"):
        text += chunk.text
    return text.endswith((".", "cloud.", "promising.", "time.", "well."))


def programs(world: World) -> dict[str, Callable[[], Ask]]:
    """Name → a fresh program for one column."""
    deployments = [Deployment(model, name=wire) for wire, model in world.models.items()]
    common = {"timeout": ATTEMPT_SECONDS, "deadline_seconds": DEADLINE_SECONDS}
    hedged = {"hedge": True, "on_interrupted": "continue"}

    def router(**settings: Any) -> Callable[[], Ask]:
        def make() -> Ask:
            model = RoutedChatModel(deployments, **{**common, **settings})
            return lambda: whole(model, streamed=world.trouble.streamed)

        return make

    def fallbacks() -> Ask:
        first, *others = world.models.values()
        model = first.with_fallbacks(others)
        return lambda: whole(model, streamed=world.trouble.streamed)

    return {
        "with_fallbacks": fallbacks,
        "router, ordered": router(strategy="ordered", on_interrupted="continue"),
        "router, intelligent, hedged": router(**hedged),
        "router, adaptive, hedged": router(strategy="adaptive", **hedged),
        "oracle": lambda: lambda: _oracle(world),
        "oracle + hedge": lambda: lambda: _hedging_oracle(world),
    }


async def _oracle(world: World) -> bool:
    """The best one that is well, and the next where it fails."""
    for wire in world.best():
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                return await whole(world.models[wire], streamed=world.trouble.streamed)
        except Exception:  # noqa: S112  # the next one
            continue
    return False


async def _hedging_oracle(world: World) -> bool:
    """The same, and a second copy elsewhere after the first one's p95."""
    first, second, *_ = world.best()
    streamed = world.trouble.streamed
    tasks = {asyncio.ensure_future(whole(world.models[first], streamed=streamed))}
    done, _ = await asyncio.wait(tasks, timeout=P95_SECONDS)
    if not done or any(task.exception() for task in done):
        tasks.add(asyncio.ensure_future(whole(world.models[second], streamed=streamed)))
    while tasks:
        done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.cancelled() and not task.exception() for task in done):
            for task in tasks:
                task.cancel()
            return True
    return await _oracle(world)


class Cell(NamedTuple):
    """One program in one trouble: p99 in ms, requests per call, share answered."""

    p99_ms: float
    requests: float
    success: float

    def __str__(self) -> str:
        more = "" if self.success == 1.0 else f" · .{round(100 * self.success):02d}"
        return f"{self.p99_ms:6.0f} · {self.requests:.2f}{more}"


async def measured(world: World, trouble: Trouble, ask: Ask, *, seconds: float, rate: int) -> Cell:
    """Calls at a steady rate; a call that fails counts as its whole deadline."""
    world.trouble, world.on = trouble, False
    world.calm()
    for _ in range(20):
        await ask()  # connections are there, and the router has seen everybody
    world.cloud.clear_log()
    taken: list[float] = []
    good = 0

    async def one() -> None:
        nonlocal good
        started = time.perf_counter()
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                well = await ask()
        except Exception:
            well = False
        good += well
        taken.append(time.perf_counter() - started if well else DEADLINE_SECONDS)

    began, tasks = time.perf_counter(), []
    for number in range(round(seconds * rate)):
        now = number / rate
        if not world.on and seconds / 3 <= now < 2 * seconds / 3:
            trouble.begin(world.cloud)
            world.on = True
        elif world.on and now >= 2 * seconds / 3:
            world.calm()
            world.on = False
        await asyncio.sleep(max(0.0, began + now - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one()))
    await asyncio.gather(*tasks)
    world.calm()
    p99 = percentile(taken, 0.99) or 0.0
    return Cell(1000 * p99, len(world.cloud.log) / len(taken), good / len(taken))


async def main(seconds: float, rate: int) -> None:
    """Print the table."""
    with Emulator(seed=0) as cloud:
        world = World(cloud)
        made = programs(world)
        print(f"{'p99 ms · requests per call':28}" + "".join(f"{t.name:>18}" for t in TROUBLES))
        rows: dict[str, list[str]] = {name: [] for name in made}
        for trouble in TROUBLES:
            for name, make in made.items():
                cell = await measured(world, trouble, make(), seconds=seconds, rate=rate)
                rows[name].append(f"{cell!s:>18}")
        for name, cells in rows.items():
            print(f"{name:28}" + "".join(cells))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=9.0)
    parser.add_argument("--rate", type=int, default=50)
    given = parser.parse_args()
    asyncio.run(main(given.seconds, given.rate))

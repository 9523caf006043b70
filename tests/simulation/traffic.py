"""Traffic: calls that arrive at a steady rate, at deployments whose behaviour changes with time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from typing import Any

from langchain_multirouter.resilience.policy import Policy
from tests.simulation.simulated import Call, Script, World, site

#: Seconds since the world began, rng → what an attempt that begins now meets.
Weather = Callable[[float, Random], Script]


class Changing(World):
    """A world whose deployments follow the weather."""

    def __init__(
        self,
        weather: Mapping[str, Weather],
        *,
        policy: Policy | None = None,
        seed: int = 0,
        timeout: float = 100.0,
    ) -> None:
        super().__init__(*(site(n, timeout=timeout) for n in weather), policy=policy, seed=seed)
        self.began = self.now
        self.rng = Random(seed)
        self.weather = tuple(weather.values())

    @property
    def since(self) -> float:
        """Seconds since the world began."""
        return self.now - self.began

    def script(self, number: int) -> Script:
        self._attempts[number] += 1
        return self.weather[number](self.since, self.rng)

    def traffic(self, per_second: float, seconds: float, **request: Any) -> list[Call]:
        """All calls that arrive in these seconds, each to its end."""
        order = count()
        first, total = self.now, round(per_second * seconds)
        calls: list[Call] = []
        due: list[tuple[float, int, Call | None]] = [
            (first + number / per_second, next(order), None) for number in range(total)
        ]
        while due:
            at, _, call = heapq.heappop(due)
            self.now = max(self.now, at)
            if call is None:
                call = self.begin(**request)
                calls.append(call)
            else:
                call.fire()
            if not call.over:
                heapq.heappush(due, (call.due, next(order), call))
        return calls


def attempts_per_call(calls: list[Call]) -> float:
    """How many times the calls were sent."""
    return sum(len(call.started) for call in calls) / len(calls)


def arrived(calls: list[Call], since: float, until: float) -> list[Call]:
    """Those that began in this part of the world's time."""
    return [call for call in calls if since <= call.began - call.world.began < until]  # type: ignore[attr-defined]


def lost(calls: list[Call]) -> list[Call]:
    """Those that nobody answered."""
    return [call for call in calls if call.answered is None]


def share(calls: list[Call], name: str) -> float:
    """The part of the calls that this deployment answered."""
    answered = [c.answered.deployment.name for c in calls if c.answered is not None]
    return answered.count(name) / len(answered)

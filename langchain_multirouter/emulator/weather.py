"""What is wrong with the cloud just now: faults in force and latencies, drawn with a seed."""

import math
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from langchain_multirouter.emulator.ask import PROVIDERS
from langchain_multirouter.emulator.faults import Fault


@dataclass(frozen=True, slots=True)
class FaultInForce:
    """A fault, where it strikes, and for how many more requests; None is until it is healed."""

    provider: str
    fault: Fault
    model: str | None = None
    times: int | None = None
    probability: float = 1.0

    def __post_init__(self) -> None:
        check_provider(self.provider)
        if self.times is not None and self.times < 1:
            raise ValueError(f"times must be at least 1 or None, not {self.times}")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability must be within 0 and 1, not {self.probability}")


@dataclass(frozen=True, slots=True)
class Latency:
    """Median seconds before a reply and before each chunk; `jitter` is the sigma of a lognormal."""

    seconds: float = 0.0
    per_chunk_seconds: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        for name in ("seconds", "per_chunk_seconds", "jitter"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, not {value}")

    def delays(self, rng: random.Random) -> Iterator[float]:
        """Seconds before the reply, then before each chunk."""
        yield self._drawn(self.seconds, rng)
        while self.per_chunk_seconds:
            yield self._drawn(self.per_chunk_seconds, rng)

    def _drawn(self, median: float, rng: random.Random) -> float:
        return median * math.exp(rng.gauss(0.0, self.jitter)) if self.jitter else median


def check_provider(provider: str) -> None:
    """ValueError for a name that is no provider's."""
    if provider not in PROVIDERS:
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}; not {provider!r}")


class Weather:
    """Faults and latencies, changed from any thread while requests are served.

    Faults for a number of requests strike first, in the order they were injected; a fault without
    a number replaces the one before it in the same place.
    """

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self._rng = random.Random(seed)
        self._faults: list[FaultInForce] = []
        self._latencies: dict[str, Latency] = {}
        self._served = dict.fromkeys(PROVIDERS, 0)

    @property
    def faults(self) -> tuple[FaultInForce, ...]:
        with self._lock:
            return tuple(self._faults)

    def add(self, new: FaultInForce) -> None:
        with self._lock:
            if new.times is None:
                self._faults = [f for f in self._faults if not _same_place(f, new)]
            self._faults.append(new)

    def heal(self, provider: str | None, model: str | None) -> None:
        def healed(fault: FaultInForce) -> bool:
            return provider in (None, fault.provider) and model in (None, fault.model)

        with self._lock:
            self._faults = [fault for fault in self._faults if not healed(fault)]

    def set_latency(self, provider: str, latency: Latency) -> None:
        with self._lock:
            self._latencies[provider] = latency

    def strike(self, provider: str, models: tuple[str, ...]) -> Fault | None:
        """The fault that strikes a request to any of these names, if one does; it is used up."""
        with self._lock:
            for fault in sorted(self._faults, key=lambda f: f.times is None):
                if fault.provider != provider or fault.model not in (None, *models):
                    continue
                if fault.probability < 1.0 and self._rng.random() >= fault.probability:
                    continue
                self._use(fault)
                return fault.fault
        return None

    def delays(self, provider: str) -> Iterator[float]:
        """The latencies of one request, the same for the same seed and number of requests."""
        with self._lock:
            self._served[provider] += 1
            key = f"{self._seed}:{provider}:{self._served[provider]}"
            latency = self._latencies.get(provider)
        return iter(()) if latency is None else latency.delays(random.Random(key))

    def _use(self, fault: FaultInForce) -> None:
        if fault.times is None:
            return
        place = next(i for i, f in enumerate(self._faults) if f is fault)
        left = fault.times - 1
        self._faults[place : place + 1] = [replace(fault, times=left)] if left else []


def _same_place(old: FaultInForce, new: FaultInForce) -> bool:
    return old.times is None and (old.provider, old.model) == (new.provider, new.model)

"""Switches: what sets a deployment from outside its attempts: people, checks, prices, threads."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from random import Random
from typing import Any

from .candidate import Candidate
from .economics.price import Price
from .errors import unknown_name
from .resilience.policy import Policy
from .settlement import change_of, judged_by_check
from .telemetry.events import HealthChanged


class Switches:
    """The part of a fleet that no call's attempt turns; the fleet's lock guards it too."""

    policy: Policy
    rng: Random
    _candidates: list[Candidate]
    _lock: AbstractContextManager[Any]
    _numbers: Mapping[str, int]

    def orphaned(self, number: int, change: int) -> None:
        """So many more (or fewer) attempts were left whose threads still run."""
        with self._lock:
            candidate = self._candidates[number]
            self._candidates[number] = candidate._replace(orphans=candidate.orphans + change)

    def why_out(self, name: str) -> str:
        """Why a deployment is not asked: paused, or what put it out."""
        return self._candidates[self._numbers[name]].cause_out

    def judge(self, name: str, now: float, *, cause: str | None) -> HealthChanged | None:
        """A health check's word: a cause opens the breaker, none closes it; says if it did."""
        with self._lock:
            number = self._numbers[name]
            candidate = self._candidates[number]
            judged = judged_by_check(candidate, cause, self.policy, now, rng=self.rng)
            self._candidates[number] = judged
            return change_of(candidate, judged)

    def price(self, number: int) -> Price | None:
        """A deployment's price as it is known now."""
        return self._candidates[number].facts.price

    def reprice(self, number: int, price: Price | None) -> None:
        """A deployment's price from now on."""
        with self._lock:
            candidate = self._candidates[number]
            facts = candidate.facts._replace(price=price)
            self._candidates[number] = candidate._replace(facts=facts)

    def pause(self, name: str) -> None:
        """Send nothing to this deployment until `resume`; what is under way goes on."""
        self._set_paused(name, paused=True)

    def resume(self, name: str) -> None:
        """Undo `pause`."""
        self._set_paused(name, paused=False)

    def _set_paused(self, name: str, *, paused: bool) -> None:
        if name not in self._numbers:
            raise unknown_name("Deployment", name, self._numbers)
        with self._lock:
            number = self._numbers[name]
            self._candidates[number] = self._candidates[number]._replace(paused=paused)

"""Semantic counts: what a semantic cache has done so far, and why it did not do more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..forks import tell_when_forked


class SemanticCounts(NamedTuple):
    """What a semantic cache has done so far.

    Args:
        hits: Answers served.
        misses: Questions that had none.
        stored: Answers kept.
        refused: Requests that it is not for: tools, images, temperature, length, "today".
        failures: Embeddings or store failed, or took too long.
        left_alone: Neither was asked, since they had failed before.
        strangers: Entries found that are nobody's or another's: another key or scope, or garbage.
        expired: Entries found that were too old.
        far: Entries found that were not near enough.
        kept_apart: Entries found that were near enough, by the guard that saw the difference.
        evicted: Entries deleted for newer ones.
    """

    hits: int = 0
    misses: int = 0
    stored: int = 0
    refused: int = 0
    failures: int = 0
    left_alone: int = 0
    strangers: int = 0
    expired: int = 0
    far: int = 0
    kept_apart: Mapping[str, int] = MappingProxyType({})
    evicted: int = 0


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()
        self._apart: Counter[str] = Counter()
        self.forked()
        tell_when_forked(self)

    def forked(self) -> None:
        """A lock of this process' own."""
        self._lock = threading.Lock()

    def count(self, name: str, n: int = 1) -> None:
        """So many more of what `SemanticCounts` calls by this name."""
        with self._lock:
            self._counted[name] += n

    def kept_apart(self, guard: str) -> None:
        """One more that this guard kept apart."""
        with self._lock:
            self._apart[guard] += 1

    def counts(self) -> SemanticCounts:
        """All so far."""
        with self._lock:
            return SemanticCounts(**self._counted, kept_apart=dict(self._apart))

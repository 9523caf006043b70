"""Forks: a child process gets fresh locks and dice of its own.

The thread that held a lock does not live in the child; and children that drew the same numbers
would all wait for the same jittered time.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Whoever has something that two processes must not share, or that a fork may find held."""

    def forked(self) -> None:
        """Replace it: this is the child."""


_KNOWN: WeakSet[Forkable] = WeakSet()


def tell_when_forked(owner: Forkable) -> None:
    """Call `owner.forked()` in every process forked from now on."""
    _KNOWN.add(owner)


def _tell() -> None:
    for owner in list(_KNOWN):
        owner.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_tell)

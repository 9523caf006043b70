"""Observer: who watches the attempts of one call, such as a trace of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .deployment import Deployment
from .outcome import Failure


class Observer(Protocol):
    """Who watches a call's attempts; what it raises is nobody's concern."""

    def began(self, id: int, deployment: Deployment) -> None:
        """An attempt begins."""

    def ended(self, id: int, failure: Failure | None, usage: Mapping[str, Any] | None) -> None:
        """It ended, well if `failure` is None."""

    def left(self, id: int) -> None:
        """It was left without an outcome of its own; may come after `ended`, and more than once."""

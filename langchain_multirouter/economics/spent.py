"""Spent: what an attempt that did not answer the call used up, as counted or as guessed."""

from __future__ import annotations

from typing import NamedTuple

from .price import Usage


class Spent(NamedTuple):
    """The tokens that the provider counted, and USD.

    Args:
        usage: What the provider counted; None where it did not.
        cost_usd: What that costs; None where it, or the price, is not known.
        estimated_usd: What the attempt may be billed for where nothing was counted.
    """

    usage: Usage | None = None
    cost_usd: float | None = None
    estimated_usd: float | None = None

    @property
    def usd(self) -> float | None:
        """What a budget is charged: None where something was used and its price is not known."""
        if self.usage is not None:
            return self.cost_usd
        return self.estimated_usd or 0.0

    @property
    def tokens(self) -> int | None:
        """What a quota is charged: None where something was used and nobody counted it."""
        if self.usage is not None:
            return self.usage[0] + self.usage[1]
        return None if self.estimated_usd is not None else 0


NOTHING_SPENT = Spent()

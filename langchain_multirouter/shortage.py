"""Shortage: a budget that does not cover a call, as a value and as the error that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import NoCandidateError


class Shortage(NamedTuple):
    """A budget that does not cover an attempt.

    Args:
        budget: Which, in words.
        left_usd: What is left of it, beside what other attempts have reserved.
        needed_usd: The most that the attempt can cost.
        renewed_seconds: In how many seconds its next window begins.
        refuses: Whether the call is refused, and no cheaper deployment looked for.
        key_digest: Whose account it is, where it is one of a key's.
    """

    budget: str
    left_usd: float
    needed_usd: float
    renewed_seconds: float
    refuses: bool = True
    key_digest: str | None = None

    def __str__(self) -> str:
        return (
            f"up to {self.needed_usd:.6f} USD needed, {self.left_usd:.6f} left of {self.budget}, "
            f"renewed in {self.renewed_seconds:.1f} s"
        )


class BudgetExceededError(NoCandidateError):
    """A budget does not cover the most that this call can cost; nothing was sent.

    Attributes:
        removed: Deployment name → why it was not asked.
        shortage: The budget in words, what is left of it in USD, what was needed, and in how many
            seconds it is renewed.
        retry_after_seconds: When it is renewed.
    """

    def __init__(self, removed: Mapping[str, str], shortage: Shortage) -> None:
        self.shortage = shortage
        seconds = shortage.renewed_seconds
        note = f" within the budget: {shortage}"
        if shortage.refuses:
            note += '; with when_spent="cheaper" a cheaper one would be asked, if there is one'
        super().__init__(removed, note=note, retry_after_seconds=seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.removed, self.shortage)

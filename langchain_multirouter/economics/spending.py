"""Spending: what one budget shows of its accounts."""

from __future__ import annotations

from typing import Any, Final

#: A US dollar in the unit in which accounts are kept.
NANO: Final = 1e9


def spending_of(book: Any, now: float) -> dict[str, Any]:
    """A budget's accounts in its present window, by digests of their names."""
    if book.renewed_at is not None:  # looking begins no window
        book.turn(now)
    accounts = {
        name: {
            "spent_usd": account.spent / NANO,
            "reserved_usd": account.reserved / NANO,
            "left_usd": book.left(account) / NANO,
        }
        for name, account in book.accounts.items()
    }
    return {
        "budget": str(book.budget),
        "usd": book.budget.usd,
        "per_seconds": book.budget.per_seconds,
        "key": book.budget.key,
        "renewed_in_seconds": max(0.0, (book.renewed_at or now) - now),
        "accounts": accounts,
    }

"""Budgets: USD per window, reserved before an attempt and settled after it, never overdrawn.

Windows are fixed ones, from the budget's first use on: "1 USD a day" is then exactly that in each
of them, there is one moment at which it is renewed, which an error can name, and an account is two
numbers. A bucket that refills would let almost twice the sum through in a first window, and has no
such moment. (Across the border of two windows, up to twice the sum can fall into one's length.)

Money is counted in whole nano-USD, since sums of floats drift; reservations and costs are rounded
up, budgets down. A reservation belongs to the window it was made in, and so does what comes of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from ..deployment import finite
from ..errors import ConfigurationError, unknown_name
from ..shortage import Shortage
from ..values import new
from .spending import NANO, spending_of

#: Of one budget and window; whoever comes later shares one more account. Forgetting the least
#: recently used instead would forget what they spent.
MOST_ACCOUNTS: Final = 10_000
_OTHERS: Final = "others"
#: Of what is left, so much is reserved for an answer without `max_tokens` while others may come.
SHARE: Final = 0.125
#: Such an answer may become so many times as long as is usual, if there is money for it.
ROOM: Final = 4
#: No answer is longer, where a model's own longest is not known; and a `max_tokens` that every
#: service takes, since one above the model's longest is an error (Claude 3 and GPT-4: 4,096).
LONGEST: Final = 200_000
SURELY_TAKEN: Final = 4_096
LONGEST_KEY: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent in each window, by all calls or by each value of a key.

    Args:
        usd: So much, in USD.
        per_seconds: The window's length; it begins with the first call.
        key: Each of whose values has the sum for itself: "tenant", the routing option, or one of
            the keys of the option `spenders` ("user", "run"); calls that name none share one
            account. None: the budget is the whole router's.
        when_spent: What becomes of a call that it does not cover where it would go: "refuse", with
            a `BudgetExceededError`; or "cheaper", so that only deployments are asked that it does
            cover, and an error comes where there is none.
        unpriced: Whether deployments of unknown price may be asked: "refuse" or "allow", unpaid.

    Raises:
        ConfigurationError: naming the field that is wrong.
    """

    usd: float
    per_seconds: float
    key: str | None = None
    when_spent: Literal["refuse", "cheaper"] = "refuse"
    unpriced: Literal["refuse", "allow"] = "refuse"

    def __post_init__(self) -> None:
        for name in ("usd", "per_seconds"):
            if not finite(f"budgets.{name}", getattr(self, name)):
                raise ConfigurationError(f"budgets.{name}: must be a finite number above 0")
        key = self.key
        if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
            raise ConfigurationError(f"budgets.key: must be a name of 1 to {LONGEST_KEY} letters")
        if self.when_spent not in ("refuse", "cheaper"):
            raise ConfigurationError('budgets.when_spent: must be "refuse" or "cheaper"')
        if self.unpriced not in ("refuse", "allow"):
            raise ConfigurationError('budgets.unpriced: must be "refuse" or "allow"')

    def __str__(self) -> str:
        whose = "" if self.key is None else f" for each {self.key}"
        return f"{self.usd:g} USD per {self.per_seconds:g} s{whose}"


_FIELDS: Final = ("usd", "per_seconds", "key", "when_spent", "unpriced")


def read_budgets(given: Any) -> tuple[Budget, ...]:
    """Budgets, or mappings of their fields, as one tuple.

    Raises:
        ConfigurationError: naming what is wrong.
    """
    if given is None:
        return ()
    if isinstance(given, str | Mapping | Budget) or not isinstance(given, Iterable):
        raise ConfigurationError("budgets: must be a list of Budget(usd=..., per_seconds=...)")
    return tuple(_budget(one) for one in given)


def _budget(given: Any) -> Budget:
    if isinstance(given, Budget):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError("budgets: must hold Budget(usd=..., per_seconds=...) alone")
    for name in given:
        if name not in _FIELDS:
            raise unknown_name("budgets: the field", str(name), _FIELDS)
    for name in ("usd", "per_seconds"):
        if name not in given:
            raise ConfigurationError(f"budgets.{name}: must be given")
    return Budget(**given)


class Need(NamedTuple):
    """What one attempt must be able to pay.

    Args:
        fixed_usd: Whatever it answers: the most that its input can cost.
        usd_per_token: Of output, at the dearest.
        tokens: The output asked for; None where the call does not say.
        usual_tokens: What an answer usually has: less is not worth its price.
        most_tokens: The longest answer there is; None where that is not known.
        times: As often as the provider's own class may send it.
    """

    fixed_usd: float
    usd_per_token: float
    tokens: int | None
    usual_tokens: int
    most_tokens: int | None
    times: int = 1

    def nano(self, tokens: int) -> int:
        """Its price with so much output, and a little more than sums of floats can be off."""
        return int(self.times * (self.fixed_usd + tokens * self.usd_per_token) * NANO) + 2


class Account:
    """Two sums in nano-USD, of one payer in one window of one budget."""

    __slots__ = ("reserved", "spent")

    def __init__(self) -> None:
        self.spent = self.reserved = 0


class Allowance(NamedTuple):
    """What an attempt may spend: where it is reserved, and the output that it pays for.

    An account of a window that is over is in no book any more: what comes of its attempts is
    written there, and nowhere else.
    """

    accounts: tuple[Account, ...]
    nano: int
    max_tokens: int | None  # None: as the call says, or as long as the model's answers can be


class _Book:
    """One budget's accounts in its present window."""

    __slots__ = ("accounts", "budget", "nano", "renewed_at")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.nano = int(budget.usd * NANO)
        self.renewed_at: float | None = None
        self.accounts: dict[str, Account] = {}

    def turn(self, now: float) -> None:
        """A new window begins with empty accounts; a clock that was read late begins none."""
        length = self.budget.per_seconds
        if self.renewed_at is None:
            self.renewed_at = now + length
        elif now >= self.renewed_at:
            self.renewed_at += length * (1 + (now - self.renewed_at) // length)
            self.accounts.clear()

    def account(self, payer: str) -> Account:
        name = _OTHERS if len(self.accounts) >= MOST_ACCOUNTS else payer
        return self.accounts.setdefault(name, Account())

    def left(self, account: Account) -> int:
        return self.nano - account.spent - account.reserved


class Books:
    """All accounts of all budgets of one router; its fleet's lock is held around every method."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self.budgets = tuple(budgets)
        self._books = [_Book(budget) for budget in self.budgets]
        self.allows_unpriced = all(budget.unpriced == "allow" for budget in self.budgets)

    def payers(self, tenant: str | None, spenders: Mapping[str, str]) -> tuple[str, ...]:
        """Whose accounts a call goes to, one for each budget; names of people are not kept."""
        return tuple(
            [
                _payer(b.key, tenant if b.key == "tenant" else spenders.get(b.key or ""))
                for b in self.budgets
            ]
        )

    def reserve(self, need: Need, payers: Sequence[str], now: float) -> Allowance | Shortage:
        """Reserve an attempt's price in all of its accounts, or in none and say which is short."""
        accounts: list[Account] = []
        scarcest, whose, left = self._books[0], "", -1
        for book, payer in zip(self._books, payers, strict=True):
            if book.renewed_at is None or now >= book.renewed_at:
                book.turn(now)
            account = book.accounts.get(payer)
            if account is None:
                account = book.account(payer)
            accounts.append(account)
            here = max(0, book.nano - account.spent - account.reserved)
            if left < 0 or here < left:
                scarcest, whose, left = book, payer, here
        tokens, told = _output(need, left)
        nano = need.nano(tokens)
        if nano > left:
            return _short(scarcest, whose, left, nano, now)
        for account in accounts:
            account.reserved += nano
        return new(Allowance, (tuple(accounts), nano, told))

    def lacking(self, need: Need, payers: Sequence[str], now: float) -> Shortage | None:
        """As `reserve`, for looking only: which of them does not cover it, if one does not."""
        scarcest, whose, left = self._books[0], "", -1
        for book, payer in zip(self._books, payers, strict=True):
            begun = book.renewed_at is not None and now < book.renewed_at
            account = book.accounts.get(payer) if begun else None
            here = book.nano if account is None else book.left(account)
            if left < 0 or here < left:
                scarcest, whose, left = book, payer, here
        nano = need.nano(_output(need, left)[0])
        return _short(scarcest, whose, left, nano, now) if nano > left else None

    def settle(self, allowance: Allowance, usd: float | None) -> None:
        """Give a reservation back and charge what came of it; all of it where that is unknown."""
        accounts, nano, _ = allowance
        cost = nano if usd is None else int(usd * NANO) + (usd > 0)
        for account in accounts:
            account.reserved -= nano
            account.spent += cost

    def public(self, now: float, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Every budget with its accounts, by digests of their names: all, or only these."""
        shown = [spending_of(book, now) for book in self._books]
        for budget, payer in zip(shown, only or (), strict=False):
            fresh = {"spent_usd": 0.0, "reserved_usd": 0.0, "left_usd": budget["usd"]}
            budget["accounts"] = {payer: budget["accounts"].get(payer, fresh)}
        return shown


def _short(book: _Book, payer: str, left: int, nano: int, now: float) -> Shortage:
    seconds = max(0.0, (book.renewed_at or now) - now)
    refuses = book.budget.when_spent == "refuse"
    money = (left / NANO, nano / NANO)
    return Shortage(str(book.budget), *money, seconds, refuses, payer or None)


def _output(need: Need, left: int) -> tuple[int, int | None]:
    """For how much output money is reserved, and what the provider is told, if it must be.

    Without `max_tokens`: a part of what is left, so that many can call at once; but more where an
    answer may well need it, no more than the longest there is, and no less than is usual.
    """
    asked, usual, longest = need.tokens, need.usual_tokens, need.most_tokens
    if asked is not None:
        return asked, None
    per_token = need.times * need.usd_per_token * NANO
    most = LONGEST if longest is None else longest
    if per_token <= 0.0:
        return most, None  # answers are free
    over = left - need.nano(0)
    room = min(max(ROOM * usual, int(SHARE * over / per_token)), int(over / per_token))
    if room >= most:
        return most, None
    if longest is None and room > SURELY_TAKEN:
        room = SURELY_TAKEN
    tokens = max(room, min(most, usual))
    return tokens, tokens


@lru_cache(maxsize=4096)
def _payer(key: str | None, name: str | None) -> str:
    if key is None or name is None:
        return ""
    return hashlib.sha256(f"{key}\0{name}".encode("utf-8", "replace")).hexdigest()[:16]

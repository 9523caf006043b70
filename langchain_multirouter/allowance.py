"""Allowance: what an attempt must be able to pay before it begins, at the most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .candidate import Candidate
from .economics.budgets import Allowance, Need
from .errors import RouterError, no_candidate
from .fleet import Fleet
from .request import Request
from .shortage import BudgetExceededError, Shortage

#: Services that take no smaller limit are asked for so many tokens instead.
LEAST_LIMIT = 16
#: A stream that goes on elsewhere shows the other what was said: so many bytes a character at most
#: (UTF-8), so many more for the words around it.
BYTES_PER_CHARACTER = 4
ASKED_TO_GO_ON = 512

UNPRICED = "price unknown: give model_name= or price="
UNBOUNDED = "the most its input can cost is unknown: give profile={'max_input_tokens': ...}"


def need_of(candidate: Candidate, request: Request, said_characters: int = 0) -> Need | str:
    """The most that an attempt can cost, or why that cannot be told.

    Args:
        candidate: Who is to be asked.
        request: What.
        said_characters: What was delivered before, where it goes on from there.
    """
    price, capabilities, times, own_limit = candidate.facts
    if price is None:
        return UNPRICED
    tokens = request.most_input_tokens
    if tokens is None:
        tokens = capabilities.max_input_tokens
        if tokens is None:
            return UNBOUNDED
    if said_characters:
        tokens += BYTES_PER_CHARACTER * said_characters + ASKED_TO_GO_ON
    per_input, per_output, per_request = price.dearest(tokens)
    asked = request.max_tokens
    if asked is None:
        asked = own_limit
    return Need(
        per_request + tokens * per_input,
        per_output,
        None if asked is None else max(asked, LEAST_LIMIT),
        max(candidate.expected_output(request), LEAST_LIMIT),
        capabilities.max_output_tokens,
        times,
    )


#: Where budgets let a deployment of unknown price be asked.
UNPAID = Allowance((), 0, None)


class Purse:
    """One call's side of its router's budgets: whose accounts it goes to, and who was too dear."""

    def __init__(self, fleet: Fleet, request: Request) -> None:
        books, options = fleet.books, request.options
        assert books is not None  # noqa: S101  # made only where there are budgets
        self._fleet = fleet
        self._request = request
        self._payers = books.payers(options.tenant, options.spenders)
        self._allows_unpriced = books.allows_unpriced
        self.said_characters = 0  # what was delivered, where a stream may go on elsewhere
        self.short: Shortage | None = None  # the latest
        self.unpaid: dict[str, str] = {}  # deployment's name → why it is not asked

    def allowance(self, candidate: Candidate, now: float) -> Allowance | None:
        """What an attempt there may spend, reserved; None where the budgets do not cover it."""
        need = need_of(candidate, self._request, self.said_characters)
        if isinstance(need, str):
            if self._allows_unpriced:
                return UNPAID
            self.unpaid[candidate.deployment.name] = f"budget: {need}"
            return None
        found = self._fleet.reserve(need, self._payers, now)
        if isinstance(found, Allowance):
            return found
        self.short = found
        self.unpaid[candidate.deployment.name] = f"budget: {found}"
        return None

    def unpaid_of(self, candidates: Iterable[Candidate], now: float) -> dict[str, str]:
        """Who would not be covered now, and why; nothing is reserved."""
        found = {}
        for candidate in candidates:
            need: Need | Shortage | str | None = need_of(candidate, self._request)
            if isinstance(need, Need):
                need = self._fleet.lacking(need, self._payers, now)
            elif self._allows_unpriced:
                continue
            if need is not None:
                found[candidate.deployment.name] = f"budget: {need}"
        return found

    def refusal(self, removed: Mapping[str, str]) -> RouterError:
        """The error of a call of which nothing was sent, since nobody could be paid."""
        reasons = {**removed, **self.unpaid}
        if self.short is None:
            return no_candidate(reasons)
        return BudgetExceededError(reasons, self.short)

"""Rules: the table of all advice, each a function of the situation; adding one is one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ...candidate import Candidate
from ..record import CallRecord
from . import calls, deployments, prices
from .advice import Advice
from .situation import LEAST_TRAFFIC, Settings, Situation

Rule = Callable[[Situation], Iterator[Advice]]

#: What can be said of a configuration before there was any traffic.
BEFORE_TRAFFIC: Final[tuple[Rule, ...]] = (
    deployments.nested_retries,
    deployments.outer_retries,
    deployments.retiring,
    prices.price_changes,
)
RULES: Final[tuple[Rule, ...]] = (
    *BEFORE_TRAFFIC,
    deployments.never_works,
    deployments.never_right,
    deployments.never_asked,
    calls.deadline_cuts,
    calls.nobody_left,
    calls.first_choice_fails,
    calls.long_tail,
    prices.price_unknown,
    prices.cheaper,
)


def advice(
    records: Sequence[CallRecord],
    candidates: Sequence[Candidate],
    settings: Settings | None = None,
) -> list[Advice]:
    """All advice, what is surest and changes most first.

    Args:
        records: The calls. Of fewer than ten nothing is said.
        candidates: The deployments, as they are now; none are known of a journal.
        settings: The router's; None where they are not known.
    """
    situation = Situation(records, candidates, settings)
    rules = RULES if len(records) >= LEAST_TRAFFIC else BEFORE_TRAFFIC
    given = [piece for rule in rules for piece in rule(situation)]
    return sorted(given, key=lambda piece: piece.weight)

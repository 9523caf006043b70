"""Rules: the table of all advice, each a function of the situation; adding one is one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from ...candidate import Candidate
from ..aggregate import Group
from ..record import CallRecord
from ..savings import Charges
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
    *,
    groups: Mapping[str, Group] | None = None,
    charges: Charges | None = None,
) -> list[Advice]:
    """All advice, what is surest and changes most first.

    Args:
        records: The calls. Of fewer than ten nothing is said.
        candidates: The deployments, as they are now; none are known of a journal.
        settings: The router's; None where they are not known.
        groups: Every deployment's part in the calls, where it was reckoned before.
        charges: What each would have charged, where it was reckoned before.
    """
    situation = Situation(records, candidates, settings, groups=groups, charges=charges)
    rules = RULES if len(records) >= LEAST_TRAFFIC else BEFORE_TRAFFIC
    given = [piece for rule in rules for piece in rule(situation)]
    return sorted(given, key=lambda piece: piece.weight)

"""Stickiness: where a conversation belongs, so that most stay where they are when models change.

Rendezvous hashing, or highest random weight (Thaler and Ravishankar, A name-based mapping scheme
for rendezvous, 1996): every deployment draws a number from its own name and the conversation's key,
and the highest has it. Who joins takes only those whose highest it becomes; who leaves gives only
its own away; processes that share nothing agree. A weight w makes the draw h in (0, 1) into
−w / ln h, so that shares are as the weights (Schindelhauer and Schomaker, Weighted distributed hash
tables, 2005: the logarithmic method).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from math import log
from random import Random

from ..candidate import Candidate
from ..conversation import Session
from .pickers import Picker

_HALF_STEP = 0.5
_STEPS = 2.0**53  # a double has no finer ones


def rendezvous(key: bytes, deployments: Iterable[tuple[str, float]]) -> tuple[int, ...]:
    """The places of the deployments in a list, in the order in which a conversation wants them.

    Args:
        key: The conversation's.
        deployments: Names and weights. Who has no weight comes last.
    """
    drawn = [(_drawn(key, name, weight), -i) for i, (name, weight) in enumerate(deployments)]
    return tuple(-i for _, i in sorted(drawn, reverse=True))


def _drawn(key: bytes, name: str, weight: float) -> float:
    if weight <= 0.0:
        return 0.0
    digest = blake2b(key + b"\0" + name.encode(), digest_size=8).digest()
    share = ((int.from_bytes(digest, "big") >> 11) + _HALF_STEP) / _STEPS
    return -weight / log(share)


def staying(picker: Picker, session: Session) -> Picker:
    """The strategy's picker, with the deployment that the conversation is at in front."""

    def pick(
        candidates: Sequence[Candidate], scores: Sequence[float], turn: int, rng: Random
    ) -> list[Candidate]:
        order = picker(candidates, scores, turn, rng)
        place = {number: i for i, number in enumerate(session.order)}
        first = min(order, key=lambda candidate: place[candidate.number])
        order.remove(first)
        return [first, *order]

    return pick

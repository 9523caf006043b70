"""Ids: tool calls named as the target allows, the same in every request.

A legal id that no earlier call has stays. Another one is made from the old id alone, so that a
conversation that grows keeps its beginning, which prompt caches match.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from .turns import Call


def legal_ids(calls: Sequence[Call], pattern: str) -> list[str]:
    """An id for each call, unique in the conversation.

    Args:
        calls: In order.
        pattern: What the target's ids match; empty for any text.
    """
    matches = _compiled(pattern or r"[\s\S]+").fullmatch
    kept = {call.id for call in calls if matches(call.id)}
    used: set[str] = set()
    ids = []
    for call in calls:
        id_ = call.id
        if id_ in used or id_ not in kept:
            id_ = _made(id_, used | kept)
        used.add(id_)
        ids.append(id_)
    return ids


def _made(id_: str, taken: set[str]) -> str:
    number = 0
    while True:
        digest = hashlib.sha256(f"{number} {id_}".encode("utf-8", "replace")).hexdigest()
        made = f"call_{digest[:24]}"
        if made not in taken:
            return made
        number += 1


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)

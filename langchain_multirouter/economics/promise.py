"""Promise: the profile of many deployments taken together, which is what every one of them can do.

Whoever reads a router's profile (agents, summarization) relies on it for a call that any deployment
may answer. So what is not known of everybody is not promised: the key is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Models that take tools or a schema for the answer, but not both in one call.
#: LangChain's agents ask a model's name for this, which a router does not have.
_ONE_OR_THE_OTHER: Final = re.compile(r"gemini-(pro|flash|[12]([.-]|$))", re.IGNORECASE)

_STRUCTURED: Final = "structured_output"


def promised(profiles: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What every one of these profiles says: flags that all have, the least of their limits.

    A flag that one denies is false; anything else has to be the same everywhere.
    """
    keys = dict.fromkeys(key for profile in profiles for key in profile)
    found = {}
    for key in keys:
        value = _together(key, [profile.get(key) for profile in profiles])
        if value is not None:
            found[key] = value
    return found


def _together(key: str, values: Sequence[Any]) -> Any:
    if False in (value for value in values if isinstance(value, bool)):
        return False
    if any(value is None for value in values):
        return None
    if key.startswith("max_"):
        counts = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and v > 0]
        return min(counts) if len(counts) == len(values) else None
    first = values[0]
    return first if all(type(v) is type(first) and v == first for v in values) else None


def one_profile(
    known: Mapping[str, Any] | None, given: Mapping[str, Any], model_name: str
) -> dict[str, Any]:
    """One deployment's part of the promise.

    Args:
        known: Its class's profile.
        given: The user's, which stands above it; None there means: not known.
        model_name: Its model. `structured_output` is denied to models that cannot keep to a schema
            while they have tools, since agents ask for both in one call.
    """
    profile = {**(known or {}), **given}
    if (
        _STRUCTURED not in given
        and profile.get(_STRUCTURED)
        and _ONE_OR_THE_OTHER.search(model_name)
    ):
        profile[_STRUCTURED] = False
    return profile

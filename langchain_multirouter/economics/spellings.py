"""Spellings: the names under which a model may be in the price data, the most exact first.

Every step gives up something that does not change the price (a path, a date) or, on Bedrock, a
region that the data does not list (its ids without one hold the regional price).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..deployment import Provider

#: A cross-region profile's geography: "us.", "apac.", "us-gov.". Not "global.", which is longer and
#: has another price.
_GEOGRAPHY: Final = re.compile(r"^[a-z]{2,4}(?:-gov)?\.(?=[a-z0-9]+\.)")
_ANY_REGION: Final = re.compile(r"^(?:global|regional|[a-z]{2,4}(?:-gov)?)\.(?=[a-z0-9]+\.)")
#: "-20250929-v1:0", "-v1:0", and OpenAI's "-1:0".
_DATE_AND_VERSION: Final = re.compile(r"(?:-\d{8})?(?:-v\d+|-\d(?=:))?(?::\d+)?$")
_DATE: Final = re.compile(r"-\d{8}")
_VERTEX_VERSION: Final = re.compile(r"(?:@[\w.-]+|-\d{3})$")


def spellings(model_name: str, provider: str, ids: Sequence[str]) -> Iterator[str]:
    """The names to look a model up by.

    Args:
        model_name: As given: an id, an ARN, "publishers/google/models/…".
        provider: Ours.
        ids: Those of the provider's models in the data.
    """
    seen: set[str] = set()
    for name in _attempts(model_name.strip().lower(), provider, ids):
        if name and name not in seen:
            seen.add(name)
            yield name


def _attempts(name: str, provider: str, ids: Sequence[str]) -> Iterator[str]:
    yield name
    name = name.rsplit("/", 1)[-1]
    yield name
    if provider == Provider.AWS_BEDROCK:
        yield from _dated(name, ids)
        without = _GEOGRAPHY.sub("", name)
        yield without
        yield from _dated(without, ids)
    elif provider == Provider.GCP_VERTEX:
        yield _VERTEX_VERSION.sub("", name)


def _dated(name: str, ids: Iterable[str]) -> Iterator[str]:
    """`eu.anthropic.claude-sonnet-4-5` → `eu.anthropic.claude-sonnet-4-5-20250929-v1:0`: the data
    has the older Claude models by their dated id alone; the newest date first. A name that has a
    date of its own is not taken for another's."""
    if _DATE.search(name):
        return
    region = _ANY_REGION.match(name)
    prefix, model = (region[0], name[region.end() :]) if region else ("", name)
    bare = {_ANY_REGION.sub("", known) for known in ids}
    undated = _DATE_AND_VERSION.sub("", model)
    for known in sorted(bare, reverse=True):
        if _DATE_AND_VERSION.sub("", known) == undated:
            yield prefix + known

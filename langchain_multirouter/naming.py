"""Naming: a name for every deployment that was given none, told apart by where it is.

Several of one model are named after the first of these that tells them all apart: Azure's resource
or deployment, Bedrock's region, Vertex's location; else they are numbered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from .attempt import Served
from .deployment import LONGEST_NAME, Provider
from .errors import ConfigurationError

#: Where a deployment is: attributes of its provider's class, the most telling first.
_PLACES: Mapping[str, tuple[str, ...]] = {
    Provider.AZURE_OPENAI: ("azure_endpoint", "deployment_name"),
    Provider.AWS_BEDROCK: ("region_name",),
    Provider.GCP_VERTEX: ("location",),
}
LONGEST_PLACE = 24
#: A place is a short word; whatever else stands there may be anything.
_WORD = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def named(served: Sequence[Served]) -> tuple[Served, ...]:
    """Give a name to whoever has none.

    Raises:
        ConfigurationError: a name is given twice.
    """
    given = Counter(one.deployment.name for one in served if one.deployment.name)
    twice = sorted(name for name, count in given.items() if count > 1)
    if twice:
        raise ConfigurationError(f"models: the deployment name {twice[0]!r} is given twice")
    taken, places = set(given), _places(served)
    found = []
    for one, place in zip(served, places, strict=True):
        deployment = one.deployment
        if not deployment.name:
            name = _free(_wanted(one), place, taken)
            deployment = deployment.model_copy(update={"name": name})
        taken.add(deployment.name)
        found.append(one._replace(deployment=deployment))
    return tuple(found)


def _wanted(one: Served) -> str:
    return f"{one.deployment.provider}:{one.deployment.model_name}"


def _places(served: Sequence[Served]) -> list[str]:
    """What is appended to each name: empty for a model that is there once, or is not told apart."""
    alike: dict[str, list[int]] = {}
    for number, one in enumerate(served):
        if not one.deployment.name:
            alike.setdefault(_wanted(one), []).append(number)
    found = [""] * len(served)
    for numbers in alike.values():
        for attribute in _PLACES.get(served[numbers[0]].deployment.provider, ()):
            places = [_place(served[number].model, attribute) for number in numbers]
            if len(numbers) > 1 and all(places) and len(set(places)) == len(places):
                for number, place in zip(numbers, places, strict=True):
                    found[number] = f"@{place}"
                break
    return found


def _place(model: Any, attribute: str) -> str:
    """A word; of an endpoint the host's first label alone, since the rest may hold anything."""
    said = getattr(model, attribute, None)
    if not isinstance(said, str):
        return ""
    if "//" in said:
        try:
            said = (urlsplit(said).hostname or "").partition(".")[0]
        except ValueError:  # no URL
            return ""
    return said if len(said) <= LONGEST_PLACE and _WORD.fullmatch(said) else ""


def _free(wanted: str, place: str, taken: set[str]) -> str:
    printable = "".join(c if c.isascii() and c.isprintable() else "?" for c in wanted)
    name, number = printable[: LONGEST_NAME - len(place)] + place, 1
    while name in taken:
        number += 1
        ending = f"{place}#{number}"
        name = printable[: LONGEST_NAME - len(ending)] + ending
    return name

"""Conjunction: several JSON schemas that hold together, said as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .subsets import ANNOTATIONS
from .unportable import Unportable

Schema = Mapping[str, Any]

#: Where a schema keeps others for reference; no part of what it says.
STORES: Final = ("$defs", "definitions")
#: About the document, not about values.
_MARKS: Final = frozenset({"$schema", "$id", "$anchor", "$comment", "$dynamicAnchor", *STORES})


def resolved(root: Schema, reference: Any, place: str) -> Schema:
    """The schema that a reference into the same document points at.

    Raises:
        Unportable: it points elsewhere, or at nothing.
    """
    found: Any = root
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        raise Unportable(f"{place}: a reference out of the schema")
    for part in reference.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            found = None
    if isinstance(found, bool):
        return {} if found else {"not": {}}
    if not isinstance(found, Mapping):
        raise Unportable(f"{place}: a reference to nothing")
    return found


def stated(schema: Schema) -> dict[str, Any]:
    """What the schema says of values."""
    return {key: value for key, value in schema.items() if key not in _MARKS}


def conjunction(schemas: Sequence[Schema], place: str) -> dict[str, Any]:
    """One schema that accepts what all of them accept; the later one's annotations are taken.

    Raises:
        Unportable: they cannot be said as one.
    """
    whole: dict[str, Any] = {}
    for schema in schemas:
        part = stated(schema)
        _check_extras(whole, part, place)
        for key, value in part.items():
            if key not in whole or key in ANNOTATIONS or whole[key] == value:
                whole[key] = value
            elif key in _JOINS:
                whole[key] = _JOINS[key](whole[key], value)
            else:
                raise Unportable(f"{place}: two of {key} at once")
    if whole.get("type") == [] or whole.get("enum") == []:
        raise Unportable(f"{place}: accepts nothing")
    return whole


def _check_extras(one: Schema, other: Schema, place: str) -> None:
    """Closed objects are closed to each other's properties: together they say something else."""
    names = [frozenset(schema.get("properties") or ()) for schema in (one, other)]
    for mine, theirs, schema in ((names[0], names[1], one), (names[1], names[0], other)):
        if schema.get("additionalProperties", True) not in (True, {}) and theirs - mine:
            raise Unportable(f"{place}: additionalProperties beside other properties")


def _either(one: Any, other: Any) -> list[Any]:
    return list(dict.fromkeys([*one, *other]))


def _both(one: Sequence[Any], other: Sequence[Any]) -> list[Any]:
    return [value for value in one if any(same(value, it) for it in other)]


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: true is not 1."""
    return (type(one) is type(other) and bool(one == other)) or (
        one == other and not isinstance(one, bool) and not isinstance(other, bool)
    )


def _types(one: Any, other: Any) -> Any:
    """What both allow; an integer is a number too."""
    left, right = ([it] if isinstance(it, str) else list(it) for it in (one, other))
    shared = [it for it in left if it in right]
    for mine, theirs in ((left, right), (right, left)):
        if "integer" in mine and "number" in theirs and "integer" not in shared:
            shared.append("integer")
    if "integer" in shared and "number" in shared:
        shared.remove("integer")
    return shared[0] if len(shared) == 1 else shared


def _each(one: Schema, other: Schema) -> dict[str, Any]:
    """Of a property that both describe, both hold."""
    joined = dict(one)
    for name, schema in other.items():
        joined[name] = {"allOf": [one[name], schema]} if name in one else schema
    return joined


_JOINS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "required": _either,
    "properties": _each,
    "items": lambda one, other: {"allOf": [one, other]},
    "allOf": lambda one, other: [*one, *other],
    "enum": _both,
    "type": _types,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    "additionalProperties": lambda one, other: other if one in (True, {}) else one,
}

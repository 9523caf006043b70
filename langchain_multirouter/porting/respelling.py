"""Respelling: other words for the same JSON schema: an enum for a constant, a choice for a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from .conjunction import Schema, same
from .subsets import ANNOTATIONS, TYPE_OF, Subset
from .unportable import Unportable

_EXCLUSIVE: Final = (
    ("exclusiveMinimum", "minimum", 1, max),
    ("exclusiveMaximum", "maximum", -1, min),
)


def respelled(schema: Schema, subset: Subset) -> dict[str, Any]:
    """The schema with the words of the newest draft, and those that the service has."""
    said = dict(schema)
    if isinstance(said.get("type"), list) and len(said["type"]) == 1:
        said["type"] = said["type"][0]
    if "const" in said and (subset.typed or "const" not in subset.keywords):
        constant = said.pop("const")
        known = said.get("enum")
        said["enum"] = [constant] if known is None else [v for v in known if same(v, constant)]
    if said.pop("nullable", False) is True:
        _take_null(said)
    if isinstance(said.get("items"), list):
        said["prefixItems"] = said.pop("items")
        if "additionalItems" in said:
            said["items"] = said.pop("additionalItems")
    if said.get("type") == "integer":
        _include_bounds(said, subset)
    return said


def _take_null(said: dict[str, Any]) -> None:
    """OpenAPI's word for what JSON Schema says with a type."""
    kind = said.get("type")
    if "anyOf" in said:
        said["anyOf"] = [*said["anyOf"], {"type": "null"}]
    elif kind is not None:
        said["type"] = [*([kind] if isinstance(kind, str) else kind), "null"]
    if "enum" in said and None not in said["enum"]:
        said["enum"] = [*said["enum"], None]


def _include_bounds(said: dict[str, Any], subset: Subset) -> None:
    """More than 4 is at least 5, of whole numbers."""
    for exclusive, inclusive, step, stricter in _EXCLUSIVE:
        bound = said.get(exclusive)
        if exclusive in subset.keywords or inclusive not in subset.keywords:
            continue
        if isinstance(bound, int) and not isinstance(bound, bool):
            del said[exclusive]
            known = said.get(inclusive, bound + step)
            said[inclusive] = stricter(known, bound + step)


def types_of(schema: Schema) -> list[str]:
    """The types of value that it allows, said or meant by its keywords; empty for all."""
    kind = schema.get("type")
    if kind is not None:
        return [kind] if isinstance(kind, str) else list(dict.fromkeys(kind))
    return list(dict.fromkeys(TYPE_OF[key] for key in schema if key in TYPE_OF))


def one_type_each(schema: Schema) -> list[dict[str, Any]]:
    """A schema for each of its types; what it says of other types is idle there."""
    return [{"type": kind, **_about(schema, kind)} for kind in types_of(schema)]


def _about(schema: Schema, kind: str) -> dict[str, Any]:
    meant = "number" if kind == "integer" else kind
    return {
        key: value
        for key, value in schema.items()
        if key not in ("type", "enum") and TYPE_OF.get(key, meant) == meant
    }


def grouped(
    schema: Schema, listed: frozenset[str] | None, place: str
) -> tuple[list[dict[str, Any]], bool]:
    """A schema for each type of an enum's values, and whether all of the values could be listed.

    Args:
        schema: With an enum.
        listed: The types of value that the service takes in an enum; None for all.
        place: For refusals.

    Raises:
        Unportable: a list or an object among values that must be plain, or no value at all.
    """
    kinds = types_of({"type": schema["type"]}) if "type" in schema else []
    groups: dict[str, list[Any]] = {}
    for value in schema["enum"]:
        kind = _kind_of(value, kinds)
        if kind is not None and not any(same(value, it) for it in groups.get(kind, ())):
            groups.setdefault(kind, []).append(value)
    if not groups:
        raise Unportable(f"{place}: an enum of nothing")
    options, whole = [], True
    for kind, values in groups.items():
        option: dict[str, Any] = {"type": kind, **_about(schema, kind)}
        exhausted = kind == "null" or (kind == "boolean" and len(values) == 2)
        if not exhausted and (listed is None or kind in listed):
            option["enum"] = values
        elif kind in ("object", "array"):
            raise Unportable(f"{place}: an enum of {kind}s")
        else:
            whole = whole and exhausted
        options.append(option)
    return options, whole


def _kind_of(value: Any, allowed: Sequence[str]) -> str | None:
    """The value's type, in the allowed words; None where it is of none of them."""
    if isinstance(value, bool):
        kinds: tuple[str, ...] = ("boolean",)
    elif isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        kinds = ("integer", "number")
    elif isinstance(value, float):
        kinds = ("number",)
    else:
        kinds = (_PLAIN.get(type(value), "null"),)
    if not allowed:
        return kinds[0]
    return next((kind for kind in kinds if kind in allowed), None)


_PLAIN: Final[Mapping[type, str]] = {str: "string", list: "array", tuple: "array", dict: "object"}


def without_null(schema: Schema) -> dict[str, Any]:
    """An optional property that is null where it is left out: to leave it out says the same."""
    said = dict(schema)
    if "default" not in said or said["default"] is not None:
        return said
    if isinstance(said.get("type"), list) and "null" in said["type"] and "enum" not in said:
        said["type"] = [kind for kind in said["type"] if kind != "null"]
    elif isinstance(said.get("anyOf"), list) and {"type": "null"} in said["anyOf"]:
        said["anyOf"] = [branch for branch in said["anyOf"] if branch != {"type": "null"}]
        branches = said["anyOf"]
        if len(branches) == 1 and said.keys() - {"anyOf"} <= ANNOTATIONS:
            del said["anyOf"]
            said = {**branches[0], **said}
    else:
        return said
    del said["default"]
    return said


def disjoint(branches: Sequence[Schema]) -> bool:
    """Whether no value fits two of them, as far as that can be told at a glance."""
    return all(_apart(one, other) for one, other in combinations(branches, 2))


def _apart(one: Schema, other: Schema) -> bool:
    kinds = [set(types_of(it)) or {"number", "string"} for it in (one, other)]
    for mine in kinds:
        if "integer" in mine:
            mine.add("number")
    if not kinds[0] & kinds[1] and all(types_of(it) for it in (one, other)):
        return True
    if _values_apart(one, other):
        return True
    shared = set(one.get("required") or ()) & set(other.get("required") or ())
    if types_of(one) != ["object"] or types_of(other) != ["object"]:
        return False
    return any(
        _values_apart(
            (one.get("properties") or {}).get(name), (other.get("properties") or {}).get(name)
        )
        for name in shared
    )


def _values_apart(one: Any, other: Any) -> bool:
    lists = [_values(it) for it in (one, other)]
    if lists[0] is None or lists[1] is None:
        return False
    return not any(same(mine, theirs) for mine in lists[0] for theirs in lists[1])


def _values(schema: Any) -> Sequence[Any] | None:
    if not isinstance(schema, Mapping):
        return None
    if "const" in schema:
        return [schema["const"]]
    values: Sequence[Any] | None = schema.get("enum")
    return values

"""Schemas: a JSON schema in what one service takes of JSON Schema, and what was lost of it.

A schema is rewritten to one that accepts the same: references are written out, `const` becomes an
`enum`, a list of types an `anyOf`. What cannot be written is one of two things. A bound (a pattern,
a maximum) narrows a value whose form is known without it: it is left out, and noted. Anything else
would change what the model is asked for: the schema is unportable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .conjunction import STORES, Schema, conjunction, resolved, stated
from .respelling import disjoint, grouped, one_type_each, respelled, without_null
from .subsets import ANNOTATIONS, BOUNDS, MEANINGS, Subset
from .unportable import Unportable

#: References written out can grow without end.
MOST_NODES = 4000

_ONE: Final = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
     "unevaluatedItems", "unevaluatedProperties", "additionalItems"}
)  # fmt: skip
_SEVERAL: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED: Final = frozenset({"patternProperties", "dependentSchemas"})
_NULL: Final[Schema] = {"type": "null"}


def reduced(schema: Schema, subset: Subset, place: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """An object's schema in the subset, and the keywords that it lost, by their places.

    Args:
        schema: Of an object: a tool's parameters, an answer.
        subset: What the service takes.
        place: What notes and refusals call it ("tools.get_weather").

    Raises:
        Unportable: saying what cannot be said there, and where.
    """
    reduction = _Reduction(schema, subset)
    try:
        return reduction.outermost(place), tuple(reduction.lost)
    except RecursionError:
        raise Unportable(f"{place}: too deep a schema") from None
    except (AttributeError, KeyError, TypeError):
        raise Unportable(f"{place}: no JSON schema") from None


class _Reduction:
    """One schema's way into a subset."""

    def __init__(self, root: Schema, subset: Subset) -> None:
        self._root = root
        self._subset = subset
        self._nodes = 0
        self._reached: dict[str, None] = {}  # references that are kept, in the order they came
        self.lost: dict[str, None] = {}

    def outermost(self, place: str) -> dict[str, Any]:
        """The whole schema, an object's."""
        root, trail = self._flat(self._root, place, ("#",), inline=True)
        root = respelled(root, self._subset)
        combined = sorted(root.keys() & {"anyOf", "oneOf", "allOf", "not", "enum", "if"})
        if combined or root.get("type", "object") != "object":
            raise Unportable(f"{place}: must be a plain object ({combined or root['type']})")
        root = {"type": "object", **root, "properties": root.get("properties") or {}}
        whole = self._kept(root, place, trail, names=self._subset.property_name)
        if self._subset.root is not None:
            whole = self._only(whole, self._subset.root, place)
        self._define(whole, place)
        return whole

    def _only(self, whole: dict[str, Any], allowed: frozenset[str], place: str) -> dict[str, Any]:
        for key in whole.keys() - allowed - ANNOTATIONS:
            value = whole[key]
            if key in BOUNDS or value is False:
                self.lost[f"{place}: {key}"] = None
            elif value not in (True, {}):
                raise Unportable(f"{place}: {key} of the whole")
        return {key: value for key, value in whole.items() if key in allowed}

    def _define(self, whole: dict[str, Any], place: str) -> None:
        """Bring along what the kept references point at, and what that refers to."""
        done: set[str] = set()
        while waiting := [reference for reference in self._reached if reference not in done]:
            for reference in waiting:
                done.add(reference)
                _, store, name = reference.split("/", 2)
                target = resolved(self._root, reference, place)
                shelf = whole.setdefault(store, {})
                key = name.replace("~1", "/").replace("~0", "~")
                shelf[key] = self.node(target, place, ("#",))

    def node(self, schema: Any, place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        """One schema within the whole; `trail` are the references that led to it."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Unportable(f"{place[:80]}: too large a schema")
        if schema is True:
            schema = {}
        if not isinstance(schema, Mapping):
            raise Unportable(f"{place}: allows nothing")
        flat, trail = self._flat(schema, place, trail)
        if "$ref" in flat:
            return flat
        flat = respelled(flat, self._subset)
        if not self._subset.typed:
            return self._kept(flat, place, trail)
        return self._typed(flat, place, trail)

    def _flat(
        self, schema: Schema, place: str, trail: tuple[str, ...], *, inline: bool = False
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The schema without references and `allOf`, as far as the service has none."""
        said = stated(schema)
        while "$ref" in said:
            reference = said.pop("$ref")
            if not inline and self._keeps(reference):
                if not said or (not self._subset.closed and said.keys() <= ANNOTATIONS):
                    return {"$ref": reference, **said}, trail
                if reference in trail and said.keys() <= ANNOTATIONS:
                    return {"$ref": reference}, trail
            if reference in trail:
                raise Unportable(f"{place}: refers to itself")
            trail = (*trail, reference)
            said = conjunction([resolved(self._root, reference, place), said], place)
        if "allOf" in said and (inline or "allOf" not in self._subset.keywords):
            parts = [
                self._flat(part, place, trail, inline=True)
                for part in said.pop("allOf")
                if part is not True
            ]
            said = conjunction([*(part for part, _ in parts), said], place)
            trail = tuple(dict.fromkeys([*trail, *(step for _, steps in parts for step in steps)]))
        return said, trail

    def _keeps(self, reference: Any) -> bool:
        """Whether a reference stays one."""
        if not self._subset.references or not isinstance(reference, str):
            return False
        if reference == "#":
            return True
        parts = reference.split("/")
        if len(parts) != 3 or parts[0] != "#" or parts[1] not in STORES:
            return False
        self._reached.setdefault(reference)
        return True

    def _typed(self, schema: Schema, place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        """A schema of one type, or a choice that stands alone."""
        notes = {key: schema[key] for key in ANNOTATIONS if key in schema}
        rest = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
        branches = rest.pop("anyOf", None)
        if branches is None and "oneOf" in rest and "oneOf" not in self._subset.keywords:
            branches = rest.pop("oneOf")
            flat = [self._flat(b, place, trail, inline=True)[0] for b in branches if b is not True]
            if not disjoint([respelled(branch, self._subset) for branch in flat]):
                self.lost[f"{place}: oneOf"] = None
        if branches is not None:
            both = [{"allOf": [b, rest]} if rest else b for b in branches if b is not False]
            return self._choice([self.node(b, place, trail) for b in both], notes, place)
        if "enum" in rest:
            options, bounded = grouped(rest, self._subset.enums, place)
            if not bounded:
                self.lost[f"{place}: enum"] = None
        else:
            options = one_type_each(rest)
        if not options:
            if self._subset.closed or self._subset.nullable:
                raise Unportable(f"{place}: takes anything")
            return self._kept({**notes, **rest}, place, trail)
        return self._choice([self._kept(o, place, trail) for o in options], notes, place)

    def _choice(self, options: list[dict[str, Any]], notes: Schema, place: str) -> dict[str, Any]:
        """One of the options, said once where there is but one."""
        kept = self._kept(notes, place, ()) if notes else {}
        if len(options) == 1:
            return self._annotated(options[0], kept)
        flat: list[dict[str, Any]] = []
        for option in options:  # a choice in a choice is one choice
            inner = option["anyOf"] if option.keys() == {"anyOf"} else [option]
            flat += [it for it in inner if it not in flat]
        if not self._subset.nullable or _NULL not in flat:
            return {**kept, "anyOf": flat} if len(flat) > 1 else self._annotated(flat[0], kept)
        others = [option for option in flat if option != _NULL]
        if len(others) == 1:
            return {**others[0], **kept, "nullable": True}
        return {**kept, "anyOf": others, "nullable": True}

    def _annotated(self, option: dict[str, Any], notes: Schema) -> dict[str, Any]:
        """With the notes, but for a strict schema's reference, which stands alone."""
        return option if self._subset.closed and "$ref" in option else {**option, **notes}

    def _inside(self, schema: Any, place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        """A property's or an item's schema."""
        said = self.node(schema, place, trail)
        if self._subset.nullable and said.get("type") == "null":
            raise Unportable(f"{place}: takes null alone")
        return said

    def _kept(
        self, schema: Schema, place: str, trail: tuple[str, ...], *, names: str | None = None
    ) -> dict[str, Any]:
        """What the service takes of one schema's keywords, those within it ported too."""
        subset = self._subset
        kept: dict[str, Any] = {}
        for key, value in schema.items():
            if key == "properties":
                kept[key] = self._properties(schema, place, trail, names)
            elif key == "additionalProperties":
                self._extras(kept, value, place, trail)
            elif key == "required":
                self._required(kept, schema, place)
            elif key in subset.keywords and not self._beyond(key, value):
                kept[key] = self._inner(key, value, place, trail)
            elif key in BOUNDS:
                self.lost[f"{place}: {key}"] = None
            elif key in MEANINGS:
                raise Unportable(f"{place}: {key}")
        if kept.get("type") == "array" and "items" not in kept:
            if subset.closed:
                raise Unportable(f"{place}: a list of anything")
            kept["items"] = {}
        if subset.closed and kept.get("type") == "object":
            self._close(kept, schema, place)
        return kept

    def _beyond(self, key: str, value: Any) -> bool:
        """Whether the service takes the keyword, but not this value of it."""
        if key == "format":
            return self._subset.formats is not None and value not in self._subset.formats
        most = self._subset.min_items
        return key == "minItems" and most is not None and value > most

    def _inner(self, key: str, value: Any, place: str, trail: tuple[str, ...]) -> Any:
        if key in _ONE and isinstance(value, Mapping):
            return self._inside(value, f"{place}[]" if key == "items" else place, trail)
        if key == "items" and value is True:
            return {}
        if key in _SEVERAL:
            return [self.node(it, place, trail) if it is not False else it for it in value]
        if key in _NAMED:
            return {name: self.node(it, place, trail) for name, it in value.items()}
        return value

    def _properties(
        self, schema: Schema, place: str, trail: tuple[str, ...], names: str | None
    ) -> dict[str, Any]:
        required = schema.get("required") or ()
        ported = {}
        pattern = names if self._subset.root_names_only else self._subset.property_name
        for name, said in schema["properties"].items():
            inside = f"{place}.{name}"
            if pattern is not None and re.fullmatch(pattern, name, re.ASCII) is None:
                raise Unportable(f"{inside[:120]}: no such property name")
            if self._subset.drops_null and name not in required and isinstance(said, Mapping):
                said = without_null(said)
            ported[name] = self._inside(said, inside, trail)
        return ported

    def _required(self, kept: dict[str, Any], schema: Schema, place: str) -> None:
        names = list(dict.fromkeys(schema["required"]))
        missing = [name for name in names if name not in (schema.get("properties") or {})]
        if missing and self._subset.typed:
            raise Unportable(f"{place}: requires {missing[0]!r}, which is not described")
        if names:
            kept["required"] = names

    def _extras(self, kept: dict[str, Any], value: Any, place: str, trail: tuple[str, ...]) -> None:
        """What an object may hold beside its properties; anything, where nothing is said."""
        if value in (True, {}):
            if not self._subset.typed:
                kept["additionalProperties"] = value
        elif "additionalProperties" in self._subset.keywords:
            inside = value if value is False else self.node(value, place, trail)
            kept["additionalProperties"] = inside
        elif value is False:
            self.lost[f"{place}: additionalProperties"] = None
        else:
            raise Unportable(f"{place}: a map of any keys")

    def _close(self, kept: dict[str, Any], schema: Schema, place: str) -> None:
        """Say that there is nothing beside the properties, and that all are required."""
        extra = schema.get("additionalProperties")
        is_map = "properties" not in schema and extra is not False
        if isinstance(extra, Mapping) or (extra is True and not schema.get("properties")) or is_map:
            raise Unportable(f"{place}: a map of any keys")
        if extra is True:
            self.lost[f"{place}: additionalProperties"] = None
        kept["additionalProperties"] = False
        properties = kept.setdefault("properties", {})
        if self._subset.all_required and properties:
            required = kept.get("required", ())
            for name, said in properties.items():
                if name not in required and _NULL not in said.get("anyOf", ()):
                    self.lost[f"{place}.{name}: optional"] = None
            kept["required"] = list(properties)

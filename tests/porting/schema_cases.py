"""JSON schemas and values of all kinds, made by chance, and what they are tested with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Schema = dict[str, Any]
NAMES = ["a", "b", "city", "x_1"]
#: The definitions that generated schemas refer to.
DEFINITIONS: Schema = {
    "Point": {
        "type": "object",
        "properties": {"x": {"type": "number", "minimum": 0}, "label": {"type": "string"}},
        "required": ["x"],
        "title": "Point",
    },
    "Kind": {"enum": ["a", "b"], "type": "string", "description": "A kind."},
    "Pair": {"allOf": [{"$ref": "#/$defs/Point"}], "description": "A pair."},
}
NODE: Schema = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "kids": {"type": "array"}},
    "required": ["v"],
}
NODE["properties"]["kids"]["items"] = {"$ref": "#/$defs/Node"}

SCALARS = [None, True, False, 0, 1, 2, 7, 1.5, "", "a", "ab", "zebra", "2026-01-31"]
scalars = st.sampled_from(SCALARS)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "x", "label", "kind"]), inner, max_size=4)
    ),
    max_leaves=6,
)


def _with(schema: Schema, **optional: Any) -> st.SearchStrategy[Schema]:
    extra = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in optional.items()})
    return extra.map(lambda more: {**schema, **more})


LEAVES = st.one_of(
    _with(
        {"type": "string"},
        minLength=[1, 2],
        maxLength=[2, 5],
        pattern=["^a"],
        format=["date", "uri", "x-odd"],
        title=["T"],
        default=["a"],
    ),
    _with(
        {"type": "integer"},
        minimum=[0, 1],
        maximum=[5],
        exclusiveMinimum=[0],
        multipleOf=[2],
        description=["A count."],
    ),
    _with({"type": "number"}, exclusiveMaximum=[2], maximum=[7]),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.lists(st.sampled_from(SCALARS), min_size=1, max_size=4, unique_by=repr).map(
        lambda values: {"enum": values}
    ),
    scalars.map(lambda value: {"const": value}),
    st.just({"type": "string", "enum": ["a", "ab"]}),
    st.just({"type": "integer", "enum": [1, 2], "maximum": 1}),
    st.lists(
        st.sampled_from(["string", "integer", "boolean", "null"]),
        min_size=1,
        max_size=3,
        unique=True,
    ).flatmap(lambda kinds: _with({"type": kinds}, minLength=[1], minimum=[1])),
    st.sampled_from(["Point", "Kind", "Pair"]).map(lambda name: {"$ref": f"#/$defs/{name}"}),
    st.just({"type": "string", "nullable": True}),
    st.just({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}),
)


def _objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    @st.composite
    def make(draw: st.DrawFn) -> Schema:
        properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
        schema: Schema = {"type": "object", "properties": properties}
        required = [name for name in properties if draw(st.booleans())]
        if required or draw(st.booleans()):
            schema["required"] = required
        extra = draw(st.sampled_from(["absent", "absent", True, False, {"type": "string"}]))
        if extra != "absent":
            schema["additionalProperties"] = extra
        if draw(st.integers(0, 5)) == 0:
            schema["minProperties"] = 1
        return schema

    return make()


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    @st.composite
    def make(draw: st.DrawFn) -> Schema:
        schema: Schema = {"type": "array"}
        if draw(st.integers(0, 4)):
            schema["items"] = draw(inner)
        for key, most in (("minItems", 2), ("maxItems", 3)):
            if draw(st.integers(0, 3)) == 0:
                schema[key] = draw(st.integers(0, most))
        if draw(st.integers(0, 5)) == 0:
            schema["uniqueItems"] = True
        return schema

    return make()


def _combined(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        st.lists(inner, min_size=2, max_size=2).map(lambda parts: {"oneOf": parts}),
        st.tuples(inner, LEAVES).map(lambda parts: {"allOf": list(parts)}),
        inner.map(lambda part: {"allOf": [part], "description": "Wrapped."}),
    )


_inner = st.recursive(
    LEAVES, lambda part: _objects(part) | _arrays(part) | _combined(part), max_leaves=5
)
#: A tool's parameters.
parameters = _objects(_inner).map(lambda schema: {**schema, "$defs": DEFINITIONS})


def said_by(schema: Any) -> Any:
    """OpenAPI's `nullable`, in JSON Schema's words, so that it can be tested."""
    if isinstance(schema, list):
        return [said_by(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {key: said_by(value) for key, value in schema.items()}
    if said.get("nullable") is True:
        del said["nullable"]
        return {"anyOf": [said, {"type": "null"}]}
    return said


def without(schema: Any, keywords: set[str]) -> Any:
    """The schema as if it had never had these keywords; `oneOf` is read as `anyOf`."""
    if isinstance(schema, list):
        return [without(part, keywords) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    said = {}
    for key, value in schema.items():
        if key == "properties":
            said[key] = {name: without(part, keywords) for name, part in value.items()}
        elif key == "oneOf" and keywords & {"oneOf", "enum"}:
            said["anyOf"] = without(value, keywords)
        elif key == "const" and "enum" in keywords:
            pass
        elif key not in keywords or key == "optional":
            said[key] = without(value, keywords) if key not in ("enum", "const") else value
    return said


def accepts(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(said_by(schema)).is_valid(value))


@st.composite
def near(draw: st.DrawFn, schema: Any, depth: int = 0) -> Any:
    """A value that the schema may well accept."""
    if depth > 4 or not isinstance(schema, Mapping) or draw(st.integers(0, 12)) == 0:
        return draw(values)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return draw(near({**DEFINITIONS, "Node": NODE}[name], depth + 1))
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return draw(near(draw(st.sampled_from(schema[key])), depth + 1))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = draw(st.sampled_from(kind))
    if kind == "object":
        required = schema.get("required", ())
        named = {
            name: draw(near(part, depth + 1))
            for name, part in schema.get("properties", {}).items()
            if name in required or draw(st.booleans())
        }
        if draw(st.integers(0, 4)) == 0:
            named["other"] = draw(scalars)
        return named
    if kind == "array":
        items = schema.get("items", {})
        return [draw(near(items, depth + 1)) for _ in range(draw(st.integers(0, 3)))]
    of_kind = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    fitting = [v for v in SCALARS if isinstance(v, of_kind.get(str(kind), object))]  # type: ignore[arg-type]
    return draw(st.sampled_from(fitting)) if fitting else None

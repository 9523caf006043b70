"""The JSON schemas that OpenAI's models take: for any function, and for a strict one.

Sources: OpenAI's and Azure's pages on structured outputs ("Supported schemas", "Unsupported
type-specific keywords"), and the service's own messages, which are quoted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# In neither page's list of what is supported, or said to be refused by the service's messages.
_NOT_PERMITTED = (
    *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
    *("patternProperties", "propertyNames", "minProperties", "maxProperties"),
    *("unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains"),
    *("uniqueItems", "minLength", "maxLength", "default"),
)
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
)
_TYPED_BY = ("type", "anyOf", "$ref")
_NAMED = ("properties", "$defs", "definitions")
_Place = tuple[str, ...]


def function_problem(schema: Any) -> str | None:
    """What is wrong with the parameters of a function, as the service says it, or None."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    if not isinstance(schema.get("properties"), Mapping):
        return "In context=(), object schema missing properties."
    for place, part in _parts(schema, ()):
        if "array" in _kinds(part) and "items" not in part:
            return f"In context={place}, array schema missing items."
    return None


def strict_problem(schema: Any) -> str | None:
    """What keeps a schema out of the strict subset, as the service says it, or None."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind != "object":  # the root must be an object, and no union
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    for place, part in _parts(schema, ()):
        if (problem := _problem_of(part)) is not None:
            return f"In context={place}, {problem}"
    return None


def _problem_of(part: Mapping[str, Any]) -> str | None:
    if "$ref" in part and (beside := sorted(set(part) - {"$ref"})):
        return f"$ref cannot have keywords {{{', '.join(map(repr, beside))}}}."
    for keyword in _NOT_PERMITTED:
        if keyword in part:
            return f"'{keyword}' is not permitted."
    if not any(keyword in part for keyword in _TYPED_BY):
        return "schema must have a 'type' key."
    if "format" in part and part["format"] not in _FORMATS:
        return f"'{part['format']}' is not a valid format."
    if "array" in _kinds(part) and "items" not in part:
        return "array schema missing items."
    return _object_problem(part) if "object" in _kinds(part) else None


def _object_problem(part: Mapping[str, Any]) -> str | None:
    if part.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    properties, required = part.get("properties") or {}, part.get("required") or ()
    if missing := [name for name in properties if name not in required]:
        return (
            "'required' is required to be supplied and to be an array including every key in "
            f"properties. Missing '{missing[0]}'."
        )
    if extra := [name for name in required if name not in properties]:
        return (
            "'required' is required to be supplied and to be an array including every key in "
            f"properties. Extra required key '{extra[0]}' supplied."
        )
    return None


def _kinds(part: Mapping[str, Any]) -> tuple[Any, ...]:
    kind = part.get("type")
    return tuple(kind) if isinstance(kind, list) else (kind,)


def _parts(schema: Any, place: _Place) -> Iterator[tuple[_Place, Mapping[str, Any]]]:
    """The schema and all that it is made of, each with its place."""
    if not isinstance(schema, Mapping):
        return
    yield place, schema
    for keyword in _NAMED:
        for name, part in (schema.get(keyword) or {}).items():
            yield from _parts(part, (*place, keyword, name))
    yield from _parts(schema.get("items"), (*place, "items"))
    for index, part in enumerate(schema.get("anyOf") or ()):
        yield from _parts(part, (*place, "anyOf", str(index)))

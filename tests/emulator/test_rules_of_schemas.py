"""OpenAI's models refuse schemas that are no function's, and strict ones outside of the subset."""

from typing import Any

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, Field

from langchain_multirouter.emulator.rules_schema import function_problem, strict_problem


def strict(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


CITY = {"type": "string"}
OPEN = {"type": "object", "properties": {}}
OUTSIDE: dict[str, tuple[Any, str]] = {
    "no object": (
        {"type": "array", "items": CITY},
        "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
    ),
    "a union at the root": (
        {"anyOf": [strict()]},
        "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
    ),
    "an open object": (
        {"type": "object", "properties": {}, "required": []},
        "In context=(), 'additionalProperties' is required to be supplied and to be false.",
    ),
    "an open object within": (
        strict(place=OPEN),
        "In context=('properties', 'place'), 'additionalProperties' is required",
    ),
    "an open object in a list": (
        strict(places={"type": "array", "items": OPEN}),
        "In context=('properties', 'places', 'items'), 'additionalProperties' is required",
    ),
    "an open object in a union": (
        strict(place={"anyOf": [{"type": "null"}, OPEN]}),
        "In context=('properties', 'place', 'anyOf', '1'), 'additionalProperties' is required",
    ),
    "an open object among definitions": (
        {**strict(place={"$ref": "#/$defs/Place"}), "$defs": {"Place": OPEN}},
        "In context=('$defs', 'Place'), 'additionalProperties' is required",
    ),
    "an open object that may be null": (
        strict(place={"type": ["object", "null"], "properties": {}}),
        "In context=('properties', 'place'), 'additionalProperties' is required",
    ),
    "an optional property": ({**strict(city=CITY), "required": []}, "Missing 'city'."),
    "a required property that is none": (
        {**strict(city=CITY), "required": ["city", "land"]},
        "Extra required key 'land' supplied.",
    ),
    "a default": (
        strict(city={**CITY, "default": "Oslo"}),
        "In context=('properties', 'city'), 'default' is not permitted.",
    ),
    "a union of all": (strict(city={"allOf": [CITY]}), "'allOf' is not permitted."),
    "a union of one": (strict(city={"oneOf": [CITY]}), "'oneOf' is not permitted."),
    "lengths": (strict(city={**CITY, "minLength": 2}), "'minLength' is not permitted."),
    "names by a pattern": (
        strict(by={**strict(), "patternProperties": {"a": CITY}}),
        "'patternProperties' is not permitted.",
    ),
    "a reference with a description": (
        {**strict(a={"$ref": "#/$defs/A", "description": "d"}), "$defs": {"A": CITY}},
        "$ref cannot have keywords {'description'}.",
    ),
    "anything at all": (strict(city={}), "schema must have a 'type' key."),
    "another format": (
        strict(page={**CITY, "format": "uri"}),
        "In context=('properties', 'page'), 'uri' is not a valid format.",
    ),
    "a list of anything": (strict(names={"type": "array"}), "array schema missing items."),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_outside_of_the_strict_subset_is_named(name: str) -> None:
    schema, said = OUTSIDE[name]
    assert said in (strict_problem(schema) or "")


@pytest.mark.parametrize(
    "schema",
    [
        strict(),
        strict(city=CITY, days={"type": "integer", "minimum": 1}, more=strict(deep=CITY)),
        strict(city={"type": ["string", "null"]}, on={"type": "string", "format": "date"}),
        strict(kind={"type": "string", "enum": ["a", "b"]}, names={"type": "array", "items": CITY}),
        {**strict(place={"$ref": "#/$defs/Place"}), "$defs": {"Place": strict(city=CITY)}},
        strict(place={"anyOf": [{"type": "null"}, strict(city=CITY)], "description": "d"}),
    ],
)
def test_the_strict_subset_is_taken(schema: Any) -> None:
    assert strict_problem(schema) is None
    assert function_problem(schema) is None


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, "got 'type: \"None\"'."),
        ({"type": "string"}, "got 'type: \"string\"'."),
        ({"type": "object"}, "In context=(), object schema missing properties."),
        (
            {"type": "object", "properties": {"a": {"type": "array"}}},
            "In context=('properties', 'a'), array schema missing items.",
        ),
    ],
)
def test_what_is_no_functions_schema_is_named(schema: Any, said: str) -> None:
    assert said in (function_problem(schema) or "")


def test_what_langchain_makes_strict_of_a_class_is_in_the_subset_but_for_defaults() -> None:
    class Search(BaseModel):
        """Searches."""

        words: list[str]
        page: int | None = Field(description="d")

    class Paged(Search):
        """Searches."""

        size: int = 10

    made = [convert_to_openai_tool(kind, strict=True) for kind in (Search, Paged)]
    plain, with_default = (tool["function"]["parameters"] for tool in made)

    assert strict_problem(plain) is None
    assert "'default' is not permitted" in (strict_problem(with_default) or "")

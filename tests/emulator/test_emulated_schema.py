"""Arguments fit their JSON schema and use what the prompt offers."""

from typing import Any

import pytest

from langchain_multirouter.emulator.answers import pieces
from langchain_multirouter.emulator.schema import synthesise


@pytest.mark.parametrize(
    ("schema", "prompt", "value"),
    [
        ({"type": "integer"}, "take 7", 7),
        ({"type": "INTEGER"}, "take -7", -7),
        ({"type": "number"}, "take 2.5", 2.5),
        ({"type": "integer", "default": 4}, "take some", 4),
        ({"type": "integer", "minimum": 5, "maximum": 9}, "take 100", 9),
        ({"type": "integer", "exclusiveMinimum": 5}, "take 5", 6),
        ({"type": "string"}, "call it 'Tom' please", "Tom"),
        ({"type": "string"}, "don't call it “Tom”", "Tom"),
        ({"type": "string"}, "the weather in San Francisco today", "San Francisco"),
        ({"type": "string", "maxLength": 3}, "'abcdef'", "abc"),
        ({"type": "string", "format": "date"}, "", "2025-01-01"),
        ({"type": "boolean"}, "", True),
        ({"type": "null"}, "", None),
        ({"const": "x"}, "", "x"),
        ({"enum": ["red", "green"]}, "make it Green", "green"),
        ({"enum": ["red", "green"]}, "make it so", "red"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "3", 3),
        ({"type": ["null", "integer"]}, "3", 3),
        ({"type": "array", "items": {"type": "integer"}}, "add 1, 2 and 3", [1, 2, 3]),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, "", [True, True]),
        ({"type": "object"}, "", {}),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "1", 3),
    ],
)
def test_a_value_fits_its_schema(schema: dict[str, Any], prompt: str, value: Any) -> None:
    assert synthesise(schema, prompt) == value


def test_references_and_nested_objects_are_followed() -> None:
    schema = {
        "type": "object",
        "properties": {"owner": {"$ref": "#/$defs/Person"}, "age": {"type": "integer"}},
        "required": ["owner", "age"],
        "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    assert synthesise(schema, "'Ann' is 40") == {"owner": {"name": "Ann"}, "age": 40}


def test_a_recursive_schema_comes_to_an_end() -> None:
    node = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["children"],
    }
    assert isinstance(synthesise(node, "grow"), dict)


@pytest.mark.parametrize("text", ["", " ", "one", "one two", " lead", "trail ", "a\n\nb  c"])
def test_pieces_join_to_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text

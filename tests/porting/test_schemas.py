"""Schemas: what is rewritten, what is left out and noted, and what is refused, case by case."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from langchain_multirouter.porting.schemas import reduced
from langchain_multirouter.porting.subsets import (
    ALL,
    BEDROCK_CLAUDE,
    CLAUDE_STRICT,
    CONVERSE,
    GAPIC,
    GEMINI,
    NOVA,
    OPENAI,
    OPENAI_STRICT,
    Subset,
)
from langchain_multirouter.porting.unportable import Unportable

NULLABLE = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
NODE = {
    "type": "object",
    "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
    "required": ["kids"],
}


def of(subset: Subset, value: Any, *, required: bool = True, **more: Any) -> tuple[Any, Any]:
    """A property's schema in the subset, and what was lost of it."""
    whole = {
        "type": "object",
        "properties": {"v": value},
        "required": ["v"] if required else [],
        **more,
    }
    said, lost = reduced(whole, subset, "tools.t")
    return said["properties"]["v"], lost


def refused(subset: Subset, value: Any, **more: Any) -> str:
    with pytest.raises(Unportable) as caught:
        of(subset, value, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": ["string", "null"], "minItems": 1},
         {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"enum": ["a", 1, None]}, {"anyOf": [{"type": "string", "enum": ["a"]},
                                              {"type": "integer", "enum": [1]},
                                              {"type": "null"}]}),
        ({"type": "integer", "exclusiveMinimum": 4}, {"type": "integer", "minimum": 5}),
        ({"type": "string", "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "object", "additionalProperties": {"const": 1}},
         {"type": "object", "additionalProperties": {"type": "integer", "enum": [1]}}),
        ({"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "null"}}}]},
         {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "null"}},
          "required": ["a"]}),
        ({"enum": [True, False]}, {"type": "boolean"}),
    ],
)  # fmt: skip
def test_gemini_is_told_the_same_in_its_own_words(value: Any, said: Any) -> None:
    assert of(GEMINI, value) == (said, ())


@pytest.mark.parametrize(
    ("value", "key", "left"),
    [
        ({"type": "string", "pattern": "^a"}, "pattern", {"type": "string"}),
        ({"type": "string", "format": "uri"}, "format", {"type": "string"}),
        ({"type": "number", "exclusiveMinimum": 4}, "exclusiveMinimum", {"type": "number"}),
        ({"type": "array", "items": {"type": "null"}, "uniqueItems": True}, "uniqueItems",
         {"type": "array", "items": {"type": "null"}}),
        ({"const": True}, "enum", {"type": "boolean"}),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf",
         {"anyOf": [{"type": "integer"}, {"type": "number"}]}),
    ],
)  # fmt: skip
def test_a_bound_that_cannot_be_said_is_left_out_and_noted(value: Any, key: str, left: Any) -> None:
    assert of(GEMINI, value) == (left, (f"tools.t.v: {key}",))


@pytest.mark.parametrize(
    "branches",
    [
        [{"type": "integer"}, {"type": "boolean"}],
        [{"const": "a"}, {"enum": ["b", "c"]}],
        [
            {"type": "object", "properties": {"kind": {"const": kind}}, "required": ["kind"]}
            for kind in ("cat", "dog")
        ],
    ],
)
def test_a_choice_of_exactly_one_is_any_where_no_value_fits_two(branches: Any) -> None:
    said, lost = of(GEMINI, {"oneOf": branches})
    assert len(said["anyOf"]) == len(branches)
    assert lost == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"$ref": "#/$defs/Node"}, "refers to itself"),
        ({"type": "string", "not": {"const": "a"}}, "not"),
        ({"type": "object", "patternProperties": {"^a": {}}}, "patternProperties"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "prefixItems"),
        ({"type": "array", "items": [{"type": "string"}]}, "prefixItems"),
        ({"type": "object", "required": ["gone"]}, "'gone', which is not described"),
        ({"enum": [{"a": 1}]}, "an enum of objects"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "accepts nothing"),
        ({"$ref": "https://example.com/s.json"}, "a reference out of the schema"),
        ({"$ref": "#/$defs/Nobody"}, "a reference to nothing"),
        (False, "allows nothing"),
        ({"if": {"type": "string"}, "then": {}}, "if"),
    ],
)
def test_what_would_change_the_meaning_is_refused_and_says_where(value: Any, why: str) -> None:
    said = refused(GEMINI, value, **{"$defs": {"Node": NODE}})
    assert said.startswith("tools.t.v")
    assert why in said


def test_openai_and_claude_keep_recursive_schemas() -> None:
    for subset in (OPENAI, OPENAI_STRICT, BEDROCK_CLAUDE):
        said, lost = reduced(
            {"type": "object", "properties": {"n": {"$ref": "#/$defs/Node"}}, "required": ["n"],
             "$defs": {"Node": NODE}}, subset, "tools.t",
        )  # fmt: skip
        assert said["properties"]["n"] == {"$ref": "#/$defs/Node"}
        assert lost == ()
        assert Draft202012Validator(said).is_valid({"n": {"kids": [{"kids": []}]}})
        assert not Draft202012Validator(said).is_valid({"n": {"kids": [{"kids": 1}]}})


def test_a_class_that_is_recursive_itself_keeps_its_definition() -> None:
    said, _ = reduced({"$ref": "#/$defs/Node", "$defs": {"Node": NODE}}, OPENAI, "tools.t")
    assert said["properties"]["kids"]["items"] == {"$ref": "#/$defs/Node"}
    assert said["$defs"]["Node"]["required"] == ["kids"]


def test_references_are_written_out_where_there_are_none() -> None:
    for subset in (CONVERSE, NOVA, GEMINI, CLAUDE_STRICT):
        definitions = {"Kind": {"type": "string", "enum": ["a"]}}
        said, _ = of(subset, {"$ref": "#/$defs/Kind"}, **{"$defs": definitions})
        assert said == {"type": "string", "enum": ["a"]}


def test_a_required_value_may_still_be_null_on_bedrock() -> None:
    assert of(BEDROCK_CLAUDE, NULLABLE) == (NULLABLE, ())


def test_an_optional_value_that_defaults_to_null_is_left_out_instead_on_bedrock() -> None:
    optional = {**NULLABLE, "default": None, "description": "How many."}
    said, lost = of(BEDROCK_CLAUDE, optional, required=False)
    assert said == {"type": "integer", "description": "How many."}
    assert lost == ()


def test_an_optional_value_that_defaults_to_another_may_still_be_null() -> None:
    said, _ = of(BEDROCK_CLAUDE, {**NULLABLE, "default": 5}, required=False)
    assert said["anyOf"] == NULLABLE["anyOf"]


def test_a_strict_schema_is_closed_and_requires_all_and_says_what_that_costs() -> None:
    said, lost = reduced(
        {"type": "object", "properties": {"a": {"type": "string"}, "b": NULLABLE}},
        OPENAI_STRICT, "tools.t",
    )  # fmt: skip
    assert said["required"] == ["a", "b"]
    assert said["additionalProperties"] is False
    assert lost == ("tools.t.a: optional",)


@pytest.mark.parametrize("subset", [OPENAI_STRICT, CLAUDE_STRICT])
@pytest.mark.parametrize(
    "value",
    [{"type": "object"}, {"type": "object", "additionalProperties": {"type": "string"}}, {}],
)
def test_a_strict_schema_has_no_maps_and_no_values_of_any_kind(subset: Subset, value: Any) -> None:
    assert refused(subset, value)


def test_nova_takes_three_words_of_the_whole() -> None:
    whole = {"type": "object", "properties": {}, "title": "T", "additionalProperties": False}
    assert reduced(whole, NOVA, "tools.t") == (
        {"type": "object", "properties": {}},
        ("tools.t: additionalProperties",),
    )
    with pytest.raises(Unportable, match="additionalProperties of the whole"):
        reduced({**whole, "additionalProperties": {"type": "string"}}, NOVA, "tools.t")


@pytest.mark.parametrize(
    "whole",
    [{"type": "array"}, {"anyOf": [{"type": "object"}, {"type": "object"}]}, {"type": "string"}],
)
@pytest.mark.parametrize("subset", [OPENAI, BEDROCK_CLAUDE, NOVA, GEMINI])
def test_the_whole_must_be_an_object(subset: Subset, whole: Any) -> None:
    with pytest.raises(Unportable, match=r"tools\.t: must be a plain object"):
        reduced(whole, subset, "tools.t")


def test_names_of_properties_are_held_to_the_services_rules() -> None:
    odd = {"type": "object", "properties": {"größe": {"type": "string"}}}
    assert reduced(odd, OPENAI, "tools.t")[1] == ()
    for subset in (BEDROCK_CLAUDE, GEMINI):
        with pytest.raises(Unportable, match="no such property name"):
            reduced(odd, subset, "tools.t")


def test_the_older_google_class_is_told_of_null_in_its_own_word() -> None:
    assert of(GAPIC, NULLABLE) == ({"type": "integer", "nullable": True}, ())
    assert "takes null alone" in refused(GAPIC, {"type": "null"})


def test_a_schema_that_grows_without_end_is_refused() -> None:
    doubling = {
        f"D{n}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/$defs/D{n + 1}"} for side in ("l", "r")},
        }
        for n in range(14)
    }
    definitions = {**doubling, "D14": {"type": "string"}}
    said = refused(GEMINI, {"$ref": "#/$defs/D0"}, **{"$defs": definitions})
    assert "too large a schema" in said


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", "a", "object", "#/$defs/a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*sorted(ALL), "$ref", "$defs", "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("subset", [OPENAI, OPENAI_STRICT, NOVA, GEMINI, GAPIC])
@settings(max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=st.dictionaries(st.sampled_from([*sorted(ALL), "$ref", "$defs"]), JSON, max_size=4))
def test_what_is_no_schema_at_all_is_refused_or_read_but_never_breaks(
    subset: Subset, said: Any
) -> None:
    with suppress(Unportable):  # and nothing else
        reduced({**said, "type": "object"}, subset, "tools.t")


def test_the_callers_schema_is_never_changed() -> None:
    value = {"allOf": [{"const": "a"}], "nullable": True}
    whole = {"type": "object", "properties": {"v": value}}
    before = repr(whole)
    for subset in (OPENAI_STRICT, GEMINI, NOVA, GAPIC):
        try:
            reduced(whole, subset, "tools.t")
        except Unportable:
            continue
    assert repr(whole) == before

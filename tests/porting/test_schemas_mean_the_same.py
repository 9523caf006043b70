"""A schema in a service's subset accepts what the original accepts, and no more than is noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_multirouter.porting.schemas import reduced
from langchain_multirouter.porting.subsets import (
    BEDROCK_CLAUDE,
    CLAUDE,
    CLAUDE_STRICT,
    CONVERSE,
    GAPIC,
    GEMINI,
    NOVA,
    OPENAI,
    OPENAI_STRICT,
    SCHEMAS,
    Subset,
)
from langchain_multirouter.porting.unportable import Unportable

from .schema_cases import accepts, near, parameters, said_by, without

SUBSETS = {
    "openai": OPENAI,
    "openai_strict": OPENAI_STRICT,
    "claude": CLAUDE,
    "bedrock_claude": BEDROCK_CLAUDE,
    "claude_strict": CLAUDE_STRICT,
    "converse": CONVERSE,
    "nova": NOVA,
    "gemini": GEMINI,
    "gapic": GAPIC,
}
EVERY = pytest.mark.parametrize("subset", SUBSETS.values(), ids=SUBSETS)
MANY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
    derandomize=True,
)
#: A note that says the schema is narrower, not wider.
NARROWER = {"optional", "strict"}


def noted(lost: tuple[str, ...]) -> set[str]:
    return {note.rpartition(": ")[2] for note in lost}


def widened(schema: Any, lost: tuple[str, ...]) -> Any:
    """The original as far as the notes say that it went along."""
    keywords = noted(lost) - NARROWER
    if "minimum" in keywords:
        keywords.add("exclusiveMinimum")
    return without(said_by(schema), keywords)


@EVERY
@MANY
@given(data=st.data())
def test_what_the_reduced_schema_accepts_the_original_accepts_but_for_what_is_noted(
    subset: Subset, data: st.DataObject
) -> None:
    schema = data.draw(parameters)
    try:
        said, lost = reduced(schema, subset, "tools.t")
    except Unportable:
        return
    original = widened(schema, lost)
    for value in (data.draw(near(said)), data.draw(near(schema))):
        if accepts(said, value):
            assert accepts(original, value), (schema, said, lost, value)


@EVERY
@MANY
@given(data=st.data())
def test_what_the_original_accepts_the_reduced_schema_accepts(
    subset: Subset, data: st.DataObject
) -> None:
    schema = data.draw(parameters)
    try:
        said, _ = reduced(schema, subset, "tools.t")
    except Unportable:
        return
    value = data.draw(near(schema))
    if subset.closed or subset.drops_null:
        return  # those are narrower on purpose: tests of their own below
    if accepts(said_by(schema), value):
        assert accepts(said, value), (schema, said, value)


@EVERY
@MANY
@given(schema=parameters)
def test_no_keyword_is_left_that_the_service_does_not_take(subset: Subset, schema: Any) -> None:
    try:
        said, _ = reduced(schema, subset, "tools.t")
    except Unportable:
        return
    allowed = subset.keywords | {"nullable", "$defs", "$ref"} | {"type", "properties", "required"}
    for keywords in schemas_in(said):
        assert keywords.keys() <= allowed
        assert subset.references or not keywords.keys() & {"$ref", "$defs"}
        assert not subset.typed or not isinstance(keywords.get("type"), list)
        if subset.closed and keywords.get("type") == "object":
            assert keywords["additionalProperties"] is False
        if subset.all_required and keywords.get("type") == "object":
            assert set(keywords.get("required", ())) == set(keywords["properties"])
        if subset.typed and "anyOf" in keywords:
            assert keywords.keys() <= {"anyOf", "nullable", "description", "title", "default"}
        if keywords.get("type") == "array":
            assert "items" in keywords
    assert said["type"] == "object"
    assert subset.root is None or said.keys() <= subset.root


def schemas_in(schema: Any) -> list[Mapping[str, Any]]:
    """The schema and all within it."""
    if isinstance(schema, list):
        return [found for part in schema for found in schemas_in(part)]
    if not isinstance(schema, Mapping):
        return []
    found = [schema]
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found += [it for part in value.values() for it in schemas_in(part)]
        elif key not in ("enum", "const", "default", "examples"):
            found += schemas_in(value)
    return found


@EVERY
@MANY
@given(schema=parameters)
def test_a_reduced_schema_stays_as_it_is(subset: Subset, schema: Any) -> None:
    try:
        said, _ = reduced(schema, subset, "tools.t")
    except Unportable:
        return
    if subset.nullable or subset.drops_null:
        return  # its words are not JSON Schema's, or it drops more once unions are unfolded
    again, lost = reduced(said, subset, "tools.t")
    assert not noted(lost) - NARROWER
    assert again == said


def test_every_dialects_subset_is_tested() -> None:
    used = {it for row in SCHEMAS.values() for it in row if isinstance(it, Subset)}
    bare = {it._replace(property_name=None) for it in SUBSETS.values()}
    assert {it._replace(property_name=None) for it in used} <= bare

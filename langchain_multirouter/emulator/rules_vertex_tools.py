"""What Vertex AI's Gemini refuses of function declarations and schemas.

`parameters` and `responseSchema` are OpenAPI schemas with the fields of the protocol buffer;
`parametersJsonSchema` and `responseJsonSchema` take JSON Schema. Messages are the service's own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.rules_vertex_fields import (
    Body,
    before,
    invalid,
    member,
    strange,
)
from langchain_multirouter.emulator.wire import Refusal

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
_MODES = ("AUTO", "ANY", "NONE", "VALIDATED", "1", "2", "3", "4")
_FIRST_WITH_BOTH = (3, 0)


def _declared(body: Body) -> Iterator[tuple[str, Body]]:
    for index, tool in enumerate(body.get("tools") or ()):
        for number, declared in enumerate(member(tool, "functionDeclarations") or ()):
            yield f"tools[{index}].function_declarations[{number}]", declared


def _declarations(model: str, body: Body) -> Iterator[Refusal]:
    for index, tool in enumerate(body.get("tools") or ()):
        yield from strange(tool, "tool", f"tools[{index}]")
    seen = set()
    for place, declared in _declared(body):
        yield from strange(declared, "functionDeclaration", place)
        name = declared.get("name") or ""
        if not _NAME.fullmatch(name):
            yield invalid(
                f"The GenerateContentRequest proto is invalid:\n  * {place}.name: [FIELD_INVALID] "
                "Invalid function name. Must start with a letter or an underscore. Must be a-z, "
                "A-Z, 0-9, or contain underscores (_), dots (.), colons (:), or dashes (-), with a "
                "maximum length of 64."
            )
        if name in seen:
            yield invalid(f"Duplicate function declaration found: {name}")
        seen.add(name)
        yield from _parameters(declared, name, place)


def _parameters(declared: Body, name: str, place: str) -> Iterator[Refusal]:
    schema, wide = declared.get("parameters"), member(declared, "parametersJsonSchema")
    if schema is not None and wide is not None:
        yield invalid(f"{place}: parameters and parameters_json_schema are mutually exclusive.")
    if wide is not None and not isinstance(wide, Mapping):
        yield invalid(f"Invalid value at '{place}.parameters_json_schema' (Value).")
    if schema is None:
        return
    yield from _schema(schema, f"{place}.parameters")
    if _type(schema) != "OBJECT":
        yield invalid(
            f"Unable to submit request because `{name}` functionDeclaration `parameters` schema "
            "should be of type OBJECT."
        )


def _schema(schema: Any, place: str) -> Iterator[Refusal]:
    if not isinstance(schema, Mapping):
        yield invalid(f"Invalid value at '{place}' (type.googleapis.com/Schema).")
    yield from strange(schema, "schema", place)
    yield from _values(schema, place)
    properties = schema.get("properties") or {}
    for index, name in enumerate(schema.get("required") or ()):
        if name not in properties:
            yield invalid(
                f"* GenerateContentRequest.{place}.required[{index}]: property is not defined"
            )
    for index, part in enumerate(properties.values()):
        yield from _schema(part, f"{place}.properties[{index}].value")
    for index, part in enumerate((schema.get("defs") or {}).values()):
        yield from _schema(part, f"{place}.defs[{index}].value")
    for index, part in enumerate(member(schema, "anyOf") or ()):
        yield from _schema(part, f"{place}.any_of[{index}]")
    if (items := schema.get("items")) is not None:
        yield from _schema(items, f"{place}.items")
    elif _type(schema) == "ARRAY":
        yield invalid(f"* GenerateContentRequest.{place}.items: missing field.")


def _values(schema: Body, place: str) -> Iterator[Refusal]:
    kind = schema.get("type")
    if isinstance(kind, list):
        yield invalid(
            f"Invalid JSON payload received. Unknown name \"type\" at '{place}': Proto field is "
            "not repeating, cannot start list."
        )
    if kind is not None and _type(schema) not in _TYPES:
        yield invalid(f"Invalid value at '{place}.type' (type.googleapis.com/Type), \"{kind}\"")
    for index, value in enumerate(schema.get("enum") or ()):
        if not isinstance(value, str):
            yield invalid(f"Invalid value at '{place}.enum[{index}]' (TYPE_STRING), {value}")


def _type(schema: Body) -> str:
    kind = schema.get("type")
    if isinstance(kind, int):
        return _TYPES[kind - 1] if 1 <= kind <= len(_TYPES) else str(kind)
    return str(kind).upper()


def _choice(model: str, body: Body) -> Iterator[Refusal]:
    outer = member(body, "toolConfig") or {}
    yield from strange(outer, "toolConfig")
    config = member(outer, "functionCallingConfig") or {}
    yield from strange(config, "functionCallingConfig", "toolConfig.functionCallingConfig")
    mode = str(config.get("mode", "AUTO")).upper()
    if mode not in _MODES:
        place = "tool_config.function_calling_config.mode"
        yield invalid(f"Invalid value at '{place}' (Mode), \"{config['mode']}\"")
    names = [declared.get("name") for _, declared in _declared(body)]
    if mode in ("ANY", "2") and not names:
        yield invalid("Function calling config is set without function_declarations.")
    for name in member(config, "allowedFunctionNames") or ():
        if mode in ("AUTO", "NONE", "1", "3"):
            yield invalid("Allowed function names are only taken with the mode ANY or VALIDATED.")
        if name not in names:
            yield invalid(f"The allowed function name {name} is none of the function declarations.")


def _answer(model: str, body: Body) -> Iterator[Refusal]:
    settings = member(body, "generationConfig") or {}
    mime = member(settings, "responseMimeType") or "text/plain"
    schema, wide = member(settings, "responseSchema"), member(settings, "responseJsonSchema")
    if schema is not None:
        yield from _schema(schema, "generation_config.response_schema")
    if schema is not None and wide is not None:
        yield invalid("response_schema and response_json_schema are mutually exclusive.")
    if mime == "text/plain" and (schema is not None or wide is not None):
        yield invalid("A response schema needs the response mime type 'application/json'.")
    named = any(True for _ in _declared(body))
    if named and mime != "text/plain" and before(model, _FIRST_WITH_BOTH, unknown=False):
        yield invalid(f"Function calling with a response mime type: '{mime}' is unsupported")


RULES = (_declarations, _choice, _answer)

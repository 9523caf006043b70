"""What Bedrock Converse refuses of a request's tools.

Patterns and limits are those of botocore's service model; messages are the service's own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.rules_bedrock import blocks, constraint, invalid
from langchain_multirouter.emulator.rules_bedrock_models import family
from langchain_multirouter.emulator.wire import Refusal

_Body = Mapping[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_CLAUDES_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_UNIONS = ("oneOf", "allOf", "anyOf")
# Nova's "Troubleshooting tool calls": only three fields are supported at the top level.
_NOVAS_FIELDS = frozenset(("type", "properties", "required"))


def _specs(body: _Body) -> list[_Body]:
    tools = (body.get("toolConfig") or {}).get("tools") or ()
    return [tool["toolSpec"] for tool in tools if "toolSpec" in tool]


def _config(model: str, body: _Body) -> Iterator[Refusal]:
    config = body.get("toolConfig")
    used = any(True for kind in ("toolUse", "toolResult") for _ in blocks(body, kind))
    if config is None and used:
        yield invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    if config is not None and not config.get("tools"):
        yield constraint("toolConfig.tools", "have length greater than or equal to 1")
    choice = (config or {}).get("toolChoice") or {}
    names = [spec["name"] for spec in _specs(body)]
    if "tool" in choice and choice["tool"]["name"] not in names:
        yield invalid(f"Tool '{choice['tool']['name']}' not found in provided tools")


def _tools(model: str, body: _Body) -> Iterator[Refusal]:
    seen = set()
    for index, spec in enumerate(_specs(body)):
        place = f"toolConfig.tools.{index}.toolSpec"
        if not _NAME.fullmatch(spec["name"]):
            yield constraint(f"{place}.name", f"satisfy pattern: {_NAME.pattern}")
        if spec["name"] in seen:
            yield invalid(f"The model returned the following errors: tools.{index}.name is taken.")
        seen.add(spec["name"])
        if spec.get("description") == "":
            yield constraint(f"{place}.description", "have length greater than or equal to 1")
        schema = spec["inputSchema"]["json"]
        if not isinstance(schema, Mapping) or schema.get("type") != "object":
            yield invalid(
                f"The value at {place}.inputSchema.json.type must be one of the following: object."
            )
        yield from _FAMILIES.get(family(model), _any_schema)(schema, index)


def _any_schema(schema: _Body, index: int) -> Iterator[Refusal]:
    yield from ()


def _claudes_schema(schema: _Body, index: int) -> Iterator[Refusal]:
    place = f"The model returned the following errors: tools.{index}.custom.input_schema"
    if any(union in schema for union in _UNIONS):
        yield invalid(
            f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level"
        )
    for key in schema.get("properties") or ():
        if not _CLAUDES_KEY.fullmatch(key):
            pattern = _CLAUDES_KEY.pattern
            yield invalid(f"{place}.properties: Property keys should match pattern '^{pattern}$'")


def _novas_schema(schema: _Body, index: int) -> Iterator[Refusal]:
    if strange := sorted(set(schema) - _NOVAS_FIELDS):
        yield invalid(
            f"Malformed input request: #/toolConfig/tools/{index}/toolSpec/inputSchema/json: "
            f"extraneous key [{strange[0]}] is not permitted, please reformat your input and try "
            "again."
        )


_FAMILIES = {"claude": _claudes_schema, "nova": _novas_schema}
RULES = (_config, _tools)

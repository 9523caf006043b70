"""Rules that Azure's chat completions and responses have in common, and the form of their refusals.

The messages are the service's own, as its users report them.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.rules_schema import function_problem, strict_problem
from langchain_multirouter.emulator.wire import Refusal

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME, _MOST_TOOLS = 64, 128
#: From OpenAI's reference: (parameter, least, most).
_RANGES = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("presence_penalty", -2, 2),
    ("frequency_penalty", -2, 2),
)


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """The service's refusal of a request that is wrong at `param`."""
    return Refusal(400, code, message, kind="invalid_request_error", param=param)


def not_supported(value: Any, supported: Collection[str], param: str) -> Refusal:
    """The refusal of a value that is none of an enumeration."""
    *first, last = (f"'{name}'" for name in supported)
    listed = f"{', '.join(first)}, and {last}" if first else last
    message = f"Invalid value: '{value}'. Supported values are: {listed}."
    return invalid(message, param, "invalid_value")


def names(text: str) -> frozenset[str]:
    """The names in a text, which have spaces between them."""
    return frozenset(text.split())


def missing(param: str) -> Refusal:
    """The refusal of a request without something that is required."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unknown(param: str) -> Refusal:
    """The refusal of a member that the service does not know."""
    return invalid(f"Unknown parameter: '{param}'.", param, "unknown_parameter")


def too_long(value: str, most: int, param: str) -> Iterator[Refusal]:
    """Refuses a text that is longer than the service takes."""
    if len(value) > most:
        message = (
            f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
            f"but got a string with length {len(value)} instead."
        )
        yield invalid(message, param, "string_above_max_length")


def empty(value: Any, param: str) -> Iterator[Refusal]:
    """Refuses an array without elements, where it is given at all."""
    if value == []:
        message = (
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an "
            "empty array instead."
        )
        yield invalid(message, param, "empty_array")


def not_text(value: Any, param: str) -> Iterator[Refusal]:
    """Refuses what is no string where the service takes nothing else."""
    if isinstance(value, str):
        return
    got = "an object" if isinstance(value, Mapping) else "null" if value is None else "a value"
    message = f"Invalid type for '{param}': expected a string, but got {got} instead."
    yield invalid(message, param, "invalid_type")


def bad_name(name: Any, param: str) -> Iterator[Refusal]:
    """Refuses a function's or schema's name of wrong characters or over 64 of them."""
    yield from not_text(name, param)
    if not _NAME.fullmatch(name):
        message = (
            f"Invalid '{param}': string does not match pattern. Expected a string that matches the "
            "pattern '^[a-zA-Z0-9_-]+$'."
        )
        yield invalid(message, param, "invalid_value")
    yield from too_long(name, _LONGEST_NAME, param)


def out_of_range(body: Mapping[str, Any]) -> Iterator[Refusal]:
    """Refuses sampling settings that the reference's ranges exclude."""
    for name, least, most in _RANGES:
        value = body.get(name)
        if isinstance(value, int | float) and not least <= value <= most:
            bound, sign, limit = (
                ("above maximum", "<=", most) if value > most else ("below minimum", ">=", least)
            )
            code = "decimal_above_max_value" if value > most else "decimal_below_min_value"
            message = (
                f"Invalid '{name}': decimal {bound} value. Expected a value {sign} {limit}, but "
                f"got {value} instead."
            )
            yield invalid(message, name, code)


def tool_count(body: Mapping[str, Any]) -> Iterator[Refusal]:
    """Refuses an empty array of tools, or over 128."""
    tools = body.get("tools")
    yield from empty(tools, "tools")
    if tools and len(tools) > _MOST_TOOLS:
        message = (
            f"Invalid 'tools': array too long. Expected an array with maximum length {_MOST_TOOLS},"
            f" but got an array with length {len(tools)} instead."
        )
        yield invalid(message, "tools", "array_above_max_length")


def bad_function(function: Mapping[str, Any], param: str) -> Iterator[Refusal]:
    """Refuses a function's name, its parameters, and strict ones outside of the subset.

    Without parameters a function has none, which the reference allows.
    """
    if "name" not in function:
        yield missing(f"{param}.name")
    yield from bad_name(function["name"], f"{param}.name")
    schema = function.get("parameters")
    if schema is None:
        return
    problem = function_problem(schema)
    if problem is None and function.get("strict") is True:
        problem = strict_problem(schema)
    if problem is not None:
        message = f"Invalid schema for function '{function['name']}': {problem}"
        yield invalid(message, f"{param}.parameters", "invalid_function_parameters")


def bad_answer_schema(
    form: Mapping[str, Any], place: str, param: str, code: str | None
) -> Iterator[Refusal]:
    """Refuses a schema of the answer: without a name, not of an object, not in the subset."""
    for member in ("name", "schema"):
        if form.get(member) is None:
            yield missing(f"{place}.{member}")
    yield from bad_name(form["name"], f"{place}.name")
    schema = form["schema"]
    problem = strict_problem(schema) if form.get("strict") is True else None
    if problem is None and schema.get("type") != "object":
        kind = schema.get("type")
        problem = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
    if problem is not None:
        message = f"Invalid schema for response_format '{form['name']}': {problem}"
        yield invalid(message, param, code)

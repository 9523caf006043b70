"""A value that fits a JSON schema, made of the numbers, quotations and names in a prompt."""

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”]+)”|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)|(?<!\w)\u2018([^\u2019]+)\u2019(?!\w)|`([^`]+)`"
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")
_DEEPEST = 12
_FORMATS = {
    "date": "2025-01-01",
    "date-time": "2025-01-01T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


def quotations(prompt: str) -> list[str]:
    """The quoted strings of a prompt, in order."""
    return [next(part for part in match if part) for match in _QUOTED.findall(prompt)]


def synthesise(schema: Mapping[str, Any], prompt: str) -> Any:
    """A value of `schema` that uses the prompt's material in order, then defaults, then filler."""
    return _Synthesis(schema, prompt).value(schema, "value", 0)


class _Synthesis:
    """One reading of one schema; what is taken from the prompt is taken once."""

    def __init__(self, root: Mapping[str, Any], prompt: str) -> None:
        self._root = root
        self._prompt = " ".join(prompt.split())
        unquoted = _QUOTED.sub(" ", prompt)
        self._numbers = deque(_NUMBER.findall(prompt))
        self._strings = deque([*quotations(prompt), *_NAME.findall(unquoted)])

    def value(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        schema = self._resolved(schema)
        if depth > _DEEPEST:
            return None
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._member(schema["enum"])
        for union in ("anyOf", "oneOf", "any_of"):
            if schema.get(union):
                return self.value(_first_real(schema[union]), name, depth + 1)
        match _kind(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return int(self._number(schema))
            case "number":
                return self._number(schema)
            case "boolean":
                return schema.get("default", True)
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with its reference followed and its `allOf` merged."""
        for _ in range(_DEEPEST):
            if reference := schema.get("$ref"):
                target: Any = self._root
                for key in str(reference).lstrip("#/").split("/"):
                    target = target.get(key, {}) if isinstance(target, Mapping) else {}
                schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
            elif parts := schema.get("allOf"):
                rest = {k: v for k, v in schema.items() if k != "allOf"}
                schema = {
                    **rest,
                    **{k: v for part in parts for k, v in self._resolved(part).items()},
                }
            else:
                break
        return schema

    def _member(self, members: list[Any]) -> Any:
        said = self._prompt.casefold()
        return next((m for m in members if str(m).casefold() in said), members[0])

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        # Not every client keeps the order of properties: that of the required ones is a list.
        required = [key for key in schema.get("required") or () if key in properties]
        # A recursive type ends where its optional properties are left out.
        others = [key for key in properties if key not in required and depth < _DEEPEST // 3]
        wanted = [*required, *others]
        return {key: self.value(properties[key], key, depth + 1) for key in wanted}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        items = schema.get("items") or {}
        material = {"integer": self._numbers, "number": self._numbers, "string": self._strings}
        available = len(material.get(_kind(self._resolved(items)), ()))
        least, most = int(schema.get("minItems") or 0), int(schema.get("maxItems") or 8)
        if depth >= _DEEPEST // 2:
            available, most = 0, least
        count = min(max(available, least, 1), max(most, least))
        return [self.value(items, name, depth + 1) for _ in range(count)]

    def _number(self, schema: Mapping[str, Any]) -> float:
        if self._numbers:
            text = self._numbers.popleft()
            number: float = float(text) if "." in text else int(text)
        else:
            default = schema.get("default")
            number = default if isinstance(default, int | float) else 1
        if (least := schema.get("minimum")) is not None:
            number = max(number, least)
        if (above := schema.get("exclusiveMinimum")) is not None and number <= above:
            number = above + 1
        if (most := schema.get("maximum")) is not None:
            number = min(number, most)
        if (below := schema.get("exclusiveMaximum")) is not None and number >= below:
            number = below - 1
        if step := schema.get("multipleOf"):
            number = number // step * step
        return number

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if (form := _FORMATS.get(str(schema.get("format", "")))) is not None:
            return form
        if self._strings:
            text = self._strings.popleft()
        elif isinstance(schema.get("default"), str):
            text = schema["default"]
        else:
            subject = " ".join(self._prompt.split(" ")[:8]) or "nothing in particular"
            text = f"A {name.replace('_', ' ')} for: {subject}"
        text = str(text).ljust(int(schema.get("minLength") or 0), ".")
        return text[: int(schema["maxLength"])] if schema.get("maxLength") else text


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if str(k).lower() != "null"), "null")
    if kind is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind).lower()


def _first_real(options: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((o for o in options if str(o.get("type")).lower() != "null"), options[0])

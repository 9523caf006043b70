"""Parsing: one object out of an answer, in whatever form a provider gave it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.utils.json import parse_json_markdown, parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import Field


class AnswerParser(BaseCumulativeTransformOutputParser[Any]):
    """Reads an object from a tool call, from JSON, or from JSON between fences.

    Args:
        wanted: A pydantic class, of which instances are made; else dictionaries are given.
        name: The schema's, and of the tool that stands for it.
        required: What a dictionary must have.
        others: The tools that may be called instead; the object is None then.

    A stream gives the object as it grows: of a pydantic class, as soon as it is valid.
    """

    wanted: Any = Field(repr=False)
    name: str
    required: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()

    def parse(self, text: str) -> Any:
        """The object in a text.

        Raises:
            OutputParserException: there is none, or it is not of the schema.
        """
        return self.parse_result([Generation(text=text)])

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """The object in an answer; None where another tool was called.

        Raises:
            OutputParserException: there is none, or it is not of the schema; its text has no part
                of the answer. Not of a partial answer, which gives None then.
        """
        generation = result[0]
        message = generation.message if isinstance(generation, ChatGeneration) else None
        try:
            value = self._value(message, generation.text, partial)
            return None if value is None else self._checked(value, partial)
        except OutputParserException:
            if partial:
                return None
            raise

    async def aparse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """As `parse_result`, without the thread that LangChain would take for it."""
        return self.parse_result(result, partial=partial)

    def _value(self, message: Any, text: str, partial: bool) -> Any:
        calls = message.tool_calls if isinstance(message, AIMessage) else ()
        for call in calls:
            if call["name"] == self.name:
                return call["args"]
        if any(call["name"] in self.others for call in calls):
            return None
        if isinstance(message, AIMessage) and message.additional_kwargs.get("refusal"):
            raise OutputParserException(f"{self.name}: the model refused to answer")
        try:
            return _json(text, parse_partial_json if partial else json.loads)
        except ValueError:
            broken = isinstance(message, AIMessage) and message.invalid_tool_calls
            found = "a call whose arguments are no JSON" if broken else "no JSON"
            raise OutputParserException(
                f"{self.name}: the answer has {found}", llm_output=text
            ) from None

    def _checked(self, value: Any, partial: bool) -> Any:
        if not isinstance(value, Mapping):
            raise OutputParserException(f"{self.name}: the answer is no object")
        wanted = self.wanted
        if not (isinstance(wanted, type) and is_basemodel_subclass(wanted)):
            missing = [name for name in self.required if name not in value]
            if missing and not partial:
                raise OutputParserException(f"{self.name}: the answer lacks {', '.join(missing)}")
            return dict(value)
        either: Any = wanted  # of pydantic 2, or of its first version
        make = getattr(either, "model_validate", None) or either.parse_obj
        try:
            return make(value)
        except (TypeError, ValueError) as error:
            raise OutputParserException(
                f"{self.name}: the answer is not of the schema{_places(error)}",
                llm_output=json.dumps(value, default=str),
            ) from None

    @property
    def _type(self) -> str:
        return "multirouter_answer"


class MustParse:
    """The test of an answer that has to parse; told by the schema alone, in caches and traces."""

    def __init__(self, parser: AnswerParser, schema: Mapping[str, Any]) -> None:
        self._parser = parser
        text = json.dumps(schema, sort_keys=True, default=str)
        self._digest = hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(self, message: AIMessage) -> bool:
        try:
            self._parser.parse_result([ChatGeneration(message=message)])
        except OutputParserException:
            return False
        return True

    def __repr__(self) -> str:
        return f"MustParse({self._parser.name}, {self._digest})"


def _json(text: str, read: Callable[[str], Any]) -> Any:
    """The JSON in a text: all of it, what stands between fences, or between the outer braces.

    Raises:
        ValueError: there is none.
    """
    try:
        return parse_json_markdown(text, parser=read)
    except ValueError:
        start, end = text.find("{"), text.rfind("}")
        if not 0 <= start < end:
            raise
        return read(text[start : end + 1])


def _places(error: Exception) -> str:
    """Which fields are wrong and why; never their values."""
    listed = getattr(error, "errors", None)
    if not callable(listed):
        return ""
    said = [f"{'.'.join(map(str, it['loc']))}: {it['type']}" for it in listed()]
    return f" ({'; '.join(said[:5])})"

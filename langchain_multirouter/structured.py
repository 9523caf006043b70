"""Structured output: an answer as an object, the same whichever provider gave it and however.

A provider answers with the forced tool's call, with JSON as text, or with JSON between fences; one
parser reads them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, Literal

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import ConfigDict

from .errors import ConfigurationError, unknown_name
from .keywords import ACCEPTS, neutral_tool, tool_name
from .parsing import AnswerParser, MustParse
from .porting.recursion import openai_tool

Method = Literal["function_calling", "json_schema", "json_mode"]

METHODS: Final = ("function_calling", "json_schema", "json_mode")


class StructuredOutput(BaseChatModel):
    """What `with_structured_output` gives."""

    model_config = ConfigDict(defer_build=True)  # never made by itself

    def with_structured_output(
        self,
        schema: Any,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        tools: Sequence[Any] | None = None,
        retry_unparsed: bool = False,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """A runnable whose answers are objects of a schema, whichever deployment answers.

        Args:
            schema: A pydantic class (answers are its instances), a `TypedDict`, a JSON schema or
                an OpenAI tool as a dictionary (answers are dictionaries).
            method: "function_calling": the schema is a tool that must be called. "json_schema":
                the provider's own structured output. "json_mode": JSON of any shape; the prompt
                has to say which, and the word JSON (OpenAI's models refuse it otherwise).
            include_raw: Answers are `{"raw": message, "parsed": object or None, "parsing_error":
                error or None}`, and nothing is raised for what does not parse.
            strict: Whether the provider must keep to the schema, where it can.
            tools: Tools that may be called instead of answering ("json_schema" and "json_mode"):
                where one is called, the object is None.
            retry_unparsed: An answer that does not parse is a failed attempt, tried again here or
                elsewhere. Not of a stream: what was handed over cannot be taken back.
            kwargs: Routing options and other keywords of a call.

        Raises:
            ConfigurationError: naming the argument that is wrong. The runnable itself raises
                LangChain's `OutputParserException` for an answer that does not parse.
        """
        _check(method, strict, tools)
        described = _described(schema, required=method != "json_mode")
        parser = AnswerParser(
            wanted=schema,
            name=str(described.get("title", "answer")),
            required=tuple(described.get("required") or ()),
            others=frozenset(map(tool_name, tools or ())),
        )
        if retry_unparsed:
            kwargs[ACCEPTS] = MustParse(parser, described)
        model = self._bound_to(described, method, strict, tools, kwargs)
        return _with_raw(model, parser) if include_raw else model | parser

    def _bound_to(
        self,
        described: dict[str, Any],
        method: Method,
        strict: bool | None,
        tools: Sequence[Any] | None,
        keywords: dict[str, Any],
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with what asks for the object, and what LangSmith shows of it."""
        asked = {"method": method} if strict is None else {"method": method, "strict": strict}
        traced = {"kwargs": asked, "schema": described}
        if method == "function_calling":
            tool = traced["schema"] = convert_to_openai_tool(described)
            if strict is not None:
                keywords["strict"] = strict
            return self.bind_tools(
                [tool],
                tool_choice=tool["function"]["name"],
                ls_structured_output_format=traced,
                **keywords,
            )
        if tools:
            keywords["tools"] = [neutral_tool(tool) for tool in tools]
        form = _form(described, strict) if method == "json_schema" else {"type": "json_object"}
        return self.bind(response_format=form, ls_structured_output_format=traced, **keywords)


def _check(method: Any, strict: bool | None, tools: Any) -> None:
    if method not in METHODS:
        raise unknown_name("method", str(method), METHODS)
    if tools and method == "function_calling":
        raise ConfigurationError("tools: the method 'function_calling' has one tool, its own")
    if strict is not None and method == "json_mode":
        raise ConfigurationError("strict: the method 'json_mode' has no schema to keep to")


def _described(schema: Any, *, required: bool) -> dict[str, Any]:
    """The schema as JSON schema, with its name as its title."""
    if schema is None and not required:
        return {}
    if isinstance(schema, Mapping):
        schema = dict(schema)
        if not schema.keys() & {"title", "name", "function", "toolSpec"}:
            schema["title"] = "answer"
    elif not isinstance(schema, type):
        raise ConfigurationError("schema: must be a class or a dictionary")
    try:
        described = convert_to_json_schema(openai_tool(schema))
    except (TypeError, ValueError) as error:
        name = type(error).__name__
        raise ConfigurationError(f"schema: has no form as JSON schema ({name})") from None
    described["title"] = re.sub(r"[^a-zA-Z0-9_-]", "_", described["title"])[:64]  # Box[int]
    return described


def _form(described: Mapping[str, Any], strict: bool | None) -> dict[str, Any]:
    about: dict[str, Any] = {"name": described["title"], "schema": described}
    if strict is not None:
        about["strict"] = strict
    return {"type": "json_schema", "json_schema": about}


def _with_raw(
    model: Runnable[LanguageModelInput, Any], parser: AnswerParser
) -> Runnable[LanguageModelInput, Any]:
    """As LangChain's own classes put it together, so that it streams and traces alike."""
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")

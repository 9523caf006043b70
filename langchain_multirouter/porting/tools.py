"""Tools: schemas, choice and response format in what one service's schemas can say."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from langchain_core.utils.function_calling import convert_to_openai_function

from ..providers.provider import Parameters
from ..providers.toolbox import response_format_of
from ..tool_objects import is_tool
from ..values import new
from .built_in import CACHE_POINT, built_in, in_googles_words, kept_from
from .dialect import Dialect
from .recursion import openai_tool
from .schemas import reduced
from .subsets import SCHEMAS, Schemas, Subset
from .unportable import Unportable

#: So many sets of tools are remembered; an agent has one, a server a few.
REMEMBERED = 64
#: So many losses are named, each in so many characters: metadata are short.
NAMED, LONGEST = 6, 80

#: What a tool's `extras` may say that a service's class passes on.
_EXTRAS: Final[Mapping[str, frozenset[str]]] = {
    "azure_chat": frozenset({"defer_loading", "async"}),
    "azure_responses": frozenset({"defer_loading", "async"}),
}


class _Found(NamedTuple):
    """What was found for one set of tools: its port, or why there is none.

    The set is held along, so that no other object can take its place.
    """

    held: tuple[Any, ...]
    tools: list[Any] | None
    settings: Mapping[str, Any] | None
    lost: tuple[str, ...] = ()
    refusal: str | None = None


_FOUND: OrderedDict[Hashable, _Found] = OrderedDict()


def ported_parameters(
    parameters: Parameters, dialect: Dialect
) -> tuple[Parameters, tuple[str, ...]]:
    """The parameters for the dialect, and what was lost.

    Each set of tools is ported once for each dialect. Sets are told apart by the identity of their
    tools, as in `toolbox`: a tool that is changed in place is not noticed.

    Raises:
        Unportable: saying which tool, and what of it.
    """
    tools, settings = parameters.tools, parameters.tool_settings
    if tools is None and settings is None:
        return parameters, ()
    schemas = SCHEMAS.get(dialect.schemas or dialect.name)
    if schemas is None:
        return parameters, ()
    key = (
        dialect,
        None if tools is None else tuple(map(id, tools)),
        tuple((name, id(value)) for name, value in (settings or {}).items()),
    )
    found = _FOUND.get(key)
    if found is None:
        found = _FOUND[key] = _find(tools, settings, dialect, schemas)
        while len(_FOUND) > REMEMBERED:
            try:
                _FOUND.popitem(last=False)
            except KeyError:  # another thread took the last one
                break
    if found.refusal is not None:
        raise Unportable(found.refusal)
    choice = parameters.tool_choice if found.tools else None  # if nothing is left to choose
    values = (*parameters[:6], found.tools, choice, found.settings)
    return new(Parameters, values), found.lost


def _find(
    tools: Sequence[Any] | None,
    settings: Mapping[str, Any] | None,
    dialect: Dialect,
    schemas: Schemas,
) -> _Found:
    held = (*(tools or ()), *(settings or {}).values())
    try:
        port = _Port(dialect, schemas, dict(settings or {}))
        ported = None if tools is None else [it for tool in tools for it in port.tool(tool)]
        if ported and port.has_format and not schemas.formats_beside_tools:
            raise Unportable("response_format: not beside tools")
    except Unportable as refused:
        return _Found(held, None, None, refusal=str(refused)[:200])
    lost = list(dict.fromkeys(it[:LONGEST] for it in port.lost))
    if len(lost) > NAMED:
        lost[NAMED:] = [f"and {len(lost) - NAMED} more of its schemas"]
    return _Found(held, ported, port.settings or None, tuple(lost))


class _Port:
    """The way of one call's tools and response format into one dialect."""

    def __init__(self, dialect: Dialect, schemas: Schemas, settings: dict[str, Any]) -> None:
        self._dialect = dialect
        self._schemas = schemas
        self.lost: list[str] = []
        self._strict = settings.pop("strict", None)
        self.settings = settings
        said = settings.get("response_format")
        form = None if said is None else response_format_of(said)
        if form is not None:
            settings["response_format"] = self._answer(form)
        self.has_format = form is not None and form["type"] != "text"
        #: LangChain's class sends such calls to a helper that refuses tools that are not strict.
        self._must_be_strict = form is not None and dialect.name == "azure_chat"

    def tool(self, tool: Any) -> list[Any]:
        """The tool as the service takes it; none, for a mark that means nothing there.

        Raises:
            Unportable: another provider's own tool, an illegal name, a schema that cannot be said.
        """
        extras = tool.extras if is_tool(tool) else None
        provided = _provided(tool)
        if provided is None and not isinstance(tool, Mapping):
            tool = openai_tool(tool)
            provided = built_in(tool)
        if provided is not None:
            refusal = kept_from(provided, self._dialect)
            if refusal is not None:
                raise Unportable(refusal)
            if isinstance(provided, Mapping) and CACHE_POINT in provided:
                if self._dialect.provider == "aws_bedrock":
                    return [provided]
                self.lost.append(CACHE_POINT)
                return []
            google = self._dialect.name == "vertex_gemini"
            return [in_googles_words(provided) if google else provided]
        inner = tool.get("function")
        # Not converted again: what is not of OpenAI's form would be left out.
        function = dict(inner) if inner is not None else convert_to_openai_function(tool)
        name = str(function["name"])
        if re.fullmatch(self._schemas.tool_name, name, re.ASCII) is None:
            raise Unportable(f"tools: {name[:80]!r} is no legal name of a tool there")
        place = f"tools.{name}"
        function["parameters"], strict = self._parameters(function, place)
        function.pop("strict", None)
        if strict is not None:
            function["strict"] = strict
        if self._dialect.name == "vertex_claude":
            function.setdefault("description", name)  # its class needs one
        return [{"type": "function", "function": function, **self._extras(extras, place)}]

    def _parameters(self, function: Mapping[str, Any], place: str) -> tuple[Any, bool | None]:
        """A tool's schema, and whether it is strict (None: nobody said)."""
        schema = function.get("parameters") or {}
        wanted = function.get("strict", self._strict)
        if self._must_be_strict:
            return self._reduced(schema, self._schemas.strict, place), True
        if wanted and self._dialect.provider != "gcp_vertex":  # Gemini keeps to schemas anyway
            if self._schemas.strict is not None:
                try:
                    return self._reduced(schema, self._schemas.strict, place), True
                except Unportable:
                    pass
            self.lost.append(f"{place}: strict")
        elif wanted and self._schemas.strict is None:
            self.lost.append(f"{place}: strict")
        if self._dialect.provider != "azure_openai":
            wanted = None
        elif wanted or self._dialect.name == "azure_responses":
            wanted = False  # that API would make of it what is strict, and require all
        return self._reduced(schema, self._schemas.tools, place), wanted

    def _reduced(self, schema: Mapping[str, Any], subset: Subset | None, place: str) -> Any:
        if subset is None:
            raise Unportable(f"{place}: no such schema")
        said, lost = reduced(schema, subset, place)
        self.lost += lost
        return said

    def _answer(self, form: dict[str, Any]) -> dict[str, Any]:
        """A response format whose schema the service takes."""
        if form["type"] == "json_object" and not self._schemas.json_mode:
            raise Unportable("response_format: no JSON mode")
        if form["type"] != "json_schema":
            return form
        about = dict(form.get("json_schema") or {})
        strict = about.pop("strict", self._strict)
        subset = self._schemas.strict_answers if strict else self._schemas.answers
        if subset is None:
            raise Unportable("response_format: no answer by a schema")
        about["schema"] = self._reduced(about.get("schema") or {}, subset, "response_format")
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", str(about.get("name") or "answer"))[:64]
        about["name"] = name
        if self._dialect.provider == "azure_openai":
            about["schema"]["title"] = name  # the class takes the name from here
            if strict is not None:
                about["strict"] = bool(strict)
        return {"type": "json_schema", "json_schema": about}

    def _extras(self, said: Mapping[str, Any] | None, place: str) -> dict[str, Any]:
        """What a tool says to some provider's class alone."""
        taken = _EXTRAS.get(self._dialect.name, frozenset())
        self.lost += [f"{place}: extras.{key}" for key in said or () if key not in taken]
        return {key: value for key, value in (said or {}).items() if key in taken}


def _provided(tool: Any) -> Any:
    """A provider's own tool, also where it comes within one of LangChain's."""
    if is_tool(tool):
        definition = (tool.extras or {}).get("provider_tool_definition")
        return None if definition is None else built_in(definition)
    return built_in(tool)

"""Tools, choices and response formats in each dialect: whose they are, and what goes along."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import Tool
from langchain_core.tools import tool as make_tool
from pydantic import BaseModel

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.keywords import neutral_tool, read_parameters
from langchain_multirouter.porting.dialect import (
    ANY,
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    BEDROCK_INVOKE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    VERTEX_CLAUDE,
    VERTEX_GAPIC,
    VERTEX_GEMINI,
    VERTEX_GEMINI_2,
    Dialect,
)
from langchain_multirouter.porting.subsets import SCHEMAS
from langchain_multirouter.porting.tools import NAMED, ported_parameters
from langchain_multirouter.porting.unportable import Unportable
from langchain_multirouter.providers import Parameters, provider_of
from tests.wire.conftest import emulator

__all__ = ["emulator"]  # a fixture of the wire tests


class Tree(BaseModel):
    """A tree."""

    leaves: int
    branches: list[Tree] = []


KNOWN = (
    AZURE_CHAT,
    AZURE_RESPONSES,
    BEDROCK_CLAUDE,
    BEDROCK_NOVA,
    BEDROCK_OTHER,
    VERTEX_CLAUDE,
    VERTEX_GAPIC,
    VERTEX_GEMINI,
    VERTEX_GEMINI_2,
)
EVERY = pytest.mark.parametrize("dialect", KNOWN, ids=lambda it: it.schemas or it.name)


def function(name: str = "get_weather", **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    about = {"name": name, "description": "Weather.", "parameters": schema, **more}
    return {"type": "function", "function": about}


def form(strict: bool | None = None, **schema: Any) -> dict[str, Any]:
    about: dict[str, Any] = {"name": "Answer", "schema": {**function()["function"]["parameters"]}}
    about["schema"] |= schema
    if strict is not None:
        about["strict"] = strict
    return {"type": "json_schema", "json_schema": about}


def ported(dialect: Dialect, *tools: Any, **settings: Any) -> tuple[Parameters, tuple[str, ...]]:
    kept = [neutral_tool(tool) for tool in tools]
    choice = settings.pop("tool_choice", None)
    asked = Parameters(tools=kept, tool_choice=choice, tool_settings=settings or None)
    return ported_parameters(asked, dialect)


def refusal(dialect: Dialect, *tools: Any, **settings: Any) -> str:
    with pytest.raises(Unportable) as caught:
        ported(dialect, *tools, **settings)
    return str(caught.value)


def test_every_dialect_but_that_of_unknown_classes_has_its_row() -> None:
    known = (*KNOWN, BEDROCK_INVOKE)
    assert {it.schemas or it.name for it in known} == set(SCHEMAS)


@EVERY
def test_a_plain_tool_goes_everywhere_as_it_is(dialect: Dialect) -> None:
    asked, lost = ported(dialect, function(), tool_choice="any")
    assert asked.tools is not None
    (said,) = asked.tools
    assert said["function"]["parameters"] == function()["function"]["parameters"]
    assert said["function"].get("strict") is (False if dialect is AZURE_RESPONSES else None)
    assert asked.tool_choice == "any"
    assert lost == ()


def test_parameters_without_tools_are_not_touched() -> None:
    asked = Parameters(temperature=0.5, seed=1)
    assert ported_parameters(asked, VERTEX_GEMINI) == (asked, ())


def test_a_class_of_no_known_provider_gets_what_was_asked_for() -> None:
    odd = {"type": "web_search"}
    asked = Parameters(tools=[odd, function("an illegal name")])
    assert ported_parameters(asked, ANY)[0] is asked


@EVERY
def test_the_same_tools_are_ported_once(dialect: Dialect) -> None:
    tools, settings = [function()], {"response_format": form()}
    row = SCHEMAS[dialect.schemas or dialect.name]
    if row.answers is None or not row.formats_beside_tools:
        settings = {}
    first, second = (
        ported_parameters(Parameters(tools=list(tools), tool_settings=dict(settings)), dialect)[0]
        for _ in range(2)
    )
    assert first.tools is second.tools
    assert first.tool_settings is second.tool_settings


def test_a_refusal_is_remembered_and_raised_anew() -> None:
    tools = [function("an illegal name")]
    raised = []
    for _ in range(2):
        with pytest.raises(Unportable) as caught:
            ported_parameters(Parameters(tools=list(tools)), AZURE_CHAT)
        raised.append(caught.value)
    assert raised[0] is not raised[1]
    assert str(raised[0]) == str(raised[1])


# --- providers' own tools -------------------------------------------------------------------

WHOSE = {
    "azure_openai": ({"type": "web_search"}, {"type": "code_interpreter", "container": {}},
                     {"type": "web_search_preview_2025_03_11"}, {"type": "custom", "name": "x"}),
    "Claude": ({"type": "bash_20250124", "name": "bash"},
               {"type": "web_search_20250305", "name": "web_search"}),
    "Gemini": ({"google_search": {}}, {"googleSearch": {}}, {"code_execution": {}}),
    "Amazon Nova": ({"systemTool": {"name": "nova_grounding"}}, "nova_code_interpreter"),
}  # fmt: skip
HOMES = {
    "azure_openai": {AZURE_CHAT, AZURE_RESPONSES},
    "Claude": {VERTEX_CLAUDE},
    "Gemini": {VERTEX_GEMINI, VERTEX_GEMINI_2, VERTEX_GAPIC},
    "Amazon Nova": {BEDROCK_NOVA},
}


@pytest.mark.parametrize(
    ("owner", "tool"), [(owner, tool) for owner, tools in WHOSE.items() for tool in tools]
)
@EVERY
def test_a_providers_own_tool_goes_to_nobody_else(dialect: Dialect, owner: str, tool: Any) -> None:
    if dialect in HOMES[owner]:
        asked, lost = ported(dialect, tool, function())
        assert len(asked.tools or ()) == 2
        assert lost == ()
    else:
        assert f"{owner}'s own tool" in refusal(dialect, tool, function())


def test_the_refusal_names_the_tool_and_its_owner() -> None:
    assert refusal(VERTEX_GEMINI, {"type": "web_search"}) == (
        "web_search is azure_openai's own tool"
    )


def test_googles_tools_may_be_spelled_as_on_the_wire() -> None:
    asked, _ = ported(VERTEX_GEMINI, {"googleSearch": {}})
    assert asked.tools == [{"google_search": {}}]


def test_a_cache_point_is_bedrocks_and_costs_nobody_else_anything_but_a_note() -> None:
    point = {"cachePoint": {"type": "default"}}
    assert point in (ported(BEDROCK_CLAUDE, function(), point)[0].tools or ())
    asked, lost = ported(AZURE_CHAT, function(), point)
    assert len(asked.tools or ()) == 1
    assert lost == ("cachePoint",)


def test_a_choice_goes_where_no_tool_is_left() -> None:
    asked, _ = ported(AZURE_CHAT, {"cachePoint": {"type": "default"}}, tool_choice="any")
    assert asked.tools == []
    assert asked.tool_choice is None


def test_a_tool_within_one_of_langchains_is_its_providers() -> None:
    definition = {"type": "bash_20250124", "name": "bash"}

    @make_tool(extras={"provider_tool_definition": definition})
    def bash(command: str) -> str:
        """Run a command."""
        return command

    assert ported(VERTEX_CLAUDE, bash)[0].tools == [definition]
    assert "Claude's own tool" in refusal(AZURE_CHAT, bash)


def test_what_a_tool_says_to_one_class_alone_is_passed_on_or_noted() -> None:
    @make_tool(extras={"defer_loading": True, "cache_control": {"type": "ephemeral"}})
    def search(query: str) -> str:
        """Search."""
        return query

    asked, lost = ported(AZURE_CHAT, search)
    assert (asked.tools or [])[0]["defer_loading"] is True
    assert lost == ("tools.search: extras.cache_control",)
    _, lost = ported(VERTEX_GEMINI, search)
    assert set(lost) == {
        "tools.search: extras.cache_control",
        "tools.search: extras.defer_loading",
    }


def test_functions_and_classes_that_were_never_bound_are_ported_too() -> None:
    def look_up(city: str) -> str:
        """Look it up."""
        return city

    asked, lost = ported_parameters(Parameters(tools=[look_up, Tree]), BEDROCK_CLAUDE)
    first, second = (tool["function"] for tool in asked.tools or [])
    assert first["parameters"]["properties"] == {"city": {"type": "string"}}
    assert second["parameters"]["properties"]["branches"]["items"] == {"$ref": "#/$defs/Tree"}
    assert lost == ()


def test_a_free_form_tool_of_langchains_is_openais() -> None:
    custom = Tool(name="run", description="Run code.", func=str, metadata={"type": "custom_tool"})
    asked, _ = ported_parameters(Parameters(tools=[custom]), AZURE_RESPONSES)
    assert asked.tools == [{"type": "custom", "name": "run", "description": "Run code."}]
    with pytest.raises(Unportable, match="custom is azure_openai's own tool"):
        ported_parameters(Parameters(tools=[custom]), VERTEX_GEMINI)


# --- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["with a space", "ümlaut", "x" * 65, "a\n"])
@EVERY
def test_an_illegal_name_is_refused_with_the_name(dialect: Dialect, name: str) -> None:
    assert "no legal name of a tool" in refusal(dialect, function(name))


def test_a_name_that_one_service_takes_and_another_does_not() -> None:
    assert ported(VERTEX_GEMINI, function("files.read"))[0].tools
    assert "'files.read'" in refusal(AZURE_CHAT, function("files.read"))
    assert ported(AZURE_CHAT, function("2fa"))[0].tools
    assert "'2fa'" in refusal(VERTEX_GEMINI, function("2fa"))


# --- strict ---------------------------------------------------------------------------------


def test_a_strict_tool_is_strict_where_the_service_has_that() -> None:
    for dialect in (AZURE_CHAT, AZURE_RESPONSES, BEDROCK_CLAUDE):
        asked, lost = ported(dialect, function(), strict=True)
        said = (asked.tools or [])[0]["function"]
        assert said["strict"] is True
        assert said["parameters"]["additionalProperties"] is False
        assert lost == ()
    assert ported(VERTEX_GEMINI, function(), strict=True)[1] == ()  # it keeps to schemas anyway
    for dialect in (BEDROCK_NOVA, BEDROCK_OTHER, VERTEX_CLAUDE):
        assert ported(dialect, function(), strict=True)[1] == ("tools.get_weather: strict",)


def test_a_tool_that_cannot_be_strict_goes_without_and_says_so() -> None:
    free = function(parameters={"type": "object", "properties": {"data": {"type": "object"}}})
    asked, lost = ported(AZURE_CHAT, free, strict=True)
    said = (asked.tools or [])[0]["function"]
    assert said["strict"] is False
    assert said["parameters"]["properties"] == {"data": {"type": "object"}}
    assert lost == ("tools.get_weather: strict",)


def test_a_tools_own_strict_goes_before_the_calls() -> None:
    asked, _ = ported(AZURE_CHAT, function(strict=False), strict=True)
    assert (asked.tools or [])[0]["function"]["strict"] is False


def test_openais_helper_for_formats_takes_strict_tools_alone() -> None:
    free = function(parameters={"type": "object", "properties": {"data": {"type": "object"}}})
    assert "a map of any keys" in refusal(AZURE_CHAT, free, response_format=form())
    assert ported(AZURE_RESPONSES, free, response_format=form())[1] == ()
    asked, _ = ported(AZURE_CHAT, function(), response_format=form())
    assert (asked.tools or [])[0]["function"]["strict"] is True


# --- response formats -----------------------------------------------------------------------


def test_a_format_is_reduced_like_a_tool_and_noted_by_its_name() -> None:
    odd = {"properties": {"city": {"type": "string", "pattern": "^a"}}}
    asked, lost = ported(BEDROCK_CLAUDE, response_format=form(**odd))
    schema = (asked.tool_settings or {})["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"city": {"type": "string"}}
    assert lost == ("response_format.city: pattern",)
    assert ported(AZURE_CHAT, response_format=form(**odd))[1] == ()
    assert ported(AZURE_CHAT, response_format=form(True, **odd))[1] == (
        "response_format.city: pattern",
    )


def test_an_answer_that_bedrocks_class_would_empty_is_refused() -> None:
    free = {"properties": {"data": {"type": "object"}}}
    assert "response_format.data: a map" in refusal(BEDROCK_CLAUDE, response_format=form(**free))
    assert ported(AZURE_CHAT, response_format=form(**free))[1] == ()


def test_a_format_is_refused_where_there_is_none() -> None:
    for dialect in (VERTEX_CLAUDE, VERTEX_GAPIC):
        assert refusal(dialect, response_format=form()) == (
            "response_format: no answer by a schema"
        )


def test_early_geminis_take_tools_or_a_format() -> None:
    assert ported(VERTEX_GEMINI, function(), response_format=form())[1] == ()
    assert ported(VERTEX_GEMINI_2, response_format=form())[1] == ()
    for said in (form(), {"type": "json_object"}):
        refused = refusal(VERTEX_GEMINI_2, function(), response_format=said)
        assert refused == "response_format: not beside tools"
    assert ported(VERTEX_GEMINI_2, function(), response_format={"type": "text"})[1] == ()


@pytest.mark.parametrize(
    ("model", "both"),
    [
        ("gemini-2.5-flash", False),
        ("gemini-1.5-pro-002", False),
        ("gemini-3-pro-preview", True),
        ("gemini-21-flash", True),
        ("tuned-model", True),
    ],
)
def test_the_version_is_read_from_the_models_name(
    model: str, both: bool, emulator: Emulator
) -> None:
    built = emulator.chat_model("gcp_vertex", model)
    dialect = provider_of(built).dialect(built, Parameters())
    assert dialect is (VERTEX_GEMINI if both else VERTEX_GEMINI_2)


def test_a_formats_name_is_a_label_and_made_legal() -> None:
    odd = form()
    odd["json_schema"]["name"] = "List[int]"
    asked, _ = ported(AZURE_CHAT, response_format=odd)
    assert (asked.tool_settings or {})["response_format"]["json_schema"]["name"] == "List_int_"


def test_losses_are_named_up_to_a_few() -> None:
    many = {f"p{n}": {"type": "string", "pattern": "^a"} for n in range(20)}
    _, lost = ported(VERTEX_GEMINI, function(parameters={"type": "object", "properties": many}))
    assert len(lost) == NAMED + 1
    assert lost[-1] == f"and {20 - NAMED} more of its schemas"


def test_a_providers_own_tool_can_be_chosen_by_its_type() -> None:
    asked = read_parameters(
        {"tools": [{"type": "web_search"}], "tool_choice": "web_search"}, Parameters()
    )
    assert asked.tool_choice == "web_search"

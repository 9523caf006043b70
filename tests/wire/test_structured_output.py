"""Structured output: the same object, whichever provider answers, and by whatever method."""

from __future__ import annotations

import pickle
from typing import Any, TypedDict

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field
from pydantic.v1 import BaseModel as FirstBaseModel

from langchain_multirouter import AllAttemptsFailedError, Deployment, RoutedChatModel
from langchain_multirouter.emulator import Emulator
from langchain_multirouter.errors import ConfigurationError
from langchain_multirouter.testing import ScriptedModel

from .conftest import HASTY, RUNNER, WIRES

ABLE = {
    "aws_bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "azure_openai": "gpt-4o",
    "gcp_vertex": "gemini-3-flash-preview",
}


class Home(BaseModel):
    """A home."""

    town: str


class Person(BaseModel):
    """A person."""

    name: str = Field(description="The whole name")
    age: int | None = None
    home: Home | None = None


class FirstPerson(FirstBaseModel):
    """A person."""

    name: str
    age: int


class PersonDict(TypedDict):
    """A person."""

    name: str
    age: int


PROPERTIES = {"name": {"type": "string"}, "age": {"type": "integer"}}
PARAMETERS = {"type": "object", "properties": PROPERTIES, "required": ["name", "age"]}
PERSON = {"title": "person", "description": "A person.", **PARAMETERS}
TOOL = {"type": "function", "function": {"name": "person", "parameters": PARAMETERS}}
ANN = {"name": "Ann", "age": 42}
ANNS = {
    "pydantic": (Person, Person(name="Ann", age=42, home=None)),
    "pydantic 1": (FirstPerson, FirstPerson(name="Ann", age=42)),
    "typed dict": (PersonDict, ANN),
    "json schema": (PERSON, ANN),
    "without a title": (PARAMETERS, ANN),
    "openai tool": (TOOL, ANN),
}
PROMPT = 'Ann is 42 years old. Say so of "Ann".'
METHODS = ("function_calling", "json_schema")
#: Without the emulator's invention of a home.
EVERY_SCHEMA = pytest.mark.parametrize("schema", ANNS)
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def able(emulator: Emulator) -> dict[str, Any]:
    return {wire: emulator.chat_model(wire, name) for wire, name in ABLE.items()}


@EVERY_METHOD
@EVERY_SCHEMA
def test_the_responses_api_gives_the_same_object(schema: str, method: Any, cloud: Emulator) -> None:
    model = cloud.chat_model("azure_openai", "gpt-5.1", use_responses_api=True)
    router = RoutedChatModel([Deployment(model, name="responses")])
    wanted, ann = ANNS[schema]
    structured = router.with_structured_output(wanted, method=method)

    assert same(structured.invoke(PROMPT), ann)
    assert same(list(structured.stream(PROMPT))[-1], ann)


@pytest.fixture
def first(cloud: Emulator, able: dict[str, Any]) -> Any:
    """A router over all three whose first deployment is on the wire."""

    def make(wire: str, **settings: Any) -> RoutedChatModel:
        order = [wire, *(other for other in WIRES if other != wire)]
        deployments = [Deployment(able[it], name=it) for it in order]
        return RoutedChatModel(deployments, strategy="ordered", policy=HASTY, **settings)

    return make


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same type; the emulator fills what is optional as it likes."""
    if isinstance(one, Person) and isinstance(other, Person):
        return (one.name, one.age) == (other.name, other.age)
    return type(one) is type(other) and bool(one == other)


@EVERY_METHOD
@EVERY_SCHEMA
@pytest.mark.parametrize("wire", WIRES)
def test_every_provider_gives_the_same_object(
    wire: str, schema: str, method: str, first: Any, cloud: Emulator
) -> None:
    wanted, ann = ANNS[schema]
    model = first(wire).with_structured_output(wanted, method=method)

    assert same(model.invoke(PROMPT), ann)
    assert same(RUNNER.run(model.ainvoke(PROMPT)), ann)
    assert same(list(model.stream(PROMPT))[-1], ann)
    assert {entry.provider for entry in cloud.log} == {wire}


@EVERY_METHOD
@pytest.mark.parametrize("schema", ["pydantic", "typed dict"])
@pytest.mark.parametrize("wire", WIRES)
def test_the_object_is_the_same_where_the_first_provider_fails(
    wire: str, schema: str, method: str, first: Any, cloud: Emulator
) -> None:
    wanted, ann = ANNS[schema]
    cloud.break_(wire, "503")

    model = first(wire).with_structured_output(wanted, method=method, include_raw=True)
    told = model.invoke(PROMPT)

    assert same(told["parsed"], ann)
    assert told["parsing_error"] is None
    assert told["raw"].response_metadata["router"]["fallback_used"] is True


def test_a_stream_gives_the_object_as_it_grows(first: Any) -> None:
    model = first("azure_openai").with_structured_output(PERSON)

    async def grown() -> list[Any]:
        return [part async for part in model.astream(PROMPT)]

    for parts in (list(model.stream(PROMPT)), RUNNER.run(grown())):
        assert parts[-1] == ANN
        assert len(parts) > 1
        assert all(part.items() <= ANN.items() or "name" in part for part in parts)


def test_it_works_in_chains_and_batches(first: Any) -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "{who} is 42. Say so of {who}.")])
    chain = prompt | first("aws_bedrock").with_structured_output(PERSON) | (lambda it: it["name"])

    assert chain.batch([{"who": '"Ann"'}, {"who": '"Bob"'}]) == ["Ann", "Bob"]


def test_options_survive_before_and_with_the_call(first: Any) -> None:
    router = first("azure_openai")
    model = router.with_routing(preferred_provider="gcp_vertex", strategy="intelligent")
    told = model.with_structured_output(PERSON, include_raw=True, max_attempts=1).invoke(PROMPT)

    assert told["raw"].response_metadata["router"]["provider"] == "gcp_vertex"


@pytest.mark.parametrize("wire", WIRES)
def test_a_strict_schema_is_asked_for_strictly_where_that_exists(
    wire: str, first: Any, cloud: Emulator
) -> None:
    first(wire).with_structured_output(PERSON, strict=True).invoke(PROMPT)

    body = str(cloud.log[-1].body)
    assert ("'strict': True" in body) == (wire != "gcp_vertex")


def test_the_tools_beside_a_schema_may_be_called_instead(first: Any, cloud: Emulator) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": PARAMETERS}}
    router = first("azure_openai")
    beside = {"tools": [tool], "include_raw": True, "method": "json_schema"}

    told = router.with_structured_output(PERSON, **beside, tool_choice="any").invoke(PROMPT)
    assert told["raw"].tool_calls[0]["name"] == "look_up"
    assert told["parsed"] is None
    assert told["parsing_error"] is None

    told = router.with_structured_output(PERSON, **beside, tool_choice="none").invoke(PROMPT)
    assert told["parsed"] == ANN


def test_langsmith_sees_the_format_as_with_any_model(first: Any) -> None:
    model: Any = first("azure_openai").with_structured_output(PERSON, strict=True)
    shown = model.first.kwargs["ls_structured_output_format"]

    assert shown["kwargs"] == {"method": "function_calling", "strict": True}
    assert shown["schema"]["function"]["name"] == "person"


# --- answers in every form, from a model that follows a script ------------------------------


def call(args: Any, name: str = "person") -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "1"}])


GOOD = {
    "a call": call(ANN),
    "json": '{"name": "Ann", "age": 42}',
    "fenced": '```json\n{"name": "Ann", "age": 42}\n```',
    "fenced in prose": 'Here you are:\n```\n{"name": "Ann", "age": 42}\n```\nAnything else?',
    "bare in prose": 'It is {"name": "Ann", "age": 42}, I think.',
    "blocks": AIMessage([{"type": "text", "text": '{"name": "Ann", "age": 42}'}]),
}
BAD = {
    "prose": ("Ann is 42.", "person: the answer has no JSON"),
    "cut off": ('{"name": "Ann", "age": 4', "person: the answer has no JSON"),
    "a list": ("[1, 2]", "person: the answer is no object"),
    "incomplete": ('{"name": "Ann"}', "person: the answer lacks age"),
    "another tool": (call(ANN, "someone"), "person: the answer has no JSON"),
    "a broken call": (
        AIMessage(
            "",
            invalid_tool_calls=[{"name": "person", "args": "{", "id": "1", "error": None}],
            tool_calls=[{"name": "other", "args": {}, "id": "2"}],
        ),
        "person: the answer has a call whose arguments are no JSON",
    ),
    "a refusal": (
        AIMessage("I will not.", additional_kwargs={"refusal": "I will not."}),
        "person: the model refused to answer",
    ),
}


def scripted(*script: Any, **settings: Any) -> RoutedChatModel:
    return RoutedChatModel(
        [Deployment(ScriptedModel(script=list(script)), name="one")], policy=HASTY, **settings
    )


@pytest.mark.parametrize("form", GOOD)
@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode"])
def test_the_form_of_an_answer_makes_no_difference(form: str, method: Any) -> None:
    router = scripted(GOOD[form])
    assert router.with_structured_output(PERSON, method=method).invoke("x") == ANN


@pytest.mark.parametrize("form", BAD)
def test_what_does_not_parse_is_langchains_own_error_and_says_why(form: str) -> None:
    answer, why = BAD[form]
    with pytest.raises(OutputParserException) as caught:
        scripted(answer).with_structured_output(PERSON).invoke("x")
    assert str(caught.value).startswith(why)
    told: Any = scripted(answer).with_structured_output(PERSON, include_raw=True).invoke("x")
    assert told["parsed"] is None
    assert str(told["parsing_error"]).startswith(why)
    assert isinstance(told["raw"], AIMessage)


def test_an_error_names_the_fields_and_shows_no_value() -> None:
    secret = "a secret that nobody may read"
    model = scripted(call({"name": "Ann", "age": secret}, "Person"))
    with pytest.raises(OutputParserException, match="age: int_parsing") as caught:
        model.with_structured_output(Person).invoke("x")
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_json_of_any_schema_needs_none() -> None:
    model = scripted('{"anything": [1]}').with_structured_output(None, method="json_mode")
    assert model.invoke("x") == {"anything": [1]}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"schema": PERSON, "method": "json_shema"}, "json_schema"),
        ({"schema": PERSON, "tools": [TOOL]}, "tools"),
        ({"schema": PERSON, "method": "json_mode", "strict": True}, "strict"),
        ({"schema": "person"}, "schema"),
        ({"schema": None}, "schema"),
        ({"schema": int}, "schema"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(arguments: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        scripted("x").with_structured_output(**arguments)


# --- an answer that does not parse, tried again ---------------------------------------------


def test_an_answer_that_does_not_parse_is_not_tried_again_unless_asked() -> None:
    model = ScriptedModel(script=["Ann is 42.", call(ANN)])
    with pytest.raises(OutputParserException):
        RoutedChatModel([model], policy=HASTY).with_structured_output(PERSON).invoke("x")
    assert model.calls == 1


@pytest.mark.parametrize("form", BAD)
def test_an_answer_that_does_not_parse_can_be_tried_again(form: str) -> None:
    model = scripted(BAD[form][0], call(ANN))
    structured = model.with_structured_output(PERSON, retry_unparsed=True, include_raw=True)
    told: Any = structured.invoke("x")

    assert told["parsed"] == ANN
    tried = told["raw"].response_metadata["router"]["attempts"]
    assert [it.get("cause") for it in tried] == ["schema_mismatch", None]


def test_it_is_tried_elsewhere_and_nobodys_health_suffers() -> None:
    silly, clever = ScriptedModel(script=["no"]), ScriptedModel(script=[call(ANN)])
    router = RoutedChatModel(
        [Deployment(silly, name="silly"), Deployment(clever, name="clever")],
        strategy="ordered", max_retries=0, policy=HASTY,
    )  # fmt: skip
    model = router.with_structured_output(PERSON, retry_unparsed=True)

    for _ in range(8):
        assert RUNNER.run(model.ainvoke("x")) == ANN
    assert silly.calls == 8


def test_where_nobodys_answer_parses_the_call_fails_and_says_so() -> None:
    model = scripted("no", max_attempts=2).with_structured_output(PERSON, retry_unparsed=True)
    with pytest.raises(AllAttemptsFailedError, match="schema_mismatch"):
        model.invoke("x")


def test_a_pydantic_classs_own_rules_decide() -> None:
    bad, good = call({"name": "Ann", "age": "old"}, "Person"), call(ANN, "Person")
    model = scripted(bad, good).with_structured_output(Person, retry_unparsed=True)
    assert model.invoke("x") == Person(name="Ann", age=42)


def test_the_test_of_an_answer_is_the_same_in_every_process_and_shows_no_address() -> None:
    one, two, other = (
        repr(scripted("x").with_structured_output(it, retry_unparsed=True).first.kwargs)  # type: ignore[attr-defined]
        for it in (PERSON, dict(PERSON), Person)
    )
    assert one == two
    assert one != other
    assert "0x" not in one
    kept: Any = scripted("x").with_structured_output(Person, retry_unparsed=True)
    check = pickle.loads(pickle.dumps(kept.first.kwargs["answer_must_parse"]))  # noqa: S301
    assert check(call(ANN, "Person"))
    assert not check(AIMessage("no"))


def test_a_stream_is_not_judged_after_it_was_handed_over() -> None:
    model = scripted("no JSON at all").with_structured_output(PERSON, retry_unparsed=True)
    assert list(model.stream("x")) == []


def test_partial_calls_grow_into_the_object() -> None:
    model = scripted("x").with_structured_output(PERSON)
    parser: Any = model.last  # type: ignore[attr-defined]
    texts = ['{"name": "An', 'n", "age"', ": 42}"]
    chunks = [
        AIMessageChunk(
            "",
            tool_call_chunks=[
                {
                    "name": "person" if number == 0 else None,
                    "args": text,
                    "id": "1" if number == 0 else None,
                    "index": 0,
                    "type": "tool_call_chunk",
                }
            ],
        )
        for number, text in enumerate(texts)
    ]
    assert list(parser.transform(iter(chunks))) == [{"name": "An"}, {"name": "Ann"}, ANN]

"""Vertex AI's Gemini refuses what the real service refuses, in its own words."""

import base64
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from posted import SIGNED, Posted, changed, generate, without
from real_clients import ONE_ATTEMPT

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.signatures import sign

GEMINI_3 = "gemini-3-flash-preview"
SKIPPED = "skip_thought_signature_validator"
GENUINE = sign("gcp_vertex", GEMINI_3, "Hm.")
SCHEMA: dict[str, Any] = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}},
    "required": ["city"],
}
DECLARED: dict[str, Any] = {"name": "weather", "description": "d", "parameters": SCHEMA}
CALL = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}
RESULT = {"functionResponse": {"name": "weather", "response": {"output": "Rain"}}}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


HELLO = {"text": "Hi"}
HI: dict[str, Any] = {"contents": [user(HELLO)]}
USED: dict[str, Any] = {
    "contents": [user(HELLO), model(CALL), user(RESULT)],
    "tools": [{"functionDeclarations": [DECLARED]}],
}
FORMED = {
    **HI,
    "generationConfig": {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "additionalProperties": False},
    },
}


def talk(*contents: Any) -> Any:
    return {**USED, "contents": list(contents)}


def declared(name: str, value: Any) -> Any:
    return changed(USED, "tools", 0, "functionDeclarations", 0, name, to=value)


def parameter(**members: Any) -> Any:
    return declared("parameters", changed(SCHEMA, "properties", "city", to=members))


def settings(**members: Any) -> Any:
    return {**HI, "generationConfig": members}


def calling(**members: Any) -> Any:
    return {**USED, "toolConfig": {"functionCallingConfig": members}}


def unknown(name: str, place: str) -> str:
    at = "tools[0].function_declarations[0].parameters" + place
    return f"Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."


CITY = ".properties[0].value"
REFUSED: dict[str, tuple[Any, str]] = {
    "an unknown member": ({**HI, "messages": []}, 'Unknown name "messages": Cannot find field.'),
    "an unknown setting": (
        settings(maxTokens=5),
        "Unknown name \"maxTokens\" at 'generation_config'",
    ),
    "an unknown member of a content": (
        changed(HI, "contents", 0, "content", to="Hi"),
        "Unknown name \"content\" at 'contents[0]'",
    ),
    "an unknown part": (
        {"contents": [user({"type": "text", "text": "Hi"})]},
        "Unknown name \"type\" at 'contents[0].parts[0]'",
    ),
    "an unknown member of a call": (
        changed(USED, "contents", 1, "parts", 0, "functionCall", "arguments", to={}),
        "Unknown name \"arguments\" at 'contents[1].parts[0].function_call'",
    ),
    "no contents": ({"contents": []}, "at least one contents field is required"),
    "an unknown role": ({"contents": [{"role": "tool", "parts": [HELLO]}]}, "valid role: user"),
    "no parts": ({"contents": [user()]}, "must include at least one parts field"),
    "an empty text": ({"contents": [user({"text": ""})]}, "it has an empty text parameter"),
    "a part of nothing": ({"contents": [user({"thought": True})]}, "must have a text parameter"),
    "a call without a name": (
        changed(USED, "contents", 1, "parts", 0, "functionCall", to={"args": {}}),
        "Name cannot be empty",
    ),
    "a result that is no object": (
        changed(USED, "contents", 2, "parts", 0, "functionResponse", "response", to="Rain"),
        "Invalid value at 'contents[2].parts[0].function_response.response'",
    ),
    "a call first": (
        talk(model(CALL), user(RESULT)),
        "function call turn comes immediately after a user turn or after a function response turn",
    ),
    "a call after the model": (
        talk(user(HELLO), model(HELLO), model(CALL), user(RESULT)),
        "function call turn comes immediately after a user turn or after a function response turn",
    ),
    "a result without its call": (
        talk(user(HELLO), model(HELLO), user(RESULT)),
        "function response turn comes immediately after a function call turn",
    ),
    "a call without its result": (
        talk(user(HELLO), model(CALL), user(HELLO)),
        "the number of function response parts is equal to the number of function call parts",
    ),
    "one result of two calls": (
        talk(user(HELLO), model(CALL, CALL), user(RESULT)),
        "the number of function response parts is equal to the number of function call parts",
    ),
    "results in two turns": (
        talk(user(HELLO), model(CALL, CALL), user(RESULT), user(RESULT)),
        "the number of function response parts is equal to the number of function call parts",
    ),
    "a call at the end": (
        talk(user(HELLO), model(CALL)),
        "multiturn requests end with a user role or a function response",
    ),
    "the model's word alone": (
        {"contents": [model(HELLO)]},
        "single turn requests end with a user",
    ),
    "the model's word at the end": (
        {"contents": [user(HELLO), model(HELLO)]},
        "multiturn requests end with a user role or a function response",
    ),
    "a high temperature": (
        settings(temperature=2.5),
        "a temperature value of 2.5 but the supported range is from 0 (inclusive) to 2.0001",
    ),
    "a low topP": (settings(topP=-0.5), "a topP value of -0.5"),
    "no tokens": (settings(maxOutputTokens=0), "a maxOutputTokens value of 0"),
    "a large seed": (settings(seed=2**31), "Invalid value at 'generation_config.seed'"),
    "six stop sequences": (settings(stopSequences=list("abcdef")), "has at most 5 values"),
    "an empty stop sequence": (settings(stopSequences=[""]), "none of them empty"),
    "a level and a budget": (
        settings(thinkingConfig={"thinkingLevel": "LOW", "thinkingBudget": 5}),
        "only one of thinking budget and thinking level",
    ),
    "a level before Gemini 3": (
        settings(thinkingConfig={"thinkingLevel": "LOW"}),
        "Thinking level is not supported for this model",
    ),
    "a tool as others have it": (
        {**HI, "tools": [{"type": "function", "function": {}}]},
        "Unknown name \"type\" at 'tools[0]'",
    ),
    "a declaration as others have it": (
        declared("strict", True),
        "Unknown name \"strict\" at 'tools[0].function_declarations[0]'",
    ),
    "a name of other characters": (declared("name", "get weather"), "Invalid function name."),
    "a name that starts with a digit": (declared("name", "1st"), "Invalid function name."),
    "a name of 65 characters": (declared("name", "a" * 65), "maximum length of 64"),
    "two declarations of a name": (
        changed(USED, "tools", 0, "functionDeclarations", None, to=DECLARED),
        "Duplicate function declaration found: weather",
    ),
    "two kinds of parameters": (
        declared("parametersJsonSchema", {"type": "object"}),
        "are mutually exclusive",
    ),
    "a JSON schema that is none": (
        changed(
            USED, "tools", 0, "functionDeclarations", to=[{"name": "a", "parametersJsonSchema": 1}]
        ),
        "Invalid value at 'tools[0].function_declarations[0].parameters_json_schema'",
    ),
    "parameters of no object": (
        declared("parameters", {"type": "STRING"}),
        "`weather` functionDeclaration `parameters` schema should be of type OBJECT",
    ),
    "a schema that is none": (declared("parameters", []), "parameters' (type.googleapis.com"),
    "a reference": (parameter(**{"$ref": "#/$defs/City"}), unknown("$ref", CITY)),
    "definitions": (declared("parameters", {**SCHEMA, "$defs": {}}), unknown("$defs", "")),
    "a constant": (parameter(type="STRING", const="Oslo"), unknown("const", CITY)),
    "a union of one": (parameter(oneOf=[{"type": "STRING"}]), unknown("oneOf", CITY)),
    "a union of all": (parameter(allOf=[{"type": "STRING"}]), unknown("allOf", CITY)),
    "a negation": (parameter(**{"not": {"type": "STRING"}}), unknown("not", CITY)),
    "names by a pattern": (
        parameter(type="OBJECT", patternProperties={}),
        unknown("patternProperties", CITY),
    ),
    "a bound that is excluded": (
        parameter(type="ARRAY", items={"type": "INTEGER", "exclusiveMinimum": 1}),
        unknown("exclusiveMinimum", CITY + ".items"),
    ),
    "a constant in a union": (
        parameter(anyOf=[{"type": "STRING"}, {"type": "STRING", "const": "Oslo"}]),
        unknown("const", CITY + ".any_of[1]"),
    ),
    "several types": (
        parameter(type=["string", "null"]),
        "Proto field is not repeating, cannot start list.",
    ),
    "an unknown type": (
        parameter(type="text"),
        f'{CITY}.type\' (type.googleapis.com/Type), "text"',
    ),
    "numbers to choose from": (
        parameter(type="INTEGER", enum=[1, 2]),
        f"{CITY}.enum[0]' (TYPE_STRING), 1",
    ),
    "a list of anything": (parameter(type="ARRAY"), f"{CITY}.items: missing field."),
    "a required property that is none": (
        declared("parameters", {**SCHEMA, "required": ["city", "land"]}),
        "parameters.required[1]: property is not defined",
    ),
    "an unknown mode": (calling(mode="REQUIRED"), '(Mode), "REQUIRED"'),
    "an unknown member of the choice": (
        calling(mode="ANY", tool="weather"),
        "Unknown name \"tool\" at 'tool_config.function_calling_config'",
    ),
    "a choice of nothing": (
        {**HI, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        "Function calling config is set without function_declarations.",
    ),
    "allowed names of a free choice": (
        calling(mode="AUTO", allowedFunctionNames=["weather"]),
        "only taken with the mode ANY",
    ),
    "an allowed name that is not there": (
        calling(mode="ANY", allowedFunctionNames=["other"]),
        "other is none of the function declarations",
    ),
    "a reference in the answer's schema": (
        changed(
            without(FORMED, "generationConfig", "responseJsonSchema"),
            *("generationConfig", "responseSchema"),
            to={"type": "OBJECT", "properties": {"a": {"$ref": "#/$defs/A"}}},
        ),
        "Unknown name \"$ref\" at 'generation_config.response_schema.properties[0].value'",
    ),
    "two schemas of the answer": (
        changed(FORMED, "generationConfig", "responseSchema", to=SCHEMA),
        "response_schema and response_json_schema are mutually exclusive",
    ),
    "a schema of plain text": (
        without(FORMED, "generationConfig", "responseMimeType"),
        "needs the response mime type 'application/json'",
    ),
    "tools and JSON before Gemini 3": (
        {**FORMED, "tools": USED["tools"]},
        "Function calling with a response mime type: 'application/json' is unsupported",
    ),
    "a signature that is not base64": (
        talk(user(HELLO), model({**CALL, "thoughtSignature": "no base64!"}), user(RESULT)),
        "Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES)",
    ),
}


def assert_refused(posted: Posted, said: str, cloud: Emulator) -> None:
    assert posted.status == 400
    assert posted.body["error"]["status"] == "INVALID_ARGUMENT"
    assert said in posted.message
    assert cloud.log[-1].status == 400


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_what_gemini_does_not_take(cloud: Emulator, name: str) -> None:
    body, said = REFUSED[name]
    assert_refused(generate(cloud, body), said, cloud)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gemini-2.5-flash", HI),
        ("gemini-2.5-flash", {"contents": [{"parts": [HELLO]}]}),
        ("gemini-2.5-flash", USED),
        ("gemini-2.5-flash", talk(user(HELLO), model(HELLO), user(HELLO))),
        ("gemini-2.5-flash", talk(model(HELLO), user(HELLO))),
        ("gemini-2.5-flash", talk(user(HELLO), model(CALL, CALL), user(RESULT, RESULT, HELLO))),
        ("gemini-2.5-flash", talk(user(HELLO), *[model(CALL), user(RESULT)] * 2)),
        ("gemini-2.5-flash", FORMED),
        ("gemini-2.5-flash", settings(temperature=2, topP=1, seed=7, stopSequences=["a"])),
        ("gemini-2.5-flash", calling(mode="ANY", allowedFunctionNames=["weather"])),
        ("gemini-2.5-flash", parameter(any_of=[{"type": "string"}, {"type": "null"}])),
        ("gemini-2.5-flash", parameter(type="OBJECT", additionalProperties={"type": "STRING"})),
        (
            "gemini-2.5-flash",
            changed(
                changed(
                    USED, "contents", 1, "parts", None, to={"text": "", "thoughtSignature": GENUINE}
                ),
                *("tools", 0),
                to={"functionDeclarations": [{"name": "weather"}]},
            ),
        ),
        (
            "gemini-2.5-flash",
            {
                **HI,
                "tools": [
                    {
                        "function_declarations": [
                            {
                                "name": "a",
                                "parameters_json_schema": {
                                    "type": "object",
                                    "properties": {"b": {"$ref": "#/$defs/B"}},
                                    "$defs": {"B": {"const": 1}},
                                },
                            }
                        ]
                    }
                ],
            },
        ),
        (GEMINI_3, {**FORMED, "tools": USED["tools"]}),
        (GEMINI_3, settings(thinkingConfig={"thinkingLevel": "LOW"})),
        ("my-endpoint", {**FORMED, "tools": USED["tools"]}),
    ],
)
def test_what_keeps_the_rules_is_answered(cloud: Emulator, name: str, body: Any) -> None:
    assert generate(cloud, body, name).status == 200


@pytest.mark.parametrize(
    ("signature", "genuine"),
    [
        (GENUINE, True),
        (sign("gcp_vertex", "gemini-2.5-pro", "Hm."), True),
        (GENUINE.replace("+", "-").replace("/", "_").rstrip("="), True),
        (SKIPPED, True),
        (base64.b64encode(SKIPPED.encode()).decode(), True),
        (SIGNED, False),
        (sign("azure_openai", "gpt-5", "Hm."), False),
        (base64.b64encode(b"anything else").decode(), False),
    ],
)
@pytest.mark.parametrize("name", ["gemini-2.5-flash", GEMINI_3])
def test_only_signatures_of_gemini_on_vertex_are_taken(
    cloud: Emulator, name: str, signature: str, genuine: bool
) -> None:
    said = model({**CALL, "thoughtSignature": signature})

    posted = generate(cloud, talk(user(HELLO), said, user(RESULT)), name)

    if genuine:
        assert posted.status == 200
    else:
        assert_refused(posted, "Corrupted thought signature.", cloud)


def test_gemini_3_asks_for_a_signature_of_each_step_of_the_turn(cloud: Emulator) -> None:
    signed = {**CALL, "thoughtSignature": GENUINE}
    unsigned = talk(user(HELLO), model(signed), user(RESULT), model(CALL), user(RESULT))
    parallel = talk(user(HELLO), model(signed, CALL), user(RESULT, RESULT))
    said = "missing a thought_signature in functionCall parts"

    assert_refused(generate(cloud, unsigned, GEMINI_3), said, cloud)
    assert (
        "function call `default_api:weather` , position 4"
        in generate(cloud, unsigned, GEMINI_3).message
    )
    assert generate(cloud, parallel, GEMINI_3).status == 200
    assert generate(cloud, unsigned, "gemini-2.5-flash").status == 200


def test_gemini_3_asks_for_no_signature_of_an_earlier_turn(cloud: Emulator) -> None:
    earlier = talk(user(HELLO), model(CALL), user(RESULT), model(HELLO), user(HELLO))
    assert generate(cloud, earlier, GEMINI_3).status == 200


def test_the_real_class_keeps_the_rules_of_gemini_3_with_others_calls(cloud: Emulator) -> None:
    gemini = cloud.chat_model("gcp_vertex", GEMINI_3, max_retries=ONE_ATTEMPT["gcp_vertex"])
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"}
    asked = [
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("Rain", tool_call_id="call_1"),
    ]

    assert "Rain" in gemini.invoke(asked).text
    assert cloud.log[-1].body["contents"][1]["parts"][0]["thoughtSignature"] == SKIPPED


def test_the_real_class_is_refused_for_a_call_without_its_result(cloud: Emulator) -> None:
    gemini = cloud.chat_model("gcp_vertex", GEMINI_3, max_retries=ONE_ATTEMPT["gcp_vertex"])
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"}
    asked = [HumanMessage("Hi"), AIMessage("", tool_calls=[call]), HumanMessage("And?")]

    with pytest.raises(Exception, match="number of function response parts is equal"):
        gemini.invoke(asked)

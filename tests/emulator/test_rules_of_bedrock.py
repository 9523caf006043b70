"""Bedrock Converse refuses what the real service refuses, in its own words."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from posted import CLAUDE, SIGNED, THINKER, Posted, changed, converse, without
from real_clients import ONE_ATTEMPT

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.signatures import sign

NOVA, LLAMA = "us.amazon.nova-pro-v1:0", "meta.llama3-1-70b-instruct-v1:0"
MODERN, NEWEST = "us.anthropic.claude-sonnet-4-6", "anthropic.claude-opus-4-7"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"toolSpec": {"name": "weather", "description": "d", "inputSchema": {"json": SCHEMA}}}
USE = {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Oslo"}}}
RESULT = {"toolResult": {"toolUseId": "call_1", "content": [{"text": "Rain"}]}}
DOCUMENT = {"document": {"format": "txt", "name": "Notes (1)", "source": {"bytes": "eA=="}}}
IMAGE = {"image": {"format": "png", "source": {"bytes": "eA=="}}}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": SIGNED}}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


HI = {"messages": [user({"text": "Hi"})]}
USED: dict[str, Any] = {
    "messages": [user({"text": "Hi"}), assistant(USE), user(RESULT, {"text": "So?"})],
    "toolConfig": {"tools": [TOOL]},
}
TOLD = {
    "messages": [user({"text": "Hi"}), assistant(THOUGHT, {"text": "Yes?"}), user({"text": "Go"})]
}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
THOUGHT_OUT = {
    **changed(USED, "messages", 1, to=assistant(THOUGHT, USE)),
    "additionalModelRequestFields": THINKING,
}
CHOSEN = {"tool": {"name": "weather"}}
CACHED = {"cachePoint": {"type": "default"}}


def schema(**members: Any) -> Any:
    return changed(USED, "toolConfig", "tools", 0, "toolSpec", "inputSchema", "json", to=members)


def spec(name: str, value: Any) -> Any:
    return changed(USED, "toolConfig", "tools", 0, "toolSpec", name, to=value)


def settings(**members: Any) -> Any:
    return {**HI, "inferenceConfig": members}


OF_ANY_MODEL: dict[str, tuple[Any, str]] = {
    "no messages": ({"messages": []}, "must start with a user message"),
    "the assistant first": ({"messages": [assistant({"text": "Hi"})]}, "must start with a user"),
    "two of a role": ({"messages": [user({"text": "a"}), user({"text": "b"})]}, "must alternate"),
    "no content": ({"messages": [user()]}, "Message object at messages.0 is empty"),
    "blank text": ({"messages": [user({"text": " "})]}, "at messages.0.content.0 is blank"),
    "an empty system": ({**HI, "system": [{"text": ""}]}, "system.1.member.text"),
    "an image of the assistant": (
        {"messages": [user({"text": "Hi"}), assistant(IMAGE), user({"text": "?"})]},
        "The image block at messages.1 is only for the user role",
    ),
    "a call of the user": (
        changed(USED, "messages", 0, "content", 0, to=USE),
        "The toolUse block at messages.0",
    ),
    "a call's id of other characters": (
        changed(USED, "messages", 1, "content", 0, "toolUse", "toolUseId", to="a b"),
        "messages.1.content.0.toolUse.toolUseId",
    ),
    "a result's id over 64 characters": (
        changed(USED, "messages", 2, "content", 0, "toolResult", "toolUseId", to="a" * 65),
        "messages.2.content.0.toolResult.toolUseId",
    ),
    "a call's name of other characters": (
        changed(USED, "messages", 1, "content", 0, "toolUse", "name", to="a.b"),
        "messages.1.content.0.toolUse.name",
    ),
    "arguments as text": (
        changed(USED, "messages", 1, "content", 0, "toolUse", "input", to="{}"),
        "The format of the value at messages.1.content.0.toolUse.input is invalid",
    ),
    "another status": (
        changed(USED, "messages", 2, "content", 0, "toolResult", "status", to="bad"),
        "[success, error]",
    ),
    "an error that says nothing": (
        changed(
            changed(USED, "messages", 2, "content", 0, "toolResult", "content", to=[]),
            *("messages", 2, "content", 0, "toolResult", "status"),
            to="error",
        ),
        "cannot be empty when status value is error",
    ),
    "a call without its result": (
        changed(USED, "messages", 2, "content", to=[{"text": "So?"}]),
        "Expected toolResult blocks at messages.2.content for the following Ids: call_1",
    ),
    "a call at the end": (
        changed(USED, "messages", to=USED["messages"][:2]),
        "Expected toolResult blocks at messages.2.content for the following Ids: call_1",
    ),
    "a result of another call": (
        changed(USED, "messages", 2, "content", 0, "toolResult", "toolUseId", to="call_2"),
        "Expected toolResult blocks at messages.2.content for the following Ids: call_1",
    ),
    "a result without its call": (
        changed(USED, "messages", 1, "content", 0, to={"text": "No."}),
        "The number of toolResult blocks at messages.2.content exceeds the number of toolUse",
    ),
    "results without tools": (without(USED, "toolConfig"), "toolConfig field must be defined"),
    "no tools": (changed(USED, "toolConfig", "tools", to=[]), "toolConfig.tools"),
    "a tool's name of other characters": (spec("name", "a.b"), "toolConfig.tools.0.toolSpec.name"),
    "a tool's name over 64 characters": (spec("name", "a" * 65), "toolSpec.name"),
    "an empty description": (spec("description", ""), "toolSpec.description"),
    "two tools of a name": (changed(USED, "toolConfig", "tools", to=[TOOL, TOOL]), "is taken"),
    "a tool that is not there": (
        changed(USED, "toolConfig", "toolChoice", to={"tool": {"name": "other"}}),
        "Tool 'other' not found",
    ),
    "a schema of no object": (schema(type="string"), "must be one of the following: object"),
    "a schema without a type": (schema(properties={}), "must be one of the following: object"),
    "a document of a file's name": (
        {"messages": [user({"text": "Hi"}, changed(DOCUMENT, "document", "name", to="a.txt"))]},
        "The document file name can only contain alphanumeric characters",
    ),
    "a document of two spaces": (
        {"messages": [user({"text": "Hi"}, changed(DOCUMENT, "document", "name", to="a  b"))]},
        "more than one consecutive whitespace",
    ),
    "two documents of a name": (
        {"messages": [user({"text": "Hi"}, DOCUMENT, DOCUMENT)]},
        "documents of the same name",
    ),
    "a document without text": ({"messages": [user(DOCUMENT)]}, "A text block must be included"),
    "21 images": ({"messages": [user({"text": "Hi"}, *[IMAGE] * 21)]}, "at most 20 images"),
    "a high temperature": (settings(temperature=1.5), "inferenceConfig.temperature"),
    "a low topP": (settings(topP=-1), "inferenceConfig.topP"),
    "no tokens": (settings(maxTokens=0), "inferenceConfig.maxTokens"),
    "an empty stop sequence": (settings(stopSequences=[""]), "inferenceConfig.stopSequences"),
    "2501 stop sequences": (settings(stopSequences=["x"] * 2501), "inferenceConfig.stopSequences"),
}

UNION = {"anyOf": [{"required": ["city"]}]}
OF_MODELS: dict[str, tuple[str, Any, str]] = {
    "claude: a union at the top": (
        *(CLAUDE, schema(**SCHEMA, **UNION)),
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf",
    ),
    "claude: a property of other characters": (
        *(CLAUDE, schema(type="object", properties={"a b": {"type": "string"}})),
        "Property keys should match pattern",
    ),
    "claude: a call's id with a dot": (
        CLAUDE,
        changed(
            changed(USED, "messages", 1, "content", 0, "toolUse", "toolUseId", to="a.b"),
            *("messages", 2, "content", 0, "toolResult", "toolUseId"),
            to="a.b",
        ),
        "messages.1.content.0.tool_use.id: String should match pattern",
    ),
    "claude: results after text": (
        *(CLAUDE, changed(USED, "messages", 2, "content", to=[{"text": "So?"}, RESULT])),
        "Did not find 1 `tool_result` block(s) at the beginning",
    ),
    "claude: an empty result": (
        CLAUDE,
        changed(USED, "messages", 2, "content", 0, "toolResult", "content", to=[{"text": ""}]),
        "text content blocks must be non-empty",
    ),
    "claude: a blank stop sequence": (
        *(CLAUDE, settings(stopSequences=["\n"])),
        "must contain non-whitespace",
    ),
    "claude 4.6: the assistant last": (
        *(MODERN, changed(HI, "messages", None, to=assistant({"text": "I"}))),
        "does not support assistant message prefill",
    ),
    "claude 4.5: two ways of sampling": (
        *(THINKER, settings(temperature=0.5, topP=0.5)),
        "`temperature` and `top_p` cannot both be specified for this model",
    ),
    "claude 4.7: a temperature": (
        *(NEWEST, settings(temperature=0)),
        "`temperature` is deprecated for this model",
    ),
    "claude 4.7: topP": (
        *(NEWEST, settings(topP=0.5)),
        "`top_p` is deprecated for this model",
    ),
    "claude 3.5: reasoning": (CLAUDE, TOLD, "doesn't support the reasoningContent field"),
    "nova 1: reasoning": (NOVA, TOLD, "doesn't support the reasoningContent field"),
    "llama: reasoning": (LLAMA, TOLD, "doesn't support the reasoningContent field"),
    "a user's reasoning": (
        *(THINKER, {"messages": [user({"text": "Hi"}, THOUGHT)]}),
        "is not for the user role",
    ),
    "reasoning without text": (
        THINKER,
        without(TOLD, *("messages", 1, "content", 0, "reasoningContent", "reasoningText", "text")),
        "must not be null",
    ),
    "claude: reasoning without a signature": (
        THINKER,
        changed(
            TOLD, "messages", 1, "content", 0, "reasoningContent", "reasoningText", to={"text": "a"}
        ),
        "messages.1.content.0.thinking.signature: Field required",
    ),
    "thinking with a forced tool": (
        *(THINKER, changed(THOUGHT_OUT, "toolConfig", "toolChoice", to={"any": {}})),
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    "thinking with one forced tool": (
        *(THINKER, changed(THOUGHT_OUT, "toolConfig", "toolChoice", to=CHOSEN)),
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    "thinking with a temperature": (
        *(THINKER, {**THOUGHT_OUT, "inferenceConfig": {"temperature": 0.5}}),
        "may only be set to 1 when thinking is enabled",
    ),
    "thinking with few tokens": (
        *(THINKER, {**THOUGHT_OUT, "inferenceConfig": {"maxTokens": 1024}}),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    "thinking on a small budget": (
        THINKER,
        changed(THOUGHT_OUT, "additionalModelRequestFields", "thinking", "budget_tokens", to=5),
        "greater than or equal to 1024",
    ),
    "thinking without a budget": (
        THINKER,
        without(THOUGHT_OUT, "additionalModelRequestFields", "thinking", "budget_tokens"),
        "budget_tokens: Field required",
    ),
    "thinking after a call without a thought": (
        *(THINKER, {**USED, "additionalModelRequestFields": THINKING}),
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    "nova: more than three fields at the top": (
        *(NOVA, schema(**SCHEMA, additionalProperties=False)),
        "extraneous key [additionalProperties] is not permitted",
    ),
    "nova: five stop sequences": (
        *(NOVA, settings(stopSequences=list("abcde"))),
        "expected maximum item count: 4, found: 5",
    ),
    "nova: cached tools": (
        *(NOVA, changed(USED, "toolConfig", "tools", to=[TOOL, CACHED])),
        "extraneous key [cachePoint]",
    ),
}


def assert_refused(posted: Posted, said: str, cloud: Emulator) -> None:
    assert (posted.status, posted.kind) == (400, "ValidationException")
    assert said in posted.message
    assert cloud.log[-1].status == 400


@pytest.mark.parametrize("name", OF_ANY_MODEL)
def test_every_model_refuses_what_converse_does_not_take(cloud: Emulator, name: str) -> None:
    body, said = OF_ANY_MODEL[name]
    assert_refused(converse(cloud, body), said, cloud)


@pytest.mark.parametrize("name", OF_MODELS)
def test_a_model_refuses_what_its_family_does_not_take(cloud: Emulator, name: str) -> None:
    model, body, said = OF_MODELS[name]
    assert_refused(converse(cloud, body, model), said, cloud)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (CLAUDE, HI),
        (CLAUDE, USED),
        (CLAUDE, changed(USED, "toolConfig", "toolChoice", to=CHOSEN)),
        (CLAUDE, changed(HI, "messages", None, to=assistant({"text": "I"}))),
        (CLAUDE, {"messages": [user({"text": "Hi"}, DOCUMENT, IMAGE)]}),
        (NOVA, USED),
        (NOVA, schema(**changed(SCHEMA, "properties", "city", to=UNION))),
        (NOVA, {**HI, "system": [{"text": "Be kind."}, CACHED]}),
        (LLAMA, USED),
        (MODERN, USED),
        (MODERN, settings(temperature=0.5)),
        (CLAUDE, settings(temperature=0.5, topP=0.5)),
        (NEWEST, settings(temperature=1)),
        (THINKER, TOLD),
        (THINKER, THOUGHT_OUT),
        (THINKER, {**HI, "system": [{"text": "Be kind."}, CACHED]}),
        (THINKER, {**USED, "additionalModelRequestFields": {"thinking": {"type": "adaptive"}}}),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x", TOLD),
    ],
)
def test_what_keeps_the_rules_is_answered(cloud: Emulator, model: str, body: Any) -> None:
    assert converse(cloud, body, model).status == 200


def test_a_plain_turn_after_the_calls_needs_no_thought(cloud: Emulator) -> None:
    ended = [*USED["messages"], assistant({"text": "It rains."}), user({"text": "Thanks"})]
    body = {**USED, "messages": ended, "additionalModelRequestFields": THINKING}
    assert converse(cloud, body, THINKER).status == 200


@pytest.mark.parametrize(
    ("signature", "genuine"),
    [
        (SIGNED, True),
        (sign("aws_bedrock", "anthropic.claude-3-7-sonnet-20250219-v1:0", "Hm."), True),
        (sign("aws_bedrock", "us.amazon.nova-2-lite-v1:0", "Hm."), False),
        (sign("gcp_vertex", "gemini-3-pro-preview", "Hm."), False),
        ("ErUBCkYICBgCIkDCTQUX", False),
        ("not even base64", False),
    ],
)
def test_only_reasoning_that_the_family_signed_on_bedrock_is_taken(
    cloud: Emulator, signature: str, genuine: bool
) -> None:
    place = ("messages", 1, "content", 0, "reasoningContent", "reasoningText", "signature")
    posted = converse(cloud, changed(TOLD, *place, to=signature), THINKER)

    if genuine:
        assert posted.status == 200
    else:
        assert_refused(
            posted, "messages.1.content.0: Invalid `signature` in `thinking` block", cloud
        )


@pytest.mark.parametrize("model", [CLAUDE, LLAMA, "mistral.mistral-large-2402-v1:0"])
@pytest.mark.parametrize("place", ["messages", "system", "tools"])
def test_a_cache_point_is_denied_by_models_that_do_not_cache(
    cloud: Emulator, model: str, place: str
) -> None:
    body = {
        "messages": {"messages": [user({"text": "Hi"}, CACHED)]},
        "system": {**HI, "system": [{"text": "Be kind."}, CACHED]},
        "tools": changed(USED, "toolConfig", "tools", to=[TOOL, CACHED]),
    }[place]

    posted = converse(cloud, body, model)

    assert (posted.status, posted.kind) == (403, "AccessDeniedException")
    assert "did not allow prompt caching" in posted.message


def test_the_real_class_is_refused_for_a_call_without_its_result(cloud: Emulator) -> None:
    model = cloud.chat_model("aws_bedrock", CLAUDE, max_retries=ONE_ATTEMPT["aws_bedrock"])
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"}
    asked = [HumanMessage("Hi"), AIMessage("", tool_calls=[call]), HumanMessage("And?")]

    with pytest.raises(Exception, match="Expected toolResult blocks at messages"):
        model.bind_tools([{"name": "weather", "description": "d", "parameters": SCHEMA}]).invoke(
            asked
        )

    assert cloud.log[-1].status == 400


def test_the_real_class_is_answered_when_it_returns_a_result(cloud: Emulator) -> None:
    model = cloud.chat_model("aws_bedrock", CLAUDE, max_retries=ONE_ATTEMPT["aws_bedrock"])
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"}
    asked = [
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("Rain", tool_call_id="call_1"),
    ]

    answer = model.bind_tools([{"name": "weather", "description": "d", "parameters": SCHEMA}])

    assert "Rain" in answer.invoke(asked).text


def test_the_real_class_is_refused_for_another_clouds_reasoning(cloud: Emulator) -> None:
    model = cloud.chat_model("aws_bedrock", THINKER, max_retries=ONE_ATTEMPT["aws_bedrock"])
    foreign = {
        "type": "thinking",
        "thinking": "Hm.",
        "signature": sign("azure_openai", "o3", "Hm."),
    }
    asked = [
        HumanMessage("Hi"),
        AIMessage([foreign, {"type": "text", "text": "Yes?"}]),
        HumanMessage("Go"),
    ]

    with pytest.raises(Exception, match="Invalid `signature` in `thinking` block"):
        model.invoke(asked)

"""Claude goes on with another model's tool calls without thinking, and with its own as ever."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.providers import Parameters, provider_named

from .sent import TOOLS

CALLS: Any = [{"name": "add", "args": {}, "id": "a"}]
THOUGHT = {"type": "reasoning_content", "reasoning_content": {"text": "hmm", "signature": "c2ln"}}
RESULT = ToolMessage("3", tool_call_id="a")
BUDGET = {"type": "enabled", "budget_tokens": 1024}


@pytest.mark.parametrize(
    ("thinking", "answer", "more", "off"),
    [
        (BUDGET, AIMessage("", tool_calls=CALLS), [], True),
        (BUDGET, AIMessage([{"type": "text", "text": "x"}], tool_calls=CALLS), [], True),
        (BUDGET, AIMessage([THOUGHT], tool_calls=CALLS), [], False),
        (BUDGET, AIMessage("", tool_calls=CALLS), [HumanMessage("go on")], False),
        ({"type": "adaptive"}, AIMessage("", tool_calls=CALLS), [], False),
        (None, AIMessage("", tool_calls=CALLS), [], False),
    ],
)
def test_thinking_is_off_only_where_claude_would_refuse(
    thinking: Any, answer: AIMessage, more: list[BaseMessage], off: bool, cloud: Emulator
) -> None:
    fields = {"additional_model_request_fields": {"thinking": thinking}} if thinking else {}
    model = cloud.chat_model(
        "aws_bedrock", "anthropic.claude-sonnet-4-20250514-v1:0", max_tokens=4096, **fields
    )
    messages = [HumanMessage("add"), answer, RESULT, *more]
    translated = provider_named("aws_bedrock").translate(
        model, Parameters(tools=tuple(TOOLS)), messages
    )
    assert ("thinking" in translated.dropped) is off
    params = model._converse_params(
        additionalModelRequestFields=translated.settings.get("additional_model_request_fields")
    )
    sent = params.get("additionalModelRequestFields")
    wanted = {"thinking": {"type": "disabled"}} if off else fields and {"thinking": thinking}
    assert sent == (wanted or None)
    model.client.close()

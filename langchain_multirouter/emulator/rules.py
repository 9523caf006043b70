"""What the services refuse: their rules on a request, looked up by provider and operation.

A rule is a function of the model's name and the raw body that yields a refusal where it is broken.
The rules are always in force: a client that a real service would refuse is refused here as well.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator import (
    rules_azure,
    rules_bedrock,
    rules_bedrock_models,
    rules_bedrock_tools,
    rules_responses,
    rules_vertex,
    rules_vertex_tools,
)
from langchain_multirouter.emulator.wire import Addressed, Refusal

Rule = Callable[[str, Mapping[str, Any]], Iterator[Refusal]]

_CONVERSE: tuple[Rule, ...] = (
    *rules_bedrock.RULES,
    *rules_bedrock_tools.RULES,
    *rules_bedrock_models.RULES,
)
_GENERATE: tuple[Rule, ...] = (*rules_vertex.RULES, *rules_vertex_tools.RULES)
_RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("aws_bedrock", "converse"): _CONVERSE,
    ("aws_bedrock", "converse-stream"): _CONVERSE,
    ("azure_openai", "chat/completions"): rules_azure.RULES,
    ("azure_openai", "responses"): rules_responses.RULES,
    ("gcp_vertex", "generateContent"): _GENERATE,
    ("gcp_vertex", "streamGenerateContent"): _GENERATE,
}


def broken_rule(provider: str, addressed: Addressed, body: Mapping[str, Any]) -> Refusal | None:
    """The refusal of the first rule that the request breaks, or None.

    KeyError, TypeError and the like if the body is not even of the operation's form.
    """
    model = addressed.model or str(body.get("model") or "")
    for rule in _RULES.get((provider, addressed.verb), ()):
        if (refusal := next(rule(model, body), None)) is not None:
            return refusal
    return None

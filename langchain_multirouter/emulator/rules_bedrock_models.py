"""What some of Bedrock's model families refuse on top of Converse's own rules.

Sources are Anthropic's pages on extended thinking, tool use and prefill, Bedrock's on prompt
caching, Nova's on requests and tools, and langchain-aws's profiles for which models reason;
messages are the models' own. A name that tells no family (an inference profile's ARN) is taken for
a model that refuses nothing.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.rules_bedrock import blocks, constraint, invalid, results, uses
from langchain_multirouter.emulator.signatures import signer_of
from langchain_multirouter.emulator.wire import Refusal

_Body = Mapping[str, Any]

_FAMILY = re.compile(
    r"(?:^|[./:])(?P<family>claude|nova|titan|llama|mistral|mixtral|ministral|pixtral|magistral"
    r"|devstral|voxtral|command|jamba|deepseek|qwen|gpt|r1|v3)(?!\.)"  # a dot follows a vendor
)
_CLAUDE = re.compile(
    r"claude-(?:(?P<number>\d+)(?:-(?P<dash>\d{1,2})(?!\d))?-[a-z]+"
    r"|[a-z]+-(?P<major>\d+)(?:-(?P<minor>\d{1,2})(?!\d))?)"
)
_FIRST_THINKING, _FIRST_WITHOUT_PREFILL = (3, 7), (4, 6)
# Anthropic's "What's new" of 4.1 and 4.7; langchain-aws's profiles say the same of temperature.
_FIRST_OF_ONE_SAMPLING, _FIRST_WITHOUT_SAMPLING = (4, 1), (4, 7)
# Families without a reasoning model, and Nova's first generation.
_UNREASONING = (
    *("titan", "llama", "mistral", "mixtral", "ministral", "pixtral", "devstral", "voxtral"),
    *("command", "jamba"),
)
_FIRST_NOVAS = re.compile(r"nova-(?:micro|lite|pro|premier)")
# Bedrock's "Prompt caching": from Claude 3.7 and both later 3.5 models on, and Nova.
_CACHING_CLAUDES = ("claude-3-5-sonnet-20241022", "claude-3-5-haiku")
_CLAUDES_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NOVAS_MOST_STOPS, _LEAST_BUDGET_TOKENS = 4, 1024


def family(model: str) -> str:
    """The family of a model's name: "claude", "nova", ..., or "" where it does not tell."""
    found = _FAMILY.search(model)
    return found["family"] if found else ""


def claude_version(model: str) -> tuple[int, int] | None:
    """The version of a Claude, or None for another model."""
    if not (found := _CLAUDE.search(model)):
        return None
    major, minor = found["number"] or found["major"], found["dash"] or found["minor"]
    return int(major), int(minor or 0)


def _said(message: str) -> Refusal:
    return invalid(f"The model returned the following errors: {message}")


def _prefill(model: str, body: _Body) -> Iterator[Refusal]:
    version = claude_version(model)
    refuses = version is not None and version >= _FIRST_WITHOUT_PREFILL
    if refuses and body["messages"][-1]["role"] == "assistant":
        yield _said(
            "This model does not support assistant message prefill. The conversation must end with "
            "a user message."
        )


def _sampling(model: str, body: _Body) -> Iterator[Refusal]:
    settings, version = body.get("inferenceConfig") or {}, claude_version(model) or (0, 0)
    temperature, top_p = settings.get("temperature"), settings.get("topP")
    if version >= _FIRST_WITHOUT_SAMPLING:
        if temperature not in (None, 1):
            yield _said("`temperature` is deprecated for this model.")
        if top_p not in (None, 1):
            yield _said("`top_p` is deprecated for this model.")
    if version >= _FIRST_OF_ONE_SAMPLING and None not in (temperature, top_p):
        yield _said(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only "
            "one."
        )


def _reasons(model: str) -> bool:
    version = claude_version(model)
    if version is not None:
        return version >= _FIRST_THINKING
    return family(model) not in _UNREASONING and not _FIRST_NOVAS.search(model)


def _reasoning(model: str, body: _Body) -> Iterator[Refusal]:
    for index, number, block in blocks(body, "reasoningContent"):
        place = f"messages.{index}.content.{number}"
        if not _reasons(model):
            yield invalid(
                f"This model doesn't support the reasoningContent field at {place}. Remove "
                "reasoningContent and try again."
            )
        if body["messages"][index]["role"] != "assistant":
            yield invalid(f"The reasoningContent block at {place} is not for the user role.")
        text = block.get("reasoningText")
        if text is None:
            continue
        if text.get("text") is None:
            yield constraint(f"{place}.reasoningContent.reasoningText.text", "not be null")
        signature = text.get("signature")
        if not signature and family(model) == "claude":
            yield _said(f"{place}.thinking.signature: Field required")
        if signature and not _signed(model, signature):
            yield _said(f"{place}: Invalid `signature` in `thinking` block")


def _signed(model: str, signature: str) -> bool:
    """Whether a model of the same family on Bedrock has signed; models of a family share keys."""
    provider, signer = signer_of(signature) or ("", "")
    return provider == "aws_bedrock" and family(model) in ("", family(signer))


def _thinking(model: str, body: _Body) -> Iterator[Refusal]:
    if claude_version(model) is None:
        return
    extra = body.get("additionalModelRequestFields") or {}
    thinking, settings = extra.get("thinking") or {}, body.get("inferenceConfig") or {}
    if thinking.get("type") not in ("enabled", "adaptive"):
        return
    if {"any", "tool"} & set((body.get("toolConfig") or {}).get("toolChoice") or ()):
        yield _said("Thinking may not be enabled when tool_choice forces tool use.")
    if settings.get("temperature") not in (None, 1):
        yield _said("`temperature` may only be set to 1 when thinking is enabled.")
    if thinking["type"] == "enabled":
        yield from _budget(thinking, settings)
        yield from _start(body["messages"])


def _budget(thinking: _Body, settings: _Body) -> Iterator[Refusal]:
    budget, most = thinking.get("budget_tokens"), settings.get("maxTokens")
    if budget is None:
        yield _said("thinking.enabled.budget_tokens: Field required")
        return
    if budget < _LEAST_BUDGET_TOKENS:
        yield _said(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to "
            f"{_LEAST_BUDGET_TOKENS}"
        )
    if most is not None and most <= budget:
        yield _said("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _start(messages: Any) -> Iterator[Refusal]:
    """While results are awaited, the turn that called starts with its reasoning.

    Adaptive thinking does not ask for it (Anthropic's page on adaptive thinking).
    """
    if len(messages) < 2 or not results(messages[-1]) or not uses(messages[-2]):
        return
    if "reasoningContent" not in messages[-2]["content"][0]:
        found = "text" if "text" in messages[-2]["content"][0] else "tool_use"
        yield _said(
            f"messages.{len(messages) - 2}.content.0.type: Expected `thinking` or "
            f"`redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final "
            "`assistant` message must start with a thinking block (preceeding the lastmost set of "
            "`tool_use` and `tool_result` blocks)."
        )


def _claude(model: str, body: _Body) -> Iterator[Refusal]:
    if family(model) != "claude":
        return
    for index, number, use in blocks(body, "toolUse"):
        if not _CLAUDES_ID.fullmatch(use["toolUseId"]):
            pattern = _CLAUDES_ID.pattern
            yield _said(
                f"messages.{index}.content.{number}.tool_use.id: String should match pattern "
                f"'^{pattern}$'"
            )
    for index, message in enumerate(body["messages"]):
        first = len(results(message))
        if any("toolResult" not in block for block in message["content"][:first]):
            yield _said(
                f"messages.{index}: Did not find {first} `tool_result` block(s) at the beginning "
                "of this message. Messages following `tool_use` blocks must begin with a matching "
                "number of `tool_result` blocks."
            )
    for _, _, result in blocks(body, "toolResult"):
        if any(part.get("text") == "" for part in result["content"]):
            yield _said("messages: text content blocks must be non-empty")
    stops = (body.get("inferenceConfig") or {}).get("stopSequences") or ()
    if any(not stop.strip() for stop in stops):
        yield _said("stop_sequences: each stop sequence must contain non-whitespace")


def _nova(model: str, body: _Body) -> Iterator[Refusal]:
    if family(model) != "nova":
        return
    stops = (body.get("inferenceConfig") or {}).get("stopSequences") or ()
    if len(stops) > _NOVAS_MOST_STOPS:
        yield invalid(
            "Malformed input request: #/inferenceConfig/stopSequences: expected maximum item "
            f"count: {_NOVAS_MOST_STOPS}, found: {len(stops)}, please reformat your input and try "
            "again."
        )
    if any("cachePoint" in tool for tool in (body.get("toolConfig") or {}).get("tools") or ()):
        yield invalid(
            "Malformed input request: #/toolConfig/tools: extraneous key [cachePoint] is not "
            "permitted, please reformat your input and try again."
        )


def _caching(model: str, body: _Body) -> Iterator[Refusal]:
    """Refused with a 403, as LiteLLM's and Strands' users report."""
    if _caches(model):
        return
    tools = (body.get("toolConfig") or {}).get("tools") or ()
    places = [*tools, *(body.get("system") or ())]
    if any("cachePoint" in place for place in places) or any(blocks(body, "cachePoint")):
        text = "You invoked an unsupported model or your request did not allow prompt caching."
        yield Refusal(403, "AccessDeniedException", text)


def _caches(model: str) -> bool:
    version = claude_version(model)
    if version is not None:
        return version >= _FIRST_THINKING or any(name in model for name in _CACHING_CLAUDES)
    return family(model) in ("", "nova")


RULES = (_prefill, _sampling, _reasoning, _thinking, _claude, _nova, _caching)

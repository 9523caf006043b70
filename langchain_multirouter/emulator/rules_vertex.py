"""What Vertex AI's Gemini refuses of a conversation and its settings.

The names of fields are those of the protocol buffers in google-cloud-aiplatform (v1beta1), with
what google-genai has beyond them; ranges and signatures are as Google's pages on generation
parameters and thought signatures have them; messages are the service's own.
"""

import base64
import re
from collections.abc import Iterator, Mapping

from langchain_multirouter.emulator.rules_vertex_fields import (
    Body,
    before,
    invalid,
    member,
    strange,
)
from langchain_multirouter.emulator.signatures import signer_of
from langchain_multirouter.emulator.wire import Refusal

_LEARN = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
# "How do I ... transfer history from another model": both are documented not to be checked.
_UNCHECKED = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
# (field, least, most as the message has it: exclusive)
_RANGES = (
    ("temperature", 0, 2.0001),
    ("topP", 0, 1.0001),
    ("maxOutputTokens", 1, None),
    ("candidateCount", 1, 9),
)
_LARGEST_INT32, _MOST_STOPS = 2**31 - 1, 5
_FIRST_WITH_LEVELS = (3, 0)


def _contents(model: str, body: Body) -> Iterator[Refusal]:
    yield from strange(body, "request", "")
    yield from strange(member(body, "generationConfig") or {}, "generationConfig")
    contents = body["contents"]
    if not contents:
        text = "Unable to submit request because at least one contents field is required."
        yield invalid(f"{text} {_LEARN}")
    for index, content in enumerate(contents):
        place = f"contents[{index}]"
        yield from strange(content, "content", place)
        if content.get("role") not in (None, "user", "model", "function"):
            yield invalid("Please use a valid role: user, model.")
        if not content.get("parts"):
            yield invalid(
                "Unable to submit request because it must include at least one parts field, which "
                f"describes the prompt input. {_LEARN}"
            )
        for number, part in enumerate(content["parts"]):
            yield from _part(part, f"{place}.parts[{number}]")


def _part(part: Body, place: str) -> Iterator[Refusal]:
    yield from strange(part, "part", place)
    call, result = member(part, "functionCall"), member(part, "functionResponse")
    for kind, value in (("functionCall", call), ("functionResponse", result)):
        if value is not None:
            yield from strange(value, kind, f"{place}.{kind}")
            if not value.get("name"):
                yield invalid(
                    f"* GenerateContentRequest.{place}.{kind}.name: Name cannot be empty."
                )
    if result is not None and not isinstance(result.get("response"), Mapping):
        yield invalid(f"Invalid value at '{place}.function_response.response' (Struct).")
    # A signature may come with an empty text, and goes back with it.
    if part.get("text") == "" and member(part, "thoughtSignature") is None:
        yield invalid(
            "Unable to submit request because it has an empty text parameter. Add a value to the "
            f"parameter and try again. {_LEARN}"
        )
    if set(part) <= {"thought", "thoughtSignature", "thought_signature"}:
        yield invalid(f"Unable to submit request because it must have a text parameter. {_LEARN}")


def _calls(content: Body) -> list[Body]:
    return [part for part in content["parts"] if member(part, "functionCall")]


def _results(content: Body) -> int:
    return sum(1 for part in content["parts"] if member(part, "functionResponse"))


def _turns(model: str, body: Body) -> Iterator[Refusal]:
    """Calls follow the user, results follow calls, one for one, and the user has the last word."""
    contents = body["contents"]
    earlier: Body = {"parts": ()}
    for index, content in enumerate(contents):
        called, answered = len(_calls(earlier)), _results(content)
        if answered and not called:
            yield invalid(
                "Please ensure that function response turn comes immediately after a function call "
                "turn."
            )
        if called != answered:
            yield invalid(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        if _calls(content) and (index == 0 or earlier.get("role") == "model"):
            yield invalid(
                "Please ensure that function call turn comes immediately after a user turn or "
                "after a function response turn."
            )
        earlier = content
    if earlier.get("role") == "model":
        one = len(contents) == 1
        wanted = (
            "a user role or the role field is empty"
            if one
            else ("a user role or a function response")
        )
        turns = "single turn" if one else "multiturn"
        yield invalid(f"Please ensure that {turns} requests end with {wanted}.")


def _signatures(model: str, body: Body) -> Iterator[Refusal]:
    for index, content in enumerate(body["contents"]):
        for number, part in enumerate(content["parts"]):
            signature = member(part, "thoughtSignature")
            if signature is None:
                continue
            if not _BASE64.fullmatch(signature):
                place = f"contents[{index}].parts[{number}].thought_signature"
                yield invalid(f"Invalid value at '{place}' (TYPE_BYTES), Base64 decoding failed.")
            if not _genuine(signature):
                yield invalid("Corrupted thought signature.")


def _genuine(signature: str) -> bool:
    plain = signature.translate(str.maketrans("-_", "+/")).rstrip("=")
    padded = plain + "=" * (-len(plain) % 4)
    unchecked = (base64.b64encode(text.encode()).decode() for text in _UNCHECKED)
    if signature in _UNCHECKED or padded in unchecked:
        return True
    provider, _ = signer_of(padded) or ("", "")
    return provider == "gcp_vertex"


def _missing_signature(model: str, body: Body) -> Iterator[Refusal]:
    """From Gemini 3 on, the first call of each step of the current turn has its signature.

    A turn starts with what the user says, and not with results.
    """
    if before(model, _FIRST_WITH_LEVELS, unknown=True):
        return
    contents = body["contents"]
    said = [i for i, c in enumerate(contents) if c.get("role") != "model" and not _results(c)]
    for index in range(said[-1] if said else 0, len(contents)):
        calls = _calls(contents[index])
        if calls and not member(calls[0], "thoughtSignature"):
            name = member(calls[0], "functionCall")["name"]
            yield invalid(
                "Function call is missing a thought_signature in functionCall parts. This is "
                "required for tools to work correctly, and missing thought_signature may lead to "
                f"degraded model performance. Additional data, function call `default_api:{name}` "
                f", position {index + 1}. Please refer to "
                "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
            )


def _settings(model: str, body: Body) -> Iterator[Refusal]:
    settings = member(body, "generationConfig") or {}
    for name, least, most in _RANGES:
        value = member(settings, name)
        if value is None or (least <= value and (most is None or value < most)):
            continue
        limit = "" if most is None else f" to {most} (exclusive)"
        yield invalid(
            f"Unable to submit request because it has a {name} value of {value} but the supported "
            f"range is from {least} (inclusive){limit}. Update the value and try again."
        )
    seed = settings.get("seed")
    if seed is not None and not -_LARGEST_INT32 - 1 <= seed <= _LARGEST_INT32:
        yield invalid(f"Invalid value at 'generation_config.seed' (TYPE_INT32), {seed}")
    stops = member(settings, "stopSequences") or ()
    if len(stops) > _MOST_STOPS or any(not stop for stop in stops):
        yield invalid(
            f"Unable to submit request because stopSequences has at most {_MOST_STOPS} values, "
            "none of them empty."
        )
    yield from _thinking(model, member(settings, "thinkingConfig") or {})


def _thinking(model: str, config: Body) -> Iterator[Refusal]:
    level, budget = member(config, "thinkingLevel"), member(config, "thinkingBudget")
    if level is not None and budget is not None:
        yield invalid("You can only set only one of thinking budget and thinking level.")
    if level is not None and before(model, _FIRST_WITH_LEVELS, unknown=False):
        yield invalid("Thinking level is not supported for this model.")


RULES = (_contents, _turns, _signatures, _missing_signature, _settings)

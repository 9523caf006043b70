"""The fields of Gemini's requests, their two spellings, and the refusal of any other.

From the protocol buffers in google-cloud-aiplatform (v1beta1) and, for what is newer, google-genai.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_multirouter.emulator.wire import Refusal

Body = Mapping[str, Any]

_FIELDS = {
    "request": "model contents systemInstruction cachedContent tools toolConfig labels "
    "safetySettings modelArmorConfig generationConfig serviceTier",
    "content": "role parts",
    "part": "text inlineData fileData functionCall functionResponse executableCode "
    "codeExecutionResult videoMetadata thought thoughtSignature mediaResolution",
    "functionCall": "id name args partialArgs willContinue",
    "functionResponse": "id name response parts scheduling willContinue",
    "tool": "functionDeclarations retrieval googleSearch googleSearchRetrieval googleMaps "
    "enterpriseWebSearch parallelAiSearch exaAiSearch codeExecution urlContext computerUse",
    "functionDeclaration": "name description parameters parametersJsonSchema response "
    "responseJsonSchema",
    "toolConfig": "functionCallingConfig retrievalConfig includeServerSideToolInvocations",
    "functionCallingConfig": "mode allowedFunctionNames streamFunctionCallArguments",
    "generationConfig": "temperature topP topK candidateCount maxOutputTokens stopSequences "
    "responseLogprobs logprobs presencePenalty frequencyPenalty seed responseMimeType "
    "responseSchema responseJsonSchema routingConfig audioTimestamp responseModalities "
    "mediaResolution speechConfig thinkingConfig modelConfig modelSelectionConfig imageConfig "
    "audioTranscriptionConfig enableAffectiveDialog",
    # Vertex AI has `additionalProperties`, `ref` and `defs`, but no "$ref" and no "$defs".
    "schema": "type format title description nullable default items minItems maxItems enum "
    "properties propertyOrdering required minProperties maxProperties minimum maximum minLength "
    "maxLength pattern example anyOf additionalProperties ref defs",
}


def snake(name: str) -> str:
    """A field's name as the protocol buffers have it."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


_KNOWN = {
    kind: frozenset(spelt for name in names.split() for spelt in (name, snake(name)))
    for kind, names in _FIELDS.items()
}
_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")


def member(value: Body, name: str) -> Any:
    """A field under either of its names: the service takes both."""
    return value[name] if name in value else value.get(snake(name))


def invalid(message: str) -> Refusal:
    """The service's refusal of a request."""
    return Refusal(400, "INVALID_ARGUMENT", message)


def strange(value: Body, kind: str, place: str | None = None) -> Iterator[Refusal]:
    """Refuses what is no field of a message of this kind."""
    at = snake(kind if place is None else place)
    for name in value:
        if name not in _KNOWN[kind]:
            where = f" at '{at}'" if at else ""
            yield invalid(
                f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            )


def before(model: str, version: tuple[int, int], *, unknown: bool) -> bool:
    """Whether a Gemini is older than a version; `unknown` if its name does not tell."""
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) < version if found else unknown

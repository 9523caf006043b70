"""Which provider, model and operation a path addresses."""

import re
from urllib.parse import unquote

from langchain_multirouter.emulator.ask import Operation
from langchain_multirouter.emulator.azure_openai import AzureOpenAIWire
from langchain_multirouter.emulator.bedrock import BedrockWire
from langchain_multirouter.emulator.responses import ResponsesWire
from langchain_multirouter.emulator.steps import End, Head, Plan, Send
from langchain_multirouter.emulator.vertex import VertexWire
from langchain_multirouter.emulator.wire import Addressed, Wire

_GREETING = b"langchain-multirouter emulator: Azure OpenAI, AWS Bedrock and Google Vertex\n"
_AZURE, _BEDROCK, _VERTEX = AzureOpenAIWire(), BedrockWire(), VertexWire()
_RESPONSES = ResponsesWire()
_PATHS: tuple[tuple[re.Pattern[str], Wire], ...] = (
    (
        re.compile(
            r"/azure/openai/deployments/(?P<model>[^/]+)/(?P<verb>chat/completions|embeddings)"
        ),
        _AZURE,
    ),
    # With an api-version or on the v1 path the deployment is in the body.
    (
        re.compile(r"/azure/openai/(?:v1/|deployments/(?P<model>[^/]+)/)?(?P<verb>responses)"),
        _RESPONSES,
    ),
    (re.compile(r"/azure/openai/v1/(?P<model>)(?P<verb>chat/completions|embeddings)"), _AZURE),
    (
        re.compile(r"/bedrock/model/(?P<model>[^/]+)/(?P<verb>converse|converse-stream|invoke)"),
        _BEDROCK,
    ),
    (
        re.compile(
            r"(?:/vertex)?/v1(?:beta1)?/(?:projects/.+/)?publishers/[^/]+/models/(?P<model>[^/:]+):"
            r"(?P<verb>generateContent|streamGenerateContent|predict|embedContent)"
        ),
        _VERTEX,
    ),
)
_OPERATIONS: dict[str, Operation] = {
    "embeddings": "embed",
    "converse-stream": "stream",
    "invoke": "embed",
    "streamGenerateContent": "stream",
    "predict": "embed",
    "embedContent": "embed",
}
_PREFIXES: tuple[tuple[str, Wire], ...] = (("/azure/", _AZURE), ("/bedrock/", _BEDROCK))


def route(target: str) -> tuple[Wire, Addressed | None]:
    """The wire of a request target and what it addresses; None if the path leads nowhere.

    The path is matched before it is unquoted: a Bedrock ARN holds quoted slashes.
    """
    path, _, query = target.partition("?")
    for pattern, wire in _PATHS:
        if found := pattern.fullmatch(path):
            verb = found["verb"]
            operation = _OPERATIONS.get(verb, "generate")
            return wire, Addressed(unquote(found["model"] or ""), operation, verb, unquote(query))
    return next((wire for prefix, wire in _PREFIXES if path.startswith(prefix)), _VERTEX), None


def greeting() -> Plan:
    """What a browser is told."""
    length = ("content-length", str(len(_GREETING)))
    head = Head(200, (("content-type", "text/plain"), length))
    return Plan((head, Send(_GREETING), End()), 200, whole=False)

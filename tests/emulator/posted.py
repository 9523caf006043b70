"""Raw requests, whatever a client would make of them, and what the services say of them."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from langchain_multirouter.emulator import Emulator
from langchain_multirouter.emulator.signatures import sign

CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
THINKER = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SIGNED = sign("aws_bedrock", THINKER, "Hm.")
_PLACES = "/vertex/v1beta1/projects/p/locations/l/publishers/google/models"


class Posted(NamedTuple):
    """A service's answer: its status, what it says in an error, and all of the body."""

    status: int
    message: str
    body: Any
    kind: str = ""


def post(cloud: Emulator, path: str, body: Any) -> Posted:
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=5)
    connection.request("POST", path, json.dumps(body))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    error = answer.get("error") or answer
    said = str(error.get("message", "")) if response.status >= 400 else ""
    return Posted(response.status, said, answer, response.headers.get("x-amzn-errortype", ""))


def converse(cloud: Emulator, body: Any, model: str = CLAUDE) -> Posted:
    return post(cloud, f"/bedrock/model/{quote(model, safe='')}/converse", body)


def complete(cloud: Emulator, body: Any) -> Posted:
    path = "/azure/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
    return post(cloud, path, body)


def generate(cloud: Emulator, body: Any, model: str = "gemini-2.5-flash") -> Posted:
    return post(cloud, f"{_PLACES}/{model}:generateContent", body)


def changed(body: Mapping[str, Any], *path: Any, to: Any) -> Any:
    """A copy of a body with another value at a path; a path that ends in None adds to a list."""
    copy = json.loads(json.dumps(body))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if path[-1] is None:
        place.append(to)
    else:
        place[path[-1]] = to
    return copy


def without(body: Mapping[str, Any], *path: Any) -> Any:
    """A copy of a body without what is at a path."""
    copy = json.loads(json.dumps(body))
    place = copy
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return copy

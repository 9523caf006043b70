"""Writers: who wrote an answer, since reasoning and signatures are read by nobody else.

An answer of the router says so itself. Another one says it in the metadata that LangChain's classes
leave; where nothing is said it was nobody's, so that none of its reasoning is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage

from .dialect import Dialect


class Writer(NamedTuple):
    """A provider, its model, and the deployment where our own router asked it; empty if unknown."""

    provider: str = ""
    model_name: str = ""
    deployment: str = ""


class Target(NamedTuple):
    """Whom a conversation is for."""

    dialect: Dialect
    model_name: str
    deployment: str = ""


NOBODY = Writer()

#: `model_provider` of a message's metadata → the provider.
_PROVIDERS: Mapping[str, str] = {
    "bedrock": "aws_bedrock",
    "bedrock_converse": "aws_bedrock",
    "openai": "azure_openai",
    "azure": "azure_openai",
    "google_genai": "gcp_vertex",
    "google_vertexai": "gcp_vertex",
    "google_anthropic_vertex": "gcp_vertex",
}
#: Prefixes of a model's name that say where it is served from, not which it is.
_PLACE = re.compile(r"^(?:.*/)?(?:(?:us-gov|us|eu|apac|jp|au|ca|sa|global)\.)?")
_DATED = re.compile(r"[-@]\d{4}-?\d{2}-?\d{2}$")
#: What an answer over the Responses API holds, and no other of OpenAI's.
_ITEMS = ("rs_", "msg_", "fc_", "ws_", "resp_")


def writer_of(message: AIMessage) -> Writer:
    """Who wrote it, by its own metadata."""
    metadata = message.response_metadata
    said = metadata.get("router")
    if isinstance(said, Mapping) and said.get("provider"):
        names = (said.get("model_name"), said.get("deployment"))
        return Writer(str(said["provider"]), *(str(name or "") for name in names))
    provider = metadata.get("model_provider")
    if not isinstance(provider, str):
        return NOBODY
    model_name = metadata.get("model_name") or metadata.get("model") or ""
    return Writer(_PROVIDERS.get(provider, provider), str(model_name))


def is_own(message: AIMessage, target: Target) -> bool:
    """Whether the target's own model wrote it, over the same interface."""
    dialect = target.dialect
    writer = writer_of(message)
    if not writer.provider or writer.provider != dialect.provider:
        return False
    if not same_model(writer.model_name, target.model_name):
        return False
    if dialect.keeps_items and writer.deployment and target.deployment != writer.deployment:
        return False
    if dialect.form in ("chat", "responses"):
        return over_responses(message) == (dialect.form == "responses")
    return True


@lru_cache(maxsize=256)
def same_model(one: str, other: str) -> bool:
    """Whether two names mean one model: regions and dates of release do not tell them apart."""
    if not one or not other:
        return False
    if one == other:
        return True
    first, second = (_PLACE.sub("", name.lower()) for name in (one, other))
    if first == second:
        return True
    # A date tells two releases apart, but not a release from the name that stands for it.
    return _DATED.sub("", first) == second or first == _DATED.sub("", second)


def over_responses(message: AIMessage) -> bool:
    """Whether the answer came over OpenAI's Responses API."""
    metadata = message.response_metadata
    if metadata.get("object") == "response" or _is_item(metadata.get("id")):
        return True
    if _is_item(message.id) or "__openai_function_call_ids__" in message.additional_kwargs:
        return True
    content = message.content
    return isinstance(content, list) and any(
        isinstance(block, dict)
        and (_is_item(block.get("id")) or block.get("type") == "function_call")
        for block in content
    )


def _is_item(id_: Any) -> bool:
    return isinstance(id_, str) and id_.startswith(_ITEMS)

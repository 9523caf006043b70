"""Canaries: words that stand for keys, prompts and tools, and all the places to look for them."""

from __future__ import annotations

import pickle
import traceback
from typing import Any

from langchain_core.load import dumpd, dumps

from langchain_multirouter import RoutedChatModel
from langchain_multirouter.emulator import clients

#: Each is one word, with a part that says what kind of secret it is.
KEY, PROMPT, TOOL = "CANARYKEY", "CANARYPROMPT", "CANARYTOOL"
QUESTION = f"Tell {PROMPT} about my diagnosis"
SCHEMA = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": f"{TOOL}-description",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": f"{TOOL}-parameter"}},
        },
    },
}


def model_with_keys(url: str, wire: str, name: str) -> Any:
    """The provider's real class, all of whose credentials are canaries."""
    return clients.build(url, wire, name, _credentials(wire))


def _credentials(wire: str) -> dict[str, Any]:
    if wire == "azure_openai":
        headers = {"x-gateway-token": f"{KEY}-header"}
        return {"api_key": f"{KEY}-api-key", "default_headers": headers}
    if wire == "aws_bedrock":
        return {
            "aws_access_key_id": f"AKIA{KEY}",
            "aws_secret_access_key": f"{KEY}-secret",
            "aws_session_token": f"{KEY}-session",
        }
    from google.oauth2.credentials import Credentials

    headers = {"x-gateway-token": f"{KEY}-header"}
    return {"credentials": Credentials(f"{KEY}-token"), "additional_headers": headers}


def found(seen: Any, *canaries: str) -> list[str]:
    """Which of these words (all of them, if none is named) can be seen."""
    text = (seen if isinstance(seen, str) else repr(seen)).casefold()
    return [word for word in canaries or (KEY, PROMPT, TOOL) if word.casefold() in text]


def everything(router: RoutedChatModel) -> str:
    """All that can be seen of a router afterwards, the caller's own question explained too."""
    views = (router.analytics(), router.explain(QUESTION), router.recommend(QUESTION))
    seen: list[Any] = [router, str(router), router.counts(), router.assembled.fleet.snapshot()]
    for view in views:
        seen += [repr(view), str(view), view._repr_html_(), view.to_dict()]
    seen += [dumpd(router), dumps(router), router._get_llm_string(), router.models]
    seen += [router.assembled, router.compiled]
    return "\n".join(map(repr, seen))


def all_of_error(error: BaseException) -> str:
    """All that a report of an error would show, but for its cause and the delivered part."""
    shown = [str(error), repr(error), *traceback.format_exception(error, chain=False)]
    more = {name: value for name, value in vars(error).items() if name != "partial"}
    shown += [repr(error.args), repr(more), *getattr(error, "__notes__", ())]
    if getattr(error, "partial", None) is None:
        shown.append(repr(pickle.dumps(error)))
    return "\n".join(shown)

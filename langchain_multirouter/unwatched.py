"""Unwatched: the short way of a call that nobody watches.

LangChain's own way to a model's `_generate` and `_stream` makes run managers, parameters, results
and sums of chunks for callbacks, tracers, caches and rate limiters. Where there are none, all of it
is made for nobody, and costs more than the routing. So the router looks first who watches, by
LangChain's own `configure`, and spares itself the rest if nobody does.

Whatever is not as plain as that goes LangChain's own way: a cache, a rate limiter, content in
blocks, and a LangChain whose methods somebody has replaced, as some tracing packages do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final, NamedTuple
from uuid import UUID

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel, LanguageModelInput, chat_models
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.utils.uuid import uuid7

from .values import new

#: How LangChain begins the id of a message that has none of its provider's.
ID_PREFIX: Final = "lc_run-"

#: LangChain's own function that brings a chunk's metadata together.
_METADATA: Final[Any] = vars(chat_models).get("_gen_info_and_msg_metadata")


class Unwatched(NamedTuple):
    """A call that nobody watches.

    Args:
        messages: The prompt's.
        run_id: The caller's own for the run.
        manager: Of the run, where it has tags, which say who asks: nobody hears of it otherwise.
    """

    messages: list[BaseMessage]
    run_id: UUID | None = None
    manager: Any = None

    def message_id(self) -> str:
        """The id of a message to which its provider gave none, as LangChain makes it."""
        return f"{ID_PREFIX}-{self.run_id or uuid7()}"

    def answer(self, result: ChatResult) -> AIMessage:
        """The message of a whole answer, whose metadata the attempt has gathered on it."""
        message = result.generations[0].message
        if message.id is None:
            message.id = f"{self.message_id()}-0"
        return message  # type: ignore[return-value]  # judged before


def handed(chunk: ChatGenerationChunk, message_id: str) -> AIMessageChunk:
    """The message of a stream's chunk, as LangChain hands it over."""
    message = chunk.message
    if message.id is None:
        message.id = message_id
    if chunk.generation_info:
        message.response_metadata = _METADATA(chunk)
    return message  # type: ignore[return-value]  # of a chunk


class Way(NamedTuple):
    """One of LangChain's ways to a model.

    Args:
        manager: LangChain's class that finds out who watches.
        run: And the one that a run's callbacks would be told by.
        name: The method that a router's own of the same name would call.
        method: LangChain's own method of this name.
        parts: The methods that it goes through, by name.
        streams: Whether chunks are handed over.
        is_known: All of them are LangChain's: whoever replaced one of them wants to be called.
    """

    manager: Any
    run: Any
    name: str
    method: Any
    parts: Mapping[str, Any]
    streams: bool
    is_known: bool


_SYNC: Final = CallbackManager, CallbackManagerForLLMRun
_ASYNC: Final = AsyncCallbackManager, AsyncCallbackManagerForLLMRun


def _way(managers: tuple[Any, Any], name: str, *parts: str, streams: bool = False) -> Way:
    methods = {part: vars(BaseChatModel).get(part) for part in (name, *parts, "_convert_input")}
    is_known = all(
        type(method) is FunctionType and method.__globals__ is vars(chat_models)
        for method in (*methods.values(), _METADATA)
    )
    return Way(*managers, name, methods.pop(name), methods, streams, is_known)


INVOKE: Final = _way(_SYNC, "invoke", "generate_prompt", "generate", "_generate_with_cache")
AINVOKE: Final = _way(_ASYNC, "ainvoke", "agenerate_prompt", "agenerate", "_agenerate_with_cache")
STREAM: Final = _way(_SYNC, "stream", streams=True)
ASTREAM: Final = _way(_ASYNC, "astream", streams=True)


def looked(
    model: Any,
    input: LanguageModelInput,
    config: RunnableConfig | None,
    keywords: dict[str, Any],
    way: Way,
) -> tuple[Unwatched | None, RunnableConfig | None]:
    """The call, if nobody watches it; None if somebody may, and the configuration to go on with.

    That one has the callbacks that were found, so that they need not be found again. What is given
    is whole (`ensure_config`), or None.
    """
    callbacks = run_id = tags = None
    if config is not None:
        callbacks, run_id, tags = map(config.get, ("callbacks", "run_id", "tags"))
        if callbacks if isinstance(callbacks, list) else getattr(callbacks, "handlers", None):
            return None, config
    own = model.callbacks, model.verbose
    manager = way.manager.configure(callbacks, *own, tags, model.tags)
    if manager.handlers:
        return None, {**(config or {}), "callbacks": manager}
    if _is_special(model, keywords, way):
        return None, config
    if type(input) is str:
        messages: list[BaseMessage] = [HumanMessage(input)]
    else:
        messages = model._convert_input(input).to_messages()
        for message in messages:
            if type(message.content) is not str:  # LangChain brings blocks into its newest form
                return None, config
    run = None
    if manager.tags:
        run = way.run(
            run_id=run_id or uuid7(), handlers=[], inheritable_handlers=[], tags=manager.tags
        )
    return new(Unwatched, (messages, run_id, run)), config


def _is_special(model: Any, keywords: dict[str, Any], way: Way) -> bool:
    """Whether more than callbacks stands between the caller and the model."""
    if not way.is_known or getattr(BaseChatModel, way.name) is not way.method:
        return True
    cls = type(model)
    for name, part in way.parts.items():
        if getattr(cls, name) is not part:
            return True
    if model.rate_limiter is not None or model.output_version == "v1" or "stream" in keywords:
        return True
    if way.streams:
        return not model._should_stream(async_api=False, stream=True, **keywords)
    if model.streaming:
        return True
    cache = model.cache
    return cache is not False and (cache is not None or get_llm_cache() is not None)
